/* test_worktree.c: the worktree of a run, and commits in it. */
#include "repo_fixture.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "util/path.h"
#include "util/ulid.h"

static char oid[OID_HEX + 1];
static struct worktree w;

static int add(const char *task, const char *branch, const char *const *links)
{
	char base[OID_HEX + 1];
	bool snapshot;
	worktree_release(&w);
	ok(repo_base(fx.repo, RUN, NULL, base, &snapshot, &fx.err));
	return worktree_add(fx.repo, RUN, task, branch, base, links, NULL, &w, &fx.err);
}

static int commit(void)
{
	return worktree_commit(&w, "Change things", NULL, NULL, NULL, NULL, oid, &fx.err);
}

static void setup(void)
{
	memset(&w, 0, sizeof(w));
	fixture_setup();
}

static void teardown(void)
{
	worktree_release(&w);
	fixture_teardown();
}

START_TEST(adds_a_worktree_and_a_branch)
{
	CLEANUP_FREE char *before = user_state();
	ok(add("Fix the parser's bounds, please!", NULL, NULL));
	CLEANUP_FREE char *path = str_printf("%s/state/council/worktrees/%s/%s", fx.dir,
					     repo_hash(fx.repo), RUN);
	ck_assert_str_eq(w.path, path);
	ck_assert(str_starts(w.branch, "council/"));
	ck_assert(str_ends(w.branch, "-fix-the-parser-s-bounds-please"));
	ck_assert_ptr_nonnull(strstr(w.branch, ulid_short(RUN)));
	ck_assert_uint_eq(w.notes.n, 0);
	sh_is(w.git_dir, "cd '%s'; git rev-parse --absolute-git-dir", w.path);
	sh_is(w.base, "cd '%s'; git rev-parse HEAD", w.path);
	sh_is(w.branch, "cd '%s'; git symbolic-ref --short HEAD", w.path);
	ok(worktree_head(&w, oid, &fx.err));
	ck_assert_str_eq(oid, w.base);
	assert_untouched(before);
	fails(add("again", NULL, NULL), STATUS_USAGE, "there already");
}
END_TEST

static const struct {
	const char *task, *slug;
} slugs[] = {
	{ "Add  tests", "add-tests" },
	{ "--- ../../etc/passwd\n; rm -rf", "etc-passwd-rm-rf" },
	{ "\xe4\xbf\xae\xe5\xa4\x8d", "task" },
	{ "", "task" },
	{ "na\xc3\xafve caf\xc3\xa9", "na-ve-caf" },
	{ "one two three four five six seven eight nine ten", "one-two-three-four-five-six-seven-eight" },
	{ "0123456789012345678901234567890123456789x", "0123456789012345678901234567890123456789" },
	{ "01234567890123456789 1234567890123456789 x", "01234567890123456789-1234567890123456789" },
};

START_TEST(names_the_branch_after_the_task)
{
	CLEANUP_FREE char *want = str_printf("council/%s-%s", ulid_short(RUN), slugs[_i].slug);
	ok(add(slugs[_i].task, NULL, NULL));
	ck_assert_str_eq(w.branch, want);
	sh("cd repo; git check-ref-format --branch '%s'", w.branch);
}
END_TEST

START_TEST(finds_another_name_when_one_is_taken)
{
	sh("cd repo; git branch council/%s-x; git branch council/%s-x-2", ulid_short(RUN),
	   ulid_short(RUN));
	ok(add("x", NULL, NULL));
	ck_assert(str_ends(w.branch, "-x-3"));
}
END_TEST

START_TEST(a_branch_called_council_is_no_obstacle)
{
	sh("cd repo; git branch council");
	ok(add("x", NULL, NULL));
	ck_assert(str_starts(w.branch, "council-"));
	ok(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err));
	sh_is("council", "cd repo; git branch --format '%%(refname:short)' --list 'council*'");
}
END_TEST

