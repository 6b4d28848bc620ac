/* price.h: what tokens cost. Rates are integer femto-dollars (1e-15 USD) a
 * token; a call is summed in 128 bits and rounded once, half up, to
 * nano-dollars (1e-9 USD).
 *
 * Format: LiteLLM's model_prices_and_context_window.json; costs may be strings
 * ("3e-7"); `sample_spec` is skipped; the highest `_above_{N}k_tokens` threshold
 * that the prompt passes replaces all rates of that request. */
#ifndef COUNCIL_PRICE_H
#define COUNCIL_PRICE_H

#include <stdbool.h>
#include <stdint.h>

#include "model/model.h"
#include "util/error.h"
#include "util/hash.h"
#include "util/json.h"

struct price_rates {
	int64_t input, output;        /* femto-dollars a token */
	int64_t cache_read, cache_write, reasoning; /* -1: as input / input / output */
};
struct price_tier { int64_t above_tokens; struct price_rates rates; };
enum { PRICE_TIERS_MAX = 4 };
struct price {
	bool known;
	bool own; /* from the user's file, not the built-in one */
	struct price_rates base;
	struct price_tier tier[PRICE_TIERS_MAX]; /* ascending thresholds */
	int n_tiers;
	int64_t max_input, max_output; /* tokens; 0: unknown */
};

struct price_table; /* immutable after loading; thread-safe */
/* The built-in file (installed prices.json; path may be NULL to skip) with the
 * user's own laid over it entry by entry (may be NULL). A bad entry is an
 * error with file and key: negative, not finite, larger than 1 USD a token. */
int price_table_load(const char *builtin_path, const char *user_path, struct price_table **ret,
		     struct error *err);
void price_table_free(struct price_table *t);
/* Looks for "provider/model", then "model" (and, where the model itself is
 * "provider/name", for that provider's "name"), then the same without a date
 * suffix ("-2024-08-06", "-20240806"). `provider` may be NULL. False when
 * unknown: ret->known is false then, and the limits are those that are known. */
bool price_find(const struct price_table *t, const char *provider, const char *model, struct price *ret);
/* Price keys inside a deployment's model_info or litellm_params map. `known`
 * needs both an input and an output rate (of an embedding: input alone). Keys
 * that are null count as absent; a bad value is STATUS_USAGE "WHERE: KEY …". */
int price_from_json(const json *entry, const char *where, struct price *ret, struct error *err);
/* Of the bytes of the files that were loaded, in their order. */
const struct sha256 *price_table_hash(const struct price_table *t);
/* Entries with a known price, sorted by name; names are borrowed. For lists and completion. */
size_t price_table_len(const struct price_table *t);
const char *price_table_name(const struct price_table *t, size_t i);
/* The name that was most likely meant, borrowed; NULL when none is near. */
const char *price_nearest(const struct price_table *t, const char *model);

/* The rates that a request of so many prompt tokens (cached ones included) is charged at. */
const struct price_rates *price_rates_at(const struct price *p, int64_t prompt_tokens);
/* Nano-dollars of a usage; saturates at INT64_MAX. */
int64_t price_cost(const struct price *p, const struct usage *u);
/* The same for `calls` equal calls, rounded once at the end. */
int64_t price_cost_calls(const struct price *p, const struct usage *u, int64_t calls);
/* The worst case of a request: prompt_bytes/2 tokens in (at least; a token is
 * rarely under 2 bytes) at the dearest input rate, max_output out. */
int64_t price_worst(const struct price *p, int64_t input_tokens, int64_t max_output);

#endif
