/* diff_stat.c: which files a diff changes, and how much of each. */
#include <stdlib.h>
#include <string.h>

#include "report/diff_walk.h"
#include "report/paint.h"
#include "util/str.h"

struct file_stat { const char *name; size_t len; int64_t added, removed; bool binary; };
struct stats { struct file_stat *v; size_t n, cap; };

/* "diff --git a/X b/Y": Y. With spaces in names the last " b/" is taken. */
static void file_name(const char *line, size_t len, const char **ret, size_t *ret_len)
{
	*ret = line;
	*ret_len = len;
	for (size_t i = len; i-- > 3;) {
		if (memcmp(line + i - 3, " b/", 3) == 0) {
			*ret = line + i;
			*ret_len = len - i;
			return;
		}
	}
}

static struct file_stat *add_file(struct stats *s)
{
	if (s->n == s->cap) {
		size_t cap = s->cap ? s->cap * 2 : 32;
		struct file_stat *v = reallocarray(s->v, cap, sizeof(*v));

		if (!v)
			return NULL;
		s->v = v;
		s->cap = cap;
	}
	s->v[s->n] = (struct file_stat){ 0 };
	return &s->v[s->n++];
}

static int count(struct stats *s, const char *diff, size_t len)
{
	struct diff_walk w;
	struct file_stat *f = NULL;
	enum diff_line kind;
	const char *line;
	size_t n;

	diff_walk_start(&w, diff, len);
	while (diff_walk_next(&w, &kind, &line, &n)) {
		if (kind == DIFF_FILE) {
			f = add_file(s);
			if (!f)
				return -1;
			file_name(line, n, &f->name, &f->len);
		} else if (f && kind == DIFF_ADDED) {
			f->added++;
		} else if (f && kind == DIFF_REMOVED) {
			f->removed++;
		} else if (f && kind == DIFF_META && (line[0] == 'B' || line[0] == 'G')) {
			f->binary = true;
		}
	}
	return 0;
}

/* As many marks as the largest file leaves room for; at least one for what there is. */
static void bar(struct buf *out, int64_t n, int64_t most, size_t room, char mark, bool color)
{
	int64_t marks = most > (int64_t)room ? (n * (int64_t)room + most - 1) / most : n;
	enum tone tone = mark == '+' ? TONE_GREEN : TONE_RED;

	if (marks <= 0)
		return;
	text_tone(out, color, tone);
	for (int64_t i = 0; i < marks; i++)
		buf_addc(out, mark);
	text_untone(out, color, tone);
}

static void stat_line(struct buf *out, const struct file_stat *f, size_t name_width, size_t room,
		      int64_t most, bool color)
{
	CLEANUP_FREE char *name = str_ndup(f->name, f->len);
	size_t used;

	buf_addc(out, ' ');
	used = text_fit(out, name, name_width);
	buf_addf(out, "%*s | ", (int)(name_width - used), "");
	if (f->binary) {
		buf_adds(out, "binary\n");
		return;
	}
	buf_addf(out, "%5lld%s", (long long)f->added + f->removed,
		 f->added + f->removed ? " " : "");
	bar(out, f->added, most, room, '+', color);
	bar(out, f->removed, most, room, '-', color);
	buf_addc(out, '\n');
}

int report_diff_stat(struct buf *out, const char *diff, size_t len, int columns, bool color)
{
	struct stats s = { 0 };
	size_t width = columns > 0 ? (size_t)columns : 80, name_width = 0, room;
	int64_t most = 0, added = 0, removed = 0;

	if (count(&s, diff, len) < 0) {
		free(s.v);
		return -1;
	}
	for (size_t i = 0; i < s.n; i++) {
		CLEANUP_FREE char *name = str_ndup(s.v[i].name, s.v[i].len);
		size_t w = name ? text_width(name) : 0;

		name_width = w > name_width ? w : name_width;
		most = s.v[i].added + s.v[i].removed > most ? s.v[i].added + s.v[i].removed : most;
		added += s.v[i].added;
		removed += s.v[i].removed;
	}
	if (name_width > width / 2)
		name_width = width / 2;
	/* " name | 12345 " and a mark more, since both bars round up */
	room = width > name_width + 16 ? width - name_width - 12 : 4;
	for (size_t i = 0; i < s.n; i++)
		stat_line(out, &s.v[i], name_width, room, most, color);
	buf_addc(out, ' ');
	text_plural(out, (int64_t)s.n, "file");
	buf_addf(out, ", +%lld -%lld\n", (long long)added, (long long)removed);
	free(s.v);
	return out->failed ? -1 : 0;
}