START_TEST(takes_the_branch_the_user_names)
{
	fails(add("x", "main", NULL), STATUS_USAGE, "branch main exists");
	fails(add("x", "bad..name", NULL), STATUS_USAGE, "bad..name");
	fails(add("x", "-x", NULL), STATUS_USAGE, "-x");
	ok(add("x", "mine/work", NULL));
	ck_assert_str_eq(w.branch, "mine/work");
}
END_TEST

START_TEST(a_failed_addition_leaves_nothing)
{
	sh("cd repo; echo 'echo no; exit 1' >.git/hooks/post-checkout; chmod +x .git/hooks/post-checkout");
	fails(add("x", NULL, NULL), STATUS_USAGE, "cannot add a worktree: no");
	sh_is("", "cd repo; git branch --list 'council*'; ls .git/worktrees 2>/dev/null || :");
	sh_is("", "find state -name " RUN);
}
END_TEST

static const char *const links[] = { "node_modules/", ".venv", "cache/keep", "missing", NULL };

static void with_links(void)
{
	sh("cd repo; printf '*.o\\nnode_modules/\\n.venv/\\ncache/\\n' >.gitignore; git commit -qam ignore\n"
	   "mkdir -p node_modules/m sub/node_modules .venv/bin cache/keep cache/drop; touch node_modules/m/i\n"
	   "touch sub/node_modules/j .venv/bin/py cache/keep/k cache/drop/d");
	ok(add("x", NULL, links));
}

START_TEST(links_what_tests_need)
{
	with_links();
	sh("cd '%s'; test -L node_modules; test -e node_modules/m/i; test -e sub/node_modules/j\n"
	   "test -e .venv/bin/py; test -L cache/keep; test ! -e cache/drop", w.path);
}
END_TEST

START_TEST(links_are_neither_committed_nor_shown_nor_cleaned)
{
	struct diff_stat stat = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 16);
	with_links();
	ok(commit());
	ck_assert_str_eq(oid, "");
	sh("cd '%s'; echo new >new.txt", w.path);
	ok(worktree_diff(&w, w.base, 1 << 16, &b, &stat, &fx.err));
	ck_assert_int_eq(stat.files, 1);
	ck_assert_ptr_null(strstr(buf_str(&b), "node_modules"));
	ok(commit());
	sh_is("new.txt", "cd repo; git diff --name-only %s %s", w.base, oid);
	sh("cd '%s'; rm .venv; touch junk", w.path);
	ok(worktree_reset(&w, w.base, &fx.err));
	sh("cd '%s'; test ! -e new.txt; test ! -e junk; test -L node_modules; test -L .venv\n"
	   "test -L sub/node_modules", w.path);
	sh("test -e repo/.venv/bin/py; test -e repo/node_modules/m/i");
}
END_TEST

START_TEST(a_link_that_became_a_folder_is_not_committed)
{
	with_links();
	sh("cd '%s'; rm .venv node_modules; mkdir .venv node_modules; touch .venv/a node_modules/b\n"
	   "echo x >>b.txt; echo n >n.txt", w.path);
	ok(commit());
	sh_is("b.txt\nn.txt", "cd repo; git diff --name-only %s %s", w.base, oid);
}
END_TEST

START_TEST(links_do_not_lead_out_through_links)
{
	/* at the base, the folder above the ignored path is a link out of the tree */
	char base[OID_HEX + 1];
	sh("mkdir outside; cd repo; ln -s ../../../../../outside pk; git add pk; git commit -qm link\n"
	   "git rm -q pk; mkdir pk; touch pk/f; git add pk; git commit -qm folder\n"
	   "mkdir pk/node_modules; touch pk/node_modules/x");
	ok(repo_resolve(fx.repo, "HEAD~1", base, &fx.err));
	ok(worktree_add(fx.repo, RUN, "x", NULL, base, links, NULL, &w, &fx.err));
	sh_is("", "ls outside");
}
END_TEST

