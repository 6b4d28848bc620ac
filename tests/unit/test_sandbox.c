#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "util/clock.h"
#include "util/path.h"
#include "util/str.h"

Suite *suite_sandbox(void);

static char folder[256];

static void setup(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(folder, sizeof(folder), "%s/council-sandbox-XXXXXX", tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
	path_remove_tree(folder, NULL);
}

static struct sandbox_spec spec_of(const char *command)
{
	return (struct sandbox_spec){ .command = command, .cwd = folder, .timeout_ms = 20000 };
}

static struct process_result run(const struct sandbox_spec *spec)
{
	struct process_result r = { 0 };
	struct error err = { 0 };

	ck_assert_msg(sandbox_run(spec, &r, &err) == 0, "%s", err.message);
	return r;
}

/* The number that a command wrote into `name`, waited for. */
static pid_t pid_in(const char *name)
{
	CLEANUP_FREE char *path = path_join(folder, name);
	struct timespec tick = { .tv_nsec = 5000000 };
	struct buf b = BUF_INIT(64);
	pid_t pid = 0;
	int i;

	for (i = 0; i < 1000 && !pid; i++) {
		buf_clear(&b);
		if (path_exists(path) && buf_read_file(&b, path, NULL) == 0 &&
		    strchr(buf_str(&b), '\n'))
			pid = (pid_t)atoi(buf_str(&b));
		else
			nanosleep(&tick, NULL);
	}
	buf_release(&b);
	ck_assert_int_gt(pid, 0);
	return pid;
}

/* Gone, or a zombie that its new parent has yet to take. */
static bool alive(pid_t pid)
{
	CLEANUP_FREE char *path = str_printf("/proc/%d/stat", (int)pid);
	struct buf b = BUF_INIT(4096);
	const char *state;
	bool yes;

	if (kill(pid, 0))
		return false;
	yes = buf_read_file(&b, path, NULL) == 0;
	state = strrchr(buf_str(&b), ')');
	yes = yes && state && state[2] != 'Z' && state[2] != 'X';
	buf_release(&b);
	return yes;
}

static bool dies(pid_t pid)
{
	struct timespec tick = { .tv_nsec = 5000000 };
	int i;

	for (i = 0; i < 2000 && alive(pid); i++)
		nanosleep(&tick, NULL);
	return !alive(pid);
}

START_TEST(status_and_output)
{
	struct sandbox_spec spec = spec_of("echo out; echo err >&2; exit 7");
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.exit_code, 7);
	ck_assert_int_eq(r.signal, 0);
	ck_assert_str_eq(r.out, "out\nerr\n");
	ck_assert_str_eq(r.err_out, "");
	ck_assert_uint_eq(r.out_total, 8);
	ck_assert(!r.timed_out && !r.cancelled && !r.truncated);
	process_result_release(&r);
}
END_TEST

START_TEST(runs_in_its_folder_with_closed_descriptors)
{
	struct sandbox_spec spec = spec_of("pwd; cat; ls /proc/self/fd | wc -l; ulimit -c");
	CLEANUP_FREE char *want = NULL, *real = realpath(folder, NULL);
	int open_one = open("/dev/null", O_RDONLY);
	struct process_result r = run(&spec);

	/* 0, 1, 2 and the one by which ls reads the folder */
	want = str_printf("%s\n4\n0\n", real);
	ck_assert_str_eq(r.out, want);
	process_result_release(&r);
	close(open_one);
}
END_TEST

START_TEST(signal_death)
{
	struct sandbox_spec spec = spec_of("kill -SEGV $$");
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.exit_code, -1);
	ck_assert_int_eq(r.signal, SIGSEGV);
	process_result_release(&r);
}
END_TEST

START_TEST(missing_command)
{
	struct sandbox_spec spec = spec_of("no-such-command-here");
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.exit_code, 127);
	process_result_release(&r);
}
END_TEST

START_TEST(missing_folder)
{
	struct sandbox_spec spec = spec_of("true");
	struct process_result r;
	struct error err = { 0 };

	spec.cwd = "/nowhere/at/all";
	ck_assert_int_eq(sandbox_run(&spec, &r, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "/nowhere/at/all"));
}
END_TEST

START_TEST(missing_helper)
{
	struct sandbox_spec spec = spec_of("true");
	CLEANUP_FREE char *was = str_dup(getenv("COUNCIL_SANDBOX_HELPER"));
	struct process_result r;
	struct error err = { 0 };

	setenv("COUNCIL_SANDBOX_HELPER", "/nowhere/helper", 1);
	ck_assert_int_eq(sandbox_run(&spec, &r, &err), -1);
	ck_assert_int_eq(err.code, STATUS_SANDBOX);
	if (was)
		setenv("COUNCIL_SANDBOX_HELPER", was, 1);
}
END_TEST

