/* gate_broken.h: tells a broken environment from tests that fail.
 *
 * A test that fails since the code under test is wrong, or not there yet, is
 * red, and a reason to work. A tool or a dependency that is missing is not for
 * the personas to mend: the run must not start. In doubt it is red. */
#ifndef COUNCIL_GATE_BROKEN_H
#define COUNCIL_GATE_BROKEN_H

#include "run/gate.h"

/* For a command that ended with exit_code other than 0 and wrote `text`
 * (without escapes, NUL-terminated): the one line that tells what is missing,
 * malloc'd, or NULL where the environment is not at fault. Broken only when
 * no test ran. `root`: the worktree. */
char *gate_broken_reason(const char *root, int exit_code, const struct test_set *tests,
			 const char *text);

/* Whether `name` stands as a word of its own in one of the files at root that
 * list what a project depends on. ASCII case and -, _, . are taken as equal. */
bool gate_depends_on(const char *root, const char *name);

#endif
