/* cost_estimate.c: see cost_estimate.h. */
#include "cli/cost_estimate.h"

#include <inttypes.h>
#include <string.h>

#include "config/persona.h"
#include "ledger/cost.h"
#include "model/price.h"
#include "report/paint.h"
#include "util/str.h"


struct asked {
	const char *model;
	struct price price;
	int64_t calls, sample;       /* sample: 0 when none was asked for */
	struct usage usage;          /* of one call */
};

struct costs {
	int64_t input, cached, output, total, sample; /* nano-dollars */
};

static int count_option(struct cli *cli, const char *name, int64_t fallback, int64_t *ret,
			struct error *err)
{
	const char *text = option_value(&cli->options, name);

	if (!text && fallback < 0)
		return error_set(err, STATUS_USAGE,
				 "council cost estimate needs --%s N, such as 1000 or 10M", name);
	*ret = fallback;
	if (text && !cost_parse_count(text, ret))
		return error_set(err, STATUS_USAGE,
				 "--%s %s: give a whole number, such as 1000, 1.5k or 10M", name,
				 text);
	return 0;
}

/* "5/15": USD a million tokens, in and out. */
static int parse_price(const char *text, struct price *ret, struct error *err)
{
	const char *slash = strchr(text, '/');
	CLEANUP_FREE char *in = slash ? str_ndup(text, (size_t)(slash - text)) : NULL;
	double usd_in, usd_out;

	if (!slash || !parse_double(in, &usd_in) || !parse_double(slash + 1, &usd_out) ||
	    usd_in < 0 || usd_out < 0 || usd_in > 1e6 || usd_out > 1e6)
		return error_set(err, STATUS_USAGE,
				 "--price %s: give USD a million tokens in and out, such as 5/15",
				 text);
	*ret = (struct price){ .known = true };
	/* 1 USD a million tokens is 1e9 femto-dollars a token */
	ret->base = (struct price_rates){ (int64_t)(usd_in * 1e9 + 0.5),
					  (int64_t)(usd_out * 1e9 + 0.5), -1, -1, -1 };
	return 0;
}

/* A deployment of the settings by its model_name, with its own prices first. */
static const struct deployment *find_deployment(const struct settings *s, const char *name)
{
	const struct deployment *v;
	size_t n = settings_deployments(s, &v);

	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].model_name, name))
			return &v[i];
	return NULL;
}

static int find_in(const struct price_table *t, struct cli *cli, const char *model,
		   struct price *ret, struct error *err)
{
	const struct deployment *d = find_deployment(cli->settings, model);
	const char *near;

