/* gate.h: the repository's own tests as the judge.
 *
 * gate_detect finds the commands; gate_run runs them as `sh -c CMD` under the
 * sandbox and reads what the tests said; gate_compare holds one result against
 * the base's.
 */
#ifndef COUNCIL_GATE_H
#define COUNCIL_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "run/result.h"
#include "util/cancel.h"
#include "util/error.h"
#include "util/str.h"

struct gate_commands {
	char *build;   /* NULL: none */
	char *test;    /* NULL: none */
	char *kind;    /* how it was found: "option", "make", "npm", "pytest", …; NULL */
};
/* Looks at the top folder's files: Makefile `check`/`test`, package.json scripts.test, pytest,
 * unittest, Cargo.toml, go.mod, CTest, meson. Leaves both NULL when nothing is found. */
int gate_detect(const char *root, struct gate_commands *ret, struct error *err);
void gate_commands_release(struct gate_commands *c);

enum test_status { TEST_PASSED, TEST_FAILED, TEST_SKIPPED };
struct test_case {
	char *name;
	enum test_status status;
	bool inner; /* printed by a harness about the inside of another test, or a sum of others:
	             * not counted, and not missed where the output leaves it out */
};
struct test_set {            /* sorted by name; a name that came more than once is failed if any failed */
	struct test_case *v;
	size_t n;
	bool known;          /* the output named tests, or gave counts */
	int passed, failed, skipped; /* from the names, else from a summary line */
	const char *format;  /* what most of it was: "tap", "unittest", "pytest", "go", "cargo", "ctest",
	                      * "check", "automake", "junit", "meson", "gtest", "node", "jest", "mocha",
	                      * "vitest"; NULL: none of them */
};
void test_set_release(struct test_set *s);
/* Reads test output (any mix); bounded: 100,000 names, names cut at 512 bytes. */
int test_parse(const char *text, size_t len, struct test_set *ret, struct error *err);
/* JUnit XML text into the set. */
int test_parse_junit(const char *xml, size_t len, struct test_set *ret, struct error *err);

enum gate_state {
	GATE_GREEN,        /* every command ended 0 */
	GATE_RED,          /* a command ended otherwise */
	GATE_TIMEOUT,
	GATE_BROKEN,       /* the environment: the command is missing (126, 127), imports fail before any test */
	GATE_CANCELLED,
};
struct gate_result {
	enum gate_state state;
	char *command;          /* the one that decided */
	bool build_failed;      /* the build command was the red one */
	int exit_code;          /* of it; 128 + the signal that ended it; -1: it was stopped */
	struct test_set tests;
	char *reason;           /* of GATE_BROKEN: one line that tells what is missing; else NULL; owned */
	char *output;           /* cleaned text: tail for models and people, at most 64 KiB, NUL-terminated; owned */
	int64_t duration_us;
};
void gate_result_release(struct gate_result *g);

struct gate_options {
	const char *root;            /* worktree */
	const char *build, *test;    /* NULL: none of that kind */
	int64_t timeout_ms;          /* for each command */
	const struct cancel *cancel;
	const char *const *env_extra;/* NULL-terminated K=V, or NULL */
	bool sandbox_off;
};
/* 0 whatever the tests say; -1 when it could not be run (STATUS_SANDBOX, …). */
int gate_run(const struct gate_options *o, struct gate_result *ret, struct error *err);

struct gate_comparison {
	bool step_ok;           /* builds, and nothing that was green is red (unparsed: status no worse) */
	bool final_ok;          /* every command ends 0 (or, with allow_known: step_ok and only known failures) */
	struct strv fixed;      /* failed before, passes now */
	struct strv broken;     /* passed before, fails now (or is gone) */
	struct strv known;      /* failed before, fails now */
	struct strv added_failing; /* new names that fail */
	enum proof proof;       /* what this pair proves */
};
/* proof is red-green only when a named test failed before and passes now and none broke; without
 * names: base RED by its tests (not build, not broken) and now GREEN is red-green too, since the
 * command itself is the test; green both times is green-only. */
int gate_compare(const struct gate_result *base, const struct gate_result *now, bool allow_known,
		 struct gate_comparison *ret, struct error *err);
void gate_comparison_release(struct gate_comparison *c);

#endif
