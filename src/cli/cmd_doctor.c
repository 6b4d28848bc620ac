/* council doctor: what a run needs, checked, one line each. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "config/persona.h"
#include "model/model.h"
#include "run/gate.h"
#include "sandbox/sandbox.h"
#include "util/path.h"
#include "util/process.h"
#include "util/str.h"

enum { LIST_MS = 5000, TRY_MS = 5000 };
enum health { HEALTH_OK, HEALTH_WARN, HEALTH_FAIL };

static const char *const health_names[] = { "ok", "warn", "fail" };

struct doctor {
	struct cli *cli;
	json *checks;              /* with --json, else NULL */
	struct settings *settings; /* NULL where they do not load */
	int failed;
};

static void tell(struct doctor *d, enum health h, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

static void tell(struct doctor *d, enum health h, const char *what, const char *fmt, ...)
{
	struct error line;
	va_list ap;

	va_start(ap, fmt);
	error_vset(&line, STATUS_USAGE, fmt, ap);
	va_end(ap);
	d->failed += h == HEALTH_FAIL;
	if (d->checks) {
		json *j = json_object();
		if (j && json_set_string(j, "check", what) == 0 &&
		    json_set_string(j, "state", health_names[h]) == 0 &&
		    json_set_string(j, "message", line.message) == 0)
			json_append(d->checks, j);
		else
			json_free(j);
		return;
	}
	static const char *const color[] = { "\033[32m", "\033[33m", "\033[31m" };
	bool paint = d->cli->color_out;
	fprintf(d->cli->out, "%s%-4s%s  %-10s  ", paint ? color[h] : "", health_names[h],
		paint ? "\033[0m" : "", what);
	show_text(d->cli->out, line.message, false);
	fputc('\n', d->cli->out);
}

/* ---- this machine ---- */

static void check_git(struct doctor *d)
{
	const char *const argv[] = { "git", "--version", NULL };
	CLEANUP_FREE char *text = NULL;
	struct error why = { 0 };
	char *end;
	long major, minor;

	if (process_output(argv, NULL, d->cli->cancel, &text, &why) < 0) {
		tell(d, HEALTH_FAIL, "git", "%s: install git", why.message);
		return;
	}
	if (!str_starts(text, "git version ")) {
		tell(d, HEALTH_WARN, "git", "unknown version: %s", text);
		return;
	}
	major = strtol(text + strlen("git version "), &end, 10);
	minor = *end == '.' ? strtol(end + 1, NULL, 10) : 0;
	if (major < 2 || (major == 2 && minor < 25))
		tell(d, HEALTH_FAIL, "git", "%ld.%ld is too old: 2.25 or newer is needed", major, minor);
	else
		tell(d, HEALTH_OK, "git", "%s", text);
}

static void check_disk(struct doctor *d)
{
	struct error why = { 0 };
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, &why);
	struct statvfs fs;

	if (!state) {
		tell(d, HEALTH_FAIL, "disk", "%s: set HOME or XDG_STATE_HOME", why.message);
		return;
	}
	/* the folder may still have to be made: its file system is that of the nearest one there */
	CLEANUP_FREE char *at = str_dup(state);
	while (at && statvfs(at, &fs) < 0) {
		char *up = errno == ENOENT && !str_eq(at, "/") ? path_dirname(at) : NULL;
		if (!up) {
			tell(d, HEALTH_FAIL, "disk", "cannot look at %s: %s", state, strerror(errno));
			return;
		}
		free(at);
		at = up;
	}
	if (!at)
		return;
	unsigned long long mib = (unsigned long long)fs.f_bavail * fs.f_frsize >> 20;
	tell(d, mib < 100 ? HEALTH_FAIL : mib < 1024 ? HEALTH_WARN : HEALTH_OK, "disk",
	     "%llu MiB free for %s%s", mib, state,
	     mib < 1024 ? ": make room, or point XDG_STATE_HOME elsewhere" : "");
}

