/* worktree.c: makes, finds and removes the worktree of a run.
 *
 * A worktree is two folders: its files, and git's record of it in the user's repository
 * (<common>/worktrees/<name>). The record says where the files are, in its file `gitdir`; the
 * `.git` file among the files says where the record is, but a model's code can write it, so it is
 * never read. */
#include <errno.h>
#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repo/repo_internal.h"
#include "util/path.h"
#include "util/ulid.h"

enum { SLUG_MAX = 40, BRANCH_TRIES = 100 };

/* <state>/worktrees/<repo-hash>/<run>, real but for its last part; the folder above is made. */
static char *worktree_path(const struct repo *r, const char *run, struct error *err)
{
	if (!path_is_safe(run) || strchr(run, '/')) {
		error_set(err, STATUS_USAGE, "'%s' is not the id of a run", run);
		return NULL;
	}
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, err);
	if (!state)
		return NULL;
	CLEANUP_FREE char *above = str_printf("%s/worktrees/%s", state, r->hash);
	if (!above) {
		error_oom(err);
		return NULL;
	}
	if (path_mkdirs(above, 0700, err))
		return NULL;
	CLEANUP_FREE char *real = realpath(above, NULL);
	char *path = real ? path_join(real, run) : NULL;
	if (!path)
		error_oom(err);
	return path;
}

/* Does the record say that its files are at path? */
static bool record_is_of(const char *record, const char *path)
{
	CLEANUP_BUF struct buf b = BUF_INIT(PATH_MAX + 64);
	CLEANUP_FREE char *file = path_join(record, "gitdir");
	CLEANUP_FREE char *want = path_join(path, ".git");
	if (!file || !want || buf_read_file(&b, file, NULL))
		return false;
	while (b.len && strchr("\r\n", b.data[b.len - 1]))
		buf_truncate(&b, b.len - 1);
	if (buf_str(&b)[0] == '/')
		return str_eq(buf_str(&b), want);
	/* worktree.useRelativePaths: relative to the record */
	CLEANUP_FREE char *folder = path_dirname(buf_str(&b));
	CLEANUP_FREE char *joined = folder ? path_join(record, folder) : NULL;
	CLEANUP_FREE char *real = joined ? realpath(joined, NULL) : NULL;
	return str_eq(real, path);
}

