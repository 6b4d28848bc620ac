/* edit_merge.c: how a matched hunk changes the document.
 *
 * Lines that old and new text share are kept as the file has them; so trailing
 * blanks, line ends and small differences that the model never meant to change
 * survive a match that was not exact. Only new lines are written, with the
 * indentation carried over to that of the file.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/edit_match.h"

enum { LCS_CELLS_MAX = 1 << 20, INDENT_MAX = 256 };

/* ---- indentation ------------------------------------------------------- */

/* The indentation by the rule's tab width, into out[INDENT_MAX * 8]. */
static size_t convert_indent(const struct edit_indent *in, struct edit_span indent, char *out)
{
	size_t columns = 0, n = 0;

	if (in->convert == INDENT_AS_IS || indent.len > INDENT_MAX) {
		size_t len = indent.len < INDENT_MAX * 8 ? indent.len : INDENT_MAX * 8;

		if (len)
			memcpy(out, indent.s, len);
		return len;
	}
	for (size_t i = 0; i < indent.len; i++)
		columns += indent.s[i] == '\t' ? in->width - columns % in->width : 1;
	if (in->convert == INDENT_TO_TABS) {
		for (; columns >= in->width; columns -= in->width)
			out[n++] = '\t';
	}
	while (columns-- && n < INDENT_MAX * 8)
		out[n++] = ' ';
	return n;
}

static struct edit_span indent_of(struct edit_span l)
{
	return (struct edit_span){ l.s, edit_indent_len(l) };
}

static bool ends_with(struct edit_span s, struct edit_span tail)
{
	return s.len >= tail.len &&
	       (tail.len == 0 || !memcmp(s.s + s.len - tail.len, tail.s, tail.len));
}

/* Sets prefix and strip so that `converted` becomes `file`; false if neither holds the other. */
static bool find_prefix(struct edit_indent *in, const char *converted, size_t n,
			struct edit_span file, struct edit_span model)
{
	struct edit_span c = { converted, n };

	if (ends_with(file, c)) {
		in->strip = false;
		in->prefix = file.s;
		in->prefix_len = file.len - n;
		return true;
	}
	if (!ends_with(c, file) || in->convert != INDENT_AS_IS)
		return false;
	in->strip = true;
	in->prefix = model.s; /* as is: the converted text is the model's own */
	in->prefix_len = n - file.len;
	return true;
}

/* What the rule makes of an indentation, into out[INDENT_MAX * 9]. */
static size_t apply_indent(const struct edit_indent *in, struct edit_span indent, char *out)
{
	char converted[INDENT_MAX * 8];
	size_t n = convert_indent(in, indent, converted), cut = 0, lead = 0;

	if (in->strip) {
		while (cut < n && cut < in->prefix_len && converted[cut] == in->prefix[cut])
			cut++;
	} else if (in->prefix_len) {
		lead = in->prefix_len < INDENT_MAX ? in->prefix_len : INDENT_MAX;
		memcpy(out, in->prefix, lead);
	}
	memcpy(out + lead, converted + cut, n - cut);
	return lead + n - cut;
}

/* Does the rule hold for at least `percent` of the mapped lines that are not blank? */
static bool rule_holds(const struct edit_doc *d, const struct edit_pair *p, const int64_t *map,
		       const struct edit_indent *in, unsigned percent)
{
	size_t seen = 0, good = 0;

	for (size_t i = 0; i < p->n_old; i++) {
		char out[INDENT_MAX * 9];
		const struct edit_line *l;
		struct edit_span want;
		size_t n;

		if (map[i] < 0 || edit_is_blank(p->old[i]))
			continue;
		l = &d->v[map[i]];
		want = indent_of((struct edit_span){ l->s, l->len });
		n = apply_indent(in, indent_of(p->old[i]), out);
		seen++;
		good += n == want.len && (n == 0 || !memcmp(out, want.s, n));
		if (percent == 100 && good < seen)
			return false;
	}
	return good * 100 >= seen * percent;
}

