#include "repo/edit_fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "util/beneath.h"
#include "util/str.h"
#include "util/ulid.h"

static int refuse(char **ret_reason, enum edit_fs_state *ret, struct error *err, char *reason)
{
	if (!reason)
		return error_oom(err);
	*ret_reason = reason;
	*ret = EDIT_FS_REFUSED;
	return 0;
}

/* ---- reading ------------------------------------------------------------ */

/* An entry of the folder that is `name` but for case; malloc'd, NULL: none. */
static char *other_case(int dir_fd, const char *name)
{
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	char *found = NULL;

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	while (!found && (e = readdir(dir)))
		if (!strcasecmp(e->d_name, name) && strcmp(e->d_name, name))
			found = str_dup(e->d_name);
	closedir(dir);
	return found;
}

/* Nothing is called `name`: missing, unless something differs from it in case alone. */
static int missing(int dir_fd, const char *name, enum edit_fs_state *ret, char **ret_reason,
		   struct error *err)
{
	CLEANUP_FREE char *other = other_case(dir_fd, name);

	if (other)
		return refuse(ret_reason, ret, err,
			      str_printf("\"%s\" differs only in case from \"%s\", which exists: "
					 "use that name",
					 name, other));
	*ret = EDIT_FS_MISSING;
	return 0;
}

static int read_regular(int dir_fd, const char *name, struct buf *out, struct stat *ret_st,
			enum edit_fs_state *ret, char **ret_reason, struct error *err)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return missing(dir_fd, name, ret, ret_reason, err);
	if (fd < 0 && (errno == ELOOP || errno == EMLINK))
		return refuse(ret_reason, ret, err,
			      str_dup("it is a symbolic link: edit the file itself"));
	if (fd < 0 && (errno == ENXIO || errno == ENODEV || errno == ENAMETOOLONG))
		return refuse(ret_reason, ret, err,
			      str_printf("it cannot be edited: %s", strerror(errno)));
	if (fd < 0)
		return error_sys(err, STATUS_INTERNAL, errno, "cannot open %s", name);
	if (fstat(fd, &st) < 0) {
		rc = error_sys(err, STATUS_INTERNAL, errno, "cannot look at %s", name);
	} else if (!S_ISREG(st.st_mode)) {
		rc = refuse(ret_reason, ret, err,
			    str_dup(S_ISDIR(st.st_mode) ? "it is a folder"
							: "it is not a regular file"));
	} else if ((size_t)st.st_size > out->max) {
		rc = refuse(ret_reason, ret, err,
			    str_printf("the file is larger than %zu bytes", out->max));
	} else {
		*ret = EDIT_FS_FILE;
		*ret_st = st;
		rc = buf_read_fd(out, fd, name, err);
	}
	close(fd);
	return rc;
}

/* Opens the folder `name` in dir_fd. *ret_fd -1: what *ret says. */
static int enter(int dir_fd, const char *name, int *ret_fd, enum edit_fs_state *ret,
		 char **ret_reason, struct error *err)
{
	int saved;

	*ret_fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (*ret_fd >= 0)
		return 0;
	saved = errno;
	if (saved == ENOENT)
		return missing(dir_fd, name, ret, ret_reason, err);
	if (saved == ELOOP || saved == ENOTDIR || saved == EMLINK) {
		struct stat st;
		bool link = !fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) && S_ISLNK(st.st_mode);

		return refuse(ret_reason, ret, err,
			      str_printf("\"%s\" on the way is %s", name,
					 link ? "a symbolic link" : "not a folder"));
	}
	if (saved == ENAMETOOLONG)
		return refuse(ret_reason, ret, err, str_dup("the name is too long"));
	return error_sys(err, STATUS_INTERNAL, saved, "cannot open the folder %s", name);
}

int edit_fs_read(int root_fd, const char *path, struct buf *out, struct stat *ret_st,
		 enum edit_fs_state *ret, char **ret_reason, struct error *err)
{
	CLEANUP_FREE char *copy = str_dup(path);
	int dir_fd = root_fd, rc = 0;
	char *name = copy, *slash;

	if (!copy)
		return error_oom(err);
	while ((slash = strchr(name, '/'))) {
		int next = -1;

		*slash = 0;
		rc = enter(dir_fd, name, &next, ret, ret_reason, err);
		if (dir_fd != root_fd)
			close(dir_fd);
		dir_fd = next;
		if (rc < 0 || next < 0)
			return rc;
		name = slash + 1;
	}
	rc = read_regular(dir_fd, name, out, ret_st, ret, ret_reason, err);
	if (dir_fd != root_fd)
		close(dir_fd);
	return rc;
}

