/* test_log.c: the log's lines, its levels, and that no secret is in it. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "suites.h"
#include "util/log.h"

static char path[64];

static void set_up(void)
{
	snprintf(path, sizeof path, "/tmp/log-XXXXXX");
	close(mkstemp(path));
	unlink(path);
}

static void tear_down(void)
{
	unlink(path);
}

/* What the file holds. */
static void read_back(struct buf *b)
{
	buf_clear(b);
	ck_assert_int_eq(buf_read_file(b, path, NULL), 0);
}

static const struct { const char *in, *out; } masks[] = {
	{ "nothing here", "nothing here" },
	{ "the value s3cr3t-value here", "the value [masked] here" },
	{ "s3cr3t-values3cr3t-value", "[masked][masked]" },
	{ "xs3cr3t-valuex", "x[masked]x" },
	{ "short stays", "short stays" },
	{ "Authorization: Bearer abcdefgh.ijk-l", "Authorization: Bearer [masked]" },
	{ "authorization: bearer   abcdefghij\r\nHost: x", "authorization: bearer   [masked]\r\nHost: x" },
	{ "the bearer of news", "the bearer of news" },
	{ "key sk-abcdefghijklmnop!", "key [masked]!" },
	{ "sk-proj-AbC_123-xyz", "[masked]" },
	{ "task-oriented-and-longer", "task-oriented-and-longer" },
	{ "sk-short", "sk-short" },
	{ "api-key: abc", "api-key: [masked]" },
	{ "x-api-key: abc,def", "x-api-key: [masked],def" },
	{ "{\"api_key\": \"abc\", \"n\": 1}", "{\"api_key\": \"[masked]\", \"n\": 1}" },
	{ "https://h/?api_key=zzz&x=1", "https://h/?api_key=[masked]&x=1" },
	{ "password=hunter2!", "password=[masked]" },
	{ "no password was given", "no password was given" },
	{ "ghp_0123456789abcdefghij.", "[masked]" },
	{ "(AKIAIOSFODNN7EXAMPLE)", "([masked])" },
	{ "api-key", "api-key" }, { "api-key:", "api-key:" }, { "Bearer ", "Bearer " }, { "", "" },
};

START_TEST(secrets_are_masked)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1000);
	char *values[] = { (char *)"s3cr3t-value", (char *)"short", (char *)"", NULL };
	struct strv secrets = { .v = values, .n = 3 };

	ck_assert_int_eq(log_mask(&b, masks[_i].in, strlen(masks[_i].in), &secrets), 0);
	ck_assert_str_eq(buf_str(&b), masks[_i].out);
}
END_TEST

START_TEST(masking_is_linear)
{
	static const char *const patterns[] = { "sk-", "api-key:", "Bearer ", "bearer bearer ", "-_", "eyJ" };
	const size_t size = 1 << 20;
	char *text = malloc(size);

	for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
		CLEANUP_BUF struct buf b = BUF_INIT(8 << 20);
		size_t n = strlen(patterns[p]);

		for (size_t i = 0; i < size; i++)
			text[i] = patterns[p][i % n];
		ck_assert_int_eq(log_mask(&b, text, size, NULL), 0);
	}
	free(text);
}
END_TEST

START_TEST(entries_are_lines)
{
	CLEANUP_BUF struct buf b = BUF_INIT(100000);
	struct error err = { 0 };
	struct log *log = log_open(path, "info", &err);
	struct stat st;

	ck_assert_ptr_nonnull(log);
	log_secret(log, "hidden-value");
	log_secret(log, "hidden-value");
	log_secret(log, NULL);
	log_write(log, LOG_INFO, "one\ntwo \x1b[0m hidden-value\n");
	log_write(log, LOG_DEBUG, "not at this level");
	log_write(log, LOG_ERROR, "%d", 7);
	log_close(log);
	read_back(&b);
	ck_assert_ptr_null(strstr(buf_str(&b), "not at this level"));
	ck_assert_ptr_null(strstr(buf_str(&b), "hidden-value"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "Z info one\xef\xbf\xbdtwo \xef\xbf\xbd[0m [masked]\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "Z error 7\n"));
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	/* what is there stays */
	log = log_open(path, NULL, &err);
	log_write(log, LOG_INFO, "later");
	log_close(log);
	read_back(&b);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "error 7\n"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "info later\n"));
}
END_TEST

START_TEST(long_entries_are_cut)
{
	CLEANUP_BUF struct buf b = BUF_INIT(100000);
	struct log *log = log_open(path, "trace", NULL);
	char *text = malloc(2 << 20);

	memset(text, '\x1b', (2 << 20) - 1);
	text[(2 << 20) - 1] = '\0';
	log_write(log, LOG_TRACE, "%s", text);
	text[40000] = '\0';
	log_write(log, LOG_TRACE, "%s", text);
	log_write(log, LOG_TRACE, "%s", "");
	free(text);
	log_close(log);
	read_back(&b);
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "was dropped"));
	ck_assert_ptr_nonnull(strstr(buf_str(&b), "[cut]\n"));
	ck_assert_uint_lt(b.len, 60000);
}
END_TEST

START_TEST(what_cannot_be_opened)
{
	struct error err = { 0 };

	ck_assert_ptr_null(log_open(path, "loud", &err));
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "'loud'"));
	ck_assert_ptr_null(log_open("/no/such/folder/log", NULL, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "/no/such/folder/log"));
	log_write(NULL, LOG_ERROR, "dropped");
	log_secret(NULL, "x");
	log_close(NULL);
}
END_TEST

static void *write_many(void *log)
{
	for (int i = 0; i < 200; i++)
		log_write(log, LOG_INFO, "whole entry");
	return NULL;
}

START_TEST(threads_do_not_mix)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	struct log *log = log_open(path, "info", NULL);
	pthread_t t[4];
	size_t lines = 0;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, write_many, log), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	log_close(log);
	read_back(&b);
	for (char *line = strtok(b.data, "\n"); line; line = strtok(NULL, "\n"), lines++)
		ck_assert_str_eq(line + 27, " info whole entry");
	ck_assert_uint_eq(lines, 800);
}
END_TEST

Suite *suite_log(void)
{
	Suite *s = suite_create("log");
	TCase *c = tcase_create("log");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_loop_test(c, secrets_are_masked, 0, sizeof masks / sizeof *masks);
	tcase_add_test(c, masking_is_linear);
	tcase_add_test(c, entries_are_lines);
	tcase_add_test(c, long_entries_are_cut);
	tcase_add_test(c, what_cannot_be_opened);
	tcase_add_test(c, threads_do_not_mix);
	suite_add_tcase(s, c);
	return s;
}
