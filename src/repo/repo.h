/* repo.h: the user's repository and the run's worktree. The only module that
 * includes git2.h (reading, diffing, writing objects); the `git` program, by
 * argument vector, adds worktrees and commits, so that hooks, filters, LFS and
 * signing work as the user's own.
 *
 * Nothing here touches the user's tree, index or HEAD but repo_apply_change and repo_undo.
 */
#ifndef COUNCIL_REPO_H
#define COUNCIL_REPO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/cancel.h"
#include "util/error.h"
#include "util/str.h"

enum { OID_HEX = 64 }; /* room for SHA-256 ids */

struct repo;
/* Discovers from `start` (NULL: cwd) upwards. STATUS_USAGE, each with what to
 * do: not a repository, bare, no commit yet, `git` missing. Works when detached,
 * in a subdirectory, in a linked worktree, with submodules, sparse checkouts. */
int repo_open(const char *start, struct repo **ret, struct error *err);
void repo_free(struct repo *r);
const char *repo_top(const struct repo *r);       /* working tree's top folder, absolute */
const char *repo_prefix(const struct repo *r);    /* where `start` is below top: "" or "sub/dir" */
const char *repo_git_dir(const struct repo *r);
const char *repo_hash(const struct repo *r);      /* 16 hex digits of the common dir's real path */
/* Branch HEAD is on ("main"), or NULL when detached. malloc'd. */
char *repo_branch(const struct repo *r);
int repo_resolve(const struct repo *r, const char *rev, char ret_oid[OID_HEX + 1],
		 struct error *err); /* to a commit */
int repo_is_dirty(const struct repo *r, bool *ret, struct error *err);
/* Lines for the report, gathered so far: what of the user's tree a run does not get (work inside
 * submodules, repositories inside the tree). Borrowed. */
const struct strv *repo_notes(const struct repo *r);

/* The commit a run starts from: HEAD when the tree is clean, else a snapshot
 * commit of HEAD plus changes to tracked files and untracked, unignored ones
 * (made with a temporary index: index and tree are not touched). A snapshot is kept alive by
 * refs/council/base/<run>. from_rev non-NULL: that commit, never a snapshot.
 * STATUS_USAGE: unmerged files, a repository that cannot be written, a file that cannot be read. */
int repo_base(struct repo *r, const char *run, const char *from_rev, char ret_oid[OID_HEX + 1],
	      bool *ret_snapshot, struct error *err);

struct worktree {
	char *path;        /* $XDG_STATE_HOME/council/worktrees/<repo-hash>/<run> */
	char *git_dir;     /* recorded gitdir of the worktree, never read from its .git file */
	char *branch;      /* council/<run short>-<slug> */
	char base[OID_HEX + 1];
	struct strv notes; /* lines for the report: what could not be made available */
};
/* Adds worktree and branch at `base`. branch NULL: council/<last 8 of run>-<slug of task>, with -2,
 * -3, … behind it where that exists ("council-" where a branch `council` leaves no room for the
 * slash). A branch named by the caller that exists is STATUS_USAGE.
 * links: patterns of ignored paths of the user's tree that tests need (node_modules, .venv): made
 * available by symbolic link. Submodules come from the user's own copies; one that does not is a
 * line in ret->notes. On failure nothing is left behind. */
int worktree_add(struct repo *r, const char *run, const char *task, const char *branch,
		 const char *base, const char *const *links, const struct cancel *cancel,
		 struct worktree *ret, struct error *err);
/* Opens the one of an earlier run again; STATUS_USAGE when it is gone. */
int worktree_open(struct repo *r, const char *run, const char *branch, const char *base,
		  struct worktree *ret, struct error *err);
void worktree_release(struct worktree *w);
/* Removes folder and git's record, also what a kill left half made; with drop_branch the branch (not
 * one that is checked out elsewhere: STATUS_USAGE) and the snapshot's ref too. Nothing there: 0. */
int worktree_remove(struct repo *r, const char *run, const char *branch, bool drop_branch,
		    struct error *err);

