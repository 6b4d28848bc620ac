/* help.c: see help.h. */
#include "cli/help.h"

#include <string.h>

#include "report/paint.h"
#include "util/str.h"

enum { HELP_COLUMNS = 80 };

const struct option_def global_options[] = {
	{ "help", 'h', OPTION_FLAG, NULL, "this text", NO_SETTING, 0 },
	{ "version", 'V', OPTION_FLAG, NULL, "the version", NO_SETTING, 0 },
	{ "config", 0, OPTION_VALUE, "FILE", "settings from this file alone", NO_SETTING, 0 },
	{ "ledger", 0, OPTION_VALUE, "FILE", "the ledger's file", SET_LEDGER, 0 },
	{ "log", 0, OPTION_VALUE, "FILE", "write a diagnostic log (- for stderr)", NO_SETTING, 0 },
	{ "json", 0, OPTION_FLAG, NULL, "JSON on standard output", NO_SETTING, 0 },
	{ "quiet", 'q', OPTION_FLAG, NULL, "no progress, no warnings", NO_SETTING, 0 },
	{ "verbose", 'v', OPTION_FLAG, NULL, "more: answers as they come, each call", NO_SETTING, 0 },
	{ "color", 0, OPTION_VALUE, "auto|always|never", "colours (auto: on a terminal)", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (strcmp((*c)->name, name) == 0)
			return *c;
	return NULL;
}

int command_unknown(const char *name, struct error *err)
{
	CLEANUP_STRV struct strv names = { 0 };
	const char *near;

	for (const struct command *const *c = commands; *c; c++)
		if (strv_add(&names, (*c)->name) < 0)
			return error_oom(err);
	near = names.n ? str_nearest(name, (const char *const *)names.v) : NULL;
	if (near)
		return error_set(err, STATUS_USAGE, "unknown command '%s': did you mean %s?", name, near);
	return error_set(err, STATUS_USAGE, "unknown command '%s': council --help lists them", name);
}

void help_program(struct buf *out)
{
	size_t widest = 0;

	for (const struct command *const *c = commands; *c; c++)
		widest = strlen((*c)->name) > widest ? strlen((*c)->name) : widest;
	buf_adds(out, "usage: council COMMAND [options]    in a git repository: council run \"the task\"\n\n");
	for (const struct command *const *c = commands; *c; c++)
		buf_addf(out, "  %-*s  %s\n", (int)widest, (*c)->name, (*c)->summary);
	buf_adds(out, "\ncouncil COMMAND -h tells more, man council the rest. Options of every command:\n"
		      "--json --quiet --verbose --color WHEN --config FILE --ledger FILE --log FILE\n");
}

/* Paragraphs are set anew to the width; a line that begins with two spaces stays
 * as it is written. */
static void add_details(struct buf *out, const char *details)
{
	CLEANUP_BUF struct buf paragraph = BUF_INIT(1 << 16);

	while (*details) {
		size_t len = strcspn(details, "\n");
		bool verbatim = len == 0 || str_starts(details, "  ");

		if (verbatim && paragraph.len > 0) {
			text_wrap(out, buf_str(&paragraph), 0, HELP_COLUMNS);
			buf_clear(&paragraph);
		}
		buf_add(verbatim ? out : &paragraph, details, len);
		buf_addc(verbatim ? out : &paragraph, '\n');
		details += len + (details[len] == '\n');
	}
	if (paragraph.len > 0)
		text_wrap(out, buf_str(&paragraph), 0, HELP_COLUMNS);
}

void help_command(struct buf *out, const struct command *c)
{
	buf_addf(out, "usage: council %s%s", c->name, c->usage && *c->usage ? " " : "");
	text_wrap(out, c->usage, strlen("usage: council  ") + strlen(c->name), HELP_COLUMNS);
	buf_addf(out, "%s\n", c->summary);
	if (c->details && *c->details) {
		buf_addc(out, '\n');
		add_details(out, c->details);
	}
	if (c->options && c->options->name) {
		buf_adds(out, "\noptions:\n");
		options_help(out, c->options);
	}
	buf_adds(out, "\noptions of every command:\n");
	options_help(out, global_options);
}
