/* fuzz_yaml.c: any text as a YAML document and as a file with front matter. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Every node has its place, every key its value, and the depth is bounded. */
static void walk(const struct yaml_node *n, int depth)
{
	bool yes;

	if (depth > 64 || yaml_line(n) < 1 || yaml_column(n) < 1)
		__builtin_trap();
	if (yaml_kind(n) == YAML_SCALAR && !yaml_scalar(n))
		__builtin_trap();
	yaml_bool(n, &yes);
	for (size_t i = 0; i < yaml_len(n); i++) {
		int line = 0, column = 0;
		const char *key = yaml_key_at(n, i, &line, &column);

		if (yaml_kind(n) == YAML_LIST) {
			walk(yaml_at(n, i), depth + 1);
			continue;
		}
		/* the first of its name: keys are there once */
		if (!key || line < 1 || column < 1 || (i < 100 && yaml_get(n, key) != yaml_value_at(n, i)))
			__builtin_trap();
		walk(yaml_value_at(n, i), depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct error err = { 0 };
	struct yaml *y = yaml_parse(text, size, "fuzz.yaml", &err);
	const char *body = NULL;
	size_t n = 0;

	if (!y && (err.code == STATUS_DONE || (err.code == STATUS_USAGE &&
					       strncmp(err.message, "fuzz.yaml:", 10) != 0)))
		__builtin_trap();
	if (y)
		walk(yaml_root(y), 0);
	yaml_free(y);
	y = NULL;
	if (yaml_front_matter(text, size, "fuzz.md", &y, &body, &n, &err) == 0 &&
	    (body < text || body + n != text + size))
		__builtin_trap();
	yaml_free(y);
	return 0;
}
