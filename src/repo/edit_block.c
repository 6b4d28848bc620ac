/* edit_block.c: the block format: markers, and what a fence holds. */
#include <stdlib.h>
#include <string.h>

#include "repo/edit_parser.h"
#include "util/str.h"

/* ---- lines that mean something ------------------------------------------ */

static size_t run_of(struct edit_span s, char c)
{
	size_t n = 0;

	while (n < s.len && s.s[n] == c)
		n++;
	return n;
}

static bool take_word(struct edit_span *s, const char *word)
{
	size_t n = strlen(word);

	if (s->len < n || memcmp(s->s, word, n) ||
	    (s->len > n && s->s[n] != ' ' && s->s[n] != '\t' && s->s[n] != ':'))
		return false;
	n += s->len > n && s->s[n] == ':';
	*s = edit_trim((struct edit_span){ s->s + n, s->len - n });
	return true;
}

enum { INDENT_MAX = 16 };

/* 5 to 9 chevrons and a word: `<<<<<<< SEARCH src/a.c`. At most INDENT_MAX blanks in
 * front, so that few kinds of marker exist and find_replace stays linear. */
struct edit_mark edit_mark_of(struct edit_span line)
{
	struct edit_mark m = { .indent = edit_indent_len(line) };
	struct edit_span s = edit_trim(line);
	char c = s.len ? s.s[0] : 0;

	if (c != '<' && c != '>')
		return m;
	m.count = run_of(s, c);
	if (m.count < 5 || m.count > 9 || m.indent > INDENT_MAX)
		return m;
	s = edit_trim((struct edit_span){ s.s + m.count, s.len - m.count });
	if (c == '<' && (take_word(&s, "SEARCH") || take_word(&s, "ORIGINAL")))
		m.kind = MARK_SEARCH;
	else if (c == '<' && take_word(&s, "DELETE"))
		m.kind = MARK_DELETE;
	else if (c == '<' && take_word(&s, "RENAME"))
		m.kind = MARK_RENAME;
	else if (c == '>' && (take_word(&s, "REPLACE") || take_word(&s, "UPDATED")))
		m.kind = MARK_REPLACE;
	m.rest = s;
	return m;
}

/* The number of = of a divider line, 0 when it is none. */
static size_t divider(struct edit_span line, size_t indent)
{
	size_t lead = edit_indent_len(line);
	struct edit_span s = edit_trim(line);
	size_t n = run_of(s, '=');

	return n == s.len && n >= 5 && n <= 9 && lead <= indent ? n : 0;
}

bool edit_is_no_changes(struct edit_span line)
{
	struct edit_span s = edit_trim(line);

	while (s.len && strchr("*_`\"#> ", s.s[0]))
		s = (struct edit_span){ s.s + 1, s.len - 1 };
	while (s.len && strchr("*_`\". ", s.s[s.len - 1]))
		s.len--;
	return s.len == 10 && !memcmp(s.s, "NO CHANGES", 10);
}

bool edit_fence_open(struct edit_span line, struct edit_fence *f)
{
	struct edit_span s = edit_trim(line);

	f->indent = edit_indent_len(line);
	f->c = s.len ? s.s[0] : 0;
	if (f->c != '`' && f->c != '~')
		return false;
	f->count = run_of(s, f->c);
	f->info = edit_trim((struct edit_span){ s.s + f->count, s.len - f->count });
	return f->count >= 3 &&
	       (f->c == '~' || !f->info.len || !memchr(f->info.s, '`', f->info.len));
}

static bool fence_closes(struct edit_span line, const struct edit_fence *f)
{
	struct edit_span s = edit_trim(line);

	return s.len == f->count && run_of(s, f->c) == f->count;
}

/* ---- search and replace -------------------------------------------------- */

/* The line of the REPLACE marker of a hunk whose body begins at i: with as many
 * chevrons as SEARCH had, or else, before the next SEARCH, with any number. */
static size_t find_replace(const struct edit_parser *p, size_t i, const struct edit_mark *open)
{
	size_t other = p->n;

	for (; i < p->n; i++) {
		struct edit_mark m = edit_mark_of(edit_parser_line(p, i));

		if (m.kind == MARK_NONE || m.indent > open->indent)
			continue;
		if (m.kind == MARK_REPLACE && m.count == open->count)
			return i;
		if (m.kind == MARK_REPLACE && other == p->n)
			other = i;
		if (m.kind != MARK_REPLACE && m.count == open->count)
			break;
	}
	return other;
}

