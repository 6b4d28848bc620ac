/* git.c: runs the git program.
 *
 * One function starts every git process, and so every hook that git starts. */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repo/repo_internal.h"
#include "util/clock.h"
#include "util/path.h"

extern char **environ;

/* What would redirect git elsewhere (council may itself be run by a hook, which has these set), or
 * what is set anew below. */
static const char *const dropped_env[] = {
	"GIT_DIR", "GIT_WORK_TREE", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_COMMON_DIR",
	"GIT_OBJECT_DIRECTORY", "GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_NAMESPACE", "GIT_PREFIX",
	"GIT_SHALLOW_FILE", "GIT_GRAFT_FILE", "GIT_REPLACE_REF_BASE", "GIT_NO_REPLACE_OBJECTS",
	"GIT_QUARANTINE_PATH", "GIT_CONFIG", "GIT_LITERAL_PATHSPECS", "GIT_GLOB_PATHSPECS",
	"GIT_NOGLOB_PATHSPECS", "GIT_ICASE_PATHSPECS", "GIT_ATTR_SOURCE", "GIT_REFLOG_ACTION",
	"GIT_TERMINAL_PROMPT", "GIT_OPTIONAL_LOCKS", "GIT_EDITOR", "LC_ALL", "LANGUAGE", "AI_AGENT",
	NULL,
};

static bool env_dropped(const char *entry)
{
	const char *eq = strchr(entry, '=');
	if (!eq)
		return true;
	size_t n = (size_t)(eq - entry);
	/* A hook may run what a model wrote: it has no use for the keys of the endpoints. */
	if (n > 8 && !strncmp(eq - 8, "_API_KEY", 8))
		return true;
	for (const char *const *d = dropped_env; *d; d++)
		if (strlen(*d) == n && !strncmp(*d, entry, n))
			return true;
	return false;
}

/* The locale is C for the messages, UTF-8 for the hooks: many an interpreter refuses text otherwise. */
static int build_env(const struct git_call *call, struct strv *env, struct error *err)
{
	int rc = 0;
	for (char **e = environ; e && *e; e++)
		if (!env_dropped(*e))
			rc |= strv_add(env, *e);
	rc |= strv_add(env, "GIT_TERMINAL_PROMPT=0");
	rc |= strv_add(env, "GIT_OPTIONAL_LOCKS=0");
	rc |= strv_add(env, "GIT_EDITOR=:");
	rc |= strv_add(env, "LC_ALL=C.UTF-8");
	rc |= strv_add(env, "AI_AGENT=council");
	if (call->index)
		rc |= strv_addf(env, "GIT_INDEX_FILE=%s", call->index);
	for (const char *const *e = call->env; e && *e; e++)
		rc |= strv_add(env, *e);
	return rc ? error_oom(err) : 0;
}

static int build_argv(const struct git_call *call, struct strv *argv, struct error *err)
{
	/* No file monitor or background maintenance is started on the user's behalf. */
	static const char *const always[] = {
		"core.fsmonitor=false", "maintenance.auto=false", "gc.auto=0",
		"advice.addEmbeddedRepo=false", NULL,
	};
	int rc = strv_add(argv, "git");
	for (const char *const *c = always; *c; c++)
		rc |= strv_add(argv, "-c") | strv_add(argv, *c);
	for (const char *const *c = call->config; c && *c; c++)
		rc |= strv_add(argv, "-c") | strv_add(argv, *c);
	if (call->place) {
		rc |= strv_addf(argv, "--git-dir=%s", call->place->git_dir);
		if (call->place->work_tree)
			rc |= strv_addf(argv, "--work-tree=%s", call->place->work_tree);
	}
	for (const char *const *a = call->args; *a; a++)
		rc |= strv_add(argv, *a);
	return rc ? error_oom(err) : 0;
}

/* Did another process hold a lock? What a wait cannot mend is not meant: a ref that has moved, or
 * whose name another one stands in the way of. */
static bool lock_held(const struct process_result *r)
{
	const char *e = r->err_out;
	if (strstr(e, "but expected") || strstr(e, "cannot create") || strstr(e, "reference already"))
		return false;
	return (strstr(e, ".lock'") && strstr(e, "File exists")) || strstr(e, "cannot lock ref") ||
	       strstr(e, "could not lock config file");
}

