/* model_list: LiteLLM's deployments, read as they are written for it.
 *
 * litellm_params holds three kinds of keys: where and with which key
 * (model, api_base, api_key, timeout), how the router treats the deployment
 * (kept in `extra`), and completion parameters, which go with each request.
 */
#include "config/settings_private.h"

#include <stdlib.h>
#include <string.h>

#include "util/str.h"

#define ENVIRON "os.environ/"

/* Keys that LiteLLM does not send with a request. */
static const char *const extra_keys[] = {
	"api_version", "organization", "rpm", "tpm", "weight", "order", "max_parallel_requests",
	"stream_timeout", "max_retries", "max_budget", "budget_duration", "tags",
	"custom_llm_provider", "base_model", "region_name", "rate_limit_policy", "mock_response",
	"drop_params", "additional_drop_params", "use_in_pass_through",
	"merge_reasoning_content_in_choices",
	"litellm_credential_name", "azure_ad_token", "tenant_id", "client_id", "client_secret",
	"vertex_project", "vertex_location", "vertex_credentials", "aws_access_key_id",
	"aws_secret_access_key", "aws_region_name", "configurable_clientside_auth_params",
	"cooldown_time", "timeout_policy", "ssl_verify", "use_litellm_proxy", NULL
};

/* What a slip of the pen is held against; other keys go to the endpoint as they are. */
static const char *const common_keys[] = {
	"model", "api_key", "api_key_command", "api_base", "base_url", "api_version",
	"organization", "rpm", "tpm", "weight", "order", "max_parallel_requests", "timeout",
	"stream_timeout", "max_retries", "extra_headers", "extra_body", "max_budget",
	"budget_duration", "tags", "temperature", "max_tokens", "max_completion_tokens", "top_p",
	"top_k", "min_p", "seed", "stop", "presence_penalty", "frequency_penalty",
	"repetition_penalty", "reasoning_effort", "response_format", "stream_options", "user",
	"logit_bias", "num_ctx", "keep_alive", "thinking", "n", "logprobs", "top_logprobs",
	"input_cost_per_token", "output_cost_per_token", NULL
};

/* Where a provider's key is looked for when the file names none. */
static const struct { const char *provider, *key_env; } providers[] = {
	{ "openai", "OPENAI_API_KEY" }, { "azure", "AZURE_OPENAI_API_KEY" },
	{ "azure_ai", "AZURE_AI_API_KEY" }, { "anthropic", "ANTHROPIC_API_KEY" },
	{ "gemini", "GEMINI_API_KEY" }, { "openrouter", "OPENROUTER_API_KEY" },
	{ "mistral", "MISTRAL_API_KEY" }, { "groq", "GROQ_API_KEY" },
	{ "deepseek", "DEEPSEEK_API_KEY" }, { "together_ai", "TOGETHERAI_API_KEY" },
	{ "fireworks_ai", "FIREWORKS_AI_API_KEY" }, { "xai", "XAI_API_KEY" },
	{ "ollama", NULL }, { "ollama_chat", NULL }, { "hosted_vllm", NULL }, { "vllm", NULL },
	{ "lm_studio", NULL }, { "llamafile", NULL }, { "litellm_proxy", NULL },
	{ "openai_like", NULL }, { "custom_openai", NULL }, { "text-completion-openai", NULL },
};

const char *model_split(const char *model, char ret_provider[32])
{
	const char *slash = model ? strchr(model, '/') : NULL;
	size_t n = slash ? (size_t)(slash - model) : 0;

	for (size_t i = 0; n && i < sizeof(providers) / sizeof(providers[0]); i++) {
		if (strlen(providers[i].provider) == n && !memcmp(providers[i].provider, model, n)) {
			memcpy(ret_provider, model, n);
			ret_provider[n] = 0;
			return slash + 1;
		}
	}
	memcpy(ret_provider, "openai", sizeof("openai"));
	return model;
}

void deployment_release(struct deployment *d)
{
	if (!d)
		return;
	free(d->model_name);
	free(d->model);
	if (d->api_key)
		explicit_bzero(d->api_key, strlen(d->api_key));
	free(d->api_key);
	free(d->api_key_env);
	free(d->api_key_command);
	free(d->api_base);
	free(d->missing_env);
	json_free(d->params);
	json_free(d->info);
	json_free(d->extra);
	memset(d, 0, sizeof(*d));
}

static bool listed(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i]; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

/* ---- values ---- */

/* The text with os.environ/NAME replaced; a variable that is not set leaves the text as it is, so
 * that it can serve as nothing else, and is remembered. */
static char *resolve(const char *text, char **missing)
{
	const char *name = str_starts(text, ENVIRON) ? text + strlen(ENVIRON) : NULL;
	const char *value = name ? getenv(name) : NULL;

	if (name && (!value || !*value)) {
		if (missing && !*missing)
			*missing = str_dup(name);
		return str_dup(text);
	}
	return str_dup(name ? value : text);
}

