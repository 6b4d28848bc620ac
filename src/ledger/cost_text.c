/* cost_text.c: money and counts as people write them; see cost.h. */
#include "ledger/cost.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "run/result.h"
#include "util/str.h"

enum { NANO_PER_USD = 1000000000, PPM = 1000000 };

void cost_text(int64_t nano, int64_t unknown_calls, int64_t calls, char out[80])
{
	const char *s = unknown_calls == 1 ? "" : "s";
	char known[32];

	money_format(nano, known);
	if (unknown_calls == 0)
		snprintf(out, 80, "%s", known);
	else if (unknown_calls == calls)
		snprintf(out, 80, "unknown (%" PRId64 " call%s)", unknown_calls, s);
	else
		snprintf(out, 80, "%s + %" PRId64 " call%s unknown", known, unknown_calls, s);
}

void cost_thousands(int64_t n, char out[32])
{
	uint64_t v = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	char back[32];
	size_t len = 0, digits = 0;

	do {
		if (digits && digits % 3 == 0)
			back[len++] = ',';
		back[len++] = (char)('0' + v % 10);
		v /= 10;
		digits++;
	} while (v > 0);
	if (n < 0)
		back[len++] = '-';
	for (size_t i = 0; i < len; i++)
		out[i] = back[len - 1 - i];
	out[len] = '\0';
}

void cost_dollars(int64_t nano, char out[48])
{
	char whole[32], part[16];
	size_t n = 9;

	cost_thousands(nano / NANO_PER_USD, whole);
	snprintf(part, sizeof part, "%09d", (int)(nano % NANO_PER_USD));
	while (n > 2 && part[n - 1] == '0')
		n--;
	snprintf(out, 48, "$%s.%.*s", whole, (int)n, part);
}

void cost_decimal(int64_t nano, char out[32])
{
	snprintf(out, 32, "%" PRId64 ".%09d", nano / NANO_PER_USD, (int)(nano % NANO_PER_USD));
}

/* Decimal digits with at most `places` behind the point, scaled by 10^places,
 * exact. Gives the rest of the text. NULL: not a number, or too large. */
static const char *read_scaled(const char *p, int places, int64_t *ret)
{
	int64_t v = 0;
	int behind = -1;
	bool any = false;

	for (;; p++) {
		if (*p == '.' && behind < 0) {
			behind = 0;
			continue;
		}
		if (*p == ',' && any && behind < 0)
			continue;
		if (*p < '0' || *p > '9')
			break;
		if (behind == places)
			return NULL;
		behind += behind >= 0;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *p - '0', &v))
			return NULL;
		any = true;
	}
	for (int i = behind < 0 ? 0 : behind; i < places; i++)
		if (__builtin_mul_overflow(v, 10, &v))
			return NULL;
	*ret = v;
	return any ? p : NULL;
}

bool cost_parse_count(const char *text, int64_t *ret)
{
	static const char suffixes[] = "kmgt";
	size_t n = text ? strlen(text) : 0;
	const char *at = NULL, *end;
	char last = n ? text[n - 1] : '\0';
	int places = 0;
	int64_t v;

	last = last >= 'A' && last <= 'Z' ? (char)(last - 'A' + 'a') : last;
	last = last == 'b' ? 'g' : last;
	if (last)
		at = strchr(suffixes, last);
	if (at)
		places = 3 * (int)(at - suffixes + 1);
	end = text ? read_scaled(text, places, &v) : NULL;
	if (!end || end != text + n - (at ? 1 : 0))
		return false;
	*ret = v;
	return true;
}

bool cost_parse_sample(const char *text, int64_t calls, int64_t *ret)
{
	int64_t ppm, n;
	const char *end = text ? read_scaled(text, 4, &ppm) : NULL;

	if (end && str_eq(end, "%")) {
		if (ppm <= 0 || ppm > PPM)
			return false;
		n = calls / PPM * ppm + (calls % PPM * ppm + PPM / 2) / PPM;
		*ret = n > 0 ? n : 1;
		return true;
	}
	if (!cost_parse_count(text, &n) || n < 1 || n > calls)
		return false;
	*ret = n;
	return true;
}
