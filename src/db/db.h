/* db.h: SQLite; the only module that includes sqlite3.h.
 *
 * A `struct db` is one connection with its mutex and a cache of prepared
 * statements; every function may be called from any thread. SQL is always a
 * literal, values are always bound. Opening sets WAL (refused, with DELETE
 * instead and a note, on a network file system by statfs), synchronous NORMAL,
 * foreign_keys ON, busy_timeout 10 s, trusted_schema OFF.
 */
#ifndef COUNCIL_DB_H
#define COUNCIL_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"

struct db;
struct db_stmt;

/* One schema step: `version` is what user_version becomes. */
struct db_migration { int version; const char *sql; };

struct db_options {
	const struct db_migration *migrations; /* ascending; ends with {0, NULL} */
	const char *what;      /* "ledger": for messages */
	bool read_only;        /* no file is made, nothing migrates */
	int busy_ms;           /* how long a lock is waited for; 0: 10 s */
};

/* Opens or creates (0600, its folder 0700) and migrates; before a migration of
 * an existing database a backup PATH.v<old>.bak is written. Errors say what to do:
 * locked ("in use by another program"), corrupt ("move it away: … starts a
 * new one"), newer ("made by a newer council: version N, this one knows M"),
 * not a database, disk full. STATUS_USAGE for those, with the path.
 * ret_note (may be NULL): malloc'd remark, e.g. on network file systems. */
/* The caller owns *ret (db_close). */
int db_open(const char *path, const struct db_options *o, struct db **ret, char **ret_note,
	    struct error *err);
void db_close(struct db *db); /* NULL-safe; no statement or writer may be left */
/* Is statfs's f_type that of a file system where WAL's shared memory does not
 * work between machines? */
bool db_is_network_type(unsigned long f_type);

/* A statement, prepared once a connection and reused; locks the connection
 * until db_done. Binds are 1-based. A failed bind or step is remembered;
 * db_done returns it. Usage:
 *   struct db_stmt *s = db_begin(db, "SELECT …", err); if (!s) return -1;
 *   db_bind_text(s, 1, id); while (db_step(s)) { … } return db_done(s, err); */
struct db_stmt *db_begin(struct db *db, const char *sql, struct error *err);
void db_bind_i64(struct db_stmt *s, int i, int64_t v);
void db_bind_double(struct db_stmt *s, int i, double v);
void db_bind_text(struct db_stmt *s, int i, const char *v);              /* NULL binds NULL; copied */
void db_bind_blob(struct db_stmt *s, int i, const void *v, size_t n);    /* copied */
void db_bind_null(struct db_stmt *s, int i);
bool db_step(struct db_stmt *s);   /* true: a row */
bool db_is_null(struct db_stmt *s, int col);          /* columns are 0-based */
int64_t db_i64(struct db_stmt *s, int col);
double db_double(struct db_stmt *s, int col);
const char *db_text(struct db_stmt *s, int col);      /* borrowed until the next step; NULL for NULL */
const void *db_blob(struct db_stmt *s, int col, size_t *ret_len);
int db_columns(struct db_stmt *s);
const char *db_column_name(struct db_stmt *s, int col);
int db_done(struct db_stmt *s, struct error *err);    /* resets and unlocks; 0 or the error */

/* BEGIN IMMEDIATE … COMMIT, holding the connection's (recursive) lock from the
 * one to the other, by the same thread. Inside another one it is a savepoint.
 * A failed begin holds nothing; after a failed end nothing was kept. */
int db_transaction_begin(struct db *db, struct error *err);
int db_transaction_end(struct db *db, bool commit, struct error *err);

/* The writer thread: closures run in order, many in one transaction. A
 * closure that fails is rolled back alone (savepoint), and its error goes to
 * db_writer_flush. A closure writes to the database and does nothing else: when
 * its transaction is lost (a full disk), it is run once more, by itself. */
struct db_writer;
typedef int db_write_fn(struct db *db, void *ctx, struct error *err);
struct db_writer *db_writer_new(struct db *db, struct error *err); /* borrows db */
/* Queues fn(ctx); `release(ctx)` (may be NULL) is called after it ran, and when
 * it could not be queued. Bounded queue: blocks when 4096 wait, so a closure
 * itself must not push. */
int db_writer_push(struct db_writer *w, db_write_fn *fn, void *ctx, void (*release)(void *ctx),
		   struct error *err);
/* Waits until all that was pushed is committed; returns the first error since
 * the last flush. */
int db_writer_flush(struct db_writer *w, struct error *err);
int db_writer_free(struct db_writer *w, struct error *err); /* flushes, joins; NULL-safe */

#endif