START_TEST(commits_everything_with_a_well_formed_message)
{
	static const char *const trailers[] = { "Council-Run: X", "Assisted-by: a model", NULL };
	ok(add("x", NULL, NULL));
	sh("cd '%s'; echo x >>a.txt; rm b.txt; mkdir d; echo n >d/n; touch o.o", w.path);
	ok(worktree_commit(&w, "Replace the bounds check of the parser by one that holds for empty "
			   "input, and more.\nsecond line", "Why: because.\n# kept", trailers, NULL, NULL,
			   oid, &fx.err));
	sh_is("Replace the bounds check of the parser by one that holds for empty\n\nWhy: because.\n"
	      "# kept\n\nCouncil-Run: X\nAssisted-by: a model",
	      "cd repo; git log -1 --format=%%B %s", oid);
	sh_is("M\ta.txt\nD\tb.txt\nA\td/n", "cd repo; git diff --name-status %s %s", w.base, oid);
	sh_is(oid, "cd repo; git rev-parse '%s'", w.branch);
	sh_is("A User <u@example.org>", "cd repo; git log -1 --format='%%an <%%ae>' %s", oid);
	sh_is("Council-Run: X", "cd repo; git log -1 --format='%%(trailers:key=Council-Run)' %s", oid);
	ok(commit());
	ck_assert_str_eq(oid, "");
}
END_TEST

static const struct {
	const char *given, *subject;
} subjects[] = {
	{ "Fix it.", "Fix it" },
	{ "  \n\tFix it", "Fix it" },
	{ "", "Apply the change of the council" },
	{ "a\tb\x1b[31m", "a\xef\xbf\xbd" "b\xef\xbf\xbd[31m" },
	{ "0123456789012345678901234567890123456789012345678901234567890123456789012345",
	  "012345678901234567890123456789012345678901234567890123456789012345678901" },
	{ "#12 is fixed", "#12 is fixed" },
};

START_TEST(subjects_fit_one_line)
{
	ok(add("x", NULL, NULL));
	sh("echo x >>'%s/b.txt'", w.path);
	ok(worktree_commit(&w, subjects[_i].given, NULL, NULL, NULL, NULL, oid, &fx.err));
	sh_is(subjects[_i].subject, "cd repo; git log -1 --format=%%B %s", oid);
}
END_TEST

START_TEST(commits_the_named_paths_alone)
{
	CLEANUP_STRV struct strv paths = { 0 };
	ok(add("x", NULL, NULL));
	sh("cd '%s'; echo x >>a.txt; rm b.txt; echo n >'*'; echo l >left; echo l >>sub/c.txt", w.path);
	ck_assert_int_eq(strv_add(&paths, "a.txt") | strv_add(&paths, "b.txt") | strv_add(&paths, "*") |
			 strv_add(&paths, "*") | strv_add(&paths, "never-was"), 0);
	ok(worktree_commit(&w, "S", NULL, NULL, &paths, NULL, oid, &fx.err));
	sh_is("*\na.txt\nb.txt", "cd repo; git diff --name-only %s %s", w.base, oid);
	sh_is(" M sub/c.txt\n?? left", "cd '%s'; git status --porcelain", w.path);
	CLEANUP_STRV struct strv last = { 0 };
	ck_assert_int_eq(strv_add(&last, "sub/c.txt"), 0);
	ok(worktree_commit(&w, "S", NULL, NULL, &last, NULL, oid, &fx.err));
	sh_is("?? left", "cd '%s'; git status --porcelain", w.path);
}
END_TEST

START_TEST(commits_a_file_that_became_a_folder)
{
	CLEANUP_STRV struct strv paths = { 0 };
	ok(add("x", NULL, NULL));
	sh("cd '%s'; rm b.txt; mkdir b.txt; echo n >b.txt/n; rm -r sub; echo f >sub", w.path);
	ck_assert_int_eq(strv_add(&paths, "b.txt") | strv_add(&paths, "b.txt/n") |
			 strv_add(&paths, "sub/c.txt") | strv_add(&paths, "sub"), 0);
	ok(worktree_commit(&w, "S", NULL, NULL, &paths, NULL, oid, &fx.err));
	sh_is("b.txt\nb.txt/n\nsub\nsub/c.txt", "cd repo; git diff --name-only --no-renames %s %s", w.base,
	      oid);
}
END_TEST

