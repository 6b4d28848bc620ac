/* ledger_private.h: shared by the files of the ledger. */
#ifndef COUNCIL_LEDGER_PRIVATE_H
#define COUNCIL_LEDGER_PRIVATE_H

#include <stdatomic.h>

#include "db/db.h"
#include "ledger/ledger.h"
#include "ledger/owner.h"
#include "util/buf.h"

struct ledger {
	struct db *db;
	struct db_writer *writer;  /* NULL: read only */
	atomic_int lost;           /* rows for which there was no memory; told by ledger_flush */
};

/* Queues a row; without memory for it counts it as lost. Takes ctx. */
int ledger_push(struct ledger *l, db_write_fn *fn, void *ctx, void (*release)(void *),
		struct error *err);
/* -1 and an error for a ledger opened for reading. */
int ledger_writable(const struct ledger *l, struct error *err);

/* Binds NULL for an empty text, a hash of zeros, a number below 0. */
void bind_text(struct db_stmt *s, int i, const char *v);
void bind_hash(struct db_stmt *s, int i, const struct sha256 *h);
void bind_count(struct db_stmt *s, int i, int64_t v);
/* Runs a statement that gives no rows. */
int run_done(struct db_stmt *s, struct error *err);

/* Takes the numbers out of a JSON text: {"a":12,"b":[3.5]} gives the shape
 * {"a":#,"b":[#]} and the numbers 12,3.5. */
int usage_split(const char *json_text, struct buf *shape, struct buf *numbers);
/* Puts them back; -1 when the two do not fit. */
int usage_join(const char *shape, const char *numbers, struct buf *out);

/* What was reserved and not settled when its process ended is unknown. */
int reservations_forget(struct db *db, const char *run, struct error *err);

#endif
