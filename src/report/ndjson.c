/* ndjson.c: each event as one line of JSON on a stream, flushed, so that a
 * reader sees it when it happens. A stream that failed stays failed: the frame
 * of the commands reports it at the end. */
#include <stdio.h>
#include <stdlib.h>

#include "report/report.h"
#include "util/str.h"

static void ndjson_event(void *ctx, const struct event *e)
{
	FILE *stream = ctx;
	CLEANUP_FREE char *line = NULL;

	if (ferror(stream))
		return;
	line = event_ndjson(e);
	if (!line)
		return;
	fputs(line, stream);
	putc('\n', stream);
	fflush(stream);
}

const struct event_sink ndjson_event_sink = { .name = "ndjson", .event = ndjson_event };
