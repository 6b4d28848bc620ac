/* commit.c: commits in a run's worktree, and goes back to one. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "repo/repo_internal.h"
#include "util/path.h"

enum { SUBJECT_COLUMNS = 72 };

/* The first line, control characters away, cut at 72 columns, at a word where one ends late enough. */
static int add_subject(struct buf *out, const char *subject)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(1 << 16);
	subject += strspn(subject, " \t\r\n");
	size_t len = strnlen(subject, 4096);
	const char *newline = memchr(subject, '\n', len);
	if (text_clean(&clean, subject, newline ? (size_t)(newline - subject) : len, false))
		return -1;
	const char *s = buf_str(&clean);
	size_t end = 0, word = 0, columns = 0;
	bool cut = false;
	while (s[end] && !cut) {
		char one[5] = "";
		size_t n = utf8_char(s + end, clean.len - end);
		if (n == 0)
			break;
		memcpy(one, s + end, n);
		columns += text_width(one);
		if (s[end] == ' ')
			word = end;
		cut = columns > SUBJECT_COLUMNS;
		if (!cut)
			end += n;
	}
	if (cut && word > SUBJECT_COLUMNS / 2)
		end = word;
	while (end > 0 && strchr(" .", s[end - 1]))
		end--;
	return end ? buf_add(out, s, end) : buf_adds(out, "Apply the change of the council");
}

static int build_message(struct buf *out, const char *subject, const char *body,
			 const char *const *trailers, struct error *err)
{
	add_subject(out, subject ? subject : "");
	buf_adds(out, "\n");
	if (body && *body) {
		buf_adds(out, "\n");
		text_clean(out, body, strlen(body), true);
		buf_adds(out, "\n");
	}
	if (trailers && *trailers)
		buf_adds(out, "\n");
	for (const char *const *t = trailers; t && *t; t++) {
		text_clean(out, *t, strlen(*t), false);
		buf_adds(out, "\n");
	}
	return buf_check(out, "the commit message", err);
}

static bool configured(git_config *config, const char *key)
{
	CLEANUP_GIT(git_config_free) git_config *now = NULL;
	const char *value = NULL;
	return !git_config_snapshot(&now, config) && !git_config_get_string(&value, now, key) && *value;
}

int identity_fallback(git_repository *git, const char *ret[3], struct error *err)
{
	CLEANUP_GIT(git_config_free) git_config *config = NULL;
	size_t n = 0;
	if (git_repository_config(&config, git))
		return git2_fail(err, STATUS_USAGE, "cannot read git's configuration");
	if (!(getenv("GIT_AUTHOR_NAME") && getenv("GIT_COMMITTER_NAME")) &&
	    !configured(config, "user.name"))
		ret[n++] = "user.name=council";
	if (!(getenv("GIT_AUTHOR_EMAIL") && getenv("GIT_COMMITTER_EMAIL")) && !getenv("EMAIL") &&
	    !configured(config, "user.email"))
		ret[n++] = "user.email=council@localhost";
	ret[n] = NULL;
	return 0;
}

/* A command of the run may have switched branches or detached HEAD: what is committed goes to the
 * run's branch all the same. */
static int attach_head(git_repository *git, const struct worktree *w, struct error *err)
{
	CLEANUP_GIT(git_reference_free) git_reference *head = NULL;
	CLEANUP_GIT(git_reference_free) git_reference *made = NULL;
	CLEANUP_FREE char *want = str_printf("refs/heads/%s", w->branch);
	if (!want)
		return error_oom(err);
	if (!git_reference_lookup(&head, git, "HEAD") &&
	    str_eq(git_reference_symbolic_target(head), want))
		return 0;
	if (git_reference_symbolic_create(&made, git, "HEAD", want, 1, "council: back to the run"))
		return git2_fail(err, STATUS_USAGE, "cannot set HEAD of %s", w->path);
	return 0;
}

