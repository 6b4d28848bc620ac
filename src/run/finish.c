#include "run/finish.h"

#include <stdlib.h>
#include <string.h>

#include "run/protect.h"
#include "util/log.h"
#include "util/str.h"

static struct test_counts counts(const struct gate_result *g)
{
	return (struct test_counts){ .known = g->tests.known, .passed = g->tests.passed,
				     .failed = g->tests.failed, .skipped = g->tests.skipped,
				     .green = g->state == GATE_GREEN };
}

static void steal_names(struct strv *from, char ***ret, size_t *ret_n)
{
	*ret = from->v;
	*ret_n = from->n;
	*from = (struct strv){ 0 };
}

static void tell_gate(const struct finish *f, struct result *r)
{
	bool known = settings_bool(f->services->settings, SET_ALLOW_KNOWN_FAILURES);
	struct gate_comparison c = { 0 };

	r->no_gate = !f->options->gate_test && !f->options->gate_build;
	r->gate_command = str_dup(f->options->gate_test ? f->options->gate_test : f->options->gate_build);
	if (!f->base)
		return;
	r->gate_ran = true;
	r->before = counts(f->base);
	r->after = counts(f->now ? f->now : f->base);
	if (!f->now || gate_compare(f->base, f->now, known, &c, NULL))
		return;
	r->proof = c.proof;
	steal_names(&c.fixed, &r->fixed, &r->n_fixed);
	steal_names(&c.broken, &r->broken, &r->n_broken);
	steal_names(&c.known, &r->known_failures, &r->n_known_failures);
	gate_comparison_release(&c);
}

static void tell_change(const struct finish *f, struct result *r)
{
	struct repo *repo = f->services->repo;
	const struct strv *extra = settings_list(f->services->settings, SET_PROTECT);
	struct protect p = { .extra = extra ? (const char *const *)extra->v : NULL,
			     .build_gate = f->options->gate_test,
			     .build_command = f->options->gate_build };
	CLEANUP_STRV struct strv paths = { 0 };
	CLEANUP_BUF struct buf diff = BUF_INIT(1 << 20);
	struct diff_stat stat = { 0 };

	if (!*f->head_oid || strcmp(f->base_oid, f->head_oid) == 0)
		return;
	r->head = str_dup(f->head_oid);
	if (repo_diff(repo, f->base_oid, f->head_oid, 1 << 19, &diff, &stat, NULL) == 0) {
		r->files_changed = stat.files;
		r->insertions = stat.insertions;
		r->deletions = stat.deletions;
	}
	if (repo_changed_paths(repo, f->base_oid, f->head_oid, &paths, NULL) == 0)
		for (size_t i = 0; i < paths.n; i++)
			if (protect_path(&p, paths.v[i]))
				r->tests_touched = true;
}

static void fail(struct result *r, enum status status, const char *reason)
{
	r->status = status;
	free(r->reason);
	r->reason = str_dup(reason);
}

static void apply(const struct finish *f, struct result *r)
{
	struct error err = { 0 };
	char from[OID_HEX + 1] = "", to[OID_HEX + 1] = "";
	CLEANUP_FREE char *ref = NULL;

	if (!f->options->apply || r->status != STATUS_DONE || !r->head)
		return;
	if (repo_apply_change(f->services->repo, r->base, r->base_is_snapshot, r->head, from, to,
			      &ref, &err)) {
		fail(r, err.code, err.message);
		return;
	}
	r->applied = true;
	if (ledger_set_applied(f->services->ledger, r->run.s, ref, from, to, false, &err))
		fail(r, err.code, err.message);
}

static void tell_money(const struct finish *f, struct result *r)
{
	struct error err = { 0 };

	if (ledger_flush(f->services->ledger, &err) ||
	    ledger_run_usage(f->services->ledger, r->run.s, r->persona, PERSONAS_MAX, &r->n_personas,
			     &err)) {
		if (r->status == STATUS_DONE || r->status == STATUS_NOTHING)
			fail(r, err.code, err.message);
		return;
	}
	for (size_t i = 0; i < r->n_personas; i++) {
		r->cost_nano += r->persona[i].cost_nano;
		r->unknown_cost_calls += r->persona[i].unknown_cost_calls;
	}
}

void finish_run(const struct finish *f, struct result *r)
{
	struct error err = { 0 };
	bool done;

	if (f->failed)
		fail(r, f->error->code ? f->error->code : STATUS_INTERNAL, f->error->message);
	r->task = str_dup(f->options->task);
	r->recorded = model_services_recorded(f->services->models);
	if (!r->summary)
		r->summary = str_dup(r->reason ? r->reason : "");
	tell_gate(f, r);
	tell_change(f, r);
	apply(f, r);
	tell_money(f, r);
	if (f->begun && ledger_run_ended(f->services->ledger, r, &err)) {
		log_write(f->services->log, LOG_ERROR, "%s", err.message);
		if (r->status == STATUS_DONE || r->status == STATUS_NOTHING)
			fail(r, err.code, err.message);
	}
	done = r->status == STATUS_DONE || r->status == STATUS_NOTHING;
	event_emit(f->services->bus, done ? EVENT_RUN_COMPLETED : EVENT_RUN_FAILED, NULL, result_json(r));
}
