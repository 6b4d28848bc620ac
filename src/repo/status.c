/* status.c: what of a working tree differs from HEAD. libgit2 answers where it can read the index;
 * git does where it cannot (split and sparse indexes), and where there are submodules, of which it
 * says more. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "repo/repo_internal.h"
#include "util/path.h"

void tree_status_release(struct tree_status *s)
{
	strv_release(&s->tracked);
	strv_release(&s->untracked);
	strv_release(&s->nested);
	strv_release(&s->conflicts);
	strv_release(&s->submodules);
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strv_sort(struct strv *v)
{
	if (v->n > 1)
		qsort(v->v, v->n, sizeof(*v->v), compare_text);
}

bool strv_find(const struct strv *sorted, const char *s)
{
	return sorted->n && bsearch(&s, sorted->v, sorted->n, sizeof(*sorted->v), compare_text);
}

bool filtered_unchanged(git_repository *git, git_index *index, const char *path)
{
	const char *filter = NULL;
	const git_index_entry *e = git_index_get_bypath(index, path, 0);
	if (!e || git_attr_get(&filter, git, 0, path, "filter") ||
	    git_attr_value(filter) != GIT_ATTR_VALUE_STRING)
		return false;
	CLEANUP_FREE char *file = path_join(git_repository_workdir(git), path);
	struct stat st;
	return file && !lstat(file, &st) && S_ISREG(st.st_mode) &&
	       (uint32_t)st.st_size == e->file_size && (int32_t)st.st_mtime == e->mtime.seconds &&
	       /* an edit in the same second may be of the same size; some write no fractions */
	       (!e->mtime.nanoseconds || (uint32_t)st.st_mtim.tv_nsec == e->mtime.nanoseconds);
}

/* Untracked folders come with a slash behind them only where git does not look inside: they are
 * repositories of their own. */
static int add_untracked(struct tree_status *s, const char *path)
{
	size_t n = strlen(path);
	if (n > 0 && path[n - 1] == '/') {
		CLEANUP_FREE char *folder = str_ndup(path, n - 1);
		return folder ? strv_add(&s->nested, folder) : -1;
	}
	return strv_add(&s->untracked, path);
}

static int add_entry(git_repository *git, git_index *index, const git_status_entry *e,
		     struct tree_status *s)
{
	const git_diff_delta *d = e->index_to_workdir ? e->index_to_workdir : e->head_to_index;
	const char *path = d->old_file.path ? d->old_file.path : d->new_file.path;
	if (e->status & GIT_STATUS_IGNORED)
		return 0;
	if (e->status & GIT_STATUS_CONFLICTED)
		return strv_add(&s->conflicts, path) | strv_add(&s->tracked, path);
	if (e->status == GIT_STATUS_WT_NEW)
		return add_untracked(s, path);
	if (e->status == GIT_STATUS_WT_MODIFIED && filtered_unchanged(git, index, path))
		return 0;
	return strv_add(&s->tracked, path);
}

/* -1 without an error: libgit2 cannot read this index. */
static int status_by_libgit2(git_repository *git, struct tree_status *ret)
{
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	CLEANUP_GIT(git_status_list_free) git_status_list *list = NULL;
	git_status_options o;
	git_status_options_init(&o, GIT_STATUS_OPTIONS_VERSION);
	o.show = GIT_STATUS_SHOW_INDEX_AND_WORKDIR;
	o.flags = GIT_STATUS_OPT_INCLUDE_UNTRACKED | GIT_STATUS_OPT_RECURSE_UNTRACKED_DIRS;
	if (git_repository_index(&index, git) || !git_index_path(index) || git_index_read(index, 0) ||
	    git_status_list_new(&list, git, &o))
		return -1;
	size_t n = git_status_list_entrycount(list);
	for (size_t i = 0; i < n; i++)
		if (add_entry(git, index, git_status_byindex(list, i), ret))
			return -1;
	return 0;
}

/* The path of a record: behind this many fields. */
static const char *skip_fields(const char *p, int n)
{
	while (n-- > 0 && p)
		p = (p = strchr(p, ' ')) ? p + 1 : NULL;
	return p;
}

/* A record of porcelain v2 (git-status(1)): "1 XY sub mH mI mW hH hI path", "u XY sub m1 m2 m3 mW h1
 * h2 h3 path", "? path". `sub` is "N..." or "S" and c, m, u for a new commit, modified and untracked
 * files inside. */
static int add_record(const char *p, struct tree_status *s)
{
	const char *path = skip_fields(p, p[0] == '?' ? 1 : p[0] == 'u' ? 10 : 8);
	if (!path)
		return 0;
	if (p[0] == '?')
		return add_untracked(s, path);
	if (p[0] == 'u')
		return strv_add(&s->conflicts, path) | strv_add(&s->tracked, path);
	if (p[0] != '1')
		return 0;
	bool inside = p[5] == 'S' && (p[7] == 'M' || p[8] == 'U');
	return (inside ? strv_add(&s->submodules, path) : 0) | strv_add(&s->tracked, path);
}

static int status_by_git(const struct git_place *place, struct tree_status *ret, struct error *err)
{
	static const char *const args[] = {
		"status", "--porcelain=v2", "-z", "-uall", "--no-renames", NULL,
	};
	const struct git_call call = { .place = place, .args = args };
	CLEANUP_PROCESS struct process_result r = { 0 };
	if (git_run(&call, &r, err))
		return -1;
	if (r.exit_code != 0)
		return git_explain(err, STATUS_USAGE, "cannot read the state of the working tree", &r);
	if (r.truncated)
		return error_set(err, STATUS_USAGE, "%s holds too many uncommitted files to list them: "
				 "commit them, or have .gitignore leave them out", place->work_tree);
	for (const char *p = r.out; p < r.out + r.out_len; p += strlen(p) + 1)
		if (add_record(p, ret))
			return error_oom(err);
	return 0;
}

int tree_status_read(git_repository *git, const struct git_place *place, struct tree_status *ret,
		     struct error *err)
{
	CLEANUP_TREE_STATUS struct tree_status s = { 0 };
	CLEANUP_FREE char *modules = path_join(place->work_tree, ".gitmodules");
	if (!modules)
		return error_oom(err);
	if (path_exists(modules) || status_by_libgit2(git, &s)) {
		tree_status_release(&s);
		memset(&s, 0, sizeof(s));
		if (status_by_git(place, &s, err))
			return -1;
	}
	*ret = s;
	memset(&s, 0, sizeof(s));
	return 0;
}

int repo_is_dirty(const struct repo *r, bool *ret, struct error *err)
{
	CLEANUP_TREE_STATUS struct tree_status s = { 0 };
	const struct git_place place = { r->git_dir, r->top };
	if (tree_status_read(r->git, &place, &s, err))
		return -1;
	*ret = s.tracked.n || s.untracked.n;
	return 0;
}
