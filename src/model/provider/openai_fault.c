/* openai_fault.c: what a refusal means and what to do about it. Endpoints
 * agree on little: `error` is an object or a text, at the top or inside
 * `detail`, and what is refused is often told only in its words. */
#include "model/provider/openai.h"

#include <string.h>
#include <strings.h>

#include "net/retry.h"
#include "util/str.h"

static const char *first_text(const json *j, const char *const *paths)
{
	for (; *paths; paths++) {
		const char *s = json_string(json_path(j, *paths));

		if (s && *s)
			return s;
	}
	return NULL;
}

static const char *error_words(const json *error)
{
	static const char *const paths[] = { "message", "error.message", "error", "detail",
					     "detail.message", "msg", "code", "type", NULL };
	const char *s = json_string(error);

	return s && *s ? s : first_text(error, paths);
}

static bool says(const char *text, size_t len, const char *word)
{
	return memmem(text, len, word, strlen(word)) != NULL;
}

/* 429 and 5xx in words: a 200 has no status to tell by. */
static bool may_pass(const json *error, const char *words)
{
	static const char *const hints[] = { "overloaded", "rate limit", "rate_limit", "timeout",
					     "timed out", "unavailable", "try again", "server_error",
					     "internal error", "Internal Server Error", NULL };
	int64_t code = json_get_i64(error, "code", json_get_i64(error, "status", 0));
	const char *type = json_get_string(error, "type");

	if (code >= 400)
		return retry_http_status((int)code);
	for (size_t i = 0; hints[i]; i++)
		if ((words && strcasestr(words, hints[i])) || (type && strcasestr(type, hints[i])))
			return true;
	return false;
}

static bool quota_is_spent(const char *text, size_t len)
{
	return says(text, len, "insufficient_quota") || says(text, len, "billing_hard_limit") ||
	       says(text, len, "insufficient_credits");
}

void openai_error_fault(const json *error, struct provider_fault *ret)
{
	const char *words = error_words(error);

	provider_fault_set(ret, may_pass(error, words) ? FAULT_RETRY : FAULT_FINAL,
			   "the endpoint answered with an error: %s", words ? words : "(no words)");
}

/* Which part of the request a 400 is about; 0: none that can be left out. */
static unsigned refused_part(const struct provider_ask *ask, const char *text, size_t len)
{
	bool schema = ask->schema && !(ask->quirks & QUIRK_NO_SCHEMA);
	bool stream = !(ask->quirks & QUIRK_NO_STREAM);
	bool options = stream && !(ask->quirks & QUIRK_NO_STREAM_OPTIONS);
	bool temperature = !(ask->quirks & QUIRK_NO_TEMPERATURE) &&
			   (ask->temperature >= 0 || json_get(ask->params, "temperature"));
	bool completion = openai_completion_tokens(ask);
	unsigned tokens = ask->quirks & (QUIRK_COMPLETION_TOKENS | QUIRK_MAX_TOKENS);

	if (schema && (says(text, len, "response_format") || says(text, len, "json_schema") ||
		       says(text, len, "structured output") || says(text, len, "grammar") ||
		       says(text, len, "guided_")))
		return QUIRK_NO_SCHEMA;
	if (options && (says(text, len, "stream_options") || says(text, len, "include_usage")))
		return QUIRK_NO_STREAM_OPTIONS;
	if (ask->max_tokens > 0 && !tokens) {
		if (!completion && says(text, len, "max_completion_tokens"))
			return QUIRK_COMPLETION_TOKENS;
		if (completion && says(text, len, "max_completion_tokens"))
			return QUIRK_MAX_TOKENS;
	}
	if (temperature && says(text, len, "temperature"))
		return QUIRK_NO_TEMPERATURE;
	if (stream && (says(text, len, "'stream'") || says(text, len, "\"stream\"") ||
		       says(text, len, "treaming is not supported")))
		return QUIRK_NO_STREAM;
	return 0;
}

static bool is_html(const char *text, size_t len)
{
	while (len > 0 && strchr(" \t\r\n", *text)) {
		text++;
		len--;
	}
	return len > 0 && *text == '<';
}

/* The endpoint's words, or the start of its body; a page is not quoted. */
static void words_of(const char *body, size_t len, const json *j, char *out, size_t size)
{
	const char *words = error_words(j);
	size_t n;

	if (!words && is_html(body, len))
		words = "a web page, not an API's answer; check the URL";
	if (!words && len == 0)
		words = "(no words)";
	n = words ? strlen(words) : len;
	if (n >= size)
		n = size - 1;
	memcpy(out, words ? words : body, n);
	out[n] = '\0';
}

static bool model_is_missing(int status, const char *body, size_t len, const json *j)
{
	const char *code = json_string(json_path(j, "error.code"));
	bool named = says(body, len, "model") || says(body, len, "Model");

	if (str_eq(code, "model_not_found"))
		return true;
	return (status == 404 && named) ||
	       (status == 400 && named && (says(body, len, "does not exist") ||
					   says(body, len, "not a valid model") ||
					   says(body, len, "model not found")));
}

void openai_refused(const struct provider_ask *ask, int status, const char *body, size_t len,
		    struct provider_fault *ret)
{
	CLEANUP_JSON json *j = json_parse(body, len, NULL);
	bool about_request = status == 400 || status == 422 || status == 415 || status == 500 ||
			     status == 501;
	unsigned quirk = about_request ? refused_part(ask, body, len) : 0;
	enum fault_kind kind = FAULT_FINAL;
	char words[400];

	words_of(body, len, j, words, sizeof(words));
	if (quirk)
		kind = FAULT_QUIRK;
	else if (status == 401 || status == 403)
		kind = FAULT_KEY;
	else if (model_is_missing(status, body, len, j))
		kind = FAULT_MODEL;
	else if (status == 429 && quota_is_spent(body, len))
		kind = FAULT_FINAL;
	else if (retry_http_status(status))
		kind = FAULT_RETRY;
	provider_fault_set(ret, kind, "HTTP %d: %s", status, words);
	ret->quirk = quirk;
}
