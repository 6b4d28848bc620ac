/* edit_patch.c: the apply_patch envelope and unified diffs, as hunks of old and
 * new text. Read liberally: counts in @@ lines are not believed, an empty line
 * stands for an empty context line, trailers may be missing.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/edit_parser.h"
#include "util/str.h"

bool edit_starts(struct edit_span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.len >= n && !memcmp(s.s, prefix, n);
}

static struct edit_span after(struct edit_span s, const char *prefix)
{
	size_t n = strlen(prefix);

	return edit_trim((struct edit_span){ s.s + n, s.len - n });
}

static bool is_file_line(struct edit_span s)
{
	return edit_starts(s, "*** Update File:") || edit_starts(s, "*** Add File:") ||
	       edit_starts(s, "*** Delete File:");
}

bool edit_is_envelope(struct edit_span line)
{
	return edit_starts(line, "*** Begin Patch") || is_file_line(line);
}

bool edit_is_hunk_header(struct edit_span line)
{
	return edit_starts(line, "@@") &&
	       (line.len == 2 || line.s[2] == ' ' || line.s[2] == '\t' || line.s[2] == '@');
}

static bool is_header_pair(const struct edit_parser *p, size_t i)
{
	return i + 1 < p->n && edit_starts(edit_parser_line(p, i), "--- ") &&
	       edit_starts(edit_parser_line(p, i + 1), "+++ ");
}

bool edit_is_diff(const struct edit_parser *p, size_t i)
{
	return edit_starts(edit_parser_line(p, i), "diff --git ") || is_header_pair(p, i);
}

/* ---- hunks -------------------------------------------------------------- */

struct sides {
	struct buf old, new;
	size_t blank; /* empty lines, without the blank that context has, not yet written */
	int final_newline;
	char last; /* sign of the line before */
};

#define SIDES_INIT                                                                                 \
	{                                                                                          \
		.old = BUF_INIT(EDIT_MAX_TEXT * 2), .new = BUF_INIT(EDIT_MAX_TEXT * 2)             \
	}

static void flush_blank(struct sides *s)
{
	for (; s->blank; s->blank--) {
		buf_addc(&s->old, '\n');
		buf_addc(&s->new, '\n');
	}
}

/* One line of a hunk's body; false when it is none. */
static bool side_line(struct sides *s, struct edit_span l)
{
	struct edit_span rest = { l.s + 1, l.len ? l.len - 1 : 0 };

	if (!l.len) {
		s->blank++;
		return true;
	}
	if (l.s[0] == '\\') {
		if (s->last != '-')
			s->final_newline = -1;
		else if (!s->final_newline)
			s->final_newline = 1;
		return true;
	}
	if (!strchr(" \t+-", l.s[0]))
		return false;
	flush_blank(s);
	if (l.s[0] == '\t') /* context whose blank was lost */
		rest = l;
	if (l.s[0] != '+')
		edit_add_line(&s->old, rest, 0);
	if (l.s[0] != '-')
		edit_add_line(&s->new, rest, 0);
	s->last = l.s[0];
	return true;
}

static int add_sides(struct edit_parser *p, struct edit *e, struct sides *s, const char *anchor,
		     int hint, size_t line)
{
	struct edit_hunk *h;
	int rc = -1;

	if (!s->old.len && !s->new.len) {
		rc = 0;
		goto out;
	}
	h = edit_parser_add_hunk(p, e, line);
	if (!h)
		goto out;
	if (buf_check(&s->old, "a patch", p->err) < 0 || buf_check(&s->new, "a patch", p->err) < 0)
		goto out;
	h->line_hint = hint;
	h->final_newline = s->final_newline;
	h->old_text = buf_steal(&s->old, NULL);
	h->new_text = buf_steal(&s->new, NULL);
	if (*anchor)
		h->anchor = str_dup(anchor);
	rc = h->old_text && h->new_text && (!*anchor || h->anchor) ? 0 : error_oom(p->err);
out:
	buf_release(&s->old);
	buf_release(&s->new);
	return rc;
}

