/* budget.h: the cap of one run's services, kept in this process and, where
 * there is a ledger, across processes: money is reserved at the worst case
 * before an attempt and settled at what it came to. spent + reserved never
 * passes the cap by a reservation. Thread-safe. */
#ifndef COUNCIL_BUDGET_H
#define COUNCIL_BUDGET_H

#include <pthread.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "util/error.h"

enum { BUDGET_STEPS = 4 };   /* 50, 75, 90, 100 % */

struct budget {
	pthread_mutex_t lock;
	struct ledger *ledger;       /* borrowed; NULL: this process alone */
	int64_t cap_nano;            /* -1: none */
	int64_t spent_nano, reserved_nano;
	int unknown_calls;
	int warned;                  /* steps that were told */
};

struct budget_hold {             /* one attempt's reservation */
	struct ulid id;
	int64_t nano;
	bool held, in_ledger;
};

/* The steps that settling passed, for budget.warning events. */
struct budget_steps {
	int percent[BUDGET_STEPS];
	int n;
	int64_t spent_nano, cap_nano;
};

void budget_init(struct budget *b, struct ledger *ledger, int64_t cap_nano, int64_t spent_nano);
void budget_destroy(struct budget *b);
/* STATUS_BUDGET when it would pass the cap. `run` may be NULL: no row in the ledger. */
int budget_reserve(struct budget *b, const char *run, const struct ulid *id, int64_t nano,
		   struct budget_hold *ret, struct error *err);
/* Books what an attempt cost and gives the rest back; without any `usage` it is released.
 * actual_nano -1: its price is unknown. A hold that is not held is left alone. */
void budget_settle(struct budget *b, struct budget_hold *hold, bool usage, int64_t actual_nano,
		   struct budget_steps *ret);
void budget_note_unknown(struct budget *b);
int64_t budget_spent(struct budget *b, int *ret_unknown_calls);

#endif
