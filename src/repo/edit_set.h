/* edit_set.h: the files that an answer's edits touch, as they are on disk and as
 * the edits so far leave them in memory. Functions that may refuse return 0, 1
 * with *reason set (malloc'd, for the model), or -1 with set->err filled.
 */
#ifndef COUNCIL_EDIT_SET_H
#define COUNCIL_EDIT_SET_H

#include <sys/stat.h>

#include "repo/edit.h"
#include "repo/edit_doc.h"
#include "util/str.h"

/* One file as it is on disk and as the edits so far leave it. */
struct edit_file {
	char *path;
	struct buf disk; /* what was read */
	struct stat st;
	bool on_disk;
	bool exists;  /* now, after the edits so far */
	bool created; /* by an edit of this answer */
	bool changed; /* `doc` or `raw` may differ from disk */
	mode_t mode;
	char *raw; /* text that doc borrows from, when it isn't disk's; owned */
	size_t raw_len;
	struct edit_doc doc;
	bool loaded;		  /* doc holds the text */
	bool bom, crlf, open_end; /* how the file on disk is: new text is made like it */
	char *result;		  /* what is to be written; owned */
	size_t result_len;
};

struct edit_set {
	const struct edit_options *o;
	const struct edit_list *list;
	struct edit_file *v; /* pointers into it do not outlive add_file */
	size_t n, cap;
	uint64_t work;
	size_t max_file;
	struct error *err;
};

/* Takes `text` over as the reason; NULL is no memory. 1 or -1. */
int edit_refuse(struct edit_set *a, char **reason, char *text);
/* A path that may be edited: inside, plain, not protected. */
int edit_set_check_path(struct edit_set *a, const char *path, char **reason, bool *ret_protected);
struct edit_file *edit_set_find(struct edit_set *a, const char *path); /* NULL: not opened yet */
/* The file of a path, read on first use; borrowed until the next call. */
int edit_set_open(struct edit_set *a, const char *path, struct edit_file **ret, char **reason);
/* A path that is to be made: no other file of this answer may be in its way. */
int edit_set_check_new(struct edit_set *a, const char *path, char **reason);
/* The lines in memory; binary files are refused. */
int edit_file_load(struct edit_set *a, struct edit_file *f, char **reason);
bool edit_file_is_empty(const struct edit_file *f); /* no such file, or no text in it now */
/* New text for the whole file, made to look like the old one: BOM, line ends, its end. */
int edit_file_set_text(struct edit_set *a, struct edit_file *f, const char *text, size_t len,
		       bool executable, char **reason);
void edit_file_release(struct edit_file *f);

#endif
