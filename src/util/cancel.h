/* cancel.h: a request to stop, raised once, seen by all that wait.
 *
 * main raises it when a signal arrives; blocking calls poll its descriptor
 * beside their own. Thread-safe. */
#ifndef COUNCIL_CANCEL_H
#define COUNCIL_CANCEL_H

#include "util/error.h"

struct cancel;

struct cancel *cancel_new(struct error *err);
void cancel_free(struct cancel *c);
/* The first signal number given stays (SIGINT, SIGTERM, SIGHUP).
 * Async-signal-safe: a handler may call it. */
void cancel_fire(struct cancel *c, int signal_number);
/* 0, or the signal number. NULL c: 0. */
int cancel_signal(const struct cancel *c);
/* Readable once fired, for poll; never read from it. NULL c: -1. */
int cancel_fd(const struct cancel *c);
/* -1 with STATUS_INTERRUPTED or STATUS_TERMINATED when fired, else 0. */
int cancel_check(const struct cancel *c, struct error *err);

#endif
