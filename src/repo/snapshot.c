/* snapshot.c: the commit a run starts from, and the user's uncommitted work as objects.
 *
 * The work is gathered through a copy of the user's index, so that their index, tree, HEAD and
 * stash stay as they are, byte for byte. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repo/repo_internal.h"
#include "util/path.h"

enum { INDEX_MAX = 1 << 30 };

/* A name for a temporary file in the program's own state folder; the file is there, and empty. */
static char *temporary_name(const struct repo *r, struct error *err)
{
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, err);
	if (!state)
		return NULL;
	CLEANUP_FREE char *dir = str_printf("%s/worktrees/%s", state, r->hash);
	CLEANUP_FREE char *name = dir ? str_printf("%s/index-XXXXXX", dir) : NULL;
	if (!name) {
		error_oom(err);
		return NULL;
	}
	if (path_mkdirs(dir, 0700, err))
		return NULL;
	int fd = mkstemp(name);
	if (fd < 0) {
		error_sys(err, STATUS_USAGE, errno, "cannot write in %s", dir);
		return NULL;
	}
	close(fd);
	return STEAL(name);
}

/* git trusts an entry whose file is older than the index: the copy keeps the index's own time, or
 * a file changed in the very moment of the last `git add` would pass for unchanged. */
static int copy_with_time(const char *from, const char *to, struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT(INDEX_MAX);
	struct stat st;
	if (stat(from, &st)) {
		if (errno != ENOENT)
			return error_sys(err, STATUS_USAGE, errno, "cannot read %s", from);
		unlink(to); /* git takes a missing index for an empty one, and an empty file for broken */
		return 0;
	}
#ifdef __APPLE__
	const struct timespec times[2] = { st.st_atimespec, st.st_mtimespec };
#else
	const struct timespec times[2] = { st.st_atim, st.st_mtim };
#endif
	if (buf_read_file(&b, from, err) || path_write_atomic(to, b.data, b.len, 0600, false, err))
		return -1;
	return utimensat(AT_FDCWD, to, times, 0) ?
	       error_sys(err, STATUS_USAGE, errno, "cannot write %s", to) : 0;
}

static int copy_index(const struct repo *r, char **ret, struct error *err)
{
	CLEANUP_FREE char *index = path_join(r->git_dir, "index");
	if (!index)
		return error_oom(err);
	CLEANUP_FREE char *copy = temporary_name(r, err);
	if (!copy)
		return -1;
	if (copy_with_time(index, copy, err)) {
		unlink(copy);
		return -1;
	}
	*ret = STEAL(copy);
	return 0;
}

static int write_tree(const struct git_place *place, const char *index, char ret[OID_HEX + 1],
		      struct error *err)
{
	static const char *const args[] = { "write-tree", NULL };
	const struct git_call call = { .place = place, .index = index, .args = args };
	CLEANUP_FREE char *oid = NULL;
	if (git_ok(&call, "cannot store the uncommitted work", &oid, err))
		return -1;
	snprintf(ret, OID_HEX + 1, "%s", oid);
	return 0;
}

/* Repositories inside the tree stay out: git would record a commit that nobody else has. */
static int add_all(const struct git_place *place, const char *index, const struct strv *leave_out,
		   struct error *err)
{
	CLEANUP_STRV struct strv args = { 0 };
	int rc = strv_add(&args, "add") | strv_add(&args, "-A");
	if (leave_out->n)
		rc |= strv_add(&args, "--") | strv_add(&args, ":/");
	for (size_t i = 0; i < leave_out->n; i++)
		rc |= strv_addf(&args, ":(exclude,top,literal)%s", leave_out->v[i]);
	if (rc)
		return error_oom(err);
	const struct git_call call = {
		.place = place, .index = index, .args = (const char *const *)args.v,
	};
	return git_ok(&call, "cannot store the uncommitted work (--from HEAD leaves it out)", NULL, err);
}

static int refuse_conflicts(const struct tree_status *status, struct error *err)
{
	if (!status->conflicts.n)
		return 0;
	return error_set(err, STATUS_USAGE, "%s is unmerged (%zu such): resolve the conflict and git "
			 "add it, or abort the merge, first", status->conflicts.v[0],
			 status->conflicts.n);
}

