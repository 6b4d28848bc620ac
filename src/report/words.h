/* words.h: what a result says in words, the same on a terminal and in
 * Markdown. Plain text, cleaned; errors are sticky in the buffer. */
#ifndef COUNCIL_REPORT_WORDS_H
#define COUNCIL_REPORT_WORDS_H

#include "report/paint.h"
#include "report/table.h"
#include "run/result.h"

void words_headline(struct buf *out, const struct result *r);   /* "done", "not done: the gate fails" */
void words_proof(struct buf *out, const struct result *r);      /* "red-green: 2 tests failed …" */
void words_change(struct buf *out, const struct result *r);     /* "3 files, +24 -6, on branch …" */
/* What tests are that failed before and still do: "accepted", or where the run failed "failing". */
const char *words_known(const struct result *r);
void words_names(struct buf *out, char *const *v, size_t n);    /* "a, b and 7 more" */

/* Both sides of a gate that ran: colour and count, "red 2", "green 0", "green". */
struct gate_words { const char *before, *after; int before_failed, after_failed; bool counts_before, counts_after; };
struct gate_words words_gate(const struct result *r);
void words_gate_side(struct buf *out, const char *color, bool counts, int failed);
const char *words_tests(const struct result *r);                /* "tests untouched", "tests changed" */

/* The table of personas with its total; release with strv_release(&ret->cells). */
int words_table(const struct result *r, struct table *ret);
/* Indexes of the findings, the open ones first, then by severity; malloc'd. */
size_t *words_finding_order(const struct findings *f);

#endif
