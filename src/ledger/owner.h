/* owner.h: which process works on a run, and whether it still does.
 *
 * A pid alone says little: it is used again after the process, after the boot
 * and in other containers. So the boot, the pid's namespace and the moment
 * the process started are kept with it. */
#ifndef COUNCIL_LEDGER_OWNER_H
#define COUNCIL_LEDGER_OWNER_H

#include <stdbool.h>
#include <stdint.h>

struct owner {
	char host[65];
	char boot[40];        /* "" where the system has no such id */
	char pid_space[40];   /* "pid:[4026531836]"; "" likewise */
	int64_t pid;
	int64_t pid_started;  /* clock ticks after boot; 0: not known */
};

struct owner owner_self(void);
/* False only when that process is surely gone; one that cannot be looked at
 * from here (another machine, another container) counts as alive. */
bool owner_alive(const struct owner *o);

#endif
