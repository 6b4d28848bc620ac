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

char *json_print(const json *j)
{
	return j ? cJSON_PrintUnformatted(j) : NULL;
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
