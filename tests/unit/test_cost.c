/* test_cost.c: sums over the ledger, and how money is written. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ledger/cost.h"
#include "suites.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64], path[128];
static struct ledger *l;
static struct error err;

enum { DAY_1 = 0, DAY_2 = 1 };
static const int64_t DAY_US = 86400LL * 1000000;
static const int64_t NOON = 1763726400LL * 1000000; /* 2025-11-21T12:00:00Z */

static struct ulid run_of(const char *task, const char *repository, const char *const *tags)
{
	struct ulid id = ulid_new();
	struct ledger_run r = { .id = id.s, .task = task, .repository = repository, .tags = tags,
				.started_us = NOON, .budget_nano = -1 };

	ck_assert_msg(ledger_run_started(l, &r, &err) == 0, "%s", err.message);
	return id;
}

/* cost below 0: unknown */
static void call(const char *run, const char *persona, const char *model, int day, int64_t cost)
{
	struct ledger_call c = {
		.id = ulid_new(),
		.run = run,
		.persona = persona,
		.provider = "openai",
		.model_asked = model,
		.attempt = 1,
		.http_attempts = 1,
		.started_us = NOON + day * DAY_US,
		.latency_us = 10,
		.usage = { .input = 100, .cache_read = 1, .output = 7 },
		.cost_known = cost >= 0,
		.cost_nano = cost < 0 ? 0 : cost,
		.outcome = "ok",
	};

	ck_assert_int_eq(ledger_call(l, &c, &err), 0);
}

static struct ulid first, second;

static void setup(void)
{
	static const char *const both[] = { "team=core", "nightly", NULL };
	static const char *const one[] = { "team=web", NULL };

	err = (struct error){ 0 };
	strcpy(folder, "/tmp/cost-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/ledger.db", folder);
	ck_assert_msg(ledger_open(path, false, &l, NULL, &err) == 0, "%s", err.message);
	first = run_of("first task", "/a", both);
	second = run_of("second task", "/b", one);
	call(first.s, "builder", "large", DAY_1, 1000000001);
	call(first.s, "builder", "large", DAY_1, 2);
	call(first.s, "pacer", "small", DAY_1, -1);
	call(second.s, "builder", "small", DAY_2, 10);
	call(second.s, "guardian", "small", DAY_2, -1);
	call(NULL, NULL, NULL, DAY_2, 0);
	ck_assert_msg(ledger_flush(l, &err) == 0, "%s", err.message);
}

static void teardown(void)
{
	ledger_close(l, NULL);
	path_remove_tree(folder, NULL);
}

static struct cost_table sums(enum cost_by by, const char *run, int64_t since)
{
	struct cost_query q = { by, run, since };
	struct cost_table t = { 0 };

	ck_assert_msg(cost_read(l, &q, &t, &err) == 0, "%s", err.message);
	return t;
}

static const struct cost_row *row(const struct cost_table *t, const char *key)
{
	for (size_t i = 0; i < t->n; i++)
		if (str_eq(t->rows[i].key, key))
			return &t->rows[i];
	ck_abort_msg("no row %s", key);
	return NULL;
}

START_TEST(by_everything)
{
	struct cost_table t = sums(COST_BY_PERSONA, NULL, 0);

	ck_assert_uint_eq(t.n, 4);
	ck_assert_str_eq(t.rows[0].key, "builder"); /* the dearest first */
	ck_assert_int_eq(t.rows[0].cost_nano, 1000000013);
	ck_assert_int_eq(t.rows[0].calls, 3);
	ck_assert_int_eq(t.rows[0].runs, 2);
	ck_assert_int_eq(row(&t, "pacer")->unknown_calls, 1);
	ck_assert_int_eq(row(&t, "(none)")->calls, 1);
	ck_assert_int_eq(t.total.cost_nano, 1000000013);
	ck_assert_int_eq(t.total.calls, 6);
	ck_assert_int_eq(t.total.unknown_calls, 2);
	ck_assert_int_eq(t.total.input, 600);
	cost_table_release(&t);

	t = sums(COST_BY_RUN, NULL, 0);
	ck_assert_uint_eq(t.n, 3);
	ck_assert_str_eq(t.rows[0].key, second.s);
	ck_assert_str_eq(t.rows[0].label, "second task");
	ck_assert_int_eq(row(&t, first.s)->cost_nano, 1000000003);
	cost_table_release(&t);

	t = sums(COST_BY_DAY, NULL, 0);
	ck_assert_uint_eq(t.n, 2);
	ck_assert_str_eq(t.rows[0].key, "2025-11-21");
	ck_assert_int_eq(t.rows[1].calls, 3);
	cost_table_release(&t);

	t = sums(COST_BY_MODEL, NULL, 0);
	ck_assert_int_eq(row(&t, "small")->calls, 3);
	ck_assert_int_eq(row(&t, "small")->cost_nano, 10);
	cost_table_release(&t);

	t = sums(COST_BY_REPOSITORY, NULL, 0);
	ck_assert_int_eq(row(&t, "/b")->cost_nano, 10);
	cost_table_release(&t);
}
END_TEST

START_TEST(by_tag_counts_a_call_once_in_the_total)
{
	struct cost_table t = sums(COST_BY_TAG, NULL, 0);

	ck_assert_uint_eq(t.n, 4);
	ck_assert_int_eq(row(&t, "team=core")->calls, 3);
	ck_assert_int_eq(row(&t, "nightly")->calls, 3);
	ck_assert_int_eq(row(&t, "team=web")->calls, 2);
	ck_assert_int_eq(row(&t, "(none)")->calls, 1);
	ck_assert_int_eq(t.total.calls, 6);
	cost_table_release(&t);
}
END_TEST

