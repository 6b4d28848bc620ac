/* ulid.h: sortable unique ids (github.com/ulid/spec): 48 bits of
 * milliseconds, 80 random bits, 26 Crockford base-32 characters. Ids made by
 * one process are strictly increasing. Shown to people by their last 8
 * characters. */
#ifndef COUNCIL_ULID_H
#define COUNCIL_ULID_H

#include <stdbool.h>

enum { ULID_LEN = 26, ULID_SHORT = 8 };
struct ulid { char s[ULID_LEN + 1]; };

struct ulid ulid_new(void);
bool ulid_valid(const char *s);            /* 26 characters of the alphabet */
const char *ulid_short(const char *s);     /* borrowed: the last 8 of s */

#endif
