/* micro.c: what single parts cost, each beside the least that could do the job.
 *
 *   micro SCRATCH TESTDATA
 *
 * SCRATCH is a folder to write in; TESTDATA holds outputs of test programs (one
 * harness a file). Rows: what, the figure, the least, how many times as much.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "db/db.h"
#include "ledger/ledger.h"
#include "repo/edit.h"
#include "run/gate.h"
#include "sandbox/sandbox.h"
#include "util/buf.h"
#include "util/clock.h"
#include "util/path.h"
#include "util/str.h"

enum {
	COMMANDS = 101,
	EDIT_RUNS = 21,
	EDIT_LINES = 30000, /* about 1 MB */
	EDIT_HUNKS = 100,
	PARSE_RUNS = 5,
	PARSE_BYTES = 16 << 20,
	CALLS = 20000,
};

static void die(const char *what, const struct error *err)
{
	fprintf(stderr, "micro: %s: %s\n", what, err ? err->message : "failed");
	exit(2);
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *v, size_t n)
{
	qsort(v, n, sizeof(*v), by_value);
	return v[n / 2];
}

static double since_us(int64_t began)
{
	int64_t us = clock_monotonic_us() - began;

	return us > 0 ? (double)us : 1;
}

/* times: how often the least goes into what was measured */
static void row(const char *what, const char *figure, const char *least, double times)
{
	printf("%-40s %16s   %-36s %8.2f times\n", what, figure, least, times);
	fflush(stdout);
}

/* -- a command under the helper, and a plain child ------------------------- */

static double command_us(bool off)
{
	struct sandbox_spec spec = { .off = off, .command = "true", .timeout_ms = 60000 };
	struct process_result r = { 0 };
	struct error err = { 0 };
	int64_t began = clock_monotonic_us();
	double us;

	if (sandbox_run(&spec, &r, &err) || r.exit_code != 0)
		die("sandbox", &err);
	us = since_us(began);
	process_result_release(&r);
	return us;
}

static void bench_sandbox(void)
{
	double with[COMMANDS], without[COMMANDS], a, b;
	char figure[64], least[64];

	for (size_t i = 0; i < COMMANDS; i++) {
		without[i] = command_us(true);
		with[i] = command_us(false);
	}
	a = median(with, COMMANDS);
	b = median(without, COMMANDS);
	snprintf(figure, sizeof(figure), "%.2f ms", a / 1000);
	snprintf(least, sizeof(least), "plain sh -c: %.2f ms", b / 1000);
	row("a command in the sandbox", figure, least, a / b);
}

/* -- edits to a file of 1 MB ------------------------------------------------- */

static void make_file(const char *path)
{
	CLEANUP_BUF struct buf b = BUF_INIT(4 << 20);
	struct error err = { 0 };

	for (int i = 0; i < EDIT_LINES; i++)
		buf_addf(&b, "\tvalue_%06d = compute(%d);\n", i, i % 97);
	if (buf_check(&b, "file", &err) || path_write_atomic(path, b.data, b.len, 0644, false, &err))
		die(path, &err);
}

/* Blocks that turn compute into `to`, or back; `space` puts white space at the
 * end of the old lines, so that they match only when it is not looked at. */
static char *make_answer(const char *from, const char *to, const char *space)
{
	struct buf b = BUF_INIT(4 << 20);

	buf_adds(&b, "big.c\n```\n");
	for (int i = 0; i < EDIT_HUNKS; i++) {
		int at = i * (EDIT_LINES / EDIT_HUNKS);

		buf_addf(&b, "<<<<<<< SEARCH\n\tvalue_%06d = %s(%d);%s\n=======\n"
			 "\tvalue_%06d = %s(%d);\n>>>>>>> REPLACE\n",
			 at, from, at % 97, space, at, to, at % 97);
	}
	buf_adds(&b, "```\n");
	return buf_steal(&b, NULL);
}

static double edit_us(const char *answer, int root_fd)
{
	struct edit_options o = { .root_fd = root_fd };
	struct edit_list list = { 0 };
	struct edit_report report = { 0 };
	struct error err = { 0 };
	int64_t began = clock_monotonic_us();
	double us;

	if (edit_parse(answer, strlen(answer), &list, &err) ||
	    edit_apply(&list, &o, &report, &err) || !report.applied)
		die("edit", &err);
	us = since_us(began);
	edit_report_release(&report);
	edit_list_release(&list);
	return us;
}

/* Reads the file and writes it anew, atomically: what any edit does at least. */
static double rewrite_us(const char *path)
{
	CLEANUP_BUF struct buf b = BUF_INIT(4 << 20);
	struct error err = { 0 };
	int64_t began = clock_monotonic_us();

	if (buf_read_file(&b, path, &err) ||
	    path_write_atomic(path, b.data, b.len, 0644, false, &err))
		die(path, &err);
	return since_us(began);
}

static void bench_edit(const char *dir, const char *what, const char *space)
{
	CLEANUP_FREE char *path = path_join(dir, "big.c");
	CLEANUP_FREE char *there = make_answer("compute", "computed", space);
	CLEANUP_FREE char *back = make_answer("computed", "compute", space);
	double edit[EDIT_RUNS], plain[EDIT_RUNS], a, b;
	char figure[64], least[64];
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (!path || !there || !back || fd < 0)
		die(dir, NULL);
	make_file(path);
	for (size_t i = 0; i < EDIT_RUNS; i++) {
		plain[i] = rewrite_us(path);
		edit[i] = edit_us(i % 2 ? back : there, fd);
	}
	close(fd);
	a = median(edit, EDIT_RUNS);
	b = median(plain, EDIT_RUNS);
	snprintf(figure, sizeof(figure), "%.1f ms", a / 1000);
	snprintf(least, sizeof(least), "read and write it: %.1f ms", b / 1000);
	row(what, figure, least, a / b);
}