/* What of a worktree goes into a commit. */
struct change {
	struct strv add;       /* paths to `git add`, for those named by the caller */
	struct strv leave_out; /* links and inner repositories, when it is everything else */
	bool all_tracked;      /* it is exactly what `git commit -a` takes */
	bool everything;       /* all that is unignored */
	bool any;
};

static void change_release(struct change *c)
{
	strv_release(&c->add);
	strv_release(&c->leave_out);
}

static bool link_or_nested(const struct strv *links, const struct tree_status *s, const char *path)
{
	return links_hold(links, path) || links_hold(&s->nested, path);
}

/* Those of the links that `git add` would take, as a pathspec may not name what git ignores. libgit2
 * cannot tell: it takes a link to a folder for one, which `node_modules/` would ignore. */
static int links_to_leave_out(const struct git_place *place, const struct strv *links,
			      struct strv *ret, struct error *err)
{
	static const char *const args[] = { "check-ignore", "-z", "--stdin", NULL };
	CLEANUP_BUF struct buf input = BUF_INIT(4u << 20);
	CLEANUP_STRV struct strv there = { 0 };
	CLEANUP_STRV struct strv ignored = { 0 };
	CLEANUP_PROCESS struct process_result r = { 0 };
	for (size_t i = 0; i < links->n; i++)
		if (inside_without_links(place->work_tree, links->v[i]) &&
		    (strv_add(&there, links->v[i]) ||
		     buf_add(&input, links->v[i], strlen(links->v[i]) + 1)))
			return error_oom(err);
	if (!there.n)
		return 0;
	const struct git_call call = {
		.place = place, .args = args, .input = input.data, .input_len = input.len,
	};
	if (git_run(&call, &r, err))
		return -1;
	if (r.exit_code > 1)
		return git_explain(err, STATUS_USAGE, "cannot commit", &r);
	for (const char *p = r.out; p < r.out + r.out_len; p += strlen(p) + 1)
		if (strv_add(&ignored, p))
			return error_oom(err);
	for (size_t i = 0; i < there.n; i++)
		if (!strv_has(&ignored, there.v[i]) && strv_add(ret, there.v[i]))
			return error_oom(err);
	return 0;
}

static int change_everything(const struct git_place *place, const struct tree_status *s,
			     const struct strv *links, struct change *ret, struct error *err)
{
	for (size_t i = 0; i < s->untracked.n; i++)
		ret->everything |= !links_hold(links, s->untracked.v[i]);
	ret->all_tracked = !ret->everything && s->tracked.n;
	ret->any = ret->everything || s->tracked.n;
	if (!ret->everything)
		return 0;
	if (links_to_leave_out(place, links, &ret->leave_out, err))
		return -1;
	for (size_t i = 0; i < s->nested.n; i++)
		if (!links_hold(links, s->nested.v[i]) &&
		    strv_add(&ret->leave_out, s->nested.v[i]))
			return error_oom(err);
	return 0;
}

static int refuse_ignored(git_repository *git, const struct worktree *w, const char *path,
			  struct error *err)
{
	int ignored = 0;
	CLEANUP_FREE char *file = path_join(w->path, path);
	struct stat st;
	if (!file)
		return error_oom(err);
	if (lstat(file, &st) || git_ignore_path_is_ignored(&ignored, git, path) || !ignored)
		return 0;
	return error_set(err, STATUS_GATE, "%s is ignored by the repository's .gitignore, so it cannot "
			 "be part of the change: name another file, or un-ignore it first", path);
}

