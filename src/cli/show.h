/* show.h: text of files and of the environment on its way to a terminal. */
#ifndef COUNCIL_SHOW_H
#define COUNCIL_SHOW_H

#include <stdio.h>

#include "config/settings.h"
#include "util/json.h"

/* Prints text with its control characters made harmless; lines stay lines when multiline. */
void show_text(FILE *out, const char *text, bool multiline);
/* A URL without the name and password that it may hold; malloc'd, NULL: no memory. */
char *show_url(const char *url);
/* A setting's value on one line: "" when unset. */
void show_setting(FILE *out, const struct settings *s, enum setting_id id);
/* The same as JSON, by its type; NULL: no memory. */
json *show_setting_json(const struct settings *s, enum setting_id id);
/* Prints and frees j, pretty, with a newline; NULL j is out of memory. 0 or -1. */
int show_json(FILE *out, json *take, struct error *err);

#endif
