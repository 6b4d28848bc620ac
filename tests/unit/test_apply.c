/* test_apply.c: bringing a run's change into the user's branch, and taking it out again. */
#include "repo_fixture.h"

#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "util/path.h"

static struct trial t;
static char from[OID_HEX + 1], to[OID_HEX + 1];
static char *ref;

static void setup(void)
{
	memset(&t, 0, sizeof(t));
	ref = NULL;
	fixture_setup();
}

static void teardown(void)
{
	trial_end(&t);
	free(ref);
	ref = NULL;
	fixture_teardown();
}

static int apply(void)
{
	free(ref);
	ref = NULL;
	return repo_apply_change(fx.repo, t.base, t.snapshot, t.head, from, to, &ref, &fx.err);
}

static int undo(void)
{
	return repo_undo(fx.repo, ref, from, to, t.base, t.snapshot, t.head, &fx.err);
}

/* What must be the same after apply and undo: all but times and the reflog. */
static char *work_state(void)
{
	return sh_out("cd repo; cat .git/HEAD; git rev-parse HEAD; git status --porcelain=v2 | sort\n"
		      "git ls-files -s; find . -path ./.git -prune -o -type f -printf '%%p %%m ' "
		      "-exec cksum '{}' ';' | sort");
}

/* Applies, undoes, and compares. */
static void undo_restores(const char *before)
{
	ok(undo());
	CLEANUP_FREE char *after = work_state();
	ck_assert_str_eq(after, before);
	sh("cd repo; git fsck --no-dangling 2>&1");
}

static void refused(const char *text)
{
	CLEANUP_FREE char *before = user_state();
	fails(apply(), STATUS_GATE, text);
	assert_untouched(before);
	ck_assert_ptr_null(ref);
}

START_TEST(fast_forwards)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt; mkdir d; echo n >d/n; rm sub/c.txt; chmod +x a.txt; ln -s a.txt l");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	ck_assert_str_eq(ref, "refs/heads/main");
	ck_assert_str_eq(from, t.base);
	ck_assert_str_eq(to, t.head);
	sh_is(t.head, "cd repo; git rev-parse main");
	sh_is("", "cd repo; git status --porcelain; git diff-files");
	sh_is("council: apply", "cd repo; git reflog -1 --format=%%gs");
	sh("cd repo; test -x a.txt; test -L l; test -e d/n; test ! -e sub");
	undo_restores(before);
	sh_is("council: undo", "cd repo; git reflog -1 --format=%%gs");
}
END_TEST

START_TEST(carries_work_in_other_files_along)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt");
	sh("cd repo; echo mine >>a.txt; echo staged >>sub/c.txt; git add sub; echo new >new");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is(" M a.txt\nM  sub/c.txt\n?? new", "cd repo; git status --porcelain");
	undo_restores(before);
}
END_TEST

START_TEST(uncommitted_work_in_the_way_is_named)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt; echo n >new; echo o >n.x");
	sh("cd repo; echo mine >>b.txt");
	refused("b.txt");
	sh("cd repo; git add b.txt");
	refused("b.txt");
	sh("cd repo; git reset -q --hard; echo mine >new");
	refused("new");
	sh("cd repo; rm new; echo '*.x' >>.git/info/exclude; echo ignored >n.x");
	refused("n.x");
	sh("cd repo; rm n.x");
	ok(apply());
}
END_TEST

START_TEST(ends_what_a_kill_left_half_done)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt; echo n >new");
	CLEANUP_FREE char *before = work_state();
	/* the files have moved, HEAD has not */
	sh("cd repo; git read-tree -m -u HEAD '%s'; test -e new", t.head);
	ok(apply());
	sh_is("", "cd repo; git status --porcelain");
	sh("cd repo; git read-tree -m -u HEAD '%s'; test ! -e new", t.base);
	undo_restores(before);
	/* what a person did to it since is theirs */
	sh("cd repo; git read-tree -m -u HEAD '%s'; echo mine >>new", t.head);
	ok(apply());
	sh_is("n\nmine", "cd repo; cat new");
}
END_TEST

