/* helper.c: council-sandbox, the program between council and a command.
 *
 * It starts the command in a process group of its own, waits, and sees to it
 * that nothing of the command is left when it reports: as the subreaper of
 * its descendants it inherits every orphan, also those that left the session
 * or the group. It is small and needs libc alone, so that one command costs
 * about a millisecond more than without it. See protocol.h.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/prctl.h>
#include <sys/syscall.h>
#endif

#include "sandbox/protocol.h"

struct task {
	int control;
	int64_t timeout_ms; /* 0: none */
	const char *cwd;
	char **argv;
};

/* Why the command could not be started, sent through a pipe that exec closes. */
struct start_failure {
	int32_t errnum;
	uint32_t stage;
};

struct child {
	pid_t pid;   /* of the command; also its process group */
	bool ended;
	int status;  /* as wait gives it, once ended */
};

/* Set by the handler alone: all that a handler may do. */
static volatile sig_atomic_t stop_asked;

static void on_stop(int sig)
{
	stop_asked = 1;
}

static void on_child(int sig)
{
	/* Only there to end pselect. */
}

static int64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int usage(void)
{
	static const char text[] = "council-sandbox: started by council, not by hand; "
				   "see council-run(1)\n";

	if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
		return 2;
	return 2;
}

static bool parse_number(const char *s, int64_t max, int64_t *ret)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno || end == s || *end || v < 0 || v > max)
		return false;
	*ret = v;
	return true;
}

static bool parse_arguments(int argc, char **argv, struct task *task)
{
	int64_t number;
	int i = 1;

	*task = (struct task){ .control = -1 };
	for (; i + 1 < argc && strcmp(argv[i], "--"); i += 2) {
		if (!strcmp(argv[i], "--control") && parse_number(argv[i + 1], 1023, &number))
			task->control = (int)number;
		else if (!strcmp(argv[i], "--timeout") &&
			 parse_number(argv[i + 1], INT64_MAX / 2000, &number))
			task->timeout_ms = number;
		else if (!strcmp(argv[i], "--cwd"))
			task->cwd = argv[i + 1];
		else
			return false;
	}
	if (i + 1 >= argc || strcmp(argv[i], "--"))
		return false;
	task->argv = argv + i + 1;
	return task->control >= 3 && fcntl(task->control, F_GETFD) >= 0;
}

/* Descriptors that a careless caller left open must not reach the command:
 * an inherited pipe held open by a background child would hang its reader. */
static void close_others(int keep)
{
	int fd;

#if defined(__linux__) && defined(SYS_close_range)
	if (keep == 3 && syscall(SYS_close_range, 4U, ~0U, 0U) == 0)
		return;
#endif
	for (fd = 3; fd < 1024; fd++)
		if (fd != keep)
			close(fd);
}

static int confine(void)
{
	struct rlimit none = { 0, 0 };

	setsid(); /* fails only for a group leader, which has its session then */
	setrlimit(RLIMIT_CORE, &none);
#ifdef __linux__
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -1;
	/* The end of the control stream tells of the parent's death. A signal bound
	 * to the thread that started the helper would end it before its children. */
	prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0);
#endif
	return 0;
}

static void handle(int sig, void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };

	sigemptyset(&action.sa_mask);
	sigaction(sig, &action, NULL);
}

/* Blocks the signals that the loop waits for; they arrive within pselect only. */
static void prepare_signals(sigset_t *ret_wait_mask)
{
	sigset_t block;

	sigemptyset(ret_wait_mask);
	sigemptyset(&block);
	sigaddset(&block, SIGCHLD);
	sigaddset(&block, SIGTERM);
	sigaddset(&block, SIGINT);
	sigaddset(&block, SIGHUP);
	sigprocmask(SIG_SETMASK, &block, NULL);
	handle(SIGCHLD, on_child);
	handle(SIGTERM, on_stop);
	handle(SIGINT, on_stop);
	handle(SIGHUP, on_stop);
	handle(SIGPIPE, SIG_IGN);
}

static void fail_start(int fd, uint32_t stage)
{
	struct start_failure failure = { .errnum = errno, .stage = stage };

	if (write(fd, &failure, sizeof(failure)) < 0)
		_exit(126);
	_exit(127);
}

static void run_command(const struct task *task, int failure_fd)
{
	sigset_t none;
	int sig;

	setpgid(0, 0);
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* for a command that ends its helper */
#endif
	for (sig = 1; sig < NSIG; sig++)
		if (sig != SIGKILL && sig != SIGSTOP)
			signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (task->cwd && chdir(task->cwd))
		fail_start(failure_fd, SANDBOX_STAGE_CWD);
	execvp(task->argv[0], task->argv);
	fail_start(failure_fd, SANDBOX_STAGE_EXEC);
}

