/* event.c: see event.h. */
#include "event/event.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/str.h"

enum { SINKS_MAX = 16 };

struct event_bus {
	pthread_mutex_t lock; /* held while sinks run: they see every event, in order */
	char run[ULID_LEN + 1];
	uint64_t seq;
	struct {
		const struct event_sink *sink;
		void *ctx;
	} sinks[SINKS_MAX];
	size_t n;
};

static const char *const type_names[EVENT_TYPES] = {
	[EVENT_RUN_STARTED] = "run.started",
	[EVENT_STAGE_STARTED] = "stage.started",
	[EVENT_STAGE_COMPLETED] = "stage.completed",
	[EVENT_CALL_STARTED] = "call.started",
	[EVENT_CALL_DELTA] = "call.delta",
	[EVENT_CALL_COMPLETED] = "call.completed",
	[EVENT_EDIT_APPLIED] = "edit.applied",
	[EVENT_EDIT_REJECTED] = "edit.rejected",
	[EVENT_GATE_COMPLETED] = "gate.completed",
	[EVENT_FINDING] = "finding",
	[EVENT_BUDGET_WARNING] = "budget.warning",
	[EVENT_RUN_COMPLETED] = "run.completed",
	[EVENT_RUN_FAILED] = "run.failed",
};

const char *event_type_name(enum event_type t)
{
	return (unsigned)t < EVENT_TYPES ? type_names[t] : "unknown";
}

struct event_bus *event_bus_new(const char *run_ulid, struct error *err)
{
	struct event_bus *bus = calloc(1, sizeof(*bus));

	if (!bus) {
		error_oom(err);
		return NULL;
	}
	pthread_mutex_init(&bus->lock, NULL);
	if (run_ulid)
		strncpy(bus->run, run_ulid, ULID_LEN);
	return bus;
}

void event_bus_free(struct event_bus *bus)
{
	if (!bus)
		return;
	for (size_t i = 0; i < bus->n; i++)
		if (bus->sinks[i].sink->free)
			bus->sinks[i].sink->free(bus->sinks[i].ctx);
	pthread_mutex_destroy(&bus->lock);
	free(bus);
}

int event_bus_add(struct event_bus *bus, const struct event_sink *sink, void *ctx, struct error *err)
{
	int rc = 0;

	pthread_mutex_lock(&bus->lock);
	if (bus->n == SINKS_MAX) {
		rc = error_set(err, STATUS_INTERNAL, "more than %d event sinks; '%s' is left out",
			       SINKS_MAX, sink->name);
	} else {
		bus->sinks[bus->n].sink = sink;
		bus->sinks[bus->n].ctx = ctx;
		bus->n++;
	}
	pthread_mutex_unlock(&bus->lock);
	return rc;
}

void event_emit(struct event_bus *bus, enum event_type type, const char *stage, json *data)
{
	CLEANUP_JSON json *owned = data ? data : json_object();

	if (!bus)
		return;
	pthread_mutex_lock(&bus->lock);
	struct event e = { .type = type, .time_us = clock_now_us(), .seq = ++bus->seq,
			   .run = bus->run, .stage = stage, .data = owned };
	for (size_t i = 0; i < bus->n; i++)
		bus->sinks[i].sink->event(bus->sinks[i].ctx, &e);
	pthread_mutex_unlock(&bus->lock);
}

char *event_ndjson(const struct event *e)
{
	CLEANUP_JSON json *line = json_object();
	json *data = e->data ? json_dup(e->data) : json_object();
	char time[28];
	int rc = 0;

	clock_format_iso(e->time_us, time);
	rc |= json_set_i64(line, "v", EVENT_SCHEMA_VERSION);
	rc |= json_set_string(line, "type", event_type_name(e->type));
	rc |= json_set_string(line, "time", time);
	rc |= json_set_string(line, "run", e->run);
	rc |= json_set_i64(line, "seq", (int64_t)e->seq);
	rc |= json_set_string(line, "stage_id", e->stage);
	rc |= json_set(line, "data", data);
	return rc < 0 ? NULL : json_print(line);
}
