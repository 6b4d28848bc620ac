/* edit_doc.h: a text file in memory as lines that compare in one step.
 *
 * Every distinct line gets a number, twice: as it is, and without the white
 * space around it. Two lines are equal, or equal but for white space, when the
 * numbers are, so that matching never compares bytes. Line ends are no part of
 * a line: CRLF or LF is remembered a line, BOM and a missing final newline for
 * the file, and edit_doc_render gives back what was read, byte by byte.
 */
#ifndef COUNCIL_EDIT_DOC_H
#define COUNCIL_EDIT_DOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

/* A piece of someone else's text: one line without its end. */
struct edit_span {
	const char *s;
	size_t len;
};

struct edit_line {
	const char *s;	/* borrowed from the loaded text, an edit, or the document's arena */
	uint32_t len;	/* without the line end */
	uint32_t exact; /* number of the line as it is */
	uint32_t trim;	/* number of it without white space around */
	bool crlf;
};

enum { EDIT_MAX_LINES = 1000000 };
#define EDIT_NO_ID UINT32_MAX

struct edit_names; /* the table from text to number */
struct edit_chunk;

struct edit_doc {
	struct edit_line *v;
	size_t n, cap;
	bool bom;
	bool crlf;	    /* most lines end in CRLF: new ones do too */
	bool final_newline; /* true for an empty file */
	struct edit_names *names;
	struct edit_chunk *arena;
	uint32_t blank; /* the number of the empty line */
	uint64_t *work; /* steps left, shared by the documents of an answer; borrowed */
};

/* text is borrowed and must outlive the document. -1 (STATUS_GATE): too many lines; or no memory.
 */
int edit_doc_load(struct edit_doc *d, const char *text, size_t len, uint64_t *work,
		  struct error *err);
void edit_doc_release(struct edit_doc *d);
int edit_doc_render(const struct edit_doc *d, struct buf *out);

/* Puts `n` lines (s and len and crlf set; numbers are filled in) in the place of
 * [start, end). The text they point to must outlive the document. */
int edit_doc_replace(struct edit_doc *d, size_t start, size_t end, const struct edit_line *lines,
		     size_t n, struct error *err);
/* The number of a text, EDIT_NO_ID when no line of the document ever was that. */
uint32_t edit_doc_lookup(const struct edit_doc *d, const char *s, size_t len);
/* How many numbers were given out: they run from 0. */
uint32_t edit_doc_ids(const struct edit_doc *d);
/* Memory that lives as long as the document; NULL: none left. */
char *edit_doc_alloc(struct edit_doc *d, size_t len);
/* Takes `steps` off what is left; false when there is not enough. */
bool edit_doc_spend(struct edit_doc *d, uint64_t steps);

/* Text to lines: a final newline ends the last line and makes no empty one. *ret is malloc'd. */
int edit_spans(const char *text, size_t len, struct edit_span **ret, size_t *ret_n,
	       struct error *err);
struct edit_span edit_trim(struct edit_span s);
size_t edit_indent_len(struct edit_span s); /* blanks and tabs in front; all of a blank line */
bool edit_is_blank(struct edit_span s);
bool edit_span_eq(struct edit_span a, struct edit_span b);

#endif
