/* ledger_sink.c: events become rows: stages, edits, gates, tests, findings,
 * alerts, and the events themselves. What the emitting thread does is one
 * copy; the rows are made on the writer's thread.
 *
 * Not written: call.* (ledger_call writes the call's row), and the result
 * inside of the last event (ledger_run_ended writes it). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "util/str.h"

enum { TESTS_MAX = 10000 }; /* names that one gate keeps of a kind */

struct told {
	struct ulid id;            /* of the row */
	char run[ULID_LEN + 1];
	char stage[ULID_LEN + 1];  /* "": none */
	enum event_type type;
	int64_t time_us;
	int64_t seq;
	json *data;                /* owned */
};

static void told_free(void *p)
{
	struct told *t = p;

	json_free(t->data);
	free(t);
}

/* The first five columns are the same wherever something happened in a run:
 * id, run, stage, at_us, and the statement's own from 5 on. */
static struct db_stmt *begin_row(struct db *db, const char *sql, const struct told *t,
				 struct error *err)
{
	struct db_stmt *s = db_begin(db, sql, err);

	if (!s)
		return NULL;
	db_bind_text(s, 1, t->id.s);
	db_bind_text(s, 2, t->run);
	bind_text(s, 3, t->stage);
	db_bind_i64(s, 4, t->time_us);
	return s;
}

static void bind_field(struct db_stmt *s, int i, const struct told *t, const char *key)
{
	bind_text(s, i, json_get_string(t->data, key));
}

static void bind_number(struct db_stmt *s, int i, const struct told *t, const char *key)
{
	const json *j = json_get(t->data, key);

	if (json_is_number(j))
		db_bind_i64(s, i, json_get_i64(t->data, key, 0));
	else
		db_bind_null(s, i);
}

static void bind_usd(struct db_stmt *s, int i, const struct told *t, const char *key)
{
	const json *j = json_get(t->data, key);
	double nano = json_double(j) * 1e9;

	if (json_is_number(j) && fabs(nano) < 9e18)
		db_bind_i64(s, i, (int64_t)llround(nano));
	else
		db_bind_null(s, i);
}

static int write_stage_start(struct db *db, const struct told *t, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"INSERT INTO stage (id, run, started_us, kind, persona, title, step, attempt)"
		" VALUES (?,?,?,?,?,?,?,?) ON CONFLICT (id) DO NOTHING", err);
	const char *kind = json_get_string(t->data, "stage");

	if (!s)
		return -1;
	db_bind_text(s, 1, t->stage);
	db_bind_text(s, 2, t->run);
	db_bind_i64(s, 3, t->time_us);
	db_bind_text(s, 4, kind ? kind : "");
	bind_field(s, 5, t, "persona");
	bind_field(s, 6, t, "title");
	bind_number(s, 7, t, "step");
	bind_number(s, 8, t, "attempt");
	return run_done(s, err);
}

static int write_stage_end(struct db *db, const struct told *t, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"UPDATE stage SET ended_us = ?2, outcome = ?3, summary = ?4"
		" WHERE id = ?1 AND ended_us IS NULL", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, t->stage);
	db_bind_i64(s, 2, t->time_us);
	bind_field(s, 3, t, "outcome");
	bind_field(s, 4, t, "summary");
	return run_done(s, err);
}

static int write_edit(struct db *db, const struct told *t, struct error *err)
{
	struct db_stmt *s = begin_row(db,
		"INSERT INTO edit (id, run, stage, at_us, path, kind, match, applied, reason)"
		" VALUES (?,?,?,?,?,?,?,?,?)", t, err);

	if (!s)
		return -1;
	bind_field(s, 5, t, "path");
	bind_field(s, 6, t, "kind");
	bind_field(s, 7, t, "match");
	db_bind_i64(s, 8, t->type == EVENT_EDIT_APPLIED);
	bind_field(s, 9, t, "reason");
	return run_done(s, err);
}

static int write_tests(struct db *db, const struct told *t, const char *key, const char *state,
		       struct error *err)
{
	int n = 0;

	for (const json *it = json_first(json_get(t->data, key)); it && n < TESTS_MAX;
	     it = json_next(it)) {
		struct db_stmt *s;

		if (!json_is_string(it))
			continue;
		s = db_begin(db, "INSERT INTO test (gate, name, state) VALUES (?,?,?)"
			     " ON CONFLICT DO NOTHING", err);
		if (!s)
			return -1;
		db_bind_text(s, 1, t->id.s);
		db_bind_text(s, 2, json_string(it));
		db_bind_text(s, 3, state);
		if (run_done(s, err) < 0)
			return -1;
		n++;
	}
	return 0;
}

