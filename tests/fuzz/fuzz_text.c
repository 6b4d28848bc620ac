/* fuzz_text.c: text of models, tools and endpoints on its way to a terminal, a
 * log or a prompt: cleaned, masked, coloured, cut. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "net/retry.h"
#include "report/diff_walk.h"
#include "report/paint.h"
#include "report/report.h"
#include "run/gate_text.h"
#include "util/log.h"
#include "util/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Valid UTF-8 without control characters but \n and \t. */
static void check_clean(const char *s, size_t n)
{
	if (!utf8_valid(s, n))
		__builtin_trap();
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && s[i] != '\n' && s[i] != '\t') || s[i] == 0x7f)
			__builtin_trap();
}

static void clean(const char *s, size_t n)
{
	struct buf out = BUF_INIT(64 << 20);

	if (text_clean(&out, s, n, true))
		__builtin_trap();
	check_clean(buf_str(&out), out.len);
	text_width(buf_str(&out));
	buf_clear(&out);
	if (utf8_scrub(&out, s, n) || !utf8_valid(buf_str(&out), out.len))
		__builtin_trap();
	buf_release(&out);
}

static void log_it(const char *s, size_t n)
{
	static char secret[] = "s3cret-value";
	char *list[] = { secret, NULL };
	struct strv secrets = { .v = list, .n = 1 };
	struct buf out = BUF_INIT(64 << 20);

	if (log_mask(&out, s, n, &secrets) || memmem(buf_str(&out), out.len, secret, strlen(secret)))
		__builtin_trap();
	buf_release(&out);
}

static void show(const char *s, size_t n)
{
	struct buf out = BUF_INIT(64 << 20);

	report_diff(&out, s, n, false);
	check_clean(buf_str(&out), out.len);
	buf_clear(&out);
	report_diff_stat(&out, s, n, 40, false);
	check_clean(buf_str(&out), out.len);
	buf_release(&out);
}

static void as_line(const char *s)
{
	struct buf out = BUF_INIT(64 << 20);
	double d;

	if (text_fit(&out, s, 30) > 30)
		__builtin_trap();
	text_wrap(&out, s, 10, 60);
	text_paint(&out, false, TONE_RED, s);
	check_clean(buf_str(&out), out.len);
	buf_release(&out);
	parse_double(s, &d);
	if (retry_after_ms(s, INT64_C(1800000000000000)) < -1)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *gate;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	clean(text, size);
	log_it(text, size);
	show(text, size);
	as_line(text);
	gate = gate_text(text, size, "/tmp/w", NULL);
	if (!gate || strlen(gate) > GATE_TEXT_MAX + 100)
		__builtin_trap();
	check_clean(gate, strlen(gate));
	free(gate);
	free(text);
	return 0;
}
