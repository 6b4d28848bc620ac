/* A settings file: YAML nodes to values, and what an untrusted file, or a
 * policy, may say. */
#include "config/settings_private.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/persona.h"
#include "util/str.h"

enum { KNOWN_MAX = SET_COUNT + 16 };

/* Keys that are no scalars of the table. */
static const char *const top_keys[] = {
	"personas", "model_list", "router_settings", "litellm_settings", NULL
};

static const char *const router_keys[] = {
	"routing_strategy", "routing_strategy_args", "num_retries", "retry_after", "timeout",
	"stream_timeout", "allowed_fails", "allowed_fails_policy", "cooldown_time",
	"disable_cooldowns", "retry_policy", "fallbacks", "default_fallbacks",
	"context_window_fallbacks", "content_policy_fallbacks", "max_fallbacks",
	"model_group_alias", "model_group_retry_policy", "enable_pre_call_checks",
	"enable_tag_filtering", "redis_host", "redis_port", "redis_password", "redis_url",
	"cache_responses", "cache_kwargs", "caching_groups", "client_ttl", "default_priority",
	"default_max_parallel_requests", "polling_interval", "provider_budget_config",
	"set_verbose", "debug_level", "optional_pre_call_checks", NULL
};

static const char *const litellm_keys[] = {
	"drop_params", "modify_params", "num_retries", "request_timeout", "timeout", "fallbacks",
	"default_fallbacks", "context_window_fallbacks", "content_policy_fallbacks", "cache",
	"cache_params", "set_verbose", "json_logs", "callbacks", "success_callback",
	"failure_callback", "service_callbacks", "turn_off_message_logging",
	"redact_user_api_key_info", "force_ipv4", "ssl_verify", "max_budget", "budget_duration",
	"allowed_fails", "retry_policy", "telemetry", "langfuse_default_tags",
	"enable_json_schema_validation", "default_team_settings", "public_routes",
	"default_internal_user_params", "upperbound_key_generate_params",
	"add_function_to_prompt", "custom_provider_map", NULL
};

/* LiteLLM's own sections, which say nothing that this program does. */
static const char *const other_keys[] = {
	"general_settings", "environment_variables", "credential_list", "guardrails",
	"mcp_servers", "vector_store_registry", "search_tools", "prompts", "files_settings",
	"finetune_settings", "include", NULL
};

int source_error(const struct settings_source *src, const struct yaml_node *node, struct error *err,
		 const char *fmt, ...)
{
	struct error what;
	va_list ap;

	va_start(ap, fmt);
	error_vset(&what, STATUS_USAGE, fmt, ap);
	va_end(ap);
	return error_set(err, STATUS_USAGE, "%s:%d:%d: %s", src->name, node ? yaml_line(node) : 1,
			 node ? yaml_column(node) : 1, what.message);
}

int source_warn(struct settings_source *src, int line, int column, const char *fmt, ...)
{
	struct error what; /* its cleaning and its limit are what a warning needs too */
	va_list ap;

	if (!src->warnings || src->n_warnings > FILE_WARNINGS_MAX)
		return 0;
	if (src->n_warnings++ == FILE_WARNINGS_MAX)
		return strv_addf(src->warnings, "%s: more warnings are left out", src->name);
	va_start(ap, fmt);
	error_vset(&what, STATUS_USAGE, fmt, ap);
	va_end(ap);
	return strv_addf(src->warnings, "%s:%d:%d: %s", src->name, line, column, what.message);
}

int source_unknown(struct settings_source *src, int line, int column, const char *key,
		   const char *const *known)
{
	if (!src->warnings || src->n_warnings > FILE_WARNINGS_MAX)
		return 0; /* not even the search for a near name, which a long file would pay for */
	const char *near = strlen(key) < 64 ? str_nearest(key, known) : NULL;

	return source_warn(src, line, column, "unknown key %.100s%s%s", key,
			   near ? ", did you mean " : "", near ? near : "");
}

static bool listed(const char *const *names, const char *name)
{
	for (size_t i = 0; names[i]; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

/* What may stand at this level: of "worktree.setup", "setup" below "worktree". */
static void known_at(const char *section, char names[KNOWN_MAX][48], const char *ret[KNOWN_MAX])
{
	const struct setting_def *defs = setting_defs();
	size_t n = 0, skip = section ? strlen(section) + 1 : 0;

	for (size_t i = 0; i < SET_COUNT; i++) {
		if (section && (strncmp(defs[i].key, section, skip - 1) != 0 || defs[i].key[skip - 1] != '.'))
			continue;
		snprintf(names[n], 48, "%.*s", (int)strcspn(defs[i].key + skip, "."),
			 defs[i].key + skip);
		ret[n] = names[n];
		n++;
	}
	for (size_t i = 0; !section && top_keys[i]; i++)
		ret[n++] = top_keys[i];
	ret[n] = NULL;
}

static bool is_section(const char *key)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < SET_COUNT; i++)
		if (!strncmp(setting_defs()[i].key, key, n) && setting_defs()[i].key[n] == '.')
			return true;
	return false;
}