START_TEST(hang_is_timed_out)
{
	struct sandbox_spec spec = spec_of("echo started; sleep 600");
	struct process_result r;

	spec.timeout_ms = 100;
	r = run(&spec);
	ck_assert(r.timed_out);
	ck_assert_int_eq(r.exit_code, -1);
	ck_assert_int_eq(r.signal, SIGTERM);
	ck_assert_str_eq(r.out, "started\n");
	process_result_release(&r);
}
END_TEST

START_TEST(hang_that_ignores_term)
{
	struct sandbox_spec spec = spec_of("trap '' TERM; echo $$ >pid; while :; do sleep 600; done");
	struct process_result r;

	spec.timeout_ms = 300;
	r = run(&spec);
	ck_assert(r.timed_out);
	ck_assert_int_eq(r.signal, SIGKILL);
	ck_assert(!alive(pid_in("pid")));
	process_result_release(&r);
}
END_TEST

/* Each command leaves the process whose number is in `pid`, holding stdout. */
static const char *const leavers[] = {
	"sleep 600 & echo $! >pid; exit 3",
	"setsid sh -c 'echo $$ >pid; exec sleep 600' & until test -s pid; do :; done; exit 3",
	("(setsid sh -c '(trap \"\" TERM HUP; sh -c \"echo \\$\\$ >pid; exec sleep 600\" &) ' &); "
	 "until test -s pid; do :; done; exit 3"),
	"setsid sh -c 'kill -STOP $$' & echo $! >pid; exit 3",
};

START_TEST(nothing_is_left)
{
	struct sandbox_spec spec = spec_of(leavers[_i]);
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.exit_code, 3);
	ck_assert(!r.timed_out);
	ck_assert(!alive(pid_in("pid")));
	process_result_release(&r);
}
END_TEST

START_TEST(kill_of_the_own_group)
{
	struct sandbox_spec spec = spec_of(_i ? "kill -9 0; sleep 1" : "kill 0; sleep 1");
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.signal, _i ? SIGKILL : SIGTERM);
	process_result_release(&r);
}
END_TEST

START_TEST(kill_of_the_helper)
{
	struct sandbox_spec spec =
		spec_of("setsid sleep 600 & echo $! >other; sleep 600 & echo $! >pid; kill -9 $PPID; sleep 9");
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.exit_code, -1);
	ck_assert_int_eq(r.signal, SIGKILL);
	ck_assert(dies(pid_in("pid")));
	kill(pid_in("other"), SIGKILL); /* left its session as well: nobody's to find */
	process_result_release(&r);
}
END_TEST

START_TEST(endless_output_in_constant_memory)
{
	struct sandbox_spec spec = spec_of("echo first; head -c 1073741824 /dev/zero; echo last");
	struct process_result r;

	spec.output_max = 1 << 16;
	r = run(&spec);
	ck_assert_int_eq(r.exit_code, 0);
	ck_assert_uint_eq(r.out_total, 1073741824u + 6 + 5);
	ck_assert(r.truncated);
	ck_assert_uint_lt(r.out_len, (1 << 16) + 100);
	ck_assert(!memcmp(r.out, "first\n", 6));
	ck_assert(!memcmp(r.out + r.out_len - 5, "last\n", 5));
	process_result_release(&r);
}
END_TEST

START_TEST(background_writer_does_not_hang)
{
	struct sandbox_spec spec = spec_of("yes & exit 0");
	struct process_result r = run(&spec);

	ck_assert_int_eq(r.exit_code, 0);
	process_result_release(&r);
}
END_TEST

static void gather(void *ctx, const char *data, size_t len)
{
	ck_assert_int_eq(buf_add(ctx, data, len), 0);
}

START_TEST(output_is_handed_on)
{
	struct sandbox_spec spec = spec_of("printf 'a\\0b'");
	struct buf seen = BUF_INIT(64);
	struct process_result r;

	spec.on_output = gather;
	spec.on_output_ctx = &seen;
	r = run(&spec);
	ck_assert_uint_eq(seen.len, 3);
	ck_assert(!memcmp(seen.data, "a\0b", 3));
	ck_assert_uint_eq(r.out_len, 3);
	process_result_release(&r);
	buf_release(&seen);
}
END_TEST

static void *fire_when_started(void *cancel)
{
	pid_in("pid");
	cancel_fire(cancel, SIGINT);
	return NULL;
}

START_TEST(cancel_ends_all)
{
	struct sandbox_spec spec = spec_of("setsid sleep 600 & echo $! >pid; sleep 600");
	struct cancel *cancel = cancel_new(NULL);
	struct process_result r;
	pthread_t thread;

	ck_assert_ptr_nonnull(cancel);
	spec.cancel = cancel;
	ck_assert_int_eq(pthread_create(&thread, NULL, fire_when_started, cancel), 0);
	r = run(&spec);
	pthread_join(thread, NULL);
	ck_assert(r.cancelled);
	ck_assert(!r.timed_out);
	ck_assert(!alive(pid_in("pid")));
	process_result_release(&r);
	cancel_free(cancel);
}
END_TEST

