/* match.c: the patterns and the safety check of path.h.
 *
 * A pattern is compiled to a row of tokens and run as a set of states over
 * the path, one byte at a time: the cost is their product, whatever the
 * pattern is, where matching by trial and return would be exponential.
 */
#include <ctype.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "util/path.h"

enum { TOKENS_MAX = 512 };

enum token_kind {
	TOKEN_BYTE,    /* this byte */
	TOKEN_ANY,     /* one byte, not '/' */
	TOKEN_REST,    /* continuation bytes of the character before: none or more */
	TOKEN_STAR,    /* none or more bytes, not '/' */
	TOKEN_ACROSS,  /* none or more bytes */
	TOKEN_FOLDERS, /* none or more whole components, each with its '/' */
	TOKEN_CLASS,   /* a byte of the set */
};

struct token {
	enum token_kind kind;
	unsigned char byte;
	const char *set, *set_end; /* between the brackets, without '!' */
	bool negated;
};

struct pattern {
	size_t n;
	struct token t[TOKENS_MAX];
};

static bool push(struct pattern *p, struct token t)
{
	if (p->n == TOKENS_MAX)
		return false;
	p->t[p->n++] = t;
	return true;
}

/* The ']' that closes the class whose '[' stands before s, or NULL. */
static const char *class_end(const char *s, const char *end)
{
	if (s < end && (*s == '!' || *s == '^'))
		s++;
	if (s < end && *s == ']')
		s++;
	for (; s < end; s++) {
		if (*s == '\\' && s + 1 < end)
			s++;
		else if (*s == ']')
			return s;
	}
	return NULL;
}

static bool push_stars(struct pattern *p, const char **s, const char *end, bool at_start)
{
	size_t n = 0;

	while (*s < end && **s == '*') {
		n++;
		(*s)++;
	}
	if (n == 1)
		return push(p, (struct token){ .kind = TOKEN_STAR });
	if (at_start && *s < end && **s == '/') {
		(*s)++;
		return push(p, (struct token){ .kind = TOKEN_FOLDERS });
	}
	return push(p, (struct token){ .kind = TOKEN_ACROSS });
}

static bool push_class(struct pattern *p, const char **s, const char *close)
{
	struct token t = { .kind = TOKEN_CLASS, .set = *s, .set_end = close };

	t.negated = *t.set == '!' || *t.set == '^';
	if (t.negated)
		t.set++;
	*s = close + 1;
	return push(p, t) && (!t.negated || push(p, (struct token){ .kind = TOKEN_REST }));
}

static bool compile(struct pattern *p, const char *s, const char *end)
{
	const char *begin = s;

	while (s < end) {
		bool at_start = s == begin || s[-1] == '/';
		char c = *s;
		const char *close;
		bool ok;

		if (c == '*') {
			ok = push_stars(p, &s, end, at_start);
		} else if (c == '?') {
			s++;
			ok = push(p, (struct token){ .kind = TOKEN_ANY }) &&
			     push(p, (struct token){ .kind = TOKEN_REST });
		} else if (c == '[' && (close = class_end(s + 1, end))) {
			s++;
			ok = push_class(p, &s, close);
		} else {
			if (c == '\\' && s + 1 < end)
				s++;
			ok = push(p, (struct token){ .byte = (unsigned char)*s++ });
		}
		if (!ok)
			return false;
	}
	return true;
}

static bool in_class(const struct token *t, unsigned char c)
{
	bool found = false;

	for (const char *s = t->set; s < t->set_end && !found;) {
		unsigned char low, high;

		if (*s == '\\' && s + 1 < t->set_end)
			s++;
		low = high = (unsigned char)*s++;
		if (s + 1 < t->set_end && *s == '-') {
			s++;
			if (*s == '\\' && s + 1 < t->set_end)
				s++;
			high = (unsigned char)*s++;
		}
		found = c >= low && c <= high;
	}
	return c != '/' && found != t->negated;
}

/* Is byte c taken by the token; *stays when the token may take more. */
static bool takes(const struct token *t, unsigned char c, bool *stays)
{
	*stays = t->kind == TOKEN_REST || t->kind == TOKEN_STAR || t->kind == TOKEN_ACROSS ||
		 t->kind == TOKEN_FOLDERS;
	switch (t->kind) {
	case TOKEN_BYTE: return c == t->byte;
	case TOKEN_ANY: return c != '/';
	case TOKEN_REST: return (c & 0xc0) == 0x80;
	case TOKEN_STAR: return c != '/';
	case TOKEN_ACROSS:
	case TOKEN_FOLDERS: return true;
	case TOKEN_CLASS: return in_class(t, c);
	}
	return false;
}

