/* council clean: takes away what runs left on the disk: worktrees, branches and
 * recorded answers. Work that is in no branch of the user's is never removed
 * unasked; the ledger keeps its rows. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/clean.h"
#include "cli/run_words.h"
#include "util/clock.h"
#include "util/str.h"

enum { RUNS_MAX = 100000 };

static const struct option_def table[] = {
	{ "all", 'a', OPTION_FLAG, NULL, "runs of all repositories", NO_SETTING, 0 },
	{ "older-than", 0, OPTION_VALUE, "TIME", "only what is older: 12h, 30d", NO_SETTING, 0 },
	{ "dry-run", 'n', OPTION_FLAG, NULL, "say what would be removed", NO_SETTING, 0 },
	{ "force", 0, OPTION_FLAG, NULL, "the named RUN with its unmerged work", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

struct job {
	struct cli *cli;
	bool dry_run, force;
	int64_t before_us;      /* only runs that ended before; INT64_MAX: all */
	bool older_than;        /* --older-than was given */
	json *removed, *kept;   /* with --json; else NULL */
	int n_removed, n_kept;
};

/* ---- saying it ---- */

static json *said_json(const struct ledger_run_row *row, const struct clean_found *found,
		       const char *why)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "run", row->id.s);
	if (why) {
		rc |= json_set_string(j, "reason", why);
	} else {
		rc |= json_set_string(j, "worktree", found->worktree);
		rc |= json_set_string(j, "branch", found->branch);
		rc |= json_set_string(j, "answers", found->answers);
	}
	if (rc == 0)
		return j;
	json_free(j);
	return NULL;
}

/* why: NULL when it was removed. */
static int say(struct job *job, const struct ledger_run_row *row, const struct clean_found *found,
	       const char *why, struct error *err)
{
	FILE *out = job->cli->out;
	CLEANUP_BUF struct buf line = BUF_INIT(1 << 16);

	if (why)
		job->n_kept++;
	else
		job->n_removed++;
	if (job->removed)
		return json_append(why ? job->kept : job->removed, said_json(row, found, why)) < 0
			? error_oom(err) : 0;
	if (option_flag(&job->cli->options, "quiet"))
		return 0;
	buf_adds(&line, why ? "kept " : job->dry_run ? "would remove " : "removed ");
	buf_addf(&line, "%s: ", ulid_short(row->id.s));
	if (why)
		buf_adds(&line, why);
	if (!why && found->worktree)
		buf_adds(&line, "worktree");
	if (!why && found->branch) {
		buf_addf(&line, "%sbranch ", found->worktree ? ", " : "");
		text_clean(&line, found->branch, strlen(found->branch), false);
	}
	if (!why && found->answers)
		buf_addf(&line, "%srecorded answers", found->worktree || found->branch ? ", " : "");
	if (buf_check(&line, "the message", err) < 0)
		return -1;
	fprintf(out, "%s\n", buf_str(&line));
	return 0;
}

/* ---- one run ---- */

static int clean_row(struct job *job, const struct ledger_run_row *row, bool named,
		     struct error *err)
{
	CLEANUP_BUF struct buf why = BUF_INIT(1 << 16);
	struct clean_found found = { 0 };
	struct clean_wish wish = { .named = named, .force = named && job->force,
				   .aged = job->older_than };
	int rc = clean_look(job->cli->repo, row, &found, err);

	if (rc == 0 && !clean_anything(&found)) {
		if (named && !option_flag(&job->cli->options, "json"))
			fprintf(job->cli->out, "%s: nothing is left of it\n",
				ulid_short(row->id.s));
		goto out;
	}
	if (rc == 0)
		clean_why_not(row, &found, &wish, &why);
	if (rc == 0 && why.len && named) {
		rc = error_set(err, STATUS_USAGE, "run %s is kept: %s", ulid_short(row->id.s),
			       buf_str(&why));
	} else if (rc == 0 && why.len) {
		rc = say(job, row, &found, buf_str(&why), err);
	} else if (rc == 0) {
		if (!job->dry_run)
			rc = clean_remove(row, &found, err);
		if (rc == 0)
			rc = say(job, row, &found, NULL, err);
	}
out:
	clean_found_release(&found);
	return rc;
}

static int64_t last_moment(const struct ledger_run_row *row)
{
	return row->ended_us > 0 ? row->ended_us : row->started_us;
}

