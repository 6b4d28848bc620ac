/* words.c: see words.h. */
#include "report/words.h"

#include <stdlib.h>
#include <string.h>

#include "util/str.h"

enum { NAMES_SHOWN = 5, NAME_COLUMNS = 60 };

static const char *headline(const struct result *r)
{
	switch (r->status) {
	case STATUS_DONE:
		return r->applied ? "done and applied" : "done";
	case STATUS_NOTHING:
		return "nothing to change, and the gate is green";
	case STATUS_GATE:
		if (r->proof == PROOF_GREEN_ONLY)
			return "not done: green, but no test proves it";
		if (!r->gate_ran || r->proof != PROOF_NONE)
			return "not done";
		return r->after.green ? "not done: the edits never applied" : "not done: the gate fails";
	case STATUS_REVIEW:
		return str_eq(r->verdict, "block") ? "not done: the review blocks it"
						   : "not done: the review still wants changes";
	case STATUS_BUDGET:
		return "stopped: the budget is spent";
	case STATUS_ENDPOINT:
		return "stopped: the endpoint gave no usable answer";
	case STATUS_SANDBOX:
		return "stopped: no sandbox";
	case STATUS_USAGE:
		return "stopped: something has to be set right first";
	case STATUS_INTERRUPTED:
		return "interrupted";
	case STATUS_TERMINATED:
		return "terminated";
	case STATUS_INTERNAL:
		break;
	}
	return "stopped: internal error";
}

void words_headline(struct buf *out, const struct result *r)
{
	buf_adds(out, headline(r));
}

void words_proof(struct buf *out, const struct result *r)
{
	buf_adds(out, proof_name(r->proof));
	if (r->proof == PROOF_RED_GREEN && r->n_fixed > 0) {
		buf_adds(out, ": ");
		text_plural(out, (int64_t)r->n_fixed, "test");
		buf_adds(out, " failed before and pass");
		buf_adds(out, r->n_fixed == 1 ? "es now" : " now");
	} else if (r->proof == PROOF_RED_GREEN) {
		buf_adds(out, ": the command failed before and passes now");
	} else if (r->proof == PROOF_GREEN_ONLY) {
		buf_adds(out, ": the gate passes; no test is known to have failed before");
	} else if (r->no_gate) {
		buf_adds(out, ": there is no gate (--no-gate)");
	}
}

void words_change(struct buf *out, const struct result *r)
{
	text_plural(out, r->files_changed, "file");
	buf_addf(out, ", +%d -%d", r->insertions, r->deletions);
	if (r->branch) {
		buf_adds(out, ", on branch ");
		text_clean(out, r->branch, strlen(r->branch), false);
	}
}

void words_names(struct buf *out, char *const *v, size_t n)
{
	for (size_t i = 0; i < n && i < NAMES_SHOWN; i++) {
		if (i > 0)
			buf_adds(out, ", ");
		text_fit(out, v[i], NAME_COLUMNS);
	}
	if (n > NAMES_SHOWN)
		buf_addf(out, " and %zu more", n - NAMES_SHOWN);
}

struct gate_words words_gate(const struct result *r)
{
	struct gate_words w = { .before = r->before.green ? "green" : "red",
				.after = r->after.green ? "green" : "red" };

	w.counts_before = r->before.known;
	w.counts_after = r->after.known;
	w.before_failed = r->before.failed;
	w.after_failed = r->after.failed;
	/* "red 0": the tests that were named pass, and yet the command failed. */
	if (str_eq(w.after, "red") && r->after.failed == 0)
		w.counts_after = false;
	if (str_eq(w.before, "red") && r->before.failed == 0)
		w.counts_before = false;
	/* A side without a count next to one with a count would say less than it seems to. */
	if (!w.counts_before && str_eq(w.after, "green"))
		w.counts_after = false;
	return w;
}

void words_gate_side(struct buf *out, const char *color, bool counts, int failed)
{
	if (counts)
		buf_addf(out, "%s %d", color, failed);
	else
		buf_adds(out, color);
}

const char *words_tests(const struct result *r)
{
	return r->tests_touched ? "tests changed" : "tests untouched";
}

const char *words_known(const struct result *r)
{
	return r->status == STATUS_GATE ? "failing" : "accepted";
}

static const struct table_column usage_columns[] = {
	{ .head = "persona" },
	{ .head = "model", .shrink = true, .drop = 5 },
	{ .head = "calls", .right = true, .drop = 3 },
	{ .head = "in", .right = true, .drop = 1 },
	{ .head = "cached", .right = true, .drop = 4 },
	{ .head = "out", .right = true, .drop = 1 },
	{ .head = "time", .right = true, .drop = 2 },
	{ .head = "cost", .right = true },
	{ .head = NULL },
};

static int add_cleaned(struct strv *cells, const char *s)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 16);

	text_fit(&b, s ? s : "", 120);
	return strv_add(cells, buf_str(&b));
}

static int add_count(struct strv *cells, int64_t n, bool estimated)
{
	char text[32];

	format_count(n, text);
	return strv_addf(cells, "%s%s", estimated ? "~" : "", text);
}

static int add_row(struct strv *cells, const struct persona_usage *p)
{
	char time[32], cost[64];

	format_duration(p->duration_us, time);
	format_cost(p->cost_nano, p->calls, p->unknown_cost_calls, cost);
	if (add_cleaned(cells, p->persona) < 0 || add_cleaned(cells, p->model) < 0 ||
	    add_count(cells, p->calls, false) < 0 ||
	    add_count(cells, p->input + p->cache_write, p->estimated) < 0 ||
	    add_count(cells, p->cache_read, p->estimated) < 0 ||
	    add_count(cells, p->output, p->estimated) < 0 || strv_add(cells, time) < 0 ||
	    strv_add(cells, cost) < 0)
		return -1;
	return 0;
}

int words_table(const struct result *r, struct table *ret)
{
	struct persona_usage sum = { .persona = "total" };

	*ret = (struct table){ .columns = usage_columns, .total = true };
	for (size_t i = 0; i < r->n_personas; i++) {
		const struct persona_usage *p = &r->persona[i];

		if (add_row(&ret->cells, p) < 0)
			goto fail;
		sum.calls += p->calls;
		sum.input += p->input;
		sum.cache_read += p->cache_read;
		sum.cache_write += p->cache_write;
		sum.output += p->output;
		sum.duration_us += p->duration_us;
		sum.estimated |= p->estimated;
	}
	sum.cost_nano = r->cost_nano;
	sum.unknown_cost_calls = r->unknown_cost_calls;
	if (add_row(&ret->cells, &sum) < 0)
		goto fail;
	return 0;
fail:
	strv_release(&ret->cells);
	return -1;
}

static int rank(const struct finding *f)
{
	return (f->open ? 100 : 0) + (int)f->severity;
}

size_t *words_finding_order(const struct findings *f)
{
	size_t *order = calloc(f->n + 1, sizeof(*order));
	size_t n = 0;

	/* Highest rank first; within a rank as they came. */
	for (int wanted = 100 + SEVERITY_CRITICAL; order && wanted >= 0; wanted--)
		for (size_t i = 0; i < f->n; i++)
			if (rank(&f->v[i]) == wanted)
				order[n++] = i;
	return order;
}
