/* council apply: a run's change into the user's branch. */
#include <string.h>

#include "cli/cli.h"
#include "cli/moved.h"
#include "cli/run_record.h"
#include "util/str.h"

static const struct option_def table[] = {
	{ "force", 0, OPTION_FLAG, NULL, "though the run did not end with status 0", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

static int check(const struct run_record *r, bool force, struct error *err)
{
	const char *id = run_record_short(r);

	if (!r->has_result)
		return error_set(err, STATUS_USAGE, "run %s has not ended: it goes on, or was killed; "
				 "council resume %s goes on with it", id, id);
	if ((!r->row.head || !*r->row.head) && r->result.status != STATUS_NOTHING)
		return error_set(err, STATUS_USAGE, "run %s ended with status %d (%s) before any of its work "
				 "was good enough to commit: there is nothing to apply; council show %s says "
				 "why", id, (int)r->result.status, status_name(r->result.status), id);
	if (!r->row.head || !*r->row.head)
		return error_set(err, STATUS_NOTHING, "run %s changed nothing: there is nothing to apply", id);
	if (str_eq(r->row.state, "applied") && !force)
		return error_set(err, STATUS_NOTHING, "run %s is already applied to %s; council undo %s "
				 "takes it back", id,
				 r->row.applied_ref ? moved_ref(r->row.applied_ref) : "your branch", id);
	if (r->result.status != STATUS_DONE && !force)
		return error_set(err, STATUS_USAGE, "run %s ended with status %d (%s): look at council show "
				 "%s; --force applies it all the same", id, (int)r->result.status,
				 status_name(r->result.status), id);
	return 0;
}

/* A kill between git's work and the ledger's row left the branch moved, unrecorded. */
static bool stands_already(struct cli *cli, const struct run_record *r, char oid[OID_HEX + 1])
{
	return repo_resolve(cli->repo, "HEAD", oid, NULL) == 0 && str_eq(oid, r->row.head) &&
	       !r->result.base_is_snapshot;
}

static int apply(struct cli *cli, const struct run_record *r, struct error *err)
{
	struct moved m = { .run = r->row.id.s };
	CLEANUP_FREE char *ref = NULL;
	char from[OID_HEX + 1], to[OID_HEX + 1];

	if (check(r, option_flag(&cli->options, "force"), err) < 0)
		return -1;
	if (stands_already(cli, r, to)) {
		CLEANUP_FREE char *branch = repo_branch(cli->repo);

		ref = branch ? str_printf("refs/heads/%s", branch) : str_dup("HEAD");
		snprintf(from, sizeof(from), "%s", r->row.base);
	} else if (repo_apply_change(cli->repo, r->row.base, r->result.base_is_snapshot, r->row.head,
				     from, to, &ref, err) < 0) {
		return -1;
	}
	if (!ref)
		return error_oom(err);
	if (ledger_set_applied(cli->ledger, r->row.id.s, ref, from, to, false, err) < 0)
		return error_prefix(err, "%s now holds the change, but the ledger does not say so",
				    moved_ref(ref));
	m.branch = r->result.branch;
	m.ref = ref;
	m.from = from;
	m.to = to;
	m.result = &r->result;
	return moved_print(cli, &m, err);
}

static int run(struct cli *cli, struct error *err)
{
	struct run_record r;
	int rc;

	if (run_record_load(cli, 0, &r, err) < 0)
		return -1;
	rc = apply(cli, &r, err);
	run_record_release(&r);
	return rc < 0 ? rc : STATUS_DONE;
}

const struct command command_apply = {
	.name = "apply",
	.summary = "bring a run's change into your branch",
	.usage = "[options] [RUN]",
	.details = "Fast-forwards, or else picks the commits on top of your branch. Where that\n"
		   "conflicts, or uncommitted work stands in the way, nothing is changed (exit 3).",
	.options = table,
	.needs = NEEDS_REPO | NEEDS_LEDGER,
	.run = run,
};
