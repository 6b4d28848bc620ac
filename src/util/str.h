/* str.h: small helpers for C strings and for text that came from outside. */
#ifndef COUNCIL_STR_H
#define COUNCIL_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"

/* cleanup attribute for char * and other malloc'd locals */
void free_pointer(void *p); /* frees *(void **)p */
#define CLEANUP_FREE __attribute__((cleanup(free_pointer)))
/* hands over a cleanup local: return STEAL(s); */
#define STEAL(p) ({ __typeof__(p) steal_ = (p); (p) = NULL; steal_; })

bool str_eq(const char *a, const char *b);              /* NULL equals NULL only */
bool str_starts(const char *s, const char *prefix);
bool str_ends(const char *s, const char *suffix);
/* malloc'd printf; NULL when out of memory */
char *str_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* strdup of NULL is NULL */
char *str_dup(const char *s);
char *str_ndup(const char *s, size_t n);

/* Length in bytes of valid UTF-8 at s (1 to 4), or 0 when s[0..n) does not
 * begin with a whole valid character. Overlong forms and surrogates are invalid. */
size_t utf8_char(const char *s, size_t n);
bool utf8_valid(const char *s, size_t n);
/* Appends s as valid UTF-8: each invalid byte becomes U+FFFD. */
int utf8_scrub(struct buf *out, const char *s, size_t n);
/* Appends s for a terminal or a log: valid UTF-8, control characters (C0, C1,
 * DEL, bidi overrides, U+2028 and U+2029) replaced by U+FFFD except \n and \t
 * when `multiline`; there the \r of a \r\n is dropped. */
int text_clean(struct buf *out, const char *s, size_t n, bool multiline);
/* Columns that s takes on a terminal (wcwidth; unknown ones count 1). */
size_t text_width(const char *s);

/* Whole decimal number in [min,max]; the complete string must match. */
bool parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret);
/* A finite double, without the locale; the complete string must match. */
bool parse_double(const char *s, double *ret);

/* Nearest of `names` (NULL-terminated) to `word` by edit distance, or NULL
 * when none is near enough to be meant. */
const char *str_nearest(const char *word, const char *const *names);

/* A growing array of owned strings, NULL-terminated for use as argv. */
struct strv {
	char **v;    /* owned strings; v[n] is NULL (v may be NULL when n is 0) */
	size_t n;
	size_t cap;
};
int strv_add(struct strv *v, const char *s);              /* copies; -1: out of memory */
int strv_addf(struct strv *v, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
bool strv_has(const struct strv *v, const char *s);
int strv_copy(struct strv *out, const struct strv *in);   /* out must be empty */
void strv_release(struct strv *v);
#define CLEANUP_STRV __attribute__((cleanup(strv_release)))

#endif
