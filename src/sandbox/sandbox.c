/* sandbox.c: starts the helper, reads the command's output, asks for the end.
 *
 * Not by process_run: the helper needs a control stream of its own, which ends
 * with this process, and more time to end a command than a plain child gets. */
#include "sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sandbox/protocol.h"
#include "util/clock.h"
#include "util/process_output.h"
#include "util/str.h"

enum { OUTPUT_MAX = 8 << 20, PIECE = 64 << 10, PIPE_PIECES = 32 /* more than a pipe holds */ };
#define TIMEOUT_MAX_MS INT64_C(1000000000000) /* 30 years: none, and no overflow */
/* How long the helper may take once it must end: its own limits and then some. */
enum { HELPER_PATIENCE_MS = SANDBOX_GRACE_MS + SANDBOX_GIVE_UP_MS + 2000 };

struct session {
	const struct sandbox_spec *spec;
	pid_t helper;
	int out;            /* read end of the output; -1 at its end */
	int control;
	bool asked;         /* to end */
	int64_t deadline_us;/* for the helper's report; 0: none yet */
	struct kept kept;
	struct sandbox_report report;
	size_t report_len;
	bool no_memory;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* To a number that the helper's own descriptors leave free, closed on exec. */
static int lift(int *fd)
{
	int lifted = fcntl(*fd, F_DUPFD_CLOEXEC, SANDBOX_CONTROL_FD + 1);

	close_fd(fd);
	*fd = lifted;
	return lifted < 0 ? -1 : 0;
}

static int open_pair(int pair[2], bool stream)
{
#ifdef __linux__
	int rc = stream ? socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)
			: pipe2(pair, O_CLOEXEC);
#else
	int rc = stream ? socketpair(AF_UNIX, SOCK_STREAM, 0, pair) : pipe(pair);
#endif

	if (rc) {
		pair[0] = pair[1] = -1;
		return -1;
	}
	return lift(&pair[0]) || lift(&pair[1]) ? -1 : 0;
}

/* 0: none. */
static int64_t timeout_of(const struct sandbox_spec *spec)
{
	return spec->timeout_ms > 0 && spec->timeout_ms < TIMEOUT_MAX_MS ? spec->timeout_ms : 0;
}

static int spawn(const char *helper, const struct sandbox_spec *spec, char **environment, int out,
		 int control, pid_t *ret_pid)
{
	char timeout[32], fd[16];
	const char *argv[] = { helper, "--control", fd, "--timeout", timeout, "--cwd",
			       spec->cwd ? spec->cwd : ".", "--", "/bin/sh", "-c", spec->command,
			       NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	snprintf(fd, sizeof(fd), "%d", SANDBOX_CONTROL_FD);
	snprintf(timeout, sizeof(timeout), "%lld", (long long)timeout_of(spec));
	rc = posix_spawn_file_actions_init(&actions);
	if (rc)
		return rc;
	rc = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, 1);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, 2);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, control, SANDBOX_CONTROL_FD);
	rc = rc ? rc : posix_spawn(ret_pid, helper, &actions, NULL, (char *const *)argv,
				   environment);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int start(struct session *s, const struct sandbox_spec *spec, struct error *err)
{
	CLEANUP_FREE char *helper = sandbox_helper_path(err);
	CLEANUP_STRV struct strv environment = { 0 };
	int out[2], control[2] = { -1, -1 };
	int rc;

	if (!helper || sandbox_environment(spec->env_extra, &environment, err))
		return -1;
	if (open_pair(out, false) || open_pair(control, true))
		rc = errno;
	else
		rc = spawn(helper, spec, environment.v, out[1], control[1], &s->helper);
	close_fd(&out[1]);
	close_fd(&control[1]);
	if (rc) {
		close_fd(&out[0]);
		close_fd(&control[0]);
		return error_sys(err, STATUS_SANDBOX, rc, "%s: cannot be started", helper);
	}
	s->out = out[0];
	s->control = control[0];
	fcntl(s->out, F_SETFL, O_NONBLOCK);
	fcntl(s->control, F_SETFL, O_NONBLOCK);
	return 0;
}

/* Takes at most `pieces` of what the pipe holds now: control and cancel are
 * looked at in between, so that endless output holds up nothing. */
static void read_output(struct session *s, char *piece, int pieces)
{
	ssize_t got;

	do {
		got = s->out < 0 ? 0 : read(s->out, piece, PIECE);
		if (got > 0) {
			if (kept_add(&s->kept, piece, (size_t)got))
				s->no_memory = true;
			if (s->spec->on_output)
				s->spec->on_output(s->spec->on_output_ctx, piece, (size_t)got);
		} else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
			close_fd(&s->out);
		}
	} while (--pieces > 0 && got > 0);
}

static void read_control(struct session *s)
{
	ssize_t got = recv(s->control, (char *)&s->report + s->report_len,
			   sizeof(s->report) - s->report_len, 0);

	if (got > 0)
		s->report_len += (size_t)got;
	else if (got == 0 || (errno != EAGAIN && errno != EINTR))
		close_fd(&s->control);
}

/* The helper reads this as the end of its client. */
static void ask_to_end(struct session *s)
{
	if (s->asked)
		return;
	s->asked = true;
	shutdown(s->control, SHUT_WR);
	s->deadline_us = clock_monotonic_us() + (int64_t)HELPER_PATIENCE_MS * 1000;
}

