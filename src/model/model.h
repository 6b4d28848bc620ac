/* model.h: one call of a model, whatever answers it.
 *
 *   struct model_services    thread-safe, shared: deployments, prices, HTTP, budget, ledger
 *   model_submit(services, request, callbacks) → handle, at once
 *     each attempt: route → reserve at that deployment's price → send → settle → ledger row
 *   callbacks.done runs exactly once (on a service thread), with the completion or the error
 *   model_wait / model_complete block for it
 *
 * Later layers (mask, cache, router, more providers) go behind the same functions.
 */
#ifndef COUNCIL_MODEL_H
#define COUNCIL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/cancel.h"
#include "util/error.h"
#include "util/ulid.h"

enum model_role { MODEL_SYSTEM, MODEL_USER, MODEL_ASSISTANT };

struct model_message {
	enum model_role role;
	const char *content; /* UTF-8; borrowed */
	bool stable;         /* end of a prefix that later calls share (prompt caching) */
};

/* Borrowed for the duration of model_submit, which copies what it needs. */
struct model_request {
	const char *persona;        /* "builder": finds the deployment, keys budgets and replay answers */
	const struct model_message *messages;
	size_t n_messages;
	double temperature;         /* below 0: the provider's default */
	int max_tokens;             /* of output; 0: the deployment's default */
	const char *schema;         /* JSON schema text for the answer, or NULL for free text */
	const char *schema_name;
	const char *run, *stage;    /* ULIDs for the ledger; may be NULL */
	int attempt;                /* 1: first asking; 2: asked again with the error */
};

/* Tokens, normalised once, in the adapter: input excludes cached ones.
 * output includes reasoning. */
struct usage {
	int64_t input, cache_read, cache_write, output, reasoning;
	bool estimated;             /* the endpoint did not report: 4 bytes a token */
};

enum model_outcome {
	MODEL_OK, MODEL_TRUNCATED /* cut by max_tokens */, MODEL_REFUSED, MODEL_EMPTY,
	MODEL_ERROR, MODEL_CANCELLED, MODEL_OVER_BUDGET
};
const char *model_outcome_name(enum model_outcome o); /* "ok", "truncated", "refused", "empty", "error", "cancelled", "over-budget" */

struct completion {
	struct ulid call;
	enum model_outcome outcome;
	char *text;                 /* owned; "" at least */
	char *model;                /* the one that answered; owned */
	char *provider;             /* "openai", "openrouter" … by the deployment's prefix, "replay"; owned */
	char *finish_reason;        /* as the endpoint said; may be NULL */
	struct usage usage;
	bool cost_known;
	int64_t cost_nano;          /* nano-dollars, rounded once, half up */
	int64_t latency_us;
	int64_t first_token_us;     /* 0: none came */
	int attempts;               /* HTTP attempts, 1 when the first did it */
};
void completion_release(struct completion *c);

struct model_callbacks {
	void *ctx;
	/* a piece of text as it comes; valid UTF-8 pieces; may be NULL */
	void (*delta)(void *ctx, const char *text, size_t len);
	/* exactly once; `c` and `err` are borrowed; err is NULL on success, else c holds what came until
	 * then and what it cost. Must neither block nor call model_wait or model_services_free. May be NULL. */
	void (*done)(void *ctx, const struct completion *c, const struct error *err);
};

struct settings;
struct ledger;
struct log;
struct event_bus;

struct model_services;
struct model_services_options {
	const struct settings *settings; /* borrowed, outlives the services: deployments, limits, replay/record files */
	struct ledger *ledger;           /* borrowed; may be NULL (no row is written) */
	struct log *log;                 /* borrowed; may be NULL */
	int64_t budget_nano;             /* cap over all calls of these services; -1: none */
	int64_t spent_nano;              /* already spent by this run (resume, continue) */
};
/* Opens nothing on the network. STATUS_USAGE when a price is unknown while a
 * cap is set is reported at submit, not here. */
int model_services_new(const struct model_services_options *o, struct model_services **ret,
		       struct error *err);
void model_services_free(struct model_services *s);   /* cancels and frees what is under way; NULL-safe */
/* The bus that gets call.* and budget.warning events (50, 75, 90, 100 %). Borrowed; NULL: none. */
void model_services_set_bus(struct model_services *s, struct event_bus *bus);
/* Money settled so far, and calls whose price is unknown. */
int64_t model_services_spent(const struct model_services *s, int *ret_unknown_calls);
/* True when any answer came, or would come, from recorded answers. */
bool model_services_recorded(const struct model_services *s);
/* An answer of the persona was had from elsewhere (a resumed run's journal): recorded answers go on
 * behind it. Without recorded answers this does nothing. */
void model_services_taken(struct model_services *s, const char *persona);

/* What would serve this persona: for banners, `config`, --dry-run. */
struct model_route {
	char *deployment;           /* model_name */
	char *provider;             /* "openai", "replay" */
	char *model;                /* what is sent as "model"; NULL: the endpoint is asked at the first call */
	char *base_url;             /* NULL for replay */
	bool price_known;
	int64_t input_femto, output_femto; /* femto-dollars a token */
	int64_t context;            /* tokens; 0: unknown */
	int64_t max_output;         /* tokens; 0: unknown */
};
/* STATUS_USAGE with the line to add when the persona has no model. */
int model_route(const struct model_services *s, const char *persona, struct model_route *ret,
		struct error *err);
void model_route_release(struct model_route *r);
/* Before anything is paid: STATUS_USAGE with the line to add when the persona has no model, or one
 * whose price is unknown while there is a cap. Asks no endpoint: what only that tells comes later. */
int model_ready(const struct model_services *s, const char *persona, struct error *err);

struct model_call;
/* NULL with err for what is known before sending: no model for the persona,
 * missing key (STATUS_USAGE), unknown price under a cap (STATUS_USAGE), budget
 * (STATUS_BUDGET: the reservation at the worst case would pass the cap). Where a
 * key command has to run or an endpoint to be asked for its model first, these
 * come from model_wait instead. Every call that was returned must be waited for
 * before the services are freed, or is dropped with them. */
struct model_call *model_submit(struct model_services *s, const struct model_request *request,
				const struct model_callbacks *callbacks, struct error *err);
void model_cancel(struct model_call *call);           /* asynchronous; done still runs */
/* Blocks. Returns 0 and fills *ret (release it), or -1 and err: STATUS_ENDPOINT
 * after retries, STATUS_BUDGET, STATUS_INTERRUPTED … An answer that is
 * truncated, refused or empty is a 0 whose outcome says so. Frees the call. */
int model_wait(struct model_call *call, const struct cancel *cancel, struct completion *ret,
	       struct error *err);
int model_complete(struct model_services *s, const struct model_request *request,
		   const struct model_callbacks *callbacks, const struct cancel *cancel,
		   struct completion *ret, struct error *err);

/* Asks an endpoint for its models (GET /models): `init`, `doctor`, --endpoint
 * without a model. ret_ids is to be released with strv_release. */
struct strv;
int model_list_remote(const char *base_url, const char *api_key, int64_t timeout_ms,
		      const struct cancel *cancel, struct strv *ret_ids, struct error *err);

#endif
