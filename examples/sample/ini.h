/* ini.h: a small reader of INI files.
 *
 *   [section]
 *   key = value          ; a comment
 *   quoted = "kept ; as it is"
 *
 * Section and key names are compared without regard to case. A key that comes
 * twice in a section keeps its last value.
 */
#ifndef INI_H
#define INI_H

#include <stddef.h>

#define INI_NAME_MAX 32 /* bytes of a section's or key's name */

struct ini;

enum ini_error {
	INI_OK = 0,
	INI_NO_MEMORY,
	INI_BAD_SECTION, /* no closing bracket, or nothing in between */
	INI_BAD_LINE,    /* neither a section, a comment nor key = value */
	INI_NAME_TOO_LONG,
};

/* Reads a whole text. On an error *ret is not touched, and *ret_line (may be
 * NULL) is the line, from 1. */
enum ini_error ini_parse(const char *text, struct ini **ret, int *ret_line);
void ini_free(struct ini *ini);

/* The value, or NULL. Keys before the first section are in section "". */
const char *ini_get(const struct ini *ini, const char *section, const char *key);
/* The value as a whole number; fallback when absent or not a number. */
long ini_get_long(const struct ini *ini, const char *section, const char *key, long fallback);
/* 1 for yes, true, on, 1; 0 for no, false, off, 0; else the fallback. */
int ini_get_bool(const struct ini *ini, const char *section, const char *key, int fallback);
size_t ini_count(const struct ini *ini);

#endif