static const struct edit_indent conversions[] = {
	{ .convert = INDENT_AS_IS },
	{ .convert = INDENT_TO_TABS, .width = 4 },
	{ .convert = INDENT_TO_TABS, .width = 8 },
	{ .convert = INDENT_TO_TABS, .width = 2 },
	{ .convert = INDENT_TO_TABS, .width = 3 },
	{ .convert = INDENT_TO_SPACES, .width = 4 },
	{ .convert = INDENT_TO_SPACES, .width = 2 },
	{ .convert = INDENT_TO_SPACES, .width = 8 },
	{ .convert = INDENT_TO_SPACES, .width = 3 },
};

bool edit_indent_find(const struct edit_doc *d, const struct edit_pair *p, const int64_t *map,
		      unsigned percent, struct edit_indent *ret)
{
	size_t n = sizeof(conversions) / sizeof(conversions[0]), samples = 0;

	for (size_t i = 0; i < n; i++)
		if (rule_holds(d, p, map, &conversions[i], percent)) {
			*ret = conversions[i];
			return true;
		}
	for (size_t line = 0; line < p->n_old && samples < 3; line++) {
		struct edit_span model = indent_of(p->old[line]), file;

		if (map[line] < 0 || edit_is_blank(p->old[line]))
			continue;
		samples++;
		file = indent_of((struct edit_span){ d->v[map[line]].s, d->v[map[line]].len });
		for (size_t i = 0; i < n; i++) {
			struct edit_indent in = conversions[i];
			char converted[INDENT_MAX * 8];
			size_t len = convert_indent(&in, model, converted);

			if (find_prefix(&in, converted, len, file, model) &&
			    rule_holds(d, p, map, &in, percent)) {
				*ret = in;
				return true;
			}
		}
	}
	return false;
}

/* ---- which lines stay --------------------------------------------------- */

static bool same(const struct edit_pair *p, size_t i, size_t j)
{
	return edit_span_eq(p->old[i], p->new[j]);
}

/* keep[j]: the old line that new line j is, or EDIT_UNMAPPED; for the part between
 * the common beginning [0, head) and the common end. */
static int keep_middle(struct edit_doc *d, const struct edit_pair *p, size_t head, size_t n_old,
		       size_t n_new, int64_t *keep)
{
	size_t w = n_new + 1;
	uint32_t *t;

	if (!n_old || !n_new || n_old >= LCS_CELLS_MAX || w >= LCS_CELLS_MAX / (n_old + 1))
		return 0;
	if (!edit_doc_spend(d, n_old * n_new))
		return 0; /* nothing is kept: right as well, only less gentle */
	t = calloc((n_old + 1) * w, sizeof(*t));
	if (!t)
		return -1;
	for (size_t i = n_old; i-- > 0;)
		for (size_t j = n_new; j-- > 0;) {
			uint32_t down = t[(i + 1) * w + j], right = t[i * w + j + 1];

			if (same(p, head + i, head + j))
				t[i * w + j] = t[(i + 1) * w + j + 1] + 1;
			else
				t[i * w + j] = down > right ? down : right;
		}
	for (size_t i = 0, j = 0; i < n_old && j < n_new;) {
		if (same(p, head + i, head + j)) {
			keep[head + j] = (int64_t)(head + i);
			i++;
			j++;
		} else if (t[(i + 1) * w + j] >= t[i * w + j + 1]) {
			i++;
		} else {
			j++;
		}
	}
	free(t);
	return 0;
}

static int64_t *kept_lines(struct edit_doc *d, const struct edit_pair *p)
{
	size_t least = p->n_old < p->n_new ? p->n_old : p->n_new, head = 0, tail = 0;
	int64_t *keep = malloc((p->n_new + 1) * sizeof(*keep));

	if (!keep)
		return NULL;
	for (size_t j = 0; j < p->n_new; j++)
		keep[j] = EDIT_UNMAPPED;
	while (head < least && same(p, head, head)) {
		keep[head] = (int64_t)head;
		head++;
	}
	while (tail < least - head && same(p, p->n_old - tail - 1, p->n_new - tail - 1)) {
		tail++;
		keep[p->n_new - tail] = (int64_t)(p->n_old - tail);
	}
	if (keep_middle(d, p, head, p->n_old - head - tail, p->n_new - head - tail, keep) < 0) {
		free(keep);
		return NULL;
	}
	return keep;
}

/* ---- writing ------------------------------------------------------------ */

