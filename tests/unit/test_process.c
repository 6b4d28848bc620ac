/* test_process.c: children that behave, and those that do not. */
#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "suites.h"
#include "util/path.h"
#include "util/process.h"
#include "util/str.h"

/* Runs `sh -c command` with what `spec` says besides. */
static struct process_result run(const char *command, struct process_spec spec)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	struct process_result r = { 0 };
	struct error err = { 0 };

	spec.argv = argv;
	ck_assert_msg(process_run(&spec, &r, &err) == 0, "%s", err.message);
	return r;
}

START_TEST(status_and_streams)
{
	CLEANUP_PROCESS struct process_result r =
		run("echo out; echo err >&2; exit 3", (struct process_spec){ 0 });

	ck_assert_int_eq(r.exit_code, 3);
	ck_assert_int_eq(r.signal, 0);
	ck_assert_str_eq(r.out, "out\n");
	ck_assert_str_eq(r.err_out, "err\n");
	ck_assert_uint_eq(r.out_len, 4);
	ck_assert_uint_eq(r.out_total, 8);
	ck_assert(!r.truncated && !r.timed_out && !r.cancelled);
	ck_assert(r.duration_us > 0);
}
END_TEST

START_TEST(streams_are_merged_in_order)
{
	CLEANUP_PROCESS struct process_result r =
		run("echo a; echo b >&2; echo c", (struct process_spec){ .merge = true });

	ck_assert_str_eq(r.out, "a\nb\nc\n");
	ck_assert_str_eq(r.err_out, "");
}
END_TEST

START_TEST(a_signal_is_told)
{
	CLEANUP_PROCESS struct process_result r = run("kill -9 $$", (struct process_spec){ 0 });

	ck_assert_int_eq(r.exit_code, -1);
	ck_assert_int_eq(r.signal, SIGKILL);
}
END_TEST

START_TEST(input_goes_through)
{
	const size_t size = 3 << 20;
	CLEANUP_FREE char *data = malloc(size);
	CLEANUP_PROCESS struct process_result r = { 0 };
	CLEANUP_PROCESS struct process_result none = { 0 };

	for (size_t i = 0; i < size; i++)
		data[i] = (char)(i * 31 % 251);
	r = run("cat", (struct process_spec){ .input = data, .input_len = size });
	ck_assert_uint_eq(r.out_len, size);
	ck_assert_mem_eq(r.out, data, size);
	/* without input it is at its end at once */
	none = run("cat; echo end", (struct process_spec){ 0 });
	ck_assert_str_eq(none.out, "end\n");
}
END_TEST

START_TEST(input_that_nobody_reads)
{
	const size_t size = 1 << 20;
	CLEANUP_FREE char *data = calloc(1, size);
	struct process_spec spec = { .input = data, .input_len = size };
	CLEANUP_PROCESS struct process_result r = { 0 };
	sigset_t pending;

	/* SIGPIPE has its default here: it would end the test */
	r = run("exec <&-; sleep 0.1; echo on", spec);
	ck_assert_str_eq(r.out, "on\n");
	sigpending(&pending);
	ck_assert(!sigismember(&pending, SIGPIPE));
}
END_TEST

START_TEST(a_flood_is_cut_in_the_middle)
{
	struct process_spec spec = { .output_max = 20 };
	CLEANUP_PROCESS struct process_result r =
		run("printf 0123456789; yes | head -c 50000000; printf ABCDEFGHIJ; "
		    "printf 12345678901234567890 >&2", spec);

	ck_assert_str_eq(r.out, "0123456789\n[50000000 bytes left out]\nABCDEFGHIJ");
	ck_assert_str_eq(r.err_out, "12345678901234567890");
	ck_assert(r.truncated);
	ck_assert_uint_eq(r.out_total, 50000040);
}
END_TEST

START_TEST(output_of_every_length_about_the_limit)
{
	struct process_spec spec = { .output_max = 7 };

	for (int n = 5; n <= 12; n++) {
		char command[64], all[] = "abcdefghijkl", expected[64];
		struct process_result r;

		all[n] = '\0';
		snprintf(command, sizeof command, "printf %s", all);
		if (n <= 7)
			snprintf(expected, sizeof expected, "%s", all);
		else
			snprintf(expected, sizeof expected, "abcd\n[%d bytes left out]\n%s", n - 7,
				 all + n - 3);
		r = run(command, spec);
		ck_assert_str_eq(r.out, expected);
		process_result_release(&r);
	}
}
END_TEST

