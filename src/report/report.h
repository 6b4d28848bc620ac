/* report.h: sinks that show a run, and the text made of a result. */
#ifndef COUNCIL_REPORT_H
#define COUNCIL_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "event/event.h"
#include "run/result.h"
#include "util/buf.h"
#include "util/error.h"

struct report_style {
	bool color;
	bool live;        /* a terminal: a live line, redrawn in place */
	int columns;      /* width; 0: 80 */
	bool quiet;       /* only errors and the closing lines */
	bool verbose;     /* streamed text and each call */
};

/* Progress for people on `stream` (stderr). A terminal gets a live line for the persona at work
 * (elapsed, tokens a second, cost so far), then its result; elsewhere plain lines. */
struct terminal_sink;
struct terminal_sink *terminal_sink_new(FILE *stream, const struct report_style *style, struct error *err);
extern const struct event_sink terminal_event_sink;   /* ctx: struct terminal_sink *; owns it */

/* NDJSON on `stream` (stdout), flushed a line. ctx: FILE *. EPIPE is remembered, not fatal. */
extern const struct event_sink ndjson_event_sink;

/* The closing report: proof, gate line ("red 2 → green 0, tests untouched"), findings, table
 * (persona, model, calls, tokens in/cached/out, time, cost), commands to go on with. */
int report_result(struct buf *out, const struct result *r, const struct report_style *style);
/* The next command to try, one line without newline, by status; "" when there is none. */
int report_next_step(struct buf *out, const struct result *r);
/* Markdown of the same, for `council show --markdown` and CI summaries. */
int report_markdown(struct buf *out, const struct result *r);
/* A unified diff with colours, control characters made visible. */
int report_diff(struct buf *out, const char *diff, size_t len, bool color);
/* Parses result_json back (from the ledger), so that show prints what run printed. */
int result_from_json(const json *j, struct result *ret, struct error *err);

#endif
