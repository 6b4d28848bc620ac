/* test_repo.c: opening repositories, the base of a run, diffs and files. */
#include "repo_fixture.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repo/repo_internal.h"
#include "suites.h"
#include "util/path.h"

static char oid[OID_HEX + 1];
static bool snapshot;

static int open_at(const char *below)
{
	CLEANUP_FREE char *path = path_join(fx.dir, below);
	struct repo *r = NULL;
	int rc = repo_open(path, &r, &fx.err);
	repo_free(r);
	return rc;
}

START_TEST(refuses_what_it_cannot_work_in)
{
	sh("mkdir plain; git init -q --bare bare; git init -q empty; git init -q broken; "
	   "echo nonsense >broken/.git/HEAD");
	fails(open_at("plain"), STATUS_USAGE, "git init");
	fails(open_at("bare"), STATUS_USAGE, "git worktree add");
	fails(open_at("empty"), STATUS_USAGE, "no commit yet");
	fails(open_at("broken"), STATUS_USAGE, "");
	fails(open_at("missing"), STATUS_USAGE, "missing");
	fails(open_at("repo/.git/refs"), STATUS_USAGE, "inside the git folder");
	CLEANUP_FREE char *path = str_dup(getenv("PATH"));
	setenv("PATH", fx.dir, 1);
	fails(open_at("repo"), STATUS_USAGE, "not in PATH");
	setenv("PATH", path, 1);
}
END_TEST

START_TEST(knows_where_it_is)
{
	struct repo *r = NULL, *linked = NULL;
	CLEANUP_FREE char *sub = path_join(fx.top, "sub");
	ok(repo_open(sub, &r, &fx.err));
	ck_assert_str_eq(repo_top(r), fx.top);
	ck_assert_str_eq(repo_prefix(r), "sub");
	ck_assert_str_eq(repo_prefix(fx.repo), "");
	ck_assert_uint_eq(strlen(repo_hash(r)), 16);
	CLEANUP_FREE char *branch = repo_branch(r);
	ck_assert_str_eq(branch, "main");

	sh("cd repo; git worktree add -q ../linked -b side; cd ../linked; git checkout -q --detach");
	CLEANUP_FREE char *other = path_join(fx.dir, "linked");
	ok(repo_open(other, &linked, &fx.err));
	ck_assert_str_eq(repo_top(linked), other);
	ck_assert_str_eq(repo_hash(linked), repo_hash(r));
	ck_assert_ptr_null(repo_branch(linked));
	repo_free(linked);
	repo_free(r);
}
END_TEST

