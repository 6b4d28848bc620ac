/* gate_compare.c: one gate's result held against the base's.
 *
 * Both sets of names are sorted, so one walk pairs them. What needs judgement
 * is a name on one side alone: see vanished(). */
#include "run/gate.h"

#include <string.h>

/* How good a state is; a change may not make it larger. */
enum rank { RANK_GREEN, RANK_RED, RANK_NONE /* nothing could be judged */ };

struct pairing {
	const struct gate_result *base, *now;
	struct gate_comparison *out;
	bool all_failures_named; /* now names every test that fails */
	bool fewer;              /* now there are fewer tests */
	struct strv *inner;      /* fixed, but parts or sums of other tests */
};

/* One that is inner on both sides is told only where no other was fixed: the
 * test that it is part of, or those that it sums, say the same. */
static int add_fixed(const struct pairing *p, const struct test_case *t, bool inner)
{
	return strv_add(inner ? p->inner : &p->out->fixed, t->name);
}

static enum rank rank_of(const struct gate_result *g)
{
	if (g->state == GATE_GREEN)
		return RANK_GREEN;
	return g->state == GATE_RED && !g->build_failed ? RANK_RED : RANK_NONE;
}

static long total(const struct test_set *s)
{
	return (long)s->passed + s->failed + s->skipped;
}

static int named_failing(const struct test_set *s)
{
	size_t i;
	int n = 0;

	for (i = 0; i < s->n; i++)
		n += s->v[i].status == TEST_FAILED && !s->v[i].inner;
	return n;
}

/* A test of the base that `now` does not name. Many outputs name only what
 * fails: one that failed and is not named passes, if every failure is named
 * and no test got lost. The same holds for the stand-in of a file that could
 * not be loaded, whose real tests come in its place. One that passed is gone. */
static int vanished(const struct pairing *p, const struct test_case *t)
{
	bool silent = !p->now->tests.known && !p->base->tests.passed; /* prints failures alone */

	if (t->status == TEST_PASSED)
		return t->inner ? 0 : strv_add(&p->out->broken, t->name);
	if (t->status != TEST_FAILED)
		return 0;
	if (p->all_failures_named && (!p->fewer || silent))
		return add_fixed(p, t, t->inner);
	return t->inner ? 0 : strv_add(&p->out->broken, t->name);
}

/* A test that both name. To be skipped is to be silenced, not to pass. */
static int met(const struct pairing *p, const struct test_case *base, const struct test_case *now)
{
	if (now->status == TEST_SKIPPED)
		return base->status == TEST_SKIPPED ? 0 : strv_add(&p->out->broken, now->name);
	if (now->status == TEST_PASSED)
		return base->status != TEST_FAILED ? 0 :
		       add_fixed(p, now, base->inner && now->inner);
	if (base->status == TEST_FAILED)
		return strv_add(&p->out->known, now->name);
	if (base->status == TEST_PASSED)
		return strv_add(&p->out->broken, now->name);
	return strv_add(&p->out->added_failing, now->name);
}

/* A test that the base does not name. Where the base names failures alone it
 * may have passed there: then it is not new, but broken. */
static int appeared(const struct pairing *p, const struct test_case *t, bool base_names_passes)
{
	if (t->status != TEST_FAILED)
		return 0;
	if (!base_names_passes && p->base->tests.passed > 0 &&
	    (total(&p->now->tests) <= total(&p->base->tests) ||
	     p->now->tests.passed < p->base->tests.passed))
		return strv_add(&p->out->broken, t->name);
	return strv_add(&p->out->added_failing, t->name);
}

static bool names_passes(const struct test_set *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (s->v[i].status == TEST_PASSED && !s->v[i].inner)
			return true;
	return false;
}

