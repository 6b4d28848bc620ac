/* Which deployment serves a persona. */
#include "config/settings_private.h"

#include <stdlib.h>
#include <string.h>

#include "config/persona.h"
#include "util/str.h"

/* ---- --model PERSONA=NAME ---- */

static int set_model(struct settings *s, size_t which, const char *model, struct error *err)
{
	struct persona_setting *p = &s->persona[which];

	free_pointer(&p->model);
	free_pointer(&p->model_origin);
	p->model = str_dup(model);
	p->model_origin = str_dup("--model");
	s->model_layer[which] = LAYER_FLAG;
	return p->model && p->model_origin ? 0 : error_oom(err);
}

static int model_flag(struct settings *s, const char *text, bool all, struct error *err)
{
	const char *const names[] = { "all", persona_names()[0], persona_names()[1],
				      persona_names()[2], persona_names()[3], persona_names()[4], NULL };
	const char *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : 0, which = 0;

	if (!n || !equals[1])
		return error_set(err, STATUS_USAGE, "--model %.100s: PERSONA=NAME or all=NAME is "
				 "expected (example: --model all=%.100s)", text,
				 equals ? equals + 1 : text);
	while (names[which] && (strlen(names[which]) != n || memcmp(names[which], text, n) != 0))
		which++;
	if (!names[which]) {
		CLEANUP_FREE char *given = str_ndup(text, n);
		const char *near = given && n < 64 ? str_nearest(given, names) : NULL;
		return error_set(err, STATUS_USAGE, "--model %.100s: no such persona%s%s (all, pacer, "
				 "maven, builder, guardian, artisan)", text,
				 near ? ", did you mean " : "", near ? near : "");
	}
	if ((which == 0) != all)
		return 0;
	for (size_t i = 0; all && i < PERSONA_COUNT; i++)
		if (set_model(s, i, equals + 1, err) < 0)
			return -1;
	return all ? 0 : set_model(s, which - 1, equals + 1, err);
}

int settings_model_flags(struct settings *s, const char *const *models, struct error *err)
{
	/* all= first, so that one persona's own wins wherever it stands */
	for (int all = 1; all >= 0; all--)
		for (size_t i = 0; models[i]; i++)
			if (model_flag(s, models[i], all, err) < 0)
				return -1;
	return 0;
}

/* ---- after all layers ---- */

/* The conventional variables stand in where nothing names an endpoint. */
static int conventional_endpoint(struct settings *s, struct error *err)
{
	static const char *const names[] = { "OPENAI_BASE_URL", "OPENAI_API_BASE", NULL };
	const struct setting_def *def = &setting_defs()[SET_ENDPOINT];
	struct setting_value v = { 0 };
	const char *key = getenv("OPENAI_API_KEY");

	for (size_t i = 0; names[i]; i++) {
		const char *url = getenv(names[i]);
		if (!url || !*url)
			continue;
		if (setting_parse(def, url, NULL, &v, err) < 0)
			return error_prefix(err, "%s", names[i]);
		return settings_put(s, SET_ENDPOINT, &v, LAYER_BUILTIN, names[i], err);
	}
	if (!key || !*key)
		return 0;
	if (setting_parse(def, "https://api.openai.com/v1", NULL, &v, err) < 0)
		return -1;
	return settings_put(s, SET_ENDPOINT, &v, LAYER_BUILTIN, "OPENAI_API_KEY", err);
}

static int make_endpoint(struct settings *s, struct error *err)
{
	const char *key_env = s->value[SET_API_KEY_ENV].text;
	const char *key = key_env ? getenv(key_env) : NULL;
	const char *command = s->value[SET_API_KEY_COMMAND].text;
	struct deployment *d = &s->endpoint;

	if (!s->value[SET_ENDPOINT].text && conventional_endpoint(s, err) < 0)
		return -1;
	if (!s->value[SET_ENDPOINT].text)
		return 0;
	s->endpoint_layer = s->value[SET_ENDPOINT].layer;
	d->model_name = str_dup("endpoint");
	d->api_base = str_dup(s->value[SET_ENDPOINT].text);
	d->model = str_dup(s->value[SET_MODEL].text);
	d->api_key_command = str_dup(command);
	d->api_key_env = command ? NULL : str_dup(key_env);
	d->api_key = !command && key && *key ? str_dup(key) : NULL;
	d->origin = s->value[SET_ENDPOINT].origin;
	if (!d->model_name || !d->api_base || (!d->model && s->value[SET_MODEL].text) ||
	    (command ? !d->api_key_command : !d->api_key_env) ||
	    (!command && key && *key && !d->api_key))
		return error_oom(err);
	return 0;
}

static int make_replay(struct settings *s, struct error *err)
{
	if (!s->value[SET_REPLAY].text)
		return 0;
	s->replay.model_name = str_dup("replay");
	s->replay.model = str_dup("replay");
	s->replay.origin = s->value[SET_REPLAY].origin;
	return s->replay.model_name && s->replay.model ? 0 : error_oom(err);
}

static const struct deployment *by_name(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < s->n_deployments; i++)
		if (str_eq(s->deployment[i].model_name, name))
			return &s->deployment[i];
	return NULL;
}

