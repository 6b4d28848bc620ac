/* council cost: what was spent, and what something would cost. */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cost_estimate.h"
#include "ledger/cost.h"
#include "report/paint.h"
#include "report/table.h"
#include "util/clock.h"
#include "util/str.h"

enum { TASK_COLUMNS = 40, PIPE_COLUMNS = 1000 };

static const struct option_def table[] = {
	{ "by", 0, OPTION_VALUE, "run|persona|model|day|tag|repository", "what to sum by",
	  NO_SETTING, 0 },
	{ "since", 0, OPTION_VALUE, "WHEN", "from then on: 12h, 7d, 2026-11-01", NO_SETTING, 0 },
	{ "csv", 0, OPTION_FLAG, NULL, "comma-separated values", NO_SETTING, 0 },
	{ "calls", 0, OPTION_VALUE, "N", "estimate: so many calls (k, M, G)", NO_SETTING, 0 },
	{ "in", 0, OPTION_VALUE, "N", "estimate: tokens of a prompt", NO_SETTING, 0 },
	{ "cached", 0, OPTION_VALUE, "N", "estimate: of these, from the cache", NO_SETTING, 0 },
	{ "out", 0, OPTION_VALUE, "N", "estimate: tokens of an answer", NO_SETTING, 0 },
	{ "model", 'm', OPTION_VALUE, "M", "estimate: at the price of this model", NO_SETTING, 0 },
	{ "price", 0, OPTION_VALUE, "IN/OUT", "estimate: at USD a million tokens", NO_SETTING, 0 },
	{ "sample", 0, OPTION_VALUE, "N%", "estimate: and of a part of it", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

struct asked {
	struct cost_query query;
	struct ulid run;
	const char *since;     /* as it was given; NULL: none */
};

static int read_asked(struct cli *cli, struct asked *a, struct error *err)
{
	const char *by = option_value(&cli->options, "by");
	const char *since = option_value(&cli->options, "since");
	bool one = cli->options.operands.n > 0;

	*a = (struct asked){ .query.by = one ? COST_BY_PERSONA : COST_BY_RUN, .since = since };
	if (cli->options.operands.n > 1)
		return error_set(err, STATUS_USAGE,
				 "one RUN at a time: council cost [options] [RUN]");
	if (option_flag(&cli->options, "csv") && option_flag(&cli->options, "json"))
		return error_set(err, STATUS_USAGE, "--csv and --json exclude each other");
	if (by && !cost_by_parse(by, &a->query.by))
		return error_set(err, STATUS_USAGE,
				 "--by %s: give run, persona, model, day, tag or repository", by);
	if (since && clock_parse_since(since, clock_now_us(), &a->query.since_us) < 0)
		return error_set(err, STATUS_USAGE,
				 "--since %s: give 12h, 7d, 4w, a date or an ISO time", since);
	if (one) {
		if (cli_run_operand(cli, 0, &a->run, err) < 0)
			return -1;
		a->query.run = a->run.s;
	}
	return 0;
}

/* ---- for programs ---- */

static json *row_json(const struct cost_row *r, bool total)
{
	json *j = json_object();
	int rc = 0;

	if (!total) {
		rc |= json_set_string(j, "key", r->key);
		rc |= json_set_string(j, "label", r->label);
	}
	rc |= json_set_i64(j, "runs", r->runs);
	rc |= json_set_i64(j, "calls", r->calls);
	rc |= json_set_i64(j, "input", r->input);
	rc |= json_set_i64(j, "cache_read", r->cache_read);
	rc |= json_set_i64(j, "cache_write", r->cache_write);
	rc |= json_set_i64(j, "output", r->output);
	rc |= json_set_i64(j, "reasoning", r->reasoning);
	rc |= json_set_i64(j, "latency_us", r->latency_us);
	rc |= json_set_i64(j, "cost_nano", r->cost_nano);
	rc |= json_set(j, "cost_usd",
		       r->calls > 0 && r->unknown_calls == r->calls
			       ? json_new_null()
			       : json_new_double((double)r->cost_nano / 1e9));
	rc |= json_set_i64(j, "unknown_calls", r->unknown_calls);
	rc |= json_set_i64(j, "estimated_calls", r->estimated_calls);
	if (rc == 0)
		return j;
	json_free(j);
	return NULL;
}

static int print_json(struct cli *cli, const struct asked *a, const struct cost_table *t,
		      struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;
	json *rows = json_array();
	char since[28];
	int rc = 0;

	clock_format_iso(a->query.since_us, since);
	for (size_t i = 0; i < t->n; i++)
		rc |= json_append(rows, row_json(&t->rows[i], false));
	rc |= json_set_i64(j, "v", 1);
	rc |= json_set_string(j, "by", cost_by_name(a->query.by));
	rc |= json_set_string(j, "since", a->since ? since : NULL);
	rc |= json_set_string(j, "run", a->query.run);
	rc |= json_set(j, "rows", rows);
	rc |= json_set(j, "total", row_json(&t->total, true));
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

/* A field of RFC 4180, on one line. */
static void csv_field(struct buf *out, const char *s)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(1 << 20);

	text_clean(&clean, s, strlen(s), false);
	if (!strpbrk(buf_str(&clean), ",\"")) {
		buf_adds(out, buf_str(&clean));
		return;
	}
	buf_addc(out, '"');
	for (const char *p = buf_str(&clean); *p; p++) {
		if (*p == '"')
			buf_addc(out, '"');
		buf_addc(out, *p);
	}
	buf_addc(out, '"');
}

static int print_csv(struct cli *cli, const struct asked *a, const struct cost_table *t,
		     struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(256 << 20);

	buf_addf(&out,
		 "%s,runs,calls,input,cache_read,cache_write,output,reasoning,latency_us,cost_usd,"
		 "unknown_calls,estimated_calls\n",
		 cost_by_name(a->query.by));
	for (size_t i = 0; i < t->n; i++) {
		const struct cost_row *r = &t->rows[i];
		char usd[32];

		cost_decimal(r->cost_nano, usd);
		csv_field(&out, r->key);
		buf_addf(&out,
			 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64
			 ",%" PRId64 ",%" PRId64 ",%s,%" PRId64 ",%" PRId64 "\n",
			 r->runs, r->calls, r->input, r->cache_read, r->cache_write, r->output,
			 r->reasoning, r->latency_us, r->unknown_calls == r->calls ? "" : usd,
			 r->unknown_calls, r->estimated_calls);
	}
	if (buf_check(&out, "the table", err) < 0)
		return -1;
	fputs(buf_str(&out), cli->out);
	return 0;
}

/* ---- for people ---- */

static int add_name(struct table *t, const struct asked *a, const struct cost_row *r)
{
	CLEANUP_BUF struct buf name = BUF_INIT(1 << 16);

	if (!r->key)
		buf_adds(&name, "total");
	else if (a->query.by == COST_BY_RUN && ulid_valid(r->key))
		buf_adds(&name, ulid_short(r->key));
	else
		text_clean(&name, r->key, strlen(r->key), false);
	if (r->label) {
		buf_adds(&name, "  ");
		text_fit(&name, r->label, TASK_COLUMNS);
	}
	return name.failed ? -1 : strv_add(&t->cells, buf_str(&name));
}

/* Tokens; "~" where some were counted by the program, not reported. */
static int add_tokens(struct table *t, const struct cost_row *r, int64_t tokens)
{
	char count[32];

	format_count(tokens, count);
	return strv_addf(&t->cells, "%s%s", r->estimated_calls ? "~" : "", count);
}

static int add_row(struct table *t, const struct asked *a, const struct cost_row *r)
{
	char calls[32], time[32], cost[80];

	format_count(r->calls, calls);
	format_duration(r->latency_us, time);
	cost_text(r->cost_nano, r->unknown_calls, r->calls, cost);
	if (add_name(t, a, r) < 0 || strv_add(&t->cells, calls) < 0 ||
	    add_tokens(t, r, r->input + r->cache_write) < 0 ||
	    add_tokens(t, r, r->cache_read) < 0 || add_tokens(t, r, r->output) < 0)
		return -1;
	return strv_add(&t->cells, time) < 0 || strv_add(&t->cells, cost) < 0 ? -1 : 0;
}

static int print_table(struct cli *cli, const struct asked *a, const struct cost_table *sums,
		       struct error *err)
{
	const struct table_column columns[] = {
		{ cost_by_name(a->query.by), false, true, 0 }, { "calls", true, false, 1 },
		{ "in", true, false, 2 }, { "cached", true, false, 3 }, { "out", true, false, 2 },
		{ "time", true, false, 4 }, { "cost", true, false, 0 }, { NULL, false, false, 0 },
	};
	CLEANUP_BUF struct buf out = BUF_INIT(256 << 20);
	struct table t = { .columns = columns, .total = true };
	int rc = 0;

	if (sums->n == 0) {
		fprintf(cli->out, "no calls%s\n", a->since ? " since then" : "");
		return 0;
	}
	for (size_t i = 0; rc == 0 && i < sums->n; i++)
		rc = add_row(&t, a, &sums->rows[i]);
	if (rc == 0)
		rc = add_row(&t, a, &sums->total);
	if (rc == 0)
		table_render(&out, &t,
			     cli->out_tty ? (size_t)report_columns(fileno(cli->out)) : PIPE_COLUMNS,
			     cli->color_out);
	strv_release(&t.cells);
	if (rc < 0)
		return error_oom(err);
	if (buf_check(&out, "the table", err) < 0)
		return -1;
	fputs(buf_str(&out), cli->out);
	return 0;
}

/* Not by the frame: here --model is a model's name, not a persona's setting,
 * and an estimate has no use for the ledger. The frame releases both. */
static int provide(struct cli *cli, bool ledger, struct error *err)
{
	struct settings_overrides overrides = { 0 };
	CLEANUP_STRV struct strv warnings = { 0 };
	CLEANUP_FREE char *note = NULL;
	int rc;

	options_overrides(&cli->options, table, global_options, &overrides);
	overrides.models = NULL;
	rc = settings_load(cli->repo ? repo_top(cli->repo) : NULL, &overrides, &cli->settings,
			   &warnings, err);
	for (size_t i = 0; i < warnings.n; i++)
		cli_warn(cli, "%s", warnings.v[i]);
	if (rc < 0 || !ledger)
		return rc;
	rc = ledger_open(settings_string(cli->settings, SET_LEDGER), true, &cli->ledger, &note,
			 err);
	if (note)
		cli_warn(cli, "%s", note);
	return rc;
}

static int spent(struct cli *cli, struct error *err)
{
	struct asked a;
	struct cost_table sums = { 0 };
	int rc;

	if (option_value(&cli->options, "calls") || option_value(&cli->options, "model") ||
	    option_value(&cli->options, "in") || option_value(&cli->options, "out"))
		return error_set(err, STATUS_USAGE,
				 "for an estimate: council cost estimate --calls N --in N --out N "
				 "--model M");
	if (provide(cli, true, err) < 0 || read_asked(cli, &a, err) < 0 ||
	    cost_read(cli->ledger, &a.query, &sums, err) < 0)
		return -1;
	if (option_flag(&cli->options, "json"))
		rc = print_json(cli, &a, &sums, err);
	else if (option_flag(&cli->options, "csv"))
		rc = print_csv(cli, &a, &sums, err);
	else
		rc = print_table(cli, &a, &sums, err);
	cost_table_release(&sums);
	return rc < 0 ? -1 : STATUS_DONE;
}

static int run(struct cli *cli, struct error *err)
{
	const struct strv *operands = &cli->options.operands;

	if (operands->n > 0 && str_eq(operands->v[0], "estimate"))
		return provide(cli, false, err) < 0 ? -1 : cost_estimate(cli, err);
	return spent(cli, err);
}

const struct command command_cost = {
	.name = "cost",
	.summary = "what was spent, and what something would cost",
	.usage = "[options] [RUN] | estimate --calls N --in N --out N --model M",
	.details = "Sums the ledger's calls: of RUN by persona, else of all runs by run. A call\n"
		   "whose price is unknown is counted beside the sum, never as zero.",
	.options = table,
	.needs = WANTS_REPO,
	.run = run,
};
