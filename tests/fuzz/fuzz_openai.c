/* fuzz_openai.c: answers of chat completions endpoints, and their refusals.
 * The first byte chooses how the rest is cut; what the deltas add up to must
 * be the answer's text, and valid UTF-8. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "model/provider/openai.h"
#include "util/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_delta(void *ctx, const char *text, size_t len)
{
	if (len == 0 || !utf8_valid(text, len))
		__builtin_trap();
	buf_add(ctx, text, len);
}

static void answer(const char *text, size_t len, size_t piece)
{
	const struct provider *o = &provider_openai;
	struct buf deltas = BUF_INIT(64 << 20);
	struct provider_parser *p = o->parser_new(on_delta, &deltas);
	struct provider_fault fault = { 0 };
	struct provider_answer *a;
	int rc = 0;

	for (size_t i = 0; i < len && rc == 0; i += piece)
		rc = o->feed(p, text + i, len - i < piece ? len - i : piece, &fault);
	if (rc == 0)
		rc = o->finish(p, &fault);
	if (rc < 0 && !fault.message[0])
		__builtin_trap();
	a = o->answer(p);
	if (a->outcome != MODEL_REFUSED &&
	    (a->text.len != deltas.len || memcmp(buf_str(&a->text), buf_str(&deltas), deltas.len)))
		__builtin_trap();
	if (a->usage.input < 0 || a->usage.cache_read < 0 || a->usage.output < a->usage.reasoning)
		__builtin_trap();
	buf_release(&deltas);
	o->parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct provider_ask ask = { .model = "m", .max_tokens = 1, .temperature = 0, .schema = "{}" };
	struct provider_fault fault = { 0 };
	const char *text = (const char *)data + 1;

	if (size < 2)
		return 0;
	answer(text, size - 1, size - 1);
	answer(text, size - 1, (size_t)data[0] % 16 + 1);
	openai_refused(&ask, 400 + data[0] % 130, text, size - 1, &fault);
	if (strpbrk(fault.message, "\r\n"))
		__builtin_trap();
	return 0;
}
