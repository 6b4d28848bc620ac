/* unittest (also Django's and nose2's output) and pytest. */
#include "run/test_parse.h"

#include <ctype.h>
#include <string.h>

static size_t dotted(const char *s)
{
	size_t n = 0;

	while (isalnum((unsigned char)s[n]) || s[n] == '_' || s[n] == '.' || s[n] == '<' ||
	       s[n] == '>' || (unsigned char)s[n] >= 0x80)
		n++;
	return n;
}

/* "test_x (mod.Class.test_x)" (3.11 on) or "test_x (mod.Class)": both give
 * "mod.Class.test_x". Returns what follows, or NULL when s is neither. */
static const char *test_name(const char *s, char out[TEST_NAME_LEN])
{
	static const char loader[] = "unittest.loader._FailedTest.";
	size_t method = dotted(s), place;
	const char *in;

	if (!method || strncmp(s + method, " (", 2))
		return NULL;
	in = s + method + 2;
	place = dotted(in);
	if (!place || in[place] != ')' || !memchr(in, '.', place))
		return NULL;
	if (!strncmp(in, loader, sizeof(loader) - 1)) {
		copy_name(out, in + sizeof(loader) - 1, place - (sizeof(loader) - 1));
	} else if (place > method && in[place - method - 1] == '.' &&
		   !strncmp(in + place - method, s, method)) {
		copy_name(out, in, place);
	} else {
		copy_name(out, in, place);
		if (place + method + 2 < TEST_NAME_LEN) {
			out[place] = '.';
			memcpy(out + place + 1, s, method);
			out[place + 1 + method] = '\0';
		}
	}
	return in + place + 1;
}

static int unittest_status(const char *s)
{
	if (!strcmp(s, "ok"))
		return TEST_PASSED;
	if (!strcmp(s, "FAIL") || !strcmp(s, "ERROR") || !strcmp(s, "unexpected success"))
		return TEST_FAILED;
	if (!strncmp(s, "skipped", 7) || !strcmp(s, "expected failure"))
		return TEST_SKIPPED;
	return -1;
}

static void unittest_result(struct test_parser *p, int status)
{
	test_found(p, FORMAT_UNITTEST, p->unittest.pending, strlen(p->unittest.pending), status,
		   false);
	p->unittest.pending[0] = '\0';
}

/* "FAILED (failures=1, errors=2, skipped=1)", "OK (skipped=1)", after "Ran N tests" */
static bool unittest_total(struct test_parser *p, const char *s)
{
	const char *at = s, *number;
	long failed = 0, skipped = 0, n;

	if (!take_word(&at, "OK") && !take_word(&at, "FAILED"))
		return false;
	if (*at && !take_word(&at, " ("))
		return false;
	while (*at && *at != ')') {
		number = at + strcspn(at, "=");
		if (!take_word(&number, "=") || !take_number(&number, &n))
			return false;
		if (!strncmp(at, "skipped", 7) || !strncmp(at, "expected", 8))
			skipped += n;
		else
			failed += n; /* failures, errors, unexpected successes */
		at = number;
		take_word(&at, ", ");
	}
	test_counted(p, FORMAT_UNITTEST, p->unittest.ran - failed - skipped, failed, skipped);
	p->unittest.ran = 0;
	return true;
}

/* "test_x (m.C.test_x) ... ok", its parts on lines of their own where the test
 * printed or has a docstring, and "  test_x (m.C.test_x) (i=0) ... FAIL". */
static bool unittest_verbose(struct test_parser *p, const char *s)
{
	const char *after, *dots = NULL, *next;
	bool subtest = s[0] == ' ' && s[1] == ' ';
	char name[TEST_NAME_LEN];
	int status;

	after = test_name(subtest ? s + 2 : s, name);
	for (next = after ? after : s; (next = strstr(next, " ... ")); next++)
		dots = next;
	if (after && !dots && (!*after || !strcmp(after, " ..."))) {
		memcpy(p->unittest.pending, name, sizeof(name));
		return true;
	}
	if (after && dots)
		memcpy(p->unittest.pending, name, sizeof(name));
	if (!p->unittest.pending[0])
		return false;
	status = unittest_status(dots ? dots + 5 : s);
	if (status < 0)
		return after != NULL;
	unittest_result(p, status);
	return true;
}

bool parse_unittest(struct test_parser *p, const char *s, size_t len)
{
	char name[TEST_NAME_LEN];
	const char *at = s;
	long n;

	if (p->previous_ruled && p->previous_len >= 60 &&
	    (take_word(&at, "FAIL: ") || take_word(&at, "ERROR: ") ||
	     take_word(&at, "UNEXPECTED SUCCESS: "))) {
		if (!test_name(at, name))
			return false;
		test_found(p, FORMAT_UNITTEST, name, strlen(name), TEST_FAILED, false);
		return true;
	}
	at = s;
	if (take_word(&at, "Ran ") && take_number(&at, &n) && !strncmp(at, " test", 5)) {
		p->unittest.ran = n;
		p->unittest.pending[0] = '\0';
		return true;
	}
	if ((s[0] == 'O' || s[0] == 'F') && p->unittest.ran > 0 && unittest_total(p, s))
		return true;
	return unittest_verbose(p, s);
}

