/* link.c: gives a fresh worktree what git does not check out: ignored folders that tests need, by
 * symbolic link into the user's tree, and submodules, from the user's own copies.
 *
 * The links are recorded in the worktree's git dir, out of reach of a model's code: a pattern like
 * `node_modules/` ignores a folder but not a link of that name, so whoever commits, compares or
 * cleans must leave them out itself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repo/repo_internal.h"
#include "util/path.h"

enum { LINKS_MAX = 256, SUBMODULE_DEPTH = 8 };

static const char links_name[] = "council-links";

/* Ignored files and folders of the user's tree, folders without their slash. */
static int list_ignored(const struct repo *r, const struct cancel *cancel, struct strv *ret,
			struct error *err)
{
	static const char *const args[] = {
		"ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--directory", NULL,
	};
	const struct git_place place = { r->git_dir, r->top };
	const struct git_call call = { .place = &place, .args = args, .cancel = cancel };
	CLEANUP_PROCESS struct process_result res = { 0 };
	if (git_run(&call, &res, err))
		return -1;
	if (res.exit_code != 0)
		return git_explain(err, STATUS_USAGE, "cannot list ignored files", &res);
	const char *end = res.out + res.out_len;
	for (const char *p = res.out; p < end; p += strlen(p) + 1) {
		CLEANUP_FREE char *path = str_dup(p);
		if (!path)
			return error_oom(err);
		size_t n = strlen(path);
		if (n > 0 && path[n - 1] == '/')
			path[n - 1] = '\0';
		if (path_is_safe(path) && strv_add(ret, path))
			return error_oom(err);
	}
	return 0;
}

bool links_hold(const struct strv *paths, const char *path)
{
	for (size_t i = 0; i < paths->n; i++) {
		size_t n = strlen(paths->v[i]);
		if (!strncmp(path, paths->v[i], n) && (!path[n] || path[n] == '/'))
			return true;
	}
	return false;
}

/* "build/" and "./build" mean the folder itself here. */
static char *plain_pattern(const char *pattern)
{
	while (str_starts(pattern, "./"))
		pattern += 2;
	size_t n = strlen(pattern);
	while (n > 1 && pattern[n - 1] == '/')
		n--;
	return str_ndup(pattern, n);
}

/* What a pattern names in the user's tree: ignored entries that match, or a path below one. */
static int match_pattern(const struct repo *r, const char *raw, const struct strv *ignored,
			 struct strv *ret, struct error *err)
{
	CLEANUP_FREE char *pattern = plain_pattern(raw);
	CLEANUP_FREE char *file = pattern ? path_join(r->top, pattern) : NULL;
	if (!file)
		return error_oom(err);
	for (size_t i = 0; i < ignored->n; i++)
		if (path_match(pattern, ignored->v[i]) && !links_hold(ret, ignored->v[i]) &&
		    strv_add(ret, ignored->v[i]))
			return error_oom(err);
	if (path_is_safe(pattern) && !strpbrk(pattern, "*?[") && path_exists(file) &&
	    links_hold(ignored, pattern) && !links_hold(ret, pattern) && strv_add(ret, pattern))
		return error_oom(err);
	return 0;
}

/* Makes the folders above path inside root. False where something else is in the way: a link there
 * could lead out of the worktree. */
static bool make_parents(const char *root, const char *path)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEANUP_FREE char *dir = str_printf("%s/%.*s", root, (int)(slash - path), path);
		struct stat st;
		if (!dir || (mkdir(dir, 0777) && errno != EEXIST) || lstat(dir, &st) ||
		    !S_ISDIR(st.st_mode))
			return false;
	}
	return true;
}

bool inside_without_links(const char *root, const char *path)
{
	struct stat st;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEANUP_FREE char *dir = str_printf("%s/%.*s", root, (int)(slash - path), path);
		if (!dir || lstat(dir, &st) || !S_ISDIR(st.st_mode))
			return false;
	}
	CLEANUP_FREE char *file = path_join(root, path);
	return file && !lstat(file, &st);
}

/* 1: made; 0: something is there already, or the way to it is barred. */
static int make_link(const char *root, const char *path, const char *target, struct error *err)
{
	CLEANUP_FREE char *name = path_join(root, path);
	if (!name)
		return error_oom(err);
	if (!make_parents(root, path))
		return 0;
	if (symlink(target, name) == 0)
		return 1;
	return errno == EEXIST ? 0 : error_sys(err, STATUS_USAGE, errno, "cannot link %s", name);
}

static int links_record(const struct worktree *w, const struct strv *paths,
			const struct strv *targets, struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT(4u << 20);
	CLEANUP_FREE char *file = path_join(w->git_dir, links_name);
	if (!file)
		return error_oom(err);
	for (size_t i = 0; i < paths->n; i++) {
		buf_add(&b, paths->v[i], strlen(paths->v[i]) + 1);
		buf_add(&b, targets->v[i], strlen(targets->v[i]) + 1);
	}
	return buf_check(&b, "the list of links", err) ||
	       path_write_atomic(file, buf_str(&b), b.len, 0600, false, err) ? -1 : 0;
}

