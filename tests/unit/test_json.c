/* test_json.c: strict parsing, reading, cutting out of prose, writing. */
#include <check.h>
#include <fcntl.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "util/json.h"
#include "util/str.h"

static const char *const good[] = {
	"{}", "[]", " [ 1 , 2 ] \n", "0", "-0", "1.5e+10", "\"\"", "\"\\u00e4\\n\\/\\\"\"",
	"\"\\ud83d\\ude00\"", "true", "null", "[[],{},[{}]]", "{\"a\":{\"b\":[1,{\"c\":null}]}}",
	"\xef\xbb\xbf{}", "\"\xf0\x9f\x98\x80\"", "\"\x7f\"", "1e400",
};

START_TEST(good_text)
{
	struct error err = { 0 };
	json *j = json_parse(good[_i], strlen(good[_i]), &err);

	ck_assert_msg(j != NULL, "%s: %s", good[_i], err.message);
	json_free(j);
}
END_TEST

static const struct { const char *text, *message; } bad[] = {
	{ "", "line 1, column 1: the text ends where a value is expected" },
	{ "{", "line 1, column 2: a key in double quotes is expected" },
	{ "{\"a\":1,}", "line 1, column 8: a key in double quotes is expected" },
	{ "[1,]", "line 1, column 4: a value is expected" },
	{ "[1 2]", "line 1, column 4: ',' or ']' is expected" },
	{ "{\"a\" 1}", "line 1, column 6: ':' is expected behind the key" },
	{ "{\"a\":1 \"b\"}", "line 1, column 8: ',' or '}' is expected" },
	{ "{a:1}", "line 1, column 2: a key in double quotes is expected" },
	{ "{'a':1}", "line 1, column 2: a key in double quotes is expected" },
	{ "01", "line 1, column 3: a number does not begin with 0" },
	{ "-", "line 1, column 2: a digit must follow the sign" },
	{ "1.", "line 1, column 3: a digit must follow the decimal point" },
	{ "1e+", "line 1, column 4: a digit must follow the exponent's 'e'" },
	{ "+1", "line 1, column 1: a value is expected" },
	{ "NaN", "line 1, column 1: a value is expected" },
	{ "truth", "line 1, column 1: a value is expected" },
	{ "{} {}", "line 1, column 4: text follows the end of the value" },
	{ "[1]]", "line 1, column 4: text follows the end of the value" },
	{ "{\n  \"\xc3\xa4\": x}", "line 2, column 8: a value is expected" },
	{ "\"a\nb\"", "line 1, column 3: control character in a string (write it as an escape)" },
	{ "\"\\x\"", "line 1, column 3: unknown escape in a string" },
	{ "\"\\u12g4\"", "line 1, column 4: \\u needs four hexadecimal digits" },
	{ "\"\\u0000\"", "line 1, column 8: \\u0000 in a string is not accepted" },
	{ "\"\\ude00\"", "line 1, column 8: the second half of a surrogate pair stands alone" },
	{ "\"\\ud83d x\"", "line 1, column 8: the first half of a surrogate pair stands alone" },
	{ "[\"open", "line 1, column 2: the string that begins here does not end" },
	{ "\"\xff\"", "line 1, column 2: invalid UTF-8 in a string" },
	{ "1\x0b", "line 1, column 2: text follows the end of the value" },
	{ "123456789012345678901234567890123456789012345678901234567890123456789",
	  "line 1, column 1: the number is longer than 63 characters" },
};

START_TEST(bad_text)
{
	struct error err = { 0 };
	size_t n = strlen(bad[_i].text);
	/* without a terminator, so that a sanitizer sees reads beyond the end */
	char *copy = malloc(n ? n : 1);

	memcpy(copy, bad[_i].text, n);
	ck_assert_ptr_null(json_parse(copy, n, &err));
	ck_assert_str_eq(err.message, bad[_i].message);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	free(copy);
}
END_TEST

START_TEST(depth_is_bounded)
{
	char text[131];
	struct error err = { 0 };
	json *j;

	memset(text, '[', 65);
	memset(text + 65, ']', 65);
	ck_assert_ptr_null(json_parse(text, 130, &err));
	ck_assert_str_eq(err.message, "line 1, column 65: nested deeper than 64");
	j = json_parse(text + 1, 128, &err);
	ck_assert_ptr_nonnull(j);
	json_free(j);
	ck_assert_ptr_null(json_parse("a\0b", 3, &err));
	ck_assert_ptr_null(json_parse("[\"a\0b\"]", 7, &err));
}
END_TEST

