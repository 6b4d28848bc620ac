/* persona_file.h: reading the files of personas and prompts; shared by
 * persona.c and prompt.c, and open to tests. */
#ifndef COUNCIL_PERSONA_FILE_H
#define COUNCIL_PERSONA_FILE_H

#include "config/persona.h"
#include "util/buf.h"

/* A persona's file as text; path is for messages and the origin. The name is left NULL. */
int persona_parse(const char *text, size_t len, const char *path, struct persona *ret,
		  struct error *err);
/* A regular file of text, at most out->max bytes. */
int persona_read_file(const char *path, struct buf *out, struct error *err);
/* A prompt's text with its placeholders filled; path is for messages. See prompt_render. */
int prompt_fill(const char *text, size_t len, const char *path, const char *const *values,
		char **ret, struct error *err);

#endif
