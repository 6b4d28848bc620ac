/* query.c: reading runs back; see ledger.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "util/str.h"

enum { SUFFIX_MIN = 4, NAMED_MAX = 4, NEAR_MAX = 100 };

/* Copies a column; remembers in *failed that there was no memory. */
static char *text_at(struct db_stmt *s, int col, bool *failed)
{
	const char *v = db_text(s, col);
	char *copy = str_dup(v);

	if (v && !copy)
		*failed = true;
	return copy;
}

void ledger_run_row_release(struct ledger_run_row *r)
{
	char **owned[] = { &r->parent, &r->task, &r->repository, &r->base, &r->branch, &r->worktree,
			   &r->argv_json, &r->head, &r->state, &r->proof, &r->result_json,
			   &r->applied_from, &r->applied_to, &r->applied_ref };

	for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++)
		free(*owned[i]);
	*r = (struct ledger_run_row){ 0 };
}

/* The state, with a look at whether a running one's process is there still. */
static char *state_at(struct db_stmt *s, int col, bool *failed)
{
	const char *state = db_text(s, col);
	struct owner o = { .pid = db_i64(s, col + 4), .pid_started = db_i64(s, col + 5) };
	char *copy;

	if (str_eq(state, "running")) {
		const char *host = db_text(s, col + 1), *boot = db_text(s, col + 2);
		const char *space = db_text(s, col + 3);

		snprintf(o.host, sizeof o.host, "%s", host ? host : "");
		snprintf(o.boot, sizeof o.boot, "%s", boot ? boot : "");
		snprintf(o.pid_space, sizeof o.pid_space, "%s", space ? space : "");
		if (!owner_alive(&o))
			state = "interrupted";
	}
	copy = str_dup(state ? state : "running");
	*failed |= !copy;
	return copy;
}

#define RUN_COLUMNS \
	"SELECT v.id, v.parent, v.task, v.repository, v.base, v.branch, v.worktree, v.options," \
	" v.head, v.result, v.started_us, v.ended_us, v.status, v.cost_nano," \
	" v.unknown_cost_calls," \
	" v.applied_from, v.applied_to, v.applied_ref, v.proof," \
	" v.state, p.host, p.boot, p.pid_space, p.pid, p.pid_started" \
	" FROM run_state v LEFT JOIN process p ON p.id = v.process "

static int read_run(struct db_stmt *s, struct ledger_run_row *ret)
{
	struct ledger_run_row r = { 0 };
	bool failed = false;

	snprintf(r.id.s, sizeof r.id.s, "%s", db_text(s, 0));
	r.parent = text_at(s, 1, &failed);
	r.task = text_at(s, 2, &failed);
	r.repository = text_at(s, 3, &failed);
	r.base = text_at(s, 4, &failed);
	r.branch = text_at(s, 5, &failed);
	r.worktree = text_at(s, 6, &failed);
	r.argv_json = text_at(s, 7, &failed);
	r.head = text_at(s, 8, &failed);
	r.result_json = text_at(s, 9, &failed);
	r.started_us = db_i64(s, 10);
	r.ended_us = db_i64(s, 11);
	r.status = db_is_null(s, 12) ? -1 : (int)db_i64(s, 12);
	r.cost_nano = db_i64(s, 13);
	r.unknown_cost_calls = (int)db_i64(s, 14);
	r.applied_from = text_at(s, 15, &failed);
	r.applied_to = text_at(s, 16, &failed);
	r.applied_ref = text_at(s, 17, &failed);
	r.proof = text_at(s, 18, &failed);
	r.state = state_at(s, 19, &failed);
	if (failed)
		ledger_run_row_release(&r);
	else
		*ret = r;
	return failed ? -1 : 0;
}