START_TEST(a_named_path_that_is_ignored_is_refused)
{
	CLEANUP_STRV struct strv paths = { 0 };
	bool ignored = false;
	ok(add("x", NULL, NULL));
	sh("cd '%s'; echo x >>a.txt; echo n >n.o", w.path);
	ck_assert_int_eq(strv_add(&paths, "a.txt") | strv_add(&paths, "n.o"), 0);
	fails(worktree_commit(&w, "S", NULL, NULL, &paths, NULL, oid, &fx.err), STATUS_GATE, "n.o");
	sh_is(w.base, "cd repo; git rev-parse '%s'", w.branch);
	ok(worktree_ignores(&w, "other.o", &ignored, &fx.err));
	ck_assert(ignored);
	ok(worktree_ignores(&w, "a.txt", &ignored, &fx.err));
	ck_assert(!ignored);
}
END_TEST

START_TEST(signs_for_itself_where_the_user_has_no_name)
{
	sh("git config --global --unset user.name; git config --global --unset user.email\n"
	   "git config --global user.useConfigOnly true");
	ok(add("x", NULL, NULL));
	sh("echo x >>'%s/b.txt'", w.path);
	ok(commit());
	sh_is("council <council@localhost>", "cd repo; git log -1 --format='%%cn <%%ce>' %s", oid);
}
END_TEST

static void hook(const char *name, const char *script)
{
	sh("cd repo; printf '#!/bin/sh\\n%%s\\n' '%s' >.git/hooks/%s; chmod +x .git/hooks/%s", script, name,
	   name);
}

START_TEST(a_failing_hook_is_a_failed_gate)
{
	ok(add("x", NULL, NULL));
	hook("pre-commit", "echo looking; echo \"style: b.txt:2 is bad\" >&2; exit 1");
	sh("echo x >>'%s/b.txt'; echo y >'%s/y'", w.path, w.path);
	fails(commit(), STATUS_GATE, "style: b.txt:2 is bad");
	sh_is(w.base, "cd repo; git rev-parse '%s'", w.branch);
	sh("rm '%s/y'", w.path); /* tracked files alone: git stages them itself */
	fails(commit(), STATUS_GATE, "style: b.txt:2 is bad");
	sh("echo y >'%s/y'", w.path);
	hook("pre-commit", "exit 0");
	hook("commit-msg", "exit 7");
	fails(commit(), STATUS_GATE, "hook");
	hook("commit-msg", "echo Checked-by: hook >>\"$1\"");
	ok(commit());
	sh_is("Checked-by: hook", "cd repo; git log -1 --format=%%B %s | grep by", oid);
}
END_TEST

START_TEST(a_hook_may_improve_the_change)
{
	ok(add("x", NULL, NULL));
	hook("pre-commit", "test -n \"$AI_AGENT\" && test -z \"$OPENAI_API_KEY\" || exit 1\n"
	     "echo formatted >b.txt; git add b.txt");
	setenv("OPENAI_API_KEY", "sk-x", 1);
	sh("echo x >>'%s/b.txt'", w.path);
	ok(commit());
	sh_is("formatted", "cd repo; git show %s:b.txt", oid);
}
END_TEST

static bool named_b(void *ctx, const char *path)
{
	return strstr(path, "b.txt") != NULL;
}

START_TEST(restores_what_is_named_and_not_kept)
{
	CLEANUP_STRV struct strv none = { 0 };
	CLEANUP_STRV struct strv keep = { 0 };
	ok(add("x", NULL, NULL));
	sh("printf '#!/bin/sh\\ntouch ran\\n' >repo/.git/hooks/post-checkout\n"
	   "chmod +x repo/.git/hooks/post-checkout\n"
	   "cd '%s'; echo x >>b.txt; git add b.txt; echo n >new-b.txt; git add -N new-b.txt", w.path);
	ok(worktree_restore(&w, named_b, NULL, &none, &fx.err));
	sh("cd '%s'; git diff --quiet HEAD -- b.txt; test -e new-b.txt; test ! -e ran", w.path);
	sh("cd '%s'; rm b.txt", w.path);
	ck_assert_int_eq(strv_add(&keep, "b.txt"), 0);
	ok(worktree_restore(&w, named_b, NULL, &keep, &fx.err));
	sh("cd '%s'; test ! -e b.txt", w.path);
	ok(worktree_restore(&w, named_b, NULL, &none, &fx.err));
	sh("cd '%s'; test -e b.txt; test ! -e ran", w.path);
}
END_TEST

