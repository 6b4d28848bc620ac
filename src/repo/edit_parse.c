/* edit_parse.c: the block format, and who reads what of an answer.
 *
 * The answer is read once, line by line. Outside of a fence a line may name a
 * path, open a fence, be a marker (models forget fences), or begin a patch.
 * Inside, the first lines tell what the fence holds: markers, a patch, or a
 * whole file. A fence that no path belongs to is an example and is passed over.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/edit_parser.h"
#include "util/str.h"

/* ---- the list ----------------------------------------------------------- */

static void hunk_release(struct edit_hunk *h)
{
	free(h->body);
	free(h->splits);
	free(h->old_text);
	free(h->new_text);
	free(h->anchor);
}

void edit_list_release(struct edit_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		struct edit *e = &l->v[i];

		for (size_t k = 0; k < e->n_hunks; k++)
			hunk_release(&e->hunks[k]);
		free(e->hunks);
		free(e->path);
		free(e->new_path);
		free(e->content);
	}
	free(l->v);
	*l = (struct edit_list){ 0 };
}

struct edit_span edit_parser_line(const struct edit_parser *p, size_t i)
{
	struct edit_span s = { p->text + p->start[i], p->start[i + 1] - p->start[i] };

	if (s.len && s.s[s.len - 1] == '\n')
		s.len--;
	if (s.len && s.s[s.len - 1] == '\r')
		s.len--;
	return s;
}

int edit_add_line(struct buf *out, struct edit_span s, size_t indent)
{
	size_t cut = 0;

	while (cut < indent && cut < s.len && (s.s[cut] == ' ' || s.s[cut] == '\t'))
		cut++;
	buf_add(out, s.s + cut, s.len - cut);
	return buf_addc(out, '\n');
}

struct edit *edit_parser_add(struct edit_parser *p, enum edit_kind kind, struct edit_span path,
			     size_t line, const char *format)
{
	struct edit_list *l = p->out;
	struct edit *e;

	if (l->n == EDIT_MAX_EDITS) {
		error_set(p->err, STATUS_GATE, "answer line %zu: more than %d edits in one answer",
			  line + 1, EDIT_MAX_EDITS);
		return NULL;
	}
	if (!path.len) {
		error_set(p->err, STATUS_GATE, "answer line %zu: an edit that names no file",
			  line + 1);
		return NULL;
	}
	if (l->n == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 8;

		e = realloc(l->v, cap * sizeof(*e));
		if (!e) {
			error_oom(p->err);
			return NULL;
		}
		l->v = e;
		p->cap = cap;
	}
	e = &l->v[l->n];
	*e = (struct edit){ .kind = kind, .answer_line = (int)line + 1, .format = format };
	e->path = str_ndup(path.s, path.len);
	if (!e->path) {
		error_oom(p->err);
		return NULL;
	}
	l->n++;
	return e;
}

struct edit_hunk *edit_parser_add_hunk(struct edit_parser *p, struct edit *e, size_t line)
{
	struct edit_hunk *v;

	if (p->n_hunks == EDIT_MAX_HUNKS) {
		error_set(p->err, STATUS_GATE,
			  "answer line %zu: more than %d changes in one answer", line + 1,
			  EDIT_MAX_HUNKS);
		return NULL;
	}
	if ((e->n_hunks & (e->n_hunks - 1)) == 0) { /* 0 and powers of two: full */
		v = realloc(e->hunks, (e->n_hunks ? e->n_hunks * 2 : 1) * sizeof(*v));
		if (!v) {
			error_oom(p->err);
			return NULL;
		}
		e->hunks = v;
	}
	p->n_hunks++;
	v = &e->hunks[e->n_hunks++];
	*v = (struct edit_hunk){ .answer_line = (int)line + 1 };
	return v;
}

/* ---- the answer --------------------------------------------------------- */

static void forget_names(struct edit_reader *r)
{
	r->path.len = r->near.len = 0;
	r->near_lines = 0;
	r->listed = false;
}

/* Is line i a marker, or a fence that holds some? Then a bare word above it is a path. */
static bool marks_follow(const struct edit_reader *r, size_t i)
{
	struct edit_fence f;
	struct edit_span l;

	if (i >= r->p.n)
		return false;
	l = edit_parser_line(&r->p, i);
	return edit_mark_of(l).kind != MARK_NONE ||
	       (edit_fence_open(l, &f) && edit_fence_content(r, i + 1, &f) == HOLDS_MARKS);
}