/* 0, or -1 with the report filled with why not. */
static int start_command(const struct task *task, struct child *child,
			 struct sandbox_report *report)
{
	struct start_failure failure;
	int pipe_fd[2];
	ssize_t got;

	report->end = SANDBOX_FAILED;
	report->stage = SANDBOX_STAGE_SETUP;
	report->value = 0;
	if (pipe(pipe_fd)) {
		report->value = errno;
		return -1;
	}
	fcntl(pipe_fd[0], F_SETFD, FD_CLOEXEC);
	fcntl(pipe_fd[1], F_SETFD, FD_CLOEXEC);
	child->pid = fork();
	if (child->pid < 0) {
		report->value = errno;
		return -1;
	}
	if (child->pid == 0)
		run_command(task, pipe_fd[1]);
	setpgid(child->pid, child->pid); /* also here: whichever comes first */
	close(pipe_fd[1]);
	do {
		got = read(pipe_fd[0], &failure, sizeof(failure));
	} while (got < 0 && errno == EINTR);
	close(pipe_fd[0]);
	if (got != (ssize_t)sizeof(failure))
		return 0;
	report->value = failure.errnum;
	report->stage = failure.stage;
	waitpid(child->pid, NULL, 0);
	return -1;
}

/* Takes every ended child, the command's among them. False: there is no child left. */
static bool reap(struct child *child)
{
	int status;
	pid_t pid;

	for (;;) {
		pid = waitpid(-1, &status, WNOHANG);
		if (pid == child->pid && !child->ended) {
			child->ended = true;
			child->status = status;
		} else if (pid < 0 && errno != EINTR) {
			return false;
		} else if (pid == 0) {
			return true;
		}
	}
}