/* Of the paths named, those that differ from HEAD. */
static int change_named(git_repository *git, const struct worktree *w, struct tree_status *s,
			const struct strv *links, const struct strv *paths, struct change *ret,
			struct error *err)
{
	CLEANUP_STRV struct strv named = { 0 };
	size_t tracked = 0;
	bool untracked = false;
	if (strv_copy(&named, paths))
		return error_oom(err);
	strv_sort(&named);
	strv_sort(&s->tracked);
	strv_sort(&s->untracked);
	for (size_t i = 0; i < named.n; i++) {
		const char *path = named.v[i];
		if (link_or_nested(links, s, path) || (i && str_eq(path, named.v[i - 1])))
			continue;
		bool is_tracked = strv_find(&s->tracked, path);
		bool is_new = !is_tracked && strv_find(&s->untracked, path);
		tracked += is_tracked;
		untracked |= is_new;
		if ((is_tracked || is_new) && strv_add(&ret->add, path))
			return error_oom(err);
		if (!is_tracked && !is_new && refuse_ignored(git, w, path, err))
			return -1;
	}
	ret->any = ret->add.n;
	ret->all_tracked = ret->any && !untracked && tracked == s->tracked.n;
	return 0;
}

static int find_change(git_repository *git, const struct worktree *w, const struct strv *paths,
		       struct change *ret, struct error *err)
{
	CLEANUP_TREE_STATUS struct tree_status s = { 0 };
	CLEANUP_STRV struct strv links = { 0 };
	const struct git_place place = { w->git_dir, w->path };
	if (links_read(w->git_dir, &links, NULL, err) || tree_status_read(git, &place, &s, err))
		return -1;
	return paths ? change_named(git, w, &s, &links, paths, ret, err) :
	       change_everything(&place, &s, &links, ret, err);
}

/* Thousands of paths do not fit one command line. */
enum { PATHS_A_CALL = 500 };

static int stage_some(const struct git_place *place, const struct strv *paths, size_t from,
		      const struct cancel *cancel, struct error *err)
{
	CLEANUP_STRV struct strv args = { 0 };
	int rc = strv_add(&args, "add") | strv_add(&args, "-A") | strv_add(&args, "--");
	for (size_t i = from; i < paths->n && i < from + PATHS_A_CALL; i++)
		rc |= strv_addf(&args, ":(top,literal)%s", paths->v[i]);
	if (rc)
		return error_oom(err);
	const struct git_call call = {
		.place = place, .args = (const char *const *)args.v, .cancel = cancel,
	};
	return git_ok(&call, "cannot commit", NULL, err);
}

static int stage_everything(const struct git_place *place, const struct strv *leave_out,
			    const struct cancel *cancel, struct error *err)
{
	CLEANUP_STRV struct strv args = { 0 };
	int rc = strv_add(&args, "add") | strv_add(&args, "-A") | strv_add(&args, "--") |
		 strv_add(&args, ":/");
	for (size_t i = 0; i < leave_out->n; i++)
		rc |= strv_addf(&args, ":(exclude,top,literal)%s", leave_out->v[i]);
	if (rc)
		return error_oom(err);
	const struct git_call call = {
		.place = place, .args = (const char *const *)args.v, .cancel = cancel,
	};
	return git_ok(&call, "cannot commit", NULL, err);
}

/* `git commit -a` that failed has staged nothing: what it was to take is in the tree. */
static bool nothing_to_commit(const struct git_place *place, bool all_tracked)
{
	static const char *const tree[] = { "diff", "--quiet", "--ignore-submodules=dirty", "HEAD", NULL };
	static const char *const index[] = { "diff", "--cached", "--quiet", NULL };
	const struct git_call call = { .place = place, .args = all_tracked ? tree : index };
	CLEANUP_PROCESS struct process_result r = { 0 };
	return !git_run(&call, &r, NULL) && r.exit_code == 0;
}

/* A hook's refusal ends git with 1, git's own failures with 128. */
static int commit_failed(const struct git_place *place, const struct process_result *r,
			 bool all_tracked, bool *ret_nothing, struct error *err)
{
	if (r->exit_code != 1)
		return git_explain(err, STATUS_USAGE, "cannot commit", r);
	if (nothing_to_commit(place, all_tracked)) {
		*ret_nothing = true;
		return 0;
	}
	CLEANUP_FREE char *said = last_line(r->err_out, r->err_len);
	if (!said)
		said = last_line(r->out, r->out_len);
	return error_set(err, STATUS_GATE, "a commit hook refuses the change: %s",
			 said ? said : "(it says nothing)");
}

