/* Trust: what it covers, and that any change ends it. */
#include "config/trust.h"

#include <stdio.h>
#include <sys/stat.h>

#include "config_fixture.h"
#include "suites.h"

static struct config_fixture fx;

static void setup(void)
{
	fixture_setup(&fx);
}

static void teardown(void)
{
	fixture_teardown(&fx);
}

static enum trust_state state(void)
{
	enum trust_state t = TRUST_NONE;
	struct error err = { 0 };

	ck_assert_msg(trust_check(fx.repo, &t, &err) == 0, "%s", err.message);
	return t;
}

static void grant(void)
{
	struct error err = { 0 };

	ck_assert_msg(trust_grant(fx.repo, &err) == 0, "%s", err.message);
	ck_assert_int_eq(state(), TRUST_TRUSTED);
}

static void refused(const char *part)
{
	struct error err = { 0 };

	ck_assert_int_eq(trust_grant(fx.repo, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(strstr(err.message, part) != NULL, "\"%s\" lacks \"%s\"", err.message, part);
}

START_TEST(test_life)
{
	struct error err = { 0 };
	bool was = true;

	ck_assert_int_eq(state(), TRUST_NONE);
	refused("no .council/");
	fixture_write(&fx, "repo/.council/config.yaml", "test: a\n");
	ck_assert_int_eq(state(), TRUST_UNTRUSTED);
	ck_assert_int_eq(trust_revoke(fx.repo, &was, &err), 0);
	ck_assert(!was);
	grant();
	ck_assert_int_eq(trust_revoke(fx.repo, &was, &err), 0);
	ck_assert(was);
	ck_assert_int_eq(state(), TRUST_UNTRUSTED);
}
END_TEST

START_TEST(test_every_change_counts)
{
	char *file = path_join(fx.repo, ".council/personas/builder.md"), *moved;

	fixture_write(&fx, "repo/.council/config.yaml", "test: a\n");
	fixture_write(&fx, "repo/.council/personas/builder.md", "You are Builder.\n");
	grant();
	fixture_write(&fx, "repo/.council/personas/builder.md", "You are Builder!\n");
	ck_assert_int_eq(state(), TRUST_CHANGED);
	fixture_write(&fx, "repo/.council/personas/builder.md", "You are Builder.\n");
	ck_assert_int_eq(state(), TRUST_TRUSTED);
	fixture_write(&fx, "repo/.council/prompts/deep/x", "new\n");
	ck_assert_int_eq(state(), TRUST_CHANGED);
	grant();
	moved = path_join(fx.repo, ".council/personas/pacer.md");
	ck_assert_int_eq(rename(file, moved), 0);
	ck_assert_int_eq(state(), TRUST_CHANGED);
	grant();
	ck_assert_int_eq(unlink(moved), 0);
	ck_assert_int_eq(state(), TRUST_CHANGED);
	free(file);
	free(moved);
}
END_TEST

/* A boundary between path and content, and between files, cannot be shifted. */
START_TEST(test_no_ambiguity)
{
	char *ab = path_join(fx.repo, ".council/ab"), *a = path_join(fx.repo, ".council/a");

	fixture_write(&fx, "repo/.council/a", "bc");
	grant();
	ck_assert_int_eq(unlink(a), 0);
	fixture_write(&fx, "repo/.council/ab", "c");
	ck_assert_int_eq(state(), TRUST_CHANGED);
	free(ab);
	free(a);
}
END_TEST

START_TEST(test_links_are_refused)
{
	char *link = path_join(fx.repo, ".council/prompts"), *folder = path_join(fx.repo, ".council");
	char *other = path_join(fx.root, "other");

	fixture_write(&fx, "repo/.council/config.yaml", "test: a\n");
	fixture_write(&fx, "other/config.yaml", "test: a\n");
	ck_assert_int_eq(symlink("/etc", link), 0);
	refused(".council/prompts is a symbolic link");
	ck_assert_int_eq(state(), TRUST_UNTRUSTED);
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(mkfifo(link, 0600), 0);
	refused("no regular file");
	ck_assert_int_eq(unlink(link), 0);
	grant();
	ck_assert_int_eq(symlink("/etc", link), 0);
	ck_assert_int_eq(state(), TRUST_CHANGED);
	path_remove_tree(folder, NULL);
	ck_assert_int_eq(symlink(other, folder), 0);
	ck_assert_int_eq(state(), TRUST_CHANGED);
	refused("cannot be trusted");
	free(link);
	free(folder);
	free(other);
}
END_TEST

START_TEST(test_bounds)
{
	char *path = path_join(fx.repo, ".council/big");

	fixture_write(&fx, "repo/.council/big", "x");
	ck_assert_int_eq(truncate(path, 9 << 20), 0);
	refused(".council/ as a whole");
	ck_assert_int_eq(state(), TRUST_UNTRUSTED);
	free(path);
	fixture_write(&fx, "repo/.council/1/2/3/4/5/6/7/8/9/10", "x");
	refused("deeper");
}
END_TEST

START_TEST(test_broken_store)
{
	enum trust_state t;
	struct error err = { 0 };

	fixture_write(&fx, "repo/.council/config.yaml", "test: a\n");
	fixture_write(&fx, ".local/state/council/trust.json", "{ nonsense");
	ck_assert_int_eq(trust_check(fx.repo, &t, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "move it away"));
	refused("move it away");
}
END_TEST

START_TEST(test_others_are_kept)
{
	struct config_fixture other = fx;
	enum trust_state t;
	struct error err = { 0 };

	other.repo = path_join(fx.root, "second");
	fixture_write(&fx, "repo/.council/config.yaml", "test: a\n");
	fixture_write(&fx, "second/.council/config.yaml", "test: a\n");
	grant();
	ck_assert_int_eq(trust_check(other.repo, &t, &err), 0);
	ck_assert_int_eq(t, TRUST_UNTRUSTED);
	ck_assert_int_eq(trust_grant(other.repo, &err), 0);
	ck_assert_int_eq(state(), TRUST_TRUSTED);
	ck_assert_int_eq(trust_revoke(other.repo, NULL, &err), 0);
	ck_assert_int_eq(state(), TRUST_TRUSTED);
	free(other.repo);
}
END_TEST

Suite *suite_trust(void)
{
	Suite *suite = suite_create("trust");
	TCase *t = tcase_create("trust");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_life);
	tcase_add_test(t, test_every_change_counts);
	tcase_add_test(t, test_no_ambiguity);
	tcase_add_test(t, test_links_are_refused);
	tcase_add_test(t, test_bounds);
	tcase_add_test(t, test_broken_store);
	tcase_add_test(t, test_others_are_kept);
	suite_add_tcase(suite, t);
	return suite;
}
