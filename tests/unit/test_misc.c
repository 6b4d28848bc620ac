/* test_misc.c: clock, ulid, hash, cancel. */
#include <check.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "suites.h"
#include "util/cancel.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/ulid.h"

static const int64_t now = 1795221383123456; /* 2026-11-21T00:36:23.123456Z */

START_TEST(times_are_written)
{
	char out[28];

	clock_format_iso(now, out);
	ck_assert_str_eq(out, "2026-11-21T00:36:23.123456Z");
	clock_format_iso(0, out);
	ck_assert_str_eq(out, "1970-01-01T00:00:00.000000Z");
	clock_format_iso(-1, out);
	ck_assert_str_eq(out, "1969-12-31T23:59:59.999999Z");
	clock_format_iso(INT64_MAX, out);
	ck_assert_uint_eq(strlen(out), 27);
	clock_format_iso(INT64_MIN, out);
	ck_assert_uint_eq(strlen(out), 27);
	ck_assert(clock_now_us() > 1700000000000000);
	ck_assert(clock_monotonic_us() > 0);
}
END_TEST

static const struct { const char *text; int64_t us; } moments[] = {
	{ "90s", 1795221383123456 - 90000000LL },
	{ "15m", 1795221383123456 - 900000000LL },
	{ "12h", 1795221383123456 - 43200000000LL },
	{ "7d", 1795221383123456 - 604800000000LL },
	{ "4w", 1795221383123456 - 2419200000000LL },
	{ "2026-11-01", 1793491200000000 },
	{ "2026-11-01T00:00:00Z", 1793491200000000 },
	{ "2026-11-01 00:00", 1793491200000000 },
	{ "2026-11-01T02:00:00+02:00", 1793491200000000 },
	{ "2026-10-31T22:30:00-0130", 1793491200000000 },
	{ "2026-11-21T00:36:23.123456Z", 1795221383123456 },
	{ "2024-02-29", 1709164800000000 },
};

START_TEST(moments_are_read)
{
	int64_t v = 0;

	ck_assert_int_eq(clock_parse_since(moments[_i].text, now, &v), 0);
	ck_assert_int_eq(v, moments[_i].us);
}
END_TEST

static const char *const no_moments[] = {
	"", "7", "d", "7x", "-7d", "+7d", "7 d", "99999999999999999d", "2026-13-01", "2026-02-29",
	"2026-11-31", "2026-11-01T25:00", "2026-11-01T", "2026-11-01x", "2026-11-01T00:00:00+99:00",
	"2027-01-01", "2026-11-01T00:00:00.", "26-11-01",
};

START_TEST(other_text_is_no_moment)
{
	int64_t v = 42;

	ck_assert_int_eq(clock_parse_since(no_moments[_i], now, &v), -1);
	ck_assert_int_eq(v, 42);
	ck_assert_int_eq(clock_parse_since(NULL, now, &v), -1);
}
END_TEST

enum { IDS = 2000, MAKERS = 4 };

static void *make_ids(void *arg)
{
	struct ulid *ids = arg;

	for (int i = 0; i < IDS; i++)
		ids[i] = ulid_new();
	return NULL;
}

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct ulid *)a)->s, ((const struct ulid *)b)->s);
}

START_TEST(ids_increase_in_every_thread)
{
	static struct ulid ids[MAKERS * IDS];
	pthread_t threads[MAKERS];

	for (int i = 0; i < MAKERS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, make_ids, ids + i * IDS), 0);
	for (int i = 0; i < MAKERS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < MAKERS * IDS; i++) {
		ck_assert(ulid_valid(ids[i].s));
		if (i % IDS)
			ck_assert_int_lt(strcmp(ids[i - 1].s, ids[i].s), 0);
	}
	qsort(ids, MAKERS * IDS, sizeof *ids, compare);
	for (int i = 1; i < MAKERS * IDS; i++)
		ck_assert_str_ne(ids[i - 1].s, ids[i].s);
}
END_TEST

START_TEST(ids_are_checked)
{
	ck_assert(ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
	ck_assert(!ulid_valid("81ARZ3NDEKTSV4RRFFQ69G5FAV"));
	ck_assert(!ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FA"));
	ck_assert(!ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAVX"));
	ck_assert(!ulid_valid("01ARZ3NDEKTSV4RRFFQ69G5FAU"));
	ck_assert(!ulid_valid("01arz3ndektsv4rrffq69g5fav"));
	ck_assert(!ulid_valid(""));
	ck_assert(!ulid_valid(NULL));
	ck_assert_str_eq(ulid_short("01ARZ3NDEKTSV4RRFFQ69G5FAV"), "Q69G5FAV");
	ck_assert_str_eq(ulid_short("abc"), "abc");
}
END_TEST

/* The examples of FIPS 180-4. */
START_TEST(hashes)
{
	char hex[65];
	struct sha256 h = sha256_of("abc", 3);

	sha256_hex(&h, hex);
	ck_assert_str_eq(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	h = sha256_of(NULL, 0);
	sha256_hex(&h, hex);
	ck_assert_str_eq(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}
END_TEST

START_TEST(a_request_to_stop)
{
	struct error err = { 0 };
	struct cancel *c = cancel_new(&err);
	struct pollfd p = { .events = POLLIN };

	ck_assert_ptr_nonnull(c);
	p.fd = cancel_fd(c);
	ck_assert_int_eq(cancel_signal(c), 0);
	ck_assert_int_eq(cancel_check(c, &err), 0);
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	cancel_fire(c, SIGTERM);
	cancel_fire(c, SIGINT);
	ck_assert_int_eq(cancel_signal(c), SIGTERM);
	ck_assert_int_eq(poll(&p, 1, 0), 1);
	ck_assert_int_eq(cancel_check(c, &err), -1);
	ck_assert_int_eq(err.code, STATUS_TERMINATED);
	cancel_free(c);

	c = cancel_new(&err);
	cancel_fire(c, SIGHUP);
	ck_assert_int_eq(cancel_check(c, &err), -1);
	ck_assert_int_eq(err.code, STATUS_INTERRUPTED);
	cancel_free(c);
}
END_TEST

START_TEST(no_request_is_no_request)
{
	cancel_free(NULL);
	cancel_fire(NULL, SIGINT);
	ck_assert_int_eq(cancel_signal(NULL), 0);
	ck_assert_int_eq(cancel_fd(NULL), -1);
	ck_assert_int_eq(cancel_check(NULL, NULL), 0);
}
END_TEST

Suite *suite_misc(void)
{
	Suite *s = suite_create("misc");
	TCase *c = tcase_create("misc");

	tcase_add_test(c, times_are_written);
	tcase_add_loop_test(c, moments_are_read, 0, sizeof moments / sizeof *moments);
	tcase_add_loop_test(c, other_text_is_no_moment, 0, sizeof no_moments / sizeof *no_moments);
	tcase_add_test(c, ids_increase_in_every_thread);
	tcase_add_test(c, ids_are_checked);
	tcase_add_test(c, hashes);
	tcase_add_test(c, a_request_to_stop);
	tcase_add_test(c, no_request_is_no_request);
	suite_add_tcase(s, c);
	return s;
}
