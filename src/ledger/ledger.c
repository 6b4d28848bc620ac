/* ledger.c: opening, and the rows of runs; see ledger.h. */
#include "ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "ledger/schema.h"
#include "util/clock.h"
#include "util/path.h"
#include "util/str.h"

static int default_path(char **ret, struct error *err)
{
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, err);

	if (!state)
		return -1;
	*ret = path_join(state, "ledger.db");
	return *ret ? 0 : error_oom(err);
}

static int make_folder(const char *path, struct error *err)
{
	CLEANUP_FREE char *dir = path_dirname(path);

	if (!dir)
		return error_oom(err);
	return path_mkdirs(dir, 0700, err);
}

int ledger_open(const char *path, bool read_only, struct ledger **ret, char **ret_note,
		struct error *err)
{
	CLEANUP_FREE char *made_up = NULL;
	/* A ledger that is not there yet is an empty one. */
	struct db_options o = { .migrations = ledger_migrations, .what = "ledger" };
	struct ledger *l;

	if (!path && default_path(&made_up, err) < 0)
		return -1;
	path = path ? path : made_up;
	o.read_only = read_only && path_exists(path);
	if (!o.read_only && make_folder(path, err) < 0)
		return -1;
	l = calloc(1, sizeof *l);
	if (!l)
		return error_oom(err);
	if (db_open(path, &o, &l->db, ret_note, err) < 0) {
		free(l);
		return -1;
	}
	l->writer = read_only ? NULL : db_writer_new(l->db, err);
	if (!read_only && !l->writer) {
		db_close(l->db);
		free(l);
		return -1;
	}
	*ret = l;
	return 0;
}

int ledger_writable(const struct ledger *l, struct error *err)
{
	if (l->writer)
		return 0;
	return error_set(err, STATUS_INTERNAL, "the ledger was opened for reading");
}

int ledger_flush(struct ledger *l, struct error *err)
{
	int lost;

	if (!l->writer)
		return 0;
	if (db_writer_flush(l->writer, err) < 0)
		return -1;
	lost = atomic_exchange(&l->lost, 0);
	if (lost)
		return error_set(err, STATUS_INTERNAL,
				 "out of memory: %d rows are not in the ledger", lost);
	return 0;
}

int ledger_close(struct ledger *l, struct error *err)
{
	int rc = 0;

	if (!l)
		return 0;
	if (l->writer) {
		rc = ledger_flush(l, err);
		if (db_writer_free(l->writer, rc < 0 ? NULL : err) < 0)
			rc = -1;
	}
	db_close(l->db);
	free(l);
	return rc;
}

struct db *ledger_db(struct ledger *l)
{
	return l->db;
}

int ledger_push(struct ledger *l, db_write_fn *fn, void *ctx, void (*release)(void *),
		struct error *err)
{
	if (!ctx) {
		atomic_fetch_add(&l->lost, 1);
		return error_oom(err);
	}
	if (ledger_writable(l, err) < 0) {
		release(ctx);
		return -1;
	}
	return db_writer_push(l->writer, fn, ctx, release, err);
}

void bind_text(struct db_stmt *s, int i, const char *v)
{
	db_bind_text(s, i, v && *v ? v : NULL);
}

void bind_hash(struct db_stmt *s, int i, const struct sha256 *h)
{
	static const struct sha256 none;

	if (memcmp(h, &none, sizeof none) == 0)
		db_bind_null(s, i);
	else
		db_bind_blob(s, i, h->b, sizeof h->b);
}

void bind_count(struct db_stmt *s, int i, int64_t v)
{
	if (v < 0)
		db_bind_null(s, i);
	else
		db_bind_i64(s, i, v);
}

int run_done(struct db_stmt *s, struct error *err)
{
	while (db_step(s))
		;
	return db_done(s, err);
}

/* fn in one transaction, on this thread. */
static int transact(struct ledger *l, int (*fn)(struct db *, const void *, struct error *),
		    const void *ctx, struct error *err)
{
	int rc;

	if (ledger_writable(l, err) < 0 || db_transaction_begin(l->db, err) < 0)
		return -1;
	rc = fn(l->db, ctx, err);
	return db_transaction_end(l->db, rc == 0, rc == 0 ? err : NULL) < 0 ? -1 : rc;
}

static int insert_run(struct db *db, const struct ledger_run *r, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"INSERT INTO run (id, parent, started_us, task, repository, base, branch, worktree,"
		" options, budget_nano) VALUES (?,?,?,?,?,?,?,?,?,?)"
		" ON CONFLICT (id) DO NOTHING", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, r->id);
	bind_text(s, 2, r->parent);
	db_bind_i64(s, 3, r->started_us);
	db_bind_text(s, 4, r->task ? r->task : "");
	bind_text(s, 5, r->repository);
	bind_text(s, 6, r->base);
	bind_text(s, 7, r->branch);
	bind_text(s, 8, r->worktree);
	bind_text(s, 9, r->argv_json);
	bind_count(s, 10, r->budget_nano);
	return run_done(s, err);
}

