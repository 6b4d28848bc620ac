/* process.c: see process.h. */
#include "util/process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/process_output.h"
#include "util/str.h"

extern char **environ;

enum {
	OUTPUT_DEFAULT = 8 << 20,
	CHUNK = 65536,
	TERM_TO_KILL_US = 500000,
	LINGER_US = 200000,
	DRAIN_MAX = 16, /* chunks: what a pipe may hold, 1 MiB */
	NAP_MS = 10, /* between two looks at the child where there is no pidfd */
};

/* Everything of one child while it runs. */
struct child {
	const struct process_spec *spec;
	pid_t pid;
	int pidfd;        /* readable when it ended; -1: not to be had */
	int in, out, err; /* our ends; -1 when closed */
	size_t written;   /* of spec->input */
	struct kept kept_out, kept_err;
	int64_t deadline; /* monotonic; 0: none */
	int64_t kill_at;  /* SIGTERM was sent, this is when SIGKILL is; 0: none */
	int64_t ended_at; /* 0: it still runs */
	bool killed;
	struct process_result result;
};

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* A pipe whose ends stay out of children that others start meanwhile, and off
 * the numbers 0 to 2, which the child's own are made of. */
static int make_pipe(int fd[2])
{
	int raw[2];

#if defined(__linux__)
	if (pipe2(raw, O_CLOEXEC) < 0)
		return -1;
#else
	if (pipe(raw) < 0)
		return -1;
#endif
	for (int i = 0; i < 2; i++) {
		fd[i] = fcntl(raw[i], F_DUPFD_CLOEXEC, 3);
		close(raw[i]);
	}
	return fd[0] < 0 || fd[1] < 0 ? -1 : 0;
}

struct pipes {
	int in[2], out[2], err[2];
};

static void pipes_close(struct pipes *p)
{
	for (int i = 0; i < 2; i++) {
		close_fd(&p->in[i]);
		close_fd(&p->out[i]);
		close_fd(&p->err[i]);
	}
}

static int pipes_open(struct pipes *p, const struct process_spec *spec, struct error *err)
{
	if (spec->inherit_stdio)
		return 0;
	if ((spec->input && make_pipe(p->in) < 0) || make_pipe(p->out) < 0 ||
	    (!spec->merge && make_pipe(p->err) < 0))
		return error_sys(err, STATUS_INTERNAL, errno, "cannot make a pipe for %s",
				 spec->argv[0]);
	return 0;
}

static int add_actions(posix_spawn_file_actions_t *a, const struct process_spec *spec,
		       const struct pipes *p)
{
	int rc = 0;

	if (!spec->inherit_stdio) {
		rc = spec->input ? posix_spawn_file_actions_adddup2(a, p->in[0], 0)
				 : posix_spawn_file_actions_addopen(a, 0, "/dev/null", O_RDONLY, 0);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(a, p->out[1], 1);
		if (rc == 0)
			rc = posix_spawn_file_actions_adddup2(a, spec->merge ? p->out[1] : p->err[1], 2);
	}
	if (rc == 0 && spec->cwd)
		rc = posix_spawn_file_actions_addchdir_np(a, spec->cwd);
#if defined(__GLIBC__)
	if (rc == 0)
		rc = posix_spawn_file_actions_addclosefrom_np(a, 3);
#endif
	return rc;
}

static int set_attributes(posix_spawnattr_t *attr, bool own_group)
{
	short flags = POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK;
	sigset_t all, none;
	int rc;

	/* A session of its own has no terminal: what would ask on /dev/tty fails
	 * there, where a mere group in the background would be stopped. */
#if defined(POSIX_SPAWN_SETSID)
	if (own_group)
		flags |= POSIX_SPAWN_SETSID;
#else
	if (own_group)
		flags |= POSIX_SPAWN_SETPGROUP;
#endif
#if defined(POSIX_SPAWN_CLOEXEC_DEFAULT)
	flags |= POSIX_SPAWN_CLOEXEC_DEFAULT;
#endif
	sigfillset(&all);
	sigdelset(&all, SIGKILL);
	sigdelset(&all, SIGSTOP);
	sigemptyset(&none);
	rc = posix_spawnattr_setflags(attr, flags);
	if (rc == 0)
		rc = posix_spawnattr_setsigdefault(attr, &all);
	if (rc == 0)
		rc = posix_spawnattr_setsigmask(attr, &none);
	return rc ? rc : posix_spawnattr_setpgroup(attr, 0);
}

