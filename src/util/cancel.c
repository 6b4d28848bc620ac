/* cancel.c: see cancel.h. */
#include "util/cancel.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

struct cancel {
	atomic_int signal_number;
	int fd[2]; /* a pipe; one byte is written once and never read */
};

struct cancel *cancel_new(struct error *err)
{
	struct cancel *c = calloc(1, sizeof *c);

	if (!c) {
		error_oom(err);
		return NULL;
	}
	if (pipe(c->fd) < 0) {
		error_sys(err, STATUS_INTERNAL, errno, "cannot make a pipe");
		free(c);
		return NULL;
	}
	for (int i = 0; i < 2; i++) {
		fcntl(c->fd[i], F_SETFD, FD_CLOEXEC);
		fcntl(c->fd[i], F_SETFL, O_NONBLOCK);
	}
	return c;
}

void cancel_free(struct cancel *c)
{
	if (!c)
		return;
	close(c->fd[0]);
	close(c->fd[1]);
	free(c);
}

void cancel_fire(struct cancel *c, int signal_number)
{
	int none = 0;
	int saved = errno;

	if (!c || signal_number <= 0)
		return;
	if (atomic_compare_exchange_strong(&c->signal_number, &none, signal_number)) {
		/* An empty pipe takes one byte; there is nothing to do if not. */
		ssize_t n = write(c->fd[1], "", 1);

		(void)n;
	}
	errno = saved;
}

int cancel_signal(const struct cancel *c)
{
	return c ? atomic_load(&c->signal_number) : 0;
}

int cancel_fd(const struct cancel *c)
{
	return c ? c->fd[0] : -1;
}

int cancel_check(const struct cancel *c, struct error *err)
{
	int n = cancel_signal(c);

	if (n == 0)
		return 0;
	if (n == SIGTERM)
		return error_set(err, STATUS_TERMINATED, "terminated");
	return error_set(err, STATUS_INTERRUPTED, "interrupted");
}
