/* test_edit_match.c: where hunks stand in a text, and what they make of it. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "repo/edit_match.h"
#include "suites.h"
#include "util/str.h"

struct outcome {
	char *text;   /* the document afterwards */
	char *reason; /* NULL: it fitted */
	enum edit_tier tier;
};

static struct outcome apply_hunk(const char *file, const struct edit_hunk *h, uint64_t work)
{
	struct outcome o = { 0 };
	struct edit_doc d;
	struct edit_cursor c = { 0 };
	struct error err = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT(64 << 20);

	ck_assert_int_eq(edit_doc_load(&d, file, strlen(file), &work, &err), 0);
	ck_assert_msg(edit_hunk_apply(&d, h, &c, &o.tier, &o.reason, &err) == 0, "%s", err.message);
	edit_doc_render(&d, &out);
	o.text = buf_steal(&out, NULL);
	edit_doc_release(&d);
	return o;
}

static struct outcome apply_pair(const char *file, const char *old, const char *new)
{
	struct edit_hunk h = { .old_text = (char *)old, .new_text = (char *)new, .answer_line = 1 };

	return apply_hunk(file, &h, UINT64_MAX);
}

static void fits(const char *file, const char *old, const char *new, enum edit_tier tier,
		 const char *want)
{
	struct outcome o = apply_pair(file, old, new);

	ck_assert_msg(o.reason == NULL, "%s", o.reason);
	ck_assert_str_eq(o.text, want);
	ck_assert_int_eq(o.tier, tier);
	free(o.text);
}

static void fails(const char *file, const char *old, const char *new, const char *why)
{
	struct outcome o = apply_pair(file, old, new);

	ck_assert_ptr_nonnull(o.reason);
	ck_assert_msg(strstr(o.reason, why) != NULL, "%s", o.reason);
	ck_assert_str_eq(o.text, file);
	free(o.text);
	free(o.reason);
}

START_TEST(exact)
{
	fits("a\nb\nc\n", "b\n", "B\n", EDIT_TIER_EXACT, "a\nB\nc\n");
	fits("a\nb\nc\n", "a\nb\nc\n", "", EDIT_TIER_EXACT, "");
	fits("a\nb", "b\n", "B\n", EDIT_TIER_EXACT, "a\nB");
	fits("a\nb", "a\n", "A\n", EDIT_TIER_EXACT, "A\nb");
	fits("a\r\nb\r\n", "a\n", "x\ny\n", EDIT_TIER_EXACT, "x\r\ny\r\nb\r\n");
	fits("a\nb\r\nc\n", "a\nb\nc\n", "a\nb\nC\n", EDIT_TIER_EXACT, "a\nb\r\nC\n");
	fits("\xef\xbb\xbf"
	     "a\n",
	     "a\n", "b\n", EDIT_TIER_EXACT,
	     "\xef\xbb\xbf"
	     "b\n");
	fits("a\nb\na\n", "b\na\n", "x\n", EDIT_TIER_EXACT, "a\nx\n");
	/* exact beats what only white space tells apart */
	fits("  a\na\n", "a\n", "x\n", EDIT_TIER_EXACT, "  a\nx\n");
}
END_TEST

START_TEST(ambiguity_is_refused)
{
	fails("a\nb\na\n", "a\n", "x\n", "more than one place: lines 1, 3;");
	fails("a\na\na\n", "a\na\n", "x\n", "lines 1, 2;");
	fails("  a\n\ta\n", "a\n", "x\n", "lines 1, 2;");
	fails("x\n", "\n", "y\n", "not in the file");
}
END_TEST

START_TEST(ambiguity_settled_by_a_patch)
{
	struct edit_hunk h = { .old_text = (char *)"a\n",
			       .new_text = (char *)"x\n",
			       .line_hint = 3 };
	struct outcome o = apply_hunk("a\nb\na\n", &h, UINT64_MAX);

	ck_assert_str_eq(o.text, "a\nb\nx\n");
	free(o.text);
	h.line_hint = 2; /* where it does not stand: no help */
	o = apply_hunk("a\nb\na\n", &h, UINT64_MAX);
	ck_assert_ptr_nonnull(o.reason);
	free(o.reason);
	free(o.text);
	h.line_hint = 0;
	h.anchor = (char *)"b";
	o = apply_hunk("a\nb\na\n", &h, UINT64_MAX);
	ck_assert_str_eq(o.text, "a\nb\nx\n");
	free(o.text);
	h.anchor = (char *)"nowhere";
	o = apply_hunk("a\nb\na\n", &h, UINT64_MAX);
	ck_assert_msg(strstr(o.reason, "nowhere") != NULL, "%s", o.reason);
	free(o.reason);
	free(o.text);
}
END_TEST

