/* test_db.c: opening what is well and what is not, statements, the writer. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/db.h"
#include "suites.h"
#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64];
static char path[128];

static const struct db_migration first[] = {
	{ 1, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT) STRICT" },
	{ 0, NULL },
};

static const struct db_migration second[] = {
	{ 1, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT) STRICT" },
	{ 2, "ALTER TABLE t ADD COLUMN w BLOB; CREATE TABLE u(x REAL) STRICT" },
	{ 3, "INSERT INTO u VALUES(1.5)" },
	{ 0, NULL },
};

static const struct db_migration broken[] = {
	{ 1, "CREATE TABLE t(id INTEGER PRIMARY KEY, v TEXT) STRICT" },
	{ 2, "CREATE TABLE half(x); NONSENSE" },
	{ 0, NULL },
};

static const struct db_options plain = { .migrations = first, .what = "ledger", .busy_ms = 50 };

static void set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/db-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/new/ledger.db", folder);
}

static void tear_down(void)
{
	ck_assert_int_eq(path_remove_tree(folder, NULL), 0);
}

static struct db *open_with(const struct db_options *o)
{
	struct db *db = NULL;
	struct error err = { 0 };

	ck_assert_msg(db_open(path, o, &db, NULL, &err) == 0, "%s", err.message);
	return db;
}

static struct error fail_with(const struct db_options *o)
{
	struct db *db = (struct db *)folder;
	struct error err = { 0 };

	ck_assert_int_eq(db_open(path, o, &db, NULL, &err), -1);
	ck_assert_ptr_eq(db, (struct db *)folder);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(strstr(err.message, path) != NULL, "%s", err.message);
	return err;
}

static void check_says(struct error err, const char *part)
{
	ck_assert_msg(strstr(err.message, part) != NULL, "'%s' is not in: %s", part, err.message);
}

static void insert(struct db *db, int64_t id, const char *v)
{
	struct db_stmt *s = db_begin(db, "INSERT INTO t(id, v) VALUES(?, ?)", NULL);

	ck_assert_ptr_nonnull(s);
	db_bind_i64(s, 1, id);
	db_bind_text(s, 2, v);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, NULL), 0);
}

static int64_t number(struct db *db, const char *sql)
{
	struct error err = { 0 };
	struct db_stmt *s = db_begin(db, sql, &err);
	int64_t v = -1;

	ck_assert_msg(s != NULL, "%s", err.message);
	if (db_step(s))
		v = db_i64(s, 0);
	ck_assert_msg(db_done(s, &err) == 0, "%s", err.message);
	return v;
}

static const char count[] = "SELECT count(*) FROM t";

START_TEST(is_made_and_found_again)
{
	struct db *db = open_with(&plain);
	struct stat st;
	char *note = NULL;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	insert(db, 1, "one");
	db_close(db);
	ck_assert_int_eq(db_open(path, &plain, &db, &note, NULL), 0);
	free(note);
	ck_assert_int_eq(number(db, count), 1);
	ck_assert_int_eq(number(db, "PRAGMA foreign_keys"), 1);
	ck_assert_int_eq(number(db, "PRAGMA trusted_schema"), 0);
	ck_assert_int_eq(number(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(number(db, "PRAGMA synchronous"), 1);
	db_close(db);
	db_close(NULL);
}
END_TEST

START_TEST(values_come_back)
{
	struct db_options o = { .migrations = second, .what = "ledger" };
	struct db *db = open_with(&o);
	struct error err = { 0 };
	struct db_stmt *s;
	size_t n = 0;

	insert(db, INT64_MIN, "a");
	insert(db, INT64_MAX, NULL);
	s = db_begin(db, "UPDATE t SET w = ? WHERE id = ?", &err);
	db_bind_blob(s, 1, "x\0y", 3);
	db_bind_i64(s, 2, INT64_MAX);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), 0);
	s = db_begin(db, "UPDATE t SET w = ? WHERE id = ?", &err);
	db_bind_blob(s, 1, NULL, 0);
	db_bind_i64(s, 2, INT64_MIN);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), 0);
	s = db_begin(db, "SELECT id, v, w, (SELECT x FROM u) AS x FROM t ORDER BY id", &err);
	ck_assert_int_eq(db_columns(s), 4);
	ck_assert_str_eq(db_column_name(s, 3), "x");
	ck_assert(db_step(s));
	ck_assert(db_i64(s, 0) == INT64_MIN);
	ck_assert_str_eq(db_text(s, 1), "a");
	ck_assert(!db_is_null(s, 2));
	ck_assert_ptr_null(db_blob(s, 2, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert(db_double(s, 3) == 1.5);
	ck_assert(db_step(s));
	ck_assert(db_is_null(s, 1));
	ck_assert_ptr_null(db_text(s, 1));
	ck_assert_mem_eq(db_blob(s, 2, &n), "x\0y", 3);
	ck_assert_uint_eq(n, 3);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), 0);
	db_close(db);
}
END_TEST

START_TEST(failures_are_remembered)
{
	struct db *db = open_with(&plain);
	struct error err = { 0 };
	struct db_stmt *s;

	insert(db, 1, "a");
	s = db_begin(db, "INSERT INTO t(id, v) VALUES(?, ?)", &err);
	db_bind_i64(s, 1, 1);
	db_bind_text(s, 2, "b");
	ck_assert(!db_step(s));
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), -1);
	ck_assert_int_eq(err.code, STATUS_INTERNAL);
	check_says(err, "UNIQUE");
	s = db_begin(db, count, &err);
	db_bind_i64(s, 3, 1);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, NULL), -1);
	ck_assert_ptr_null(db_begin(db, "SELECT nonsense FROM", &err));
	ck_assert_ptr_null(db_begin(db, "  -- nothing", &err));
	/* and the statement is as new afterwards */
	insert(db, 2, "c");
	ck_assert_int_eq(number(db, count), 2);
	db_close(db);
}
END_TEST

