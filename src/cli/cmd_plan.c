/* council plan: Pacer's plan as JSON, for a person to edit and `run --plan`. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/session.h"
#include "util/path.h"
#include "util/str.h"

static const struct option_def table[] = {
	{ "model", 'm', OPTION_LIST, "PERSONA=NAME", "model of a persona, or all=NAME", NO_SETTING, 0 },
	{ "endpoint", 0, OPTION_VALUE, "URL", "OpenAI-compatible endpoint", SET_ENDPOINT, 0 },
	{ "test", 't', OPTION_VALUE, "CMD", "the gate, told to Pacer", SET_TEST, 0 },
	{ "budget", 'b', OPTION_VALUE, "USD", "cap, or none", SET_BUDGET, 0 },
	{ "from", 0, OPTION_VALUE, "REV", "plan against this commit", NO_SETTING, 0 },
	{ "file", 'f', OPTION_LIST, "FILE", "a file that Pacer must see", NO_SETTING, 0 },
	{ "task-file", 0, OPTION_VALUE, "FILE", "read the task from a file", NO_SETTING, 0 },
	{ "output", 'o', OPTION_VALUE, "FILE", "write the plan to a file", NO_SETTING, 0 },
	{ "replay", 0, OPTION_VALUE, "FILE", "take recorded answers, call nothing", SET_REPLAY, 0 },
	{ "record", 0, OPTION_VALUE, "FILE", "write the answers to a file", SET_RECORD, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

static int print_plan(struct cli *cli, const struct plan *plan, struct error *err)
{
	const char *file = option_value(&cli->options, "output");
	CLEANUP_JSON json *j = plan_json(plan);
	CLEANUP_FREE char *text = j ? json_print_pretty(j) : NULL;
	CLEANUP_FREE char *lines = text ? str_printf("%s\n", text) : NULL;

	if (!lines)
		return error_oom(err);
	if (file)
		return path_write_atomic(file, lines, strlen(lines), 0644, false, err);
	fputs(lines, cli->out);
	return 0;
}

static int run(struct cli *cli, struct error *err)
{
	struct run_options o = { 0 };
	struct plan plan = { 0 };
	struct model_services *models = NULL;
	struct ulid id = ulid_new();
	struct error ignored = { 0 };
	int rc = -1;

	if (session_task(cli, NULL, &o.task, err) || session_files(cli, &o, err))
		goto out;
	o.from_rev = str_dup(option_value(&cli->options, "from"));
	/* a plan can be made without a gate */
	session_gate(cli, cli->settings, repo_top(cli->repo), &o, &ignored);
	rc = session_plan(cli, cli->settings, &o, id.s, &plan, &models, err);
	if (rc == 0)
		rc = print_plan(cli, &plan, err);
out:
	model_services_free(models);
	plan_release(&plan);
	run_options_release(&o);
	return rc;
}

const struct command command_plan = {
	.name = "plan",
	.summary = "print a plan for a task, to edit and `run --plan`",
	.usage = "[options] [TASK | -]",
	.options = table,
	.needs = NEEDS_REPO | NEEDS_LEDGER,
	.run = run,
};
