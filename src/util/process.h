/* process.h: child processes, by argument vector only.
 *
 * The child gets its own session and process group, default signal
 * dispositions, an empty signal mask and no descriptor but 0, 1, 2. On timeout
 * or cancel the group gets SIGTERM, then SIGKILL after 500 ms. When the child
 * has ended, those who hold its pipes open get 200 ms more to write; then they
 * are left, and whatever remains of the group is killed.
 * With inherit_stdio it stays in the caller's group, or the terminal would stop
 * it; then the child alone gets the signals.
 *
 * A child does not die with its parent: Linux could do that for the spawning
 * thread only, whose end is not the program's. Who needs it runs the command
 * under council-sandbox, which watches its parent.
 * Thread-safe. A relative argv[0] with a '/' is looked up in cwd.
 */
#ifndef COUNCIL_PROCESS_H
#define COUNCIL_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/cancel.h"
#include "util/error.h"

struct process_spec {
	const char *const *argv;     /* NULL-terminated; argv[0] is looked up in PATH */
	const char *cwd;             /* NULL: the caller's */
	const char *const *env;      /* NULL-terminated "K=V"; NULL: inherit */
	const void *input;           /* bytes for stdin, borrowed; NULL: /dev/null */
	size_t input_len;
	bool inherit_stdio;          /* the child talks to the terminal itself (editor, pager) */
	bool merge;                  /* stderr into out */
	size_t output_max;           /* bytes kept a stream, first half and last half; 0: 8 MiB */
	int64_t timeout_ms;          /* 0: none */
	const struct cancel *cancel; /* borrowed, may be NULL */
	/* called on the caller's thread with each piece of output; may be NULL */
	void (*on_output)(void *ctx, const char *data, size_t len);
	void *on_output_ctx;
};

struct process_result {
	int exit_code;      /* 0–255, or -1 when a signal ended it */
	int signal;         /* the signal, or 0 */
	bool timed_out;
	bool cancelled;
	bool truncated;     /* output passed output_max: "\n[N bytes left out]\n" stands in the gap */
	uint64_t out_total; /* bytes that it wrote, both streams */
	int64_t duration_us;
	char *out;          /* owned, NUL-terminated; may hold NUL bytes: use the length */
	size_t out_len;
	char *err_out;      /* owned; "" when merged */
	size_t err_len;
};

/* 0 when the process was started and reaped, whatever its status; -1 when it
 * could not be started (ret untouched; err names argv[0] and why;
 * STATUS_USAGE for a command that is missing, else STATUS_INTERNAL).
 * A cancelled child is still a 0 with ret->cancelled. */
int process_run(const struct process_spec *spec, struct process_result *ret, struct error *err);
void process_result_release(struct process_result *r);
#define CLEANUP_PROCESS __attribute__((cleanup(process_result_release)))

/* Runs argv in cwd and takes its stdout; a non-zero status is an error that
 * quotes the last line of stderr. ret_out (malloc'd, trailing newlines
 * stripped, cut at its first NUL) may be NULL. For git and other small helpers.
 * Timeout 60 s. Errors: STATUS_USAGE for a status or a timeout, the cancel's
 * own status when cancelled, else as process_run. */
int process_output(const char *const *argv, const char *cwd, const struct cancel *cancel,
		   char **ret_out, struct error *err);

#endif
