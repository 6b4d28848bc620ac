/* openai.c: OpenAI's chat completions, as the many servers that speak it do.
 * https://platform.openai.com/docs/api-reference/chat/create
 * Here: the request, and the counting of tokens. */
#include "model/provider/openai.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/str.h"

static const char *role_name(enum model_role role)
{
	switch (role) {
	case MODEL_SYSTEM:
		return "system";
	case MODEL_ASSISTANT:
		return "assistant";
	case MODEL_USER:
		break;
	}
	return "user";
}

static json *messages_json(const struct provider_ask *ask)
{
	json *list = json_array();

	for (size_t i = 0; list && i < ask->n_messages; i++) {
		json *m = json_object();

		if (!m || json_set_string(m, "role", role_name(ask->messages[i].role)) < 0 ||
		    json_set_string(m, "content", ask->messages[i].content) < 0) {
			json_free(m);
			json_free(list);
			return NULL;
		}
		if (json_append(list, m) < 0) {
			json_free(list);
			return NULL;
		}
	}
	return list;
}

/* "o1", "o3-mini", "gpt-5…": they refuse max_tokens. A provider's prefix may stand in front. */
static bool wants_completion_tokens(const char *model)
{
	const char *slash = strrchr(model, '/');
	const char *name = slash ? slash + 1 : model;

	return (name[0] == 'o' && name[1] >= '1' && name[1] <= '9' &&
		(name[2] == '\0' || name[2] == '-')) ||
	       str_starts(name, "gpt-5");
}

bool openai_completion_tokens(const struct provider_ask *ask)
{
	if (ask->quirks & QUIRK_COMPLETION_TOKENS)
		return true;
	if (ask->quirks & QUIRK_MAX_TOKENS)
		return false;
	return wants_completion_tokens(ask->model);
}

/* What the request itself decides, so that a deployment's parameters do not. */
static bool is_own_key(const char *key)
{
	static const char *const own[] = { "model", "messages", "stream", "stream_options", "n",
					   "max_tokens", "max_completion_tokens", "extra_headers",
					   "extra_body", NULL };

	for (size_t i = 0; own[i]; i++)
		if (str_eq(key, own[i]))
			return true;
	return false;
}

static int copy_params(json *body, const json *params, const struct provider_ask *ask)
{
	for (json *p = json_first(params); p; p = json_next(p)) {
		const char *key = json_key(p);

		if (!key || is_own_key(key) || json_is_null(p))
			continue;
		if (str_eq(key, "temperature") && (ask->quirks & QUIRK_NO_TEMPERATURE))
			continue;
		if (json_set(body, key, json_dup(p)) < 0)
			return -1;
	}
	return 0;
}

/* strict only where the schema is closed: OpenAI refuses strictness for open ones. */
static int add_schema(json *body, const struct provider_ask *ask, struct error *err)
{
	json *schema = json_parse(ask->schema, strlen(ask->schema), err);
	json *format = json_object(), *inner = json_object();
	json *closed = json_get(schema, "additionalProperties");
	bool strict = json_is_bool(closed) && !json_bool(closed);

	if (!schema) {
		json_free(format);
		json_free(inner);
		return error_prefix(err, "schema %s", ask->schema_name ? ask->schema_name : "");
	}
	if (!format || !inner) {
		json_free(schema);
		json_free(format);
		json_free(inner);
		return error_oom(err);
	}
	if (json_set_string(inner, "name", ask->schema_name ? ask->schema_name : "answer") < 0 ||
	    (strict && json_set_bool(inner, "strict", true) < 0)) {
		json_free(schema);
		goto failed;
	}
	if (json_set(inner, "schema", schema) < 0 ||
	    json_set_string(format, "type", "json_schema") < 0)
		goto failed;
	if (json_set(format, "json_schema", inner) < 0) {
		json_free(format);
		return error_oom(err);
	}
	return json_set(body, "response_format", format) < 0 ? error_oom(err) : 0;
failed:
	json_free(inner);
	json_free(format);
	return error_oom(err);
}

