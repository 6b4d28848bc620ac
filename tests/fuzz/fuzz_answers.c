/* fuzz_answers.c: what a model says, cut out of its prose, as a plan, a
 * context, a review, and as a result that the ledger kept. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "run/context.h"
#include "run/plan.h"
#include "run/review.h"
#include "util/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is refused is refused in words that can go back to the model. */
static void refused(const struct error *err)
{
	if (err->code != STATUS_ENDPOINT || !err->message[0])
		__builtin_trap();
}

static bool names_earlier(const struct plan *p, size_t i, const char *id)
{
	for (size_t k = 0; k < i; k++)
		if (strcmp(p->steps[k].id, id) == 0)
			return true;
	return false;
}

static void check_plan(const struct plan *p)
{
	if (p->n_steps < 1 || p->n_steps > PLAN_STEPS_MAX || !p->summary)
		__builtin_trap();
	for (size_t i = 0; i < p->n_steps; i++) {
		const struct plan_step *s = &p->steps[i];

		if (!*s->id || !*s->title || !*s->instructions || s->difficulty > DIFFICULTY_HIGH)
			__builtin_trap();
		for (size_t k = 0; k < s->files.n; k++)
			if (!path_is_safe(s->files.v[k]))
				__builtin_trap();
		for (size_t k = 0; k < s->needs.n; k++)
			if (!names_earlier(p, i, s->needs.v[k]))
				__builtin_trap();
	}
}

/* A plan that was taken is taken again as it is printed. */
static void as_plan(const json *j)
{
	struct error err = { 0 };
	struct plan p, again;
	json *printed;

	if (plan_from_json(j, &p, &err)) {
		refused(&err);
		return;
	}
	check_plan(&p);
	printed = plan_json(&p);
	if (plan_from_json(printed, &again, &err) || again.n_steps != p.n_steps)
		__builtin_trap();
	for (size_t i = 0; i < p.n_steps; i++)
		if (strcmp(p.steps[i].id, again.steps[i].id) != 0)
			__builtin_trap();
	json_free(printed);
	plan_release(&again);
	plan_release(&p);
}

static void as_context(const json *j)
{
	struct error err = { 0 };
	struct context c;

	if (context_from_json(j, &c, &err)) {
		refused(&err);
		return;
	}
	for (size_t i = 0; i < c.n; i++)
		if (!path_is_safe(c.v[i].path) || c.v[i].first < 0 || c.v[i].last < c.v[i].first)
			__builtin_trap();
	context_release(&c);
}

static void as_review(const json *j)
{
	struct error err = { 0 };
	struct review r;
	char *text;

	if (review_from_json(j, &r, &err)) {
		refused(&err);
		return;
	}
	for (size_t i = 0; i < r.findings.n; i++) {
		const struct finding *f = &r.findings.v[i];

		if (f->severity >= SEVERITY_HIGH && r.verdict == VERDICT_APPROVE)
			__builtin_trap();
		if ((f->file && !path_is_safe(f->file)) || (!f->file && f->line) || f->line < 0)
			__builtin_trap();
	}
	if (r.verdict == VERDICT_REVISE && r.findings.n == 0)
		__builtin_trap();
	text = findings_text(&r.findings);
	if (!text || !*text)
		__builtin_trap();
	free(text);
	review_release(&r);
}

/* Money and names of a ledger from elsewhere reach a person's terminal. */
static void as_result(const json *j)
{
	struct buf out = BUF_INIT(64 << 20);
	struct error err = { 0 };
	struct result r = { 0 };

	if (result_from_json(j, &r, &err) == 0) {
		report_markdown(&out, &r);
		json_free(result_json(&r));
		result_release(&r);
	} else if (!err.message[0]) {
		__builtin_trap();
	}
	buf_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json *j = json_extract((const char *)data, size, false, NULL);

	as_plan(j);
	as_context(j);
	as_review(j);
	as_result(j);
	json_free(j);
	return 0;
}