/* "@@ -12,3 +12,4 @@ text" → 12, no anchor; "@@ def f():" → 0, the text. */
static int hunk_header(struct edit_span l, struct buf *anchor, int *hint)
{
	struct edit_span s = { l.s + 2, l.len - 2 };
	long n = 0;

	s = edit_trim(s);
	if (s.len > 1 && s.s[0] == '-' && s.s[1] >= '0' && s.s[1] <= '9') {
		for (size_t i = 1; i < s.len && i < 9 && s.s[i] >= '0' && s.s[i] <= '9'; i++)
			n = n * 10 + (s.s[i] - '0');
		*hint = (int)n;
		return 0;
	}
	if (s.len > 2 && !memcmp(s.s + s.len - 2, "@@", 2))
		s = edit_trim((struct edit_span){ s.s, s.len - 2 });
	if (!s.len || edit_starts(s, "@@") || edit_starts(s, "..."))
		return 0;
	if (anchor->len)
		buf_addc(anchor, '\n');
	return buf_add(anchor, s.s, s.len);
}

/* Does the body of a hunk end before line i? */
static bool body_ends(const struct edit_parser *p, size_t i, bool envelope)
{
	struct edit_span l = edit_parser_line(p, i);

	if (edit_is_hunk_header(l) || edit_starts(l, "diff --git "))
		return true;
	if (envelope)
		return edit_starts(l, "*** ");
	/* a line "-- x" taken out and "++ y" put in look the same, but no @@ follows */
	return is_header_pair(p, i) &&
	       (i + 2 >= p->n || edit_is_hunk_header(edit_parser_line(p, i + 2)));
}

/* Hunks of one file from line i on, with or without a first @@ line. */
static int parse_hunks(struct edit_parser *p, struct edit *e, size_t i, size_t end, bool envelope,
		       size_t *ret_next)
{
	for (;;) {
		CLEANUP_BUF struct buf anchor = BUF_INIT(65536);
		struct sides s = SIDES_INIT;
		size_t line = i;
		int hint = 0;

		while (i < end && edit_is_hunk_header(edit_parser_line(p, i)))
			hunk_header(edit_parser_line(p, i++), &anchor, &hint);
		while (i < end && !body_ends(p, i, envelope) &&
		       side_line(&s, edit_parser_line(p, i)))
			i++;
		if (envelope && i < end && edit_starts(edit_parser_line(p, i), "*** End of File"))
			i++;
		if (add_sides(p, e, &s, buf_str(&anchor), hint, line) < 0)
			return -1;
		while (envelope && i < end && !edit_trim(edit_parser_line(p, i)).len)
			i++;
		if (i >= end || !edit_is_hunk_header(edit_parser_line(p, i)))
			break;
	}
	*ret_next = i;
	return 0;
}

/* ---- the envelope ------------------------------------------------------- */

static int add_file(struct edit_parser *p, struct edit *e, size_t i, size_t end, size_t *ret_next)
{
	CLEANUP_BUF struct buf text = BUF_INIT(EDIT_MAX_TEXT * 2);
	bool plus = i < end && edit_starts(edit_parser_line(p, i), "+");
	size_t blank =
		0; /* empty lines not yet written: those at the end are no part of the file */

	for (; i < end && !edit_starts(edit_parser_line(p, i), "*** "); i++) {
		struct edit_span l = edit_parser_line(p, i);

		if (!l.len) {
			blank++;
			continue;
		}
		if (plus && l.s[0] != '+')
			return error_set(
				p->err, STATUS_GATE,
				"answer line %zu: a line of an added file must begin with +",
				i + 1);
		for (; blank; blank--)
			buf_addc(&text, '\n');
		edit_add_line(&text, plus ? (struct edit_span){ l.s + 1, l.len - 1 } : l, 0);
	}
	if (buf_check(&text, "an added file", p->err) < 0)
		return -1;
	e->content = buf_steal(&text, &e->content_len);
	*ret_next = i;
	return e->content ? 0 : error_oom(p->err);
}

