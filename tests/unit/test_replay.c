/* test_replay.c: recorded answers, read and written. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "model/provider/replay.h"
#include "suites.h"
#include "util/path.h"
#include "util/str.h"

static const char two[] =
	"{\"version\":1,\"recorded\":true,\"answers\":{\"builder\":[{\"text\":\"one\",\"model\":\"m\","
	"\"usage\":{\"input\":5,\"cache_read\":1,\"output\":2,\"reasoning\":1}},{\"text\":\"two\"}],"
	"\"pacer\":[]}}";

static int open_text(const char *text, struct replay **ret, struct error *err)
{
	return replay_parse(text, strlen(text), "answers.json", ret, err);
}

START_TEST(test_take)
{
	struct replay *r = NULL;
	struct replay_entry e;
	struct error err = { 0 };

	ck_assert_msg(open_text(two, &r, &err) == 0, "%s", err.message);
	ck_assert_int_eq(replay_take(r, "builder", &e, &err), 0);
	ck_assert_str_eq(e.text, "one");
	ck_assert_str_eq(e.model, "m");
	ck_assert(e.has_usage);
	ck_assert_int_eq(e.usage.input, 5);
	ck_assert_int_eq(e.usage.reasoning, 1);
	ck_assert_int_eq(replay_take(r, "builder", &e, &err), 0);
	ck_assert_str_eq(e.text, "two");
	ck_assert(!e.has_usage);
	ck_assert_int_eq(replay_take(r, "builder", &e, &err), -1);
	ck_assert_int_eq(err.code, STATUS_ENDPOINT);
	ck_assert_ptr_nonnull(strstr(err.message, "answer 3 for builder in answers.json"));
	ck_assert_int_eq(replay_take(r, "pacer", &e, &err), -1);
	ck_assert_int_eq(replay_take(r, "nobody", &e, &err), -1);
	replay_free(r);
}
END_TEST

START_TEST(test_skip)
{
	struct replay *r = NULL;
	struct replay_entry e;

	ck_assert_int_eq(open_text(two, &r, NULL), 0);
	replay_skip(r, "builder");
	replay_skip(r, "nobody");
	ck_assert_int_eq(replay_take(r, "builder", &e, NULL), 0);
	ck_assert_str_eq(e.text, "two");
	replay_skip(r, "builder");
	replay_free(r);
}
END_TEST

START_TEST(test_bad_files)
{
	static const char *const bad[] = {
		"", "nonsense", "[]", "{}", "{\"version\":2,\"answers\":{}}", "{\"version\":1}",
		"{\"version\":1,\"answers\":[]}", "{\"version\":1,\"answers\":{\"builder\":{}}}",
		"{\"version\":1,\"answers\":{\"builder\":[{}]}}",
		"{\"version\":1,\"answers\":{\"builder\":[{\"text\":7}]}}",
		"{\"version\":1,\"answers\":{\"builder\":[\"text\"]}}",
		"{\"version\":1,\"answers\":{\"builder\":[{\"text\":\"x\",\"usage\":7}]}}",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct replay *r = NULL;
		struct error err = { 0 };

		ck_assert_msg(open_text(bad[i], &r, &err) == -1, "%s", bad[i]);
		ck_assert_int_eq(err.code, STATUS_USAGE);
		ck_assert_ptr_nonnull(strstr(err.message, "answers.json"));
	}
}
END_TEST

START_TEST(test_missing_file)
{
	struct replay *r = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(replay_open("/nonexistent/answers.json", &r, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent/answers.json"));
}
END_TEST

START_TEST(test_record_and_replay)
{
	char folder[] = "/tmp/replay-XXXXXX";
	CLEANUP_FREE char *path = NULL;
	struct completion c = { .text = (char *)"say \"\xC3\xA9\"\n", .model = (char *)"m",
				.finish_reason = (char *)"length", .usage = { .input = 3, .output = 4 } };
	struct completion guess = { .text = (char *)"x", .model = (char *)"m",
				    .usage = { .input = 3, .estimated = true } };
	struct recorder *w = NULL;
	struct replay *r = NULL;
	struct replay_entry e;
	struct error err = { 0 };
	struct stat st;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	path = path_join(folder, "rec.json");
	ck_assert_msg(recorder_open(path, &w, &err) == 0, "%s", err.message);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(recorder_add(w, "builder", &c, &err), 0);
	ck_assert_int_eq(recorder_add(w, "pacer", &guess, &err), 0);
	recorder_free(w);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_msg(replay_open(path, &r, &err) == 0, "%s", err.message);
	ck_assert_int_eq(replay_take(r, "builder", &e, &err), 0);
	ck_assert_str_eq(e.text, c.text);
	ck_assert_str_eq(e.finish_reason, "length");
	ck_assert_int_eq(e.usage.output, 4);
	ck_assert_int_eq(replay_take(r, "pacer", &e, &err), 0);
	ck_assert(!e.has_usage);
	replay_free(r);
	ck_assert_int_eq(recorder_open("/nonexistent/rec.json", &w, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	path_remove_tree(folder, NULL);
}
END_TEST

Suite *suite_replay(void)
{
	Suite *s = suite_create("replay");
	TCase *t = tcase_create("replay");

	tcase_add_test(t, test_take);
	tcase_add_test(t, test_skip);
	tcase_add_test(t, test_bad_files);
	tcase_add_test(t, test_missing_file);
	tcase_add_test(t, test_record_and_replay);
	suite_add_tcase(s, t);
	return s;
}