static int pair(const struct pairing *p)
{
	const struct test_set *base = &p->base->tests, *now = &p->now->tests;
	bool base_names_passes = names_passes(base);
	size_t b = 0, n = 0;
	int order, rc = 0;

	while (rc == 0 && (b < base->n || n < now->n)) {
		order = b == base->n ? 1 : n == now->n ? -1 :
			strcmp(base->v[b].name, now->v[n].name);
		if (order < 0)
			rc = vanished(p, &base->v[b++]);
		else if (order > 0)
			rc = appeared(p, &now->v[n++], base_names_passes);
		else
			rc = met(p, &base->v[b++], &now->v[n++]);
	}
	if (rc == 0 && !p->out->fixed.n)
		rc = strv_copy(&p->out->fixed, p->inner);
	return rc;
}

/* The command fails, and no test that it named says why. */
static bool unexplained(const struct gate_result *g)
{
	return g->state != GATE_GREEN && g->tests.failed == 0 && named_failing(&g->tests) == 0;
}

static bool step_ok(const struct gate_result *base, const struct gate_result *now,
		    const struct gate_comparison *c)
{
	if (rank_of(now) == RANK_NONE || c->broken.n)
		return false;
	if (base->tests.known && !now->tests.known) /* tests that ran do so no more */
		return now->state == GATE_GREEN && !base->tests.passed;
	if (!base->tests.known)
		return rank_of(now) <= rank_of(base);
	if (now->state == GATE_GREEN)
		return true;
	if (unexplained(now))
		return unexplained(base);
	if (base->state == GATE_GREEN) /* red only by tests that are new */
		return c->added_failing.n > 0 &&
		       now->tests.failed <= named_failing(&now->tests);
	/* Counts alone: no more may fail than did. */
	return named_failing(&now->tests) || now->tests.failed <= base->tests.failed;
}

/* Red, but no other than the base was. */
static bool only_known(const struct gate_result *base, const struct gate_result *now,
		       const struct gate_comparison *c)
{
	if (now->state != GATE_RED || base->state != GATE_RED || now->build_failed ||
	    c->added_failing.n)
		return false;
	if (!now->tests.known || unexplained(now))
		return now->exit_code == base->exit_code;
	return now->tests.failed <= base->tests.failed;
}

static enum proof proof_of(const struct gate_result *base, const struct gate_result *now,
			   const struct gate_comparison *c)
{
	if (!c->final_ok)
		return PROOF_NONE;
	if (c->fixed.n && !c->broken.n)
		return PROOF_RED_GREEN;
	if (now->state == GATE_GREEN && rank_of(base) == RANK_RED && !c->broken.n &&
	    !named_failing(&base->tests))
		return PROOF_RED_GREEN; /* the command itself is the test */
	return now->state == GATE_GREEN ? PROOF_GREEN_ONLY : PROOF_NONE;
}

int gate_compare(const struct gate_result *base, const struct gate_result *now, bool allow_known,
		 struct gate_comparison *ret, struct error *err)
{
	CLEANUP_STRV struct strv inner = { 0 };
	struct gate_comparison c = { 0 };
	struct pairing p = {
		.base = base, .now = now, .out = &c, .inner = &inner,
		.all_failures_named = now->tests.failed <= named_failing(&now->tests),
		.fewer = total(&now->tests) < total(&base->tests),
	};

	/* Tests that did not run at all are not broken one by one. */
	if ((now->tests.known || (now->state == GATE_GREEN && base->tests.known)) && pair(&p)) {
		gate_comparison_release(&c);
		return error_oom(err);
	}
	c.step_ok = step_ok(base, now, &c);
	c.final_ok = now->state == GATE_GREEN;
	if (!c.final_ok && allow_known && c.step_ok && only_known(base, now, &c)) {
		c.final_ok = true;
		if (!c.known.n && strv_add(&c.known, now->command ? now->command : "the gate")) {
			gate_comparison_release(&c);
			return error_oom(err);
		}
	}
	c.proof = proof_of(base, now, &c);
	*ret = c;
	return 0;
}

void gate_comparison_release(struct gate_comparison *c)
{
	if (!c)
		return;
	strv_release(&c->fixed);
	strv_release(&c->broken);
	strv_release(&c->known);
	strv_release(&c->added_failing);
	*c = (struct gate_comparison){ 0 };
}
