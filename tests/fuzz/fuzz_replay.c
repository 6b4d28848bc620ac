/* fuzz_replay.c: a file of recorded answers from anywhere. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "config/persona.h"
#include "model/provider/replay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* All of a persona's answers; after the last one it is said that there is no more. */
static void take_all(struct replay *r, const char *persona)
{
	struct replay_entry e;
	struct error err = { 0 };

	replay_skip(r, persona);
	while (replay_take(r, persona, &e, &err) == 0)
		if (!e.text || e.usage.input < 0 || e.usage.output < 0 || e.usage.cache_read < 0 ||
		    e.usage.cache_write < 0 || e.usage.reasoning < 0 || e.latency_ms < 0)
			__builtin_trap();
	if (err.code != STATUS_ENDPOINT || !strstr(err.message, persona))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *const *names = persona_names();
	struct replay *r = NULL;
	struct error err = { 0 };

	if (replay_parse((const char *)data, size, "fuzz.json", &r, &err)) {
		if (err.code != STATUS_USAGE || !strstr(err.message, "fuzz.json"))
			__builtin_trap();
		return 0;
	}
	for (size_t i = 0; names[i]; i++)
		take_all(r, names[i]);
	replay_free(r);
	return 0;
}
