/* What was asked for: defaults, release, and the JSON that resume reads. */
#include <stdlib.h>
#include <string.h>

#include "run/run.h"
#include "util/str.h"

int phases_parse(const char *text, unsigned *ret, struct error *err)
{
	static const struct { const char *name; unsigned phase; } names[] = {
		{ "plan", PHASE_PLAN }, { "context", PHASE_CONTEXT }, { "build", PHASE_BUILD },
		{ "review", PHASE_REVIEW }, { "refine", PHASE_REFINE },
	};
	unsigned phases = 0;
	const char *at = text;

	if (!text || !*text || strcmp(text, "auto") == 0) {
		*ret = PHASE_AUTO | PHASE_PLAN | PHASE_CONTEXT | PHASE_BUILD | PHASE_REVIEW | PHASE_REFINE;
		return 0;
	}
	if (strcmp(text, "all") == 0) {
		*ret = PHASE_PLAN | PHASE_CONTEXT | PHASE_BUILD | PHASE_REVIEW | PHASE_REFINE;
		return 0;
	}
	while (*at) {
		size_t len = strcspn(at, ",");
		unsigned found = 0;

		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strlen(names[i].name) == len && memcmp(at, names[i].name, len) == 0)
				found = names[i].phase;
		if (!found)
			return error_set(err, STATUS_USAGE, "--phases %s: \"%.*s\" is not one of auto, "
					 "all, plan, context, build, review, refine", text, (int)len, at);
		phases |= found;
		at += len + (at[len] == ',');
	}
	if (!(phases & PHASE_BUILD))
		return error_set(err, STATUS_USAGE, "--phases %s: build is needed (for a plan alone, "
				 "use `council plan`)", text);
	if ((phases & PHASE_REFINE) && !(phases & PHASE_REVIEW))
		return error_set(err, STATUS_USAGE, "--phases %s: refine needs review, or the refinement "
				 "would not be reviewed", text);
	*ret = phases;
	return 0;
}

void run_options_release(struct run_options *o)
{
	if (!o)
		return;
	free(o->task);
	free(o->from_rev);
	free(o->branch);
	free(o->plan_text);
	free(o->gate_build);
	free(o->gate_test);
	strv_release(&o->files);
	strv_release(&o->overrides);
	strv_release(&o->models);
	free(o->config);
	free(o->parent);
	free(o->parent_note);
	free(o->parent_base);
	free(o->parent_head);
	*o = (struct run_options){ 0 };
}

/* The owned strings, by the key under which they are kept. */
static const struct { const char *key; size_t offset; } strings[] = {
	{ "task", offsetof(struct run_options, task) },
	{ "from", offsetof(struct run_options, from_rev) },
	{ "branch", offsetof(struct run_options, branch) },
	{ "plan", offsetof(struct run_options, plan_text) },
	{ "gate_build", offsetof(struct run_options, gate_build) },
	{ "gate_test", offsetof(struct run_options, gate_test) },
	{ "config", offsetof(struct run_options, config) },
	{ "parent", offsetof(struct run_options, parent) },
	{ "parent_note", offsetof(struct run_options, parent_note) },
	{ "parent_base", offsetof(struct run_options, parent_base) },
	{ "parent_head", offsetof(struct run_options, parent_head) },
};
static const struct { const char *key; size_t offset; } lists[] = {
	{ "files", offsetof(struct run_options, files) },
	{ "overrides", offsetof(struct run_options, overrides) },
	{ "models", offsetof(struct run_options, models) },
};

json *run_options_json(const struct run_options *o)
{
	json *j = json_object();

	if (!j)
		return NULL;
	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		char *const *text = (char *const *)((const char *)o + strings[i].offset);

		if (*text)
			json_set_string(j, strings[i].key, *text);
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const struct strv *list = (const struct strv *)((const char *)o + lists[i].offset);
		json *a = json_array();

		for (size_t k = 0; k < list->n; k++)
			json_append(a, json_new_string(list->v[k]));
		json_set(j, lists[i].key, a);
	}
	json_set_bool(j, "apply", o->apply);
	json_set_bool(j, "parent_snapshot", o->parent_snapshot);
	return j;
}

int run_options_from_json(const json *j, struct run_options *ret, struct error *err)
{
	struct run_options o = { 0 };

	for (size_t i = 0; i < sizeof(strings) / sizeof(*strings); i++) {
		const char *text = json_get_string(j, strings[i].key);
		char **at = (char **)((char *)&o + strings[i].offset);

		*at = str_dup(text);
		if (text && !*at)
			goto oom;
	}
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		struct strv *list = (struct strv *)((char *)&o + lists[i].offset);

		for (const json *it = json_first(json_get(j, lists[i].key)); it; it = json_next(it))
			if (json_string(it) && strv_add(list, json_string(it)))
				goto oom;
	}
	o.apply = json_get_bool(j, "apply", false);
	o.parent_snapshot = json_get_bool(j, "parent_snapshot", false);
	if (!o.task) {
		run_options_release(&o);
		return error_set(err, STATUS_USAGE, "the ledger has no task for this run");
	}
	*ret = o;
	return 0;
oom:
	run_options_release(&o);
	return error_oom(err);
}
