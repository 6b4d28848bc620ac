/* pick.c: see pick.h. */
#include "repo/pick.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMITS_MAX = 10000, PATHS_SHOWN = 5 };

char *paths_text(const struct strv *paths)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	for (size_t i = 0; i < paths->n && i < PATHS_SHOWN; i++)
		buf_addf(&b, "%s%s", i ? ", " : "", paths->v[i]);
	if (paths->n > PATHS_SHOWN)
		buf_addf(&b, " and %zu more", paths->n - PATHS_SHOWN);
	return b.failed ? str_dup("several files") : str_dup(buf_str(&b));
}

static int list_conflicts(git_index *index, struct strv *ret, struct error *err)
{
	git_index_conflict_iterator *it = NULL;
	const git_index_entry *ancestor, *ours, *theirs;
	if (git_index_conflict_iterator_new(&it, index))
		return git2_fail(err, STATUS_INTERNAL, "cannot list conflicts");
	int rc = 0;
	while (!rc && !git_index_conflict_next(&ancestor, &ours, &theirs, it)) {
		const char *path = ours ? ours->path : theirs ? theirs->path : ancestor->path;
		if (!ret->n || !str_eq(ret->v[ret->n - 1], path)) /* they come sorted */
			rc = strv_add(ret, path);
	}
	git_index_conflict_iterator_free(it);
	return rc ? error_oom(err) : 1;
}

int trees_merge(git_repository *git, const char *ancestor, const char *ours, const char *theirs,
		char ret_tree[OID_HEX + 1], struct strv *ret_conflicts, struct error *err)
{
	CLEANUP_GIT(git_tree_free) git_tree *a = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *o = NULL;
	CLEANUP_GIT(git_tree_free) git_tree *t = NULL;
	CLEANUP_GIT(git_index_free) git_index *index = NULL;
	git_merge_options options;
	git_oid tree;
	git_merge_options_init(&options, GIT_MERGE_OPTIONS_VERSION);
	index_optional(git);
	if (git2_tree(git, ancestor, &a, err) || git2_tree(git, ours, &o, err) ||
	    git2_tree(git, theirs, &t, err))
		return -1;
	if (git_merge_trees(&index, git, a, o, t, &options))
		return git2_fail(err, STATUS_USAGE, "cannot merge the change");
	if (git_index_has_conflicts(index))
		return list_conflicts(index, ret_conflicts, err);
	if (git_index_write_tree_to(&tree, index, git))
		return git2_fail(err, STATUS_USAGE, "cannot store the merged change");
	oid_text(&tree, ret_tree);
	return 0;
}

/* A commit to be made: whose message and author, and the tree that it got here. */
struct pick {
	git_oid source;
	char tree[OID_HEX + 1];
};

struct picks {
	struct pick *v;
	size_t n;
};

static void picks_release(struct picks *p)
{
	free(p->v);
}

/* base..head, the oldest first. */
static int list_commits(git_repository *git, const char *base, const char *head, struct picks *ret,
			struct error *err)
{
	CLEANUP_GIT(git_revwalk_free) git_revwalk *walk = NULL;
	git_oid from, to, oid;
	if (git_oid_fromstr(&from, base) || git_oid_fromstr(&to, head) ||
	    git_revwalk_new(&walk, git) ||
	    git_revwalk_sorting(walk, GIT_SORT_TOPOLOGICAL | GIT_SORT_REVERSE) ||
	    git_revwalk_push(walk, &to) || git_revwalk_hide(walk, &from))
		return git2_fail(err, STATUS_USAGE, "cannot list the commits %.12s..%.12s", base, head);
	while (!git_revwalk_next(&oid, walk)) {
		struct pick *v = ret->n < COMMITS_MAX ? realloc(ret->v, (ret->n + 1) * sizeof(*v)) :
			NULL;
		if (!v)
			return error_oom(err);
		ret->v = v;
		v[ret->n++] = (struct pick){ .source = oid };
	}
	return 0;
}

