/* repo_fixture.h: a git repository in a temporary folder, for the suites of src/repo.
 *
 * The folder holds repo (branch main: a.txt, b.txt, sub/c.txt, .gitignore), home and state; HOME,
 * XDG_STATE_HOME and git's configuration point there. Scripts run in the folder by sh -e. */
#ifndef COUNCIL_TEST_REPO_FIXTURE_H
#define COUNCIL_TEST_REPO_FIXTURE_H

#include <check.h>

#include "repo/repo.h"

#define RUN "01JCOUNCILTESTRVN00ABCDEFG"

struct fixture {
	char dir[64];
	char *top;         /* dir/repo */
	struct repo *repo; /* opened */
	struct error err;
};

extern struct fixture fx; /* of the test that runs */

void fixture_setup(void);
void fixture_teardown(void);

/* The script must end with 0. */
void sh(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Its output, trailing newlines off, must be `want`. */
void sh_is(const char *want, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Its output, malloc'd. */
char *sh_out(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* Everything of the user's that must not change: HEAD, refs, reflog, stash, status, index bytes and
 * time, files. malloc'd. */
char *user_state(void);
#define assert_untouched(before) do { \
	char *now_ = user_state(); \
	ck_assert_str_eq(now_, before); \
	free(now_); \
} while (0)

#define ok(call) do { \
	int rc_ = (call); \
	ck_assert_msg(rc_ == 0, "%s: %d %s", #call, fx.err.code, fx.err.message); \
} while (0)
/* The call fails with this status and a message that holds this text. */
#define fails(call, status, text) do { \
	fx.err = (struct error){ 0 }; \
	ck_assert_int_eq((call), -1); \
	ck_assert_msg(fx.err.code == (status) && strstr(fx.err.message, text), "%s: %d %s", #call, \
		      fx.err.code, fx.err.message); \
} while (0)

/* A run: its base, worktree and, once committed, head. */
struct trial {
	char base[OID_HEX + 1], head[OID_HEX + 1];
	bool snapshot;
	struct worktree w;
};
void trial_start(struct trial *t);                          /* repo_base and worktree_add */
void trial_commit(struct trial *t, const char *script);     /* script in the worktree, then commit */
void trial_end(struct trial *t);

#endif
