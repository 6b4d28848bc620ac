/* route.c: see route.h. */
#include "model/route.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "config/persona.h"
#include "util/path.h"
#include "util/str.h"

/* LiteLLM's names of the providers that speak chat completions. A key is only
 * ever taken from where the settings say, so none is sent to the wrong host. */
static const struct provider_def {
	const char *name, *base_url; /* NULL: api_base must say */
} provider_defs[] = {
	{ "openai", "https://api.openai.com/v1" },
	{ "openrouter", "https://openrouter.ai/api/v1" },
	{ "groq", "https://api.groq.com/openai/v1" },
	{ "mistral", "https://api.mistral.ai/v1" },
	{ "deepseek", "https://api.deepseek.com/v1" },
	{ "together_ai", "https://api.together.xyz/v1" },
	{ "gemini", "https://generativelanguage.googleapis.com/v1beta/openai" },
	{ "xai", "https://api.x.ai/v1" },
	{ "fireworks_ai", "https://api.fireworks.ai/inference/v1" },
	{ "cerebras", "https://api.cerebras.ai/v1" },
	{ "ollama", "http://127.0.0.1:11434/v1" },
	{ "ollama_chat", "http://127.0.0.1:11434/v1" },
	{ "lm_studio", "http://127.0.0.1:1234/v1" },
	{ "hosted_vllm", NULL }, { "vllm", NULL }, { "llamafile", "http://127.0.0.1:8080/v1" },
	{ "litellm_proxy", NULL }, { "openai_like", NULL }, { "custom_openai", NULL },
	{ "openai-compatible", NULL },
};

static const char *const unsupported[] = {
	"anthropic", "azure", "azure_ai", "azure_text", "bedrock", "bedrock_converse", "vertex_ai",
	"vertex_ai_beta", "sagemaker", "sagemaker_chat", "cohere", "cohere_chat", "watsonx",
	"huggingface", "replicate", "databricks", "cloudflare", "triton", "predibase", "oobabooga",
	"snowflake", "text-completion-openai", "petals", "nlp_cloud", "aleph_alpha", "palm", NULL
};

static const struct provider_def *find_provider(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(provider_defs) / sizeof(provider_defs[0]); i++)
		if (strlen(provider_defs[i].name) == len &&
		    !memcmp(provider_defs[i].name, name, len))
			return &provider_defs[i];
	return NULL;
}

int base_url_normalise(const char *text, char **ret, struct error *err)
{
	static const char *const tails[] = { "/chat/completions", "/completions", "/models" };
	const char *host = strstr(text, "://");
	CLEANUP_FREE char *url = NULL;
	size_t n = strlen(text);

	if (!host || (strncasecmp(text, "http://", 7) && strncasecmp(text, "https://", 8)) ||
	    !host[3] || host[3] == '/')
		return error_set(err, STATUS_USAGE,
				 "endpoint %.200s: an URL is expected, such as http://127.0.0.1:11434/v1 "
				 "or https://api.openai.com/v1", text);
	if (strpbrk(text, "?# \t\r\n"))
		return error_set(err, STATUS_USAGE,
				 "endpoint: the base URL may hold no query, fragment or space");
	while (n > 0 && text[n - 1] == '/')
		n--;
	for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
		size_t t = strlen(tails[i]);

		if (n > t && !memcmp(text + n - t, tails[i], t)) {
			n -= t;
			break;
		}
	}
	while (n > 0 && text[n - 1] == '/')
		n--;
	url = str_ndup(text, n);
	if (!url)
		return error_oom(err);
	/* Only a host: the path that nearly all serve under. */
	*ret = strchr(url + (host - text) + 3, '/') ? str_dup(url) : str_printf("%s/v1", url);
	return *ret ? 0 : error_oom(err);
}

/* OLLAMA_HOST is "host", "host:port" or an URL; 0.0.0.0 is where it listens. */
static char *ollama_base(void)
{
	const char *host = getenv("OLLAMA_HOST");
	const char *scheme, *port;

	if (!host || !*host)
		return NULL;
	scheme = strstr(host, "://") ? "" : "http://";
	port = strchr(strstr(host, "://") ? strstr(host, "://") + 3 : host, ':') ? "" : ":11434";
	if (str_starts(host, "0.0.0.0"))
		return str_printf("http://127.0.0.1%s%s", host + 7, port);
	return str_printf("%s%s%s", scheme, host, port);
}

