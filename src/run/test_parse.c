#include "run/test_parse.h"

#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "run/gate_text.h"
#include "util/str.h"

static const char *const format_names[FORMATS] = {
	"tap", "unittest", "pytest", "go", "cargo", "ctest", "check", "automake", "junit",
	"meson", "gtest", "node", "jest", "mocha", "vitest",
};

/* Addresses differ from run to run, and names must not: 0x7f… becomes 0x. */
static int add_without_addresses(struct buf *out, const char *s, size_t len)
{
	size_t i = 0, start = 0, end;

	for (i = 0; i + 6 < len; i++) {
		if (s[i] != '0' || s[i + 1] != 'x')
			continue;
		for (end = i + 2; end < len && isxdigit((unsigned char)s[end]); end++)
			;
		if (end - i < 8)
			continue;
		if (text_clean(out, s + start, i + 2 - start, false))
			return -1;
		start = end;
		i = end - 1;
	}
	return text_clean(out, s + start, len - start, false);
}

static char *clean_name(const char *name, size_t len)
{
	CLEANUP_BUF struct buf out = BUF_INIT(4 * TEST_NAME_LEN);
	size_t end;

	if (len >= TEST_NAME_LEN) { /* back to the start of a character */
		for (len = TEST_NAME_LEN - 1; len && ((unsigned char)name[len] & 0xc0) == 0x80; len--)
			;
	}
	if (add_without_addresses(&out, name, len))
		return NULL;
	for (end = out.len; end && isspace((unsigned char)out.data[end - 1]); end--)
		;
	buf_truncate(&out, end);
	return buf_steal(&out, NULL);
}

static bool make_room(struct test_list *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct named_test *grown;

	if (l->n < l->cap)
		return true;
	if (l->n >= 2 * (size_t)TEST_NAMES_MAX) {
		test_list_merge(l);
		return l->n < TEST_NAMES_MAX;
	}
	grown = realloc(l->v, cap * sizeof(*grown));
	if (!grown) {
		l->failed = true;
		return false;
	}
	l->v = grown;
	l->cap = cap;
	return true;
}

void test_list_add(struct test_list *l, enum test_format format, const char *name, size_t len,
		   int status, bool inner)
{
	struct named_test test = { .status = (unsigned char)status,
				   .format = (unsigned char)format, .inner = inner };

	while (len && isspace((unsigned char)*name)) {
		name++;
		len--;
	}
	if (!len || l->failed || l->bytes > TEST_BYTES_MAX || !make_room(l))
		return;
	test.name = clean_name(name, len);
	if (!test.name) {
		l->failed = true;
		return;
	}
	l->bytes += strlen(test.name);
	l->v[l->n++] = test;
}

static int by_name(const void *a, const void *b)
{
	const struct named_test *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The rank by which equal names are joined. */
static int weight(int status)
{
	return status == TEST_FAILED ? 3 : status == TEST_PASSED ? 2 : status == TEST_SKIPPED;
}

void test_list_merge(struct test_list *l)
{
	struct named_test *to, *from;
	size_t i, n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), by_name);
	for (i = 0; i < l->n; i++) {
		from = &l->v[i];
		to = n ? &l->v[n - 1] : NULL;
		if (!to || strcmp(to->name, from->name)) {
			l->v[n++] = *from;
			continue;
		}
		if (weight(from->status) > weight(to->status))
			to->status = from->status;
		if (!from->inner && to->inner) {
			to->inner = false;
			to->format = from->format;
		}
		l->bytes -= strlen(from->name);
		free(from->name);
	}
	for (; n > TEST_NAMES_MAX; n--) {
		l->bytes -= strlen(l->v[n - 1].name);
		free(l->v[n - 1].name);
	}
	l->n = n;
}

void test_list_release(struct test_list *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		free(l->v[i].name);
	free(l->v);
	*l = (struct test_list){ 0 };
}

void test_found(struct test_parser *p, enum test_format f, const char *name, size_t len,
		int status, bool inner)
{
	int i;

	for (i = 0; i < FORMATS; i++)
		inner = inner || (p->inside[i] && i != (int)f);
	test_list_add(&p->tests, f, name, len, status, inner);
}

enum { COUNT_MAX = 100000000 }; /* the sum over all formats is an int */

