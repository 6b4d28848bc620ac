/* db.c: statements and transactions of db.h. open.c opens, writer.c writes. */
#include "db/db.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "db/db_internal.h"
#include "util/path.h"
#include "util/str.h"

/* SQLite does not always tell why it could not write: its shared memory, say. */
static bool disk_is_full(const char *path)
{
	CLEANUP_FREE char *dir = path_dirname(path);
	struct statvfs fs;

	return dir && statvfs(dir, &fs) == 0 && fs.f_blocks > 0 &&
	       (fs.f_bavail == 0 || (fs.f_files > 0 && fs.f_favail == 0));
}

int db_fail(const char *what, const char *path, sqlite3 *handle, int rc, struct error *err)
{
	int kind = rc & 0xff;
	int errnum = handle ? sqlite3_system_errno(handle) : 0;

	if ((kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN) && disk_is_full(path))
		kind = SQLITE_FULL;
	switch (kind) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return error_set(err, STATUS_USAGE,
				 "the %s %s is in use by another program: try again when it is done",
				 what, path);
	case SQLITE_CORRUPT:
		return error_set(err, STATUS_USAGE,
				 "the %s %s is corrupt: move it away: mv '%s' '%s.bad' starts a new one",
				 what, path, path, path);
	case SQLITE_NOTADB:
		return error_set(err, STATUS_USAGE,
				 "%s is not a database: move it away: mv '%s' '%s.bad' starts a new %s",
				 path, path, path, what);
	case SQLITE_FULL:
		return error_set(err, STATUS_USAGE,
				 "cannot write the %s %s: the disk is full: make room and try again",
				 what, path);
	case SQLITE_READONLY:
	case SQLITE_PERM:
		return error_set(err, STATUS_USAGE,
				 "cannot write the %s %s: it or its folder is read-only: "
				 "change its mode or name another", what, path);
	case SQLITE_CANTOPEN:
		if (errnum == EMFILE || errnum == ENFILE)
			return error_sys(err, STATUS_USAGE, errnum, "cannot open the %s %s", what, path);
		return error_set(err, STATUS_USAGE,
				 "cannot open the %s %s: check that its folder is there and writable",
				 what, path);
	case SQLITE_IOERR:
		if (errnum)
			return error_sys(err, STATUS_USAGE, errnum, "cannot read or write the %s %s",
					 what, path);
		return error_set(err, STATUS_USAGE, "cannot read or write the %s %s: %s", what, path,
				 handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc));
	case SQLITE_NOMEM:
		return error_oom(err);
	default:
		return error_set(err, STATUS_INTERNAL, "the %s %s: %s", what, path,
				 handle ? sqlite3_errmsg(handle) : sqlite3_errstr(rc));
	}
}

static int fail(struct db *db, int rc, struct error *err)
{
	return db_fail(db->what, db->path, db->handle, rc, err);
}

static void stmt_free(struct db_stmt *s)
{
	if (!s)
		return;
	sqlite3_finalize(s->handle);
	free((char *)s->sql);
	free(s);
}

void db_close(struct db *db)
{
	if (!db)
		return;
	for (size_t i = 0; i < db->n_cached; i++)
		stmt_free(db->cache[i]);
	sqlite3_close(db->handle);
	pthread_mutex_destroy(&db->lock);
	free(db->path);
	free(db);
}

static struct db_stmt *stmt_new(struct db *db, const char *sql, struct error *err)
{
	struct db_stmt *s = calloc(1, sizeof *s);
	int rc;

	if (!s || !(s->sql = str_dup(sql))) {
		free(s);
		error_oom(err);
		return NULL;
	}
	s->db = db;
	rc = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->handle, NULL);
	if (rc != SQLITE_OK) {
		fail(db, rc, err);
		stmt_free(s);
		return NULL;
	}
	if (!s->handle) {
		error_set(err, STATUS_INTERNAL, "the %s %s: an empty statement", db->what, db->path);
		stmt_free(s);
		return NULL;
	}
	return s;
}

/* The cached statement for sql that is free now, or NULL. */
static struct db_stmt *lookup(const struct db *db, const char *sql)
{
	for (size_t i = 0; i < db->n_cached; i++)
		if (!db->cache[i]->in_use && strcmp(db->cache[i]->sql, sql) == 0)
			return db->cache[i];
	return NULL;
}

struct db_stmt *db_begin(struct db *db, const char *sql, struct error *err)
{
	struct db_stmt *s;

	pthread_mutex_lock(&db->lock);
	s = lookup(db, sql);
	if (!s) {
		s = stmt_new(db, sql, err);
		if (!s) {
			pthread_mutex_unlock(&db->lock);
			return NULL;
		}
		if (db->n_cached < DB_CACHE_SIZE) {
			s->cached = true;
			db->cache[db->n_cached++] = s;
		}
	}
	s->in_use = true;
	s->failed = 0;
	return s;
}

