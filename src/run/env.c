#include "run/env.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/str.h"

enum { BYTES_A_TOKEN = 4 };

int run_env_init(struct run_env *env, const struct run_services *services,
		 const struct run_options *options, const char *run, struct error *err)
{
	*env = (struct run_env){
		.settings = services->settings,
		.options = options,
		.repo = services->repo,
		.ledger = services->ledger,
		.models = services->models,
		.bus = services->bus,
		.cancel = services->cancel,
		.log = services->log,
		.context_bytes = (size_t)settings_int(services->settings, SET_CONTEXT_TOKENS) *
				 BYTES_A_TOKEN,
		.gate_build = str_dup(options->gate_build),
		.gate_test = str_dup(options->gate_test),
	};
	memcpy(env->run.s, run, ULID_LEN + 1);
	if ((options->gate_build && !env->gate_build) || (options->gate_test && !env->gate_test))
		return error_oom(err);
	if (journal_open(run, &env->journal, err))
		return -1;
	env->recorded = journal_size(env->journal);
	return 0;
}

int started(struct run_env *env, const struct result *r, struct error *err)
{
	const struct strv *tags = settings_list(env->settings, SET_TAGS);
	CLEANUP_JSON json *options = run_options_json(env->options);
	CLEANUP_FREE char *text = options && !json_set_bool(options, "base_is_snapshot",
							   r->base_is_snapshot)
					  ? json_print(options) : NULL;
	struct ledger_run row = {
		.id = env->run.s,
		.parent = env->options->parent,
		.task = env->options->task,
		.repository = repo_top(env->repo),
		.base = r->base,
		.branch = r->branch,
		.worktree = r->worktree,
		.argv_json = text,
		.tags = tags ? (const char *const *)tags->v : NULL,
		.started_us = clock_now_us(),
		.budget_nano = r->budget_nano,
	};

	if (!text)
		return error_oom(err);
	if (ledger_run_started(env->ledger, &row, err) ||
	    event_bus_add(env->bus, &ledger_sink, env->ledger, err))
		return -1;
	env->begun = true;
	return 0;
}

char *task_text(const struct run_options *o)
{
	if (!o->parent_note || !*o->parent_note)
		return str_dup(o->task);
	return str_printf("%s\n\nThis goes on from earlier work:\n%s", o->task, o->parent_note);
}

bool run_replaying(const struct run_env *env)
{
	return env->taken < env->recorded;
}

/* What the journal has at `key`. The first key that is missing ends the replay,
 * whatever else is recorded: from there on the run goes its own way. */
static const json *take_recorded(struct run_env *env, const char *key)
{
	const json *value = run_replaying(env) ? journal_get(env->journal, key) : NULL;

	if (value)
		env->taken++;
	else
		env->taken = env->recorded;
	return value;
}

/* A stage in which the replay ended has not been told of yet. */
static void announce_stage(struct run_env *env)
{
	if (env->stage_data)
		event_emit(env->bus, EVENT_STAGE_STARTED, env->stage.s, STEAL(env->stage_data));
}

void run_emit(struct run_env *env, enum event_type type, json *data)
{
	if (run_replaying(env)) {
		json_free(data);
		return;
	}
	announce_stage(env);
	event_emit(env->bus, type, env->stage.s[0] ? env->stage.s : NULL, data);
}

void stage_begin(struct run_env *env, const char *kind, const char *persona, const char *title,
		 int step, int attempt)
{
	json *data = json_object();

	env->stage = ulid_new();
	env->stage_started_us = clock_monotonic_us();
	env->stage_kind = kind;
	env->stage_persona = persona;
	json_set_string(data, "stage", kind);
	json_set_string(data, "persona", persona);
	json_set_string(data, "title", title);
	json_set_i64(data, "step", step);
	json_set_i64(data, "attempt", attempt);
	json_free(env->stage_data);
	env->stage_data = NULL;
	if (run_replaying(env))
		env->stage_data = data;
	else
		event_emit(env->bus, EVENT_STAGE_STARTED, env->stage.s, data);
}

void stage_end(struct run_env *env, const char *outcome, const char *summary)
{
	json *data = json_object();

	json_set_string(data, "stage", env->stage_kind);
	json_set_string(data, "persona", env->stage_persona);
	json_set_string(data, "outcome", outcome);
	json_set_string(data, "summary", summary);
	json_set_i64(data, "duration_us", clock_monotonic_us() - env->stage_started_us);
	run_emit(env, EVENT_STAGE_COMPLETED, data);
	json_free(env->stage_data);
	env->stage_data = NULL;
	env->stage.s[0] = '\0';
}

