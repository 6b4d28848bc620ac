#include "cli/show.h"

#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/str.h"

enum { SHOW_MAX = 4 << 20 };

void show_text(FILE *out, const char *text, bool multiline)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(SHOW_MAX);

	text_clean(&clean, text, strlen(text), multiline);
	fputs(buf_str(&clean), out);
}

char *show_url(const char *url)
{
	const char *host = strstr(url, "://");
	const char *end, *at = NULL;

	if (!host)
		return str_dup(url);
	host += 3;
	end = host + strcspn(host, "/?#");
	for (const char *p = host; p < end; p++)
		if (*p == '@')
			at = p;
	return at ? str_printf("%.*s***%s", (int)(host - url), url, at) : str_dup(url);
}

void show_setting(FILE *out, const struct settings *s, enum setting_id id)
{
	const char *text = settings_string(s, id);
	CLEANUP_FREE char *url = text && id == SET_ENDPOINT ? show_url(text) : NULL;

	if (text)
		show_text(out, url ? url : text, false);
	if (text && setting_defs()[id].type == SETTING_DURATION)
		fputs("s", out);
}

static json *list_json(const struct strv *list)
{
	json *j = json_array();

	for (size_t i = 0; j && i < list->n; i++) {
		if (json_append(j, json_new_string(list->v[i])) < 0) {
			json_free(j);
			return NULL;
		}
	}
	return j;
}

json *show_setting_json(const struct settings *s, enum setting_id id)
{
	const char *text = settings_string(s, id);

	if (!text)
		return json_new_null();
	switch (setting_defs()[id].type) {
	case SETTING_BOOL:
		return json_new_bool(settings_bool(s, id));
	case SETTING_INT:
	case SETTING_DURATION:
		return json_new_i64(settings_int(s, id));
	case SETTING_LIST:
		return list_json(settings_list(s, id));
	default: { /* dollars stay text: no digit is lost */
		CLEANUP_FREE char *url = id == SET_ENDPOINT ? show_url(text) : NULL;
		return json_new_string(url ? url : text);
	}
	}
}

int show_json(FILE *out, json *take, struct error *err)
{
	CLEANUP_JSON json *j = take;
	CLEANUP_FREE char *text = j ? json_print_pretty(j) : NULL;

	if (!text)
		return error_oom(err);
	fputs(text, out);
	fputc('\n', out);
	return 0;
}