static int update_file(struct edit_parser *p, struct edit_span path, size_t i, size_t end,
		       size_t *ret_next)
{
	struct edit_span move = { 0 };
	struct edit *e;

	if (i + 1 < end && edit_starts(edit_parser_line(p, i + 1), "*** Move to:"))
		move = after(edit_parser_line(p, i + 1), "*** Move to:");
	e = edit_parser_add(p, move.len ? EDIT_RENAME : EDIT_REPLACE, path, i, "patch");
	if (!e)
		return -1;
	if (move.len) {
		e->new_path = str_ndup(move.s, move.len);
		if (!e->new_path)
			return error_oom(p->err);
		i++;
	}
	if (parse_hunks(p, e, i + 1, end, true, ret_next) < 0)
		return -1;
	if (!e->n_hunks && !move.len)
		return error_set(p->err, STATUS_GATE,
				 "answer line %d: the patch of %s holds no change", e->answer_line,
				 e->path);
	return 0;
}

static int envelope_file(struct edit_parser *p, size_t i, size_t end, size_t *ret_next)
{
	struct edit_span l = edit_parser_line(p, i), path;
	struct edit *e;

	if (edit_starts(l, "*** Update File:")) {
		path = after(l, "*** Update File:");
		return update_file(p, path, i, end, ret_next);
	}
	if (edit_starts(l, "*** Add File:")) {
		e = edit_parser_add(p, EDIT_CREATE, after(l, "*** Add File:"), i, "patch");
		return e ? add_file(p, e, i + 1, end, ret_next) : -1;
	}
	e = edit_parser_add(p, EDIT_DELETE, after(l, "*** Delete File:"), i, "patch");
	*ret_next = i + 1;
	return e ? 0 : -1;
}

int edit_parse_envelope(struct edit_parser *p, size_t i, size_t end, size_t *ret_next)
{
	while (i < end) {
		struct edit_span l = edit_parser_line(p, i);

		if (edit_starts(l, "*** End Patch")) {
			i++;
			break;
		}
		if (is_file_line(l)) {
			if (envelope_file(p, i, end, &i) < 0)
				return -1;
		} else if (edit_trim(l).len && !edit_starts(l, "*** Begin Patch")) {
			return error_set(
				p->err, STATUS_GATE,
				"answer line %zu: \"%.*s\" is no part of a patch; expected *** "
				"Update File:, *** Add File:, *** Delete File: or *** End Patch",
				i + 1, (int)(l.len < 60 ? l.len : 60), l.s);
		} else {
			i++;
		}
	}
	*ret_next = i;
	return 0;
}

/* ---- unified diffs ------------------------------------------------------ */

struct diff_head {
	struct edit_span old, new; /* as named, without a/ and b/ */
	struct edit_span rename_to, rename_from;
	bool created, deleted, executable, binary;
};

/* The name in "--- a/x\t2024-01-01": up to a tab, unquoted, "/dev/null" is empty. */
static struct edit_span diff_name(struct edit_span s)
{
	const char *tab = memchr(s.s, '\t', s.len);

	if (tab)
		s.len = (size_t)(tab - s.s);
	s = edit_trim(s);
	if (s.len > 1 && s.s[0] == '"' && s.s[s.len - 1] == '"')
		s = (struct edit_span){ s.s + 1, s.len - 2 };
	if (s.len == 9 && !memcmp(s.s, "/dev/null", 9))
		s.len = 0;
	return s;
}

static struct edit_span without(struct edit_span s, const char *prefix)
{
	return edit_starts(s, prefix) ? (struct edit_span){ s.s + 2, s.len - 2 } : s;
}

static void strip_sides(struct diff_head *h)
{
	bool a = !h->old.len || edit_starts(h->old, "a/"),
	     b = !h->new.len || edit_starts(h->new, "b/");

	if (a && b) {
		h->old = without(h->old, "a/");
		h->new = without(h->new, "b/");
	}
}

/* "diff --git a/x b/x": both names are one, or the other header lines say more. */
static void git_names(struct edit_span s, struct diff_head *h)
{
	size_t half;

	if (s.len % 2 == 0 || s.len < 3)
		return;
	half = s.len / 2;
	h->old = (struct edit_span){ s.s, half };
	h->new = (struct edit_span){ s.s + half + 1, half };
}

