/* edit_explain.c: why old lines have no place, for the model that sent them: with
 * the real lines that come nearest.
 */
#include <string.h>

#include "repo/edit_match.h"

static struct edit_span doc_trimmed(const struct edit_doc *d, size_t i)
{
	return edit_trim((struct edit_span){ d->v[i].s, d->v[i].len });
}

/* The document line most like `l`; -1 when none is. */
static int64_t most_alike(struct edit_doc *d, struct edit_span l)
{
	int64_t at = -1;
	int best = 599;

	if (!edit_doc_spend(d, d->n * 8))
		return -1;
	for (size_t i = 0; i < d->n; i++) {
		int s = d->v[i].len > 2000 ? 0 : edit_alike(l, doc_trimmed(d, i));

		if (s > best) {
			best = s;
			at = (int64_t)i;
		}
	}
	return at;
}

/* Without votes: by the first old line of some length that has one alike. */
static int64_t nearest_start(struct edit_doc *d, const struct edit_pair *p)
{
	size_t tries = 0;

	for (size_t i = 0; i < p->n_old && tries < 8; i++) {
		struct edit_span l = edit_trim(p->old[i]);
		int64_t at;

		if (l.len < 4)
			continue;
		tries++;
		at = most_alike(d, l);
		if (at >= 0)
			return at > (int64_t)i ? at - (int64_t)i : 0;
	}
	return -1;
}

static void show_line(struct buf *out, size_t number, const char *s, size_t len)
{
	size_t cut = len < 200 ? len : 200;

	while (cut < len && cut > 190 && ((unsigned char)s[cut] & 0xc0) == 0x80)
		cut--;
	buf_addf(out, "\n%6zu | ", number);
	buf_add(out, s, cut);
	if (cut < len)
		buf_adds(out, "…");
}

static void show_difference(const struct edit_doc *d, const struct edit_pair *p, size_t start,
			    struct buf *out)
{
	for (size_t i = 0; i < p->n_old && start + i < d->n; i++) {
		struct edit_span real = doc_trimmed(d, start + i), old = edit_trim(p->old[i]);

		if (edit_span_eq(real, old))
			continue;
		buf_addf(out,
			 "\nfirst difference: line %zu; the answer has instead:", start + i + 1);
		show_line(out, start + i + 1, p->old[i].s, p->old[i].len);
		return;
	}
	if (start + p->n_old > d->n)
		buf_adds(out, "\nthe file ends here");
	else
		buf_adds(out, "\nthe indentation differs from the answer's");
}

/* Appends the lines of the file most like the old ones, with their numbers. */
static int nearest(struct edit_doc *d, const struct edit_pair *p, struct buf *out,
		   struct error *err)
{
	int64_t start = -1;
	size_t show = p->n_old < 12 ? p->n_old : 12;

	if (!d->n) {
		buf_adds(out, ": the file is empty");
		return 0;
	}
	if (edit_fuzzy_start(d, p, &start, err) < 0)
		return -1;
	if (start < 0)
		start = nearest_start(d, p);
	if (start < 0) {
		buf_adds(out, ", and no line of it is like them: look at the file again");
		return 0;
	}
	buf_adds(out, ".\nThe nearest lines of the file are:");
	for (size_t i = (size_t)start; i < (size_t)start + show && i < d->n; i++)
		show_line(out, i + 1, d->v[i].s, d->v[i].len);
	show_difference(d, p, (size_t)start, out);
	return 0;
}

static bool has_elision(const struct edit_pair *p, const char **ret, size_t *ret_len)
{
	for (size_t i = 0; i < p->n_old; i++)
		if (edit_is_elision(p->old[i], EDIT_CODE)) {
			*ret = p->old[i].s;
			*ret_len = p->old[i].len;
			return true;
		}
	return false;
}

/* The new text is there already: said so, because a model that repeats itself should not look for
 * another place. */
static bool already_there(const struct edit_doc *d, const struct edit_pair *p)
{
	size_t at = 0, k;
	uint32_t first;

	if (p->n_new < 2)
		return false;
	first = edit_doc_lookup(d, p->new[0].s, p->new[0].len);
	for (size_t tries = 0; first != EDIT_NO_ID && at + p->n_new <= d->n && tries < 1000; at++) {
		if (d->v[at].exact != first)
			continue;
		tries++;
		for (k = 0; k < p->n_new && k < 1000; k++)
			if (!edit_span_eq(p->new[k],
					  (struct edit_span){ d->v[at + k].s, d->v[at + k].len }))
				break;
		if (k == p->n_new)
			return true;
	}
	return false;
}

int edit_explain_missing(struct edit_doc *d, const struct edit_pair *p, int answer_line,
			 size_t n_splits, struct buf *out, struct error *err)
{
	const char *line;
	size_t len;

	if (!p->n_old) {
		buf_addf(out,
			 "the change at answer line %d has no line to find its place by: add "
			 "context lines",
			 answer_line);
		return 0;
	}
	buf_addf(out, "the old lines (answer line %d) are not in the file", answer_line);
	if (has_elision(p, &line, &len)) {
		buf_addf(out,
			 ": \"%.*s\" stands for lines left out; give every line as it is in the "
			 "file",
			 (int)(len < 100 ? len : 100), line);
		return 0;
	}
	if (already_there(d, p))
		buf_adds(out, ", but the new ones are already there");
	if (n_splits > 1)
		buf_addf(out, " (%zu ======= lines were each tried as the divider)", n_splits);
	return nearest(d, p, out, err);
}
