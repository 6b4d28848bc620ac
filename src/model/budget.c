/* budget.c: see budget.h. */
#include "model/budget.h"

#include <string.h>

static const int steps[BUDGET_STEPS] = { 50, 75, 90, 100 };

/* Whether spent is at least percent of cap, without overflow. */
static bool reached(const struct budget *b, int percent)
{
	return b->cap_nano > 0 &&
	       (__int128)b->spent_nano * 100 >= (__int128)b->cap_nano * percent;
}

void budget_init(struct budget *b, struct ledger *ledger, int64_t cap_nano, int64_t spent_nano)
{
	*b = (struct budget){ .ledger = ledger, .cap_nano = cap_nano, .spent_nano = spent_nano };
	pthread_mutex_init(&b->lock, NULL);
	/* What an earlier part of the run passed was told then. */
	while (b->warned < BUDGET_STEPS && reached(b, steps[b->warned]))
		b->warned++;
}

void budget_destroy(struct budget *b)
{
	pthread_mutex_destroy(&b->lock);
}

static int take(struct budget *b, int64_t nano, struct error *err)
{
	char worst[32], left[32], cap[32];
	int64_t room;
	int rc = 0;

	pthread_mutex_lock(&b->lock);
	room = b->cap_nano - b->spent_nano - b->reserved_nano;
	if (b->cap_nano < 0 || nano <= room) {
		b->reserved_nano += nano;
	} else {
		money_format(nano, worst);
		money_format(room > 0 ? room : 0, left);
		money_format(b->cap_nano, cap);
		rc = error_set(err, STATUS_BUDGET,
			       "the next call could cost %s and %s of the budget of %s is left; "
			       "raise it with --budget", worst, left, cap);
	}
	pthread_mutex_unlock(&b->lock);
	return rc;
}

static void give_back(struct budget *b, int64_t nano)
{
	pthread_mutex_lock(&b->lock);
	b->reserved_nano -= nano;
	pthread_mutex_unlock(&b->lock);
}

int budget_reserve(struct budget *b, const char *run, const struct ulid *id, int64_t nano,
		   struct budget_hold *ret, struct error *err)
{
	bool in_ledger = b->ledger && run;

	/* No sum of worst cases may wrap; a single call this dear is over any cap. */
	if (nano < 0 || nano > INT64_MAX / 1024)
		nano = INT64_MAX / 1024;
	if (take(b, nano, err) < 0)
		return -1;
	if (in_ledger && ledger_reserve(b->ledger, run, id->s, nano, b->cap_nano, err) < 0) {
		give_back(b, nano);
		return -1;
	}
	*ret = (struct budget_hold){ .id = *id, .nano = nano, .held = true, .in_ledger = in_ledger };
	return 0;
}

static void note_steps(struct budget *b, struct budget_steps *ret)
{
	*ret = (struct budget_steps){ .spent_nano = b->spent_nano, .cap_nano = b->cap_nano };
	while (b->warned < BUDGET_STEPS && reached(b, steps[b->warned]))
		ret->percent[ret->n++] = steps[b->warned++];
}

void budget_settle(struct budget *b, struct budget_hold *hold, bool usage, int64_t actual_nano,
		   struct budget_steps *ret)
{
	*ret = (struct budget_steps){ 0 };
	if (!hold->held)
		return;
	hold->held = false;
	pthread_mutex_lock(&b->lock);
	b->reserved_nano -= hold->nano;
	if (actual_nano > INT64_MAX - b->spent_nano)
		b->spent_nano = INT64_MAX;
	else if (actual_nano > 0)
		b->spent_nano += actual_nano;
	note_steps(b, ret);
	pthread_mutex_unlock(&b->lock);
	if (hold->in_ledger)
		ledger_settle(b->ledger, hold->id.s, usage ? actual_nano : 0,
			      usage ? "settled" : "released", NULL);
}

void budget_note_unknown(struct budget *b)
{
	pthread_mutex_lock(&b->lock);
	b->unknown_calls++;
	pthread_mutex_unlock(&b->lock);
}

int64_t budget_spent(struct budget *b, int *ret_unknown_calls)
{
	int64_t spent;

	pthread_mutex_lock(&b->lock);
	spent = b->spent_nano;
	if (ret_unknown_calls)
		*ret_unknown_calls = b->unknown_calls;
	pthread_mutex_unlock(&b->lock);
	return spent;
}
