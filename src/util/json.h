/* json.h: JSON values; the only module that includes cJSON.h.
 *
 * Parsing is strict (RFC 8259), refuses a nesting deeper than 64, duplicate
 * keys keep the first. Strings that come back are borrowed from the tree and
 * live as long as it does. Keys compare case-sensitively.
 * A string with an embedded \u0000 is refused at parse (no silent cutting).
 */
#ifndef COUNCIL_JSON_H
#define COUNCIL_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/error.h"

typedef struct cJSON json;

/* NULL with err set ("line L, column C: …", code STATUS_USAGE) on bad input.
 * Free with json_free. */
json *json_parse(const char *text, size_t len, struct error *err);
json *json_parse_file(const char *path, size_t max, struct error *err);
/* Finds the first complete JSON object (or array, when `array`) inside prose
 * or fences: every '{' is tried; NULL when there is none. For models' answers.
 * The largest parsable object wins when several stand side by side. Raw line
 * ends and tabs inside strings, a common slip of models, are let through. */
json *json_extract(const char *text, size_t len, bool array, struct error *err);
void json_free(json *j);
void json_freep(json **j);
#define CLEANUP_JSON __attribute__((cleanup(json_freep)))

/* Reading. All take NULL for j and then answer as for "not there". */
json *json_get(const json *j, const char *key);          /* borrowed, NULL when absent */
json *json_path(const json *j, const char *dotted);      /* "usage.prompt_tokens_details.cached_tokens"; digits index arrays */
const char *json_string(const json *j);                  /* NULL unless a string */
const char *json_get_string(const json *j, const char *key);
bool json_get_bool(const json *j, const char *key, bool fallback);
/* Integer value; fallback when absent or not a whole number within ±2^53. */
int64_t json_get_i64(const json *j, const char *key, int64_t fallback);
double json_get_double(const json *j, const char *key, double fallback);
bool json_is_object(const json *j);
bool json_is_array(const json *j);
bool json_is_string(const json *j);
bool json_is_number(const json *j);
bool json_is_bool(const json *j);
bool json_is_null(const json *j);
double json_double(const json *j);                       /* 0 unless a number */
bool json_bool(const json *j);
size_t json_len(const json *j);                          /* of an array or object */
json *json_at(const json *j, size_t i);                  /* borrowed; O(1) amortised via json_each instead */
const char *json_key(const json *j);                     /* of a member of an object */
/* for (json *it = json_first(arr); it; it = json_next(it)) */
json *json_first(const json *j);
json *json_next(const json *it);

/* Writing. The setters take ownership of the child; a NULL child (out of
 * memory) or failure is remembered by nobody: they return -1. */
json *json_object(void);
json *json_array(void);
json *json_new_string(const char *s);                    /* NULL s gives null; invalid UTF-8 is scrubbed */
json *json_new_stringn(const char *s, size_t n);
json *json_new_i64(int64_t v);                           /* exact for all int64 (raw number) */
json *json_new_double(double v);
json *json_new_bool(bool v);
json *json_new_null(void);
json *json_dup(const json *j);
int json_set(json *obj, const char *key, json *take);    /* replaces; take is freed on failure */
int json_set_string(json *obj, const char *key, const char *s); /* NULL s sets null */
int json_set_i64(json *obj, const char *key, int64_t v);
int json_set_double(json *obj, const char *key, double v);
int json_set_bool(json *obj, const char *key, bool v);
int json_append(json *arr, json *take);

/* One line, no spaces; pretty with two-space indent. Nothing in it steers a
 * terminal: such characters are escaped. malloc'd, NULL: no memory. */
char *json_print(const json *j);
char *json_print_pretty(const json *j);

#endif
