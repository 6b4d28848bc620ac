/* signals.h: from signals to a cancel. The signals are blocked in every
 * thread; one thread waits for them. The first fires the cancel, the second
 * ends the program at once. What was ignored when the program started (nohup,
 * a background job) stays ignored. */
#ifndef COUNCIL_SIGNALS_H
#define COUNCIL_SIGNALS_H

#include "util/cancel.h"
#include "util/error.h"

struct signals;

/* Call before any other thread is made. Borrows cancel. */
int signals_start(struct cancel *cancel, struct signals **ret, struct error *err);
void signals_stop(struct signals *s); /* NULL-safe */

#endif
