/* The runners of JavaScript: node --test (spec), jest, mocha, vitest. They
 * print a tree whose leaves carry a mark; a leaf's name is its path. */
#include "run/test_parse.h"

#include <ctype.h>
#include <string.h>

/* The mark at s, as a status; -1: none. *ret_len: its bytes and the space. */
static int mark_at(const char *s, size_t *ret_len)
{
	static const struct { const char *mark; int status; } marks[] = {
		{ "\u2714 ", TEST_PASSED }, { "\u2713 ", TEST_PASSED },  /* ✔ ✓ */
		{ "\u2716 ", TEST_FAILED }, { "\u2715 ", TEST_FAILED },  /* ✖ ✕ */
		{ "\u00d7 ", TEST_FAILED }, { "\u25cb ", TEST_SKIPPED }, /* × ○ */
		{ "\u2193 ", TEST_SKIPPED }, { "\ufe63 ", TEST_SKIPPED },/* ↓ ﹣ */
	};
	size_t i;

	if (!((unsigned char)*s & 0x80))
		return -1;
	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (take_word(&s, marks[i].mark)) {
			*ret_len = strlen(marks[i].mark);
			return marks[i].status;
		}
	return -1;
}

static enum test_format format_of(const struct test_parser *p, size_t indent)
{
	if (p->js.vitest)
		return FORMAT_VITEST;
	if (p->js.file[0])
		return FORMAT_JEST;
	return p->summary[FORMAT_MOCHA].seen || (indent && indent % 2 == 0 && p->js.tree.n &&
	       p->js.tree.level[0].indent > 0) ? FORMAT_MOCHA : FORMAT_NODE;
}

/* Files the leaf `name` under the levels above `indent` (and jest's file). */
static void leaf(struct test_parser *p, size_t indent, const char *name, size_t len, int status,
		 bool inner)
{
	char whole[(TEST_DEPTH + 2) * (TEST_NAME_LEN + 5)];
	const struct tree *t = &p->js.tree;
	size_t used = 0, part;
	int i;

	if (p->js.file[0]) {
		used = strlen(p->js.file);
		memcpy(whole, p->js.file, used);
		memcpy(whole + used, " > ", 3);
		used += 3;
	}
	for (i = 0; i < t->n && t->level[i].indent < (int)indent; i++) {
		part = strlen(t->level[i].name);
		memcpy(whole + used, t->level[i].name, part);
		memcpy(whole + used + part, " > ", 3);
		used += part + 3;
	}
	len = len < TEST_NAME_LEN ? len : TEST_NAME_LEN - 1;
	memcpy(whole + used, name, len);
	test_found(p, format_of(p, indent), whole, used + len, status, inner);
}

/* A name without the mark, duration, node's directive and vitest's "(3 tests)". */
static size_t leaf_length(const char *name)
{
	const char *directive = strstr(name, " # ");
	size_t len = directive ? (size_t)(directive - name) : strlen(name);
	size_t bare = without_duration(name, len);
	size_t open;

	if (bare && name[bare - 1] == ')') {
		for (open = bare - 1; open && name[open] != '('; open--)
			;
		if (open && isdigit((unsigned char)name[open + 1]) &&
		    memchr(name + open, 't', bare - open) && strstr(name + open, " test"))
			for (bare = open; bare && name[bare - 1] == ' '; bare--)
				;
	}
	return bare;
}

/* node closes a group with a line like a leaf's: the sum of what it held. */
static bool closes_group(struct test_parser *p, size_t indent, const char *name, size_t len)
{
	struct tree *t = &p->js.tree;
	int i;

	for (i = 0; i < t->n; i++)
		if (t->level[i].indent == (int)indent && strlen(t->level[i].name) == len &&
		    !strncmp(t->level[i].name, name, len)) {
			tree_pop(t, (int)indent);
			return true;
		}
	return false;
}

