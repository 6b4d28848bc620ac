/* table.h: a small table of text, aligned by what a terminal shows. Where it
 * is wider than the line, one column shrinks, and then those that matter least
 * are left out. */
#ifndef COUNCIL_REPORT_TABLE_H
#define COUNCIL_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/str.h"

struct table_column {
	const char *head;   /* NULL ends the array */
	bool right;         /* aligned to the right: numbers */
	bool shrink;        /* may be cut, down to 8 columns */
	int drop;           /* the highest goes first; 0 never goes */
};

struct table {
	const struct table_column *columns;
	struct strv cells;  /* row by row */
	bool total;         /* the last row is set off */
};
/* Errors are sticky in out. */
void table_render(struct buf *out, const struct table *t, size_t width, bool color);
/* The same as a Markdown table, every column in it. */
void table_markdown(struct buf *out, const struct table *t);
/* Text for Markdown: on one line, what has a meaning there escaped. */
void markdown_escape(struct buf *out, const char *s);

#endif
