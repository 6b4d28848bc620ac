#include "run/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/ask.h"
#include "run/context.h"
#include "sandbox/sandbox.h"
#include "util/str.h"

/* The worktree starts at the base, also where an earlier run is gone on with:
 * the base gate says what was red before either. */
int flow_open(struct flow *f, const struct run_resume *resume, struct error *err)
{
	struct run_env *env = &f->env;
	const struct run_options *o = env->options;
	const struct strv *links = settings_list(env->settings, SET_WORKTREE_LINK);
	bool snapshot = false;
	int rc;

	if (resume) {
		snapshot = resume->base_is_snapshot;
		snprintf(f->base_oid, sizeof(f->base_oid), "%s", resume->base);
	} else if (o->parent_base) {
		snapshot = o->parent_snapshot;
		snprintf(f->base_oid, sizeof(f->base_oid), "%s", o->parent_base);
	} else if (repo_base(env->repo, env->run.s, o->from_rev, f->base_oid, &snapshot, err)) {
		return -1;
	}
	if (resume)
		rc = worktree_open(env->repo, env->run.s, resume->branch, resume->base,
				   &env->worktree, err) ||
		     worktree_reset(&env->worktree, f->base_oid, err) ? -1 : 0;
	else
		rc = worktree_add(env->repo, env->run.s, o->task, o->branch, f->base_oid,
				  links ? (const char *const *)links->v : NULL, env->cancel,
				  &env->worktree, err);
	if (rc)
		return -1;
	snprintf(f->head_oid, sizeof(f->head_oid), "%s", f->base_oid);
	f->result->base = str_dup(f->base_oid);
	f->result->base_is_snapshot = snapshot;
	f->result->branch = str_dup(env->worktree.branch);
	f->result->worktree = str_dup(env->worktree.path);
	return f->result->base && f->result->branch && f->result->worktree ? 0 : error_oom(err);
}

int flow_go_on(struct flow *f, struct error *err)
{
	const char *head = f->env.options->parent_head;

	if (!head || !*head)
		return 0;
	snprintf(f->head_oid, sizeof(f->head_oid), "%s", head);
	if (worktree_reset(&f->env.worktree, head, err))
		return -1;
	/* the review sees all of it, so who answers the review must too */
	if (repo_changed_paths(f->env.repo, f->base_oid, head, &f->touched, err))
		return -1;
	/* the way back removed what set-up had made, and what it makes may differ here */
	return flow_set_up(f, err);
}

void flow_announce(struct flow *f)
{
	static const char *const names[] = { "plan", "context", "build", "review", "refine" };
	struct run_env *env = &f->env;
	json *data = json_object(), *phases = json_array(), *models = json_object();
	json *notes = json_array();
	const struct strv *from[] = { repo_notes(env->repo), &env->worktree.notes };
	int64_t budget = settings_int(env->settings, SET_BUDGET);
	CLEANUP_FREE char *branch = repo_branch(env->repo);

	for (int i = 0; i < 5; i++)
		if (f->phases & (1u << i))
			json_append(phases, json_new_string(names[i]));
	for (int i = 0; persona_names()[i]; i++) {
		struct model_route route = { 0 };

		if (model_route(env->models, persona_names()[i], &route, NULL) == 0) {
			json_set_string(models, persona_names()[i],
					route.model ? route.model : route.deployment);
			model_route_release(&route);
		}
	}
	for (int i = 0; i < 2; i++)
		for (size_t k = 0; from[i] && k < from[i]->n; k++)
			json_append(notes, json_new_string(from[i]->v[k]));
	json_set(data, "notes", notes);
	json_set_string(data, "task", env->options->task);
	json_set_string(data, "repository", repo_top(env->repo));
	json_set_string(data, "base", f->base_oid);
	json_set_string(data, "branch", env->worktree.branch);
	json_set_string(data, "from", branch);
	json_set_bool(data, "snapshot", f->result->base_is_snapshot);
	json_set(data, "phases", phases);
	json_set_string(data, "gate", env->gate_test);
	json_set_string(data, "build", env->gate_build);
	json_set(data, "budget_usd", budget < 0 ? json_new_null() : json_new_double((double)budget / 1e9));
	json_set(data, "models", models);
	json_set_bool(data, "recorded", model_services_recorded(env->models));
	json_set_i64(data, "resumed", (int64_t)env->recorded);
	json_set_string(data, "version", PACKAGE_VERSION);
	event_emit(env->bus, EVENT_RUN_STARTED, NULL, data);
}

