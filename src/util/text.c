/* text.c: the half of str.h that deals with UTF-8. */
#include <string.h>
#include <wchar.h>

#include "util/str.h"

/* The well-formed sequences of the Unicode standard, table 3-7. */
size_t utf8_char(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	unsigned char low = 0x80, high = 0xbf;
	size_t len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	len = p[0] < 0xe0 ? 2 : p[0] < 0xf0 ? 3 : 4;
	if (n < len)
		return 0;
	if (p[0] == 0xe0)
		low = 0xa0;
	else if (p[0] == 0xed)
		high = 0x9f;
	else if (p[0] == 0xf0)
		low = 0x90;
	else if (p[0] == 0xf4)
		high = 0x8f;
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (p[i] < 0x80 || p[i] > 0xbf)
			return 0;
	return len;
}

/* The code point of the valid character of n bytes at s. */
static uint32_t decode(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	uint32_t c;

	if (n == 1)
		return p[0];
	c = p[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (p[i] & 0x3fu);
	return c;
}

bool utf8_valid(const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		size_t len = utf8_char(s + i, n - i);

		if (len == 0)
			return false;
		i += len;
	}
	return true;
}

static const char replacement[] = "\xef\xbf\xbd";

int utf8_scrub(struct buf *out, const char *s, size_t n)
{
	size_t from = 0, i = 0;

	while (i < n) {
		size_t len = utf8_char(s + i, n - i);

		if (len > 0) {
			i += len;
			continue;
		}
		if (buf_add(out, s + from, i - from) < 0 || buf_adds(out, replacement) < 0)
			return -1;
		from = ++i;
	}
	return buf_add(out, s + from, n - from);
}

/* What could move the cursor, end the line or turn the text's direction. */
static bool is_harmful(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

int text_clean(struct buf *out, const char *s, size_t n, bool multiline)
{
	size_t from = 0, i = 0;

	while (i < n) {
		size_t len = utf8_char(s + i, n - i);
		bool keep = len > 0 && !is_harmful(decode(s + i, len));
		bool drop = false;

		if (multiline && (s[i] == '\n' || s[i] == '\t'))
			keep = true;
		else if (multiline && s[i] == '\r' && i + 1 < n && s[i + 1] == '\n')
			drop = true;
		if (keep) {
			i += len;
			continue;
		}
		if (buf_add(out, s + from, i - from) < 0 ||
		    (!drop && buf_adds(out, replacement) < 0))
			return -1;
		i += len ? len : 1;
		from = i;
	}
	return buf_add(out, s + from, n - from);
}

size_t text_width(const char *s)
{
	size_t n = strlen(s), width = 0;

	for (size_t i = 0; i < n;) {
		size_t len = utf8_char(s + i, n - i);
		int w = len ? wcwidth((wchar_t)decode(s + i, len)) : 1;

		width += w < 0 ? 1 : (size_t)w;
		i += len ? len : 1;
	}
	return width;
}