/* git's record of the worktree at path; NULL: none. */
static char *record_find(const struct repo *r, const char *path)
{
	CLEANUP_FREE char *all = path_join(r->common_dir, "worktrees");
	CLEANUP_FREE char *usual = all ? path_join(all, path_basename(path)) : NULL;
	if (!usual)
		return NULL;
	if (record_is_of(usual, path))
		return STEAL(usual);
	DIR *dir = opendir(all);
	char *found = NULL;
	for (struct dirent *e; dir && !found && (e = readdir(dir));) {
		CLEANUP_FREE char *record = e->d_name[0] == '.' ? NULL : path_join(all, e->d_name);
		if (record && record_is_of(record, path))
			found = STEAL(record);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* ASCII letters and digits, one '-' for whatever is between; cut at a word if one ends late enough. */
static void make_slug(const char *task, char ret[SLUG_MAX + 1])
{
	size_t n = 0, word = 0;
	bool cut = false;
	for (const char *p = task; *p && !cut; p++) {
		char c = *p >= 'A' && *p <= 'Z' ? (char)(*p - 'A' + 'a') : *p;
		bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
		if (!plain && (n == 0 || ret[n - 1] == '-'))
			continue;
		if (!plain)
			word = n;
		cut = n == SLUG_MAX;
		if (!cut)
			ret[n++] = plain ? c : '-';
	}
	if (cut && word > SLUG_MAX / 2)
		n = word;
	while (n > 0 && ret[n - 1] == '-')
		n--;
	ret[n] = '\0';
	if (n == 0)
		memcpy(ret, "task", sizeof("task"));
}

static bool branch_exists(const struct repo *r, const char *branch)
{
	CLEANUP_GIT(git_reference_free) git_reference *ref = NULL;
	return git_branch_lookup(&ref, r->git, branch, GIT_BRANCH_LOCAL) == 0;
}

/* A branch called just "council" leaves no room for "council/…" beside it. */
static char *choose_branch(const struct repo *r, const char *run, const char *task,
			   struct error *err)
{
	char slug[SLUG_MAX + 1];
	char sep = branch_exists(r, "council") ? '-' : '/';
	make_slug(task ? task : "", slug);
	for (int i = 1; i <= BRANCH_TRIES; i++) {
		CLEANUP_FREE char *name = i == 1 ?
			str_printf("council%c%s-%s", sep, ulid_short(run), slug) :
			str_printf("council%c%s-%s-%d", sep, ulid_short(run), slug, i);
		if (!name) {
			error_oom(err);
			return NULL;
		}
		if (!branch_exists(r, name))
			return STEAL(name);
	}
	error_set(err, STATUS_USAGE, "no free branch name for this run: name one with --branch");
	return NULL;
}

static char *check_branch(const struct repo *r, const char *branch, struct error *err)
{
	int valid = 0;
	if (git_branch_name_is_valid(&valid, branch) || !valid) {
		error_set(err, STATUS_USAGE, "'%s' cannot be the name of a branch", branch);
		return NULL;
	}
	if (branch_exists(r, branch)) {
		error_set(err, STATUS_USAGE, "branch %s exists: choose another name with --branch",
			  branch);
		return NULL;
	}
	char *copy = str_dup(branch);
	if (!copy)
		error_oom(err);
	return copy;
}

static int git_worktree_add_branch(const struct repo *r, const struct worktree *w,
				   const struct cancel *cancel, struct error *err)
{
	/* Without the working tree: git would hand it on to the checkout in the new one. */
	const struct git_place place = { r->git_dir, NULL };
	const char *const args[] = {
		"worktree", "add", "--no-track", "-b", w->branch, w->path, w->base, NULL,
	};
	const struct git_call call = {
		.place = &place, .cwd = r->top, .args = args, .cancel = cancel,
	};
	return git_ok(&call, "cannot add a worktree", NULL, err);
}

void worktree_release(struct worktree *w)
{
	if (!w)
		return;
	free(w->path);
	free(w->git_dir);
	free(w->branch);
	strv_release(&w->notes);
	memset(w, 0, sizeof(*w));
}

static int fill(struct repo *r, struct worktree *w, const char *const *links,
		const struct cancel *cancel, struct error *err)
{
	w->git_dir = record_find(r, w->path);
	if (!w->git_dir)
		return error_set(err, STATUS_INTERNAL, "git added the worktree %s, but its record is not "
				 "below %s/worktrees", w->path, r->common_dir);
	return links_make(r, w, links, cancel, err) || submodules_add(r, w, cancel, err) ? -1 : 0;
}

int worktree_add(struct repo *r, const char *run, const char *task, const char *branch,
		 const char *base, const char *const *links, const struct cancel *cancel,
		 struct worktree *ret, struct error *err)
{
	struct worktree w = { 0 };
	if (repo_resolve(r, base, w.base, err) || check_writable(r, err))
		return -1;
	w.path = worktree_path(r, run, err);
	if (!w.path)
		return -1;
	if (path_exists(w.path)) {
		error_set(err, STATUS_USAGE, "%s is there already: resume that run, or clean it", w.path);
		goto fail;
	}
	w.branch = branch ? check_branch(r, branch, err) : choose_branch(r, run, task, err);
	if (!w.branch)
		goto fail;
	bool had_branch = branch_exists(r, w.branch);
	if (git_worktree_add_branch(r, &w, cancel, err) || fill(r, &w, links, cancel, err)) {
		worktree_remove(r, run, had_branch ? NULL : w.branch, !had_branch, NULL);
		goto fail;
	}
	*ret = w;
	return 0;
fail:
	worktree_release(&w);
	return -1;
}

static int gone(struct error *err, const char *run, const char *what)
{
	return error_set(err, STATUS_USAGE, "run %s cannot go on: %s is gone; start a new run",
			 ulid_short(run), what);
}

/* A git that was killed leaves its locks. Those of this worktree and branch are no one else's. */
static void remove_stale_locks(const struct repo *r, const struct worktree *w)
{
	CLEANUP_FREE char *index = path_join(w->git_dir, "index.lock");
	CLEANUP_FREE char *head = path_join(w->git_dir, "HEAD.lock");
	CLEANUP_FREE char *ref = str_printf("%s/refs/heads/%s.lock", r->common_dir, w->branch);
	if (index)
		unlink(index);
	if (head)
		unlink(head);
	if (ref)
		unlink(ref);
}

int worktree_open(struct repo *r, const char *run, const char *branch, const char *base,
		  struct worktree *ret, struct error *err)
{
	struct worktree w = { 0 };
	if (!branch || !branch_exists(r, branch))
		return gone(err, run, branch ? branch : "its branch");
	if (repo_resolve(r, base, w.base, NULL))
		return gone(err, run, "the commit it started from");
	w.path = worktree_path(r, run, err);
	if (!w.path)
		return -1;
	w.git_dir = path_is_dir(w.path) ? record_find(r, w.path) : NULL;
	w.branch = str_dup(branch);
	if (!w.git_dir || !w.branch) {
		gone(err, run, w.path);
		worktree_release(&w);
		return -1;
	}
	remove_stale_locks(r, &w);
	*ret = w;
	return 0;
}

int worktree_git(const struct worktree *w, git_repository **ret, struct error *err)
{
	return git2_open(w->git_dir, w->path, ret, err);
}

/* The record named as the run that points nowhere is the rest of a removal or an addition that was
 * killed half-way: ids of runs are unique, so it is no one else's. */
static int remove_record(struct repo *r, const char *path, struct error *err)
{
	CLEANUP_FREE char *record = record_find(r, path);
	if (!record) {
		CLEANUP_FREE char *usual = str_printf("%s/worktrees/%s", r->common_dir,
						      path_basename(path));
		CLEANUP_FREE char *points = usual ? path_join(usual, "gitdir") : NULL;
		if (!points)
			return error_oom(err);
		if (path_is_dir(usual) && !path_exists(points))
			record = STEAL(usual);
	}
	if (record && path_remove_tree(record, err))
		return -1;
	/* as git does with the last one; fails, rightly, while there are others */
	CLEANUP_FREE char *all = path_join(r->common_dir, "worktrees");
	if (all)
		rmdir(all);
	return 0;
}

static int remove_branch(struct repo *r, const char *branch, struct error *err)
{
	CLEANUP_GIT(git_reference_free) git_reference *ref = NULL;
	if (git_branch_lookup(&ref, r->git, branch, GIT_BRANCH_LOCAL))
		return 0;
	if (git_branch_is_checked_out(ref) > 0)
		return error_set(err, STATUS_USAGE, "branch %s is checked out in another tree and stays: "
				 "git branch -D %s once it is not", branch, branch);
	if (git_reference_delete(ref))
		return git2_fail(err, STATUS_USAGE, "cannot remove branch %s", branch);
	return 0;
}

int worktree_remove(struct repo *r, const char *run, const char *branch, bool drop_branch,
		    struct error *err)
{
	CLEANUP_FREE char *path = worktree_path(r, run, err);
	if (!path)
		return -1;
	if ((path_exists(path) && path_remove_tree(path, err)) || remove_record(r, path, err))
		return -1;
	if (!drop_branch)
		return 0;
	if (branch && remove_branch(r, branch, err))
		return -1;
	CLEANUP_FREE char *base = str_printf("refs/council/base/%s", run);
	if (!base)
		return error_oom(err);
	int rc = git_reference_remove(r->git, base);
	return rc && rc != GIT_ENOTFOUND ? git2_fail(err, STATUS_USAGE, "cannot remove %s", base) : 0;
}