START_TEST(a_hanging_child_is_ended)
{
	CLEANUP_PROCESS struct process_result r =
		run("echo early; sleep 100", (struct process_spec){ .timeout_ms = 100 });

	ck_assert(r.timed_out);
	ck_assert_int_eq(r.exit_code, -1);
	ck_assert_int_eq(r.signal, SIGTERM);
	ck_assert_str_eq(r.out, "early\n");
}
END_TEST

START_TEST(a_child_that_ignores_sigterm_is_killed)
{
	CLEANUP_PROCESS struct process_result r =
		run("trap '' TERM; while :; do sleep 1; done", (struct process_spec){ .timeout_ms = 100 });

	ck_assert(r.timed_out);
	ck_assert_int_eq(r.signal, SIGKILL);
}
END_TEST

/* Is the process gone, or dead and unclaimed? */
static bool is_gone(pid_t pid)
{
	char name[64], state = 'Z';
	FILE *f;

	if (kill(pid, 0) < 0)
		return errno == ESRCH;
	snprintf(name, sizeof name, "/proc/%d/stat", (int)pid);
	f = fopen(name, "r");
	if (!f)
		return errno == ENOENT;
	if (fscanf(f, "%*d %*s %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state == 'Z' || state == 'X';
}

static void wait_until_gone(const char *pid)
{
	for (int i = 0; i < 500 && !is_gone(atoi(pid)); i++)
		usleep(10000);
	ck_assert(is_gone(atoi(pid)));
}

START_TEST(what_it_leaves_behind_is_ended)
{
	/* One holds the pipe, the other let go of it. */
	CLEANUP_PROCESS struct process_result r =
		run("sleep 200 & echo $!", (struct process_spec){ 0 });
	CLEANUP_PROCESS struct process_result q =
		run("sleep 200 >/dev/null 2>&1 & echo $!", (struct process_spec){ 0 });

	ck_assert_int_eq(r.exit_code, 0);
	wait_until_gone(r.out);
	wait_until_gone(q.out);
}
END_TEST

START_TEST(a_pipe_held_outside_of_the_group_is_left)
{
	CLEANUP_PROCESS struct process_result r =
		run("setsid sh -c 'echo $$; exec sleep 200' & sleep 0.1", (struct process_spec){ 0 });

	ck_assert_int_eq(r.exit_code, 0);
	ck_assert_int_gt(atoi(r.out), 1);
	kill(atoi(r.out), SIGKILL);
}
END_TEST

START_TEST(killing_its_own_group_is_survived)
{
	CLEANUP_PROCESS struct process_result r = run("kill -9 0", (struct process_spec){ 0 });

	ck_assert_int_eq(r.signal, SIGKILL);
}
END_TEST

START_TEST(signals_and_descriptors_are_clean)
{
	CLEANUP_PROCESS struct process_result r = { 0 };
	int fd = dup(0);
	sigset_t set;

	signal(SIGPIPE, SIG_IGN);
	sigfillset(&set);
	sigprocmask(SIG_BLOCK, &set, NULL);
	r = run("grep -E 'SigBlk|SigIgn' /proc/self/status | grep -v ':.*0\\{16\\}$' | "
		"grep -v 'SigIgn.*180000000$'; "
		/* without a fork, whose pipe could be among them */
		"for f in /proc/$$/fd/*; do test -e $f && printf '%s ' ${f##*/}; done; "
		"test $(ps -o pgid= -p $$ 2>/dev/null || echo $$) = $$ && echo own",
		(struct process_spec){ 0 });
	close(fd);
	ck_assert_str_eq(r.out, "0 1 2 own\n");
}
END_TEST

static void gather(void *ctx, const char *data, size_t len)
{
	buf_add(ctx, data, len);
}

START_TEST(output_is_passed_on_as_it_comes)
{
	CLEANUP_BUF struct buf b = BUF_INIT(100);
	struct process_spec spec = { .on_output = gather, .on_output_ctx = &b, .output_max = 2 };
	CLEANUP_PROCESS struct process_result r = run("echo hello", spec);

	ck_assert_str_eq(buf_str(&b), "hello\n");
	ck_assert(r.truncated);
}
END_TEST

static void *fire(void *c)
{
	usleep(50000);
	cancel_fire(c, SIGINT);
	return NULL;
}

START_TEST(a_cancel_ends_it)
{
	struct cancel *c = cancel_new(NULL);
	CLEANUP_PROCESS struct process_result r = { 0 };
	CLEANUP_PROCESS struct process_result again = { 0 };
	const char *const argv[] = { "sleep", "100", NULL };
	struct error err = { 0 };
	pthread_t t;

	ck_assert_int_eq(pthread_create(&t, NULL, fire, c), 0);
	r = run("sleep 100", (struct process_spec){ .cancel = c });
	pthread_join(t, NULL);
	ck_assert(r.cancelled);
	ck_assert(!r.timed_out);
	ck_assert_int_eq(r.signal, SIGTERM);
	/* one that was fired before ends it as well */
	again = run("sleep 100", (struct process_spec){ .cancel = c });
	ck_assert(again.cancelled);
	ck_assert_int_eq(process_output(argv, NULL, c, NULL, &err), -1);
	ck_assert_int_eq(err.code, STATUS_INTERRUPTED);
	cancel_free(c);
}
END_TEST

START_TEST(folder_and_environment)
{
	static const char *const env[] = { "ONLY=this", "PATH=/usr/bin:/bin", NULL };
	struct process_spec spec = { .cwd = "/usr", .env = env };
	CLEANUP_PROCESS struct process_result r = run("pwd; echo $ONLY$HOME", spec);

	ck_assert_str_eq(r.out, "/usr\nthis\n");
}
END_TEST

static struct error fail_to_run(const char *name, const char *cwd)
{
	const char *const argv[] = { name, NULL };
	struct process_spec spec = { .argv = argv, .cwd = cwd };
	struct process_result r = { .exit_code = 77 };
	struct error err = { 0 };

	ck_assert_int_eq(process_run(&spec, &r, &err), -1);
	ck_assert_int_eq(r.exit_code, 77);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	return err;
}

START_TEST(what_cannot_be_run)
{
	struct error err = fail_to_run("no-such-command-here", NULL);

	ck_assert_str_eq(err.message, "cannot run no-such-command-here: command not found");
	err = fail_to_run("./no-such", "/usr");
	ck_assert_str_eq(err.message, "cannot run ./no-such: No such file or directory");
	err = fail_to_run("/etc/passwd", NULL);
	ck_assert_str_eq(err.message, "cannot run /etc/passwd: Permission denied");
	err = fail_to_run("sh", "/no/folder");
	ck_assert_str_eq(err.message, "cannot run sh in /no/folder: No such file or directory");
}
END_TEST

START_TEST(a_helpers_output)
{
	const char *const good[] = { "printf", "a\nb\n\n", NULL };
	const char *const bad[] = { "sh", "-c", "echo first >&2; echo last >&2; echo >&2; exit 4", NULL };
	char *out = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(process_output(good, NULL, NULL, &out, &err), 0);
	ck_assert_str_eq(out, "a\nb");
	free(out);
	out = NULL;
	ck_assert_int_eq(process_output(good, "/", NULL, NULL, &err), 0);
	ck_assert_int_eq(process_output(bad, NULL, NULL, &out, &err), -1);
	ck_assert_str_eq(err.message, "sh -c ended with status 4: last");
	ck_assert_ptr_null(out);
}
END_TEST

static void *many(void *arg)
{
	for (int i = 0; i < 25; i++) {
		struct process_result r = run("cat; echo z", (struct process_spec){
			.input = "in", .input_len = 2 });

		if (strcmp(r.out, "inz\n") != 0)
			*(bool *)arg = true;
		process_result_release(&r);
	}
	return NULL;
}

/* A descriptor that leaked into another's child would keep it waiting. */
START_TEST(many_at_once)
{
	pthread_t t[4];
	bool failed = false;

	for (int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, many, &failed), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(t[i], NULL);
	ck_assert(!failed);
}
END_TEST

Suite *suite_process(void)
{
	Suite *s = suite_create("process");
	TCase *c = tcase_create("process");

	tcase_set_timeout(c, 60);
	tcase_add_test(c, status_and_streams);
	tcase_add_test(c, streams_are_merged_in_order);
	tcase_add_test(c, a_signal_is_told);
	tcase_add_test(c, input_goes_through);
	tcase_add_test(c, input_that_nobody_reads);
	tcase_add_test(c, a_flood_is_cut_in_the_middle);
	tcase_add_test(c, output_of_every_length_about_the_limit);
	tcase_add_test(c, a_hanging_child_is_ended);
	tcase_add_test(c, a_child_that_ignores_sigterm_is_killed);
	tcase_add_test(c, what_it_leaves_behind_is_ended);
	tcase_add_test(c, a_pipe_held_outside_of_the_group_is_left);
	tcase_add_test(c, killing_its_own_group_is_survived);
	tcase_add_test(c, signals_and_descriptors_are_clean);
	tcase_add_test(c, output_is_passed_on_as_it_comes);
	tcase_add_test(c, a_cancel_ends_it);
	tcase_add_test(c, folder_and_environment);
	tcase_add_test(c, what_cannot_be_run);
	tcase_add_test(c, a_helpers_output);
	tcase_add_test(c, many_at_once);
	suite_add_tcase(s, c);
	return s;
}