static void marked(struct test_parser *p, size_t indent, const char *name, int status)
{
	const char *directive = strstr(name, " # ");
	size_t len = leaf_length(name);
	bool inner;

	if (directive && (!strncmp(directive, " # SKIP", 7) || !strncmp(directive, " # TODO", 7)))
		status = TEST_SKIPPED;
	if (p->js.file[0]) /* jest: "○ skipped later" */
		if (take_word(&name, "skipped ") || take_word(&name, "todo "))
			len = leaf_length(name);
	/* vitest lists the tests of a file that fails, and only names one that passes */
	inner = closes_group(p, indent, name, len) || (p->js.vitest && indent > 1);
	leaf(p, indent, name, len, status, inner);
}

/* jest: "PASS src/a.test.js", "FAIL src/b.test.js (5.1 s)" */
static bool jest_file(struct test_parser *p, const char *s)
{
	bool passed = take_word(&s, "PASS ");
	size_t len;

	if (!passed && !take_word(&s, "FAIL "))
		return false;
	len = without_duration(s, strlen(s));
	if (!len || memchr(s, ' ', len) || !memchr(s, '.', len))
		return false;
	copy_name(p->js.file, s, len);
	p->js.tree.n = 0;
	p->js.follows = true;
	test_found(p, FORMAT_JEST, s, len, passed ? TEST_PASSED : TEST_FAILED, true);
	return true;
}

/* jest: "  ● math › adds", "  ● Test suite failed to run" */
static bool jest_failure(struct test_parser *p, const char *s)
{
	char path[TEST_NAME_LEN * 2];
	const char *arrow;
	size_t used = 0, part;

	if (!p->js.file[0] || !take_word(&s, "  \u25cf "))
		return false;
	if (!strcmp(s, "Test suite failed to run")) {
		test_found(p, FORMAT_JEST, p->js.file, strlen(p->js.file), TEST_FAILED, false);
		return true;
	}
	if (!strcmp(s, "Console"))
		return true;
	while (*s && used + TEST_NAME_LEN + 3 < sizeof(path)) { /* "math › adds" → "math > adds" */
		arrow = strstr(s, " \u203a ");
		part = arrow ? (size_t)(arrow - s) : strlen(s);
		part = part < TEST_NAME_LEN ? part : TEST_NAME_LEN - 1;
		memcpy(path + used, s, part);
		used += part;
		if (!arrow)
			break;
		memcpy(path + used, " > ", 3);
		used += 3;
		s = arrow + strlen(" \u203a ");
	}
	p->js.tree.n = 0;
	leaf(p, 2, path, used < TEST_NAME_LEN ? used : TEST_NAME_LEN - 1, TEST_FAILED, false);
	return true;
}

/* jest "Tests:       1 failed, 1 skipped, 2 passed, 4 total",
 * vitest "      Tests  1 failed | 2 passed | 1 skipped (4)" */
static bool total_line(struct test_parser *p, const char *s)
{
	enum test_format format;
	long n, passed = 0, failed = 0, skipped = 0;

	s += indent_of(s);
	if (take_word(&s, "Tests: "))
		format = FORMAT_JEST;
	else if (take_word(&s, "Tests  "))
		format = FORMAT_VITEST;
	else
		return false;
	s += indent_of(s);
	while (take_number(&s, &n)) {
		if (take_word(&s, " passed"))
			passed += n;
		else if (take_word(&s, " failed"))
			failed += n;
		else if (take_word(&s, " skipped") || take_word(&s, " todo"))
			skipped += n;
		else
			break;
		s += strspn(s, " ,|");
	}
	test_counted(p, format, passed, failed, skipped);
	p->js.file[0] = '\0';
	p->js.vitest = false;
	return true;
}

