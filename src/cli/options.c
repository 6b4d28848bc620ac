/* options.c: see options.h. */
#include "cli/options.h"

#include <stdlib.h>
#include <string.h>

#include "util/buf.h"

struct parser {
	const struct option_def *tables[2];
	struct options *o;
	int argc;
	char *const *argv;
	int i; /* the argument being read */
};

/* ---- tables ---- */

static const struct option_def *find_name(const struct parser *p, const char *name, size_t len)
{
	for (size_t t = 0; t < 2; t++)
		for (const struct option_def *d = p->tables[t]; d && d->name; d++)
			if (strlen(d->name) == len && memcmp(d->name, name, len) == 0)
				return d;
	return NULL;
}

static const struct option_def *find_letter(const struct parser *p, char letter)
{
	for (size_t t = 0; t < 2; t++)
		for (const struct option_def *d = p->tables[t]; d && d->name; d++)
			if (d->letter && d->letter == letter)
				return d;
	return NULL;
}

static int unknown_option(const struct parser *p, const char *name, size_t len, struct error *err)
{
	CLEANUP_STRV struct strv names = { 0 };
	CLEANUP_FREE char *word = str_ndup(name, len);
	const char *near;

	if (!word)
		return error_oom(err);
	for (size_t t = 0; t < 2; t++) {
		for (const struct option_def *d = p->tables[t]; d && d->name; d++) {
			if (d->flags & OPTION_HIDDEN)
				continue;
			if (strv_add(&names, d->name) < 0)
				return error_oom(err);
			if ((d->flags & OPTION_NEGATABLE) && strv_addf(&names, "no-%s", d->name) < 0)
				return error_oom(err);
		}
	}
	near = names.n ? str_nearest(word, (const char *const *)names.v) : NULL;
	if (near)
		return error_set(err, STATUS_USAGE, "unknown option --%s: did you mean --%s?", word, near);
	return error_set(err, STATUS_USAGE, "unknown option --%s", word);
}

/* ---- parsing ---- */

static int record(struct parser *p, const struct option_def *d, const char *value, struct error *err)
{
	if (strv_add(&p->o->names, d->name) < 0 || strv_add(&p->o->values, value) < 0)
		return error_oom(err);
	return 0;
}

/* "a|b|c" lists every value there is. */
static int check_words(const struct option_def *d, const char *value, struct error *err)
{
	CLEANUP_STRV struct strv words = { 0 };

	if (option_words(d->arg, &words) == 0 || strv_has(&words, value))
		return 0;
	return error_set(err, STATUS_USAGE, "--%s takes one of %s, not '%s'", d->name, d->arg, value);
}

static int take_value(struct parser *p, const struct option_def *d, const char *attached,
		      struct error *err)
{
	const char *value = attached;

	if (!value) {
		if (p->i + 1 >= p->argc)
			return error_set(err, STATUS_USAGE, "--%s needs a value: --%s %s", d->name,
					 d->name, d->arg ? d->arg : "VALUE");
		value = p->argv[++p->i];
	}
	if (check_words(d, value, err) < 0)
		return -1;
	return record(p, d, value, err);
}

static int parse_long(struct parser *p, struct error *err)
{
	const char *name = p->argv[p->i] + 2;
	const char *equals = strchr(name, '=');
	size_t len = equals ? (size_t)(equals - name) : strlen(name);
	const struct option_def *d = find_name(p, name, len);
	const char *value = "1";

	if (!d && len > 3 && memcmp(name, "no-", 3) == 0) {
		d = find_name(p, name + 3, len - 3);
		if (d && (d->kind != OPTION_FLAG || !(d->flags & OPTION_NEGATABLE)))
			d = NULL;
		value = "0";
	}
	if (!d)
		return unknown_option(p, name, len, err);
	if (d->kind != OPTION_FLAG)
		return take_value(p, d, equals ? equals + 1 : NULL, err);
	if (equals)
		return error_set(err, STATUS_USAGE, "--%.*s takes no value", (int)len, name);
	return record(p, d, value, err);
}