int snapshot_take(struct repo *r, const struct tree_status *status, bool with_staged,
		  struct snapshot *ret, struct error *err)
{
	CLEANUP_SNAPSHOT struct snapshot s = { 0 };
	const struct git_place place = { r->git_dir, r->top };
	if (refuse_conflicts(status, err) || copy_index(r, &s.index, err) ||
	    (with_staged && write_tree(&place, s.index, s.staged, err)) ||
	    add_all(&place, s.index, &status->nested, err) ||
	    write_tree(&place, s.index, s.tree, err))
		return -1;
	*ret = s;
	memset(&s, 0, sizeof(s));
	return 0;
}

void snapshot_release(struct snapshot *s)
{
	if (s->index)
		unlink(s->index);
	free(s->index);
	s->index = NULL;
}

static int note_left_out(struct repo *r, const struct tree_status *s, struct error *err)
{
	int rc = 0;
	for (size_t i = 0; i < s->submodules.n; i++)
		rc |= strv_addf(&r->notes, "uncommitted work inside the submodule %s is not part of the "
				"run", s->submodules.v[i]);
	for (size_t i = 0; i < s->nested.n; i++)
		rc |= strv_addf(&r->notes, "%s is a repository of its own and not part of the run",
				s->nested.v[i]);
	return rc ? error_oom(err) : 0;
}

/* The commit object and the ref that keeps it. Its author is the program: it is no one's work yet. */
static int commit_snapshot(struct repo *r, const char *run, const char *tree_oid,
			   git_commit *head, git_oid *ret, struct error *err)
{
	CLEANUP_GIT(git_tree_free) git_tree *tree = NULL;
	CLEANUP_GIT(git_signature_free) git_signature *who = NULL;
	CLEANUP_GIT(git_reference_free) git_reference *ref = NULL;
	CLEANUP_FREE char *name = str_printf("refs/council/base/%s", run);
	const git_commit *parents[] = { head };
	if (!name)
		return error_oom(err);
	if (git2_tree(r->git, tree_oid, &tree, err))
		return -1;
	if (git_signature_now(&who, "council", "council@localhost") ||
	    git_commit_create(ret, r->git, NULL, who, who, NULL,
			      "council: snapshot of uncommitted work\n", tree, 1, parents) ||
	    git_reference_create(&ref, r->git, name, ret, 1, NULL))
		return git2_fail(err, STATUS_USAGE, "cannot store the uncommitted work");
	return 0;
}

int repo_base(struct repo *r, const char *run, const char *from_rev, char ret_oid[OID_HEX + 1],
	      bool *ret_snapshot, struct error *err)
{
	CLEANUP_TREE_STATUS struct tree_status status = { 0 };
	CLEANUP_SNAPSHOT struct snapshot s = { 0 };
	CLEANUP_GIT(git_commit_free) git_commit *head = NULL;
	const struct git_place place = { r->git_dir, r->top };
	char oid[OID_HEX + 1];
	if (repo_resolve(r, from_rev ? from_rev : "HEAD", oid, err))
		return -1;
	bool snapshot = false;
	if (!from_rev) {
		if (tree_status_read(r->git, &place, &status, err) || note_left_out(r, &status, err))
			return -1;
		snapshot = status.tracked.n || status.untracked.n;
	}
	if (snapshot && check_writable(r, err))
		return -1;
	if (snapshot) {
		char clean[OID_HEX + 1];
		git_oid made;
		if (snapshot_take(r, &status, false, &s, err) || git2_commit(r->git, oid, &head, err))
			return -1;
		oid_text(git_commit_tree_id(head), clean);
		/* git may see nothing where libgit2 did: a filter's work, a submodule's inside. */
		snapshot = !str_eq(clean, s.tree);
		if (snapshot && commit_snapshot(r, run, s.tree, head, &made, err))
			return -1;
		if (snapshot)
			oid_text(&made, oid);
	}
	memcpy(ret_oid, oid, sizeof(oid));
	*ret_snapshot = snapshot;
	return 0;
}