/* Returns an errno. */
static int spawn(const struct process_spec *spec, const struct pipes *p, pid_t *ret)
{
	char *const *argv = (char *const *)spec->argv;
	char *const *env = spec->env ? (char *const *)spec->env : environ;
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attr;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc != 0)
		return rc;
	rc = posix_spawnattr_init(&attr);
	if (rc == 0) {
		rc = add_actions(&actions, spec, p);
		if (rc == 0)
			rc = set_attributes(&attr, !spec->inherit_stdio);
		if (rc == 0)
			rc = posix_spawnp(ret, argv[0], &actions, &attr, argv, env);
		posix_spawnattr_destroy(&attr);
	}
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

static int spawn_error(const struct process_spec *spec, int errnum, struct error *err)
{
	const char *name = spec->argv[0];

	if (errnum == ENOENT && !strchr(name, '/'))
		return error_set(err, STATUS_USAGE, "cannot run %s: command not found", name);
	if (errnum == ENOENT || errnum == EACCES || errnum == ENOEXEC || errnum == ENOTDIR || errnum == E2BIG ||
	    errnum == ELOOP || errnum == ENAMETOOLONG || errnum == EISDIR)
		return error_sys(err, STATUS_USAGE, errnum, "cannot run %s", name);
	return error_sys(err, STATUS_INTERNAL, errnum, "cannot run %s", name);
}

static int open_pidfd(pid_t pid)
{
#if defined(SYS_pidfd_open)
	return (int)syscall(SYS_pidfd_open, pid, 0);
#else
	(void)pid;
	return -1;
#endif
}

static int start(struct child *c, struct error *err)
{
	struct pipes p = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	const struct process_spec *spec = c->spec;
	int rc;

	if (spec->cwd && access(spec->cwd, X_OK) < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot run %s in %s", spec->argv[0],
				 spec->cwd);
	if (pipes_open(&p, spec, err) < 0) {
		pipes_close(&p);
		return -1;
	}
	rc = spawn(spec, &p, &c->pid);
	if (rc != 0) {
		pipes_close(&p);
		return spawn_error(spec, rc, err);
	}
	c->in = p.in[1];
	c->out = p.out[0];
	c->err = p.err[0];
	p.in[1] = p.out[0] = p.err[0] = -1;
	pipes_close(&p);
	for (int i = 0; i < 3; i++) {
		int fd = i == 0 ? c->in : i == 1 ? c->out : c->err;

		if (fd >= 0)
			fcntl(fd, F_SETFL, O_NONBLOCK);
	}
	c->pidfd = open_pidfd(c->pid);
	return 0;
}

/* The child is not reaped before the last signal, so that neither its number
 * nor its group's can belong to somebody else. */
static void send_signal(const struct child *c, int sig)
{
	if (!c->spec->inherit_stdio)
		kill(-c->pid, sig);
	kill(c->pid, sig);
}

static void stop(struct child *c, int64_t now)
{
	if (c->kill_at)
		return;
	send_signal(c, SIGTERM);
	c->kill_at = now + TERM_TO_KILL_US;
}

/* Has it ended? It stays a zombie. */
static bool has_ended(const struct child *c)
{
	siginfo_t info = { 0 };

	/* An error means that somebody else reaped it: it ended as well. */
	if (waitid(P_PID, (id_t)c->pid, &info, WEXITED | WNOHANG | WNOWAIT) < 0)
		return errno != EINTR;
	return info.si_pid == c->pid;
}

static void write_input(struct child *c)
{
	const struct process_spec *spec = c->spec;
	ssize_t n = 0;

	if (c->written < spec->input_len) {
		n = write(c->in, (const char *)spec->input + c->written,
			  spec->input_len - c->written);
		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			return;
	}
	if (n > 0)
		c->written += (size_t)n;
	/* It may well not want to read all. */
	if (n < 0 || c->written == spec->input_len)
		close_fd(&c->in);
}

/* Reads what is there once. -1: out of memory. */
static int read_output(struct child *c, int *fd, struct kept *kept)
{
	char data[CHUNK];
	ssize_t n = read(*fd, data, sizeof data);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return 0;
	if (n <= 0) {
		close_fd(fd);
		return 0;
	}
	c->result.out_total += (uint64_t)n;
	if (c->spec->on_output)
		c->spec->on_output(c->spec->on_output_ctx, data, (size_t)n);
	return kept_add(kept, data, (size_t)n);
}

