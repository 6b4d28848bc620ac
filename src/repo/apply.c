/* apply.c: brings a run's change into the user's branch, and takes it out again: the only code that
 * touches their tree, index and HEAD.
 *
 * Everything is worked out and checked first, on objects. Then git's own two-tree read-tree moves
 * the files: it checks every file it would write before it writes one, and knows filters, sparse
 * checkouts and submodules. HEAD moves last; if that fails the files go back.
 *
 * Two ways lead there. `plain`: index and files go from HEAD's old tree to its new one, and git
 * carries uncommitted work elsewhere along. `mixed`, for a change to files that also hold
 * uncommitted work: files and index each have a tree of their own, and each gets the change merged
 * in; a temporary index that matches the files stands in for the user's while the files move. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repo/pick.h"
#include "util/path.h"

/* An application or, with both pairs swapped, its reverse. */
struct move {
	struct repo *r;
	struct git_place place;
	const char *from, *to;     /* HEAD before and after; equal: the files alone */
	const char *old, *new;     /* the change itself: base and head of the run */
	bool over_work;            /* the run started from uncommitted work */
	const char *word;          /* "apply" or "undo" */
};

static int say_paths(struct error *err, const char *fmt_before, const struct strv *paths,
		     const char *after)
{
	CLEANUP_FREE char *text = paths_text(paths);
	if (!text)
		return error_oom(err);
	return error_set(err, STATUS_GATE, "%s %s%s", fmt_before, text, after);
}

static int read_tree(const struct move *m, const char *index, const char *how, const char *from,
		     const char *to, struct process_result *ret, struct error *err)
{
	const char *const args[] = { "read-tree", "-m", how, from, to, NULL };
	const struct git_call call = { .place = &m->place, .index = index, .args = args };
	return git_run(&call, ret, err);
}

/* As read_tree; a refusal is an error too. */
static int read_tree_ok(const struct move *m, const char *index, const char *how, const char *from,
			const char *to, struct error *err)
{
	CLEANUP_PROCESS struct process_result r = { 0 };
	if (read_tree(m, index, how, from, to, &r, err))
		return -1;
	return r.exit_code ? git_explain(err, STATUS_GATE, "the files cannot be changed", &r) : 0;
}

static int move_head(const struct move *m, struct error *err)
{
	CLEANUP_FREE char *note = str_printf("council: %s", m->word);
	if (!note)
		return error_oom(err);
	const char *const args[] = { "update-ref", "-m", note, "HEAD", m->to, m->from, NULL };
	const struct git_call call = { .place = &m->place, .args = args };
	return str_eq(m->from, m->to) ? 0 : git_ok(&call, "cannot move the branch", NULL, err);
}

/* Fills in the stat data that git status would otherwise look up anew; only a convenience. */
static void refresh_index(const struct move *m)
{
	static const char *const args[] = { "update-index", "-q", "--refresh", NULL };
	const struct git_call call = { .place = &m->place, .args = args };
	CLEANUP_PROCESS struct process_result r = { 0 };
	git_run(&call, &r, NULL);
}

/* Plain ---------------------------------------------------------------------------------- */

static bool path_in_tree(git_tree *tree, const char *path)
{
	CLEANUP_GIT(git_tree_entry_free) git_tree_entry *e = NULL;
	return git_tree_entry_bypath(&e, tree, path) == 0;
}

/* Is the place of a new path taken by something that the tree of before does not hold? */
static bool is_taken(const char *top, git_tree *before, const char *path)
{
	struct stat st;
	if (path_in_tree(before, path))
		return false;
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		CLEANUP_FREE char *above = str_ndup(path, (size_t)(slash - path));
		CLEANUP_FREE char *dir = above ? path_join(top, above) : NULL;
		if (!dir || lstat(dir, &st))
			return false;
		if (!S_ISDIR(st.st_mode))
			return !path_in_tree(before, above);
	}
	CLEANUP_FREE char *file = path_join(top, path);
	return file && !lstat(file, &st);
}

/* Does the index hold this path as the tree has it? So it is when an earlier attempt was killed
 * between the files and HEAD: what lies there is the change itself. */