static int pytest_status(const char *s, size_t *ret_len)
{
	static const struct { const char *word; int status; } words[] = {
		{ "PASSED", TEST_PASSED }, { "FAILED", TEST_FAILED }, { "ERROR", TEST_FAILED },
		{ "SKIPPED", TEST_SKIPPED }, { "XFAIL", TEST_SKIPPED }, { "XPASS", TEST_PASSED },
	};
	size_t i, len;

	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		len = strlen(words[i].word);
		if (!strncmp(s, words[i].word, len) && (!s[len] || s[len] == ' ')) {
			*ret_len = len;
			return words[i].status;
		}
	}
	return -1;
}

/* "path::name PASSED   [ 11%]", "path::name SKIPPED (why) [ 20%]" */
static bool pytest_verbose(struct test_parser *p, const char *s)
{
	const char *at = strstr(s, "::"), *after;
	size_t word;
	int status;

	if (!at || at == s || s[0] == ' ')
		return false;
	for (; (at = strchr(at, ' ')); at++) {
		status = pytest_status(at + 1, &word);
		if (status < 0)
			continue;
		after = at + 1 + word;
		after += strspn(after, " ");
		if (*after && *after != '[' && *after != '(')
			continue;
		test_found(p, FORMAT_PYTEST, s, (size_t)(at - s), status, false);
		return true;
	}
	return false;
}

/* "FAILED path::name[a - b] - message", "ERROR path.py - message"; xdist's
 * "[gw0] [ 11%] PASSED path::name" ends the same way. */
static bool pytest_summary(struct test_parser *p, const char *s)
{
	const char *name, *end, *bracket;
	size_t word, len;
	int status;

	if (!strncmp(s, "[gw", 3) && (name = strstr(s, "%] ")))
		s = name + 3;
	else if (!p->pytest.in_summary)
		return false;
	status = pytest_status(s, &word);
	if (status < 0 || !s[word] || s[word + 1] == ' ' || s[word + 1] == '[')
		return false;
	name = s + word + 1;
	bracket = strchr(name, '[');
	end = strstr(name, " - ");
	if (bracket && end && bracket < end) {
		bracket = strstr(bracket, "] - ");
		end = bracket ? bracket + 1 : NULL;
	}
	len = end ? (size_t)(end - name) : strlen(name);
	if (!strstr(name, "::") && !strstr(name, ".py"))
		return false;
	test_found(p, FORMAT_PYTEST, name, len, status, false);
	return true;
}

/* "== 2 failed, 4 passed, 1 skipped, 1 xfailed, 1 error in 0.04s ==" */
static bool pytest_total(struct test_parser *p, const char *s)
{
	long passed = 0, failed = 0, skipped = 0, n;
	size_t word;

	s += strspn(s, "= ");
	if (!strstr(s, " in ") || !take_number(&s, &n))
		return false;
	for (;;) {
		if (!take_word(&s, " "))
			return false;
		word = strspn(s, "abcdefghijklmnopqrstuvwxyz");
		if (!word)
			return false;
		if (!strncmp(s, "passed", word) || !strncmp(s, "xpassed", word))
			passed += n;
		else if (!strncmp(s, "failed", word) || !strncmp(s, "errors", word))
			failed += n;
		else if (!strncmp(s, "skipped", word) || !strncmp(s, "xfailed", word))
			skipped += n;
		else if (strncmp(s, "warnings", word) && strncmp(s, "deselected", word) &&
			 strncmp(s, "rerun", word) && strncmp(s, "subtests", word))
			return false;
		s += word;
		take_word(&s, " passed"); /* "3 subtests passed" */
		if (!take_word(&s, ", "))
			break;
		if (!take_number(&s, &n))
			return false;
	}
	if (strncmp(s, " in ", 4) || !isdigit((unsigned char)s[4]))
		return false;
	test_counted(p, FORMAT_PYTEST, passed, failed, skipped);
	p->pytest.in_summary = false;
	return true;
}

bool parse_pytest(struct test_parser *p, const char *s, size_t len)
{
	if (s[0] == '=' && strstr(s, " short test summary info ")) {
		p->pytest.in_summary = true;
		return true;
	}
	if ((s[0] == '=' || isdigit((unsigned char)s[0])) && pytest_total(p, s))
		return true;
	return pytest_summary(p, s) || pytest_verbose(p, s);
}
