/* Text to value: one parser a type, for files, environment and flags alike. */
#include "config/settings_private.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/path.h"
#include "util/str.h"

enum { TEXT_MAX = 64 << 10, LIST_MAX = 1000 };
#define NANO INT64_C(1000000000)

static const char *const phase_words[] = {
	"auto", "all", "plan", "context", "build", "review", "refine", NULL
};

void setting_value_release(struct setting_value *v)
{
	if (!v)
		return;
	free(v->text);
	free(v->origin);
	strv_release(&v->list);
	memset(v, 0, sizeof(*v));
}

static bool parse_bool(const char *s, bool *ret)
{
	static const char *const yes[] = { "true", "yes", "on", "1", NULL };
	static const char *const no[] = { "false", "no", "off", "0", NULL };

	for (size_t i = 0; yes[i]; i++) {
		if (!strcasecmp(s, yes[i]) || !strcasecmp(s, no[i])) {
			*ret = !strcasecmp(s, yes[i]);
			return true;
		}
	}
	return false;
}

int settings_parse_usd(const char *text, int64_t *ret_nano)
{
	int64_t whole = 0, part = 0, unit = NANO;
	const char *p = text;

	if (!strcasecmp(text, "none")) {
		*ret_nano = -1;
		return 0;
	}
	if (*p == '$')
		p++;
	if (*p < '0' || *p > '9')
		return -1;
	for (; *p >= '0' && *p <= '9'; p++) {
		whole = whole * 10 + (*p - '0');
		if (whole > NANO)
			return -1; /* above a billion dollars: meant as something else */
	}
	if (*p == '.') {
		for (p++; *p >= '0' && *p <= '9'; p++) {
			unit /= 10;
			if (unit == 0 && *p != '0')
				return -1;
			part += unit * (*p - '0');
		}
	}
	if (*p)
		return -1;
	*ret_nano = whole * NANO + part;
	return 0;
}

/* The shortest decimal text that reads back as nano. */
static char *usd_text(int64_t nano)
{
	char frac[16];
	size_t n = 9;

	if (nano < 0)
		return str_dup("none");
	if (nano % NANO == 0)
		return str_printf("%lld", (long long)(nano / NANO));
	int64_t rest = nano % NANO;
	for (size_t i = 9; i-- > 0; rest /= 10)
		frac[i] = (char)('0' + rest % 10);
	while (frac[n - 1] == '0')
		n--;
	return str_printf("%lld.%.*s", (long long)(nano / NANO), (int)n, frac);
}

/* "90", "90s", "10m", "1h" */
static bool parse_duration(const char *s, int64_t *ret)
{
	size_t n = strlen(s);
	int64_t unit = 1;

	if (n == 0 || n > 12)
		return false;
	if (strchr("smh", s[n - 1])) {
		unit = s[n - 1] == 'h' ? 3600 : s[n - 1] == 'm' ? 60 : 1;
		n--;
	}
	char digits[16];
	memcpy(digits, s, n);
	digits[n] = 0;
	if (!parse_i64(digits, 0, INT64_C(1) << 40, ret))
		return false;
	*ret *= unit;
	return true;
}

static int parse_path(const char *text, const char *base, char **ret, struct error *err)
{
	const char *home = getenv("HOME");
	char *p;

	if (!*text)
		return error_set(err, STATUS_USAGE, "is empty: a file name is expected");
	if (str_starts(text, "~/") && home && *home)
		p = path_join(home, text + 2);
	else if (text[0] == '/' || !base)
		p = str_dup(text);
	else
		p = path_join(base, text);
	if (!p)
		return error_oom(err);
	*ret = p;
	return 0;
}

static int parse_string(const struct setting_def *def, const char *text, char **ret,
			struct error *err)
{
	if (def->id == SET_ENDPOINT && !str_starts(text, "http://") && !str_starts(text, "https://"))
		return error_set(err, STATUS_USAGE,
				 "\"%.200s\" is not a URL (example: http://127.0.0.1:11434/v1)", text);
	if (def->id == SET_SANDBOX) {
		bool on;
		if (!parse_bool(text, &on))
			return error_set(err, STATUS_USAGE, "\"%.200s\" is neither on nor off", text);
		text = on ? "on" : "off";
	}
	*ret = str_dup(text);
	if (!*ret)
		return error_oom(err);
	if (def->id == SET_ENDPOINT) /* "…/v1/" and "…/v1" are one endpoint */
		for (size_t n = strlen(*ret); n > 8 && (*ret)[n - 1] == '/'; n--)
			(*ret)[n - 1] = 0;
	return 0;
}

static int parse_number(const struct setting_def *def, const char *text, struct setting_value *v,
			struct error *err)
{
	bool ok, on = false;
	const char *what;

