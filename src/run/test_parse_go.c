/* go test: plain, -v and -json. Names get their package in front, which comes
 * only behind the package's tests: they wait in `pending` until then. */
#include "run/test_parse.h"

#include <stdio.h>
#include <string.h>

#include "util/json.h"

/* Ends a package: its tests are named; one that started and did not end failed
 * with it (a panic, a time limit). */
static void end_package(struct test_parser *p, const char *package, size_t len, bool failed)
{
	struct test_list *l = &p->go.pending;
	char name[2 * TEST_NAME_LEN + 1];
	size_t i, part;
	int status;

	if (len >= TEST_NAME_LEN)
		len = TEST_NAME_LEN - 1;
	test_list_merge(l);
	for (i = 0; i < l->n; i++) {
		memcpy(name, package, len);
		part = len;
		if (len)
			name[part++] = '.';
		memcpy(name + part, l->v[i].name, strlen(l->v[i].name));
		part += strlen(l->v[i].name);
		status = l->v[i].status;
		if (status == TEST_RUNNING && !failed)
			continue;
		test_found(p, FORMAT_GO, name, part,
			   status == TEST_RUNNING ? TEST_FAILED : status, false);
	}
	test_list_release(l);
}

/* "ok  \tpkg\t0.002s", "FAIL\tpkg\t0.002s", "FAIL\tpkg [build failed]" */
static bool package_line(struct test_parser *p, const char *s)
{
	bool failed = take_word(&s, "FAIL\t");
	bool alone;
	size_t len;

	if (!failed && !take_word(&s, "ok  \t"))
		return false;
	len = strcspn(s, "\t ");
	if (!len)
		return false;
	/* With tests of its own it is their sum. */
	alone = !p->go.pending.n;
	end_package(p, s, len, failed);
	test_found(p, FORMAT_GO, s, len, failed ? TEST_FAILED : TEST_PASSED, !alone);
	return true;
}

static bool result_line(struct test_parser *p, const char *s)
{
	int status;

	s += indent_of(s);
	if (!take_word(&s, "--- "))
		return false;
	if (take_word(&s, "PASS: "))
		status = TEST_PASSED;
	else if (take_word(&s, "FAIL: "))
		status = TEST_FAILED;
	else if (take_word(&s, "SKIP: "))
		status = TEST_SKIPPED;
	else
		return false;
	test_list_add(&p->go.pending, FORMAT_GO, s, without_duration(s, strlen(s)), status, false);
	return true;
}

/* {"Action":"pass","Package":"example.com/demo","Test":"TestZero"} */
static bool json_line(struct test_parser *p, const char *s, size_t len)
{
	CLEANUP_JSON json *j = NULL;
	const char *action, *package, *test;
	char name[2 * TEST_NAME_LEN];
	int status;

	if (!strstr(s, "\"Action\":\""))
		return false;
	if (strstr(s, "\"Action\":\"output\"") || strstr(s, "\"Action\":\"run\""))
		return true;
	j = json_parse(s, len, NULL);
	action = json_get_string(j, "Action");
	package = json_get_string(j, "Package");
	test = json_get_string(j, "Test");
	if (!action || !package)
		return false;
	status = !strcmp(action, "pass") ? TEST_PASSED : !strcmp(action, "fail") ? TEST_FAILED :
		 !strcmp(action, "skip") ? TEST_SKIPPED : -1;
	if (status < 0 || (!test && status == TEST_SKIPPED)) /* no test files */
		return true;
	if (test) {
		snprintf(name, sizeof(name), "%.511s.%.511s", package, test);
		test_found(p, FORMAT_GO, name, strlen(name), status, false);
		if (status == TEST_FAILED)
			copy_name(p->go.failed_package, package, strlen(package));
		return true;
	}
	/* A package is the sum of its tests, unless it failed and none of them did. */
	test_found(p, FORMAT_GO, package, strlen(package), status,
		   status == TEST_PASSED || !strcmp(p->go.failed_package, package));
	return true;
}

bool parse_go(struct test_parser *p, const char *s, size_t len)
{
	if (s[0] == '{')
		return json_line(p, s, len);
	if (take_word(&s, "=== RUN   ")) {
		test_list_add(&p->go.pending, FORMAT_GO, s, strlen(s), TEST_RUNNING, false);
		return true;
	}
	return result_line(p, s) || package_line(p, s);
}

void finish_go(struct test_parser *p)
{
	if (p->go.pending.n)
		end_package(p, "", 0, true);
}