static int clean_named(struct job *job, struct error *err)
{
	for (size_t i = 0; i < job->cli->options.operands.n; i++) {
		struct ledger_run_row row = { 0 };
		struct ulid id;
		int rc;

		if (cli_run_operand(job->cli, i, &id, err) < 0 ||
		    ledger_get_run(job->cli->ledger, id.s, &row, err) < 0)
			return -1;
		rc = clean_row(job, &row, true, err);
		ledger_run_row_release(&row);
		if (rc < 0)
			return -1;
	}
	return 0;
}

static int clean_listed(struct job *job, const char *repository, struct error *err)
{
	struct ledger_run_row *rows = NULL;
	size_t n = 0;
	int rc = ledger_list_runs(job->cli->ledger, repository, RUNS_MAX, &rows, &n, err);

	for (size_t i = 0; i < n; i++) {
		if (rc == 0)
			rc = cancel_check(job->cli->cancel, err);
		if (rc == 0 && last_moment(&rows[i]) < job->before_us)
			rc = clean_row(job, &rows[i], false, err);
		ledger_run_row_release(&rows[i]);
	}
	free(rows);
	return rc;
}

/* ---- the command ---- */

static int read_options(struct cli *cli, struct job *job, struct error *err)
{
	const struct options *o = &cli->options;
	const char *older = option_value(o, "older-than");

	*job = (struct job){ .cli = cli, .dry_run = option_flag(o, "dry-run"),
			     .force = option_flag(o, "force"), .before_us = INT64_MAX,
			     .older_than = older != NULL };
	if (older && clock_parse_since(older, clock_now_us(), &job->before_us) < 0)
		return error_set(err, STATUS_USAGE, "--older-than %s: give 12h, 30d, 8w or a date",
				 older);
	if (job->force && o->operands.n == 0)
		return error_set(err, STATUS_USAGE,
				 "--force needs the RUN whose unmerged work is to go");
	if (o->operands.n > 0 && (option_flag(o, "all") || older))
		return error_set(err, STATUS_USAGE,
				 "--all and --older-than choose runs; so does naming them: give one");
	if (o->operands.n == 0 && !option_flag(o, "all") && !cli->repo)
		return error_set(err, STATUS_USAGE,
				 "not in a git repository: name the RUNs, or give --all");
	return 0;
}

static int print_summary(struct job *job, struct error *err)
{
	CLEANUP_JSON json *j = NULL;
	CLEANUP_FREE char *text = NULL;
	int rc = 0;

	if (!job->removed) {
		if (job->n_removed + job->n_kept == 0 && job->cli->options.operands.n == 0 &&
		    !option_flag(&job->cli->options, "quiet"))
			fputs("nothing to remove\n", job->cli->out);
		return 0;
	}
	j = json_object();
	rc |= json_set_i64(j, "v", 1);
	rc |= json_set_bool(j, "dry_run", job->dry_run);
	rc |= json_set(j, "removed", STEAL(job->removed));
	rc |= json_set(j, "kept", STEAL(job->kept));
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(job->cli->out, "%s\n", text);
	return 0;
}

static int run(struct cli *cli, struct error *err)
{
	struct job job;
	struct error late = { 0 };
	bool as_json = option_flag(&cli->options, "json");
	int rc;

	if (read_options(cli, &job, err) < 0)
		return -1;
	job.removed = as_json ? json_array() : NULL;
	job.kept = as_json ? json_array() : NULL;
	if (as_json && (!job.removed || !job.kept))
		rc = error_oom(err);
	else if (cli->options.operands.n > 0)
		rc = clean_named(&job, err);
	else
		rc = clean_listed(
			&job, option_flag(&cli->options, "all") ? NULL : repo_top(cli->repo), err);
	/* What was removed is told also when something failed behind it. */
	if (print_summary(&job, &late) < 0 && rc == 0) {
		*err = late;
		rc = -1;
	}
	json_free(job.removed);
	json_free(job.kept);
	return rc < 0 ? -1 : STATUS_DONE;
}

const struct command command_clean = {
	.name = "clean",
	.summary = "remove worktrees, branches and answers of old runs",
	.usage = "[options] [RUN...]",
	.details = "Of this repository's runs that were applied or changed nothing. Work that was\n"
		   "not applied stays, unless its RUN is named with --force. The ledger keeps its\n"
		   "rows.",
	.options = table,
	.needs = NEEDS_LEDGER_READ | WANTS_REPO,
	.run = run,
};
