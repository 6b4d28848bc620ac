/* open.c: opening a database, and bringing it to the version that is known. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#if defined(__linux__)
#include <sys/vfs.h>
#endif
#include <unistd.h>

#include "db/db_internal.h"
#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

enum { BUSY_MS = 10000 };

/* From linux/magic.h and the file systems' own headers. FUSE may be local, but
 * sshfs is FUSE as well: DELETE is slower there, and right. */
bool db_is_network_type(unsigned long f_type)
{
	static const unsigned long types[] = {
		0x6969,     /* NFS */
		0x517b,     /* SMB */
		0xff534d42, /* CIFS */
		0xfe534d42, /* SMB2 */
		0x01021997, /* 9p */
		0x5346414f, /* AFS */
		0x73757245, /* Coda */
		0x00c36400, /* Ceph */
		0x0bd00bd0, /* Lustre */
		0x47504653, /* GPFS */
		0x65735546, /* FUSE */
		0x7461636f, /* OCFS2 */
	};

	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if ((f_type & 0xffffffff) == types[i])
			return true;
	return false;
}

static bool on_network(const char *path)
{
#if defined(__linux__)
	struct statfs fs;

	return statfs(path, &fs) == 0 && db_is_network_type((unsigned long)fs.f_type);
#else
	(void)path;
	return false;
#endif
}

static int fail(struct db *db, int rc, struct error *err)
{
	return db_fail(db->what, db->path, db->handle, rc, err);
}

static int run(struct db *db, const char *sql, struct error *err)
{
	int rc = sqlite3_exec(db->handle, sql, NULL, NULL, NULL);

	return rc == SQLITE_OK ? 0 : fail(db, rc, err);
}

/* The one number that sql gives. */
static int query_i64(struct db *db, const char *sql, int64_t *ret, struct error *err)
{
	sqlite3_stmt *s = NULL;
	int rc = sqlite3_prepare_v2(db->handle, sql, -1, &s, NULL);

	if (rc == SQLITE_OK) {
		rc = sqlite3_step(s);
		if (rc == SQLITE_ROW) {
			*ret = sqlite3_column_int64(s, 0);
			rc = SQLITE_OK;
		} else if (rc == SQLITE_DONE) {
			rc = SQLITE_EMPTY;
		}
	}
	if (rc != SQLITE_OK)
		fail(db, rc, err);
	sqlite3_finalize(s);
	return rc == SQLITE_OK ? 0 : -1;
}

/* SQLite would make the file by the umask: other people's prompts are in it. */
static int make_file(const char *path, const char *what, struct error *err)
{
	CLEANUP_FREE char *dir = path_dirname(path);
	int fd;

	if (!dir)
		return error_oom(err);
	if (path_mkdirs(dir, 0700, err) < 0)
		return error_prefix(err, "cannot make the %s %s", what, path);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM))
		return db_fail(what, path, NULL, SQLITE_READONLY, err);
	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot open the %s %s", what, path);
	close(fd);
	return 0;
}

