/* help.h: what --help prints, made of the tables. Errors are sticky in out. */
#ifndef COUNCIL_HELP_H
#define COUNCIL_HELP_H

#include "cli/cli.h"

void help_program(struct buf *out);                            /* at most 24 lines */
void help_command(struct buf *out, const struct command *c);
/* NULL when there is none of this name. */
const struct command *command_find(const char *name);
/* Sets err: the name is unknown, and which is the nearest. Returns -1. */
int command_unknown(const char *name, struct error *err);

#endif