START_TEST(white_space)
{
	fits("a  \nb\n", "a\nb\n", "a\nB\n", EDIT_TIER_WHITESPACE, "a  \nB\n");
	fits("a\nb\n", "a   \n", "x\n", EDIT_TIER_WHITESPACE, "x\nb\n");
	fits("\tif (x)\n\t\ty();\n", "if (x)\n\ty();\n", "if (z)\n\ty();\n\tw();\n",
	     EDIT_TIER_WHITESPACE, "\tif (z)\n\t\ty();\n\t\tw();\n");
	fits("if x:\n    y\n", "    if x:\n        y\n", "    if x:\n        z\n",
	     EDIT_TIER_WHITESPACE, "if x:\n    z\n");
	fits("\tif (x)\n\t\ty();\n", "    if (x)\n        y();\n",
	     "    if (x) {\n        y();\n    }\n", EDIT_TIER_WHITESPACE,
	     "\tif (x) {\n\t\ty();\n\t}\n");
	fits("  if x\n    y\n", "\tif x\n\t\ty\n", "\tif x\n\t\tz\n", EDIT_TIER_WHITESPACE,
	     "  if x\n    z\n");
	fits("a\nb\nc\n", "\n\nb\n\n", "\n\nB\n\n", EDIT_TIER_WHITESPACE, "a\nB\nc\n");
	/* indentation that is not shifted as a whole means something else */
	fails("a\n    b\nc\n", "a\nb\n    c\n", "x\n", "not in the file");
	/* the place with its own indentation is meant, not the shifted one */
	fits("  a \n    a\n", "  a\n", "  x\n", EDIT_TIER_WHITESPACE, "  x\n    a\n");
}
END_TEST

#define LINES "one(1);\ntwo(22);\nthree(333);\nfour(4444);\nfive(55555);\nsix(666666);\n"

START_TEST(fuzzy)
{
	fits("{\n" LINES "}\n",
	     "one(1);\ntwo(22);\nthre(333);\nfour(4444);\nfive(55555);\nsix(666666);\n",
	     "one(1);\ntwo(22);\nthre(333);\nFOUR();\nfive(55555);\nsix(666666);\n",
	     EDIT_TIER_FUZZY,
	     "{\none(1);\ntwo(22);\nthree(333);\nFOUR();\nfive(55555);\nsix(666666);\n}\n");
	/* an empty line that the model left out stays */
	fits("one(1);\n\ntwo(22);\nthree(333);\nfour(4444);\n",
	     "one(1);\ntwo(22);\nthree(333);\nfour(4444);\n",
	     "one(1);\ntwo(22);\nthree(333);\nFOUR();\n", EDIT_TIER_FUZZY,
	     "one(1);\n\ntwo(22);\nthree(333);\nFOUR();\n");
	/* too few lines, too many differences, two places */
	fails("return a - b;\nint x;\n", "return a * b;\nint x;\n", "", "nearest lines");
	fails(LINES, "on(1);\ntw(22);\nthre(333);\nfour(4444);\nfive(55555);\nsix(666666);\n",
	      "x\n", "not in the file");
	fails(LINES "--\n" LINES,
	      "one(1);\ntwo(22);\nthre(333);\nfour(4444);\nfive(55555);\nsix(666666);\n", "x\n",
	      "more than one place");
	/* a line between that the model never saw would be lost */
	fails("one(1);\ntwo(22);\nkeep_me();\nthree(333);\nfour(4444);\nfive(55555);\nsix(666666);"
	      "\n",
	      LINES, "x\n", "not in the file");
}
END_TEST

START_TEST(failures_show_real_lines)
{
	struct outcome o = apply_pair("int f(void)\n{\n\treturn 41;\n}\n",
				      "int f(void)\n{\n\treturn forty;\n", "x\n");

	ck_assert_ptr_nonnull(strstr(o.reason, "     3 | \treturn 41;"));
	ck_assert_ptr_nonnull(strstr(o.reason, "first difference: line 3"));
	free(o.reason);
	free(o.text);
	fails("", "a\n", "b\n", "the file is empty");
	fails("zzz\n", "completely different\n", "b\n", "no line of it is like them");
}
END_TEST

static void split_case(const char *file, const char *body, const char *want)
{
	size_t splits[64], n = 0;
	struct edit_hunk h = { .body = (char *)body, .body_len = strlen(body), .splits = splits };
	struct outcome o;

	for (const char *s = body; s; s = strchr(s, '\n')) {
		s += *s == '\n';
		if (!*s)
			break;
		if (!strncmp(s, "=======\n", 8))
			splits[n++] = (size_t)(s - body);
		if (!strchr(s, '\n'))
			break;
	}
	h.n_splits = n;
	o = apply_hunk(file, &h, UINT64_MAX);
	ck_assert_msg(want ? o.reason == NULL : o.reason != NULL, "%s",
		      o.reason ? o.reason : o.text);
	if (want)
		ck_assert_str_eq(o.text, want);
	free(o.reason);
	free(o.text);
}

START_TEST(splits)
{
	split_case("A\n=======\nB\n", "A\n=======\n=======\nC\n=======\n", "C\n=======\nB\n");
	split_case("A\nB\n", "A\n=======\nC\n=======\nD\n", "C\n=======\nD\nB\n");
	split_case("=======\nA\n", "=======\nA\n=======\nB\n", "B\n");
	split_case("A\nA\n", "A\n=======\nC\n=======\nD\n", NULL);
	split_case("X\n", "A\n=======\nC\n=======\nD\n", NULL);
}
END_TEST

