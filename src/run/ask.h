/* ask.h: asking a persona: system prompt, rendered prompt, answer; and once
 * more, with the error, where the answer cannot be used.
 */
#ifndef COUNCIL_ASK_H
#define COUNCIL_ASK_H

#include "config/persona.h"
#include "run/env.h"

/* One persona's talk with its model. Zero-initialise through talk_begin. */
struct talk {
	struct persona persona;
	struct model_message *messages; /* contents are owned */
	size_t n, cap;
	const char *schema, *schema_name; /* borrowed; NULL: free text */
	int asked;                      /* calls so far */
};
/* Starts with the persona's system prompt and `prompt` (copied) as the first
 * user message. */
int talk_begin(struct run_env *env, const char *persona, const char *prompt, struct talk *ret,
	       struct error *err);
/* Calls the model at KEY (the second time and later: KEY#2 …), and keeps its
 * answer as part of the talk. An answer that was refused, is empty, or was cut
 * off is a 0: see ret->outcome. */
int talk_answer(struct run_env *env, struct talk *t, const char *key, struct completion *ret,
		struct error *err);
/* Adds a user message; only the newest answer before it stays, older ones are
 * dropped, so that the talk does not outgrow small contexts. */
int talk_say(struct talk *t, const char *text, struct error *err);
void talk_release(struct talk *t);

/* NULL, or why an answer of this outcome cannot be used, to be sent back. */
const char *outcome_problem(enum model_outcome outcome);

/* A question whose answer is JSON. accept() turns it into a value, or says what
 * is wrong (its message is sent back once). STATUS_ENDPOINT when the second
 * answer is no better. */
struct question {
	const char *persona;
	const char *key;
	const char *prompt;
	const char *schema;       /* name of the schema file in prompts/, without .schema.json */
	int (*accept)(const json *j, void *out, struct error *err);
	void *out;
};
int ask_json(struct run_env *env, const struct question *q, struct error *err);

#endif