START_TEST(signs_as_the_user_does)
{
	sh("printf '#!/bin/sh\\ncat >/dev/null\\necho \"-----BEGIN PGP SIGNATURE-----\"\\necho x\\n"
	   "echo \"-----END PGP SIGNATURE-----\"\\nprintf \"\\\\n[GNUPG:] SIG_CREATED \\\\n\" >&2\\n' >gpg\n"
	   "chmod +x gpg; git config --global gpg.program \"$PWD/gpg\"");
	ok(add("x", NULL, NULL));
	sh("git config --global commit.gpgsign true; echo x >>'%s/b.txt'", w.path);
	ok(commit());
	sh("cd repo; git cat-file commit %s | grep -q gpgsig", oid);
}
END_TEST

START_TEST(a_rewritten_git_file_changes_nothing)
{
	ok(add("x", NULL, NULL));
	sh("git init -q other; cd other; touch o; git add o; git commit -qm o");
	sh("cd '%s'; echo \"gitdir: %s/other/.git\" >.git; echo x >>b.txt; echo n >n", w.path, fx.dir);
	ok(commit());
	sh_is(oid, "cd repo; git rev-parse '%s'", w.branch);
	sh_is("1", "cd other; git rev-list --all --count");
	sh("cd '%s'; rm .git; git init -q; echo y >>b.txt; echo m >m", w.path);
	ok(commit());
	sh_is("b.txt\nm", "cd repo; git diff --name-only '%s'^ '%s'", w.branch, w.branch);
	ok(worktree_reset(&w, w.base, &fx.err));
	sh_is("1", "cd other; git rev-list --all --count");
	struct worktree again = { 0 };
	ok(worktree_open(fx.repo, RUN, w.branch, w.base, &again, &fx.err));
	ck_assert_str_eq(again.git_dir, w.git_dir);
	worktree_release(&again);
	CLEANUP_FREE char *before = user_state();
	ok(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err));
	assert_untouched(before);
	sh("cd other; test -e o; git fsck");
}
END_TEST

START_TEST(commits_go_to_the_runs_branch_whatever_head_is)
{
	CLEANUP_FREE char *before = user_state();
	ok(add("x", NULL, NULL));
	sh("cd '%s'; git checkout -q --detach; echo x >>b.txt", w.path);
	ok(commit());
	sh_is(oid, "cd repo; git rev-parse '%s'", w.branch);
	sh("cd '%s'; git checkout -q -b elsewhere; echo x >>b.txt", w.path);
	ok(worktree_reset(&w, w.base, &fx.err));
	sh_is(w.base, "cd repo; git rev-parse '%s'", w.branch);
	sh_is(oid, "cd repo; git rev-parse elsewhere");
	assert_untouched(before);
}
END_TEST

START_TEST(repositories_inside_are_not_committed)
{
	ok(add("x", NULL, NULL));
	sh("cd '%s'; git init -q 'in[n]er'; echo f >'in[n]er/f'", w.path);
	ok(commit());
	ck_assert_str_eq(oid, "");
	sh("cd '%s'; echo n >n", w.path);
	ok(commit());
	sh_is("n", "cd repo; git diff --name-only %s %s", w.base, oid);
	ok(worktree_reset(&w, w.base, &fx.err));
	sh_is(".git .gitignore a.txt b.txt sub", "cd '%s'; echo $(ls -A | LC_ALL=C sort)", w.path);
}
END_TEST

