#include "run/flow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/ask.h"
#include "run/context.h"
#include "util/str.h"

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
	if (context_of_change(env, &f->touched, &context, err))
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
		rc = flow_commit(f, title, &c, err);
		flow_keep_gate(f, &c);
		if (rc == 0) /* a known failure that was mended may be back: is it proven still? */
			rc = flow_gate_final(f, err);
	} else {
		rc = change_failed(&c, title, err);
		flow_keep_gate(f, &c);
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
	CLEANUP_FREE char *gate = gate_in_words(f, &f->now);
	struct review_request r = { .key = key, .title = "the change", .round = round,
				    .plan = f->plan_text, .old_oid = f->base_oid,
				    .new_oid = f->head_oid, .gate = gate };

	if (!key || !gate)
		return error_oom(err);
	return review_change(&f->env, &r, ret, err);
}

int flow_review(struct flow *f, struct error *err)
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
	    context_of_change(env, &f->touched, &context, err))
		return -1;
	const char *values[] = { "task", env->options->task, "diff", buf_str(&diff), "findings", findings,
				 "context", context, "protected", protected_text(env), NULL };
	return prompt_render(env->settings, "refine", values, ret, err);
}

/* Does the gate of a refinement prove no less than that of the change before it? */
static int proves_less(const struct flow *f, const struct change *c, bool *ret, struct error *err)
{
	bool known = settings_bool(f->env.settings, SET_ALLOW_KNOWN_FAILURES);
	struct gate_comparison before = { 0 }, after = { 0 };

	*ret = false;
	if (!c->gate_ran || !f->now_ran)
		return 0;
	if (gate_compare(&f->base, &f->now, known, &before, err))
		return -1;
	if (gate_compare(&f->base, &c->gate, known, &after, err)) {
		gate_comparison_release(&before);
		return -1;
	}
	*ret = after.proof < before.proof || after.known.n > before.known.n;
	gate_comparison_release(&before);
	gate_comparison_release(&after);
	return 0;
}

/* The same of a commit that a hook altered, whose gate may be red. */
static int proves_nothing(const struct flow *f, const struct change *c, bool *ret, struct error *err)
{
	struct gate_comparison cmp = { 0 };

	if (gate_compare(&f->base, &c->gate, settings_bool(f->env.settings, SET_ALLOW_KNOWN_FAILURES),
			 &cmp, err))
		return -1;
	*ret = !cmp.final_ok || !cmp.step_ok;
	gate_comparison_release(&cmp);
	return *ret ? 0 : proves_less(f, c, ret, err);
}

/* A refinement is kept only when the gate and a review of it alone say so;
 * otherwise the change stands as it was approved. What that review found is
 * then what stands. */
static int judge_refinement(struct flow *f, struct change *c, const char *before, bool *ret_kept,
			    struct error *err)
{
	bool worse;
	CLEANUP_FREE char *gate = NULL;
	struct review review = { 0 };
	struct review_request r = { .key = "review/refine", .title = "the refinement", .round = 1,
				    .plan = f->plan_text, .old_oid = before };

	*ret_kept = false;
	if (c->state != CHANGE_GREEN)
		return 0;
	if (proves_less(f, c, &worse, err))
		return -1;
	if (worse)
		return 0;
	if (flow_commit(f, "Refine the change", c, err))
		return -1;
	if (f->hooked && c->gate_ran) {
		if (flow_gate_hooked(f, "refine", &c->gate, err) || proves_nothing(f, c, &worse, err))
			return -1;
		if (worse)
			return 0;
	}
	gate = gate_in_words(f, c->gate_ran ? &c->gate : &f->now);
	if (!gate)
		return error_oom(err);
	r.new_oid = f->head_oid;
	r.gate = gate;
	if (strcmp(before, f->head_oid) == 0)
		return 0;
	if (review_change(&f->env, &r, &review, err))
		return -1;
	*ret_kept = review.verdict == VERDICT_APPROVE;
	if (*ret_kept && record_review(f, &review, err)) {
		*ret_kept = false;
		review_release(&review);
		return -1;
	}
	review_release(&review);
	return 0;
}

/* Back to what was approved. What cannot be taken back must not pass for it. */
static int drop_refinement(struct flow *f, const char *before, struct error *err)
{
	snprintf(f->head_oid, sizeof(f->head_oid), "%s", before);
	if (worktree_reset(&f->env.worktree, before, err)) {
		error_prefix(err, "the refinement was not approved, and its commit could not be taken back");
		if (err)
			err->code = STATUS_INTERNAL;
		return -1;
	}
	return 0;
}

/* Nobody should wonder where Artisan's edits went. */
static void tell_dropped(struct run_env *env, const char *why)
{
	CLEANUP_FREE char *summary = str_printf("dropped, the change stands as it was approved: %s", why);

	log_write(env->log, LOG_WARN, "the refinement was dropped: %s", why);
	stage_begin(env, "refine", "artisan", "the refinement", 0, 1);
	stage_end(env, "skipped", summary);
}

static int refine(struct flow *f, struct error *err)
{
	struct run_env *env = &f->env;
	CLEANUP_FREE char *prompt = NULL;
	char before[OID_HEX + 1];
	struct change c = { 0 };
	struct error reset = { 0 };
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
	if (kept)
		flow_keep_gate(f, &c);
	else if ((rc || c.state != CHANGE_NONE) && drop_refinement(f, before, &reset))
		rc = error_set(err, reset.code, "%s", reset.message);
	else if (rc == 0 && c.state != CHANGE_NONE)
		tell_dropped(env, c.state != CHANGE_GREEN && c.why ? c.why : "it was not approved");
	change_release(&c);
	return rc;
}

/* An answer of Artisan's or the refinement's review that cannot be had does not
 * undo what was approved before: the change is done without it. */
int flow_refine(struct flow *f, struct error *err)
{
	struct error why = { 0 };

	if (refine(f, &why) == 0)
		return 0;
	if (why.code != STATUS_ENDPOINT && why.code != STATUS_GATE && why.code != STATUS_BUDGET &&
	    why.code != STATUS_REVIEW) {
		if (err)
			*err = why;
		return -1;
	}
	tell_dropped(&f->env, why.message);
	return 0;
}