static char *default_base(const struct provider_def *def)
{
	static const char *const openai_env[] = { "OPENAI_BASE_URL", "OPENAI_API_BASE" };

	if (str_starts(def->name, "ollama")) {
		char *base = ollama_base();

		return base ? base : str_dup(def->base_url);
	}
	for (size_t i = 0; str_eq(def->name, "openai") && i < 2; i++) {
		const char *base = getenv(openai_env[i]);

		if (base && *base)
			return str_dup(base);
	}
	return str_dup(def->base_url);
}

static int refuse_decoder(const struct deployment *d, const char *model, struct error *err)
{
	if (!str_starts(model, "decoder:"))
		return 0;
	return error_set(err, STATUS_USAGE,
			 "%s: this build has no decoder; name an endpoint's model instead of %s",
			 d->model_name, model);
}

/* The provider that a listed deployment's "provider/name" says. */
static int parse_prefix(const struct deployment *d, const struct provider_def **ret,
			struct error *err)
{
	size_t n = strcspn(d->model, "/");

	if (!d->model[n])
		return 0;
	for (size_t i = 0; unsupported[i]; i++)
		if (strlen(unsupported[i]) == n && !memcmp(unsupported[i], d->model, n))
			return error_set(err, STATUS_USAGE,
					 "%s: provider %s isn't supported by this version; use an "
					 "OpenAI-compatible endpoint (openai/MODEL with api_base)",
					 d->model_name, unsupported[i]);
	*ret = find_provider(d->model, n);
	if (!*ret && !d->api_base)
		return error_set(err, STATUS_USAGE,
				 "%s: provider %.*s isn't known and there is no api_base; add one, or "
				 "write openai/%s", d->model_name, (int)n, d->model, d->model);
	return 0;
}

static bool is_listed(const struct settings *s, const struct deployment *d)
{
	const struct deployment *v = NULL;
	size_t n = settings_deployments(s, &v);

	for (size_t i = 0; i < n; i++)
		if (&v[i] == d)
			return true;
	return false;
}

/* Finds the provider, its base URL and the name to send. The settings have
 * taken off the prefixes that they know; the others go here. The model of a
 * bare endpoint is sent as it is: "openai/gpt-4o" is OpenRouter's name for it. */
static int place(const struct settings *s, struct endpoint *e, struct error *err)
{
	const struct deployment *d = e->deployment;
	const char *model = e->asked_model;
	const struct provider_def *def = NULL;
	CLEANUP_FREE char *base = NULL;

	if ((d->model && refuse_decoder(d, d->model, err) < 0) ||
	    (model && refuse_decoder(d, model, err) < 0))
		return -1;
	if (d->model && is_listed(s, d) && parse_prefix(d, &def, err) < 0)
		return -1;
	if (def && model && str_eq(model, d->model))
		model = strchr(model, '/') + 1;
	if (!def)
		def = find_provider("openai", 6);
	base = d->api_base ? str_dup(d->api_base) : default_base(def);
	if (!base)
		return error_set(err, STATUS_USAGE, "%s: %s needs api_base", d->model_name,
				 def->name);
	if (base_url_normalise(base, &e->base_url, err) < 0)
		return error_prefix(err, "%s", d->model_name);
	e->loopback = http_url_is_loopback(e->base_url);
	e->provider = str_dup(def->name);
	e->model = str_dup(model);
	return e->provider && (e->model || !model) ? 0 : error_oom(err);
}

static int add_headers(struct endpoint *e, struct error *err)
{
	const json *extra = json_get(e->deployment->params, "extra_headers");
	const char *organization = json_get_string(e->deployment->extra, "organization");

	if (organization && strv_addf(&e->headers, "OpenAI-Organization: %s", organization) < 0)
		return error_oom(err);
	for (json *h = json_first(extra); h; h = json_next(h)) {
		const char *name = json_key(h), *value = json_string(h);

		if (!name || !value || !*name || strpbrk(name, ":\r\n ") || strpbrk(value, "\r\n"))
			return error_set(err, STATUS_USAGE,
					 "%s: extra_headers holds a name or a value that is no header",
					 e->deployment->model_name);
		if (strv_addf(&e->headers, "%s: %s", name, value) < 0)
			return error_oom(err);
	}
	return 0;
}

