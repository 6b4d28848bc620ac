/* council resume: goes on with a run that was killed, interrupted, out of
 * budget or without its endpoint, from what it had been told. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/session.h"
#include "util/str.h"

static const struct option_def table[] = {
	{ "budget", 'b', OPTION_VALUE, "USD", "raise the cap, or none", SET_BUDGET, 0 },
	{ "model", 'm', OPTION_LIST, "PERSONA=NAME", "another model from here on", NO_SETTING, 0 },
	{ "endpoint", 0, OPTION_VALUE, "URL", "another endpoint from here on", SET_ENDPOINT, 0 },
	{ "replay", 0, OPTION_VALUE, "FILE", "take recorded answers, call nothing", SET_REPLAY, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

/* The models given then, unless `all=` is given now, and those given now, which
 * win. */
static int merge_models(struct strv *out, const struct strv *then, const char *const *now)
{
	bool all = false;

	for (const char *const *m = now; m && *m; m++)
		all = all || strncmp(*m, "all=", 4) == 0;
	for (size_t i = 0; !all && i < then->n; i++)
		if (strv_add(out, then->v[i]))
			return -1;
	for (const char *const *m = now; m && *m; m++)
		if (strv_add(out, *m))
			return -1;
	return 0;
}

/* The settings as they were given to the run, under what is given now. */
static int settings_again(struct cli *cli, const struct run_options *o, struct settings **ret,
			  struct error *err)
{
	const struct setting_def *defs = setting_defs();
	struct settings_overrides given = { 0 };
	CLEANUP_STRV struct strv warnings = { 0 };
	CLEANUP_STRV struct strv models = { 0 };

	options_overrides(&cli->options, table, global_options, &given);
	for (size_t i = 0; i < o->overrides.n; i++)
		for (int id = 0; id < SET_COUNT; id++) {
			size_t len = strlen(defs[id].key);

			if (!given.value[id] && strncmp(o->overrides.v[i], defs[id].key, len) == 0 &&
			    o->overrides.v[i][len] == '=')
				given.value[id] = o->overrides.v[i] + len + 1;
		}
	if (merge_models(&models, &o->models, given.models))
		return error_oom(err);
	given.models = models.n ? (const char *const *)models.v : NULL;
	if (!given.config)
		given.config = o->config;
	return settings_load(repo_top(cli->repo), &given, ret, &warnings, err);
}

/* Whether this run can be gone on with; what it can if not. */
static int check_state(const struct ledger_run_row *row, const char *top, struct error *err)
{
	const char *id = ulid_short(row->id.s);

	if (!str_eq(row->repository, top))
		return error_set(err, STATUS_USAGE, "run %s belongs to %s: go there", id, row->repository);
	if (str_eq(row->state, "running"))
		return error_set(err, STATUS_USAGE, "run %s is still going on in another process", id);
	if (str_eq(row->state, "applied") || row->status == STATUS_DONE)
		return error_set(err, STATUS_USAGE, "run %s is done: see `council show %s`, or go on with "
				 "`council run --continue %s \"…\"`", id, id, id);
	if (row->status == STATUS_GATE || row->status == STATUS_REVIEW || row->status == STATUS_NOTHING)
		return error_set(err, STATUS_USAGE, "run %s ended with status %d; go on from it with "
				 "`council run --continue %s \"…\"`", id, row->status, id);
	if (!row->base || !*row->base || !row->branch || !*row->branch)
		return error_set(err, STATUS_USAGE, "run %s never began: run it again", id);
	return 0;
}

static int resume_row(struct cli *cli, const struct ledger_run_row *row, struct error *err)
{
	CLEANUP_JSON json *j = row->argv_json ? json_parse(row->argv_json, strlen(row->argv_json), err)
					      : NULL;
	struct run_options o = { 0 };
	struct settings *settings = NULL;
	struct run_resume resume = { .base = row->base, .branch = row->branch };
	int rc = -1;

	if (!j)
		return row->argv_json ? -1 : error_set(err, STATUS_USAGE, "the ledger has no options for "
						       "run %s", ulid_short(row->id.s));
	if (run_options_from_json(j, &o, err) || settings_again(cli, &o, &settings, err))
		goto out;
	resume.base_is_snapshot = json_get_bool(j, "base_is_snapshot", false);
	rc = session_run(cli, settings, &o, row->id.s, &resume, err);
out:
	settings_free(settings);
	run_options_release(&o);
	return rc;
}

static int run(struct cli *cli, struct error *err)
{
	struct ledger_run_row row = { 0 };
	struct ulid id;
	int rc;

	if (cli_run_operand(cli, 0, &id, err) || ledger_get_run(cli->ledger, id.s, &row, err))
		return -1;
	rc = check_state(&row, repo_top(cli->repo), err);
	if (rc == 0)
		rc = resume_row(cli, &row, err);
	ledger_run_row_release(&row);
	return rc;
}

const struct command command_resume = {
	.name = "resume",
	.summary = "go on with a run that was cut off",
	.usage = "[options] [RUN]",
	.details = "No answer that was recorded is paid for again.",
	.options = table,
	.needs = NEEDS_REPO | NEEDS_LEDGER,
	.run = run,
};