START_TEST(opens_the_worktree_of_an_earlier_run)
{
	struct worktree again = { 0 };
	ok(add("x", NULL, NULL));
	sh("cd '%s'; echo x >>b.txt; touch '%s/index.lock' '%s/HEAD.lock'", w.path,
	   w.git_dir, w.git_dir);
	ok(worktree_open(fx.repo, RUN, w.branch, w.base, &again, &fx.err));
	ck_assert_str_eq(again.path, w.path);
	ck_assert_str_eq(again.git_dir, w.git_dir);
	worktree_release(&w);
	w = again;
	ok(commit());
	ck_assert_str_ne(oid, "");
	struct worktree none = { 0 };
	fails(worktree_open(fx.repo, RUN, "nowhere", w.base, &none, &fx.err), STATUS_USAGE, "gone");
	fails(worktree_open(fx.repo, "01JOTHER", w.branch, w.base, &none, &fx.err), STATUS_USAGE, "gone");
	fails(worktree_open(fx.repo, "../x", w.branch, w.base, &none, &fx.err), STATUS_USAGE, "id of a run");
}
END_TEST

START_TEST(removes_what_a_kill_left_half_made)
{
	CLEANUP_FREE char *before = user_state();
	for (int i = 0; i < 5; i++) {
		ok(add("x", NULL, NULL));
		switch (i) {
		case 0: sh("rm -rf '%s'", w.path); break;
		case 1: sh("rm -rf '%s'", w.git_dir); break;
		case 2: sh("rm -rf '%s'; rm '%s/gitdir'", w.path, w.git_dir); break;
		case 3: sh("chmod 0 '%s/sub'", w.path); break;
		default: break;
		}
		ok(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err));
		ok(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err));
		sh_is("", "cd repo; ls .git/worktrees 2>/dev/null || :; git branch --list 'council*'\n"
		      "ls -A ../state/council/worktrees/*");
	}
	assert_untouched(before);
}
END_TEST

START_TEST(removal_keeps_the_branch_unless_told)
{
	sh("echo dirty >>repo/b.txt");
	ok(add("x", NULL, NULL));
	ok(worktree_remove(fx.repo, RUN, w.branch, false, &fx.err));
	sh("cd repo; git rev-parse -q --verify '%s'; git rev-parse -q --verify refs/council/base/" RUN,
	   w.branch);
	sh("cd repo; git stash -q; git checkout -q '%s'", w.branch);
	fails(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err), STATUS_USAGE, "checked out");
	sh("cd repo; git checkout -q main");
	ok(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err));
	sh_is("refs/heads/main refs/stash", "cd repo; echo $(git for-each-ref --format='%%(refname)')");
}
END_TEST

START_TEST(brings_submodules_from_the_users_copies)
{
	sh("git init -q deep; cd deep; echo d >d; git add d; git commit -qm d; cd ..\n"
	   "git init -q lib; cd lib; echo l >l; git add l; git submodule --quiet add ../deep deep\n"
	   "git commit -qm lib; cd ../repo; git submodule --quiet add ../lib lib; git commit -qm sub\n"
	   "git submodule --quiet update --init --recursive; cp .git/config ../config\n"
	   "rm -rf ../lib ../deep"); /* no remote is left to ask */
	ok(add("x", NULL, NULL));
	ck_assert_uint_eq(w.notes.n, 0);
	sh_is("l d", "cd '%s/lib'; echo $(cat l deep/d)", w.path);
	sh("cmp repo/.git/config config");
	ok(commit());
	ck_assert_str_eq(oid, "");
	ok(worktree_remove(fx.repo, RUN, w.branch, true, &fx.err));
}
END_TEST

START_TEST(a_submodule_that_is_not_there_is_noted)
{
	sh("git init -q lib; cd lib; echo l >l; git add l; git commit -qm lib; cd ../repo\n"
	   "git submodule --quiet add ../lib lib; git commit -qm sub\n"
	   "git update-index --cacheinfo 160000,1111111111111111111111111111111111111111,lib\n"
	   "git commit -qm unknown; git -C lib checkout -q HEAD");
	char base[OID_HEX + 1];
	ok(repo_resolve(fx.repo, "HEAD", base, &fx.err));
	ok(worktree_add(fx.repo, RUN, "x", NULL, base, NULL, NULL, &w, &fx.err));
	ck_assert_uint_eq(w.notes.n, 1);
	ck_assert_ptr_nonnull(strstr(w.notes.v[0], "submodule lib"));
}
END_TEST

