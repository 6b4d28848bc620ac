/* test_edit_apply.c: edits against a real folder: all or none, and never outside. */
#include <check.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "repo/edit.h"
#include "repo/edit_fs.h"
#include "suites.h"
#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64], outside[64];
static int root = -1;

static void setup(void)
{
	snprintf(folder, sizeof(folder), "/tmp/edit-XXXXXX");
	snprintf(outside, sizeof(outside), "/tmp/edit-out-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	ck_assert_ptr_nonnull(mkdtemp(outside));
	root = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ck_assert_int_ge(root, 0);
}

static void teardown(void)
{
	close(root);
	path_remove_tree(folder, NULL);
	path_remove_tree(outside, NULL);
}

static void put_file(const char *dir, const char *name, const char *text, mode_t mode)
{
	CLEANUP_FREE char *path = path_join(dir, name), *parent = path_dirname(path);

	ck_assert_int_eq(path_mkdirs(parent, 0755, NULL), 0);
	ck_assert_int_eq(path_write_atomic(path, text, strlen(text), mode, false, NULL), 0);
}

static void put(const char *name, const char *text)
{
	put_file(folder, name, text, 0644);
}

static void check_file(const char *dir, const char *name, const char *want)
{
	CLEANUP_FREE char *path = path_join(dir, name);
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);

	if (!want) {
		ck_assert_msg(!path_exists(path), "%s exists", path);
		return;
	}
	ck_assert_int_eq(buf_read_file(&b, path, NULL), 0);
	ck_assert_str_eq(buf_str(&b), want);
}

static void has(const char *name, const char *want)
{
	check_file(folder, name, want);
}

/* Nothing of ours is left beside the files. */
static void no_leftovers(void)
{
	DIR *d = opendir(folder);
	struct dirent *e;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		ck_assert_msg(!str_starts(e->d_name, ".council-"), "%s", e->d_name);
	closedir(d);
}

static struct edit_report applied(const char *answer, const struct edit_options *options)
{
	struct edit_options o = options ? *options : (struct edit_options){ 0 };
	struct edit_list l = { 0 };
	struct edit_report r = { 0 };
	struct error err = { 0 };

	o.root_fd = root;
	ck_assert_msg(edit_parse(answer, strlen(answer), &l, &err) == 0, "%s", err.message);
	ck_assert_msg(edit_apply(&l, &o, &r, &err) == 0, "%s", err.message);
	edit_list_release(&l);
	no_leftovers();
	return r;
}

static void applies(const char *answer)
{
	struct edit_report r = applied(answer, NULL);
	CLEANUP_FREE char *text = edit_report_text(&r);

	ck_assert_msg(r.applied, "%s", text);
	edit_report_release(&r);
}

static void refused(const char *answer, const char *why)
{
	struct edit_report r = applied(answer, NULL);
	CLEANUP_FREE char *text = edit_report_text(&r);

	ck_assert(!r.applied);
	ck_assert_msg(strstr(text, why) != NULL, "%s", text);
	edit_report_release(&r);
}

#define CHANGE(old, new) "<<<<<<< SEARCH\n" old "\n=======\n" new "\n>>>>>>> REPLACE\n"