START_TEST(picks_onto_newer_commits)
{
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt");
	sh("git config --global user.name 'Another'");
	trial_commit(&t, "echo x >>b.txt");
	sh("cd repo; sed -i s/9/nine/ a.txt; git commit -qam newer; echo w >>sub/c.txt");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	ck_assert_str_ne(to, t.head);
	sh_is("one 2 3 4 5 6 7 8 nine", "cd repo; echo $(cat a.txt)");
	sh_is("Another Another Change things\nA User Another Change things\nAnother Another newer",
	      "cd repo; git log -3 --format='%%an %%cn %%s'");
	sh_is(" M sub/c.txt", "cd repo; git status --porcelain");
	undo_restores(before);
	/* one of the two is there already */
	sh("cd repo; git stash -q; git cherry-pick '%s' 2>&1", t.head);
	ok(apply());
	sh_is("1", "cd repo; git rev-list --count %s..%s", from, to);
}
END_TEST

START_TEST(a_conflict_changes_nothing)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>sub/c.txt; echo theirs >b.txt");
	sh("cd repo; echo ours >b.txt; git commit -qam ours; echo w >>a.txt");
	refused("b.txt");
	ck_assert_ptr_nonnull(strstr(fx.err.message, "git cherry-pick"));
}
END_TEST

START_TEST(over_work_in_other_files)
{
	sh("cd repo; echo mine >>a.txt; echo new >new; echo staged >>sub/c.txt; git add sub");
	trial_start(&t);
	ck_assert(t.snapshot);
	trial_commit(&t, "echo x >>b.txt; echo made >made");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is("b.txt made", "cd repo; echo $(git diff --name-only HEAD~1 HEAD)");
	sh_is(" M a.txt\nM  sub/c.txt\n?? new", "cd repo; git status --porcelain");
	sh_is("Change things\nfirst", "cd repo; git log --format=%%s");
	undo_restores(before);
}
END_TEST

START_TEST(over_work_in_the_same_file)
{
	sh("cd repo; sed -i s/9/mine/ a.txt; echo keep >new; git rm -q b.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt; echo made >made");
	CLEANUP_FREE char *before = work_state();
	CLEANUP_FREE char *own = sh_out("cd repo; git diff | grep '^[-+]'");
	ok(apply());
	sh_is("one 2 3 4 5 6 7 8 9", "cd repo; echo $(git show HEAD:a.txt)");
	sh_is("one 2 3 4 5 6 7 8 mine", "cd repo; echo $(cat a.txt)");
	sh_is(own, "cd repo; git diff | grep '^[-+]'");
	sh_is(" M a.txt\nD  b.txt\n?? new", "cd repo; git status --porcelain");
	undo_restores(before);
}
END_TEST

