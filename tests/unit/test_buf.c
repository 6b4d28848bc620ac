/* test_buf.c: the buffer keeps to its maximum, and its errors stick. */
#include <check.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "util/buf.h"
#include "util/str.h"

START_TEST(grows_and_terminates)
{
	CLEANUP_BUF struct buf b = BUF_INIT(100000);

	ck_assert_str_eq(buf_str(&b), "");
	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(buf_addf(&b, "%03d,", i), 0);
	ck_assert_uint_eq(b.len, 4000);
	ck_assert_uint_eq(strlen(buf_str(&b)), 4000);
	ck_assert(str_ends(buf_str(&b), "998,999,"));
	ck_assert_int_eq(buf_add(&b, "\0x", 2), 0);
	ck_assert_uint_eq(b.len, 4002);
	ck_assert_int_eq(b.data[4002], 0);
	ck_assert_int_eq(buf_adds(&b, NULL), 0);
}
END_TEST

START_TEST(refuses_beyond_its_maximum)
{
	CLEANUP_BUF struct buf b = BUF_INIT(5);
	struct error err = { 0 };

	ck_assert_int_eq(buf_adds(&b, "12345"), 0);
	ck_assert_int_eq(buf_check(&b, "the answer", &err), 0);
	ck_assert_int_eq(err.code, 0);
	ck_assert_int_eq(buf_addc(&b, '6'), -1);
	ck_assert_str_eq(buf_str(&b), "12345");
	/* it sticks, even for what would fit */
	buf_truncate(&b, 1);
	ck_assert_int_eq(buf_addc(&b, '6'), -1);
	ck_assert_int_eq(buf_addf(&b, "%d", 6), -1);
	ck_assert_int_eq(buf_check(&b, "the answer", &err), -1);
	ck_assert_str_eq(err.message, "the answer is larger than 5 bytes");
	buf_clear(&b);
	ck_assert_int_eq(buf_addf(&b, "%s", "abcde"), 0);
	ck_assert_int_eq(buf_addf(&b, "%s", "f"), -1);
	ck_assert_str_eq(buf_str(&b), "abcde");
}
END_TEST

START_TEST(lengths_that_would_wrap)
{
	CLEANUP_BUF struct buf b = BUF_INIT(SIZE_MAX);

	ck_assert_int_eq(buf_addc(&b, 'x'), 0);
	ck_assert_int_eq(buf_add(&b, "", SIZE_MAX - 1), -1);
	ck_assert_uint_eq(b.len, 1);
}
END_TEST

START_TEST(consumes_and_steals)
{
	struct buf b = BUF_INIT(100);
	size_t n = 7;
	char *s;

	buf_adds(&b, "hello world");
	buf_consume(&b, 6);
	ck_assert_str_eq(buf_str(&b), "world");
	buf_consume(&b, 100);
	ck_assert_str_eq(buf_str(&b), "");
	buf_adds(&b, "abc");
	s = buf_steal(&b, &n);
	ck_assert_str_eq(s, "abc");
	ck_assert_uint_eq(n, 3);
	ck_assert_uint_eq(b.len, 0);
	ck_assert_uint_eq(b.max, 100);
	free(s);
	s = buf_steal(&b, NULL);
	ck_assert_str_eq(s, "");
	free(s);
	buf_release(&b);
	buf_release(NULL);
}
END_TEST

START_TEST(reads_files)
{
	char path[] = "/tmp/buf-XXXXXX";
	CLEANUP_BUF struct buf b = BUF_INIT(40000);
	struct error err = { 0 };
	int fd = mkstemp(path);
	char block[20000];

	ck_assert_int_ge(fd, 0);
	memset(block, 'q', sizeof block);
	ck_assert_int_eq(write(fd, block, sizeof block), (int)sizeof block);
	close(fd);
	ck_assert_int_eq(buf_read_file(&b, path, &err), 0);
	ck_assert_int_eq(buf_read_file(&b, path, &err), 0);
	ck_assert_uint_eq(b.len, 40000);
	ck_assert_int_eq(buf_read_file(&b, path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "is larger than 0 bytes"));
	unlink(path);
	buf_clear(&b);
	ck_assert_int_eq(buf_read_file(&b, path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "No such file"));
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_int_eq(buf_read_file(&b, "/tmp", &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "folder"));
}
END_TEST

/* The file system says 0 bytes for these, and they never end. */
START_TEST(reads_endless_files_to_the_limit)
{
	CLEANUP_BUF struct buf b = BUF_INIT(100000);
	struct error err = { 0 };

	ck_assert_int_eq(buf_read_file(&b, "/dev/zero", &err), -1);
	ck_assert_str_eq(err.message, "/dev/zero is larger than 100000 bytes");
	ck_assert_uint_le(b.len, 100000);
}
END_TEST

Suite *suite_buf(void)
{
	Suite *s = suite_create("buf");
	TCase *c = tcase_create("buf");

	tcase_add_test(c, grows_and_terminates);
	tcase_add_test(c, refuses_beyond_its_maximum);
	tcase_add_test(c, lengths_that_would_wrap);
	tcase_add_test(c, consumes_and_steals);
	tcase_add_test(c, reads_files);
	tcase_add_test(c, reads_endless_files_to_the_limit);
	suite_add_tcase(s, c);
	return s;
}
