/* next_step.c: what to try next, by how the run ended: one command, ready to
 * be copied. */
#include <string.h>

#include "report/report.h"

enum { RAISE_NANO = 100000000 }; /* 0.10 USD: a small cap doubled would often not pay for a call */

/* Twice the cap and at least a little more, without the zeros that a price needs. */
static void raised_cap(int64_t cap_nano, char out[32])
{
	int64_t more = cap_nano > RAISE_NANO ? cap_nano : RAISE_NANO;
	size_t n;

	money_format(cap_nano > INT64_MAX - more ? INT64_MAX : cap_nano + more, out);
	n = strlen(out);
	while (n > 0 && out[n - 1] == '0')
		out[--n] = '\0';
	if (n > 0 && out[n - 1] == '.')
		out[--n] = '\0';
	memmove(out, out + 1, n); /* the $, with the NUL in its place */
}

static const char *what_to_mend(const struct result *r)
{
	if (r->proof == PROOF_GREEN_ONLY)
		return "add a test that fails without this change";
	if (!r->head || r->proof == PROOF_RED_GREEN)
		return "try again, with smaller edits";
	return "make the failing tests pass";
}

int report_next_step(struct buf *out, const struct result *r)
{
	const char *id = ulid_short(r->run.s);
	char cap[32];

	if (!r->run.s[0])
		return 0;
	switch (r->status) {
	case STATUS_DONE:
		return r->applied || !r->head ? 0 : buf_addf(out, "council apply %s", id);
	case STATUS_GATE:
		return buf_addf(out, "council run --continue %s \"%s\"", id, what_to_mend(r));
	case STATUS_REVIEW:
		return buf_addf(out, "council run --continue %s \"mend what the review found\"", id);
	case STATUS_BUDGET:
		if (r->budget_nano <= 0)
			return buf_addf(out, "council resume %s", id);
		raised_cap(r->budget_nano, cap);
		return buf_addf(out, "council resume %s --budget %s", id, cap);
	case STATUS_ENDPOINT:
	case STATUS_INTERRUPTED:
	case STATUS_TERMINATED:
		return buf_addf(out, "council resume %s", id);
	case STATUS_USAGE:
	case STATUS_SANDBOX:
		return buf_adds(out, "council doctor");
	case STATUS_INTERNAL:
		return buf_addf(out, "council show %s", id);
	case STATUS_NOTHING:
		break;
	}
	return 0;
}
