/* paint.h: what the sinks share: colours, glyphs, numbers and lines that fit.
 *
 * Strings that go in may be hostile (models and tools wrote them): all of
 * these functions clean them, so that no control character reaches the output.
 * Errors are sticky in the buffer (buf_check). */
#ifndef COUNCIL_REPORT_PAINT_H
#define COUNCIL_REPORT_PAINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/result.h"
#include "util/buf.h"

enum tone { TONE_PLAIN, TONE_BOLD, TONE_DIM, TONE_GREEN, TONE_RED, TONE_YELLOW, TONE_CYAN };
enum { LABEL_WIDTH = 9 }; /* the column where text starts beside its label */

/* Does the locale write UTF-8? If not, arrows, dots and ticks are spelled in ASCII. */
bool text_utf8(void);
const char *text_arrow(void);    /* "→" or "->" */
const char *text_ellipsis(void); /* "…" or "..." */

/* Escape sequences around what follows; nothing without colour. */
void text_tone(struct buf *out, bool color, enum tone tone);
void text_untone(struct buf *out, bool color, enum tone tone);
/* s on one line, in a tone. NULL s adds nothing. */
void text_paint(struct buf *out, bool color, enum tone tone, const char *s);
/* A label padded to LABEL_WIDTH. */
void text_label(struct buf *out, bool color, enum tone tone, const char *label);
/* s on one line, cut with an ellipsis to at most `columns`. Returns the columns used. */
size_t text_fit(struct buf *out, const char *s, size_t columns);
/* s from column `indent` on, broken between words before column `columns`; ends with a newline.
 * What stands before it on the first line is as wide as the indent. */
void text_wrap(struct buf *out, const char *s, size_t indent, size_t columns);

void format_count(int64_t n, char out[32]);       /* "1,204" */
void format_duration(int64_t us, char out[32]);   /* "340 ms", "12.4 s", "2 m 05 s", "1 h 02 m" */
/* "$0.0012", "unknown", or "$0.0012 + unknown". */
void format_cost(int64_t nano, int calls, int unknown_calls, char out[64]);
/* "3 findings", "1 finding": the plural is made with an s. */
void text_plural(struct buf *out, int64_t n, const char *noun);

enum tone severity_tone(enum severity s);
/* Columns of the terminal behind fd; else $COLUMNS; else 80. Within 20 and 1000. */
int report_columns(int fd);

#endif