/* ---- writing ------------------------------------------------------------ */

/* A change under way. */
struct work {
	const struct edit_fs_change *c;
	int dir_fd;	  /* its folder, open during a step only: there may be many changes */
	const char *name; /* last component; borrowed from c->path */
	char fresh[64];	  /* the new text beside, or "" */
	char kept[64];	  /* the old file's second name, or "" */
	bool done;	  /* the new text is in place, or the file gone */
};

/* Folders made, so that they go again when the commit fails. */
struct made {
	struct strv paths;
};

static int open_parent(int root_fd, const char *path, size_t len)
{
	CLEANUP_FREE char *parent = str_ndup(path, len);

	if (!len)
		return openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!parent) {
		errno = ENOMEM;
		return -1;
	}
	return open_beneath(root_fd, parent, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
}

static int make_folder(int root_fd, const char *path, size_t len, struct made *made,
		       struct error *err)
{
	CLEANUP_FREE char *dir = str_ndup(path, len);
	char *slash = dir ? strrchr(dir, '/') : NULL;
	int fd, rc;

	if (!dir)
		return error_oom(err);
	fd = open_parent(root_fd, dir, slash ? (size_t)(slash - dir) : 0);
	if (fd < 0)
		return error_sys(err, STATUS_INTERNAL, errno, "cannot open the folder of %s", dir);
	rc = mkdirat(fd, slash ? slash + 1 : dir, 0777);
	if (rc < 0 && errno != EEXIST)
		rc = error_sys(err, STATUS_INTERNAL, errno, "cannot make the folder %s", dir);
	else if (rc == 0)
		rc = strv_add(&made->paths, dir) < 0 ? error_oom(err) : 0;
	else
		rc = 0;
	close(fd);
	return rc;
}

static int make_parents(int root_fd, const char *path, struct made *made, struct error *err)
{
	for (const char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		int fd = open_parent(root_fd, path, (size_t)(slash - path));

		if (fd >= 0)
			close(fd);
		else if (errno != ENOENT)
			return error_sys(err, STATUS_INTERNAL, errno,
					 "cannot open the folder of %s", path);
		else if (make_folder(root_fd, path, (size_t)(slash - path), made, err) < 0)
			return -1;
	}
	return 0;
}

