/* edit_fs.h: files below a folder whose contents nobody vouches for: read
 * without following links, and changed together or not at all.
 *
 * Writing goes in three steps. Every new text is written beside its file first
 * (a full disk ends here, with nothing changed); then each file gets a second
 * name and the new one is renamed over it; then the second names go. A failure
 * in the second step puts back what was there, in reverse.
 */
#ifndef COUNCIL_EDIT_FS_H
#define COUNCIL_EDIT_FS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "util/buf.h"
#include "util/error.h"

enum edit_fs_state {
	EDIT_FS_FILE, /* a regular file, read */
	EDIT_FS_MISSING,
	EDIT_FS_REFUSED, /* *ret_reason says why (malloc'd) */
};
/* Looks at root_fd/path (safe by path_is_safe) and reads it, at most out->max bytes. Refused: links
 * on the way or at the end, folders, devices, larger files, and a missing path of which a part
 * differs only in case from what is there. -1: an I/O error. */
int edit_fs_read(int root_fd, const char *path, struct buf *out, struct stat *ret_st,
		 enum edit_fs_state *ret, char **ret_reason, struct error *err);

struct edit_fs_change {
	const char *path;
	bool existed; /* there is a file, as `before` says */
	struct stat before;
	bool remove;
	const char *data; /* unless remove */
	size_t len;
	mode_t mode; /* permission bits; of new files less the umask */
};
/* All of them, or none and -1. Missing folders are made. A file that was changed
 * since it was read is an error. */
int edit_fs_commit(int root_fd, const struct edit_fs_change *v, size_t n, struct error *err);

#endif