static bool is_staged_from(git_index *index, git_tree *tree, const char *path)
{
	CLEANUP_GIT(git_tree_entry_free) git_tree_entry *want = NULL;
	const git_index_entry *e = index ? git_index_get_bypath(index, path, 0) : NULL;
	return e && !git_tree_entry_bypath(&want, tree, path) &&
	       git_oid_equal(&e->id, git_tree_entry_id(want)) &&
	       e->mode == (uint32_t)git_tree_entry_filemode(want);
}

/* Which new paths are taken? git asks only for files it does not ignore; what a user has in an
 * ignored file is theirs as well. */
static int paths_taken(const struct move *m, const char *before, const char *after, struct strv *ret,
		       struct error *err)
{
	CLEANUP_STRV struct strv changed = { 0 };
	CLEANUP_GIT(git_tree_free) git_tree *tree = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *target = NULL;
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	if (repo_changed_paths(m->r, before, after, &changed, err) ||
	    git2_tree(m->r->git, before, &tree, err) || git2_tree(m->r->git, after, &target, err))
		return -1;
	if (!git_repository_index(&index, m->r->git))
		git_index_read(index, 0); /* one that cannot be read holds nothing */
	for (size_t i = 0; i < changed.n; i++)
		if (is_taken(m->r->top, tree, changed.v[i]) &&
		    !is_staged_from(index, target, changed.v[i]) && strv_add(ret, changed.v[i]))
			return error_oom(err);
	return 0;
}

/* Which of the paths that differ between from and to hold uncommitted work? */
static int paths_in_way(const struct move *m, struct strv *ret, struct error *err)
{
	CLEANUP_STRV struct strv changed = { 0 };
	CLEANUP_TREE_STATUS struct tree_status s = { 0 };
	if (repo_changed_paths(m->r, m->from, m->to, &changed, err) ||
	    tree_status_read(m->r->git, &m->place, &s, err))
		return -1;
	strv_sort(&s.tracked);
	for (size_t i = 0; i < changed.n; i++)
		if (strv_find(&s.tracked, changed.v[i]) && strv_add(ret, changed.v[i]))
			return error_oom(err);
	return 0;
}

static int say_in_way(const struct strv *paths, struct error *err)
{
	return say_paths(err, "nothing was changed: uncommitted work is in the way in", paths,
			 "; commit it, git stash it or move it away, and try again");
}

static int explain_refusal(const struct move *m, const struct process_result *r, struct error *err)
{
	CLEANUP_STRV struct strv paths = { 0 };
	if (paths_in_way(m, &paths, err))
		return -1;
	return paths.n ? say_in_way(&paths, err) :
	       git_explain(err, STATUS_GATE, "the files cannot be changed", r);
}

/* Those files that read-tree will write or remove: all that differ, but for what an earlier attempt
 * has brought into the index already. */
static int paths_to_move(const struct move *m, bool users_index, const char *before, const char *after,
			 struct strv *ret, struct error *err)
{
	CLEANUP_STRV struct strv changed = { 0 };
	CLEANUP_GIT(git_tree_free) git_tree *target = NULL;
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	if (repo_changed_paths(m->r, before, after, &changed, err) ||
	    git2_tree(m->r->git, after, &target, err))
		return -1;
	if (users_index && !git_repository_index(&index, m->r->git))
		git_index_read(index, 0);
	for (size_t i = 0; i < changed.n; i++)
		if (!is_staged_from(index, target, changed.v[i]) && strv_add(ret, changed.v[i]))
			return error_oom(err);
	return 0;
}

/* Takes away a file that was not there before, and the folders made for it. */
static void remove_new(const char *top, git_tree *before, const char *path)
{
	CLEANUP_FREE char *rel = str_dup(path);
	for (char *slash; rel && *rel; *slash = '\0') {
		CLEANUP_FREE char *file = path_join(top, rel);
		if (!file || (strlen(rel) == strlen(path) ? unlink(file) && errno != ENOENT : rmdir(file)))
			return;
		slash = strrchr(rel, '/');
		if (!slash)
			return;
		CLEANUP_FREE char *above = str_ndup(rel, (size_t)(slash - rel));
		if (!above || path_in_tree(before, above))
			return;
	}
}

