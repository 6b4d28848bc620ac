/* council log: the runs, newest first. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/run_words.h"
#include "report/paint.h"
#include "report/table.h"
#include "util/path.h"
#include "util/str.h"

enum {
	SHOWN = 20,
	SHOWN_MAX = 100000,
	TASK_COLUMNS = 200,
	PIPE_COLUMNS = 1000,
	BRANCH_COLUMNS = 150
};

static const struct option_def table[] = {
	{ "number", 'n', OPTION_VALUE, "N", "at most so many; 20", NO_SETTING, 0 },
	{ "all", 'a', OPTION_FLAG, NULL, "of all repositories", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

struct rows { struct ledger_run_row *v; size_t n; };

static void rows_release(struct rows *r)
{
	for (size_t i = 0; i < r->n; i++)
		ledger_run_row_release(&r->v[i]);
	free(r->v);
}

static int print_json(struct cli *cli, const struct rows *rows, struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;
	json *runs = json_array();
	int rc = 0;

	for (size_t i = 0; i < rows->n; i++)
		rc |= json_append(runs, run_row_json(&rows->v[i]));
	rc |= json_set_i64(j, "v", 1);
	rc |= json_set(j, "runs", runs);
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

static int add_row(struct table *t, const struct ledger_run_row *r, bool all, bool with_branch)
{
	CLEANUP_BUF struct buf place = BUF_INIT(1 << 16), branch = BUF_INIT(1 << 16),
			       task = BUF_INIT(1 << 16);
	CLEANUP_FREE char *first =
		str_ndup(r->task ? r->task : "", strcspn(r->task ? r->task : "", "\n"));
	char when[32], cost[80];

	run_row_when(r->started_us, when);
	run_row_cost(r, cost);
	if (all && r->repository)
		text_fit(&place, path_basename(r->repository), TASK_COLUMNS);
	if (r->branch)
		text_fit(&branch, r->branch, TASK_COLUMNS);
	if (!first)
		return -1;
	text_fit(&task, first, TASK_COLUMNS);
	return strv_add(&t->cells, ulid_short(r->id.s)) < 0 || strv_add(&t->cells, when) < 0 ||
	       (all && strv_add(&t->cells, buf_str(&place)) < 0) ||
	       strv_add(&t->cells, run_row_word(r)) < 0 ||
	       strv_add(&t->cells, r->proof ? r->proof : "") < 0 || strv_add(&t->cells, cost) < 0 ||
	       (with_branch && strv_add(&t->cells, buf_str(&branch)) < 0) ||
	       strv_add(&t->cells, buf_str(&task)) < 0 ? -1 : 0;
}

static int print_table(struct cli *cli, const struct rows *rows, bool all, struct error *err)
{
	static const struct table_column columns[] = {
		{ "run", false, false, 0 }, { "when", false, false, 2 },
		{ "repository", false, false, 1 }, { "status", false, false, 0 },
		{ "proof", false, false, 3 }, { "cost", true, false, 1 },
		{ "branch", false, false, 4 }, { "task", false, true, 0 },
		{ NULL, false, false, 0 },
	};
	/* A pipe gets the lines whole, and a branch repeats what its task says. */
	size_t width = cli->out_tty ? (size_t)report_columns(fileno(cli->out)) : PIPE_COLUMNS;
	struct table_column shown[sizeof columns / sizeof columns[0]];
	struct table t = { .columns = shown };
	CLEANUP_BUF struct buf out = BUF_INIT(256 << 20);
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < sizeof columns / sizeof columns[0]; i++)
		if (all || !str_eq(columns[i].head, "repository"))
			shown[n++] = columns[i];
	for (size_t i = 0; rc == 0 && i < rows->n; i++)
		rc = add_row(&t, &rows->v[i], all, width >= BRANCH_COLUMNS);
	if (rc == 0)
		table_render(&out, &t, width, cli->color_out);
	strv_release(&t.cells);
	if (rc < 0)
		return error_oom(err);
	if (buf_check(&out, "the table", err) < 0)
		return -1;
	fputs(buf_str(&out), cli->out);
	return 0;
}

static int run(struct cli *cli, struct error *err)
{
	const char *number = option_value(&cli->options, "number");
	bool all = option_flag(&cli->options, "all") || !cli->repo;
	struct rows rows = { 0 };
	int64_t limit = SHOWN;
	int rc = 0;

	if (cli->options.operands.n > 0)
		return error_set(err, STATUS_USAGE,
				 "council log takes no operand; council show RUN shows one");
	if (number && !parse_i64(number, 1, SHOWN_MAX, &limit))
		return error_set(err, STATUS_USAGE, "-n %s: give a number from 1 to %d", number,
				 SHOWN_MAX);
	if (ledger_list_runs(cli->ledger, all ? NULL : repo_top(cli->repo), (int)limit, &rows.v,
			     &rows.n, err) < 0)
		return -1;
	if (option_flag(&cli->options, "json"))
		rc = print_json(cli, &rows, err);
	else if (rows.n == 0)
		fputs(all ? "no runs yet\n"
			  : "no runs of this repository yet; --all lists those of others\n",
		      cli->out);
	else
		rc = print_table(cli, &rows, all, err);
	rows_release(&rows);
	return rc < 0 ? -1 : STATUS_DONE;
}

const struct command command_log = {
	.name = "log",
	.summary = "list the runs",
	.usage = "[options]",
	.details =
		"Newest first, those of this repository. Their names, cost and status come from\n"
		"the ledger.",
	.options = table,
	.needs = NEEDS_LEDGER_READ | WANTS_REPO,
	.run = run,
};
