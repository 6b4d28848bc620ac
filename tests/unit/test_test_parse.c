#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "run/gate.h"
#include "run/gate_text.h"
#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

Suite *suite_test_parse(void);

/* Names are listed as "+passed", "-failed", "~skipped", a '.' before inner ones. */
static const struct recorded {
	const char *file, *format;
	int passed, failed, skipped;
	const char *names[14];
} records[] = {
	{ "automake.txt", "automake", 2, 2, 4,
	  { "-bad.sh", "+good.sh", "+lib.t: reads", "-lib.t: writes", "~lib.t: x", "~lib.t: y",
	    ".+reads", "~skip.sh", ".-writes", ".~x", "~xf.sh", ".~y" } },
	{ "cargo.txt", "cargo", 3, 2, 1,
	  { "-demo::src/lib.rs - add (line 2)", "-demo::tests::adds", "+demo::tests::holds",
	    "~demo::tests::later", "+demo::tests::panics", "+it::outer" } },
	{ "check.txt", "check", 1, 2, 0, { "-core:test_bad", "-core:test_crash" } },
	{ "check-verbose.txt", "check", 1, 2, 0,
	  { "-core:test_bad", "-core:test_crash", "+core:test_ok" } },
	{ "ctest.txt", "ctest", 2, 2, 1,
	  { "-crash", ".-inner", "-parser.bad", "+parser.good", "~skipped", "+with space" } },
	{ "go.txt", "go", 1, 4, 0,
	  { ".-example.com/demo", "-example.com/demo.TestAdd", "-example.com/demo.TestTable",
	    "-example.com/demo.TestTable/one", "-example.com/demo/broken", "+example.com/demo/ok" } },
	{ "go-v.txt", "go", 3, 4, 1,
	  { ".-example.com/demo", "-example.com/demo.TestAdd", "~example.com/demo.TestSkip",
	    "-example.com/demo.TestTable", "-example.com/demo.TestTable/one",
	    "+example.com/demo.TestTable/two_words", "+example.com/demo.TestZero",
	    "-example.com/demo/broken", ".+example.com/demo/ok", "+example.com/demo/ok.TestY" } },
	{ "go-json.txt", "go", 3, 4, 1,
	  { ".-example.com/demo", "-example.com/demo.TestAdd", "~example.com/demo.TestSkip",
	    "-example.com/demo.TestTable", "-example.com/demo.TestTable/one",
	    "+example.com/demo.TestTable/two_words", "+example.com/demo.TestZero",
	    "-example.com/demo/broken", ".+example.com/demo/ok", "+example.com/demo/ok.TestY" } },
	{ "jest.txt", "jest", 2, 2, 1,
	  { ".-j/a.test.js", "-j/a.test.js > math > adds", "+j/a.test.js > math > deep > is deep",
	    "+j/a.test.js > math > holds", "~j/a.test.js > math > later", "-j/b.test.js" } },
	{ "jest-plain.txt", "jest", 2, 2, 1,
	  { ".-j/a.test.js", "-j/a.test.js > math > adds", "-j/b.test.js" } },
	{ "junit.xml.txt", "junit", 2, 2, 1,
	  { "-calc.Add.test_\"q\" & <x>", "+calc.Add.test_a", "~calc.Add.test_later",
	    "-calc.Add.test_two > lines", "+calc.Sub.test_a" } },
	{ "meson.txt", "meson", 1, 2, 1, { "-bad one", "+good", "~skip", "-slow" } },
	{ "gtest.txt", "gtest", 2, 2, 1,
	  { "-Lexer.Fails", "+Lexer.Works", "~Lexer.Later", "-Range/Param.Holds/1",
	    "+Range/Param.Holds/0" } },
	{ "mocha.txt", "mocha", 2, 1, 1,
	  { "-math > adds", "+math > deep > is deep", "+math > holds" } },
	{ "node-spec.txt", "node", 2, 2, 2,
	  { "-adds numbers", ".-group", "-group > inner fails", "+group > inner works", "+holds",
	    "~later", "~todo one" } },
	{ "node-tap.txt", "tap", 3, 2, 1,
	  { "-adds numbers", ".-group", "-group > inner fails", "+group > inner works", "+holds",
	    "~later", "+todo one" } },
	{ "pytest.txt", "pytest", 4, 3, 2,
	  { "-test_calc.py::TestGroup::test_in_class", "-test_calc.py::test_add",
	    "-test_calc.py::test_err" } },
	{ "pytest-rA.txt", "pytest", 4, 3, 2,
	  { "-test_calc.py::TestGroup::test_in_class", "+test_calc.py::TestGroup::test_ok",
	    "-test_calc.py::test_add", "-test_calc.py::test_err", "+test_calc.py::test_ident[0]",
	    "+test_calc.py::test_ident[1]", "+test_calc.py::test_ident[x y]",
	    "~test_calc.py::test_xf" } },
	{ "pytest-v.txt", "pytest", 4, 3, 2,
	  { "-test_calc.py::TestGroup::test_in_class", "+test_calc.py::TestGroup::test_ok",
	    "-test_calc.py::test_add", "-test_calc.py::test_err", "+test_calc.py::test_ident[0]",
	    "+test_calc.py::test_ident[1]", "+test_calc.py::test_ident[x y]",
	    "~test_calc.py::test_later", "~test_calc.py::test_xf" } },
	{ "pytest-collect.txt", "pytest", 0, 1, 0, { "-test_bad.py" } },
	{ "prove.txt", "tap", 2, 2, 1,
	  { "-t/bad.t", "-t/died.t", "+t/good.t", "+t/sub/deep.t", "~t/skip.t" } },
	{ "unittest.txt", "unittest", 0, 4, 2,
	  { "-test_calc.TestAdd.test_raises", "-test_calc.TestAdd.test_small",
	    "-test_calc.TestAdd.test_sub", "-test_missing" } },
	{ "unittest-v.txt", "unittest", 1, 4, 2,
	  { "~test_calc.TestAdd.test_expected", "~test_calc.TestAdd.test_later",
	    "-test_calc.TestAdd.test_raises", "-test_calc.TestAdd.test_small",
	    "-test_calc.TestAdd.test_sub", "+test_calc.TestAdd.test_zero", "-test_missing" } },
	{ "vitest.txt", "vitest", 2, 1, 1,
	  { ".-a.test.js", ".-a.test.js > adds", ".+a.test.js > holds", ".~a.test.js > later",
	    ".-a.test.js > math > adds", "+b.test.js" } },
	{ "vitest-verbose.txt", "vitest", 2, 1, 1,
	  { "-a.test.js > math > adds", "+a.test.js > math > holds", "~a.test.js > math > later",
	    "+b.test.js > works" } },
};