/* After a write that failed half-way: what read-tree had checked to be as in `index` is so again. */
static int put_back(const struct move *m, const char *index, const char *before,
		    const struct strv *paths, struct error *err)
{
	static const char *const args[] = { "checkout-index", "-f", "-q", "-z", "--stdin", NULL };
	CLEANUP_GIT(git_tree_free) git_tree *tree = NULL;
	CLEANUP_BUF struct buf input = BUF_INIT(64u << 20);
	CLEANUP_PROCESS struct process_result r = { 0 };
	if (git2_tree(m->r->git, before, &tree, err))
		return -1;
	for (size_t i = 0; i < paths->n; i++)
		if (!path_in_tree(tree, paths->v[i]))
			remove_new(m->r->top, tree, paths->v[i]);
		else if (buf_add(&input, paths->v[i], strlen(paths->v[i]) + 1))
			return error_oom(err);
	const struct git_call call = { .place = &m->place, .index = index, .args = args,
				       .input = input.data, .input_len = input.len };
	if (!input.len)
		return 0;
	return git_run(&call, &r, err) || r.exit_code ? -1 : 0;
}

/* Moves the files. 0: done; 1: git refuses, as *refusal tells, and nothing has changed; -1: it could
 * not, and what it had begun is put back. */
static int move_files(const struct move *m, const char *index, const char *from, const char *to,
		      struct process_result *refusal, struct error *err)
{
	const char *const check[] = { "read-tree", "-n", "-m", "-u", from, to, NULL };
	const struct git_call call = { .place = &m->place, .index = index, .args = check };
	CLEANUP_PROCESS struct process_result r = { 0 };
	CLEANUP_STRV struct strv paths = { 0 };
	if (paths_to_move(m, !index, from, to, &paths, err) || git_run(&call, refusal, err))
		return -1;
	if (refusal->exit_code)
		return 1;
	if (read_tree(m, index, "-u", from, to, &r, err))
		return -1;
	if (!r.exit_code)
		return 0;
	git_explain(err, STATUS_USAGE, "nothing was changed: the files cannot be written", &r);
	if (put_back(m, index, from, &paths, NULL))
		return say_paths(err, "the files cannot be written, and not be put back either:", &paths,
				 "; make room on that disk, then: git restore");
	refresh_index(m);
	return -1;
}

/* 0: done; 1: uncommitted work is in the way, nothing has changed, and m->over_work. */
static int move_plain(const struct move *m, struct error *err)
{
	CLEANUP_PROCESS struct process_result r = { 0 };
	CLEANUP_STRV struct strv taken = { 0 };
	if (paths_taken(m, m->from, m->to, &taken, err))
		return -1;
	if (taken.n)
		return m->over_work ? 1 : say_in_way(&taken, err);
	int rc = move_files(m, NULL, m->from, m->to, &r, err);
	if (rc > 0)
		return m->over_work ? 1 : explain_refusal(m, &r, err);
	if (rc == 0 && move_head(m, err)) {
		read_tree_ok(m, NULL, "-u", m->to, m->from, NULL);
		return -1;
	}
	return rc;
}

/* Mixed ---------------------------------------------------------------------------------- */

static int merge_into(const struct move *m, const char *tree, const char *where,
		      char ret[OID_HEX + 1], struct error *err)
{
	CLEANUP_STRV struct strv conflicts = { 0 };
	int rc = trees_merge(m->r->git, m->old, tree, m->new, ret, &conflicts, err);
	if (rc <= 0)
		return rc;
	CLEANUP_FREE char *before = str_printf("nothing was changed: the change conflicts with %s in",
					       where);
	return before ? say_paths(err, before, &conflicts, "; put those files back as they were, or "
				  "commit them, and try again") : error_oom(err);
}

static int move_mixed(const struct move *m, struct error *err)
{
	CLEANUP_TREE_STATUS struct tree_status status = { 0 };
	CLEANUP_SNAPSHOT struct snapshot s = { 0 };
	CLEANUP_STRV struct strv taken = { 0 };
	CLEANUP_PROCESS struct process_result r = { 0 };
	char files[OID_HEX + 1], staged[OID_HEX + 1];
	bool head_moves = !str_eq(m->from, m->to);
	if (tree_status_read(m->r->git, &m->place, &status, err) ||
	    snapshot_take(m->r, &status, true, &s, err) ||
	    merge_into(m, s.tree, "uncommitted work", files, err) ||
	    (head_moves && merge_into(m, s.staged, "staged work", staged, err)))
		return -1;
	bool files_move = !str_eq(files, s.tree);
	bool index_moves = head_moves && !str_eq(staged, s.staged);
	if (!files_move && !head_moves)
		return error_set(err, STATUS_NOTHING, "there is nothing to %s: the files are that way "
				 "already", m->word);
	if (files_move && paths_taken(m, s.tree, files, &taken, err))
		return -1;
	if (taken.n)
		return say_in_way(&taken, err);
	int rc = files_move ? move_files(m, s.index, s.tree, files, &r, err) : 0;
	if (rc)
		return rc < 0 ? -1 : git_explain(err, STATUS_GATE, "the files cannot be changed", &r);
	if (index_moves && read_tree_ok(m, NULL, "-i", s.staged, staged, err))
		goto files_back;
	if (move_head(m, err))
		goto index_back;
	if (index_moves)
		refresh_index(m);
	return 0;
index_back:
	if (index_moves)
		read_tree_ok(m, NULL, "-i", staged, s.staged, NULL);
files_back:
	if (files_move)
		read_tree_ok(m, s.index, "-u", files, s.tree, NULL);
	return -1;
}

