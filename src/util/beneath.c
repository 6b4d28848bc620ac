#include "util/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/openat2.h>
#include <sys/syscall.h>
#endif

#include "util/path.h"
#include "util/str.h"

/* Walks down a component at a time; `path` is cut up. */
static int open_by_steps(int root_fd, char *path, int flags, unsigned mode)
{
	int at = dup(root_fd);
	char *rest = path;

	for (;;) {
		char *slash = strchr(rest, '/');
		int next;

		if (at < 0)
			return -1;
		if (slash)
			*slash = '\0';
		next = openat(at, rest, slash ? O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_RDONLY
					      : flags | O_NOFOLLOW | O_CLOEXEC, mode);
		close(at);
		if (next < 0 || !slash)
			return next;
		at = next;
		rest = slash + 1;
	}
}

int open_beneath(int root_fd, const char *relative, int flags, unsigned mode)
{
	CLEANUP_FREE char *copy = NULL;

	if (!path_is_safe(relative)) {
		errno = EINVAL;
		return -1;
	}
#ifdef __linux__
	struct open_how how = {
		.flags = (unsigned)flags | O_CLOEXEC,
		.mode = flags & O_CREAT ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root_fd, relative, &how, sizeof(how));

	if (fd >= 0 || errno != ENOSYS)
		return (int)fd;
#endif
	copy = str_dup(relative);
	if (!copy) {
		errno = ENOMEM;
		return -1;
	}
	return open_by_steps(root_fd, copy, flags, mode);
}

int read_beneath(const char *root, const char *relative, struct buf *out, struct error *err)
{
	int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct stat st;
	int fd, rc = -1;

	if (root_fd < 0)
		return error_sys(err, STATUS_INTERNAL, errno, "cannot open %s", root);
	fd = open_beneath(root_fd, relative, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0 || fstat(fd, &st))
		error_sys(err, STATUS_USAGE, errno, "cannot open %s", relative);
	else if (!S_ISREG(st.st_mode))
		error_set(err, STATUS_USAGE, "%s is not a regular file", relative);
	else
		rc = buf_read_fd(out, fd, relative, err);
	if (fd >= 0)
		close(fd);
	close(root_fd);
	return rc;
}
