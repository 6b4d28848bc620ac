/* session.h: what run, plan, resume and demo share: from a command line to a
 * run and back to an exit status.
 */
#ifndef COUNCIL_SESSION_H
#define COUNCIL_SESSION_H

#include "cli/cli.h"
#include "run/run.h"

/* The options of a run; run, resume and demo take them or a part of them. */
extern const struct option_def run_option_table[];

/* The task from operand, --task-file, or standard input (council-run(1)), or
 * else `otherwise` (may be NULL); malloc'd. STATUS_USAGE when there is none. */
int session_task(struct cli *cli, const char *otherwise, char **ret, struct error *err);
/* --file paths are the user's, from where they stand; the run's are from the top. */
int session_files(struct cli *cli, struct run_options *o, struct error *err);
/* Fills gate_build and gate_test from the settings or by looking; asks on a
 * terminal; STATUS_USAGE when there is no gate and --no-gate was not given. */
int session_gate(struct cli *cli, const struct settings *s, const char *top,
		 struct run_options *o, struct error *err);
/* The settings given as flags, kept for resume: file names made absolute. */
int session_keep_overrides(const struct settings_overrides *given, struct run_options *o,
			   struct error *err);

/* Runs and reports; the exit status. `settings` may be other than the frame's. */
int session_run(struct cli *cli, const struct settings *settings, const struct run_options *o,
		const char *run, const struct run_resume *resume, struct error *err);
/* Plans and reports to the ledger as a run that stops after the plan. */
int session_plan(struct cli *cli, const struct settings *settings, const struct run_options *o,
		 const char *run, struct plan *ret, struct model_services **ret_models,
		 struct error *err);

#endif
