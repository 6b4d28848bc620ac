/* sandbox.h: the client of council-sandbox, the helper program under which
 * every command of a run goes (build, test, set-up).
 *
 * This version: a session of its own, subreaper, no new privileges, environment
 * scrubbed of keys, AI_AGENT set, output bounded, a time limit, every descendant
 * ended, also those that left the session or killed their group. File and
 * network confinement (Landlock, seccomp) belong behind the same call. */
#ifndef COUNCIL_SANDBOX_H
#define COUNCIL_SANDBOX_H

#include "util/process.h"

struct sandbox_spec {
	bool off;                    /* --sandbox=off: a plain child, without the helper */
	const char *command;         /* run as sh -c command */
	const char *cwd;
	const char *const *env_extra;/* NULL-terminated K=V; may be NULL */
	int64_t timeout_ms;
	size_t output_max;           /* 0: 8 MiB */
	const struct cancel *cancel;
	void (*on_output)(void *ctx, const char *data, size_t len);
	void *on_output_ctx;
};
/* As process_run (stderr merged into out). STATUS_SANDBOX when the helper is missing. */
int sandbox_run(const struct sandbox_spec *spec, struct process_result *ret, struct error *err);
/* Where the helper is: $COUNCIL_SANDBOX_HELPER, beside the running program, or libexecdir. malloc'd. */
char *sandbox_helper_path(struct error *err);
/* The environment a child gets: the caller's without keys and tokens; strv of K=V. */
struct strv;
int sandbox_environment(const char *const *env_extra, struct strv *ret, struct error *err);

#endif