static void note(struct db_stmt *s, int rc)
{
	if (s->failed || rc == SQLITE_OK)
		return;
	s->failed = rc;
	fail(s->db, rc, &s->error);
}

void db_bind_i64(struct db_stmt *s, int i, int64_t v)
{
	note(s, sqlite3_bind_int64(s->handle, i, v));
}

void db_bind_double(struct db_stmt *s, int i, double v)
{
	note(s, sqlite3_bind_double(s->handle, i, v));
}

void db_bind_text(struct db_stmt *s, int i, const char *v)
{
	if (!v)
		db_bind_null(s, i);
	else
		note(s, sqlite3_bind_text64(s->handle, i, v, strlen(v), SQLITE_TRANSIENT, SQLITE_UTF8));
}

void db_bind_blob(struct db_stmt *s, int i, const void *v, size_t n)
{
	/* A NULL pointer would bind NULL: an empty blob is something else. */
	note(s, sqlite3_bind_blob64(s->handle, i, n ? v : "", n, SQLITE_TRANSIENT));
}

void db_bind_null(struct db_stmt *s, int i)
{
	note(s, sqlite3_bind_null(s->handle, i));
}

bool db_step(struct db_stmt *s)
{
	int rc;

	if (s->failed)
		return false;
	rc = sqlite3_step(s->handle);
	if (rc == SQLITE_ROW)
		return true;
	if (rc != SQLITE_DONE)
		note(s, rc);
	return false;
}

bool db_is_null(struct db_stmt *s, int col)
{
	return sqlite3_column_type(s->handle, col) == SQLITE_NULL;
}

int64_t db_i64(struct db_stmt *s, int col)
{
	return sqlite3_column_int64(s->handle, col);
}

double db_double(struct db_stmt *s, int col)
{
	return sqlite3_column_double(s->handle, col);
}

const char *db_text(struct db_stmt *s, int col)
{
	return (const char *)sqlite3_column_text(s->handle, col);
}

const void *db_blob(struct db_stmt *s, int col, size_t *ret_len)
{
	const void *p = sqlite3_column_blob(s->handle, col);

	*ret_len = (size_t)sqlite3_column_bytes(s->handle, col);
	return p;
}

int db_columns(struct db_stmt *s)
{
	return sqlite3_column_count(s->handle);
}

const char *db_column_name(struct db_stmt *s, int col)
{
	return sqlite3_column_name(s->handle, col);
}

int db_done(struct db_stmt *s, struct error *err)
{
	struct db *db = s->db;
	int rc = 0;

	if (s->failed) {
		if (err)
			*err = s->error;
		rc = -1;
	}
	sqlite3_reset(s->handle);
	sqlite3_clear_bindings(s->handle);
	s->in_use = false;
	if (!s->cached)
		stmt_free(s);
	pthread_mutex_unlock(&db->lock);
	return rc;
}

/* A statement without values or rows. */
static int execute(struct db *db, const char *sql, struct error *err)
{
	struct db_stmt *s = db_begin(db, sql, err);

	if (!s)
		return -1;
	while (db_step(s))
		;
	return db_done(s, err);
}

int db_transaction_begin(struct db *db, struct error *err)
{
	pthread_mutex_lock(&db->lock);
	if (execute(db, db->depth == 0 ? "BEGIN IMMEDIATE" : "SAVEPOINT inner_step", err) < 0) {
		pthread_mutex_unlock(&db->lock);
		return -1;
	}
	db->depth++;
	return 0;
}

static int end_outer(struct db *db, bool commit, struct error *err)
{
	int rc = 0;

	/* Some errors, a full disk among them, have rolled back by themselves. */
	if (sqlite3_get_autocommit(db->handle)) {
		if (commit)
			return error_set(err, STATUS_USAGE, "the %s %s: the transaction was lost",
					 db->what, db->path);
		return 0;
	}
	if (commit) {
		rc = execute(db, "COMMIT", err);
		if (rc == 0)
			return 0;
	}
	if (!sqlite3_get_autocommit(db->handle) && execute(db, "ROLLBACK", rc ? NULL : err) < 0)
		rc = -1;
	return rc;
}

static int end_inner(struct db *db, bool commit, struct error *err)
{
	if (sqlite3_get_autocommit(db->handle)) {
		if (commit)
			return error_set(err, STATUS_USAGE, "the %s %s: the transaction was lost",
					 db->what, db->path);
		return 0;
	}
	if (!commit && execute(db, "ROLLBACK TO inner_step", err) < 0)
		return -1;
	return execute(db, "RELEASE inner_step", err);
}

int db_transaction_end(struct db *db, bool commit, struct error *err)
{
	int rc;

	db->depth--;
	rc = db->depth == 0 ? end_outer(db, commit, err) : end_inner(db, commit, err);
	pthread_mutex_unlock(&db->lock);
	return rc;
}