/* The one place where the user's commit hooks are run. */
static int git_commit_with_hooks(const struct git_place *place, git_repository *git, bool all_tracked,
				 const struct buf *message, const struct cancel *cancel,
				 bool *ret_nothing, struct error *err)
{
	const char *config[3] = { NULL };
	const char *args[] = {
		"commit", "--quiet", "--no-status", "--cleanup=whitespace", "-F", "-",
		all_tracked ? "-a" : NULL, NULL,
	};
	if (identity_fallback(git, config, err))
		return -1;
	const struct git_call call = {
		.place = place, .config = config, .args = args, .input = message->data,
		.input_len = message->len, .cancel = cancel,
	};
	CLEANUP_PROCESS struct process_result r = { 0 };
	if (git_run(&call, &r, err))
		return -1;
	return r.exit_code ? commit_failed(place, &r, all_tracked, ret_nothing, err) : 0;
}

static int head_of(git_repository *git, const struct worktree *w, char ret_oid[OID_HEX + 1],
		   struct error *err)
{
	CLEANUP_FREE char *name = str_printf("refs/heads/%s", w->branch);
	git_oid oid;
	if (!name)
		return error_oom(err);
	if (git_reference_name_to_id(&oid, git, name))
		return git2_fail(err, STATUS_USAGE, "branch %s is gone", w->branch);
	oid_text(&oid, ret_oid);
	return 0;
}

static int stage(const struct git_place *place, const struct change *c, const struct cancel *cancel,
		 struct error *err)
{
	if (c->all_tracked)
		return 0;
	if (c->everything)
		return stage_everything(place, &c->leave_out, cancel, err);
	for (size_t i = 0; i < c->add.n; i += PATHS_A_CALL)
		if (stage_some(place, &c->add, i, cancel, err))
			return -1;
	return 0;
}

int worktree_commit(const struct worktree *w, const char *subject, const char *body,
		    const char *const *trailers, const struct strv *paths,
		    const struct cancel *cancel, char ret_oid[OID_HEX + 1], struct error *err)
{
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	CLEANUP_BUF struct buf message = BUF_INIT(1 << 20);
	__attribute__((cleanup(change_release))) struct change change = { 0 };
	const struct git_place place = { w->git_dir, w->path };
	if (build_message(&message, subject, body, trailers, err) || worktree_git(w, &git, err) ||
	    attach_head(git, w, err) || find_change(git, w, paths, &change, err))
		return -1;
	bool nothing = !change.any;
	if (!nothing && (stage(&place, &change, cancel, err) ||
			 git_commit_with_hooks(&place, git, change.all_tracked, &message, cancel,
					       &nothing, err)))
		return -1;
	if (nothing) {
		ret_oid[0] = '\0';
		return 0;
	}
	return head_of(git, w, ret_oid, err);
}

int worktree_head(const struct worktree *w, char ret_oid[OID_HEX + 1], struct error *err)
{
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	return worktree_git(w, &git, err) ? -1 : head_of(git, w, ret_oid, err);
}

int worktree_ignores(const struct worktree *w, const char *path, bool *ret, struct error *err)
{
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	CLEANUP_STRV struct strv links = { 0 };
	int ignored = 0;
	if (worktree_git(w, &git, err) || links_read(w->git_dir, &links, NULL, err))
		return -1;
	bool tracked = !git_repository_index(&index, git) && git_index_get_bypath(index, path, 0);
	if (!tracked && git_ignore_path_is_ignored(&ignored, git, path))
		return git2_fail(err, STATUS_USAGE, "cannot tell whether %s is ignored", path);
	*ret = ignored || links_hold(&links, path);
	return 0;
}