/* mocha "  2 passing (7ms)", node "ℹ pass 2" */
static bool count_line(struct test_parser *p, const char *s)
{
	long n;

	if (take_word(&s, "\u2139 ")) {
		if (take_word(&s, "pass ") && take_number(&s, &n))
			test_counted(p, FORMAT_NODE, n, 0, 0);
		else if ((take_word(&s, "fail ") || take_word(&s, "cancelled ")) && take_number(&s, &n))
			test_counted(p, FORMAT_NODE, 0, n, 0);
		else if ((take_word(&s, "skipped ") || take_word(&s, "todo ")) && take_number(&s, &n))
			test_counted(p, FORMAT_NODE, 0, 0, n);
		return true;
	}
	if (!take_word(&s, "  ") || !take_number(&s, &n))
		return false;
	if (take_word(&s, " passing ("))
		test_counted(p, FORMAT_MOCHA, n, 0, 0);
	else if (!strcmp(s, " pending"))
		test_counted(p, FORMAT_MOCHA, 0, 0, n);
	else if (!strcmp(s, " failing"))
		test_counted(p, FORMAT_MOCHA, 0, n, 0);
	else
		return false;
	p->js.listing = true; /* what follows repeats the failures */
	return true;
}

/* mocha: "    1) adds", at most until its totals */
static bool mocha_failure(struct test_parser *p, size_t indent, const char *s)
{
	long n;

	if (indent < 2 || indent % 2 || !take_number(&s, &n) || !take_word(&s, ") "))
		return false;
	leaf(p, indent, s, leaf_length(s), TEST_FAILED, false);
	return true;
}

/* A line that may be a suite's title: it follows a blank line, or another line of the tree. */
static bool title(struct test_parser *p, size_t indent, const char *s)
{
	if (take_word(&s, "\u25b6 ")) { /* node's ▶ */
		size_t len = without_duration(s, strlen(s));

		if (len < strlen(s) && closes_group(p, indent, s, len))
			return true;
		tree_push(&p->js.tree, (int)indent, s, len);
		return true;
	}
	if (take_word(&s, "\u276f ") && p->js.vitest) { /* vitest's ❯: a file, or a suite, that failed */
		size_t len = leaf_length(s);

		if (indent == 1)
			leaf(p, indent, s, len, strstr(s, " failed") ? TEST_FAILED : TEST_PASSED, true);
		tree_push(&p->js.tree, (int)indent, s, len);
		return true;
	}
	if (indent < 2 || indent % 2 || !p->js.follows || p->js.vitest)
		return false;
	tree_push(&p->js.tree, (int)indent, s, strlen(s));
	return true;
}

static bool tree_line(struct test_parser *p, const char *s)
{
	size_t indent = indent_of(s), mark;
	int status = mark_at(s + indent, &mark);

	if (status >= 0) {
		p->js.follows = true;
		if (!indent && !strcmp(s + mark, "failing tests:")) {
			p->js.listing = true;
			return true;
		}
		if (!p->js.listing)
			marked(p, indent, s + indent + mark, status);
		return true;
	}
	if (p->js.listing)
		return false;
	if (mocha_failure(p, indent, s + indent))
		return p->js.follows = true;
	return p->js.follows = title(p, indent, s + indent);
}

bool parse_js(struct test_parser *p, const char *s, size_t len)
{
	const char *at = s;

	if (!len) {
		p->js.follows = true;
		return false;
	}
	if (!strncmp(s, "> ", 2)) { /* npm starts another script */
		p->js.listing = false;
		p->js.file[0] = '\0';
		p->js.tree.n = 0;
		return false;
	}
	if (!strncmp(s, " RUN  v", 7)) {
		p->js.vitest = true;
		p->js.listing = false;
		return true;
	}
	if (p->js.vitest && take_word(&at, " FAIL  ")) { /* "a.test.js > math > adds" */
		test_found(p, FORMAT_VITEST, at, strlen(at), TEST_FAILED, true);
		p->js.listing = true;
		return true;
	}
	return total_line(p, s) || count_line(p, s) || jest_file(p, s) || jest_failure(p, s) ||
	       tree_line(p, s);
}
