/* protect.h: paths whose edits are refused: whoever writes the code may not
 * weaken what judges it. Tests, CI configuration, lock files, build gates,
 * .council/, plus settings' `protect` patterns. */
#ifndef COUNCIL_PROTECT_H
#define COUNCIL_PROTECT_H

#include <stdbool.h>
#include <stddef.h>

struct protect {
	const char *const *extra;  /* NULL-terminated globs from settings; may be NULL */
	bool allow_tests;          /* --allow-tests: everything but .council/ may be edited */
	const char *build_gate;    /* the gate command: a script it names is protected too; may be NULL */
	const char *build_command; /* what is built with before it: likewise */
};
/* Matches edit_options.is_protected with ctx = struct protect *. */
bool protect_path(void *ctx, const char *path);
/* "tests", "ci", "lock", "build", "settings", "pattern" or NULL: why, for messages. */
const char *protect_reason(const struct protect *p, const char *path);

#endif
