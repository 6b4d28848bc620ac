/* run_words.c: see run_words.h. */
#include "cli/run_words.h"

#include <time.h>

#include "ledger/cost.h"
#include "util/clock.h"
#include "util/str.h"

const char *run_row_word(const struct ledger_run_row *r)
{
	if (str_eq(r->state, "ended"))
		return status_name((enum status)r->status);
	return r->state;
}

bool run_row_resumable(const struct ledger_run_row *r)
{
	if (str_eq(r->state, "interrupted"))
		return true;
	return str_eq(r->state, "ended") &&
	       (r->status == STATUS_BUDGET || r->status == STATUS_ENDPOINT ||
		r->status == STATUS_INTERRUPTED || r->status == STATUS_TERMINATED);
}

void run_row_when(int64_t us, char out[32])
{
	time_t t = (time_t)(us / 1000000);
	struct tm tm;

	if (!localtime_r(&t, &tm) || strftime(out, 32, "%Y-%m-%d %H:%M", &tm) == 0)
		out[0] = '\0';
}

void run_row_cost(const struct ledger_run_row *r, char out[80])
{
	int unknown = r->unknown_cost_calls;

	/* Where nothing is known to have been paid, "unknown" says it all. */
	cost_text(r->cost_nano, unknown, r->cost_nano ? unknown + 1 : unknown, out);
}

static int set_time(json *j, const char *key, int64_t us)
{
	char iso[28];

	clock_format_iso(us, iso);
	return json_set_string(j, key, us > 0 ? iso : NULL);
}

static json *applied_json(const struct ledger_run_row *r)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "ref", r->applied_ref);
	rc |= json_set_string(j, "from", r->applied_from);
	rc |= json_set_string(j, "to", r->applied_to);
	if (rc == 0)
		return j;
	json_free(j);
	return NULL;
}

json *run_row_json(const struct ledger_run_row *r)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "run", r->id.s);
	rc |= json_set_string(j, "state", r->state);
	rc |= json_set(j, "status", r->status < 0 ? json_new_null() : json_new_i64(r->status));
	rc |= json_set_string(j, "outcome", run_row_word(r));
	rc |= json_set_string(j, "proof", r->proof);
	rc |= set_time(j, "started", r->started_us);
	rc |= set_time(j, "ended", r->ended_us);
	rc |= json_set_string(j, "task", r->task);
	rc |= json_set_string(j, "parent", r->parent);
	rc |= json_set_string(j, "repository", r->repository);
	rc |= json_set_string(j, "base", r->base);
	rc |= json_set_string(j, "head", r->head);
	rc |= json_set_string(j, "branch", r->branch);
	rc |= json_set_string(j, "worktree", r->worktree);
	rc |= json_set_i64(j, "cost_nano", r->cost_nano);
	rc |= json_set_double(j, "cost_usd", (double)r->cost_nano / 1e9);
	rc |= json_set_i64(j, "unknown_cost_calls", r->unknown_cost_calls);
	rc |= json_set(j, "applied",
		       str_eq(r->state, "applied") ? applied_json(r) : json_new_null());
	if (rc == 0)
		return j;
	json_free(j);
	return NULL;
}
