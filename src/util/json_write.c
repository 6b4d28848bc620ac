/* json_write.c: the half of json.h that makes values and text. */
#include <cjson/cJSON.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"
#include "util/str.h"

json *json_object(void)
{
	return cJSON_CreateObject();
}

json *json_array(void)
{
	return cJSON_CreateArray();
}

json *json_new_string(const char *s)
{
	return s ? json_new_stringn(s, strlen(s)) : cJSON_CreateNull();
}

json *json_new_stringn(const char *s, size_t n)
{
	CLEANUP_BUF struct buf b = BUF_INIT(SIZE_MAX / 8);
	size_t from = 0;

	if (!s)
		return cJSON_CreateNull();
	/* A NUL cannot be held by the tree; like an invalid byte it is shown. */
	while (from < n) {
		const char *nul = memchr(s + from, '\0', n - from);
		size_t end = nul ? (size_t)(nul - s) : n;

		if (utf8_scrub(&b, s + from, end - from) < 0 ||
		    (nul && buf_adds(&b, "\xef\xbf\xbd") < 0))
			return NULL;
		from = end + 1;
	}
	return cJSON_CreateString(buf_str(&b));
}

json *json_new_i64(int64_t v)
{
	char text[24];

	/* cJSON prints larger whole numbers with an exponent, or rounded. */
	if (v >= INT_MIN && v <= INT_MAX)
		return cJSON_CreateNumber((double)v);
	snprintf(text, sizeof text, "%" PRId64, v);
	return cJSON_CreateRaw(text);
}

json *json_new_double(double v)
{
	return isfinite(v) ? cJSON_CreateNumber(v) : cJSON_CreateNull();
}

json *json_new_bool(bool v)
{
	return cJSON_CreateBool(v);
}

json *json_new_null(void)
{
	return cJSON_CreateNull();
}

json *json_dup(const json *j)
{
	return j ? cJSON_Duplicate(j, true) : NULL;
}

int json_set(json *obj, const char *key, json *take)
{
	if (!take)
		return -1;
	if (cJSON_IsObject(obj) &&
	    (cJSON_GetObjectItemCaseSensitive(obj, key)
		     ? cJSON_ReplaceItemInObjectCaseSensitive(obj, key, take)
		     : cJSON_AddItemToObject(obj, key, take)))
		return 0;
	cJSON_Delete(take);
	return -1;
}

int json_set_string(json *obj, const char *key, const char *s)
{
	return json_set(obj, key, json_new_string(s));
}

int json_set_i64(json *obj, const char *key, int64_t v)
{
	return json_set(obj, key, json_new_i64(v));
}

int json_set_double(json *obj, const char *key, double v)
{
	return json_set(obj, key, json_new_double(v));
}

int json_set_bool(json *obj, const char *key, bool v)
{
	return json_set(obj, key, json_new_bool(v));
}

int json_append(json *arr, json *take)
{
	if (!take)
		return -1;
	if (cJSON_IsArray(arr) && cJSON_AddItemToArray(arr, take))
		return 0;
	cJSON_Delete(take);
	return -1;
}

/* The length of a character that could steer a terminal and that JSON lets
 * stand as it is: DEL, C1 controls (U+0080-009F), line separators and
 * direction overrides (U+2028-202E, U+2066-2069). 0: none. */
static size_t steers(const unsigned char *s, unsigned *ret)
{
	if (*s == 0x7f) {
		*ret = *s;
		return 1;
	}
	if (s[0] == 0xc2 && s[1] >= 0x80 && s[1] <= 0x9f) {
		*ret = s[1];
		return 2;
	}
	if (s[0] == 0xe2 && ((s[1] == 0x80 && s[2] >= 0xa8 && s[2] <= 0xae) ||
			     (s[1] == 0x81 && s[2] >= 0xa6 && s[2] <= 0xa9))) {
		*ret = 0x2000u + ((s[1] & 0x3fu) << 6) + (s[2] & 0x3fu);
		return 3;
	}
	return 0;
}

/* JSON is read on terminals as well: what could steer one is escaped. */
static char *harmless(char *text)
{
	const unsigned char *s = (const unsigned char *)text, *plain = s;
	CLEANUP_BUF struct buf b = BUF_INIT(SIZE_MAX / 8);
	unsigned code = 0;
	size_t len;

	for (; *s; s++) {
		len = *s < 0x7f ? 0 : steers(s, &code);
		if (!len)
			continue;
		buf_add(&b, plain, (size_t)(s - plain));
		buf_addf(&b, "\\u%04x", code);
		plain = s + len;
		s = plain - 1;
	}
	if (plain == (const unsigned char *)text)
		return text;
	buf_adds(&b, (const char *)plain);
	free(text);
	return b.failed ? NULL : buf_steal(&b, NULL);
}

char *json_print(const json *j)
{
	char *text = j ? cJSON_PrintUnformatted(j) : NULL;

	return text ? harmless(text) : NULL;
}

/* cJSON indents with tabs and puts empty objects on two lines: only the
 * layout is redone here, outside of strings. */
static int indent(struct buf *b, size_t depth)
{
	int rc = buf_addc(b, '\n');

	while (depth-- > 0)
		rc = buf_adds(b, "  ");
	return rc;
}

static void lay_out(struct buf *b, const char *s)
{
	size_t depth = 0;
	bool in_string = false;

	for (; *s; s++) {
		bool opens = *s == '{' || *s == '[', closes = *s == '}' || *s == ']';

		if (in_string) {
			buf_addc(b, *s);
			if (*s == '\\')
				buf_addc(b, *++s);
			else if (*s == '"')
				in_string = false;
			continue;
		}
		if (closes)
			indent(b, --depth);
		buf_addc(b, *s);
		if (*s == '"') {
			in_string = true;
		} else if (opens && (s[1] == '}' || s[1] == ']')) {
			buf_addc(b, *++s);
		} else if (opens) {
			indent(b, ++depth);
		} else if (*s == ',') {
			indent(b, depth);
		} else if (*s == ':') {
			buf_addc(b, ' ');
		}
	}
}

char *json_print_pretty(const json *j)
{
	CLEANUP_FREE char *line = json_print(j);
	CLEANUP_BUF struct buf b = BUF_INIT(SIZE_MAX / 8);

	if (!line)
		return NULL;
	lay_out(&b, line);
	return b.failed ? NULL : buf_steal(&b, NULL);
}