/* A statement in use is not taken twice, nor is the cache a limit. */
START_TEST(statements_nest)
{
	struct db *db = open_with(&plain);
	struct db_stmt *outer, *inner;
	int pairs = 0;

	for (int i = 0; i < 3; i++)
		insert(db, i, "x");
	outer = db_begin(db, "SELECT id FROM t", NULL);
	while (db_step(outer)) {
		inner = db_begin(db, "SELECT id FROM t", NULL);
		ck_assert_ptr_ne(outer, inner);
		while (db_step(inner))
			pairs++;
		ck_assert_int_eq(db_done(inner, NULL), 0);
	}
	ck_assert_int_eq(db_done(outer, NULL), 0);
	ck_assert_int_eq(pairs, 9);
	for (int i = 0; i < 300; i++) {
		CLEANUP_FREE char *sql = str_printf("SELECT %d", i);

		ck_assert_int_eq(number(db, sql), i);
	}
	db_close(db);
}
END_TEST

START_TEST(transactions)
{
	struct db *db = open_with(&plain);
	struct error err = { 0 };

	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	insert(db, 1, "kept");
	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	insert(db, 2, "inner, dropped");
	ck_assert_int_eq(db_transaction_end(db, false, &err), 0);
	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	insert(db, 3, "inner, kept");
	ck_assert_int_eq(db_transaction_end(db, true, &err), 0);
	ck_assert_int_eq(db_transaction_end(db, true, &err), 0);
	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	insert(db, 4, "dropped");
	ck_assert_int_eq(db_transaction_end(db, false, &err), 0);
	ck_assert_int_eq(number(db, "SELECT sum(id) FROM t"), 4);
	db_close(db);
}
END_TEST

