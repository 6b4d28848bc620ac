/* regex.h: PCRE2 with UTF and JIT; the only module that includes pcre2.h.
 * Match and depth limits are set, so a hostile subject ends with an error,
 * not a hang. A compiled pattern is immutable and thread-safe. */
#ifndef COUNCIL_REGEX_H
#define COUNCIL_REGEX_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct regex;
enum { REGEX_ICASE = 1, REGEX_MULTILINE = 2, REGEX_BYTES = 4 /* no UTF checking */ };
enum { REGEX_GROUPS = 16 };
struct regex_match { size_t n; struct { size_t start, end; } group[REGEX_GROUPS]; /* start == (size_t)-1: unset */ };

/* NULL with err (STATUS_USAGE, naming the pattern and the place) set. */
struct regex *regex_new(const char *pattern, int flags, struct error *err);
void regex_free(struct regex *r);
/* True when it matches at or after `from`; fills *ret (may be NULL). Limits
 * hit count as no match. Unless REGEX_BYTES is set, a byte of the subject that
 * is no valid UTF-8 matches nothing, not even '.', and what stands on its two
 * sides is matched as usual: the subject needs no check before every search. */
bool regex_find(const struct regex *r, const char *s, size_t len, size_t from, struct regex_match *ret);

#endif
