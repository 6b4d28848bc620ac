/* diff_walk.c: see diff_walk.h. */
#include "report/diff_walk.h"

#include <string.h>

void diff_walk_start(struct diff_walk *w, const char *diff, size_t len)
{
	*w = (struct diff_walk){ .at = diff, .end = diff + len };
}

/* "-12,3" or "+12": the count is 1 where none stands. Bounded by hand: a diff is input. */
static int64_t read_count(const char **p, const char *end)
{
	int64_t n = 0;
	bool counted = false;

	while (*p < end && **p >= '0' && **p <= '9')
		(*p)++;
	if (*p == end || **p != ',')
		return 1;
	for ((*p)++; *p < end && **p >= '0' && **p <= '9'; (*p)++, counted = true)
		if (n < INT32_MAX)
			n = n * 10 + (**p - '0');
	return counted ? n : 1;
}

static bool read_hunk(struct diff_walk *w, const char *line, size_t len)
{
	const char *p = line + 4, *end = line + len;

	if (len < 8 || memcmp(line, "@@ -", 4) != 0)
		return false;
	w->old_left = read_count(&p, end);
	if (end - p < 2 || p[0] != ' ' || p[1] != '+')
		return false;
	p += 2;
	w->new_left = read_count(&p, end);
	return true;
}

static bool starts(const char *line, size_t len, const char *prefix)
{
	return len >= strlen(prefix) && memcmp(line, prefix, strlen(prefix)) == 0;
}

static enum diff_line in_hunk(struct diff_walk *w, const char *line, size_t len)
{
	char mark = len > 0 ? line[0] : ' ';

	if (mark == '+' && w->new_left > 0) {
		w->new_left--;
		return DIFF_ADDED;
	}
	if (mark == '-' && w->old_left > 0) {
		w->old_left--;
		return DIFF_REMOVED;
	}
	if (mark == ' ') {
		w->old_left--;
		w->new_left--;
		return DIFF_SAME;
	}
	if (mark != '\\')
		w->old_left = w->new_left = 0; /* cut short: no hunk any more */
	return starts(line, len, "diff --git ") ? DIFF_FILE : DIFF_OTHER;
}

static enum diff_line outside(struct diff_walk *w, const char *line, size_t len)
{
	static const char *const meta[] = { "index ", "--- ", "+++ ", "old mode ", "new mode ",
					    "new file ", "deleted file ", "rename ", "similarity ",
					    "copy ", "dissimilarity ", "Binary files ", "GIT binary " };

	if (starts(line, len, "diff --git "))
		return DIFF_FILE;
	if (read_hunk(w, line, len))
		return DIFF_HUNK;
	for (size_t i = 0; i < sizeof(meta) / sizeof(*meta); i++)
		if (starts(line, len, meta[i]))
			return DIFF_META;
	return DIFF_OTHER;
}

bool diff_walk_next(struct diff_walk *w, enum diff_line *ret_kind, const char **ret, size_t *ret_len)
{
	const char *newline;
	size_t len;

	if (w->at >= w->end)
		return false;
	newline = memchr(w->at, '\n', (size_t)(w->end - w->at));
	len = (size_t)((newline ? newline : w->end) - w->at);
	*ret = w->at;
	*ret_len = len;
	*ret_kind = w->old_left > 0 || w->new_left > 0 ? in_hunk(w, w->at, len) : outside(w, w->at, len);
	w->at = newline ? newline + 1 : w->end;
	return true;
}
