/* db_internal.h: what db.c and open.c share. */
#ifndef COUNCIL_DB_INTERNAL_H
#define COUNCIL_DB_INTERNAL_H

#include <pthread.h>
#include <sqlite3.h>

#include "db/db.h"

enum { DB_CACHE_SIZE = 128 };

struct db_stmt {
	struct db *db;
	const char *sql;      /* owned */
	sqlite3_stmt *handle;
	bool in_use;
	bool cached;          /* else freed by db_done */
	int failed;           /* SQLite's code of the first failure, or 0 */
	struct error error;   /* its words */
};

struct db {
	sqlite3 *handle;
	char *path;
	const char *what;
	pthread_mutex_t lock;  /* recursive; over all below */
	struct db_stmt *cache[DB_CACHE_SIZE];
	size_t n_cached;
	int depth;             /* of transactions open */
};

/* Sets err for SQLite's code `rc` as just met, with what to do about it. */
int db_fail(const char *what, const char *path, sqlite3 *handle, int rc, struct error *err);

#endif