/* A line outside of fences that is no edit: it may name the file of what follows. */
static void prose_line(struct edit_reader *r, size_t i)
{
	struct edit_span l = edit_parser_line(&r->p, i), named;
	bool above = r->path.len && i > 0 && edit_trim(edit_parser_line(&r->p, i - 1)).len;

	if (!edit_trim(l).len)
		return;
	if (edit_is_no_changes(l)) {
		r->say_no_changes = true;
	} else if (edit_name_line(l, false, &named)) {
		r->listed = above;
		r->path = r->near = named;
		r->near_lines = 0;
		return;
	} else if (edit_name_prose(l, &named)) {
		r->near = named;
		r->near_lines = 0;
	} else if (marks_follow(r, i + 1) && edit_name_line(l, true, &named)) {
		r->path = r->near = named;
		return;
	} else if (r->near_lines++ >= 4) {
		r->near.len = 0;
	}
	r->path.len = 0;
}

static int parse_line(struct edit_reader *r, size_t i, size_t *ret_next)
{
	struct edit_span l = edit_parser_line(&r->p, i), path;
	struct edit_mark m = edit_mark_of(l);
	struct edit_fence f;

	if (edit_fence_open(l, &f)) {
		if (edit_parse_fence(r, i, &f, ret_next) < 0)
			return -1;
	} else if (m.kind != MARK_NONE) {
		path = r->path.len ? r->path : r->near;
		if (edit_parse_mark(r, i, &m, &path, m.indent, false, ret_next) < 0)
			return -1;
		r->current = path;
	} else if (edit_is_envelope(l)) {
		if (edit_parse_envelope(&r->p, i, r->p.n, ret_next) < 0)
			return -1;
	} else if (edit_is_diff(&r->p, i)) {
		if (edit_parse_diff(&r->p, i, r->p.n, (struct edit_span){ 0 }, ret_next) < 0)
			return -1;
		if (*ret_next == i)
			*ret_next = i + 1;
	} else {
		prose_line(r, i);
		*ret_next = i + 1;
		return 0;
	}
	forget_names(r);
	return 0;
}

static int split_answer(struct edit_parser *p)
{
	size_t n = 1;

	for (size_t i = 0; i < p->len; i++)
		n += p->text[i] == '\n';
	p->start = malloc((n + 1) * sizeof(*p->start));
	if (!p->start)
		return error_oom(p->err);
	p->start[0] = 0;
	for (size_t i = 0; i < p->len; i++)
		if (p->text[i] == '\n')
			p->start[++p->n] = (uint32_t)i + 1;
	if (p->start[p->n] < p->len)
		p->start[++p->n] = (uint32_t)p->len;
	return 0;
}

static int nothing_found(const struct edit_reader *r)
{
	if (r->p.out->n || r->say_no_changes)
		return 0;
	if (r->fences)
		return error_set(r->p.err, STATUS_GATE,
				 "no edit in the answer: %zu fence(s), the first at line %zu, have "
				 "no path alone on the line above",
				 r->fences, r->first_fence + 1);
	return error_set(
		r->p.err, STATUS_GATE,
		"no edit in the answer: expected a path alone on a line and below it a fence with "
		"<<<<<<< SEARCH … ======= … >>>>>>> REPLACE or the whole file, or NO CHANGES");
}

int edit_parse(const char *text, size_t len, struct edit_list *ret, struct error *err)
{
	struct edit_list list = { 0 };
	struct edit_reader r = { .p = { .text = text, .len = len, .out = &list, .err = err } };
	int rc = 0;

	if (len > EDIT_MAX_TEXT)
		return error_set(err, STATUS_GATE, "the answer is larger than %d MiB",
				 EDIT_MAX_TEXT >> 20);
	if (len && memchr(text, 0, len))
		return error_set(err, STATUS_GATE,
				 "the answer holds a NUL byte: only text can be edited");
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		r.p.text += 3;
		r.p.len -= 3;
	}
	if (split_answer(&r.p) < 0)
		return -1;
	for (size_t i = 0; rc == 0 && i < r.p.n;)
		rc = parse_line(&r, i, &i);
	if (rc == 0)
		rc = nothing_found(&r);
	free(r.p.start);
	if (rc < 0) {
		edit_list_release(&list);
		return -1;
	}
	list.no_changes = r.say_no_changes && !list.n;
	*ret = list;
	return 0;
}
