/* pick.h: commits put onto another one in memory. Private to src/repo. */
#ifndef COUNCIL_REPO_PICK_H
#define COUNCIL_REPO_PICK_H

#include "repo/repo_internal.h"

/* Merges trees (ids of commits or trees) three ways: 0 and ret_tree; 1 and the paths in conflict;
 * -1 with err. */
int trees_merge(git_repository *git, const char *ancestor, const char *ours, const char *theirs,
		char ret_tree[OID_HEX + 1], struct strv *ret_conflicts, struct error *err);
/* Cherry-picks base..head onto `onto`, keeping authors and messages; commits that change nothing
 * there are dropped. 0 and the last commit (`onto` itself when nothing was left); 1 and the paths in
 * conflict; -1 with err. Touches no ref and no file. */
int commits_pick(struct repo *r, const char *base, const char *head, const char *onto,
		 char ret_oid[OID_HEX + 1], struct strv *ret_conflicts, struct error *err);
/* "a, b, c and 4 more", malloc'd; NULL: no memory. */
char *paths_text(const struct strv *paths);

#endif
