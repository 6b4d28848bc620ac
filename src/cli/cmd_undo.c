/* council undo: takes an applied run back, while nothing stands on top of it. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/moved.h"
#include "cli/run_record.h"
#include "util/str.h"

enum { RUNS_LOOKED_AT = 200 };

/* Without RUN: the newest run of this repository that is applied. */
static int last_applied(struct cli *cli, struct ulid *ret, struct error *err)
{
	struct ledger_run_row *rows = NULL;
	size_t n = 0;
	bool found = false;

	if (ledger_list_runs(cli->ledger, repo_top(cli->repo), RUNS_LOOKED_AT, &rows, &n, err) < 0)
		return -1;
	for (size_t i = 0; i < n && !found; i++) {
		found = str_eq(rows[i].state, "applied");
		if (found)
			*ret = rows[i].id;
	}
	for (size_t i = 0; i < n; i++)
		ledger_run_row_release(&rows[i]);
	free(rows);
	if (!found)
		return error_set(err, STATUS_NOTHING, "no run is applied here: there is nothing to undo");
	return 0;
}

static int undo(struct cli *cli, const struct run_record *r, struct error *err)
{
	const char *id = run_record_short(r);
	struct moved m = { .run = r->row.id.s, .undone = true, .ref = r->row.applied_ref,
			   .from = r->row.applied_to, .to = r->row.applied_from };

	if (str_eq(r->row.state, "undone"))
		return error_set(err, STATUS_NOTHING, "run %s is undone already; council apply %s brings it "
				 "back", id, id);
	if (!str_eq(r->row.state, "applied") || !m.ref || !m.from || !m.to)
		return error_set(err, STATUS_NOTHING, "run %s is not applied: there is nothing to undo", id);
	if (repo_undo(cli->repo, m.ref, m.to, m.from, r->row.base, r->result.base_is_snapshot,
		      r->row.head, err) < 0)
		return -1;
	if (ledger_set_applied(cli->ledger, r->row.id.s, m.ref, m.to, m.from, true, err) < 0)
		return error_prefix(err, "%s is back where it was, but the ledger does not say so",
				    moved_ref(m.ref));
	return moved_print(cli, &m, err);
}

static int run(struct cli *cli, struct error *err)
{
	struct run_record r;
	struct ulid id;
	int rc;

	if (cli->options.operands.n > 0)
		rc = run_record_load(cli, 0, &r, err);
	else if (last_applied(cli, &id, err) < 0)
		return -1;
	else
		rc = run_record_load_id(cli, id.s, &r, err);
	if (rc < 0)
		return -1;
	rc = undo(cli, &r, err);
	run_record_release(&r);
	return rc < 0 ? rc : STATUS_DONE;
}

const struct command command_undo = {
	.name = "undo",
	.summary = "take an applied run back",
	.usage = "[RUN]",
	.details = "RUN is the newest applied run of this repository where none is given. Only while\n"
		   "its last commit is the tip of your branch; uncommitted work in the way is kept.",
	.needs = NEEDS_REPO | NEEDS_LEDGER,
	.run = run,
};
