/* cli.c: the frame: from argv to a command that has what it needs, and from
 * what the command says to an exit status. */
#include "cli/cli.h"

#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "cli/console.h"
#include "cli/help.h"
#include "cli/signals.h"
#include "util/str.h"

/* ---- what a command needs ---- */

/* The repository around the working directory, or NULL where `wanted` allows none. */
static int provide_repo(struct repo **ret, bool required, struct error *err)
{
	struct error why = { 0 };

	if (repo_open(NULL, ret, &why) == 0)
		return 0;
	*ret = NULL;
	if (!required && why.code == STATUS_USAGE)
		return 0;
	*err = why;
	return -1;
}

static int provide_settings(struct cli *cli, struct error *err)
{
	struct settings_overrides overrides = { 0 };
	CLEANUP_STRV struct strv warnings = { 0 };
	struct repo *around = NULL;
	int rc;

	/* Settings come from the repository, also for commands that have no other use for it. */
	if (!cli->repo && !(cli->command->needs & WANTS_REPO) && provide_repo(&around, false, err) < 0)
		return -1;
	options_overrides(&cli->options, cli->command->options, global_options, &overrides);
	rc = settings_load(cli->repo ? repo_top(cli->repo) : around ? repo_top(around) : NULL,
			   &overrides, &cli->settings, &warnings, err);
	repo_free(around);
	for (size_t i = 0; i < warnings.n; i++)
		cli_warn(cli, "%s", warnings.v[i]);
	return rc;
}

static int provide_ledger(struct cli *cli, struct error *err)
{
	CLEANUP_FREE char *note = NULL;
	bool read_only = !(cli->command->needs & NEEDS_LEDGER);

	if (ledger_open(settings_string(cli->settings, SET_LEDGER), read_only, &cli->ledger, &note, err) < 0)
		return -1;
	if (note)
		cli_warn(cli, "%s", note);
	return 0;
}

static int provide_log(struct cli *cli, struct error *err)
{
	const char *path = option_value(&cli->options, "log");
	const char *level = getenv("COUNCIL_LOG");

	if (!path && !(level && *level))
		return 0;
	cli->log = log_open(path ? path : "-", level && *level ? level : NULL, err);
	return cli->log ? 0 : -1;
}

static int provide(struct cli *cli, struct error *err)
{
	unsigned needs = cli->command->needs;
	bool ledger = (needs & (NEEDS_LEDGER | NEEDS_LEDGER_READ)) != 0;

	if (provide_log(cli, err) < 0)
		return -1;
	if ((needs & (NEEDS_REPO | WANTS_REPO)) &&
	    provide_repo(&cli->repo, (needs & NEEDS_REPO) != 0, err) < 0)
		return -1;
	if ((ledger || (needs & NEEDS_SETTINGS)) && provide_settings(cli, err) < 0)
		return -1;
	return ledger ? provide_ledger(cli, err) : 0;
}

/* A ledger that could not be written is an error of the command. */
static int release(struct cli *cli, struct error *err)
{
	int rc = ledger_close(cli->ledger, err);

	settings_free(cli->settings);
	repo_free(cli->repo);
	log_close(cli->log);
	return rc;
}

/* ---- one command ---- */

static int run_command(struct cli *cli, struct error *err)
{
	struct signals *signals = NULL;
	struct error late = { 0 };
	int status = -1;

	cli->cancel = cancel_new(err);
	if (!cli->cancel)
		return -1;
	if (!(cli->command->needs & ENDS_ON_SIGNAL) && signals_start(cli->cancel, &signals, err) < 0) {
		cancel_free(cli->cancel);
		return -1;
	}
	if (provide(cli, err) == 0)
		status = cli->command->run(cli, err);
	if (release(cli, &late) < 0 && status >= 0) {
		if (status == STATUS_DONE || status == STATUS_NOTHING) {
			*err = late;
			status = -1;
		} else {
			console_error(&late);
		}
	}
	signals_stop(signals);
	cancel_free(cli->cancel);
	return status;
}

static int print_help(FILE *out, const struct command *c)
{
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 20);

	if (c)
		help_command(&text, c);
	else
		help_program(&text);
	fputs(buf_str(&text), out);
	return STATUS_DONE;
}

static int print_version(FILE *out)
{
	fputs("council " PACKAGE_VERSION "\n", out);
	return STATUS_DONE;
}

/* council help [COMMAND] */
static int help_topic(FILE *out, int argc, char **argv, struct error *err)
{
	const struct command *c = NULL;

	if (argc > 1) {
		c = command_find(argv[1]);
		if (!c)
			return command_unknown(argv[1], err);
	}
	return print_help(out, c);
}

static int dispatch(struct cli *cli, int argc, char **argv, struct error *err)
{
	struct options *o = &cli->options;
	int at;

	if (options_parse_leading(argc, argv, global_options, o, &at, err) < 0)
		return error_set(err, err->code, "%s (options of a command stand after its name)",
				 err->message);
	if (option_flag(o, "version"))
		return print_version(stdout);
	if (option_flag(o, "help"))
		return print_help(stdout, at < argc ? command_find(argv[at]) : NULL);
	if (at >= argc) {
		print_help(stderr, NULL);
		return STATUS_USAGE;
	}
	if (strcmp(argv[at], "help") == 0)
		return help_topic(stdout, argc - at, argv + at, err);
	cli->command = command_find(argv[at]);
	if (!cli->command)
		return command_unknown(argv[at], err);
	if (options_parse(argc - at, argv + at, cli->command->options, global_options, o, err) < 0) {
		/* Whoever asks for help among wrong options gets it. */
		if (option_flag(o, "help"))
			return print_help(stdout, cli->command);
		return error_set(err, err->code, "%s (council %s -h)", err->message, cli->command->name);
	}
	if (option_flag(o, "help"))
		return print_help(stdout, cli->command);
	if (option_flag(o, "version"))
		return print_version(stdout);
	console_init(cli, option_value(o, "color"));
	return run_command(cli, err);
}

int cli_main(int argc, char **argv)
{
	struct cli cli = { 0 };
	struct error err = { 0 };
	int status, errnum;

	console_sanitise();
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* a limit on files is a failed write, which is told of */
	setlocale(LC_CTYPE, ""); /* widths and arrows; numbers stay as in C */
	status = dispatch(&cli, argc, argv, &err);
	if (status < 0) {
		console_error(&err);
		status = err.code != STATUS_DONE ? (int)err.code : STATUS_INTERNAL;
	}
	options_release(&cli.options);
	if (!console_finish(stdout, &errnum)) {
		if (errnum)
			error_sys(&err, STATUS_INTERNAL, errnum, "cannot write to standard output");
		else
			error_set(&err, STATUS_INTERNAL, "not everything could be written to standard output");
		console_error(&err);
		/* A run's status says more than that nobody could be told. */
		if (status == STATUS_DONE || status == STATUS_NOTHING)
			status = STATUS_INTERNAL;
	}
	return status;
}
