/* clean.h: what one run left on the disk, and whether it may go. */
#ifndef COUNCIL_CLEAN_H
#define COUNCIL_CLEAN_H

#include <stdbool.h>

#include "ledger/ledger.h"
#include "repo/repo.h"
#include "util/buf.h"
#include "util/error.h"

/* What is there; NULL for what is not. Zero-initialise; clean_found_release. */
struct clean_found {
	char *worktree;    /* its folder */
	char *branch;      /* that still exists */
	char *answers;     /* folder of the recorded answers */
	bool own_work;     /* the branch holds commits that were not applied */
	struct repo *repo; /* the run's repository; NULL: it is gone */
	bool repo_owned;
};
/* `here` (may be NULL) is used where the run is of it. */
int clean_look(struct repo *here, const struct ledger_run_row *row, struct clean_found *ret,
	       struct error *err);
void clean_found_release(struct clean_found *f);
bool clean_anything(const struct clean_found *f);

struct clean_wish {
	bool named;        /* a person named this run */
	bool force;        /* and its unmerged work shall go */
	bool aged;         /* an age was given: what could be resumed may go as well */
};
/* Why it has to stay, one line; nothing is added when it may go. */
void clean_why_not(const struct ledger_run_row *row, const struct clean_found *found,
		   const struct clean_wish *wish, struct buf *why);
int clean_remove(const struct ledger_run_row *row, const struct clean_found *found,
		 struct error *err);

#endif