static void add_count(long *sum, long n)
{
	if (n > 0)
		*sum = *sum + n < COUNT_MAX ? *sum + n : COUNT_MAX;
}

void test_counted(struct test_parser *p, enum test_format f, long passed, long failed,
		  long skipped)
{
	int i;

	for (i = 0; i < FORMATS; i++)
		if (p->inside[i] && i != (int)f)
			return;
	p->summary[f].seen = true;
	add_count(&p->summary[f].passed, passed);
	add_count(&p->summary[f].failed, failed);
	add_count(&p->summary[f].skipped, skipped);
}

bool take_number(const char **s, long *ret)
{
	long v = 0;

	if (!isdigit((unsigned char)**s))
		return false;
	for (; isdigit((unsigned char)**s); (*s)++)
		v = v < INT_MAX / 20 ? v * 10 + (**s - '0') : v;
	*ret = v;
	return true;
}

bool take_word(const char **s, const char *word)
{
	size_t len;

	if (**s != *word) /* most calls end here */
		return false;
	len = strlen(word);
	if (strncmp(*s, word, len))
		return false;
	*s += len;
	return true;
}

size_t indent_of(const char *s)
{
	return strspn(s, " ");
}

void copy_name(char out[TEST_NAME_LEN], const char *s, size_t len)
{
	if (len >= TEST_NAME_LEN)
		len = TEST_NAME_LEN - 1;
	memcpy(out, s, len);
	out[len] = '\0';
}

void tree_pop(struct tree *t, int indent)
{
	while (t->n && t->level[t->n - 1].indent >= indent)
		t->n--;
}

void tree_push(struct tree *t, int indent, const char *name, size_t len)
{
	tree_pop(t, indent);
	if (t->n == TEST_DEPTH)
		t->n--;
	t->level[t->n].indent = indent;
	copy_name(t->level[t->n++].name, name, len);
}

static bool is_duration(const char *s, size_t len)
{
	size_t i = 0;

	while (i < len && (isdigit((unsigned char)s[i]) || s[i] == '.'))
		i++;
	if (!i)
		return false;
	if (i < len && s[i] == ' ')
		i++;
	s += i;
	len -= i;
	return (len == 1 && (*s == 's' || *s == 'm')) || (len == 2 && !strncmp(s, "ms", 2)) ||
	       (len == 3 && !strncmp(s, "sec", 3));
}

size_t without_duration(const char *s, size_t len)
{
	size_t start;

	while (len && s[len - 1] == ' ')
		len--;
	if (len && s[len - 1] == ')') {
		for (start = len - 1; start && s[start] != '('; start--)
			;
		if (start && is_duration(s + start + 1, len - start - 2))
			len = start;
	} else {
		for (start = len; start && s[start - 1] != ' '; start--)
			;
		if (start && is_duration(s + start, len - start))
			len = start;
	}
	while (len && s[len - 1] == ' ')
		len--;
	return len;
}

/* Output that says one thing for ever is passed over: a line which has told
 * nothing REPEATS_READ times running tells nothing the next time either. */
static bool says_it_again(struct test_parser *p)
{
	if (p->line_len > sizeof(p->last) || p->line_len != p->last_len ||
	    memcmp(p->line, p->last, p->line_len)) {
		p->repeats = 0;
		p->last_len = p->line_len;
		if (p->line_len <= sizeof(p->last))
			memcpy(p->last, p->line, p->line_len);
		return false;
	}
	return p->repeats++ >= REPEATS_READ;
}

/* The order decides where lines of one format look like another's. */
static void parse_line(struct test_parser *p)
{
	static bool (*const formats[])(struct test_parser *, const char *, size_t) = {
		parse_junit_line, parse_unittest, parse_automake, parse_ctest, parse_meson,
		parse_tap, parse_cargo, parse_pytest, parse_go, parse_check, parse_gtest, parse_js,
	};
	size_t len, i;

	if (says_it_again(p)) {
		p->line_len = 0;
		return;
	}
	len = ansi_strip(p->line, p->line_len);
	for (i = 0; i < len; i++)
		if (!p->line[i])
			p->line[i] = ' ';
	while (len && (p->line[len - 1] == ' ' || p->line[len - 1] == '\t'))
		len--;
	p->line[len] = '\0';
	p->line_len = 0;
	for (i = 0; i < sizeof(formats) / sizeof(*formats); i++)
		if (formats[i](p, p->line, len)) {
			p->repeats = 0;
			break;
		}
	p->previous_len = len;
	p->previous_ruled = len >= 4 && strspn(p->line, "=") == len;
}

