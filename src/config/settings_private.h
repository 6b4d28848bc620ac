/* settings_private.h: what the files of the settings share among themselves.
 *
 *   settings_table.c   the one table
 *   settings_value.c   text → value
 *   settings_file.c    a YAML file → values, personas, deployments
 *   settings_load.c    the layers, from weak to strong, and the policy
 *   deployments.c      model_list
 *   models.c           which deployment serves a persona
 */
#ifndef COUNCIL_SETTINGS_PRIVATE_H
#define COUNCIL_SETTINGS_PRIVATE_H

#include "config/settings.h"
#include "util/yaml.h"

enum settings_layer {
	LAYER_BUILTIN, LAYER_ETC, LAYER_USER, LAYER_REPO, LAYER_ENV, LAYER_FLAG, LAYER_POLICY
};

enum { PERSONA_COUNT = 5, FILE_WARNINGS_MAX = 20, SETTINGS_FILE_MAX = 1 << 20,
       DEPLOYMENTS_MAX = 1000 };

struct setting_value {
	char *text;              /* in canonical form, for every type; NULL: unset */
	int64_t number;          /* BOOL 0 or 1, INT, DURATION in seconds, USD in nano-dollars */
	struct strv list;        /* LIST */
	char *origin;
	enum settings_layer layer;
};

struct settings {
	struct setting_value value[SET_COUNT];
	struct persona_setting persona[PERSONA_COUNT]; /* in order of persona_names() */
	enum settings_layer model_layer[PERSONA_COUNT];
	struct deployment *deployment; /* from strong files to weak */
	size_t n_deployments;
	struct deployment endpoint;    /* made up; api_base NULL: there is none */
	enum settings_layer endpoint_layer;
	struct deployment replay;      /* made up; model_name NULL: there is none */
	struct strv files;             /* names of what was read: deployments' origins point in here */
	char *repo_top;
	bool repo_trusted;
};

/* One file on its way into the settings. */
struct settings_source {
	enum settings_layer layer;
	const char *name;        /* as messages show it; lives as long as the settings */
	const char *base;        /* folder of its relative paths */
	bool untrusted;          /* only harmless keys count */
	struct strv *warnings;   /* borrowed; may be NULL */
	int n_warnings;
	struct strv ignored;     /* what was left out because it is not trusted */
};

void setting_value_release(struct setting_value *v);
/* Fills *ret's text, number and list (it must be empty). err, on failure, says only what is wrong
 * with the text: the caller puts in front where it stands. base: NULL for the working directory. */
int setting_parse(const struct setting_def *def, const char *text, const char *base,
		  struct setting_value *ret, struct error *err);
/* As setting_parse, for items that are apart already. */
int setting_parse_list(const struct setting_def *def, const struct strv *items,
		       struct setting_value *ret, struct error *err);
/* Puts *take in force. origin is copied. */
int settings_put(struct settings *s, enum setting_id id, struct setting_value *take,
		 enum settings_layer layer, const char *origin, struct error *err);
const struct setting_def *setting_find(const char *key);

/* "FILE:L:C: …" into the source's warnings; at most FILE_WARNINGS_MAX of them. */
int source_warn(struct settings_source *src, int line, int column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
int source_unknown(struct settings_source *src, int line, int column, const char *key,
		   const char *const *known);
/* "FILE:L:C: …" as an error; node may be NULL. */
int source_error(const struct settings_source *src, const struct yaml_node *node, struct error *err,
		 const char *fmt, ...) __attribute__((format(printf, 4, 5), cold));

/* Applies a parsed file. */
int settings_apply_file(struct settings *s, struct settings_source *src, const struct yaml_node *root,
			struct error *err);
/* Tightens only; what it does not understand is an error. */
int settings_apply_policy(struct settings *s, struct settings_source *src,
			  const struct yaml_node *root, struct error *err);
/* model_list of a file; names that a stronger file has are left out. */
int deployments_parse(struct settings *s, struct settings_source *src, const struct yaml_node *list,
		      struct error *err);
void deployment_release(struct deployment *d);
/* The made-up deployments, and what `*` stands for. After all layers. */
int settings_resolve_models(struct settings *s, struct error *err);
/* --model PERSONA=NAME */
int settings_model_flags(struct settings *s, const char *const *models, struct error *err);

#endif