START_TEST(works_in_a_worktree_of_a_bare_repository)
{
	sh("git clone -q --bare repo bare.git; cd bare.git; git worktree add -q ../tree main\n"
	   "cd ../tree; echo more >>b.txt");
	struct repo *r = NULL;
	CLEANUP_FREE char *tree = path_join(fx.dir, "tree");
	ok(repo_open(tree, &r, &fx.err));
	ck_assert_str_eq(repo_top(r), tree);
	ok(repo_base(r, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	sh_is("b\nmore", "cd tree; git show %s:b.txt", oid);
	repo_free(r);
}
END_TEST

START_TEST(resolves_revisions)
{
	sh("cd repo; git tag -a -m t v1; echo more >>b.txt; git commit -qam second");
	ok(repo_resolve(fx.repo, "HEAD", oid, &fx.err));
	sh_is(oid, "cd repo; git rev-parse main");
	ok(repo_resolve(fx.repo, "v1", oid, &fx.err));
	sh_is(oid, "cd repo; git rev-parse main~1");
	fails(repo_resolve(fx.repo, "nowhere", oid, &fx.err), STATUS_USAGE, "nowhere");
	fails(repo_resolve(fx.repo, "HEAD:a.txt", oid, &fx.err), STATUS_USAGE, "not a commit");
}
END_TEST

START_TEST(tells_dirty_from_clean)
{
	bool dirty = true;
	ok(repo_is_dirty(fx.repo, &dirty, &fx.err));
	ck_assert(!dirty);
	sh("cd repo; touch x.o; mkdir node_modules; touch node_modules/y a.txt");
	ok(repo_is_dirty(fx.repo, &dirty, &fx.err));
	ck_assert(!dirty);
	sh("touch repo/new");
	ok(repo_is_dirty(fx.repo, &dirty, &fx.err));
	ck_assert(dirty);
}
END_TEST

START_TEST(base_of_a_clean_tree_is_head)
{
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(!snapshot);
	sh_is(oid, "cd repo; git rev-parse HEAD");
	sh_is("", "cd repo; git for-each-ref refs/council");
}
END_TEST

START_TEST(base_from_a_revision_ignores_uncommitted_work)
{
	sh("cd repo; echo x >>a.txt; git commit -qam second; echo y >>a.txt");
	ok(repo_base(fx.repo, RUN, "HEAD~1", oid, &snapshot, &fx.err));
	ck_assert(!snapshot);
	sh_is(oid, "cd repo; git rev-parse HEAD~1");
}
END_TEST

START_TEST(snapshot_holds_all_uncommitted_work_and_touches_nothing)
{
	sh("cd repo; echo old >gone; echo exec >run.sh; git add -A; git commit -qm more\n"
	   "echo stashed >>a.txt; git stash -q\n"
	   "echo staged >>a.txt; git add a.txt; echo more >>a.txt; git mv b.txt renamed.txt; rm gone\n"
	   "chmod +x run.sh; echo intent >intent; git add -N intent; mkdir new; echo u >new/file\n"
	   "echo 'odd' >'od d\n\"é'; touch ignored.o; ln -s a.txt link");
	CLEANUP_FREE char *before = user_state();
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	assert_untouched(before);
	sh_is("", "cd repo; git ls-tree -r --name-only %s | grep -E 'gone|b.txt|ignored' || :", oid);
	sh_is("1\n2\n3\n4\n5\n6\n7\n8\n9\nstaged\nmore", "cd repo; git show %s:a.txt", oid);
	sh_is("intent", "cd repo; git show %s:intent", oid);
	sh_is("u", "cd repo; git show %s:new/file", oid);
	sh_is("b", "cd repo; git show %s:renamed.txt", oid);
	sh_is("100755 120000", "cd repo; echo $(git ls-tree %s run.sh link | cut -d' ' -f1 | sort)", oid);
	sh_is("odd", "cd repo; git show \"%s:od d\n\\\"é\"", oid);
	sh_is("council: snapshot of uncommitted work", "cd repo; git log -1 --format=%%s %s", oid);
	sh_is(oid, "cd repo; git rev-parse refs/council/base/" RUN);
	sh_is("same", "cd repo; test $(git rev-parse %s^) = $(git rev-parse HEAD) && echo same", oid);
	sh_is("", "find state -name 'index-*'");
}
END_TEST

START_TEST(snapshot_sees_a_change_as_old_as_the_index)
{
	/* same size, same time: only the index's own time tells git to look at the bytes */
	sh("cd repo; git config core.trustctime false; git config core.checkstat minimal\n"
	   "echo one >race; touch -d '2024-01-02 03:04:05' race; git add race; git commit -qm race\n"
	   "touch -d '2024-01-02 03:04:05' race; git update-index --refresh\n"
	   "echo two >race; touch -d '2024-01-02 03:04:05' race .git/index; echo z >>b.txt");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	sh_is("two", "cd repo; git show %s:race", oid);
}
END_TEST

START_TEST(snapshot_without_an_index_file)
{
	sh("cd repo; rm .git/index; echo x >>b.txt");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	sh_is("b\nx", "cd repo; test ! -e .git/index; git show %s:b.txt", oid);
}
END_TEST

START_TEST(snapshot_refuses_unmerged_files)
{
	sh("cd repo; git checkout -qb other; echo o >b.txt; git commit -qam o\n"
	   "git checkout -q main; echo m >b.txt; git commit -qam m; git merge -q other >/dev/null || :");
	CLEANUP_FREE char *before = user_state();
	fails(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err), STATUS_USAGE, "b.txt is unmerged");
	assert_untouched(before);
	ok(repo_base(fx.repo, RUN, "HEAD", oid, &snapshot, &fx.err));
}
END_TEST

static void check_sparse(const char *how)
{
	sh("cd repo; mkdir far near; echo f >far/f; echo n >near/n; git add -A; git commit -qm more\n"
	   "git sparse-checkout init --cone %s; git sparse-checkout set near\n"
	   "test ! -e far; echo x >>near/n; echo y >near/new", how);
	struct repo *r = NULL;
	ok(repo_open(fx.top, &r, &fx.err));
	CLEANUP_FREE char *before = user_state();
	ok(repo_base(r, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	assert_untouched(before);
	sh_is("f", "cd repo; git show %s:far/f", oid);
	sh_is("near/n\nnear/new", "cd repo; git diff --name-only HEAD %s", oid);
	CLEANUP_BUF struct buf diff = BUF_INIT(1 << 16);
	ok(repo_diff(r, "HEAD", oid, 1 << 16, &diff, NULL, &fx.err));
	ck_assert_ptr_nonnull(strstr(buf_str(&diff), "+++ b/near/new"));
	repo_free(r);
}

START_TEST(snapshot_keeps_what_is_not_checked_out)
{
	check_sparse("--no-sparse-index");
}
END_TEST

START_TEST(snapshot_with_a_sparse_index)
{
	check_sparse("--sparse-index");
}
END_TEST

START_TEST(snapshot_with_a_split_index_and_skip_worktree)
{
	sh("cd repo; git update-index --skip-worktree sub/c.txt; rm sub/c.txt\n"
	   "git update-index --split-index; echo x >>b.txt");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	sh_is("b.txt", "cd repo; git diff --name-only HEAD %s", oid);
}
END_TEST

static void add_submodule(void)
{
	sh("git init -q lib; cd lib; echo l >l; git add l; git commit -qm lib; cd ../repo\n"
	   "git submodule --quiet add ../lib lib; git commit -qm sub");
}

START_TEST(work_inside_a_submodule_is_noted)
{
	add_submodule();
	sh("echo more >>repo/lib/l");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(!snapshot);
	ck_assert_uint_eq(repo_notes(fx.repo)->n, 1);
	ck_assert_ptr_nonnull(strstr(repo_notes(fx.repo)->v[0], "submodule lib"));
}
END_TEST

START_TEST(a_new_commit_of_a_submodule_is_work)
{
	add_submodule();
	sh("cd repo/lib; echo more >>l; git commit -qam more");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	ck_assert_uint_eq(repo_notes(fx.repo)->n, 0);
	sh_is("lib", "cd repo; git diff --name-only HEAD %s", oid);
}
END_TEST

START_TEST(repositories_inside_the_tree_stay_out)
{
	sh("cd repo; git init -q 'nes*ted'; touch 'nes*ted/x'; git init -q deep; cd deep; touch y\n"
	   "git add y; git commit -qm y; cd ..; echo z >>b.txt");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	ck_assert_uint_eq(repo_notes(fx.repo)->n, 2);
	sh_is("b.txt", "cd repo; git diff --name-only HEAD %s", oid);
}
END_TEST

START_TEST(a_filters_work_is_no_change)
{
	sh("cd repo; git config filter.up.clean 'tr A-Z a-z'; git config filter.up.smudge 'tr a-z A-Z'\n"
	   "echo '*.up filter=up' >.gitattributes; echo word >w.up; git add -A; git commit -qm up\n"
	   "rm w.up; git checkout -q w.up; grep -q WORD w.up; touch w.up");
	CLEANUP_FREE char *before = user_state();
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(!snapshot);
	assert_untouched(before);
	sh("echo OTHER >repo/w.up");
	ok(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	sh_is("other", "cd repo; git show %s:w.up", oid);
}
END_TEST

START_TEST(the_callers_git_variables_lead_nowhere)
{
	struct repo *r = NULL;
	sh("git init -q elsewhere; echo x >>repo/b.txt");
	CLEANUP_FREE char *before = user_state();
	setenv("GIT_DIR", "/nonexistent", 1);
	setenv("GIT_INDEX_FILE", "/nonexistent/index", 1);
	setenv("GIT_WORK_TREE", fx.dir, 1);
	ok(repo_open(fx.top, &r, &fx.err));
	ok(repo_base(r, RUN, NULL, oid, &snapshot, &fx.err));
	ck_assert(snapshot);
	unsetenv("GIT_DIR");
	unsetenv("GIT_INDEX_FILE");
	unsetenv("GIT_WORK_TREE");
	assert_untouched(before);
	repo_free(r);
}
END_TEST

START_TEST(anothers_repository_needs_the_users_word)
{
	setenv("GIT_TEST_ASSUME_DIFFERENT_OWNER", "1", 1);
	fails(open_at("repo"), STATUS_USAGE, "git config --global --add safe.directory");
	sh("git config --global --add safe.directory '%s'", fx.top);
	ok(open_at("repo"));
}
END_TEST

START_TEST(a_repository_that_cannot_be_written)
{
	sh("echo x >>repo/b.txt; chmod -R a-w repo/.git/objects repo/.git/refs");
	if (geteuid() == 0) { /* permissions do not hold for root */
		const char *fork_mode = getenv("CK_FORK");
		if (fork_mode && !strcmp(fork_mode, "no"))
			return;
		sh("chown -R 65534:65534 '%s'", fx.dir);
		ck_assert_int_eq(setgid(65534) | setuid(65534), 0);
	}
	CLEANUP_FREE char *before = user_state();
	fails(repo_base(fx.repo, RUN, NULL, oid, &snapshot, &fx.err), STATUS_USAGE, "must be writable");
	assert_untouched(before);
	sh("chmod -R u+w repo");
}
END_TEST

START_TEST(known_failures_come_with_advice)
{
	ck_assert_ptr_nonnull(strstr(failure_advice("write error: No space left on device"), "room"));
	ck_assert_ptr_nonnull(strstr(failure_advice("Unable to create 'x.lock': File exists."), "remove"));
	ck_assert_str_eq(failure_advice("something else"), "");
}
END_TEST

START_TEST(diffs_find_renames_and_count)
{
	struct diff_stat stat = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	sh("cd repo; git mv a.txt moved.txt; echo more >>b.txt; printf 'x\\0y' >bin; git add -A\n"
	   "git commit -qm second");
	ok(repo_diff(fx.repo, "HEAD~1", "HEAD", 1 << 20, &b, &stat, &fx.err));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "rename from a.txt\nrename to moved.txt"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "+more"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "Binary files"));
	ck_assert_int_eq(stat.files, 3);
	ck_assert_int_eq(stat.insertions, 1);
	ck_assert_int_eq(stat.deletions, 0);

	CLEANUP_STRV struct strv paths = { 0 };
	ok(repo_changed_paths(fx.repo, "HEAD~1", "HEAD", &paths, &fx.err));
	ck_assert_uint_eq(paths.n, 4);
	ck_assert(strv_has(&paths, "a.txt") && strv_has(&paths, "moved.txt"));
}
END_TEST

START_TEST(diffs_are_bounded_and_say_so)
{
	struct diff_stat stat = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	sh("cd repo; for i in 1 2 3; do seq 1 20000 >big$i; done; git add -A; git commit -qm big");
	ok(repo_diff(fx.repo, "HEAD~1", "HEAD", 4096, &b, &stat, &fx.err));
	ck_assert_uint_le(b.len, 4096);
	ck_assert_uint_gt(b.len, 3000);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "in 3 files, left out]\n"));
	ck_assert_int_eq(stat.insertions, 60000);
	CLEANUP_BUF struct buf tiny = BUF_INIT(512);
	ok(repo_diff(fx.repo, "HEAD~1", "HEAD", 1 << 20, &tiny, NULL, &fx.err));
	ck_assert_ptr_nonnull(strstr(buf_str(&tiny), "left out]\n"));
	ok(repo_diff(fx.repo, "HEAD~1", "HEAD", 0, NULL, &stat, &fx.err));
}
END_TEST

