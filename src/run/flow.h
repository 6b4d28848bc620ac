/* flow.h: one run on its way: what its parts hand on to each other. Private to
 * run.c and the parts that it calls in order:
 *
 *   begin.c    worktree, set-up, base gate, plan
 *   steps.c    context, build, gate, commit for each step; the final gate
 *   rounds.c   review and revision, then the refinement
 *
 * Each part returns 0 or fills *err, whose code is the status that the run
 * ends with.
 */
#ifndef COUNCIL_FLOW_H
#define COUNCIL_FLOW_H

#include "run/change.h"
#include "run/env.h"
#include "run/plan.h"
#include "run/review.h"

struct flow {
	struct run_env env;
	unsigned phases;
	struct plan plan;
	char *plan_text;          /* the plan as the prompts show it */
	bool has_gate;
	struct gate_result base;  /* when has_gate */
	struct gate_result now;   /* the newest one */
	bool now_ran;
	struct strv touched;      /* every path edited so far */
	bool hooked;              /* a commit hook altered the newest commit: the gate has not seen it */
	char refused[200];        /* "" or why a step that gave up had its edits refused */
	char base_oid[OID_HEX + 1];
	char head_oid[OID_HEX + 1];
	struct result *result;
};

/* begin.c */
int flow_open(struct flow *f, const struct run_resume *resume, struct error *err);
void flow_announce(struct flow *f);
int flow_set_up(struct flow *f, struct error *err);
int flow_gate_base(struct flow *f, struct error *err);
/* Brings in what the run that is continued had done. */
int flow_go_on(struct flow *f, struct error *err);
int flow_plan(struct flow *f, struct error *err);
/* Pacer's call alone; `gate` in words. */
int ask_plan(struct run_env *env, const char *oid, const char *gate, struct plan *ret,
	     struct error *err);

/* steps.c */
int flow_step(struct flow *f, size_t index, struct error *err);
int flow_gate_final(struct flow *f, struct error *err);
/* Commits what the change edited; keeps head_oid, and sets hooked. */
int flow_commit(struct flow *f, const char *subject, const struct change *c, struct error *err);
/* Takes over the gate of a change as the newest. */
void flow_keep_gate(struct flow *f, struct change *c);
/* Runs the gate over a commit that a hook altered, in place of *gate; clears hooked. */
int flow_gate_hooked(struct flow *f, const char *name, struct gate_result *gate, struct error *err);
/* The error in which a change that is not green ends the run; -1. */
int change_failed(const struct change *c, const char *what, struct error *err);

/* rounds.c */
int flow_review(struct flow *f, struct error *err);
int flow_refine(struct flow *f, struct error *err);

/* flow_text.c: texts for the prompts, malloc'd; NULL: no memory. */
char *step_text(const struct plan_step *s);
char *whole_plan_text(const struct plan *p);
/* The gate in words, with the end of its output where it is red. */
char *gate_in_words(const struct flow *f, const struct gate_result *g);

#endif