static size_t parse_head(const struct edit_parser *p, size_t i, size_t end, struct diff_head *h)
{
	for (size_t first = i; i < end; i++) {
		struct edit_span l = edit_parser_line(p, i);

		if (i == first && edit_starts(l, "diff --git "))
			git_names(after(l, "diff --git "), h);
		else if (is_header_pair(p, i)) {
			h->old = diff_name(after(l, "--- "));
			h->new = diff_name(after(edit_parser_line(p, i + 1), "+++ "));
			h->created |= !h->old.len;
			h->deleted |= !h->new.len;
			return i + 2;
		} else if (edit_starts(l, "new file mode ")) {
			h->created = true;
			h->executable = edit_starts(l, "new file mode 100755");
		} else if (edit_starts(l, "deleted file mode "))
			h->deleted = true;
		else if (edit_starts(l, "rename from "))
			h->rename_from = after(l, "rename from ");
		else if (edit_starts(l, "rename to "))
			h->rename_to = after(l, "rename to ");
		else if (edit_starts(l, "GIT binary patch") || edit_starts(l, "Binary files "))
			h->binary = true;
		else if (!edit_starts(l, "index ") && !edit_starts(l, "old mode ") &&
			 !edit_starts(l, "new mode ") && !edit_starts(l, "similarity index ") &&
			 !edit_starts(l, "dissimilarity index "))
			return i;
	}
	return i;
}

/* A created file's text is the new side of all its hunks. */
static int created_content(struct edit_parser *p, struct edit *e)
{
	CLEANUP_BUF struct buf text = BUF_INIT(EDIT_MAX_TEXT * 2);

	for (size_t i = 0; i < e->n_hunks; i++) {
		buf_adds(&text, e->hunks[i].new_text);
		if (e->hunks[i].final_newline < 0 && text.len)
			buf_truncate(&text, text.len - 1);
		free(e->hunks[i].old_text);
		free(e->hunks[i].new_text);
		free(e->hunks[i].anchor);
	}
	free(e->hunks);
	e->hunks = NULL;
	e->n_hunks = 0;
	if (buf_check(&text, "a new file", p->err) < 0)
		return -1;
	e->content = buf_steal(&text, &e->content_len);
	return e->content ? 0 : error_oom(p->err);
}

static int diff_file(struct edit_parser *p, struct diff_head *h, size_t at, size_t i, size_t end,
		     size_t *ret_next)
{
	struct edit_span path = h->deleted || h->rename_to.len || !h->new.len ? h->old : h->new;
	enum edit_kind kind = EDIT_REPLACE;
	struct edit *e;

	if (h->created)
		kind = EDIT_CREATE;
	else if (h->deleted)
		kind = EDIT_DELETE;
	else if (h->rename_to.len || (h->old.len && h->new.len && !edit_span_eq(h->old, h->new)))
		kind = EDIT_RENAME;
	if (kind == EDIT_RENAME)
		path = h->rename_from.len ? h->rename_from : h->old;
	if (!path.len || h->binary)
		return error_set(p->err, STATUS_GATE, "answer line %zu: %s", at + 1,
				 h->binary ? "a binary patch cannot be applied"
					   : "this diff names no file");
	e = edit_parser_add(p, kind, path, at, "diff");
	if (!e)
		return -1;
	e->executable = h->executable;
	if (kind == EDIT_RENAME) {
		struct edit_span to = h->rename_to.len ? h->rename_to : h->new;

		e->new_path = str_ndup(to.s, to.len);
		if (!e->new_path)
			return error_oom(p->err);
	}
	if (parse_hunks(p, e, i, end, false, ret_next) < 0)
		return -1;
	if (kind == EDIT_REPLACE && !e->n_hunks)
		return error_set(p->err, STATUS_GATE,
				 "answer line %zu: the diff of %s holds no change", at + 1,
				 e->path);
	return kind == EDIT_CREATE ? created_content(p, e) : 0;
}

int edit_parse_diff(struct edit_parser *p, size_t i, size_t end, struct edit_span path,
		    size_t *ret_next)
{
	while (i < end) {
		struct diff_head h = { 0 };
		size_t at = i, body;

		if (edit_is_diff(p, i)) {
			body = parse_head(p, i, end, &h);
			strip_sides(&h);
		} else if (path.len && edit_is_hunk_header(edit_parser_line(p, i))) {
			body = i;
			h.old = h.new = path;
		} else if (!edit_trim(edit_parser_line(p, i)).len) {
			i++;
			continue;
		} else {
			break;
		}
		if (diff_file(p, &h, at, body, end, &i) < 0)
			return -1;
	}
	*ret_next = i;
	return 0;
}
