/* Prompts: Markdown with {{name}} placeholders. */
#include "config/persona.h"

#include <stdlib.h>
#include <string.h>

#include "config/persona_file.h"
#include "util/str.h"

enum { PROMPT_FILE_MAX = 256 << 10, PROMPT_MAX = 32 << 20, KEYS_MAX = 16 };

/* The name in "{{name}}" at p, or 0: braces around anything else are plain text. */
static size_t placeholder(const char *p, size_t left)
{
	size_t n = 0;

	if (left < 5 || p[0] != '{' || p[1] != '{')
		return 0;
	while (2 + n < left && ((p[2 + n] >= 'a' && p[2 + n] <= 'z') || p[2 + n] == '_'))
		n++;
	return n && 2 + n + 1 < left && p[2 + n] == '}' && p[3 + n] == '}' ? n : 0;
}

static int find_value(const char *const *values, const char *name, size_t n)
{
	for (int i = 0; values[i]; i += 2)
		if (strlen(values[i]) == n && !memcmp(values[i], name, n))
			return i / 2;
	return -1;
}

int prompt_fill(const char *text, size_t len, const char *path, const char *const *values,
		char **ret, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(PROMPT_MAX);
	bool used[KEYS_MAX] = { false };
	const char *end = text + len, *p = text;

	while (p < end) {
		const char *brace = memchr(p, '{', (size_t)(end - p));
		size_t n = brace ? placeholder(brace, (size_t)(end - brace)) : 0;

		if (!brace) {
			buf_add(&out, p, (size_t)(end - p));
			break;
		}
		if (!n) {
			buf_add(&out, p, (size_t)(brace - p) + 1);
			p = brace + 1;
			continue;
		}
		buf_add(&out, p, (size_t)(brace - p));
		int i = find_value(values, brace + 2, n);
		if (i < 0 || i >= KEYS_MAX)
			return error_set(err, STATUS_USAGE, "%s: {{%.*s}} is no placeholder of this "
					 "prompt", path, n > 60 ? 60 : (int)n, brace + 2);
		used[i] = true;
		buf_adds(&out, values[2 * i + 1] ? values[2 * i + 1] : "");
		p = brace + n + 4;
	}
	for (int i = 0; values[2 * i]; i++)
		if (i >= KEYS_MAX || !used[i])
			return error_set(err, STATUS_USAGE, "%s: the placeholder {{%s}} is missing", path,
					 values[2 * i]);
	if (buf_check(&out, "the prompt", err) < 0)
		return -1;
	*ret = buf_steal(&out, NULL);
	return *ret ? 0 : error_oom(err);
}

int prompt_render(const struct settings *s, const char *name, const char *const *values,
		  char **ret, struct error *err)
{
	CLEANUP_FREE char *relative = str_printf("prompts/%s.md", name);
	CLEANUP_FREE char *path = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT(PROMPT_FILE_MAX);

	if (!relative)
		return error_oom(err);
	if (persona_find_file(s, relative, &path, err) < 0 ||
	    persona_read_file(path, &text, err) < 0)
		return -1;
	if (!utf8_valid(buf_str(&text), text.len))
		return error_set(err, STATUS_USAGE, "%s is not UTF-8", path);
	return prompt_fill(buf_str(&text), text.len, path, values, ret, err);
}
