/* beneath.h: opening files inside a folder whose contents nobody vouches for.
 * A model's code may leave links in a worktree; none of them is followed.
 */
#ifndef COUNCIL_BENEATH_H
#define COUNCIL_BENEATH_H

#include "util/buf.h"
#include "util/error.h"

/* Opens `relative` under root_fd without following any link on the way and
 * without leaving the folder (openat2, or component by component with
 * O_NOFOLLOW where the kernel lacks it). -1 with errno. O_CLOEXEC is added. */
int open_beneath(int root_fd, const char *relative, int flags, unsigned mode);
/* Reads a regular file under `root` whole; larger than out->max is an error. */
int read_beneath(const char *root, const char *relative, struct buf *out, struct error *err);

#endif