START_TEST(works_in_a_sparse_checkout)
{
	sh("cd repo; mkdir far; echo f >far/f; git add -A; git commit -qm far\n"
	   "git sparse-checkout init --cone; git sparse-checkout set sub");
	struct repo *r = NULL;
	bool snapshot;
	ok(repo_open(fx.top, &r, &fx.err));
	ok(repo_base(r, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(!snapshot);
	ok(worktree_add(r, RUN, "x", NULL, oid, NULL, NULL, &w, &fx.err));
	sh("cd '%s'; echo x >>sub/c.txt; echo n >sub/n", w.path);
	ok(commit());
	sh_is("sub/c.txt\nsub/n", "cd repo; git diff --name-only %s %s", w.base, oid);
	repo_free(r);
}
END_TEST

START_TEST(runs_a_filter_as_the_user_has_it)
{
	sh("cd repo; git config filter.up.clean 'tr A-Z a-z'; git config filter.up.smudge 'tr a-z A-Z'\n"
	   "echo '*.up filter=up' >.gitattributes; echo word >w.up; git add -A; git commit -qm up\n"
	   "rm w.up; git checkout -q w.up");
	struct diff_stat stat = { 0 };
	ok(add("x", NULL, NULL));
	sh_is("WORD", "cat '%s/w.up'", w.path);
	ok(worktree_diff(&w, w.base, 1 << 16, NULL, &stat, &fx.err));
	ck_assert_int_eq(stat.files, 0);
	ok(commit());
	ck_assert_str_eq(oid, "");
	sh("cd '%s'; echo OTHER >w.up; echo NEW >n.up", w.path);
	ok(commit());
	sh_is("other\nnew", "cd repo; git show %s:w.up; git show %s:n.up", oid, oid);
}
END_TEST

static void *unlock_later(void *lock)
{
	usleep(300000);
	unlink(lock);
	return NULL;
}

START_TEST(waits_for_another_process_to_finish)
{
	pthread_t thread;
	ok(add("x", NULL, NULL));
	CLEANUP_FREE char *lock = path_join(w.git_dir, "index.lock");
	sh("cd '%s'; echo x >>b.txt; touch '%s'", w.path, lock);
	ck_assert_int_eq(pthread_create(&thread, NULL, unlock_later, lock), 0);
	ok(commit());
	pthread_join(thread, NULL);
	ck_assert_str_ne(oid, "");
	sh("cd '%s'; echo x >>b.txt; touch '%s'", w.path, lock);
	fails(commit(), STATUS_USAGE, "index.lock");
	unlink(lock);
}
END_TEST

/* One of two runs at once: five worktrees, each with a commit. */
static void *many_runs(void *arg)
{
	static const char ids[2][5][27] = {
		{ "01JAAAAAAAAAAAAAAAAAAAAAA1", "01JAAAAAAAAAAAAAAAAAAAAAA2", "01JAAAAAAAAAAAAAAAAAAAAAA3",
		  "01JAAAAAAAAAAAAAAAAAAAAAA4", "01JAAAAAAAAAAAAAAAAAAAAAA5" },
		{ "01JBBBBBBBBBBBBBBBBBBBBBB1", "01JBBBBBBBBBBBBBBBBBBBBBB2", "01JBBBBBBBBBBBBBBBBBBBBBB3",
		  "01JBBBBBBBBBBBBBBBBBBBBBB4", "01JBBBBBBBBBBBBBBBBBBBBBB5" },
	};
	const int which = *(int *)arg;
	struct error *err = calloc(1, sizeof(*err));
	struct repo *r = NULL;
	if (!err || repo_open(fx.top, &r, err))
		return err;
	for (int i = 0; i < 5 && !err->code; i++) {
		struct worktree mine = { 0 };
		char base[OID_HEX + 1], made[OID_HEX + 1];
		bool snapshot;
		if (repo_base(r, ids[which][i], NULL, base, &snapshot, err) ||
		    worktree_add(r, ids[which][i], "same", NULL, base, NULL, NULL, &mine, err))
			break;
		CLEANUP_FREE char *file = path_join(mine.path, "b.txt");
		if (path_write_atomic(file, ids[which][i], 26, 0644, false, err) ||
		    worktree_commit(&mine, "S", NULL, NULL, NULL, NULL, made, err))
			i = 5;
		worktree_release(&mine);
	}
	repo_free(r);
	return err;
}

START_TEST(two_runs_at_once)
{
	pthread_t threads[2];
	int which[2] = { 0, 1 };
	sh("echo dirty >>repo/a.txt");
	CLEANUP_FREE char *before = user_state();
	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, many_runs, &which[i]), 0);
	for (int i = 0; i < 2; i++) {
		struct error *err = NULL;
		pthread_join(threads[i], (void **)&err);
		ck_assert_msg(err && !err->code, "%s", err ? err->message : "no memory");
		free(err);
	}
	assert_untouched(before);
	sh_is("10", "cd repo; git branch --list 'council/*' | wc -l; git fsck 2>/dev/null");
}
END_TEST