START_TEST(over_staged_work_in_the_same_file)
{
	sh("cd repo; sed -i s/9/staged/ a.txt; git add a.txt; sed -i s/5/loose/ a.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is("one 2 3 4 5 6 7 8 9", "cd repo; echo $(git show HEAD:a.txt)");
	sh_is("one 2 3 4 5 6 7 8 staged", "cd repo; echo $(git show :a.txt)");
	sh_is("one 2 3 4 loose 6 7 8 staged", "cd repo; echo $(cat a.txt)");
	undo_restores(before);
}
END_TEST

START_TEST(over_an_intended_file)
{
	sh("cd repo; echo i >intent; git add -N intent; sed -i s/9/mine/ a.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is(" M a.txt\n A intent", "cd repo; git status --porcelain");
	undo_restores(before);
}
END_TEST

START_TEST(a_change_that_builds_on_the_work_stays_uncommitted)
{
	sh("cd repo; sed -i s/5/broken/ a.txt; echo other >>b.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/broken/mended/ a.txt; echo made >made");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	ck_assert_str_eq(from, to);
	sh_is("1 2 3 4 mended 6 7 8 9", "cd repo; echo $(cat a.txt)");
	sh_is(" M a.txt\n M b.txt\n?? made", "cd repo; git status --porcelain");
	fails(apply(), STATUS_NOTHING, "already");
	ref = str_dup("refs/heads/main");
	undo_restores(before);
	fails(undo(), STATUS_NOTHING, "");
}
END_TEST

START_TEST(untracked_files_of_the_work_are_changed_too)
{
	sh("cd repo; seq 9 >loose; seq 20 29 >gone; seq 30 39 >old");
	trial_start(&t);
	trial_commit(&t, "sed -i s/9/nine/ loose; rm gone; mv old moved");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	ck_assert_str_eq(from, to);
	sh_is("?? loose\n?? moved", "cd repo; git status --porcelain");
	sh_is("nine", "tail -n 1 repo/loose");
	undo_restores(before);
}
END_TEST

START_TEST(work_done_since_is_not_overwritten)
{
	sh("cd repo; sed -i s/9/mine/ a.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt; echo x >>b.txt");
	sh("cd repo; sed -i s/1/uno/ a.txt");
	refused("a.txt");
	sh("cd repo; sed -i s/uno/1/ a.txt; echo y >>b.txt; git add b.txt");
	refused("b.txt");
	sh("cd repo; git checkout -q HEAD b.txt; sed -i s/5/five/ a.txt"); /* elsewhere in the file */
	ok(apply());
	sh_is("one 2 3 4 five 6 7 8 mine", "cd repo; echo $(cat a.txt)");
}
END_TEST

START_TEST(work_committed_since_is_no_obstacle)
{
	sh("cd repo; sed -i s/5/broken/ a.txt; echo n >new");
	trial_start(&t);
	trial_commit(&t, "sed -i s/broken/mended/ a.txt; echo more >>new");
	sh("cd repo; git add -A; git commit -qm mine");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	ck_assert_str_ne(from, to);
	sh_is("", "cd repo; git status --porcelain");
	sh_is("n more", "cd repo; echo $(git show HEAD:new)");
	undo_restores(before);
}
END_TEST

START_TEST(files_in_the_place_of_new_ones_are_kept)
{
	sh("cd repo; printf '*.x\n' >>.git/info/exclude; sed -i s/9/mine/ a.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt; mkdir d.x; echo n >d.x/n; git add -f d.x");
	sh("cd repo; echo ignored >d.x");
	refused("d.x/n");
	sh("cd repo; rm d.x; mkdir -p d.x; echo ignored >d.x/n");
	refused("d.x/n");
	sh("cd repo; rm d.x/n");
	ok(apply());
	sh_is("n", "cat repo/d.x/n");
}
END_TEST

START_TEST(a_file_that_becomes_a_folder_and_back)
{
	trial_start(&t);
	trial_commit(&t, "rm b.txt; mkdir b.txt; echo n >b.txt/n; rm -r sub; echo f >sub");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is("n f", "cd repo; echo $(cat b.txt/n sub); git status --porcelain");
	undo_restores(before);
}
END_TEST

START_TEST(works_on_a_detached_head)
{
	sh("cd repo; git checkout -q --detach");
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	ck_assert_str_eq(ref, "HEAD");
	sh_is(t.head, "cd repo; git rev-parse HEAD");
	sh_is(t.base, "cd repo; git rev-parse main");
	undo_restores(before);
}
END_TEST

START_TEST(works_in_a_linked_worktree)
{
	struct repo *linked = NULL;
	sh("cd repo; git worktree add -q ../linked -b side; cd ../linked; sed -i s/9/mine/ a.txt");
	CLEANUP_FREE char *path = path_join(fx.dir, "linked");
	ok(repo_open(path, &linked, &fx.err));
	repo_free(fx.repo);
	fx.repo = linked;
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt");
	CLEANUP_FREE char *main_state = user_state();
	ok(apply());
	ck_assert_str_eq(ref, "refs/heads/side");
	sh_is("one 2 3 4 5 6 7 8 mine", "cd linked; echo $(cat a.txt)");
	sh_is("one", "cd linked; git show side:a.txt | head -n 1");
	CLEANUP_FREE char *after = user_state();
	ck_assert_str_eq(after, main_state);
	ok(undo());
}
END_TEST

START_TEST(waits_for_the_end_of_a_merge)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt");
	sh("cd repo; git checkout -qb other; echo o >>sub/c.txt; git commit -qam o; git checkout -q main\n"
	   "git merge -q --no-ff --no-commit other");
	struct repo *r = NULL;
	ok(repo_open(fx.top, &r, &fx.err));
	repo_free(fx.repo);
	fx.repo = r;
	refused("a merge is under way");
}
END_TEST

START_TEST(nothing_to_apply)
{
	trial_start(&t);
	memcpy(t.head, t.base, sizeof(t.head));
	fails(apply(), STATUS_NOTHING, "changed nothing");
	trial_commit(&t, "echo x >>b.txt");
	ok(apply());
	char *keep = STEAL(ref);
	char old_from[OID_HEX + 1];
	memcpy(old_from, from, sizeof(from));
	fails(apply(), STATUS_NOTHING, "already");
	ck_assert_str_eq(from, old_from);
	free(keep);
	sh("cd repo; git reset -q --hard HEAD~1; echo x >>b.txt; git commit -qam same");
	fails(apply(), STATUS_NOTHING, "already");
}
END_TEST

START_TEST(a_merge_in_the_change_is_refused)
{
	trial_start(&t);
	trial_commit(&t, "git checkout -qb sidestep; echo s >s; git add s; git commit -qm s\n"
		     "git checkout -q -; echo x >>b.txt; git commit -qam x; git merge -q sidestep\n"
		     "echo y >>b.txt");
	sh("cd repo; echo o >>sub/c.txt; git commit -qam o");
	refused("is a merge");
}
END_TEST

START_TEST(undo_is_refused_when_things_have_moved)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt; echo n >new");
	ok(apply());
	sh("cd repo; echo mine >>b.txt");
	CLEANUP_FREE char *before = user_state();
	fails(undo(), STATUS_GATE, "b.txt");
	assert_untouched(before);
	sh("cd repo; git checkout -q b.txt; git checkout -q -b other");
	fails(undo(), STATUS_GATE, "applied to main");
	sh("cd repo; git checkout -q main; git commit -q --allow-empty -m later");
	fails(undo(), STATUS_GATE, "git revert");
	sh("cd repo; git reset -q --hard HEAD~1");
	ok(undo());
}
END_TEST

