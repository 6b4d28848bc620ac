/* log.h: the diagnostic log (`--log FILE`, COUNCIL_LOG=level). One line an
 * entry: ISO time, level, message; secrets masked (known key values and
 * Bearer/sk- like tokens). Thread-safe; a NULL log drops everything. */
#ifndef COUNCIL_LOG_H
#define COUNCIL_LOG_H

#include <stddef.h>

#include "util/buf.h"
#include "util/error.h"
#include "util/str.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
struct log;

/* level: "error" … "trace", NULL for "info". path "-" is stderr, else a file
 * made 0600 and appended to. NULL with err (STATUS_USAGE) set. */
struct log *log_open(const char *path, const char *level, struct error *err);
void log_close(struct log *log);
void log_secret(struct log *log, const char *value); /* masks this value from now on */
/* Control characters are made visible, lines over 16 KiB are cut. */
void log_write(struct log *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends s with secrets replaced by "[masked]": every value of `secrets` (may
 * be NULL; values under 6 bytes are left, they would mask common text) and
 * what looks like a key: "Bearer X", "api-key: X", "x-api-key=X", "sk-…",
 * "ghp_…", "github_pat_…", "AKIA…" and their like. -1: see buf_add. */
int log_mask(struct buf *out, const char *s, size_t n, const struct strv *secrets);

#endif