static int64_t sooner(int64_t a, int64_t b)
{
	return a == 0 || (b != 0 && b < a) ? b : a;
}

/* Milliseconds until something is due by the clock, -1 for never. */
static int wait_ms(const struct child *c, int64_t now)
{
	int64_t at = 0, left;

	if (c->ended_at)
		at = c->ended_at + LINGER_US;
	else if (c->kill_at)
		at = c->killed ? 0 : c->kill_at;
	else
		at = c->deadline;
	if (!c->ended_at && c->pidfd < 0)
		at = sooner(at, now + NAP_MS * 1000);
	if (at == 0)
		return -1;
	left = (at - now + 999) / 1000;
	return left < 0 ? 0 : left > 60000 ? 60000 : (int)left;
}

/* What time and the cancel ask for. */
static void check_limits(struct child *c, int64_t now)
{
	if (c->ended_at)
		return;
	if (!c->kill_at && cancel_signal(c->spec->cancel)) {
		c->result.cancelled = true;
		stop(c, now);
	}
	if (!c->kill_at && c->deadline && now >= c->deadline) {
		c->result.timed_out = true;
		stop(c, now);
	}
	if (c->kill_at && !c->killed && now >= c->kill_at) {
		send_signal(c, SIGKILL);
		c->killed = true;
	}
}

/* One round. 1: goes on, 0: over, -1: out of memory. */
static int turn(struct child *c)
{
	int64_t now = clock_monotonic_us();
	struct pollfd p[5] = {
		{ .fd = c->in, .events = POLLOUT },
		{ .fd = c->out, .events = POLLIN },
		{ .fd = c->err, .events = POLLIN },
		{ .fd = c->ended_at ? -1 : c->pidfd, .events = POLLIN },
		/* fired once, it would be readable for ever */
		{ .fd = c->kill_at || c->ended_at ? -1 : cancel_fd(c->spec->cancel),
		  .events = POLLIN },
	};

	check_limits(c, now);
	if (c->kill_at)
		p[4].fd = -1;
	if (poll(p, 5, wait_ms(c, now)) < 0)
		return errno == EINTR || errno == EAGAIN ? 1 : -1;
	if (p[0].revents)
		write_input(c);
	if ((p[1].revents && read_output(c, &c->out, &c->kept_out) < 0) ||
	    (p[2].revents && read_output(c, &c->err, &c->kept_err) < 0))
		return -1;
	now = clock_monotonic_us();
	if (!c->ended_at) {
		if (c->pidfd >= 0 ? !p[3].revents : !has_ended(c))
			return 1;
		c->ended_at = now;
		close_fd(&c->in);
	}
	return (c->out >= 0 || c->err >= 0) && now < c->ended_at + LINGER_US;
}

static void reap(struct child *c)
{
	int status = 0;
	pid_t got;

	do
		got = waitpid(c->pid, &status, 0);
	while (got < 0 && errno == EINTR);
	c->result.exit_code = -1;
	if (got == c->pid && WIFEXITED(status))
		c->result.exit_code = WEXITSTATUS(status);
	else if (got == c->pid && WIFSIGNALED(status))
		c->result.signal = WTERMSIG(status);
}

/* A child that closes its stdin must not end us by SIGPIPE: the signal is
 * blocked in this thread, and taken back if it came. */
struct pipe_guard {
	sigset_t pipe, old;
	bool was_pending;
};

static void guard_enter(struct pipe_guard *g)
{
	sigset_t pending;

	sigemptyset(&g->pipe);
	sigaddset(&g->pipe, SIGPIPE);
	sigpending(&pending);
	g->was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &g->pipe, &g->old);
}

static void guard_leave(struct pipe_guard *g)
{
	sigset_t pending;

	sigpending(&pending);
	if (!g->was_pending && sigismember(&pending, SIGPIPE)) {
#if defined(__linux__)
		sigtimedwait(&g->pipe, NULL, &(struct timespec){ 0 });
#else
		int sig;

		sigwait(&g->pipe, &sig);
#endif
	}
	pthread_sigmask(SIG_SETMASK, &g->old, NULL);
}