static int hunk_body(struct edit_reader *r, struct edit_hunk *h, size_t i, size_t end,
		     size_t indent, size_t count)
{
	struct edit_parser *p = &r->p;
	CLEANUP_BUF struct buf body = BUF_INIT(EDIT_MAX_TEXT * 2);
	size_t same = 0, any = 0;

	for (size_t k = i; k < end; k++) {
		size_t n = divider(edit_parser_line(p, k), indent);

		same += n == count;
		any += n != 0;
	}
	h->splits = calloc(any + 1, sizeof(*h->splits));
	if (!h->splits)
		return error_oom(p->err);
	for (; i < end; i++) {
		struct edit_span l = edit_parser_line(p, i);
		size_t n = divider(l, indent);

		if (n && (!same || n == count))
			h->splits[h->n_splits++] = body.len;
		edit_add_line(&body, l, indent);
	}
	if (buf_check(&body, "an edit", p->err) < 0)
		return -1;
	h->body = buf_steal(&body, &h->body_len);
	return h->body ? 0 : error_oom(p->err);
}

static int parse_hunk(struct edit_reader *r, struct edit *e, size_t i, const struct edit_mark *open,
		      size_t indent, size_t *ret_next)
{
	struct edit_parser *p = &r->p;
	size_t end = find_replace(p, i + 1, open);
	struct edit_hunk *h;

	if (end == p->n)
		return error_set(
			p->err, STATUS_GATE,
			"answer line %zu: <<<<<<< SEARCH without a >>>>>>> REPLACE line: close the "
			"block, or give the answer in smaller parts if it was cut off",
			i + 1);
	h = edit_parser_add_hunk(p, e, i);
	if (!h || hunk_body(r, h, i + 1, end, open->indent < indent ? open->indent : indent,
			    open->count) < 0)
		return -1;
	if (!h->n_splits)
		return error_set(p->err, STATUS_GATE,
				 "answer line %zu: no ======= line between <<<<<<< SEARCH and "
				 ">>>>>>> REPLACE",
				 i + 1);
	*ret_next = end + 1;
	return 0;
}

/* The edit that a marker's change belongs to: the one before when it goes on in the same fence. */
static struct edit *edit_for(struct edit_reader *r, struct edit_span path, enum edit_kind kind,
			     size_t line, bool same_fence)
{
	struct edit_list *l = r->p.out;
	struct edit *last = l->n ? &l->v[l->n - 1] : NULL;

	if (kind == EDIT_REPLACE && same_fence && last &&
	    (last->kind == EDIT_REPLACE || last->kind == EDIT_RENAME)) {
		const char *name = last->kind == EDIT_RENAME ? last->new_path : last->path;

		if ((path.len == strlen(name) && !memcmp(path.s, name, path.len)) ||
		    (last->kind == EDIT_RENAME && path.len == strlen(last->path) &&
		     !memcmp(path.s, last->path, path.len)))
			return last;
	}
	return edit_parser_add(&r->p, kind, path, line, "block");
}

static int no_file(struct edit_reader *r, size_t line)
{
	return error_set(r->p.err, STATUS_GATE,
			 "answer line %zu: this edit names no file: put the path alone on the line "
			 "above the fence",
			 line + 1);
}

/* What the marker at line i says, for the file at *path. */
int edit_parse_mark(struct edit_reader *r, size_t i, const struct edit_mark *m,
		    struct edit_span *path, size_t indent, bool same_fence, size_t *ret_next)
{
	struct edit_span named;
	struct edit *e;

	if (m->kind == MARK_REPLACE)
		return error_set(r->p.err, STATUS_GATE,
				 "answer line %zu: >>>>>>> REPLACE without <<<<<<< SEARCH above it",
				 i + 1);
	if (m->kind != MARK_RENAME && edit_name_line(m->rest, false, &named) && !path->len)
		*path = named;
	if (!path->len && m->kind == MARK_SEARCH && i + 1 < r->p.n &&
	    !divider(edit_parser_line(&r->p, i + 1), m->indent))
		*path = r->current; /* goes on with the file before; a new one must be named */
	if (!path->len)
		return no_file(r, i);
	*ret_next = i + 1;
	if (m->kind == MARK_SEARCH) {
		e = edit_for(r, *path, EDIT_REPLACE, i, same_fence);
		return e ? parse_hunk(r, e, i, m, indent, ret_next) : -1;
	}
	e = edit_for(r, *path, m->kind == MARK_DELETE ? EDIT_DELETE : EDIT_RENAME, i, same_fence);
	if (!e)
		return -1;
	if (m->kind == MARK_DELETE)
		return 0;
	if (!edit_name_line(m->rest, true, &named))
		return error_set(r->p.err, STATUS_GATE,
				 "answer line %zu: <<<<<<< RENAME must be followed by the new path",
				 i + 1);
	e->new_path = str_ndup(named.s, named.len);
	return e->new_path ? 0 : error_oom(r->p.err);
}

