/* sse.h: server-sent events (WHATWG HTML, 9.2.6), parsed as the bytes come,
 * cut anywhere. Lines end with LF, CR or CRLF; `data` lines of one event are
 * joined by LF; comments, `id` and `retry` are skipped. A line or an event
 * longer than SSE_MAX is an error, so memory stays bounded. */
#ifndef COUNCIL_SSE_H
#define COUNCIL_SSE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"

enum { SSE_MAX = 8 << 20 };

struct sse {
	struct buf line;    /* a line that is not whole yet */
	struct buf data;    /* of the event so far, each line followed by LF */
	char name[64];      /* its `event`, cut to fit */
	bool skip_lf;       /* the last byte was CR: an LF that follows belongs to it */
	bool started;       /* past a byte order mark */
	bool has_data;
	void *ctx;
	/* name is "message" unless the stream said otherwise; data is NUL-terminated and borrowed.
	 * Non-zero ends the parse: err is then the callback's. */
	int (*event)(void *ctx, const char *name, const char *data, size_t len, struct error *err);
};

void sse_init(struct sse *s, int (*event)(void *ctx, const char *name, const char *data,
					  size_t len, struct error *err), void *ctx);
void sse_release(struct sse *s);
/* 0, or -1: STATUS_ENDPOINT for a stream that is too long, else the callback's error. */
int sse_feed(struct sse *s, const char *data, size_t len, struct error *err);
/* The stream ended: an event without its closing blank line still counts, as servers leave it out. */
int sse_finish(struct sse *s, struct error *err);

#endif