START_TEST(modes_are_kept)
{
	struct stat st;
	CLEANUP_FREE char *run = path_join(folder, "run.sh"), *secret = path_join(folder, "secret"),
			  *new = path_join(folder, "new.sh");

	put_file(folder, "run.sh", "#!/bin/sh\nold\n", 0755);
	put_file(folder, "secret", "old\n", 0640);
	applies("run.sh\n```\n" CHANGE("old", "new") "```\nsecret\n" CHANGE(
		"old", "new") "new.sh\n```\n#!/bin/sh\ntrue\n```\n");
	ck_assert_int_eq(stat(run, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(stat(secret, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777, 0640);
	ck_assert_int_eq(stat(new, &st), 0);
	ck_assert_msg(st.st_mode & S_IXUSR, "a new script can be run");
	has("run.sh", "#!/bin/sh\nnew\n");
	has("secret", "new\n");
}
END_TEST

START_TEST(links_are_never_followed)
{
	CLEANUP_FREE char *target = path_join(outside, "x.txt"),
			  *link = path_join(folder, "link.txt"), *dir = path_join(folder, "dir"),
			  *loop = path_join(folder, "loop");

	put_file(outside, "x.txt", "old\n", 0644);
	ck_assert_int_eq(symlink(target, link), 0);
	ck_assert_int_eq(symlink(outside, dir), 0);
	ck_assert_int_eq(symlink("loop", loop), 0);
	refused("link.txt\n```\nevil\n```\n", "symbolic link");
	refused("link.txt\n```\n<<<<<<< DELETE\n```\n", "symbolic link");
	refused("dir/x.txt\n```\nevil\n```\n", "symbolic link");
	refused("dir/new.txt\n```\nevil\n```\n", "symbolic link");
	refused("loop/x.txt\n```\nevil\n```\n", "symbolic link");
	put("a.txt", "1\n");
	refused("a.txt\n```\n<<<<<<< RENAME dir/y.txt\n```\n", "symbolic link");
	check_file(outside, "x.txt", "old\n");
	check_file(outside, "new.txt", NULL);
	ck_assert_msg(readlink(link, target, 1) > 0, "the link is still one");
}
END_TEST

START_TEST(hard_links_outside_keep_their_text)
{
	CLEANUP_FREE char *from = path_join(outside, "x.txt"), *to = path_join(folder, "x.txt");

	put_file(outside, "x.txt", "old\n", 0644);
	ck_assert_int_eq(link(from, to), 0);
	applies("x.txt\n```\nnew\n```\n");
	check_file(outside, "x.txt", "old\n");
	has("x.txt", "new\n");
}
END_TEST

START_TEST(special_files_are_refused)
{
	CLEANUP_FREE char *fifo = path_join(folder, "pipe.txt");

	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	refused("pipe.txt\n```\nx\n```\n", "not a regular file");
	put("d.txt/x", "1\n");
	refused("d.txt\n```\nx\n```\n", "it is a folder");
}
END_TEST

START_TEST(binary_files)
{
	CLEANUP_FREE char *path = path_join(folder, "b.bin"), *moved = path_join(folder, "c.bin");
	CLEANUP_BUF struct buf b = BUF_INIT(100);

	ck_assert_int_eq(path_write_atomic(path, "a\n\0b", 4, 0644, false, NULL), 0);
	refused("b.bin\n```\n" CHANGE("a", "x") "```\n", "is binary");
	refused("b.bin\n```\nx\n```\n", "is binary");
	applies("b.bin\n```\n<<<<<<< RENAME c.bin\n```\n");
	ck_assert_int_eq(buf_read_file(&b, moved, NULL), 0);
	ck_assert_uint_eq(b.len, 4);
	applies("c.bin\n```\n<<<<<<< DELETE\n```\n");
	ck_assert(!path_exists(moved));
}
END_TEST

START_TEST(edits_of_one_file_compose)
{
	struct edit_report r;

	put("a.txt", "1\n2\n3\n");
	r = applied(
		"a.txt\n```\n" CHANGE(
			"1", "one") "```\n"
				    "a.txt\n```\n" CHANGE(
					    "one\n2",
					    "one\ntwo") "```\n"
							"a.txt\n```\n<<<<<<< RENAME b.txt\n```\n"
							"b.txt\n```\n" CHANGE(
								"3",
								"three") "```\n"
									 "a.txt\n```\nfresh\n```\n",
		NULL);
	ck_assert(r.applied && !r.unchanged);
	ck_assert_uint_eq(r.n, 5);
	ck_assert_int_eq(r.v[2].kind, EDIT_RENAME);
	ck_assert_str_eq(r.v[2].new_path, "b.txt");
	ck_assert_str_eq(r.v[2].match, "rename");
	ck_assert_int_eq(r.v[4].kind, EDIT_CREATE);
	ck_assert_str_eq(r.v[4].match, "whole");
	has("a.txt", "fresh\n");
	has("b.txt", "one\ntwo\nthree\n");
	edit_report_release(&r);
}
END_TEST

START_TEST(nothing_is_written_unless_all_fit)
{
	struct edit_report r;

	put("a.txt", "1\n");
	put("b.txt", "2\n");
	r = applied("a.txt\n```\n" CHANGE("1", "one") "```\nn/new.txt\n```\nx\n```\n"
						      "b.txt\n```\n" CHANGE("nope", "x") "```\n",
		    NULL);
	ck_assert(!r.applied);
	ck_assert(r.v[0].ok && r.v[1].ok && !r.v[2].ok);
	ck_assert_ptr_nonnull(r.v[2].reason);
	has("a.txt", "1\n");
	has("n", NULL);
	edit_report_release(&r);
}
END_TEST

START_TEST(check_writes_nothing)
{
	struct edit_options o = { .check_only = true };
	struct edit_report r;

	put("a.txt", "1\n");
	r = applied("a.txt\n```\n" CHANGE("1", "one") "```\n", &o);
	ck_assert(r.applied && !r.unchanged);
	has("a.txt", "1\n");
	edit_report_release(&r);
	r = applied("a.txt\n```\n1\n```\n", NULL);
	ck_assert(r.applied && r.unchanged);
	edit_report_release(&r);
}
END_TEST

static bool no_tests(void *ctx, const char *path)
{
	return str_starts(path, ctx);
}

START_TEST(protection)
{
	struct edit_options o = { .is_protected = no_tests, .ctx = (void *)"tests/" };
	struct edit_report r;

	put("tests/a.txt", "1\n");
	put("b.txt", "2\n");
	r = applied("tests/a.txt\n```\nx\n```\nb.txt\n```\n<<<<<<< RENAME tests/b.txt\n```\n"
		    "b.txt\n```\n3\n```\n",
		    &o);
	ck_assert(!r.applied);
	ck_assert(r.v[0].protected_path && r.v[1].protected_path && !r.v[2].protected_path);
	has("tests/a.txt", "1\n");
	has("b.txt", "2\n");
	edit_report_release(&r);
}
END_TEST

START_TEST(size_limit)
{
	struct edit_options o = { .max_file = 16 };
	struct edit_report r;

	put("a.txt", "this is more than sixteen\n");
	r = applied("a.txt\n```\nx\n```\nn.txt\n```\nthis too is more than sixteen\n```\n", &o);
	ck_assert(!r.applied && !r.v[0].ok && !r.v[1].ok);
	ck_assert_ptr_nonnull(strstr(r.v[0].reason, "16 bytes"));
	ck_assert_ptr_nonnull(strstr(r.v[1].reason, "16 bytes"));
	edit_report_release(&r);
}
END_TEST

/* A commit whose last change cannot be made puts the others back. */
START_TEST(rollback)
{
	struct edit_fs_change c[4] = { 0 };
	struct error err = { 0 };
	CLEANUP_FREE char *a = path_join(folder, "a.txt"), *b = path_join(folder, "b.txt");

	put("a.txt", "1\n");
	put("b.txt", "2\n");
	c[0] = (struct edit_fs_change){
		.path = "a.txt", .existed = true, .data = "x\n", .len = 2, .mode = 0644
	};
	c[1] = (struct edit_fs_change){ .path = "b.txt", .existed = true, .remove = true };
	c[2] = (struct edit_fs_change){
		.path = "new/deep/c.txt", .data = "y\n", .len = 2, .mode = 0644
	};
	c[3] = (struct edit_fs_change){ .path = "d.txt", .data = "z\n", .len = 2, .mode = 0644 };
	ck_assert_int_eq(stat(a, &c[0].before), 0);
	ck_assert_int_eq(stat(b, &c[1].before), 0);
	put("d.txt", "came meanwhile\n");
	ck_assert_int_eq(edit_fs_commit(root, c, 4, &err), -1);
	ck_assert_msg(strstr(err.message, "meanwhile") != NULL, "%s", err.message);
	has("a.txt", "1\n");
	has("b.txt", "2\n");
	has("new", NULL);
	has("d.txt", "came meanwhile\n");
	no_leftovers();
}
END_TEST

START_TEST(a_file_changed_meanwhile_is_left)
{
	struct edit_fs_change c = {
		.path = "a.txt", .existed = true, .data = "x\n", .len = 2, .mode = 0644
	};
	struct error err = { 0 };
	CLEANUP_FREE char *a = path_join(folder, "a.txt");

	put("a.txt", "1\n");
	ck_assert_int_eq(stat(a, &c.before), 0);
	put("a.txt", "the user's own\n");
	ck_assert_int_eq(edit_fs_commit(root, &c, 1, &err), -1);
	has("a.txt", "the user's own\n");
	no_leftovers();
}
END_TEST

START_TEST(many_files_at_once)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	struct edit_report r;

	for (int i = 0; i < EDIT_MAX_EDITS; i++)
		buf_addf(&b, "d%d/f.txt\n```\n%d\n```\n", i, i);
	r = applied(buf_str(&b), NULL);
	ck_assert(r.applied);
	has("d999/f.txt", "999\n");
	edit_report_release(&r);
}
END_TEST

/* Far more comparing than anyone has time for: told, not done. The time limit is the judge. */
START_TEST(work_is_bounded)
{
	CLEANUP_BUF struct buf file = BUF_INIT(8 << 20), answer = BUF_INIT(8 << 20);
	struct edit_report r;

	while (file.len / 8 < 900000 && file.len + 16 < (8 << 20))
		buf_addf(&file, "%07zu\n", file.len % 1000003);
	put("a.txt", buf_str(&file));
	buf_adds(&answer, "a.txt\n```\n");
	for (int i = 0; i < 9000; i++)
		buf_addf(&answer, CHANGE("none %d\n=======\nsuch\n=======\nline", "x"), i);
	buf_adds(&answer, "```\n");
	r = applied(buf_str(&answer), NULL);
	ck_assert(!r.applied);
	edit_report_release(&r);
}
END_TEST

Suite *suite_edit_apply(void)
{
	Suite *s = suite_create("edit_apply");
	TCase *t = tcase_create("apply");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, modes_are_kept);
	tcase_add_test(t, links_are_never_followed);
	tcase_add_test(t, hard_links_outside_keep_their_text);
	tcase_add_test(t, special_files_are_refused);
	tcase_add_test(t, binary_files);
	tcase_add_test(t, edits_of_one_file_compose);
	tcase_add_test(t, nothing_is_written_unless_all_fit);
	tcase_add_test(t, check_writes_nothing);
	tcase_add_test(t, protection);
	tcase_add_test(t, size_limit);
	tcase_add_test(t, rollback);
	tcase_add_test(t, a_file_changed_meanwhile_is_left);
	tcase_add_test(t, many_files_at_once);
	tcase_add_test(t, work_is_bounded);
	suite_add_tcase(s, t);
	return s;
}