static void load(const char *name, struct buf *text)
{
	const char *top = getenv("top_srcdir");
	CLEANUP_FREE char *path = str_printf("%s/tests/data/testout/%s", top ? top : ".", name);
	struct error err = { 0 };

	ck_assert_msg(buf_read_file(text, path, &err) == 0, "%s", err.message);
}

static struct test_set parse(const char *text, size_t len)
{
	struct test_set s = { 0 };
	struct error err = { 0 };

	ck_assert_msg(test_parse(text, len, &s, &err) == 0, "%s", err.message);
	return s;
}

static const struct test_case *find(const struct test_set *s, const char *name)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (!strcmp(s->v[i].name, name))
			return &s->v[i];
	return NULL;
}

START_TEST(recorded_output)
{
	const struct recorded *r = &records[_i];
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 20);
	const struct test_case *t;
	struct test_set s;
	const char *want;
	size_t n;
	bool inner;

	load(r->file, &text);
	s = parse(text.data, text.len);
	ck_assert(s.known);
	ck_assert_msg(str_eq(s.format, r->format), "%s: %s", r->file, s.format);
	for (n = 0; n < 14 && r->names[n]; n++) {
		inner = r->names[n][0] == '.';
		want = r->names[n] + inner;
		t = find(&s, want + 1);
		ck_assert_msg(t != NULL, "%s: no %s", r->file, want);
		ck_assert_msg(t->status == (*want == '+' ? TEST_PASSED : *want == '-' ? TEST_FAILED
					    : TEST_SKIPPED), "%s: %s", r->file, want);
		ck_assert_msg(t->inner == inner, "%s: %s inner %d", r->file, want, t->inner);
	}
	ck_assert_msg(s.n == n, "%s: %zu names", r->file, s.n);
	ck_assert_msg(s.passed == r->passed && s.failed == r->failed && s.skipped == r->skipped,
		      "%s: %d %d %d", r->file, s.passed, s.failed, s.skipped);
	test_set_release(&s);
}
END_TEST

/* Every recording says the same behind "\r\n" and cut anywhere by the pipe. */
START_TEST(recorded_output_with_crlf)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 20), crlf = BUF_INIT(2 << 20);
	struct test_set a, b;
	size_t i;

	load(records[_i].file, &text);
	for (i = 0; i < text.len; i++) {
		if (text.data[i] == '\n')
			buf_addc(&crlf, '\r');
		buf_addc(&crlf, text.data[i]);
	}
	a = parse(text.data, text.len);
	b = parse(crlf.data, crlf.len);
	ck_assert_uint_eq(a.n, b.n);
	for (i = 0; i < a.n; i++)
		ck_assert_str_eq(a.v[i].name, b.v[i].name);
	ck_assert_int_eq(a.failed, b.failed);
	test_set_release(&a);
	test_set_release(&b);
}
END_TEST

