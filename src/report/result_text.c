/* result_text.c: the closing report on a terminal. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "report/paint.h"
#include "report/report.h"
#include "report/words.h"
#include "util/str.h"

enum { FINDINGS_SHOWN = 20 };

struct page {
	struct buf *out;
	const struct result *r;
	bool color, verbose;
	size_t columns;
};

static void label(const struct page *p, const char *name)
{
	text_label(p->out, p->color, TONE_DIM, name);
}

static void labelled(const struct page *p, const char *name, const char *text)
{
	label(p, name);
	text_wrap(p->out, text, LABEL_WIDTH, p->columns);
}

static enum tone status_tone(const struct result *r)
{
	if (result_succeeded(r))
		return TONE_GREEN;
	return r->status == STATUS_INTERRUPTED || r->status == STATUS_TERMINATED ? TONE_YELLOW : TONE_RED;
}

static void headline(const struct page *p)
{
	CLEANUP_BUF struct buf words = BUF_INIT(4096);
	char time[32];

	words_headline(&words, p->r);
	format_duration(p->r->duration_us, time);
	text_tone(p->out, p->color, status_tone(p->r));
	if (text_utf8())
		buf_adds(p->out, result_succeeded(p->r) ? "✔ " : "✘ ");
	buf_adds(p->out, buf_str(&words));
	text_untone(p->out, p->color, status_tone(p->r));
	text_tone(p->out, p->color, TONE_DIM);
	if (p->r->run.s[0])
		buf_addf(p->out, "  run %s, %s", ulid_short(p->r->run.s), time);
	text_untone(p->out, p->color, TONE_DIM);
	buf_addc(p->out, '\n');
}

static void summary(const struct page *p)
{
	CLEANUP_BUF struct buf words = BUF_INIT(4096);

	words_headline(&words, p->r);
	if (p->r->summary && *p->r->summary && !str_eq(p->r->summary, buf_str(&words))) {
		buf_adds(p->out, "  ");
		text_wrap(p->out, p->r->summary, 2, p->columns);
	}
	if (p->r->reason && *p->r->reason && !str_eq(p->r->reason, p->r->summary))
		labelled(p, "reason", p->r->reason);
}

static void gate_side(const struct page *p, const char *color, bool counts, int failed)
{
	CLEANUP_BUF struct buf side = BUF_INIT(64);

	words_gate_side(&side, color, counts, failed);
	text_paint(p->out, p->color, str_eq(color, "red") ? TONE_RED : TONE_GREEN, buf_str(&side));
}

static void gate(const struct page *p)
{
	const struct result *r = p->r;
	struct gate_words w = words_gate(r);

	if (!r->gate_ran)
		return;
	label(p, "gate");
	gate_side(p, w.before, w.counts_before, w.before_failed);
	buf_addf(p->out, " %s ", text_arrow());
	gate_side(p, w.after, w.counts_after, w.after_failed);
	buf_addf(p->out, ", %s\n", words_tests(r));
	if (r->gate_command)
		labelled(p, "", r->gate_command);
}

static void names(const struct page *p, const char *name, char *const *v, size_t n)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 16);

	if (n == 0)
		return;
	words_names(&text, v, n);
	labelled(p, name, buf_str(&text));
}

static void review(const struct page *p)
{
	CLEANUP_BUF struct buf text = BUF_INIT(4096);
	size_t open = 0;

	for (size_t i = 0; i < p->r->findings.n; i++)
		open += p->r->findings.v[i].open;
	if (!p->r->verdict) {
		if (p->r->status == STATUS_DONE && p->r->head)
			labelled(p, "review", "none: --phases left it out");
		return;
	}
	text_fit(&text, p->r->verdict, 20);
	if (p->r->findings.n > 0) {
		buf_adds(&text, ", ");
		text_plural(&text, (int64_t)open, "open finding");
		if (p->r->findings.n > open)
			buf_addf(&text, ", %zu settled", p->r->findings.n - open);
	}
	labelled(p, "review", buf_str(&text));
}

static void facts(const struct page *p)
{
	const struct result *r = p->r;
	CLEANUP_BUF struct buf proof = BUF_INIT(4096);
	CLEANUP_BUF struct buf change = BUF_INIT(1 << 16);

	words_proof(&proof, r);
	labelled(p, "proof", buf_str(&proof));
	gate(p);
	names(p, "fixed", r->fixed, r->n_fixed);
	names(p, "broken", r->broken, r->n_broken);
	names(p, words_known(r), r->known_failures, r->n_known_failures);
	review(p);
	if (r->head) {
		words_change(&change, r);
		labelled(p, "change", buf_str(&change));
	}
	if (r->base_is_snapshot)
		labelled(p, "base", "HEAD with your uncommitted work; your tree is as it was");
	/* One line, so that whoever looks for these words finds them. */
	if (r->recorded)
		buf_adds(p->out, "answers: recorded, not from a live model\n");
}