/* -- test output --------------------------------------------------------------- */

/* Real output of many harnesses, over and over. */
static char *test_output(const char *dir, size_t *ret_len)
{
	struct buf all = BUF_INIT(PARSE_BYTES);
	CLEANUP_BUF struct buf one = BUF_INIT(1 << 20);
	DIR *d = opendir(dir);
	struct error err = { 0 };

	if (!d)
		die(dir, NULL);
	for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
		CLEANUP_FREE char *path = path_join(dir, e->d_name);

		if (e->d_name[0] == '.')
			continue;
		if (!path || buf_read_file(&one, path, &err))
			die(dir, &err);
	}
	closedir(d);
	while (one.len && buf_add(&all, one.data, one.len) == 0)
		;
	return buf_steal(&all, ret_len);
}

static double lines_us(const char *text, size_t len)
{
	int64_t began = clock_monotonic_us();
	volatile size_t lines = 0;

	for (const char *p = text; (p = memchr(p, '\n', len - (size_t)(p - text))); p++)
		lines++;
	return since_us(began);
}

static void bench_parse(const char *dir)
{
	size_t len;
	CLEANUP_FREE char *text = test_output(dir, &len);
	double parse[PARSE_RUNS], plain[PARSE_RUNS], a, b;
	char figure[64], least[64];

	if (!text || !len)
		die(dir, NULL);
	for (size_t i = 0; i < PARSE_RUNS; i++) {
		struct test_set set = { 0 };
		struct error err = { 0 };
		int64_t began = clock_monotonic_us();

		if (test_parse(text, len, &set, &err))
			die("test_parse", &err);
		parse[i] = since_us(began);
		test_set_release(&set);
		plain[i] = lines_us(text, len);
	}
	a = median(parse, PARSE_RUNS);
	b = median(plain, PARSE_RUNS);
	snprintf(figure, sizeof(figure), "%.0f MB/s", (double)len / a);
	snprintf(least, sizeof(least), "only finding its lines: %.0f MB/s", (double)len / b);
	row("test output, names and results", figure, least, a / b);
}

/* -- the ledger -------------------------------------------------------------------- */

static double ledger_us(const char *dir)
{
	CLEANUP_FREE char *path = path_join(dir, "ledger.db");
	struct ulid run = ulid_new();
	struct ledger_run r = { .id = run.s, .task = "bench", .repository = "/", .budget_nano = -1,
				.started_us = clock_now_us() };
	struct ledger_call c = {
		.run = run.s, .persona = "builder", .provider = "openai", .deployment = "d",
		.model_asked = "m", .model_answered = "m", .attempt = 1, .http_attempts = 1,
		.usage = { .input = 1000, .output = 100 }, .cost_known = true, .cost_nano = 12345,
		.raw_usage = "{\"prompt_tokens\":1000,\"completion_tokens\":100}",
		.cache = "off", .outcome = "ok",
	};
	struct ledger *l = NULL;
	struct error err = { 0 };
	int64_t began;
	double us;

	if (ledger_open(path, false, &l, NULL, &err) || ledger_run_started(l, &r, &err))
		die("ledger", &err);
	began = clock_monotonic_us();
	for (int i = 0; i < CALLS; i++) {
		c.id = ulid_new();
		c.started_us = clock_now_us();
		if (ledger_call(l, &c, &err))
			die("ledger_call", &err);
	}
	if (ledger_flush(l, &err))
		die("ledger_flush", &err);
	us = since_us(began);
	if (ledger_close(l, &err))
		die("ledger_close", &err);
	return us;
}

/* A key and one text, in one transaction. */
static double rows_us(const char *dir)
{
	static const struct db_migration steps[] = {
		{ 1, "CREATE TABLE t (id TEXT PRIMARY KEY, v TEXT) STRICT" }, { 0, NULL },
	};
	static const struct db_options options = { .migrations = steps, .what = "bench" };
	CLEANUP_FREE char *path = path_join(dir, "plain.db");
	struct db *db = NULL;
	struct error err = { 0 };
	int64_t began;
	double us;

	if (db_open(path, &options, &db, NULL, &err))
		die("db", &err);
	began = clock_monotonic_us();
	if (db_transaction_begin(db, &err))
		die("db", &err);
	for (int i = 0; i < CALLS; i++) {
		struct ulid id = ulid_new();
		struct db_stmt *s = db_begin(db, "INSERT INTO t VALUES (?, ?)", &err);

		if (!s)
			die("db", &err);
		db_bind_text(s, 1, id.s);
		db_bind_text(s, 2, "{\"prompt_tokens\":1000,\"completion_tokens\":100}");
		while (db_step(s))
			;
		if (db_done(s, &err))
			die("db", &err);
	}
	if (db_transaction_end(db, true, &err))
		die("db", &err);
	us = since_us(began);
	db_close(db);
	return us;
}

static void bench_ledger(const char *dir)
{
	char figure[64], least[64];
	double b = rows_us(dir), a = ledger_us(dir);

	snprintf(figure, sizeof(figure), "%.0f calls/s", CALLS * 1e6 / a);
	snprintf(least, sizeof(least), "rows of two columns: %.0f/s", CALLS * 1e6 / b);
	row("calls recorded in the ledger", figure, least, a / b);
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fprintf(stderr, "usage: micro SCRATCH TESTDATA\n");
		return 2;
	}
	bench_sandbox();
	bench_edit(argv[1], "100 edits to a file of 1 MB, exact", "");
	bench_edit(argv[1], "the same, white space differs", "  ");
	bench_parse(argv[2]);
	bench_ledger(argv[1]);
	return 0;
}
