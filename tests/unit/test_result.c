/* The result: its JSON form there and back, money, names. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "run/result.h"

Suite *suite_result(void);

static char **names(const char *a, const char *b)
{
	char **v = calloc(2, sizeof(*v));

	v[0] = strdup(a);
	v[1] = strdup(b);
	return v;
}

/* Every field set to something that is not its default. */
static struct result full_result(void)
{
	struct result r = {
		.run = { "01JD0000000000000000000ABC" }, .status = STATUS_REVIEW,
		.summary = strdup("what was done"), .task = strdup("the task\nin two lines"),
		.reason = strdup("the review still wants changes"), .proof = PROOF_RED_GREEN,
		.gate_ran = true, .no_gate = false, .gate_command = strdup("make check"),
		.before = { true, 10, 2, 1, false }, .after = { true, 12, 0, 1, true },
		.fixed = names("a", "b"), .n_fixed = 2, .broken = names("c", "d"), .n_broken = 2,
		.known_failures = names("e", "f"), .n_known_failures = 2, .tests_touched = true,
		.verdict = strdup("revise"), .branch = strdup("council/abc-task"),
		.base = strdup("1111111111111111111111111111111111111111"),
		.head = strdup("2222222222222222222222222222222222222222"),
		.base_is_snapshot = true, .worktree = strdup("/state/worktrees/x"),
		.files_changed = 3, .insertions = 24, .deletions = 6, .n_personas = 2,
		.cost_nano = 12345678, .unknown_cost_calls = 0, .budget_nano = 1000000000,
		.duration_us = 12400000, .applied = true, .recorded = true,
	};

	r.findings.v = calloc(2, sizeof(*r.findings.v));
	r.findings.n = 2;
	r.findings.v[0] = (struct finding){ SEVERITY_HIGH, strdup("security"), strdup("src/a.c"), 12,
					    strdup("CWE-120"), strdup("a title"), strdup("detail"),
					    strdup("suggestion"), true };
	r.findings.v[1] = (struct finding){ .severity = SEVERITY_INFO, .category = strdup("style"),
					    .title = strdup("bare") };
	r.persona[0] = (struct persona_usage){ "pacer", strdup("m-1"), 1, 1204, 10, 20, 310, 5, true,
					       2100000, 12345678, 0 };
	r.persona[1] = (struct persona_usage){ .persona = "builder", .calls = 2 };
	return r;
}

START_TEST(test_json_there_and_back)
{
	struct result r = full_result(), back = { 0 };
	struct error err = { 0 };
	json *j = result_json(&r), *again;
	char *a, *b;

	ck_assert_ptr_nonnull(j);
	ck_assert_msg(result_from_json(j, &back, &err) == 0, "%s", err.message);
	again = result_json(&back);
	a = json_print(j);
	b = json_print(again);
	ck_assert_str_eq(a, b);
	ck_assert_int_eq(back.persona[0].cost_nano, 12345678);
	ck_assert_int_eq(back.budget_nano, 1000000000);
	ck_assert_int_eq(back.findings.v[0].severity, SEVERITY_HIGH);
	ck_assert_ptr_null(back.findings.v[1].file);
	ck_assert(!back.findings.v[1].open);
	free(a);
	free(b);
	json_free(j);
	json_free(again);
	result_release(&r);
	result_release(&back);
	result_release(&back);
	result_release(NULL);
}
END_TEST

START_TEST(test_unknown_cost_is_null_never_zero)
{
	struct result r = { .run = { "01JD0000000000000000000ABC" }, .unknown_cost_calls = 1,
			    .budget_nano = -1, .n_personas = 1 };
	struct result back = { 0 };
	struct error err = { 0 };
	json *j;

	r.persona[0] = (struct persona_usage){ .persona = "pacer", .calls = 1, .unknown_cost_calls = 1 };
	j = result_json(&r);
	ck_assert(json_is_null(json_get(j, "cost_usd")));
	ck_assert(json_is_null(json_path(j, "personas.0.cost_usd")));
	ck_assert(json_is_null(json_get(j, "budget_usd")));
	ck_assert(json_is_null(json_get(j, "verdict")));
	ck_assert_int_eq(result_from_json(j, &back, &err), 0);
	ck_assert_int_eq(back.unknown_cost_calls, 1);
	ck_assert_int_eq(back.budget_nano, -1);
	json_free(j);
	result_release(&back);
}
END_TEST