static int check_readable(const char *path, const char *what, struct error *err)
{
	if (!path_exists(path))
		return error_set(err, STATUS_USAGE, "there is no %s %s yet: the first run makes it",
				 what, path);
	if (faccessat(AT_FDCWD, path, R_OK, AT_EACCESS) < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot read the %s %s", what, path);
	return 0;
}

/* PATH as a URI that takes the file as it is: for a folder where SQLite cannot
 * put its shared memory. Only right where nobody else writes. */
static char *immutable_uri(const char *path)
{
	CLEANUP_BUF struct buf b = BUF_INIT(65536);

	buf_adds(&b, "file:");
	for (; *path; path++) {
		if (strchr("%?#", *path))
			buf_addf(&b, "%%%02x", (unsigned)*path);
		else
			buf_addc(&b, *path);
	}
	return buf_adds(&b, "?immutable=1") < 0 ? NULL : buf_steal(&b, NULL);
}

static int open_handle(struct db *db, const char *name, int flags, int busy_ms, struct error *err)
{
	int rc;

	sqlite3_close(db->handle);
	db->handle = NULL;
	rc = sqlite3_open_v2(name, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
			     NULL);
	if (rc != SQLITE_OK)
		return fail(db, rc, err);
	sqlite3_busy_timeout(db->handle, busy_ms > 0 ? busy_ms : BUSY_MS);
	sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	return run(db, "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON", err);
}

static int set_journal(struct db *db, char **ret_note, struct error *err)
{
	bool network = on_network(db->path);
	int64_t mode = 0;

	if (!network)
		return run(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL", err);
	if (run(db, "PRAGMA journal_mode = DELETE; PRAGMA synchronous = NORMAL", err) < 0 ||
	    query_i64(db, "SELECT journal_mode = 'wal' FROM pragma_journal_mode", &mode, err) < 0)
		return -1;
	if (mode)
		return db_fail(db->what, db->path, db->handle, SQLITE_BUSY, err);
	if (ret_note) {
		*ret_note = str_printf("the %s %s is on a network file system: it is kept without "
				       "WAL, which is slower; a local path is better",
				       db->what, db->path);
		if (!*ret_note)
			return error_oom(err);
	}
	return 0;
}

static int known_version(const struct db_options *o)
{
	int v = 0;

	for (const struct db_migration *m = o->migrations; m && m->sql; m++)
		v = m->version;
	return v;
}

/* What db holds. An alien database is one without a version, but with tables;
 * both are read by one statement, or another program's migration could come
 * between. *ret is -1 for one. */
static int check_version(struct db *db, int known, int64_t *ret, struct error *err)
{
	if (query_i64(db, "SELECT CASE WHEN v.user_version = 0 AND EXISTS (SELECT 1 FROM sqlite_schema)"
			  " THEN -1 ELSE v.user_version END FROM pragma_user_version AS v", ret,
		      err) < 0)
		return -1;
	if (*ret > known)
		return error_set(err, STATUS_USAGE,
				 "the %s %s was made by a newer council: version %" PRId64
				 ", this one knows %d: update council, or name another %s",
				 db->what, db->path, *ret, known, db->what);
	if (*ret < 0 && known > 0)
		return error_set(err, STATUS_USAGE,
				 "%s is another program's database: name another path for the %s",
				 db->path, db->what);
	return 0;
}

static int copy_pages(sqlite3 *from, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");

	if (!b)
		return sqlite3_errcode(to);
	sqlite3_backup_step(b, -1);
	return sqlite3_backup_finish(b);
}

/* Writes PATH.v<old>.bak beside, whole or not at all. The pages come by a
 * connection of their own: SQLite copies none from one that has begun to write. */
static int backup(struct db *db, int64_t old, struct error *err)
{
	CLEANUP_FREE char *name = str_printf("%s.v%" PRId64 ".bak", db->path, old);
	CLEANUP_FREE char *part = str_printf("%s.v%" PRId64 ".bak.part", db->path, old);
	sqlite3 *from = NULL, *to = NULL;
	int rc;

	if (!name || !part)
		return error_oom(err);
	unlink(part);
	if (make_file(part, "backup", err) < 0)
		return -1;
	rc = sqlite3_open_v2(db->path, &from, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_open_v2(part, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = copy_pages(from, to);
	sqlite3_close(from);
	sqlite3_close(to);
	if (rc != SQLITE_OK)
		rc = db_fail("backup", part, NULL, rc, err);
	if (rc == 0 && rename(part, name) < 0)
		rc = error_sys(err, STATUS_USAGE, errno, "cannot write the backup %s", name);
	if (rc < 0)
		unlink(part);
	return rc;
}

static int apply_steps(struct db *db, const struct db_migration *m, int64_t from, struct error *err)
{
	for (; m->sql; m++) {
		char pragma[64];

		if (m->version <= from)
			continue;
		/* A pragma takes no bound value; this is our own number. */
		snprintf(pragma, sizeof pragma, "PRAGMA user_version = %d", m->version);
		if (run(db, m->sql, err) < 0 || run(db, pragma, err) < 0)
			return error_prefix(err, "cannot bring the %s to version %d", db->what,
					    m->version);
	}
	return 0;
}

/* With the write lock held: another program may have been here first. */
static int migrate(struct db *db, const struct db_options *o, struct error *err)
{
	int known = known_version(o);
	int64_t version = 0;
	int rc;

	if (check_version(db, known, &version, err) < 0)
		return -1;
	if (version == known || known == 0)
		return 0;
	if (run(db, "BEGIN IMMEDIATE", err) < 0)
		return -1;
	rc = check_version(db, known, &version, err);
	if (rc == 0 && version > 0 && version < known)
		rc = backup(db, version, err);
	if (rc == 0)
		rc = apply_steps(db, o->migrations, version, err);
	if (rc == 0)
		rc = run(db, "COMMIT", err);
	if (rc < 0 && !sqlite3_get_autocommit(db->handle))
		run(db, "ROLLBACK", NULL);
	return rc;
}

static int open_writable(struct db *db, const struct db_options *o, char **ret_note,
			 struct error *err)
{
	int64_t version = 0;

	if (make_file(db->path, db->what, err) < 0 ||
	    open_handle(db, db->path, SQLITE_OPEN_READWRITE, o->busy_ms, err) < 0)
		return -1;
	/* Before anything is changed in a file that may not be ours. */
	if (check_version(db, known_version(o), &version, err) < 0 ||
	    set_journal(db, ret_note, err) < 0)
		return -1;
	return migrate(db, o, err);
}

static int open_to_read(struct db *db, const struct db_options *o, const char *name, int flags,
			int64_t *ret_version, struct error *err)
{
	if (open_handle(db, name, SQLITE_OPEN_READONLY | flags, o->busy_ms, err) < 0)
		return -1;
	return check_version(db, known_version(o), ret_version, err);
}

/* May the file be read as it is? Where SQLite cannot put its shared memory
 * beside it, and no writer has left anything in a log. */
static bool is_at_rest(const char *path)
{
	CLEANUP_FREE char *dir = path_dirname(path);
	CLEANUP_FREE char *wal = str_printf("%s-wal", path);
	struct stat st;

	return dir && wal && faccessat(AT_FDCWD, dir, W_OK, AT_EACCESS) < 0 &&
	       (stat(wal, &st) < 0 || st.st_size == 0);
}

static int open_read_only(struct db *db, const struct db_options *o, struct error *err)
{
	CLEANUP_FREE char *uri = NULL;
	struct error as_it_is;
	int64_t version = 0;

	if (check_readable(db->path, db->what, err) < 0)
		return -1;
	if (open_to_read(db, o, db->path, 0, &version, err) < 0) {
		if (!is_at_rest(db->path))
			return -1;
		uri = immutable_uri(db->path);
		if (!uri)
			return error_oom(err);
		if (open_to_read(db, o, uri, SQLITE_OPEN_URI, &version, &as_it_is) < 0)
			return -1;
	}
	if (version < known_version(o))
		return error_set(err, STATUS_USAGE,
				 "the %s %s is of version %" PRId64 ", this council reads %d: "
				 "any command that writes to it brings it up to date",
				 db->what, db->path, version, known_version(o));
	return 0;
}

static struct db *make(const char *path, const char *what)
{
	struct db *db = calloc(1, sizeof *db);
	pthread_mutexattr_t attr;

	if (!db)
		return NULL;
	db->what = what ? what : "database";
	db->path = str_dup(path);
	if (!db->path) {
		free(db);
		return NULL;
	}
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
	pthread_mutex_init(&db->lock, &attr);
	pthread_mutexattr_destroy(&attr);
	return db;
}

int db_open(const char *path, const struct db_options *o, struct db **ret, char **ret_note,
	    struct error *err)
{
	CLEANUP_FREE char *note = NULL;
	struct db *db = make(path, o->what);
	int rc;

	if (!db)
		return error_oom(err);
	rc = o->read_only ? open_read_only(db, o, err) : open_writable(db, o, &note, err);
	if (rc < 0) {
		db_close(db);
		return -1;
	}
	if (ret_note)
		*ret_note = STEAL(note);
	*ret = db;
	return 0;
}
