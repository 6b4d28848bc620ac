/* replay.h: recorded answers instead of an endpoint, and the making of such a
 * record. Format (man council-formats):
 *   {"version": 1, "recorded": true, "note": "…",
 *    "answers": {"builder": [{"text": "…", "model": "…", "finish_reason": "stop",
 *      "usage": {"input": 1, "cache_read": 0, "cache_write": 0, "output": 1, "reasoning": 0},
 *      "latency_ms": 0}, …], …}}
 * Only `text` must be there. Answers are taken by persona, in order.
 * Thread-safe. */
#ifndef COUNCIL_REPLAY_H
#define COUNCIL_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "util/error.h"

struct replay;
struct replay_entry {           /* borrowed from the replay */
	const char *text;
	const char *model;          /* NULL: not said */
	const char *finish_reason;  /* NULL: "stop" */
	struct usage usage;
	bool has_usage;
	int64_t latency_ms;
};

/* STATUS_USAGE for a file that is missing or not of the format, with the place. */
int replay_open(const char *path, struct replay **ret, struct error *err);
int replay_parse(const char *text, size_t len, const char *name, struct replay **ret,
		 struct error *err);
void replay_free(struct replay *r);
/* The persona's next answer. STATUS_ENDPOINT naming persona, number and file when there is none. */
int replay_take(struct replay *r, const char *persona, struct replay_entry *ret, struct error *err);
/* The persona's next answer was had from elsewhere (a resumed run). */
void replay_skip(struct replay *r, const char *persona);

struct recorder;
/* Makes the file at once (0600), so that one that cannot be written is known before money is spent. */
int recorder_open(const char *path, struct recorder **ret, struct error *err);
void recorder_free(struct recorder *r);
/* Adds an answer and writes the file anew, atomically. */
int recorder_add(struct recorder *r, const char *persona, const struct completion *c,
		 struct error *err);

#endif
