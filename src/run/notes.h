/* notes.h: what the repository says to those who write code in it: AGENTS.md,
 * or CLAUDE.md where there is none. It is text from the repository as it was at
 * the base, and is marked as such: it informs, and cannot command.
 */
#ifndef COUNCIL_NOTES_H
#define COUNCIL_NOTES_H

#include "run/env.h"

/* Appends the notes, as of commit `oid`, that hold where the user stands and
 * for each of `paths` (may be NULL): of each place the nearest one, once.
 * What is too long is cut, and says so. Errors of `out` are sticky. */
void notes_add(struct run_env *env, const char *oid, const struct strv *paths, struct buf *out);
/* Is this such a file? It need not be shown among the others then. */
bool notes_is(const char *path);

#endif