START_TEST(values_are_read)
{
	static const char text[] =
		"{\"s\":\"x\",\"n\":7,\"big\":9007199254740992,\"bigger\":9007199254740994,\"f\":1.5,"
		"\"t\":true,\"z\":null,\"a\":[1,[2,3]],\"o\":{\"p\":{\"q\":\"deep\"}},\"s\":\"second\","
		"\"S\":\"upper\",\"inf\":1e400}";
	CLEANUP_JSON json *j = json_parse(text, strlen(text), NULL);

	ck_assert_ptr_nonnull(j);
	ck_assert_str_eq(json_get_string(j, "s"), "x");
	ck_assert_str_eq(json_get_string(j, "S"), "upper");
	ck_assert_ptr_null(json_get_string(j, "n"));
	ck_assert_ptr_null(json_get(j, "absent"));
	ck_assert(json_get_i64(j, "n", -1) == 7);
	ck_assert(json_get_i64(j, "big", -1) == 9007199254740992);
	ck_assert(json_get_i64(j, "bigger", -1) == -1);
	ck_assert(json_get_i64(j, "inf", -1) == -1);
	ck_assert(json_get_i64(j, "f", -1) == -1);
	ck_assert(json_get_i64(j, "s", -1) == -1);
	ck_assert(json_get_double(j, "f", 0) == 1.5);
	ck_assert(json_get_double(j, "s", 2) == 2);
	ck_assert(json_get_bool(j, "t", false));
	ck_assert(json_get_bool(j, "z", true));
	ck_assert(json_is_null(json_get(j, "z")));
	ck_assert_str_eq(json_string(json_path(j, "o.p.q")), "deep");
	ck_assert(json_double(json_path(j, "a.1.0")) == 2);
	ck_assert_ptr_null(json_path(j, "a.2"));
	ck_assert_ptr_null(json_path(j, "a.x"));
	ck_assert_ptr_null(json_path(j, "a.-1"));
	ck_assert_ptr_null(json_path(j, "o.p.q.r"));
	ck_assert_uint_eq(json_len(json_get(j, "a")), 2);
	ck_assert_uint_eq(json_len(json_get(j, "s")), 0);
	ck_assert_str_eq(json_key(json_first(j)), "s");
	ck_assert_ptr_eq(json_next(json_first(json_get(j, "a"))), json_at(json_get(j, "a"), 1));
}
END_TEST

START_TEST(nothing_is_read_from_nothing)
{
	ck_assert_ptr_null(json_get(NULL, "a"));
	ck_assert_ptr_null(json_path(NULL, "a.b"));
	ck_assert_ptr_null(json_string(NULL));
	ck_assert(json_get_i64(NULL, "a", 3) == 3);
	ck_assert(!json_is_object(NULL) && !json_is_array(NULL) && !json_is_string(NULL));
	ck_assert(!json_is_number(NULL) && !json_is_bool(NULL) && !json_is_null(NULL));
	ck_assert(json_double(NULL) == 0 && !json_bool(NULL));
	ck_assert_uint_eq(json_len(NULL), 0);
	ck_assert_ptr_null(json_first(NULL));
	ck_assert_ptr_null(json_next(NULL));
	ck_assert_ptr_null(json_at(NULL, 0));
	ck_assert_ptr_null(json_key(NULL));
	ck_assert_ptr_null(json_dup(NULL));
	ck_assert_ptr_null(json_print(NULL));
	json_free(NULL);
}
END_TEST

static const struct { const char *text; bool array; const char *found; } prose[] = {
	{ "{\"a\":1}", false, "{\"a\":1}" },
	{ "Sure! ```json\n{\"a\": [1, 2]}\n```\nDone.", false, "{\"a\":[1,2]}" },
	{ "use {x} and {y}, then {\"verdict\":\"approve\"} {", false, "{\"verdict\":\"approve\"}" },
	{ "{} or {\"longer\":true} or {\"s\":1}", false, "{\"longer\":true}" },
	{ "{ broken {\"inner\": \"}\"}", false, "{\"inner\":\"}\"}" },
	{ "[1] {\"a\":[1,2,3]}", true, "[1,2,3]" },
	{ "text [see 1] and [\"x\"]", true, "[\"x\"]" },
	{ "\"{\\\"a\\\": 1}\" {\"b\":\"{\"}", false, "{\"b\":\"{\"}" },
	{ "{\"code\": \"line one\nline\ttwo\"}", false, "{\"code\":\"line one\\nline\\ttwo\"}" },
	{ "{\"a\":1", false, NULL }, { "none", false, NULL }, { "", false, NULL },
	{ "[1,2]", false, NULL }, { "{'a':1}", false, NULL },
};