START_TEST(a_ref_that_cannot_move_puts_the_files_back)
{
	if (_i)
		sh("cd repo; sed -i s/9/mine/ a.txt; git add a.txt");
	trial_start(&t);
	trial_commit(&t, "sed -i s/1/one/ a.txt; echo n >n; rm b.txt");
	CLEANUP_FREE char *before = work_state();
	sh("cd repo; touch .git/refs/heads/main.lock");
	fails(apply(), STATUS_USAGE, "cannot move the branch");
	CLEANUP_FREE char *after = work_state();
	ck_assert_str_eq(after, before);
	sh("cd repo; rm .git/refs/heads/main.lock");
	ok(apply());
}
END_TEST

START_TEST(keeps_a_sparse_checkout_sparse)
{
	struct repo *r = NULL;
	sh("cd repo; mkdir far; echo f >far/f; git add -A; git commit -qm far\n"
	   "git sparse-checkout init --cone; git sparse-checkout set sub");
	ok(repo_open(fx.top, &r, &fx.err));
	repo_free(fx.repo);
	fx.repo = r;
	trial_start(&t);
	sh("cd '%s'; git sparse-checkout disable", t.w.path);
	trial_commit(&t, "echo x >>far/f; echo y >>sub/c.txt; echo n >far/new");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is("", "cd repo; git status --porcelain; ls -d far 2>/dev/null || :");
	sh_is("f x n", "cd repo; echo $(git show HEAD:far/f HEAD:far/new)");
	undo_restores(before);
}
END_TEST

