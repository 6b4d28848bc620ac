/* repo_internal.h: what the files of src/repo share. Nobody else includes it,
 * and through it nobody else sees git2.h.
 *
 * Two ways lead to a repository. libgit2 reads: it costs no process. The `git`
 * program writes whatever the user's hooks, filters, signing key, sparse checkout
 * or index extensions have a say in. Every call of the program names git dir and
 * working tree itself (struct git_place), so that neither the caller's GIT_*
 * variables nor a `.git` file that somebody rewrote decide where it works.
 */
#ifndef COUNCIL_REPO_INTERNAL_H
#define COUNCIL_REPO_INTERNAL_H

#include <git2.h>

#include "repo/repo.h"
#include "util/process.h"

struct git_place {
	const char *git_dir;   /* borrowed, absolute */
	const char *work_tree; /* borrowed, absolute; NULL: the command needs none */
};

struct repo {
	git_repository *git; /* owned */
	char *top;           /* absolute, no trailing slash */
	char *prefix;
	char *git_dir;       /* absolute, no trailing slash */
	char *common_dir;    /* real path; git_dir unless top is a linked worktree */
	char hash[17];
	struct strv notes;
};

/* libgit2, set up once for the process. */
int git2_setup(struct error *err);
/* Opens the repository at git_dir with work_tree as its tree (NULL: as recorded), reading the
 * same configuration files as git would. */
int git2_open(const char *git_dir, const char *work_tree, git_repository **ret, struct error *err);
/* Fills err with WHAT and libgit2's last message, and what to do where that is known. Returns -1. */
int git2_fail(struct error *err, enum status code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));
int git2_commit(git_repository *git, const char *oid, git_commit **ret, struct error *err);
int git2_tree(git_repository *git, const char *oid, git_tree **ret,
	      struct error *err);
/* STATUS_USAGE where no branch and no object can be added. */
int check_writable(const struct repo *r, struct error *err);
/* Work on trees alone looks into the index all the same (for attributes), and fails where libgit2
 * cannot read it (split and sparse indexes): then an empty one stands in. tree_status_read knows. */
void index_optional(git_repository *git); /* oid of a commit or tree */
void oid_text(const git_oid *oid, char ret[OID_HEX + 1]);

/* a type takes no parentheses */
#define GIT2_CLEANUP(type, name) /* NOLINTNEXTLINE(bugprone-macro-parentheses) */ \
	static inline void name##_cleanup(type **p) { name(*p); }
GIT2_CLEANUP(git_repository, git_repository_free)
GIT2_CLEANUP(git_commit, git_commit_free)
GIT2_CLEANUP(git_tree, git_tree_free)
GIT2_CLEANUP(git_index, git_index_free)
GIT2_CLEANUP(git_object, git_object_free)
GIT2_CLEANUP(git_reference, git_reference_free)
GIT2_CLEANUP(git_diff, git_diff_free)
GIT2_CLEANUP(git_patch, git_patch_free)
GIT2_CLEANUP(git_config, git_config_free)
GIT2_CLEANUP(git_status_list, git_status_list_free)
GIT2_CLEANUP(git_revwalk, git_revwalk_free)
GIT2_CLEANUP(git_tree_entry, git_tree_entry_free)
GIT2_CLEANUP(git_blob, git_blob_free)
GIT2_CLEANUP(git_signature, git_signature_free)
#undef GIT2_CLEANUP
#define CLEANUP_GIT(name) __attribute__((cleanup(name##_cleanup)))

/* git.c: the git program ---------------------------------------------------------------- */

struct git_call {
	const struct git_place *place; /* NULL: git finds the repository from cwd */
	const char *cwd;               /* NULL: the place's work_tree, else its git_dir */
	const char *index;             /* GIT_INDEX_FILE; NULL: the place's own */
	const char *const *config;     /* "key=value", NULL-terminated; may be NULL */
	const char *const *env;        /* more "K=V", NULL-terminated; may be NULL */
	const char *const *args;       /* NULL-terminated, after "git" */
	const void *input;
	size_t input_len;
	int64_t timeout_ms;            /* 0: ten minutes (filters and hooks take their time) */
	const struct cancel *cancel;
};
/* Runs git; waits up to 2 s for another process's lock. 0 whatever the exit status was; -1 when it
 * could not be started, was cancelled or timed out. */
