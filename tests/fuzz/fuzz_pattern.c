/* fuzz_pattern.c: glob patterns and paths, both from anywhere. The input is a
 * pattern, a newline, a path. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "run/protect.h"
#include "util/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The components of a safe path are names, none of which leads out. */
static void check_safe(const char *path)
{
	char *copy = strdup(path), *rest = copy, *part;

	if (!copy)
		return;
	if (*path == '/' || strlen(path) > 4096)
		__builtin_trap();
	while ((part = strsep(&rest, "/")))
		if (!*part || strcmp(part, ".") == 0 || strcmp(part, "..") == 0 ||
		    strcasecmp(part, ".git") == 0)
			__builtin_trap();
	free(copy);
}

/* A pattern of plain characters matches itself; "**" matches every path. */
static void check_match(const char *pattern, const char *path)
{
	bool plain = strlen(pattern) < 400 && !strpbrk(pattern, "*?[\\");
	const char *extra[] = { pattern, NULL };
	struct protect p = { .extra = extra, .build_gate = path };
	bool matched = path_match(pattern, path);

	if (plain && path_is_safe(pattern) && !path_match(pattern, pattern))
		__builtin_trap();
	if (*path && !path_match("**", path))
		__builtin_trap();
	if (matched && path_is_safe(path) && !protect_path(&p, path))
		__builtin_trap();
	protect_reason(&p, pattern);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *cut;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	cut = strchr(text, '\n');
	if (cut) {
		*cut++ = 0;
		if (path_is_safe(cut))
			check_safe(cut);
		check_match(text, cut);
	}
	free(text);
	return 0;
}
