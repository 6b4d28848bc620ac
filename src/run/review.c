#include "run/review.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "run/ask.h"
#include "run/context.h"
#include "util/path.h"
#include "util/str.h"

enum { FINDINGS_MAX = 200, DIFF_MAX = 15 << 20 };

static const char *const verdict_names[] = { "approve", "revise", "block" };

const char *verdict_name(enum verdict v)
{
	return verdict_names[v];
}

void review_release(struct review *r)
{
	if (r)
		findings_release(&r->findings);
}

static int read_finding(const json *j, struct finding *f, struct error *err)
{
	static const char *const categories[] = { "correctness", "security", "tests", "performance",
						  "style", NULL };
	const char *title = json_get_string(j, "title");
	const char *severity = json_get_string(j, "severity");
	const char *category = json_get_string(j, "category");
	const char *file = json_get_string(j, "file");
	int64_t line = json_get_i64(j, "line", 0);

	if (!json_is_object(j) || !title || !*title)
		return error_set(err, STATUS_ENDPOINT, "a finding has no \"title\"");
	if (!severity || !severity_parse(severity, &f->severity))
		return error_set(err, STATUS_ENDPOINT, "the finding \"%s\" has no \"severity\" of "
				 "critical, high, medium, low or info", title);
	for (int i = 0; categories[i]; i++)
		if (category && strcmp(category, categories[i]) == 0)
			f->category = str_dup(categories[i]);
	if (!f->category)
		f->category = str_dup("correctness");
	if (file && path_is_safe(file))
		f->file = str_dup(file);
	f->line = f->file && line > 0 && line < 10000000 ? (int)line : 0;
	f->cwe = str_dup(json_get_string(j, "cwe"));
	f->title = str_dup(title);
	f->detail = str_dup(json_get_string(j, "detail"));
	f->suggestion = str_dup(json_get_string(j, "suggestion"));
	f->open = true;
	return f->title && f->category ? 0 : error_oom(err);
}

int review_from_json(const json *j, struct review *ret, struct error *err)
{
	const char *verdict = json_get_string(j, "verdict");
	const json *findings = json_get(j, "findings");
	struct review r = { 0 };
	int v = 0;

	while (v < 3 && !(verdict && strcasecmp(verdict, verdict_names[v]) == 0))
		v++;
	if (v == 3)
		return error_set(err, STATUS_ENDPOINT,
				 "the review has no \"verdict\" of approve, revise or block");
	if (findings && !json_is_array(findings))
		return error_set(err, STATUS_ENDPOINT, "\"findings\" must be an array");
	if (json_len(findings) > FINDINGS_MAX)
		return error_set(err, STATUS_ENDPOINT, "%zu findings; at most %d are taken",
				 json_len(findings), FINDINGS_MAX);
	r.verdict = (enum verdict)v;
	r.findings.v = calloc(json_len(findings) + 1, sizeof(*r.findings.v));
	if (!r.findings.v)
		return error_oom(err);
	for (const json *it = json_first(findings); it; it = json_next(it)) {
		struct finding *f = &r.findings.v[r.findings.n++];

		if (read_finding(it, f, err)) {
			review_release(&r);
			return -1;
		}
		if (f->severity >= SEVERITY_HIGH && r.verdict == VERDICT_APPROVE)
			r.verdict = VERDICT_REVISE;
	}
	if (r.verdict == VERDICT_REVISE && r.findings.n == 0) {
		review_release(&r);
		return error_set(err, STATUS_ENDPOINT,
				 "the verdict is revise, but no finding says what to change");
	}
	*ret = r;
	return 0;
}

static int accept_review(const json *j, void *out, struct error *err)
{
	return review_from_json(j, out, err);
}

static void emit_findings(struct run_env *env, const struct findings *f)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *v = &f->v[i];
		json *data = json_object();

		json_set_string(data, "severity", severity_name(v->severity));
		json_set_string(data, "category", v->category);
		json_set_string(data, "file", v->file);
		json_set(data, "line", v->line ? json_new_i64(v->line) : json_new_null());
		json_set_string(data, "cwe", v->cwe);
		json_set_string(data, "title", v->title);
		json_set_string(data, "detail", v->detail);
		json_set_string(data, "suggestion", v->suggestion);
		run_emit(env, EVENT_FINDING, data);
	}
}

static int review_prompt(struct run_env *env, const struct review_request *r, char **ret,
			 struct error *err)
{
	CLEANUP_BUF struct buf diff = BUF_INIT(DIFF_MAX + 4096);
	CLEANUP_STRV struct strv paths = { 0 };
	CLEANUP_FREE char *context = NULL;
	size_t shown = 4 * env->context_bytes < DIFF_MAX ? 4 * env->context_bytes : DIFF_MAX;

	if (repo_diff(env->repo, r->old_oid, r->new_oid, diff.max, &diff, NULL, err))
		return -1;
	/* A part that nobody saw cannot be approved. */
	if (diff.len > shown)
		return error_set(err, STATUS_REVIEW, "the change is too large to be reviewed whole (%zu bytes "
				 "of diff, and %zu are shown): split the task, or raise context_tokens",
				 diff.len, shown);
	if (repo_changed_paths(env->repo, r->old_oid, r->new_oid, &paths, err) ||
	    context_of_change(env, &paths, &context, err))
		return -1;
	const char *values[] = { "task", env->options->task, "plan", r->plan, "diff", buf_str(&diff),
				 "gate", r->gate, "context", context, NULL };
	return prompt_render(env->settings, "review", values, ret, err);
}

int review_change(struct run_env *env, const struct review_request *r, struct review *ret,
		  struct error *err)
{
	CLEANUP_FREE char *prompt = NULL;
	CLEANUP_FREE char *summary = NULL;
	struct review review = { 0 };
	struct question q = { .persona = "guardian", .key = r->key, .schema = "review",
			      .accept = accept_review, .out = &review };

	stage_begin(env, "review", "guardian", r->title, 0, r->round);
	if (review_prompt(env, r, &prompt, err))
		goto fail;
	q.prompt = prompt;
	if (ask_json(env, &q, err))
		goto fail;
	emit_findings(env, &review.findings);
	summary = str_printf("%s, %zu finding%s", verdict_name(review.verdict), review.findings.n,
			     review.findings.n == 1 ? "" : "s");
	stage_end(env, "ok", summary);
	*ret = review;
	return 0;
fail:
	stage_end(env, "failed", err ? err->message : NULL);
	return -1;
}

char *findings_text(const struct findings *f)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);

	for (size_t i = 0; i < f->n; i++) {
		const struct finding *v = &f->v[i];

		buf_addf(&out, "%zu. [%s, %s]", i + 1, severity_name(v->severity), v->category);
		if (v->file && v->line)
			buf_addf(&out, " %s:%d", v->file, v->line);
		else if (v->file)
			buf_addf(&out, " %s", v->file);
		buf_addf(&out, " %s\n", v->title);
		if (v->detail)
			buf_addf(&out, "   %s\n", v->detail);
		if (v->suggestion)
			buf_addf(&out, "   Suggestion: %s\n", v->suggestion);
	}
	if (f->n == 0)
		buf_adds(&out, "none\n");
	return buf_steal(&out, NULL);
}
