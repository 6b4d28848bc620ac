/* event.h: what a run tells while it goes on, and the bus that carries it.
 *
 * An event is its type, the time, ids and a JSON object of data whose fields
 * the published schema (man council-events, event.schema.json) fixes:
 *   run.started       task, repository, base, branch, from (the user's branch or null), snapshot, phases[], gate, build, budget_usd, models{persona: model}, recorded, resumed (answers and gates taken from an earlier try), version
 *   stage.started     stage (kind), persona, title, step, attempt
 *   stage.completed   stage, persona, outcome (ok|failed|skipped), summary, duration_us
 *   call.started      call, persona, model, provider, attempt
 *   call.delta        call, persona, text
 *   call.completed    call, persona, model, provider, outcome, input, cache_read, cache_write, output, reasoning, estimated, cost_usd (number or null when unknown), latency_us, first_token_us, attempt, error
 *   edit.applied      path, kind (create|modify|delete|rename), match (exact|whitespace|fuzzy|whole|patch)
 *   edit.rejected     path, reason
 *   gate.completed    gate (base|step|final|refine), command, green, known, passed, failed, skipped, exit_code, duration_us, newly_failing[], fixed[]
 *   finding           severity, category, file, line, cwe, title, detail, suggestion
 *   budget.warning    percent, spent_usd, cap_usd
 *   run.completed     the whole result (result_json); exactly one of these two is last
 *   run.failed        the whole result
 * NDJSON form: {"v":1,"type":"…","time":"ISO","run":"ULID","seq":N,"stage_id":"ULID"|null,"data":{…}}
 */
#ifndef COUNCIL_EVENT_H
#define COUNCIL_EVENT_H

#include <stdint.h>

#include "util/error.h"
#include "util/json.h"
#include "util/ulid.h"

enum { EVENT_SCHEMA_VERSION = 1 };

enum event_type {
	EVENT_RUN_STARTED, EVENT_STAGE_STARTED, EVENT_STAGE_COMPLETED,
	EVENT_CALL_STARTED, EVENT_CALL_DELTA, EVENT_CALL_COMPLETED,
	EVENT_EDIT_APPLIED, EVENT_EDIT_REJECTED, EVENT_GATE_COMPLETED,
	EVENT_FINDING, EVENT_BUDGET_WARNING, EVENT_RUN_COMPLETED, EVENT_RUN_FAILED,
	EVENT_TYPES
};
const char *event_type_name(enum event_type t); /* "run.started" … */

struct event {
	enum event_type type;
	int64_t time_us;     /* filled by event_emit */
	uint64_t seq;        /* filled by event_emit, from 1, without gaps */
	const char *run;     /* ULID text; borrowed */
	const char *stage;   /* ULID text or NULL; borrowed */
	const json *data;    /* borrowed; an object */
};

/* A sink takes every event in order, under the bus's lock: it must not emit.
 * `event` borrows. `free` gets ctx when the bus is freed (may be NULL). */
struct event_sink {
	const char *name;
	void (*event)(void *ctx, const struct event *e);
	void (*free)(void *ctx);
};

struct event_bus;
struct event_bus *event_bus_new(const char *run_ulid, struct error *err);
void event_bus_free(struct event_bus *bus);       /* NULL-safe */
int event_bus_add(struct event_bus *bus, const struct event_sink *sink, void *ctx, struct error *err);
/* Takes `data` (freed after delivery; NULL means out of memory: an empty
 * object is sent). Thread-safe; NULL bus drops it. */
void event_emit(struct event_bus *bus, enum event_type type, const char *stage, json *data);
/* The NDJSON form; malloc'd, one line without newline; NULL: no memory. */
char *event_ndjson(const struct event *e);

#endif
