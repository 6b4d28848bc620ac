/* fuzz_sse.c: server-sent events. The first byte chooses how the rest is cut;
 * the events must not depend on it. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int note(void *ctx, const char *name, const char *data, size_t len, struct error *err)
{
	struct buf *out = ctx;

	buf_adds(out, name);
	buf_addc(out, '\x1f');
	buf_add(out, data, len);
	buf_addc(out, '\x1e');
	return 0;
}

static char *parse(const char *text, size_t len, size_t piece, size_t *ret_len)
{
	struct buf out = BUF_INIT(64 << 20);
	struct error err = { 0 };
	struct sse s;

	sse_init(&s, note, &out);
	for (size_t i = 0; i < len; i += piece)
		if (sse_feed(&s, text + i, len - i < piece ? len - i : piece, &err) < 0)
			break;
	sse_finish(&s, &err);
	sse_release(&s);
	return buf_steal(&out, ret_len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole_len = 0, cut_len = 0;
	char *whole, *cut;

	if (size < 2)
		return 0;
	whole = parse((const char *)data + 1, size - 1, size - 1, &whole_len);
	cut = parse((const char *)data + 1, size - 1, (size_t)data[0] % 16 + 1, &cut_len);
	if (!whole || !cut || whole_len != cut_len || memcmp(whole, cut, cut_len) != 0)
		__builtin_trap();
	free(whole);
	free(cut);
	return 0;
}
