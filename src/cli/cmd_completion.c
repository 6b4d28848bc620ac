/* council completion: scripts for shells, generated from the tables of commands
 * and options: what can be typed is what can be completed. */
#include <string.h>

#include "cli/cli.h"
#include "util/str.h"

/* How an option's argument, or a command's operand, completes. */
enum complete { COMPLETE_NONE, COMPLETE_FILE, COMPLETE_FOLDER, COMPLETE_WORDS };

static enum complete kind_of(const char *arg, struct strv *ret_words)
{
	if (!arg)
		return COMPLETE_NONE;
	if (option_words(arg, ret_words) > 0)
		return COMPLETE_WORDS;
	if (str_eq(arg, "FILE") || str_eq(arg, "PATH"))
		return COMPLETE_FILE;
	return str_eq(arg, "DIR") ? COMPLETE_FOLDER : COMPLETE_NONE;
}

/* The word that an alternative of a usage line begins with: "show" of
 * "[show [--show-origin] ", none of "[options] [RUN] ". malloc'd or NULL. */
static char *first_word(const char *p, size_t n)
{
	static const char brackets[] = "[](){} ";

	while (n > 0) {
		size_t len;

		while (n > 0 && strchr(brackets, *p)) {
			p++;
			n--;
		}
		for (len = 0; len < n && !strchr(brackets, p[len]);)
			len++;
		if (len == strlen("options") && memcmp(p, "options", len) == 0) {
			p += len;
			n -= len;
			continue;
		}
		for (size_t i = 0; i < len; i++)
			if (p[i] < 'a' || p[i] > 'z')
				return NULL;
		return len > 0 ? str_ndup(p, len) : NULL;
	}
	return NULL;
}

/* The words that the first operand can be: "[list | show NAME]" has two. */
static void operand_words(const struct command *c, struct strv *ret)
{
	const char *p = c->usage ? c->usage : "";

	while (*p) {
		size_t len = strcspn(p, "|");
		CLEANUP_FREE char *word = first_word(p, len);

		if (word && strv_add(ret, word) < 0)
			return;
		p += len + (p[len] == '|');
	}
}

/* Does any operand of the command stand for a file? */
static bool operand_is_file(const struct command *c)
{
	return c->usage && (strstr(c->usage, "FILE") || strstr(c->usage, "PATH"));
}

static void join(struct buf *out, const struct strv *words)
{
	for (size_t i = 0; i < words->n; i++)
		buf_addf(out, "%s%s", i ? " " : "", words->v[i]);
}

/* In single quotes, for any shell that has them as sh does. */
static void quote(struct buf *out, const char *s)
{
	buf_addc(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else
			buf_addc(out, *s);
	}
	buf_addc(out, '\'');
}

/* ---- bash ---- */

static void bash_names(struct buf *out, const struct option_def *table)
{
	for (const struct option_def *d = table; d && d->name; d++) {
		if (d->flags & OPTION_HIDDEN)
			continue;
		buf_addf(out, " --%s", d->name);
		if (d->flags & OPTION_NEGATABLE)
			buf_addf(out, " --no-%s", d->name);
	}
}

/* "run:--budget) …" for what takes a value; commands are "*" for the global table. */
static void bash_values(struct buf *out, const char *command, const struct option_def *table)
{
	for (const struct option_def *d = table; d && d->name; d++) {
		CLEANUP_STRV struct strv words = { 0 };

		if (d->kind == OPTION_FLAG || (d->flags & OPTION_HIDDEN))
			continue;
		buf_addf(out, "\t%s:--%s", command, d->name);
		if (d->letter)
			buf_addf(out, "|%s:-%c", command, d->letter);
		buf_adds(out, ") ");
		switch (kind_of(d->arg, &words)) {
		case COMPLETE_FILE: buf_adds(out, "_council_files"); break;
		case COMPLETE_FOLDER: buf_adds(out, "_council_folders"); break;
		case COMPLETE_WORDS:
			buf_adds(out, "_council_words '");
			join(out, &words);
			buf_addc(out, '\'');
			break;
		case COMPLETE_NONE: buf_adds(out, "COMPREPLY=()"); break;
		}
		buf_adds(out, "; return ;;\n");
	}
}

