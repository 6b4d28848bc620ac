#include "cli/dry_run.h"

#include <stdlib.h>
#include <string.h>

#include "cli/session.h"
#include "model/estimate.h"
#include "util/str.h"

/* Which personas would work under these phases. */
static void uses_of(unsigned phases, bool planned, enum estimate_use use[ESTIMATE_ROLES])
{
	enum estimate_use maybe = phases & PHASE_AUTO ? ESTIMATE_MAYBE : ESTIMATE_YES;

	use[ESTIMATE_PACER] = phases & PHASE_PLAN && !planned ? ESTIMATE_YES : ESTIMATE_NO;
	use[ESTIMATE_MAVEN] = phases & PHASE_CONTEXT ? maybe : ESTIMATE_NO;
	use[ESTIMATE_BUILDER] = ESTIMATE_YES;
	use[ESTIMATE_GUARDIAN] = phases & PHASE_REVIEW ? ESTIMATE_YES : ESTIMATE_NO;
	use[ESTIMATE_ARTISAN] = phases & PHASE_REFINE ? maybe : ESTIMATE_NO;
}

static int estimate(struct cli *cli, const struct model_services *models, const struct plan *plan,
		    struct estimate *ret, struct error *err)
{
	struct model_route routes[ESTIMATE_ROLES] = { 0 };
	struct estimate_input in = {
		.steps = (int)plan->n_steps,
		.max_attempts = (int)settings_int(cli->settings, SET_MAX_ATTEMPTS),
		.max_rounds = (int)settings_int(cli->settings, SET_MAX_ROUNDS),
		.context_tokens = settings_int(cli->settings, SET_CONTEXT_TOKENS),
	};
	unsigned phases;
	int rc;

	if (phases_parse(settings_string(cli->settings, SET_PHASES), &phases, err))
		return -1;
	uses_of(phases, true, in.use); /* the plan is made and paid already */
	for (int r = 0; r < ESTIMATE_ROLES; r++)
		if (model_route(models, estimate_role_name((enum estimate_role)r), &routes[r], NULL) == 0)
			in.route[r] = &routes[r];
	rc = estimate_run(cli->ledger, &in, ret, err);
	for (int r = 0; r < ESTIMATE_ROLES; r++)
		if (in.route[r])
			model_route_release(&routes[r]);
	return rc;
}

static int print_json(struct cli *cli, const struct plan *plan, const struct estimate *e,
		      struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;

	json_set(j, "plan", plan_json(plan));
	json_set(j, "estimate", estimate_json(e));
	text = json_print_pretty(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

static int print_text(struct cli *cli, const struct plan *plan, const struct estimate *e,
		      int64_t spent, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);
	CLEANUP_BUF struct buf clean = BUF_INIT(2 << 20);
	char money[32];

	buf_addf(&out, "%s\n", plan->summary);
	for (size_t i = 0; i < plan->n_steps; i++) {
		const struct plan_step *s = &plan->steps[i];

		buf_addf(&out, "  %zu. %s\n", i + 1, s->title);
		for (size_t k = 0; k < s->files.n; k++)
			buf_addf(&out, "     %s\n", s->files.v[k]);
	}
	money_format(spent, money);
	buf_addf(&out, "\nThis plan cost %s. What the rest would cost:\n", money);
	estimate_render(&out, e);
	buf_adds(&out, "Nothing was changed.\n");
	text_clean(&clean, buf_str(&out), out.len, true);
	if (buf_check(&out, "the plan", err) || buf_check(&clean, "the plan", err))
		return -1;
	fputs(buf_str(&clean), cli->out);
	return 0;
}

int dry_run(struct cli *cli, const struct run_options *o, const char *run, struct error *err)
{
	struct plan plan = { 0 };
	struct estimate e = { 0 };
	struct model_services *models = NULL;
	int unknown, rc;

	if (session_plan(cli, cli->settings, o, run, &plan, &models, err))
		return -1;
	rc = estimate(cli, models, &plan, &e, err);
	if (rc == 0)
		rc = option_flag(&cli->options, "json")
		     ? print_json(cli, &plan, &e, err)
		     : print_text(cli, &plan, &e, model_services_spent(models, &unknown), err);
	model_services_free(models);
	plan_release(&plan);
	return rc;
}
