/* change.h: one persona's change to the worktree, judged by the gate: asked,
 * applied whole or not at all, tested, and repaired at most so many times.
 */
#ifndef COUNCIL_CHANGE_H
#define COUNCIL_CHANGE_H

#include "run/env.h"

enum change_state {
	CHANGE_GREEN,    /* applied, and the gate is content (or there is none) */
	CHANGE_NONE,     /* the persona says that nothing is to be changed */
	CHANGE_RED,      /* applied, but the gate is not content */
	CHANGE_REJECTED, /* edits that could not be applied, or are refused */
	CHANGE_UNUSABLE, /* no edits in any known format */
};

struct change_request {
	const char *persona;             /* builder, artisan */
	const char *kind;                /* stage: build, revise, refine */
	const char *key;                 /* journal: "build/1" */
	const char *title;
	int step;                        /* 1-based; 0: none */
	const char *prompt;
	const char *gate_name;           /* step, final, refine */
	const struct gate_result *base;  /* NULL: no gate */
	bool need_final;                 /* every command must end 0, not only nothing become worse */
	int max_repairs;
};

struct change {
	enum change_state state;
	struct strv paths;               /* that were edited; what a commit takes */
	struct gate_result gate;         /* the last one, when gate_ran */
	bool gate_ran;
	bool refused;                    /* edits were wanted, but none could be applied since; see why */
	char *why;                       /* for people, when it is not green: one line */
};

/* -1 only where the run has to end: budget, endpoint, interruption, I/O. The
 * worktree then holds what the last answer left. */
int change_make(struct run_env *env, const struct change_request *r, struct change *ret,
		struct error *err);
void change_release(struct change *c);

/* What may not be edited, as a sentence for the prompts. */
const char *protected_text(const struct run_env *env);

#endif