START_TEST(work_is_bounded)
{
	struct edit_hunk h = { .old_text = (char *)"b\n", .new_text = (char *)"c\n" };
	struct outcome o = apply_hunk("a\nb\n", &h, 3);

	ck_assert_msg(o.reason && strstr(o.reason, "took too long"), "%s", o.reason);
	ck_assert_str_eq(o.text, "a\nb\n");
	free(o.reason);
	free(o.text);
}
END_TEST

/* Shapes that make naive searching quadratic: the time limit is the judge. */
START_TEST(large_and_repetitive)
{
	static const char *const unit[] = { "x\n", "=======\n", "x\n=======\n", "  x\n" };
	CLEANUP_BUF struct buf file = BUF_INIT(8 << 20), body = BUF_INIT(8 << 20);
	struct edit_hunk h = { 0 };
	struct outcome o;

	while (file.len + 32 < (4 << 20) && file.len / strlen(unit[_i]) < EDIT_MAX_LINES - 8)
		buf_adds(&file, unit[_i]);
	h.splits = calloc(EDIT_MAX_LINES, sizeof(*h.splits));
	for (size_t i = 0; body.len + 32 < (2 << 20) && i < EDIT_MAX_LINES / 2; i++) {
		buf_adds(&body, " x\n");
		h.splits[h.n_splits++] = body.len;
		buf_adds(&body, "=======\n");
	}
	h.body = body.data;
	h.body_len = body.len;
	o = apply_hunk(buf_str(&file), &h, UINT64_C(1) << 31);
	ck_assert_ptr_nonnull(o.reason);
	free(o.reason);
	free(o.text);
	free(h.splits);
}
END_TEST

START_TEST(documents_round_trip)
{
	static const char *const texts[] = {
		"",	      "\n",   "a",    "a\n",	      "a\r\nb\n",
		"a\r\n\r\nb", "\r",   "\r\n", "\xef\xbb\xbf", "\xef\xbb\xbfx\r\n",
		"a\rb\n",     "a\n\r"
	};
	struct edit_doc d;
	CLEANUP_BUF struct buf out = BUF_INIT(100);

	ck_assert_int_eq(edit_doc_load(&d, texts[_i], strlen(texts[_i]), NULL, NULL), 0);
	edit_doc_render(&d, &out);
	ck_assert_str_eq(buf_str(&out), texts[_i]);
	edit_doc_release(&d);
}
END_TEST

static const struct {
	const char *line;
	enum edit_language lang;
	bool elision;
} elisions[] = {
	{ "// ... existing code ...", EDIT_CODE, true },
	{ "# ... rest of file unchanged ...", EDIT_DOTS, true },
	{ "    /* ... */", EDIT_CODE, true },
	{ "<!-- ... rest of the page ... -->", EDIT_PROSE, true },
	{ "...", EDIT_CODE, true },
	{ "...", EDIT_DOTS, false },
	{ "...", EDIT_PROSE, false },
	{ "# rest unchanged", EDIT_DOTS, true },
	{ "// rest of the function remains the same", EDIT_CODE, true },
	{ "// … other methods …", EDIT_CODE, true },
	{ "-- existing code here", EDIT_CODE, true },
	{ "{/* ... existing code ... */}", EDIT_CODE, true },
	{ "[... omitted ...]", EDIT_CODE, true },
	{ "// loading existing users...", EDIT_CODE, false },
	{ "// the existing code is slow", EDIT_CODE, false },
	{ "f(...args)", EDIT_CODE, false },
	{ "...args,", EDIT_CODE, false },
	{ "int x;", EDIT_CODE, false },
	{ "# The rest", EDIT_PROSE, false },
	{ "print('...')", EDIT_DOTS, false },
	{ "", EDIT_CODE, false },
	{ "// see the rest of the interest table", EDIT_CODE, false },
};

START_TEST(elision)
{
	struct edit_span s = { elisions[_i].line, strlen(elisions[_i].line) };

	ck_assert_msg(edit_is_elision(s, elisions[_i].lang) == elisions[_i].elision, "%s",
		      elisions[_i].line);
}
END_TEST

Suite *suite_edit_match(void)
{
	Suite *s = suite_create("edit_match");
	TCase *t = tcase_create("match");

	tcase_add_test(t, exact);
	tcase_add_test(t, ambiguity_is_refused);
	tcase_add_test(t, ambiguity_settled_by_a_patch);
	tcase_add_test(t, white_space);
	tcase_add_test(t, fuzzy);
	tcase_add_test(t, failures_show_real_lines);
	tcase_add_test(t, splits);
	tcase_add_test(t, work_is_bounded);
	tcase_add_loop_test(t, documents_round_trip, 0, 12);
	tcase_add_loop_test(t, elision, 0, (int)(sizeof(elisions) / sizeof(elisions[0])));
	suite_add_tcase(s, t);
	t = tcase_create("bounds");
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, large_and_repetitive, 0, 4);
	suite_add_tcase(s, t);
	return s;
}
