#include "cli/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report/report.h"
#include "run/gate.h"
#include "util/clock.h"
#include "util/path.h"
#include "util/str.h"

enum { TASK_MAX = 1 << 20, STDIN_WAIT_MS = 200, DIFF_SHOWN = 64 << 10 };

const struct option_def run_option_table[] = {
	{ "model", 'm', OPTION_LIST, "PERSONA=NAME", "model of a persona, or all=NAME", NO_SETTING, 0 },
	{ "endpoint", 0, OPTION_VALUE, "URL", "OpenAI-compatible endpoint", SET_ENDPOINT, 0 },
	{ "test", 't', OPTION_VALUE, "CMD", "the gate: a command that ends 0", SET_TEST, 0 },
	{ "build", 0, OPTION_VALUE, "CMD", "runs before the tests", SET_BUILD, 0 },
	{ "test-timeout", 0, OPTION_VALUE, "SECONDS", "limit for each gate command", SET_TEST_TIMEOUT, 0 },
	{ "sandbox", 0, OPTION_VALUE, "on|off", "run commands under council-sandbox (on)", SET_SANDBOX, 0 },
	{ "no-gate", 0, OPTION_FLAG, NULL, "run no tests; the proof is then none", SET_NO_GATE, 0 },
	{ "require-proof", 0, OPTION_FLAG, NULL, "exit 3 unless the proof is red-green",
	  SET_REQUIRE_PROOF, OPTION_NEGATABLE },
	{ "allow-known-failures", 0, OPTION_FLAG, NULL, "accept what was red at the base",
	  SET_ALLOW_KNOWN_FAILURES, OPTION_NEGATABLE },
	{ "allow-tests", 0, OPTION_FLAG, NULL, "let protected files be edited", SET_ALLOW_TESTS,
	  OPTION_NEGATABLE },
	{ "phases", 0, OPTION_VALUE, "LIST", "auto, all, or of plan,context,build,review,refine",
	  SET_PHASES, 0 },
	{ "budget", 'b', OPTION_VALUE, "USD", "cap for the run, or none", SET_BUDGET, 0 },
	{ "max-rounds", 0, OPTION_VALUE, "N", "review rounds", SET_MAX_ROUNDS, 0 },
	{ "from", 0, OPTION_VALUE, "REV", "start from this commit", NO_SETTING, 0 },
	{ "branch", 0, OPTION_VALUE, "NAME", "branch for the change", NO_SETTING, 0 },
	{ "plan", 0, OPTION_VALUE, "FILE", "take this plan instead of asking Pacer", NO_SETTING, 0 },
	{ "continue", 0, OPTION_VALUE, "RUN", "go on from an earlier run", NO_SETTING, 0 },
	{ "apply", 0, OPTION_FLAG, NULL, "apply the change when it is done", NO_SETTING, 0 },
	{ "dry-run", 'n', OPTION_FLAG, NULL, "plan, estimate the cost, change nothing", NO_SETTING, 0 },
	{ "file", 'f', OPTION_LIST, "FILE", "a file that the personas must see", NO_SETTING, 0 },
	{ "task-file", 0, OPTION_VALUE, "FILE", "read the task from a file", NO_SETTING, 0 },
	{ "tag", 0, OPTION_LIST, "K=V", "tag the run in the ledger", SET_TAGS, 0 },
	{ "replay", 0, OPTION_VALUE, "FILE", "take recorded answers, call nothing", SET_REPLAY, 0 },
	{ "record", 0, OPTION_VALUE, "FILE", "write this run's answers to a file", SET_RECORD, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

/* -- the task ------------------------------------------------------------- */

/* Is there something on standard input that was meant for us? Never waits for
 * an inherited descriptor that nobody closes. */
static bool stdin_has_text(void)
{
	struct pollfd p = { .fd = STDIN_FILENO, .events = POLLIN };
	struct stat st;

	if (fstat(STDIN_FILENO, &st))
		return false;
	if (S_ISREG(st.st_mode))
		return true;
	if (!S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode))
		return false;
	return poll(&p, 1, STDIN_WAIT_MS) > 0;
}

static void trim_lines(struct buf *text)
{
	while (text->len && strchr("\r\n", text->data[text->len - 1]))
		buf_truncate(text, text->len - 1);
}

/* Until its end, or until somebody has had enough of waiting for it. */
static int read_stdin(struct cli *cli, struct buf *out, struct error *err)
{
	for (;;) {
		struct pollfd p[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				      { .fd = cancel_fd(cli->cancel), .events = POLLIN } };
		char piece[1 << 14];
		ssize_t n;

		if (poll(p, 2, -1) < 0 && errno != EINTR)
			return error_sys(err, STATUS_INTERNAL, errno, "standard input");
		if (cancel_check(cli->cancel, err))
			return -1;
		if (!p[0].revents)
			continue;
		n = read(STDIN_FILENO, piece, sizeof(piece));
		if (n < 0 && errno != EINTR && errno != EAGAIN)
			return error_sys(err, STATUS_USAGE, errno, "cannot read standard input");
		if (n == 0)
			break;
		if (n > 0 && (buf_add(out, piece, (size_t)n), buf_check(out, "standard input", err)))
			return -1;
	}
	trim_lines(out);
	return 0;
}

static char *with_block(const char *task, const char *block)
{
	return *block ? str_printf("%s\n\nFrom standard input:\n%s", task, block) : str_dup(task);
}

static int check_text(const char *text, size_t len, struct error *err)
{
	if (strlen(text) != len)
		return error_set(err, STATUS_USAGE, "the task holds a NUL byte: it is not a text");
	if (!utf8_valid(text, len))
		return error_set(err, STATUS_USAGE, "the task is not valid UTF-8");
	return 0;
}

int session_task(struct cli *cli, const char *otherwise, char **ret, struct error *err)
{
	const struct strv *operands = &cli->options.operands;
	const char *file = option_value(&cli->options, "task-file");
	CLEANUP_BUF struct buf text = BUF_INIT(TASK_MAX);
	CLEANUP_BUF struct buf input = BUF_INIT(TASK_MAX);
	const char *task = operands->n ? operands->v[0] : NULL, *only;

	if (operands->n > 1)
		return error_set(err, STATUS_USAGE, "more than one task: put it into quotes");
	if (file && task)
		return error_set(err, STATUS_USAGE, "--task-file and a task exclude each other");
	if (file) {
		if (buf_read_file(&text, file, err))
			return -1;
		trim_lines(&text);
		task = buf_str(&text);
		if (check_text(task, text.len, err))
			return -1;
	}
	if (!task && otherwise && !stdin_has_text())
		task = otherwise;
	else if (task && strcmp(task, "-") == 0)
		task = NULL;
	else if (!task && isatty(STDIN_FILENO))
		return error_set(err, STATUS_USAGE, "no task: council %s \"what is to be done\"",
				 cli->command->name);
	if (!task || stdin_has_text())
		if (read_stdin(cli, &input, err))
			return -1;
	if (!task && !input.len && otherwise)
		task = otherwise;
	if (check_text(buf_str(&input), input.len, err) || (task && check_text(task, strlen(task), err)))
		return -1;
	only = task ? task : buf_str(&input);
	if (!only[strspn(only, " \t\r\n")])
		return error_set(err, STATUS_USAGE, "the task is empty");
	*ret = task ? with_block(task, buf_str(&input)) : str_dup(buf_str(&input));
	return *ret ? 0 : error_oom(err);
}

/* Where a file that the user names, from where they stand, is below `top`;
 * malloc'd. NULL: it is no file in there. */
static char *below(const char *top, const char *given)
{
	CLEANUP_FREE char *root = realpath(top, NULL);
	CLEANUP_FREE char *real = realpath(given, NULL);
	size_t len = root ? strlen(root) : 0;

	if (!root || !real || path_is_dir(real) || strncmp(real, root, len) != 0 || real[len] != '/' ||
	    !path_is_safe(real + len + 1))
		return NULL;
	return str_dup(real + len + 1);
}

int session_files(struct cli *cli, struct run_options *o, struct error *err)
{
	CLEANUP_STRV struct strv given = { 0 };

	if (option_all(&cli->options, "file", &given))
		return error_oom(err);
	for (size_t i = 0; i < given.n; i++) {
		CLEANUP_FREE char *path = below(repo_top(cli->repo), given.v[i]);

		if (!path)
			return error_set(err, STATUS_USAGE, "--file %s: not a file of this repository",
					 given.v[i]);
		if (strv_add(&o->files, path))
			return error_oom(err);
	}
	return 0;
}

/* -- the gate ------------------------------------------------------------- */

int session_gate(struct cli *cli, const struct settings *s, const char *top,
		 struct run_options *o, struct error *err)
{
	const char *test = settings_string(s, SET_TEST), *build = settings_string(s, SET_BUILD);
	struct gate_commands found = { 0 };
	int rc = 0;

	if (settings_bool(s, SET_NO_GATE))
		return 0;
	if ((!test || !*test) && (!build || !*build)) {
		if (gate_detect(top, &found, err))
			return -1;
		test = found.test;
		build = found.build;
		if (!test && cli->interactive) {
			if (cli_ask(cli, "No test command found. Command that tests this repository?",
				    "", &found.test, err))
				rc = -1;
			test = found.test && *found.test ? found.test : NULL;
		}
	}
	if (rc == 0 && !test && !build)
		rc = error_set(err, STATUS_USAGE, "no test command was found in %s: give --test CMD, "
			       "set `test` in .council/config.yaml, or pass --no-gate", top);
	if (rc == 0) {
		o->gate_test = test && *test ? str_dup(test) : NULL;
		o->gate_build = build && *build ? str_dup(build) : NULL;
	}
	gate_commands_release(&found);
	return rc;
}

/* The run may be resumed from another folder. */
static char *absolute(const char *path)
{
	CLEANUP_FREE char *here = *path == '/' ? NULL : realpath(".", NULL);

	return here ? path_join(here, path) : str_dup(path);
}

int session_keep_overrides(const struct settings_overrides *given, struct run_options *o,
			   struct error *err)
{
	const struct setting_def *defs = setting_defs();

	for (int i = 0; i < SET_COUNT; i++) {
		bool path = defs[i].type == SETTING_PATH && given->value[i];
		CLEANUP_FREE char *whole = path ? absolute(given->value[i]) : NULL;

		if (path && !whole)
			return error_oom(err);
		if (given->value[i] && strv_addf(&o->overrides, "%s=%s", defs[i].key,
						 path ? whole : given->value[i]))
			return error_oom(err);
	}
	if (given->config && !(o->config = absolute(given->config)))
		return error_oom(err);
	for (const char *const *m = given->models; m && *m; m++)
		if (strv_add(&o->models, *m))
			return error_oom(err);
	return 0;
}

/* -- the run -------------------------------------------------------------- */

static struct report_style style_of(struct cli *cli, FILE *stream, bool color, bool tty)
{
	struct winsize w = { 0 };

	if (tty && ioctl(fileno(stream), TIOCGWINSZ, &w))
		w.ws_col = 0;
	return (struct report_style){
		.color = color,
		.live = tty,
		.columns = w.ws_col,
		.quiet = option_flag(&cli->options, "quiet"),
		.verbose = option_flag(&cli->options, "verbose"),
	};
}

/* `events`: whether --json means events on stdout; of a plan it means the plan. The ledger's sink is
 * added once there is a row of the run. */
static int add_sinks(struct cli *cli, struct event_bus *bus, bool events, struct error *err)
{
	struct report_style style = style_of(cli, cli->err, cli->color_err, cli->err_tty);
	struct terminal_sink *terminal;

	if (events && option_flag(&cli->options, "json"))
		return event_bus_add(bus, &ndjson_event_sink, cli->out, err);
	terminal = terminal_sink_new(cli->err, &style, err);
	if (!terminal)
		return -1;
	return event_bus_add(bus, &terminal_event_sink, terminal, err);
}

static int open_services(struct cli *cli, const struct settings *settings, const char *run,
			 bool events, struct run_services *ret, struct error *err)
{
	struct persona_usage usage[PERSONAS_MAX];
	struct model_services_options o = {
		.settings = settings, .ledger = cli->ledger, .log = cli->log,
		.budget_nano = settings_int(settings, SET_BUDGET),
	};
	size_t n = 0;

	if (ledger_run_usage(cli->ledger, run, usage, PERSONAS_MAX, &n, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		o.spent_nano += usage[i].cost_nano;
		free(usage[i].model);
	}
	*ret = (struct run_services){ .settings = settings, .repo = cli->repo, .ledger = cli->ledger,
				      .cancel = cli->cancel, .log = cli->log };
	ret->bus = event_bus_new(run, err);
	if (!ret->bus || add_sinks(cli, ret->bus, events, err) || model_services_new(&o, &ret->models, err)) {
		event_bus_free(ret->bus);
		return -1;
	}
	model_services_set_bus(ret->models, ret->bus);
	return 0;
}

static void close_services(struct run_services *s)
{
	model_services_free(s->models);
	event_bus_free(s->bus);
}

/* On a terminal the change itself, as far as it is short; then the report. */
static int show(struct cli *cli, const struct result *r, struct error *err)
{
	struct report_style style = style_of(cli, cli->out, cli->color_out, cli->out_tty);
	CLEANUP_BUF struct buf out = BUF_INIT(4u << 20);
	CLEANUP_BUF struct buf diff = BUF_INIT(1u << 20);

	if ((style.live || style.verbose) && !style.quiet && r->head &&
	    repo_diff(cli->repo, r->base, r->head, DIFF_SHOWN, &diff, NULL, NULL) == 0)
		report_diff(&out, buf_str(&diff), diff.len, style.color);
	if (out.len)
		buf_addc(&out, '\n');
	if (report_result(&out, r, &style) || buf_check(&out, "the report", err))
		return error_oom(err);
	fwrite(out.data, 1, out.len, cli->out);
	fflush(cli->out); /* before anything more on stderr; a failure is seen at the end */
	return 0;
}

int session_run(struct cli *cli, const struct settings *settings, const struct run_options *o,
		const char *run, const struct run_resume *resume, struct error *err)
{
	struct run_services services;
	struct result result;
	int rc;

	if (open_services(cli, settings, run, true, &services, err))
		return -1;
	run_execute(&services, o, run, resume, &result);
	close_services(&services);
	/* What kept a run from beginning is an error like others: there is nothing to report. */
	if (option_flag(&cli->options, "json"))
		rc = 0;
	else if (!result.branch && result.reason)
		rc = error_set(err, result.status, "%s", result.reason);
	else
		rc = show(cli, &result, err);
	if (rc == 0)
		rc = result.status;
	result_release(&result);
	return rc;
}

int session_plan(struct cli *cli, const struct settings *settings, const struct run_options *o,
		 const char *run, struct plan *ret, struct model_services **ret_models,
		 struct error *err)
{
	struct run_services services;
	struct result result = { .budget_nano = settings_int(settings, SET_BUDGET) };
	struct ledger_run row = { .id = run, .task = o->task, .repository = repo_top(cli->repo),
				  .argv_json = "{\"plan_only\":true}", .started_us = clock_now_us(),
				  .budget_nano = result.budget_nano };
	struct error failure = { 0 };

	if (open_services(cli, settings, run, false, &services, err))
		return -1;
	if (ledger_run_started(cli->ledger, &row, err) ||
	    event_bus_add(services.bus, &ledger_sink, cli->ledger, err)) {
		close_services(&services);
		return -1;
	}
	memcpy(result.run.s, run, ULID_LEN + 1);
	if (run_plan_only(&services, o, run, ret, &failure)) {
		result.status = failure.code;
		result.reason = str_dup(failure.message);
	} else {
		result.summary = str_printf("plan: %s", ret->summary);
	}
	result.task = str_dup(o->task);
	result.cost_nano = model_services_spent(services.models, &result.unknown_cost_calls);
	if (ledger_run_ended(cli->ledger, &result, err) && !failure.code)
		failure = *err;
	result_release(&result);
	if (failure.code) {
		close_services(&services);
		*err = failure;
		return -1;
	}
	event_bus_free(services.bus);
	model_services_set_bus(services.models, NULL);
	*ret_models = services.models;
	return 0;
}