START_TEST(two_connections)
{
	struct db *a = open_with(&plain), *b = open_with(&plain);
	struct error err = { 0 };
	struct db_stmt *s;

	insert(a, 1, "a");
	ck_assert_int_eq(number(b, count), 1);
	insert(b, 2, "b");
	ck_assert_int_eq(number(a, count), 2);
	/* one writes, the other reads on and is told when it would write */
	ck_assert_int_eq(db_transaction_begin(a, &err), 0);
	insert(a, 3, "a");
	ck_assert_int_eq(number(b, count), 2);
	ck_assert_int_eq(db_transaction_begin(b, &err), -1);
	check_says(err, "in use by another program");
	ck_assert_int_eq(err.code, STATUS_USAGE);
	s = db_begin(b, "DELETE FROM t", &err);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), -1);
	ck_assert_int_eq(db_transaction_end(a, true, &err), 0);
	ck_assert_int_eq(number(b, count), 3);
	ck_assert_int_eq(db_transaction_begin(b, &err), 0);
	ck_assert_int_eq(db_transaction_end(b, true, &err), 0);
	db_close(a);
	db_close(b);
}
END_TEST

START_TEST(a_locked_database)
{
	struct db *db = open_with(&plain);
	struct db_options later = { .migrations = second, .what = "ledger", .busy_ms = 50 };
	struct error err = { 0 };

	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	/* without a migration there is nothing to wait for */
	db_close(open_with(&plain));
	check_says(fail_with(&later), "in use by another program");
	ck_assert_int_eq(db_transaction_end(db, true, &err), 0);
	db_close(db);
}
END_TEST

START_TEST(a_newer_database)
{
	struct db_options later = { .migrations = second, .what = "ledger" };
	struct db_options reading = plain;

	db_close(open_with(&later));
	check_says(fail_with(&plain), "made by a newer council: version 3, this one knows 1");
	reading.read_only = true;
	check_says(fail_with(&reading), "made by a newer council");
}
END_TEST

/* Writes n bytes of `byte` at `at` into the file. */
static void overwrite(long at, int byte, size_t n)
{
	FILE *f = fopen(path, "r+");

	ck_assert_ptr_nonnull(f);
	fseek(f, at, SEEK_SET);
	while (n-- > 0)
		fputc(byte, f);
	fclose(f);
}

START_TEST(not_a_database)
{
	db_close(open_with(&plain));
	overwrite(0, 'x', 4096);
	check_says(fail_with(&plain), "is not a database: move it away: mv '");
}
END_TEST

START_TEST(a_corrupt_database)
{
	struct db *db = open_with(&plain);

	insert(db, 1, "x");
	db_close(db);
	/* the first page's tree, behind the header that tells what it is */
	overwrite(100, 0xff, 3000);
	check_says(fail_with(&plain), "is corrupt: move it away: mv '");
}
END_TEST

START_TEST(another_programs_database)
{
	static const struct db_migration none[] = { { 0, NULL } };
	struct db_options o = { .migrations = none, .what = "other" };
	struct db *db = open_with(&o);
	struct db_stmt *s = db_begin(db, "CREATE TABLE theirs(x)", NULL);

	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, NULL), 0);
	db_close(db);
	check_says(fail_with(&plain), "another program's database");
}
END_TEST

START_TEST(a_folder_in_its_place)
{
	struct db_options reading = plain;

	ck_assert_int_eq(path_mkdirs(path, 0700, NULL), 0);
	fail_with(&plain);
	reading.read_only = true;
	fail_with(&reading);
}
END_TEST

