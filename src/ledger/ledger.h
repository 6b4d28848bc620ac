/* ledger.h: what happened, append-only, in SQLite (see schema.c for the
 * commented DDL). Times are integer UTC µs, money integer nano-dollars, keys
 * ULIDs made by the program. All functions are thread-safe; writes go through
 * the writer thread unless said otherwise, and are committed by ledger_flush
 * or within 50 ms.
 */
#ifndef COUNCIL_LEDGER_H
#define COUNCIL_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "event/event.h"
#include "model/model.h"
#include "run/result.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/json.h"
#include "util/ulid.h"

struct ledger;
struct db;

/* path NULL: $XDG_STATE_HOME/council/ledger.db. Makes the folder (0700). */
int ledger_open(const char *path, bool read_only, struct ledger **ret, char **ret_note,
		struct error *err);
int ledger_close(struct ledger *l, struct error *err);  /* flushes; NULL-safe */
int ledger_flush(struct ledger *l, struct error *err);
struct db *ledger_db(struct ledger *l);                 /* for queries; borrowed */

struct ledger_run {
	const char *id, *parent /* NULL, or the run it continues */;
	const char *task, *repository /* top folder */, *base, *branch, *worktree;
	const char *argv_json;      /* options that resume needs, as JSON */
	const char *const *tags;    /* "k=v", NULL-terminated; may be NULL */
	int64_t started_us;
	int64_t budget_nano;        /* -1: none */
};
/* Written at once (synchronously), before anything else of the run. Once more
 * for the same id when the run is resumed: what was asked for stays as it was
 * first written, the new process and cap are noted, tags are added, and what
 * an earlier process had reserved and not settled becomes unknown. */
int ledger_run_started(struct ledger *l, const struct ledger_run *r, struct error *err);
/* Writes the end of the run with the whole result (result_json). Synchronous. */
int ledger_run_ended(struct ledger *l, const struct result *r, struct error *err);

struct ledger_call {
	struct ulid id;
	const char *run, *stage, *persona;
	const char *provider, *deployment, *model_asked, *model_answered;
	int attempt;                /* asking: 1, 2 */
	int http_attempts;
	int64_t started_us, latency_us, first_token_us;
	struct usage usage;
	const char *raw_usage;      /* the endpoint's JSON; interned; may be NULL */
	bool cost_known;
	int64_t cost_nano;
	struct sha256 price_hash, request_hash, response_hash;
	const char *cache;          /* "off", "hit", "miss" */
	const char *outcome;        /* model_outcome_name */
	const char *error;          /* NULL or one line */
};
/* Copies what it needs. A call that is there already (by id) is not counted again. */
int ledger_call(struct ledger *l, const struct ledger_call *c, struct error *err);
/* The endpoint's usage JSON of a call, as it was sent; malloc'd. *ret is NULL when there is none. */
int ledger_raw_usage(struct ledger *l, const char *call, char **ret, struct error *err);

/* Reservations against a run's cap, synchronous and atomic across processes:
 * fails with STATUS_BUDGET when spent + reserved + amount would pass cap_nano
 * (cap_nano -1: only recorded). */
int ledger_reserve(struct ledger *l, const char *run, const char *call, int64_t amount_nano,
		   int64_t cap_nano, struct error *err);
/* state: "settled" (it cost actual_nano; -1: unknown), "released" (it was not sent) or
 * "unknown" (it may have been charged: counted in full). Those of a process
 * that is gone become "unknown" when the run is resumed or ends. Settling
 * twice changes nothing. */
int ledger_settle(struct ledger *l, const char *call, int64_t actual_nano, const char *state,
		  struct error *err);
/* What counts against the run's cap beside what is reserved: settled, and unknown in full. */
int ledger_spent(struct ledger *l, const char *run, int64_t *ret_nano, struct error *err);

/* An event sink that writes the stage, edit, gate, test, finding, event,
 * alert rows from events (ctx is the ledger; free does nothing). */
extern const struct event_sink ledger_sink;

/* Reading. RUN as a person writes it: the whole ULID, its last 8 (or any
 * unambiguous suffix of at least 4) characters, in any case, or "last" for the
 * newest run of `repository` (NULL: of all). Error names near or ambiguous ones. */
int ledger_find_run(struct ledger *l, const char *text, const char *repository, struct ulid *ret,
		    struct error *err);

struct ledger_run_row {     /* owned strings; release */
	struct ulid id;
	char *parent, *task, *repository, *base, *branch, *worktree, *argv_json, *head;
	char *state; /* running, interrupted (its process is gone), ended, applied, undone */
	char *proof;            /* red-green, green-only, none; NULL as for result_json */
	char *result_json;      /* NULL while it runs, or was killed */
	int64_t started_us, ended_us;
	int status;             /* -1 while running */
	int64_t cost_nano;
	int unknown_cost_calls;
	char *applied_from, *applied_to; /* commits of the user's branch before and after apply */
	char *applied_ref;      /* the branch that was moved */
};
int ledger_get_run(struct ledger *l, const char *id, struct ledger_run_row *ret, struct error *err);
void ledger_run_row_release(struct ledger_run_row *r);
/* Newest first, at most `limit`; repository NULL: all. */
int ledger_list_runs(struct ledger *l, const char *repository, int limit,
		     struct ledger_run_row **ret, size_t *ret_n, struct error *err);
int ledger_set_applied(struct ledger *l, const char *run, const char *ref, const char *from,
		       const char *to, bool undone, struct error *err); /* synchronous */
/* The calls of a run in the order they ended. Strings are owned. */
struct ledger_call_row {
	struct ulid id;
	char *stage, *persona, *provider, *model, *outcome, *error; /* NULL where not known */
	int attempt, http_attempts;
	int64_t started_us, latency_us, first_token_us;
	struct usage usage;
	bool cost_known;
	int64_t cost_nano;
};
int ledger_list_calls(struct ledger *l, const char *run, struct ledger_call_row **ret,
		      size_t *ret_n, struct error *err);
void ledger_call_rows_free(struct ledger_call_row *rows, size_t n);

/* The events of a run, in order, to `each`: those of calls are not kept (see
 * ledger_list_calls), and the last one has the result of run_end as its data.
 * A non-zero answer of `each` stops. */
int ledger_each_event(struct ledger *l, const char *run,
		      int (*each)(void *ctx, const struct event *e), void *ctx, struct error *err);
/* The result's per-persona table, from the call rows: what the closing table
 * shows and `council cost` sums are the same numbers. */
int ledger_run_usage(struct ledger *l, const char *run, struct persona_usage *ret, size_t max,
		     size_t *ret_n, struct error *err);

#endif
