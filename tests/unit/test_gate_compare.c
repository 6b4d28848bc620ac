#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run/gate.h"

Suite *suite_gate_compare(void);

/* A gate's result: its state, and what its tests wrote. */
static struct gate_result gate(enum gate_state state, const char *output)
{
	struct gate_result g = { .state = state, .exit_code = state == GATE_GREEN ? 0 : 1 };
	struct error err = { 0 };

	ck_assert_int_eq(test_parse(output, strlen(output), &g.tests, &err), 0);
	return g;
}

static char *join(const struct strv *v)
{
	char *all = strdup("");
	size_t i;

	for (i = 0; i < v->n; i++) {
		char *more = str_printf("%s%s%s", all, i ? " " : "", v->v[i]);

		free(all);
		all = more;
	}
	return all;
}

static const struct pair {
	const char *what;
	enum gate_state base_state;
	const char *base;
	enum gate_state now_state;
	const char *now;
	bool step_ok, final_ok, known_ok; /* known_ok: final_ok with allow_known */
	enum proof proof;                 /* without allow_known */
	const char *fixed, *broken, *known, *added;
} pairs[] = {
	{ "a red test made green", GATE_RED, "ok 1 - a\nnot ok 2 - b\n",
	  GATE_GREEN, "ok 1 - a\nok 2 - b\n", true, true, true, PROOF_RED_GREEN, "b", "", "", "" },
	{ "green both times", GATE_GREEN, "ok 1 - a\n", GATE_GREEN, "ok 1 - a\nok 2 - b\n",
	  true, true, true, PROOF_GREEN_ONLY, "", "", "", "" },
	{ "one fixed, one broken", GATE_RED, "ok 1 - a\nnot ok 2 - b\n",
	  GATE_RED, "not ok 1 - a\nok 2 - b\n", false, false, false, PROOF_NONE, "b", "a", "", "" },
	{ "half of the red ones", GATE_RED, "ok 1 - a\nnot ok 2 - b\nnot ok 3 - c\n",
	  GATE_RED, "ok 1 - a\nok 2 - b\nnot ok 3 - c\n",
	  true, false, true, PROOF_NONE, "b", "", "c", "" },
	{ "a new test that is red", GATE_GREEN, "ok 1 - a\n",
	  GATE_RED, "ok 1 - a\nnot ok 2 - b\n", true, false, false, PROOF_NONE, "", "", "", "b" },
	{ "a passing test is gone", GATE_RED, "ok 1 - a\nnot ok 2 - b\n",
	  GATE_GREEN, "ok 1 - b\n", false, true, true, PROOF_GREEN_ONLY, "b", "a", "", "" },
	{ "the red test is gone", GATE_RED, "ok 1 - a\nnot ok 2 - b\n",
	  GATE_GREEN, "ok 1 - a\n", false, true, true, PROOF_GREEN_ONLY, "", "b", "", "" },
	{ "the red test is skipped", GATE_RED, "ok 1 - a\nnot ok 2 - b\n",
	  GATE_GREEN, "ok 1 - a\nok 2 - b # SKIP\n",
	  false, true, true, PROOF_GREEN_ONLY, "", "b", "", "" },
	{ "failures alone are named", GATE_RED,
	  "== short test summary info ==\nFAILED t.py::b - x\n== 1 failed, 4 passed in 0.1s ==\n",
	  GATE_GREEN, "== 5 passed in 0.1s ==\n", true, true, true, PROOF_RED_GREEN,
	  "t.py::b", "", "", "" },
	{ "failures alone, one left", GATE_RED,
	  "== short test summary info ==\nFAILED t.py::b\nFAILED t.py::c\n== 2 failed, 4 passed in 1s ==\n",
	  GATE_RED, "== short test summary info ==\nFAILED t.py::c\n== 1 failed, 5 passed in 1s ==\n",
	  true, false, true, PROOF_NONE, "t.py::b", "", "t.py::c", "" },
	{ "failures alone, fewer tests", GATE_RED,
	  "== short test summary info ==\nFAILED t.py::b - x\n== 1 failed, 4 passed in 0.1s ==\n",
	  GATE_GREEN, "== 4 passed in 0.1s ==\n", false, true, true, PROOF_GREEN_ONLY,
	  "", "t.py::b", "", "" },
	{ "failures alone, another one red", GATE_RED,
	  "== short test summary info ==\nFAILED t.py::b - x\n== 1 failed, 4 passed in 0.1s ==\n",
	  GATE_RED, "== short test summary info ==\nFAILED t.py::a\n== 1 failed, 4 passed in 0.1s ==\n",
	  false, false, false, PROOF_NONE, "t.py::b", "t.py::a", "", "" },
	{ "a file that could not be loaded", GATE_RED,
	  "test_a (test_m.T.test_a) ... ok\ntest_new (unittest.loader._FailedTest.test_new) ... ERROR\n",
	  GATE_GREEN, "test_a (test_m.T.test_a) ... ok\ntest_x (test_new.T.test_x) ... ok\n",
	  true, true, true, PROOF_RED_GREEN, "test_new", "", "", "" },
	{ "inside a harness, silent when green", GATE_RED,
	  "Test project /b\n1/1 Test #1: all ...***Failed 0.0 sec\nok 1 - a\nnot ok 2 - b\n"
	  "0% tests passed, 1 tests failed out of 1\n",
	  GATE_GREEN, "Test project /b\n1/1 Test #1: all ... Passed 0.0 sec\n"
	  "100% tests passed, 0 tests failed out of 1\n",
	  true, true, true, PROOF_RED_GREEN, "all", "", "", "" },
	{ "a package is the sum of its tests", GATE_RED,
	  "--- FAIL: TestA (0.00s)\nFAIL\nFAIL\tx/a\t0.1s\n", GATE_GREEN,
	  "--- PASS: TestA (0.00s)\nPASS\nok  \tx/a\t0.1s\n",
	  true, true, true, PROOF_RED_GREEN, "x/a.TestA", "", "", "" },
	{ "the last of automake's results is framed by the summary", GATE_RED,
	  "PASS: zero\nFAIL: five\n==========================\n   x 1: ./test-suite.log\n"
	  "==========================\n\n.. contents:: :depth: 2\n\nFAIL: five\n==========\n\n"
	  "=============\nTestsuite summary for x 1\n=============\n# TOTAL: 2\n# PASS:  1\n# FAIL:  1\n",
	  GATE_GREEN, "PASS: zero\nPASS: five\n=============\nTestsuite summary for x 1\n"
	  "=============\n# TOTAL: 2\n# PASS:  2\n# FAIL:  0\n",
	  true, true, true, PROOF_RED_GREEN, "five", "", "", "" },
	{ "inside a harness, another one broke", GATE_RED,
	  "Test project /b\n1/1 Test #1: all ...***Failed 0.0 sec\nok 1 - a\nnot ok 2 - b\n"
	  "0% tests passed, 1 tests failed out of 1\n",
	  GATE_RED, "Test project /b\n1/1 Test #1: all ...***Failed 0.0 sec\nnot ok 1 - a\nok 2 - b\n"
	  "0% tests passed, 1 tests failed out of 1\n",
	  false, false, false, PROOF_NONE, "b", "a", "all", "" },
	{ "silent when green", GATE_RED, "not ok 3 - c\n", GATE_GREEN, "",
	  true, true, true, PROOF_RED_GREEN, "c", "", "", "" },
	{ "the tests are not run any more", GATE_RED, "ok 1 - a\nnot ok 2 - b\n", GATE_GREEN, "fine\n",
	  false, true, true, PROOF_GREEN_ONLY, "", "a b", "", "" },
	{ "no names, red to green", GATE_RED, "bad\n", GATE_GREEN, "good\n",
	  true, true, true, PROOF_RED_GREEN, "", "", "", "" },
	{ "no names, red to red", GATE_RED, "bad\n", GATE_RED, "bad\n",
	  true, false, true, PROOF_NONE, "", "", "", "" },
	{ "no names, green to red", GATE_GREEN, "good\n", GATE_RED, "bad\n",
	  false, false, false, PROOF_NONE, "", "", "", "" },
	{ "the tests' code compiles now", GATE_RED, "t.c:3: error: implicit declaration\n",
	  GATE_GREEN, "ok 1 - a\n", true, true, true, PROOF_RED_GREEN, "", "", "", "" },
	{ "a crash before any test", GATE_RED, "ok 1 - a\nnot ok 2 - b\n", GATE_RED, "Segmentation\n",
	  false, false, false, PROOF_NONE, "", "", "", "" },
	{ "red without a failing test", GATE_GREEN, "ok 1 - a\n", GATE_RED, "ok 1 - a\nleak\n",
	  false, false, false, PROOF_NONE, "", "", "", "" },
	{ "red without a failing test, both times", GATE_RED, "ok 1 - a\n", GATE_RED, "ok 1 - a\n",
	  true, false, true, PROOF_NONE, "", "", "", "" },
	{ "a hang", GATE_RED, "ok 1 - a\nnot ok 2 - b\n", GATE_TIMEOUT, "ok 1 - a\n",
	  false, false, false, PROOF_NONE, "", "b", "", "" },
	{ "counts alone, better", GATE_RED, "50%: Checks: 4, Failures: 2, Errors: 0\n",
	  GATE_RED, "75%: Checks: 4, Failures: 1, Errors: 0\n",
	  true, false, true, PROOF_NONE, "", "", "", "" },
	{ "counts alone, worse", GATE_RED, "75%: Checks: 4, Failures: 1, Errors: 0\n",
	  GATE_RED, "50%: Checks: 4, Failures: 2, Errors: 0\n",
	  false, false, false, PROOF_NONE, "", "", "", "" },
};