static void endpoint_free(struct endpoint *e)
{
	if (!e)
		return;
	free(e->provider);
	free(e->base_url);
	free(e->model);
	strv_release(&e->headers);
	pthread_mutex_destroy(&e->lock);
	free(e);
}

/* The deployment's own price, else one of the user's file, else free where it is this
 * machine, else the built-in one. */
static int find_price(struct router *r, struct endpoint *e, struct error *err)
{
	const struct deployment *d = e->deployment;
	const char *base_model = json_get_string(d->info, "base_model");
	struct price own = { 0 };

	if (!base_model)
		base_model = json_get_string(d->extra, "base_model");
	price_find(r->prices, e->provider, base_model ? base_model : e->model, &e->price);
	if (d->info && price_from_json(d->info, d->model_name, &own, err) < 0)
		return -1;
	if (own.known) {
		own.max_input = own.max_input ? own.max_input : e->price.max_input;
		own.max_output = own.max_output ? own.max_output : e->price.max_output;
		e->price = own;
	} else if (e->loopback && !(e->price.known && e->price.own)) {
		e->price.known = true;
		e->price.base = (struct price_rates){ 0 };
		e->price.n_tiers = 0;
	}
	if (own.max_input)
		e->price.max_input = own.max_input;
	if (own.max_output)
		e->price.max_output = own.max_output;
	return 0;
}

static int endpoint_new(struct router *r, const struct deployment *d, const char *model,
			struct endpoint **ret, struct error *err)
{
	struct endpoint *e = calloc(1, sizeof(*e));

	if (!e)
		return error_oom(err);
	pthread_mutex_init(&e->lock, NULL);
	atomic_init(&e->quirks, 0);
	atomic_init(&e->resolved, false);
	e->deployment = d;
	e->asked_model = model;
	if (place(r->settings, e, err) < 0 || add_headers(e, err) < 0 ||
	    (e->model && find_price(r, e, err) < 0)) {
		endpoint_free(e);
		return -1;
	}
	atomic_store(&e->resolved, e->model != NULL);
	*ret = e;
	return 0;
}

int router_init(struct router *r, const struct settings *settings, struct http *http,
		struct log *log, struct error *err)
{
	CLEANUP_FREE char *builtin = NULL;
	const struct deployment *v = NULL;
	size_t n = settings_deployments(settings, &v);

	*r = (struct router){ .settings = settings, .http = http };
	/* Without the installed file every price but the user's own is unknown, and said to be. */
	if (data_path("prices.json", &builtin, NULL) < 0 || !path_exists(builtin)) {
		log_write(log, LOG_WARN, "prices.json is not installed: prices are unknown");
		free(STEAL(builtin));
	}
	if (price_table_load(builtin, settings_string(settings, SET_PRICES), &r->prices, err) < 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (v[i].api_key)
			log_secret(log, v[i].api_key);
	key_cache_init(&r->keys, log);
	pthread_mutex_init(&r->lock, NULL);
	return 0;
}

void router_destroy(struct router *r)
{
	struct endpoint *next;

	if (!r->prices)
		return;
	for (struct endpoint *e = r->endpoints; e; e = next) {
		next = e->next;
		endpoint_free(e);
	}
	key_cache_destroy(&r->keys);
	price_table_free(r->prices);
	pthread_mutex_destroy(&r->lock);
}

int router_find(struct router *r, const char *persona, struct endpoint **ret, struct error *err)
{
	const struct deployment *d = NULL;
	const char *model = NULL;
	struct endpoint *e;
	int rc = 0;

	if (settings_persona_model(r->settings, persona, &d, &model, err) < 0)
		return -1;
	if (d->missing_env)
		return error_set(err, STATUS_USAGE,
				 "%s: the environment variable %s is not set; set it, or change %s:%d",
				 d->model_name, d->missing_env, d->origin ? d->origin : "settings",
				 d->line);
	pthread_mutex_lock(&r->lock);
	for (e = r->endpoints; e; e = e->next)
		if (e->deployment == d && str_eq(e->asked_model, model))
			break;
	if (!e) {
		rc = endpoint_new(r, d, model, &e, err);
		if (rc == 0) {
			if (d->api_key)
				log_secret(r->keys.log, d->api_key);
			e->next = r->endpoints;
			r->endpoints = e;
		}
	}
	pthread_mutex_unlock(&r->lock);
	if (rc == 0)
		*ret = e;
	return rc;
}

bool endpoint_ready(struct router *r, const struct endpoint *e)
{
	const struct deployment *d = e->deployment;

	if (!atomic_load(&e->resolved))
		return false;
	return d->api_key || !d->api_key_command || key_cached(&r->keys, d->api_key_command);
}

int endpoint_key(struct router *r, const struct endpoint *e, unsigned stale,
		 const struct cancel *stop, char **ret_key, unsigned *ret_generation,
		 struct error *err)
{
	const struct deployment *d = e->deployment;