void run_env_release(struct run_env *env)
{
	worktree_release(&env->worktree);
	free(env->gate_build);
	free(env->gate_test);
	json_free(env->stage_data);
	journal_close(env->journal);
	*env = (struct run_env){ 0 };
}

/* -- model calls ---------------------------------------------------------- */

static json *completion_json(const struct completion *c)
{
	json *j = json_object();

	json_set_string(j, "call", c->call.s);
	json_set_i64(j, "outcome", c->outcome);
	json_set_string(j, "text", c->text);
	json_set_string(j, "model", c->model);
	json_set_string(j, "provider", c->provider);
	return j;
}

static int completion_from_json(const json *j, struct completion *ret, struct error *err)
{
	struct completion c = { 0 };
	const char *call = json_get_string(j, "call");

	if (call && ulid_valid(call))
		memcpy(c.call.s, call, ULID_LEN + 1);
	c.outcome = (enum model_outcome)json_get_i64(j, "outcome", MODEL_EMPTY);
	c.text = str_dup(json_get_string(j, "text"));
	c.model = str_dup(json_get_string(j, "model"));
	c.provider = str_dup(json_get_string(j, "provider"));
	if (!c.text) {
		completion_release(&c);
		return error_oom(err);
	}
	*ret = c;
	return 0;
}

char *call_place(const char *key, int asking)
{
	return asking > 1 ? str_printf("%s#%d", key, asking) : str_dup(key);
}

int run_call(struct run_env *env, const char *key, const struct model_request *request,
	     struct completion *ret, struct error *err)
{
	const json *recorded = take_recorded(env, key);
	struct model_request r = *request;
	int unwritten;

	if (recorded) {
		model_services_taken(env->models, r.persona);
		return completion_from_json(recorded, ret, err);
	}
	if (cancel_check(env->cancel, err))
		return -1;
	r.run = env->run.s;
	r.stage = env->stage.s[0] ? env->stage.s : NULL;
	announce_stage(env);
	if (model_complete(env->models, &r, NULL, env->cancel, ret, err))
		return -1;
	/* The row first: an answer that is not asked for again must not be one that was never counted. */
	unwritten = ledger_flush(env->ledger, err);
	if (journal_put(env->journal, key, completion_json(ret), unwritten ? NULL : err) || unwritten) {
		completion_release(ret);
		return -1;
	}
	return 0;
}

int run_forget(struct run_env *env, const char *key, int asked, struct error *err)
{
	for (int i = 1; i <= asked; i++) {
		CLEANUP_FREE char *place = call_place(key, i);

		if (!place)
			return error_oom(err);
		if (journal_drop(env->journal, place, err))
			return -1;
	}
	return 0;
}

/* -- gates ---------------------------------------------------------------- */

static json *gate_json(const struct gate_result *g)
{
	json *j = json_object();
	json *tests = json_array();

	json_set_i64(j, "state", g->state);
	json_set_string(j, "command", g->command);
	json_set_bool(j, "build_failed", g->build_failed);
	json_set_i64(j, "exit_code", g->exit_code);
	json_set_string(j, "output", g->output);
	json_set_string(j, "reason", g->reason);
	json_set_i64(j, "duration_us", g->duration_us);
	json_set_bool(j, "known", g->tests.known);
	json_set_i64(j, "passed", g->tests.passed);
	json_set_i64(j, "failed", g->tests.failed);
	json_set_i64(j, "skipped", g->tests.skipped);
	for (size_t i = 0; i < g->tests.n; i++) {
		const struct test_case *t = &g->tests.v[i];
		json *test = json_array(); /* name, status, inner */

		json_append(test, json_new_string(t->name));
		json_append(test, json_new_i64(t->status));
		json_append(test, json_new_bool(t->inner));
		json_append(tests, test);
	}
	json_set(j, "tests", tests);
	return j;
}

