/* finish.h: the end of a run: everything that was learned becomes the one
 * result, which closes the ledger's row and is the last event.
 */
#ifndef COUNCIL_FINISH_H
#define COUNCIL_FINISH_H

#include "run/gate.h"
#include "run/run.h"

struct finish {
	const struct run_services *services;
	const struct run_options *options;
	bool begun;                      /* it has a row in the ledger, which can end */
	bool failed;                     /* else the status is STATUS_DONE */
	const struct error *error;
	const struct gate_result *base;  /* NULL: no gate was run */
	const struct gate_result *now;   /* NULL: none after a change */
	const char *base_oid, *head_oid; /* "" when it never came so far */
};
/* Completes *r, applies the change where --apply asked for it and the run is
 * done, writes the ledger and sends the last event. A ledger that cannot be
 * written turns a "done" into its error: nothing claims what is not recorded. */
void finish_run(const struct finish *f, struct result *r);

#endif
