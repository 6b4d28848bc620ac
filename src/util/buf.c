/* buf.c: see buf.h. */
#include "util/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

void buf_release(struct buf *b)
{
	if (!b)
		return;
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

/* Makes room for n more bytes and the NUL; marks the buffer when it cannot. */
static int reserve(struct buf *b, size_t n)
{
	size_t need, cap;
	char *data;

	if (b->failed)
		return -1;
	/* max may be SIZE_MAX: the NUL must not wrap the sum around. */
	if (n > b->max - b->len || n > SIZE_MAX / 4) {
		b->failed = true;
		return -1;
	}
	need = b->len + n + 1;
	if (need <= b->cap)
		return 0;
	cap = b->cap ? b->cap : 64;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (b->max < SIZE_MAX && cap > b->max + 1)
		cap = b->max + 1;
	data = realloc(b->data, cap);
	if (!data) {
		b->failed = true;
		return -1;
	}
	b->data = data;
	b->cap = cap;
	return 0;
}

int buf_add(struct buf *b, const void *data, size_t len)
{
	if (reserve(b, len) < 0)
		return -1;
	if (len > 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return 0;
}

int buf_adds(struct buf *b, const char *s)
{
	return buf_add(b, s, s ? strlen(s) : 0);
}

int buf_addc(struct buf *b, char c)
{
	return buf_add(b, &c, 1);
}

int buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0) {
		b->failed = true;
		return -1;
	}
	if (reserve(b, (size_t)n) < 0)
		return -1;
	vsnprintf(b->data + b->len, (size_t)n + 1, fmt, ap);
	b->len += (size_t)n;
	return 0;
}

int buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = buf_vaddf(b, fmt, ap);
	va_end(ap);
	return rc;
}

void buf_clear(struct buf *b)
{
	b->failed = false;
	buf_truncate(b, 0);
}

void buf_truncate(struct buf *b, size_t len)
{
	if (len > b->len)
		return;
	b->len = len;
	if (b->data)
		b->data[len] = '\0';
}

void buf_consume(struct buf *b, size_t n)
{
	if (n >= b->len) {
		buf_truncate(b, 0);
		return;
	}
	memmove(b->data, b->data + n, b->len - n + 1);
	b->len -= n;
}

const char *buf_str(const struct buf *b)
{
	return b->data ? b->data : "";
}

char *buf_steal(struct buf *b, size_t *ret_len)
{
	char *data = b->data ? b->data : calloc(1, 1);

	if (!data)
		return NULL;
	if (ret_len)
		*ret_len = b->len;
	*b = (struct buf){ .max = b->max };
	return data;
}

int buf_check(const struct buf *b, const char *what, struct error *err)
{
	if (!b->failed)
		return 0;
	/* Memory gives out long before a limit that was never meant to be met. */
	if (b->max >= SIZE_MAX / 4)
		return error_oom(err);
	return error_set(err, STATUS_USAGE, "%s is larger than %zu bytes", what, b->max);
}

int buf_read_fd(struct buf *b, int fd, const char *name, struct error *err)
{
	struct stat st;
	size_t limit = b->max - b->len;

	/* One allocation for a plain file; the size is a hint and no more. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (uint64_t)st.st_size <= limit && reserve(b, (size_t)st.st_size) < 0)
		return error_oom(err);

	for (;;) {
		char chunk[16384];
		size_t room = b->cap > b->len + 1 ? b->cap - b->len - 1 : 0;
		char *into = room ? b->data + b->len : chunk;
		ssize_t n = read(fd, into, room ? room : sizeof chunk);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_sys(err, STATUS_USAGE, errno, "cannot read %s", name);
		if (n == 0)
			return 0;
		if (room) {
			b->len += (size_t)n;
			b->data[b->len] = '\0';
		} else if (buf_add(b, chunk, (size_t)n) < 0) {
			if ((size_t)n > b->max - b->len)
				return error_set(err, STATUS_USAGE, "%s is larger than %zu bytes",
						 name, limit);
			return error_oom(err);
		}
	}
}

int buf_read_file(struct buf *b, const char *path, struct error *err)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot read %s", path);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		rc = error_set(err, STATUS_USAGE, "cannot read %s: it is a folder", path);
	else
		rc = buf_read_fd(b, fd, path, err);
	close(fd);
	return rc;
}