/* Steps over tokens that may take nothing. `boundary`: a component begins here. */
static void spread(const struct pattern *p, bool *states, bool boundary)
{
	for (size_t i = 0; i < p->n; i++) {
		enum token_kind kind = p->t[i].kind;

		if (states[i] && (kind == TOKEN_REST || kind == TOKEN_STAR || kind == TOKEN_ACROSS ||
				  (kind == TOKEN_FOLDERS && boundary)))
			states[i + 1] = true;
	}
}

static bool run(const struct pattern *p, const char *path)
{
	bool now[TOKENS_MAX + 1] = { true };
	bool next[TOKENS_MAX + 1];

	spread(p, now, true);
	for (; *path; path++) {
		bool alive = false;

		memset(next, 0, p->n + 1);
		for (size_t i = 0; i < p->n; i++) {
			bool stays;

			if (!now[i] || !takes(&p->t[i], (unsigned char)*path, &stays))
				continue;
			next[stays ? i : i + 1] = true;
			alive = true;
		}
		if (!alive)
			return false;
		spread(p, next, *path == '/');
		memcpy(now, next, p->n + 1);
	}
	return now[p->n];
}

bool path_match(const char *pattern, const char *path)
{
	struct pattern p;
	const char *end = pattern + strlen(pattern);
	bool below = end > pattern && end[-1] == '/';
	bool anchored;

	if (below)
		end--;
	anchored = memchr(pattern, '/', (size_t)(end - pattern)) != NULL;
	if (pattern < end && *pattern == '/')
		pattern++;
	if (pattern == end)
		return false;
	p.n = 0;
	if (!anchored && !push(&p, (struct token){ .kind = TOKEN_FOLDERS }))
		return false;
	if (!compile(&p, pattern, end))
		return false;
	if (below && !(push(&p, (struct token){ .byte = '/' }) &&
		       push(&p, (struct token){ .kind = TOKEN_ANY }) &&
		       push(&p, (struct token){ .kind = TOKEN_ACROSS })))
		return false;
	return run(&p, path);
}

/* Bytes of a code point that HFS+ ignores in names, or 0. */
static size_t ignorable(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;

	if (n < 3)
		return 0;
	if (p[0] == 0xe2 && p[1] == 0x80 &&
	    ((p[2] >= 0x8c && p[2] <= 0x8f) || (p[2] >= 0xaa && p[2] <= 0xae)))
		return 3; /* U+200C-200F, U+202A-202E */
	if (p[0] == 0xe2 && p[1] == 0x81 && p[2] >= 0xaa && p[2] <= 0xaf)
		return 3; /* U+206A-206F */
	return p[0] == 0xef && p[1] == 0xbb && p[2] == 0xbf ? 3 : 0;
}

/* Would some file system take this component for ".git"? */
static bool is_dot_git(const char *s, size_t n)
{
	char name[8];
	size_t o = 0;

	for (size_t i = 0; i < n;) {
		size_t skip = ignorable(s + i, n - i);

		if (skip > 0) {
			i += skip;
			continue;
		}
		if (s[i] == ':') /* NTFS: the name of a stream follows */
			break;
		if (o == sizeof name - 1) {
			/* Windows drops dots and spaces at the end, however many. */
			if (s[i] != ' ' && s[i] != '.')
				return false;
			i++;
			continue;
		}
		name[o++] = s[i++];
	}
	while (o > 0 && (name[o - 1] == ' ' || name[o - 1] == '.'))
		o--;
	name[o] = '\0';
	return strcasecmp(name, ".git") == 0 || strcasecmp(name, "git~1") == 0;
}

bool path_is_safe(const char *path)
{
	size_t len = strlen(path);

	if (len == 0 || len > 4096 || *path == '/')
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)path[i];

		if (c < 0x20 || c == 0x7f || c == '\\')
			return false;
	}
	for (const char *s = path;; s++) {
		size_t n = strcspn(s, "/");

		if (n == 0 || (n == 1 && *s == '.') || (n == 2 && s[0] == '.' && s[1] == '.') ||
		    is_dot_git(s, n))
			return false;
		s += n;
		if (!*s)
			return true;
	}
}
