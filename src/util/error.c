/* error.c: see error.h. */
#define ERROR_DEFINES
#include "util/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "util/str.h"

const char *status_name(enum status status)
{
	switch (status) {
	case STATUS_DONE: return "done";
	case STATUS_INTERNAL: return "internal";
	case STATUS_USAGE: return "usage";
	case STATUS_GATE: return "gate";
	case STATUS_REVIEW: return "review";
	case STATUS_BUDGET: return "budget";
	case STATUS_ENDPOINT: return "endpoint";
	case STATUS_NOTHING: return "nothing";
	case STATUS_SANDBOX: return "sandbox";
	case STATUS_INTERRUPTED: return "interrupted";
	case STATUS_TERMINATED: return "terminated";
	}
	return "internal";
}

/* Copies src, made one valid line: controls become spaces, bytes that are no
 * UTF-8 become '?', and the end falls between two characters. */
static void copy_line(char *dst, size_t size, const char *src, size_t len)
{
	size_t o = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_char(src + i, len - i);
		unsigned char c = (unsigned char)src[i];
		bool c1 = n == 2 && c == 0xc2 && (unsigned char)src[i + 1] < 0xa0;

		if (o + (n ? n : 1) >= size)
			break;
		if (n == 0) {
			/* A character that vsnprintf cut at the end is dropped. */
			if (len - i < 4 && c >= 0xc2 && len + 1 >= size)
				break;
			dst[o++] = '?';
			i++;
			continue;
		}
		if ((n == 1 && (c < 0x20 || c == 0x7f)) || c1)
			dst[o++] = ' ';
		else {
			memcpy(dst + o, src + i, n);
			o += n;
		}
		i += n;
	}
	while (o > 0 && dst[o - 1] == ' ')
		o--;
	dst[o] = '\0';
}

int error_vset(struct error *err, enum status code, const char *fmt, va_list ap)
{
	char text[sizeof err->message]; /* the arguments may point into *err */

	if (!err)
		return -1;
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	err->code = code;
	copy_line(err->message, sizeof err->message, text, strlen(text));
	return -1;
}

int error_set(struct error *err, enum status code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(err, code, fmt, ap);
	va_end(ap);
	return -1;
}

/* Both strerror_r are met: GNU's returns the text, POSIX's fills the buffer. */
#if defined(__GLIBC__)
static const char *describe(int errnum, char *space, size_t size)
{
	return strerror_r(errnum, space, size);
}
#else
static const char *describe(int errnum, char *space, size_t size)
{
	if (strerror_r(errnum, space, size) != 0)
		snprintf(space, size, "error %d", errnum);
	return space;
}
#endif

int error_sys(struct error *err, enum status code, int errnum, const char *fmt, ...)
{
	char text[sizeof err->message];
	char space[128];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	/* A full disk is no fault of the program's, wherever it shows. */
	if (code == STATUS_INTERNAL && (errnum == ENOSPC || errnum == EDQUOT || errnum == EROFS))
		code = STATUS_USAGE;
	return error_set(err, code, "%s: %s", text, describe(errnum, space, sizeof space));
}

int error_prefix(struct error *err, const char *fmt, ...)
{
	char text[sizeof err->message];
	va_list ap;

	if (!err)
		return -1;
	va_start(ap, fmt);
	if (vsnprintf(text, sizeof text, fmt, ap) < 0)
		text[0] = '\0';
	va_end(ap);
	return error_set(err, err->code, "%s: %s", text, err->message);
}

int error_oom(struct error *err)
{
	return error_set(err, STATUS_INTERNAL, "out of memory");
}