/* The client closed its side, or there is something wrong with the stream. */
static bool control_ended(int fd)
{
	char byte;
	ssize_t got = recv(fd, &byte, 1, MSG_DONTWAIT);

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

/* Waits until a signal, the control stream, or `ms` milliseconds (-1: no limit). */
static void wait_event(int control, int64_t ms, const sigset_t *mask)
{
	struct timespec limit = { .tv_sec = (time_t)(ms / 1000),
				  .tv_nsec = (long)(ms % 1000) * 1000000 };
	fd_set set;

	FD_ZERO(&set);
	if (control >= 0)
		FD_SET(control, &set);
	pselect(control + 1, &set, NULL, NULL, ms < 0 ? NULL : &limit, mask);
}

/* Runs until the command ends, its time is over, or it is to be stopped. */
static void supervise(const struct task *task, struct child *child, const sigset_t *mask,
		      struct sandbox_report *report)
{
	int64_t deadline = task->timeout_ms ? now_ms() + task->timeout_ms : 0;
	int64_t left = -1;

	for (;;) {
		reap(child);
		if (child->ended)
			return;
		if (stop_asked || control_ended(task->control)) {
			report->cancelled = 1;
			return;
		}
		if (deadline) {
			left = deadline - now_ms();
			if (left <= 0) {
				report->timed_out = 1;
				return;
			}
		}
		wait_event(task->control, left, mask);
	}
}

#ifdef __linux__
struct process { pid_t pid, parent; bool ours; };
struct process_table { struct process *v; size_t n, cap; };

/* The fourth field of /proc/PID/stat, behind a name that may hold anything. */
static pid_t parent_of(const char *pid)
{
	char path[64], text[512], *p;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%s/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (got <= 0)
		return -1;
	text[got] = '\0';
	p = strrchr(text, ')');
	if (!p || strlen(p) < 5)
		return -1;
	return (pid_t)strtol(p + 4, NULL, 10); /* ") S PARENT" */
}

static bool table_add(struct process_table *t, pid_t pid, pid_t parent)
{
	struct process *grown;

	if (t->n == t->cap) {
		grown = realloc(t->v, (t->cap ? t->cap * 2 : 256) * sizeof(*grown));
		if (!grown)
			return false;
		t->v = grown;
		t->cap = t->cap ? t->cap * 2 : 256;
	}
	t->v[t->n++] = (struct process){ .pid = pid, .parent = parent };
	return true;
}

static int by_pid(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return (x->pid > y->pid) - (x->pid < y->pid);
}

/* Marks the descendants of `root`: parents may have higher numbers than their
 * children, so it goes round until a round adds none. */
static void table_mark(struct process_table *t, pid_t root)
{
	struct process key = { 0 }, *parent;
	bool more = true;
	size_t i;

	if (!t->n)
		return;
	qsort(t->v, t->n, sizeof(*t->v), by_pid);
	while (more) {
		more = false;
		for (i = 0; i < t->n; i++) {
			if (t->v[i].ours)
				continue;
			key.pid = t->v[i].parent;
			parent = bsearch(&key, t->v, t->n, sizeof(*t->v), by_pid);
			if (t->v[i].parent == root || (parent && parent->ours))
				t->v[i].ours = more = true;
		}
	}
}

/* Sends `sig` to every descendant that /proc shows; their number. */
static uint32_t signal_descendants(int sig)
{
	struct process_table t = { 0 };
	struct dirent *entry;
	uint32_t sent = 0;
	pid_t parent;
	DIR *proc;
	size_t i;

	proc = opendir("/proc");
	if (!proc)
		return 0;
	while ((entry = readdir(proc))) {
		if (entry->d_name[0] < '1' || entry->d_name[0] > '9')
			continue;
		parent = parent_of(entry->d_name);
		if (parent > 0 && !table_add(&t, (pid_t)strtol(entry->d_name, NULL, 10), parent))
			break;
	}
	closedir(proc);
	table_mark(&t, getpid());
	for (i = 0; i < t.n; i++)
		if (t.v[i].ours && kill(t.v[i].pid, sig) == 0)
			sent++;
	free(t.v);
	return sent;
}
static uint32_t signal_all(const struct child *child, int sig)
{
	uint32_t n = signal_descendants(sig);

	if (!n) /* there are children, and no /proc that shows them */
		kill(-child->pid, sig);
	return n;
}

/* Ends all that is left. A stopped process takes SIGTERM only once continued. */
static void end_descendants(struct child *child, const sigset_t *mask,
			    struct sandbox_report *report)
{
	int64_t started = now_ms();
	int64_t left;

	if (!reap(child))
		return;
	report->ended = signal_all(child, SIGTERM);
	signal_all(child, SIGCONT);
	while (reap(child)) {
		left = started + SANDBOX_GRACE_MS - now_ms();
		if (left <= 0)
			break;
		wait_event(-1, left, mask);
	}
	started = now_ms();
	while (reap(child)) {
		report->left = signal_all(child, SIGKILL);
		if (now_ms() - started >= SANDBOX_GIVE_UP_MS)
			return;
		wait_event(-1, 5, mask);
	}
	report->left = 0;
}
#else
/* Without a subreaper: the group alone. It exists as long as one of its members does. */
static void end_descendants(struct child *child, const sigset_t *mask,
			    struct sandbox_report *report)
{
	int64_t started = now_ms();

	if (kill(-child->pid, SIGTERM) == 0) {
		report->ended = 1;
		kill(-child->pid, SIGCONT);
		while (now_ms() - started < SANDBOX_GRACE_MS && kill(-child->pid, 0) == 0) {
			reap(child);
			wait_event(-1, 5, mask);
		}
		kill(-child->pid, SIGKILL);
	}
	while (reap(child) && now_ms() - started < SANDBOX_GIVE_UP_MS)
		wait_event(-1, 5, mask);
}
#endif

static int send_report(int fd, const struct sandbox_report *report)
{
	const char *p = (const char *)report;
	size_t left = sizeof(*report);
	ssize_t sent;

	while (left) {
		sent = send(fd, p, left, 0);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return -1;
		p += sent;
		left -= (size_t)sent;
	}
	return 0;
}

/* The output pipe must end with the command, not with the helper. */
static void drop_output(void)
{
	int fd = open("/dev/null", O_RDWR);

	if (fd < 0) {
		close(STDOUT_FILENO);
		close(STDERR_FILENO);
		return;
	}
	dup2(fd, STDOUT_FILENO);
	dup2(fd, STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	struct sandbox_report report = { .magic = SANDBOX_MAGIC };
	struct child child = { 0 };
	struct task task;
	sigset_t mask;

	if (!parse_arguments(argc, argv, &task))
		return usage();
	fcntl(task.control, F_SETFD, FD_CLOEXEC);
	close_others(task.control);
	prepare_signals(&mask);
	if (confine()) {
		report.end = SANDBOX_FAILED;
		report.value = errno;
		return send_report(task.control, &report) ? 1 : 0;
	}
	if (start_command(&task, &child, &report))
		return send_report(task.control, &report) ? 1 : 0;
	drop_output();
	supervise(&task, &child, &mask, &report);
	end_descendants(&child, &mask, &report);
	if (!child.ended) { /* not even SIGKILL ended it */
		report.end = SANDBOX_SIGNALED;
		report.value = SIGKILL;
	} else if (WIFSIGNALED(child.status)) {
		report.end = SANDBOX_SIGNALED;
		report.value = WTERMSIG(child.status);
	} else {
		report.end = SANDBOX_EXITED;
		report.value = WEXITSTATUS(child.status);
	}
	return send_report(task.control, &report) ? 1 : 0;
}
