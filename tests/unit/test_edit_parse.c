/* test_edit_parse.c: answers as lists of edits; no files are looked at. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repo/edit.h"
#include "repo/edit_parser.h"
#include "suites.h"
#include "util/buf.h"

static struct edit_list parsed(const char *text)
{
	struct edit_list l = { 0 };
	struct error err = { 0 };

	ck_assert_msg(edit_parse(text, strlen(text), &l, &err) == 0, "%s", err.message);
	return l;
}

static void refused(const char *text, const char *why)
{
	struct edit_list l = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(edit_parse(text, strlen(text), &l, &err), -1);
	ck_assert_int_eq(err.code, STATUS_GATE);
	ck_assert_msg(strstr(err.message, why) != NULL, "%s", err.message);
	ck_assert_uint_eq(l.n, 0);
}

START_TEST(block_is_kept_whole)
{
	struct edit_list l = parsed(
		"Fix:\n\nsrc/a.c\n```c\n<<<<<<< SEARCH\nold\n=======\nnew\n>>>>>>> REPLACE\n```\n");

	ck_assert_uint_eq(l.n, 1);
	ck_assert_int_eq(l.v[0].kind, EDIT_REPLACE);
	ck_assert_str_eq(l.v[0].path, "src/a.c");
	ck_assert_str_eq(l.v[0].format, "block");
	ck_assert_int_eq(l.v[0].answer_line, 5);
	ck_assert_uint_eq(l.v[0].n_hunks, 1);
	ck_assert_str_eq(l.v[0].hunks[0].body, "old\n=======\nnew\n");
	ck_assert_uint_eq(l.v[0].hunks[0].n_splits, 1);
	ck_assert_uint_eq(l.v[0].hunks[0].splits[0], 4);
	ck_assert(!l.no_changes);
	edit_list_release(&l);
}
END_TEST

START_TEST(every_divider_is_a_split)
{
	struct edit_list l =
		parsed("d.rst\n```\n<<<<<<< SEARCH\nA\n=======\n=======\nB\n=======\n>>>>>>> "
		       "REPLACE\n```\n");

	ck_assert_uint_eq(l.v[0].hunks[0].n_splits, 3);
	ck_assert_uint_eq(l.v[0].hunks[0].splits[0], 2);
	ck_assert_uint_eq(l.v[0].hunks[0].splits[1], 10);
	ck_assert_uint_eq(l.v[0].hunks[0].splits[2], 20);
	edit_list_release(&l);
}
END_TEST

START_TEST(kinds)
{
	struct edit_list l = parsed("a.c\n```\nint x;\n```\n"
				    "b.c\n```\n<<<<<<< DELETE\n```\n"
				    "c.c\n```\n<<<<<<< RENAME d/e.c\n<<<<<<< "
				    "SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n```\n"
				    "*** Begin Patch\n*** Add File: f.c\n+f\n*** End Patch\n"
				    "--- a/g.c\n+++ b/g.c\n@@ -7,1 +7,1 @@ int g(void)\n-1\n+2\n");

	ck_assert_uint_eq(l.n, 5);
	ck_assert_int_eq(l.v[0].kind, EDIT_WHOLE);
	ck_assert_str_eq(l.v[0].content, "int x;\n");
	ck_assert_uint_eq(l.v[0].content_len, 7);
	ck_assert_int_eq(l.v[1].kind, EDIT_DELETE);
	ck_assert_int_eq(l.v[2].kind, EDIT_RENAME);
	ck_assert_str_eq(l.v[2].new_path, "d/e.c");
	ck_assert_uint_eq(l.v[2].n_hunks, 1);
	ck_assert_int_eq(l.v[3].kind, EDIT_CREATE);
	ck_assert_str_eq(l.v[3].format, "patch");
	ck_assert_str_eq(l.v[3].content, "f\n");
	ck_assert_int_eq(l.v[4].kind, EDIT_REPLACE);
	ck_assert_str_eq(l.v[4].format, "diff");
	ck_assert_str_eq(l.v[4].path, "g.c");
	ck_assert_str_eq(l.v[4].hunks[0].old_text, "1\n");
	ck_assert_str_eq(l.v[4].hunks[0].new_text, "2\n");
	ck_assert_int_eq(l.v[4].hunks[0].line_hint, 7);
	edit_list_release(&l);
}
END_TEST

START_TEST(no_changes_alone)
{
	struct edit_list l = parsed("NO CHANGES\n");

	ck_assert(l.no_changes);
	ck_assert_uint_eq(l.n, 0);
	edit_list_release(&l);
	l = parsed("NO CHANGES\n\na.c\n```\nx\n```\n");
	ck_assert_msg(!l.no_changes, "an edit says otherwise");
	ck_assert_uint_eq(l.n, 1);
	edit_list_release(&l);
	refused("There are NO CHANGES to make.\n", "no edit in the answer");
}
END_TEST

START_TEST(unsafe_paths_are_read_as_paths)
{
	struct edit_list l = parsed("../../etc/passwd\n```\nx\n```\n");

	ck_assert_str_eq(l.v[0].path, "../../etc/passwd");
	edit_list_release(&l);
}
END_TEST

START_TEST(limits)
{
	CLEANUP_BUF struct buf b = BUF_INIT(64 << 20);
	struct edit_list l = { 0 };
	struct error err = { 0 };

	for (int i = 0; i <= EDIT_MAX_EDITS; i++)
		buf_addf(&b, "f%d.c\n```\nx\n```\n", i);
	refused(buf_str(&b), "more than 1000 edits");
	buf_clear(&b);
	buf_adds(&b, "a.c\n```\n");
	for (int i = 0; i <= EDIT_MAX_HUNKS; i++)
		buf_adds(&b, "<<<<<<< SEARCH\nx\n=======\ny\n>>>>>>> REPLACE\n");
	refused(buf_str(&b), "more than 10000 changes");
	buf_clear(&b);
	while (b.len <= EDIT_MAX_TEXT)
		buf_adds(&b, "some text that goes on and on\n");
	ck_assert_int_eq(edit_parse(buf_str(&b), b.len, &l, &err), -1);
	ck_assert_msg(strstr(err.message, "8 MiB") != NULL, "%s", err.message);
	refused("\n", "no edit");
	ck_assert_int_eq(edit_parse(NULL, 0, &l, &err), -1);
}
END_TEST

static const struct {
	const char *line, *path;
} names[] = {
	{ "src/a.c", "src/a.c" },
	{ "  src/a.c  ", "src/a.c" },
	{ "`src/a.c`", "src/a.c" },
	{ "**`src/a.c`:**", "src/a.c" },
	{ "#### `src/a.c`", "src/a.c" },
	{ "2) src/a.c", "src/a.c" },
	{ "File: src/a.c", "src/a.c" },
	{ "Path: `a.c`", "a.c" },
	{ "<!-- src/a.html -->", "src/a.html" },
	{ "==> src/a.c <==", "src/a.c" },
	{ "./src/a.c", "src/a.c" },
	{ "Makefile", "Makefile" },
	{ ".gitignore", ".gitignore" },
	{ "src/no_extension", "src/no_extension" },
	{ "app/[id]/(group)/page.tsx", "app/[id]/(group)/page.tsx" },
	{ "`my file.txt`", "my file.txt" },
	{ "f.c++", "f.c++" },
	{ "/etc/passwd", "/etc/passwd" },
	{ "Example", NULL },
	{ "Output:", NULL },
	{ "e.g.", NULL },
	{ "the file a.c", NULL },
	{ "v1.2", NULL },
	{ "1.5", NULL },
	{ "https://example.org/a.c", NULL },
	{ "", NULL },
	{ "src/", NULL },
	{ "#include <stdio.h>", NULL },
	{ "```c", NULL },
	{ "a.c and b.c", NULL },
	{ "*.c", NULL },
	{ "return a->b;", NULL },
	{ "That is all.", NULL },
};

START_TEST(names_of_paths)
{
	struct edit_span s = { names[_i].line, strlen(names[_i].line) }, got;
	bool ok = edit_name_line(s, false, &got);

	ck_assert_msg(ok == (names[_i].path != NULL), "%s", names[_i].line);
	if (ok)
		ck_assert_msg(got.len == strlen(names[_i].path) &&
				      !memcmp(got.s, names[_i].path, got.len),
			      "%s: %.*s", names[_i].line, (int)got.len, got.s);
}
END_TEST

static const struct {
	const char *info, *path;
} infos[] = {
	{ "c src/a.c", "src/a.c" },
	{ "src/a.c", "src/a.c" },
	{ "c:src/a.c", "src/a.c" },
	{ "c title=\"src/a.c\"", "src/a.c" },
	{ "js {file=a.js}", "a.js" },
	{ "py filename=a.py", "a.py" },
	{ "c", NULL },
	{ "", NULL },
	{ "12:40:src/a.c", NULL },
	{ "python 3.11", NULL },
	{ "c linenos=table", NULL },
	{ "text/plain", NULL },
	{ "js {1,3-5}", NULL },
};

START_TEST(names_in_fences)
{
	struct edit_span s = { infos[_i].info, strlen(infos[_i].info) }, got;
	bool ok = edit_name_info(s, &got);

	ck_assert_msg(ok == (infos[_i].path != NULL), "%s", infos[_i].info);
	if (ok)
		ck_assert(got.len == strlen(infos[_i].path) &&
			  !memcmp(got.s, infos[_i].path, got.len));
}
END_TEST

/* Each of these would take minutes if any part were quadratic; the suite's time limit is the judge.
 */
