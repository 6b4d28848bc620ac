/* path.c: file names and small files; see path.h. Patterns are in match.c. */
#include "util/path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char *path_join(const char *a, const char *b)
{
	size_t n;

	if (!a || !*a || !b || *b == '/')
		return str_dup(b ? b : a);
	n = strlen(a);
	return str_printf("%s%s%s", a, a[n - 1] == '/' || !*b ? "" : "/", b);
}

char *path_dirname(const char *path)
{
	size_t n = strlen(path);

	while (n > 1 && path[n - 1] == '/')
		n--;
	while (n > 0 && path[n - 1] != '/')
		n--;
	if (n == 0)
		return str_dup(".");
	while (n > 1 && path[n - 1] == '/')
		n--;
	return str_ndup(path, n);
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool path_exists(const char *path)
{
	struct stat st;

	return path && lstat(path, &st) == 0;
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One step of path_mkdirs. Another program may make it at the same time. */
static int make_dir(const char *path, mode_t mode, struct error *err)
{
	int saved;

	if (mkdir(path, mode) == 0)
		return 0;
	saved = errno;
	if (path_is_dir(path))
		return 0;
	if (saved == EEXIST)
		saved = ENOTDIR;
	return error_sys(err, STATUS_USAGE, saved, "cannot make the folder %s", path);
}

int path_mkdirs(const char *path, mode_t mode, struct error *err)
{
	CLEANUP_FREE char *copy = str_dup(path);

	if (!copy)
		return error_oom(err);
	if (!*copy)
		return error_set(err, STATUS_INTERNAL, "cannot make a folder without a name");
	if (path_is_dir(copy))
		return 0;
	for (char *p = copy + 1; *p; p++) {
		if (*p != '/' || p[-1] == '/')
			continue;
		*p = '\0';
		if (make_dir(copy, mode, err) < 0)
			return -1;
		*p = '/';
	}
	return make_dir(copy, mode, err);
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len > 0) {
		ssize_t n = write(fd, data, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Makes the rename itself durable. Some file systems cannot sync a folder;
 * the file is whole either way. */
static void sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static int fill(int fd, const void *data, size_t len, mode_t mode, bool durable)
{
	if (fchmod(fd, mode) < 0 || write_all(fd, data, len) < 0)
		return -1;
	return durable ? fsync(fd) : 0;
}

int path_write_atomic(const char *path, const void *data, size_t len, mode_t mode,
		      bool durable, struct error *err)
{
	CLEANUP_FREE char *dir = path_dirname(path);
	CLEANUP_FREE char *temporary = NULL;
	int fd, rc, saved;

	if (!dir)
		return error_oom(err);
	temporary = str_printf("%s/.council-XXXXXX", dir);
	if (!temporary)
		return error_oom(err);
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot write %s", path);
	rc = fill(fd, data, len, mode, durable);
	saved = errno;
	/* Network file systems report a full disk at close. */
	if (close(fd) < 0 && rc == 0) {
		rc = -1;
		saved = errno;
	}
	if (rc == 0 && rename(temporary, path) < 0) {
		rc = -1;
		saved = errno;
	}
	if (rc < 0) {
		unlink(temporary);
		return error_sys(err, STATUS_USAGE, saved, "cannot write %s", path);
	}
	if (durable)
		sync_dir(dir);
	return 0;
}

/* Removes `name` in the folder dirfd. Every step goes by descriptor, so that
 * a folder swapped for a link on the way leads nowhere else. The depth is
 * bounded by the descriptors that a process may hold. */
static int remove_at(int dirfd, const char *name)
{
	struct dirent *d;
	DIR *dir;
	int fd, rc = 0;

	if (unlinkat(dirfd, name, 0) == 0)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return errno == ENOENT ? 0 : -1;
	fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == EACCES && fchmodat(dirfd, name, 0700, 0) == 0)
		fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	(void)fchmod(fd, 0700); /* caches are often left without the write bit */
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return -1;
	}
	while (rc == 0 && (d = readdir(dir)))
		if (!str_eq(d->d_name, ".") && !str_eq(d->d_name, ".."))
			rc = remove_at(fd, d->d_name);
	if (rc < 0) {
		int saved = errno;

		closedir(dir);
		errno = saved;
		return -1;
	}
	closedir(dir);
	return unlinkat(dirfd, name, AT_REMOVEDIR);
}

int path_remove_tree(const char *path, struct error *err)
{
	if (!path || path[strspn(path, "/.")] == '\0')
		return error_set(err, STATUS_INTERNAL, "refused to remove '%s'", path ? path : "");
	if (remove_at(AT_FDCWD, path) < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot remove %s", path);
	return 0;
}

char *path_xdg(enum xdg which, struct error *err)
{
	static const struct { const char *variable, *fallback; } places[] = {
		[XDG_STATE] = { "XDG_STATE_HOME", ".local/state" },
		[XDG_CONFIG] = { "XDG_CONFIG_HOME", ".config" },
		[XDG_DATA] = { "XDG_DATA_HOME", ".local/share" },
		[XDG_CACHE] = { "XDG_CACHE_HOME", ".cache" },
	};
	const char *base = getenv(places[which].variable);
	const char *home = getenv("HOME");
	char *path;

	/* The specification has relative values ignored. */
	if (base && *base == '/') {
		path = path_join(base, "council");
	} else if (home && *home == '/') {
		path = str_printf("%s/%s/council", home, places[which].fallback);
	} else {
		error_set(err, STATUS_USAGE, "neither %s nor HOME is set: set HOME to a folder of yours",
			  places[which].variable);
		return NULL;
	}
	if (!path)
		error_oom(err);
	return path;
}