START_TEST(test_nano_dollars_survive_json)
{
	static const int64_t nanos[] = { 1, 999999999, 12345678901, 123456789012345, 999999999999999 };

	for (size_t i = 0; i < sizeof(nanos) / sizeof(*nanos); i++) {
		struct result r = { .run = { "01JD0000000000000000000ABC" }, .cost_nano = nanos[i],
				    .budget_nano = nanos[i] };
		struct result back = { 0 };
		struct error err = { 0 };
		json *j = result_json(&r), *parsed;
		char *text = json_print(j);

		parsed = json_parse(text, strlen(text), &err);
		ck_assert_int_eq(result_from_json(parsed, &back, &err), 0);
		ck_assert_int_eq(back.cost_nano, nanos[i]);
		ck_assert_int_eq(back.budget_nano, nanos[i]);
		free(text);
		json_free(j);
		json_free(parsed);
		result_release(&back);
	}
}
END_TEST

START_TEST(test_bad_json_is_refused_or_survived)
{
	static const char *const refused[] = { "{}", "[]", "null", "{\"run\":\"x\",\"status\":0}",
					       "{\"run\":\"01JD0000000000000000000ABC\"}" };
	static const char odd[] = "{\"run\":\"01JD0000000000000000000ABC\",\"status\":3,\"summary\":7,"
				  "\"gate\":[1],\"findings\":[1,null,{\"severity\":\"odd\",\"line\":-4}],"
				  "\"personas\":[0,1,2,3,4,5,6,7,8,9,10],\"budget_usd\":1e300,"
				  "\"proof\":\"magic\",\"change\":{\"files\":1e99}}";
	struct error err = { 0 };
	struct result r = { 0 };
	json *j;

	for (size_t i = 0; i < sizeof(refused) / sizeof(*refused); i++) {
		j = json_parse(refused[i], strlen(refused[i]), &err);
		ck_assert_int_eq(result_from_json(j, &r, &err), -1);
		json_free(j);
	}
	j = json_parse(odd, strlen(odd), &err);
	ck_assert_ptr_nonnull(j);
	ck_assert_int_eq(result_from_json(j, &r, &err), 0);
	ck_assert_int_eq(r.status, STATUS_GATE);
	ck_assert_uint_eq(r.findings.n, 3);
	ck_assert_uint_eq(r.n_personas, PERSONAS_MAX);
	ck_assert_int_eq(r.budget_nano, -1);
	ck_assert_int_eq(r.proof, PROOF_NONE);
	json_free(j);
	result_release(&r);
}
END_TEST

START_TEST(test_money)
{
	static const struct { int64_t nano; const char *text; } cases[] = {
		{ 0, "$0.0000" }, { 1, "$0.000000001" }, { 12300000, "$0.0123" }, { 42000, "$0.000042" },
		{ 1000000000, "$1.0000" }, { 57500000000000, "$57500.0000" }, { -500000000, "-$0.5000" },
		{ 123456789, "$0.123456789" }, { INT64_MAX, "$9223372036.854775807" },
		{ INT64_MIN, "-$9223372036.854775808" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char out[32];

		money_format(cases[i].nano, out);
		ck_assert_str_eq(out, cases[i].text);
	}
}
END_TEST

START_TEST(test_findings_copy_owns_its_strings)
{
	struct result r = full_result();
	struct findings copy = { 0 };
	struct error err = { 0 };
	json *a, *b;
	char *x, *y;

	ck_assert_int_eq(findings_copy(&copy, &r.findings, &err), 0);
	a = findings_json(&r.findings);
	b = findings_json(&copy);
	x = json_print(a);
	y = json_print(b);
	ck_assert_str_eq(x, y);
	ck_assert_ptr_ne(copy.v[0].title, r.findings.v[0].title);
	free(x);
	free(y);
	json_free(a);
	json_free(b);
	findings_release(&copy);
	findings_release(&copy);
	result_release(&r);
}
END_TEST

START_TEST(test_severities)
{
	enum severity s = SEVERITY_INFO;

	for (int i = SEVERITY_INFO; i <= SEVERITY_CRITICAL; i++) {
		ck_assert(severity_parse(severity_name((enum severity)i), &s));
		ck_assert_int_eq(s, i);
	}
	ck_assert(severity_parse("HIGH", &s));
	ck_assert_int_eq(s, SEVERITY_HIGH);
	ck_assert(!severity_parse("", &s) && !severity_parse(NULL, &s) && !severity_parse("highest", &s));
	ck_assert_int_eq(s, SEVERITY_HIGH);
}
END_TEST

Suite *suite_result(void)
{
	Suite *s = suite_create("result");
	TCase *t = tcase_create("result");

	tcase_add_test(t, test_json_there_and_back);
	tcase_add_test(t, test_unknown_cost_is_null_never_zero);
	tcase_add_test(t, test_nano_dollars_survive_json);
	tcase_add_test(t, test_bad_json_is_refused_or_survived);
	tcase_add_test(t, test_money);
	tcase_add_test(t, test_findings_copy_owns_its_strings);
	tcase_add_test(t, test_severities);
	suite_add_tcase(s, t);
	return s;
}
