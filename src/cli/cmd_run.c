/* council run: a task in, a proven change out. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/dry_run.h"
#include "cli/session.h"
#include "report/report.h"
#include "util/str.h"

/* What an earlier run came to, for the personas: summary, reason, open findings. */
static char *note_of(const struct ledger_run_row *row)
{
	CLEANUP_BUF struct buf out = BUF_INIT(64 << 10);
	CLEANUP_JSON json *j = row->result_json ? json_parse(row->result_json,
							     strlen(row->result_json), NULL) : NULL;
	struct result r = { 0 };

	buf_addf(&out, "Task then: %s\n", row->task);
	if (j && result_from_json(j, &r, NULL) == 0) {
		if (r.summary && *r.summary)
			buf_addf(&out, "What was done: %s\n", r.summary);
		if (r.reason && *r.reason)
			buf_addf(&out, "It ended with: %s\n", r.reason);
		for (size_t i = 0; i < r.findings.n; i++)
			if (r.findings.v[i].open)
				buf_addf(&out, "Open finding: %s: %s\n", r.findings.v[i].file ?
					 r.findings.v[i].file : "the change", r.findings.v[i].title);
		result_release(&r);
	}
	return buf_steal(&out, NULL);
}

/* Goes on from the run's last good commit, unless it was applied: then its
 * work is in the user's branch, which is where a run starts anyway. */
static int continue_from(struct cli *cli, const char *text, struct run_options *o, struct error *err)
{
	struct ledger_run_row row = { 0 };
	struct ulid id;
	char oid[OID_HEX + 1];
	int rc = -1;

	if (ledger_find_run(cli->ledger, text, repo_top(cli->repo), &id, err) ||
	    ledger_get_run(cli->ledger, id.s, &row, err))
		return -1;
	if (!str_eq(row.repository, repo_top(cli->repo))) {
		error_set(err, STATUS_USAGE, "run %s belongs to %s", ulid_short(id.s), row.repository);
		goto out;
	}
	o->parent = str_dup(id.s);
	o->parent_note = note_of(&row);
	if (!str_eq(row.state, "applied") && row.head && *row.head &&
	    repo_resolve(cli->repo, row.head, oid, NULL) == 0) {
		CLEANUP_JSON json *j = row.result_json ? json_parse(row.result_json,
								    strlen(row.result_json), NULL) : NULL;

		o->parent_base = str_dup(row.base);
		o->parent_head = str_dup(row.head);
		o->parent_snapshot = json_get_bool(json_get(j, "change"), "base_is_snapshot", false);
	}
	rc = o->parent && o->parent_note ? 0 : error_oom(err);
out:
	ledger_run_row_release(&row);
	return rc;
}

/* *ret_summary is the task, where there is no other; malloc'd. */
static int take_plan(const char *file, struct run_options *o, char **ret_summary, struct error *err)
{
	struct plan plan = { 0 };
	CLEANUP_JSON json *j = NULL;

	if (plan_from_file(file, &plan, err))
		return -1;
	j = plan_json(&plan);
	o->plan_text = j ? json_print(j) : NULL;
	*ret_summary = str_dup(plan.summary);
	plan_release(&plan);
	return o->plan_text && *ret_summary ? 0 : error_oom(err);
}

static int take_options(struct cli *cli, struct run_options *o, struct error *err)
{
	const char *plan = option_value(&cli->options, "plan");
	const char *from = option_value(&cli->options, "from");
	const char *branch = option_value(&cli->options, "branch");
	const char *parent = option_value(&cli->options, "continue");
	struct settings_overrides given = { 0 };
	CLEANUP_FREE char *summary = NULL;
	unsigned phases;

	if (parent && from)
		return error_set(err, STATUS_USAGE, "--continue and --from exclude each other");
	if (phases_parse(settings_string(cli->settings, SET_PHASES), &phases, err) ||
	    (plan && take_plan(plan, o, &summary, err)) ||
	    session_task(cli, summary, &o->task, err) || session_files(cli, o, err) ||
	    session_gate(cli, cli->settings, repo_top(cli->repo), o, err) ||
	    (parent && continue_from(cli, parent, o, err)))
		return -1;
	o->from_rev = str_dup(from);
	o->branch = str_dup(branch);
	o->apply = option_flag(&cli->options, "apply");
	options_overrides(&cli->options, cli->command->options, global_options, &given);
	return session_keep_overrides(&given, o, err);
}

static int run(struct cli *cli, struct error *err)
{
	struct run_options o = { 0 };
	struct ulid id = ulid_new();
	int rc = take_options(cli, &o, err);

	if (rc == 0)
		rc = option_flag(&cli->options, "dry-run") ? dry_run(cli, &o, id.s, err)
							   : session_run(cli, cli->settings, &o, id.s, NULL, err);
	run_options_release(&o);
	return rc;
}

const struct command command_run = {
	.name = "run",
	.summary = "have the council do a task in this repository",
	.usage = "[options] [TASK | -]",
	.details = "Works on a branch and in a worktree of its own; your tree is not touched.\n"
		   "The repository's tests are the gate. Exit status: council(1).",
	.options = run_option_table,
	.needs = NEEDS_REPO | NEEDS_LEDGER,
	.run = run,
};