START_TEST(all_end_with_the_client)
{
	struct sandbox_spec spec = spec_of("trap '' TERM; setsid sleep 600 & echo $! >left; "
					   "echo $$ >pid; sleep 600; sleep 600");
	pid_t client = fork(), command, left;
	struct process_result r;

	if (client == 0) {
		sandbox_run(&spec, &r, NULL);
		_exit(0);
	}
	command = pid_in("pid");
	left = pid_in("left");
	ck_assert(alive(command) && alive(left));
	kill(client, SIGKILL);
	waitpid(client, NULL, 0);
	ck_assert(dies(command));
	ck_assert(dies(left));
}
END_TEST

static const char *value_of(const struct strv *env, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < env->n; i++)
		if (!strncmp(env->v[i], name, len) && env->v[i][len] == '=')
			return env->v[i] + len + 1;
	return NULL;
}

START_TEST(environment_is_scrubbed)
{
	static const char *const gone[] = {
		"OPENAI_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_AUTH_TOKEN", "MY_API_KEY", "GH_TOKEN",
		"GITHUB_TOKEN", "npm_config_//registry/:_authToken", "DB_PASSWORD", "PGPASSWORD",
		"CLIENT_SECRET_ID", "AWS_PROFILE", "AZURE_X", "COUNCIL_LOG", "GIT_DIR",
		"GIT_INDEX_FILE", "GIT_CONFIG_COUNT", "GIT_CONFIG_VALUE_0", "MAKEFLAGS", "MFLAGS",
		"GNUMAKEFLAGS", "MAKELEVEL", "SSH_AUTH_SOCK", "GITHUB_ENV", "ACTIONS_RUNTIME_URL",
	};
	static const char *const stay[] = {
		"CI", "LANG", "TERM", "TMPDIR", "GIT_AUTHOR_NAME", "GIT_CONFIG_GLOBAL", "KEYBOARD",
		"TOKENIZERS_PARALLELISM", "GITHUB_SHA", "SECOND", "PASSES",
	};
	static const char *const extra[] = { "CI=again", "MY_API_KEY=given", NULL };
	CLEANUP_STRV struct strv env = { 0 };
	size_t i;

	for (i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		setenv(gone[i], "x", 1);
	for (i = 0; i < sizeof(stay) / sizeof(*stay); i++)
		setenv(stay[i], "x", 1);
	ck_assert_int_eq(sandbox_environment(extra, &env, NULL), 0);
	for (i = 0; i < sizeof(gone) / sizeof(*gone); i++)
		if (strcmp(gone[i], "MY_API_KEY"))
			ck_assert_msg(!value_of(&env, gone[i]), "%s is there", gone[i]);
	for (i = 0; i < sizeof(stay) / sizeof(*stay); i++)
		ck_assert_msg(value_of(&env, stay[i]) != NULL, "%s is gone", stay[i]);
	ck_assert_str_eq(value_of(&env, "AI_AGENT"), "council");
	ck_assert_str_eq(value_of(&env, "CI"), "again");
	ck_assert_str_eq(value_of(&env, "MY_API_KEY"), "given");
	ck_assert_str_eq(value_of(&env, "PATH"), getenv("PATH"));
	ck_assert_str_eq(value_of(&env, "HOME"), getenv("HOME"));
}
END_TEST

START_TEST(command_gets_the_environment)
{
	static const char *const extra[] = { "ADDED=yes", NULL };
	struct sandbox_spec spec = spec_of("echo $AI_AGENT $ADDED ${OPENAI_API_KEY-none}");
	struct process_result r;

	setenv("OPENAI_API_KEY", "sk-secret", 1);
	spec.env_extra = extra;
	r = run(&spec);
	ck_assert_str_eq(r.out, "council yes none\n");
	process_result_release(&r);
}
END_TEST

Suite *suite_sandbox(void)
{
	Suite *s = suite_create("sandbox");
	TCase *c = tcase_create("run"), *v = tcase_create("values");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, status_and_output);
	tcase_add_test(c, runs_in_its_folder_with_closed_descriptors);
	tcase_add_test(c, signal_death);
	tcase_add_test(c, missing_command);
	tcase_add_test(c, missing_folder);
	tcase_add_test(c, missing_helper);
	tcase_add_test(c, hang_is_timed_out);
	tcase_add_test(c, hang_that_ignores_term);
	tcase_add_loop_test(c, nothing_is_left, 0, (int)(sizeof(leavers) / sizeof(*leavers)));
	tcase_add_loop_test(c, kill_of_the_own_group, 0, 2);
	tcase_add_test(c, kill_of_the_helper);
	tcase_add_test(c, endless_output_in_constant_memory);
	tcase_add_test(c, background_writer_does_not_hang);
	tcase_add_test(c, output_is_handed_on);
	tcase_add_test(c, cancel_ends_all);
	tcase_add_test(c, all_end_with_the_client);
	tcase_add_test(c, command_gets_the_environment);
	suite_add_tcase(s, c);
	tcase_add_test(v, environment_is_scrubbed);
	suite_add_tcase(s, v);
	return s;
}
