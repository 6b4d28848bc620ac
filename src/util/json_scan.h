/* json_scan.h: the grammar of RFC 8259, checked without building anything.
 *
 * cJSON takes a good deal that is not JSON and says of an error only where it
 * gave up. Every text therefore passes this scanner first: one linear pass
 * without recursion that knows the reason and the place. Private to json.c.
 */
#ifndef COUNCIL_JSON_SCAN_H
#define COUNCIL_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>

enum { JSON_DEPTH_MAX = 64 };

struct json_scan {
	const char *text;
	size_t len;
	size_t at;          /* where to begin; then where the value ends, or the fault is */
	bool lenient;       /* raw control characters in strings pass (not NUL) */
	const char *reason; /* of the fault; a literal */
};

/* One value, white space before it included. False: `reason` and `at` tell. */
bool json_scan_value(struct json_scan *s);
/* Moves `at` over white space. */
void json_scan_space(struct json_scan *s);

#endif
