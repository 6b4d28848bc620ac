/* fuzz_testparse.c: any output of a test command, whole and in pieces. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/gate.h"
#include "run/gate_text.h"
#include "run/test_parse.h"
#include "util/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sorted, without a name twice, clean, and counted by no more than there is. */
static void check_set(const struct test_set *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		size_t len = strlen(s->v[i].name);

		if (!len || !utf8_valid(s->v[i].name, len) || strpbrk(s->v[i].name, "\n\r\x1b"))
			__builtin_trap();
		if (i && strcmp(s->v[i - 1].name, s->v[i].name) >= 0)
			__builtin_trap();
		if (s->v[i].status > TEST_SKIPPED)
			__builtin_trap();
	}
	if (s->passed < 0 || s->failed < 0 || s->skipped < 0 || (s->n && !s->known))
		__builtin_trap();
}

/* What the parser makes of bytes does not depend on how they come. */
static void check_pieces(const uint8_t *data, size_t size, const struct test_set *whole)
{
	struct test_parser *p = test_parser_new(NULL);
	struct test_set s;
	size_t at, part;

	if (!p)
		return;
	for (at = 0; at < size; at += part) {
		part = 1 + data[at] % 13;
		part = part < size - at ? part : size - at;
		test_parser_feed(p, (const char *)data + at, part);
	}
	if (test_parser_finish(p, &s, NULL) == 0) {
		if (s.n != whole->n || s.passed != whole->passed || s.failed != whole->failed)
			__builtin_trap();
		test_set_release(&s);
	}
	test_parser_free(p);
}

static void check_text(const char *data, size_t size)
{
	char *text = gate_text(data, size, "/home/user", NULL);

	if (text && (strlen(text) > GATE_TEXT_MAX || !utf8_valid(text, strlen(text)) ||
		     strpbrk(text, "\r\x1b\x07")))
		__builtin_trap();
	free(text);
}

/* A set against itself: nothing fixed, nothing broken. */
static void check_comparison(struct test_set *s)
{
	struct gate_result g = { .state = GATE_RED, .exit_code = 1, .tests = *s };
	struct gate_comparison c;

	if (gate_compare(&g, &g, true, &c, NULL))
		return;
	if (c.fixed.n || c.broken.n || c.added_failing.n || !c.step_ok)
		__builtin_trap();
	gate_comparison_release(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct test_set s;

	if (test_parse((const char *)data, size, &s, NULL) == 0) {
		check_set(&s);
		check_pieces(data, size, &s);
		check_comparison(&s);
		test_set_release(&s);
	}
	if (test_parse_junit((const char *)data, size, &s, NULL) == 0) {
		check_set(&s);
		test_set_release(&s);
	}
	check_text((const char *)data, size);
	return 0;
}
