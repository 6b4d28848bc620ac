/* council show: one run, as it ended, or as it stands. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/run_record.h"
#include "cli/run_words.h"
#include "ledger/cost.h"
#include "report/paint.h"
#include "report/report.h"
#include "report/table.h"
#include "util/str.h"

enum { NAME_COLUMNS = 60, PAGE_MAX = 256 << 20 };

static const struct option_def table[] = {
	{ "events", 0, OPTION_FLAG, NULL, "its events, one JSON object a line", NO_SETTING, 0 },
	{ "markdown", 0, OPTION_FLAG, NULL, "the report in Markdown", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

struct calls { struct ledger_call_row *v; size_t n; };

/* ---- for programs ---- */

static json *call_json(const struct ledger_call_row *c)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "call", c->id.s);
	rc |= json_set_string(j, "stage_id", c->stage);
	rc |= json_set_string(j, "persona", c->persona);
	rc |= json_set_string(j, "provider", c->provider);
	rc |= json_set_string(j, "model", c->model);
	rc |= json_set_string(j, "outcome", c->outcome);
	rc |= json_set_string(j, "error", c->error);
	rc |= json_set_i64(j, "attempt", c->attempt);
	rc |= json_set_i64(j, "input", c->usage.input);
	rc |= json_set_i64(j, "cache_read", c->usage.cache_read);
	rc |= json_set_i64(j, "cache_write", c->usage.cache_write);
	rc |= json_set_i64(j, "output", c->usage.output);
	rc |= json_set_i64(j, "reasoning", c->usage.reasoning);
	rc |= json_set_bool(j, "estimated", c->usage.estimated);
	rc |= json_set_i64(j, "latency_us", c->latency_us);
	rc |= json_set_i64(j, "first_token_us", c->first_token_us);
	rc |= json_set(j, "cost_nano",
		       c->cost_known ? json_new_i64(c->cost_nano) : json_new_null());
	rc |= json_set(j, "cost_usd", c->cost_known ? json_new_double((double)c->cost_nano / 1e9)
						     : json_new_null());
	if (rc == 0)
		return j;
	json_free(j);
	return NULL;
}

static int print_json(struct cli *cli, const struct run_record *r, const struct calls *calls,
		      struct error *err)
{
	CLEANUP_JSON json *j = run_row_json(&r->row);
	CLEANUP_FREE char *text = NULL;
	json *list = json_array();
	int rc = 0;

	for (size_t i = 0; i < calls->n; i++)
		rc |= json_append(list, call_json(&calls->v[i]));
	rc |= json_set_i64(j, "v", 1);
	rc |= json_set(j, "result", r->has_result ? result_json(&r->result) : json_new_null());
	rc |= json_set(j, "calls", list);
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

static int print_event(void *ctx, const struct event *e)
{
	struct cli *cli = ctx;
	CLEANUP_FREE char *line = event_ndjson(e);

	if (!line)
		return 0;
	return fprintf(cli->out, "%s\n", line) < 0 ? -1 : 0;
}

/* ---- for people ---- */

static int add_call(struct table *t, const struct ledger_call_row *c)
{
	CLEANUP_BUF struct buf model = BUF_INIT(4096), outcome = BUF_INIT(4096);
	char in[32], cached[32], out[32], first[32], time[32], cost[80];

	format_count(c->usage.input + c->usage.cache_write, in);
	format_count(c->usage.cache_read, cached);
	format_count(c->usage.output, out);
	format_duration(c->first_token_us, first);
	format_duration(c->latency_us, time);
	cost_text(c->cost_nano, !c->cost_known, 1, cost);
	text_fit(&model, c->model ? c->model : "", NAME_COLUMNS);
	text_fit(&outcome, c->outcome ? c->outcome : "", NAME_COLUMNS);
	if (c->error) {
		buf_adds(&outcome, ": ");
		text_fit(&outcome, c->error, NAME_COLUMNS);
	}
	return strv_add(&t->cells, c->persona ? c->persona : "") < 0 ||
	       strv_add(&t->cells, buf_str(&model)) < 0 || strv_add(&t->cells, in) < 0 ||
	       strv_add(&t->cells, cached) < 0 || strv_add(&t->cells, out) < 0 ||
	       strv_add(&t->cells, c->first_token_us > 0 ? first : "") < 0 ||
	       strv_add(&t->cells, time) < 0 ||
	       strv_add(&t->cells, c->cost_known ? cost : "unknown") < 0 ||
	       strv_add(&t->cells, buf_str(&outcome)) < 0 ? -1 : 0;
}

/* Each call in its order; what they come to is in the report's own table. */
static int add_calls(struct buf *out, const struct calls *calls, size_t columns, bool color)
{
	static const struct table_column heads[] = {
		{ "call", false, false, 0 }, { "model", false, true, 0 },
		{ "in", true, false, 2 }, { "cached", true, false, 3 },
		{ "out", true, false, 2 }, { "first", true, false, 5 },
		{ "time", true, false, 4 }, { "cost", true, false, 0 },
		{ "outcome", false, true, 1 }, { NULL, false, false, 0 },
	};
	struct table t = { .columns = heads };
	int rc = 0;

	if (calls->n == 0)
		return 0;
	for (size_t i = 0; rc == 0 && i < calls->n; i++)
		rc = add_call(&t, &calls->v[i]);
	buf_addc(out, '\n');
	if (rc == 0)
		table_render(out, &t, columns, color);
	strv_release(&t.cells);
	return rc;
}

/* A run that has no result: what is known, and how to go on. */
static void add_standing(struct buf *out, const struct run_record *r, size_t columns, bool color)
{
	const struct ledger_run_row *row = &r->row;
	bool killed = str_eq(row->state, "interrupted");
	char when[32], cost[80];

	run_row_when(row->started_us, when);
	run_row_cost(row, cost);
	text_paint(out, color, killed ? TONE_YELLOW : TONE_CYAN,
		   killed ? "interrupted: its process is gone" : "still running");
	buf_addf(out, "  run %s, since %s\n", run_record_short(r), when);
	text_label(out, color, TONE_DIM, "task");
	text_wrap(out, row->task ? row->task : "", LABEL_WIDTH, columns);
	if (row->branch) {
		text_label(out, color, TONE_DIM, "branch");
		text_wrap(out, row->branch, LABEL_WIDTH, columns);
	}
	text_label(out, color, TONE_DIM, "cost");
	buf_addf(out, "%s\n", cost);
	if (killed)
		buf_addf(out, "\nGo on with: council resume %s\n", run_record_short(r));
}

static void add_applied(struct buf *out, const struct ledger_run_row *row, bool color)
{
	static const char heads[] = "refs/heads/";
	const char *ref = row->applied_ref;

	if (!ref)
		return;
	if (str_starts(ref, heads))
		ref += strlen(heads);
	text_label(out, color, TONE_DIM, str_eq(row->state, "undone") ? "undone" : "applied");
	text_fit(out, ref, NAME_COLUMNS);
	if (row->applied_from && row->applied_to)
		buf_addf(out, " %.8s %s %.8s", row->applied_from, text_arrow(), row->applied_to);
	buf_addc(out, '\n');
}

static int print_page(struct cli *cli, const struct run_record *r, const struct calls *calls,
		      struct error *err)
{
	CLEANUP_BUF struct buf page = BUF_INIT(PAGE_MAX);
	bool color = cli->color_out;
	struct report_style style = {
		.color = color, .columns = report_columns(fileno(cli->out)),
		.quiet = option_flag(&cli->options, "quiet"), .verbose = true,
	};
	int rc = 0;

