#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "run/journal.h"
#include "run/run.h"
#include "suites.h"
#include "util/path.h"
#include "util/str.h"

static char home[64];

static void set_up(void)
{
	strcpy(home, "/tmp/council-journal-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(home));
	setenv("XDG_STATE_HOME", home, 1);
}

static void tear_down(void)
{
	struct error err = { 0 };

	ck_assert_int_eq(path_remove_tree(home, &err), 0);
}

static void put(struct journal *j, const char *key, const char *text)
{
	struct error err = { 0 };
	json *v = json_object();

	json_set_string(v, "text", text);
	ck_assert_msg(journal_put(j, key, v, &err) == 0, "%s", err.message);
}

START_TEST(what_was_put_is_there_again)
{
	struct journal *j = NULL;
	struct error err = { 0 };

	ck_assert_msg(journal_open("RUN1", &j, &err) == 0, "%s", err.message);
	put(j, "plan", "one");
	put(j, "build/s1#2", "two\nlines");
	journal_close(j);
	ck_assert_int_eq(journal_open("RUN1", &j, &err), 0);
	ck_assert_uint_eq(journal_size(j), 2);
	ck_assert_str_eq(json_get_string(journal_get(j, "build/s1#2"), "text"), "two\nlines");
	ck_assert_ptr_null(journal_get(j, "review/1"));
	journal_close(j);
}
END_TEST

/* For the process that dropped it, and for one that reads the file. */
START_TEST(what_was_dropped_is_gone_until_put_anew)
{
	struct journal *j = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(journal_open("RUN4", &j, &err), 0);
	put(j, "plan", "one");
	put(j, "plan#2", "two");
	ck_assert_int_eq(journal_drop(j, "plan#2", &err), 0);
	ck_assert_int_eq(journal_drop(j, "never", &err), 0);
	ck_assert_ptr_null(journal_get(j, "plan#2"));
	journal_close(j);
	ck_assert_int_eq(journal_open("RUN4", &j, &err), 0);
	ck_assert_uint_eq(journal_size(j), 1);
	ck_assert_ptr_null(journal_get(j, "plan#2"));
	put(j, "plan#2", "three");
	journal_close(j);
	ck_assert_int_eq(journal_open("RUN4", &j, &err), 0);
	ck_assert_str_eq(json_get_string(journal_get(j, "plan#2"), "text"), "three");
	journal_close(j);
}
END_TEST

/* However the file was cut by a kill, whole entries stay and new ones follow. */
START_TEST(a_torn_end_is_dropped)
{
	struct journal *j = NULL;
	struct error err = { 0 };
	char *path = str_printf("%s/council/runs/RUN2/journal.ndjson", home);
	struct stat st;
	off_t first;

	ck_assert_int_eq(journal_open("RUN2", &j, &err), 0);
	put(j, "plan", "one");
	journal_close(j);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	first = st.st_size;
	ck_assert_int_eq(journal_open("RUN2", &j, &err), 0);
	put(j, "build", "two");
	journal_close(j);
	ck_assert_int_eq(stat(path, &st), 0);
	for (off_t cut = first; cut < st.st_size; cut += 7) {
		ck_assert_int_eq(truncate(path, cut), 0);
		ck_assert_int_eq(journal_open("RUN2", &j, &err), 0);
		ck_assert_uint_eq(journal_size(j), 1);
		put(j, "build", "again");
		journal_close(j);
		ck_assert_int_eq(journal_open("RUN2", &j, &err), 0);
		ck_assert_uint_eq(journal_size(j), 2);
		journal_close(j);
	}
	free(path);
}
END_TEST

START_TEST(a_run_that_goes_on_is_locked)
{
	struct journal *j = NULL, *other = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(journal_open("RUN3", &j, &err), 0);
	ck_assert_int_eq(journal_open("RUN3", &other, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	journal_close(j);
}
END_TEST

START_TEST(options_survive_the_ledger)
{
	struct run_options o = { 0 }, again = { 0 };
	struct error err = { 0 };
	json *j;

	o.task = str_dup("mend it");
	o.gate_test = str_dup("make check");
	o.apply = true;
	strv_add(&o.files, "a.c");
	strv_add(&o.overrides, "budget=2");
	j = run_options_json(&o);
	ck_assert_int_eq(run_options_from_json(j, &again, &err), 0);
	ck_assert_str_eq(again.task, "mend it");
	ck_assert_str_eq(again.gate_test, "make check");
	ck_assert_ptr_null(again.gate_build);
	ck_assert(again.apply);
	ck_assert_str_eq(again.overrides.v[0], "budget=2");
	json_free(j);
	run_options_release(&o);
	run_options_release(&again);
}
END_TEST

START_TEST(phases_are_parsed)
{
	unsigned p = 0;
	struct error err = { 0 };

	ck_assert_int_eq(phases_parse("auto", &p, &err), 0);
	ck_assert(p & PHASE_AUTO);
	ck_assert_int_eq(phases_parse("build,review", &p, &err), 0);
	ck_assert_uint_eq(p, PHASE_BUILD | PHASE_REVIEW);
	ck_assert_int_eq(phases_parse("plan", &p, &err), -1);
	ck_assert_int_eq(phases_parse("build,tests", &p, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "\"tests\""));
}
END_TEST

/* A disk that was full for a while: what came before and after it is there. */
START_TEST(a_line_cut_short_hides_nothing)
{
	struct rlimit limit, low;
	struct journal *j = NULL;
	struct error err = { 0 };
	json *v = json_object();

	ck_assert_int_eq(journal_open("RUN1", &j, &err), 0);
	put(j, "plan", "one");
	json_set_string(v, "text", "this is longer than the room that is left");
	signal(SIGXFSZ, SIG_IGN);
	ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
	low = limit;
	low.rlim_cur = 50;
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &low), 0);
	ck_assert_int_eq(journal_put(j, "build/1", v, &err), -1);
	ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "File too large"));
	put(j, "build/2", "two");
	journal_close(j);
	ck_assert_int_eq(journal_open("RUN1", &j, &err), 0);
	ck_assert_uint_eq(journal_size(j), 2);
	ck_assert_str_eq(json_get_string(journal_get(j, "build/2"), "text"), "two");
	journal_close(j);
}
END_TEST

Suite *suite_journal(void)
{
	Suite *s = suite_create("journal");
	TCase *t = tcase_create("journal and options");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, what_was_put_is_there_again);
	tcase_add_test(t, what_was_dropped_is_gone_until_put_anew);
	tcase_add_test(t, a_torn_end_is_dropped);
	tcase_add_test(t, a_line_cut_short_hides_nothing);
	tcase_add_test(t, a_run_that_goes_on_is_locked);
	tcase_add_test(t, options_survive_the_ledger);
	tcase_add_test(t, phases_are_parsed);
	suite_add_tcase(s, t);
	return s;
}
