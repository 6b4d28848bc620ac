/* edit_match.h: finds where a hunk's old lines stand in a document, and puts
 * the new ones there.
 *
 *   edit_hunk_apply(doc, hunk, …)   split → match → merge → replace
 *
 * Three ways, tried in this order; each wants one place only:
 *   exact       the lines as they are (line ends aside)
 *   whitespace  trailing blanks aside, and indentation shifted by one amount for
 *               all lines (tabs for spaces included); empty lines around aside
 *   fuzzy       the same lines in the same order: four or more, two thirds of them
 *               equal, 90 % alike on average, and no other place within 10 % of that
 *
 * Of the `=======` lines of a hunk the one whose old side matches is taken: the
 * old sides all begin alike, so the longest that matches is tried, and if it
 * stands at two places, so does every shorter one: ambiguous, refused.
 *
 * What the model did not change stays the file's own: lines common to old and
 * new text keep the bytes of the file, and only new ones are re-indented.
 */
#ifndef COUNCIL_EDIT_MATCH_H
#define COUNCIL_EDIT_MATCH_H

#include "repo/edit.h"
#include "repo/edit_doc.h"

enum edit_tier { EDIT_TIER_NONE, EDIT_TIER_EXACT, EDIT_TIER_WHITESPACE, EDIT_TIER_FUZZY };
const char *edit_tier_name(enum edit_tier t); /* "exact", "whitespace", "fuzzy" */

/* How indentation of the model's text becomes that of the file. */
struct edit_indent {
	enum { INDENT_AS_IS, INDENT_TO_TABS, INDENT_TO_SPACES } convert;
	unsigned width;	    /* columns a tab */
	const char *prefix; /* put in front, or taken away; borrowed */
	size_t prefix_len;
	bool strip;
};

/* One way to read a hunk: these old lines give way to those new ones. */
struct edit_pair {
	const struct edit_span *old, *new;
	size_t n_old, n_new;
};

enum { EDIT_UNMAPPED = -1, EDIT_PLACES_MAX = 10 };

struct edit_match {
	enum edit_tier tier;
	struct edit_pair pair;
	int64_t *map; /* old line → document line or EDIT_UNMAPPED; owned */
	struct edit_indent indent;
	size_t places[EDIT_PLACES_MAX]; /* document lines, when ambiguous */
	size_t n_places;
};
void edit_match_release(struct edit_match *m);

/* Where a search stands among the others of an edit. */
struct edit_cursor {
	size_t from;   /* document line after the last change of this edit */
	int64_t shift; /* lines added so far, for line hints */
};

/* 0: the document is changed and *ret_tier set, or *ret_reason (malloc'd, for the
 * model, several lines) says why not and the document is as before. -1: no memory. */
int edit_hunk_apply(struct edit_doc *d, const struct edit_hunk *h, struct edit_cursor *cursor,
		    enum edit_tier *ret_tier, char **ret_reason, struct error *err);
/* The hunk makes a file (its SEARCH is empty): the new text, malloc'd; else NULL. */
bool edit_hunk_creates(const struct edit_hunk *h, const char **ret_text, size_t *ret_len);

/* -- between the files of this module -- */

/* True and *ret filled when at least `percent` of the mapped lines that are not blank
 * have their indentation in the file by one rule. */
bool edit_indent_find(const struct edit_doc *d, const struct edit_pair *p, const int64_t *map,
		      unsigned percent, struct edit_indent *ret);
/* Fuzzy search; 1 found (m->map set), 0 not, 2 ambiguous (places set), 3 out of work, -1 no memory.
 */
int edit_fuzzy_find(struct edit_doc *d, const struct edit_pair *p, size_t from,
		    struct edit_match *m, struct error *err);
/* Replaces by the match. 0, 1: lines that the model never saw would go (nothing done), -1. */
int edit_merge(struct edit_doc *d, const struct edit_match *m, size_t *ret_end, struct error *err);
/* How alike two trimmed lines are, of 1000: common beginning and end. Cheap and on the safe side.
 */
int edit_alike(struct edit_span a, struct edit_span b);
/* Where the old lines most likely begin, by what lines they share with the file; -1: nowhere. */
int edit_fuzzy_start(struct edit_doc *d, const struct edit_pair *p, int64_t *ret,
		     struct error *err);
/* Appends why the old lines were not found, and the nearest lines of the file. */
int edit_explain_missing(struct edit_doc *d, const struct edit_pair *p, int answer_line,
			 size_t n_splits, struct buf *out, struct error *err);
/* What a bare `...` on a line is: text left out, or in EDIT_DOTS code and in EDIT_PROSE text. */
enum edit_language { EDIT_CODE, EDIT_DOTS, EDIT_PROSE };
enum edit_language edit_language(const char *path);
/* A line that stands for text left out ("… existing code …", "# rest unchanged"). */
bool edit_is_elision(struct edit_span line, enum edit_language language);

#endif