	if (r->has_result) {
		rc = report_result(&page, &r->result, &style);
		if (rc == 0)
			add_applied(&page, &r->row, color);
	} else {
		add_standing(&page, r, (size_t)style.columns, color);
	}
	if (rc == 0 && !style.quiet)
		rc = add_calls(&page, calls, (size_t)style.columns, color);
	if (buf_check(&page, "the report", err) < 0)
		return -1;
	if (rc < 0)
		return error_oom(err);
	fputs(buf_str(&page), cli->out);
	return 0;
}

static int print_markdown(struct cli *cli, const struct run_record *r, struct error *err)
{
	CLEANUP_BUF struct buf page = BUF_INIT(PAGE_MAX);

	if (!r->has_result)
		return error_set(err, STATUS_USAGE, "run %s has not ended: there is no report yet",
				 run_record_short(r));
	if (report_markdown(&page, &r->result) < 0)
		return buf_check(&page, "the report", err) < 0 ? -1 : error_oom(err);
	fputs(buf_str(&page), cli->out);
	return 0;
}

static int show(struct cli *cli, const struct run_record *r, struct error *err)
{
	struct calls calls = { 0 };
	int rc;

	if (option_flag(&cli->options, "events"))
		return ledger_each_event(cli->ledger, r->row.id.s, print_event, cli, err);
	if (option_flag(&cli->options, "markdown"))
		return print_markdown(cli, r, err);
	if (ledger_list_calls(cli->ledger, r->row.id.s, &calls.v, &calls.n, err) < 0)
		return -1;
	if (option_flag(&cli->options, "json"))
		rc = print_json(cli, r, &calls, err);
	else
		rc = print_page(cli, r, &calls, err);
	ledger_call_rows_free(calls.v, calls.n);
	return rc;
}

static int run(struct cli *cli, struct error *err)
{
	struct repo *around = cli->repo;
	struct run_record r;
	struct ulid id;
	int rc;

	if (option_flag(&cli->options, "events") + option_flag(&cli->options, "markdown") +
	    option_flag(&cli->options, "json") > 1)
		return error_set(err, STATUS_USAGE,
				 "--events, --markdown and --json exclude each other");
	if (cli->options.operands.n > 1)
		return error_set(err, STATUS_USAGE,
				 "one RUN at a time: council show [options] [RUN]");
	if (cli_run_operand(cli, 0, &id, err) < 0)
		return -1;
	/* It may be of any repository: it is only read. */
	cli->repo = NULL;
	rc = run_record_load_id(cli, id.s, &r, err);
	cli->repo = around;
	if (rc < 0)
		return -1;
	rc = show(cli, &r, err);
	run_record_release(&r);
	return rc < 0 ? -1 : STATUS_DONE;
}

const struct command command_show = {
	.name = "show",
	.summary = "a run: how it ended, its findings, calls and cost",
	.usage = "[options] [RUN]",
	.details = "RUN is the last run of this repository where none is given.",
	.options = table,
	.needs = NEEDS_LEDGER_READ | WANTS_REPO,
	.run = run,
};
