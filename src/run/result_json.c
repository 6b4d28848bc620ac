/* result_json.c: the result as JSON, there and back. The fields are fixed by
 * event.schema.json; result_from_json takes what result_json gives, so that
 * `council show` prints what `council run` printed. */
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "run/result.h"
#include "util/str.h"

enum { NAMES_MAX = 100000, FINDINGS_MAX = 10000 };

/* ---- there ---- */

static json *usd(int64_t nano, bool known)
{
	return known ? json_new_double((double)nano / 1e9) : json_new_null();
}

static json *line_or_null(int line)
{
	return line > 0 ? json_new_i64(line) : json_new_null();
}

static json *finding_json(const struct finding *f)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "severity", severity_name(f->severity));
	rc |= json_set_string(j, "category", f->category);
	rc |= json_set_string(j, "file", f->file);
	rc |= json_set(j, "line", line_or_null(f->line));
	rc |= json_set_string(j, "cwe", f->cwe);
	rc |= json_set_string(j, "title", f->title ? f->title : "");
	rc |= json_set_string(j, "detail", f->detail);
	rc |= json_set_string(j, "suggestion", f->suggestion);
	rc |= json_set_bool(j, "open", f->open);
	if (rc < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

json *findings_json(const struct findings *f)
{
	json *a = json_array();

	for (size_t i = 0; a && i < f->n; i++) {
		if (json_append(a, finding_json(&f->v[i])) < 0) {
			json_free(a);
			return NULL;
		}
	}
	return a;
}

static json *counts_json(const struct test_counts *c)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_bool(j, "green", c->green);
	rc |= json_set_bool(j, "known", c->known);
	rc |= json_set_i64(j, "passed", c->passed);
	rc |= json_set_i64(j, "failed", c->failed);
	rc |= json_set_i64(j, "skipped", c->skipped);
	if (rc < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

static json *names_json(char *const *v, size_t n)
{
	json *a = json_array();

	for (size_t i = 0; a && i < n; i++) {
		if (json_append(a, json_new_string(v[i])) < 0) {
			json_free(a);
			return NULL;
		}
	}
	return a;
}

static json *gate_json(const struct result *r)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_bool(j, "ran", r->gate_ran);
	rc |= json_set_bool(j, "disabled", r->no_gate);
	rc |= json_set_string(j, "command", r->gate_command);
	rc |= json_set(j, "before", counts_json(&r->before));
	rc |= json_set(j, "after", counts_json(&r->after));
	rc |= json_set(j, "fixed", names_json(r->fixed, r->n_fixed));
	rc |= json_set(j, "broken", names_json(r->broken, r->n_broken));
	rc |= json_set(j, "known_failures", names_json(r->known_failures, r->n_known_failures));
	rc |= json_set_bool(j, "tests_touched", r->tests_touched);
	if (rc < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

static json *change_json(const struct result *r)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "branch", r->branch);
	rc |= json_set_string(j, "base", r->base);
	rc |= json_set_string(j, "head", r->head);
	rc |= json_set_bool(j, "base_is_snapshot", r->base_is_snapshot);
	rc |= json_set_string(j, "worktree", r->worktree);
	rc |= json_set_i64(j, "files", r->files_changed);
	rc |= json_set_i64(j, "insertions", r->insertions);
	rc |= json_set_i64(j, "deletions", r->deletions);
	rc |= json_set_bool(j, "applied", r->applied);
	if (rc < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

static json *persona_json(const struct persona_usage *p)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "persona", p->persona);
	rc |= json_set_string(j, "model", p->model);
	rc |= json_set_i64(j, "calls", p->calls);
	rc |= json_set_i64(j, "input", p->input);
	rc |= json_set_i64(j, "cache_read", p->cache_read);
	rc |= json_set_i64(j, "cache_write", p->cache_write);
	rc |= json_set_i64(j, "output", p->output);
	rc |= json_set_i64(j, "reasoning", p->reasoning);
	rc |= json_set_bool(j, "estimated", p->estimated);
	rc |= json_set_i64(j, "duration_us", p->duration_us);
	rc |= json_set(j, "cost_usd", usd(p->cost_nano, p->unknown_cost_calls == 0));
	rc |= json_set_i64(j, "cost_nano", p->cost_nano);
	rc |= json_set_i64(j, "unknown_cost_calls", p->unknown_cost_calls);
	if (rc < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

static json *personas_json(const struct result *r)
{
	json *a = json_array();

	for (size_t i = 0; a && i < r->n_personas; i++) {
		if (json_append(a, persona_json(&r->persona[i])) < 0) {
			json_free(a);
			return NULL;
		}
	}
	return a;
}

json *result_json(const struct result *r)
{
	json *j = json_object();
	int rc = 0;

	rc |= json_set_string(j, "run", r->run.s);
	rc |= json_set_i64(j, "status", r->status);
	rc |= json_set_string(j, "outcome", status_name(r->status));
	rc |= json_set_string(j, "summary", r->summary);
	rc |= json_set_string(j, "task", r->task);
	rc |= json_set_string(j, "reason", r->reason);
	rc |= json_set_string(j, "proof", proof_name(r->proof));
	rc |= json_set(j, "gate", gate_json(r));
	rc |= json_set_string(j, "verdict", r->verdict);
	rc |= json_set(j, "findings", findings_json(&r->findings));
	rc |= json_set(j, "change", change_json(r));
	rc |= json_set(j, "personas", personas_json(r));
	rc |= json_set(j, "cost_usd", usd(r->cost_nano, r->unknown_cost_calls == 0));
	rc |= json_set_i64(j, "cost_nano", r->cost_nano);
	rc |= json_set_i64(j, "unknown_cost_calls", r->unknown_cost_calls);
	rc |= json_set(j, "budget_usd", usd(r->budget_nano, r->budget_nano >= 0));
	rc |= json_set_i64(j, "duration_us", r->duration_us);
	rc |= json_set_bool(j, "recorded", r->recorded);
	if (rc < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

/* ---- and back ---- */

/* Reads one string; what is absent or null is a NULL. */
static int get_string(const json *j, const char *key, char **ret, struct error *err)
{
	const char *s = json_get_string(j, key);

	*ret = str_dup(s);
	return s && !*ret ? error_oom(err) : 0;
}

static int get_int(const json *j, const char *key)
{
	int64_t v = json_get_i64(j, key, 0);

	return v < 0 || v > INT_MAX ? 0 : (int)v;
}

static int get_names(const json *j, const char *key, char ***ret, size_t *ret_n, struct error *err)
{
	const json *list = json_get(j, key);
	size_t n = json_len(list);

	if (n > NAMES_MAX)
		return error_set(err, STATUS_USAGE, "\"%s\" has more than %d names", key, NAMES_MAX);
	if (n == 0)
		return 0;
	*ret = calloc(n, sizeof(**ret));
	if (!*ret)
		return error_oom(err);
	for (const json *it = json_first(list); it; it = json_next(it)) {
		if (!json_is_string(it))
			continue;
		(*ret)[*ret_n] = str_dup(json_string(it));
		if (!(*ret)[*ret_n])
			return error_oom(err);
		(*ret_n)++;
	}
	return 0;
}

static void get_counts(const json *j, struct test_counts *ret)
{
	ret->green = json_get_bool(j, "green", false);
	ret->known = json_get_bool(j, "known", false);
	ret->passed = get_int(j, "passed");
	ret->failed = get_int(j, "failed");
	ret->skipped = get_int(j, "skipped");
}

static int get_gate(const json *j, struct result *r, struct error *err)
{
	r->gate_ran = json_get_bool(j, "ran", false);
	r->no_gate = json_get_bool(j, "disabled", false);
	r->tests_touched = json_get_bool(j, "tests_touched", false);
	get_counts(json_get(j, "before"), &r->before);
	get_counts(json_get(j, "after"), &r->after);
	if (get_string(j, "command", &r->gate_command, err) < 0 ||
	    get_names(j, "fixed", &r->fixed, &r->n_fixed, err) < 0 ||
	    get_names(j, "broken", &r->broken, &r->n_broken, err) < 0 ||
	    get_names(j, "known_failures", &r->known_failures, &r->n_known_failures, err) < 0)
		return -1;
	return 0;
}

static int get_change(const json *j, struct result *r, struct error *err)
{
	r->base_is_snapshot = json_get_bool(j, "base_is_snapshot", false);
	r->files_changed = get_int(j, "files");
	r->insertions = get_int(j, "insertions");
	r->deletions = get_int(j, "deletions");
	r->applied = json_get_bool(j, "applied", false);
	if (get_string(j, "branch", &r->branch, err) < 0 || get_string(j, "base", &r->base, err) < 0 ||
	    get_string(j, "head", &r->head, err) < 0 ||
	    get_string(j, "worktree", &r->worktree, err) < 0)
		return -1;
	return 0;
}

static int get_findings(const json *list, struct findings *ret, struct error *err)
{
	size_t n = json_len(list);

	if (n > FINDINGS_MAX)
		return error_set(err, STATUS_USAGE, "more than %d findings", FINDINGS_MAX);
	if (n == 0)
		return 0;
	ret->v = calloc(n, sizeof(*ret->v));
	if (!ret->v)
		return error_oom(err);
	for (const json *it = json_first(list); it; it = json_next(it)) {
		struct finding *f = &ret->v[ret->n++];

		severity_parse(json_get_string(it, "severity"), &f->severity);
		f->line = get_int(it, "line");
		f->open = json_get_bool(it, "open", true);
		if (get_string(it, "category", &f->category, err) < 0 ||
		    get_string(it, "file", &f->file, err) < 0 ||
		    get_string(it, "cwe", &f->cwe, err) < 0 ||
		    get_string(it, "title", &f->title, err) < 0 ||
		    get_string(it, "detail", &f->detail, err) < 0 ||
		    get_string(it, "suggestion", &f->suggestion, err) < 0)
			return -1;
	}
	return 0;
}

static int get_personas(const json *list, struct result *r, struct error *err)
{
	for (const json *it = json_first(list); it && r->n_personas < PERSONAS_MAX; it = json_next(it)) {
		struct persona_usage *p = &r->persona[r->n_personas++];
		const char *name = json_get_string(it, "persona");

		strncpy(p->persona, name ? name : "", sizeof(p->persona) - 1);
		p->calls = get_int(it, "calls"); /* NOLINT(clang-analyzer-unix.Malloc) */
		p->input = json_get_i64(it, "input", 0);
		p->cache_read = json_get_i64(it, "cache_read", 0);
		p->cache_write = json_get_i64(it, "cache_write", 0);
		p->output = json_get_i64(it, "output", 0);
		p->reasoning = json_get_i64(it, "reasoning", 0);
		p->estimated = json_get_bool(it, "estimated", false);
		p->duration_us = json_get_i64(it, "duration_us", 0);
		p->cost_nano = json_get_i64(it, "cost_nano", 0);
		p->unknown_cost_calls = get_int(it, "unknown_cost_calls");
		if (get_string(it, "model", &p->model, err) < 0)
			return -1;
	}
	return 0;
}

/* The cap has no exact form beside it; a double holds every cap that fits 2^53. */
static int64_t get_budget(const json *j)
{
	const json *budget = json_get(j, "budget_usd");
	double nano = json_double(budget) * 1e9;

	return json_is_number(budget) && nano >= 0 && nano < 9e18 ? llround(nano) : -1;
}

static enum proof get_proof(const json *j)
{
	const char *name = json_get_string(j, "proof");

	for (int p = PROOF_NONE; p <= PROOF_RED_GREEN; p++)
		if (str_eq(name, proof_name((enum proof)p)))
			return (enum proof)p;
	return PROOF_NONE;
}

static int read_result(const json *j, struct result *r, struct error *err)
{
	const char *run = json_get_string(j, "run");

	if (!run || !ulid_valid(run) || !json_is_number(json_get(j, "status")))
		return error_set(err, STATUS_USAGE, "this is no result of a run");
	memcpy(r->run.s, run, ULID_LEN);
	r->status = (enum status)get_int(j, "status");
	r->proof = get_proof(j);
	r->cost_nano = json_get_i64(j, "cost_nano", 0);
	r->unknown_cost_calls = get_int(j, "unknown_cost_calls");
	r->budget_nano = get_budget(j);
	r->duration_us = json_get_i64(j, "duration_us", 0);
	r->recorded = json_get_bool(j, "recorded", false);
	if (get_string(j, "summary", &r->summary, err) < 0 || get_string(j, "task", &r->task, err) < 0 ||
	    get_string(j, "reason", &r->reason, err) < 0 ||
	    get_string(j, "verdict", &r->verdict, err) < 0 ||
	    get_gate(json_get(j, "gate"), r, err) < 0 ||
	    get_findings(json_get(j, "findings"), &r->findings, err) < 0 ||
	    get_change(json_get(j, "change"), r, err) < 0 ||
	    get_personas(json_get(j, "personas"), r, err) < 0)
		return -1;
	return 0;
}

int result_from_json(const json *j, struct result *ret, struct error *err)
{
	struct result r = { 0 };

	if (read_result(j, &r, err) < 0) {
		result_release(&r);
		return -1;
	}
	*ret = r;
	return 0;
}
