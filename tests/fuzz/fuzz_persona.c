/* fuzz_persona.c: any bytes as a persona's file and as a prompt's. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "config/persona_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void as_persona(const char *text, size_t size)
{
	struct error err = { 0 };
	struct persona p;

	if (persona_parse(text, size, "fuzz.md", &p, &err)) {
		if (err.code != STATUS_USAGE || strncmp(err.message, "fuzz.md", 7) != 0)
			__builtin_trap();
		return;
	}
	if (!p.system || !*p.system || !p.role || !p.origin || p.temperature > 2 || p.max_tokens < 0)
		__builtin_trap();
	persona_release(&p);
}

/* Values are inserted once: braces inside them stay as they are. */
static void as_prompt(const char *text, size_t size)
{
	static const char *const values[] = { "task", "{{plan}} {{task}}", "plan", "{{none}}", NULL };
	struct error err = { 0 };
	char *out = NULL;

	if (prompt_fill(text, size, "fuzz.md", values, &out, &err)) {
		if (err.code != STATUS_USAGE || strncmp(err.message, "fuzz.md", 7) != 0)
			__builtin_trap();
		return;
	}
	if (!strstr(out, values[1]) && !memchr(text, 0, size))
		__builtin_trap();
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	as_persona((const char *)data, size);
	as_prompt((const char *)data, size);
	return 0;
}