static bool same_entry(git_tree *a, git_tree *b, const char *path)
{
	CLEANUP_GIT(git_tree_entry_free) git_tree_entry *x = NULL;
	CLEANUP_GIT(git_tree_entry_free) git_tree_entry *y = NULL;
	bool in_a = git_tree_entry_bypath(&x, a, path) == 0;
	bool in_b = git_tree_entry_bypath(&y, b, path) == 0;
	if (!in_a || !in_b)
		return in_a == in_b;
	return git_oid_equal(git_tree_entry_id(x), git_tree_entry_id(y)) &&
	       git_tree_entry_filemode(x) == git_tree_entry_filemode(y);
}

/* Is every file of the change, before and after, what it is in HEAD before and after? Then the
 * uncommitted work the run started from lies in other files. */
static int touches_no_work(const struct move *m, bool *ret, struct error *err)
{
	CLEANUP_STRV struct strv changed = { 0 };
	CLEANUP_GIT(git_tree_free) git_tree *from = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *to = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *old = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *new = NULL;
	git_repository *git = m->r->git;
	if (repo_changed_paths(m->r, m->old, m->new, &changed, err) ||
	    git2_tree(git, m->from, &from, err) || git2_tree(git, m->to, &to, err) ||
	    git2_tree(git, m->old, &old, err) || git2_tree(git, m->new, &new, err))
		return -1;
	bool same = true;
	for (size_t i = 0; i < changed.n && same; i++)
		same = same_entry(from, old, changed.v[i]) && same_entry(to, new, changed.v[i]);
	*ret = same;
	return 0;
}

static int carry_out(const struct move *m, struct error *err)
{
	bool plain = true;
	if (m->over_work && touches_no_work(m, &plain, err))
		return -1;
	if (plain && !str_eq(m->from, m->to)) {
		int rc = move_plain(m, err);
		if (rc <= 0)
			return rc;
	}
	return move_mixed(m, err);
}

/* Where HEAD is, and whether it may move ---------------------------------------------------- */

static int check_state(const struct repo *r, struct error *err)
{
	int state = git_repository_state(r->git);
	if (state == GIT_REPOSITORY_STATE_NONE || state == GIT_REPOSITORY_STATE_BISECT)
		return 0;
	return error_set(err, STATUS_GATE, "a %s is under way in %s: finish or abort it first",
			 state == GIT_REPOSITORY_STATE_MERGE ? "merge" :
			 state == GIT_REPOSITORY_STATE_REVERT ||
			 state == GIT_REPOSITORY_STATE_REVERT_SEQUENCE ? "revert" :
			 state == GIT_REPOSITORY_STATE_CHERRYPICK ||
			 state == GIT_REPOSITORY_STATE_CHERRYPICK_SEQUENCE ? "cherry-pick" : "rebase",
			 r->top);
}

static char *head_ref(const struct repo *r)
{
	CLEANUP_GIT(git_reference_free) git_reference *head = NULL;
	if (git_reference_lookup(&head, r->git, "HEAD"))
		return NULL;
	const char *target = git_reference_symbolic_target(head);
	return str_dup(target ? target : "HEAD");
}

static bool contains(git_repository *git, const char *tip, const char *commit)
{
	git_oid a, b;
	return !git_oid_fromstr(&a, tip) && !git_oid_fromstr(&b, commit) &&
	       (git_oid_equal(&a, &b) || git_graph_descendant_of(git, &a, &b) == 1);
}