static int fill(json *body, const struct provider_ask *ask, struct error *err)
{
	bool stream = !(ask->quirks & QUIRK_NO_STREAM);
	const char *limit = openai_completion_tokens(ask) ? "max_completion_tokens" : "max_tokens";

	if (json_set_string(body, "model", ask->model) < 0 ||
	    json_set(body, "messages", messages_json(ask)) < 0 ||
	    json_set_bool(body, "stream", stream) < 0)
		return error_oom(err);
	if (stream && !(ask->quirks & QUIRK_NO_STREAM_OPTIONS)) {
		json *options = json_object();

		if (!options || json_set_bool(options, "include_usage", true) < 0) {
			json_free(options);
			return error_oom(err);
		}
		if (json_set(body, "stream_options", options) < 0)
			return error_oom(err);
	}
	if (ask->max_tokens > 0 && json_set_i64(body, limit, ask->max_tokens) < 0)
		return error_oom(err);
	if (ask->temperature >= 0 && !(ask->quirks & QUIRK_NO_TEMPERATURE) &&
	    json_set_double(body, "temperature", ask->temperature) < 0)
		return error_oom(err);
	if (ask->schema && !(ask->quirks & QUIRK_NO_SCHEMA) && add_schema(body, ask, err) < 0)
		return -1;
	if (copy_params(body, ask->params, ask) < 0 ||
	    copy_params(body, json_get(ask->params, "extra_body"), ask) < 0)
		return error_oom(err);
	return 0;
}

int openai_build(const struct provider_ask *ask, struct buf *body, struct error *err)
{
	CLEANUP_JSON json *root = json_object();
	CLEANUP_FREE char *text = NULL;

	if (!root)
		return error_oom(err);
	if (fill(root, ask, err) < 0)
		return -1;
	text = json_print(root);
	if (!text)
		return error_oom(err);
	buf_adds(body, text);
	return buf_check(body, "the request", err);
}

/* A count of tokens: absent and absurd ones are 0. */
static int64_t count(const json *usage, const char *path)
{
	json *j = json_path(usage, path);
	double v = json_double(j);

	return v > 0 && v < 1e12 ? (int64_t)v : 0;
}

static int64_t first_of(const json *usage, const char *const *paths)
{
	for (; *paths; paths++) {
		int64_t v = count(usage, *paths);

		if (v > 0)
			return v;
	}
	return 0;
}

bool openai_usage(const json *usage, struct usage *ret)
{
	static const char *const prompts[] = { "prompt_tokens", "input_tokens", NULL };
	static const char *const outputs[] = { "completion_tokens", "output_tokens", NULL };
	static const char *const reads[] = { "prompt_tokens_details.cached_tokens",
					     "input_tokens_details.cached_tokens",
					     "prompt_cache_hit_tokens", "cache_read_input_tokens",
					     "cached_tokens", NULL };
	static const char *const writes[] = { "prompt_tokens_details.cache_write_tokens",
					      "prompt_tokens_details.cache_creation_tokens",
					      "cache_creation_input_tokens", NULL };
	static const char *const reasonings[] = { "completion_tokens_details.reasoning_tokens",
						  "output_tokens_details.reasoning_tokens",
						  "reasoning_tokens", NULL };
	int64_t prompt = first_of(usage, prompts), total = count(usage, "total_tokens");
	struct usage u = {
		.cache_read = first_of(usage, reads),
		.cache_write = first_of(usage, writes),
		.output = first_of(usage, outputs),
		.reasoning = first_of(usage, reasonings),
	};
	int64_t hidden = total - prompt - u.output;

	if (prompt == 0 && u.output == 0)
		return false;
	/* Here prompt_tokens includes what came from the cache and what was put there. */
	if (u.cache_read > prompt)
		u.cache_read = prompt;
	if (u.cache_write > prompt - u.cache_read)
		u.cache_write = prompt - u.cache_read;
	u.input = prompt - u.cache_read - u.cache_write;
	/* Some leave reasoning out of completion_tokens, but not out of the total. */
	if (hidden > 0) {
		u.output += hidden;
		if (u.reasoning == 0)
			u.reasoning = hidden;
	}
	if (u.reasoning > u.output)
		u.output = u.reasoning;
	*ret = u;
	return true;
}
