/* fuzz_json.c: any text through the parser, the cutter and the printer. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What was parsed prints as text that parses, and prints the same again. */
static void go_round(json *j)
{
	char *once = json_print(j), *again, *pretty;
	json *back;

	if (!once)
		__builtin_trap();
	back = json_parse(once, strlen(once), NULL);
	if (!back)
		__builtin_trap();
	again = json_print(back);
	if (!again || strcmp(once, again) != 0)
		__builtin_trap();
	json_free(back);
	pretty = json_print_pretty(j);
	back = pretty ? json_parse(pretty, strlen(pretty), NULL) : NULL;
	if (!back)
		__builtin_trap();
	json_free(back);
	free(pretty);
	free(again);
	free(once);
}

static void look_around(const json *j)
{
	for (const json *it = json_first(j); it; it = json_next(it)) {
		if (json_key(it) && !json_get(j, json_key(it)))
			__builtin_trap();
		json_get_i64(j, json_key(it) ? json_key(it) : "", 0);
		look_around(it);
	}
	json_path(j, "a.0.b");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct error err = { 0 };
	json *j = json_parse(text, size, &err);

	if (!j && (err.code == STATUS_DONE || !*err.message))
		__builtin_trap();
	if (j) {
		go_round(j);
		look_around(j);
	}
	json_free(j);
	for (int array = 0; array < 2; array++) {
		j = json_extract(text, size, array, NULL);
		if (j) {
			if (array ? !json_is_array(j) : !json_is_object(j))
				__builtin_trap();
			go_round(j);
		}
		json_free(j);
	}
	return 0;
}