	if (!d->api_key && d->api_key_command) {
		if (key_from_command(&r->keys, d->api_key_command, stale, stop, ret_key,
				     ret_generation, err) < 0)
			return error_prefix(err, "%s", d->model_name);
		return 0;
	}
	*ret_generation = 0;
	*ret_key = NULL;
	if (d->api_key) {
		if (strpbrk(d->api_key, "\r\n"))
			return error_set(err, STATUS_USAGE, "%s: the key holds a line break",
					 d->model_name);
		*ret_key = str_dup(d->api_key);
		return *ret_key ? 0 : error_oom(err);
	}
	/* A server of one's own may want none; a provider's always does. */
	if (d->api_key_env && !e->loopback && (!d->api_base || is_listed(r->settings, d)))
		return error_set(err, STATUS_USAGE, "no key for %s: set %s, or api_key_command",
				 e->base_url, d->api_key_env);
	return 0;
}

char *endpoint_key_advice(const struct endpoint *e)
{
	const struct deployment *d = e->deployment;

	if (!d->api_key && d->api_key_command)
		return str_printf("check what api_key_command `%s` prints", d->api_key_command);
	if (d->api_key_env)
		return str_printf(d->api_key ? "check the key in %s" : "set %s to a key",
				  d->api_key_env);
	if (d->api_key)
		return str_printf("check api_key of %s (%s:%d)", d->model_name,
				  d->origin ? d->origin : "settings", d->line);
	return str_printf("give %s an api_key (os.environ/NAME) or api_key_command", d->model_name);
}

/* The endpoint's only model, or an error that lists what there is. */
static int ask_model(struct router *r, struct endpoint *e, const char *key,
		     const struct cancel *stop, struct error *err)
{
	struct http_limits limits = settings_http_limits(r->settings, e->deployment);
	CLEANUP_STRV struct strv ids = { 0 };
	CLEANUP_BUF struct buf names = BUF_INIT(700);

	limits.first_byte_ms = limits.total_ms = 30000;
	if (list_models(r->http, e->base_url, key, &e->headers, &limits, stop, &ids, err) < 0) {
		CLEANUP_FREE char *advice = endpoint_key_advice(e);

		if (err && err->code == STATUS_USAGE && advice)
			return error_set(err, STATUS_USAGE, "%s has no model set and cannot be asked "
					 "for one (HTTP 401 or 403); %s", e->base_url, advice);
		return -1;
	}
	if (ids.n != 1) {
		describe_models(&names, &ids, 8);
		return error_set(err, STATUS_USAGE, ids.n ? "%s has %zu models, choose one with "
				 "--model all=NAME: %s" : "%s has %zu models%s; load one, or set model",
				 e->base_url, ids.n, buf_str(&names));
	}
	e->model = str_dup(ids.v[0]);
	return e->model ? 0 : error_oom(err);
}

int endpoint_resolve(struct router *r, struct endpoint *e, const char *key,
		     const struct cancel *stop, struct error *err)
{
	int rc = 0;

	if (atomic_load(&e->resolved))
		return 0;
	pthread_mutex_lock(&e->lock);
	if (!atomic_load(&e->resolved)) {
		if (!e->model)
			rc = ask_model(r, e, key, stop, err);
		if (rc == 0)
			rc = find_price(r, e, err);
		if (rc == 0)
			atomic_store(&e->resolved, true);
	}
	pthread_mutex_unlock(&e->lock);
	return rc;
}

struct http_limits settings_http_limits(const struct settings *s, const struct deployment *d)
{
	return (struct http_limits){
		.connect_ms = settings_int(s, SET_CONNECT_TIMEOUT) * 1000,
		.first_byte_ms = settings_int(s, SET_FIRST_BYTE_TIMEOUT) * 1000,
		.idle_ms = settings_int(s, SET_IDLE_TIMEOUT) * 1000,
		.total_ms = d && d->timeout_s > 0 ? (int64_t)(d->timeout_s * 1000) : 0,
	};
}