static void bash(struct buf *out)
{
	buf_adds(out,
		"# bash completion of council: source it, or put it where bash-completion looks\n"
		"_council_words() { COMPREPLY=($(compgen -W \"$1\" -- \"$cur\")); }\n"
		"_council_files() { compopt -o filenames 2>/dev/null\n"
		"\tlocal IFS=$'\\n'; COMPREPLY=($(compgen -f -- \"$cur\")); }\n"
		"_council_folders() { compopt -o filenames 2>/dev/null\n"
		"\tlocal IFS=$'\\n'; COMPREPLY=($(compgen -d -- \"$cur\")); }\n"
		"_council() {\n"
		"\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= word i\n"
		"\tCOMPREPLY=()\n"
		"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
		"\t\tword=${COMP_WORDS[i]}\n"
		"\t\tcase $word in\n"
		"\t\t--config|--ledger|--log|--color) ((i++)) ;;\n"
		"\t\t-*) ;;\n"
		"\t\t*) command=$word; break ;;\n"
		"\t\tesac\n"
		"\tdone\n"
		"\tcase $command:$prev in\n");
	for (const struct command *const *c = commands; *c; c++)
		bash_values(out, (*c)->name, (*c)->options);
	bash_values(out, "*", global_options);
	buf_adds(out, "\tesac\n\tcase $command:$cur in\n\t:-*) _council_words '");
	bash_names(out, global_options);
	buf_adds(out, "' ;;\n\t:*) _council_words '");
	for (const struct command *const *c = commands; *c; c++)
		buf_addf(out, "%s ", (*c)->name);
	buf_adds(out, "help' ;;\n");
	for (const struct command *const *c = commands; *c; c++) {
		CLEANUP_STRV struct strv words = { 0 };

		operand_words(*c, &words);
		buf_addf(out, "\t%s:-*) _council_words '", (*c)->name);
		bash_names(out, (*c)->options);
		bash_names(out, global_options);
		buf_adds(out, "' ;;\n");
		if (words.n > 0) {
			buf_addf(out, "\t%s:*) _council_words '", (*c)->name);
			join(out, &words);
			buf_adds(out, "' ;;\n");
		} else if (operand_is_file(*c)) {
			buf_addf(out, "\t%s:*) _council_files ;;\n", (*c)->name);
		}
	}
	buf_adds(out, "\thelp:*) _council_words '");
	for (const struct command *const *c = commands; *c; c++)
		buf_addf(out, "%s%s", c == commands ? "" : " ", (*c)->name);
	buf_adds(out, "' ;;\n\tesac\n}\ncomplete -F _council council\n");
}

/* ---- zsh ---- */

/* Text inside a spec of _arguments: brackets and colons end it. */
static void zsh_text(struct buf *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			buf_adds(out, "'\\''");
		else if (strchr("[]:\\", *s))
			buf_addf(out, "\\%c", *s);
		else
			buf_addc(out, *s);
	}
}

static void zsh_action(struct buf *out, const struct option_def *d)
{
	CLEANUP_STRV struct strv words = { 0 };

	if (d->kind == OPTION_FLAG)
		return;
	buf_addc(out, ':');
	zsh_text(out, d->arg ? d->arg : "value");
	buf_addc(out, ':');
	switch (kind_of(d->arg, &words)) {
	case COMPLETE_FILE: buf_adds(out, "_files"); break;
	case COMPLETE_FOLDER: buf_adds(out, "_files -/"); break;
	case COMPLETE_WORDS:
		buf_addc(out, '(');
		join(out, &words);
		buf_addc(out, ')');
		break;
	case COMPLETE_NONE: buf_addc(out, ' '); break;
	}
}

static void zsh_spec(struct buf *out, const struct option_def *d, const char *dashes, const char *name)
{
	buf_addf(out, " \\\n\t\t'%s%s%s%s[", d->kind == OPTION_LIST ? "*" : "", dashes, name,
		 d->kind == OPTION_FLAG ? "" : dashes[1] ? "=" : "+");
	zsh_text(out, d->help ? d->help : "");
	buf_addc(out, ']');
	zsh_action(out, d);
	buf_addc(out, '\'');
}

static void zsh_table(struct buf *out, const struct option_def *table)
{
	for (const struct option_def *d = table; d && d->name; d++) {
		char letter[2] = { d->letter, '\0' };

		if (d->flags & OPTION_HIDDEN)
			continue;
		zsh_spec(out, d, "--", d->name);
		if (d->flags & OPTION_NEGATABLE) {
			CLEANUP_FREE char *no = str_printf("no-%s", d->name);

			zsh_spec(out, d, "--", no ? no : d->name);
		}
		if (d->letter)
			zsh_spec(out, d, "-", letter);
	}
}

