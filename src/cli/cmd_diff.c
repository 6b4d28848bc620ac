/* council diff: what a run changed, from its base to its last commit. */
#include <string.h>

#include "cli/cli.h"
#include "cli/run_record.h"
#include "report/diff_walk.h"
#include "report/paint.h"
#include "report/report.h"
#include "util/str.h"

enum { DIFF_MAX = 256 << 20 };

static const struct option_def table[] = {
	{ "stat", 0, OPTION_FLAG, NULL, "the files, and how much of each", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

static int print_json(struct cli *cli, const struct run_record *r, const struct buf *diff,
		      const struct diff_stat *stat, struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;
	int rc = 0;

	rc |= json_set_string(j, "run", r->row.id.s);
	rc |= json_set_string(j, "base", r->row.base);
	rc |= json_set_string(j, "head", r->row.head);
	rc |= json_set_i64(j, "files", stat->files);
	rc |= json_set_i64(j, "insertions", stat->insertions);
	rc |= json_set_i64(j, "deletions", stat->deletions);
	rc |= json_set(j, "diff", json_new_stringn(buf_str(diff), diff->len));
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

/* Into a file or a pipe go the bytes as they are, so that `git apply` takes them. */
static int print_text(struct cli *cli, const struct buf *diff, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(2u * DIFF_MAX);
	int rc;

	if (option_flag(&cli->options, "stat"))
		rc = report_diff_stat(&text, buf_str(diff), diff->len, report_columns(fileno(cli->out)),
				      cli->color_out);
	else if (cli->out_tty || cli->color_out)
		rc = report_diff(&text, buf_str(diff), diff->len, cli->color_out);
	else
		rc = buf_add(&text, buf_str(diff), diff->len);
	if (rc < 0)
		return buf_check(&text, "the diff", err) < 0 ? -1 : error_oom(err);
	fwrite(buf_str(&text), 1, text.len, cli->out);
	return 0;
}

static int show(struct cli *cli, const struct run_record *r, struct error *err)
{
	CLEANUP_BUF struct buf diff = BUF_INIT(DIFF_MAX);
	struct diff_stat stat = { 0 };
	const char *head = r->row.head && *r->row.head ? r->row.head : NULL;

	if (!head && !r->has_result)
		return error_set(err, STATUS_USAGE, "run %s has not ended: council resume %s goes on",
				 run_record_short(r), run_record_short(r));
	if (head && repo_diff(cli->repo, r->row.base, head, DIFF_MAX - 4096, &diff, &stat, err) < 0)
		return -1;
	if (option_flag(&cli->options, "json"))
		return print_json(cli, r, &diff, &stat, err);
	if (diff.len == 0) {
		if (!option_flag(&cli->options, "quiet"))
			fprintf(cli->err, "run %s changed nothing\n", run_record_short(r));
		return 0;
	}
	return print_text(cli, &diff, err);
}

static int run(struct cli *cli, struct error *err)
{
	struct run_record r;
	int rc;

	if (run_record_load(cli, 0, &r, err) < 0)
		return -1;
	rc = show(cli, &r, err);
	run_record_release(&r);
	return rc < 0 ? rc : STATUS_DONE;
}

const struct command command_diff = {
	.name = "diff",
	.summary = "what a run changed",
	.usage = "[options] [RUN]",
	.details = "RUN is the last run of this repository where none is given. Into a file or a\n"
		   "pipe the diff goes as it is, for git apply; on a terminal with colours.",
	.options = table,
	.needs = NEEDS_REPO | NEEDS_LEDGER_READ,
	.run = run,
};
