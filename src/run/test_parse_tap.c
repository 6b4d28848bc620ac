/* TAP (https://testanything.org), nested subtests as node and Test::More
 * print them, and the lines of prove. */
#include "run/test_parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Where a directive (" # SKIP", " # TODO", " # time=3ms") begins, or the end. */
static size_t directive_at(const char *s, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (s[i] == '#' && (i == 0 || isspace((unsigned char)s[i - 1])) &&
		    (!strncasecmp(s + i, "# skip", 6) || !strncasecmp(s + i, "# todo", 6) ||
		     !strncmp(s + i, "# time=", 7)))
			return i;
	return len;
}

/* "parent > name", from the subtests open above this indent. */
static size_t full_name(const struct tree *t, int indent, const char *name, size_t len, char *out,
			size_t size)
{
	size_t used = 0, part;
	int i;

	for (i = 0; i < t->n && t->level[i].indent < indent; i++) {
		part = strlen(t->level[i].name);
		if (used + part + 3 + TEST_NAME_LEN >= size)
			break;
		memcpy(out + used, t->level[i].name, part);
		memcpy(out + used + part, " > ", 3);
		used += part + 3;
	}
	len = len < TEST_NAME_LEN ? len : TEST_NAME_LEN;
	memcpy(out + used, name, len);
	return used + len;
}

/* Notes that a result came at this depth; whether results came below it since
 * the last one, which makes this one their sum. */
static bool is_sum(struct test_parser *p, size_t indent)
{
	size_t depth = indent / 4 < TEST_DEPTH - 1 ? indent / 4 : TEST_DEPTH - 2;
	bool sum = p->tap.child_seen[depth + 1];
	size_t i;

	for (i = depth + 1; i < TEST_DEPTH; i++)
		p->tap.child_seen[i] = false;
	p->tap.child_seen[depth] = true;
	return sum;
}

static void result(struct test_parser *p, size_t indent, const char *s, bool passed)
{
	char whole[4 * TEST_NAME_LEN];
	const char *name = s, *start = s;
	size_t len, end;
	long number;
	int status = passed ? TEST_PASSED : TEST_FAILED;

	if (take_number(&name, &number))
		while (*name == ' ')
			name++;
	if (name[0] == '-' && name[1] == ' ')
		name += 2;
	len = strlen(name);
	end = directive_at(name, len);
	if (end < len && !strncasecmp(name + end, "# skip", 6))
		status = TEST_SKIPPED;
	else if (end < len && !strncasecmp(name + end, "# todo", 6) && !passed)
		status = TEST_SKIPPED;
	while (end && name[end - 1] == ' ')
		end--;
	if (!end || name[0] == '#') { /* only its number names it */
		name = start;
		end = strspn(start, "0123456789");
	}
	end = full_name(&p->tap.subtests, (int)indent, name, end, whole, sizeof(whole));
	test_found(p, FORMAT_TAP, whole, end, status, is_sum(p, indent));
	tree_pop(&p->tap.subtests, (int)indent);
}

/* node: "# tests 6", "# pass 2", … Names say more; the counts are for --test-only runs. */
static bool node_count(struct test_parser *p, const char *s)
{
	long n;

	if (take_word(&s, "# pass ") && take_number(&s, &n) && !*s)
		test_counted(p, FORMAT_TAP, n, 0, 0);
	else if (take_word(&s, "# fail ") && take_number(&s, &n) && !*s)
		test_counted(p, FORMAT_TAP, 0, n, 0);
	else
		return false;
	return true;
}

/* prove's report: "t/bad.t     (Wstat: 256 (exited 1) Tests: 2 Failed: 1)" */
static bool prove_report(struct test_parser *p, const char *s)
{
	const char *status = strstr(s, " (Wstat: ");
	size_t len = strcspn(s, " ");

	if (!status || len < 3 || strncmp(s + len - 2, ".t", 2))
		return false;
	if (strncmp(status, " (Wstat: 0 ", 11) || !strstr(status, "Failed: 0)"))
		test_found(p, FORMAT_TAP, s, len, TEST_FAILED, false);
	return true;
}

/* prove: "t/basic.t .. ok", "t/basic.t .. Failed 2/5 subtests" */
static bool prove(struct test_parser *p, const char *s, size_t len)
{
	const char *dots = strstr(s, " ..");
	const char *after;
	size_t name_len;

	if (!dots || dots == s)
		return false;
	name_len = (size_t)(dots - s);
	if (name_len < 3 || strncmp(dots - 2, ".t", 2) || memchr(s, ' ', name_len))
		return false;
	after = dots + 1 + strspn(dots + 1, ".");
	after += strspn(after, " ");
	if (!strncmp(after, "ok", 2))
		test_found(p, FORMAT_TAP, s, name_len, TEST_PASSED, false);
	else if (!strncmp(after, "skipped", 7))
		test_found(p, FORMAT_TAP, s, name_len, TEST_SKIPPED, false);
	else if (!strncmp(after, "Failed", 6) || !strncmp(after, "Dubious", 7) ||
		 !strncmp(after, "No subtests", 11))
		test_found(p, FORMAT_TAP, s, name_len, TEST_FAILED, false);
	else
		return false;
	return true;
}

bool parse_tap(struct test_parser *p, const char *s, size_t len)
{
	size_t indent = indent_of(s);
	const char *at = s + indent;
	bool passed;

	if (*at == '#') {
		if (take_word(&at, "# Subtest: ")) {
			tree_push(&p->tap.subtests, (int)indent, at, strlen(at));
			return true;
		}
		return node_count(p, at);
	}
	passed = take_word(&at, "ok ");
	if ((passed || take_word(&at, "not ok ")) &&
	    (isdigit((unsigned char)*at) || (at[0] == '-' && at[1] == ' '))) {
		result(p, indent, at, passed);
		return true;
	}
	if (!indent && !strncmp(s, "Bail out!", 9)) {
		test_found(p, FORMAT_TAP, s, len, TEST_FAILED, false);
		return true;
	}
	return len > 6 && (prove(p, s, len) || prove_report(p, s));
}
