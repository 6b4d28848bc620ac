/* path.h: file names and small files. Strings returned are malloc'd. */
#ifndef COUNCIL_PATH_H
#define COUNCIL_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "util/error.h"
#include "util/str.h"

char *path_join(const char *a, const char *b);       /* NULL when out of memory */
char *path_dirname(const char *path);
const char *path_basename(const char *path);         /* borrowed */
bool path_exists(const char *path);
bool path_is_dir(const char *path);
int path_mkdirs(const char *path, mode_t mode, struct error *err); /* like mkdir -p */
/* Writes beside, fsyncs when `durable`, then renames over. */
int path_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		      bool durable, struct error *err);
/* Removes a tree; never follows links; refuses "/" and "". */
int path_remove_tree(const char *path, struct error *err);

/* XDG: $XDG_STATE_HOME/council, $XDG_CONFIG_HOME/council,
 * $XDG_DATA_HOME/council, $XDG_CACHE_HOME/council with their defaults under
 * $HOME. An error when neither is set. Not created. */
enum xdg { XDG_STATE, XDG_CONFIG, XDG_DATA, XDG_CACHE };
char *path_xdg(enum xdg which, struct error *err);

/* Glob of the gitignore kind: `*` and `?` within a component, `**` across,
 * `[a-z]`; a pattern without '/' matches the last component anywhere; a
 * trailing '/' matches everything below that folder. */
bool path_match(const char *pattern, const char *path);

/* Is `path` a plain relative path that stays inside: not absolute, no empty,
 * "." or ".." component, no backslash, no control character, nothing under
 * .git in any case (".GIT", ".git " and "git~1" included), at most 4096 bytes. */
bool path_is_safe(const char *path);

#endif
