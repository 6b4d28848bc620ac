/* test_parse.h: how test output becomes names and counts; between gate.c and
 * the test_parse_*.c files.
 *
 * The parser is fed bytes as they come and works by lines, so that output of
 * any length takes constant memory. Each line, without its escapes, is shown
 * to the formats in turn until one takes it. A format keeps what it must
 * remember between lines in its own struct here.
 *
 * Harnesses (ctest, Automake, meson) may print what ran inside a test, and
 * mostly only of tests that fail: such names are `inner`. They are kept, for
 * they say most precisely what failed, but not counted, and their absence
 * from another output says nothing.
 */
#ifndef COUNCIL_TEST_PARSE_H
#define COUNCIL_TEST_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "run/gate.h"

enum test_format {
	FORMAT_TAP, FORMAT_UNITTEST, FORMAT_PYTEST, FORMAT_GO, FORMAT_CARGO, FORMAT_CTEST,
	FORMAT_CHECK, FORMAT_AUTOMAKE, FORMAT_JUNIT, FORMAT_MESON, FORMAT_GTEST, FORMAT_NODE,
	FORMAT_JEST, FORMAT_MOCHA, FORMAT_VITEST, FORMATS,
};

enum {
	TEST_NAMES_MAX = 100000,
	TEST_NAME_LEN = 512,
	TEST_BYTES_MAX = 32 << 20, /* of all names together */
	TEST_LINE_MAX = 8192,      /* the rest of a longer line is not read */
	REPEATED_LEN = 256,        /* longer lines are read each time */
	REPEATS_READ = 8,
	TEST_DEPTH = 12,           /* nesting of suites; deeper ones share the last level's name */
	TEST_RUNNING = 3,          /* besides enum test_status: started, no result seen */
};

struct named_test {
	char *name; /* owned */
	unsigned char status, format;
	bool inner;
};

struct test_list {
	struct named_test *v;
	size_t n, cap, bytes;
	bool failed; /* out of memory */
};
/* Copies the name, cleaned and cut; beyond the bounds it is dropped. */
void test_list_add(struct test_list *l, enum test_format format, const char *name, size_t len,
		   int status, bool inner);
/* Sorts and joins equal names: failed before passed before skipped before running. */
void test_list_merge(struct test_list *l);
void test_list_release(struct test_list *l);

struct summary { bool seen; long passed, failed, skipped; };

struct tree_level { int indent; char name[TEST_NAME_LEN]; };
struct tree { struct tree_level level[TEST_DEPTH]; int n; };

struct test_parser {
	struct test_list tests;
	struct summary summary[FORMATS];
	bool inside[FORMATS];        /* between a harness's first line and its summary */
	char line[TEST_LINE_MAX + 1];
	size_t line_len;
	bool after_return;           /* the last line ended with a carriage return */
	size_t previous_len;         /* of the line before */
	bool previous_ruled;         /* it was a rule of '=' */
	char last[REPEATED_LEN];     /* the line before as it came, where it fits */
	size_t last_len;
	unsigned repeats;            /* of that line, running, which told nothing */

	struct { struct tree subtests; bool child_seen[TEST_DEPTH]; } tap;
	struct { char pending[TEST_NAME_LEN]; long ran; } unittest;
	struct { bool in_summary; } pytest;
	struct { struct test_list pending; char failed_package[TEST_NAME_LEN]; } go;
	struct { char binary[TEST_NAME_LEN]; } cargo;
	struct { char held[TEST_NAME_LEN]; int held_status; bool in_totals; } automake;
	struct {
		struct tree tree;
		char file[TEST_NAME_LEN]; /* jest's current one; "" otherwise */
		bool follows;             /* the line before belongs to the tree */
		bool listing;             /* the repeated failures at the end */
		bool vitest;
	} js;
	struct {
		bool on;
		char tag[TEST_LINE_MAX];  /* an element that goes on over lines */
		size_t tag_len;
		bool in_tag, in_case;
		char quote;
		char name[TEST_NAME_LEN];
		int status;
		int depth;                /* of open suites */
		int comment;              /* 0, or 1 in a comment, 2 in CDATA */
	} junit;
};

struct test_parser *test_parser_new(struct error *err);
void test_parser_feed(struct test_parser *p, const char *data, size_t len);
/* Ends the input; fills *ret, which the caller releases. */
int test_parser_finish(struct test_parser *p, struct test_set *ret, struct error *err);
void test_parser_free(struct test_parser *p);

/* For the formats. `inner` is or-ed with being inside another harness. */
void test_found(struct test_parser *p, enum test_format f, const char *name, size_t len,
		int status, bool inner);
void test_counted(struct test_parser *p, enum test_format f, long passed, long failed,
		  long skipped);
/* Reads a decimal number and moves past it; false when there is none. Saturates. */
bool take_number(const char **s, long *ret);
bool take_word(const char **s, const char *word); /* moves past a prefix */
size_t indent_of(const char *s);
/* Copies with truncation, NUL-terminated. */
void copy_name(char out[TEST_NAME_LEN], const char *s, size_t len);
/* Enters a level: everything at this indent or deeper is left first. */
void tree_push(struct tree *t, int indent, const char *name, size_t len);
void tree_pop(struct tree *t, int indent);
/* Length of name without a duration behind it: "(5 ms)", "(0.1s)", " 12ms". */
size_t without_duration(const char *s, size_t len);

/* Each takes one line, NUL-terminated; true when it was theirs. */
bool parse_tap(struct test_parser *p, const char *s, size_t len);
bool parse_unittest(struct test_parser *p, const char *s, size_t len);
bool parse_pytest(struct test_parser *p, const char *s, size_t len);
bool parse_go(struct test_parser *p, const char *s, size_t len);
void finish_go(struct test_parser *p);
bool parse_cargo(struct test_parser *p, const char *s, size_t len);
bool parse_ctest(struct test_parser *p, const char *s, size_t len);
bool parse_meson(struct test_parser *p, const char *s, size_t len);
bool parse_check(struct test_parser *p, const char *s, size_t len);
bool parse_gtest(struct test_parser *p, const char *s, size_t len);
bool parse_automake(struct test_parser *p, const char *s, size_t len);
void finish_automake(struct test_parser *p, bool ruled);
bool parse_js(struct test_parser *p, const char *s, size_t len);
bool parse_junit_line(struct test_parser *p, const char *s, size_t len);

#endif
