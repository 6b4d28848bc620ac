/* diff_walk.h: a unified diff line by line, told apart by the counts in the
 * hunk headers: a removed line that begins with "-- " is no file header. */
#ifndef COUNCIL_REPORT_DIFF_WALK_H
#define COUNCIL_REPORT_DIFF_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

enum diff_line {
	DIFF_FILE,      /* "diff --git …": a new file begins */
	DIFF_META,      /* index, mode, ---, +++, rename … */
	DIFF_HUNK,      /* "@@ … @@" */
	DIFF_ADDED, DIFF_REMOVED, DIFF_SAME,
	DIFF_OTHER,     /* "\ No newline at end of file", what was left out … */
};

struct diff_walk {
	const char *at, *end;
	int64_t old_left, new_left; /* lines of the hunk that are still to come */
};

void diff_walk_start(struct diff_walk *w, const char *diff, size_t len);
/* False at the end. The line (borrowed) is without its newline. */
bool diff_walk_next(struct diff_walk *w, enum diff_line *ret_kind, const char **ret, size_t *ret_len);

/* `git diff --stat`, drawn for `columns`; errors are sticky in out. */
int report_diff_stat(struct buf *out, const char *diff, size_t len, int columns, bool color);

#endif