/* ---- one value ---- */

static int items_of(const struct settings_source *src, const struct setting_def *def,
		    const struct yaml_node *n, struct strv *ret, struct error *err)
{
	bool map = yaml_kind(n) == YAML_MAP; /* tags: {team: core} */

	for (size_t i = 0; i < yaml_len(n); i++) {
		const struct yaml_node *item = map ? yaml_value_at(n, i) : yaml_at(n, i);
		const char *text = yaml_scalar(item);
		int rc;

		if (!text || !*text)
			return source_error(src, item ? item : n, err,
					    "%s: an item is empty or no text", def->key);
		rc = map ? strv_addf(ret, "%s=%s", yaml_key_at(n, i, NULL, NULL), text)
			 : strv_add(ret, text);
		if (rc < 0)
			return error_oom(err);
	}
	return 0;
}

static int value_of(const struct settings_source *src, const struct setting_def *def,
		    const struct yaml_node *n, struct setting_value *ret, struct error *err)
{
	struct error why = { 0 };
	int rc;

	if (def->type == SETTING_LIST &&
	    (yaml_kind(n) == YAML_LIST || (yaml_kind(n) == YAML_MAP && def->id == SET_TAGS))) {
		CLEANUP_STRV struct strv items = { 0 };
		if (items_of(src, def, n, &items, err) < 0)
			return -1;
		rc = setting_parse_list(def, &items, ret, &why);
	} else if (yaml_kind(n) == YAML_SCALAR) {
		rc = setting_parse(def, yaml_scalar(n), src->base, ret, &why);
	} else {
		return source_error(src, n, err, "%s is a %s, but %s is expected", def->key,
				    yaml_kind(n) == YAML_MAP ? "map" : "list",
				    def->type == SETTING_LIST ? "a list" : "one value");
	}
	if (rc < 0 && why.code == STATUS_USAGE)
		return source_error(src, n, err, "%s: %s", def->key, why.message);
	if (rc < 0 && err)
		*err = why;
	return rc;
}

/* Whether a file that is not trusted may say this: it must not loosen anything. */
static bool harmless(const struct settings *s, const struct setting_def *def,
		     const struct setting_value *v)
{
	if (def->sensitive)
		return false;
	if (def->id == SET_BUDGET) {
		int64_t now = s->value[SET_BUDGET].number;
		return v->number >= 0 && (now < 0 || v->number < now);
	}
	if (def->id == SET_PHASES) /* to leave the review out is no small matter */
		return strv_has(&v->list, "auto") || strv_has(&v->list, "all") ||
		       strv_has(&v->list, "review");
	if (def->id == SET_MAX_ROUNDS)
		return v->number >= 1;
	return true;
}

static int apply_value(struct settings *s, struct settings_source *src,
		       const struct setting_def *def, const struct yaml_node *n, struct error *err)
{
	struct setting_value v = { 0 };

	if (yaml_kind(n) == YAML_NULL)
		return 0; /* `test:` with nothing behind it says nothing */
	if (src->untrusted && def->sensitive)
		return strv_add(&src->ignored, def->key) < 0 ? error_oom(err) : 0;
	if (value_of(src, def, n, &v, err) < 0)
		return -1;
	if (src->untrusted && !harmless(s, def, &v)) {
		setting_value_release(&v);
		return strv_add(&src->ignored, def->key) < 0 ? error_oom(err) : 0;
	}
	CLEANUP_FREE char *origin = str_printf("%s:%d", src->name, yaml_line(n));
	if (!origin) {
		setting_value_release(&v);
		return error_oom(err);
	}
	return settings_put(s, def->id, &v, src->layer, origin, err);
}

/* ---- personas ---- */

