/* query_call.c: reading calls and events of a run back; see ledger.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "util/str.h"

void ledger_call_rows_free(struct ledger_call_row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(rows[i].stage);
		free(rows[i].persona);
		free(rows[i].provider);
		free(rows[i].model);
		free(rows[i].outcome);
		free(rows[i].error);
	}
	free(rows);
}

static char *text_at(struct db_stmt *s, int col, bool *failed)
{
	const char *v = db_text(s, col);
	char *copy = str_dup(v);

	*failed |= v && !copy;
	return copy;
}

/* The row is whole for ledger_call_rows_free also when memory ran out. */
static int read_call(struct db_stmt *s, struct ledger_call_row *r)
{
	bool failed = false;

	*r = (struct ledger_call_row){
		.attempt = (int)db_i64(s, 7),
		.http_attempts = (int)db_i64(s, 8),
		.started_us = db_i64(s, 9),
		.latency_us = db_i64(s, 10),
		.first_token_us = db_i64(s, 11),
		.usage = { db_i64(s, 12), db_i64(s, 13), db_i64(s, 14), db_i64(s, 15),
			   db_i64(s, 16), db_i64(s, 17) != 0 },
		.cost_known = !db_is_null(s, 18),
		.cost_nano = db_i64(s, 18),
	};
	snprintf(r->id.s, sizeof r->id.s, "%s", db_text(s, 0));
	r->stage = text_at(s, 1, &failed);
	r->persona = text_at(s, 2, &failed);
	r->provider = text_at(s, 3, &failed);
	r->model = text_at(s, 4, &failed);
	r->outcome = text_at(s, 5, &failed);
	r->error = text_at(s, 6, &failed);
	return failed ? -1 : 0;
}

static int add_call(struct db_stmt *s, struct ledger_call_row **v, size_t *n)
{
	if ((*n & (*n - 1)) == 0) { /* the sizes at which it doubles: 0, 1, 2, 4 … */
		struct ledger_call_row *grown = realloc(*v, (*n ? *n * 2 : 1) * sizeof **v);

		if (!grown)
			return -1;
		*v = grown;
	}
	return read_call(s, &(*v)[(*n)++]);
}

int ledger_list_calls(struct ledger *l, const char *run, struct ledger_call_row **ret,
		      size_t *ret_n, struct error *err)
{
	struct ledger_call_row *v = NULL;
	struct db_stmt *s;
	size_t n = 0;
	int rc = 0;

	if (ledger_flush(l, err) < 0)
		return -1;
	s = db_begin(l->db,
		"SELECT id, stage, persona, provider, coalesce(model, model_asked), outcome, error,"
		" attempt, http_attempts, started_us, latency_us, first_token_us, input,"
		" cache_read,"
		" cache_write, output, reasoning, estimated, cost_nano"
		" FROM call WHERE run = ? ORDER BY rowid", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	while (rc == 0 && db_step(s))
		rc = add_call(s, &v, &n);
	if (db_done(s, err) < 0 || (rc < 0 && error_oom(err))) {
		ledger_call_rows_free(v, n);
		return -1;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static bool type_of(const char *name, enum event_type *ret)
{
	for (int t = 0; t < EVENT_TYPES; t++)
		if (str_eq(name, event_type_name((enum event_type)t))) {
			*ret = (enum event_type)t;
			return true;
		}
	return false;
}

static int give_event(struct db_stmt *s, const char *run, int (*each)(void *, const struct event *),
		      void *ctx)
{
	const char *text = db_text(s, 4);
	CLEANUP_JSON json *data = text ? json_parse(text, strlen(text), NULL) : json_object();
	struct event e = { .time_us = db_i64(s, 0), .seq = (uint64_t)db_i64(s, 1), .run = run,
			   .stage = db_text(s, 2), .data = data };

	/* One of a newer council, or cut off: nothing that could be shown. */
	if (!type_of(db_text(s, 3), &e.type) || !data)
		return 0;
	return each(ctx, &e);
}

int ledger_each_event(struct ledger *l, const char *run,
		      int (*each)(void *ctx, const struct event *e), void *ctx, struct error *err)
{
	struct db_stmt *s;
	int rc = 0;

	if (ledger_flush(l, err) < 0)
		return -1;
	/* A resumed run has several ends: a last event goes with the one written just before it. */
	s = db_begin(l->db,
		"SELECT e.at_us, e.seq, e.stage, e.type,"
		" coalesce(e.data, (SELECT r.result FROM run_end r"
		" WHERE r.run = e.run AND r.ended_us <= e.at_us AND e.data IS NULL"
		" ORDER BY r.ended_us DESC LIMIT 1))"
		" FROM event e WHERE e.run = ? ORDER BY e.id", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	while (rc == 0 && db_step(s))
		rc = give_event(s, run, each, ctx);
	return db_done(s, err);
}
