/* persona.h: personas and prompts as files: YAML front matter and Markdown.
 *
 * Found in order: the repository's .council/personas/NAME.md (when trusted),
 * $XDG_CONFIG_HOME/council/personas/, $COUNCIL_DATA_DIR or the installed
 * pkgdatadir/personas (the source tree's when run uninstalled). Prompts
 * likewise in prompts/. A prompt is Markdown with {{name}} placeholders. */
#ifndef COUNCIL_PERSONA_H
#define COUNCIL_PERSONA_H

#include <stdbool.h>
#include <stddef.h>

#include "config/settings.h"
#include "util/error.h"

struct persona {
	char *name;          /* "builder" */
	char *role;          /* "codes": one line */
	char *system;        /* the system prompt: the Markdown body */
	char *model;         /* front matter's model, or NULL */
	double temperature;  /* below 0: unset */
	int max_tokens;      /* 0: unset */
	char *origin;        /* file it came from */
};
/* The five names, in order of the work, NULL-terminated: pacer maven builder guardian artisan. */
const char *const *persona_names(void);
int persona_load(const struct settings *s, const char *name, struct persona *ret, struct error *err);
void persona_release(struct persona *p);

/* What a file of the user or the (trusted) repository that replaces the persona says its model is:
 * *ret_model and *ret_origin (the file) malloc'd, or left alone where there is none. The built-in
 * files name no model. For the loading of the settings. */
int persona_file_model(const struct settings *s, const char *name, char **ret_model,
		       char **ret_origin, struct error *err);

/* The path of "personas/builder.md", "prompts/plan.md" … that is in force, malloc'd. STATUS_USAGE
 * where there is none. */
int persona_find_file(const struct settings *s, const char *relative, char **ret, struct error *err);

/* A prompt file ("plan", "context", "build", "repair", "review", "revise", "refine", "again") with every
 * {{key}} replaced. values: pairs key, value, …, NULL. An unknown placeholder in the file, or a
 * value's key that the file lacks, is an error. Values are inserted as they are, never expanded
 * again. malloc'd. */
int prompt_render(const struct settings *s, const char *name, const char *const *values,
		  char **ret, struct error *err);

/* Where data files are: ret malloc'd path of "personas", "prompts", "prices.json", "demo", … :
 * $COUNCIL_DATA_DIR, the source tree (uninstalled), else pkgdatadir. */
int data_path(const char *name, char **ret, struct error *err);

#endif
