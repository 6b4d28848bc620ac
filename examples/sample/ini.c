#include "ini.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	char section[INI_NAME_MAX];
	char key[INI_NAME_MAX];
	char *value;
};

struct ini {
	struct entry *v;
	size_t n, cap;
};

static int same_name(const char *a, const char *b)
{
	while (*a && *b && tolower((unsigned char)*a) == tolower((unsigned char)*b)) {
		a++;
		b++;
	}
	return *a == *b;
}

static struct entry *find(const struct ini *ini, const char *section, const char *key)
{
	for (size_t i = 0; i < ini->n; i++)
		if (same_name(ini->v[i].section, section) && same_name(ini->v[i].key, key))
			return &ini->v[i];
	return NULL;
}

static void trim(const char **start, const char **end)
{
	while (*start < *end && isspace((unsigned char)**start))
		(*start)++;
	while (*end > *start && isspace((unsigned char)(*end)[-1]))
		(*end)--;
}

/* Copies a name of a file into its place in an entry. */
static enum ini_error copy_name(char out[INI_NAME_MAX], const char *start, const char *end)
{
	size_t len = (size_t)(end - start);

	if (len > INI_NAME_MAX)
		return INI_NAME_TOO_LONG;
	memcpy(out, start, len);
	out[len] = '\0';
	return INI_OK;
}

/* Where the value ends: at a comment that stands outside of quotes. */
static const char *value_end(const char *start, const char *end)
{
	for (const char *at = start; at < end; at++)
		if (*at == ';' || *at == '#')
			return at;
	return end;
}

static char *copy_value(const char *start, const char *end)
{
	size_t len;
	char *out;

	trim(&start, &end);
	end = value_end(start, end);
	if (end - start >= 2 && *start == '"' && end[-1] == '"') {
		start++;
		end--;
	}
	len = (size_t)(end - start);
	out = malloc(len + 1);
	if (!out)
		return NULL;
	memcpy(out, start, len);
	out[len] = '\0';
	return out;
}

static enum ini_error add(struct ini *ini, const struct entry *e)
{
	struct entry *known = find(ini, e->section, e->key);

	if (known) {
		free(known->value);
		known->value = e->value;
		return INI_OK;
	}
	if (ini->n == ini->cap) {
		size_t cap = ini->cap ? ini->cap * 2 : 16;
		struct entry *v = realloc(ini->v, cap * sizeof(*v));

		if (!v)
			return INI_NO_MEMORY;
		ini->v = v;
		ini->cap = cap;
	}
	ini->v[ini->n++] = *e;
	return INI_OK;
}

static enum ini_error parse_section(const char *start, const char *end, char section[INI_NAME_MAX])
{
	const char *close = memchr(start, ']', (size_t)(end - start));

	if (!close)
		return INI_BAD_SECTION;
	start++;
	trim(&start, &close);
	return start == close ? INI_BAD_SECTION : copy_name(section, start, close);
}

static enum ini_error parse_key(struct ini *ini, const char *section, const char *start,
				const char *end)
{
	const char *equals = memchr(start, '=', (size_t)(end - start));
	const char *key_end = equals;
	struct entry e;
	enum ini_error err;

	if (!equals)
		return INI_BAD_LINE;
	trim(&start, &key_end);
	if (start == key_end)
		return INI_BAD_LINE;
	err = copy_name(e.key, start, key_end);
	if (err)
		return err;
	memcpy(e.section, section, INI_NAME_MAX);
	e.value = copy_value(equals + 1, end);
	if (!e.value)
		return INI_NO_MEMORY;
	err = add(ini, &e);
	if (err)
		free(e.value);
	return err;
}

enum ini_error ini_parse(const char *text, struct ini **ret, int *ret_line)
{
	struct ini *ini = calloc(1, sizeof(*ini));
	char section[INI_NAME_MAX] = "";
	int line = 0;

	if (!ini)
		return INI_NO_MEMORY;
	while (*text) {
		const char *start = text;
		const char *end = text + strcspn(text, "\n");
		enum ini_error err = INI_OK;

		text = *end ? end + 1 : end;
		line++;
		trim(&start, &end);
		if (start == end || *start == ';' || *start == '#')
			continue;
		err = *start == '[' ? parse_section(start, end, section)
				    : parse_key(ini, section, start, end);
		if (err) {
			if (ret_line)
				*ret_line = line;
			ini_free(ini);
			return err;
		}
	}
	*ret = ini;
	return INI_OK;
}

void ini_free(struct ini *ini)
{
	if (!ini)
		return;
	for (size_t i = 0; i < ini->n; i++)
		free(ini->v[i].value);
	free(ini->v);
	free(ini);
}

const char *ini_get(const struct ini *ini, const char *section, const char *key)
{
	const struct entry *e = find(ini, section, key);

	return e ? e->value : NULL;
}

long ini_get_long(const struct ini *ini, const char *section, const char *key, long fallback)
{
	const char *text = ini_get(ini, section, key);
	char *end;
	long value;

	if (!text || !*text)
		return fallback;
	errno = 0;
	value = strtol(text, &end, 0);
	return *end || errno ? fallback : value;
}

int ini_get_bool(const struct ini *ini, const char *section, const char *key, int fallback)
{
	static const char *const yes[] = { "yes", "true", "on", "1" };
	static const char *const no[] = { "no", "false", "off", "0" };
	const char *text = ini_get(ini, section, key);

	for (int i = 0; text && i < 4; i++) {
		if (same_name(text, yes[i]))
			return 1;
		if (same_name(text, no[i]))
			return 0;
	}
	return fallback;
}

size_t ini_count(const struct ini *ini)
{
	return ini->n;
}