struct writer {
	struct edit_doc *d;
	const struct edit_match *m;
	struct edit_line *out; /* room for every new line and every line of the window */
	size_t n;
	size_t start, end; /* the window of the document */
	size_t file;	   /* next document line not dealt with */
	bool crlf;	   /* line ends of new lines */
};

static int write_new(struct writer *w, struct edit_span l)
{
	const struct edit_indent *in = &w->m->indent;
	struct edit_line *o = &w->out[w->n];
	char indent[INDENT_MAX * 9];
	struct edit_span lead = indent_of(l);
	size_t n;
	char *s;

	*o = (struct edit_line){ .s = l.s, .len = (uint32_t)l.len, .crlf = w->crlf };
	w->n++;
	if ((in->convert == INDENT_AS_IS && !in->prefix_len) || edit_is_blank(l) ||
	    lead.len > INDENT_MAX)
		return 0;
	n = apply_indent(in, lead, indent);
	s = edit_doc_alloc(w->d, n + l.len - lead.len);
	if (!s)
		return -1;
	memcpy(s, indent, n);
	memcpy(s + n, l.s + lead.len, l.len - lead.len);
	o->s = s;
	o->len = (uint32_t)(n + l.len - lead.len);
	return 0;
}

/* Deals with the document's lines up to `to`. Lines that the old text does not show are kept
 * between two kept lines, and dropped if blank; else the model would delete what it
 * never saw: false. */
static bool pass_lines(struct writer *w, size_t to, const bool *shown, bool keep)
{
	for (; w->file < to; w->file++) {
		struct edit_line *l = &w->d->v[w->file];

		if (shown[w->file - w->start])
			continue;
		if (keep)
			w->out[w->n++] = *l;
		else if (l->trim != w->d->blank)
			return false;
	}
	return true;
}

static int write_lines(struct writer *w, const int64_t *keep, const bool *shown)
{
	const struct edit_pair *p = &w->m->pair;
	int64_t last = EDIT_UNMAPPED; /* old line kept last */

	for (size_t j = 0; j < p->n_new; j++) {
		int64_t old = keep[j], at; /* NOLINT(clang-analyzer-core.uninitialized.Assign) */

		if (old < 0) {
			if (write_new(w, p->new[j]) < 0)
				return -1;
			continue;
		}
		at = w->m->map[old];
		if (at >= 0) {
			if (!pass_lines(w, (size_t)at, shown, old == last + 1))
				return 1;
			w->out[w->n++] = w->d->v[at];
			w->file = (size_t)at + 1;
		}
		last = old;
	}
	return pass_lines(w, w->end, shown, false) ? 0 : 1;
}

static void find_window(struct writer *w)
{
	const struct edit_match *m = w->m;
	bool any = false;

	for (size_t i = 0; i < m->pair.n_old; i++) {
		if (m->map[i] < 0)
			continue;
		if (!any)
			w->start = (size_t)m->map[i];
		w->end = (size_t)m->map[i] + 1;
		any = true;
	}
	if (!any)
		w->start = w->end = m->places[0];
	w->file = w->start;
	w->crlf = w->start < w->d->n && any ? w->d->v[w->start].crlf : w->d->crlf;
}

int edit_merge(struct edit_doc *d, const struct edit_match *m, size_t *ret_end, struct error *err)
{
	struct writer w = { .d = d, .m = m };
	int64_t *keep = kept_lines(d, &m->pair);
	bool *shown = NULL;
	int rc = -1;

	find_window(&w);
	w.out = calloc(m->pair.n_new + (w.end - w.start) + 1, sizeof(*w.out));
	shown = calloc(w.end - w.start + 1, sizeof(*shown));
	if (keep && w.out && shown) {
		for (size_t i = 0; i < m->pair.n_old; i++)
			if (m->map[i] >= 0)
				shown[(size_t)m->map[i] - w.start] = true;
		rc = write_lines(&w, keep, shown);
	}
	if (rc < 0)
		error_oom(err);
	if (rc == 0)
		rc = edit_doc_replace(d, w.start, w.end, w.out, w.n, err);
	if (rc == 0)
		*ret_end = w.start + w.n;
	free(keep);
	free(shown);
	free(w.out);
	return rc;
}