/* Commits what these paths are in the worktree now (changed, new or gone; NULL: everything but
 * linked and ignored paths), so that what a test run left behind is not committed. A named path that
 * git ignores is STATUS_GATE naming it: what was tested must be what is committed (see
 * worktree_ignores). Hooks run; a failing one is STATUS_GATE with its output's last line. ret_oid ""
 * when there was nothing to commit. Subject is cut to 72 columns; trailers are "Key: value" lines,
 * NULL-terminated. The commit goes to w->branch, whatever was done to .git or HEAD meanwhile. */
int worktree_commit(const struct worktree *w, const char *subject, const char *body,
		    const char *const *trailers, const struct strv *paths,
		    const struct cancel *cancel, char ret_oid[OID_HEX + 1], struct error *err);
/* Would the path, which need not exist, stay out of every commit (ignored and untracked, or linked)? */
int worktree_ignores(const struct worktree *w, const char *path, bool *ret, struct error *err);
int worktree_head(const struct worktree *w, char ret_oid[OID_HEX + 1], struct error *err);
/* Back to a commit: tracked files reset, untracked unignored ones removed. */
int worktree_reset(const struct worktree *w, const char *oid, struct error *err);
/* Brings back, from the branch's tip, the tracked files that `which` names and that differ from it,
 * but for those in `keep`. */
int worktree_restore(const struct worktree *w, bool (*which)(void *ctx, const char *path), void *ctx,
		     const struct strv *keep, struct error *err);

struct diff_stat { int files, insertions, deletions; };
/* Unified diff old..new (context lines 3; renames found; binary files named only), at most `max`
 * bytes and never more than out has room for, with a line that says how much was left out. new NULL:
 * the files of the user's tree as they are (worktree_diff: the worktree's). out, ret_stat: may be
 * NULL. */
int repo_diff(struct repo *r, const char *old_oid, const char *new_oid, size_t max,
	      struct buf *out, struct diff_stat *ret_stat, struct error *err);
int worktree_diff(const struct worktree *w, const char *old_oid, size_t max, struct buf *out,
		  struct diff_stat *ret_stat, struct error *err);
/* Paths changed between two commits (both sides of a rename). */
int repo_changed_paths(struct repo *r, const char *old_oid, const char *new_oid, struct strv *ret,
		       struct error *err);

/* Tracked files of a commit: path and size, sorted by path. For context. */
struct repo_file { char *path; uint64_t size; unsigned mode; };
struct repo_files { struct repo_file *v; size_t n; };
int repo_files(struct repo *r, const char *oid, struct repo_files *ret, struct error *err);
void repo_files_release(struct repo_files *f);
/* A file of a commit into out (bounded by out->max). */
int repo_read(struct repo *r, const char *oid, const char *path, struct buf *out, struct error *err);

/* Brings base..head of a run into the user's branch, or changes nothing.
 *
 * HEAD is base: fast-forward; else each commit is cherry-picked in memory, and HEAD moves to the
 * last. Uncommitted work elsewhere stays as it is.
 * base is a snapshot: the commits are picked onto HEAD without the work that the snapshot held; the
 * user's files get the change merged in (three ways, with the snapshot as ancestor), and so does
 * what they have staged, so that their work is still there and still uncommitted. Where the change
 * builds on that work, so that HEAD alone cannot take it, the files alone get it, uncommitted:
 * then *ret_from equals *ret_to, and the commits stay on the run's branch.
 *
 * STATUS_GATE, naming the paths and what to do: a conflict; uncommitted work in the way; a merge or
 * rebase that is under way; base..head holds a merge. STATUS_NOTHING: the change is there already,
 * or holds nothing.
 * ret_from/ret_to: HEAD before and after. ret_ref: the branch moved (full name; "HEAD" when
 * detached), malloc'd. */
int repo_apply_change(struct repo *r, const char *base, bool base_is_snapshot, const char *head,
		      char ret_from[OID_HEX + 1], char ret_to[OID_HEX + 1], char **ret_ref,
		      struct error *err);
/* The reverse of an application, given what went into it and what came out: back from `to` to
 * `from`, only if HEAD is `to` on `ref` and no uncommitted work is in the way (STATUS_GATE). Work that
 * was uncommitted before the application is so again. from equal to `to`: the change is taken out of
 * the files again. STATUS_NOTHING: it is no longer there. */
int repo_undo(struct repo *r, const char *ref, const char *from, const char *to, const char *base,
	      bool base_is_snapshot, const char *head, struct error *err);

#endif
