/* suites.h: the list of suites; main.c runs them all in one program. */
#ifndef COUNCIL_SUITES_H
#define COUNCIL_SUITES_H

#include <check.h>

Suite *suite_apply(void);
Suite *suite_buf(void);
Suite *suite_cost(void);
Suite *suite_db(void);
Suite *suite_deployments(void);
Suite *suite_edit_apply(void);
Suite *suite_edit_cases(void);
Suite *suite_edit_match(void);
Suite *suite_edit_parse(void);
Suite *suite_error(void);
Suite *suite_estimate(void);
Suite *suite_event(void);
Suite *suite_gate_compare(void);
Suite *suite_gate_detect(void);
Suite *suite_http(void);
Suite *suite_init(void);
Suite *suite_journal(void);
Suite *suite_json(void);
Suite *suite_ledger(void);
Suite *suite_log(void);
Suite *suite_misc(void);
Suite *suite_model(void);
Suite *suite_openai(void);
Suite *suite_options(void);
Suite *suite_path(void);
Suite *suite_persona(void);
Suite *suite_plan(void);
Suite *suite_price(void);
Suite *suite_process(void);
Suite *suite_protect(void);
Suite *suite_regex(void);
Suite *suite_replay(void);
Suite *suite_repo(void);
Suite *suite_report(void);
Suite *suite_result(void);
Suite *suite_retry(void);
Suite *suite_review(void);
Suite *suite_sandbox(void);
Suite *suite_settings(void);
Suite *suite_sse(void);
Suite *suite_str(void);
Suite *suite_test_parse(void);
Suite *suite_trust(void);
Suite *suite_worktree(void);
Suite *suite_yaml(void);

#endif