struct test_parser *test_parser_new(struct error *err)
{
	struct test_parser *p = calloc(1, sizeof(*p));

	if (!p)
		error_oom(err);
	return p;
}

void test_parser_feed(struct test_parser *p, const char *data, size_t len)
{
	const char *end = data + len;
	size_t part, room;
	bool whole;

	while (data < end) {
		for (part = 0; data + part < end && data[part] != '\n' && data[part] != '\r'; part++)
			;
		room = TEST_LINE_MAX - p->line_len;
		memcpy(p->line + p->line_len, data, part < room ? part : room);
		p->line_len += part < room ? part : room;
		data += part;
		if (data == end)
			return;
		/* "\r\n" ends one line, not two: a blank one means something to some. */
		whole = p->line_len || (*data == '\n' && !p->after_return);
		p->after_return = whole && *data == '\r';
		if (whole)
			parse_line(p);
		data++;
	}
}

static int count_of(int named, long summed, bool take_sum)
{
	return named && !take_sum ? named : (int)summed;
}

/* Of one format: what it named, else what its summary says. Of skipped tests
 * the larger, for pytest joins some to one line; vitest's names are a choice. */
static void count_format(const struct test_list *l, int format, const struct summary *summary,
			 struct test_set *set)
{
	int named[3] = { 0 };
	bool summed = summary->seen && format == FORMAT_VITEST;
	size_t i;

	for (i = 0; i < l->n; i++)
		if (l->v[i].format == format && !l->v[i].inner)
			named[l->v[i].status]++;
	set->passed += count_of(named[TEST_PASSED], summary->passed, summed);
	set->failed += count_of(named[TEST_FAILED], summary->failed, summed);
	set->skipped += count_of(named[TEST_SKIPPED], summary->skipped,
				 summed || named[TEST_SKIPPED] < summary->skipped);
}

static const char *main_format(const struct test_parser *p)
{
	size_t count[FORMATS] = { 0 }, i;
	int best = -1, f;

	for (i = 0; i < p->tests.n; i++)
		count[p->tests.v[i].format] += p->tests.v[i].inner ? 1 : 1000;
	for (f = 0; f < FORMATS; f++)
		if ((count[f] || p->summary[f].seen) && (best < 0 || count[f] > count[best]))
			best = f;
	return best < 0 ? NULL : format_names[best];
}

int test_parser_finish(struct test_parser *p, struct test_set *ret, struct error *err)
{
	struct test_set set = { 0 };
	size_t i;
	int f;

	if (p->line_len)
		parse_line(p);
	finish_automake(p, false);
	finish_go(p);
	if (p->tests.failed || p->go.pending.failed)
		return error_oom(err);
	test_list_merge(&p->tests);
	if (p->tests.n) {
		set.v = calloc(p->tests.n, sizeof(*set.v));
		if (!set.v)
			return error_oom(err);
	}
	set.format = main_format(p);
	for (f = 0; f < FORMATS; f++)
		count_format(&p->tests, f, &p->summary[f], &set);
	for (i = 0; i < p->tests.n; i++)
		set.v[i] = (struct test_case){ .name = p->tests.v[i].name,
					       .status = (enum test_status)p->tests.v[i].status,
					       .inner = p->tests.v[i].inner };
	set.n = p->tests.n;
	p->tests.n = 0; /* the names went over */
	set.known = set.n || set.passed || set.failed || set.skipped;
	*ret = set;
	return 0;
}

void test_parser_free(struct test_parser *p)
{
	if (!p)
		return;
	test_list_release(&p->tests);
	test_list_release(&p->go.pending);
	free(p);
}

int test_parse(const char *text, size_t len, struct test_set *ret, struct error *err)
{
	struct test_parser *p = test_parser_new(err);
	int rc;

	if (!p)
		return -1;
	test_parser_feed(p, text, len);
	rc = test_parser_finish(p, ret, err);
	test_parser_free(p);
	return rc;
}

void test_set_release(struct test_set *s)
{
	size_t i;

	if (!s)
		return;
	for (i = 0; i < s->n; i++)
		free(s->v[i].name);
	free(s->v);
	*s = (struct test_set){ 0 };
}
