/* run_record.h: a run as the ledger has it, for the commands that take RUN. */
#ifndef COUNCIL_RUN_RECORD_H
#define COUNCIL_RUN_RECORD_H

#include "cli/cli.h"
#include "run/result.h"

struct run_record {
	struct ledger_run_row row;
	struct result result;   /* zero where has_result is false */
	bool has_result;        /* it ended: not one that is going on, or was killed */
};
/* By operand i (none: the last run of this repository). STATUS_USAGE when it is not one of this
 * repository, where there is one. */
int run_record_load(struct cli *cli, size_t i, struct run_record *ret, struct error *err);
int run_record_load_id(struct cli *cli, const char *id, struct run_record *ret, struct error *err);
void run_record_release(struct run_record *r);
const char *run_record_short(const struct run_record *r); /* borrowed */

#endif
