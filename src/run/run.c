/* The workflow. It reads from the bottom: run_execute, then conduct, whose
 * calls are the picture in council-run(1); flow.h says where each part is.
 */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "config/persona.h"
#include "run/finish.h"
#include "run/flow.h"
#include "util/clock.h"
#include "util/str.h"

static void flow_release(struct flow *f)
{
	plan_release(&f->plan);
	free(f->plan_text);
	gate_result_release(&f->base);
	gate_result_release(&f->now);
	strv_release(&f->touched);
	run_env_release(&f->env);
}

/* Every persona that the phases may call needs a model and a sound file, before
 * anything is made, run or paid: a change must not fail late for the want of a reviewer. */
static int check_personas(const struct run_services *s, unsigned phases, bool has_plan,
			  struct error *err)
{
	static const struct {
		unsigned phase;
		const char *persona;
	} calls[] = {
		{ PHASE_PLAN, "pacer" },
		{ PHASE_CONTEXT, "maven" },
		{ PHASE_BUILD, "builder" },
		{ PHASE_REVIEW, "guardian" },
		{ PHASE_REFINE, "artisan" },
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		if (!(phases & calls[i].phase) || (has_plan && calls[i].phase == PHASE_PLAN))
			continue;
		struct persona persona = { 0 };

		if (persona_load(s->settings, calls[i].persona, &persona, err))
			return -1;
		persona_release(&persona);
		if (model_ready(s->models, calls[i].persona, err))
			return -1;
	}
	return 0;
}

/* What did not begin leaves nothing behind: no one could find it by the ledger. */
static void take_back(struct flow *f, bool resumed)
{
	struct result *r = f->result;

	if (!resumed && r->branch)
		worktree_remove(f->env.repo, f->env.run.s, r->branch, true, NULL);
	free(r->base);
	free(r->branch);
	free(r->worktree);
	r->base = r->branch = r->worktree = NULL;
}

static int begin(struct flow *f, const struct run_resume *resume, struct error *err)
{
	if (flow_open(f, resume, err) == 0 && started(&f->env, f->result, err) == 0)
		return 0;
	take_back(f, resume != NULL);
	return -1;
}

static int conduct(struct flow *f, const struct run_resume *resume, struct error *err)
{
	if (begin(f, resume, err))
		return -1;
	flow_announce(f);
	if (flow_set_up(f, err) || flow_gate_base(f, err) || flow_go_on(f, err) || flow_plan(f, err))
		return -1;
	for (size_t i = 0; i < f->plan.n_steps; i++)
		if (flow_step(f, i, err))
			return -1;
	if (flow_gate_final(f, err))
		return -1;
	if (f->phases & PHASE_REVIEW)
		if (flow_review(f, err) || flow_refine(f, err))
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
	if (rc == 0 && !resume) /* what was answered before may be all that a resumed run needs */
		rc = check_personas(s, f.phases, options->plan_text != NULL, &err);
	if (rc == 0)
		rc = conduct(&f, resume, &err);
	ret->duration_us = clock_monotonic_us() - started_us;
	struct finish fin = {
		.services = s, .options = options, .begun = f.env.begun, .failed = rc != 0, .error = &err,
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
