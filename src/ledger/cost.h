/* cost.h: what calls came to, summed from the ledger's rows, and what so many
 * calls would come to. Sums are exact integers of nano-dollars. Calls whose
 * price is unknown are counted beside the sum, never as zero. */
#ifndef COUNCIL_LEDGER_COST_H
#define COUNCIL_LEDGER_COST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger/ledger.h"
#include "util/error.h"

enum cost_by {
	COST_BY_RUN,
	COST_BY_PERSONA,
	COST_BY_MODEL,
	COST_BY_DAY,
	COST_BY_TAG,
	COST_BY_REPOSITORY
};
enum { COST_BY_COUNT = 6 };
const char *cost_by_name(enum cost_by by);        /* "run", "persona", … */
bool cost_by_parse(const char *text, enum cost_by *ret);

struct cost_row {
	char *key; /* ULID, persona, model, "2026-11-21" (UTC), "team=core", folder; "(none)" */
	char *label;            /* of a run: its task; else NULL */
	int64_t runs, calls;
	/* tokens; input excludes the cached */
	int64_t input, cache_read, cache_write, output, reasoning;
	int64_t latency_us;     /* sum */
	int64_t cost_nano;      /* of the calls with a known price */
	int64_t unknown_calls;  /* the others */
	int64_t estimated_calls;/* whose usage was counted by the program, not reported */
};

struct cost_query {
	enum cost_by by;
	const char *run;        /* ULID, or NULL: all */
	int64_t since_us;       /* calls that started then or later; 0: all */
};

struct cost_table {
	struct cost_row *rows;  /* runs: newest first; days: in order; else: dearest first */
	size_t n;
	struct cost_row total;  /* each call once, also where it has two tags; key is NULL */
};
int cost_read(struct ledger *l, const struct cost_query *q, struct cost_table *ret,
	      struct error *err);
void cost_table_release(struct cost_table *t);

/* "$0.0123", "$0.0123 + 2 calls unknown", "unknown (2 calls)". out[80]. */
void cost_text(int64_t nano, int64_t unknown_calls, int64_t calls, char out[80]);
/* Dollars with a comma every three digits and as many decimals as are there,
 * at least two: "$57,500.00". out[48]. */
void cost_dollars(int64_t nano, char out[48]);
/* "10,000,000". out[32]. */
void cost_thousands(int64_t n, char out[32]);
/* Nano-dollars as a decimal of dollars, exact: "57500.000000000". out[32]. */
void cost_decimal(int64_t nano, char out[32]);

/* "10M", "1.5k", "2G", "1,000": a whole number not below zero. k, M, G (or B)
 * and T in either case are thousands, not 1024. */
bool cost_parse_count(const char *text, int64_t *ret);
/* "10%", "0.5%" of `calls`, half up and at least 1; or a count as above, at most `calls`. */
bool cost_parse_sample(const char *text, int64_t calls, int64_t *ret);

#endif
