/* trust.h: whether a repository's .council/ may set what matters. `council
 * trust` stores the SHA-256 of everything under .council/ (sorted paths and
 * contents) in $XDG_STATE_HOME/council/trust.json; any change needs it again. */
#ifndef COUNCIL_TRUST_H
#define COUNCIL_TRUST_H

#include <stdbool.h>

#include "util/error.h"
#include "util/str.h"

enum trust_state { TRUST_NONE /* no .council/ */, TRUST_UNTRUSTED, TRUST_CHANGED /* was trusted; differs now */, TRUST_TRUSTED };
/* Grants nothing where .council/ holds a symbolic link or something that is neither file nor
 * folder, more than 1,000 entries or 8 MiB: that could change without its hash changing, or is no
 * settings folder. A repository that is checked and is such a one counts as untrusted. */
int trust_check(const char *repo_top, enum trust_state *ret, struct error *err);
int trust_grant(const char *repo_top, struct error *err);
int trust_revoke(const char *repo_top, bool *ret_was, struct error *err);
/* Paths below .council/ (sorted) that the hash covers. */
int trust_files(const char *repo_top, struct strv *ret, struct error *err);

#endif