static void check_sandbox(struct doctor *d)
{
	struct sandbox_spec spec = { .command = "exit 0", .cwd = "/", .timeout_ms = TRY_MS,
				     .cancel = d->cli->cancel };
	CLEANUP_PROCESS struct process_result out = { 0 };
	struct error why = { 0 };

	if (d->settings && !settings_bool(d->settings, SET_SANDBOX))
		tell(d, HEALTH_WARN, "sandbox", "off (%s): commands run with all your rights",
		     settings_origin(d->settings, SET_SANDBOX));
	else if (sandbox_run(&spec, &out, &why) < 0)
		tell(d, HEALTH_FAIL, "sandbox", "%s", why.message);
	else if (out.exit_code != 0)
		tell(d, HEALTH_FAIL, "sandbox", "its helper ran a command that ended with %d",
		     out.exit_code);
	else
		tell(d, HEALTH_OK, "sandbox", "its helper runs commands");
}

/* ---- the repository and the settings ---- */

static void check_repository(struct doctor *d)
{
	struct gate_commands found = { 0 };
	struct repo *r = NULL;
	struct error why = { 0 };
	const char *test = d->settings ? settings_string(d->settings, SET_TEST) : NULL;

	if (repo_open(NULL, &r, &why) < 0) {
		tell(d, HEALTH_WARN, "repository", "%s", why.message);
		return;
	}
	tell(d, HEALTH_OK, "repository", "%s", repo_top(r));
	if (test)
		tell(d, HEALTH_OK, "tests", "%s (%s)", test, settings_origin(d->settings, SET_TEST));
	else if (gate_detect(repo_top(r), &found, &why) == 0 && found.test)
		tell(d, HEALTH_OK, "tests", "%s (found)", found.test);
	else
		tell(d, HEALTH_WARN, "tests", "none found: set `test: CMD`, or run with --test CMD");
	gate_commands_release(&found);
	repo_free(r);
}

static void check_settings(struct doctor *d)
{
	CLEANUP_STRV struct strv warnings = { 0 };
	struct settings_overrides o = { 0 };
	struct error why = { 0 };

	options_overrides(&d->cli->options, NULL, global_options, &o);
	if (settings_load(d->cli->repo ? repo_top(d->cli->repo) : NULL, &o, &d->settings, &warnings,
			  &why) < 0) {
		tell(d, HEALTH_FAIL, "settings", "%s", why.message);
		return;
	}
	for (size_t i = 0; i < warnings.n; i++)
		tell(d, HEALTH_WARN, "settings", "%s", warnings.v[i]);
	if (!warnings.n)
		tell(d, HEALTH_OK, "settings", "no faults");
}

static void check_ledger(struct doctor *d)
{
	const char *path = d->settings ? settings_string(d->settings, SET_LEDGER) : NULL;
	CLEANUP_FREE char *note = NULL;
	struct ledger *l = NULL;
	struct error why = { 0 };

	if (ledger_open(path, false, &l, &note, &why) < 0) {
		tell(d, HEALTH_FAIL, "ledger", "%s", why.message);
		return;
	}
	if (ledger_close(l, &why) < 0)
		tell(d, HEALTH_FAIL, "ledger", "%s", why.message);
	else if (note)
		tell(d, HEALTH_WARN, "ledger", "%s", note);
	else
		tell(d, HEALTH_OK, "ledger", "%s", path ? path : "opens, and can be written");
}

/* ---- endpoints ---- */

static int key_of(struct doctor *d, const struct deployment *from, char **ret, struct error *err)
{
	if (from->api_key_command) {
		const char *const argv[] = { "sh", "-c", from->api_key_command, NULL };
		return process_output(argv, NULL, d->cli->cancel, ret, err);
	}
	*ret = str_dup(from->api_key);
	return 0;
}

static void check_endpoint(struct doctor *d, const struct model_route *route,
			   const struct deployment *from)
{
	CLEANUP_STRV struct strv ids = { 0 };
	CLEANUP_FREE char *url = show_url(route->base_url), *key = NULL;
	struct error why = { 0 };

	if (!url)
		return;
	if (key_of(d, from, &key, &why) < 0) {
		tell(d, HEALTH_FAIL, "endpoint", "%s: the command for its key: %s", url, why.message);
		return;
	}
	if (model_list_remote(route->base_url, key, LIST_MS, d->cli->cancel, &ids, &why) < 0) {
		/* servers on this machine rarely want one */
		bool keyless = !key && from->api_key_env && str_starts(route->base_url, "https:");
		tell(d, HEALTH_FAIL, "endpoint", "%s%s%s", why.message,
		     keyless ? "; there is no key: set " : "", keyless ? from->api_key_env : "");
		return;
	}
	if (route->model && ids.n && !strv_has(&ids, route->model))
		tell(d, HEALTH_WARN, "endpoint", "%s answers, but %s is not among its %zu models", url,
		     route->model, ids.n);
	else
		tell(d, HEALTH_OK, "endpoint", "%s: %s", url, route->model ? route->model : "its own model");
}

