/* context.h: what a persona has to know of the repository: files, whole or in
 * part, within a budget of bytes; and the repository's own instructions.
 */
#ifndef COUNCIL_CONTEXT_H
#define COUNCIL_CONTEXT_H

#include <stddef.h>

#include "run/env.h"
#include "run/plan.h"

struct context_file {
	char *path;
	int first, last;   /* 1-based lines; 0, 0: the whole file */
	char *why;         /* may be NULL */
};

struct context {
	struct context_file *v;
	size_t n;
	char *notes;       /* may be NULL */
};
void context_release(struct context *c);

/* From Maven's JSON (council-formats(5)); STATUS_ENDPOINT, worded for the model. */
int context_from_json(const json *j, struct context *ret, struct error *err);

/* Plain retrieval: the files that the step, the options and the task name, and
 * everything where the repository is small. *ret_settled: no model is needed. */
int context_plain(struct run_env *env, const struct plan_step *step, struct context *ret,
		  bool *ret_settled, struct error *err);
/* Maven's choice, added to what plain retrieval found. */
int context_ask(struct run_env *env, const char *key,
		const char *step_text, struct context *inout, struct error *err);
/* The text for a prompt: the repository's notes (notes.h), then each file from the
 * worktree in a fence longer than any in it, at most env->context_bytes. malloc'd. */
int context_render(struct run_env *env, const struct context *c, char **ret, struct error *err);
/* An overview for planning: the tracked files' names and sizes, then what fits
 * of the files that the task names (or all, where they are few and small). */
int context_overview(struct run_env *env, const char *oid, char **ret, struct error *err);
/* The current text of these files in the worktree, for repairs. */
int context_of_paths(struct run_env *env, const struct strv *paths, char **ret, struct error *err);
/* The same with the notes, for who sees the change for the first time. */
int context_of_change(struct run_env *env, const struct strv *paths, char **ret, struct error *err);
/* A title, and below it the text in a fence longer than any in it. */
void context_add_fenced(struct buf *out, const char *title, const char *text, size_t len);

#endif