static void zsh(struct buf *out)
{
	buf_adds(out, "#compdef council\n"
		 "# zsh completion of council: put it into a folder of $fpath as _council\n"
		 "_council() {\n"
		 "\tlocal context state state_descr line\n"
		 "\ttypeset -A opt_args\n"
		 "\t_arguments -C");
	zsh_table(out, global_options);
	buf_adds(out, " \\\n\t\t'1:command:->command' '*::operand:->operand' && return\n"
		 "\tcase $state in\n"
		 "\tcommand)\n\t\tlocal -a names=(\n");
	for (const struct command *const *c = commands; *c; c++) {
		CLEANUP_FREE char *text = str_printf("%s:%s", (*c)->name, (*c)->summary);

		buf_adds(out, "\t\t\t");
		quote(out, text ? text : (*c)->name);
		buf_addc(out, '\n');
	}
	buf_adds(out, "\t\t\t'help:the options of a command'\n\t\t)\n"
		 "\t\t_describe command names ;;\n"
		 "\toperand)\n\t\tcase $words[1] in\n");
	for (const struct command *const *c = commands; *c; c++) {
		CLEANUP_STRV struct strv words = { 0 };

		operand_words(*c, &words);
		buf_addf(out, "\t\t%s) _arguments -s", (*c)->name);
		zsh_table(out, (*c)->options);
		zsh_table(out, global_options);
		if (words.n > 0) {
			buf_adds(out, " \\\n\t\t'1:operand:(");
			join(out, &words);
			buf_adds(out, ")' '*: : '");
		} else {
			buf_addf(out, " \\\n\t\t'*:operand:%s'", operand_is_file(*c) ? "_files" : " ");
		}
		buf_adds(out, " ;;\n");
	}
	buf_adds(out, "\t\thelp) _values command");
	for (const struct command *const *c = commands; *c; c++)
		buf_addf(out, " %s", (*c)->name);
	buf_adds(out, " ;;\n\t\tesac ;;\n\tesac\n}\n_council \"$@\"\n");
}

/* ---- fish ---- */

static void fish_table(struct buf *out, const char *condition, const struct option_def *table)
{
	for (const struct option_def *d = table; d && d->name; d++) {
		if (d->flags & OPTION_HIDDEN)
			continue;
		for (int no = 0; no < (d->flags & OPTION_NEGATABLE ? 2 : 1); no++) {
			CLEANUP_STRV struct strv words = { 0 };

			buf_addf(out, "complete -c council%s -l %s%s", condition, no ? "no-" : "", d->name);
			if (d->letter && !no)
				buf_addf(out, " -s %c", d->letter);
			if (d->kind != OPTION_FLAG) {
				enum complete kind = kind_of(d->arg, &words);

				buf_adds(out, kind == COMPLETE_FILE ? " -r -F" : " -x");
				if (kind == COMPLETE_WORDS) {
					buf_adds(out, " -a '");
					join(out, &words);
					buf_addc(out, '\'');
				} else if (kind == COMPLETE_FOLDER) {
					buf_adds(out, " -a '(__fish_complete_directories)'");
				}
			}
			buf_adds(out, " -d ");
			quote(out, d->help ? d->help : "");
			buf_addc(out, '\n');
		}
	}
}

static void fish(struct buf *out)
{
	buf_adds(out, "# fish completion of council: put it into ~/.config/fish/completions/council.fish\n"
		 "complete -c council -f\n");
	for (const struct command *const *c = commands; *c; c++) {
		buf_addf(out, "complete -c council -n __fish_use_subcommand -a %s -d ", (*c)->name);
		quote(out, (*c)->summary);
		buf_addc(out, '\n');
	}
	buf_adds(out, "complete -c council -n __fish_use_subcommand -a help -d 'the options of a command'\n");
	fish_table(out, "", global_options);
	for (const struct command *const *c = commands; *c; c++) {
		CLEANUP_STRV struct strv words = { 0 };
		CLEANUP_FREE char *condition = str_printf(" -n '__fish_seen_subcommand_from %s'",
							  (*c)->name);

		fish_table(out, condition ? condition : "", (*c)->options);
		operand_words(*c, &words);
		if (words.n > 0) {
			buf_addf(out, "complete -c council%s -a '", condition ? condition : "");
			join(out, &words);
			buf_adds(out, "'\n");
		} else if (operand_is_file(*c)) {
			buf_addf(out, "complete -c council%s -F\n", condition ? condition : "");
		}
	}
}

static int run(struct cli *cli, struct error *err)
{
	static const struct { const char *name; void (*write)(struct buf *out); } shells[] = {
		{ "bash", bash }, { "zsh", zsh }, { "fish", fish },
	};
	const struct strv *operands = &cli->options.operands;
	CLEANUP_BUF struct buf text = BUF_INIT(1 << 20);

	for (size_t i = 0; operands->n == 1 && i < sizeof(shells) / sizeof(*shells); i++) {
		if (!str_eq(operands->v[0], shells[i].name))
			continue;
		shells[i].write(&text);
		if (buf_check(&text, "the script", err) < 0)
			return -1;
		fputs(buf_str(&text), cli->out);
		return STATUS_DONE;
	}
	return error_set(err, STATUS_USAGE, "council completion needs one of bash, zsh, fish");
}

const struct command command_completion = {
	.name = "completion",
	.summary = "print completions for bash, zsh or fish",
	.usage = "bash|zsh|fish",
	.details = "  for this shell:  source <(council completion bash)\n"
		   "  zsh:   council completion zsh > FOLDER/_council    (a folder of $fpath)\n"
		   "  fish:  council completion fish > ~/.config/fish/completions/council.fish",
	.needs = ENDS_ON_SIGNAL,
	.run = run,
};
