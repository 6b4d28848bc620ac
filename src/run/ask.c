#include "run/ask.h"

#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/str.h"

/* The schemas are part of the formats, so they come with the program alone. */
static int schema_load(const char *name, char **ret, struct error *err)
{
	CLEANUP_FREE char *relative = str_printf("prompts/%s.schema.json", name);
	CLEANUP_FREE char *path = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 20);

	if (!relative)
		return error_oom(err);
	if (data_path(relative, &path, err) || buf_read_file(&text, path, err))
		return -1;
	*ret = buf_steal(&text, NULL);
	return *ret ? 0 : error_oom(err);
}

static int add_message(struct talk *t, enum model_role role, const char *text, bool stable,
		       struct error *err)
{
	char *copy;

	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 8;
		struct model_message *m = realloc(t->messages, cap * sizeof(*m));

		if (!m)
			return error_oom(err);
		t->messages = m;
		t->cap = cap;
	}
	copy = str_dup(text);
	if (!copy)
		return error_oom(err);
	t->messages[t->n++] = (struct model_message){ .role = role, .content = copy, .stable = stable };
	return 0;
}

static void drop_message(struct talk *t, size_t i)
{
	free((char *)t->messages[i].content);
	memmove(&t->messages[i], &t->messages[i + 1], (t->n - i - 1) * sizeof(*t->messages));
	t->n--;
}

int talk_begin(struct run_env *env, const char *persona, const char *prompt, struct talk *ret,
	       struct error *err)
{
	struct talk t = { 0 };

	if (persona_load(env->settings, persona, &t.persona, err))
		return -1;
	if (add_message(&t, MODEL_SYSTEM, t.persona.system, true, err) ||
	    add_message(&t, MODEL_USER, prompt, false, err)) {
		talk_release(&t);
		return -1;
	}
	*ret = t;
	return 0;
}

int talk_answer(struct run_env *env, struct talk *t, const char *key, struct completion *ret,
		struct error *err)
{
	CLEANUP_FREE char *place = call_place(key, t->asked + 1);
	struct model_request request = {
		.persona = t->persona.name,
		.messages = t->messages,
		.n_messages = t->n,
		.temperature = t->persona.temperature,
		.max_tokens = t->persona.max_tokens,
		.schema = t->schema,
		.schema_name = t->schema_name,
		.attempt = t->asked + 1,
	};

	if (!place)
		return error_oom(err);
	if (run_call(env, place, &request, ret, err))
		return -1;
	t->asked++;
	if (add_message(t, MODEL_ASSISTANT, ret->text, false, err)) {
		completion_release(ret);
		return -1;
	}
	return 0;
}

int talk_say(struct talk *t, const char *text, struct error *err)
{
	/* system, first prompt, …, newest answer */
	while (t->n > 3)
		drop_message(t, 2);
	return add_message(t, MODEL_USER, text, false, err);
}

void talk_release(struct talk *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		free((char *)t->messages[i].content);
	free(t->messages);
	persona_release(&t->persona);
	*t = (struct talk){ 0 };
}

const char *outcome_problem(enum model_outcome outcome)
{
	switch (outcome) {
	case MODEL_TRUNCATED:
		return "the answer was cut off at the output limit: answer more briefly";
	case MODEL_REFUSED:
		return "the answer was a refusal";
	case MODEL_EMPTY:
		return "the answer was empty";
	default:
		return NULL;
	}
}

/* One asking: 0 accepted; 1 not usable, with the reason in `why`; -1 failed. */
static int try_json(struct run_env *env, struct talk *t, const struct question *q,
		    struct error *why, struct error *err)
{
	struct completion c = { 0 };
	CLEANUP_JSON json *j = NULL;
	const char *problem;
	int rc = 1;

	if (talk_answer(env, t, q->key, &c, err))
		return -1;
	problem = outcome_problem(c.outcome);
	j = json_extract(c.text, strlen(c.text), false, why);
	if (j && q->accept(j, q->out, why) == 0)
		rc = 0;
	else if (problem)
		error_set(why, STATUS_ENDPOINT, "%s", problem);
	completion_release(&c);
	return rc;
}

int ask_json(struct run_env *env, const struct question *q, struct error *err)
{
	struct talk t = { 0 };
	struct error why = { 0 };
	CLEANUP_FREE char *schema = NULL;
	CLEANUP_FREE char *again = NULL;
	int rc = -1;

	if (schema_load(q->schema, &schema, err) ||
	    talk_begin(env, q->persona, q->prompt, &t, err))
		return -1;
	t.schema = schema;
	t.schema_name = q->schema;
	rc = try_json(env, &t, q, &why, err);
	if (rc == 1) {
		const char *values[] = { "error", why.message, NULL };

		if (prompt_render(env->settings, "again", values, &again, err) ||
		    talk_say(&t, again, err))
			rc = -1;
		else
			rc = try_json(env, &t, q, &why, err);
	}
	if (rc == 1 && run_forget(env, q->key, t.asked, err))
		rc = -1;
	if (rc == 1)
		rc = error_set(err, STATUS_ENDPOINT,
			       "%s gave no usable %s, also when asked again: %s", q->persona,
			       q->schema, why.message);
	talk_release(&t);
	return rc;
}
