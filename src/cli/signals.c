/* signals.c: see signals.h. */
#include "cli/signals.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

/* Ends the thread. Not by pthread_cancel: that loads libgcc_s when it is called, and aborts where
 * no memory or descriptor is left for it. */
enum { WAKE = SIGUSR2 };

struct signals {
	pthread_t thread;
	sigset_t set;
	struct cancel *cancel;
	atomic_bool stopping;
};

static void *watch(void *ctx)
{
	struct signals *s = ctx;
	bool again = false;
	int number;

	for (;;) {
		if (sigwait(&s->set, &number) != 0)
			continue;
		if (number == WAKE) {
			if (atomic_load(&s->stopping))
				return NULL;
			continue;
		}
		/* Who asks twice does not want to wait for a tidy end; nothing is lost by a kill. */
		if (again)
			_exit(number == SIGTERM ? STATUS_TERMINATED : STATUS_INTERRUPTED);
		again = true;
		cancel_fire(s->cancel, number);
	}
}

static void add_unless_ignored(sigset_t *set, int number)
{
	struct sigaction now;

	if (sigaction(number, NULL, &now) == 0 && now.sa_handler != SIG_IGN)
		sigaddset(set, number);
}

int signals_start(struct cancel *cancel, struct signals **ret, struct error *err)
{
	struct signals *s = calloc(1, sizeof(*s));
	int rc;

	if (!s)
		return error_oom(err);
	s->cancel = cancel;
	sigemptyset(&s->set);
	sigaddset(&s->set, WAKE);
	add_unless_ignored(&s->set, SIGINT);
	add_unless_ignored(&s->set, SIGTERM);
	add_unless_ignored(&s->set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &s->set, NULL);
	rc = pthread_create(&s->thread, NULL, watch, s);
	if (rc != 0) {
		pthread_sigmask(SIG_UNBLOCK, &s->set, NULL);
		free(s);
		return error_sys(err, STATUS_INTERNAL, rc, "cannot start a thread");
	}
	*ret = s;
	return 0;
}

void signals_stop(struct signals *s)
{
	if (!s)
		return;
	atomic_store(&s->stopping, true);
	pthread_kill(s->thread, WAKE);
	pthread_join(s->thread, NULL);
	free(s);
}