START_TEST(hostile_shapes_are_linear)
{
	static const char *const unit[] = { "<<<<<<< SEARCH\n",
					    "a.c\n```c\n",
					    "=======\n",
					    "```\n",
					    "\n",
					    "*** Update File: a\n@@\n",
					    "--- a\n+++ b\n@@\n",
					    "` `` ",
					    "a.md\n```\n```\n",
					    ">>>>>> REPLACE\n",
					    "@@\n",
					    "\\\n" };
	CLEANUP_BUF struct buf b = BUF_INIT(EDIT_MAX_TEXT);
	struct edit_list l = { 0 };

	buf_adds(&b, _i & 1 ? "a.c\n```\n<<<<<<< SEARCH\n" : "a.c\n");
	while (b.len + 64 < EDIT_MAX_TEXT)
		buf_adds(&b, unit[_i / 2]);
	if (edit_parse(buf_str(&b), b.len, &l, NULL) == 0)
		edit_list_release(&l);
}
END_TEST

Suite *suite_edit_parse(void)
{
	Suite *s = suite_create("edit_parse");
	TCase *t = tcase_create("answers");

	tcase_add_test(t, block_is_kept_whole);
	tcase_add_test(t, every_divider_is_a_split);
	tcase_add_test(t, kinds);
	tcase_add_test(t, no_changes_alone);
	tcase_add_test(t, unsafe_paths_are_read_as_paths);
	tcase_add_test(t, limits);
	tcase_add_loop_test(t, names_of_paths, 0, (int)(sizeof(names) / sizeof(names[0])));
	tcase_add_loop_test(t, names_in_fences, 0, (int)(sizeof(infos) / sizeof(infos[0])));
	suite_add_tcase(s, t);
	t = tcase_create("bounds");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, hostile_shapes_are_linear, 0, 24);
	suite_add_tcase(s, t);
	return s;
}