int links_make(struct repo *r, struct worktree *w, const char *const *patterns,
	       const struct cancel *cancel, struct error *err)
{
	CLEANUP_STRV struct strv ignored = { 0 };
	CLEANUP_STRV struct strv wanted = { 0 };
	CLEANUP_STRV struct strv paths = { 0 };
	CLEANUP_STRV struct strv targets = { 0 };
	if (!patterns || !*patterns)
		return 0;
	if (list_ignored(r, cancel, &ignored, err))
		return -1;
	for (const char *const *p = patterns; *p; p++)
		if (match_pattern(r, *p, &ignored, &wanted, err))
			return -1;
	for (size_t i = 0; i < wanted.n && i < LINKS_MAX; i++) {
		CLEANUP_FREE char *target = path_join(r->top, wanted.v[i]);
		if (!target)
			return error_oom(err);
		int made = make_link(w->path, wanted.v[i], target, err);
		if (made < 0)
			return -1;
		if (made && (strv_add(&paths, wanted.v[i]) || strv_add(&targets, target)))
			return error_oom(err);
	}
	if (wanted.n > LINKS_MAX &&
	    strv_addf(&w->notes, "only the first %d of %zu paths of worktree.link are linked",
		      LINKS_MAX, wanted.n))
		return error_oom(err);
	return paths.n ? links_record(w, &paths, &targets, err) : 0;
}

int links_read(const char *git_dir, struct strv *ret_paths, struct strv *ret_targets,
	       struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT(4u << 20);
	CLEANUP_FREE char *file = path_join(git_dir, links_name);
	if (!file)
		return error_oom(err);
	if (!path_exists(file))
		return 0;
	if (buf_read_file(&b, file, err))
		return -1;
	size_t at = 0;
	for (int i = 0; at < b.len; i++) {
		const char *s = b.data + at;
		struct strv *to = i % 2 ? ret_targets : ret_paths;
		if (to && strv_add(to, s))
			return error_oom(err);
		at += strlen(s) + 1;
	}
	return 0;
}

int links_restore(const struct worktree *w, struct error *err)
{
	CLEANUP_STRV struct strv paths = { 0 };
	CLEANUP_STRV struct strv targets = { 0 };
	if (links_read(w->git_dir, &paths, &targets, err))
		return -1;
	for (size_t i = 0; i < paths.n && i < targets.n; i++)
		if (make_link(w->path, paths.v[i], targets.v[i], err) < 0)
			return -1;
	return 0;
}

/* Submodules ------------------------------------------------------------------------------ */

struct module {
	const char *name, *path; /* borrowed */
};

static int add_modules(const char *from, const char *to, const char *shown, int depth,
		       struct strv *notes, const struct cancel *cancel, struct error *err);

/* The user's copy stands in for the remote, and lends its objects: nothing is fetched. */
static int add_module(const char *from, const char *to, const char *shown, const struct module *m,
		      int depth, struct strv *notes, const struct cancel *cancel, struct error *err)
{
	CLEANUP_FREE char *source = path_join(from, m->path);
	CLEANUP_FREE char *target = path_join(to, m->path);
	CLEANUP_FREE char *name = str_printf("%s%s", shown, m->path);
	CLEANUP_FREE char *dot_git = source ? path_join(source, ".git") : NULL;
	CLEANUP_FREE char *url = str_printf("submodule.%s.url=%s", m->name, source ? source : "");
	CLEANUP_FREE char *below = str_printf("%s%s/", shown, m->path);
	if (!source || !target || !name || !dot_git || !url || !below)
		return error_oom(err);
	/* nor is one made that is not checked out in the user's tree either */
	if (!path_is_safe(m->path) || strchr(m->name, '=') || !path_is_dir(target) ||
	    !path_exists(dot_git))
		return 0;
	const char *const args[] = {
		"submodule", "--quiet", "update", "--checkout", "--reference", source, "--", m->path,
		NULL,
	};
	const char *const config[] = { "protocol.file.allow=always", url, NULL };
	const struct git_call call = { .cwd = to, .config = config, .args = args, .cancel = cancel };
	CLEANUP_PROCESS struct process_result r = { 0 };
	if (git_run(&call, &r, err))
		return -1;
	if (r.exit_code != 0) {
		struct error why = { 0 };
		git_explain(&why, STATUS_USAGE, "git submodule update", &r);
		return strv_addf(notes, "submodule %s is not available to the run: %s", name,
				 why.message) ? error_oom(err) : 0;
	}
	return add_modules(source, target, below, depth + 1, notes, cancel, err);
}

/* Each record of git config -z is a key, a newline, a value and a NUL. */
static int add_modules(const char *from, const char *to, const char *shown, int depth,
		       struct strv *notes, const struct cancel *cancel, struct error *err)
{
	static const char *const args[] = {
		"config", "-z", "-f", ".gitmodules", "--get-regexp", "^submodule\\..*\\.path$", NULL,
	};
	const struct git_call call = { .cwd = to, .args = args, .cancel = cancel };
	CLEANUP_PROCESS struct process_result r = { 0 };
	CLEANUP_FREE char *list = path_join(to, ".gitmodules");
	if (!list)
		return error_oom(err);
	if (depth > SUBMODULE_DEPTH || !path_exists(list))
		return 0;
	if (git_run(&call, &r, err))
		return -1;
	if (r.exit_code > 1)
		return strv_add(notes, "submodules are not available to the run: git cannot read "
				".gitmodules") ? error_oom(err) : 0;
	size_t next;
	for (char *p = r.out; p < r.out + r.out_len; p += next) {
		next = strlen(p) + 1;
		char *newline = strchr(p, '\n'), *dot = newline ? newline - strlen(".path") : NULL;
		if (!dot)
			continue;
		*dot = '\0';
		const struct module m = { p + strlen("submodule."), newline + 1 };
		if (add_module(from, to, shown, &m, depth, notes, cancel, err))
			return -1;
	}
	return 0;
}

/* No code of a model has run in a worktree that is being added, so its .git file is still git's. */
int submodules_add(struct repo *r, struct worktree *w, const struct cancel *cancel,
		   struct error *err)
{
	return add_modules(r->top, w->path, "", 0, &w->notes, cancel, err);
}
