/* estimate.h: what a run is likely to cost, before it is paid for.
 *
 * For each persona: how often it will be called (from the plan and the
 * limits), times what its calls have taken so far (from the ledger; where
 * there are too few, a plain guess), at the price of the model that it would
 * call. Low, likely and high; not a promise: the budget is what holds. */
#ifndef COUNCIL_MODEL_ESTIMATE_H
#define COUNCIL_MODEL_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/model.h"
#include "util/buf.h"
#include "util/error.h"
#include "util/json.h"

struct ledger;

enum estimate_role {
	ESTIMATE_PACER,
	ESTIMATE_MAVEN,
	ESTIMATE_BUILDER,
	ESTIMATE_GUARDIAN,
	ESTIMATE_ARTISAN,
	ESTIMATE_ROLES
};
/* How surely a persona works: Maven and Artisan are MAYBE under `--phases auto`. */
enum estimate_use { ESTIMATE_NO, ESTIMATE_MAYBE, ESTIMATE_YES };

struct estimate_input {
	enum estimate_use use[ESTIMATE_ROLES];         /* Pacer NO: there is a plan already */
	/* borrowed; NULL: counts as an unknown price */
	const struct model_route *route[ESTIMATE_ROLES];
	int steps;              /* of the plan; 0: not known yet */
	int max_attempts;       /* repairs of a red step */
	int max_rounds;         /* review rounds */
	int64_t context_tokens; /* of repository text in a prompt; 0: unknown */
};

enum { ESTIMATE_LOW, ESTIMATE_LIKELY, ESTIMATE_HIGH, ESTIMATE_CASES };

struct estimate_line {
	enum estimate_role role;
	char model[96];                   /* "": unknown */
	int calls[ESTIMATE_CASES];
	int64_t input[ESTIMATE_CASES];    /* tokens a call */
	int64_t output[ESTIMATE_CASES];
	bool known;                       /* the price is */
	int64_t cost_nano[ESTIMATE_CASES];/* of all its calls; 0 where !known */
	int samples;                      /* calls of the ledger that it rests on; 0: a guess */
};

struct estimate {
	/* the personas that may work, in order of the work */
	struct estimate_line line[ESTIMATE_ROLES];
	size_t n;
	int64_t cost_nano[ESTIMATE_CASES];         /* of the lines with a known price */
	int unknown_lines;                         /* the others */
};

/* l may be NULL: guesses only. Pure but for reading the ledger. */
int estimate_run(struct ledger *l, const struct estimate_input *in, struct estimate *ret,
		 struct error *err);
const char *estimate_role_name(enum estimate_role r); /* "pacer" … */
/* A few plain lines for people, each with its newline. */
int estimate_render(struct buf *out, const struct estimate *e);
/* {"low_usd", "likely_usd", "high_usd", "unknown", "personas": [...]}; NULL: no memory. */
json *estimate_json(const struct estimate *e);

#endif
