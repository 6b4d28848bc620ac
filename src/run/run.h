/* run.h: one run of the council over one task.
 *
 * run_execute goes through: base → worktree → base gate → plan → steps (context,
 * build, gate, commit) → final gate → review (revise …) → refine → result.
 * Statuses, proof and promises: council-run(1).
 */
#ifndef COUNCIL_RUN_H
#define COUNCIL_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/settings.h"
#include "event/event.h"
#include "ledger/ledger.h"
#include "model/model.h"
#include "repo/repo.h"
#include "run/plan.h"
#include "run/result.h"
#include "util/cancel.h"
#include "util/error.h"
#include "util/json.h"
#include "util/log.h"

/* Which personas work. AUTO asks Maven and Artisan only where it pays. */
enum { PHASE_PLAN = 1, PHASE_CONTEXT = 2, PHASE_BUILD = 4, PHASE_REVIEW = 8, PHASE_REFINE = 16,
       PHASE_AUTO = 32 };
/* "auto", "all" or a comma-separated list of plan, context, build, review, refine. */
int phases_parse(const char *text, unsigned *ret, struct error *err);

/* What was asked for, beside the settings. Strings are owned. */
struct run_options {
	char *task;
	char *from_rev;          /* NULL: HEAD with uncommitted work */
	char *branch;            /* NULL: made up */
	char *plan_text;         /* JSON of --plan FILE, or NULL */
	char *gate_build, *gate_test; /* commands, as given or found; both NULL: no gate */
	struct strv files;       /* --file: paths under the repository's top */
	struct strv overrides;   /* "setting-key=value" given as flags, for resume */
	struct strv models;      /* "persona=name" */
	char *config;            /* --config FILE, absolute, for resume; NULL */
	bool apply;
	char *parent;            /* ULID of --continue's run, or NULL */
	char *parent_note;       /* what that run came to, for the personas */
	char *parent_base, *parent_head; /* commits to go on from; NULL: as usual */
	bool parent_snapshot;
};
void run_options_release(struct run_options *o);
json *run_options_json(const struct run_options *o);     /* the ledger keeps it for resume */
int run_options_from_json(const json *j, struct run_options *ret, struct error *err);

struct run_services {
	const struct settings *settings;
	struct repo *repo;
	struct ledger *ledger;
	struct model_services *models;
	struct event_bus *bus;
	const struct cancel *cancel;
	struct log *log;
};

/* A run that was begun and has to be gone on with. */
struct run_resume {
	const char *base;        /* commit id */
	bool base_is_snapshot;
	const char *branch;
};

/* Always fills *ret: a failure is a result too, with status and reason. The
 * last event, run.completed or run.failed, has been sent, and the ledger's row
 * closed, when it returns. resume: NULL for a new run. */
void run_execute(const struct run_services *services, const struct run_options *options,
		 const char *run, const struct run_resume *resume, struct result *ret);

/* Only the plan: no worktree, no gate; calls Pacer against HEAD. For
 * `council plan` and --dry-run. */
int run_plan_only(const struct run_services *services, const struct run_options *options,
		  const char *run, struct plan *ret, struct error *err);

#endif
