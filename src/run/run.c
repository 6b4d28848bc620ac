/* The workflow. It reads from the bottom: run_execute, then conduct, then each
 * part of the picture in council-run(1).
 */
#include "run/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/ask.h"
#include "run/change.h"
#include "run/context.h"
#include "run/env.h"
#include "run/finish.h"
#include "run/plan.h"
#include "run/review.h"
#include "sandbox/sandbox.h"
#include "util/clock.h"
#include "util/path.h"
#include "util/str.h"

/* What the parts of one run hand on to each other. */
struct flow {
	struct run_env env;
	unsigned phases;
	struct plan plan;
	char *plan_text;          /* the plan as the prompts show it */
	bool has_gate;
	struct gate_result base;  /* when has_gate */
	struct gate_result now;   /* the newest one */
	bool now_ran;
	struct strv touched;      /* every path edited so far */
	char base_oid[OID_HEX + 1];
	char head_oid[OID_HEX + 1];
	struct result *result;
};

static void flow_release(struct flow *f)
{
	plan_release(&f->plan);
	free(f->plan_text);
	gate_result_release(&f->base);
	gate_result_release(&f->now);
	strv_release(&f->touched);
	run_env_release(&f->env);
}

/* -- texts ---------------------------------------------------------------- */

static void add_bullets(struct buf *out, const char *title, const struct strv *list)
{
	if (list->n == 0)
		return;
	buf_addf(out, "%s:\n", title);
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "- %s\n", list->v[i]);
}

static char *step_text(const struct plan_step *s)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);

	buf_addf(&out, "%s\n%s\n", s->title, s->instructions);
	add_bullets(&out, "Files", &s->files);
	add_bullets(&out, "What must hold", &s->tests);
	return buf_steal(&out, NULL);
}

static char *whole_plan_text(const struct plan *p)
{
	CLEANUP_BUF struct buf out = BUF_INIT(4 << 20);

	buf_addf(&out, "%s\n", p->summary);
	for (size_t i = 0; i < p->n_steps; i++)
		buf_addf(&out, "%zu. %s: %s\n", i + 1, p->steps[i].title, p->steps[i].instructions);
	return buf_steal(&out, NULL);
}

/* The gate in words, with the end of its output where it is red. */
static char *gate_text(const struct flow *f, const struct gate_result *g)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);
	const char *tail;
	size_t len;

	if (!f->has_gate)
		return str_dup("No tests are run for this repository.\n");
	buf_addf(&out, "`%s` ", f->env.gate_test ? f->env.gate_test : f->env.gate_build);
	if (g->state == GATE_GREEN) {
		buf_adds(&out, "passes");
		if (g->tests.known)
			buf_addf(&out, " (%d tests)", g->tests.passed);
		buf_adds(&out, ".\n");
		return buf_steal(&out, NULL);
	}
	buf_adds(&out, g->build_failed ? "fails to build" : "fails");
	if (g->tests.known)
		buf_addf(&out, " (%d of %d tests)", g->tests.failed, g->tests.failed + g->tests.passed);
	tail = g->output ? g->output : "";
	len = strlen(tail);
	if (len > 4000)
		tail += len - 4000;
	while ((*tail & 0xC0) == 0x80)
		tail++;
	buf_addf(&out, ". The end of its output:\n%s\n", tail);
	return buf_steal(&out, NULL);
}

/* -- parts ---------------------------------------------------------------- */