static int write_gate(struct db *db, const struct told *t, struct error *err)
{
	struct db_stmt *s = begin_row(db,
		"INSERT INTO gate (id, run, stage, at_us, gate, command, green, passed, failed,"
		" exit_code, duration_us) VALUES (?,?,?,?,?,?,?,?,?,?,?)", t, err);

	if (!s)
		return -1;
	bind_field(s, 5, t, "gate");
	bind_field(s, 6, t, "command");
	db_bind_i64(s, 7, json_get_bool(t->data, "green", false));
	bind_number(s, 8, t, "passed");
	bind_number(s, 9, t, "failed");
	bind_number(s, 10, t, "exit_code");
	bind_number(s, 11, t, "duration_us");
	if (run_done(s, err) < 0 || write_tests(db, t, "newly_failing", "newly-failing", err) < 0)
		return -1;
	return write_tests(db, t, "fixed", "fixed", err);
}

static int write_finding(struct db *db, const struct told *t, struct error *err)
{
	struct db_stmt *s = begin_row(db,
		"INSERT INTO finding (id, run, stage, at_us, severity, category, file, line, cwe,"
		" title, detail, suggestion) VALUES (?,?,?,?,?,?,?,?,?,?,?,?)", t, err);

	if (!s)
		return -1;
	bind_field(s, 5, t, "severity");
	bind_field(s, 6, t, "category");
	bind_field(s, 7, t, "file");
	bind_number(s, 8, t, "line");
	bind_field(s, 9, t, "cwe");
	bind_field(s, 10, t, "title");
	bind_field(s, 11, t, "detail");
	bind_field(s, 12, t, "suggestion");
	return run_done(s, err);
}

static int write_alert(struct db *db, const struct told *t, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"INSERT INTO alert (id, run, at_us, percent, spent_nano, cap_nano)"
		" VALUES (?,?,?,?,?,?)", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, t->id.s);
	db_bind_text(s, 2, t->run);
	db_bind_i64(s, 3, t->time_us);
	bind_number(s, 4, t, "percent");
	bind_usd(s, 5, t, "spent_usd");
	bind_usd(s, 6, t, "cap_usd");
	return run_done(s, err);
}

static int write_event(struct db *db, const struct told *t, struct error *err)
{
	bool last = t->type == EVENT_RUN_COMPLETED || t->type == EVENT_RUN_FAILED;
	CLEANUP_FREE char *text = last || !t->data ? NULL : json_print(t->data);
	struct db_stmt *s;

	if (!last && t->data && !text)
		return error_oom(err);
	s = begin_row(db, "INSERT INTO event (id, run, stage, at_us, seq, type, data)"
		      " VALUES (?,?,?,?,?,?,?)", t, err);
	if (!s)
		return -1;
	db_bind_i64(s, 5, t->seq);
	db_bind_text(s, 6, event_type_name(t->type));
	bind_text(s, 7, text);
	return run_done(s, err);
}

/* The table that an event has a row in, beside its own. */
static int write_row(struct db *db, const struct told *t, struct error *err)
{
	switch (t->type) {
	case EVENT_STAGE_STARTED:
		return write_stage_start(db, t, err);
	case EVENT_STAGE_COMPLETED:
		return write_stage_end(db, t, err);
	case EVENT_EDIT_APPLIED:
	case EVENT_EDIT_REJECTED:
		return write_edit(db, t, err);
	case EVENT_GATE_COMPLETED:
		return write_gate(db, t, err);
	case EVENT_FINDING:
		return write_finding(db, t, err);
	case EVENT_BUDGET_WARNING:
		return write_alert(db, t, err);
	default:
		return 0;
	}
}

static int write_told(struct db *db, void *ctx, struct error *err)
{
	const struct told *t = ctx;

	return write_row(db, t, err) < 0 ? -1 : write_event(db, t, err);
}

static struct told *copy_event(const struct event *e)
{
	bool last = e->type == EVENT_RUN_COMPLETED || e->type == EVENT_RUN_FAILED;
	struct told *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->id = ulid_new();
	t->type = e->type;
	t->time_us = e->time_us;
	t->seq = (int64_t)e->seq;
	memcpy(t->run, e->run, strnlen(e->run, ULID_LEN));
	if (e->stage)
		memcpy(t->stage, e->stage, strnlen(e->stage, ULID_LEN));
	t->data = last || !e->data ? NULL : json_dup(e->data);
	if (!last && e->data && !t->data) {
		free(t);
		return NULL;
	}
	return t;
}

static void sink_event(void *ctx, const struct event *e)
{
	struct ledger *l = ctx;

	if (e->type == EVENT_CALL_STARTED || e->type == EVENT_CALL_DELTA ||
	    e->type == EVENT_CALL_COMPLETED || !e->run)
		return;
	/* Failures are counted, and told by ledger_flush. */
	ledger_push(l, write_told, copy_event(e), told_free, NULL);
}

const struct event_sink ledger_sink = { .name = "ledger", .event = sink_event };
