/* paint.c: see paint.h. */
#include "report/paint.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "util/str.h"

bool text_utf8(void)
{
	return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

const char *text_arrow(void)
{
	return text_utf8() ? "→" : "->";
}

const char *text_ellipsis(void)
{
	return text_utf8() ? "…" : "...";
}

static const char *const tone_codes[] = {
	[TONE_PLAIN] = "", [TONE_BOLD] = "1", [TONE_DIM] = "2", [TONE_GREEN] = "32",
	[TONE_RED] = "31", [TONE_YELLOW] = "33", [TONE_CYAN] = "36",
};

void text_tone(struct buf *out, bool color, enum tone tone)
{
	if (color && tone != TONE_PLAIN)
		buf_addf(out, "\033[%sm", tone_codes[tone]);
}

void text_untone(struct buf *out, bool color, enum tone tone)
{
	if (color && tone != TONE_PLAIN)
		buf_adds(out, "\033[m");
}

/* Cleaned, and with a space for each run of line ends and tabs: line ends are no
 * harm to be made visible here, only no part of one line. */
static void add_line(struct buf *out, const char *s, size_t n)
{
	size_t from = out->len, o;

	text_clean(out, s, n, true);
	if (out->failed)
		return;
	o = from;
	for (size_t i = from; i < out->len; i++) {
		bool space = out->data[i] == '\n' || out->data[i] == '\t';

		if (space && o > from && out->data[o - 1] == ' ')
			continue;
		out->data[o++] = space ? ' ' : out->data[i];
	}
	buf_truncate(out, o);
}

void text_paint(struct buf *out, bool color, enum tone tone, const char *s)
{
	if (!s || !*s)
		return;
	text_tone(out, color, tone);
	add_line(out, s, strlen(s));
	text_untone(out, color, tone);
}

void text_label(struct buf *out, bool color, enum tone tone, const char *label)
{
	size_t width = 0;

	if (*label) {
		text_tone(out, color, tone);
		width = text_fit(out, label, LABEL_WIDTH - 1);
		text_untone(out, color, tone);
	}
	buf_addf(out, "%*s", (int)(LABEL_WIDTH - width), "");
}

/* Bytes of s, valid UTF-8, that fit `columns`; *ret_width is what they take. */
static size_t bytes_that_fit(const char *s, size_t columns, size_t *ret_width)
{
	size_t i = 0, width = 0;

	while (s[i]) {
		size_t n = utf8_char(s + i, strlen(s + i) < 4 ? strlen(s + i) : 4);
		char one[5] = { 0 };

		memcpy(one, s + i, n ? n : 1);
		size_t w = text_width(one);
		if (width + w > columns)
			break;
		width += w;
		i += n ? n : 1;
	}
	*ret_width = width;
	return i;
}

size_t text_fit(struct buf *out, const char *s, size_t columns)
{
	/* No line is a thousand columns wide: a long text is not cleaned whole. */
	CLEANUP_BUF struct buf clean = BUF_INIT(1 << 16);
	size_t n = s ? strnlen(s, 1 << 13) : 0;
	size_t width, dots = text_width(text_ellipsis());
	size_t fits;

	if (!s)
		return 0;
	add_line(&clean, s, n);
	fits = bytes_that_fit(buf_str(&clean), columns, &width);
	if (!buf_str(&clean)[fits]) {
		buf_adds(out, buf_str(&clean));
		return width;
	}
	if (columns < dots)
		return 0;
	fits = bytes_that_fit(buf_str(&clean), columns - dots, &width);
	buf_add(out, buf_str(&clean), fits);
	buf_adds(out, text_ellipsis());
	return width + dots;
}

void text_wrap(struct buf *out, const char *s, size_t indent, size_t columns)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(4u << 20);
	size_t room = columns > indent + 10 ? columns - indent : 10;
	size_t used = 0;
	char *rest, *word;

	text_clean(&clean, s ? s : "", s ? strlen(s) : 0, true);
	if (clean.len == 0)
		goto end;
	for (word = strtok_r(clean.data, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
		size_t width = text_width(word);

		if (used > 0 && used + 1 + width > room) {
			buf_addf(out, "\n%*s", (int)indent, "");
			used = 0;
		} else if (used > 0) {
			buf_addc(out, ' ');
			used++;
		}
		buf_adds(out, word);
		used += width;
	}
end:
	buf_addc(out, '\n');
}

void format_count(int64_t n, char out[32])
{
	char digits[24];
	size_t len, o = 0;

	snprintf(digits, sizeof(digits), "%" PRIu64, n < 0 ? 0 - (uint64_t)n : (uint64_t)n);
	len = strlen(digits);
	if (n < 0)
		out[o++] = '-';
	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			out[o++] = ',';
		out[o++] = digits[i];
	}
	out[o] = '\0';
}

void format_duration(int64_t us, char out[32])
{
	int64_t tenths = (us + 50000) / 100000;
	int64_t s = (us + 500000) / 1000000;

	if (us < 0)
		us = tenths = s = 0;
	/* Each unit ends where its rounded form would read as the next one's. */
	if (us < 999500)
		snprintf(out, 32, "%" PRId64 " ms", (us + 500) / 1000);
	else if (tenths < 600)
		snprintf(out, 32, "%" PRId64 ".%" PRId64 " s", tenths / 10, tenths % 10);
	else if (s < 3600)
		snprintf(out, 32, "%" PRId64 " m %02" PRId64 " s", s / 60, s % 60);
	else
		snprintf(out, 32, "%" PRId64 " h %02" PRId64 " m", s / 3600, s % 3600 / 60);
}

void format_cost(int64_t nano, int calls, int unknown_calls, char out[64])
{
	char money[32];

	money_format(nano, money);
	if (unknown_calls == 0)
		snprintf(out, 64, "%s", money);
	else if (unknown_calls >= calls || nano == 0)
		snprintf(out, 64, "unknown");
	else
		snprintf(out, 64, "%s + unknown", money);
}

void text_plural(struct buf *out, int64_t n, const char *noun)
{
	char count[32];

	format_count(n, count);
	buf_addf(out, "%s %s%s", count, noun, n == 1 ? "" : "s");
}

enum tone severity_tone(enum severity s)
{
	if (s >= SEVERITY_HIGH)
		return TONE_RED;
	return s == SEVERITY_MEDIUM ? TONE_YELLOW : TONE_CYAN;
}

int report_columns(int fd)
{
	struct winsize size;
	int64_t columns = 0;

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		columns = size.ws_col;
	else if (!parse_i64(getenv("COLUMNS"), 1, 100000, &columns))
		return 80;
	return columns < 20 ? 20 : columns > 1000 ? 1000 : (int)columns;
}
