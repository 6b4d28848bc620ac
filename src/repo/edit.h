/* edit.h: a model's answer as file edits: parse, match, apply.
 *
 *   edit_parse(text)            → struct edit_list   (syntax only, no files)
 *   edit_apply(list, root, …)   all validated against the tree, then all or none written
 *
 * Formats (man council-formats): search/replace blocks, whole files, DELETE,
 * RENAME, `NO CHANGES`, the apply_patch envelope, unified diffs. Matching:
 * exact, then white space relaxed, then fuzzy; ambiguity is refused; on failure
 * the nearest real lines are told.
 */
#ifndef COUNCIL_EDIT_H
#define COUNCIL_EDIT_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

enum edit_kind { EDIT_REPLACE, EDIT_WHOLE, EDIT_CREATE, EDIT_DELETE, EDIT_RENAME };

/* One search/replace pair. Text between the markers, kept whole; because old or
 * new text may hold `=======` lines, every split is kept until a file decides. */
struct edit_hunk {
	char *body;          /* everything between SEARCH and REPLACE markers; owned */
	size_t body_len;
	size_t *splits;      /* byte offsets of the `=======` lines in body; owned */
	size_t n_splits;
	/* for patches: old/new text given directly, then splits is empty */
	char *old_text, *new_text;
	int line_hint;       /* 1-based line where it should match; 0: none */
	char *anchor;        /* patches: lines that stand somewhere above ("@@ def f():"); NULL: none */
	int final_newline;   /* diffs, at the file's end: 1 made to end in one, -1 not to; 0: as it is */
	int answer_line;     /* where its SEARCH marker or @@ line stands */
};

struct edit {
	enum edit_kind kind;
	char *path;
	char *new_path;      /* EDIT_RENAME (hunks may follow) */
	char *content;       /* EDIT_WHOLE, EDIT_CREATE */
	size_t content_len;
	struct edit_hunk *hunks;
	size_t n_hunks;
	int answer_line;     /* where in the answer it began, for messages */
	const char *format;  /* "block", "whole", "patch", "diff" */
	bool executable;     /* a diff says "new file mode 100755" */
};

struct edit_list {
	struct edit *v;
	size_t n;
	bool no_changes;     /* the answer says NO CHANGES and holds no edit */
};

enum { EDIT_MAX_EDITS = 1000, EDIT_MAX_HUNKS = 10000, EDIT_MAX_TEXT = 8 << 20 };

/* STATUS_GATE when nothing usable is in it: err says what was seen and what is
 * expected. At most 1,000 edits, 10,000 hunks, 8 MiB. Prose without edits is an
 * error, unless NO CHANGES stands alone on a line. Linear in len. */
int edit_parse(const char *text, size_t len, struct edit_list *ret, struct error *err);
void edit_list_release(struct edit_list *l);

/* What became of each edit, in order of the answer. */
struct edit_outcome {
	char *path;
	char *new_path;       /* renames */
	bool ok;
	enum edit_kind kind;  /* EDIT_CREATE where a whole file was new */
	const char *match;    /* "exact", "whitespace", "fuzzy", "whole", "delete", "rename" */
	char *reason;         /* when !ok: for the model, with the nearest real lines */
	bool protected_path;  /* refused because of protection */
};
struct edit_report {
	struct edit_outcome *v;
	size_t n;
	bool applied;         /* all were ok (and written unless check_only) */
	bool unchanged;       /* every edit leaves its file as it is */
};
void edit_report_release(struct edit_report *r);

struct edit_options {
	int root_fd;                 /* directory the paths are under; opened O_PATH|O_DIRECTORY or O_RDONLY */
	bool check_only;
	/* NULL or: is this path protected (edits refused)? */
	bool (*is_protected)(void *ctx, const char *path);
	void *ctx;
	size_t max_file;             /* 0: 8 MiB */
};
/* Work is bounded: files of at most max_file bytes and 1,000,000 lines, and 2^31
 * line steps of matching an answer, past which the rest is refused with a reason.
 *
 * 0 with *ret filled (ret->applied says whether anything was written); -1 only
 * for I/O errors, after putting back what was written. Files are written beside
 * and renamed, keeping mode, CRLF or LF, BOM and a missing final newline.
 * Never follows a link out of root (openat2 RESOLVE_BENEATH|NO_MAGICLINKS|
 * NO_SYMLINKS, or component-wise O_NOFOLLOW). */
int edit_apply(const struct edit_list *l, const struct edit_options *o, struct edit_report *ret,
	       struct error *err);
/* The text that goes back to the model: what applied not and why; malloc'd. */
char *edit_report_text(const struct edit_report *r);

#endif