START_TEST(migrates_after_a_backup)
{
	struct db_options later = { .migrations = second, .what = "ledger" };
	CLEANUP_FREE char *backup = NULL;
	struct db *db = open_with(&plain);
	struct stat st;

	insert(db, 1, "before");
	db_close(db);
	db = open_with(&later);
	ck_assert_int_eq(number(db, "PRAGMA user_version"), 3);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t WHERE w IS NULL AND v = 'before'"), 1);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM u"), 1);
	db_close(db);
	/* the backup is the old one, whole */
	backup = str_printf("%s.v1.bak", path);
	ck_assert_int_eq(stat(backup, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(rename(backup, path), 0);
	db = open_with(&plain);
	ck_assert_int_eq(number(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(number(db, count), 1);
	db_close(db);
}
END_TEST

START_TEST(a_migration_that_fails_changes_nothing)
{
	struct db_options o = { .migrations = broken, .what = "ledger" };
	struct error err = { 0 };
	struct db *db = open_with(&plain);

	insert(db, 1, "x");
	db_close(db);
	ck_assert_int_eq(db_open(path, &o, &db, NULL, &err), -1);
	check_says(err, "cannot bring the ledger to version 2");
	db = open_with(&plain);
	ck_assert_int_eq(number(db, "PRAGMA user_version"), 1);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
	db_close(db);
}
END_TEST

START_TEST(read_only)
{
	struct db_options o = plain, later = { .migrations = second, .what = "ledger", .read_only = true };
	struct error err = { 0 };
	struct db_stmt *s;
	struct db *db;

	o.read_only = true;
	check_says(fail_with(&o), "there is no ledger");
	ck_assert(!path_exists(path));
	db = open_with(&plain);
	insert(db, 1, "x");
	db_close(db);
	db = open_with(&o);
	ck_assert_int_eq(number(db, count), 1);
	s = db_begin(db, "DELETE FROM t", &err);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), -1);
	check_says(err, "read-only");
	db_close(db);
	check_says(fail_with(&later), "is of version 1, this council reads 3");
}
END_TEST

/* Nobody but root may change who it is, and root may write everywhere. */
static bool become_nobody(void)
{
	return geteuid() != 0 || seteuid(65534) == 0;
}

START_TEST(a_read_only_folder)
{
	struct db_options reading = plain;
	CLEANUP_FREE char *dir = path_dirname(path);
	bool root = geteuid() == 0;
	struct db *db = open_with(&plain);

	reading.read_only = true;
	insert(db, 1, "x");
	db_close(db);
	ck_assert_int_eq(chmod(folder, 0755), 0);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(dir, 0555), 0);
	if (!become_nobody())
		return;
	check_says(fail_with(&plain), "read-only");
	db = open_with(&reading);
	ck_assert_int_eq(number(db, count), 1);
	db_close(db);
	snprintf(path, sizeof path, "%s/new/more/ledger.db", folder);
	check_says(fail_with(&plain), "Permission denied");
	if (root)
		ck_assert_int_eq(seteuid(0), 0);
	ck_assert_int_eq(chmod(dir, 0700), 0);
}
END_TEST

static int count_opened(void)
{
	struct db *db = NULL;
	struct error err = { 0 };
	struct db_options o = { .migrations = second, .what = "ledger" };

	if (db_open(path, &o, &db, NULL, &err) < 0) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	db_close(db);
	return 0;
}

START_TEST(many_make_it_at_once)
{
	pid_t pids[8];

	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0)
			_exit(count_opened());
	}
	for (int i = 0; i < 8; i++) {
		int status;

		ck_assert_int_eq(waitpid(pids[i], &status, 0), pids[i]);
		ck_assert_int_eq(status, 0);
	}
}
END_TEST

START_TEST(network_file_systems)
{
	ck_assert(db_is_network_type(0x6969));
	ck_assert(db_is_network_type(0xff534d42));
	/* as a signed long of 32 bits would have it */
	ck_assert(db_is_network_type(0xffffffffff534d42));
	ck_assert(!db_is_network_type(0xef53));
	ck_assert(!db_is_network_type(0x01021994));
}
END_TEST

struct row {
	int64_t id;
	bool fail_after, fail_silently;
	int *released;
};

static int write_row(struct db *db, void *ctx, struct error *err)
{
	const struct row *row = ctx;
	struct db_stmt *s = db_begin(db, "INSERT INTO t(id, v) VALUES(?, 'w')", err);

	if (!s)
		return -1;
	db_bind_i64(s, 1, row->id);
	db_step(s);
	if (db_done(s, err) < 0)
		return -1;
	if (row->fail_silently)
		return -1;
	return row->fail_after ? error_set(err, STATUS_USAGE, "row %d", (int)row->id) : 0;
}

