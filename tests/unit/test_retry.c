/* test_retry.c: what is tried again, and after how long. */
#include <check.h>
#include <stdint.h>

#include "net/retry.h"
#include "suites.h"

/* 2026-11-21T00:00:00Z in µs */
#define NOW INT64_C(1795219200000000)

START_TEST(test_which)
{
	ck_assert(retry_http_status(429));
	ck_assert(retry_http_status(408));
	ck_assert(retry_http_status(409));
	ck_assert(retry_http_status(500));
	ck_assert(retry_http_status(503));
	ck_assert(retry_http_status(529));
	ck_assert(!retry_http_status(501));
	ck_assert(!retry_http_status(400));
	ck_assert(!retry_http_status(401));
	ck_assert(!retry_http_status(404));
	ck_assert(!retry_http_status(200));
	ck_assert(retry_failure(HTTP_CONNECT));
	ck_assert(retry_failure(HTTP_CLOSED));
	ck_assert(!retry_failure(HTTP_TLS));
	ck_assert(!retry_failure(HTTP_CANCELLED));
	ck_assert(!retry_failure(HTTP_SLOW_FIRST));
}
END_TEST

START_TEST(test_retry_after)
{
	ck_assert_int_eq(retry_after_ms("3", NOW), 3000);
	ck_assert_int_eq(retry_after_ms("0", NOW), 0);
	ck_assert_int_eq(retry_after_ms("0.25", NOW), 250);
	ck_assert_int_eq(retry_after_ms("Sat, 21 Nov 2026 00:00:05 GMT", NOW), 5000);
	ck_assert_int_eq(retry_after_ms("Fri, 20 Nov 2026 23:59:59 GMT", NOW), 0);
	ck_assert_int_eq(retry_after_ms("", NOW), -1);
	ck_assert_int_eq(retry_after_ms(NULL, NOW), -1);
	ck_assert_int_eq(retry_after_ms("soon", NOW), -1);
	ck_assert_int_eq(retry_after_ms("-5", NOW), -1);
	ck_assert_int_eq(retry_after_ms("Sat, 41 Nov 2026 00:00:05 GMT", NOW), -1);
	ck_assert_int_eq(retry_after_ms("Sat, 21 Xxx 2026 00:00:05 GMT", NOW), -1);
	ck_assert_int_eq(retry_after_ms("Sat, 21 ovD 2026 00:00:05 GMT", NOW), -1);
	ck_assert_int_eq(retry_after_ms("99999999999999999999999", NOW), -1);
}
END_TEST

START_TEST(test_delay)
{
	struct retry_policy p = RETRY_POLICY_DEFAULT;

	for (uint32_t random = 0; random < 5000; random += 7) {
		int64_t first = retry_delay_ms(&p, 1, -1, random);
		int64_t third = retry_delay_ms(&p, 3, -1, random);

		ck_assert_int_ge(first, 250);
		ck_assert_int_le(first, 500);
		ck_assert_int_ge(third, 1000);
		ck_assert_int_le(third, 2000);
	}
	ck_assert_int_ne(retry_delay_ms(&p, 1, -1, 0), retry_delay_ms(&p, 1, -1, 100));
	ck_assert_int_eq(retry_delay_ms(&p, 4, -1, 0), -1);
	ck_assert_int_eq(retry_delay_ms(&p, 1, 7000, 0), 7000);
	ck_assert_int_eq(retry_delay_ms(&p, 1, p.after_max_ms + 1, 0), -1);
	p.retries = 1000;
	ck_assert_int_le(retry_delay_ms(&p, 900, -1, UINT32_MAX), p.max_ms);
	p.retries = 0;
	ck_assert_int_eq(retry_delay_ms(&p, 1, 0, 0), -1);
}
END_TEST

Suite *suite_retry(void)
{
	Suite *s = suite_create("retry");
	TCase *t = tcase_create("retry");

	tcase_add_test(t, test_which);
	tcase_add_test(t, test_retry_after);
	tcase_add_test(t, test_delay);
	suite_add_tcase(s, t);
	return s;
}
