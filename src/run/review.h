/* review.h: Guardian's judgement of a change. Guardian is read-only and does
 * not know which model wrote the change.
 */
#ifndef COUNCIL_REVIEW_H
#define COUNCIL_REVIEW_H

#include "run/env.h"
#include "run/result.h"

enum verdict { VERDICT_APPROVE, VERDICT_REVISE, VERDICT_BLOCK };
const char *verdict_name(enum verdict v); /* "approve", "revise", "block" */

struct review {
	enum verdict verdict;
	struct findings findings; /* all open */
};
void review_release(struct review *r);

/* From Guardian's JSON (council-formats(5)); STATUS_ENDPOINT, worded for the
 * model. An approval that holds a critical or high finding is a revise: the
 * finding, not the word, decides. */
int review_from_json(const json *j, struct review *ret, struct error *err);

struct review_request {
	const char *key;          /* journal */
	const char *title;        /* of the stage */
	int round;                /* from 1 */
	const char *plan;         /* text of the plan */
	const char *old_oid, *new_oid;
	const char *gate;         /* what the gate said, for the prompt */
};
/* Emits a finding event for each. */
int review_change(struct run_env *env, const struct review_request *r, struct review *ret,
		  struct error *err);
/* The findings as text for a prompt; malloc'd. */
char *findings_text(const struct findings *f);

#endif