static void release_row(void *ctx)
{
	struct row *row = ctx;

	(*row->released)++;
	free(row);
}

static int push(struct db_writer *w, struct row row)
{
	struct row *copy = malloc(sizeof *copy);

	*copy = row;
	return db_writer_push(w, write_row, copy, release_row, NULL);
}

START_TEST(the_writer_writes)
{
	struct db *db = open_with(&plain), *other = open_with(&plain);
	struct error err = { 0 };
	struct db_writer *w = db_writer_new(db, &err);
	int released = 0;

	ck_assert_ptr_nonnull(w);
	ck_assert_int_eq(db_writer_flush(w, &err), 0);
	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(push(w, (struct row){ .id = i, .released = &released }), 0);
	ck_assert_int_eq(db_writer_flush(w, &err), 0);
	ck_assert_int_eq(released, 10000);
	ck_assert_int_eq(number(other, count), 10000);
	ck_assert_int_eq(db_writer_free(w, &err), 0);
	ck_assert_int_eq(db_writer_free(NULL, &err), 0);
	db_close(db);
	db_close(other);
}
END_TEST

START_TEST(a_failing_closure_fails_alone)
{
	struct db *db = open_with(&plain);
	struct error err = { 0 };
	struct db_writer *w = db_writer_new(db, &err);
	int released = 0;

	/* held back, so that they come in one batch */
	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	for (int i = 0; i < 100; i++)
		push(w, (struct row){ .id = i, .fail_after = i == 30 || i == 60,
				      .released = &released });
	push(w, (struct row){ .id = 5, .released = &released });
	ck_assert_int_eq(db_transaction_end(db, true, &err), 0);
	ck_assert_int_eq(db_writer_flush(w, &err), -1);
	ck_assert_str_eq(err.message, "row 30");
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_int_eq(released, 101);
	ck_assert_int_eq(number(db, count), 98);
	ck_assert_int_eq(number(db, "SELECT count(*) FROM t WHERE id IN (30, 60)"), 0);
	/* told once */
	ck_assert_int_eq(db_writer_flush(w, &err), 0);
	push(w, (struct row){ .id = 1000, .fail_silently = true, .released = &released });
	ck_assert_int_eq(db_writer_free(w, &err), -1);
	check_says(err, "writing the ledger failed");
	ck_assert_int_eq(released, 102);
	db_close(db);
}
END_TEST

/* The third closure ends the whole transaction, as a full disk does. */
static int write_and_roll_back(struct db *db, void *ctx, struct error *err)
{
	struct db_stmt *s = db_begin(db, "INSERT OR ROLLBACK INTO t(id) VALUES(1)", err);

	if (!s)
		return -1;
	db_step(s);
	return db_done(s, err);
}

START_TEST(a_lost_transaction_is_written_again)
{
	struct db *db = open_with(&plain);
	struct error err = { 0 };
	struct db_writer *w = db_writer_new(db, &err);
	int released = 0;

	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	push(w, (struct row){ .id = 1, .released = &released });
	push(w, (struct row){ .id = 2, .released = &released });
	ck_assert_int_eq(db_writer_push(w, write_and_roll_back, NULL, NULL, &err), 0);
	push(w, (struct row){ .id = 3, .released = &released });
	ck_assert_int_eq(db_transaction_end(db, true, &err), 0);
	ck_assert_int_eq(db_writer_flush(w, &err), -1);
	check_says(err, "UNIQUE");
	ck_assert_int_eq(released, 3);
	ck_assert_int_eq(number(db, count), 3);
	ck_assert_int_eq(db_writer_free(w, &err), 0);
	db_close(db);
}
END_TEST

