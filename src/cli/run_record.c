/* run_record.c: see run_record.h. */
#include "cli/run_record.h"

#include <string.h>

#include "report/report.h"
#include "util/str.h"

int cli_run_operand(struct cli *cli, size_t i, struct ulid *ret, struct error *err)
{
	const struct strv *operands = &cli->options.operands;
	const char *text = i < operands->n ? operands->v[i] : "last";

	return ledger_find_run(cli->ledger, text, cli->repo ? repo_top(cli->repo) : NULL, ret, err);
}

static int read_result(struct run_record *r, struct error *err)
{
	const char *text = r->row.result_json;
	CLEANUP_JSON json *j = NULL;

	if (!text)
		return 0;
	j = json_parse(text, strlen(text), err);
	if (!j || result_from_json(j, &r->result, err) < 0)
		return error_prefix(err, "the ledger's result of run %s", run_record_short(r));
	r->has_result = true;
	return 0;
}

/* The run may have been made in another worktree of the same repository: then its
 * commits are here. */
static int check_repository(struct cli *cli, const struct run_record *r, struct error *err)
{
	char oid[OID_HEX + 1];

	if (!cli->repo || str_eq(r->row.repository, repo_top(cli->repo)))
		return 0;
	if (r->row.base && repo_resolve(cli->repo, r->row.base, oid, NULL) == 0)
		return 0;
	return error_set(err, STATUS_USAGE, "run %s belongs to %s: go there", run_record_short(r),
			 r->row.repository ? r->row.repository : "another repository");
}

int run_record_load_id(struct cli *cli, const char *id, struct run_record *ret, struct error *err)
{
	struct run_record r = { 0 };

	if (ledger_get_run(cli->ledger, id, &r.row, err) < 0)
		return -1;
	if (read_result(&r, err) < 0 || check_repository(cli, &r, err) < 0) {
		run_record_release(&r);
		return -1;
	}
	*ret = r;
	return 0;
}

int run_record_load(struct cli *cli, size_t i, struct run_record *ret, struct error *err)
{
	struct ulid id;

	if (cli->options.operands.n > i + 1)
		return error_set(err, STATUS_USAGE, "one RUN at a time: council %s %s", cli->command->name,
				 cli->command->usage);
	if (cli_run_operand(cli, i, &id, err) < 0)
		return -1;
	return run_record_load_id(cli, id.s, ret, err);
}

void run_record_release(struct run_record *r)
{
	ledger_run_row_release(&r->row);
	result_release(&r->result);
	r->has_result = false;
}

const char *run_record_short(const struct run_record *r)
{
	return ulid_short(r->row.id.s);
}