static int open_worktree(struct flow *f, const struct run_resume *resume, struct error *err)
{
	struct run_env *env = &f->env;
	const struct run_options *o = env->options;
	const struct strv *links = settings_list(env->settings, SET_WORKTREE_LINK);
	bool snapshot = false;
	const char *start = o->parent_head && *o->parent_head ? o->parent_head : NULL;

	if (resume) {
		snapshot = resume->base_is_snapshot;
		snprintf(f->base_oid, sizeof(f->base_oid), "%s", resume->base);
		if (worktree_open(env->repo, env->run.s, resume->branch, resume->base,
				  &env->worktree, err) ||
		    worktree_reset(&env->worktree, start ? start : f->base_oid, err))
			return -1;
	} else {
		if (o->parent_base) {
			snprintf(f->base_oid, sizeof(f->base_oid), "%s", o->parent_base);
			snapshot = o->parent_snapshot;
		} else if (repo_base(env->repo, env->run.s, o->from_rev, f->base_oid, &snapshot, err)) {
			return -1;
		}
		if (worktree_add(env->repo, env->run.s, o->task, o->branch,
				 start ? start : f->base_oid,
				 links ? (const char *const *)links->v : NULL, env->cancel,
				 &env->worktree, err))
			return -1;
	}
	f->result->base = str_dup(f->base_oid);
	f->result->base_is_snapshot = snapshot;
	f->result->branch = str_dup(env->worktree.branch);
	f->result->worktree = str_dup(env->worktree.path);
	snprintf(f->head_oid, sizeof(f->head_oid), "%s", start ? start : f->base_oid);
	return 0;
}

