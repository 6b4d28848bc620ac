/* test_price.c: price files and the arithmetic of money. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/price.h"
#include "suites.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64];

static void setup(void)
{
	strcpy(folder, "/tmp/price-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	path_remove_tree(folder, NULL);
}

/* Writes a price file and gives its path. */
static char *file(const char *name, const char *text)
{
	char *path = path_join(folder, name);

	ck_assert_int_eq(path_write_atomic(path, text, strlen(text), 0600, false, NULL), 0);
	return path;
}

static struct price_table *load(const char *text)
{
	struct price_table *t = NULL;
	struct error err = { 0 };
	CLEANUP_FREE char *path = file("p.json", text);

	ck_assert_msg(price_table_load(path, NULL, &t, &err) == 0, "%s", err.message);
	return t;
}

static void refused(const char *text, const char *says)
{
	struct price_table *t = NULL;
	struct error err = { 0 };
	CLEANUP_FREE char *path = file("bad.json", text);

	ck_assert_int_eq(price_table_load(path, NULL, &t, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(strstr(err.message, "bad.json") != NULL, "%s", err.message);
	ck_assert_msg(strstr(err.message, says) != NULL, "'%s' lacks '%s'", err.message, says);
	ck_assert_ptr_null(t);
}

START_TEST(rates_are_exact)
{
	struct price_table *t = load(
		"{\"a\": {\"input_cost_per_token\": 3e-07, \"output_cost_per_token\": \"2.5e-6\","
		" \"cache_read_input_token_cost\": 7.5e-08, \"max_tokens\": 4096,"
		" \"max_input_tokens\": \"128000\", \"output_cost_per_token_batches\": 1},"
		" \"tiny\": {\"input_cost_per_token\": 1e-17, \"output_cost_per_token\": "
		"3.625e-09}}");
	struct price p;

	ck_assert(price_find(t, NULL, "a", &p));
	ck_assert_int_eq(p.base.input, 300000000);
	ck_assert_int_eq(p.base.output, 2500000000);
	ck_assert_int_eq(p.base.cache_read, 75000000);
	ck_assert_int_eq(p.base.cache_write, -1);
	ck_assert_int_eq(p.max_input, 128000);
	ck_assert_int_eq(p.max_output, 4096);
	ck_assert(price_find(t, NULL, "tiny", &p));
	ck_assert_int_eq(p.base.input, 1); /* never rounded down to free */
	ck_assert_int_eq(p.base.output, 3625000);
	price_table_free(t);
}
END_TEST

START_TEST(lookup)
{
	struct price_table *t =
		load("{\"sample_spec\": {\"input_cost_per_token\": \"what it costs\"},"
		     " \"gpt-4o\": {\"litellm_provider\": \"openai\", \"input_cost_per_token\": "
		     "2e-6, \"output_cost_per_token\": 1e-5},"
		     " \"gpt-4o-2024-05-13\": {\"input_cost_per_token\": 5e-6, "
		     "\"output_cost_per_token\": 1.5e-5},"
		     " \"groq/llama\": {\"input_cost_per_token\": 1e-6, \"output_cost_per_token\": "
		     "1e-6},"
		     " \"half\": {\"input_cost_per_token\": 1e-6, \"max_output_tokens\": 7},"
		     " \"vectors\": {\"mode\": \"embedding\", \"input_cost_per_token\": 1e-6}}");
	struct price p;

	ck_assert(price_find(t, "openai", "gpt-4o-2024-08-06", &p));
	ck_assert_int_eq(p.base.input, 2000000000);
	ck_assert(price_find(t, "openai", "gpt-4o-20240806", &p));
	ck_assert(price_find(t, "openai", "gpt-4o-2024-05-13", &p));
	ck_assert_int_eq(p.base.input, 5000000000);
	ck_assert(price_find(t, NULL, "openai/gpt-4o", &p));
	ck_assert(!price_find(t, NULL, "azure/gpt-4o", &p));
	ck_assert(price_find(t, "groq", "llama", &p));
	ck_assert(!price_find(t, "together_ai", "llama", &p));
	ck_assert(!price_find(t, "openai", "gpt-4o-mini", &p));
	ck_assert(!price_find(t, NULL, "sample_spec", &p));
	ck_assert(!price_find(t, NULL, "half", &p)); /* half a price is no price … */
	ck_assert_int_eq(p.max_output, 7);           /* … but the limit is known */
	ck_assert(price_find(t, NULL, "vectors", &p));
	ck_assert(!price_find(t, NULL, "", &p));
	ck_assert(!price_find(t, NULL, NULL, &p));
	ck_assert_str_eq(price_nearest(t, "gpt-4"), "gpt-4o");
	ck_assert_uint_eq(price_table_len(t), 4);
	price_table_free(t);
}
END_TEST

START_TEST(tiers_replace_all_rates)
{
	struct price_table *t = load(
		"{\"m\": {\"output_cost_per_token_above_400k_tokens\": 4e-6,"
		" \"input_cost_per_token\": 1e-6, \"output_cost_per_token\": 2e-6,"
		" \"cache_read_input_token_cost\": 5e-7,"
		" \"input_cost_per_token_above_200k_tokens\": 2e-6,"
		" \"output_cost_per_token_above_200k_tokens\": 3e-6,"
		" \"cache_creation_input_token_cost_above_1hr\": 9e-6}}");
	struct price p;
	struct usage u = { .input = 200000, .output = 10 };

	ck_assert(price_find(t, NULL, "m", &p));
	ck_assert_int_eq(p.n_tiers, 2);
	ck_assert_int_eq(p.tier[0].above_tokens, 200000);
	ck_assert_int_eq(p.tier[0].rates.cache_read, 500000000);
	ck_assert_int_eq(p.tier[1].rates.input, 2000000000);
	ck_assert_int_eq(p.base.cache_write, -1);
	/* exactly at the threshold: not passed */
	ck_assert_int_eq(price_cost(&p, &u), 200000LL * 1000 + 10 * 2000);
	u.cache_read = 1; /* cached tokens count towards it */
	ck_assert_int_eq(price_cost(&p, &u), 200000LL * 2000 + 500 + 10 * 3000);
	ck_assert_int_eq(price_worst(&p, 1000, 10), 1000 * 1000 + 10 * 2000);
	ck_assert_int_eq(price_worst(&p, 400001, 10), 400001LL * 2000 + 10 * 4000);
	price_table_free(t);
}
END_TEST

START_TEST(cost_is_rounded_once)
{
	struct price p = { .known = true, .base = { 499999, 1, 500000, -1, 7 } };
	struct usage u = { .input = 1 };

	ck_assert_int_eq(price_cost(&p, &u), 0);
	u.output = 1; /* 499,999 + 1 femto-dollars: half a nano-dollar, up */
	ck_assert_int_eq(price_cost(&p, &u), 1);
	u = (struct usage){ .cache_write = 2 }; /* as input */
	ck_assert_int_eq(price_cost(&p, &u), 1);
	u = (struct usage){ .output = 200000, .reasoning = 100000 };
	ck_assert_int_eq(price_cost(&p, &u), 1); /* 100,000 × 1 + 100,000 × 7 */
	u = (struct usage){ .output = 1, .reasoning = 100000 };
	ck_assert_int_eq(price_cost(&p, &u), 1); /* reported past the output: still charged */
	u = (struct usage){ .input = -5, .output = INT64_MIN };
	ck_assert_int_eq(price_cost(&p, &u), 0);
	ck_assert_int_eq(price_cost_calls(&p, &(struct usage){ .input = 1 }, 1000000), 499999);
	p.base = (struct price_rates){ 1000000000000000, 1000000000000000, -1, -1, -1 };
	u = (struct usage){ INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, 0, false };
	ck_assert_int_eq(price_cost(&p, &u), INT64_MAX);
	ck_assert_int_eq(price_cost_calls(&p, &u, INT64_MAX), INT64_MAX);
}
END_TEST

START_TEST(ten_million_calls)
{
	struct price p = { .known = true, .base = { 5000000000, 15000000000, -1, -1, -1 } };
	struct usage u = { .input = 1000, .output = 50 };

	ck_assert_int_eq(price_cost_calls(&p, &u, 10000000), 57500LL * 1000000000);
	ck_assert_int_eq(price_cost_calls(&p, &u, 1000000), 5750LL * 1000000000);
}
END_TEST

START_TEST(bad_entries_are_refused)
{
	refused("{\"x\": 1}", "x: must be a map");
	refused("[]", "must be a map");
	refused("{\"x\": {\"input_cost_per_token\": -1e-9}}", "x: input_cost_per_token must lie");
	refused("{\"x\": {\"input_cost_per_token\": 1.5}}", "between 0 and 1 USD");
	refused("{\"x\": {\"output_cost_per_token\": \"inf\"}}", "output_cost_per_token");
	refused("{\"x\": {\"output_cost_per_token\": \"cheap\"}}", "not a number");
	refused("{\"x\": {\"output_cost_per_token\": true}}", "not a number");
	refused("{\"x\": {\"cache_read_input_token_cost_above_9k_tokens\": {}}}", "not a number");
	refused("{\"x\": {\"max_tokens\": -3}}", "max_tokens is not a whole number");
	refused("{\"x\": {\"max_tokens\": \"many\"}}", "max_tokens is not a whole number");
	refused("{\"x\": {\"input_cost_per_token\": 1e-6,", "line 1");
	refused("{\"x\": {\"input_cost_per_token_above_1k_tokens\": 0,"
		"\"input_cost_per_token_above_2k_tokens\": 0, "
		"\"input_cost_per_token_above_3k_tokens\": 0,"
		"\"input_cost_per_token_above_4k_tokens\": 0, "
		"\"input_cost_per_token_above_5k_tokens\": 0}}",
		"one price step too many");
	refused("{\"\": {}}", "a name is empty");
}
END_TEST

START_TEST(users_file_lies_over_the_builtin)
{
	CLEANUP_FREE char *builtin = file("a.json",
		"{\"a\": {\"input_cost_per_token\": 1e-6, \"output_cost_per_token\": 1e-6},"
		" \"b\": {\"input_cost_per_token\": 1e-6, \"output_cost_per_token\": 1e-6}}");
	CLEANUP_FREE char *user = file("b.json",
		"{\"b\": {\"input_cost_per_token\": 2e-6, \"output_cost_per_token\": null},"
		" \"a\": {\"input_cost_per_token\": 0, \"output_cost_per_token\": 0}}");
	struct price_table *one = NULL, *two = NULL, *none = NULL;
	struct price p;

	ck_assert_int_eq(price_table_load(builtin, NULL, &one, NULL), 0);
	ck_assert_int_eq(price_table_load(builtin, user, &two, NULL), 0);
	ck_assert_int_eq(price_table_load(NULL, NULL, &none, NULL), 0);
	ck_assert(price_find(two, NULL, "a", &p));
	ck_assert_int_eq(p.base.input, 0);
	ck_assert(!price_find(two, NULL, "b", &p)); /* the user took the price away */
	ck_assert(!price_find(none, NULL, "a", &p));
	ck_assert_mem_ne(price_table_hash(one), price_table_hash(two), sizeof(struct sha256));
	price_table_free(one);
	price_table_free(two);
	price_table_free(none);
	price_table_free(NULL);
}
END_TEST

START_TEST(shipped_file)
{
	const char *src = getenv("srcdir");
	CLEANUP_FREE char *path = path_join(src ? src : ".", "prices.json");
	struct price_table *t = NULL;
	struct error err = { 0 };
	struct price p;

	ck_assert_msg(price_table_load(path, NULL, &t, &err) == 0, "%s", err.message);
	ck_assert_uint_ge(price_table_len(t), 60);
	for (size_t i = 0; i < price_table_len(t); i++) {
		const char *name = price_table_name(t, i);

		ck_assert(price_find(t, NULL, name, &p));
		/* nothing in it is free, or dearer than what any model has cost */
		ck_assert_msg(p.base.input >= 10000000 && p.base.output <= 600000000000, "%s",
			      name);
		ck_assert_msg(p.base.cache_read <= p.base.input, "%s", name);
	}
	ck_assert(price_find(t, "openai", "gpt-4o-2024-05-13", &p));
	ck_assert_int_eq(p.base.input, 5000000000);
	ck_assert_int_eq(p.base.output, 15000000000);
	price_table_free(t);
}
END_TEST

Suite *suite_price(void)
{
	Suite *s = suite_create("price");
	TCase *c = tcase_create("price");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_add_test(c, rates_are_exact);
	tcase_add_test(c, lookup);
	tcase_add_test(c, tiers_replace_all_rates);
	tcase_add_test(c, cost_is_rounded_once);
	tcase_add_test(c, ten_million_calls);
	tcase_add_test(c, bad_entries_are_refused);
	tcase_add_test(c, users_file_lies_over_the_builtin);
	tcase_add_test(c, shipped_file);
	suite_add_tcase(s, c);
	return s;
}