int git_run(const struct git_call *call, struct process_result *ret, struct error *err);
/* As git_run, and a non-zero exit status is an error: "WHAT: git's own line; what to do".
 * ret_out (malloc'd stdout without its trailing newline) may be NULL. */
int git_ok(const struct git_call *call, const char *what, char **ret_out, struct error *err);
/* The error of a git that failed, from what it wrote. Returns -1. */
int git_explain(struct error *err, enum status code, const char *what,
		const struct process_result *r);
/* The last line of text that is not empty, malloc'd; NULL: none, or no memory. */
char *last_line(const char *text, size_t len);
/* "; what to do" for failures known by their wording (disk full, read-only, lock), else "". */
const char *failure_advice(const char *text);

/* status.c: what differs from HEAD ------------------------------------------------------- */

struct tree_status {
	struct strv tracked;    /* changed, staged, deleted, intent-to-add */
	struct strv untracked;  /* files, unignored */
	struct strv nested;     /* untracked repositories inside the tree, without trailing slash */
	struct strv conflicts;  /* unmerged */
	struct strv submodules; /* with uncommitted work inside; also in tracked */
};
/* git is the place opened. Never writes the index. */
int tree_status_read(git_repository *git, const struct git_place *place, struct tree_status *ret,
		     struct error *err);
void tree_status_release(struct tree_status *s);
#define CLEANUP_TREE_STATUS __attribute__((cleanup(tree_status_release)))
/* True when the path has a filter driver (LFS), so that libgit2 cannot compare it by content, and
 * its size and time are still those of the index. */
bool filtered_unchanged(git_repository *git, git_index *index, const char *path);

void strv_sort(struct strv *v);
bool strv_find(const struct strv *sorted, const char *s);

/* snapshot.c: a working tree as objects --------------------------------------------------- */

struct snapshot {
	char *index;                  /* the temporary index, which now matches the tree; owned */
	char staged[OID_HEX + 1];     /* tree of the index as it was; "" unless asked for */
	char tree[OID_HEX + 1];       /* tree of the files */
};
/* Writes r's working tree as a tree object through a temporary index. The index file stays until
 * release. STATUS_USAGE: unmerged entries, a read-only repository, unreadable files. */
int snapshot_take(struct repo *r, const struct tree_status *status, bool with_staged,
		  struct snapshot *ret, struct error *err);
void snapshot_release(struct snapshot *s);
#define CLEANUP_SNAPSHOT __attribute__((cleanup(snapshot_release)))

/* link.c: what a fresh worktree lacks ----------------------------------------------------- */

/* Links the ignored paths of r's tree that match, and records them in the worktree's git dir. */
int links_make(struct repo *r, struct worktree *w, const char *const *patterns,
	       const struct cancel *cancel, struct error *err);
/* The recorded links: paths and where they lead, side by side. None recorded: empty. */
int links_read(const char *git_dir, struct strv *ret_paths, struct strv *ret_targets,
	       struct error *err);
/* Makes those again that have gone. */
int links_restore(const struct worktree *w, struct error *err);
/* Is path one of the links, or below one? */
bool links_hold(const struct strv *paths, const char *path);
/* Is there something at root/path, with no link on the way (path itself may be one)? */
bool inside_without_links(const char *root, const char *path);
/* Checks submodules out from the user's own copies; what is not there becomes a note. */
int submodules_add(struct repo *r, struct worktree *w, const struct cancel *cancel,
		   struct error *err);

/* commit.c: has the user told git who they are? Where not, ret gets the settings ("key=value",
 * NULL-terminated, static) by which the program signs for itself. */
int identity_fallback(git_repository *git, const char *ret[3], struct error *err);

/* worktree.c */
/* Opens the worktree by its recorded git dir. */
int worktree_git(const struct worktree *w, git_repository **ret, struct error *err);

#endif