static void announce_run(struct flow *f)
{
	static const char *const names[] = { "plan", "context", "build", "review", "refine" };
	struct run_env *env = &f->env;
	json *data = json_object(), *phases = json_array(), *models = json_object();
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
static int set_up(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	const char *command = settings_string(env->settings, SET_WORKTREE_SETUP);
	struct sandbox_spec spec = { .command = command, .cwd = env->worktree.path,
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
	return error_set(err, STATUS_USAGE, "environment: worktree.setup `%s` failed: %s", command,
			 last ? last + 1 : r.out);
}

static int gate_base(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;

	if (!f->has_gate)
		return 0;
	stage_begin(env, "gate", NULL, "base", 0, 1);
	if (run_gate(env, "gate/base", "base", NULL, &f->base, err)) {
		stage_end(env, "failed", err ? err->message : NULL);
		return -1;
	}
	stage_end(env, f->base.state == GATE_GREEN ? "ok" : "failed", NULL);
	if (f->base.state == GATE_BROKEN) {
		const char *out = f->base.output ? f->base.output : "";
		size_t len = strcspn(out, "\n");

		return error_set(err, STATUS_USAGE, "environment: `%s` cannot run here (%.*s): install "
				 "what it needs, or set worktree.setup, worktree.link or --test",
				 f->base.command, len > 300 ? 300 : (int)len, out);
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

static int ask_plan(struct run_env *env, const char *oid, const char *gate, struct plan *ret,
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

static int make_plan(struct flow *f, struct error *err)
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
		gate = gate_text(f, &f->base);
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

static int gather(struct flow *f, const struct plan_step *step, const char *text, int number,
		  char **ret, struct error *err)
{
	struct run_env *env = &f->env;
	struct context c = { 0 };
	bool settled = false;
	CLEANUP_FREE char *key = str_printf("context/%s", step->id);
	CLEANUP_FREE char *summary = NULL;
	int rc = -1;

	if (!key)
		return error_oom(err);
	if (context_plain(env, step, &c, &settled, err))
		return -1;
	if ((f->phases & PHASE_CONTEXT) && (!(f->phases & PHASE_AUTO) || !settled)) {
		stage_begin(env, "context", "maven", step->title, number, 1);
		if (context_ask(env, key, text, &c, err)) {
			stage_end(env, "failed", err ? err->message : NULL);
			goto out;
		}
		summary = str_printf("%zu file%s", c.n, c.n == 1 ? "" : "s");
		stage_end(env, "ok", summary);
	}
	rc = context_render(env, &c, ret, err);
out:
	context_release(&c);
	return rc;
}

/* Commits what the change edited; keeps head_oid. */
static int commit(struct flow *f, const char *subject, const struct change *c, struct error *err)
{
	struct run_env *env = &f->env;
	const char *assisted = settings_string(env->settings, SET_ASSISTED_BY);
	CLEANUP_FREE char *run = str_printf("Council-Run: %s", env->run.s);
	CLEANUP_FREE char *by = assisted && *assisted ? str_printf("Assisted-by: %s", assisted) : NULL;
	const char *trailers[] = { run, by, NULL };
	char oid[OID_HEX + 1] = "";

	if (!run)
		return error_oom(err);
	if (worktree_commit(&env->worktree, subject, NULL, trailers, &c->paths, env->cancel, oid, err))
		return -1;
	if (*oid)
		snprintf(f->head_oid, sizeof(f->head_oid), "%s", oid);
	for (size_t i = 0; i < c->paths.n; i++)
		if (!strv_has(&f->touched, c->paths.v[i]) && strv_add(&f->touched, c->paths.v[i]))
			return error_oom(err);
	return 0;
}

/* Takes over the gate of a change as the newest. */
static void keep_gate(struct flow *f, struct change *c)
{
	if (!c->gate_ran)
		return;
	gate_result_release(&f->now);
	f->now = c->gate;
	f->now_ran = true;
	c->gate = (struct gate_result){ 0 };
	c->gate_ran = false;
}

/* The error in which a change that is not green ends the run. */
static int not_green(const struct change *c, const char *what, struct error *err)
{
	if (c->state == CHANGE_UNUSABLE && !c->gate_ran)
		return error_set(err, STATUS_ENDPOINT, "%s: no usable edits, also when asked again: %s",
				 what, c->why ? c->why : "");
	return error_set(err, STATUS_GATE, "%s: %s", what, c->why ? c->why : "the gate fails");
}

static int do_step(struct flow *f, size_t index, struct error *err)
{
	struct run_env *env = &f->env;
	const struct plan_step *step = &f->plan.steps[index];
	int number = (int)index + 1;
	CLEANUP_FREE char *text = step_text(step);
	CLEANUP_FREE char *key = str_printf("build/%s", step->id);
	CLEANUP_FREE char *task = task_text(env->options);
	CLEANUP_FREE char *gate = gate_text(f, f->now_ran ? &f->now : &f->base);
	CLEANUP_FREE char *context = NULL;
	CLEANUP_FREE char *prompt = NULL;
	struct change c = { 0 };
	int rc;

	if (!text || !key || !task || !gate)
		return error_oom(err);
	if (gather(f, step, text, number, &context, err))
		return -1;
	const char *values[] = { "task", task, "plan", f->plan_text, "step", text, "context", context,
				 "gate", gate, "protected", protected_text(env), NULL };
	if (prompt_render(env->settings, "build", values, &prompt, err))
		return -1;
	struct change_request r = {
		.persona = "builder", .kind = "build", .key = key, .title = step->title, .step = number,
		.prompt = prompt, .gate_name = index + 1 == f->plan.n_steps ? "final" : "step",
		.base = f->has_gate ? &f->base : NULL,
		.need_final = index + 1 == f->plan.n_steps,
		.max_repairs = (int)settings_int(env->settings, SET_MAX_ATTEMPTS),
	};
	if (change_make(env, &r, &c, err))
		return -1;
	if (c.state == CHANGE_GREEN) {
		rc = commit(f, step->title, &c, err);
		keep_gate(f, &c);
	} else if (c.state == CHANGE_NONE) {
		rc = 0;
	} else {
		rc = not_green(&c, step->title, err);
		keep_gate(f, &c);
	}
	change_release(&c);
	return rc;
}

static bool changed(const struct flow *f)
{
	return strcmp(f->base_oid, f->head_oid) != 0;
}

/* After the steps: is the whole green? When the last step had nothing to
 * change, or an earlier run's work is gone on with, the tree as it stands has
 * not been judged yet. */
static int gate_final(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	struct gate_comparison cmp = { 0 };
	int rc = 0;

	if (!changed(f)) {
		if (f->has_gate && f->base.state != GATE_GREEN)
			return error_set(err, STATUS_GATE, "nothing was changed, and `%s` still fails",
					 f->base.command);
		return error_set(err, STATUS_NOTHING, "nothing to change%s",
				 f->has_gate ? ", and the gate passes" : "");
	}
	if (!f->has_gate)
		return settings_bool(env->settings, SET_REQUIRE_PROOF)
		       ? error_set(err, STATUS_GATE, "proof is required, and no gate was run (proof: none)")
		       : 0;
	if (!f->now_ran) {
		if (run_gate(env, "gate/final", "final", &f->base, &f->now, err))
			return -1;
		f->now_ran = true;
	}
	if (gate_compare(&f->base, &f->now, settings_bool(env->settings, SET_ALLOW_KNOWN_FAILURES),
			 &cmp, err))
		return -1;
	if (!cmp.final_ok)
		rc = error_set(err, STATUS_GATE, "`%s` fails", f->now.command);
	else if (settings_bool(env->settings, SET_REQUIRE_PROOF) && cmp.proof != PROOF_RED_GREEN)
		rc = error_set(err, STATUS_GATE, "the gate passes, but proof is required and no test "
			       "that failed before passes now (proof: %s)", proof_name(cmp.proof));
	gate_comparison_release(&cmp);
	return rc;
}

/* Builder mends what the review found. */
static int revise(struct flow *f, const struct review *review, int round, struct error *err)
{
	struct run_env *env = &f->env;
	CLEANUP_FREE char *key = str_printf("revise/%d", round);
	CLEANUP_FREE char *findings = findings_text(&review->findings);
	CLEANUP_FREE char *context = NULL;
	CLEANUP_FREE char *prompt = NULL;
	CLEANUP_FREE char *title = str_printf("Address the review's findings, round %d", round);
	struct change c = { 0 };
	int rc;

	if (!key || !findings || !title)
		return error_oom(err);
	if (context_of_paths(env, &f->touched, &context, err))
		return -1;
	const char *values[] = { "task", env->options->task, "findings", findings, "context", context,
				 "protected", protected_text(env), NULL };
	if (prompt_render(env->settings, "revise", values, &prompt, err))
		return -1;
	struct change_request r = {
		.persona = "builder", .kind = "revise", .key = key, .title = title, .prompt = prompt,
		.gate_name = "final", .base = f->has_gate ? &f->base : NULL, .need_final = true,
		.max_repairs = (int)settings_int(env->settings, SET_MAX_ATTEMPTS),
	};
	if (change_make(env, &r, &c, err))
		return -1;
	if (c.state == CHANGE_NONE) {
		rc = 0;
	} else if (c.state == CHANGE_GREEN) {
		rc = commit(f, title, &c, err);
		keep_gate(f, &c);
	} else {
		rc = not_green(&c, title, err);
		keep_gate(f, &c);
	}
	change_release(&c);
	return rc;
}

/* The last review's findings are what stands; those of earlier rounds are kept
 * as closed. */
static int record_review(struct flow *f, struct review *review, struct error *err)
{
	struct findings *all = &f->result->findings;
	struct finding *v = realloc(all->v, (all->n + review->findings.n + 1) * sizeof(*v));

	if (!v)
		return error_oom(err);
	all->v = v;
	for (size_t i = 0; i < all->n; i++)
		v[i].open = false;
	free(f->result->verdict);
	f->result->verdict = str_dup(verdict_name(review->verdict));
	memcpy(v + all->n, review->findings.v, review->findings.n * sizeof(*v));
	all->n += review->findings.n;
	free(review->findings.v);
	review->findings = (struct findings){ 0 };
	return f->result->verdict ? 0 : error_oom(err);
}

static int review_round(struct flow *f, int round, struct review *ret, struct error *err)
{
	CLEANUP_FREE char *key = str_printf("review/%d", round);
	CLEANUP_FREE char *gate = gate_text(f, &f->now);
	struct review_request r = { .key = key, .title = "the change", .round = round,
				    .plan = f->plan_text, .old_oid = f->base_oid,
				    .new_oid = f->head_oid, .gate = gate };

	if (!key || !gate)
		return error_oom(err);
	return review_change(&f->env, &r, ret, err);
}

static int review_until_approved(struct flow *f, struct error *err)
{
	int rounds = (int)settings_int(f->env.settings, SET_MAX_ROUNDS);

	for (int round = 1; ; round++) {
		struct review review = { 0 };
		enum verdict verdict;
		int rc;

		if (review_round(f, round, &review, err))
			return -1;
		verdict = review.verdict;
		rc = verdict == VERDICT_REVISE && round <= rounds ? revise(f, &review, round, err) : 0;
		if (record_review(f, &review, rc ? NULL : err) && !rc)
			rc = -1;
		review_release(&review);
		if (rc || verdict == VERDICT_APPROVE)
			return rc;
		if (verdict == VERDICT_BLOCK)
			return error_set(err, STATUS_REVIEW, "the review blocks the change");
		if (round > rounds)
			return error_set(err, STATUS_REVIEW, "the review still wants changes after %d "
					 "round%s", rounds, rounds == 1 ? "" : "s");
	}
}

static bool anything_to_refine(const struct flow *f)
{
	for (size_t i = 0; i < f->result->findings.n; i++)
		if (f->result->findings.v[i].open)
			return true;
	return false;
}

static int refine_prompt(struct flow *f, char **ret, struct error *err)
{
	struct run_env *env = &f->env;
	CLEANUP_BUF struct buf diff = BUF_INIT(16u << 20);
	CLEANUP_FREE char *context = NULL;
	CLEANUP_FREE char *findings = NULL;
	struct findings open = { .v = calloc(f->result->findings.n + 1, sizeof(*open.v)) };

	if (!open.v)
		return error_oom(err);
	for (size_t i = 0; i < f->result->findings.n; i++)
		if (f->result->findings.v[i].open)
			open.v[open.n++] = f->result->findings.v[i]; /* borrowed */
	findings = findings_text(&open);
	free(open.v);
	if (!findings)
		return error_oom(err);
	if (repo_diff(env->repo, f->base_oid, f->head_oid, env->context_bytes, &diff, NULL, err) ||
	    context_of_paths(env, &f->touched, &context, err))
		return -1;
	const char *values[] = { "task", env->options->task, "diff", buf_str(&diff), "findings", findings,
				 "context", context, "protected", protected_text(env), NULL };
	return prompt_render(env->settings, "refine", values, ret, err);
}

/* A refinement is kept only when the gate and a review of it alone say so;
 * otherwise the change stands as it was approved. */
static int judge_refinement(struct flow *f, struct change *c, const char *before, bool *ret_kept,
			    struct error *err)
{
	CLEANUP_FREE char *gate = NULL;
	struct review review = { 0 };
	struct review_request r = { .key = "review/refine", .title = "the refinement", .round = 1,
				    .plan = f->plan_text, .old_oid = before };

	*ret_kept = false;
	if (c->state != CHANGE_GREEN)
		return 0;
	if (commit(f, "Refine the change", c, err))
		return -1;
	gate = gate_text(f, c->gate_ran ? &c->gate : &f->now);
	if (!gate)
		return error_oom(err);
	r.new_oid = f->head_oid;
	r.gate = gate;
	if (strcmp(before, f->head_oid) == 0)
		return 0;
	if (review_change(&f->env, &r, &review, err))
		return -1;
	*ret_kept = review.verdict == VERDICT_APPROVE;
	review_release(&review);
	return 0;
}

static int refine(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	CLEANUP_FREE char *prompt = NULL;
	char before[OID_HEX + 1];
	struct change c = { 0 };
	bool kept = false;
	int rc;

	if (!(f->phases & PHASE_REFINE) || ((f->phases & PHASE_AUTO) && !anything_to_refine(f)))
		return 0;
	if (refine_prompt(f, &prompt, err))
		return -1;
	struct change_request r = {
		.persona = "artisan", .kind = "refine", .key = "refine", .title = "the change",
		.prompt = prompt, .gate_name = "refine", .base = f->has_gate ? &f->base : NULL,
		.need_final = true, .max_repairs = 0,
	};
	snprintf(before, sizeof(before), "%s", f->head_oid);
	rc = change_make(env, &r, &c, err);
	if (rc == 0)
		rc = judge_refinement(f, &c, before, &kept, err);
	if (kept) {
		keep_gate(f, &c);
		for (size_t i = 0; i < f->result->findings.n; i++)
			f->result->findings.v[i].open = false;
	} else if (rc || c.state != CHANGE_NONE) {
		struct error reset = { 0 };

		snprintf(f->head_oid, sizeof(f->head_oid), "%s", before);
		if (worktree_reset(&env->worktree, before, &reset) && !rc)
			rc = error_set(err, reset.code, "%s", reset.message);
	}
	change_release(&c);
	return rc;
}

/* An answer of Artisan's or the refinement's review that cannot be had does not
 * undo what was approved before: the change is done without it. */
static int refine_if_it_works(struct flow *f, struct error *err)
{
	struct error why = { 0 };

	if (refine(f, &why) == 0)
		return 0;
	if (why.code != STATUS_ENDPOINT && why.code != STATUS_GATE && why.code != STATUS_BUDGET) {
		if (err)
			*err = why;
		return -1;
	}
	log_write(f->env.log, LOG_WARN, "the refinement was dropped: %s", why.message);
	return 0;
}

static int conduct(struct flow *f, const struct run_resume *resume, struct error *err)
{
	if (open_worktree(f, resume, err) ||
	    started(&f->env, f->result, resume != NULL, err))
		return -1;
	announce_run(f);
	if (set_up(f, err) || gate_base(f, err) || make_plan(f, err))
		return -1;
	for (size_t i = 0; i < f->plan.n_steps; i++)
		if (do_step(f, i, err))
			return -1;
	if (gate_final(f, err))
		return -1;
	if (f->phases & PHASE_REVIEW)
		if (review_until_approved(f, err) || refine_if_it_works(f, err))
			return -1;
	return 0;
}

void run_execute(const struct run_services *s, const struct run_options *options, const char *run,
		 const struct run_resume *resume, struct result *ret)
{
	struct flow f = { .result = ret };
	struct error err = { 0 };
	int64_t started_us = clock_monotonic_us();
	int rc;

	*ret = (struct result){ .budget_nano = settings_int(s->settings, SET_BUDGET) };
	memcpy(ret->run.s, run, ULID_LEN + 1);
	rc = run_env_init(&f.env, s, options, run, &err);
	if (rc == 0)
		rc = phases_parse(settings_string(s->settings, SET_PHASES), &f.phases, &err);
	f.has_gate = f.env.gate_build || f.env.gate_test;
	if (rc == 0)
		rc = conduct(&f, resume, &err);
	ret->duration_us = clock_monotonic_us() - started_us;
	struct finish fin = {
		.services = s, .options = options, .failed = rc != 0, .error = &err,
		.base = f.has_gate && f.base.command ? &f.base : NULL,
		.now = f.now_ran ? &f.now : NULL,
		.base_oid = f.base_oid, .head_oid = f.head_oid,
	};
	finish_run(&fin, ret);
	flow_release(&f);
}

int run_plan_only(const struct run_services *s, const struct run_options *options, const char *run,
		  struct plan *ret, struct error *err)
{
	struct run_env env = { 0 };
	char oid[OID_HEX + 1];
	CLEANUP_FREE char *gate = NULL;
	int rc;

	rc = run_env_init(&env, s, options, run, err);
	if (rc == 0)
		rc = repo_resolve(s->repo, options->from_rev ? options->from_rev : "HEAD", oid, err);
	gate = options->gate_test ? str_printf("The tests are run with `%s`.\n", options->gate_test)
				  : str_dup("No tests are run for this repository.\n");
	if (rc == 0 && !gate)
		rc = error_oom(err);
	if (rc == 0) {
		stage_begin(&env, "plan", "pacer", NULL, 0, 1);
		rc = ask_plan(&env, oid, gate, ret, err);
		stage_end(&env, rc ? "failed" : "ok", rc ? (err ? err->message : NULL) : ret->summary);
	}
	run_env_release(&env);
	return rc;
}
