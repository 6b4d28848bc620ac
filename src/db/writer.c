/* writer.c: the writer thread of db.h.
 *
 * It takes all that waits, up to a bound, and runs it in one transaction, each
 * closure in a savepoint. When that transaction is lost, every closure is run
 * once more in one of its own: what can be written is, and each has its error.
 */
#include <signal.h>
#include <stdlib.h>

#include "db/db.h"
#include "db/db_internal.h"

enum { QUEUE_MAX = 4096, BATCH_MAX = 512 };

struct job {
	db_write_fn *fn;
	void *ctx;
	void (*release)(void *ctx);
};

struct db_writer {
	struct db *db;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t pushed;  /* work, or the end, for the thread */
	pthread_cond_t taken;   /* room in the queue, or all is done */
	struct job queue[QUEUE_MAX]; /* a ring */
	size_t first, n;
	bool busy;              /* a batch is under way */
	bool ending;
	struct error error;     /* the first since the last flush; code 0: none */
	struct job batch[BATCH_MAX]; /* the thread's own */
};

/* Runs one closure between begin and end: a savepoint inside a transaction,
 * else a transaction. */
static int run_one(struct db_writer *w, const struct job *job, struct error *err)
{
	struct error end = { 0 };
	int rc;

	if (db_transaction_begin(w->db, err) < 0)
		return -1;
	rc = job->fn(w->db, job->ctx, err);
	if (rc < 0 && err->code == STATUS_DONE)
		error_set(err, STATUS_INTERNAL, "writing the %s failed", w->db->what);
	if (db_transaction_end(w->db, rc >= 0, &end) < 0 && rc >= 0) {
		*err = end;
		rc = -1;
	}
	return rc < 0 ? -1 : 0;
}

static void keep_first(struct error *first, const struct error *err)
{
	if (first->code == STATUS_DONE)
		*first = *err;
}

/* -1: the transaction as a whole was lost, nothing of it is written. */
static int run_together(struct db_writer *w, size_t n, struct error *first)
{
	struct error lost = { 0 };

	if (db_transaction_begin(w->db, &lost) < 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct error err = { 0 };

		if (run_one(w, &w->batch[i], &err) == 0)
			continue;
		if (sqlite3_get_autocommit(w->db->handle)) {
			db_transaction_end(w->db, false, NULL);
			return -1;
		}
		keep_first(first, &err);
	}
	return db_transaction_end(w->db, true, &lost);
}

static struct error run_batch(struct db_writer *w, size_t n)
{
	struct error first = { 0 };

	if (n == 1 || run_together(w, n, &first) < 0) {
		first = (struct error){ 0 };
		for (size_t i = 0; i < n; i++) {
			struct error err = { 0 };

			if (run_one(w, &w->batch[i], &err) < 0)
				keep_first(&first, &err);
		}
	}
	for (size_t i = 0; i < n; i++)
		if (w->batch[i].release)
			w->batch[i].release(w->batch[i].ctx);
	return first;
}

static void *work(void *arg)
{
	struct db_writer *w = arg;

	pthread_mutex_lock(&w->lock);
	for (;;) {
		struct error err;
		size_t n = 0;

		while (w->n == 0 && !w->ending)
			pthread_cond_wait(&w->pushed, &w->lock);
		if (w->n == 0)
			break;
		for (; n < BATCH_MAX && w->n > 0; n++, w->n--) {
			w->batch[n] = w->queue[w->first];
			w->first = (w->first + 1) % QUEUE_MAX;
		}
		w->busy = true;
		pthread_cond_broadcast(&w->taken);
		pthread_mutex_unlock(&w->lock);
		err = run_batch(w, n);
		pthread_mutex_lock(&w->lock);
		w->busy = false;
		if (err.code != STATUS_DONE)
			keep_first(&w->error, &err);
		pthread_cond_broadcast(&w->taken);
	}
	pthread_mutex_unlock(&w->lock);
	return NULL;
}

static void release(struct db_writer *w)
{
	pthread_cond_destroy(&w->pushed);
	pthread_cond_destroy(&w->taken);
	pthread_mutex_destroy(&w->lock);
	free(w);
}

struct db_writer *db_writer_new(struct db *db, struct error *err)
{
	struct db_writer *w = calloc(1, sizeof *w);
	sigset_t all, old;
	int rc;

	if (!w) {
		error_oom(err);
		return NULL;
	}
	w->db = db;
	pthread_mutex_init(&w->lock, NULL);
	pthread_cond_init(&w->pushed, NULL);
	pthread_cond_init(&w->taken, NULL);
	/* Signals are for the threads that wait for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&w->thread, NULL, work, w);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc != 0) {
		error_sys(err, STATUS_INTERNAL, rc, "cannot start the thread that writes the %s",
			  db->what);
		release(w);
		return NULL;
	}
	return w;
}

int db_writer_push(struct db_writer *w, db_write_fn *fn, void *ctx, void (*drop)(void *ctx),
		   struct error *err)
{
	pthread_mutex_lock(&w->lock);
	while (w->n == QUEUE_MAX && !w->ending)
		pthread_cond_wait(&w->taken, &w->lock);
	if (w->ending) {
		pthread_mutex_unlock(&w->lock);
		if (drop)
			drop(ctx);
		return error_set(err, STATUS_INTERNAL, "the %s is being closed", w->db->what);
	}
	w->queue[(w->first + w->n++) % QUEUE_MAX] = (struct job){ fn, ctx, drop };
	pthread_cond_signal(&w->pushed);
	pthread_mutex_unlock(&w->lock);
	return 0;
}

int db_writer_flush(struct db_writer *w, struct error *err)
{
	struct error first;

	pthread_mutex_lock(&w->lock);
	while (w->n > 0 || w->busy)
		pthread_cond_wait(&w->taken, &w->lock);
	first = w->error;
	w->error = (struct error){ 0 };
	pthread_mutex_unlock(&w->lock);
	if (first.code == STATUS_DONE)
		return 0;
	if (err)
		*err = first;
	return -1;
}

int db_writer_free(struct db_writer *w, struct error *err)
{
	int rc;

	if (!w)
		return 0;
	pthread_mutex_lock(&w->lock);
	w->ending = true;
	pthread_cond_broadcast(&w->pushed);
	pthread_cond_broadcast(&w->taken);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	rc = db_writer_flush(w, err);
	release(w);
	return rc;
}