/* What a fresh worktree needs before any command can run in it. */
int flow_set_up(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	const char *command = settings_string(env->settings, SET_WORKTREE_SETUP);
	struct sandbox_spec spec = { .off = str_eq(settings_string(env->settings, SET_SANDBOX), "off"),
				     .command = command, .cwd = env->worktree.path,
				     .timeout_ms = settings_int(env->settings, SET_TEST_TIMEOUT) * 1000,
				     .cancel = env->cancel };
	CLEANUP_PROCESS struct process_result r = { 0 };
	const char *last;

	if (!command || !*command)
		return 0;
	stage_begin(env, "setup", NULL, command, 0, 1);
	if (sandbox_run(&spec, &r, err)) {
		stage_end(env, "failed", err ? err->message : NULL);
		return -1;
	}
	stage_end(env, r.exit_code == 0 ? "ok" : "failed", NULL);
	if (r.exit_code == 0)
		return 0;
	if (cancel_check(env->cancel, err))
		return -1;
	while (r.out_len && r.out[r.out_len - 1] == '\n')
		r.out[--r.out_len] = '\0';
	last = strrchr(r.out, '\n');
	last = last ? last + 1 : r.out;
	if (r.timed_out)
		return error_set(err, STATUS_USAGE, "environment: worktree.setup `%s` did not end within "
				 "%lld s; raise --test-timeout", command, (long long)spec.timeout_ms / 1000);
	return error_set(err, STATUS_USAGE, "environment: worktree.setup `%s` failed: %s", command,
			 *last ? last : "it printed nothing; run it by hand in a fresh worktree");
}

int flow_gate_base(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;

	if (!f->has_gate && settings_bool(env->settings, SET_REQUIRE_PROOF))
		return error_set(err, STATUS_GATE, "proof is required, and no gate is to be run (proof: none): "
				 "leave out --no-gate, or pass --no-require-proof");
	if (!f->has_gate)
		return 0;
	if (run_gate(env, "gate/base", "base", NULL, &f->base, err))
		return -1;
	if (f->base.state == GATE_BROKEN) {
		return error_set(err, STATUS_USAGE, "environment: `%s` cannot run here (%.300s): install "
				 "what it needs, or set worktree.setup, worktree.link or --test",
				 f->base.command, f->base.reason ? f->base.reason : "no test ran");
	}
	if (f->base.state == GATE_TIMEOUT)
		return error_set(err, STATUS_USAGE, "environment: `%s` did not end within %lld s at the "
				 "base; raise --test-timeout", f->base.command,
				 (long long)settings_int(env->settings, SET_TEST_TIMEOUT));
	return 0;
}

static int accept_plan(const json *j, void *out, struct error *err)
{
	return plan_from_json(j, out, err);
}

int ask_plan(struct run_env *env, const char *oid, const char *gate, struct plan *ret,
		    struct error *err)
{
	CLEANUP_FREE char *overview = NULL;
	CLEANUP_FREE char *prompt = NULL;
	CLEANUP_FREE char *task = NULL;
	struct question q = { .persona = "pacer", .key = "plan", .schema = "plan",
			      .accept = accept_plan, .out = ret };

	if (context_overview(env, oid, &overview, err))
		return -1;
	task = task_text(env->options);
	if (!task)
		return error_oom(err);
	const char *values[] = { "task", task, "context", overview, "gate", gate, NULL };
	if (prompt_render(env->settings, "plan", values, &prompt, err))
		return -1;
	q.prompt = prompt;
	return ask_json(env, &q, err);
}

/* A plan for --phases without plan: the task is the one step. */
static int plan_of_task(const struct run_options *o, struct plan *ret, struct error *err)
{
	struct plan p = { 0 };
	size_t len = strcspn(o->task, "\n");

	p.steps = calloc(1, sizeof(*p.steps));
	if (!p.steps)
		return error_oom(err);
	p.n_steps = 1;
	p.summary = str_ndup(o->task, len);
	p.steps[0].id = str_dup("s1");
	p.steps[0].title = str_ndup(o->task, len);
	p.steps[0].instructions = str_dup(o->task);
	p.steps[0].difficulty = DIFFICULTY_MEDIUM;
	if (!p.summary || !p.steps[0].id || !p.steps[0].title || !p.steps[0].instructions) {
		plan_release(&p);
		return error_oom(err);
	}
	*ret = p;
	return 0;
}

static int given_plan(const char *text, struct plan *ret, struct error *err)
{
	CLEANUP_JSON json *j = json_parse(text, strlen(text), err);

	if (!j || plan_from_json(j, ret, err)) {
		error_prefix(err, "--plan");
		if (err)
			err->code = STATUS_USAGE;
		return -1;
	}
	return 0;
}

int flow_plan(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	CLEANUP_FREE char *gate = NULL;
	CLEANUP_FREE char *steps = NULL;

	if (env->options->plan_text) {
		if (given_plan(env->options->plan_text, &f->plan, err))
			return -1;
	} else if (!(f->phases & PHASE_PLAN)) {
		if (plan_of_task(env->options, &f->plan, err))
			return -1;
	} else {
		gate = gate_in_words(f, &f->base);
		if (!gate)
			return error_oom(err);
		stage_begin(env, "plan", "pacer", NULL, 0, 1);
		if (ask_plan(env, f->head_oid, gate, &f->plan, err)) {
			stage_end(env, "failed", err ? err->message : NULL);
			return -1;
		}
		steps = str_printf("%s (%zu step%s)", f->plan.summary, f->plan.n_steps,
				   f->plan.n_steps == 1 ? "" : "s");
		stage_end(env, "ok", steps);
	}
	f->plan_text = whole_plan_text(&f->plan);
	f->result->summary = str_dup(f->plan.summary);
	return f->plan_text && f->result->summary ? 0 : error_oom(err);
}
