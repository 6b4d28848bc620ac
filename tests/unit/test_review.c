#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run/context.h"
#include "run/review.h"
#include "suites.h"

static int read_review(const char *text, struct review *r, struct error *err)
{
	json *j = json_parse(text, strlen(text), err);
	int rc = j ? review_from_json(j, r, err) : -1;

	json_free(j);
	return rc;
}

START_TEST(a_review_is_read)
{
	struct review r = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_review("{\"verdict\":\"revise\",\"findings\":[{\"severity\":\"medium\","
		"\"category\":\"security\",\"file\":\"src/a.c\",\"line\":12,\"cwe\":\"CWE-787\","
		"\"title\":\"Overflow\",\"detail\":\"d\",\"suggestion\":\"s\"}]}", &r, &err), 0);
	ck_assert_int_eq(r.verdict, VERDICT_REVISE);
	ck_assert_uint_eq(r.findings.n, 1);
	ck_assert_int_eq(r.findings.v[0].line, 12);
	ck_assert_str_eq(r.findings.v[0].cwe, "CWE-787");
	ck_assert(r.findings.v[0].open);
	review_release(&r);
}
END_TEST

START_TEST(an_approval_with_a_high_finding_is_a_revise)
{
	struct review r = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_review("{\"verdict\":\"approve\",\"findings\":[{\"severity\":\"high\","
		"\"category\":\"correctness\",\"title\":\"Wrong\"}]}", &r, &err), 0);
	ck_assert_int_eq(r.verdict, VERDICT_REVISE);
	review_release(&r);
}
END_TEST

START_TEST(unsafe_paths_are_dropped)
{
	struct review r = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_review("{\"verdict\":\"approve\",\"findings\":[{\"severity\":\"low\","
		"\"category\":\"?\",\"file\":\"../../etc/passwd\",\"line\":3,\"title\":\"x\"}]}", &r, &err), 0);
	ck_assert_ptr_null(r.findings.v[0].file);
	ck_assert_int_eq(r.findings.v[0].line, 0);
	ck_assert_str_eq(r.findings.v[0].category, "correctness");
	review_release(&r);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const char *const cases[][2] = {
		{ "{}", "no \"verdict\"" },
		{ "{\"verdict\":\"fine\"}", "no \"verdict\"" },
		{ "{\"verdict\":\"approve\",\"findings\":3}", "must be an array" },
		{ "{\"verdict\":\"approve\",\"findings\":[{}]}", "no \"title\"" },
		{ "{\"verdict\":\"approve\",\"findings\":[{\"title\":\"t\"}]}", "no \"severity\"" },
		{ "{\"verdict\":\"revise\",\"findings\":[]}", "no finding says" },
	};
	struct review r = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_review(cases[_i][0], &r, &err), -1);
	ck_assert_msg(strstr(err.message, cases[_i][1]), "%s", err.message);
}
END_TEST

START_TEST(context_lines_are_checked)
{
	struct context c = { 0 };
	struct error err = { 0 };
	static const char text[] = "{\"files\":[{\"path\":\"a.c\",\"lines\":\"3-9\"},"
		"{\"path\":\"b.c\",\"lines\":null},{\"path\":\"a.c\",\"lines\":null}]}";
	json *j = json_parse(text, sizeof(text) - 1, NULL);

	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq(context_from_json(j, &c, &err), 0);
	ck_assert_uint_eq(c.n, 2);
	ck_assert_int_eq(c.v[0].first, 3);
	ck_assert_int_eq(c.v[0].last, 9);
	ck_assert_int_eq(c.v[1].first, 0);
	context_release(&c);
	json_free(j);
}
END_TEST

START_TEST(bad_context_is_refused)
{
	static const char *const cases[] = {
		"{}", "{\"files\":3}", "{\"files\":[{\"path\":\"/etc/passwd\"}]}",
		"{\"files\":[{\"path\":\"a.c\",\"lines\":\"9-3\"}]}",
		"{\"files\":[{\"path\":\"a.c\",\"lines\":\"many\"}]}",
	};
	struct context c = { 0 };
	struct error err = { 0 };
	json *j = json_parse(cases[_i], strlen(cases[_i]), &err);

	ck_assert_int_eq(context_from_json(j, &c, &err), -1);
	ck_assert_int_eq(err.code, STATUS_ENDPOINT);
	json_free(j);
}
END_TEST

Suite *suite_review(void)
{
	Suite *s = suite_create("review");
	TCase *t = tcase_create("review and context");

	tcase_add_test(t, a_review_is_read);
	tcase_add_test(t, an_approval_with_a_high_finding_is_a_revise);
	tcase_add_test(t, unsafe_paths_are_dropped);
	tcase_add_loop_test(t, what_is_wrong_is_said, 0, 6);
	tcase_add_test(t, context_lines_are_checked);
	tcase_add_loop_test(t, bad_context_is_refused, 0, 5);
	suite_add_tcase(s, t);
	return s;
}
