/* usage_shape.c: endpoints' usage objects, stored in little room.
 *
 * Each call has its own counts, but an endpoint sends the same object around
 * them every time. So the object is kept once, with '#' for each number, and
 * the numbers go with the call. A '#' of the object itself can only stand in
 * a string, where it is not counted. */
#include <string.h>

#include "ledger/ledger_private.h"

/* End of the string that starts at the quote p. */
static const char *skip_string(const char *p)
{
	for (p++; *p && *p != '"'; p++)
		if (*p == '\\' && p[1])
			p++;
	return *p ? p + 1 : p;
}

int usage_split(const char *json_text, struct buf *shape, struct buf *numbers)
{
	const char *p = json_text;

	while (*p) {
		size_t n = strspn(p, "+-.eE0123456789");

		if (*p == '"') {
			const char *end = skip_string(p);

			buf_add(shape, p, (size_t)(end - p));
			p = end;
		} else if (strchr("-0123456789", *p)) {
			buf_addc(shape, '#');
			if (numbers->len)
				buf_addc(numbers, ',');
			buf_add(numbers, p, n);
			p += n;
		} else {
			/* letters are those of true, false and null: an e in them is no exponent */
			buf_addc(shape, *p++);
		}
	}
	return shape->failed || numbers->failed ? -1 : 0;
}

int usage_join(const char *shape, const char *numbers, struct buf *out)
{
	const char *p = shape, *number = numbers;

	while (*p) {
		if (*p == '"') {
			const char *end = skip_string(p);

			buf_add(out, p, (size_t)(end - p));
			p = end;
		} else if (*p == '#') {
			size_t n = strcspn(number, ",");

			if (n == 0)
				return -1;
			buf_add(out, number, n);
			number += n + (number[n] == ',');
			p++;
		} else {
			buf_addc(out, *p++);
		}
	}
	return out->failed || *number ? -1 : 0;
}