START_TEST(values_are_cut_out_of_prose)
{
	struct error err = { 0 };
	size_t n = strlen(prose[_i].text);
	char *copy = malloc(n ? n : 1);
	json *j;

	memcpy(copy, prose[_i].text, n);
	j = json_extract(copy, n, prose[_i].array, &err);
	free(copy);
	if (!prose[_i].found) {
		ck_assert_ptr_null(j);
		ck_assert_int_eq(err.code, STATUS_USAGE);
	} else {
		CLEANUP_FREE char *printed = json_print(j);

		ck_assert_str_eq(printed, prose[_i].found);
	}
	json_free(j);
}
END_TEST

/* Each would take hours if every try read to the end. */
START_TEST(hostile_prose_is_linear)
{
	static const char *const patterns[] = {
		"{", "{\"", "{\"a\":", "{\"a\":{", "[{\"a\":[", "{\"a\":\"{", "{\"a\":[1,", "{\"\\",
		"{\"a\":1,\"b\":[\"{\",{\"c\":",
	};
	const size_t size = 1 << 20;
	char *text = malloc(size);

	for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
		size_t n = strlen(patterns[p]);

		for (size_t i = 0; i < size; i++)
			text[i] = patterns[p][i % n];
		ck_assert_ptr_null(json_extract(text, size, false, NULL));
		json_free(json_extract(text, size, true, NULL));
	}
	free(text);
}
END_TEST

START_TEST(values_are_written)
{
	CLEANUP_JSON json *j = json_object();
	json *a = json_array();
	CLEANUP_FREE char *text = NULL;

	json_append(a, json_new_i64(1));
	json_append(a, json_new_null());
	ck_assert_int_eq(json_append(a, NULL), -1);
	ck_assert_int_eq(json_set(j, "a", a), 0);
	ck_assert_int_eq(json_set_string(j, "s", "x\"\n\x01\xff\xc3\xa4"), 0);
	ck_assert_int_eq(json_set_string(j, "none", NULL), 0);
	ck_assert_int_eq(json_set_i64(j, "i", 1), 0);
	ck_assert_int_eq(json_set_i64(j, "i", -2), 0);
	ck_assert_int_eq(json_set_double(j, "d", 0.1), 0);
	ck_assert_int_eq(json_set_double(j, "nan", NAN), 0);
	ck_assert_int_eq(json_set_bool(j, "b", true), 0);
	ck_assert_int_eq(json_set(j, "x", NULL), -1);
	ck_assert_int_eq(json_set(a, "x", json_new_null()), -1);
	ck_assert_int_eq(json_append(j, json_new_null()), -1);
	text = json_print(j);
	ck_assert_str_eq(text, "{\"a\":[1,null],\"s\":\"x\\\"\\n\\u0001\xef\xbf\xbd\xc3\xa4\",\"none\":null,"
			       "\"i\":-2,\"d\":0.1,\"nan\":null,\"b\":true}");
}
END_TEST

START_TEST(whole_numbers_are_exact)
{
	static const int64_t values[] = {
		0, -1, INT32_MAX, (int64_t)INT32_MAX + 1, 1000000000000000, 1763685383123450,
		9007199254740993, INT64_MAX, INT64_MIN,
	};

	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		CLEANUP_JSON json *j = json_object();
		CLEANUP_JSON json *copy = NULL;
		CLEANUP_FREE char *text = NULL;
		char expected[64];

		snprintf(expected, sizeof expected, "{\"v\":%lld}", (long long)values[i]);
		ck_assert_int_eq(json_set_i64(j, "v", values[i]), 0);
		text = json_print(j);
		ck_assert_str_eq(text, expected);
		/* and so without going through text */
		ck_assert(json_get_i64(j, "v", 7) == values[i]);
		ck_assert(json_is_number(json_get(j, "v")));
		ck_assert(json_get_double(j, "v", 7) == (double)values[i]);
		copy = json_dup(j);
		ck_assert(json_get_i64(copy, "v", 7) == values[i]);
	}
}
END_TEST

