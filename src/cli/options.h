/* options.h: option tables. One table a command gives parsing, -h, completion
 * and the check of the man page.
 *
 * `--name VALUE`, `--name=VALUE`, `-nVALUE`, `-n VALUE`; `--no-name` for flags marked
 * OPTION_NEGATABLE; `--` ends options; options and operands may mix. An unknown option is STATUS_USAGE
 * and names the nearest one. */
#ifndef COUNCIL_OPTIONS_H
#define COUNCIL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "util/buf.h"
#include "util/error.h"
#include "util/str.h"

enum option_kind { OPTION_FLAG, OPTION_VALUE, OPTION_LIST /* repeatable value */ };
enum { OPTION_NEGATABLE = 1, OPTION_HIDDEN = 2 };
enum { NO_SETTING = -1 };

struct option_def {
	const char *name;      /* "budget"; NULL ends a table */
	char letter;           /* 'q' or 0 */
	enum option_kind kind;
	const char *arg;       /* "USD", NULL for flags; "FILE"/"DIR" complete as files; "a|b|c" as words */
	const char *help;      /* one short line */
	int setting;           /* enum setting_id it overrides, or NO_SETTING */
	unsigned flags;
};

struct options {           /* parsed; zero-initialise */
	struct strv names;     /* option names in order of appearance … */
	struct strv values;    /* … and their values ("1"/"0" for flags) */
	struct strv operands;
	struct strv models;    /* every value of a list option `model`: what settings_overrides.models points to */
	struct strv joined;    /* name, one value a line, for each list option that has a setting */
};
/* Reads only what stands before the first operand (the command's name): *ret_index is where it is,
 * argc when there is none. A later options_parse may add to the same struct. */
int options_parse_leading(int argc, char *const *argv, const struct option_def *global,
			  struct options *ret, int *ret_index, struct error *err);
/* tables: the command's and the global ones, each may be NULL. argv[0] is skipped.
 * Adds to ret; on failure what was read so far is in it. */
int options_parse(int argc, char *const *argv, const struct option_def *command,
		  const struct option_def *global, struct options *ret, struct error *err);
void options_release(struct options *o);
bool option_flag(const struct options *o, const char *name);             /* last one wins; false when absent */
const char *option_value(const struct options *o, const char *name);     /* last one wins; NULL when absent */
int option_all(const struct options *o, const char *name, struct strv *ret); /* every value, in order */
/* Fills setting overrides from options with a setting id (borrowed from o): flags as "true" and
 * "false", lists as lines; --config and --model fill the fields of their own. */
void options_overrides(const struct options *o, const struct option_def *command,
		       const struct option_def *global, struct settings_overrides *ret);
/* The option part of -h: one line an option, at most 80 columns. */
int options_help(struct buf *out, const struct option_def *table);
/* The number of words in an argument of the form "a|b|c", copied to ret (may be NULL); 0 for
 * "FILE" and the like. */
size_t option_words(const char *arg, struct strv *ret);

#endif
