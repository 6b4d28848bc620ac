/* estimate.c: see estimate.h. */
#include "model/estimate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db/db.h"
#include "ledger/ledger.h"
#include "model/price.h"
#include "run/result.h"
#include "util/str.h"

enum { SAMPLES_MIN = 5, SAMPLES_MAX = 200, STEPS_LIKELY = 3, STEPS_MOST = 12 };

static const char *const role_names[ESTIMATE_ROLES] = {
	"pacer", "maven", "builder", "guardian", "artisan",
};

/* Tokens of a call where the ledger knows too little. The prompt's share that
 * is repository text comes on top, by the room there is for it. */
static const struct guess {
	int64_t input[ESTIMATE_CASES], output[ESTIMATE_CASES];
} guesses[ESTIMATE_ROLES] = {
	[ESTIMATE_PACER] = { { 900, 1500, 3000 }, { 200, 600, 2500 } },
	[ESTIMATE_MAVEN] = { { 800, 1500, 3000 }, { 100, 300, 1200 } },
	[ESTIMATE_BUILDER] = { { 1200, 2500, 6000 }, { 300, 1500, 6000 } },
	[ESTIMATE_GUARDIAN] = { { 1200, 3000, 9000 }, { 100, 600, 2500 } },
	[ESTIMATE_ARTISAN] = { { 1200, 3000, 9000 }, { 200, 1200, 5000 } },
};

const char *estimate_role_name(enum estimate_role r)
{
	return role_names[r];
}

static int compare(const void *a, const void *b)
{
	int64_t x, y;

	memcpy(&x, a, sizeof x);
	memcpy(&y, b, sizeof y);
	return (x > y) - (x < y);
}

/* The 25th, 50th and 90th of a hundred. */
static void quantiles(int64_t *v, int n, int64_t ret[ESTIMATE_CASES])
{
	static const int percent[ESTIMATE_CASES] = { 25, 50, 90 };

	qsort(v, (size_t)n, sizeof *v, compare);
	for (int c = 0; c < ESTIMATE_CASES; c++)
		ret[c] = v[(n - 1) * percent[c] / 100];
}

/* What the last calls of this persona took. */
static int read_history(struct ledger *l, struct estimate_line *line, struct error *err)
{
	int64_t input[SAMPLES_MAX], output[SAMPLES_MAX];
	struct db_stmt *s;
	int n = 0;

	if (!l)
		return 0;
	s = db_begin(ledger_db(l),
		"SELECT input + cache_read + cache_write, output FROM call"
		" WHERE rowid > (SELECT max(rowid) FROM call) - 20000 AND persona = ?1"
		" AND outcome IN ('ok', 'truncated') AND provider IS NOT 'replay'"
		" ORDER BY rowid DESC LIMIT ?2", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, role_names[line->role]);
	db_bind_i64(s, 2, SAMPLES_MAX);
	while (n < SAMPLES_MAX && db_step(s)) {
		input[n] = db_i64(s, 0);
		output[n++] = db_i64(s, 1);
	}
	if (db_done(s, err) < 0)
		return -1;
	if (n < SAMPLES_MIN)
		return 0;
	line->samples = n;
	quantiles(input, n, line->input);
	quantiles(output, n, line->output);
	return 0;
}

static void guess_tokens(const struct estimate_input *in, struct estimate_line *line)
{
	static const int share[ESTIMATE_CASES] = { 10, 40, 100 }; /* % of the room for text */
	int64_t room = in->context_tokens > 0 ? in->context_tokens : 0;

	for (int c = 0; c < ESTIMATE_CASES; c++) {
		line->input[c] = guesses[line->role].input[c] + room / 100 * share[c];
		line->output[c] = guesses[line->role].output[c];
	}
}

static int at_least(int v, int least)
{
	return v < least ? least : v;
}

static void count_calls(const struct estimate_input *in, struct estimate_line *line)
{
	int known = in->steps > 0 ? in->steps : 0;
	int steps[ESTIMATE_CASES] = { known ? known : 1, known ? known : STEPS_LIKELY,
				      known ? known : STEPS_MOST };
	int attempts = at_least(in->max_attempts, 0), rounds = at_least(in->max_rounds, 0);
	bool sure = in->use[line->role] == ESTIMATE_YES;
	bool refines = in->use[ESTIMATE_ARTISAN] == ESTIMATE_YES;
	int *n = line->calls;

	switch (line->role) {
	case ESTIMATE_PACER:
		n[0] = n[1] = 1;
		n[2] = 2; /* asked again when the first plan cannot be read */
		break;
	case ESTIMATE_MAVEN:
		for (int c = 0; c < ESTIMATE_CASES; c++)
			n[c] = sure || c == ESTIMATE_HIGH ? steps[c] : 0;
		break;
	case ESTIMATE_BUILDER:
		n[0] = steps[0];
		/* likely, one step in four is red at first */
		n[1] = steps[1] + (attempts > 0 ? (steps[1] + 3) / 4 : 0);
		n[2] = steps[2] * (1 + attempts) + rounds;
		break;
	case ESTIMATE_GUARDIAN: /* each round, and what was refined */
		n[0] = n[1] = 1 + refines;
		n[2] = 1 + rounds + (in->use[ESTIMATE_ARTISAN] != ESTIMATE_NO);
		break;
	default:
		n[0] = n[1] = sure;
		n[2] = 1;
	}
}

static void charge(const struct model_route *route, struct estimate_line *line)
{
	struct price p = { .known = true };

	if (route)
		snprintf(line->model, sizeof line->model, "%s", route->model ? route->model
				: route->deployment ? route->deployment : "");
	line->known = route && route->price_known;
	if (!line->known)
		return;
	p.base = (struct price_rates){ route->input_femto, route->output_femto, -1, -1, -1 };
	for (int c = 0; c < ESTIMATE_CASES; c++) {
		struct usage u = { .input = line->input[c], .output = line->output[c] };

		if (route->max_output > 0 && u.output > route->max_output)
			u.output = line->output[c] = route->max_output;
		line->cost_nano[c] = price_cost_calls(&p, &u, line->calls[c]);
	}
}

static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

int estimate_run(struct ledger *l, const struct estimate_input *in, struct estimate *ret,
		 struct error *err)
{
	struct estimate e = { 0 };

	for (int r = 0; r < ESTIMATE_ROLES; r++) {
		struct estimate_line *line = &e.line[e.n];

		if (in->use[r] == ESTIMATE_NO)
			continue;
		line->role = (enum estimate_role)r;
		guess_tokens(in, line);
		if (read_history(l, line, err) < 0)
			return -1;
		count_calls(in, line);
		charge(in->route[r], line);
		for (int c = 0; c < ESTIMATE_CASES; c++)
			e.cost_nano[c] = add(e.cost_nano[c], line->cost_nano[c]);
		e.unknown_lines += !line->known;
		e.n++;
	}
	*ret = e;
	return 0;
}
