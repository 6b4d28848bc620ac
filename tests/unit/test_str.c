/* test_str.c: strings, UTF-8, numbers, nearest names. */
#include <check.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "util/str.h"

START_TEST(comparisons)
{
	ck_assert(str_eq("a", "a"));
	ck_assert(!str_eq("a", "b"));
	ck_assert(str_eq(NULL, NULL));
	ck_assert(!str_eq(NULL, ""));
	ck_assert(str_starts("abc", "ab"));
	ck_assert(!str_starts("a", "ab"));
	ck_assert(str_ends("abc", "bc"));
	ck_assert(!str_ends("c", "bc"));
	ck_assert(str_ends("abc", ""));
	ck_assert(!str_ends(NULL, "a"));
}
END_TEST

START_TEST(copies)
{
	CLEANUP_FREE char *a = str_printf("%s-%d", "x", 7);
	CLEANUP_FREE char *b = str_ndup("abcdef", 3);
	char *stolen;

	ck_assert_str_eq(a, "x-7");
	ck_assert_str_eq(b, "abc");
	ck_assert_ptr_null(str_dup(NULL));
	stolen = STEAL(a);
	ck_assert_ptr_null(a);
	ck_assert_str_eq(stolen, "x-7");
	free(stolen);
}
END_TEST

static const struct { const char *text; size_t n; } characters[] = {
	{ "a", 1 }, { "\xc3\xa4", 2 }, { "\xe2\x82\xac", 3 }, { "\xf0\x9f\x98\x80", 4 },
	{ "\x80", 0 }, { "\xc0\x80", 0 }, { "\xc1\xbf", 0 }, { "\xe0\x80\x80", 0 },
	{ "\xe0\x9f\xbf", 0 }, { "\xed\xa0\x80", 0 }, { "\xed\x9f\xbf", 3 },
	{ "\xf0\x80\x80\x80", 0 }, { "\xf4\x8f\xbf\xbf", 4 }, { "\xf4\x90\x80\x80", 0 },
	{ "\xf5\x80\x80\x80", 0 }, { "\xc3", 0 }, { "\xe2\x82", 0 }, { "\xff", 0 },
	{ "\xe2\x28\xa1", 0 },
};

START_TEST(utf8_characters)
{
	ck_assert_uint_eq(utf8_char(characters[_i].text, strlen(characters[_i].text)),
			  characters[_i].n);
}
END_TEST

START_TEST(utf8_is_scrubbed)
{
	CLEANUP_BUF struct buf b = BUF_INIT(100);

	ck_assert(utf8_valid("gr\xc3\xbc\xc3\x9f", 6));
	ck_assert(!utf8_valid("gr\xc3", 3));
	ck_assert(utf8_valid("", 0));
	ck_assert_int_eq(utf8_scrub(&b, "a\xff\xc3\xa4\xe2\x82z", 7), 0);
	ck_assert_str_eq(buf_str(&b), "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbdz");
}
END_TEST

START_TEST(text_is_cleaned)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1000);

	text_clean(&b, "a\x1b[1m\n\tb\x7f", 9, true);
	ck_assert_str_eq(buf_str(&b), "a\xef\xbf\xbd[1m\n\tb\xef\xbf\xbd");
	buf_clear(&b);
	text_clean(&b, "a\nb", 3, false);
	ck_assert_str_eq(buf_str(&b), "a\xef\xbf\xbd" "b");
	buf_clear(&b);
	/* a right-to-left override and a C1 control */
	text_clean(&b, "x\xe2\x80\xaey\xc2\x9bz", 8, true);
	ck_assert_str_eq(buf_str(&b), "x\xef\xbf\xbdy\xef\xbf\xbdz");
	buf_clear(&b);
	text_clean(&b, "a\r\nb\rc", 6, true);
	ck_assert_str_eq(buf_str(&b), "a\nb\xef\xbf\xbd" "c");
	buf_clear(&b);
	text_clean(&b, "n\0l", 3, true);
	ck_assert_str_eq(buf_str(&b), "n\xef\xbf\xbdl");
}
END_TEST

START_TEST(width_in_columns)
{
	ck_assert_uint_eq(text_width("abc"), 3);
	ck_assert_uint_eq(text_width(""), 0);
	ck_assert_uint_eq(text_width("\xff\xff"), 2);
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		return;
	ck_assert_uint_eq(text_width("\xc3\xa4"), 1);
	ck_assert_uint_eq(text_width("\xe4\xbd\xa0\xe5\xa5\xbd"), 4);
	ck_assert_uint_eq(text_width("e\xcc\x81"), 1);
}
END_TEST

