/* markdown.c: the closing report as GitHub-flavoured Markdown, for `council
 * show --markdown` and CI summaries. Whatever models wrote is escaped. */
#include <stdlib.h>
#include <string.h>

#include "report/report.h"
#include "report/words.h"
#include "util/str.h"

static void item(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, "- **%s**: ", name);
	markdown_escape(out, text);
	buf_addc(out, '\n');
}

static void gate(struct buf *out, const struct result *r)
{
	struct gate_words w = words_gate(r);

	if (!r->gate_ran)
		return;
	buf_adds(out, "- **gate**: ");
	words_gate_side(out, w.before, w.counts_before, w.before_failed);
	buf_adds(out, " → ");
	words_gate_side(out, w.after, w.counts_after, w.after_failed);
	buf_addf(out, ", %s", words_tests(r));
	if (r->gate_command) {
		buf_adds(out, " (");
		markdown_escape(out, r->gate_command);
		buf_addc(out, ')');
	}
	buf_addc(out, '\n');
}

static void names(struct buf *out, const char *name, char *const *v, size_t n)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 16);

	if (n == 0)
		return;
	words_names(&text, v, n);
	item(out, name, buf_str(&text));
}

static void facts(struct buf *out, const struct result *r)
{
	CLEANUP_BUF struct buf proof = BUF_INIT(4096);
	CLEANUP_BUF struct buf change = BUF_INIT(1 << 16);

	words_proof(&proof, r);
	item(out, "proof", buf_str(&proof));
	gate(out, r);
	names(out, "fixed", r->fixed, r->n_fixed);
	names(out, "broken", r->broken, r->n_broken);
	names(out, words_known(r), r->known_failures, r->n_known_failures);
	if (r->verdict)
		item(out, "review", r->verdict);
	if (r->head) {
		words_change(&change, r);
		item(out, "change", buf_str(&change));
	}
	if (r->base_is_snapshot)
		item(out, "base", "HEAD with uncommitted work");
	if (r->recorded)
		item(out, "answers", "recorded, not from a live model");
}

/* A paragraph that belongs to the list item above it. */
static void under(struct buf *out, const char *text)
{
	if (!text || !*text)
		return;
	buf_adds(out, "\n  ");
	markdown_escape(out, text);
	buf_adds(out, "\n");
}

static int findings(struct buf *out, const struct findings *f)
{
	size_t *order;

	if (f->n == 0)
		return 0;
	order = words_finding_order(f);
	if (!order)
		return -1;
	buf_adds(out, "\n### Findings\n\n");
	for (size_t i = 0; i < f->n; i++) {
		const struct finding *v = &f->v[order[i]];

		buf_addf(out, "- **%s**", severity_name(v->severity));
		if (v->file) {
			buf_addc(out, ' ');
			markdown_escape(out, v->file);
			if (v->line > 0)
				buf_addf(out, ":%d", v->line);
		}
		buf_adds(out, ": ");
		markdown_escape(out, v->title);
		if (v->cwe) {
			buf_adds(out, " (");
			markdown_escape(out, v->cwe);
			buf_addc(out, ')');
		}
		buf_adds(out, v->open ? "\n" : ", settled\n");
		under(out, v->detail);
		under(out, v->open ? v->suggestion : NULL);
	}
	free(order);
	return 0;
}

int report_markdown(struct buf *out, const struct result *r)
{
	CLEANUP_BUF struct buf next = BUF_INIT(4096);
	CLEANUP_BUF struct buf headline = BUF_INIT(4096);
	char time[32];

	words_headline(&headline, r);
	format_duration(r->duration_us, time);
	buf_adds(out, "## council: ");
	markdown_escape(out, buf_str(&headline));
	buf_adds(out, "\n\n");
	if (r->summary && *r->summary) {
		markdown_escape(out, r->summary);
		buf_adds(out, "\n\n");
	}
	if (r->reason && *r->reason && !str_eq(r->reason, r->summary)) {
		markdown_escape(out, r->reason);
		buf_adds(out, "\n\n");
	}
	facts(out, r);
	if (findings(out, &r->findings) < 0)
		return -1;
	if (r->n_personas > 0) {
		struct table table;

		if (words_table(r, &table) < 0)
			return -1;
		buf_adds(out, "\n### Cost\n\n");
		table_markdown(out, &table);
		strv_release(&table.cells);
	}
	buf_addf(out, "\nRun `%s`, %s.", ulid_short(r->run.s), time);
	report_next_step(&next, r);
	if (next.len > 0)
		buf_addf(out, " Next: `%s`", buf_str(&next));
	buf_addc(out, '\n');
	return out->failed ? -1 : 0;
}