START_TEST(filters)
{
	struct cost_table t = sums(COST_BY_PERSONA, first.s, 0);

	ck_assert_int_eq(t.total.calls, 3);
	cost_table_release(&t);
	t = sums(COST_BY_PERSONA, NULL, NOON + DAY_US);
	ck_assert_int_eq(t.total.calls, 3);
	ck_assert_int_eq(t.total.cost_nano, 10);
	cost_table_release(&t);
	t = sums(COST_BY_RUN, first.s, NOON + DAY_US);
	ck_assert_uint_eq(t.n, 0);
	ck_assert_int_eq(t.total.calls, 0);
	cost_table_release(&t);
}
END_TEST

START_TEST(a_sum_that_does_not_fit_is_an_error)
{
	struct cost_query q = { COST_BY_DAY, NULL, 0 };
	struct cost_table t = { 0 };
	struct error e = { 0 };

	call(first.s, "builder", "m", DAY_1, INT64_MAX);
	ck_assert_int_eq(ledger_flush(l, &err), 0);
	ck_assert_int_eq(cost_read(l, &q, &t, &e), -1);
	ck_assert_int_ne(e.code, STATUS_DONE);
}
END_TEST

START_TEST(money_in_words)
{
	char out[80];

	cost_text(12300000, 0, 4, out);
	ck_assert_str_eq(out, "$0.0123");
	cost_text(12300000, 2, 4, out);
	ck_assert_str_eq(out, "$0.0123 + 2 calls unknown");
	cost_text(0, 1, 1, out);
	ck_assert_str_eq(out, "unknown (1 call)");
	cost_text(0, 1, 2, out); /* the other one was free, and is known to be */
	ck_assert_str_eq(out, "$0.0000 + 1 call unknown");
	cost_dollars(57500LL * 1000000000, out);
	ck_assert_str_eq(out, "$57,500.00");
	cost_dollars(1234567000000001, out);
	ck_assert_str_eq(out, "$1,234,567.000000001");
	cost_dollars(0, out);
	ck_assert_str_eq(out, "$0.00");
	cost_thousands(10000000, out);
	ck_assert_str_eq(out, "10,000,000");
	cost_thousands(-999, out);
	ck_assert_str_eq(out, "-999");
	cost_thousands(INT64_MIN, out);
	ck_assert_str_eq(out, "-9,223,372,036,854,775,808");
	cost_decimal(1000000013, out);
	ck_assert_str_eq(out, "1.000000013");
}
END_TEST

START_TEST(counts)
{
	static const struct { const char *text; int64_t n;
	} good[] = {
		{ "0", 0 },	      { "10M", 10000000 },     { "10m", 10000000 },
		{ "1.5k", 1500 },     { "1,000", 1000 },       { "2G", 2000000000 },
		{ "2B", 2000000000 }, { "1T", 1000000000000 }, { "9223372036854775807", INT64_MAX },
		{ "0.001k", 1 },      { ".5k", 500 },
	};
	static const char *const bad[] = { "",
					   "M",
					   "-1",
					   "1.5",
					   "1.0001k",
					   "10 M",
					   "1e3",
					   "1k1",
					   ".",
					   ",1",
					   "9223372036854775808",
					   "99999999999T",
					   "1.2.3k",
					   NULL };
	int64_t n;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		ck_assert_msg(cost_parse_count(good[i].text, &n), "%s", good[i].text);
		ck_assert_int_eq(n, good[i].n);
	}
	for (size_t i = 0; bad[i]; i++)
		ck_assert_msg(!cost_parse_count(bad[i], &n), "%s", bad[i]);
	ck_assert(!cost_parse_count(NULL, &n));
	ck_assert(cost_parse_sample("10%", 10000000, &n));
	ck_assert_int_eq(n, 1000000);
	ck_assert(cost_parse_sample("0.5%", 300, &n));
	ck_assert_int_eq(n, 2);
	ck_assert(cost_parse_sample("1%", 3, &n));
	ck_assert_int_eq(n, 1);
	ck_assert(cost_parse_sample("100%", INT64_MAX, &n));
	ck_assert_int_eq(n, INT64_MAX);
	ck_assert(cost_parse_sample("2k", 10000, &n));
	ck_assert_int_eq(n, 2000);
	ck_assert(!cost_parse_sample("0%", 10, &n));
	ck_assert(!cost_parse_sample("101%", 10, &n));
	ck_assert(!cost_parse_sample("11", 10, &n));
	ck_assert(!cost_parse_sample("x%", 10, &n));
}
END_TEST

START_TEST(names)
{
	enum cost_by by;

	for (int i = 0; i < COST_BY_COUNT; i++) {
		ck_assert(cost_by_parse(cost_by_name((enum cost_by)i), &by));
		ck_assert_int_eq(by, i);
	}
	ck_assert(!cost_by_parse("week", &by));
	ck_assert(!cost_by_parse(NULL, &by));
}
END_TEST

Suite *suite_cost(void)
{
	Suite *s = suite_create("cost");
	TCase *c = tcase_create("cost");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, by_everything);
	tcase_add_test(c, by_tag_counts_a_call_once_in_the_total);
	tcase_add_test(c, filters);
	tcase_add_test(c, a_sum_that_does_not_fit_is_an_error);
	tcase_add_test(c, money_in_words);
	tcase_add_test(c, counts);
	tcase_add_test(c, names);
	suite_add_tcase(s, c);
	return s;
}