/* "-q", "-qv", "-fFILE", "-f FILE" */
static int parse_letters(struct parser *p, struct error *err)
{
	const char *s = p->argv[p->i] + 1;

	for (; *s; s++) {
		const struct option_def *d = find_letter(p, *s);

		if (!d)
			return error_set(err, STATUS_USAGE, "unknown option -%.*s",
					 (int)(utf8_char(s, strlen(s)) ? utf8_char(s, strlen(s)) : 1), s);
		if (d->kind != OPTION_FLAG)
			return take_value(p, d, s[1] ? s + 1 : NULL, err);
		if (record(p, d, "1", err) < 0)
			return -1;
	}
	return 0;
}

static bool is_operand(const char *arg)
{
	return arg[0] != '-' || arg[1] == '\0';
}

/* One argument from p->i on; p->i is left at the last one used. */
static int parse_one(struct parser *p, struct error *err)
{
	return p->argv[p->i][1] == '-' ? parse_long(p, err) : parse_letters(p, err);
}

int options_parse_leading(int argc, char *const *argv, const struct option_def *global,
			  struct options *ret, int *ret_index, struct error *err)
{
	struct parser p = { .tables = { global }, .o = ret, .argc = argc, .argv = argv };

	for (p.i = 1; p.i < argc; p.i++) {
		if (strcmp(argv[p.i], "--") == 0) {
			p.i++;
			break;
		}
		if (is_operand(argv[p.i]))
			break;
		if (parse_one(&p, err) < 0)
			return -1;
	}
	*ret_index = p.i;
	return 0;
}

/* Settings take one text a key: a list is one item a line, so that items may hold commas. */
static int join_list(struct options *o, const struct option_def *d, struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);

	for (size_t i = 0; i < o->names.n; i++) {
		if (!str_eq(o->names.v[i], d->name))
			continue;
		buf_adds(&b, o->values.v[i]);
		buf_addc(&b, '\n');
	}
	if (buf_check(&b, d->name, err) < 0)
		return -1;
	if (b.len > 0 && (strv_add(&o->joined, d->name) < 0 || strv_add(&o->joined, buf_str(&b)) < 0))
		return error_oom(err);
	return 0;
}

static int gather(const struct parser *p, struct error *err)
{
	strv_release(&p->o->joined);
	strv_release(&p->o->models);
	for (size_t t = 0; t < 2; t++) {
		for (const struct option_def *d = p->tables[t]; d && d->name; d++) {
			if (d->kind != OPTION_LIST)
				continue;
			if (d->setting != NO_SETTING && join_list(p->o, d, err) < 0)
				return -1;
			/* A --model of one value is another thing: a name, not PERSONA=NAME. */
			if (str_eq(d->name, "model") && option_all(p->o, "model", &p->o->models) < 0)
				return error_oom(err);
		}
	}
	return 0;
}

int options_parse(int argc, char *const *argv, const struct option_def *command,
		  const struct option_def *global, struct options *ret, struct error *err)
{
	struct parser p = { .tables = { command, global }, .o = ret, .argc = argc, .argv = argv };
	bool ended = false;

	for (p.i = 1; p.i < argc; p.i++) {
		if (!ended && strcmp(argv[p.i], "--") == 0) {
			ended = true;
		} else if (ended || is_operand(argv[p.i])) {
			if (strv_add(&ret->operands, argv[p.i]) < 0)
				return error_oom(err);
		} else if (parse_one(&p, err) < 0) {
			return -1;
		}
	}
	return gather(&p, err);
}

void options_release(struct options *o)
{
	if (!o)
		return;
	strv_release(&o->names);
	strv_release(&o->values);
	strv_release(&o->operands);
	strv_release(&o->models);
	strv_release(&o->joined);
}

/* ---- asking ---- */

const char *option_value(const struct options *o, const char *name)
{
	for (size_t i = o->names.n; i-- > 0;)
		if (str_eq(o->names.v[i], name))
			return o->values.v[i];
	return NULL;
}

bool option_flag(const struct options *o, const char *name)
{
	return str_eq(option_value(o, name), "1");
}

int option_all(const struct options *o, const char *name, struct strv *ret)
{
	for (size_t i = 0; i < o->names.n; i++)
		if (str_eq(o->names.v[i], name) && strv_add(ret, o->values.v[i]) < 0)
			return -1;
	return 0;
}

