/* test_path.c: names, small files, patterns, and what is safe. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"
#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64];

static void set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/path-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void tear_down(void)
{
	ck_assert_int_eq(path_remove_tree(folder, NULL), 0);
}

static void check_name(char *got, const char *expected)
{
	ck_assert_str_eq(got, expected);
	free(got);
}

START_TEST(names)
{
	check_name(path_join("a", "b"), "a/b");
	check_name(path_join("a/", "b"), "a/b");
	check_name(path_join("a", "/b"), "/b");
	check_name(path_join("", "b"), "b");
	check_name(path_join("a", ""), "a");
	check_name(path_dirname("a/b"), "a");
	check_name(path_dirname("a"), ".");
	check_name(path_dirname("/a"), "/");
	check_name(path_dirname("/"), "/");
	check_name(path_dirname("a//b/"), "a");
	check_name(path_dirname(""), ".");
	ck_assert_str_eq(path_basename("a/b.c"), "b.c");
	ck_assert_str_eq(path_basename("b"), "b");
}
END_TEST

START_TEST(folders)
{
	CLEANUP_FREE char *deep = path_join(folder, "a/b//c");
	CLEANUP_FREE char *file = path_join(folder, "f");
	CLEANUP_FREE char *below = path_join(folder, "f/g");
	struct error err = { 0 };
	struct stat st;

	ck_assert_int_eq(path_mkdirs(deep, 0700, &err), 0);
	ck_assert_int_eq(path_mkdirs(deep, 0700, &err), 0);
	ck_assert(path_is_dir(deep));
	ck_assert_int_eq(stat(deep, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0700);
	ck_assert_int_eq(path_write_atomic(file, "x", 1, 0600, false, &err), 0);
	ck_assert(path_exists(file));
	ck_assert(!path_is_dir(file));
	ck_assert(!path_exists(below));
	ck_assert_int_eq(path_mkdirs(file, 0700, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "Not a directory"));
	ck_assert_int_eq(path_mkdirs(below, 0700, &err), -1);
	ck_assert_int_eq(path_mkdirs("", 0700, &err), -1);
}
END_TEST

START_TEST(files_are_written_whole)
{
	CLEANUP_FREE char *file = path_join(folder, "f");
	CLEANUP_FREE char *missing = path_join(folder, "no/f");
	CLEANUP_BUF struct buf b = BUF_INIT(100);
	struct error err = { 0 };
	struct stat st;

	ck_assert_int_eq(path_write_atomic(file, "old", 3, 0640, true, &err), 0);
	ck_assert_int_eq(path_write_atomic(file, "new\0!", 5, 0755, true, &err), 0);
	ck_assert_int_eq(buf_read_file(&b, file, &err), 0);
	ck_assert_uint_eq(b.len, 5);
	ck_assert_mem_eq(b.data, "new\0!", 5);
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0755);
	ck_assert_int_eq(path_write_atomic(missing, "x", 1, 0600, false, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, missing));
	/* nothing half-made stays: the folder, ".", ".." */
	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(rmdir(folder), 0);
	ck_assert_int_eq(mkdir(folder, 0700), 0);
}
END_TEST

START_TEST(trees_are_removed_and_links_are_not_followed)
{
	CLEANUP_FREE char *tree = path_join(folder, "tree");
	CLEANUP_FREE char *sub = path_join(folder, "tree/x/y");
	CLEANUP_FREE char *kept = path_join(folder, "kept");
	CLEANUP_FREE char *link = path_join(folder, "tree/x/link");
	CLEANUP_FREE char *top = path_join(folder, "top");
	struct error err = { 0 };

	ck_assert_int_eq(path_mkdirs(sub, 0700, &err), 0);
	ck_assert_int_eq(path_mkdirs(kept, 0700, &err), 0);
	ck_assert_int_eq(symlink(kept, link), 0);
	ck_assert_int_eq(symlink(kept, top), 0);
	ck_assert_int_eq(chmod(sub, 0), 0);
	ck_assert_int_eq(path_remove_tree(tree, &err), 0);
	ck_assert(!path_exists(tree));
	ck_assert_int_eq(path_remove_tree(top, &err), 0);
	ck_assert(!path_exists(top));
	ck_assert(path_is_dir(kept));
	/* what is not there is removed already */
	ck_assert_int_eq(path_remove_tree(tree, &err), 0);
	ck_assert_int_eq(path_remove_tree("/", &err), -1);
	ck_assert_int_eq(path_remove_tree("", &err), -1);
	ck_assert_int_eq(path_remove_tree("//", &err), -1);
	ck_assert_int_eq(path_remove_tree("..", &err), -1);
	ck_assert_int_eq(path_remove_tree(NULL, &err), -1);
}
END_TEST

START_TEST(xdg_folders)
{
	struct error err = { 0 };

	setenv("HOME", "/home/u", 1);
	setenv("XDG_STATE_HOME", "/state", 1);
	unsetenv("XDG_CONFIG_HOME");
	setenv("XDG_CACHE_HOME", "relative", 1);
	check_name(path_xdg(XDG_STATE, &err), "/state/council");
	check_name(path_xdg(XDG_CONFIG, &err), "/home/u/.config/council");
	check_name(path_xdg(XDG_CACHE, &err), "/home/u/.cache/council");
	unsetenv("HOME");
	ck_assert_ptr_null(path_xdg(XDG_CONFIG, &err));
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "XDG_CONFIG_HOME"));
}
END_TEST

