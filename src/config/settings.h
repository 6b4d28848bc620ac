/* settings.h: what the program was told, and by whom.
 *
 * One table (settings_table.c) names every scalar setting: key, type, default,
 * range, environment variable, help. Origins from strong to weak: flag,
 * COUNCIL_*, the repository's .council/config.yaml (when trusted; else only its
 * harmless keys), $XDG_CONFIG_HOME/council/config.yaml, /etc/council/config.yaml,
 * built in; /etc/council/policy.yaml can only tighten (budget, require_proof,
 * allow_tests, allow_known_failures, no_gate, sandbox). Immutable once loaded.
 * $COUNCIL_ETC_DIR stands for /etc/council.
 */
#ifndef COUNCIL_SETTINGS_H
#define COUNCIL_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/json.h"
#include "util/str.h"

enum setting_type { SETTING_STRING, SETTING_BOOL, SETTING_INT, SETTING_DURATION /* seconds */, SETTING_USD /* nano-dollars; "none" is -1 */, SETTING_LIST, SETTING_PATH };

enum setting_id {
	SET_ENDPOINT,           /* endpoint: base URL of an OpenAI-compatible endpoint for every persona without another model */
	SET_MODEL,              /* model: the model's name at that endpoint */
	SET_API_KEY_ENV,        /* api_key_env: the environment variable that holds the key for `endpoint` */
	SET_API_KEY_COMMAND,    /* api_key_command: its stdout is the key for `endpoint` */
	SET_TEST,               /* test: the gate */
	SET_BUILD,              /* build */
	SET_TEST_TIMEOUT,       /* test_timeout: seconds, 600 */
	SET_PHASES,             /* phases: auto, all, or a list */
	SET_BUDGET,             /* budget: USD a run, 1; none */
	SET_MAX_ROUNDS,         /* max_rounds: review rounds, 2 */
	SET_MAX_ATTEMPTS,       /* max_attempts: repairs of a red step, 2 */
	SET_REQUIRE_PROOF,      /* require_proof: default true where CI is set */
	SET_ALLOW_KNOWN_FAILURES, /* allow_known_failures */
	SET_ALLOW_TESTS,        /* allow_tests */
	SET_NO_GATE,            /* no_gate */
	SET_PROTECT,            /* protect: list of further patterns */
	SET_WORKTREE_SETUP,     /* worktree.setup: a command */
	SET_WORKTREE_LINK,      /* worktree.link: list of patterns */
	SET_CONTEXT_TOKENS,     /* context_tokens: 12000 */
	SET_ASSISTED_BY,        /* assisted_by: trailer value */
	SET_TAGS,               /* tags: list of k=v */
	SET_REPLAY,             /* replay: file of recorded answers; no endpoint is called */
	SET_RECORD,             /* record: file to write the answers of this run to */
	SET_LEDGER,             /* ledger: path */
	SET_PRICES,             /* prices: the user's own price file */
	SET_CONNECT_TIMEOUT,    /* http.connect_timeout: seconds, 10 */
	SET_FIRST_BYTE_TIMEOUT, /* http.first_byte_timeout: 300 */
	SET_IDLE_TIMEOUT,       /* http.idle_timeout: 60 */
	SET_RETRIES,            /* http.retries: 3 */
	SET_MAX_OUTPUT,         /* max_output_tokens: 8192 where nothing else says */
	SET_SANDBOX,            /* sandbox: on, off */
	SET_COUNT
};

struct setting_def {
	enum setting_id id;
	enum setting_type type;
	bool sensitive;         /* an untrusted repository may not set it */
	const char *key;        /* dotted YAML path */
	const char *fallback;   /* the built-in value as text; NULL: unset */
	int64_t min, max;       /* INT, DURATION */
	const char *env;        /* COUNCIL_TEST … */
	const char *help;       /* one line, for --help, man and `config show` */
};
const struct setting_def *setting_defs(void); /* SET_COUNT entries, in order of the enum */