int ledger_get_run(struct ledger *l, const char *id, struct ledger_run_row *ret, struct error *err)
{
	struct ledger_run_row r = { 0 };
	struct db_stmt *s = db_begin(l->db, RUN_COLUMNS "WHERE v.id = ?", err);
	bool found = false, failed = false;

	if (!s)
		return -1;
	db_bind_text(s, 1, id);
	if (db_step(s)) {
		found = true;
		failed = read_run(s, &r) < 0;
	}
	if (db_done(s, err) < 0) {
		ledger_run_row_release(&r);
		return -1;
	}
	if (failed)
		return error_oom(err);
	if (!found)
		return error_set(err, STATUS_USAGE, "there is no run %s in the ledger; "
				 "`council log` lists them", id);
	*ret = r;
	return 0;
}

/* Grows *v by one row. */
static int add_run(struct db_stmt *s, struct ledger_run_row **v, size_t *n)
{
	if ((*n & (*n - 1)) == 0) { /* the sizes at which it doubles: 0, 1, 2, 4 … */
		struct ledger_run_row *grown = realloc(*v, (*n ? *n * 2 : 1) * sizeof **v);

		if (!grown)
			return -1;
		*v = grown;
	}
	if (read_run(s, &(*v)[*n]) < 0)
		return -1;
	(*n)++;
	return 0;
}

