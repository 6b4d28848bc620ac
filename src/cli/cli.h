/* cli.h: the frame of the commands. A command is one file that exports one
 * const descriptor; main.c only lists them. A command says what it needs, and
 * the frame provides it before run() is called and releases it afterwards.
 */
#ifndef COUNCIL_CLI_H
#define COUNCIL_CLI_H

#include <stdbool.h>
#include <stdio.h>

#include "cli/options.h"
#include "config/settings.h"
#include "ledger/ledger.h"
#include "repo/repo.h"
#include "util/cancel.h"
#include "util/error.h"
#include "util/log.h"

enum {
	NEEDS_REPO = 1,          /* a git repository around the working directory; else exit 2 */
	NEEDS_SETTINGS = 2,      /* loaded (with the repository's where there is one) */
	NEEDS_LEDGER = 4,        /* opened for writing (implies settings) */
	NEEDS_LEDGER_READ = 8,   /* opened for reading; a missing file is an empty ledger made new */
	WANTS_REPO = 16,         /* as NEEDS_REPO, but none is no error: cli->repo is NULL */
	ENDS_ON_SIGNAL = 32,     /* a signal may end it at any point, as it ends any filter: set by
				  * commands that wait for standard input and change nothing before */
};

struct cli {
	const struct command *command;
	struct options options;
	struct repo *repo;           /* as needed, else NULL */
	struct settings *settings;
	struct ledger *ledger;
	struct cancel *cancel;       /* fires on SIGINT, SIGTERM, SIGHUP */
	struct log *log;             /* may be NULL */
	FILE *out;                   /* stdout: the answer */
	FILE *err;                   /* stderr: progress and messages */
	bool out_tty, err_tty;
	bool interactive;            /* stdin and stderr are terminals, and CI is not set: may ask */
	bool color_out, color_err;   /* tty, without NO_COLOR, TERM not dumb */
};

struct command {
	const char *name;
	const char *summary;         /* one line for `council --help` and the completions */
	const char *usage;           /* "[options] [TASK | -]" */
	const char *details;         /* a few lines for -h; may be NULL */
	const struct option_def *options; /* ends with {NULL}; may be NULL */
	unsigned needs;
	/* The exit status (enum status), or -1 with err filled (its code is the status). */
	int (*run)(struct cli *cli, struct error *err);
};

/* NULL-terminated; main.c. */
extern const struct command *const commands[];
/* Global options: --help --version --config --ledger --log --quiet --verbose --json --color. */
extern const struct option_def global_options[];

int cli_main(int argc, char **argv);

/* Asks on the terminal; only when cli->interactive. ret malloc'd line without newline. */
int cli_ask(struct cli *cli, const char *question, const char *fallback, char **ret, struct error *err);
/* "council: warning: …" on err, cleaned of control characters; --quiet drops it. */
void cli_warn(struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Resolves a RUN operand (index i; NULL operand: "last" in this repository) in the ledger. */
int cli_run_operand(struct cli *cli, size_t i, struct ulid *ret, struct error *err);

#endif
