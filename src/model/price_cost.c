/* price_cost.c: what tokens come to. Sums are exact: femto-dollars in 128
 * bits, rounded once; see price.h. */
#include "model/price.h"

#include <stddef.h>

enum { FEMTO_PER_NANO = 1000000 };

/* Five rates of at most 2^50 femto-dollars a token times at most 2^63 tokens
 * stay below 2^116. */
__extension__ typedef unsigned __int128 femto;

static femto times(int64_t tokens, int64_t rate)
{
	return tokens > 0 && rate > 0 ? (femto)tokens * (femto)rate : 0;
}

static int64_t either(int64_t rate, int64_t fallback)
{
	return rate < 0 ? fallback : rate;
}

static int64_t largest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* a + b of two counts; a negative one counts as 0, too large a sum as the largest. */
static int64_t add(int64_t a, int64_t b)
{
	int64_t sum;

	if (__builtin_add_overflow(largest(a, 0), largest(b, 0), &sum))
		return INT64_MAX;
	return sum;
}

/* Half up. */
static int64_t to_nano(femto sum)
{
	femto nano = (sum + FEMTO_PER_NANO / 2) / FEMTO_PER_NANO;

	return nano > (femto)INT64_MAX ? INT64_MAX : (int64_t)nano;
}

const struct price_rates *price_rates_at(const struct price *p, int64_t prompt_tokens)
{
	const struct price_rates *r = &p->base;

	for (int i = 0; i < p->n_tiers && prompt_tokens > p->tier[i].above_tokens; i++)
		r = &p->tier[i].rates;
	return r;
}

static femto usage_femto(const struct price *p, const struct usage *u)
{
	int64_t prompt = add(add(u->input, u->cache_read), u->cache_write);
	const struct price_rates *r = price_rates_at(p, prompt);
	int64_t reasoning = largest(u->reasoning, 0);
	int64_t spoken = largest(largest(u->output, 0) - reasoning, 0);

	return times(u->input, r->input) + times(u->cache_read, either(r->cache_read, r->input)) +
	       times(u->cache_write, either(r->cache_write, r->input)) +
	       times(spoken, r->output) + times(reasoning, either(r->reasoning, r->output));
}

int64_t price_cost(const struct price *p, const struct usage *u)
{
	return to_nano(usage_femto(p, u));
}

int64_t price_cost_calls(const struct price *p, const struct usage *u, int64_t calls)
{
	femto one = usage_femto(p, u), all;

	if (calls <= 0)
		return 0;
	if (__builtin_mul_overflow(one, (femto)calls, &all))
		return INT64_MAX;
	/* to_nano adds half a nano-dollar. */
	return all > (femto)INT64_MAX * FEMTO_PER_NANO ? INT64_MAX : to_nano(all);
}

int64_t price_worst(const struct price *p, int64_t input_tokens, int64_t max_output)
{
	int64_t in = 0, out = 0;

	for (int i = -1; i < p->n_tiers; i++) {
		const struct price_rates *r = i < 0 ? &p->base : &p->tier[i].rates;

		if (i >= 0 && input_tokens <= p->tier[i].above_tokens)
			break;
		in = largest(in, largest(r->input, largest(r->cache_read, r->cache_write)));
		out = largest(out, largest(r->output, r->reasoning));
	}
	return to_nano(times(input_tokens, in) + times(max_output, out));
}