static int finish(struct child *c, int rc, struct error *err)
{
	struct process_result *r = &c->result;
	bool cut_out, cut_err;

	/* The child, should we stop early, and else whom it left behind. */
	if (rc < 0)
		send_signal(c, SIGKILL);
	else if (!c->spec->inherit_stdio)
		kill(-c->pid, SIGKILL);
	/* A slow on_output may have used up the time: what the pipes hold is
	 * at most a few chunks. */
	for (int i = 0; rc >= 0 && i < DRAIN_MAX && (c->out >= 0 || c->err >= 0); i++)
		if ((c->out >= 0 && read_output(c, &c->out, &c->kept_out) < 0) ||
		    (c->err >= 0 && read_output(c, &c->err, &c->kept_err) < 0))
			rc = -1;
	close_fd(&c->in);
	close_fd(&c->out);
	close_fd(&c->err);
	reap(c);
	close_fd(&c->pidfd);
	if (rc < 0 || kept_take(&c->kept_out, &r->out, &r->out_len, &cut_out) < 0 ||
	    kept_take(&c->kept_err, &r->err_out, &r->err_len, &cut_err) < 0)
		return error_oom(err);
	r->truncated = cut_out || cut_err;
	return 0;
}

int process_run(const struct process_spec *spec, struct process_result *ret, struct error *err)
{
	struct child c = { .spec = spec, .pidfd = -1, .in = -1, .out = -1, .err = -1 };
	size_t max = spec->output_max ? spec->output_max : OUTPUT_DEFAULT;
	int64_t began = clock_monotonic_us();
	struct pipe_guard guard;
	int rc;

	if (start(&c, err) < 0)
		return -1;
	kept_init(&c.kept_out, max);
	kept_init(&c.kept_err, max);
	if (spec->timeout_ms > 0)
		c.deadline = began + spec->timeout_ms * 1000;
	guard_enter(&guard);
	do
		rc = turn(&c);
	while (rc > 0);
	guard_leave(&guard);
	rc = finish(&c, rc, err);
	kept_release(&c.kept_out);
	kept_release(&c.kept_err);
	if (rc < 0) {
		process_result_release(&c.result);
		return -1;
	}
	c.result.duration_us = clock_monotonic_us() - began;
	*ret = c.result;
	return 0;
}

void process_result_release(struct process_result *r)
{
	if (!r)
		return;
	free(r->out);
	free(r->err_out);
	*r = (struct process_result){ 0 };
}

/* The last line of text that has something on it. */
static char *last_line(const char *text, size_t len)
{
	const char *begin;

	while (len > 0 && strchr(" \t\r\n", text[len - 1]))
		len--;
	begin = len ? memrchr(text, '\n', len) : NULL;
	begin = begin ? begin + 1 : text;
	return str_ndup(begin, len - (size_t)(begin - text));
}

static int output_error(const struct process_spec *spec, const struct process_result *r,
			struct error *err)
{
	CLEANUP_FREE char *said = last_line(r->err_out, r->err_len);
	const char *const *argv = spec->argv;
	const char *what = argv[1] ? argv[1] : "";
	const char *space = argv[1] ? " " : "";

	if (!said)
		return error_oom(err);
	if (r->cancelled)
		return cancel_check(spec->cancel, err);
	if (r->timed_out)
		return error_set(err, STATUS_USAGE, "%s%s%s did not end within %d s", argv[0], space,
				 what, (int)(spec->timeout_ms / 1000));
	if (r->signal)
		return error_set(err, STATUS_USAGE, "%s%s%s was ended by signal %d", argv[0], space,
				 what, r->signal);
	return error_set(err, STATUS_USAGE, "%s%s%s ended with status %d%s%s", argv[0], space, what,
			 r->exit_code, *said ? ": " : "", said);
}

int process_output(const char *const *argv, const char *cwd, const struct cancel *cancel,
		   char **ret_out, struct error *err)
{
	struct process_spec spec = {
		.argv = argv, .cwd = cwd, .cancel = cancel, .timeout_ms = 60000,
	};
	CLEANUP_PROCESS struct process_result r = { 0 };
	size_t n;

	if (process_run(&spec, &r, err) < 0)
		return -1;
	if (r.exit_code != 0 || r.timed_out || r.cancelled)
		return output_error(&spec, &r, err);
	if (!ret_out)
		return 0;
	n = strlen(r.out);
	while (n > 0 && (r.out[n - 1] == '\n' || r.out[n - 1] == '\r'))
		r.out[--n] = '\0';
	*ret_out = STEAL(r.out);
	return 0;
}
