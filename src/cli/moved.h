/* moved.h: what apply and undo say: which branch went from where to where. */
#ifndef COUNCIL_MOVED_H
#define COUNCIL_MOVED_H

#include "cli/cli.h"
#include "run/result.h"

struct moved {
	const char *run;             /* ULID */
	bool undone;                 /* else applied */
	const char *ref, *from, *to; /* a branch's full name or "HEAD"; commit ids. from equal to to:
				      * only the files of the tree changed */
	const char *branch;          /* the run's own; may be NULL */
	const struct result *result; /* for the size of the change; may be NULL */
};
/* "main" of "refs/heads/main"; borrowed. */
const char *moved_ref(const char *ref);
/* One line, or with --json one object, on stdout. */
int moved_print(struct cli *cli, const struct moved *m, struct error *err);

#endif
