/* test_regex.c: patterns, their groups, and subjects that would hang others. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "util/regex.h"

static bool matches(const char *pattern, int flags, const char *s)
{
	struct regex *r = regex_new(pattern, flags, NULL);
	bool found;

	ck_assert_ptr_nonnull(r);
	found = regex_find(r, s, strlen(s), 0, NULL);
	regex_free(r);
	return found;
}

START_TEST(flags)
{
	ck_assert(matches("^b$", REGEX_MULTILINE, "a\nb\nc"));
	ck_assert(!matches("^b$", 0, "a\nb\nc"));
	ck_assert(matches("STRASSE \xc3\x84", REGEX_ICASE, "strasse \xc3\xa4"));
	ck_assert(matches("^.$", 0, "\xe2\x82\xac"));
	ck_assert(!matches("^.$", REGEX_BYTES, "\xe2\x82\xac"));
	ck_assert(matches("^...$", REGEX_BYTES, "\xe2\x82\xac"));
}
END_TEST

START_TEST(groups)
{
	static const char s[] = "1..3\nok 2 - name\n";
	struct regex *r = regex_new("^(not )?ok (\\d+)", REGEX_MULTILINE, NULL);
	struct regex_match m;

	ck_assert(regex_find(r, s, strlen(s), 0, &m));
	ck_assert_uint_eq(m.n, 3);
	ck_assert_uint_eq(m.group[0].start, 5);
	ck_assert_uint_eq(m.group[0].end, 9);
	ck_assert(m.group[1].start == (size_t)-1);
	ck_assert_uint_eq(m.group[2].start, 8);
	ck_assert(m.group[15].start == (size_t)-1);
	ck_assert(!regex_find(r, s, strlen(s), m.group[0].end, &m));
	ck_assert(!regex_find(r, s, strlen(s), 1000, &m));
	ck_assert(!regex_find(r, NULL, 0, 0, &m));
	regex_free(r);
	regex_free(NULL);
}
END_TEST

START_TEST(more_groups_than_are_kept)
{
	struct regex *r = regex_new("(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)(a)", 0, NULL);
	struct regex_match m;

	ck_assert(regex_find(r, "aaaaaaaaaaaaaaaaaa", 18, 0, &m));
	ck_assert_uint_eq(m.n, REGEX_GROUPS);
	ck_assert_uint_eq(m.group[15].end, 15);
	regex_free(r);
}
END_TEST

START_TEST(text_around_invalid_bytes_matches)
{
	static const char s[] = "\xff\xfe FAIL: name\xe9 x";
	struct regex *r = regex_new("FAIL: (\\w+)", 0, NULL);
	struct regex_match m;

	ck_assert(regex_find(r, s, strlen(s), 0, &m));
	ck_assert_uint_eq(m.group[1].start, 9);
	ck_assert_uint_eq(m.group[1].end, 13);
	/* from inside of a character too */
	ck_assert(!regex_find(r, "\xe2\x82\xac", 3, 1, &m));
	regex_free(r);
}
END_TEST

START_TEST(bad_patterns_are_named)
{
	struct error err = { 0 };

	ck_assert_ptr_null(regex_new("a(b", 0, &err));
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_str_eq(err.message, "pattern 'a(b', character 4: missing closing parenthesis");
}
END_TEST

START_TEST(hostile_subjects_end)
{
	const size_t n = 1 << 20;
	char *s = malloc(n);
	static const char *const patterns[] = { "(a+)+$", "(a|aa)+b", "(a*)*b", "^(([a-z])+.)+[A-Z]([a-z])+$" };

	memset(s, 'a', n);
	s[n - 1] = '!';
	for (size_t i = 0; i < 4; i++) {
		struct regex *r = regex_new(patterns[i], 0, NULL);

		regex_find(r, s + n - 64, 64, 0, NULL);
		regex_find(r, s, n, n - 5000, NULL);
		regex_free(r);
	}
	free(s);
}
END_TEST

/* The compiled code's stack is too small for this one; the heap is not. */
START_TEST(deep_matches_are_found)
{
	const size_t n = 20000;
	char *s = malloc(n);
	struct regex *r = regex_new("^(?:a|(b))*!", 0, NULL);

	memset(s, 'a', n);
	s[n - 1] = '!';
	ck_assert(regex_find(r, s, n, 0, NULL));
	regex_free(r);
	free(s);
}
END_TEST

/* Every search must not read the whole of what was searched before. */
START_TEST(many_matches_in_a_large_subject)
{
	const size_t n = 2 << 20;
	char *s = malloc(n);
	struct regex *r = regex_new("x", 0, NULL);
	struct regex_match m = { .n = 0 };
	size_t found = 0, from = 0;

	memset(s, 'x', n);
	while (found < 20000 && regex_find(r, s, n, from, &m)) {
		from = m.group[0].end;
		found++;
	}
	ck_assert_uint_eq(found, 20000);
	regex_free(r);
	free(s);
}
END_TEST

Suite *suite_regex(void)
{
	Suite *s = suite_create("regex");
	TCase *c = tcase_create("regex");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, flags);
	tcase_add_test(c, groups);
	tcase_add_test(c, more_groups_than_are_kept);
	tcase_add_test(c, text_around_invalid_bytes_matches);
	tcase_add_test(c, bad_patterns_are_named);
	tcase_add_test(c, hostile_subjects_end);
	tcase_add_test(c, deep_matches_are_found);
	tcase_add_test(c, many_matches_in_a_large_subject);
	suite_add_tcase(s, c);
	return s;
}