START_TEST(a_full_disk)
{
	struct db *db = open_with(&plain);
	struct error err = { 0 };
	struct db_writer *w;
	struct db_stmt *s;
	int released = 0;

	insert(db, 1, "x");
	/* no page more than there are */
	ck_assert_int_gt(number(db, "PRAGMA max_page_count = 1"), 0);
	s = db_begin(db, "INSERT INTO t(v) VALUES(hex(zeroblob(100000)))", &err);
	ck_assert(!db_step(s));
	ck_assert_int_eq(db_done(s, &err), -1);
	check_says(err, "the disk is full");
	w = db_writer_new(db, &err);
	ck_assert_int_eq(db_transaction_begin(db, &err), 0);
	for (int i = 0; i < 5000; i++) {
		if (i == 3000)
			ck_assert_int_eq(db_transaction_end(db, true, &err), 0);
		push(w, (struct row){ .id = i + 10, .released = &released });
	}
	ck_assert_int_eq(db_writer_free(w, &err), -1);
	check_says(err, "the disk is full");
	ck_assert_int_eq(released, 5000);
	ck_assert_int_gt(number(db, count), 1);
	ck_assert_int_lt(number(db, count), 5000);
	ck_assert_int_eq(number(db, "SELECT count(*) = max(id) - 8 FROM t"), 1);
	db_close(db);
}
END_TEST

static void *read_on(void *arg)
{
	struct db *db = arg;

	for (int i = 0; i < 300; i++) {
		struct db_stmt *s = db_begin(db, "SELECT count(*) FROM t", NULL);

		while (db_step(s))
			;
		if (db_done(s, NULL) < 0)
			return db;
	}
	return NULL;
}

START_TEST(threads_share_a_connection)
{
	struct db *db = open_with(&plain);
	struct db_writer *w = db_writer_new(db, NULL);
	int released = 0;
	pthread_t t[3];

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(pthread_create(&t[i], NULL, read_on, db), 0);
	for (int i = 0; i < 1000; i++)
		push(w, (struct row){ .id = i, .released = &released });
	for (int i = 0; i < 3; i++) {
		void *failed;

		pthread_join(t[i], &failed);
		ck_assert_ptr_null(failed);
	}
	ck_assert_int_eq(db_writer_free(w, NULL), 0);
	ck_assert_int_eq(number(db, count), 1000);
	db_close(db);
}
END_TEST

static TCase *opening(void)
{
	TCase *c = tcase_create("open");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, is_made_and_found_again);
	tcase_add_test(c, a_locked_database);
	tcase_add_test(c, a_newer_database);
	tcase_add_test(c, not_a_database);
	tcase_add_test(c, a_corrupt_database);
	tcase_add_test(c, another_programs_database);
	tcase_add_test(c, a_folder_in_its_place);
	tcase_add_test(c, migrates_after_a_backup);
	tcase_add_test(c, a_migration_that_fails_changes_nothing);
	tcase_add_test(c, read_only);
	tcase_add_test(c, a_read_only_folder);
	tcase_add_test(c, many_make_it_at_once);
	tcase_add_test(c, network_file_systems);
	return c;
}

static TCase *using(void)
{
	TCase *c = tcase_create("use");

	tcase_set_timeout(c, 60);
	tcase_add_checked_fixture(c, set_up, tear_down);
	tcase_add_test(c, values_come_back);
	tcase_add_test(c, failures_are_remembered);
	tcase_add_test(c, statements_nest);
	tcase_add_test(c, transactions);
	tcase_add_test(c, two_connections);
	tcase_add_test(c, the_writer_writes);
	tcase_add_test(c, a_failing_closure_fails_alone);
	tcase_add_test(c, a_lost_transaction_is_written_again);
	tcase_add_test(c, a_full_disk);
	tcase_add_test(c, threads_share_a_connection);
	return c;
}

Suite *suite_db(void)
{
	Suite *s = suite_create("db");

	suite_add_tcase(s, opening());
	suite_add_tcase(s, using());
	return s;
}
