/* estimate_text.c: an estimate for people and for programs; see estimate.h. */
#include <inttypes.h>

#include "model/estimate.h"
#include "run/result.h"

/* An estimate does not know nano-dollars: four decimals, rounded half up. */
static void about(int64_t nano, char out[32])
{
	int64_t unit = 100000;

	money_format(nano > INT64_MAX - unit ? nano : (nano + unit / 2) / unit * unit, out);
}

static void render_line(struct buf *out, const struct estimate_line *l)
{
	char low[32], likely[32], high[32];

	buf_addf(out, "  %-9s %-28s %2d-%-3d calls  ", estimate_role_name(l->role),
		 l->model[0] ? l->model : "?", l->calls[ESTIMATE_LOW], l->calls[ESTIMATE_HIGH]);
	if (!l->known) {
		buf_adds(out, "price unknown\n");
		return;
	}
	about(l->cost_nano[ESTIMATE_LOW], low);
	about(l->cost_nano[ESTIMATE_LIKELY], likely);
	about(l->cost_nano[ESTIMATE_HIGH], high);
	buf_addf(out, "%s (%s to %s)%s\n", likely, low, high, l->samples ? "" : ", a guess");
}

int estimate_render(struct buf *out, const struct estimate *e)
{
	char low[32], likely[32], high[32];

	for (size_t i = 0; i < e->n; i++)
		render_line(out, &e->line[i]);
	about(e->cost_nano[ESTIMATE_LOW], low);
	about(e->cost_nano[ESTIMATE_LIKELY], likely);
	about(e->cost_nano[ESTIMATE_HIGH], high);
	if (e->n && (size_t)e->unknown_lines == e->n)
		buf_adds(out, "estimate: unknown, no price is known\n");
	else
		buf_addf(out, "estimate: %s (%s to %s)", likely, low, high);
	if (e->unknown_lines && (size_t)e->unknown_lines < e->n)
		buf_addf(out, " + %d persona%s with an unknown price", e->unknown_lines,
			 e->unknown_lines == 1 ? "" : "s");
	if (!e->n || (size_t)e->unknown_lines < e->n)
		buf_addc(out, '\n');
	return out->failed ? -1 : 0;
}

static int set_costs(json *j, const int64_t nano[ESTIMATE_CASES], bool known)
{
	static const char *const keys[ESTIMATE_CASES] = { "low_usd", "likely_usd", "high_usd" };
	int rc = 0;

	for (int c = 0; c < ESTIMATE_CASES; c++)
		rc |= json_set(j, keys[c],
			       known ? json_new_double((double)nano[c] / 1e9) : json_new_null());
	return rc;
}

static json *line_json(const struct estimate_line *l)
{
	json *j = json_object();
	int rc = j ? 0 : -1;

	if (rc == 0) {
		rc |= json_set_string(j, "persona", estimate_role_name(l->role));
		rc |= json_set_string(j, "model", l->model[0] ? l->model : NULL);
		rc |= json_set_i64(j, "calls_low", l->calls[ESTIMATE_LOW]);
		rc |= json_set_i64(j, "calls_likely", l->calls[ESTIMATE_LIKELY]);
		rc |= json_set_i64(j, "calls_high", l->calls[ESTIMATE_HIGH]);
		rc |= json_set_i64(j, "input", l->input[ESTIMATE_LIKELY]);
		rc |= json_set_i64(j, "output", l->output[ESTIMATE_LIKELY]);
		rc |= json_set_i64(j, "samples", l->samples);
		rc |= set_costs(j, l->cost_nano, l->known);
	}
	if (rc == 0)
		return j;
	json_free(j);
	return NULL;
}

json *estimate_json(const struct estimate *e)
{
	json *j = json_object(), *personas = json_array();
	int rc = j && personas ? 0 : -1;

	for (size_t i = 0; rc == 0 && i < e->n; i++)
		rc = json_append(personas, line_json(&e->line[i]));
	if (rc == 0) {
		rc = set_costs(j, e->cost_nano, e->n > 0 && (size_t)e->unknown_lines < e->n);
		rc |= json_set_i64(j, "unknown", e->unknown_lines);
		rc |= json_set(j, "personas", personas);
		personas = NULL;
	}
	if (rc == 0)
		return j;
	json_free(personas);
	json_free(j);
	return NULL;
}
