/* ledger_money.c: reservations against a run's cap; see ledger.h.
 *
 * The check and the row are one BEGIN IMMEDIATE transaction, so that of two
 * processes with one cap the second sees what the first holds. The totals are
 * kept by the triggers of schema.c: a reservation costs the same for the
 * first call of a run as for the ten thousandth. */
#include <inttypes.h>

#include "ledger/ledger_private.h"
#include "run/result.h"
#include "util/clock.h"
#include "util/str.h"

struct totals { int64_t held, spent; };

static int read_totals(struct db *db, const char *run, struct totals *ret, struct error *err)
{
	struct db_stmt *s =
		db_begin(db, "SELECT held_nano, spent_nano FROM budget WHERE run = ?", err);

	if (!s)
		return -1;
	*ret = (struct totals){ 0 };
	db_bind_text(s, 1, run);
	if (db_step(s))
		*ret = (struct totals){ db_i64(s, 0), db_i64(s, 1) };
	return db_done(s, err);
}

static int check_cap(const struct totals *t, int64_t amount, int64_t cap, struct error *err)
{
	char need[32], held[32], spent[32], limit[32];
	int64_t sum;

	if (cap < 0 || (!__builtin_add_overflow(t->held, t->spent, &sum) &&
			!__builtin_add_overflow(sum, amount, &sum) && sum <= cap))
		return 0;
	money_format(amount, need);
	money_format(t->held, held);
	money_format(t->spent, spent);
	money_format(cap, limit);
	return error_set(err, STATUS_BUDGET,
			 "the budget of %s does not cover the next call: it may cost %s, %s is "
			 "spent and %s reserved; raise it with --budget", limit, need, spent, held);
}

static int insert_reservation(struct db *db, const char *run, const char *call, int64_t amount,
			      struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"INSERT INTO reservation (call, run, at_us, amount_nano, state)"
		" VALUES (?,?,?,?,'held')", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, call);
	db_bind_text(s, 2, run);
	db_bind_i64(s, 3, clock_now_us());
	db_bind_i64(s, 4, amount);
	return run_done(s, err);
}

int ledger_reserve(struct ledger *l, const char *run, const char *call, int64_t amount_nano,
		   int64_t cap_nano, struct error *err)
{
	struct totals t;
	int rc;

	if (amount_nano < 0)
		return error_set(err, STATUS_INTERNAL, "a reservation below zero");
	if (ledger_writable(l, err) < 0 || db_transaction_begin(l->db, err) < 0)
		return -1;
	rc = read_totals(l->db, run, &t, err);
	if (rc == 0)
		rc = check_cap(&t, amount_nano, cap_nano, err);
	if (rc == 0)
		rc = insert_reservation(l->db, run, call, amount_nano, err);
	return db_transaction_end(l->db, rc == 0, rc == 0 ? err : NULL) < 0 ? -1 : rc;
}

/* 1: there is such a reservation. */
static int reservation_state(struct db *db, const char *call, bool *ret_open, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"SELECT state IN ('held', 'unknown') FROM reservation WHERE call = ?", err);
	int found;

	if (!s)
		return -1;
	db_bind_text(s, 1, call);
	found = db_step(s);
	*ret_open = found && db_i64(s, 0);
	return db_done(s, err) < 0 ? -1 : found;
}

static int close_reservation(struct db *db, const char *call, int64_t actual, const char *state,
			     struct error *err)
{
	bool open;
	int found = reservation_state(db, call, &open, err);
	struct db_stmt *s;

	if (found < 0)
		return -1;
	if (!found)
		return error_set(err, STATUS_INTERNAL, "call %s has no reservation to settle",
				 call);
	if (!open)
		return 0;
	s = db_begin(db, "UPDATE reservation SET state = ?2, actual_nano = ?3, settled_us = ?4"
		     " WHERE call = ?1 AND state <> ?2", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, call);
	db_bind_text(s, 2, state);
	bind_count(s, 3, str_eq(state, "settled") ? actual : -1);
	db_bind_i64(s, 4, clock_now_us());
	return run_done(s, err);
}

int ledger_settle(struct ledger *l, const char *call, int64_t actual_nano, const char *state,
		  struct error *err)
{
	int rc;

	if (actual_nano < -1)
		return error_set(err, STATUS_INTERNAL, "a call cannot cost less than nothing");
	if (ledger_writable(l, err) < 0 || db_transaction_begin(l->db, err) < 0)
		return -1;
	rc = close_reservation(l->db, call, actual_nano, state, err);
	return db_transaction_end(l->db, rc == 0, rc == 0 ? err : NULL) < 0 ? -1 : rc;
}

int reservations_forget(struct db *db, const char *run, struct error *err)
{
	struct db_stmt *s = db_begin(db,
		"UPDATE reservation SET state = 'unknown', settled_us = ?2"
		" WHERE run = ?1 AND state = 'held'", err);

	if (!s)
		return -1;
	db_bind_text(s, 1, run);
	db_bind_i64(s, 2, clock_now_us());
	return run_done(s, err);
}

int ledger_spent(struct ledger *l, const char *run, int64_t *ret_nano, struct error *err)
{
	struct totals t;

	if (read_totals(l->db, run, &t, err) < 0)
		return -1;
	*ret_nano = t.spent;
	return 0;
}