START_TEST(a_cancelled_commit_says_so)
{
	struct cancel *c = cancel_new(&fx.err);
	ok(add("x", NULL, NULL));
	sh("echo x >>'%s/b.txt'", w.path);
	cancel_fire(c, 2);
	fails(worktree_commit(&w, "S", NULL, NULL, NULL, c, oid, &fx.err), STATUS_INTERRUPTED, "");
	cancel_free(c);
	ok(commit());
}
END_TEST

Suite *suite_worktree(void)
{
	Suite *s = suite_create("worktree");
	TCase *t = tcase_create("worktree");
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, adds_a_worktree_and_a_branch);
	tcase_add_loop_test(t, names_the_branch_after_the_task, 0, sizeof(slugs) / sizeof(slugs[0]));
	tcase_add_test(t, finds_another_name_when_one_is_taken);
	tcase_add_test(t, a_branch_called_council_is_no_obstacle);
	tcase_add_test(t, takes_the_branch_the_user_names);
	tcase_add_test(t, a_failed_addition_leaves_nothing);
	tcase_add_test(t, links_what_tests_need);
	tcase_add_test(t, links_are_neither_committed_nor_shown_nor_cleaned);
	tcase_add_test(t, a_link_that_became_a_folder_is_not_committed);
	tcase_add_test(t, links_do_not_lead_out_through_links);
	tcase_add_test(t, commits_everything_with_a_well_formed_message);
	tcase_add_loop_test(t, subjects_fit_one_line, 0, sizeof(subjects) / sizeof(subjects[0]));
	tcase_add_test(t, commits_the_named_paths_alone);
	tcase_add_test(t, commits_a_file_that_became_a_folder);
	tcase_add_test(t, a_named_path_that_is_ignored_is_refused);
	tcase_add_test(t, signs_for_itself_where_the_user_has_no_name);
	tcase_add_test(t, a_failing_hook_is_a_failed_gate);
	tcase_add_test(t, a_hook_may_improve_the_change);
	tcase_add_test(t, signs_as_the_user_does);
	tcase_add_test(t, a_rewritten_git_file_changes_nothing);
	tcase_add_test(t, commits_go_to_the_runs_branch_whatever_head_is);
	tcase_add_test(t, repositories_inside_are_not_committed);
	tcase_add_test(t, opens_the_worktree_of_an_earlier_run);
	tcase_add_test(t, removes_what_a_kill_left_half_made);
	tcase_add_test(t, removal_keeps_the_branch_unless_told);
	tcase_add_test(t, brings_submodules_from_the_users_copies);
	tcase_add_test(t, a_submodule_that_is_not_there_is_noted);
	tcase_add_test(t, works_in_a_sparse_checkout);
	tcase_add_test(t, runs_a_filter_as_the_user_has_it);
	tcase_add_test(t, waits_for_another_process_to_finish);
	tcase_add_test(t, two_runs_at_once);
	tcase_add_test(t, restores_what_is_named_and_not_kept);
	tcase_add_test(t, a_cancelled_commit_says_so);
	suite_add_tcase(s, t);
	return s;
}
