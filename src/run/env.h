/* env.h: what every stage of one run works with. Private to the run's thread.
 *
 * Stages take the environment and plain values and give plain values back;
 * they never call one another (run.c wires them). Everything that leaves a
 * trace goes through here: events, model calls and gates, the last two by
 * way of the journal.
 */
#ifndef COUNCIL_RUN_ENV_H
#define COUNCIL_RUN_ENV_H

#include <stdbool.h>
#include <stdint.h>

#include "config/settings.h"
#include "event/event.h"
#include "ledger/ledger.h"
#include "model/model.h"
#include "repo/repo.h"
#include "run/gate.h"
#include "run/journal.h"
#include "run/run.h"
#include "util/cancel.h"
#include "util/error.h"
#include "util/log.h"

struct run_env {
	const struct settings *settings;   /* borrowed, as all pointers here */
	const struct run_options *options;
	struct repo *repo;
	struct ledger *ledger;
	struct model_services *models;
	struct event_bus *bus;
	struct journal *journal;
	const struct cancel *cancel;
	struct log *log;
	struct ulid run;
	struct worktree worktree;          /* owned */
	char *gate_build, *gate_test;      /* owned; NULL: none */
	struct ulid stage;                 /* the one under way */
	int64_t stage_started_us;
	const char *stage_kind, *stage_persona;
	json *stage_data;                  /* of stage.started while it waits for the replay to end; owned */
	size_t recorded, taken;            /* journal entries found at the start; taken since */
	bool begun;                        /* the run's row is in the ledger */
	size_t context_bytes;              /* room for repository text in a prompt */
};

/* Opens the journal and sets what does not change. Release it also after a
 * failure. */
int run_env_init(struct run_env *env, const struct run_services *services,
		 const struct run_options *options, const char *run, struct error *err);
/* The run's row in the ledger: written before anything is paid. Of a resumed
 * run, which has it, the new process and cap. From here on its events are
 * rows too. */
int started(struct run_env *env, const struct result *r, struct error *err);
/* The task with what an earlier run came to; malloc'd, NULL: no memory. */
char *task_text(const struct run_options *o);

/* A stage begins and ends; `persona` may be NULL. The kind is one of plan,
 * context, build, gate, review, revise, refine, setup. */
void stage_begin(struct run_env *env, const char *kind, const char *persona, const char *title,
		 int step, int attempt);
void stage_end(struct run_env *env, const char *outcome, const char *summary);
/* An event of the run; takes data. Silent while the journal is replayed: what
 * it tells was told before the kill. */
void run_emit(struct run_env *env, enum event_type type, json *data);

/* One model call at `key`. What the journal has is not asked again. */
int run_call(struct run_env *env, const char *key, const struct model_request *request,
	     struct completion *ret, struct error *err);
/* The key of a call that is the second, third, … asking at `key`; malloc'd. */
char *call_place(const char *key, int asking);
/* Takes back answers that end the run because none of them can be used: `resume`
 * asks again. */
int run_forget(struct run_env *env, const char *key, int asked, struct error *err);
/* One gate at `key` ("gate/base"), announced as `name` (base, step, final, refine). */
int run_gate(struct run_env *env, const char *key, const char *name, const struct gate_result *base,
	     struct gate_result *ret, struct error *err);

/* Replaying: recorded values are still to come. */
bool run_replaying(const struct run_env *env);
void run_env_release(struct run_env *env);

#endif
