/* mask.c: log_mask of log.h: takes secrets out of a text. */
#include <string.h>
#include <strings.h>

#include "util/log.h"

enum { SECRET_MIN = 6 };

/* Tokens that tell themselves by how they begin. */
static const struct { const char *prefix; size_t min; /* characters behind it */ } tokens[] = {
	{ "sk-", 12 }, { "sk_", 12 }, { "ghp_", 16 }, { "gho_", 16 }, { "ghs_", 16 },
	{ "ghu_", 16 }, { "ghr_", 16 }, { "github_pat_", 16 }, { "glpat-", 16 }, { "AKIA", 16 },
	{ "ASIA", 16 }, { "AIza", 20 }, { "xoxb-", 10 }, { "xoxp-", 10 }, { "hf_", 16 },
	{ "gsk_", 16 }, { "eyJ", 40 }, /* a JSON Web Token */
};

/* Names whose value is a secret, whatever it looks like. */
static const char *const names[] = {
	"api-key", "api_key", "apikey", "access-token", "access_token", "auth-token", "auth_token",
	"password", "passwd", "client-secret", "client_secret",
};

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_';
}

/* What keys are written with, base64 and URL-safe base64 included. */
static size_t span(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (is_word(s[i]) || strchr(".+/=~", s[i])) && s[i])
		i++;
	return i;
}

/* A value that was named is taken to its end, whatever it is written with. */
static size_t value_span(const char *s, size_t n)
{
	size_t i = 0;

	while (i < n && (unsigned char)s[i] > ' ' && !strchr("\"',;&}", s[i]))
		i++;
	return i;
}

static bool begins(const char *s, size_t n, const char *with)
{
	size_t m = strlen(with);

	return n >= m && strncasecmp(s, with, m) == 0;
}

/* "name" SEPARATOR value: how many bytes of s stand before the value; 0: none.
 * Separators are ':' or '=' with quotes and spaces around. */
static size_t named(const char *s, size_t n)
{
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		size_t at = strlen(names[i]);
		bool separated = false;

		if (!begins(s, n, names[i]))
			continue;
		for (; at < n && s[at] && strchr(":= \t\"'\\", s[at]); at++)
			separated = separated || s[at] == ':' || s[at] == '=';
		if (separated && at < n)
			return at;
	}
	return 0;
}

static size_t skip_bearer(const char *s, size_t n)
{
	size_t at;

	if (begins(s, n, "bearer "))
		at = 7;
	else if (begins(s, n, "basic "))
		at = 6;
	else
		return 0;
	while (at < n && s[at] == ' ')
		at++;
	/* prose has the words too: a credential is longer than most */
	return span(s + at, n - at) >= 8 ? at : 0;
}

/* A secret at s that shows by its form: *shown bytes stay, *hidden go. */
static bool looks_secret(const char *s, size_t n, size_t *shown, size_t *hidden)
{
	size_t at;

	/* the letters that one of the above begins with: most text ends here */
	if (!*s || !strchr("aAbBcCeghpPsx", *s))
		return false;
	at = skip_bearer(s, n);
	if (at > 0) {
		*shown = at;
		*hidden = span(s + at, n - at);
		return true;
	}
	at = named(s, n);
	if (at > 0) {
		*shown = at;
		*hidden = value_span(s + at, n - at);
		return *hidden > 0;
	}
	for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
		size_t m = strlen(tokens[i].prefix);

		if (n < m || memcmp(s, tokens[i].prefix, m) != 0)
			continue;
		*shown = 0;
		*hidden = span(s, n);
		return *hidden >= m + tokens[i].min;
	}
	return false;
}

/* The longest of the known secrets that stands at s, or 0. */
static size_t known(const char *s, size_t n, const struct strv *secrets)
{
	size_t longest = 0;

	for (size_t i = 0; secrets && i < secrets->n; i++) {
		size_t m = strlen(secrets->v[i]);

		if (m >= SECRET_MIN && m > longest && m <= n && memcmp(s, secrets->v[i], m) == 0)
			longest = m;
	}
	return longest;
}

int log_mask(struct buf *out, const char *s, size_t n, const struct strv *secrets)
{
	size_t from = 0, i = 0;

	while (i < n) {
		size_t shown = 0, hidden = known(s + i, n - i, secrets);

		/* A form is looked for where a word begins, and so in linear time. */
		if (hidden == 0 && (i > 0 && is_word(s[i - 1]) && s[i - 1] != '-' && s[i - 1] != '_')) {
			i++;
			continue;
		}
		if (hidden == 0 && !looks_secret(s + i, n - i, &shown, &hidden)) {
			i++;
			continue;
		}
		if (buf_add(out, s + from, i + shown - from) < 0 || buf_adds(out, "[masked]") < 0)
			return -1;
		i += shown + hidden;
		from = i;
	}
	return buf_add(out, s + from, n - from);
}