/* The tree of each commit on top of the one before. */
static int pick_trees(git_repository *git, const char *onto, struct picks *picks,
		      struct strv *ret_conflicts, struct error *err)
{
	const char *current = onto;
	for (size_t i = 0; i < picks->n; i++) {
		CLEANUP_GIT(git_commit_free) git_commit *c = NULL;
		char parent[OID_HEX + 1], self[OID_HEX + 1];
		if (git_commit_lookup(&c, git, &picks->v[i].source))
			return git2_fail(err, STATUS_USAGE, "cannot read a commit of the change");
		oid_text(git_commit_id(c), self);
		if (git_commit_parentcount(c) != 1)
			return error_set(err, STATUS_GATE, "commit %.12s of the change is a merge, which "
					 "cannot be picked: merge the run's branch instead: git merge "
					 "--no-ff %.12s", self, self);
		oid_text(git_commit_parent_id(c, 0), parent);
		int rc = trees_merge(git, parent, current, self, picks->v[i].tree, ret_conflicts, err);
		if (rc)
			return rc;
		current = picks->v[i].tree;
	}
	return 0;
}

static bool signs_commits(git_repository *git)
{
	CLEANUP_GIT(git_config_free) git_config *config = NULL;
	int sign = 0;
	return !git_repository_config(&config, git) &&
	       !git_config_get_bool(&sign, config, "commit.gpgsign") && sign;
}

/* By the git program, so that the committer is the user and the signature theirs. */
static int make_commit(struct repo *r, const struct pick *pick, const char *parent, bool sign,
		       char ret_oid[OID_HEX + 1], struct error *err)
{
	CLEANUP_GIT(git_commit_free) git_commit *source = NULL;
	CLEANUP_STRV struct strv env = { 0 };
	CLEANUP_FREE char *oid = NULL;
	const char *config[3] = { NULL };
	const struct git_place place = { r->git_dir, r->top };
	const char *args[] = { "commit-tree", "-p", parent, pick->tree, sign ? "-S" : NULL, NULL };
	if (git_commit_lookup(&source, r->git, &pick->source))
		return git2_fail(err, STATUS_USAGE, "cannot read a commit of the change");
	if (identity_fallback(r->git, config, err))
		return -1;
	const git_signature *a = git_commit_author(source);
	int minutes = abs(a->when.offset);
	if (strv_addf(&env, "GIT_AUTHOR_NAME=%s", a->name) ||
	    strv_addf(&env, "GIT_AUTHOR_EMAIL=%s", a->email) ||
	    strv_addf(&env, "GIT_AUTHOR_DATE=@%lld %c%02d%02d", (long long)a->when.time,
		      a->when.offset < 0 ? '-' : '+', minutes / 60, minutes % 60))
		return error_oom(err);
	const char *message = git_commit_message_raw(source);
	const struct git_call call = {
		.place = &place, .config = config, .env = (const char *const *)env.v, .args = args,
		.input = message, .input_len = strlen(message),
	};
	if (git_ok(&call, "cannot write a commit", &oid, err))
		return -1;
	snprintf(ret_oid, OID_HEX + 1, "%s", oid);
	return 0;
}

int commits_pick(struct repo *r, const char *base, const char *head, const char *onto,
		 char ret_oid[OID_HEX + 1], struct strv *ret_conflicts, struct error *err)
{
	__attribute__((cleanup(picks_release))) struct picks picks = { 0 };
	CLEANUP_GIT(git_tree_free) git_tree *start = NULL;
	char tip[OID_HEX + 1], tree[OID_HEX + 1];
	if (list_commits(r->git, base, head, &picks, err) || git2_tree(r->git, onto, &start, err))
		return -1; /* NOLINT(clang-analyzer-unix.Malloc): picks frees itself */
	int rc = pick_trees(r->git, onto, &picks, ret_conflicts, err);
	if (rc)
		return rc;
	bool sign = signs_commits(r->git);
	snprintf(tip, sizeof(tip), "%s", onto);
	oid_text(git_tree_id(start), tree);
	for (size_t i = 0; i < picks.n; i++) {
		char parent[OID_HEX + 1];
		if (str_eq(picks.v[i].tree, tree))
			continue;
		memcpy(parent, tip, sizeof(parent));
		if (make_commit(r, &picks.v[i], parent, sign, tip, err))
			return -1;
		memcpy(tree, picks.v[i].tree, sizeof(tree));
	}
	memcpy(ret_oid, tip, sizeof(tip));
	return 0;
}
