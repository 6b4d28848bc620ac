/* result.h: what a run came to: one value, from which the exit status, the
 * report, the last event and the ledger's row are all made.
 *
 * A plain value; strings are owned; zero-initialise, fill, result_release.
 */
#ifndef COUNCIL_RESULT_H
#define COUNCIL_RESULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/error.h"
#include "util/json.h"
#include "util/ulid.h"

/* How the change was proven by tests. */
enum proof {
	PROOF_NONE,       /* no gate, or no result to compare */
	PROOF_GREEN_ONLY, /* gates pass; no test is known to have failed before */
	PROOF_RED_GREEN,  /* a test failed before and passes after; none that passed fails */
};
const char *proof_name(enum proof proof); /* "none", "green-only", "red-green" */

enum severity { SEVERITY_INFO, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH, SEVERITY_CRITICAL };
const char *severity_name(enum severity s);
bool severity_parse(const char *s, enum severity *ret);

struct finding {
	enum severity severity;
	char *category;   /* correctness, security, tests, performance, style */
	char *file;       /* NULL: the change as a whole */
	int line;         /* 0: none */
	char *cwe;        /* "CWE-120" or NULL */
	char *title;
	char *detail;     /* may be NULL */
	char *suggestion; /* may be NULL */
	bool open;        /* still stands at the end of the run */
};
struct findings { struct finding *v; size_t n; };
void findings_release(struct findings *f);
int findings_copy(struct findings *out, const struct findings *in, struct error *err);
json *findings_json(const struct findings *f); /* an array; NULL: no memory */

/* Counts of one gate. known is false when the output named no tests: then
 * only the commands' statuses speak and the counts are 0. */
/* One run of the gate: the tests' numbers where the output names them (known), and whether every
 * command ended 0 (green). */
struct test_counts { bool known; int passed, failed, skipped; bool green; };

/* What one persona's calls came to. */
struct persona_usage {
	char persona[24];
	char *model;              /* as answered, the last one */
	int calls;
	int64_t input, cache_read, cache_write, output, reasoning; /* tokens; input excludes the cached */
	bool estimated;           /* some usage was estimated, not reported */
	int64_t duration_us;      /* sum of the calls' latencies */
	int64_t cost_nano;        /* nano-dollars, of the calls with a known price */
	int unknown_cost_calls;   /* calls whose price is unknown */
};
enum { PERSONAS_MAX = 8 };

struct result {
	struct ulid run;
	enum status status;
	char *summary;            /* one line: what was done, or why not */
	char *task;
	char *reason;             /* NULL, or the error's one line */
	enum proof proof;
	bool gate_ran;
	bool no_gate;
	char *gate_command;       /* NULL: none */
	struct test_counts before, after;
	char **fixed;             /* names that failed before and pass after */
	size_t n_fixed;
	char **broken;            /* names that passed before and fail after */
	size_t n_broken;
	char **known_failures;    /* accepted: red at the base and still red */
	size_t n_known_failures;
	bool tests_touched;       /* the change edits protected files */
	struct findings findings;
	char *verdict;            /* last review: approve, revise, block; NULL: none */
	char *branch;             /* NULL: none was made */
	char *base;               /* commit id the change starts from */
	char *head;               /* commit id of the change; NULL: no commit */
	bool base_is_snapshot;    /* the base holds uncommitted work of the user */
	char *worktree;
	int files_changed, insertions, deletions;
	struct persona_usage persona[PERSONAS_MAX];
	size_t n_personas;
	int64_t cost_nano;        /* all calls with a known price */
	int unknown_cost_calls;
	int64_t budget_nano;      /* the cap; -1: none */
	int64_t duration_us;
	bool applied;             /* --apply moved the user's branch */
	bool recorded;            /* answers came from the replay provider */
};

void result_release(struct result *r);
/* Status 0 or 7: the last event is run.completed; else it is run.failed. */
bool result_succeeded(const struct result *r);
/* The result as the last event carries it; NULL when out of memory. Its fields
 * are those of event.schema.json (man council-events). Money comes twice:
 * cost_nano, exact, of the calls whose price is known, and cost_usd, null as
 * soon as one is not. */
json *result_json(const struct result *r);

/* "$0.0123", "$0.000042", "unknown": nano-dollars without rounding away what
 * is there: at least 4 decimals, as many as needed up to 9. out[32]. */
void money_format(int64_t nano, char out[32]);

#endif
