/* log.c: see log.h. */
#include "util/log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"

enum { LINE_MAX_BYTES = 16384 };

static const char *const level_names[] = {
	[LOG_ERROR] = "error", [LOG_WARN] = "warn",   [LOG_INFO] = "info",
	[LOG_DEBUG] = "debug", [LOG_TRACE] = "trace", NULL,
};

struct log {
	int fd;
	bool owned; /* not stderr */
	enum log_level level;
	pthread_mutex_t lock; /* over secrets, and so that lines stay whole */
	struct strv secrets;
};

static int parse_level(const char *name, enum log_level *ret, struct error *err)
{
	if (!name || !*name) {
		*ret = LOG_INFO;
		return 0;
	}
	for (size_t i = 0; level_names[i]; i++) {
		if (str_eq(level_names[i], name)) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return error_set(err, STATUS_USAGE,
			 "unknown log level '%s': use error, warn, info, debug or trace", name);
}

struct log *log_open(const char *path, const char *level, struct error *err)
{
	bool to_stderr = strcmp(path, "-") == 0;
	enum log_level parsed = LOG_INFO;
	struct log *log;
	int fd;

	if (parse_level(level, &parsed, err) < 0)
		return NULL;
	fd = to_stderr ? STDERR_FILENO : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0) {
		error_sys(err, STATUS_USAGE, errno, "cannot write the log %s", path);
		return NULL;
	}
	log = calloc(1, sizeof *log);
	if (!log) {
		if (!to_stderr)
			close(fd);
		error_oom(err);
		return NULL;
	}
	log->fd = fd;
	log->owned = !to_stderr;
	log->level = parsed;
	pthread_mutex_init(&log->lock, NULL);
	return log;
}

void log_close(struct log *log)
{
	if (!log)
		return;
	if (log->owned)
		close(log->fd);
	pthread_mutex_destroy(&log->lock);
	/* The values do not stay behind in freed memory. */
	for (size_t i = 0; i < log->secrets.n; i++)
		explicit_bzero(log->secrets.v[i], strlen(log->secrets.v[i]));
	strv_release(&log->secrets);
	free(log);
}

void log_secret(struct log *log, const char *value)
{
	if (!log || !value || !*value)
		return;
	pthread_mutex_lock(&log->lock);
	if (!strv_has(&log->secrets, value))
		(void)strv_add(&log->secrets, value); /* out of memory: forms are masked still */
	pthread_mutex_unlock(&log->lock);
}

/* The whole line: time, level, message. -1: out of memory. */
static int compose(struct buf *line, const struct log *log, enum log_level level,
		   const struct buf *message)
{
	CLEANUP_BUF struct buf masked = BUF_INIT(8 * LINE_MAX_BYTES);
	char time[28];

	clock_format_iso(clock_now_us(), time);
	if (buf_addf(line, "%s %s ", time, level_names[level]) < 0)
		return -1;
	/* Masked first: a secret is known by its bytes as they are. */
	if (log_mask(&masked, buf_str(message), message->len, &log->secrets) < 0)
		return -1;
	if (masked.len > LINE_MAX_BYTES) {
		buf_truncate(&masked, LINE_MAX_BYTES);
		if (buf_adds(&masked, " [cut]") < 0)
			return -1;
	}
	if (text_clean(line, buf_str(&masked), masked.len, false) < 0)
		return -1;
	return buf_addc(line, '\n');
}

void log_write(struct log *log, enum log_level level, const char *fmt, ...)
{
	CLEANUP_BUF struct buf message = BUF_INIT(1 << 20);
	CLEANUP_BUF struct buf line = BUF_INIT(8 * LINE_MAX_BYTES);
	va_list ap;

	if (!log || level > log->level)
		return;
	va_start(ap, fmt);
	if (buf_vaddf(&message, fmt, ap) < 0)
		buf_clear(&message);
	va_end(ap);
	if (message.len == 0 && buf_adds(&message, "(a message over 1 MiB was dropped)") < 0)
		return;
	if (message.len > 2 * LINE_MAX_BYTES)
		buf_truncate(&message, 2 * LINE_MAX_BYTES);
	while (message.len > 0 && buf_str(&message)[message.len - 1] == '\n')
		buf_truncate(&message, message.len - 1);
	pthread_mutex_lock(&log->lock);
	if (compose(&line, log, level, &message) == 0) {
		/* One write a line; a log that cannot be written stops nothing. */
		ssize_t n = write(log->fd, buf_str(&line), line.len);

		(void)n;
	}
	pthread_mutex_unlock(&log->lock);
}
