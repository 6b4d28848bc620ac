#include "run/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/ask.h"
#include "run/context.h"
#include "util/beneath.h"
#include "util/hash.h"
#include "util/log.h"
#include "util/str.h"

/* Journal keys go by the step's number: ids are the model's, and "s1#2" would be
 * another step's second asking. */
static int gather(struct flow *f, const struct plan_step *step, const char *text, int number,
		  char **ret, struct error *err)
{
	struct run_env *env = &f->env;
	struct context c = { 0 };
	bool settled = false;
	CLEANUP_FREE char *key = str_printf("context/%d", number);
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

/* What the edited files hold, in one hash. A file that is gone counts as empty. */
static struct sha256 content_of(const struct run_env *env, const struct strv *paths)
{
	CLEANUP_BUF struct buf all = BUF_INIT(SIZE_MAX / 8);

	for (size_t i = 0; i < paths->n; i++) {
		CLEANUP_BUF struct buf text = BUF_INIT(64u << 20);
		struct sha256 one;

		read_beneath(env->worktree.path, paths->v[i], &text, NULL);
		one = sha256_of(buf_str(&text), text.len);
		buf_add(&all, one.b, sizeof(one.b));
	}
	return sha256_of(buf_str(&all), all.len);
}

/* A hook that formats, or adds files, makes another commit than the gate judged. */
static int note_hooks(struct flow *f, const char *parent, const struct change *c,
		      const struct sha256 *before, struct error *err)
{
	CLEANUP_STRV struct strv paths = { 0 };
	struct sha256 after = content_of(&f->env, &c->paths);

	f->hooked = memcmp(before->b, after.b, sizeof(after.b)) != 0;
	if (repo_changed_paths(f->env.repo, parent, f->head_oid, &paths, err))
		return -1;
	for (size_t i = 0; i < paths.n; i++) {
		f->hooked = f->hooked || !strv_has(&c->paths, paths.v[i]);
		if (!strv_has(&f->touched, paths.v[i]) && strv_add(&f->touched, paths.v[i]))
			return error_oom(err);
	}
	return 0;
}

/* Commits what the change edited; keeps head_oid. */
int flow_commit(struct flow *f, const char *subject, const struct change *c, struct error *err)
{
	struct run_env *env = &f->env;
	const char *assisted = settings_string(env->settings, SET_ASSISTED_BY);
	CLEANUP_FREE char *run = str_printf("Council-Run: %s", env->run.s);
	CLEANUP_FREE char *by = assisted && *assisted ? str_printf("Assisted-by: %s", assisted) : NULL;
	const char *trailers[] = { run, by, NULL };
	struct sha256 before = content_of(env, &c->paths);
	char oid[OID_HEX + 1] = "", parent[OID_HEX + 1];

	if (!run)
		return error_oom(err);
	f->hooked = false;
	snprintf(parent, sizeof(parent), "%s", f->head_oid);
	if (worktree_commit(&env->worktree, subject, NULL, trailers, &c->paths, env->cancel, oid, err))
		return -1;
	if (*oid)
		snprintf(f->head_oid, sizeof(f->head_oid), "%s", oid);
	for (size_t i = 0; i < c->paths.n; i++)
		if (!strv_has(&f->touched, c->paths.v[i]) && strv_add(&f->touched, c->paths.v[i]))
			return error_oom(err);
	return *oid ? note_hooks(f, parent, c, &before, err) : 0;
}

int flow_gate_hooked(struct flow *f, const char *name, struct gate_result *gate, struct error *err)
{
	CLEANUP_FREE char *key = str_printf("gate/hooked/%s", f->head_oid);
	struct gate_result g = { 0 };

	if (!key)
		return error_oom(err);
	log_write(f->env.log, LOG_WARN, "a commit hook altered the change: the gate runs again");
	if (run_gate(&f->env, key, name, &f->base, &g, err))
		return -1;
	gate_result_release(gate);
	*gate = g;
	f->hooked = false;
	return 0;
}

/* Takes over the gate of a change as the newest. */
void flow_keep_gate(struct flow *f, struct change *c)
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
int change_failed(const struct change *c, const char *what, struct error *err)
{
	if (c->state == CHANGE_UNUSABLE && !c->gate_ran)
		return error_set(err, STATUS_ENDPOINT, "%s: no usable edits, also when asked again: %s",
				 what, c->why ? c->why : "");
	return error_set(err, STATUS_GATE, "%s: %s", what, c->why ? c->why : "the gate fails");
}

int flow_step(struct flow *f, size_t index, struct error *err)
{
	struct run_env *env = &f->env;
	const struct plan_step *step = &f->plan.steps[index];
	int number = (int)index + 1;
	CLEANUP_FREE char *text = step_text(step);
	CLEANUP_FREE char *key = str_printf("build/%d", number);
	CLEANUP_FREE char *task = task_text(env->options);
	CLEANUP_FREE char *gate = gate_in_words(f, f->now_ran ? &f->now : &f->base);
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
		rc = flow_commit(f, step->title, &c, err);
		flow_keep_gate(f, &c);
	} else if (c.state == CHANGE_NONE) {
		if (c.refused && c.why)
			snprintf(f->refused, sizeof(f->refused), "%s", c.why);
		rc = 0;
	} else {
		rc = change_failed(&c, step->title, err);
		flow_keep_gate(f, &c);
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
int flow_gate_final(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	struct gate_comparison cmp = { 0 };
	int rc = 0;

	if (!changed(f)) {
		if (*f->refused)
			return error_set(err, STATUS_GATE, "nothing was changed: %s", f->refused);
		if (f->has_gate && f->base.state != GATE_GREEN)
			return error_set(err, STATUS_GATE, "nothing was changed, and `%s` still fails",
					 f->base.command);
		return error_set(err, STATUS_NOTHING, "nothing to change%s",
				 f->has_gate ? ", and the gate passes" : "");
	}
	if (!f->has_gate)
		return 0;
	if (f->now_ran && f->hooked) {
		if (flow_gate_hooked(f, "final", &f->now, err))
			return -1;
	} else if (!f->now_ran) {
		if (run_gate(env, "gate/final", "final", &f->base, &f->now, err))
			return -1;
		f->now_ran = true;
	}
	if (gate_compare(&f->base, &f->now, settings_bool(env->settings, SET_ALLOW_KNOWN_FAILURES),
			 &cmp, err))
		return -1;
	if (!cmp.final_ok || !cmp.step_ok)
		rc = error_set(err, STATUS_GATE, "`%s` fails", f->now.command);
	else if (settings_bool(env->settings, SET_REQUIRE_PROOF) && cmp.proof != PROOF_RED_GREEN)
		rc = error_set(err, STATUS_GATE, "the gate passes, but proof is required and no test "
			       "that failed before passes now (proof: %s)", proof_name(cmp.proof));
	gate_comparison_release(&cmp);
	return rc;
}