START_TEST(diff_of_the_users_files)
{
	struct diff_stat stat = { 0 };
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	sh("cd repo; echo more >>b.txt; echo new >new.txt; touch no.o");
	ok(repo_diff(fx.repo, "HEAD", NULL, 1 << 20, &b, &stat, &fx.err));
	ck_assert_int_eq(stat.files, 2);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "+new\n"));
	ck_assert_ptr_null(strstr(buf_str(&b), "no.o"));
	fails(repo_diff(fx.repo, "0123456789", "HEAD", 99, &b, NULL, &fx.err), STATUS_USAGE, "0123456789");
}
END_TEST

START_TEST(files_come_in_the_order_of_paths)
{
	sh("cd repo; mkdir sub.d; touch sub.d/x sub-a 'sub!'; ln -s a.txt link; chmod +x b.txt\n"
	   "git add -A; git commit -qm more");
	struct repo_files f = { 0 };
	ok(repo_files(fx.repo, "HEAD", &f, &fx.err));
	ck_assert_uint_eq(f.n, 8);
	for (size_t i = 1; i < f.n; i++)
		ck_assert_int_lt(strcmp(f.v[i - 1].path, f.v[i].path), 0);
	ck_assert_str_eq(f.v[1].path, "a.txt");
	ck_assert_uint_eq(f.v[1].size, 18);
	ck_assert_uint_eq(f.v[2].mode, 0100755);
	ck_assert_uint_eq(f.v[3].mode, 0120000);
	repo_files_release(&f);
}
END_TEST