int ledger_list_runs(struct ledger *l, const char *repository, int limit,
		     struct ledger_run_row **ret, size_t *ret_n, struct error *err)
{
	struct ledger_run_row *v = NULL;
	size_t n = 0;
	int rc = 0;
	struct db_stmt *s = db_begin(l->db, RUN_COLUMNS
		"WHERE ?1 IS NULL OR v.repository = ?1 ORDER BY v.id DESC LIMIT ?2", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, repository);
	db_bind_i64(s, 2, limit);
	while (rc == 0 && db_step(s))
		rc = add_run(s, &v, &n);
	if (db_done(s, err) < 0 || (rc < 0 && error_oom(err))) {
		for (size_t i = 0; i < n; i++)
			ledger_run_row_release(&v[i]);
		free(v);
		return -1;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

static int find_last(struct ledger *l, const char *repository, struct ulid *ret, struct error *err)
{
	struct db_stmt *s = db_begin(l->db,
		"SELECT max(id) FROM run WHERE ?1 IS NULL OR repository = ?1", err);
	struct ulid id = { "" };

	if (!s)
		return -1;
	db_bind_text(s, 1, repository);
	if (db_step(s) && !db_is_null(s, 0))
		snprintf(id.s, sizeof id.s, "%s", db_text(s, 0));
	if (db_done(s, err) < 0)
		return -1;
	if (!id.s[0])
		return error_set(err, STATUS_USAGE,
				 "there is no run yet%s; `council run \"…\"` makes one",
				 repository ? " in this repository" : "");
	*ret = id;
	return 0;
}

/* Names the run that was likely meant, else where to look. Returns -1. */
static int no_such_run(struct ledger *l, const char *text, const char *wanted, struct error *err)
{
	CLEANUP_STRV struct strv shorts = { 0 };
	struct db_stmt *s =
		db_begin(l->db, "SELECT substr(id, -8) FROM run ORDER BY id DESC LIMIT ?", err);
	const char *near;

	if (!s)
		return -1;
	db_bind_i64(s, 1, NEAR_MAX);
	while (db_step(s))
		if (strv_add(&shorts, db_text(s, 0)) < 0)
			break;
	if (db_done(s, err) < 0)
		return -1;
	near = shorts.n ? str_nearest(wanted, (const char *const *)shorts.v) : NULL;
	if (near)
		return error_set(err, STATUS_USAGE, "there is no run %s; did you mean %s?", text,
				 near);
	return error_set(err, STATUS_USAGE, "there is no run %s; `council log` lists them", text);
}

static int find_suffix(struct ledger *l, const char *text, const char *wanted, struct ulid *ret,
		       struct error *err)
{
	CLEANUP_BUF struct buf names = BUF_INIT(256);
	struct db_stmt *s = db_begin(l->db,
		"SELECT id, count(*) OVER () FROM run WHERE substr(id, -length(?1)) = ?1"
		" ORDER BY id DESC LIMIT ?2", err);
	struct ulid id = { "" };
	int64_t n = 0;

	if (!s)
		return -1;
	db_bind_text(s, 1, wanted);
	db_bind_i64(s, 2, NAMED_MAX);
	while (db_step(s)) {
		const char *full = db_text(s, 0);

		n = db_i64(s, 1);
		snprintf(id.s, sizeof id.s, "%s", full);
		/* the last eight may be what they share */
		buf_addf(&names, "%s%s", names.len ? ", " : "",
			 strlen(wanted) < ULID_SHORT ? ulid_short(full) : full);
	}
	if (db_done(s, err) < 0)
		return -1;
	if (n == 0)
		return no_such_run(l, text, wanted, err);
	if (n > 1)
		return error_set(err, STATUS_USAGE, "%s may be any of %d runs: %s%s", text, (int)n,
				 buf_str(&names), n > NAMED_MAX ? " …" : "");
	*ret = id;
	return 0;
}

/* ASCII's, in every locale. */
static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

int ledger_find_run(struct ledger *l, const char *text, const char *repository, struct ulid *ret,
		    struct error *err)
{
	char wanted[ULID_LEN + 1];
	size_t n = strlen(text);

	if (str_eq(text, "last"))
		return find_last(l, repository, ret, err);
	if (n < SUFFIX_MIN || n > ULID_LEN)
		return error_set(err, STATUS_USAGE,
				 "%s is not a run: give \"last\", or the last %d or more "
				 "characters of one that `council log` shows",
				 text, SUFFIX_MIN);
	for (size_t i = 0; i <= n; i++)
		wanted[i] = upper(text[i]);
	return find_suffix(l, text, wanted, ret, err);
}

static int read_usage(struct db_stmt *s, struct persona_usage *u)
{
	const char *persona = db_text(s, 0);
	bool failed = false;

	*u = (struct persona_usage){ 0 };
	snprintf(u->persona, sizeof u->persona, "%s", persona ? persona : "");
	u->model = text_at(s, 1, &failed);
	u->calls = (int)db_i64(s, 2);
	u->input = db_i64(s, 3);
	u->cache_read = db_i64(s, 4);
	u->cache_write = db_i64(s, 5);
	u->output = db_i64(s, 6);
	u->reasoning = db_i64(s, 7);
	u->estimated = db_i64(s, 8) != 0;
	u->duration_us = db_i64(s, 9);
	u->cost_nano = db_i64(s, 10);
	u->unknown_cost_calls = (int)db_i64(s, 11);
	return failed ? -1 : 0;
}

int ledger_run_usage(struct ledger *l, const char *run, struct persona_usage *ret, size_t max,
		     size_t *ret_n, struct error *err)
{
	/* max(id) makes SQLite take the model of that same row: the last one. */
	struct db_stmt *s;
	size_t n = 0;
	int rc = 0;

	if (ledger_flush(l, err) < 0)
		return -1;
	s = db_begin(l->db,
		"SELECT persona, model, calls, input, cache_read, cache_write, output, reasoning,"
		" estimated, latency_us, cost_nano, unknown FROM ("
		"SELECT persona, coalesce(model, model_asked) AS model, count(*) AS calls,"
		" sum(input) AS input, sum(cache_read) AS cache_read,"
		" sum(cache_write) AS cache_write,"
		" sum(output) AS output, sum(reasoning) AS reasoning, sum(estimated) AS estimated,"
		" sum(latency_us) AS latency_us, coalesce(sum(cost_nano), 0) AS cost_nano,"
		" count(*) - count(cost_nano) AS unknown, max(id), run"
		" FROM call WHERE run = ?1 GROUP BY persona) AS g"
		" ORDER BY (SELECT min(id) FROM call c"
		" WHERE c.run = ?1 AND c.persona IS g.persona)", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	while (rc == 0 && n < max && db_step(s))
		rc = read_usage(s, &ret[n++]);
	if (db_done(s, err) < 0 || (rc < 0 && error_oom(err))) {
		while (n > 0)
			free(ret[--n].model);
		return -1;
	}
	*ret_n = n;
	return 0;
}
