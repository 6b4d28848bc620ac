/* What `council init` finds and writes. */
#include "cli/init_detect.h"
#include "cli/init_write.h"

#include "config/settings.h"
#include "config_fixture.h"
#include "suites.h"
#include "util/process.h"

static struct config_fixture fx;

static void setup(void)
{
	const char *const argv[] = { "git", "init", "-q", ".", NULL };
	struct error err = { 0 };

	fixture_setup(&fx);
	ck_assert_msg(process_output(argv, fx.repo, NULL, NULL, &err) == 0, "%s", err.message);
}

static void teardown(void)
{
	fixture_teardown(&fx);
}

static const struct { const char *host, *url; } hosts[] = {
	{ NULL, "http://127.0.0.1:11434/v1" },
	{ "", "http://127.0.0.1:11434/v1" },
	{ "0.0.0.0", "http://127.0.0.1:11434/v1" },
	{ "0.0.0.0:8000", "http://127.0.0.1:8000/v1" },
	{ ":8000", "http://127.0.0.1:8000/v1" },
	{ "box", "http://box:11434/v1" },
	{ "http://box:1/", "http://box:1/v1" },
	{ "https://box.example", "https://box.example:11434/v1" },
};

START_TEST(test_ollama_url)
{
	CLEANUP_FREE char *url = ollama_url(hosts[_i].host);

	ck_assert_str_eq(url, hosts[_i].url);
}
END_TEST

START_TEST(test_lacks)
{
	struct found_lacks f = { 0 };
	struct error err = { 0 };

	fixture_write(&fx, "repo/.gitignore", "node_modules\n.env*\n.venv/\n*.o\n");
	fixture_write(&fx, "repo/node_modules/a/index.js", "");
	fixture_write(&fx, "repo/packages/one/node_modules/a/index.js", "");
	fixture_write(&fx, "repo/.venv/bin/python", "");
	fixture_write(&fx, "repo/vendor/tracked-or-not-ignored", "");
	fixture_write(&fx, "repo/.env.test", "KEY=1\n");
	fixture_write(&fx, "repo/package.json", "{}");
	fixture_write(&fx, "repo/package-lock.json", "{}");
	ck_assert_msg(find_lacks(fx.repo, NULL, &f, &err) == 0, "%s", err.message);
	ck_assert_uint_eq(f.link.n, 2);
	ck_assert(strv_has(&f.link, "node_modules") && strv_has(&f.link, ".venv"));
	ck_assert_uint_eq(f.secret.n, 1);
	ck_assert_str_eq(f.secret.v[0], ".env.test");
	ck_assert_ptr_null(f.setup);
	found_lacks_release(&f);
}
END_TEST

START_TEST(test_setup_command)
{
	struct found_lacks f = { 0 };
	struct error err = { 0 };

	fixture_write(&fx, "repo/package.json", "{}");
	fixture_write(&fx, "repo/package-lock.json", "{}");
	ck_assert_int_eq(find_lacks(fx.repo, NULL, &f, &err), 0);
	ck_assert_str_eq(f.setup, "npm ci");
	found_lacks_release(&f);
	CLEANUP_FREE char *package = path_join(fx.repo, "package.json");
	ck_assert_int_eq(unlink(package), 0);
	fixture_write(&fx, "repo/.gitignore", "/Makefile\n");
	fixture_write(&fx, "repo/Makefile", "");
	fixture_write(&fx, "repo/configure", "");
	ck_assert_int_eq(find_lacks(fx.repo, NULL, &f, &err), 0);
	ck_assert_str_eq(f.setup, "./configure");
	found_lacks_release(&f);
}
END_TEST

/* Writes the choices and reads them back as settings. */
static struct settings *round_trip(const struct init_choices *c)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 16);
	CLEANUP_STRV struct strv warnings = { 0 };
	CLEANUP_FREE char *path = path_join(fx.root, "written.yaml");
	struct settings *s = NULL;
	struct error err = { 0 };

	ck_assert_msg(init_text(c, &text, &err) == 0, "%s", err.message);
	fixture_write(&fx, "written.yaml", buf_str(&text));
	ck_assert_msg(settings_load_file(path, &s, &warnings, &err) == 0, "%s\n%s", err.message,
		      buf_str(&text));
	ck_assert_uint_eq(warnings.n, 0);
	return s;
}

START_TEST(test_round_trip)
{
	struct init_choices c = { .endpoint = str_dup("http://h/v1"), .model = str_dup("a: b # c"),
				  .key_env = str_dup("MY_KEY"), .test = str_dup("sh -c \"x\\ty\"\nz"),
				  .build = str_dup("- {m}") };
	struct settings *s;

	strv_add(&c.lacks.link, "node_modules");
	strv_add(&c.lacks.link, "*.x");
	strv_add(&c.lacks.secret, ".env");
	c.lacks.setup = str_dup("npm ci");
	s = round_trip(&c);
	ck_assert_str_eq(settings_string(s, SET_ENDPOINT), c.endpoint);
	ck_assert_str_eq(settings_string(s, SET_MODEL), c.model);
	ck_assert_str_eq(settings_string(s, SET_API_KEY_ENV), "MY_KEY");
	ck_assert_str_eq(settings_string(s, SET_TEST), c.test);
	ck_assert_str_eq(settings_string(s, SET_BUILD), c.build);
	ck_assert_str_eq(settings_string(s, SET_WORKTREE_SETUP), "npm ci");
	ck_assert_str_eq(settings_string(s, SET_WORKTREE_LINK), "node_modules,*.x");
	settings_free(s);
	init_choices_release(&c);
}
END_TEST

START_TEST(test_sparse_choices)
{
	struct init_choices c = { .no_gate = true };
	struct settings *s = round_trip(&c);

	ck_assert(settings_bool(s, SET_NO_GATE));
	ck_assert_ptr_null(settings_string(s, SET_ENDPOINT));
	settings_free(s);
	strv_add(&c.lacks.secret, ".env");
	s = round_trip(&c);
	ck_assert_uint_eq(settings_list(s, SET_WORKTREE_LINK)->n, 0);
	settings_free(s);
	c.user = true;
	c.no_gate = false;
	c.endpoint = str_dup("http://h/v1");
	c.key_command = str_dup("pass show \"x\"");
	s = round_trip(&c);
	ck_assert_str_eq(settings_string(s, SET_API_KEY_COMMAND), c.key_command);
	ck_assert_ptr_null(settings_string(s, SET_TEST));
	settings_free(s);
	init_choices_release(&c);
}
END_TEST

Suite *suite_init(void)
{
	Suite *suite = suite_create("init");
	TCase *t = tcase_create("init");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_ollama_url, 0, sizeof(hosts) / sizeof(hosts[0]));
	tcase_add_test(t, test_lacks);
	tcase_add_test(t, test_setup_command);
	tcase_add_test(t, test_round_trip);
	tcase_add_test(t, test_sparse_choices);
	suite_add_tcase(suite, t);
	return suite;
}