START_TEST(filters_and_line_ends_stay_the_users)
{
	sh("cd repo; git config filter.up.clean 'tr A-Z a-z'; git config filter.up.smudge 'tr a-z A-Z'\n"
	   "printf '*.up filter=up\\n*.crlf eol=crlf\\n' >.gitattributes; echo word >w.up\n"
	   "printf 'a\\r\\nb\\r\\n' >t.crlf; git add -A; git commit -qm up; rm w.up; git checkout -q w.up\n"
	   "printf 'a\\r\\nb\\r\\nc\\r\\n' >t.crlf");
	trial_start(&t);
	ck_assert(t.snapshot);
	trial_commit(&t, "echo OTHER >w.up; sed -i 's/^a/A/' t.crlf");
	CLEANUP_FREE char *before = work_state();
	ok(apply());
	sh_is("OTHER other", "cd repo; echo $(cat w.up; git show HEAD:w.up)");
	sh_is("A\r\nb\r\nc\r", "cat repo/t.crlf");
	undo_restores(before);
}
END_TEST

START_TEST(signs_picked_commits_as_the_user_does)
{
	trial_start(&t);
	trial_commit(&t, "echo x >>b.txt");
	sh("printf '#!/bin/sh\\ncat >/dev/null\\necho \"-----BEGIN PGP SIGNATURE-----\"\\necho x\\n"
	   "echo \"-----END PGP SIGNATURE-----\"\\nprintf \"\\\\n[GNUPG:] SIG_CREATED \\\\n\" >&2\\n' >gpg\n"
	   "chmod +x gpg; git config --global gpg.program \"$PWD/gpg\"; cd repo; echo y >>a.txt\n"
	   "git commit -qam newer; git config --global commit.gpgsign true");
	ok(apply());
	sh("cd repo; git cat-file commit HEAD | grep -q gpgsig");
}
END_TEST

Suite *suite_apply(void)
{
	Suite *s = suite_create("apply");
	TCase *c = tcase_create("apply");
	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 120);
	tcase_add_test(c, fast_forwards);
	tcase_add_test(c, carries_work_in_other_files_along);
	tcase_add_test(c, uncommitted_work_in_the_way_is_named);
	tcase_add_test(c, ends_what_a_kill_left_half_done);
	tcase_add_test(c, picks_onto_newer_commits);
	tcase_add_test(c, a_conflict_changes_nothing);
	tcase_add_test(c, over_work_in_other_files);
	tcase_add_test(c, over_work_in_the_same_file);
	tcase_add_test(c, over_staged_work_in_the_same_file);
	tcase_add_test(c, over_an_intended_file);
	tcase_add_test(c, a_change_that_builds_on_the_work_stays_uncommitted);
	tcase_add_test(c, untracked_files_of_the_work_are_changed_too);
	tcase_add_test(c, work_done_since_is_not_overwritten);
	tcase_add_test(c, work_committed_since_is_no_obstacle);
	tcase_add_test(c, files_in_the_place_of_new_ones_are_kept);
	tcase_add_test(c, a_file_that_becomes_a_folder_and_back);
	tcase_add_test(c, works_on_a_detached_head);
	tcase_add_test(c, works_in_a_linked_worktree);
	tcase_add_test(c, waits_for_the_end_of_a_merge);
	tcase_add_test(c, nothing_to_apply);
	tcase_add_test(c, a_merge_in_the_change_is_refused);
	tcase_add_test(c, undo_is_refused_when_things_have_moved);
	tcase_add_loop_test(c, a_ref_that_cannot_move_puts_the_files_back, 0, 2);
	tcase_add_test(c, keeps_a_sparse_checkout_sparse);
	tcase_add_test(c, filters_and_line_ends_stay_the_users);
	tcase_add_test(c, signs_picked_commits_as_the_user_does);
	suite_add_tcase(s, c);
	return s;
}
