/* error.h: how every function of the program reports failure.
 *
 * A function that can fail returns 0, or a negative number and fills the
 * trailing `struct error *err`; on success it leaves *err alone. The code
 * decides (it is the exit status the program would end with); the message is
 * one line for a person: what happened, where, and what to do about it.
 * The library neither prints nor exits: only main and the sinks do.
 */
#ifndef COUNCIL_ERROR_H
#define COUNCIL_ERROR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

/* The exit statuses, the one set used by code, help, man pages and README. */
enum status {
	STATUS_DONE = 0,         /* done, gates pass, not blocked */
	STATUS_INTERNAL = 1,     /* internal error */
	STATUS_USAGE = 2,        /* usage, configuration or environment */
	STATUS_GATE = 3,         /* the gate fails, or edits never applied */
	STATUS_REVIEW = 4,       /* review blocks, or still wants changes */
	STATUS_BUDGET = 5,       /* budget spent */
	STATUS_ENDPOINT = 6,     /* endpoint failed or gave no usable answer */
	STATUS_NOTHING = 7,      /* nothing to change, and green */
	STATUS_SANDBOX = 8,      /* sandbox not available */
	STATUS_INTERRUPTED = 130,/* SIGINT (and SIGHUP) */
	STATUS_TERMINATED = 143, /* SIGTERM */
};

/* The word for a status, as the result and the man page spell it:
 * "done", "internal", "usage", "gate", "review", "budget", "endpoint",
 * "nothing", "sandbox", "interrupted", "terminated". Never NULL. */
const char *status_name(enum status status);

/* A value; needs no release. Zero-initialise: code 0 means no error. */
struct error {
	enum status code;
	char message[1024]; /* one line, NUL-terminated, no trailing newline; UTF-8 cut at a character */
};

/* Sets *err (which may be NULL) and returns -1, so that a failing function
 * ends with `return error_set(err, STATUS_…, "…", …);`. Control characters in
 * the formatted text are replaced by spaces, so that a message is one line. */
int error_set(struct error *err, enum status code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4), cold));
int error_vset(struct error *err, enum status code, const char *fmt, va_list ap)
	__attribute__((format(printf, 3, 0), cold));

/* As error_set, with ": " and strerror(errnum) behind the message. A disk that is full or read-only
 * is never STATUS_INTERNAL but STATUS_USAGE: something to be set right. */
int error_sys(struct error *err, enum status code, int errnum, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), cold));

/* Puts "prefix: " in front of the message that is there. Returns -1. */
int error_prefix(struct error *err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3), cold));

/* STATUS_INTERNAL, "out of memory". Returns -1. */
int error_oom(struct error *err) __attribute__((cold));

/* clang's analyzer sees one file at a time: it shall know that they return -1 */
#if defined(__clang_analyzer__) && !defined(ERROR_DEFINES)
#define error_set(...) ({ error_set(__VA_ARGS__); -1; })
#define error_vset(...) ({ error_vset(__VA_ARGS__); -1; })
#define error_sys(...) ({ error_sys(__VA_ARGS__); -1; })
#define error_prefix(...) ({ error_prefix(__VA_ARGS__); -1; })
#define error_oom(...) ({ error_oom(__VA_ARGS__); -1; })
#endif

#endif
