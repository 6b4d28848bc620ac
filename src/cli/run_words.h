/* run_words.h: a run's row of the ledger in words, for log, show and clean. */
#ifndef COUNCIL_RUN_WORDS_H
#define COUNCIL_RUN_WORDS_H

#include "ledger/ledger.h"
#include "util/json.h"

/* "running", "interrupted" (killed), "applied", "undone", else the status's word. */
const char *run_row_word(const struct ledger_run_row *r);
/* "2026-11-21 00:36", local time. out[32]. */
void run_row_when(int64_t us, char out[32]);
/* What is known of its cost, and how many calls' is not. out[80]. */
void run_row_cost(const struct ledger_run_row *r, char out[80]);
/* An object of the row, without the result; NULL: no memory. */
json *run_row_json(const struct ledger_run_row *r);
/* It can be gone on with: killed, or stopped by a signal, its budget or its endpoint. */
bool run_row_resumable(const struct ledger_run_row *r);

#endif