static void check_list(const struct pair *p, const char *what, const struct strv *got,
		       const char *want)
{
	CLEANUP_FREE char *all = join(got);

	ck_assert_msg(!strcmp(all, want), "%s: %s is \"%s\", not \"%s\"", p->what, what, all, want);
}

START_TEST(compared)
{
	const struct pair *p = &pairs[_i];
	struct gate_result base = gate(p->base_state, p->base);
	struct gate_result now = gate(p->now_state, p->now);
	struct gate_comparison c, k;

	ck_assert_int_eq(gate_compare(&base, &now, false, &c, NULL), 0);
	ck_assert_int_eq(gate_compare(&base, &now, true, &k, NULL), 0);
	check_list(p, "fixed", &c.fixed, p->fixed);
	check_list(p, "broken", &c.broken, p->broken);
	check_list(p, "known", &c.known, p->known);
	check_list(p, "added", &c.added_failing, p->added);
	ck_assert_msg(c.step_ok == p->step_ok, "%s: step %d", p->what, c.step_ok);
	ck_assert_msg(c.final_ok == p->final_ok, "%s: final %d", p->what, c.final_ok);
	ck_assert_msg(k.final_ok == p->known_ok, "%s: with known %d", p->what, k.final_ok);
	ck_assert_msg(c.proof == p->proof, "%s: proof %d", p->what, (int)c.proof);
	gate_comparison_release(&c);
	gate_comparison_release(&k);
	gate_result_release(&base);
	gate_result_release(&now);
}
END_TEST

