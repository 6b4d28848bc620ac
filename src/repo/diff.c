/* diff.c: what changed, for people and for models: bounded, and it says what was left out. */
#include <stdlib.h>
#include <string.h>

#include "repo/repo_internal.h"

enum {
	NOTE_ROOM = 160,           /* kept free at the end for the line that tells what is missing */
	FILE_MAX = 8 << 20,        /* a larger file is named only, like a binary one */
};

static void options_init(git_diff_options *o)
{
	git_diff_options_init(o, GIT_DIFF_OPTIONS_VERSION);
	o->context_lines = 3;
	o->max_size = FILE_MAX;
	/* `diff.mnemonicPrefix` and the like must not change what is parsed elsewhere. */
	o->old_prefix = "a";
	o->new_prefix = "b";
}

/* What the diff may hold, and what did not fit. */
struct writer {
	struct buf *out;
	size_t limit;
	size_t files_left, bytes_left;
};

/* The whole lines of text that fit. */
static size_t lines_within(const char *text, size_t len, size_t room)
{
	if (len <= room)
		return len;
	while (room > 0 && text[room - 1] != '\n')
		room--;
	return room;
}

static int write_patch(struct writer *w, git_patch *patch, struct error *err)
{
	if (w->bytes_left) { /* something is missing already: only count */
		w->files_left++;
		w->bytes_left += git_patch_size(patch, 1, 1, 1);
		return 0;
	}
	git_buf text = { 0 };
	if (git_patch_to_buf(&text, patch))
		return git2_fail(err, STATUS_INTERNAL, "cannot write a diff");
	size_t room = w->limit > w->out->len ? w->limit - w->out->len : 0;
	size_t take = lines_within(text.ptr, text.size, room);
	int rc = take ? buf_add(w->out, text.ptr, take) : 0;
	if (take < text.size) {
		w->files_left++;
		w->bytes_left += text.size - take;
	}
	git_buf_dispose(&text);
	return rc ? buf_check(w->out, "the diff", err) : 0;
}

/* A delta that only seems to be one: a link of ours, a repository of its own, an untouched file
 * whose filter libgit2 does not run. */
static bool is_noise(git_repository *git, git_index *index, const struct strv *links,
		     const git_diff_delta *d)
{
	const char *path = d->new_file.path ? d->new_file.path : d->old_file.path;
	size_t n = strlen(path);
	if (!links)
		return false;
	if (links_hold(links, path) || (d->status == GIT_DELTA_UNTRACKED && n && path[n - 1] == '/'))
		return true;
	return d->status == GIT_DELTA_MODIFIED && index && filtered_unchanged(git, index, path);
}

/* links non-NULL: the diff is against files, and noise is dropped. */
static int write_diff(git_repository *git, git_diff *diff, const struct strv *links, size_t max,
		      struct buf *out, struct diff_stat *ret_stat, struct error *err)
{
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	struct diff_stat stat = { 0 };
	size_t room = out ? out->max - out->len : 0;
	size_t limit = room < max ? room : max;
	struct writer w = { .out = out, .limit = limit > NOTE_ROOM ? limit - NOTE_ROOM : 0 };
	if (out)
		w.limit += out->len;
	if (links && git_repository_index(&index, git))
		index = NULL;
	size_t n = git_diff_num_deltas(diff);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_GIT(git_patch_free) git_patch *patch = NULL;
		size_t added = 0, deleted = 0;
		if (is_noise(git, index, links, git_diff_get_delta(diff, i)))
			continue;
		if (git_patch_from_diff(&patch, diff, i) || (patch &&
		    git_patch_line_stats(NULL, &added, &deleted, patch)))
			return git2_fail(err, STATUS_INTERNAL, "cannot compute a diff");
		stat.files++;
		stat.insertions += (int)added;
		stat.deletions += (int)deleted;
		if (patch && out && write_patch(&w, patch, err))
			return -1;
	}
	if (w.bytes_left)
		buf_addf(out, "[%zu bytes of this diff, in %zu file%s, left out]\n", w.bytes_left,
			 w.files_left, w.files_left == 1 ? "" : "s");
	if (out && buf_check(out, "the diff", err))
		return -1;
	if (ret_stat)
		*ret_stat = stat;
	return 0;
}

