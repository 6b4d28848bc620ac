/* json_scan.c: see json_scan.h. */
#include "util/json_scan.h"

#include <string.h>

#include "util/str.h"

/* cJSON copies a number into 64 bytes; no honest one is longer. */
enum { NUMBER_MAX = 63 };

static bool fault(struct json_scan *s, const char *reason)
{
	s->reason = reason;
	return false;
}

/* The byte at `at`, or -1 at the end. */
static int peek(const struct json_scan *s)
{
	return s->at < s->len ? (unsigned char)s->text[s->at] : -1;
}

void json_scan_space(struct json_scan *s)
{
	while (s->at < s->len && memchr(" \t\n\r", s->text[s->at], 4))
		s->at++;
}

static int hex_value(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Four digits at `at`; -1 when they are not. */
static int scan_hex(struct json_scan *s)
{
	int v = 0;

	if (s->len - s->at < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		int d = hex_value((unsigned char)s->text[s->at + i]);

		if (d < 0)
			return -1;
		v = v << 4 | d;
	}
	s->at += 4;
	return v;
}

/* `at` stands behind "\u". */
static bool scan_unicode(struct json_scan *s)
{
	int v = scan_hex(s);

	if (v < 0)
		return fault(s, "\\u needs four hexadecimal digits");
	if (v == 0)
		return fault(s, "\\u0000 in a string is not accepted");
	if (v >= 0xdc00 && v <= 0xdfff)
		return fault(s, "the second half of a surrogate pair stands alone");
	if (v < 0xd800 || v > 0xdbff)
		return true;
	if (s->len - s->at >= 2 && s->text[s->at] == '\\' && s->text[s->at + 1] == 'u') {
		s->at += 2;
		v = scan_hex(s);
		if (v >= 0xdc00 && v <= 0xdfff)
			return true;
	}
	return fault(s, "the first half of a surrogate pair stands alone");
}

static bool scan_escape(struct json_scan *s)
{
	int c;

	s->at++;
	c = peek(s);
	if (c == 'u') {
		s->at++;
		return scan_unicode(s);
	}
	if (c <= 0 || !strchr("\"\\/bfnrt", c))
		return fault(s, "unknown escape in a string");
	s->at++;
	return true;
}

/* `at` stands on the opening quote. */
static bool scan_string(struct json_scan *s)
{
	size_t begin = s->at++;

	while (s->at < s->len) {
		unsigned char c = (unsigned char)s->text[s->at];
		size_t n;

		if (c == '"') {
			s->at++;
			return true;
		}
		if (c == '\\') {
			if (!scan_escape(s))
				return false;
			continue;
		}
		if (c < 0x20 && (c == 0 || !s->lenient))
			return fault(s, "control character in a string (write it as an escape)");
		n = c < 0x80 ? 1 : utf8_char(s->text + s->at, s->len - s->at);
		if (n == 0)
			return fault(s, "invalid UTF-8 in a string");
		s->at += n;
	}
	s->at = begin;
	return fault(s, "the string that begins here does not end");
}

static size_t scan_digits(struct json_scan *s)
{
	size_t begin = s->at;

	while (s->at < s->len && s->text[s->at] >= '0' && s->text[s->at] <= '9')
		s->at++;
	return s->at - begin;
}

static bool scan_number(struct json_scan *s)
{
	size_t begin = s->at;
	bool zero;

	if (peek(s) == '-')
		s->at++;
	zero = peek(s) == '0';
	switch (scan_digits(s)) {
	case 0: return fault(s, "a digit must follow the sign");
	case 1: break;
	default:
		if (zero)
			return fault(s, "a number does not begin with 0");
	}
	if (peek(s) == '.') {
		s->at++;
		if (scan_digits(s) == 0)
			return fault(s, "a digit must follow the decimal point");
	}
	if (peek(s) == 'e' || peek(s) == 'E') {
		s->at++;
		if (peek(s) == '+' || peek(s) == '-')
			s->at++;
		if (scan_digits(s) == 0)
			return fault(s, "a digit must follow the exponent's 'e'");
	}
	if (s->at - begin > NUMBER_MAX) {
		s->at = begin;
		return fault(s, "the number is longer than 63 characters");
	}
	return true;
}

static bool scan_word(struct json_scan *s, const char *word)
{
	size_t n = strlen(word);

	if (s->len - s->at < n || memcmp(s->text + s->at, word, n) != 0)
		return fault(s, "a value is expected");
	s->at += n;
	return true;
}

/* A string, number or word. */
static bool scan_scalar(struct json_scan *s)
{
	int c = peek(s);

	if (c == '"')
		return scan_string(s);
	if (c == '-' || (c >= '0' && c <= '9'))
		return scan_number(s);
	if (c == 't')
		return scan_word(s, "true");
	if (c == 'f')
		return scan_word(s, "false");
	if (c == 'n')
		return scan_word(s, "null");
	return fault(s, c < 0 ? "the text ends where a value is expected" : "a value is expected");
}

static bool scan_key(struct json_scan *s)
{
	if (peek(s) != '"')
		return fault(s, "a key in double quotes is expected");
	if (!scan_string(s))
		return false;
	json_scan_space(s);
	if (peek(s) != ':')
		return fault(s, "':' is expected behind the key");
	s->at++;
	return true;
}

/* What stands behind a whole value: closes as many as close here. Leaves
 * *depth at 0 when the outermost ended, else `at` where the next value begins. */
static bool scan_after(struct json_scan *s, const char *open, size_t *depth)
{
	while (*depth > 0) {
		bool object = open[*depth - 1] == '{';
		int c;

		json_scan_space(s);
		c = peek(s);
		if (c == ',') {
			s->at++;
			json_scan_space(s);
			return !object || scan_key(s);
		}
		if (c != (object ? '}' : ']'))
			return fault(s, object ? "',' or '}' is expected" : "',' or ']' is expected");
		s->at++;
		(*depth)--;
	}
	return true;
}

bool json_scan_value(struct json_scan *s)
{
	char open[JSON_DEPTH_MAX];
	size_t depth = 0;

	do {
		int c;

		json_scan_space(s);
		c = peek(s);
		if (c == '{' || c == '[') {
			if (depth == JSON_DEPTH_MAX)
				return fault(s, "nested deeper than 64");
			open[depth++] = (char)c;
			s->at++;
			json_scan_space(s);
			if (peek(s) != (c == '{' ? '}' : ']')) {
				if (c == '{' && !scan_key(s))
					return false;
				continue;
			}
			s->at++;
			depth--;
		} else if (!scan_scalar(s)) {
			return false;
		}
		if (!scan_after(s, open, &depth))
			return false;
	} while (depth > 0);
	return true;
}
