/* Runs every suite; arguments name some of them: `unit json db`. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"

static const struct {
	const char *name;
	Suite *(*make)(void);
} suites[] = {
	{ "apply", suite_apply },
	{ "buf", suite_buf },
	{ "cost", suite_cost },
	{ "db", suite_db },
	{ "deployments", suite_deployments },
	{ "edit_apply", suite_edit_apply },
	{ "edit_cases", suite_edit_cases },
	{ "edit_match", suite_edit_match },
	{ "edit_parse", suite_edit_parse },
	{ "error", suite_error },
	{ "estimate", suite_estimate },
	{ "event", suite_event },
	{ "gate_compare", suite_gate_compare },
	{ "gate_detect", suite_gate_detect },
	{ "http", suite_http },
	{ "init", suite_init },
	{ "journal", suite_journal },
	{ "json", suite_json },
	{ "ledger", suite_ledger },
	{ "log", suite_log },
	{ "misc", suite_misc },
	{ "model", suite_model },
	{ "openai", suite_openai },
	{ "options", suite_options },
	{ "path", suite_path },
	{ "persona", suite_persona },
	{ "plan", suite_plan },
	{ "price", suite_price },
	{ "process", suite_process },
	{ "protect", suite_protect },
	{ "regex", suite_regex },
	{ "replay", suite_replay },
	{ "repo", suite_repo },
	{ "report", suite_report },
	{ "result", suite_result },
	{ "retry", suite_retry },
	{ "review", suite_review },
	{ "sandbox", suite_sandbox },
	{ "settings", suite_settings },
	{ "sse", suite_sse },
	{ "str", suite_str },
	{ "test_parse", suite_test_parse },
	{ "trust", suite_trust },
	{ "worktree", suite_worktree },
	{ "yaml", suite_yaml },
};

static int wanted(int argc, char **argv, const char *name)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return 1;
	return argc < 2;
}

int main(int argc, char **argv)
{
	SRunner *runner = srunner_create(NULL);
	int failed, run;

	for (size_t i = 0; i < sizeof(suites) / sizeof(*suites); i++)
		if (wanted(argc, argv, suites[i].name))
			srunner_add_suite(runner, suites[i].make());
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	run = srunner_ntests_run(runner);
	srunner_free(runner);
	return failed == 0 && run > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
