/* json.c: parsing and reading; see json.h. Writing is in json_write.c. */
#include "util/json.h"

#include <cjson/cJSON.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/json_scan.h"
#include "util/str.h"

static const double whole_max = 9007199254740992.0; /* 2^53 */

static void report(const struct json_scan *s, struct error *err)
{
	size_t line = 1, column = 1;

	for (size_t i = 0; i < s->at && i < s->len; i++) {
		if (s->text[i] == '\n') {
			line++;
			column = 1;
		} else if (((unsigned char)s->text[i] & 0xc0) != 0x80) {
			column++;
		}
	}
	error_set(err, STATUS_USAGE, "line %zu, column %zu: %s", line, column, s->reason);
}

/* Builds the tree of text that the scanner passed. */
static json *build(const char *text, size_t len, struct error *err)
{
	json *j = cJSON_ParseWithLength(text, len);

	if (!j)
		error_oom(err); /* nothing else is left that could fail */
	return j;
}

json *json_parse(const char *text, size_t len, struct error *err)
{
	struct json_scan s = { .text = text, .len = len };

	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
		s.at = 3; /* a byte order mark, which editors leave */
	text += s.at;
	if (!json_scan_value(&s)) {
		report(&s, err);
		return NULL;
	}
	json_scan_space(&s);
	if (s.at < s.len) {
		s.reason = "text follows the end of the value";
		report(&s, err);
		return NULL;
	}
	return build(text, len - (size_t)(text - s.text), err);
}

json *json_parse_file(const char *path, size_t max, struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT(max);
	json *j;

	if (buf_read_file(&b, path, err) < 0)
		return NULL;
	j = json_parse(buf_str(&b), b.len, err);
	if (!j)
		error_prefix(err, "%s", path);
	return j;
}

/* Why this stays linear on hostile text: two tries that both reach a byte
 * either read it in the same state, and then one's opening bracket is on the
 * other's stack, which holds 64, or in opposite states (in a string, not in
 * one). So no byte is read by more than 128 tries. */
json *json_extract(const char *text, size_t len, bool array, struct error *err)
{
	size_t best = 0, best_len = 0;

	for (size_t i = 0; i < len;) {
		struct json_scan s = { .text = text, .len = len, .lenient = true };
		const char *open = memchr(text + i, array ? '[' : '{', len - i);

		if (!open)
			break;
		i = s.at = (size_t)(open - text);
		if (!json_scan_value(&s)) {
			i++;
			continue;
		}
		if (s.at - i > best_len) {
			best = i;
			best_len = s.at - i;
		}
		i = s.at;
	}
	if (best_len == 0) {
		error_set(err, STATUS_USAGE, "no complete JSON %s in the text",
			  array ? "array" : "object");
		return NULL;
	}
	return build(text + best, best_len, err);
}

void json_free(json *j)
{
	cJSON_Delete(j);
}

void json_freep(json **j)
{
	cJSON_Delete(*j);
	*j = NULL;
}

json *json_get(const json *j, const char *key)
{
	return cJSON_IsObject(j) ? cJSON_GetObjectItemCaseSensitive(j, key) : NULL;
}

json *json_path(const json *j, const char *dotted)
{
	CLEANUP_FREE char *copy = str_dup(dotted);
	const json *at = j;
	char *rest = copy;
	char *part;

	while (at && (part = strsep(&rest, "."))) {
		int64_t i;

		if (!cJSON_IsArray(at))
			at = json_get(at, part);
		else if (*part != '+' && parse_i64(part, 0, INT32_MAX, &i))
			at = json_at(at, (size_t)i);
		else
			at = NULL;
	}
	return copy ? (json *)at : NULL;
}

const char *json_string(const json *j)
{
	return cJSON_GetStringValue(j);
}

const char *json_get_string(const json *j, const char *key)
{
	return json_string(json_get(j, key));
}

bool json_get_bool(const json *j, const char *key, bool fallback)
{
	const json *v = json_get(j, key);

	return cJSON_IsBool(v) ? cJSON_IsTrue(v) : fallback;
}

int64_t json_get_i64(const json *j, const char *key, int64_t fallback)
{
	const json *v = json_get(j, key);
	int64_t exact;

	if (cJSON_IsRaw(v)) /* of json_new_i64 */
		return parse_i64(v->valuestring, INT64_MIN, INT64_MAX, &exact) ? exact : fallback;
	if (!cJSON_IsNumber(v) || !(fabs(v->valuedouble) <= whole_max) ||
	    floor(v->valuedouble) != v->valuedouble)
		return fallback;
	return (int64_t)v->valuedouble;
}

double json_get_double(const json *j, const char *key, double fallback)
{
	const json *v = json_get(j, key);

	return json_is_number(v) ? json_double(v) : fallback;
}

bool json_is_object(const json *j)
{
	return cJSON_IsObject(j);
}

bool json_is_array(const json *j)
{
	return cJSON_IsArray(j);
}

bool json_is_string(const json *j)
{
	return cJSON_IsString(j);
}

/* Raw items are numbers always: json_new_i64 alone makes them. */
bool json_is_number(const json *j)
{
	return cJSON_IsNumber(j) || cJSON_IsRaw(j);
}

bool json_is_bool(const json *j)
{
	return cJSON_IsBool(j);
}

bool json_is_null(const json *j)
{
	return cJSON_IsNull(j);
}

double json_double(const json *j)
{
	double v;

	if (cJSON_IsNumber(j))
		return j->valuedouble;
	return cJSON_IsRaw(j) && parse_double(j->valuestring, &v) ? v : 0;
}

bool json_bool(const json *j)
{
	return cJSON_IsTrue(j);
}

static bool has_children(const json *j)
{
	return cJSON_IsArray(j) || cJSON_IsObject(j);
}

size_t json_len(const json *j)
{
	return has_children(j) ? (size_t)cJSON_GetArraySize(j) : 0;
}

json *json_at(const json *j, size_t i)
{
	json *it = json_first(j);

	while (it && i-- > 0)
		it = it->next;
	return it;
}

const char *json_key(const json *j)
{
	return j ? j->string : NULL;
}

json *json_first(const json *j)
{
	return has_children(j) ? j->child : NULL;
}

json *json_next(const json *it)
{
	return it ? it->next : NULL;
}
