#include "run/gate_text.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/str.h"

enum { ESC = 0x1b, BEL = 0x07 };
/* Shares of GATE_TEXT_MAX when the middle is left out, and a line for the gap. */
enum { HEAD_SHARE = 24 << 10, GAP_LINE = 64, BEFORE_FAILURE = 1024 };

/* The end of the escape sequence at s[0] == ESC (ECMA-48). */
static size_t sequence_length(const char *s, size_t len)
{
	size_t i = 2;

	if (len < 2)
		return len;
	if (s[1] == '[') {
		while (i < len && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x40)
			i++;
		return i < len && (unsigned char)s[i] >= 0x40 && (unsigned char)s[i] < 0x7f ? i + 1 : i;
	}
	if (strchr("]PX^_", s[1])) { /* strings: to BEL or ESC \, not past the line */
		while (i < len && s[i] != BEL && s[i] != ESC && s[i] != '\n')
			i++;
		if (i < len && s[i] == BEL)
			return i + 1;
		return i + 1 < len && s[i] == ESC && s[i + 1] == '\\' ? i + 2 : i;
	}
	i = 1;
	while (i < len && (unsigned char)s[i] >= 0x20 && (unsigned char)s[i] < 0x30)
		i++;
	return i < len && (unsigned char)s[i] >= 0x30 && (unsigned char)s[i] < 0x7f ? i + 1 : i;
}

size_t ansi_strip(char *s, size_t len)
{
	size_t from = 0, to = 0;

	while (from < len) {
		if (s[from] == ESC)
			from += sequence_length(s + from, len - from);
		else
			s[to++] = s[from++];
	}
	return to;
}

/* "10%\r50%\rdone\n" shows as "done"; "\r\n" is a plain end of line; other
 * control characters go. In place. */
static size_t drop_controls(char *s, size_t len)
{
	size_t from, to = 0, line = 0;

	for (from = 0; from < len; from++) {
		if (s[from] == '\r') {
			if (from + 1 < len && s[from + 1] != '\n' && s[from + 1] != '\r')
				to = line;
			continue;
		}
		if (((unsigned char)s[from] < 0x20 && s[from] != '\n' && s[from] != '\t') ||
		    s[from] == 0x7f)
			continue;
		s[to++] = s[from];
		if (s[from] == '\n')
			line = to;
	}
	return to;
}

static bool is_boundary(char c)
{
	return !c || strchr("/ :\n\t'\"`)]},;", c);
}

static int add_without(struct buf *out, const char *s, size_t len, const char *root)
{
	size_t root_len = root ? strlen(root) : 0;
	const char *end = s + len, *at;

	while (root_len && root[root_len - 1] == '/')
		root_len--;
	while (root_len > 1 && (at = memmem(s, (size_t)(end - s), root, root_len))) {
		buf_add(out, s, (size_t)(at - s));
		if (at + root_len == end || is_boundary(at[root_len]))
			buf_addc(out, '.');
		else
			buf_add(out, root, root_len);
		s = at + root_len;
	}
	return buf_add(out, s, (size_t)(end - s));
}

/* A line that tells of a failure, in any of the formats and compilers. */
static bool tells_failure(const char *s, size_t len)
{
	static const char *const marks[] = {
		"not ok ", "FAIL", "ERROR", "rror:", "Error ", "panicked", "Traceback", "ssertion",
		"\u2716", "\u2715", "\u00d7 ", "***Failed", "***Exception", ":F:", ":E:", "fatal",
		"undefined reference", "Segmentation", "AddressSanitizer",
	};
	size_t i;

	for (i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (memmem(s, len, marks[i], strlen(marks[i])))
			return true;
	return false;
}

/* Where the first failing line begins, or `len`. */
static size_t first_failure(const char *s, size_t len)
{
	size_t at = 0, line;
	const char *end;

	while (at < len) {
		end = memchr(s + at, '\n', len - at);
		line = end ? (size_t)(end - s) + 1 - at : len - at;
		if (tells_failure(s + at, line))
			return at;
		at += line;
	}
	return len;
}

static size_t line_start(const char *s, size_t at, size_t no_earlier)
{
	while (at > no_earlier && s[at - 1] != '\n')
		at--;
	return at;
}

static size_t count_lines(const char *s, size_t len)
{
	size_t n = 0, i;

	for (i = 0; i < len; i++)
		n += s[i] == '\n';
	return n;
}

/* s[from, to) moved to character boundaries, into out. */
static int add_part(struct buf *out, const char *s, size_t from, size_t to)
{
	while (from < to && ((unsigned char)s[from] & 0xc0) == 0x80)
		from++;
	while (to > from && ((unsigned char)s[to] & 0xc0) == 0x80)
		to--;
	return buf_add(out, s + from, to - from);
}

static int add_gap(struct buf *out, const char *s, size_t from, size_t to)
{
	if (out->len && out->data[out->len - 1] != '\n')
		buf_addc(out, '\n');
	return buf_addf(out, "[%zu lines left out]\n", count_lines(s + from, to - from));
}

/* The text around the first failure, and the end. */
static char *shorten(const char *s, size_t len, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(GATE_TEXT_MAX);
	size_t tail = len - (GATE_TEXT_MAX - HEAD_SHARE - 2 * GAP_LINE);
	size_t failure = first_failure(s, len);
	size_t from = failure > BEFORE_FAILURE ? failure - BEFORE_FAILURE : 0;
	size_t to;

	from = line_start(s, from, from > BEFORE_FAILURE ? from - BEFORE_FAILURE : 0);
	if (from >= tail || failure == len) { /* the end holds it, or all of it is alike */
		tail = len - (GATE_TEXT_MAX - 2 * GAP_LINE);
		from = to = 0;
	} else {
		to = from + HEAD_SHARE < tail ? from + HEAD_SHARE : tail;
		to = line_start(s, to, to > from + BEFORE_FAILURE ? to - BEFORE_FAILURE : from);
	}
	if (from)
		add_gap(&out, s, 0, from);
	add_part(&out, s, from, to);
	if (to < tail)
		add_gap(&out, s, to, tail);
	add_part(&out, s, tail, len);
	if (buf_check(&out, "the output of the gate", err))
		return NULL;
	return buf_steal(&out, NULL);
}

char *gate_text(const char *s, size_t len, const char *root, struct error *err)
{
	CLEANUP_FREE char *copy = malloc(len + 1);
	/* root becomes shorter, an invalid byte at most three times as long */
	CLEANUP_BUF struct buf bare = BUF_INIT(len + 16);
	CLEANUP_BUF struct buf clean = BUF_INIT(3 * (len + 16));

	if (!copy)
		goto oom;
	if (len)
		memcpy(copy, s, len);
	len = ansi_strip(copy, len);
	len = drop_controls(copy, len);
	if (add_without(&bare, copy, len, root) ||
	    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): copy frees itself */
	    text_clean(&clean, buf_str(&bare), bare.len, true))
		goto oom;
	if (clean.len > GATE_TEXT_MAX)
		return shorten(buf_str(&clean), clean.len, err);
	return buf_steal(&clean, NULL);
oom:
	error_oom(err);
	return NULL;
}