static json *scalar_json(const struct yaml_node *n, bool as_text, char **missing)
{
	const char *text = yaml_scalar(n);
	int64_t whole;
	double real;
	bool truth;

	if (yaml_is_plain(n) && !as_text) {
		if (yaml_bool(n, &truth))
			return json_new_bool(truth);
		if (str_eq(text, "null") || str_eq(text, "~") || !*text)
			return json_new_null();
		if (parse_i64(text, INT64_MIN, INT64_MAX, &whole))
			return json_new_i64(whole);
		if (parse_double(text, &real))
			return json_new_double(real);
	}
	CLEANUP_FREE char *value = resolve(text, missing);
	return value ? json_new_string(value) : NULL;
}

/* Nesting is bounded by the YAML reader. Prices stay text, so that no digit is lost. */
static json *node_json(const struct yaml_node *n, bool as_text, char **missing)
{
	json *j = NULL;

	switch (yaml_kind(n)) {
	case YAML_NULL:
		return json_new_null();
	case YAML_SCALAR:
		return scalar_json(n, as_text, missing);
	case YAML_LIST:
		j = json_array();
		for (size_t i = 0; j && i < yaml_len(n); i++) {
			json *item = node_json(yaml_at(n, i), false, missing);
			if (!item || json_append(j, item) < 0) {
				json_free(j);
				return NULL;
			}
		}
		return j;
	case YAML_MAP:
		j = json_object();
		for (size_t i = 0; j && i < yaml_len(n); i++) {
			const char *key = yaml_key_at(n, i, NULL, NULL);
			json *item = node_json(yaml_value_at(n, i), strstr(key, "cost_per_") != NULL,
					       missing);
			if (!item || json_set(j, key, item) < 0) {
				json_free(j);
				return NULL;
			}
		}
		return j;
	}
	return NULL;
}

static int put_json(json **object, const char *key, const struct yaml_node *n, char **missing,
		    struct error *err)
{
	json *value = node_json(n, strstr(key, "cost_per_") != NULL, missing);

	if (!value || (!*object && !(*object = json_object()))) {
		json_free(value);
		return error_oom(err);
	}
	return json_set(*object, key, value) < 0 ? error_oom(err) : 0;
}

static int put_text(const struct settings_source *src, const char *key, const struct yaml_node *n,
		    char **field, char **missing, struct error *err)
{
	if (yaml_kind(n) == YAML_NULL)
		return 0;
	if (!yaml_scalar(n))
		return source_error(src, n, err, "%s: a text is expected", key);
	free(*field);
	*field = resolve(yaml_scalar(n), missing);
	return *field ? 0 : error_oom(err);
}

/* ---- one deployment ---- */

static int put_key(const struct settings_source *src, const struct yaml_node *n,
		   struct deployment *d, struct error *err)
{
	const char *text = yaml_scalar(n);

	if (text && str_starts(text, ENVIRON)) {
		const char *name = text + strlen(ENVIRON), *value = getenv(name);

		d->api_key_env = str_dup(name);
		d->api_key = value && *value ? str_dup(value) : NULL;
		return d->api_key_env && (d->api_key || !value || !*value) ? 0 : error_oom(err);
	}
	return put_text(src, "api_key", n, &d->api_key, NULL, err);
}

static int put_param(struct settings_source *src, struct deployment *d, const char *key,
		     const struct yaml_node *n, int line, int column, struct error *err)
{
	if (str_eq(key, "model"))
		return put_text(src, key, n, &d->model, &d->missing_env, err);
	if (str_eq(key, "api_key"))
		return put_key(src, n, d, err);
	if (str_eq(key, "api_key_command"))
		return put_text(src, key, n, &d->api_key_command, NULL, err);
	if (str_eq(key, "api_base") || str_eq(key, "base_url"))
		return put_text(src, key, n, &d->api_base, &d->missing_env, err);
	if (str_eq(key, "timeout")) {
		CLEANUP_FREE char *text = resolve(yaml_scalar(n) ? yaml_scalar(n) : "",
						  &d->missing_env);
		if (!text)
			return error_oom(err);
		if (yaml_kind(n) != YAML_NULL && !str_starts(text, ENVIRON) &&
		    (!parse_double(text, &d->timeout_s) || d->timeout_s < 0 || d->timeout_s > 86400))
			return source_error(src, n, err, "timeout: a number of seconds is expected");
		return 0;
	}
	if (strstr(key, "cost_per_")) /* model_info's own wins: it is read after this */
		return put_json(&d->info, key, n, &d->missing_env, err);
	if (listed(extra_keys, key))
		return put_json(&d->extra, key, n, &d->missing_env, err);
	const char *near = strlen(key) < 64 && !listed(common_keys, key) &&
			   src->n_warnings <= FILE_WARNINGS_MAX ? str_nearest(key, common_keys) : NULL;
	if (near && source_warn(src, line, column, "unknown key %.100s, did you mean %s? "
				"It goes to the endpoint as it is", key, near) < 0)
		return error_oom(err);
	return put_json(&d->params, key, n, &d->missing_env, err);
}