static int find_renames(git_diff *diff, uint32_t more, struct error *err)
{
	git_diff_find_options o;
	git_diff_find_options_init(&o, GIT_DIFF_FIND_OPTIONS_VERSION);
	o.flags = GIT_DIFF_FIND_RENAMES | more;
	o.rename_limit = 1000;
	return git_diff_find_similar(diff, &o) ?
	       git2_fail(err, STATUS_INTERNAL, "cannot look for renames") : 0;
}

static int diff_trees(git_repository *git, const char *old_oid, const char *new_oid,
		      git_diff **ret, struct error *err)
{
	CLEANUP_GIT(git_tree_free) git_tree *from = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *to = NULL;
	git_diff_options o;
	options_init(&o);
	index_optional(git);
	if (git2_tree(git, old_oid, &from, err) || git2_tree(git, new_oid, &to, err))
		return -1;
	return git_diff_tree_to_tree(ret, git, from, to, &o) ?
	       git2_fail(err, STATUS_INTERNAL, "cannot compute a diff") : 0;
}

static int diff_files(git_repository *git, const char *old_oid, const struct strv *links, size_t max,
		      struct buf *out, struct diff_stat *ret_stat, struct error *err)
{
	CLEANUP_GIT(git_tree_free) git_tree *from = NULL;
	CLEANUP_GIT(git_diff_free) git_diff *diff = NULL;
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	git_diff_options o;
	options_init(&o);
	o.flags |= GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS |
		   GIT_DIFF_SHOW_UNTRACKED_CONTENT | GIT_DIFF_INCLUDE_TYPECHANGE;
	if (git2_tree(git, old_oid, &from, err))
		return -1;
	if (git_repository_index(&index, git) || !git_index_path(index))
		return error_set(err, STATUS_USAGE, "cannot compute a diff: the index of %s is of a kind that "
				 "only git reads", git_repository_workdir(git));
	if (git_diff_tree_to_workdir_with_index(&diff, git, from, &o))
		return git2_fail(err, STATUS_INTERNAL, "cannot compute a diff");
	if (find_renames(diff, GIT_DIFF_FIND_FOR_UNTRACKED, err))
		return -1;
	return write_diff(git, diff, links, max, out, ret_stat, err);
}

int repo_diff(struct repo *r, const char *old_oid, const char *new_oid, size_t max,
	      struct buf *out, struct diff_stat *ret_stat, struct error *err)
{
	CLEANUP_GIT(git_diff_free) git_diff *diff = NULL;
	static const struct strv no_links = { 0 };
	if (!new_oid)
		return diff_files(r->git, old_oid, &no_links, max, out, ret_stat, err);
	if (diff_trees(r->git, old_oid, new_oid, &diff, err) || find_renames(diff, 0, err))
		return -1;
	return write_diff(r->git, diff, NULL, max, out, ret_stat, err);
}

int worktree_diff(const struct worktree *w, const char *old_oid, size_t max, struct buf *out,
		  struct diff_stat *ret_stat, struct error *err)
{
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	CLEANUP_STRV struct strv links = { 0 };
	if (worktree_git(w, &git, err) || links_read(w->git_dir, &links, NULL, err))
		return -1;
	return diff_files(git, old_oid, &links, max, out, ret_stat, err);
}

/* Without looking for renames, both sides of one come as they are: one path gone, one new. */
int repo_changed_paths(struct repo *r, const char *old_oid, const char *new_oid, struct strv *ret,
		       struct error *err)
{
	CLEANUP_GIT(git_diff_free) git_diff *diff = NULL;
	CLEANUP_STRV struct strv paths = { 0 };
	if (diff_trees(r->git, old_oid, new_oid, &diff, err))
		return -1;
	size_t n = git_diff_num_deltas(diff);
	for (size_t i = 0; i < n; i++) {
		const git_diff_delta *d = git_diff_get_delta(diff, i);
		const char *path = d->new_file.path ? d->new_file.path : d->old_file.path;
		if (paths.n && str_eq(paths.v[paths.n - 1], path))
			continue;
		if (strv_add(&paths, path))
			return error_oom(err);
	}
	*ret = paths;
	memset(&paths, 0, sizeof(paths));
	return 0;
}
