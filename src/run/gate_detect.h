/* gate_detect.h: the parts of gate_detect, private to gate_detect*.c. */
#ifndef COUNCIL_GATE_DETECT_H
#define COUNCIL_GATE_DETECT_H

#include <stdbool.h>

#include "run/gate.h"

/* Each looks for one family at root: 1 found (*ret filled), 0 not, -1 out of memory. */
int detect_python(const char *root, struct gate_commands *ret, struct error *err);

/* Fills *ret from copies; build may be NULL. 1, or -1 out of memory. */
int detect_found(struct gate_commands *ret, const char *kind, const char *build, const char *test,
		 struct error *err);
bool detect_has(const char *root, const char *name);  /* the path is there */
/* The file's text, at most 1 MiB of it; NULL when it cannot be read. */
char *detect_read(const char *root, const char *name);

#endif
