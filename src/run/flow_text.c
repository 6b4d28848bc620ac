#include "run/flow.h"

#include <string.h>

#include "util/str.h"

static void add_bullets(struct buf *out, const char *title, const struct strv *list)
{
	if (list->n == 0)
		return;
	buf_addf(out, "%s:\n", title);
	for (size_t i = 0; i < list->n; i++)
		buf_addf(out, "- %s\n", list->v[i]);
}

char *step_text(const struct plan_step *s)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);

	buf_addf(&out, "%s\n%s\n", s->title, s->instructions);
	add_bullets(&out, "Files", &s->files);
	add_bullets(&out, "What must hold", &s->tests);
	return buf_steal(&out, NULL);
}

char *whole_plan_text(const struct plan *p)
{
	CLEANUP_BUF struct buf out = BUF_INIT(4 << 20);

	buf_addf(&out, "%s\n", p->summary);
	for (size_t i = 0; i < p->n_steps; i++)
		buf_addf(&out, "%zu. %s: %s\n", i + 1, p->steps[i].title, p->steps[i].instructions);
	return buf_steal(&out, NULL);
}

/* The gate in words, with the end of its output where it is red. */
char *gate_in_words(const struct flow *f, const struct gate_result *g)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);
	const char *tail;
	size_t len;

	if (!f->has_gate)
		return str_dup("No tests are run for this repository.\n");
	/* what is gone on with has not been judged in this run yet */
	if (g == &f->base && f->env.options->parent_head)
		buf_adds(&out, "Before the earlier work: ");
	buf_addf(&out, "`%s` ", f->env.gate_test ? f->env.gate_test : f->env.gate_build);
	if (g->state == GATE_GREEN) {
		buf_adds(&out, "passes");
		if (g->tests.known)
			buf_addf(&out, " (%d tests)", g->tests.passed);
		buf_adds(&out, ".\n");
		return buf_steal(&out, NULL);
	}
	buf_adds(&out, g->build_failed ? "fails to build" : "fails");
	if (g->tests.known)
		buf_addf(&out, " (%d of %d tests)", g->tests.failed, g->tests.failed + g->tests.passed);
	tail = g->output ? g->output : "";
	len = strlen(tail);
	if (len > 4000)
		tail += len - 4000;
	while ((*tail & 0xC0) == 0x80)
		tail++;
	buf_addf(&out, ". The end of its output:\n%s\n", tail);
	return buf_steal(&out, NULL);
}