static int say_conflict(struct error *err, const struct strv *paths, const char *base,
			const char *head)
{
	CLEANUP_FREE char *after = str_printf("; to settle it by hand: git cherry-pick %.12s..%.12s",
					      base, head);
	return after ? say_paths(err, "nothing was changed: the change conflicts with newer commits in",
				 paths, after) : error_oom(err);
}

/* What HEAD becomes. `from` itself when HEAD alone cannot take a change made over uncommitted work. */
static int find_target(struct repo *r, const char *base, bool over_work, const char *head,
		       const char *from, char ret[OID_HEX + 1], struct error *err)
{
	CLEANUP_STRV struct strv conflicts = { 0 };
	if (!over_work && str_eq(from, base)) {
		memcpy(ret, head, OID_HEX + 1);
		return 0;
	}
	int rc = commits_pick(r, base, head, from, ret, &conflicts, err);
	if (rc == 1 && !over_work)
		return say_conflict(err, &conflicts, base, head);
	if (rc == 1)
		memcpy(ret, from, OID_HEX + 1);
	return rc < 0 ? -1 : 0;
}

int repo_apply_change(struct repo *r, const char *base, bool base_is_snapshot, const char *head,
		      char ret_from[OID_HEX + 1], char ret_to[OID_HEX + 1], char **ret_ref,
		      struct error *err)
{
	char from[OID_HEX + 1], to[OID_HEX + 1], b[OID_HEX + 1], h[OID_HEX + 1];
	if (check_state(r, err) || repo_resolve(r, "HEAD", from, err) ||
	    repo_resolve(r, base, b, err) || repo_resolve(r, head, h, err))
		return -1;
	CLEANUP_FREE char *ref = head_ref(r);
	if (!ref)
		return error_oom(err);
	if (str_eq(b, h) || contains(r->git, from, h))
		return error_set(err, STATUS_NOTHING, "there is nothing to apply: %s",
				 str_eq(b, h) ? "the run changed nothing" : "HEAD has the change already");
	if (find_target(r, b, base_is_snapshot, h, from, to, err))
		return -1;
	if (!base_is_snapshot && str_eq(from, to))
		return error_set(err, STATUS_NOTHING, "there is nothing to apply: HEAD has the change "
				 "already");
	const struct move m = {
		.r = r, .place = { r->git_dir, r->top }, .from = from, .to = to, .old = b, .new = h,
		.over_work = base_is_snapshot, .word = "apply",
	};
	if (carry_out(&m, err))
		return -1;
	memcpy(ret_from, from, sizeof(from));
	memcpy(ret_to, to, sizeof(to));
	*ret_ref = STEAL(ref);
	return 0;
}

/* A branch as people call it. */
static const char *short_ref(const char *ref)
{
	static const char heads[] = "refs/heads/";

	return str_starts(ref, heads) ? ref + sizeof(heads) - 1 : ref;
}

int repo_undo(struct repo *r, const char *ref, const char *from, const char *to, const char *base,
	      bool base_is_snapshot, const char *head, struct error *err)
{
	char now[OID_HEX + 1], f[OID_HEX + 1], t[OID_HEX + 1], b[OID_HEX + 1], h[OID_HEX + 1];
	if (check_state(r, err) || repo_resolve(r, "HEAD", now, err) ||
	    repo_resolve(r, from, f, err) || repo_resolve(r, to, t, err) ||
	    repo_resolve(r, base, b, err) || repo_resolve(r, head, h, err))
		return -1;
	CLEANUP_FREE char *at = head_ref(r);
	if (!at)
		return error_oom(err);
	if (!str_eq(at, ref))
		return error_set(err, STATUS_GATE, "the change was applied to %s, but HEAD is on %s: "
				 "switch to it first", short_ref(ref), short_ref(at));
	if (!str_eq(now, t))
		return error_set(err, STATUS_GATE, "HEAD has moved on since the change was applied, so it "
				 "cannot simply be undone: git revert %.12s..%.12s", f, t);
	if (!base_is_snapshot && str_eq(f, t))
		return error_set(err, STATUS_NOTHING, "there is nothing to undo");
	const struct move m = {
		.r = r, .place = { r->git_dir, r->top }, .from = t, .to = f, .old = h, .new = b,
		.over_work = base_is_snapshot, .word = "undo",
	};
	return carry_out(&m, err);
}