static int persona_model(struct settings *s, struct settings_source *src, size_t which,
			 const struct yaml_node *n, struct error *err)
{
	const struct yaml_node *first = yaml_kind(n) == YAML_LIST ? yaml_at(n, 0) : n;
	struct persona_setting *p = &s->persona[which];

	if (!yaml_scalar(first) || !*yaml_scalar(first))
		return source_error(src, n, err, "model: a name, or a list of names from cheap to "
				    "strong, is expected");
	free_pointer(&p->model);
	free_pointer(&p->model_origin);
	p->model = str_dup(yaml_scalar(first));
	p->model_origin = str_printf("%s:%d", src->name, yaml_line(n));
	s->model_layer[which] = src->layer;
	return p->model && p->model_origin ? 0 : error_oom(err);
}

static int apply_persona(struct settings *s, struct settings_source *src, size_t which,
			 const struct yaml_node *map, struct error *err)
{
	static const char *const known[] = { "model", "temperature", "max_tokens", NULL };
	struct persona_setting *p = &s->persona[which];

	if (yaml_kind(map) != YAML_MAP)
		return source_error(src, map, err, "personas.%s: a map of model, temperature, "
				    "max_tokens is expected", p->name);
	for (size_t i = 0; i < yaml_len(map); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(map, i, &line, &column);
		const struct yaml_node *n = yaml_value_at(map, i);
		const char *text = yaml_scalar(n);
		int64_t tokens;

		if (str_eq(key, "model")) {
			if (persona_model(s, src, which, n, err) < 0)
				return -1;
		} else if (str_eq(key, "temperature")) {
			if (!text || !parse_double(text, &p->temperature) || p->temperature < 0 ||
			    p->temperature > 2)
				return source_error(src, n, err,
						    "temperature: a number from 0 to 2 is expected");
		} else if (str_eq(key, "max_tokens")) {
			if (!text || !parse_i64(text, 1, 1000000, &tokens))
				return source_error(src, n, err, "max_tokens: a whole number from 1 "
						    "to 1000000 is expected");
			p->max_tokens = (int)tokens;
		} else if (source_unknown(src, line, column, key, known) < 0) {
			return error_oom(err);
		}
	}
	return 0;
}

static int apply_personas(struct settings *s, struct settings_source *src,
			  const struct yaml_node *map, struct error *err)
{
	const char *const *names = persona_names();

	if (yaml_kind(map) == YAML_NULL)
		return 0;
	if (yaml_kind(map) != YAML_MAP)
		return source_error(src, map, err, "personas: a map of personas is expected");
	for (size_t i = 0; i < yaml_len(map); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(map, i, &line, &column);
		size_t which = 0;

		while (names[which] && !str_eq(names[which], key))
			which++;
		if (names[which]) {
			if (apply_persona(s, src, which, yaml_value_at(map, i), err) < 0)
				return -1;
		} else if (source_unknown(src, line, column, key, names) < 0) {
			return error_oom(err);
		}
	}
	return 0;
}

/* ---- a file ---- */

/* Keys that LiteLLM knows are accepted as they are; values are its own. */
static int check_foreign(struct settings_source *src, const char *section,
			 const struct yaml_node *map, const char *const *known, struct error *err)
{
	if (yaml_kind(map) == YAML_NULL)
		return 0;
	if (yaml_kind(map) != YAML_MAP)
		return source_error(src, map, err, "%s: a map is expected", section);
	for (size_t i = 0; i < yaml_len(map); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(map, i, &line, &column);

		if (!listed(known, key) && source_unknown(src, line, column, key, known) < 0)
			return error_oom(err);
	}
	return 0;
}

static int apply_special(struct settings *s, struct settings_source *src, const char *key,
			 const struct yaml_node *n, int line, int column, struct error *err)
{
	if (src->untrusted && listed(top_keys, key))
		return strv_add(&src->ignored, key) < 0 ? error_oom(err) : 0;
	if (str_eq(key, "personas"))
		return apply_personas(s, src, n, err);
	if (str_eq(key, "model_list"))
		return deployments_parse(s, src, n, err);
	if (str_eq(key, "router_settings"))
		return check_foreign(src, key, n, router_keys, err);
	if (str_eq(key, "litellm_settings"))
		return check_foreign(src, key, n, litellm_keys, err);
	if (listed(other_keys, key))
		return source_warn(src, line, column, "%s is LiteLLM's own and has no effect here",
				   key) < 0 ? error_oom(err) : 0;
	char names[KNOWN_MAX][48];
	const char *known[KNOWN_MAX];
	known_at(NULL, names, known);
	return source_unknown(src, line, column, key, known) < 0 ? error_oom(err) : 0;
}

