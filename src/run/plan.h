/* plan.h: the plan as a value: what Pacer says, `council plan` prints, a
 * person edits and `--plan FILE` takes back. Format: council-formats(5).
 */
#ifndef COUNCIL_PLAN_H
#define COUNCIL_PLAN_H

#include <stddef.h>

#include "util/error.h"
#include "util/json.h"
#include "util/str.h"

enum { PLAN_STEPS_MAX = 12 };

enum difficulty { DIFFICULTY_LOW, DIFFICULTY_MEDIUM, DIFFICULTY_HIGH };

struct plan_step {
	char *id;            /* "s1" */
	char *title;         /* becomes the commit's subject */
	char *instructions;
	struct strv files;   /* safe relative paths; may name files that do not exist yet */
	struct strv tests;   /* what must hold */
	struct strv needs;   /* ids of earlier steps */
	enum difficulty difficulty;
};

struct plan {
	char *summary;
	struct plan_step *steps; /* ordered so that every step comes after what it needs */
	size_t n_steps;
};

/* From a JSON value. STATUS_ENDPOINT with what is wrong, worded so that it can
 * be sent back to the model: not an object, no steps, more than twelve, a step
 * without title or instructions, an unsafe path, an unknown or circular need. */
int plan_from_json(const json *j, struct plan *ret, struct error *err);
/* From a file a person wrote (STATUS_USAGE). */
int plan_from_file(const char *path, struct plan *ret, struct error *err);
json *plan_json(const struct plan *p); /* NULL: no memory */
void plan_release(struct plan *p);

#endif