static void finding(const struct page *p, const struct finding *f)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 16);

	text_label(p->out, p->color, f->open ? severity_tone(f->severity) : TONE_DIM,
		   severity_name(f->severity));
	if (f->file)
		buf_adds(&text, f->file);
	if (f->file && f->line > 0)
		buf_addf(&text, ":%d", f->line);
	buf_addf(&text, "%s%s", text.len ? ": " : "", f->title ? f->title : "");
	if (f->cwe)
		buf_addf(&text, " (%s)", f->cwe);
	if (!f->open)
		buf_adds(&text, ", settled");
	text_wrap(p->out, buf_str(&text), LABEL_WIDTH, p->columns);
	if (p->verbose && f->detail && *f->detail)
		labelled(p, "", f->detail);
	if (f->open && f->suggestion && *f->suggestion)
		labelled(p, "", f->suggestion);
}

static int findings(const struct page *p)
{
	const struct findings *f = &p->r->findings;
	size_t *order;

	if (f->n == 0)
		return 0;
	order = words_finding_order(f);
	if (!order)
		return -1;
	buf_addc(p->out, '\n');
	for (size_t i = 0; i < f->n && i < FINDINGS_SHOWN; i++)
		finding(p, &f->v[order[i]]);
	if (f->n > FINDINGS_SHOWN)
		buf_addf(p->out, "%*sand %zu more: council show %s\n", LABEL_WIDTH, "",
			 f->n - FINDINGS_SHOWN, ulid_short(p->r->run.s));
	free(order);
	return 0;
}

static int costs(const struct page *p)
{
	struct table table;
	char spent[64], cap[32];

	if (p->r->n_personas == 0)
		return 0;
	if (words_table(p->r, &table) < 0)
		return -1;
	buf_addc(p->out, '\n');
	table_render(p->out, &table, p->columns, p->color);
	strv_release(&table.cells);
	if (p->r->budget_nano >= 0) {
		format_cost(p->r->cost_nano, INT_MAX, p->r->unknown_cost_calls, spent);
		money_format(p->r->budget_nano, cap);
		label(p, "budget");
		buf_addf(p->out, "%s of %s\n", spent, cap);
	}
	return 0;
}

/* The last line is the one to try next. */
static void commands(const struct page *p)
{
	const struct result *r = p->r;
	const char *id = ulid_short(r->run.s);
	CLEANUP_BUF struct buf next = BUF_INIT(4096);

	report_next_step(&next, r);
	if (!r->run.s[0] || (!r->head && next.len == 0))
		return;
	buf_addc(p->out, '\n');
	if (r->head && !r->applied) {
		label(p, "look");
		buf_addf(p->out, "council diff %s\n", id);
	}
	if (r->head && result_succeeded(r)) {
		label(p, "go on");
		buf_addf(p->out, "council run --continue %s \"also %s\"\n", id, text_ellipsis());
	}
	if (r->applied) {
		label(p, "undo");
		buf_addf(p->out, "council undo %s\n", id);
	}
	if (next.len > 0) {
		/* After a failure the line holds the command and nothing else: scripts take it. */
		if (r->status == STATUS_DONE)
			label(p, "apply");
		else
			buf_adds(p->out, "try next\n  ");
		text_paint(p->out, p->color, TONE_BOLD, buf_str(&next));
		buf_addc(p->out, '\n');
	}
}

int report_result(struct buf *out, const struct result *r, const struct report_style *style)
{
	struct page p = { .out = out, .r = r, .color = style->color, .verbose = style->verbose,
			  .columns = style->columns > 0 ? (size_t)style->columns : 80 };

	headline(&p);
	summary(&p);
	if (!style->quiet)
		buf_addc(out, '\n');
	facts(&p);
	if (!style->quiet && (findings(&p) < 0 || costs(&p) < 0))
		return -1;
	commands(&p);
	return out->failed ? -1 : 0;
}