	switch (def->type) {
	case SETTING_BOOL:
		if (!parse_bool(text, &on))
			return error_set(err, STATUS_USAGE, "\"%.200s\" is neither true nor false", text);
		v->number = on;
		v->text = str_dup(on ? "true" : "false");
		return v->text ? 0 : error_oom(err);
	case SETTING_USD:
		if (settings_parse_usd(text, &v->number) < 0)
			return error_set(err, STATUS_USAGE,
					 "\"%.200s\" is not an amount of US dollars "
					 "(examples: 1, 0.25, none)", text);
		v->text = usd_text(v->number);
		return v->text ? 0 : error_oom(err);
	case SETTING_DURATION:
		what = "a time of seconds (or 90s, 10m, 2h)";
		ok = parse_duration(text, &v->number);
		break;
	default:
		what = "a whole number";
		ok = parse_i64(text, INT64_MIN, INT64_MAX, &v->number);
		break;
	}
	if (!ok || v->number < def->min || v->number > def->max)
		return error_set(err, STATUS_USAGE, "\"%.200s\" is not %s from %lld to %lld", text, what,
				 (long long)def->min, (long long)def->max);
	v->text = str_printf("%lld", (long long)v->number);
	return v->text ? 0 : error_oom(err);
}

static int check_item(const struct setting_def *def, const char *item, struct error *err)
{
	if (def->id == SET_PHASES) {
		for (size_t i = 0; phase_words[i]; i++)
			if (str_eq(phase_words[i], item))
				return 0;
		const char *near = str_nearest(item, phase_words);
		return error_set(err, STATUS_USAGE, "unknown phase \"%.100s\"%s%s "
				 "(auto, all, or plan, context, build, review, refine)", item,
				 near ? ", did you mean " : "", near ? near : "");
	}
	if (def->id == SET_TAGS && (!strchr(item, '=') || item[0] == '='))
		return error_set(err, STATUS_USAGE, "the tag \"%.100s\" is not of the form key=value",
				 item);
	return 0;
}

int setting_parse_list(const struct setting_def *def, const struct strv *items,
		       struct setting_value *ret, struct error *err)
{
	struct buf text = BUF_INIT(TEXT_MAX);

	if (items->n > LIST_MAX)
		return error_set(err, STATUS_USAGE, "has more than %d items", LIST_MAX);
	for (size_t i = 0; i < items->n; i++) {
		if (check_item(def, items->v[i], err) < 0)
			goto fail;
		if (strv_add(&ret->list, items->v[i]) < 0) {
			error_oom(err);
			goto fail;
		}
		if (i)
			buf_adds(&text, ",");
		buf_adds(&text, items->v[i]);
	}
	if (def->id == SET_PHASES && items->n > 1 &&
	    (strv_has(items, "auto") || strv_has(items, "all"))) {
		error_set(err, STATUS_USAGE, "auto and all stand alone");
		goto fail;
	}
	if (buf_check(&text, "the list", err) < 0)
		goto fail;
	ret->text = str_dup(buf_str(&text));
	if (!ret->text) {
		error_oom(err);
		goto fail;
	}
	buf_release(&text);
	return 0;
fail:
	buf_release(&text);
	setting_value_release(ret);
	return -1;
}

/* Items are lines where there are several, else stand between commas. */
static int split_list(const char *text, struct strv *ret, struct error *err)
{
	const char *separator = strchr(text, '\n') ? "\n" : ",";

	for (const char *p = text; *p;) {
		size_t n = strcspn(p, separator);
		const char *a = p, *z = p + n;
		while (a < z && (*a == ' ' || *a == '\t'))
			a++;
		while (z > a && (z[-1] == ' ' || z[-1] == '\t' || z[-1] == '\r'))
			z--;
		if (z > a) {
			CLEANUP_FREE char *item = str_ndup(a, (size_t)(z - a));
			if (!item || strv_add(ret, item) < 0)
				return error_oom(err);
		}
		p += n + (p[n] != 0);
	}
	return 0;
}

int setting_parse(const struct setting_def *def, const char *text, const char *base,
		  struct setting_value *ret, struct error *err)
{
	if (strlen(text) > TEXT_MAX)
		return error_set(err, STATUS_USAGE, "is longer than %d bytes", TEXT_MAX);
	switch (def->type) {
	case SETTING_STRING:
		return parse_string(def, text, &ret->text, err);
	case SETTING_PATH:
		return parse_path(text, base, &ret->text, err);
	case SETTING_LIST: {
		CLEANUP_STRV struct strv items = { 0 };
		if (split_list(text, &items, err) < 0)
			return -1;
		return setting_parse_list(def, &items, ret, err);
	}
	default:
		return parse_number(def, text, ret, err);
	}
}