START_TEST(locale_changes_nothing)
{
	CLEANUP_JSON json *j = json_array();
	CLEANUP_JSON json *back = NULL;
	CLEANUP_FREE char *text = NULL;

	setlocale(LC_ALL, "de_DE.UTF-8"); /* where it is installed */
	json_append(j, json_new_double(1234.5));
	text = json_print(j);
	ck_assert_str_eq(text, "[1234.5]");
	back = json_parse(text, strlen(text), NULL);
	ck_assert(json_double(json_at(back, 0)) == 1234.5);
}
END_TEST

START_TEST(pretty_text)
{
	static const char text[] = "{\"a\":[1,{\"b\":\"{,\\\\\"}],\"c\":{},\"d\":[],\"e\":\"\\\"\"}";
	CLEANUP_JSON json *j = json_parse(text, strlen(text), NULL);
	CLEANUP_FREE char *pretty = json_print_pretty(j);

	ck_assert_str_eq(pretty, "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"{,\\\\\"\n    }\n  ],\n"
				 "  \"c\": {},\n  \"d\": [],\n  \"e\": \"\\\"\"\n}");
}
END_TEST

START_TEST(nothing_steers_a_terminal)
{
	static const char hostile[] = "a\x1b[1m\x7f\xc2\x9b" "31m\xe2\x80\xae\xe2\x81\xa9\xc3\xa9\xe2\x80\x94.";
	CLEANUP_JSON json *j = json_new_string(hostile), *back = NULL;
	CLEANUP_FREE char *text = json_print(j);

	ck_assert_str_eq(text, "\"a\\u001b[1m\\u007f\\u009b31m\\u202e\\u2069\xc3\xa9\xe2\x80\x94.\"");
	back = json_parse(text, strlen(text), NULL);
	ck_assert_str_eq(json_string(back), hostile);
}
END_TEST

START_TEST(strings_with_a_nul)
{
	CLEANUP_JSON json *j = json_new_stringn("a\0b\0", 4);

	ck_assert_str_eq(json_string(j), "a\xef\xbf\xbd" "b\xef\xbf\xbd");
}
END_TEST

START_TEST(files_are_parsed)
{
	char path[] = "/tmp/json-XXXXXX";
	struct error err = { 0 };
	int fd = mkstemp(path);
	json *j;

	ck_assert_int_eq(write(fd, "{\"a\":}", 6), 6);
	close(fd);
	ck_assert_ptr_null(json_parse_file(path, 100, &err));
	ck_assert_ptr_nonnull(strstr(err.message, path));
	ck_assert_ptr_nonnull(strstr(err.message, "line 1, column 6"));
	ck_assert_ptr_null(json_parse_file(path, 5, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "larger than"));
	fd = open(path, O_WRONLY | O_TRUNC);
	ck_assert_int_eq(write(fd, "[1]", 3), 3);
	close(fd);
	j = json_parse_file(path, 100, &err);
	ck_assert_uint_eq(json_len(j), 1);
	json_free(j);
	unlink(path);
}
END_TEST

Suite *suite_json(void)
{
	Suite *s = suite_create("json");
	TCase *c = tcase_create("json");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, good_text, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(c, bad_text, 0, sizeof bad / sizeof *bad);
	tcase_add_test(c, depth_is_bounded);
	tcase_add_test(c, values_are_read);
	tcase_add_test(c, nothing_is_read_from_nothing);
	tcase_add_loop_test(c, values_are_cut_out_of_prose, 0, sizeof prose / sizeof *prose);
	tcase_add_test(c, hostile_prose_is_linear);
	tcase_add_test(c, values_are_written);
	tcase_add_test(c, whole_numbers_are_exact);
	tcase_add_test(c, locale_changes_nothing);
	tcase_add_test(c, pretty_text);
	tcase_add_test(c, nothing_steers_a_terminal);
	tcase_add_test(c, strings_with_a_nul);
	tcase_add_test(c, files_are_parsed);
	suite_add_tcase(s, c);
	return s;
}
