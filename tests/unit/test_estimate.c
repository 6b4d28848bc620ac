/* test_estimate.c: what a run is likely to cost. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/ledger.h"
#include "model/estimate.h"
#include "suites.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64], path[128], model[] = "m";
static struct error err;
static const struct model_route dollar = { /* 1 $/M in, 10 $/M out */
	.model = model, .price_known = true, .input_femto = 1000000000, .output_femto = 10000000000,
};

static void setup(void)
{
	err = (struct error){ 0 };
	strcpy(folder, "/tmp/estimate-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/ledger.db", folder);
}

static void teardown(void)
{
	path_remove_tree(folder, NULL);
}

static struct estimate_input automatic(int steps)
{
	struct estimate_input in = { .steps = steps, .max_attempts = 2, .max_rounds = 2,
				     .context_tokens = 12000 };

	for (int r = 0; r < ESTIMATE_ROLES; r++) {
		in.use[r] = r == ESTIMATE_MAVEN || r == ESTIMATE_ARTISAN ? ESTIMATE_MAYBE
									 : ESTIMATE_YES;
		in.route[r] = &dollar;
	}
	return in;
}

START_TEST(calls_follow_the_plan)
{
	struct estimate_input in = automatic(4);
	struct estimate e;

	ck_assert_int_eq(estimate_run(NULL, &in, &e, &err), 0);
	ck_assert_uint_eq(e.n, 5);
	ck_assert_int_eq(e.line[ESTIMATE_MAVEN].calls[ESTIMATE_LIKELY], 0);
	ck_assert_int_eq(e.line[ESTIMATE_MAVEN].calls[ESTIMATE_HIGH], 4);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].calls[ESTIMATE_LOW], 4);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].calls[ESTIMATE_LIKELY], 5);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].calls[ESTIMATE_HIGH], 14);
	ck_assert_int_eq(e.line[ESTIMATE_GUARDIAN].calls[ESTIMATE_LIKELY], 1);
	ck_assert_int_eq(e.line[ESTIMATE_ARTISAN].calls[ESTIMATE_LIKELY], 0);
	for (int c = 0; c < ESTIMATE_CASES; c++) {
		int64_t sum = 0;

		for (size_t i = 0; i < e.n; i++)
			sum += e.line[i].cost_nano[c];
		ck_assert_int_eq(e.cost_nano[c], sum);
	}
	ck_assert_int_lt(e.cost_nano[ESTIMATE_LOW], e.cost_nano[ESTIMATE_LIKELY]);
	ck_assert_int_lt(e.cost_nano[ESTIMATE_LIKELY], e.cost_nano[ESTIMATE_HIGH]);
	in.use[ESTIMATE_PACER] = ESTIMATE_NO;
	in.use[ESTIMATE_ARTISAN] = ESTIMATE_YES;
	ck_assert_int_eq(estimate_run(NULL, &in, &e, &err), 0);
	ck_assert_uint_eq(e.n, 4);
	ck_assert_int_eq(e.line[0].role, ESTIMATE_MAVEN);
	ck_assert_int_eq(e.line[2].calls[ESTIMATE_LIKELY],
			 2); /* the refinement is reviewed as well */
}
END_TEST

START_TEST(unknown_prices_are_not_zero)
{
	struct estimate_input in = automatic(0);
	struct model_route unknown = { .model = model };
	struct estimate e;
	CLEANUP_BUF struct buf out = BUF_INIT(4096);
	CLEANUP_JSON json *j = NULL;

	in.route[ESTIMATE_BUILDER] = &unknown;
	ck_assert_int_eq(estimate_run(NULL, &in, &e, &err), 0);
	ck_assert_int_eq(e.unknown_lines, 1);
	ck_assert(!e.line[ESTIMATE_BUILDER].known);
	ck_assert_int_eq(estimate_render(&out, &e), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "price unknown"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "+ 1 persona with an unknown price"));
	j = estimate_json(&e);
	ck_assert(json_is_null(json_path(j, "personas.2.likely_usd")));
	ck_assert(json_is_number(json_get(j, "likely_usd")));
	for (int r = 0; r < ESTIMATE_ROLES; r++)
		in.route[r] = NULL;
	ck_assert_int_eq(estimate_run(NULL, &in, &e, &err), 0);
	buf_clear(&out);
	estimate_render(&out, &e);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "estimate: unknown"));
	ck_assert_ptr_null(strchr(buf_str(&out), '$'));
}
END_TEST

static void add_calls(struct ledger *l, const char *persona, const char *outcome, int n,
		      int64_t output)
{
	for (int i = 0; i < n; i++) {
		struct ledger_call c = {
			.id = ulid_new(),
			.persona = persona,
			.provider = "openai",
			.usage = { .input = 900, .cache_read = 100, .output = output + i },
			.outcome = outcome
		};

		ck_assert_int_eq(ledger_call(l, &c, &err), 0);
	}
}

START_TEST(history_replaces_the_guess)
{
	struct estimate_input in = automatic(1);
	struct ledger *l = NULL;
	struct estimate e;

	ck_assert_msg(ledger_open(path, false, &l, NULL, &err) == 0, "%s", err.message);
	add_calls(l, "builder", "ok", 101, 1000); /* 1000 … 1100 */
	add_calls(l, "builder", "error", 50, 0);
	add_calls(l, "guardian", "ok", 4, 77);    /* too few to tell */
	ck_assert_int_eq(ledger_flush(l, &err), 0);
	ck_assert_int_eq(estimate_run(l, &in, &e, &err), 0);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].samples, 101);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].input[ESTIMATE_LIKELY], 1000);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].output[ESTIMATE_LOW], 1025);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].output[ESTIMATE_LIKELY], 1050);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].output[ESTIMATE_HIGH], 1090);
	/* one call: 1000 × 1 $/M + 1025 × 10 $/M */
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].cost_nano[ESTIMATE_LOW],
			 1000 * 1000 + 1025 * 10000);
	ck_assert_int_eq(e.line[ESTIMATE_GUARDIAN].samples, 0);
	ledger_close(l, NULL);
}
END_TEST

START_TEST(extremes)
{
	struct model_route dear = dollar;
	struct estimate_input in = automatic(12);
	struct estimate e;

	dear.input_femto = dear.output_femto = 1000000000000000;
	dear.max_output = 100;
	for (int r = 0; r < ESTIMATE_ROLES; r++)
		in.route[r] = &dear;
	in.context_tokens = INT64_MAX / 4;
	in.max_attempts = in.max_rounds = -1;
	ck_assert_int_eq(estimate_run(NULL, &in, &e, &err), 0);
	ck_assert_int_eq(e.cost_nano[ESTIMATE_HIGH], INT64_MAX);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].output[ESTIMATE_HIGH], 100);
	ck_assert_int_eq(e.line[ESTIMATE_BUILDER].calls[ESTIMATE_HIGH], 12);
}
END_TEST

Suite *suite_estimate(void)
{
	Suite *s = suite_create("estimate");
	TCase *c = tcase_create("estimate");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, calls_follow_the_plan);
	tcase_add_test(c, unknown_prices_are_not_zero);
	tcase_add_test(c, history_replaces_the_guess);
	tcase_add_test(c, extremes);
	suite_add_tcase(s, c);
	return s;
}
