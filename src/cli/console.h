/* console.h: the program's three standard streams, for the frame. */
#ifndef COUNCIL_CONSOLE_H
#define COUNCIL_CONSOLE_H

#include "cli/cli.h"

/* Opens what the caller closed of 0, 1 and 2, so that no file of ours lands
 * there: an empty input, and outputs that fail (1) or vanish (2). */
void console_sanitise(void);
/* Fills streams, terminals, colours and interactive; `when` is --color's value or NULL. */
void console_init(struct cli *cli, const char *when);
/* "council: MESSAGE" on one line. */
void console_error(const struct error *err);
/* Flushes and closes stdout; false, with errno in *ret_errno, when anything written was lost. */
bool console_finish(FILE *out, int *ret_errno);

#endif