/* ---- fences ------------------------------------------------------------- */

enum edit_content edit_fence_content(const struct edit_reader *r, size_t i,
				     const struct edit_fence *f)
{
	const struct edit_parser *p = &r->p;
	bool diff = edit_starts(f->info, "diff") || edit_starts(f->info, "patch");

	for (int seen = 0; i < p->n && seen < 4; i++) {
		struct edit_span l = edit_parser_line(p, i);

		if (fence_closes(l, f))
			break;
		if (!edit_trim(l).len)
			continue;
		seen++;
		if (edit_mark_of(l).kind != MARK_NONE)
			return HOLDS_MARKS;
		if (seen <= 2 && edit_is_envelope(l))
			return HOLDS_ENVELOPE;
		if (seen <= 2 && (edit_is_diff(p, i) || (diff && edit_is_hunk_header(l))))
			return HOLDS_DIFF;
	}
	return HOLDS_TEXT;
}

/* The line that closes the fence opened above line i, p->n without one. A line of as many
 * backticks with a word behind opens a fence inside, which has its own end. */
static size_t fence_end(const struct edit_parser *p, size_t i, const struct edit_fence *f,
			size_t *ret_depth)
{
	size_t depth = 1;

	for (; i < p->n && depth; i++) {
		struct edit_span l = edit_parser_line(p, i);
		struct edit_fence inner;

		if (fence_closes(l, f))
			depth--;
		else if (edit_fence_open(l, &inner) && inner.c == f->c && inner.count == f->count)
			depth++;
	}
	*ret_depth = depth;
	return depth ? p->n : i - 1;
}

static int parse_marks(struct edit_reader *r, size_t i, const struct edit_fence *f,
		       struct edit_span path, size_t *ret_next)
{
	const struct edit_parser *p = &r->p;
	bool same_fence = false;

	while (i < p->n) {
		struct edit_span l = edit_parser_line(p, i), named;
		struct edit_mark m = edit_mark_of(l);
		struct edit_fence bare;

		if (fence_closes(l, f) || (edit_fence_open(l, &bare) && !bare.info.len)) {
			i++;
			break;
		}
		if (m.kind != MARK_NONE) {
			if (edit_parse_mark(r, i, &m, &path, f->indent, same_fence, &i) < 0)
				return -1;
			same_fence = true;
			continue;
		}
		if (edit_name_line(l, false, &named)) {
			path = named;
			same_fence = false;
		}
		i++;
	}
	r->current = path;
	*ret_next = i;
	return 0;
}

/* A fence in a file of text for people, closed by a bare line, after which another bare fence
 * opens: the text may hold fences itself, and nobody can tell which one closes it. */
static bool end_is_doubtful(const struct edit_parser *p, size_t i, const struct edit_fence *f)
{
	for (; i < p->n; i++) {
		struct edit_span l = edit_parser_line(p, i), named;
		struct edit_fence other;

		if (edit_name_line(l, false, &named))
			return false;
		if (edit_fence_open(l, &other))
			return other.c == f->c && other.count == f->count && !other.info.len;
	}
	return false;
}

static bool edit_ends(struct edit_span s, const char *tail)
{
	size_t n = strlen(tail);

	return s.len > n && !memcmp(s.s + s.len - n, tail, n);
}

static bool is_markdown(struct edit_span path)
{
	return edit_ends(path, ".md") || edit_ends(path, ".markdown") || edit_ends(path, ".mdx") ||
	       edit_ends(path, ".rst") || edit_ends(path, ".qmd");
}

/* Shell sessions beside a path are commands to run, unless the file is a script. */
static bool is_session(struct edit_span info, struct edit_span path)
{
	static const char *const words[] = { "console",	      "terminal", "output",
					     "shell-session", "sh",	  "bash",
					     "shell",	      "zsh",	  NULL };
	const char *dot = memrchr(path.s, '.', path.len);
	size_t ext = dot ? path.len - (size_t)(dot - path.s) : 0;

	for (size_t i = 0; words[i]; i++)
		if (info.len == strlen(words[i]) && !memcmp(info.s, words[i], info.len))
			return i < 4 || (ext > 1 && !memmem(dot, ext, "sh", 2) &&
					 !memmem(dot, ext, "env", 3));
	return false;
}