/* A pattern for git clean -e that means just this path. */
static int add_clean_exception(struct strv *args, const char *path)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 16);
	buf_adds(&b, "--exclude=/");
	for (const char *p = path; *p; p++) {
		if (strchr("*?[]\\! ", *p))
			buf_addc(&b, '\\');
		buf_addc(&b, *p);
	}
	return buf_check(&b, path, NULL) ? -1 : strv_add(args, buf_str(&b));
}

int worktree_reset(const struct worktree *w, const char *oid, struct error *err)
{
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	CLEANUP_STRV struct strv links = { 0 };
	CLEANUP_STRV struct strv clean = { 0 };
	const struct git_place place = { w->git_dir, w->path };
	const char *const reset[] = { "reset", "--quiet", "--hard", oid, "--", NULL };
	if (worktree_git(w, &git, err) || attach_head(git, w, err) ||
	    links_read(w->git_dir, &links, NULL, err))
		return -1;
	int rc = strv_add(&clean, "clean") | strv_add(&clean, "-ffdq");
	for (size_t i = 0; i < links.n; i++)
		rc |= add_clean_exception(&clean, links.v[i]);
	if (rc)
		return error_oom(err);
	const struct git_call calls[] = {
		{ .place = &place, .args = reset },
		{ .place = &place, .args = (const char *const *)clean.v },
	};
	if (git_ok(&calls[0], "cannot go back to the last commit", NULL, err) ||
	    git_ok(&calls[1], "cannot go back to the last commit", NULL, err))
		return -1;
	return links_restore(w, err);
}

/* The tracked files of the branch's tip that differ, that `which` names and that are not kept. */
static int find_altered(git_repository *git, const struct git_place *place, git_tree *tree,
			bool (*which)(void *ctx, const char *path), void *ctx,
			const struct strv *keep, struct strv *ret, struct error *err)
{
	CLEANUP_TREE_STATUS struct tree_status status = { 0 };
	if (tree_status_read(git, place, &status, err))
		return -1;
	for (size_t i = 0; i < status.tracked.n; i++) {
		CLEANUP_GIT(git_tree_entry_free) git_tree_entry *entry = NULL;
		const char *path = status.tracked.v[i];
		if (!which(ctx, path) || strv_has(keep, path) ||
		    git_tree_entry_bypath(&entry, tree, path))
			continue;
		if (strv_add(ret, path))
			return error_oom(err);
	}
	return 0;
}

int worktree_restore(const struct worktree *w, bool (*which)(void *ctx, const char *path), void *ctx,
		     const struct strv *keep, struct error *err)
{
	static const char *const no_hooks[] = { "core.hooksPath=/dev/null", NULL };
	static const char *const literal[] = { "GIT_LITERAL_PATHSPECS=1", NULL };
	CLEANUP_GIT(git_repository_free) git_repository *git = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *tree = NULL;
	CLEANUP_STRV struct strv paths = { 0 };
	CLEANUP_STRV struct strv args = { 0 };
	const struct git_place place = { w->git_dir, w->path };
	char oid[OID_HEX + 1];
	if (worktree_git(w, &git, err) || head_of(git, w, oid, err) ||
	    git2_tree(git, oid, &tree, err) ||
	    find_altered(git, &place, tree, which, ctx, keep, &paths, err))
		return -1;
	if (paths.n == 0)
		return 0;
	int rc = strv_add(&args, "checkout") | strv_add(&args, "--quiet") | strv_add(&args, oid) |
		 strv_add(&args, "--");
	for (size_t i = 0; i < paths.n; i++)
		rc |= strv_add(&args, paths.v[i]);
	if (rc)
		return error_oom(err);
	const struct git_call call = { .place = &place, .config = no_hooks, .env = literal,
				       .args = (const char *const *)args.v };
	return git_ok(&call, "cannot bring back files of the worktree", NULL, err);
}
