/* route.h: where a persona's calls go: which endpoint, with which name of the
 * model, which key and at what price. Private to src/model.
 *
 * An endpoint is made once for each deployment and model, lives as long as
 * the services, and remembers what it was found to refuse.
 */
#ifndef COUNCIL_ROUTE_H
#define COUNCIL_ROUTE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "config/settings.h"
#include "model/price.h"
#include "model/provider/provider.h"
#include "net/http.h"
#include "util/cancel.h"
#include "util/log.h"

struct endpoint {
	struct endpoint *next;
	const struct deployment *deployment; /* borrowed from the settings */
	const char *asked_model;     /* as the settings have it; borrowed; NULL: ask the endpoint */
	char *provider;              /* "openai", "openrouter", … */
	char *base_url;              /* normalised, without a slash at its end */
	char *model;                 /* what is sent; NULL until the endpoint was asked */
	bool loopback;
	struct strv headers;         /* the deployment's own: extra_headers, organization */
	struct price price;          /* once the model is known */
	atomic_uint quirks;          /* enum provider_quirk */
	pthread_mutex_t lock;        /* of model and price, until `resolved` */
	atomic_bool resolved;
};

/* Keys that a command gives: run once, kept, run again after a 401. */
struct key_entry {
	struct key_entry *next;
	char *command, *key;
	unsigned generation;         /* of the key; 0: never had */
};
struct key_cache {
	pthread_mutex_t lock;
	struct key_entry *entries;
	struct log *log;             /* borrowed */
};
void key_cache_init(struct key_cache *c, struct log *log);
void key_cache_destroy(struct key_cache *c);
bool key_cached(struct key_cache *c, const char *command);
/* The command's key, running it when there is none or when the one there is still `stale` (a
 * generation; 0: any will do). ret_key is malloc'd. STATUS_USAGE when the command fails. */
int key_from_command(struct key_cache *c, const char *command, unsigned stale,
		     const struct cancel *stop, char **ret_key, unsigned *ret_generation,
		     struct error *err);

struct router {
	const struct settings *settings;
	struct price_table *prices;  /* owned */
	struct http *http;           /* borrowed */
	struct key_cache keys;
	pthread_mutex_t lock;        /* of the list */
	struct endpoint *endpoints;
};
int router_init(struct router *r, const struct settings *settings, struct http *http,
		struct log *log, struct error *err);
void router_destroy(struct router *r);
/* The persona's endpoint, borrowed. STATUS_USAGE for what cannot be used. */
int router_find(struct router *r, const char *persona, struct endpoint **ret, struct error *err);
/* Whether asking needs nothing that takes time first: no command to run, no model to ask for. */
bool endpoint_ready(struct router *r, const struct endpoint *e);
/* The key to send, malloc'd, NULL where none is needed. */
int endpoint_key(struct router *r, const struct endpoint *e, unsigned stale,
		 const struct cancel *stop, char **ret_key, unsigned *ret_generation,
		 struct error *err);
/* Makes model and price known; may ask GET /models. */
int endpoint_resolve(struct router *r, struct endpoint *e, const char *key,
		     const struct cancel *stop, struct error *err);
/* What to do about a 401, one clause: "set OPENAI_API_KEY …". malloc'd. */
char *endpoint_key_advice(const struct endpoint *e);

/* "http://h:1" → "http://h:1/v1"; a trailing slash and /chat/completions go. malloc'd. */
int base_url_normalise(const char *text, char **ret, struct error *err);

/* GET BASE/models over an existing service; ids in the endpoint's order, at most 10,000. */
int list_models(struct http *http, const char *base_url, const char *key,
		const struct strv *headers, const struct http_limits *limits,
		const struct cancel *cancel, struct strv *ret_ids, struct error *err);
/* The ids of such an answer. */
int parse_models(const char *text, size_t len, struct strv *ret_ids, struct error *err);
/* "a, b, c and 12 more". */
int describe_models(struct buf *out, const struct strv *ids, size_t max);

struct http_limits settings_http_limits(const struct settings *s, const struct deployment *d);

#endif