/* A model_name with one star, alone or after a provider: the longest pattern that fits wins. */
static const struct deployment *by_wildcard(const struct settings *s, const char *name,
					    const char **ret_star, size_t *ret_len)
{
	const struct deployment *best = NULL;
	size_t n = strlen(name), best_len = 0;

	for (size_t i = 0; i < s->n_deployments; i++) {
		const char *pattern = s->deployment[i].model_name, *star = strchr(pattern, '*');
		size_t before = star ? (size_t)(star - pattern) : 0;
		size_t after = star ? strlen(star + 1) : 0;

		if (!star || n < before + after || memcmp(pattern, name, before) != 0 ||
		    memcmp(star + 1, name + n - after, after) != 0 ||
		    (best && before + after <= best_len))
			continue;
		best = &s->deployment[i];
		best_len = before + after;
		*ret_star = name + before;
		*ret_len = n - before - after;
	}
	return best;
}

/* What is sent for `model` when a persona's model is met by a `*`. */
static int resolve_wildcard(struct settings *s, struct persona_setting *p, struct error *err)
{
	const struct deployment *d;
	const char *star = NULL, *id, *hole;
	char provider[32];
	size_t n = 0;

	if (!p->model || by_name(s, p->model))
		return 0;
	d = by_wildcard(s, p->model, &star, &n);
	if (!d)
		return 0;
	id = model_split(d->model, provider);
	hole = strchr(id, '*');
	p->wire_model = hole ? str_printf("%.*s%.*s%s", (int)(hole - id), id, (int)n, star, hole + 1)
			     : str_dup(id);
	return p->wire_model ? 0 : error_oom(err);
}

int settings_resolve_models(struct settings *s, struct error *err)
{
	if (make_endpoint(s, err) < 0 || make_replay(s, err) < 0)
		return -1;
	for (size_t i = 0; i < PERSONA_COUNT; i++) {
		struct persona_setting *p = &s->persona[i];

		if (!p->model && persona_file_model(s, p->name, &p->model, &p->model_origin, err) < 0)
			return -1;
		if (p->model && !s->model_layer[i])
			s->model_layer[i] = LAYER_USER;
		if (resolve_wildcard(s, p, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- the rule ---- */

static int use(const struct deployment *d, const char *model, const struct deployment **ret,
	       const char **ret_model, struct error *err)
{
	char provider[32];

	if (d->missing_env)
		return error_set(err, STATUS_USAGE, "%s:%d: %s needs the environment variable %s: set it",
				 d->origin, d->line, d->model_name, d->missing_env);
	*ret = d;
	*ret_model = model ? model : model_split(d->model, provider);
	return 0;
}

/* The persona says which model it wants. */
static int own_model(const struct settings *s, const struct persona_setting *p, bool weak,
		     const struct deployment **ret, const char **ret_model, struct error *err)
{
	const struct deployment *d = by_name(s, p->model);
	const char *star, *near = NULL;
	size_t n;

	if (d && weak)
		return use(&s->endpoint, s->endpoint.model, ret, ret_model, err);
	if (d)
		return use(d, NULL, ret, ret_model, err);
	if (!weak && p->wire_model && (d = by_wildcard(s, p->model, &star, &n)))
		return use(d, p->wire_model, ret, ret_model, err);
	if (s->endpoint.api_base)
		return use(&s->endpoint, p->model, ret, ret_model, err);
	const char **names = calloc(s->n_deployments + 1, sizeof(*names));
	if (!names)
		return error_oom(err);
	for (size_t i = 0; i < s->n_deployments; i++)
		names[i] = s->deployment[i].model_name;
	if (strlen(p->model) < 200)
		near = str_nearest(p->model, names);
	error_set(err, STATUS_USAGE, "%s: the model %.100s of %s is no model_name of model_list, and "
		  "there is no endpoint that could know it%s%s", p->model_origin, p->model, p->name,
		  near ? "; did you mean " : "", near ? near : "");
	free(names);
	return -1;
}

/* The only group whose name starts with "PERSONA-"; NULL when none does, or several do. */
static const struct deployment *by_prefix(const struct settings *s, const char *persona)
{
	const struct deployment *found = NULL;
	size_t n = strlen(persona);

	for (size_t i = 0; i < s->n_deployments; i++) {
		const char *name = s->deployment[i].model_name;
		if (strncmp(name, persona, n) != 0 || name[n] != '-')
			continue;
		if (found && !str_eq(found->model_name, name))
			return NULL;
		if (!found)
			found = &s->deployment[i];
	}
	return found;
}

int settings_persona_model(const struct settings *s, const char *persona,
			   const struct deployment **ret, const char **ret_model, struct error *err)
{
	const struct persona_setting *p = settings_persona(s, persona);
	bool told = s->endpoint.api_base && s->endpoint_layer >= LAYER_ENV;
	const struct deployment *d;

	if (s->replay.model_name)
		return use(&s->replay, "replay", ret, ret_model, err);
	if (p && p->model)
		return own_model(s, p, told && s->model_layer[p - s->persona] < LAYER_ENV, ret,
				 ret_model, err);
	if (told)
		return use(&s->endpoint, s->endpoint.model, ret, ret_model, err);
	if ((d = by_name(s, persona)) || (d = by_prefix(s, persona)) || (d = by_name(s, "default")))
		return use(d, NULL, ret, ret_model, err);
	/* `model` without an endpoint names an entry of the list */
	if (!s->endpoint.api_base && s->value[SET_MODEL].text &&
	    (d = by_name(s, s->value[SET_MODEL].text)))
		return use(d, NULL, ret, ret_model, err);
	if (s->endpoint.api_base)
		return use(&s->endpoint, s->endpoint.model, ret, ret_model, err);
	return error_set(err, STATUS_USAGE, "no model for %s: add `endpoint: URL` and `model: NAME` "
			 "(or a model_list with `model_name: %s`) to the settings, or run "
			 "`council init`", persona, persona);
}
