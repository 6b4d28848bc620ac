/* init_write.h: the settings file that `council init` writes. */
#ifndef COUNCIL_INIT_WRITE_H
#define COUNCIL_INIT_WRITE_H

#include <stdbool.h>

#include "cli/init_detect.h"
#include "util/buf.h"

struct init_choices {
	char *endpoint, *model;        /* NULL: left to other settings */
	char *key_env, *key_command;   /* NULL: the default */
	char *test, *build;            /* NULL: none */
	bool no_gate;
	struct found_lacks lacks;
	bool user;                     /* the user's file: nothing of one repository */
};
void init_choices_release(struct init_choices *c);
/* YAML with comments. 0, or -1 with the buffer's failure in err. */
int init_text(const struct init_choices *c, struct buf *out, struct error *err);

#endif
