/* trust.c: see trust.h.
 *
 * The hash is the SHA-256 of one line a file, in order of the paths:
 * "PATH NUL hex of the content's SHA-256 LF". trust.json:
 * {"version": 1, "repositories": {"/real/path": {"sha256": "…", "time": "…"}}}
 */
#include "config/trust.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/clock.h"
#include "util/hash.h"
#include "util/json.h"
#include "util/path.h"

enum { FILES_MAX = 1000, BYTES_MAX = 8 << 20, DEPTH_MAX = 8, STORE_MAX = 4 << 20 };

/* ---- what .council/ holds ---- */

static int list_folder(int fd, const char *prefix, int depth, struct strv *ret, struct error *err);

static int list_entry(int fd, const char *prefix, const char *name, int depth, struct strv *ret,
		      struct error *err)
{
	CLEANUP_FREE char *path = str_printf("%s%s", prefix, name);
	struct stat st;

	if (!path)
		return error_oom(err);
	if (fstatat(fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot read .council/%s", path);
	if (S_ISDIR(st.st_mode)) {
		CLEANUP_FREE char *below = str_printf("%s/", path);
		int sub = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (sub < 0)
			return error_sys(err, STATUS_USAGE, errno, "cannot read .council/%s", path);
		if (!below) {
			close(sub);
			return error_oom(err);
		}
		return list_folder(sub, below, depth + 1, ret, err);
	}
	if (!S_ISREG(st.st_mode))
		return error_set(err, STATUS_USAGE, ".council/%s is %s, which cannot be trusted: put a "
				 "regular file there", path,
				 S_ISLNK(st.st_mode) ? "a symbolic link" : "no regular file");
	if (ret->n >= FILES_MAX)
		return error_set(err, STATUS_USAGE, ".council/ holds more than %d files", FILES_MAX);
	return strv_add(ret, path) < 0 ? error_oom(err) : 0;
}

/* Takes fd. */
static int list_folder(int fd, const char *prefix, int depth, struct strv *ret, struct error *err)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *e;
	int rc = 0;

	if (!dir) {
		close(fd);
		return error_sys(err, STATUS_USAGE, errno, "cannot read .council/%s", prefix);
	}
	if (depth > DEPTH_MAX)
		rc = error_set(err, STATUS_USAGE, ".council/%s lies deeper than %d folders", prefix,
			       DEPTH_MAX);
	while (rc == 0 && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			rc = list_entry(dirfd(dir), prefix, e->d_name, depth, ret, err);
	closedir(dir);
	return rc;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 1: listed and sorted; 0: there is no .council/. ret_fd: the folder. */
static int list_files(const char *repo_top, struct strv *ret, int *ret_fd, struct error *err)
{
	CLEANUP_FREE char *path = path_join(repo_top, ".council");
	int fd, again;

	if (!path)
		return error_oom(err);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "%s cannot be trusted: it must be a folder",
				 path);
	again = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (again < 0 || list_folder(again, "", 0, ret, err) < 0) {
		if (again < 0)
			error_sys(err, STATUS_INTERNAL, errno, "cannot read %s", path);
		close(fd);
		return -1;
	}
	if (ret->n)
		qsort(ret->v, ret->n, sizeof(*ret->v), by_text);
	*ret_fd = fd;
	return 1;
}

int trust_files(const char *repo_top, struct strv *ret, struct error *err)
{
	int fd = -1, rc = list_files(repo_top, ret, &fd, err);

	if (fd >= 0)
		close(fd);
	return rc < 0 ? -1 : 0;
}

static int hash_file(int dir, const char *path, size_t *left, struct buf *out, struct error *err)
{
	int fd = openat(dir, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	CLEANUP_BUF struct buf content = BUF_INIT(*left);
	struct sha256 hash;
	char hex[65];
	int rc;

	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot read .council/%s", path);
	rc = buf_read_fd(&content, fd, path, err);
	close(fd);
	if (rc < 0)
		return error_prefix(err, ".council/ as a whole");
	*left -= content.len;
	hash = sha256_of(buf_str(&content), content.len);
	sha256_hex(&hash, hex);
	buf_add(out, path, strlen(path) + 1);
	buf_adds(out, hex);
	buf_addc(out, '\n');
	return 0;
}

/* 1 with the hash, 0 without .council/ (or with an empty one). */
static int hash_folder(const char *repo_top, char ret[65], struct error *err)
{
	CLEANUP_STRV struct strv files = { 0 };
	CLEANUP_BUF struct buf lines = BUF_INIT(FILES_MAX * 8192);
	size_t left = BYTES_MAX;
	struct sha256 hash;
	int fd = -1, rc = list_files(repo_top, &files, &fd, err);

	if (rc <= 0)
		return rc;
	rc = 0;
	for (size_t i = 0; rc == 0 && i < files.n; i++)
		rc = hash_file(fd, files.v[i], &left, &lines, err);
	close(fd);
	if (rc < 0 || buf_check(&lines, "the list of .council/", err) < 0)
		return -1;
	if (files.n == 0)
		return 0;
	hash = sha256_of(lines.data, lines.len);
	sha256_hex(&hash, ret);
	return 1;
}

/* ---- the store ---- */

static char *store_path(struct error *err)
{
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, err);
	char *path = state ? path_join(state, "trust.json") : NULL;

	if (state && !path)
		error_oom(err);
	return path;
}

/* NULL with err; an object with "repositories" otherwise. */
static json *store_read(const char *path, struct error *err)
{
	struct error why = { 0 };
	json *j;

	if (!path_exists(path)) {
		j = json_object();
		if (!j || json_set_i64(j, "version", 1) < 0 ||
		    json_set(j, "repositories", json_object()) < 0) {
			json_free(j);
			error_oom(err);
			return NULL;
		}
		return j;
	}
	j = json_parse_file(path, STORE_MAX, &why);
	if (j && json_is_object(json_get(j, "repositories")))
		return j;
	json_free(j);
	error_set(err, STATUS_USAGE, "%s is not what `council trust` wrote%s%s: move it away and trust "
		  "again", path, j ? "" : ": ", j ? "" : why.message);
	return NULL;
}

static char *real_top(const char *repo_top, struct error *err)
{
	char *real = realpath(repo_top, NULL);

	if (!real)
		error_sys(err, STATUS_USAGE, errno, "cannot find %s", repo_top);
	return real;
}

int trust_check(const char *repo_top, enum trust_state *ret, struct error *err)
{
	struct error ignored;
	char hash[65];
	int there = hash_folder(repo_top, hash, &ignored);

	if (there == 0) {
		*ret = TRUST_NONE;
		return 0;
	}
	/* Without a home nothing was ever trusted. */
	CLEANUP_FREE char *path = store_path(&ignored);
	*ret = TRUST_UNTRUSTED;
	if (!path || !path_exists(path))
		return 0;
	CLEANUP_FREE char *real = real_top(repo_top, err);
	CLEANUP_JSON json *store = real ? store_read(path, err) : NULL;
	if (!store)
		return -1;
	const char *known = json_get_string(json_get(json_get(store, "repositories"), real), "sha256");
	if (known)
		*ret = there > 0 && str_eq(known, hash) ? TRUST_TRUSTED : TRUST_CHANGED;
	return 0;
}

/* Reads, changes and writes the store under a lock. hash NULL: forgets. */
static int store_change(const char *path, const char *repo, const char *hash, bool *ret_was,
			struct error *err)
{
	CLEANUP_JSON json *store = store_read(path, err);
	CLEANUP_JSON json *kept = json_object();
	CLEANUP_FREE char *text = NULL;
	bool was = false;

	if (!store)
		return -1;
	if (!kept)
		return error_oom(err);
	for (json *it = json_first(json_get(store, "repositories")); it; it = json_next(it)) {
		if (str_eq(json_key(it), repo))
			was = true;
		else if (json_set(kept, json_key(it), json_dup(it)) < 0)
			return error_oom(err);
	}
	if (hash) {
		json *entry = json_object();
		char now[28];

		clock_format_iso(clock_now_us(), now);
		if (!entry || json_set_string(entry, "sha256", hash) < 0 ||
		    json_set_string(entry, "time", now) < 0) {
			json_free(entry);
			return error_oom(err);
		}
		if (json_set(kept, repo, entry) < 0)
			return error_oom(err);
	}
	if (json_set(store, "repositories", STEAL(kept)) < 0)
		return error_oom(err);
	text = json_print_pretty(store);
	if (!text)
		return error_oom(err);
	if (ret_was)
		*ret_was = was;
	return path_write_atomic(path, text, strlen(text), 0600, true, err);
}

static int store_locked(const char *repo_top, const char *hash, bool *ret_was, struct error *err)
{
	CLEANUP_FREE char *path = store_path(err);
	CLEANUP_FREE char *folder = path ? path_dirname(path) : NULL;
	CLEANUP_FREE char *lock = path ? str_printf("%s.lock", path) : NULL;
	CLEANUP_FREE char *real = path ? real_top(repo_top, err) : NULL;
	int fd, rc;

	if (!path || !real)
		return -1;
	if (!folder || !lock)
		return error_oom(err);
	if (path_mkdirs(folder, 0700, err) < 0)
		return -1;
	fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || flock(fd, LOCK_EX) < 0) {
		rc = error_sys(err, STATUS_USAGE, errno, "cannot lock %s", lock);
		if (fd >= 0)
			close(fd);
		return rc;
	}
	rc = store_change(path, real, hash, ret_was, err);
	close(fd);
	return rc;
}

int trust_grant(const char *repo_top, struct error *err)
{
	char hash[65];
	int there = hash_folder(repo_top, hash, err);

	if (there < 0)
		return -1;
	if (there == 0)
		return error_set(err, STATUS_USAGE, "%s has no .council/ to trust", repo_top);
	return store_locked(repo_top, hash, NULL, err);
}

int trust_revoke(const char *repo_top, bool *ret_was, struct error *err)
{
	return store_locked(repo_top, NULL, ret_was, err);
}