START_TEST(prose_is_no_test)
{
	static const char text[] =
		"ok then, let us go\nnot ok with me\nPASS the salt\nError: 3 failed\n"
		"compiling a.c:12: warning: x\ntest the thing ... maybe\n=====\n1) first\n"
		"make: *** [Makefile:3: test] Error 1\nhttp://host:80:F:x\n  - item\n"
		"2024-01-01 10:00:00 FAILED to connect\n[INFO] FAIL nothing\n";
	struct test_set s = parse(text, sizeof(text) - 1);

	ck_assert_uint_eq(s.n, 0);
	ck_assert(!s.known);
	ck_assert_ptr_null(s.format);
	test_set_release(&s);
}
END_TEST

START_TEST(nothing)
{
	struct test_set s = parse("", 0);

	ck_assert(!s.known);
	ck_assert_uint_eq(s.n, 0);
	test_set_release(&s);
	test_set_release(NULL);
}
END_TEST

START_TEST(same_name_twice_is_failed)
{
	static const char text[] = "ok 1 - a\nnot ok 2 - a\nok 3 - a\nok 4 - b\nok 5\nok\n";
	struct test_set s = parse(text, sizeof(text) - 1);

	ck_assert_uint_eq(s.n, 3);
	ck_assert_int_eq(find(&s, "a")->status, TEST_FAILED);
	ck_assert_int_eq(find(&s, "5")->status, TEST_PASSED);
	ck_assert_int_eq(s.passed, 2);
	ck_assert_int_eq(s.failed, 1);
	test_set_release(&s);
}
END_TEST

START_TEST(two_suites_add_up)
{
	static const char text[] = "ok 1 - a\nnot ok 2 - b\n1..2\n"
				   "===== 2 failed, 3 passed in 0.1s =====\n"
				   "50%: Checks: 4, Failures: 1, Errors: 1\n"
				   "100%: Checks: 2, Failures: 0, Errors: 0\n";
	struct test_set s = parse(text, sizeof(text) - 1);

	ck_assert_int_eq(s.passed, 1 + 3 + 2 + 2);
	ck_assert_int_eq(s.failed, 1 + 2 + 2);
	test_set_release(&s);
}
END_TEST

START_TEST(names_are_clean)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 16);
	struct test_set s;
	size_t i;

	buf_adds(&text, "\x1b[32mok 1 - colour\x1b[0m\x1b]0;title\x07\n");
	buf_adds(&text, "ok 2 - object at 0x7f2685cda910 and 0xff\n");
	buf_adds(&text, "ok 3 - bad \xff\x01 bytes\n");
	buf_adds(&text, "ok 4 - takes time # time=12.5ms\nnot ok 5 - long ");
	for (i = 0; i < 2000; i++)
		buf_adds(&text, "\u00e9");
	s = parse(text.data, text.len);
	ck_assert_uint_eq(s.n, 5);
	ck_assert_ptr_nonnull(find(&s, "colour"));
	ck_assert_ptr_nonnull(find(&s, "object at 0x and 0xff"));
	ck_assert_ptr_nonnull(find(&s, "takes time"));
	for (i = 0; i < s.n; i++) {
		ck_assert(utf8_valid(s.v[i].name, strlen(s.v[i].name)));
		ck_assert_uint_lt(strlen(s.v[i].name), 520);
		ck_assert_ptr_null(strchr(s.v[i].name, '\x01'));
	}
	test_set_release(&s);
}
END_TEST

/* A line that is passed over because it was said often leaves no trace. */
START_TEST(repeated_lines_hide_no_test)
{
	static const char *const noise[] = { "\n", "some words\n", "   \n", "================\n" };
	size_t n = sizeof(noise) / sizeof(*noise), i, k;

	for (i = 0; i < n; i++) {
		CLEANUP_BUF struct buf text = BUF_INIT(1 << 16);
		struct test_set s;

		buf_adds(&text, "ok 1 - a\n");
		for (k = 0; k < 1000; k++)
			buf_adds(&text, noise[i]);
		buf_adds(&text, "not ok 2 - b\n");
		for (k = 0; k < 20; k++)
			buf_adds(&text, "===== 1 passed in 0.1s =====\n");
		s = parse(text.data, text.len);
		ck_assert_uint_eq(s.n, 2);
		ck_assert_int_eq(s.failed, 1);
		ck_assert_int_eq(s.passed, 1 + 20);
		test_set_release(&s);
	}
}
END_TEST

