/* str.c: see str.h. */
#include "util/str.h"

#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif

void free_pointer(void *p)
{
	void *what;

	memcpy(&what, p, sizeof what);
	free(what);
}

bool str_eq(const char *a, const char *b)
{
	if (!a || !b)
		return a == b;
	return strcmp(a, b) == 0;
}

bool str_starts(const char *s, const char *prefix)
{
	return s && prefix && strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_ends(const char *s, const char *suffix)
{
	size_t n, m;

	if (!s || !suffix)
		return false;
	n = strlen(s);
	m = strlen(suffix);
	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

__attribute__((format(printf, 1, 0)))
static char *vprintf_alloc(const char *fmt, va_list ap)
{
	char *s = NULL;

	return vasprintf(&s, fmt, ap) < 0 ? NULL : s;
}

char *str_printf(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vprintf_alloc(fmt, ap);
	va_end(ap);
	return s;
}

char *str_dup(const char *s)
{
	return s ? strdup(s) : NULL;
}

char *str_ndup(const char *s, size_t n)
{
	return s ? strndup(s, n) : NULL;
}

bool parse_i64(const char *s, int64_t min, int64_t max, int64_t *ret)
{
	bool negative;
	int64_t v = 0;

	if (!s)
		return false;
	negative = *s == '-';
	if (*s == '-' || *s == '+')
		s++;
	if (!*s)
		return false;
	/* Summed below zero, where there is one value more. */
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return false;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_sub_overflow(v, *s - '0', &v))
			return false;
	}
	if (!negative && __builtin_mul_overflow(v, -1, &v))
		return false;
	if (v < min || v > max)
		return false;
	*ret = v;
	return true;
}

bool parse_double(const char *s, double *ret)
{
	locale_t c;
	char *end;
	double v;

	/* strtod also takes spaces, hexadecimal, "inf" and "nan" */
	if (!s || !*s || s[strspn(s, "0123456789+-.eE")] != '\0')
		return false;
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return false;
	v = strtod_l(s, &end, c);
	freelocale(c);
	if (end == s || *end || !isfinite(v))
		return false;
	*ret = v;
	return true;
}

enum { WORD_MAX = 48 };

static int lower(char c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c == '_' ? '-' : c;
}

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Edit distance where two neighbours changing places count as one edit. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t d[WORD_MAX + 1][WORD_MAX + 1];

	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			size_t cost = lower(a[i - 1]) != lower(b[j - 1]);

			d[i][j] = min3(d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + cost);
			if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) &&
			    lower(a[i - 2]) == lower(b[j - 1]) && d[i - 2][j - 2] + 1 < d[i][j])
				d[i][j] = d[i - 2][j - 2] + 1;
		}
	}
	return d[n][m];
}

const char *str_nearest(const char *word, const char *const *names)
{
	const char *best = NULL;
	size_t best_distance, n;

	if (!word || !names)
		return NULL;
	n = strlen(word);
	if (n == 0 || n > WORD_MAX)
		return NULL;
	/* One edit in short words, one more for every three characters. */
	best_distance = 1 + n / 3;
	if (best_distance > n - 1)
		best_distance = n - 1;
	for (; *names; names++) {
		size_t m = strlen(*names);
		size_t d;

		if (m > WORD_MAX || m == 0)
			continue;
		d = distance(word, n, *names, m);
		if (d < best_distance || (d == best_distance && !best && d > 0) || d == 0) {
			best = *names;
			best_distance = d;
		}
	}
	return best;
}

static int strv_take(struct strv *v, char *s)
{
	if (!s)
		return -1;
	if (v->n + 1 >= v->cap) {
		size_t cap = v->cap ? v->cap * 2 : 8;
		char **grown = reallocarray(v->v, cap, sizeof *grown);

		if (!grown) {
			free(s);
			return -1;
		}
		v->v = grown;
		v->cap = cap;
	}
	v->v[v->n++] = s;
	v->v[v->n] = NULL;
	return 0;
}

int strv_add(struct strv *v, const char *s)
{
	return strv_take(v, str_dup(s));
}

int strv_addf(struct strv *v, const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = vprintf_alloc(fmt, ap);
	va_end(ap);
	return strv_take(v, s);
}

bool strv_has(const struct strv *v, const char *s)
{
	for (size_t i = 0; i < v->n; i++)
		if (str_eq(v->v[i], s))
			return true;
	return false;
}

int strv_copy(struct strv *out, const struct strv *in)
{
	for (size_t i = 0; i < in->n; i++) {
		if (strv_add(out, in->v[i]) < 0) {
			strv_release(out);
			return -1;
		}
	}
	return 0;
}

void strv_release(struct strv *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->n; i++)
		free(v->v[i]);
	free(v->v);
	*v = (struct strv){ 0 };
}