	if (d && d->info && price_from_json(d->info, model, ret, err) < 0)
		return -1;
	if (d && d->info && ret->known)
		return 0;
	if (price_find(t, NULL, model, ret) ||
	    (d && d->model && price_find(t, NULL, d->model, ret)))
		return 0;
	near = price_nearest(t, model);
	return error_set(err, STATUS_USAGE,
			 "the price of %s is unknown%s%s%s; put it into a price file "
			 "(`prices: FILE`), or give --price IN/OUT in USD a million tokens",
			 model, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

static int find_price(struct cli *cli, const char *model, struct price *ret, struct error *err)
{
	const char *given = option_value(&cli->options, "price");
	struct price_table *t = NULL;
	CLEANUP_FREE char *builtin = NULL;
	int rc;

	if (given)
		return parse_price(given, ret, err);
	if (!model)
		return error_set(err, STATUS_USAGE,
				 "council cost estimate needs --model M, or --price IN/OUT");
	if (data_path("prices.json", &builtin, err) < 0 ||
	    price_table_load(builtin, settings_string(cli->settings, SET_PRICES), &t, err) < 0)
		return -1;
	rc = find_in(t, cli, model, ret, err);
	price_table_free(t);
	return rc;
}

static int read_asked(struct cli *cli, struct asked *a, struct error *err)
{
	const char *sample = option_value(&cli->options, "sample");
	int64_t in, cached;

	a->model = option_value(&cli->options, "model");
	if (count_option(cli, "calls", 1, &a->calls, err) < 0 ||
	    count_option(cli, "in", -1, &in, err) < 0 ||
	    count_option(cli, "out", -1, &a->usage.output, err) < 0 ||
	    count_option(cli, "cached", 0, &cached, err) < 0)
		return -1;
	if (cached > in)
		return error_set(err, STATUS_USAGE,
				 "--cached is a part of --in: it cannot be more");
	if (sample && !cost_parse_sample(sample, a->calls, &a->sample))
		return error_set(err, STATUS_USAGE,
				 "--sample %s: give a part of the calls, such as 10%% or 5k",
				 sample);
	a->usage.input = in - cached;
	a->usage.cache_read = cached;
	return find_price(cli, a->model, &a->price, err);
}

/* What one kind of token comes to, at the rates of the whole request. */
static int64_t part(const struct asked *a, int64_t tokens, int64_t rate)
{
	struct price p = { .known = true, .base = { rate, rate, -1, -1, -1 } };
	struct usage u = { .input = tokens };

	return price_cost_calls(&p, &u, a->calls);
}

static int compute(const struct asked *a, struct costs *c, struct error *err)
{
	const struct price_rates *r =
		price_rates_at(&a->price, a->usage.input + a->usage.cache_read);

	*c = (struct costs){
		.input = part(a, a->usage.input, r->input),
		.cached =
			part(a, a->usage.cache_read, r->cache_read < 0 ? r->input : r->cache_read),
		.output = part(a, a->usage.output, r->output),
		.total = price_cost_calls(&a->price, &a->usage, a->calls),
		.sample = a->sample ? price_cost_calls(&a->price, &a->usage, a->sample) : 0,
	};
	if (c->total == INT64_MAX)
		return error_set(err, STATUS_USAGE,
				 "that is more than 9 billion dollars: fewer calls, please");
	return 0;
}

static int print_json(struct cli *cli, const struct asked *a, const struct costs *c,
		      struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;
	int rc = 0;

	rc |= json_set_i64(j, "v", 1);
	rc |= json_set_string(j, "model", a->model);
	rc |= json_set_i64(j, "calls", a->calls);
	rc |= json_set_i64(j, "input", a->usage.input);
	rc |= json_set_i64(j, "cache_read", a->usage.cache_read);
	rc |= json_set_i64(j, "output", a->usage.output);
	rc |= json_set_i64(j, "cost_nano", c->total);
	rc |= json_set_double(j, "cost_usd", (double)c->total / 1e9);
	rc |= json_set(j, "sample_calls", a->sample ? json_new_i64(a->sample) : json_new_null());
	rc |= json_set(j, "sample_cost_usd",
		       a->sample ? json_new_double((double)c->sample / 1e9) : json_new_null());
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

/* Tokens of all calls; they may be more than 64 bits hold, and are then left out. */
static void token_line(FILE *out, const char *label, const struct asked *a, int64_t tokens,
		       int64_t nano)
{
	char count[32] = "", dollars[48];
	int64_t all;

	if (tokens == 0)
		return;
	if (!__builtin_mul_overflow(tokens, a->calls, &all))
		cost_thousands(all, count);
	cost_dollars(nano, dollars);
	fprintf(out, "%-8s %22s tokens  %16s\n", label, count, dollars);
}

static void print_text(struct cli *cli, const struct asked *a, const struct costs *c)
{
	CLEANUP_BUF struct buf model = BUF_INIT(4096);
	char calls[32], dollars[48];

	if (a->model)
		text_clean(&model, a->model, strlen(a->model), false);
	cost_thousands(a->calls, calls);
	fprintf(cli->out, "%-8s %22s calls%s%s\n", "", calls, model.len ? "   of " : "",
		buf_str(&model));
	token_line(cli->out, "in", a, a->usage.input, c->input);
	token_line(cli->out, "cached", a, a->usage.cache_read, c->cached);
	token_line(cli->out, "out", a, a->usage.output, c->output);
	cost_dollars(c->total, dollars);
	fprintf(cli->out, "%-8s %22s         %16s\n", "total", "", dollars);
	if (!a->sample)
		return;
	cost_thousands(a->sample, calls);
	cost_dollars(c->sample, dollars);
	fprintf(cli->out, "%-8s %22s calls   %16s\n", "sample", calls, dollars);
}

int cost_estimate(struct cli *cli, struct error *err)
{
	struct asked a = { 0 };
	struct costs c;

	if (cli->options.operands.n > 1)
		return error_set(err, STATUS_USAGE,
				 "council cost estimate takes no operand: see council cost -h");
	if (option_flag(&cli->options, "csv") || option_value(&cli->options, "by") ||
	    option_value(&cli->options, "since"))
		return error_set(
			err, STATUS_USAGE,
			"--by, --since and --csv are for what was spent, not for estimates");
	if (read_asked(cli, &a, err) < 0 || compute(&a, &c, err) < 0)
		return -1;
	if (option_flag(&cli->options, "json"))
		return print_json(cli, &a, &c, err) < 0 ? -1 : STATUS_DONE;
	print_text(cli, &a, &c);
	return STATUS_DONE;
}
