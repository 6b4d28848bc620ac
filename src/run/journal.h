/* journal.h: what a run has already been told: every model answer and every
 * gate's result, by the place in the workflow where it came ("plan",
 * "build/1/2", "gate/base"). A run is a function of its base, its options and
 * these; so a killed run is resumed by going through the same workflow again
 * and taking from the journal what is there. No recorded answer is paid twice.
 *
 * File: $XDG_STATE_HOME/council/runs/<run>/journal.ndjson (0600), one object a
 * line, {"key": …, "value": …}, appended by one write each; a null takes the key
 * back, and a line torn by a kill is dropped.
 */
#ifndef COUNCIL_JOURNAL_H
#define COUNCIL_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"
#include "util/json.h"

struct journal;

/* Opens (or makes) and locks the run's journal. STATUS_USAGE when another
 * process holds it: the run is still going on. */
int journal_open(const char *run, struct journal **ret, struct error *err);
void journal_close(struct journal *j);
/* The recorded value at `key`, borrowed; NULL: not recorded, or dropped. */
const json *journal_get(const struct journal *j, const char *key);
/* Takes `value`, which replaces an older one at the key. */
int journal_put(struct journal *j, const char *key, json *take, struct error *err);
/* What is at `key` is not to be taken again: whoever resumes gets it anew. */
int journal_drop(struct journal *j, const char *key, struct error *err);
size_t journal_size(const struct journal *j);

#endif