START_TEST(reads_a_file_of_a_commit)
{
	CLEANUP_BUF struct buf b = BUF_INIT(18);
	ok(repo_read(fx.repo, "HEAD", "a.txt", &b, &fx.err));
	ck_assert_str_eq(buf_str(&b), "1\n2\n3\n4\n5\n6\n7\n8\n9\n");
	fails(repo_read(fx.repo, "HEAD", "b.txt", &b, &fx.err), STATUS_USAGE, "b.txt");
	fails(repo_read(fx.repo, "HEAD", "sub", &b, &fx.err), STATUS_USAGE, "not a file");
	fails(repo_read(fx.repo, "HEAD", "nope", &b, &fx.err), STATUS_USAGE, "no file nope");
}
END_TEST

Suite *suite_repo(void)
{
	Suite *s = suite_create("repo");
	TCase *t = tcase_create("repo");
	tcase_add_checked_fixture(t, fixture_setup, fixture_teardown);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, refuses_what_it_cannot_work_in);
	tcase_add_test(t, knows_where_it_is);
	tcase_add_test(t, works_in_a_worktree_of_a_bare_repository);
	tcase_add_test(t, resolves_revisions);
	tcase_add_test(t, tells_dirty_from_clean);
	tcase_add_test(t, base_of_a_clean_tree_is_head);
	tcase_add_test(t, base_from_a_revision_ignores_uncommitted_work);
	tcase_add_test(t, snapshot_holds_all_uncommitted_work_and_touches_nothing);
	tcase_add_test(t, snapshot_sees_a_change_as_old_as_the_index);
	tcase_add_test(t, snapshot_without_an_index_file);
	tcase_add_test(t, snapshot_refuses_unmerged_files);
	tcase_add_test(t, snapshot_keeps_what_is_not_checked_out);
	tcase_add_test(t, snapshot_with_a_sparse_index);
	tcase_add_test(t, snapshot_with_a_split_index_and_skip_worktree);
	tcase_add_test(t, work_inside_a_submodule_is_noted);
	tcase_add_test(t, a_new_commit_of_a_submodule_is_work);
	tcase_add_test(t, repositories_inside_the_tree_stay_out);
	tcase_add_test(t, a_filters_work_is_no_change);
	tcase_add_test(t, the_callers_git_variables_lead_nowhere);
	tcase_add_test(t, anothers_repository_needs_the_users_word);
	tcase_add_test(t, a_repository_that_cannot_be_written);
	tcase_add_test(t, known_failures_come_with_advice);
	tcase_add_test(t, diffs_find_renames_and_count);
	tcase_add_test(t, diffs_are_bounded_and_say_so);
	tcase_add_test(t, diff_of_the_users_files);
	tcase_add_test(t, files_come_in_the_order_of_paths);
	tcase_add_test(t, reads_a_file_of_a_commit);
	suite_add_tcase(s, t);
	return s;
}