static int apply_section(struct settings *s, struct settings_source *src, const char *section,
			 const struct yaml_node *map, struct error *err)
{
	if (yaml_kind(map) == YAML_NULL)
		return 0;
	if (yaml_kind(map) != YAML_MAP)
		return source_error(src, map, err, "%s: a map is expected", section);
	for (size_t i = 0; i < yaml_len(map); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(map, i, &line, &column);
		CLEANUP_FREE char *full = str_printf("%s.%.100s", section, key);
		const struct setting_def *def;

		if (!full)
			return error_oom(err);
		def = setting_find(full);
		if (def) {
			if (apply_value(s, src, def, yaml_value_at(map, i), err) < 0)
				return -1;
			continue;
		}
		char names[KNOWN_MAX][48];
		const char *known[KNOWN_MAX];
		known_at(section, names, known);
		if (source_unknown(src, line, column, key, known) < 0)
			return error_oom(err);
	}
	return 0;
}

int settings_apply_file(struct settings *s, struct settings_source *src, const struct yaml_node *root,
			struct error *err)
{
	if (yaml_kind(root) == YAML_NULL)
		return 0;
	if (yaml_kind(root) != YAML_MAP)
		return source_error(src, root, err, "a map of settings is expected "
				    "(such as `test: make check`)");
	for (size_t i = 0; i < yaml_len(root); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(root, i, &line, &column);
		const struct yaml_node *n = yaml_value_at(root, i);
		const struct setting_def *def = setting_find(key);
		int rc;

		if (def && !strchr(def->key, '.'))
			rc = apply_value(s, src, def, n, err);
		else if (is_section(key))
			rc = apply_section(s, src, key, n, err);
		else
			rc = apply_special(s, src, key, n, line, column, err);
		if (rc < 0)
			return -1;
	}
	return 0;
}

/* ---- the policy ---- */

/* The tighter of the two is in force. 1: the policy's. */
static int tighter(const struct setting_def *def, const struct setting_value *now,
		   const struct setting_value *policy)
{
	switch (def->id) {
	case SET_BUDGET:
		return policy->number >= 0 && (now->number < 0 || policy->number < now->number);
	case SET_REQUIRE_PROOF:
		return policy->number && !now->number;
	case SET_SANDBOX:
		return str_eq(policy->text, "on") && !str_eq(now->text, "on");
	default: /* allow_tests, allow_known_failures, no_gate */
		return !policy->number && now->number;
	}
}

static int policy_value(struct settings *s, struct settings_source *src,
			const struct setting_def *def, const struct yaml_node *n, struct error *err)
{
	struct setting_value v = { 0 }, *now = &s->value[def->id];

	if (value_of(src, def, n, &v, err) < 0)
		return -1;
	if (!tighter(def, now, &v)) {
		setting_value_release(&v);
		return 0;
	}
	/* What somebody asked for is said to be held; a built-in value is not worth a line. */
	if (now->layer != LAYER_BUILTIN &&
	    source_warn(src, yaml_line(n), yaml_column(n), "the policy holds %s to %s (%s said %s)",
			def->key, v.text, now->origin, now->text) < 0) {
		setting_value_release(&v);
		return error_oom(err);
	}
	CLEANUP_FREE char *origin = str_printf("%s:%d", src->name, yaml_line(n));
	if (!origin) {
		setting_value_release(&v);
		return error_oom(err);
	}
	return settings_put(s, def->id, &v, LAYER_POLICY, origin, err);
}

int settings_apply_policy(struct settings *s, struct settings_source *src,
			  const struct yaml_node *root, struct error *err)
{
	static const char *const known[] = { "budget", "require_proof", "allow_tests",
					     "allow_known_failures", "no_gate", "sandbox", NULL };

	if (yaml_kind(root) == YAML_NULL)
		return 0;
	if (yaml_kind(root) != YAML_MAP)
		return source_error(src, root, err, "a map of settings is expected");
	for (size_t i = 0; i < yaml_len(root); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(root, i, &line, &column);
		const struct yaml_node *n = yaml_value_at(root, i);

		/* Skipping what it does not understand would let a slip open the door. */
		if (!listed(known, key))
			return error_set(err, STATUS_USAGE, "%s:%d:%d: %.100s is nothing a policy can "
					 "hold: it knows budget, require_proof, allow_tests, "
					 "allow_known_failures, no_gate and sandbox", src->name, line,
					 column, key);
		if (yaml_kind(n) == YAML_NULL)
			return error_set(err, STATUS_USAGE, "%s:%d:%d: %s has no value", src->name,
					 line, column, key);
		if (policy_value(s, src, setting_find(key), n, err) < 0)
			return -1;
	}
	return 0;
}
