/* log.h: the diagnostic log (`--log FILE`, COUNCIL_LOG=level). One line an
 * entry: ISO time, level, message; secrets masked (known key values and
 * Bearer/sk- like tokens). Thread-safe; a NULL log drops everything. */
#ifndef COUNCIL_LOG_H
#define COUNCIL_LOG_H

#include "util/error.h"

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG_TRACE };
struct log;

/* level: "error" … "trace", NULL for "info". path "-" is stderr. 0600. */
struct log *log_open(const char *path, const char *level, struct error *err);
void log_close(struct log *log);
void log_secret(struct log *log, const char *value); /* masks this value from now on */
void log_write(struct log *log, enum log_level level, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

#endif
