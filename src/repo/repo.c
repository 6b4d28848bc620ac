/* repo.c: opens the user's repository and answers simple questions about it. */
#include "repo/repo.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <git2/sys/repository.h>

#include "repo/repo_internal.h"
#include "util/hash.h"
#include "util/path.h"

/* libgit2's settings are the process's own, so they are made once and never unmade. */
static void git2_setup_once(void)
{
	/* What these extensions change is left to the git program, which knows them. */
	static const char *extensions[] = {
		"worktreeconfig", "preciousobjects", "partialclone", "relativeworktrees",
	};
	if (git_libgit2_init() < 0)
		return;
	git_libgit2_opts(GIT_OPT_SET_EXTENSIONS, extensions,
			 sizeof(extensions) / sizeof(extensions[0]));
	/* check_owner below asks git itself, which knows more of safe.directory. */
	git_libgit2_opts(GIT_OPT_SET_OWNER_VALIDATION, 0);
}

int git2_setup(struct error *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	if (pthread_once(&once, git2_setup_once))
		return error_set(err, STATUS_INTERNAL, "libgit2 could not be set up");
	return 0;
}

int git2_fail(struct error *err, enum status code, const char *fmt, ...)
{
	const git_error *e = git_error_last();
	const char *why = e && e->message ? e->message : "no reason given";
	char what[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(what, sizeof(what), fmt, ap);
	va_end(ap);
	return error_set(err, code, "%s: %s%s", what, why, failure_advice(why));
}

void oid_text(const git_oid *oid, char ret[OID_HEX + 1])
{
	git_oid_tostr(ret, OID_HEX + 1, oid);
}

/* libgit2 before 1.7 does not know the variables that name git's configuration files. */
static void config_from_environment(git_repository *git)
{
	CLEANUP_GIT(git_config_free) git_config *config = NULL;
	const char *global = getenv("GIT_CONFIG_GLOBAL"), *system_wide = getenv("GIT_CONFIG_SYSTEM");
	if (getenv("GIT_CONFIG_NOSYSTEM"))
		system_wide = "/dev/null";
	if ((!global && !system_wide) || git_repository_config(&config, git))
		return;
	if (global) {
		git_config_add_file_ondisk(config, global, GIT_CONFIG_LEVEL_GLOBAL, git, 1);
		git_config_add_file_ondisk(config, "/dev/null", GIT_CONFIG_LEVEL_XDG, git, 1);
	}
	if (system_wide)
		git_config_add_file_ondisk(config, system_wide, GIT_CONFIG_LEVEL_SYSTEM, git, 1);
}

/* libgit2's folders end with a slash. */
static bool same_folder(const char *from_git, const char *path)
{
	size_t n = strlen(path);
	return from_git && !strncmp(from_git, path, n) && str_eq(from_git + n, "/");
}

int git2_open(const char *git_dir, const char *work_tree, git_repository **ret, struct error *err)
{
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	if (git2_setup(err))
		return -1;
	int rc = git_repository_open_ext(&git, git_dir, GIT_REPOSITORY_OPEN_NO_SEARCH, NULL);
	if (!rc && work_tree && !same_folder(git_repository_workdir(git), work_tree))
		rc = git_repository_set_workdir(git, work_tree, 0);
	if (rc)
		return git2_fail(err, STATUS_USAGE, "cannot read the repository at %s", git_dir);
	config_from_environment(git);
	*ret = STEAL(git);
	return 0;
}

int check_writable(const struct repo *r, struct error *err)
{
	if (!access(r->common_dir, W_OK))
		return 0;
	return error_sys(err, STATUS_USAGE, errno, "%s cannot be written, and a run needs a branch of its "
			 "own there: make it writable, or run in a clone", r->common_dir);
}

void index_optional(git_repository *git)
{
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	CLEANUP_GIT(git_index_free) git_index *none = NULL;
	if (git_repository_index(&index, git) && !git_index_new(&none))
		git_repository_set_index(git, none);
}

int git2_commit(git_repository *git, const char *oid, git_commit **ret, struct error *err)
{
	CLEANUP_GIT(git_object_free) git_object *found = NULL;
	if (git_revparse_single(&found, git, oid) ||
	    git_object_peel((git_object **)ret, found, GIT_OBJECT_COMMIT))
		return git2_fail(err, STATUS_USAGE, "commit %.12s is not in the repository", oid);
	return 0;
}

int git2_tree(git_repository *git, const char *oid, git_tree **ret, struct error *err)
{
	CLEANUP_GIT(git_object_free) git_object *found = NULL;
	if (git_revparse_single(&found, git, oid) ||
	    git_object_peel((git_object **)ret, found, GIT_OBJECT_TREE))
		return git2_fail(err, STATUS_USAGE, "commit %.12s is not in the repository", oid);
	return 0;
}

/* A copy without the slash that libgit2 puts behind folders. */
static char *folder_dup(const char *path)
{
	size_t n = strlen(path);
	while (n > 1 && path[n - 1] == '/')
		n--;
	return str_ndup(path, n);
}

static bool owned_by_caller(const char *path)
{
	struct stat st;
	return lstat(path, &st) || st.st_uid == geteuid();
}

/* libgit2 only reads, but git runs what a repository's configuration names: so git's own rule on
 * repositories of others holds, and git is asked where the owner differs (sudo, safe.directory). */
static int check_owner(const struct repo *r, struct error *err)
{
	CLEANUP_FREE char *dot_git = path_join(r->top, ".git");
	if (!dot_git)
		return error_oom(err);
	if (owned_by_caller(r->top) && owned_by_caller(r->git_dir) && owned_by_caller(dot_git) &&
	    !getenv("GIT_TEST_ASSUME_DIFFERENT_OWNER"))
		return 0;
	static const char *const args[] = { "rev-parse", "--git-dir", NULL };
	const struct git_call call = { .cwd = r->top, .args = args };
	CLEANUP_PROCESS struct process_result res = { 0 };
	if (git_run(&call, &res, err))
		return -1;
	if (res.exit_code == 0)
		return 0;
	if (strstr(res.err_out, "ownership") || strstr(res.err_out, "unsafe repository"))
		return error_set(err, STATUS_USAGE, "%s belongs to another user, so git will not use "
				 "it; if you trust it, run: git config --global --add safe.directory "
				 "'%s'", r->top, r->top);
	return git_explain(err, STATUS_USAGE, r->top, &res);
}

static int check_git_program(struct error *err)
{
	const char *path = getenv("PATH");
	for (const char *p = path ? path : "/usr/bin:/bin"; *p; p += *p == ':') {
		size_t n = strcspn(p, ":");
		CLEANUP_FREE char *file = str_printf("%.*s/git", n ? (int)n : 1, n ? p : ".");
		if (!file)
			return error_oom(err);
		if (!access(file, X_OK))
			return 0;
		p += n;
	}
	return error_set(err, STATUS_USAGE, "the program git is not in PATH: install git 2.25 or newer");
}

static int open_git(const char *start, git_repository **ret, struct error *err)
{
	int rc = git_repository_open_ext(ret, start, 0, NULL);
	if (rc == GIT_ENOTFOUND)
		return error_set(err, STATUS_USAGE, "%s is not in a git repository: change into one, "
				 "or make one: git init && git add -A && git commit", start);
	if (rc)
		return git2_fail(err, STATUS_USAGE, "cannot read the git repository at %s", start);
	config_from_environment(*ret);
	return 0;
}

/* Fills top, git_dir, common_dir, prefix and hash. */
static int find_paths(struct repo *r, const char *start, struct error *err)
{
	const char *work = git_repository_workdir(r->git);
	r->git_dir = folder_dup(git_repository_path(r->git));
	CLEANUP_FREE char *common = folder_dup(git_repository_commondir(r->git));
	if (!r->git_dir || !common)
		return error_oom(err);
	if (!work)
		return error_set(err, STATUS_USAGE, "%s is a bare repository, without files to work "
				 "on: make a worktree of it (git worktree add FOLDER) and run there",
				 r->git_dir);
	r->top = folder_dup(work);
	r->common_dir = realpath(common, NULL);
	if (!r->top || !r->common_dir)
		return error_oom(err);
	struct sha256 h = sha256_of(r->common_dir, strlen(r->common_dir));
	char hex[65];
	sha256_hex(&h, hex);
	memcpy(r->hash, hex, 16);

	CLEANUP_FREE char *real_start = realpath(start, NULL);
	CLEANUP_FREE char *real_top = realpath(r->top, NULL);
	if (!real_start || !real_top)
		return error_sys(err, STATUS_USAGE, errno, "%s", start);
	CLEANUP_FREE char *real_git = realpath(r->git_dir, NULL);
	size_t n = strlen(real_top), g = real_git ? strlen(real_git) : 0;
	if (g && !strncmp(real_start, real_git, g) && (real_start[g] == '/' || !real_start[g]))
		return error_set(err, STATUS_USAGE, "%s is inside the git folder: run in %s", start,
				 r->top);
	bool below = !strncmp(real_start, real_top, n) && real_start[n] == '/';
	r->prefix = str_dup(below ? real_start + n + 1 : "");
	return r->prefix ? 0 : error_oom(err);
}

static int check_head(const struct repo *r, struct error *err)
{
	CLEANUP_GIT(git_commit_free) git_commit *head = NULL;
	int unborn = git_repository_head_unborn(r->git);
	if (unborn > 0)
		return error_set(err, STATUS_USAGE, "%s has no commit yet: make one first: git add -A "
				 "&& git commit", r->top);
	if (unborn < 0 || git2_commit(r->git, "HEAD", &head, NULL))
		return git2_fail(err, STATUS_USAGE, "cannot read HEAD of %s", r->top);
	return 0;
}

int repo_open(const char *start, struct repo **ret, struct error *err)
{
	if (git2_setup(err) || check_git_program(err))
		return -1;
	CLEANUP_FREE char *from = start ? str_dup(start) : getcwd(NULL, 0);
	if (!from)
		return start ? error_oom(err) :
		       error_sys(err, STATUS_USAGE, errno, "the current folder cannot be found");
	struct repo *r = calloc(1, sizeof(*r));
	if (!r)
		return error_oom(err);
	if (open_git(from, &r->git, err) || find_paths(r, from, err) || check_owner(r, err) ||
	    check_head(r, err)) {
		repo_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

void repo_free(struct repo *r)
{
	if (!r)
		return;
	git_repository_free(r->git);
	free(r->top);
	free(r->prefix);
	free(r->git_dir);
	free(r->common_dir);
	strv_release(&r->notes);
	free(r);
}

const char *repo_top(const struct repo *r)
{
	return r->top;
}

const char *repo_prefix(const struct repo *r)
{
	return r->prefix;
}

const char *repo_git_dir(const struct repo *r)
{
	return r->git_dir;
}

const char *repo_hash(const struct repo *r)
{
	return r->hash;
}

const struct strv *repo_notes(const struct repo *r)
{
	return &r->notes;
}

char *repo_branch(const struct repo *r)
{
	CLEANUP_GIT(git_reference_free) git_reference *head = NULL;
	if (git_reference_lookup(&head, r->git, "HEAD"))
		return NULL;
	const char *target = git_reference_symbolic_target(head);
	return target && str_starts(target, "refs/heads/") ? str_dup(target + 11) : NULL;
}

int repo_resolve(const struct repo *r, const char *rev, char ret_oid[OID_HEX + 1],
		 struct error *err)
{
	CLEANUP_GIT(git_object_free) git_object *found = NULL;
	CLEANUP_GIT(git_object_free) git_object *commit = NULL;
	int rc = git_revparse_single(&found, r->git, rev);
	if (rc == GIT_EAMBIGUOUS)
		return error_set(err, STATUS_USAGE, "'%s' is short for several commits: give more of "
				 "its digits", rev);
	if (rc)
		return error_set(err, STATUS_USAGE, "no branch, tag or commit is called '%s'", rev);
	if (git_object_peel(&commit, found, GIT_OBJECT_COMMIT))
		return error_set(err, STATUS_USAGE, "'%s' is a %s, not a commit", rev,
				 git_object_type2string(git_object_type(found)));
	oid_text(git_object_id(commit), ret_oid);
	return 0;
}
