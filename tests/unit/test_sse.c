/* test_sse.c: server-sent events, whole and cut anywhere. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "net/sse.h"
#include "suites.h"
#include "util/str.h"

static int note(void *ctx, const char *name, const char *data, size_t len, struct error *err)
{
	struct buf *out = ctx;

	ck_assert_uint_eq(strlen(data), len);
	return buf_addf(out, "[%s|%s]", name, data);
}

static char *parse(const char *text, size_t len, size_t piece)
{
	struct buf out = BUF_INIT(1 << 20);
	struct error err = { 0 };
	struct sse s;

	sse_init(&s, note, &out);
	for (size_t i = 0; i < len; i += piece)
		ck_assert_int_eq(sse_feed(&s, text + i, len - i < piece ? len - i : piece, &err), 0);
	ck_assert_int_eq(sse_finish(&s, &err), 0);
	sse_release(&s);
	return buf_steal(&out, NULL);
}

/* Whatever the cuts, the events are the same. */
static void expect(const char *text, const char *events)
{
	for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
		char *got = parse(text, strlen(text), piece);

		ck_assert_str_eq(got, events);
		free(got);
	}
}

START_TEST(test_events)
{
	expect("data: a\n\ndata: b\n\n", "[message|a][message|b]");
	expect("data: a\r\n\r\ndata: b\r\n\r\n", "[message|a][message|b]");
	expect("data: a\r\rdata: b\r\r", "[message|a][message|b]");
	expect("event: error\ndata: x\n\ndata: y\n\n", "[error|x][message|y]");
	expect("data: one\ndata: two\n\n", "[message|one\ntwo]");
	expect("data:no space\n\ndata:  two\n\n", "[message|no space][message| two]");
	expect(": comment\nid: 7\nretry: 10\ndata: a\n\n", "[message|a]");
}
END_TEST

START_TEST(test_edges)
{
	expect("", "");
	expect("\n\n\n", "");
	expect("event: x\n\ndata: a\n\n", "[message|a]");
	expect("\xEF\xBB\xBF" "data: a\n\n", "[message|a]");
	expect("data\n\n", "[message|]");
	expect("data: a\n\ndata: [DONE]", "[message|a][message|[DONE]]");
	expect("data: a\n", "[message|a]");
	expect("data: \xC3\xA9\n\n", "[message|\xC3\xA9]");
}
END_TEST

START_TEST(test_long_line)
{
	struct buf out = BUF_INIT(1 << 20);
	struct error err = { 0 };
	char *block = malloc(1 << 20);
	struct sse s;
	int rc = 0;

	memset(block, 'x', 1 << 20);
	sse_init(&s, note, &out);
	ck_assert_int_eq(sse_feed(&s, "data: ", 6, &err), 0);
	for (int i = 0; i < 100 && rc == 0; i++)
		rc = sse_feed(&s, block, 1 << 20, &err);
	ck_assert_int_eq(rc, -1);
	ck_assert_int_eq(err.code, STATUS_ENDPOINT);
	ck_assert_ptr_nonnull(strstr(err.message, "8 MiB"));
	ck_assert_uint_le(s.line.cap, SSE_MAX + 1);
	sse_release(&s);
	free(block);
}
END_TEST

START_TEST(test_many_data_lines_are_bounded)
{
	struct buf out = BUF_INIT(1 << 20);
	struct error err = { 0 };
	struct buf line = BUF_INIT(2 << 20);
	struct sse s;
	int rc = 0;

	buf_adds(&line, "data: ");
	for (int i = 0; i < 1 << 20; i++)
		buf_addc(&line, 'y');
	buf_addc(&line, '\n');
	sse_init(&s, note, &out);
	for (int i = 0; i < 20 && rc == 0; i++)
		rc = sse_feed(&s, line.data, line.len, &err);
	ck_assert_int_eq(rc, -1);
	sse_release(&s);
	buf_release(&line);
}
END_TEST

static int refuse(void *ctx, const char *name, const char *data, size_t len, struct error *err)
{
	return error_set(err, STATUS_ENDPOINT, "not that");
}

START_TEST(test_callback_ends_the_parse)
{
	struct error err = { 0 };
	struct sse s;

	sse_init(&s, refuse, NULL);
	ck_assert_int_eq(sse_feed(&s, "data: a\n\n", 9, &err), -1);
	ck_assert_str_eq(err.message, "not that");
	sse_release(&s);
}
END_TEST

Suite *suite_sse(void)
{
	Suite *s = suite_create("sse");
	TCase *t = tcase_create("sse");

	tcase_add_test(t, test_events);
	tcase_add_test(t, test_edges);
	tcase_add_test(t, test_long_line);
	tcase_add_test(t, test_many_data_lines_are_bounded);
	tcase_add_test(t, test_callback_ends_the_parse);
	suite_add_tcase(s, t);
	return s;
}
