/* buf.h: the one growable byte buffer; it must be given its maximum.
 *
 * Errors are sticky: an append that would pass the maximum, or for which
 * there is no memory, appends nothing, marks the buffer and returns -1, and so
 * does every later append. A writer may therefore append freely and ask
 * buf_check once at the end. The data are always NUL-terminated (the NUL is
 * not counted in len), and may hold NUL bytes.
 */
#ifndef COUNCIL_BUF_H
#define COUNCIL_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct buf {
	char *data;  /* owned; NULL until the first append. Use buf_str for a string */
	size_t len;  /* bytes used */
	size_t cap;  /* bytes allocated */
	size_t max;  /* len never passes this */
	bool failed; /* an append was refused */
};

/* struct buf b = BUF_INIT(1 << 20); */
#define BUF_INIT(maximum) { .max = (maximum) }
void buf_init(struct buf *b, size_t max);
void buf_release(struct buf *b);           /* NULL-safe; b may be used again */
#define CLEANUP_BUF __attribute__((cleanup(buf_release)))

int buf_add(struct buf *b, const void *data, size_t len);
int buf_adds(struct buf *b, const char *s);
int buf_addc(struct buf *b, char c);
int buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int buf_vaddf(struct buf *b, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void buf_clear(struct buf *b);             /* len 0, failed false; keeps the memory */
void buf_truncate(struct buf *b, size_t len);
void buf_consume(struct buf *b, size_t n); /* drops the first n bytes */

/* The contents as a string, "" when empty; borrowed until the next append. */
const char *buf_str(const struct buf *b);
/* Hands the memory over (free it); the buffer is empty afterwards. Never
 * NULL unless out of memory. ret_len may be NULL. */
char *buf_steal(struct buf *b, size_t *ret_len);
/* 0, or -1 with "WHAT is larger than N bytes" / out of memory. */
int buf_check(const struct buf *b, const char *what, struct error *err);

/* Reads a whole file (or fd) up to b->max more bytes; a larger one is an
 * error that names the limit. */
int buf_read_file(struct buf *b, const char *path, struct error *err);
int buf_read_fd(struct buf *b, int fd, const char *name, struct error *err);

#endif