static int write_all(int fd, const char *data, size_t len)
{
	while (len) {
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

static void beside(char out[64], const char *what)
{
	struct ulid id = ulid_new();

	snprintf(out, 64, ".council-%s-%s", what, id.s);
}

static int open_folder(int root_fd, struct work *w, struct error *err)
{
	size_t len = (size_t)(w->name - w->c->path);

	w->dir_fd = open_parent(root_fd, w->c->path, len ? len - 1 : 0);
	if (w->dir_fd < 0)
		return error_sys(err, STATUS_INTERNAL, errno, "cannot open the folder of %s",
				 w->c->path);
	return 0;
}

static void close_folder(struct work *w)
{
	if (w->dir_fd >= 0)
		close(w->dir_fd);
	w->dir_fd = -1;
}

/* Writes the new text under a name of its own. */
static int stage(struct work *w, struct error *err)
{
	int fd, rc;

	beside(w->fresh, "new");
	fd = openat(w->dir_fd, w->fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    w->c->mode);
	if (fd < 0) {
		w->fresh[0] = 0;
		return error_sys(err, STATUS_INTERNAL, errno, "cannot write beside %s", w->c->path);
	}
	rc = write_all(fd, w->c->data, w->c->len);
	if (rc == 0 && w->c->existed) {
		/* the owner first, because changing it drops permission bits; another's file in a
		 * shared folder cannot keep it, which is no reason to fail */
		if (fchown(fd, w->c->before.st_uid, w->c->before.st_gid) < 0)
			errno = 0;
		rc = fchmod(fd, w->c->mode);
	}
	if (close(fd) < 0 || rc < 0)
		return error_sys(err, STATUS_INTERNAL, errno, "cannot write %s", w->c->path);
	return 0;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* Gives the old file a second name: a hard link, or where there are none, by moving it. */
static int keep_old(struct work *w, struct error *err)
{
	struct stat now;

	if (fstatat(w->dir_fd, w->name, &now, AT_SYMLINK_NOFOLLOW) < 0 ||
	    !same_file(&now, &w->c->before))
		return error_set(err, STATUS_INTERNAL,
				 "%s was changed by something else meanwhile: try again",
				 w->c->path);
	beside(w->kept, "old");
	if (!w->c->remove && linkat(w->dir_fd, w->name, w->dir_fd, w->kept, 0) == 0)
		return 0;
	if (renameat(w->dir_fd, w->name, w->dir_fd, w->kept) == 0)
		return 0;
	w->kept[0] = 0;
	return error_sys(err, STATUS_INTERNAL, errno, "cannot replace %s", w->c->path);
}

/* The new text, or nothing, in the place of the old. */
static int put(struct work *w, struct error *err)
{
	if (w->c->existed && keep_old(w, err) < 0)
		return -1;
	if (w->c->remove) {
		w->done = true;
		return 0;
	}
	if (w->c->existed) {
		if (renameat(w->dir_fd, w->fresh, w->dir_fd, w->name) < 0)
			return error_sys(err, STATUS_INTERNAL, errno, "cannot replace %s",
					 w->c->path);
	} else if (linkat(w->dir_fd, w->fresh, w->dir_fd, w->name, 0) < 0) {
		struct stat st;

		/* no hard links here: rename, which would replace what came meanwhile */
		if (errno == EEXIST || !fstatat(w->dir_fd, w->name, &st, AT_SYMLINK_NOFOLLOW))
			return error_set(err, STATUS_INTERNAL,
					 "%s was made by something else meanwhile: try again",
					 w->c->path);
		if (renameat(w->dir_fd, w->fresh, w->dir_fd, w->name) < 0)
			return error_sys(err, STATUS_INTERNAL, errno, "cannot make %s", w->c->path);
		w->fresh[0] = 0;
	} else {
		unlinkat(w->dir_fd, w->fresh, 0);
	}
	w->fresh[0] = 0;
	w->done = true;
	return 0;
}

static void put_back(struct work *w)
{
	if (w->kept[0])
		renameat(w->dir_fd, w->kept, w->dir_fd, w->name);
	else if (w->done)
		unlinkat(w->dir_fd, w->name, 0);
	/* rename does nothing when both names are one file already */
	if (w->kept[0])
		unlinkat(w->dir_fd, w->kept, 0);
	w->kept[0] = 0;
}

static void finish(int root_fd, struct work *w, size_t n, const struct made *made, bool ok)
{
	for (size_t i = n; i-- > 0;) {
		if (!w[i].kept[0] && !w[i].fresh[0] && (ok || !w[i].done))
			continue;
		if (open_folder(root_fd, &w[i], NULL) < 0)
			continue;
		if (!ok)
			put_back(&w[i]);
		if (w[i].kept[0])
			unlinkat(w[i].dir_fd, w[i].kept, 0);
		if (w[i].fresh[0])
			unlinkat(w[i].dir_fd, w[i].fresh, 0);
		close_folder(&w[i]);
	}
	for (size_t i = made->paths.n; !ok && i-- > 0;) {
		const char *path = made->paths.v[i], *slash = strrchr(path, '/');
		int fd = open_parent(root_fd, path, slash ? (size_t)(slash - path) : 0);

		if (fd >= 0) {
			unlinkat(fd, slash ? slash + 1 : path, AT_REMOVEDIR);
			close(fd);
		}
	}
}

int edit_fs_commit(int root_fd, const struct edit_fs_change *v, size_t n, struct error *err)
{
	struct made made = { 0 };
	struct work *w = calloc(n + 1, sizeof(*w));
	int rc = 0;

	if (!w)
		return error_oom(err);
	for (size_t i = 0; i < n; i++) {
		const char *slash = strrchr(v[i].path, '/');

		w[i] = (struct work){ .c = &v[i],
				      .dir_fd = -1,
				      .name = slash ? slash + 1 : v[i].path };
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		if (v[i].remove)
			continue;
		rc = make_parents(root_fd, v[i].path, &made, err);
		if (rc == 0)
			rc = open_folder(root_fd, &w[i], err);
		if (rc == 0)
			rc = stage(&w[i], err);
		close_folder(&w[i]);
	}
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = open_folder(root_fd, &w[i], err);
		if (rc == 0)
			rc = put(&w[i], err);
		close_folder(&w[i]);
	}
	finish(root_fd, w, n, &made, rc == 0);
	strv_release(&made.paths);
	free(w);
	return rc;
}
