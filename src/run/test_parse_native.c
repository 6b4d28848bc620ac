/* cargo test, ctest, meson test, Check and GoogleTest. */
#include "run/test_parse.h"

#include <ctype.h>
#include <string.h>

/* "Running unittests src/lib.rs (target/debug/deps/demo-8348ca7a80742723)",
 * "Running tests/it.rs (target/debug/deps/it-a6…)", "Doc-tests demo" */
static bool cargo_binary(struct test_parser *p, const char *s)
{
	const char *end, *at;

	s += indent_of(s);
	if (take_word(&s, "Doc-tests ")) {
		copy_name(p->cargo.binary, s, strlen(s));
		return true;
	}
	if (!take_word(&s, "Running "))
		return false;
	at = strrchr(s, '(');
	if (!at)
		return false;
	end = strrchr(at, '/');
	at = end ? end + 1 : at + 1;
	end = strrchr(at, '-');
	if (!end)
		return false;
	copy_name(p->cargo.binary, at, (size_t)(end - at));
	return true;
}

/* "test tests::adds ... FAILED", "test tests::panics - should panic ... ok" */
static bool cargo_test(struct test_parser *p, const char *s)
{
	char name[2 * TEST_NAME_LEN + 2];
	const char *dots = NULL, *at, *panic;
	size_t used = strlen(p->cargo.binary), len;
	int status;

	for (at = s; (at = strstr(at, " ... ")); at++)
		dots = at;
	if (!dots)
		return false;
	at = dots + 5;
	if (!strncmp(at, "ok", 2) || !strncmp(at, "bench:", 6))
		status = TEST_PASSED;
	else if (!strncmp(at, "FAILED", 6))
		status = TEST_FAILED;
	else if (!strncmp(at, "ignored", 7))
		status = TEST_SKIPPED;
	else
		return false;
	len = (size_t)(dots - s);
	panic = strstr(s, " - should panic");
	if (panic && panic + 15 == dots)
		len -= 15;
	if (len >= TEST_NAME_LEN)
		len = TEST_NAME_LEN - 1;
	memcpy(name, p->cargo.binary, used);
	if (used) {
		memcpy(name + used, "::", 2);
		used += 2;
	}
	memcpy(name + used, s, len);
	test_found(p, FORMAT_CARGO, name, used + len, status, false);
	return true;
}

/* "test result: FAILED. 2 passed; 1 failed; 1 ignored; …" */
static bool cargo_total(struct test_parser *p, const char *s)
{
	long passed, failed, ignored;

	if (!take_word(&s, "ok. ") && !take_word(&s, "FAILED. "))
		return false;
	if (!take_number(&s, &passed) || !take_word(&s, " passed; ") ||
	    !take_number(&s, &failed) || !take_word(&s, " failed; ") || !take_number(&s, &ignored))
		return false;
	test_counted(p, FORMAT_CARGO, passed, failed, ignored);
	p->cargo.binary[0] = '\0';
	return true;
}

bool parse_cargo(struct test_parser *p, const char *s, size_t len)
{
	if (s[0] == ' ')
		return cargo_binary(p, s);
	if (take_word(&s, "test result: "))
		return cargo_total(p, s);
	return take_word(&s, "test ") && cargo_test(p, s);
}

static int ctest_status(const char *s)
{
	if (!strncmp(s, "Passed", 6))
		return TEST_PASSED;
	if (strncmp(s, "***", 3))
		return -1;
	if (!strncmp(s, "***Skipped", 10) || !strncmp(s, "***Not Run (Disabled)", 21))
		return TEST_SKIPPED;
	return TEST_FAILED; /* ***Failed, ***Not Run, ***Timeout, ***Exception: … */
}

/* "1/5 Test #1: parser.good .........   Passed    0.00 sec" */
static bool ctest_result(struct test_parser *p, const char *s)
{
	const char *name, *dots;
	long number;
	int status;

	s += indent_of(s);
	if (!take_number(&s, &number) || !take_word(&s, "/") || !take_number(&s, &number) ||
	    !take_word(&s, " Test "))
		return false;
	s += indent_of(s);
	if (!take_word(&s, "#") || !take_number(&s, &number) || !take_word(&s, ": "))
		return false;
	name = s;
	for (dots = s; (dots = strstr(dots, " ..")); dots++) {
		s = dots + 1 + strspn(dots + 1, ".");
		s += indent_of(s);
		status = ctest_status(s);
		if (status < 0)
			continue;
		test_found(p, FORMAT_CTEST, name, (size_t)(dots - name), status, false);
		return true;
	}
	return false;
}