START_TEST(failing_build)
{
	struct gate_result base = gate(GATE_RED, "not ok 1 - a\n"), now = gate(GATE_RED, "");
	struct gate_comparison c;

	now.build_failed = true;
	ck_assert_int_eq(gate_compare(&base, &now, true, &c, NULL), 0);
	ck_assert(!c.step_ok && !c.final_ok);
	gate_comparison_release(&c);
	/* a base that did not build proves nothing by being green now */
	base.build_failed = true;
	now.build_failed = false;
	now.state = GATE_GREEN;
	test_set_release(&base.tests);
	ck_assert_int_eq(gate_compare(&base, &now, false, &c, NULL), 0);
	ck_assert(c.step_ok && c.final_ok);
	ck_assert_int_eq(c.proof, PROOF_GREEN_ONLY);
	gate_comparison_release(&c);
	gate_result_release(&base);
	gate_result_release(&now);
}
END_TEST

START_TEST(known_failures_are_named)
{
	struct gate_result base = gate(GATE_RED, "boom\n"), now = gate(GATE_RED, "boom\n");
	struct gate_comparison c;

	now.command = strdup("make test");
	ck_assert_int_eq(gate_compare(&base, &now, true, &c, NULL), 0);
	ck_assert(c.final_ok);
	ck_assert_uint_eq(c.known.n, 1);
	ck_assert_str_eq(c.known.v[0], "make test");
	ck_assert_int_eq(c.proof, PROOF_NONE);
	gate_comparison_release(&c);
	now.exit_code = 139; /* another way to fail */
	ck_assert_int_eq(gate_compare(&base, &now, true, &c, NULL), 0);
	ck_assert(!c.final_ok);
	gate_comparison_release(&c);
	gate_result_release(&base);
	gate_result_release(&now);
}
END_TEST

START_TEST(known_failures_and_a_fixed_one_prove)
{
	struct gate_result base = gate(GATE_RED, "not ok 1 - a\nnot ok 2 - b\nok 3 - c\n");
	struct gate_result now = gate(GATE_RED, "not ok 1 - a\nok 2 - b\nok 3 - c\n");
	struct gate_comparison c;

	ck_assert_int_eq(gate_compare(&base, &now, true, &c, NULL), 0);
	ck_assert(c.step_ok && c.final_ok);
	ck_assert_int_eq(c.proof, PROOF_RED_GREEN);
	gate_comparison_release(&c);
	gate_comparison_release(NULL);
	gate_result_release(&base);
	gate_result_release(&now);
}
END_TEST

Suite *suite_gate_compare(void)
{
	Suite *s = suite_create("gate_compare");
	TCase *c = tcase_create("compare");

	tcase_add_loop_test(c, compared, 0, (int)(sizeof(pairs) / sizeof(*pairs)));
	tcase_add_test(c, failing_build);
	tcase_add_test(c, known_failures_are_named);
	tcase_add_test(c, known_failures_and_a_fixed_one_prove);
	suite_add_tcase(s, c);
	return s;
}
