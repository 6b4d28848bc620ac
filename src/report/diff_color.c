/* diff_color.c: a unified diff for eyes: colours, and control characters made
 * visible (^M, ^[), since what a model wrote must not reach a terminal raw. */
#include <string.h>

#include "report/diff_walk.h"
#include "report/paint.h"
#include "report/report.h"
#include "util/str.h"

static enum tone tone_of(enum diff_line kind)
{
	switch (kind) {
	case DIFF_FILE:
	case DIFF_META: return TONE_BOLD;
	case DIFF_HUNK: return TONE_CYAN;
	case DIFF_ADDED: return TONE_GREEN;
	case DIFF_REMOVED: return TONE_RED;
	case DIFF_SAME: break;
	case DIFF_OTHER: return TONE_DIM;
	}
	return TONE_PLAIN;
}

/* C0 and DEL in caret notation, tabs as they are, the rest as text_clean has it. */
static void add_visible(struct buf *out, const char *s, size_t n)
{
	size_t from = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if ((c >= 0x20 && c != 0x7f) || c == '\t')
			continue;
		text_clean(out, s + from, i - from, true);
		buf_addc(out, '^');
		buf_addc(out, c == 0x7f ? '?' : (char)(c + '@'));
		from = i + 1;
	}
	text_clean(out, s + from, n - from, true);
}

int report_diff(struct buf *out, const char *diff, size_t len, bool color)
{
	struct diff_walk w;
	enum diff_line kind;
	const char *line;
	size_t n;

	diff_walk_start(&w, diff, len);
	while (diff_walk_next(&w, &kind, &line, &n)) {
		text_tone(out, color, tone_of(kind));
		add_visible(out, line, n);
		text_untone(out, color, tone_of(kind));
		buf_addc(out, '\n');
	}
	return out->failed ? -1 : 0;
}