static int whole_checks(struct edit_reader *r, size_t open, size_t i, size_t end, size_t depth,
			const struct edit_fence *f, struct edit_span path)
{
	if (depth > 1)
		return error_set(r->p.err, STATUS_GATE,
				 "answer line %zu: the fence of %.*s is not closed, and holds "
				 "fences: use a longer fence around them",
				 open + 1, (int)path.len, path.s);
	if (!depth && is_markdown(path) && end_is_doubtful(&r->p, end + 1, f))
		return error_set(r->p.err, STATUS_GATE,
				 "answer line %zu: %.*s seems to hold fences of its own: put a "
				 "longer fence around it",
				 open + 1, (int)path.len, path.s);
	for (; i < end && f->count == 3; i++) {
		struct edit_span l = edit_parser_line(&r->p, i);
		struct edit_mark m = edit_mark_of(l);

		if (edit_starts(edit_trim(l), "&lt;&lt;&lt;&lt;&lt;"))
			return error_set(r->p.err, STATUS_GATE,
					 "answer line %zu: the markers are HTML-escaped: write "
					 "<<<<<<< and >>>>>>> as they are",
					 i + 1);
		if (m.kind == MARK_SEARCH || m.kind == MARK_REPLACE)
			return error_set(r->p.err, STATUS_GATE,
					 "answer line %zu: markers inside the whole text of %.*s: "
					 "give either the whole file or only SEARCH/REPLACE blocks",
					 i + 1, (int)path.len, path.s);
	}
	return 0;
}

static int parse_whole(struct edit_reader *r, size_t open, const struct edit_fence *f,
		       struct edit_span path, size_t *ret_next)
{
	CLEANUP_BUF struct buf text = BUF_INIT(EDIT_MAX_TEXT * 2);
	size_t depth, end = fence_end(&r->p, open + 1, f, &depth), lines = 0, said = 0;
	struct edit *e;

	*ret_next = end < r->p.n ? end + 1 : end;
	for (size_t i = open + 1; i < end; i++) {
		struct edit_span l = edit_parser_line(&r->p, i);

		lines += edit_trim(l).len != 0;
		said += edit_is_no_changes(l);
		if (path.len)
			edit_add_line(&text, l, f->indent);
		else if (edit_mark_of(l).kind == MARK_SEARCH && f->count == 3)
			return no_file(r, i);
	}
	if (lines == 1 && said == 1) {
		r->say_no_changes = true;
		return 0;
	}
	if (!path.len || is_session(f->info, path)) {
		if (!r->fences++)
			r->first_fence = open;
		return 0;
	}
	if (whole_checks(r, open, open + 1, end, depth, f, path) < 0 ||
	    buf_check(&text, "a whole file", r->p.err) < 0)
		return -1;
	e = edit_parser_add(&r->p, EDIT_WHOLE, path, open, "whole");
	if (!e)
		return -1;
	e->content = buf_steal(&text, &e->content_len);
	return e->content ? 0 : error_oom(r->p.err);
}

/* The end of a fence that holds a patch: no line of a patch is a bare fence. */
static size_t patch_end(const struct edit_parser *p, size_t i, const struct edit_fence *f)
{
	while (i < p->n && !fence_closes(edit_parser_line(p, i), f))
		i++;
	return i;
}

static int parse_patch(struct edit_reader *r, size_t i, size_t end, enum edit_content what,
		       struct edit_span path, size_t *ret_next)
{
	while (i < end && !edit_is_envelope(edit_parser_line(&r->p, i)) &&
	       !edit_is_diff(&r->p, i) && !edit_is_hunk_header(edit_parser_line(&r->p, i)))
		i++;
	if (what == HOLDS_ENVELOPE)
		return edit_parse_envelope(&r->p, i, end, ret_next);
	return edit_parse_diff(&r->p, i, end, path, ret_next);
}

int edit_parse_fence(struct edit_reader *r, size_t open, const struct edit_fence *f,
		     size_t *ret_next)
{
	enum edit_content what = edit_fence_content(r, open + 1, f);
	struct edit_span path = r->path;
	size_t end;

	if ((!path.len || r->listed) && edit_name_info(f->info, &path))
		r->listed = false;
	if (what == HOLDS_DIFF && (edit_ends(path, ".patch") || edit_ends(path, ".diff")))
		what = HOLDS_TEXT;
	if (what != HOLDS_TEXT && !path.len)
		path = r->near;
	if (what == HOLDS_TEXT && r->listed)
		path.len = 0;
	if (what == HOLDS_MARKS)
		return parse_marks(r, open + 1, f, path, ret_next);
	if (what == HOLDS_TEXT)
		return parse_whole(r, open, f, path, ret_next);
	end = patch_end(&r->p, open + 1, f);
	if (parse_patch(r, open + 1, end, what, path, ret_next) < 0)
		return -1;
	if (*ret_next < end && what == HOLDS_DIFF &&
	    edit_trim(edit_parser_line(&r->p, *ret_next)).len)
		return error_set(
			r->p.err, STATUS_GATE,
			"answer line %zu: a line of a diff must begin with a blank, + or -",
			*ret_next + 1);
	*ret_next = end < r->p.n ? end + 1 : end;
	return 0;
}
