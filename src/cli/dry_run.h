/* dry_run.h: council run --dry-run: the plan, and what the run would cost. */
#ifndef COUNCIL_DRY_RUN_H
#define COUNCIL_DRY_RUN_H

#include "cli/cli.h"
#include "run/run.h"

int dry_run(struct cli *cli, const struct run_options *o, const char *run, struct error *err);

#endif