static void wait_a_little(const struct cancel *cancel)
{
	struct pollfd p = { .fd = cancel_fd(cancel), .events = POLLIN };
	poll(&p, p.fd >= 0 ? 1 : 0, 50);
}

int git_run(const struct git_call *call, struct process_result *ret, struct error *err)
{
	CLEANUP_STRV struct strv env = { 0 };
	CLEANUP_STRV struct strv argv = { 0 };
	if (build_env(call, &env, err) || build_argv(call, &argv, err))
		return -1;
	const char *cwd = call->cwd;
	if (!cwd && call->place)
		cwd = call->place->work_tree ? call->place->work_tree : call->place->git_dir;
	const struct process_spec spec = {
		.argv = (const char *const *)argv.v,
		.env = (const char *const *)env.v,
		.cwd = cwd,
		.input = call->input,
		.input_len = call->input_len,
		.output_max = 64u << 20,
		.timeout_ms = call->timeout_ms ? call->timeout_ms : 600000,
		.cancel = call->cancel,
	};
	int64_t until = clock_monotonic_us() + 2000000;
	for (;;) {
		CLEANUP_PROCESS struct process_result r = { 0 };
		if (process_run(&spec, &r, err))
			return -1;
		if (r.cancelled)
			return cancel_check(call->cancel, err) ? -1 :
			       error_set(err, STATUS_INTERRUPTED, "git was interrupted");
		if (r.timed_out)
			return error_set(err, STATUS_USAGE, "git %s did not end within %lld s: see "
					 "whether a hook or filter of the repository hangs",
					 call->args[0], (long long)(spec.timeout_ms / 1000));
		if (r.exit_code == 0 || !lock_held(&r) || clock_monotonic_us() >= until) {
			*ret = r;
			memset(&r, 0, sizeof(r));
			return 0;
		}
		wait_a_little(call->cancel);
	}
}

char *last_line(const char *text, size_t len)
{
	while (len > 0 && strchr("\r\n\t ", text[len - 1]))
		len--;
	size_t start = len;
	while (start > 0 && text[start - 1] != '\n')
		start--;
	return len > start ? str_ndup(text + start, len - start) : NULL;
}

/* The first "fatal:" or "error:" line without that word, else the last line. */
static char *telling_line(const char *text, size_t len)
{
	static const char *const words[] = { "fatal: ", "error: ", NULL };
	for (const char *const *w = words; *w; w++)
		for (const char *p = text; p && *p; p = strchr(p, '\n')) {
			p += *p == '\n';
			if (str_starts(p, *w)) {
				p += strlen(*w);
				return str_ndup(p, strcspn(p, "\n"));
			}
		}
	return last_line(text, len);
}

const char *failure_advice(const char *text)
{
	static const struct { const char *sign, *advice; } known[] = {
		{ "No space left", "; make room on that disk and try again" },
		{ "not enough space", "; make room on that disk and try again" },
		{ "Disk quota", "; make room on that disk and try again" },
		{ "Read-only file system", "; the repository must be writable" },
		{ "insufficient permission", "; the repository must be writable" },
		{ "Permission denied", "; see to the permissions (the repository must be writable)" },
		{ "permission denied", "; see to the permissions (the repository must be writable)" },
		{ "File exists", "; another git process is at work, or was killed and left that "
				 "file: if none runs, remove it" },
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strstr(text, known[i].sign))
			return known[i].advice;
	return "";
}

int git_explain(struct error *err, enum status code, const char *what,
		const struct process_result *r)
{
	CLEANUP_FREE char *line = telling_line(r->err_out, r->err_len);
	if (!line)
		line = last_line(r->out, r->out_len);
	if (line)
		return error_set(err, code, "%s: %s%s", what, line, failure_advice(r->err_out));
	if (r->signal)
		return error_set(err, code, "%s: git was ended by signal %d", what, r->signal);
	return error_set(err, code, "%s: git ended with status %d", what, r->exit_code);
}

int git_ok(const struct git_call *call, const char *what, char **ret_out, struct error *err)
{
	CLEANUP_PROCESS struct process_result r = { 0 };
	if (git_run(call, &r, err))
		return error_prefix(err, "%s", what);
	if (r.exit_code != 0)
		return git_explain(err, STATUS_USAGE, what, &r);
	if (ret_out) {
		while (r.out_len > 0 && r.out[r.out_len - 1] == '\n')
			r.out[--r.out_len] = '\0';
		*ret_out = STEAL(r.out);
	}
	return 0;
}
