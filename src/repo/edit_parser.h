/* edit_parser.h: what the readers of the edit formats share: the answer's lines
 * and the list that grows. Private to edit_parse.c, edit_patch.c, edit_name.c.
 */
#ifndef COUNCIL_EDIT_PARSER_H
#define COUNCIL_EDIT_PARSER_H

#include <stdint.h>

#include "repo/edit.h"
#include "repo/edit_doc.h"
#include "util/buf.h"

struct edit_parser {
	const char *text;
	size_t len;
	uint32_t *start; /* offset of each line; start[n] is len */
	size_t n;	 /* lines */
	struct edit_list *out;
	size_t cap;
	size_t n_hunks;
	struct error *err;
};

/* Line i without its end; line numbers for people are i + 1. */
struct edit_span edit_parser_line(const struct edit_parser *p, size_t i);
/* A new edit at the end of the list (path is copied); NULL: too many, or no memory, err set. */
struct edit *edit_parser_add(struct edit_parser *p, enum edit_kind kind, struct edit_span path,
			     size_t line, const char *format);
/* A new hunk at the end of an edit; NULL as above. */
struct edit_hunk *edit_parser_add_hunk(struct edit_parser *p, struct edit *e, size_t line);
/* Appends line `s` and a newline, less up to `indent` blanks in front. */
int edit_add_line(struct buf *out, struct edit_span s, size_t indent);

/* edit_name.c: a path out of a line that holds nothing else ("### `src/a.c`:"). *ret points into
 * the line. sure: markers follow, so a bare word is a path too. */
bool edit_name_line(struct edit_span line, bool sure, struct edit_span *ret);
/* The path in what follows a fence's backticks: "c src/a.c", "c title=src/a.c", "src/a.c". */
bool edit_name_info(struct edit_span info, struct edit_span *ret);
/* The only path in backticks in a line of prose. */
bool edit_name_prose(struct edit_span line, struct edit_span *ret);

/* edit_patch.c */
bool edit_is_envelope(struct edit_span line); /* "*** Begin Patch", "*** Update File: …" */
bool edit_is_diff(const struct edit_parser *p, size_t i); /* "diff --git", or "---" and "+++" */
bool edit_is_hunk_header(struct edit_span line);	  /* "@@ …" */
/* Read from line i to at most `end`; *ret_next: the first line not read. */
int edit_parse_envelope(struct edit_parser *p, size_t i, size_t end, size_t *ret_next);
/* path: of a diff without its own header lines; may be empty. */
int edit_parse_diff(struct edit_parser *p, size_t i, size_t end, struct edit_span path,
		    size_t *ret_next);

/* edit_block.c */
enum edit_marker { MARK_NONE, MARK_SEARCH, MARK_REPLACE, MARK_DELETE, MARK_RENAME };

struct edit_mark {
	enum edit_marker kind;
	size_t count, indent;  /* chevrons, blanks in front */
	struct edit_span rest; /* text behind the word */
};

struct edit_fence {
	size_t indent, count;
	char c;
	struct edit_span info;
};

/* What the lines of a fence hold. */
enum edit_content { HOLDS_TEXT, HOLDS_MARKS, HOLDS_ENVELOPE, HOLDS_DIFF };

/* Where the reading of an answer stands. */
struct edit_reader {
	struct edit_parser p;
	struct edit_span path;	  /* alone on the line above; len 0: none */
	bool listed;		  /* it stands in a list of paths: no whole file is meant */
	struct edit_span near;	  /* named a few lines above, or in prose: good for markers only */
	int near_lines;		  /* lines of prose since */
	struct edit_span current; /* of the last block of markers */
	bool say_no_changes;
	size_t first_fence, fences; /* fences passed over, for the message */
};

struct edit_mark edit_mark_of(struct edit_span line);
bool edit_is_no_changes(struct edit_span line);
bool edit_fence_open(struct edit_span line, struct edit_fence *f);
enum edit_content edit_fence_content(const struct edit_reader *r, size_t i,
				     const struct edit_fence *f);
/* The marker at line i, for the file at *path (set when the marker or what went before names it);
 * same_fence: goes on in the fence of the edit before. *ret_next: the first line not read. */
int edit_parse_mark(struct edit_reader *r, size_t i, const struct edit_mark *m,
		    struct edit_span *path, size_t indent, bool same_fence, size_t *ret_next);
int edit_parse_fence(struct edit_reader *r, size_t open, const struct edit_fence *f,
		     size_t *ret_next);

bool edit_starts(struct edit_span s, const char *prefix);

#endif