static int put_params(struct settings_source *src, struct deployment *d,
		      const struct yaml_node *map, struct error *err)
{
	if (yaml_kind(map) != YAML_MAP)
		return source_error(src, map, err, "litellm_params: a map is expected");
	for (size_t i = 0; i < yaml_len(map); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(map, i, &line, &column);

		if (put_param(src, d, key, yaml_value_at(map, i), line, column, err) < 0)
			return -1;
	}
	return 0;
}

static int put_info(struct settings_source *src, struct deployment *d, const struct yaml_node *map,
		    struct error *err)
{
	if (yaml_kind(map) == YAML_NULL)
		return 0;
	if (yaml_kind(map) != YAML_MAP)
		return source_error(src, map, err, "model_info: a map is expected");
	for (size_t i = 0; i < yaml_len(map); i++)
		if (put_json(&d->info, yaml_key_at(map, i, NULL, NULL), yaml_value_at(map, i),
			     &d->missing_env, err) < 0)
			return -1;
	return 0;
}

static int default_key(struct deployment *d, struct error *err)
{
	char provider[32];

	if (d->api_key || d->api_key_env || d->api_key_command || !d->model)
		return 0;
	model_split(d->model, provider);
	for (size_t i = 0; i < sizeof(providers) / sizeof(providers[0]); i++) {
		const char *name = providers[i].key_env;
		const char *value = name ? getenv(name) : NULL;

		if (!name || !str_eq(providers[i].provider, provider))
			continue;
		d->api_key_env = str_dup(name);
		d->api_key = value && *value ? str_dup(value) : NULL;
		return d->api_key_env && (d->api_key || !value || !*value) ? 0 : error_oom(err);
	}
	return 0;
}

static int parse_one(struct settings_source *src, const struct yaml_node *entry,
		     struct deployment *d, struct error *err)
{
	static const char *const known[] = { "model_name", "litellm_params", "model_info", NULL };
	const struct yaml_node *info = yaml_get(entry, "model_info");
	const struct yaml_node *params = yaml_get(entry, "litellm_params");
	const struct yaml_node *name = yaml_get(entry, "model_name");

	if (yaml_kind(entry) != YAML_MAP)
		return source_error(src, entry, err, "model_list: an entry is a map of model_name "
				    "and litellm_params");
	if (!yaml_scalar(name) || !*yaml_scalar(name))
		return source_error(src, name ? name : entry, err, "model_list: model_name: a text is "
				    "expected");
	if (!params)
		return source_error(src, entry, err, "model_list: %.100s has no litellm_params",
				    yaml_scalar(name));
	d->origin = src->name;
	d->line = yaml_line(entry);
	d->model_name = resolve(yaml_scalar(name), &d->missing_env);
	if (!d->model_name)
		return error_oom(err);
	if (put_params(src, d, params, err) < 0 || (info && put_info(src, d, info, err) < 0))
		return -1;
	if (!d->model || !*d->model)
		return source_error(src, params, err, "model_list: %.100s has no litellm_params.model",
				    d->model_name);
	for (size_t i = 0; i < yaml_len(entry); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(entry, i, &line, &column);
		if (!listed(known, key) && source_unknown(src, line, column, key, known) < 0)
			return error_oom(err);
	}
	return default_key(d, err);
}

/* ---- the list ---- */

static bool in_stronger(const struct deployment *v, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(v[i].model_name, name))
			return true;
	return false;
}

int deployments_parse(struct settings *s, struct settings_source *src, const struct yaml_node *list,
		      struct error *err)
{
	size_t n = yaml_len(list), fresh = 0, kept = 0;
	struct deployment *v;

	if (yaml_kind(list) == YAML_NULL)
		return 0;
	if (yaml_kind(list) != YAML_LIST)
		return source_error(src, list, err, "model_list: a list is expected");
	if (n > DEPLOYMENTS_MAX)
		return source_error(src, list, err, "model_list has more than %d entries",
				    DEPLOYMENTS_MAX);
	v = calloc(n + s->n_deployments + 1, sizeof(*v));
	if (!v)
		return error_oom(err);
	for (; fresh < n; fresh++) {
		if (parse_one(src, yaml_at(list, fresh), &v[fresh], err) < 0) {
			for (size_t i = 0; i <= fresh; i++)
				deployment_release(&v[i]);
			free(v);
			return -1;
		}
	}
	/* Files come from weak to strong: this one's entries go first, and hide its equals. */
	for (size_t i = 0; i < s->n_deployments; i++) {
		if (in_stronger(v, fresh, s->deployment[i].model_name))
			deployment_release(&s->deployment[i]);
		else
			v[fresh + kept++] = s->deployment[i];
	}
	free(s->deployment);
	s->deployment = v;
	s->n_deployments = fresh + kept;
	return 0;
}