static int tests_from_json(const json *j, struct test_set *t, struct error *err)
{
	const json *tests = json_get(j, "tests");

	t->known = json_get_bool(j, "known", false);
	t->passed = (int)json_get_i64(j, "passed", 0);
	t->failed = (int)json_get_i64(j, "failed", 0);
	t->skipped = (int)json_get_i64(j, "skipped", 0);
	t->v = calloc(json_len(tests) + 1, sizeof(*t->v));
	if (!t->v)
		return error_oom(err);
	for (const json *it = json_first(tests); it; it = json_next(it)) {
		struct test_case *c = &t->v[t->n++];

		c->name = str_dup(json_string(json_at(it, 0)));
		c->status = (enum test_status)(int)json_double(json_at(it, 1));
		c->inner = json_bool(json_at(it, 2));
		if (!c->name)
			return error_oom(err);
	}
	return 0; /* sorted as it was written */
}

static int gate_from_json(const json *j, struct gate_result *ret, struct error *err)
{
	struct gate_result g = { 0 };

	g.state = (enum gate_state)json_get_i64(j, "state", GATE_RED);
	g.command = str_dup(json_get_string(j, "command"));
	g.build_failed = json_get_bool(j, "build_failed", false);
	g.exit_code = (int)json_get_i64(j, "exit_code", -1);
	g.output = str_dup(json_get_string(j, "output"));
	g.reason = str_dup(json_get_string(j, "reason"));
	g.duration_us = json_get_i64(j, "duration_us", 0);
	if (!g.output)
		g.output = str_dup("");
	if (tests_from_json(j, &g.tests, err)) {
		gate_result_release(&g);
		return -1;
	}
	*ret = g;
	return 0;
}

static json *names_json(const struct strv *names)
{
	json *a = json_array();

	for (size_t i = 0; i < names->n && i < 100; i++)
		json_append(a, json_new_string(names->v[i]));
	return a;
}

static void emit_gate(struct run_env *env, const char *name, const struct gate_result *base,
		      const struct gate_result *g)
{
	struct gate_comparison c = { 0 };
	json *data = json_object();

	json_set_string(data, "gate", name);
	json_set_string(data, "command", g->command);
	json_set_bool(data, "green", g->state == GATE_GREEN);
	json_set_bool(data, "known", g->tests.known);
	json_set_i64(data, "passed", g->tests.passed);
	json_set_i64(data, "failed", g->tests.failed);
	json_set_i64(data, "skipped", g->tests.skipped);
	json_set_i64(data, "exit_code", g->exit_code);
	json_set_i64(data, "duration_us", g->duration_us);
	if (base && gate_compare(base, g, false, &c, NULL) == 0) {
		json_set(data, "newly_failing", names_json(&c.broken));
		json_set(data, "fixed", names_json(&c.fixed));
		gate_comparison_release(&c);
	} else {
		json_set(data, "newly_failing", json_array());
		json_set(data, "fixed", json_array());
	}
	run_emit(env, EVENT_GATE_COMPLETED, data);
}

int run_gate(struct run_env *env, const char *key, const char *name, const struct gate_result *base,
	     struct gate_result *ret, struct error *err)
{
	const json *recorded = take_recorded(env, key);
	struct gate_options o = {
		.root = env->worktree.path,
		.build = env->gate_build,
		.test = env->gate_test,
		.timeout_ms = settings_int(env->settings, SET_TEST_TIMEOUT) * 1000,
		.cancel = env->cancel,
		.sandbox_off = str_eq(settings_string(env->settings, SET_SANDBOX), "off"),
	};
	struct gate_result g = { 0 };

	if (recorded)
		return gate_from_json(recorded, ret, err);
	if (cancel_check(env->cancel, err))
		return -1;
	stage_begin(env, "gate", NULL, name, 0, 1);
	if (gate_run(&o, &g, err)) {
		stage_end(env, "failed", err ? err->message : NULL);
		return -1;
	}
	if (g.state == GATE_CANCELLED) {
		gate_result_release(&g);
		stage_end(env, "failed", "interrupted");
		return cancel_check(env->cancel, err) ? -1 :
		       error_set(err, STATUS_INTERRUPTED, "the gate was interrupted");
	}
	emit_gate(env, name, base, &g);
	stage_end(env, "ok", NULL); /* the stage is done; gate.completed says what it found */
	/* An environment that fails at the base ends the run; once it is mended, `resume` looks again. */
	if ((base || g.state == GATE_GREEN || g.state == GATE_RED) &&
	    journal_put(env->journal, key, gate_json(&g), err)) {
		gate_result_release(&g);
		return -1;
	}
	*ret = g;
	return 0;
}
