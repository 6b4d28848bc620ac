/* regex.c: see regex.h. */
#include "util/regex.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

enum {
	MATCH_LIMIT = 1000000,
	DEPTH_LIMIT = 100000,
	HEAP_LIMIT_KIB = 32768,
};

struct regex {
	pcre2_code *code;
	pcre2_match_context *limits;
};

static uint32_t compile_options(int flags)
{
	uint32_t o = 0;

	if (flags & REGEX_ICASE)
		o |= PCRE2_CASELESS;
	if (flags & REGEX_MULTILINE)
		o |= PCRE2_MULTILINE;
	if (!(flags & REGEX_BYTES))
		o |= PCRE2_UTF | PCRE2_UCP | PCRE2_MATCH_INVALID_UTF;
	return o;
}

struct regex *regex_new(const char *pattern, int flags, struct error *err)
{
	struct regex *r = calloc(1, sizeof *r);
	PCRE2_SIZE at = 0;
	int code = 0;

	if (!r) {
		error_oom(err);
		return NULL;
	}
	r->code = pcre2_compile((PCRE2_SPTR)pattern, strlen(pattern), compile_options(flags), &code,
				&at, NULL);
	if (!r->code) {
		unsigned char why[160];

		if (pcre2_get_error_message(code, why, sizeof why) < 0)
			why[0] = '\0';
		error_set(err, STATUS_USAGE, "pattern '%s', character %zu: %s", pattern,
			  (size_t)at + 1, (const char *)why);
		regex_free(r);
		return NULL;
	}
	/* Where no executable memory is to be had the interpreter does it. */
	(void)pcre2_jit_compile(r->code, PCRE2_JIT_COMPLETE);
	r->limits = pcre2_match_context_create(NULL);
	if (!r->limits) {
		regex_free(r);
		error_oom(err);
		return NULL;
	}
	pcre2_set_match_limit(r->limits, MATCH_LIMIT);
	pcre2_set_depth_limit(r->limits, DEPTH_LIMIT);
	pcre2_set_heap_limit(r->limits, HEAP_LIMIT_KIB);
	return r;
}

void regex_free(struct regex *r)
{
	if (!r)
		return;
	pcre2_match_context_free(r->limits);
	pcre2_code_free(r->code);
	free(r);
}

static void fill(struct regex_match *ret, const pcre2_match_data *data, int n)
{
	const PCRE2_SIZE *at = pcre2_get_ovector_pointer((pcre2_match_data *)data);

	ret->n = n > REGEX_GROUPS || n == 0 ? REGEX_GROUPS : (size_t)n;
	for (size_t i = 0; i < REGEX_GROUPS; i++) {
		bool set = i < ret->n && at[2 * i] != PCRE2_UNSET;

		ret->group[i].start = set ? at[2 * i] : (size_t)-1;
		ret->group[i].end = set ? at[2 * i + 1] : (size_t)-1;
	}
}

bool regex_find(const struct regex *r, const char *s, size_t len, size_t from,
		struct regex_match *ret)
{
	pcre2_match_data *data;
	int n;

	if (from > len)
		return false;
	if (!s)
		s = "";
	data = pcre2_match_data_create(REGEX_GROUPS, NULL);
	if (!data)
		return false;
	n = pcre2_match(r->code, (PCRE2_SPTR)s, len, from, 0, data, r->limits);
	/* The compiled code has a small stack; the interpreter uses the heap. */
	if (n == PCRE2_ERROR_JIT_STACKLIMIT)
		n = pcre2_match(r->code, (PCRE2_SPTR)s, len, from, PCRE2_NO_JIT, data, r->limits);
	if (n >= 0 && ret)
		fill(ret, data, n);
	pcre2_match_data_free(data);
	return n >= 0;
}