static int insert_process(struct db *db, const char *run, struct error *err)
{
	struct owner o = owner_self();
	struct ulid id = ulid_new();
	struct db_stmt *s = db_begin(db,
		"INSERT INTO process (id, run, started_us, host, boot, pid_space, pid, pid_started)"
		" VALUES (?,?,?,?,?,?,?,?)", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, id.s);
	db_bind_text(s, 2, run);
	db_bind_i64(s, 3, clock_now_us());
	db_bind_text(s, 4, o.host);
	db_bind_text(s, 5, o.boot);
	db_bind_text(s, 6, o.pid_space);
	db_bind_i64(s, 7, o.pid);
	db_bind_i64(s, 8, o.pid_started);
	return run_done(s, err);
}

static int insert_tag(struct db *db, const char *run, const char *tag, struct error *err)
{
	const char *equals = strchr(tag, '=');
	CLEANUP_FREE char *name = str_ndup(tag, equals ? (size_t)(equals - tag) : strlen(tag));
	struct db_stmt *s;

	if (!name)
		return error_oom(err);
	s = db_begin(db, "INSERT INTO tag (run, name, value) VALUES (?,?,?) ON CONFLICT DO NOTHING",
		     err);
	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	db_bind_text(s, 2, name);
	db_bind_text(s, 3, equals ? equals + 1 : "");
	return run_done(s, err);
}

static int set_cap(struct db *db, const char *run, int64_t cap_nano, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"INSERT INTO budget (run, cap_nano) VALUES (?,?)"
		" ON CONFLICT (run) DO UPDATE SET cap_nano = excluded.cap_nano", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	bind_count(s, 2, cap_nano);
	return run_done(s, err);
}

static int write_start(struct db *db, const void *ctx, struct error *err)
{
	const struct ledger_run *r = ctx;

	if (insert_run(db, r, err) < 0 || reservations_forget(db, r->id, err) < 0 ||
	    insert_process(db, r->id, err) < 0 || set_cap(db, r->id, r->budget_nano, err) < 0)
		return -1;
	for (const char *const *t = r->tags; t && *t; t++)
		if (insert_tag(db, r->id, *t, err) < 0)
			return -1;
	return 0;
}

int ledger_run_started(struct ledger *l, const struct ledger_run *r, struct error *err)
{
	return transact(l, write_start, r, err);
}

static int insert_end(struct db *db, const struct result *r, const char *text, struct error *err)
{
	/* By the newest process: that is the one which ends. A second end of it
	 * is not written. */
	struct db_stmt *s = db_begin(db,
		"INSERT INTO run_end (process, run, ended_us, status, proof, summary, head, result)"
		" SELECT max(id), run, ?2, ?3, ?4, ?5, ?6, ?7 FROM process WHERE run = ?1"
		" GROUP BY run ON CONFLICT (process) DO NOTHING", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, r->run.s);
	db_bind_i64(s, 2, clock_now_us());
	db_bind_i64(s, 3, r->status);
	db_bind_text(s, 4, proof_name(r->proof));
	bind_text(s, 5, r->summary);
	bind_text(s, 6, r->head);
	db_bind_text(s, 7, text);
	return run_done(s, err);
}

/* Is this the process that the run's newest row of them is of? */
static int is_newest(struct db *db, const char *run, bool *ret, struct error *err)
{
	struct owner o = owner_self();
	struct db_stmt *s = db_begin(db,
		"SELECT pid = ?2 AND pid_started = ?3 FROM process WHERE run = ?1"
		" ORDER BY id DESC LIMIT 1", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	db_bind_i64(s, 2, o.pid);
	db_bind_i64(s, 3, o.pid_started);
	*ret = db_step(s) && db_i64(s, 0);
	return db_done(s, err);
}

static int write_end(struct db *db, const void *ctx, struct error *err)
{
	const struct result *r = ctx;
	CLEANUP_JSON json *j = result_json(r);
	CLEANUP_FREE char *text = j ? json_print(j) : NULL;
	bool newest;

	if (!text)
		return error_oom(err);
	if (reservations_forget(db, r->run.s, err) < 0 || is_newest(db, r->run.s, &newest, err) < 0)
		return -1;
	/* An end needs a process that can have it: an earlier one's stays. */
	if (!newest && insert_process(db, r->run.s, err) < 0)
		return -1;
	return insert_end(db, r, text, err);
}

int ledger_run_ended(struct ledger *l, const struct result *r, struct error *err)
{
	int rc = ledger_flush(l, err);

	/* A row that was lost is no reason to leave the run without its end. */
	if (transact(l, write_end, r, rc < 0 ? NULL : err) < 0)
		return -1;
	return rc;
}

struct applied {
	const char *run, *ref, *from, *to;
	bool undone;
};

static int write_applied(struct db *db, const void *ctx, struct error *err)
{
	const struct applied *a = ctx;
	struct ulid id = ulid_new();
	struct db_stmt *s = db_begin(db,
		"INSERT INTO apply (id, run, at_us, action, ref, from_commit, to_commit)"
		" VALUES (?,?,?,?,?,?,?)", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, id.s);
	db_bind_text(s, 2, a->run);
	db_bind_i64(s, 3, clock_now_us());
	db_bind_text(s, 4, a->undone ? "undone" : "applied");
	bind_text(s, 5, a->ref);
	bind_text(s, 6, a->from);
	bind_text(s, 7, a->to);
	return run_done(s, err);
}

int ledger_set_applied(struct ledger *l, const char *run, const char *ref, const char *from,
		       const char *to, bool undone, struct error *err)
{
	struct applied a = { run, ref, from, to, undone };

	return transact(l, write_applied, &a, err);
}
