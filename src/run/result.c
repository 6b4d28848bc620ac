/* result.c: the value's memory, and the names in it. Its JSON form is in result_json.c. */
#include "run/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/str.h"

const char *proof_name(enum proof proof)
{
	switch (proof) {
	case PROOF_NONE: return "none";
	case PROOF_GREEN_ONLY: return "green-only";
	case PROOF_RED_GREEN: return "red-green";
	}
	return "none";
}

static const char *const severity_names[] = { "info", "low", "medium", "high", "critical" };

const char *severity_name(enum severity s)
{
	return (unsigned)s <= SEVERITY_CRITICAL ? severity_names[s] : "info";
}

bool severity_parse(const char *s, enum severity *ret)
{
	for (int i = SEVERITY_INFO; s && i <= SEVERITY_CRITICAL; i++) {
		if (strcasecmp(s, severity_names[i]) == 0) {
			*ret = (enum severity)i;
			return true;
		}
	}
	return false;
}

static void finding_release(struct finding *f)
{
	free(f->category);
	free(f->file);
	free(f->cwe);
	free(f->title);
	free(f->detail);
	free(f->suggestion);
}

void findings_release(struct findings *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++)
		finding_release(&f->v[i]);
	free(f->v);
	*f = (struct findings){ 0 };
}

/* False when memory gave out; a NULL source is a NULL copy. */
static bool copy(char **to, const char *from)
{
	*to = str_dup(from);
	return *to || !from;
}

int findings_copy(struct findings *out, const struct findings *in, struct error *err)
{
	struct findings made = { .v = calloc(in->n + 1, sizeof(*made.v)) };

	if (!made.v)
		return error_oom(err);
	for (size_t i = 0; i < in->n; i++) {
		const struct finding *a = &in->v[i];
		struct finding *b = &made.v[made.n++];

		b->severity = a->severity;
		b->line = a->line;
		b->open = a->open;
		if (!copy(&b->category, a->category) || !copy(&b->file, a->file) ||
		    !copy(&b->cwe, a->cwe) || !copy(&b->title, a->title) ||
		    !copy(&b->detail, a->detail) || !copy(&b->suggestion, a->suggestion)) {
			findings_release(&made);
			return error_oom(err);
		}
	}
	*out = made;
	return 0;
}

static void free_names(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

void result_release(struct result *r)
{
	if (!r)
		return;
	free(r->summary);
	free(r->task);
	free(r->reason);
	free(r->gate_command);
	free(r->verdict);
	free(r->branch);
	free(r->base);
	free(r->head);
	free(r->worktree);
	free_names(r->fixed, r->n_fixed);
	free_names(r->broken, r->n_broken);
	free_names(r->known_failures, r->n_known_failures);
	findings_release(&r->findings);
	for (size_t i = 0; i < r->n_personas; i++)
		free(r->persona[i].model);
	*r = (struct result){ 0 };
}

bool result_succeeded(const struct result *r)
{
	return r->status == STATUS_DONE || r->status == STATUS_NOTHING;
}

void money_format(int64_t nano, char out[32])
{
	uint64_t abs = nano < 0 ? 0 - (uint64_t)nano : (uint64_t)nano;
	size_t n;

	snprintf(out, 32, "%s$%" PRIu64 ".%09" PRIu64, nano < 0 ? "-" : "", abs / 1000000000,
		 abs % 1000000000);
	n = strlen(out);
	for (int dropped = 0; dropped < 5 && out[n - 1] == '0'; dropped++)
		out[--n] = '\0';
}