bool parse_ctest(struct test_parser *p, const char *s, size_t len)
{
	const char *at = s;
	long percent, failed, total;

	if (!strncmp(s, "Test project ", 13)) {
		p->inside[FORMAT_CTEST] = true;
		return true;
	}
	if (!p->inside[FORMAT_CTEST])
		return false;
	if (!take_number(&at, &percent) || !take_word(&at, "% tests passed, "))
		return ctest_result(p, s);
	if (take_number(&at, &failed) && (at = strstr(at, " out of ")) && take_word(&at, " out of ") &&
	    take_number(&at, &total))
		test_counted(p, FORMAT_CTEST, total - failed, failed, 0);
	p->inside[FORMAT_CTEST] = false;
	return true;
}

/* "1/4 good    OK              0.01s", " 2/4 demo:unit / bad one FAIL  0.01s   exit status 1" */
static bool meson_result(struct test_parser *p, const char *s)
{
	static const struct { const char *word; int status; } words[] = {
		{ " OK ", TEST_PASSED }, { " FAIL ", TEST_FAILED }, { " ERROR ", TEST_FAILED },
		{ " SKIP ", TEST_SKIPPED }, { " TIMEOUT ", TEST_FAILED },
		{ " EXPECTEDFAIL ", TEST_SKIPPED }, { " UNEXPECTEDPASS ", TEST_FAILED },
	};
	const char *at, *after;
	long number;
	size_t i, len;

	s += indent_of(s);
	if (!take_number(&s, &number) || !take_word(&s, "/") || !take_number(&s, &number) ||
	    !take_word(&s, " "))
		return false;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++) {
		len = strlen(words[i].word);
		for (at = s; (at = strstr(at, words[i].word)); at++) {
			after = at + len + indent_of(at + len);
			if (!take_number(&after, &number) || *after != '.')
				continue;
			test_found(p, FORMAT_MESON, s, (size_t)(at - s), words[i].status, false);
			p->inside[FORMAT_MESON] = true;
			return true;
		}
	}
	return false;
}

bool parse_meson(struct test_parser *p, const char *s, size_t len)
{
	if (p->inside[FORMAT_MESON] &&
	    (!strncmp(s, "Summary of Failures:", 20) || !strncmp(s, "Ok: ", 4))) {
		p->inside[FORMAT_MESON] = false;
		return true;
	}
	return (s[0] == ' ' || isdigit((unsigned char)s[0])) && meson_result(p, s);
}

/* "33%: Checks: 3, Failures: 1, Errors: 1" */
static bool check_total(struct test_parser *p, const char *s)
{
	long percent, checks, failures, errors;

	if (!take_number(&s, &percent) || !take_word(&s, "%: Checks: ") ||
	    !take_number(&s, &checks) || !take_word(&s, ", Failures: ") ||
	    !take_number(&s, &failures) || !take_word(&s, ", Errors: ") || !take_number(&s, &errors))
		return false;
	test_counted(p, FORMAT_CHECK, checks - failures - errors, failures + errors, 0);
	return true;
}

/* "t.c:4:F:core:test_bad:0: Assertion …"; the name is "core:test_bad", with
 * the number of a loop test behind it. */
bool parse_check(struct test_parser *p, const char *s, size_t len)
{
	const char *at = s, *name, *end;
	char kind;
	long number;

	if (isdigit((unsigned char)s[0]) && check_total(p, s))
		return true;
	while ((at = strchr(at, ':'))) {
		at++;
		if (take_number(&at, &number) && at[0] == ':' && at[1] && strchr("PFE", at[1]) &&
		    at[2] == ':')
			break;
	}
	if (!at)
		return false;
	kind = at[1];
	name = at + 3;
	end = strchr(name, ':');
	end = end ? strchr(end + 1, ':') : NULL;
	if (!end)
		return false;
	at = end + 1;
	if (!take_number(&at, &number) || at[0] != ':')
		return false;
	test_found(p, FORMAT_CHECK, name, (size_t)((number ? at : end) - name),
		   kind == 'P' ? TEST_PASSED : TEST_FAILED, false);
	return true;
}

/* "[       OK ] Suite.Name (0 ms)", "[  FAILED  ] Suite.Name, where GetParam() = 1" */
bool parse_gtest(struct test_parser *p, const char *s, size_t len)
{
	const char *name, *where;
	size_t name_len;
	int status;

	if (s[0] != '[')
		return false;
	name = s;
	if (take_word(&name, "[       OK ] "))
		status = TEST_PASSED;
	else if (take_word(&name, "[  FAILED  ] "))
		status = TEST_FAILED;
	else if (take_word(&name, "[  SKIPPED ] "))
		status = TEST_SKIPPED;
	else
		return false;
	where = strstr(name, ", where ");
	name_len = where ? (size_t)(where - name) : without_duration(name, strlen(name));
	if (isdigit((unsigned char)*name) || !memchr(name, '.', name_len))
		return true; /* "2 tests, listed below:" */
	test_found(p, FORMAT_GTEST, name, name_len, status, false);
	return true;
}