START_TEST(whole_numbers)
{
	int64_t v = 42;

	ck_assert(parse_i64("-9223372036854775808", INT64_MIN, INT64_MAX, &v));
	ck_assert(v == INT64_MIN);
	ck_assert(parse_i64("9223372036854775807", INT64_MIN, INT64_MAX, &v));
	ck_assert(v == INT64_MAX);
	ck_assert(parse_i64("+7", 0, 10, &v) && v == 7);
	v = 42;
	ck_assert(!parse_i64("9223372036854775808", INT64_MIN, INT64_MAX, &v));
	ck_assert(!parse_i64("-9223372036854775809", INT64_MIN, INT64_MAX, &v));
	ck_assert(!parse_i64("11", 0, 10, &v));
	ck_assert(!parse_i64("-1", 0, 10, &v));
	ck_assert(!parse_i64("", 0, 10, &v));
	ck_assert(!parse_i64("-", -10, 10, &v));
	ck_assert(!parse_i64(" 1", 0, 10, &v));
	ck_assert(!parse_i64("1 ", 0, 10, &v));
	ck_assert(!parse_i64("0x1", 0, 10, &v));
	ck_assert(!parse_i64(NULL, 0, 10, &v));
	ck_assert_int_eq(v, 42);
}
END_TEST

START_TEST(fractions)
{
	double v = 42;

	setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
	ck_assert(parse_double("3e-7", &v) && v == 3e-7);
	ck_assert(parse_double("-0.5", &v) && v == -0.5);
	v = 42;
	ck_assert(!parse_double("0,5", &v));
	ck_assert(!parse_double("inf", &v));
	ck_assert(!parse_double("nan", &v));
	ck_assert(!parse_double("1e999", &v));
	ck_assert(!parse_double("0x10", &v));
	ck_assert(!parse_double(" 1", &v));
	ck_assert(!parse_double("1x", &v));
	ck_assert(!parse_double("", &v));
	ck_assert(!parse_double("e5", &v));
	ck_assert(v == 42);
}
END_TEST

START_TEST(nearest_names)
{
	static const char *const names[] = { "budget", "branch", "endpoint", "no-gate", "run", NULL };

	ck_assert_str_eq(str_nearest("bugdet", names), "budget");
	ck_assert_str_eq(str_nearest("Endpoit", names), "endpoint");
	ck_assert_str_eq(str_nearest("nogate", names), "no-gate");
	ck_assert_str_eq(str_nearest("run", names), "run");
	ck_assert_ptr_null(str_nearest("frobnicate", names));
	ck_assert_ptr_null(str_nearest("", names));
	ck_assert_ptr_null(str_nearest("x", names));
	ck_assert_ptr_null(str_nearest("a-word-that-is-much-longer-than-any-option-would-ever-be", names));
}
END_TEST

START_TEST(string_arrays)
{
	CLEANUP_STRV struct strv a = { 0 };
	CLEANUP_STRV struct strv b = { 0 };

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(strv_addf(&a, "n%d", i), 0);
	ck_assert_int_eq(strv_add(&a, "last"), 0);
	ck_assert_int_eq(strv_add(&a, NULL), -1);
	ck_assert_uint_eq(a.n, 101);
	ck_assert_str_eq(a.v[99], "n99");
	ck_assert_ptr_null(a.v[101]);
	ck_assert(strv_has(&a, "n50"));
	ck_assert(!strv_has(&a, "n500"));
	ck_assert_int_eq(strv_copy(&b, &a), 0);
	ck_assert_uint_eq(b.n, 101);
	ck_assert_str_eq(b.v[100], "last");
	ck_assert_ptr_ne(a.v[0], b.v[0]);
	strv_release(&a);
	strv_release(&a);
	strv_release(NULL);
}
END_TEST

Suite *suite_str(void)
{
	Suite *s = suite_create("str");
	TCase *c = tcase_create("str");

	tcase_add_test(c, comparisons);
	tcase_add_test(c, copies);
	tcase_add_loop_test(c, utf8_characters, 0, sizeof characters / sizeof *characters);
	tcase_add_test(c, utf8_is_scrubbed);
	tcase_add_test(c, text_is_cleaned);
	tcase_add_test(c, width_in_columns);
	tcase_add_test(c, whole_numbers);
	tcase_add_test(c, fractions);
	tcase_add_test(c, nearest_names);
	tcase_add_test(c, string_arrays);
	suite_add_tcase(s, c);
	return s;
}