static int wait_ms(const struct session *s)
{
	int64_t left;

	if (!s->deadline_us)
		return -1;
	left = (s->deadline_us - clock_monotonic_us()) / 1000 + 1;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* Until the report is whole, the helper is gone, or its patience is over. */
static void follow(struct session *s, char *piece)
{
	int cancel = cancel_fd(s->spec->cancel);
	struct pollfd fds[3];

	if (timeout_of(s->spec))
		s->deadline_us = clock_monotonic_us() +
				 (timeout_of(s->spec) + HELPER_PATIENCE_MS) * 1000;
	while (s->control >= 0 && s->report_len < sizeof(s->report)) {
		fds[0] = (struct pollfd){ .fd = s->control, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = s->out, .events = POLLIN };
		fds[2] = (struct pollfd){ .fd = s->asked ? -1 : cancel, .events = POLLIN };
		if (poll(fds, 3, wait_ms(s)) < 0 && errno != EINTR)
			break;
		if (cancel_signal(s->spec->cancel))
			ask_to_end(s);
		if (fds[1].revents)
			read_output(s, piece, 1);
		if (fds[0].revents)
			read_control(s);
		if (s->deadline_us && clock_monotonic_us() > s->deadline_us)
			break;
	}
	/* Whatever the command wrote is in the pipe by now; who may still hold it
	 * open could not be ended, and is not waited for. */
	read_output(s, piece, PIPE_PIECES);
}

#ifdef __linux__
/* The sixth field of /proc/PID/stat. */
static pid_t session_of(const char *pid)
{
	char path[64], text[512], *p;
	int session;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	p = strrchr(text, ')');
	/* NOLINTNEXTLINE(cert-err34-c): the kernel wrote it */
	return p && sscanf(p, ") %*c %*d %*d %d", &session) == 1 ? session : -1;
}
#endif

/* The helper died without a report: a command may have killed it. What it left
 * is in its session, whose number stays taken until the helper is reaped. */
static void end_session(pid_t helper)
{
#ifdef __linux__
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	while (proc && (entry = readdir(proc)))
		if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9' &&
		    session_of(entry->d_name) == helper)
			kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
	if (proc)
		closedir(proc);
#endif
	kill(helper, SIGKILL);
}

static int report_failure(const struct session *s, struct error *err)
{
	if (s->report.stage == SANDBOX_STAGE_CWD)
		return error_sys(err, STATUS_INTERNAL, s->report.value,
				 "%s: cannot be entered to run a command", s->spec->cwd);
	if (s->report.stage == SANDBOX_STAGE_EXEC)
		return error_sys(err, STATUS_SANDBOX, s->report.value, "/bin/sh: cannot be run");
	return error_sys(err, STATUS_SANDBOX, s->report.value,
			 "the sandbox could not be set up");
}

static void fill_status(const struct session *s, bool reported, struct process_result *r)
{
	r->exit_code = -1;
	r->cancelled = s->asked;
	r->timed_out = s->report.timed_out != 0;
	if (!reported)
		r->signal = SIGKILL;
	else if (s->report.end == SANDBOX_SIGNALED)
		r->signal = s->report.value;
	else
		r->exit_code = s->report.value;
}

static int finish(struct session *s, bool reported, int64_t started_us,
		  struct process_result *ret, struct error *err)
{
	struct process_result r = { .out_total = s->kept.total };

	if (reported && s->report.end == SANDBOX_FAILED)
		return report_failure(s, err);
	if (s->no_memory)
		return error_oom(err);
	fill_status(s, reported, &r);
	r.duration_us = clock_monotonic_us() - started_us;
	r.err_out = str_dup("");
	if (!r.err_out || kept_take(&s->kept, &r.out, &r.out_len, &r.truncated)) {
		process_result_release(&r);
		return error_oom(err);
	}
	*ret = r;
	return 0;
}

static int run_without(const struct sandbox_spec *spec, struct process_result *ret, struct error *err)
{
	const char *argv[] = { "sh", "-c", spec->command, NULL };
	CLEANUP_STRV struct strv env = { 0 };
	struct process_spec p = {
		.argv = argv, .cwd = spec->cwd, .merge = true, .output_max = spec->output_max,
		.timeout_ms = timeout_of(spec), .cancel = spec->cancel,
		.on_output = spec->on_output, .on_output_ctx = spec->on_output_ctx,
	};

	if (sandbox_environment(spec->env_extra, &env, err))
		return -1;
	p.env = (const char *const *)env.v;
	return process_run(&p, ret, err);
}

int sandbox_run(const struct sandbox_spec *spec, struct process_result *ret, struct error *err)
{
	struct session s = { .spec = spec, .out = -1, .control = -1 };
	int64_t started_us = clock_monotonic_us();
	CLEANUP_FREE char *piece = NULL;
	bool reported;
	int rc;

	if (spec->off)
		return run_without(spec, ret, err);
	piece = malloc(PIECE);
	if (!piece)
		return error_oom(err);
	if (start(&s, spec, err))
		return -1; /* cppcheck-suppress memleak ; NOLINT: piece frees itself */
	kept_init(&s.kept, spec->output_max ? spec->output_max : OUTPUT_MAX);
	follow(&s, piece);
	reported = s.report_len == sizeof(s.report) && s.report.magic == SANDBOX_MAGIC;
	if (!reported)
		end_session(s.helper);
	close_fd(&s.control);
	close_fd(&s.out);
	while (waitpid(s.helper, NULL, 0) < 0 && errno == EINTR)
		;
	rc = finish(&s, reported, started_us, ret, err);
	kept_release(&s.kept);
	return rc;
}