/* One entry of model_list. */
struct deployment {
	char *model_name;       /* "builder-llama-3-8b", "*" */
	char *model;            /* "openai/gpt-4o-mini", or without a provider; NULL: ask the endpoint */
	char *api_key;          /* resolved text or NULL; os.environ/NAME is looked up at load */
	char *api_key_env;      /* the NAME, for messages; NULL */
	char *api_key_command;  /* NULL */
	char *api_base;         /* NULL */
	json *params;           /* other completion parameters (temperature, max_tokens, extra_headers …) or NULL */
	json *info;             /* model_info or NULL: prices (also those of litellm_params), max_input_tokens */
	json *extra;            /* litellm_params that are no completion parameters: rpm, tpm, weight,
				 * order, api_version, organization …; or NULL */
	char *missing_env;      /* first os.environ/NAME, other than the key's, that is not set: such a
				 * deployment cannot be used; NULL */
	double timeout_s;       /* 0: the default */
	const char *origin;     /* file it came from */
	int line;
};

/* personas.NAME of the settings, laid over the persona's file. */
struct persona_setting {
	const char *name;       /* one of persona_names() */
	char *model;            /* --model, personas.NAME.model, the persona file's; NULL: by the rule */
	char *model_origin;     /* who said so; NULL without a model */
	double temperature;     /* below 0: not set */
	int max_tokens;         /* 0: not set */
	char *wire_model;       /* what a `*` deployment sends for `model`; NULL otherwise */
};

/* What a command line set: value as text, by id, NULL: not set. */
struct settings_overrides {
	const char *value[SET_COUNT];
	const char *config;         /* --config FILE: instead of user and repository files */
	const char *const *models;  /* PERSONA=NAME …, NULL-terminated; may be NULL */
};

struct settings;
/* repo_top may be NULL. *ret_warnings (strv, appended; may be NULL) gets lines "FILE:L:C: unknown
 * key …, did you mean …", "…: ignored until `council trust`". Wrong types are errors. */
int settings_load(const char *repo_top, const struct settings_overrides *o, struct settings **ret,
		  struct strv *ret_warnings, struct error *err);
void settings_free(struct settings *s);
const char *settings_string(const struct settings *s, enum setting_id id);  /* NULL: unset; borrowed */
bool settings_bool(const struct settings *s, enum setting_id id);
int64_t settings_int(const struct settings *s, enum setting_id id);         /* INT; DURATION in seconds; USD in nano-dollars, -1: none */
const struct strv *settings_list(const struct settings *s, enum setting_id id);
const char *settings_origin(const struct settings *s, enum setting_id id);  /* "flag", "COUNCIL_TEST", "PATH:L", "built in" */
size_t settings_deployments(const struct settings *s, const struct deployment **ret);
bool settings_repo_trusted(const struct settings *s);
const char *settings_repo_top(const struct settings *s);                    /* NULL: none */
/* NULL unless name is one of persona_names(); borrowed. */
const struct persona_setting *settings_persona(const struct settings *s, const char *name);

/* Reads text as a settings file that is trusted, and keeps nothing: 0, or -1 with "FILE:L:C: …".
 * base: the folder of relative paths. */
int settings_check(const char *text, size_t len, const char *name, const char *base,
		   struct strv *ret_warnings, struct error *err);

/* The settings of one file alone over what is built in, as if it was trusted: what `council trust`
 * shows, and `council config check FILE`. */
int settings_load_file(const char *path, struct settings **ret, struct strv *ret_warnings,
		       struct error *err);

/* Where the user's, the machine's (config.yaml) and the policy's (policy.yaml) files are, there or
 * not: malloc'd. */
char *settings_user_file(struct error *err);
char *settings_etc_file(const char *name, struct error *err);

/* USD as text ("1", "0.25", "none") to nano-dollars (-1 for none), exactly. Returns 0, or -1 when it
 * is no such text. */
int settings_parse_usd(const char *text, int64_t *ret_nano);

/* Splits "provider/id" where the provider is a known one; else provider is "openai" and the id the
 * whole text. Returns the id, borrowed from model. */
const char *model_split(const char *model, char ret_provider[32]);

/* The deployment for a persona by the rule: its own setting or --model (by model_name; or, with an
 * `endpoint`, as that endpoint's model id), else model_name equal to it, else the only one that
 * starts with "PERSONA-", else `default`, else the endpoint. "replay" when `replay` is set. For
 * an endpoint (setting, --endpoint, or OPENAI_BASE_URL/OPENAI_API_KEY): a deployment is made up.
 * An endpoint told by flag or COUNCIL_ENDPOINT goes before what a file's model_list says.
 * *ret_model: the model id to send (may be NULL: ask the endpoint). Both borrowed from s. */
int settings_persona_model(const struct settings *s, const char *persona,
			   const struct deployment **ret, const char **ret_model, struct error *err);

#endif
