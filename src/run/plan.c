#include "run/plan.h"

#include <stdlib.h>
#include <string.h>

#include "util/path.h"

static const char *const difficulty_names[] = { "low", "medium", "high" };

static void step_release(struct plan_step *s)
{
	free(s->id);
	free(s->title);
	free(s->instructions);
	strv_release(&s->files);
	strv_release(&s->tests);
	strv_release(&s->needs);
}

void plan_release(struct plan *p)
{
	if (!p)
		return;
	free(p->summary);
	for (size_t i = 0; i < p->n_steps; i++)
		step_release(&p->steps[i]);
	free(p->steps);
	*p = (struct plan){ 0 };
}

/* An optional array of strings; anything else is named in the error. */
static int read_list(const json *step, const char *key, const char *where, struct strv *ret,
		     struct error *err)
{
	const json *list = json_get(step, key);

	if (!list || json_is_null(list))
		return 0;
	if (!json_is_array(list))
		return error_set(err, STATUS_ENDPOINT, "%s: \"%s\" must be an array of strings",
				 where, key);
	for (const json *it = json_first(list); it; it = json_next(it)) {
		if (!json_is_string(it))
			return error_set(err, STATUS_ENDPOINT,
					 "%s: \"%s\" must be an array of strings", where, key);
		if (strv_add(ret, json_string(it)))
			return error_oom(err);
	}
	return 0;
}

static int read_text(const json *step, const char *key, const char *where, char **ret,
		     struct error *err)
{
	const char *text = json_get_string(step, key);

	if (!text || !*text)
		return error_set(err, STATUS_ENDPOINT, "%s has no \"%s\"", where, key);
	*ret = str_dup(text);
	return *ret ? 0 : error_oom(err);
}

static int read_step(const json *j, size_t number, struct plan_step *s, struct error *err)
{
	CLEANUP_FREE char *where = str_printf("step %zu", number);
	const char *id = json_get_string(j, "id");
	const char *difficulty = json_get_string(j, "difficulty");

	if (!where)
		return error_oom(err);
	if (!json_is_object(j))
		return error_set(err, STATUS_ENDPOINT, "%s is not an object", where);
	s->id = id && *id ? str_dup(id) : str_printf("s%zu", number);
	if (!s->id)
		return error_oom(err);
	if (read_text(j, "title", where, &s->title, err) ||
	    read_text(j, "instructions", where, &s->instructions, err) ||
	    read_list(j, "files", where, &s->files, err) ||
	    read_list(j, "tests", where, &s->tests, err) ||
	    read_list(j, "needs", where, &s->needs, err))
		return -1;
	for (size_t i = 0; i < s->files.n; i++)
		if (!path_is_safe(s->files.v[i]))
			return error_set(err, STATUS_ENDPOINT,
					 "%s: \"%s\" is not a path inside the repository", where,
					 s->files.v[i]);
	s->difficulty = DIFFICULTY_MEDIUM;
	for (int d = 0; difficulty && d < 3; d++)
		if (strcmp(difficulty, difficulty_names[d]) == 0)
			s->difficulty = (enum difficulty)d;
	return 0;
}

static bool ready(const struct plan *p, size_t placed, const struct plan_step *s)
{
	for (size_t i = 0; i < s->needs.n; i++) {
		bool found = false;

		for (size_t k = 0; k < placed && !found; k++)
			found = strcmp(p->steps[k].id, s->needs.v[i]) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* Brings the steps into an order in which needs come first, otherwise as written. */
static int order_steps(struct plan *p, struct error *err)
{
	for (size_t placed = 0; placed < p->n_steps; placed++) {
		size_t next = placed;
		struct plan_step s;

		while (next < p->n_steps && !ready(p, placed, &p->steps[next]))
			next++;
		if (next == p->n_steps)
			return error_set(err, STATUS_ENDPOINT,
					 "step \"%s\" needs a step that does not exist, or steps need "
					 "each other in a circle", p->steps[placed].id);
		s = p->steps[next];
		memmove(&p->steps[placed + 1], &p->steps[placed], (next - placed) * sizeof(s));
		p->steps[placed] = s;
	}
	return 0;
}

static int read_steps(const json *steps, struct plan *p, struct error *err)
{
	size_t n = json_len(steps);

	if (!json_is_array(steps))
		return error_set(err, STATUS_ENDPOINT, "the plan has no array \"steps\"");
	if (n == 0)
		return error_set(err, STATUS_ENDPOINT, "the plan has no steps");
	if (n > PLAN_STEPS_MAX)
		return error_set(err, STATUS_ENDPOINT, "the plan has %zu steps; at most %d are taken",
				 n, PLAN_STEPS_MAX);
	p->steps = calloc(n, sizeof(*p->steps));
	if (!p->steps)
		return error_oom(err);
	for (const json *it = json_first(steps); it; it = json_next(it)) {
		p->n_steps++;
		if (read_step(it, p->n_steps, &p->steps[p->n_steps - 1], err))
			return -1;
		for (size_t i = 0; i + 1 < p->n_steps; i++)
			if (strcmp(p->steps[i].id, p->steps[p->n_steps - 1].id) == 0)
				return error_set(err, STATUS_ENDPOINT,
						 "two steps have the id \"%s\"", p->steps[i].id);
	}
	return order_steps(p, err);
}

int plan_from_json(const json *j, struct plan *ret, struct error *err)
{
	struct plan p = { 0 };
	const char *summary = json_get_string(j, "summary");

	if (!json_is_object(j))
		return error_set(err, STATUS_ENDPOINT, "the plan is not a JSON object");
	if (read_steps(json_get(j, "steps"), &p, err))
		goto fail;
	p.summary = str_dup(summary && *summary ? summary : p.steps[0].title);
	if (!p.summary) {
		error_oom(err);
		goto fail;
	}
	*ret = p;
	return 0;
fail:
	plan_release(&p);
	return -1;
}

int plan_from_file(const char *path, struct plan *ret, struct error *err)
{
	CLEANUP_JSON json *j = json_parse_file(path, 1 << 20, err);

	if (!j)
		return -1;
	if (plan_from_json(j, ret, err)) {
		error_prefix(err, "%s", path);
		if (err && err->code == STATUS_ENDPOINT)
			err->code = STATUS_USAGE;
		return -1;
	}
	return 0;
}

static json *list_json(const struct strv *list)
{
	json *a = json_array();

	for (size_t i = 0; a && i < list->n; i++)
		json_append(a, json_new_string(list->v[i]));
	return a;
}

json *plan_json(const struct plan *p)
{
	json *j = json_object();
	json *steps = json_array();

	if (!j || !steps) {
		json_free(j);
		json_free(steps);
		return NULL;
	}
	json_set_string(j, "summary", p->summary);
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_step *s = &p->steps[i];
		json *o = json_object();

		json_set_string(o, "id", s->id);
		json_set_string(o, "title", s->title);
		json_set_string(o, "instructions", s->instructions);
		json_set(o, "files", list_json(&s->files));
		json_set(o, "tests", list_json(&s->tests));
		json_set(o, "needs", list_json(&s->needs));
		json_set_string(o, "difficulty", difficulty_names[s->difficulty]);
		json_append(steps, o);
	}
	json_set(j, "steps", steps);
	return j;
}