START_TEST(many_names_are_bounded)
{
	CLEANUP_BUF struct buf text = BUF_INIT(32 << 20);
	struct test_set s;
	int i;

	for (i = 0; i < 250000; i++)
		buf_addf(&text, "ok %d - test number %d\n", i, i);
	s = parse(text.data, text.len);
	ck_assert_uint_eq(s.n, 100000);
	test_set_release(&s);
}
END_TEST

START_TEST(go_panic_fails_what_ran)
{
	static const char text[] = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n=== RUN   TestB\n"
				   "panic: boom\n\ngoroutine 1 [running]:\nFAIL\tx.org/p\t0.01s\n";
	struct test_set s = parse(text, sizeof(text) - 1);

	ck_assert_int_eq(find(&s, "x.org/p.TestA")->status, TEST_PASSED);
	ck_assert_int_eq(find(&s, "x.org/p.TestB")->status, TEST_FAILED);
	test_set_release(&s);
}
END_TEST

START_TEST(junit_alone)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 20);
	struct test_set s;
	struct error err = { 0 };

	load("junit.xml.txt", &text);
	ck_assert_int_eq(test_parse_junit(text.data, text.len, &s, &err), 0);
	ck_assert_uint_eq(s.n, 5);
	ck_assert_int_eq(s.failed, 2);
	ck_assert_str_eq(s.format, "junit");
	test_set_release(&s);
}
END_TEST

START_TEST(text_is_cleaned)
{
	static const char raw[] = "\x1b[1;31mred\x1b[0m /w/t/a.c:3 \"/w/t\" /w/tree/x\r\n10%\r99%\r100%\n"
				  "nul\0bell\x07 bad\xff end\x1b[3";
	struct error err = { 0 };
	CLEANUP_FREE char *text = gate_text(raw, sizeof(raw) - 1, "/w/t/", &err);

	ck_assert_str_eq(text, "red ./a.c:3 \".\" /w/tree/x\n100%\nnulbell bad\ufffd end");
}
END_TEST

START_TEST(long_text_keeps_failure_and_end)
{
	CLEANUP_BUF struct buf raw = BUF_INIT(8 << 20);
	CLEANUP_FREE char *text = NULL;
	struct error err = { 0 };
	int i;

	for (i = 0; i < 40000; i++)
		buf_addf(&raw, i == 9000 ? "not ok 9000 - THE FAILURE %d\n" : "ok line \u00e9 %d\n", i);
	text = gate_text(raw.data, raw.len, "/w", &err);
	ck_assert_uint_le(strlen(text), GATE_TEXT_MAX);
	ck_assert_uint_gt(strlen(text), GATE_TEXT_MAX / 2);
	ck_assert(utf8_valid(text, strlen(text)));
	ck_assert_ptr_nonnull(strstr(text, "THE FAILURE 9000\n"));
	ck_assert_ptr_nonnull(strstr(text, "ok line \u00e9 8999\n"));
	ck_assert(str_ends(text, "ok line \u00e9 39999\n"));
	ck_assert_ptr_nonnull(strstr(text, " lines left out]\n"));
	ck_assert(str_starts(text, "["));
}
END_TEST

START_TEST(long_text_without_failure_keeps_end)
{
	CLEANUP_BUF struct buf raw = BUF_INIT(8 << 20);
	CLEANUP_FREE char *text = NULL;
	int i;

	for (i = 0; i < 300000; i++)
		buf_addc(&raw, _i ? '\xff' : 'x');
	buf_adds(&raw, "\nend");
	text = gate_text(raw.data, raw.len, NULL, NULL);
	ck_assert_uint_le(strlen(text), GATE_TEXT_MAX);
	ck_assert(utf8_valid(text, strlen(text)));
	ck_assert(str_ends(text, "\nend"));
}
END_TEST

Suite *suite_test_parse(void)
{
	Suite *s = suite_create("test_parse");
	TCase *c = tcase_create("formats"), *t = tcase_create("text");
	int n = (int)(sizeof(records) / sizeof(*records));

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, recorded_output, 0, n);
	tcase_add_loop_test(c, recorded_output_with_crlf, 0, n);
	tcase_add_test(c, prose_is_no_test);
	tcase_add_test(c, nothing);
	tcase_add_test(c, same_name_twice_is_failed);
	tcase_add_test(c, two_suites_add_up);
	tcase_add_test(c, names_are_clean);
	tcase_add_test(c, repeated_lines_hide_no_test);
	tcase_add_test(c, many_names_are_bounded);
	tcase_add_test(c, go_panic_fails_what_ran);
	tcase_add_test(c, junit_alone);
	suite_add_tcase(s, c);
	tcase_add_test(t, text_is_cleaned);
	tcase_add_test(t, long_text_keeps_failure_and_end);
	tcase_add_loop_test(t, long_text_without_failure_keeps_end, 0, 2);
	suite_add_tcase(s, t);
	return s;
}
