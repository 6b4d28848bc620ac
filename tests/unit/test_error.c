/* test_error.c: messages are one line of valid UTF-8, whatever went in. */
#include <check.h>
#include <errno.h>
#include <string.h>

#include "suites.h"
#include "util/error.h"
#include "util/str.h"

START_TEST(sets_code_and_message)
{
	struct error err = { 0 };

	ck_assert_int_eq(error_set(&err, STATUS_BUDGET, "%d of %s", 3, "five"), -1);
	ck_assert_int_eq(err.code, STATUS_BUDGET);
	ck_assert_str_eq(err.message, "3 of five");
	ck_assert_int_eq(error_set(NULL, STATUS_USAGE, "nobody listens"), -1);
	ck_assert_int_eq(error_prefix(NULL, "x"), -1);
	ck_assert_int_eq(error_sys(NULL, STATUS_USAGE, EIO, "x"), -1);
}
END_TEST

START_TEST(stays_on_one_line)
{
	struct error err = { 0 };

	error_set(&err, STATUS_USAGE, "a\nb\r\tc\x1b[31m\x7f\xc2\x9bz\n\n");
	ck_assert_str_eq(err.message, "a b  c [31m  z");
}
END_TEST

START_TEST(invalid_bytes_are_shown)
{
	struct error err = { 0 };

	error_set(&err, STATUS_USAGE, "%s", "a\xff" "b\xc3(\xe2\x82");
	ck_assert_str_eq(err.message, "a?b?(??");
}
END_TEST

/* Whatever the length in front, the cut falls between two characters. */
START_TEST(is_cut_at_a_character)
{
	for (size_t lead = 0; lead < 8; lead++) {
		char text[4096];
		struct error err = { 0 };
		size_t n = lead;

		memset(text, 'x', lead);
		while (n + 4 < sizeof text) {
			memcpy(text + n, "\xf0\x9f\xa6\x8a", 4);
			n += 4;
		}
		text[n] = '\0';
		error_set(&err, STATUS_USAGE, "%s", text);
		n = strlen(err.message);
		ck_assert_uint_lt(n, sizeof err.message);
		ck_assert_uint_ge(n, sizeof err.message - 8);
		ck_assert(utf8_valid(err.message, n));
		ck_assert_ptr_null(strchr(err.message, '?'));
	}
}
END_TEST

START_TEST(prefix_keeps_code)
{
	struct error err = { 0 };

	error_set(&err, STATUS_ENDPOINT, "no answer");
	ck_assert_int_eq(error_prefix(&err, "call %d", 2), -1);
	ck_assert_str_eq(err.message, "call 2: no answer");
	ck_assert_int_eq(err.code, STATUS_ENDPOINT);
	/* the message may be its own argument */
	error_set(&err, STATUS_USAGE, "again: %s", err.message);
	ck_assert_str_eq(err.message, "again: call 2: no answer");
}
END_TEST

START_TEST(system_errors_say_why)
{
	struct error err = { 0 };

	error_sys(&err, STATUS_INTERNAL, EIO, "cannot read %s", "f");
	ck_assert_int_eq(err.code, STATUS_INTERNAL);
	error_sys(&err, STATUS_INTERNAL, ENOSPC, "cannot write %s", "f");
	ck_assert_int_eq(err.code, STATUS_USAGE);
	error_sys(&err, STATUS_USAGE, ENOENT, "cannot read %s", "f");
	ck_assert_str_eq(err.message, "cannot read f: No such file or directory");
	ck_assert_int_eq(error_oom(&err), -1);
	ck_assert_int_eq(err.code, STATUS_INTERNAL);
	ck_assert_str_eq(err.message, "out of memory");
}
END_TEST

START_TEST(names_of_statuses)
{
	ck_assert_str_eq(status_name(STATUS_DONE), "done");
	ck_assert_str_eq(status_name(STATUS_GATE), "gate");
	ck_assert_str_eq(status_name(STATUS_NOTHING), "nothing");
	ck_assert_str_eq(status_name(STATUS_INTERRUPTED), "interrupted");
	ck_assert_str_eq(status_name(STATUS_TERMINATED), "terminated");
	ck_assert_str_eq(status_name((enum status)99), "internal");
}
END_TEST

Suite *suite_error(void)
{
	Suite *s = suite_create("error");
	TCase *c = tcase_create("error");

	tcase_add_test(c, sets_code_and_message);
	tcase_add_test(c, stays_on_one_line);
	tcase_add_test(c, invalid_bytes_are_shown);
	tcase_add_test(c, is_cut_at_a_character);
	tcase_add_test(c, prefix_keeps_code);
	tcase_add_test(c, system_errors_say_why);
	tcase_add_test(c, names_of_statuses);
	suite_add_tcase(s, c);
	return s;
}