static const char *override_text(const struct options *o, const struct option_def *d)
{
	const char *value = option_value(o, d->name);

	if (!value)
		return NULL;
	if (d->kind == OPTION_FLAG)
		return str_eq(value, "1") ? "true" : "false";
	if (d->kind == OPTION_VALUE)
		return value;
	for (size_t i = 0; i + 1 < o->joined.n; i += 2)
		if (str_eq(o->joined.v[i], d->name))
			return o->joined.v[i + 1];
	return NULL;
}

void options_overrides(const struct options *o, const struct option_def *command,
		       const struct option_def *global, struct settings_overrides *ret)
{
	const struct option_def *tables[2] = { command, global };

	for (size_t t = 0; t < 2; t++) {
		for (const struct option_def *d = tables[t]; d && d->name; d++) {
			const char *text;

			if (d->setting < 0 || d->setting >= SET_COUNT)
				continue;
			text = override_text(o, d);
			if (text)
				ret->value[d->setting] = text;
		}
	}
	ret->config = option_value(o, "config");
	ret->models = o->models.n ? (const char *const *)o->models.v : NULL;
}

size_t option_words(const char *arg, struct strv *ret)
{
	size_t n = 0;

	if (!arg || !strchr(arg, '|') || strpbrk(arg, " []<>"))
		return 0;
	while (*arg) {
		size_t len = strcspn(arg, "|");
		CLEANUP_FREE char *word = str_ndup(arg, len);

		/* A capital is a placeholder ("USD|none"): then any value may come. */
		if (!word || strpbrk(word, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
			goto none;
		if (ret && strv_add(ret, word) < 0)
			goto none;
		n++;
		arg += len + (arg[len] == '|');
	}
	return n;
none:
	if (ret)
		strv_release(ret);
	return 0;
}

/* ---- help ---- */

enum { HELP_COLUMNS = 80, HELP_LEFT_MAX = 30 };

static void left_side(struct buf *b, const struct option_def *d)
{
	buf_addf(b, d->letter ? "  -%c, " : "      ", d->letter);
	buf_addf(b, "--%s%s", d->flags & OPTION_NEGATABLE ? "[no-]" : "", d->name);
	if (d->kind != OPTION_FLAG)
		buf_addf(b, " %s", d->arg ? d->arg : "VALUE");
}

/* Words of `text` from column `indent` on, broken before HELP_COLUMNS. */
static void wrap(struct buf *out, const char *text, size_t indent)
{
	size_t column = indent;

	while (*text) {
		size_t len = strcspn(text, " ");
		CLEANUP_FREE char *word = str_ndup(text, len);
		size_t width = word ? text_width(word) : len;

		if (column > indent && column + 1 + width > HELP_COLUMNS) {
			buf_addf(out, "\n%*s", (int)indent, "");
			column = indent;
		} else if (column > indent) {
			buf_addc(out, ' ');
			column++;
		}
		buf_add(out, text, len);
		column += width;
		text += len;
		text += strspn(text, " ");
	}
	buf_addc(out, '\n');
}

int options_help(struct buf *out, const struct option_def *table)
{
	size_t widest = 0;

	for (const struct option_def *d = table; d && d->name; d++) {
		CLEANUP_BUF struct buf left = BUF_INIT(4096);
		size_t width;

		left_side(&left, d);
		width = text_width(buf_str(&left));
		if (!(d->flags & OPTION_HIDDEN) && width > widest && width <= HELP_LEFT_MAX)
			widest = width;
	}
	for (const struct option_def *d = table; d && d->name; d++) {
		CLEANUP_BUF struct buf left = BUF_INIT(4096);
		size_t width;

		if (d->flags & OPTION_HIDDEN)
			continue;
		left_side(&left, d);
		width = text_width(buf_str(&left));
		buf_adds(out, buf_str(&left));
		if (width > widest) {
			buf_addc(out, '\n');
			width = 0;
		}
		buf_addf(out, "%*s", (int)(widest + 2 - width), "");
		wrap(out, d->help ? d->help : "", widest + 2);
	}
	return out->failed ? -1 : 0;
}
