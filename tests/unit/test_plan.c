#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run/plan.h"
#include "suites.h"

static int read_plan(const char *text, struct plan *p, struct error *err)
{
	json *j = json_parse(text, strlen(text), err);
	int rc = j ? plan_from_json(j, p, err) : -1;

	json_free(j);
	return rc;
}

START_TEST(optional_fields_are_filled_in)
{
	struct plan p = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_plan("{\"steps\":[{\"title\":\"Do it\",\"instructions\":\"now\"}]}", &p, &err), 0);
	ck_assert_uint_eq(p.n_steps, 1);
	ck_assert_str_eq(p.steps[0].id, "s1");
	ck_assert_str_eq(p.summary, "Do it");
	ck_assert_int_eq(p.steps[0].difficulty, DIFFICULTY_MEDIUM);
	plan_release(&p);
}
END_TEST

START_TEST(steps_come_after_what_they_need)
{
	struct plan p = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_plan("{\"summary\":\"x\",\"steps\":["
		"{\"id\":\"b\",\"title\":\"B\",\"instructions\":\"i\",\"needs\":[\"a\"]},"
		"{\"id\":\"c\",\"title\":\"C\",\"instructions\":\"i\"},"
		"{\"id\":\"a\",\"title\":\"A\",\"instructions\":\"i\"}]}", &p, &err), 0);
	ck_assert_str_eq(p.steps[0].id, "c");
	ck_assert_str_eq(p.steps[1].id, "a");
	ck_assert_str_eq(p.steps[2].id, "b");
	plan_release(&p);
}
END_TEST

START_TEST(what_is_wrong_is_said)
{
	static const struct { const char *text, *says; } cases[] = {
		{ "[]", "not a JSON object" },
		{ "{\"summary\":\"x\"}", "no array" },
		{ "{\"steps\":[]}", "no steps" },
		{ "{\"steps\":[1]}", "step 1 is not an object" },
		{ "{\"steps\":[{\"title\":\"t\"}]}", "no \"instructions\"" },
		{ "{\"steps\":[{\"title\":\"t\",\"instructions\":\"i\",\"files\":[\"../x\"]}]}", "not a path inside" },
		{ "{\"steps\":[{\"title\":\"t\",\"instructions\":\"i\",\"files\":[\".git/config\"]}]}", "not a path inside" },
		{ "{\"steps\":[{\"title\":\"t\",\"instructions\":\"i\",\"files\":\"x\"}]}", "array of strings" },
		{ "{\"steps\":[{\"title\":\"t\",\"instructions\":\"i\",\"needs\":[\"s9\"]}]}", "does not exist" },
		{ "{\"steps\":[{\"id\":\"a\",\"title\":\"t\",\"instructions\":\"i\",\"needs\":[\"b\"]},"
		  "{\"id\":\"b\",\"title\":\"t\",\"instructions\":\"i\",\"needs\":[\"a\"]}]}", "circle" },
		{ "{\"steps\":[{\"id\":\"a\",\"title\":\"t\",\"instructions\":\"i\"},"
		  "{\"id\":\"a\",\"title\":\"t\",\"instructions\":\"i\"}]}", "two steps" },
	};
	struct plan p = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(read_plan(cases[_i].text, &p, &err), -1);
	ck_assert_int_eq(err.code, STATUS_ENDPOINT);
	ck_assert_msg(strstr(err.message, cases[_i].says), "%s: %s", cases[_i].text, err.message);
	ck_assert_uint_eq(p.n_steps, 0);
}
END_TEST

START_TEST(a_thousand_steps_are_refused)
{
	struct buf text = BUF_INIT(1 << 20);
	struct plan p = { 0 };
	struct error err = { 0 };

	buf_adds(&text, "{\"steps\":[");
	for (int i = 0; i < 1000; i++)
		buf_addf(&text, "%s{\"title\":\"t\",\"instructions\":\"i\"}", i ? "," : "");
	buf_adds(&text, "]}");
	ck_assert_int_eq(read_plan(buf_str(&text), &p, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "1000 steps"));
	buf_release(&text);
}
END_TEST

START_TEST(a_plan_survives_printing)
{
	struct plan p = { 0 }, again = { 0 };
	struct error err = { 0 };
	json *j;

	ck_assert_int_eq(read_plan("{\"summary\":\"S\",\"steps\":[{\"id\":\"x\",\"title\":\"T\","
		"\"instructions\":\"I\",\"files\":[\"a.c\"],\"tests\":[\"t\"],\"difficulty\":\"high\"}]}", &p, &err), 0);
	j = plan_json(&p);
	ck_assert_int_eq(plan_from_json(j, &again, &err), 0);
	ck_assert_str_eq(again.steps[0].files.v[0], "a.c");
	ck_assert_str_eq(again.steps[0].tests.v[0], "t");
	ck_assert_int_eq(again.steps[0].difficulty, DIFFICULTY_HIGH);
	json_free(j);
	plan_release(&p);
	plan_release(&again);
}
END_TEST

Suite *suite_plan(void)
{
	Suite *s = suite_create("plan");
	TCase *t = tcase_create("plan");

	tcase_add_test(t, optional_fields_are_filled_in);
	tcase_add_test(t, steps_come_after_what_they_need);
	tcase_add_loop_test(t, what_is_wrong_is_said, 0, 11);
	tcase_add_test(t, a_thousand_steps_are_refused);
	tcase_add_test(t, a_plan_survives_printing);
	suite_add_tcase(s, t);
	return s;
}