static void check_price(struct doctor *d, const struct model_route *route)
{
	int64_t cap = settings_int(d->settings, SET_BUDGET);

	if (route->price_known || cap < 0 || str_eq(route->provider, "replay"))
		return;
	tell(d, HEALTH_WARN, "price", "of %s is unknown, so a run with a budget stops: add it to a "
	     "`prices` file, or set `budget: none`", route->model ? route->model : route->deployment);
}

/* Personas without a model mostly lack it for one and the same reason: one line. */
static void tell_lost(struct doctor *d, const struct strv *lost, const struct error *first)
{
	CLEANUP_BUF struct buf others = BUF_INIT(256);

	for (size_t i = 1; i < lost->n; i++)
		buf_addf(&others, "%s%s", i > 1 ? ", " : "; the same for ", lost->v[i]);
	if (lost->n)
		tell(d, HEALTH_FAIL, "model", "%s%s", first->message, buf_str(&others));
}

static void check_personas(struct doctor *d, const struct model_services *services)
{
	CLEANUP_STRV struct strv seen = { 0 }, lost = { 0 };
	struct error first = { 0 };

	for (const char *const *name = persona_names(); *name; name++) {
		const struct deployment *from;
		const char *model;
		struct model_route route = { 0 };
		struct persona p;
		struct error why = { 0 };

		if (persona_load(d->settings, *name, &p, &why) < 0)
			tell(d, HEALTH_FAIL, "persona", "%s", why.message);
		else
			persona_release(&p);
		if (settings_persona_model(d->settings, *name, &from, &model, &why) < 0 ||
		    model_route(services, *name, &route, &why) < 0) {
			if (!lost.n)
				first = why;
			strv_add(&lost, *name);
			continue;
		}
		CLEANUP_FREE char *id = str_printf("%s %s", route.base_url ? route.base_url : "",
						   route.model ? route.model : "");
		if (id && !strv_has(&seen, id) && strv_add(&seen, id) == 0) {
			if (route.base_url)
				check_endpoint(d, &route, from);
			else
				tell(d, HEALTH_OK, "endpoint", "none: answers are recorded ones");
			check_price(d, &route);
		}
		model_route_release(&route);
	}
	tell_lost(d, &lost, &first);
}

static void check_models(struct doctor *d)
{
	struct model_services_options o = { .settings = d->settings, .log = d->cli->log,
					    .budget_nano = -1 };
	struct model_services *services;
	struct error why = { 0 };

	if (!d->settings)
		return;
	if (model_services_new(&o, &services, &why) < 0) {
		tell(d, HEALTH_FAIL, "models", "%s", why.message);
		return;
	}
	check_personas(d, services);
	model_services_free(services);
}

static int run(struct cli *cli, struct error *err)
{
	struct doctor d = { .cli = cli };
	int rc = 0;

	if (option_flag(&cli->options, "json") && !(d.checks = json_array()))
		return error_oom(err);
	check_git(&d);
	check_settings(&d);
	check_repository(&d);
	check_models(&d);
	check_ledger(&d);
	check_sandbox(&d);
	tell(&d, HEALTH_OK, "decoder", "not in this build: models are reached by endpoint");
	check_disk(&d);
	settings_free(d.settings);
	if (cancel_check(cli->cancel, err) < 0) {
		json_free(d.checks);
		return -1;
	}
	if (d.checks) {
		json *j = json_object();
		if (!j || json_set_bool(j, "healthy", d.failed == 0) < 0) {
			json_free(j);
			json_free(d.checks);
			return error_oom(err);
		}
		if (json_set(j, "checks", d.checks) < 0) {
			json_free(j);
			return error_oom(err);
		}
		rc = show_json(cli->out, j, err);
	}
	return rc < 0 ? -1 : d.failed ? STATUS_USAGE : STATUS_DONE;
}

const struct command command_doctor = {
	.name = "doctor",
	.summary = "check git, endpoint, ledger, sandbox, and say what to do",
	.usage = "",
	.details = "One line a check: ok, warn or fail. Status 0 when nothing fails, else 2. It asks each\n"
		   "endpoint for its models, and calls none.",
	.needs = WANTS_REPO,
	.run = run,
};