static const struct { const char *pattern, *path; bool matches; } globs[] = {
	{ "*.c", "a.c", true }, { "*.c", "src/a.c", true }, { "*.c", "a.ch", false },
	{ "Makefile", "sub/Makefile", true }, { "Makefile", "Makefile/x", false },
	{ "/a.c", "a.c", true }, { "/a.c", "b/a.c", false },
	{ "src/*.c", "src/a.c", true }, { "src/*.c", "src/b/a.c", false },
	{ "src/*.c", "x/src/a.c", false },
	{ "src/**", "src/a/b.c", true }, { "src/**", "src", false }, { "src/**", "srcs/a", false },
	{ "**/test_*.py", "test_a.py", true }, { "**/test_*.py", "a/b/test_a.py", true },
	{ "**/test_*.py", "a/xtest_a.py", false },
	{ "a/**/b", "a/b", true }, { "a/**/b", "a/x/y/b", true }, { "a/**/b", "a/xb", false },
	{ "tests/", "tests/a", true }, { "tests/", "x/tests/a/b", true }, { "tests/", "tests", false },
	{ "tests/", "mytests/a", false }, { "/tests/", "x/tests/a", false },
	{ "a/b/", "a/b/c", true }, { "a/b/", "x/a/b/c", false },
	{ "?.c", "a.c", true }, { "?.c", "ab.c", false }, { "?.c", "\xc3\xa4.c", true },
	{ "a?b", "a/b", false }, { "[a-c].h", "b.h", true }, { "[a-c].h", "d.h", false },
	{ "[!a-c].h", "d.h", true }, { "[^a-c].h", "a.h", false }, { "a[/]b", "a/b", false },
	{ "[]]", "]", true }, { "[a", "[a", true }, { "\\*", "*", true }, { "\\*", "a", false },
	{ "[a-]", "-", true }, { "*", "anything", true }, { "*", "a/b", true }, { "", "a", false },
	{ "/", "a", false }, { ".github/**", ".github/workflows/ci.yml", true },
	{ "**", "a/b/c", true }, { "*.tar.*", "x.tar.gz", true }, { "[!a]", "\xc3\xa4", true },
};

START_TEST(patterns)
{
	ck_assert_msg(path_match(globs[_i].pattern, globs[_i].path) == globs[_i].matches,
		      "'%s' and '%s'", globs[_i].pattern, globs[_i].path);
}
END_TEST

/* By trial and return this would take longer than there is time. */
START_TEST(patterns_are_not_exponential)
{
	char pattern[401], path[4001];

	for (size_t i = 0; i < 400; i += 2)
		memcpy(pattern + i, "*a", 2);
	memcpy(pattern, "**/", 3);
	pattern[399] = 'b';
	pattern[400] = '\0';
	memset(path, 'a', 4000);
	path[4000] = '\0';
	ck_assert(!path_match(pattern, path));
	for (size_t i = 0; i + 4 < 400; i += 4)
		memcpy(pattern + i, "**/a", 4);
	ck_assert(!path_match(pattern, path));
}
END_TEST

static const char *const safe[] = {
	"a", "a/b.c", ".gitignore", ".github/x", "a/.gitattributes", "gitx", "git", ".gitx", "...",
	"a b", "\xc3\xa4/b", ".config", "git~10", "-rf",
};

static const char *const unsafe[] = {
	"", "/a", "a/", "a//b", "./a", "a/.", "..", "a/../b", "a\\b", "a\nb", "a\x7f", ".git",
	".git/config", "a/.git/x", ".GIT/hooks", ".Git", ".git ", ".git.", ".git . .", "git~1",
	"GIT~1/x", ".git::$INDEX_ALLOCATION", ".g\xe2\x80\x8cit", "\xef\xbb\xbf.git/x",
	".git          ", ".git..........x/../y",
};

START_TEST(safe_paths)
{
	char lengthy[4098];

	for (size_t i = 0; i < sizeof safe / sizeof *safe; i++)
		ck_assert_msg(path_is_safe(safe[i]), "'%s'", safe[i]);
	for (size_t i = 0; i < sizeof unsafe / sizeof *unsafe; i++)
		ck_assert_msg(!path_is_safe(unsafe[i]), "'%s'", unsafe[i]);
	memset(lengthy, 'a', sizeof lengthy - 1);
	lengthy[4097] = '\0';
	ck_assert(!path_is_safe(lengthy));
	ck_assert(path_is_safe(lengthy + 1));
}
END_TEST

Suite *suite_path(void)
{
	Suite *s = suite_create("path");
	TCase *c = tcase_create("path");

	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, names);
	tcase_add_test(c, folders);
	tcase_add_test(c, files_are_written_whole);
	tcase_add_test(c, trees_are_removed_and_links_are_not_followed);
	tcase_add_test(c, xdg_folders);
	tcase_add_loop_test(c, patterns, 0, sizeof globs / sizeof *globs);
	tcase_add_test(c, patterns_are_not_exponential);
	tcase_add_test(c, safe_paths);
	suite_add_tcase(s, c);
	return s;
}
