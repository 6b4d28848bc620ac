/* test_edit_cases.c: whole answers, honest but clumsy ones and hostile ones.
 *
 * Each folder in tests/data/edits is a case: answer.txt, the files before (none:
 * an empty folder), and either the files after or expect-error, a text that
 * stands in what is told; then the files must be as they were.
 */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repo/edit.h"
#include "suites.h"
#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

enum { CASES_MAX = 1000, CASES_MIN = 60, TREE_MAX = 4 << 20 };

static char *data_folder(void)
{
	const char *top = getenv("top_srcdir");

	return path_join(top ? top : ".", "tests/data/edits");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, sorted; folders alone when asked. */
static void list(const char *dir, bool folders, struct strv *ret)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		CLEANUP_FREE char *path = path_join(dir, e->d_name);

		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") &&
		    (!folders || path_is_dir(path)))
			ck_assert_int_eq(strv_add(ret, e->d_name), 0);
	}
	if (d)
		closedir(d);
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_name);
}

/* A folder as one text: "path: length\nbytes" of each file, sorted. */
static void tree(const char *dir, const char *prefix, struct buf *out)
{
	CLEANUP_STRV struct strv names = { 0 };

	list(dir, false, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = path_join(dir, names.v[i]);
		CLEANUP_FREE char *name = str_printf("%s%s", prefix, names.v[i]);
		CLEANUP_BUF struct buf text = BUF_INIT(TREE_MAX);

		if (path_is_dir(path)) {
			CLEANUP_FREE char *deeper = str_printf("%s/", name);

			tree(path, deeper, out);
			continue;
		}
		ck_assert_int_eq(buf_read_file(&text, path, NULL), 0);
		buf_addf(out, "%s: %zu\n", name, text.len);
		buf_add(out, buf_str(&text), text.len);
	}
}

static void copy_tree(const char *from, const char *to)
{
	CLEANUP_STRV struct strv names = { 0 };

	list(from, false, &names);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *a = path_join(from, names.v[i]), *b = path_join(to, names.v[i]);
		CLEANUP_BUF struct buf text = BUF_INIT(TREE_MAX);

		if (path_is_dir(a)) {
			ck_assert_int_eq(mkdir(b, 0755), 0);
			copy_tree(a, b);
			continue;
		}
		ck_assert_int_eq(buf_read_file(&text, a, NULL), 0);
		ck_assert_int_eq(path_write_atomic(b, buf_str(&text), text.len, 0644, false, NULL),
				 0);
	}
}

/* Applies an answer to a folder; what is told of it, malloc'd. *ret_ok: it applied. */
static char *apply_answer(const struct buf *answer, const char *dir, bool *ret_ok)
{
	struct edit_options o = { .root_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	struct edit_list l = { 0 };
	struct edit_report r = { 0 };
	struct error err = { 0 };
	char *told;

	*ret_ok = false;
	if (edit_parse(buf_str(answer), answer->len, &l, &err) < 0) {
		close(o.root_fd);
		return str_dup(err.message);
	}
	ck_assert_msg(edit_apply(&l, &o, &r, &err) == 0, "%s", err.message);
	*ret_ok = r.applied;
	told = edit_report_text(&r);
	edit_report_release(&r);
	edit_list_release(&l);
	close(o.root_fd);
	return told;
}

static void run_case(const char *dir, const char *name)
{
	char scratch[] = "/tmp/edit-case-XXXXXX";
	CLEANUP_FREE char *answer_path = path_join(dir, "answer.txt"),
			  *before = path_join(dir, "before"), *after = path_join(dir, "after"),
			  *error = path_join(dir, "expect-error"), *told = NULL;
	CLEANUP_BUF struct buf answer = BUF_INIT(TREE_MAX), want = BUF_INIT(TREE_MAX),
			       got = BUF_INIT(TREE_MAX), why = BUF_INIT(4096);
	bool ok, must_fail = path_exists(error);

	ck_assert_int_eq(buf_read_file(&answer, answer_path, NULL), 0);
	ck_assert_ptr_nonnull(mkdtemp(scratch));
	copy_tree(before, scratch);
	told = apply_answer(&answer, scratch, &ok);
	ck_assert_msg(ok == !must_fail, "%s: %s", name, told);
	if (must_fail) {
		ck_assert_int_eq(buf_read_file(&why, error, NULL), 0);
		while (why.len && why.data[why.len - 1] == '\n')
			buf_truncate(&why, why.len - 1);
		ck_assert_msg(strstr(told, buf_str(&why)) != NULL, "%s: %s", name, told);
	}
	tree(must_fail ? before : after, "", &want);
	tree(scratch, "", &got);
	ck_assert_msg(want.len == got.len && !memcmp(buf_str(&want), buf_str(&got), got.len),
		      "%s: want\n%s\ngot\n%s", name, buf_str(&want), buf_str(&got));
	path_remove_tree(scratch, NULL);
}

START_TEST(recorded_answers)
{
	CLEANUP_FREE char *dir = data_folder();
	CLEANUP_STRV struct strv names = { 0 };

	list(dir, true, &names);
	ck_assert_msg(names.n >= CASES_MIN && names.n < CASES_MAX, "%zu cases in %s", names.n, dir);
	for (size_t i = 0; i < names.n; i++) {
		CLEANUP_FREE char *path = path_join(dir, names.v[i]);

		run_case(path, names.v[i]);
	}
}
END_TEST

Suite *suite_edit_cases(void)
{
	Suite *s = suite_create("edit_cases");
	TCase *t = tcase_create("answers");

	tcase_set_timeout(t, 120);
	tcase_add_test(t, recorded_answers);
	suite_add_tcase(s, t);
	return s;
}
