/* test_ledger.c: rows of runs, calls, events and money, in a real file. */
#include <check.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "db/db.h"
#include "ledger/ledger.h"
#include "ledger/ledger_private.h"
#include "suites.h"
#include "util/path.h"
#include "util/str.h"

static char folder[64], path[128];
static struct ledger *l;
static struct error err;

static void open_ledger(void)
{
	err = (struct error){ 0 };
	ck_assert_msg(ledger_open(path, false, &l, NULL, &err) == 0, "%s", err.message);
}

static void reopen(void)
{
	ck_assert_msg(ledger_close(l, &err) == 0, "%s", err.message);
	open_ledger();
}

static void setup(void)
{
	strcpy(folder, "/tmp/ledger-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/sub/ledger.db", folder);
	open_ledger();
}

static void teardown(void)
{
	ledger_close(l, NULL);
	path_remove_tree(folder, NULL);
}

static struct ulid start(const char *task, const char *repository, int64_t budget)
{
	static const char *const tags[] = { "team=core", "team=core", "plain", NULL };
	struct ulid id = ulid_new();
	struct ledger_run r = { .id = id.s, .task = task, .repository = repository, .base = "abc",
				.branch = "council/x", .started_us = 1000, .budget_nano = budget,
				.argv_json = "{\"a\":1}", .tags = tags };

	ck_assert_msg(ledger_run_started(l, &r, &err) == 0, "%s", err.message);
	return id;
}

static void end(const struct ulid *id, enum status status)
{
	struct result r = { .run = *id, .status = status, .proof = PROOF_RED_GREEN };

	r.summary = str_dup("mended it");
	r.task = str_dup("task");
	r.head = str_dup("def");
	ck_assert_msg(ledger_run_ended(l, &r, &err) == 0, "%s", err.message);
	result_release(&r);
}

static struct ledger_call a_call(const struct ulid *run, const char *persona, int64_t cost)
{
	return (struct ledger_call){
		.id = ulid_new(),
		.run = run->s,
		.persona = persona,
		.provider = "openai",
		.deployment = "builder",
		.model_asked = "gpt-4o",
		.model_answered = "gpt-4o-2024-08-06",
		.attempt = 1,
		.http_attempts = 1,
		.started_us = 1763683200000000,
		.latency_us = 5000,
		.first_token_us = 100,
		.usage = { .input = 100, .cache_read = 10, .output = 20 },
		.raw_usage = "{\"prompt_tokens\":110,\"x\":\"a#1\\\"2\",\"n\":null,\"d\":[-1.5e3]}",
		.cost_known = cost >= 0,
		.cost_nano = cost < 0 ? 0 : cost,
		.cache = "off",
		.outcome = "ok",
		.price_hash = sha256_of("p", 1),
	};
}

static int64_t number(const char *sql)
{
	struct db_stmt *s = db_begin(ledger_db(l), sql, &err);
	int64_t v = -99;

	ck_assert_msg(s != NULL, "%s", err.message);
	if (db_step(s))
		v = db_is_null(s, 0) ? -1 : db_i64(s, 0);
	ck_assert_msg(db_done(s, &err) == 0, "%s: %s", sql, err.message);
	return v;
}

static bool forbidden(const char *sql)
{
	struct error e = { 0 };
	struct db_stmt *s = db_begin(ledger_db(l), sql, &e);

	ck_assert_msg(s != NULL, "%s", e.message);
	while (db_step(s))
		;
	return db_done(s, &e) < 0;
}

START_TEST(a_run_from_start_to_undo)
{
	struct ulid id = start("mend it", "/r", 1000), found;
	struct ledger_run_row row = { 0 };
	struct stat st;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "running");
	ck_assert_int_eq(row.status, -1);
	ck_assert_ptr_null(row.result_json);
	ck_assert_str_eq(row.argv_json, "{\"a\":1}");
	ck_assert_ptr_null(row.parent);
	ledger_run_row_release(&row);

	end(&id, STATUS_DONE);
	end(&id, STATUS_GATE); /* a second end of the same process is not written */
	reopen();
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "ended");
	ck_assert_int_eq(row.status, STATUS_DONE);
	ck_assert_str_eq(row.head, "def");
	ck_assert_ptr_nonnull(strstr(row.result_json, "mended it"));
	ck_assert_int_gt(row.ended_us, 1000);
	ledger_run_row_release(&row);

	ck_assert_int_eq(ledger_set_applied(l, id.s, "main", "a", "b", false, &err), 0);
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "applied");
	ck_assert_str_eq(row.applied_ref, "main");
	ck_assert_str_eq(row.applied_to, "b");
	ledger_run_row_release(&row);
	ck_assert_int_eq(ledger_set_applied(l, id.s, "main", "a", "b", true, &err), 0);
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "undone");
	ledger_run_row_release(&row);
	ck_assert_int_eq(ledger_find_run(l, "last", "/r", &found, &err), 0);
	ck_assert_str_eq(found.s, id.s);
}
END_TEST

START_TEST(a_killed_run_is_interrupted)
{
	struct ledger_run_row row = { 0 };
	struct ulid id = ulid_new();
	pid_t pid;
	int status;

	ledger_close(l, NULL);
	pid = fork();
	if (pid == 0) {
		struct ledger_run r = {
			.id = id.s, .task = "t", .repository = "/r", .budget_nano = 100
		};

		if (ledger_open(path, false, &l, NULL, NULL) == 0 &&
		    ledger_run_started(l, &r, NULL) == 0 &&
		    ledger_reserve(l, id.s, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 60, 100, NULL) == 0)
			raise(SIGKILL);
		_exit(1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	open_ledger();
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "interrupted");
	ck_assert_int_eq(row.status, -1);
	ledger_run_row_release(&row);

	/* resumed here: what was asked for stays, what was in flight is unknown and counts */
	struct ledger_run again = { .id = id.s, .task = "another", .budget_nano = 100 };
	int64_t spent = 0;

	ck_assert_int_eq(ledger_run_started(l, &again, &err), 0);
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "running");
	ck_assert_str_eq(row.task, "t");
	ledger_run_row_release(&row);
	ck_assert_int_eq(number("SELECT count(*) FROM reservation WHERE state = 'unknown'"), 1);
	ck_assert_int_eq(ledger_spent(l, id.s, &spent, &err), 0);
	ck_assert_int_eq(spent, 60);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c2", 41, 100, &err), -1);
	ck_assert_int_eq(err.code, STATUS_BUDGET);
	end(&id, STATUS_DONE);
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.state, "ended");
	ledger_run_row_release(&row);
	ck_assert_int_eq(number("SELECT count(*) FROM process"), 2);
}
END_TEST

START_TEST(an_end_by_another_process)
{
	struct ulid id = start("t", "/r", -1);
	struct ledger_run_row row = { 0 };
	int status;
	pid_t pid;

	end(&id, STATUS_INTERRUPTED);
	ledger_close(l, NULL);
	pid = fork();
	if (pid == 0) {
		open_ledger();
		end(&id, STATUS_DONE);
		_exit(ledger_close(l, NULL) == 0 ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	open_ledger();
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_int_eq(row.status, STATUS_DONE);
	ledger_run_row_release(&row);
	ck_assert_int_eq(number("SELECT count(*) FROM run_end"), 2);
}
END_TEST

START_TEST(owners)
{
	struct owner me = owner_self(), o = me;

	ck_assert(owner_alive(&me));
	o.pid_started++; /* the pid was given to another process */
	ck_assert(!owner_alive(&o));
	o = me;
	strcpy(o.boot, "another");
	ck_assert(!owner_alive(&o));
	strcpy(o.host, "elsewhere"); /* cannot be looked at from here */
	ck_assert(owner_alive(&o));
}
END_TEST

START_TEST(calls_are_counted_once)
{
	struct ulid id = start("t", "/r", -1);
	struct ledger_call c = a_call(&id, "builder", 123456789);
	struct persona_usage u[4];
	CLEANUP_FREE char *raw = NULL;
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(ledger_call(l, &c, &err), 0);
	struct ledger_call unknown = a_call(&id, "guardian", -1),
			   second = a_call(&id, "builder", 1);

	second.model_answered = "last-one";
	second.raw_usage = "not json # at all 12";
	unknown.usage.estimated = true;
	ck_assert_int_eq(ledger_call(l, &unknown, &err), 0);
	ck_assert_int_eq(ledger_call(l, &second, &err), 0);
	ck_assert_msg(ledger_flush(l, &err) == 0, "%s", err.message);
	ck_assert_int_eq(number("SELECT count(*) FROM call"), 3);
	ck_assert_int_eq(number("SELECT sum(cost_nano) FROM call"), 123456790);
	ck_assert_int_eq(ledger_run_usage(l, id.s, u, 4, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(u[0].persona, "builder");
	ck_assert_str_eq(u[0].model, "last-one");
	ck_assert_int_eq(u[0].calls, 2);
	ck_assert_int_eq(u[0].input, 200);
	ck_assert_int_eq(u[0].cost_nano, 123456790);
	ck_assert_int_eq(u[0].unknown_cost_calls, 0);
	ck_assert_int_eq(u[1].unknown_cost_calls, 1);
	ck_assert_int_eq(u[1].cost_nano, 0);
	ck_assert(u[1].estimated);
	for (size_t i = 0; i < n; i++)
		free(u[i].model);
	ck_assert_int_eq(ledger_raw_usage(l, c.id.s, &raw, &err), 0);
	ck_assert_str_eq(raw, c.raw_usage);
	ck_assert_int_eq(number("SELECT count(*) FROM call WHERE request_hash IS NULL AND "
				"length(price_hash) = 32"),
			 3);
	ck_assert_int_eq(number("SELECT count(*) FROM call_cost WHERE day = '2025-11-21'"), 3);
}
END_TEST

START_TEST(usage_shapes)
{
	static const char *const texts[] = {
		"{}", "{\"a\":1}", "{\"a\":-1.5e-3,\"b\":[1,2,{\"c\":\"# 12 \\\" #\"}],\"t\":true}",
		"12", "\"open",	   "{\"a\":null,\"e\":false}",
	};

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		CLEANUP_BUF struct buf shape = BUF_INIT(999), numbers = BUF_INIT(999),
				       back = BUF_INIT(999);

		ck_assert_int_eq(usage_split(texts[i], &shape, &numbers), 0);
		ck_assert_int_eq(usage_join(buf_str(&shape), buf_str(&numbers), &back), 0);
		ck_assert_str_eq(buf_str(&back), texts[i]);
	}
	CLEANUP_BUF struct buf out = BUF_INIT(99);

	ck_assert_int_eq(usage_join("{#,#}", "1", &out), -1);
	ck_assert_int_eq(usage_join("{#}", "1,2", &out), -1);
}
END_TEST

START_TEST(what_happened_stays)
{
	struct ulid id = start("t", "/r", -1);
	struct ledger_call c = a_call(&id, "builder", 5);

	ck_assert_int_eq(ledger_call(l, &c, &err), 0);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c", 5, -1, &err), 0);
	ck_assert_int_eq(ledger_settle(l, "c", 4, "settled", &err), 0);
	end(&id, STATUS_DONE);
	ck_assert(forbidden("UPDATE call SET cost_nano = 0"));
	ck_assert(forbidden("DELETE FROM call"));
	ck_assert(forbidden("UPDATE run SET task = 'x'"));
	ck_assert(forbidden("DELETE FROM run_end"));
	ck_assert(forbidden("UPDATE run_end SET status = 0"));
	ck_assert(forbidden("DELETE FROM reservation"));
	ck_assert(forbidden("UPDATE reservation SET state = 'held'"));
	ck_assert(forbidden("UPDATE reservation SET actual_nano = 0"));
	ck_assert(forbidden("DELETE FROM tag"));
	ck_assert_int_eq(number("SELECT cost_nano FROM call"), 5);
	ck_assert_int_eq(number("SELECT count(*) FROM tag"), 2);
}
END_TEST

START_TEST(money_is_reserved_and_settled)
{
	struct ulid id = start("t", "/r", 100);
	struct error e = { 0 };

	ck_assert_int_eq(ledger_reserve(l, id.s, "c1", 60, 100, &err), 0);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c2", 41, 100, &e), -1);
	ck_assert_int_eq(e.code, STATUS_BUDGET);
	ck_assert_ptr_nonnull(strstr(e.message, "--budget"));
	ck_assert_int_eq(ledger_reserve(l, id.s, "c2", 40, 100, &err), 0);
	ck_assert_int_eq(ledger_settle(l, "c1", 10, "settled", &err), 0);
	ck_assert_int_eq(ledger_settle(l, "c1", 99, "settled", &err), 0); /* once is enough */
	ck_assert_int_eq(ledger_settle(l, "c2", 0, "released", &err), 0);
	ck_assert_int_eq(number("SELECT held_nano FROM budget"), 0);
	ck_assert_int_eq(number("SELECT spent_nano FROM budget"), 10);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c3", 90, 100, &err), 0);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c4", 1, 100, &e), -1);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c4", INT64_MAX, INT64_MAX, &e), -1);
	ck_assert_int_eq(ledger_reserve(l, id.s, "c4", 1000, -1, &err), 0); /* no cap: recorded */
	ck_assert_int_eq(ledger_reserve(l, id.s, "c5", -1, -1, &e), -1);
	ck_assert_int_eq(ledger_settle(l, "never", 1, "settled", &e), -1);
	ck_assert_int_eq(ledger_settle(l, "c3", 0, "unknown", &err), 0); /* counted in full … */
	ck_assert_int_eq(number("SELECT spent_nano FROM budget"), 100);
	ck_assert_int_eq(ledger_settle(l, "c3", 7, "settled", &err), 0); /* … until it is known */
	ck_assert_int_eq(number("SELECT spent_nano FROM budget"), 17);
}
END_TEST

/* One of two processes: reserves 7 at a time until the cap refuses it. */
static int take_all(const char *run, int who)
{
	struct ledger *mine = NULL;
	int n = 0;

	if (ledger_open(path, false, &mine, NULL, NULL) < 0)
		return 255;
	for (;;) {
		struct error e = { 0 };
		char call[16];

		snprintf(call, sizeof call, "%d-%d", who, n);
		if (ledger_reserve(mine, run, call, 7, 1000, &e) < 0) {
			ledger_close(mine, NULL);
			return e.code == STATUS_BUDGET ? n : 254;
		}
		if (n++ % 2)
			ledger_settle(mine, call, 7, "settled", NULL);
	}
}

START_TEST(two_processes_one_cap)
{
	struct ulid id = start("t", "/r", 1000);
	pid_t pid[2];
	int total = 0;

	ledger_close(l, NULL);
	for (int i = 0; i < 2; i++) {
		pid[i] = fork();
		if (pid[i] == 0)
			_exit(take_all(id.s, i));
	}
	for (int i = 0; i < 2; i++) {
		int status;

		ck_assert_int_eq(waitpid(pid[i], &status, 0), pid[i]);
		ck_assert(WIFEXITED(status));
		ck_assert_int_lt(WEXITSTATUS(status), 254);
		total += WEXITSTATUS(status);
	}
	open_ledger();
	ck_assert_int_eq(total, 142); /* 142 × 7 = 994: one more would pass 1000 */
	ck_assert_int_eq(number("SELECT held_nano + spent_nano FROM budget"), 994);
}
END_TEST

START_TEST(finding_a_run)
{
	struct ulid a = start("one", "/a", -1), b = start("two", "/b", -1), found;
	char text[32], near[9];
	struct error e = { 0 };

	ck_assert_int_eq(ledger_find_run(l, a.s, NULL, &found, &err), 0);
	ck_assert_str_eq(found.s, a.s);
	snprintf(text, sizeof text, "%s", ulid_short(b.s));
	for (char *p = text; *p; p++)
		*p = *p >= 'A' && *p <= 'Z' ? (char)(*p + 32) : *p;
	ck_assert_int_eq(ledger_find_run(l, text, NULL, &found, &err), 0);
	ck_assert_str_eq(found.s, b.s);
	ck_assert_int_eq(ledger_find_run(l, "last", NULL, &found, &err), 0);
	ck_assert_str_eq(found.s, b.s);
	ck_assert_int_eq(ledger_find_run(l, "last", "/a", &found, &err), 0);
	ck_assert_str_eq(found.s, a.s);
	ck_assert_int_eq(ledger_find_run(l, "last", "/c", &found, &e), -1);
	ck_assert_int_eq(e.code, STATUS_USAGE);
	ck_assert_int_eq(ledger_find_run(l, "abc", NULL, &found, &e), -1);
	ck_assert_int_eq(ledger_find_run(l, "%%%%", NULL, &found, &e), -1);
	snprintf(near, sizeof near, "%s", ulid_short(a.s));
	near[3] = near[3] == 'X' ? 'Y' : 'X';
	ck_assert_int_eq(ledger_find_run(l, near, NULL, &found, &e), -1);
	ck_assert_msg(strstr(e.message, ulid_short(a.s)) != NULL, "%s", e.message);
}
END_TEST

START_TEST(an_ambiguous_run)
{
	static const char *const ids[] = { "01ARZ3NDEKTSV4RRFFQ69G5FAV",
					   "01BRZ3NDEKTSV4RRFFQ69G5FAV" };
	struct ulid found;
	struct error e = { 0 };

	for (int i = 0; i < 2; i++) {
		struct ledger_run r = { .id = ids[i], .task = "t", .budget_nano = -1 };

		ck_assert_int_eq(ledger_run_started(l, &r, &err), 0);
	}
	ck_assert_int_eq(ledger_find_run(l, "9G5FAV", NULL, &found, &e), -1);
	ck_assert_ptr_nonnull(strstr(e.message, "any of 2 runs"));
	ck_assert_int_eq(ledger_find_run(l, "69G5FAV", NULL, &found, &e), -1);
	ck_assert_int_eq(ledger_find_run(l, ids[1], NULL, &found, &err), 0);
	ck_assert_str_eq(found.s, ids[1]);
}
END_TEST

START_TEST(listing_runs)
{
	struct ledger_run_row *rows = NULL;
	struct ulid ids[5];
	size_t n = 0;

	for (int i = 0; i < 5; i++)
		ids[i] = start("t", i == 2 ? "/other" : "/r", -1);
	struct ledger_call c = a_call(&ids[4], "pacer", 77), u = a_call(&ids[4], "pacer", -1);

	ledger_call(l, &c, NULL);
	ledger_call(l, &u, NULL);
	ck_assert_int_eq(ledger_flush(l, &err), 0);
	ck_assert_int_eq(ledger_list_runs(l, "/r", 3, &rows, &n, &err), 0);
	ck_assert_uint_eq(n, 3);
	ck_assert_str_eq(rows[0].id.s, ids[4].s);
	ck_assert_int_eq(rows[0].cost_nano, 77);
	ck_assert_int_eq(rows[0].unknown_cost_calls, 1);
	ck_assert_str_eq(rows[2].id.s, ids[1].s);
	for (size_t i = 0; i < n; i++)
		ledger_run_row_release(&rows[i]);
	free(rows);
	ck_assert_int_eq(ledger_list_runs(l, NULL, 100, &rows, &n, &err), 0);
	ck_assert_uint_eq(n, 5);
	for (size_t i = 0; i < n; i++)
		ledger_run_row_release(&rows[i]);
	free(rows);
}
END_TEST

static void emit(struct event_bus *bus, enum event_type type, const char *stage, const char *data)
{
	json *j = json_parse(data, strlen(data), &err);

	ck_assert_msg(j != NULL, "%s", err.message);
	event_emit(bus, type, stage, j);
}

START_TEST(events_become_rows)
{
	struct ulid id = start("t", "/r", -1), stage = ulid_new();
	struct event_bus *bus = event_bus_new(id.s, &err);

	ck_assert_int_eq(event_bus_add(bus, &ledger_sink, l, &err), 0);
	emit(bus, EVENT_RUN_STARTED, NULL, "{\"task\":\"t\"}");
	emit(bus, EVENT_STAGE_STARTED, stage.s,
	     "{\"stage\":\"build\",\"persona\":\"builder\",\"step\":2}");
	ledger_flush(l, &err);
	ck_assert_int_eq(number("SELECT ended_us FROM stage"), -1); /* under way */
	emit(bus, EVENT_CALL_STARTED, stage.s, "{}");
	emit(bus, EVENT_CALL_DELTA, stage.s, "{\"text\":\"x\"}");
	emit(bus, EVENT_CALL_COMPLETED, stage.s, "{}");
	emit(bus, EVENT_EDIT_APPLIED, stage.s,
	     "{\"path\":\"a.c\",\"kind\":\"modify\",\"match\":\"exact\"}");
	emit(bus, EVENT_EDIT_REJECTED, stage.s, "{\"path\":\"b.c\",\"reason\":\"outside\"}");
	emit(bus, EVENT_GATE_COMPLETED, stage.s,
	     "{\"gate\":\"step\",\"green\":false,\"passed\":3,\"failed\":1,"
	     "\"newly_failing\":[\"t1\",\"t1\",7],\"fixed\":[\"t2\"]}");
	emit(bus, EVENT_FINDING, stage.s,
	     "{\"severity\":\"high\",\"file\":\"a.c\",\"line\":12,\"cwe\":null,\"title\":\"x\"}");
	emit(bus, EVENT_BUDGET_WARNING, NULL,
	     "{\"percent\":50,\"spent_usd\":0.000000123,\"cap_usd\":1}");
	emit(bus, EVENT_STAGE_COMPLETED, stage.s, "{\"outcome\":\"ok\",\"summary\":\"done\"}");
	emit(bus, EVENT_RUN_COMPLETED, NULL, "{\"task\":\"a large result\"}");
	event_bus_free(bus);
	ck_assert_msg(ledger_flush(l, &err) == 0, "%s", err.message);
	ck_assert_int_eq(number("SELECT count(*) FROM stage WHERE kind = 'build' AND step = 2 AND "
				"outcome = 'ok'"),
			 1);
	ck_assert_int_eq(number("SELECT count(*) FROM edit WHERE applied = 1 AND match = 'exact'"),
			 1);
	ck_assert_int_eq(
		number("SELECT count(*) FROM edit WHERE applied = 0 AND reason = 'outside'"), 1);
	ck_assert_int_eq(number("SELECT green FROM gate WHERE passed = 3 AND failed = 1"), 0);
	ck_assert_int_eq(number("SELECT count(*) FROM test"), 2);
	ck_assert_int_eq(number("SELECT line FROM finding WHERE cwe IS NULL"), 12);
	ck_assert_int_eq(number("SELECT spent_nano FROM alert"), 123);
	ck_assert_int_eq(number("SELECT cap_nano FROM alert"), 1000000000);
	ck_assert_int_eq(number("SELECT count(*) FROM event"), 9);
	ck_assert_int_eq(
		number("SELECT count(*) FROM event WHERE type = 'run.completed' AND data IS NULL"),
		1);
	ck_assert(forbidden("UPDATE stage SET outcome = 'failed', ended_us = 5"));
}
END_TEST

static int count_event(void *ctx, const struct event *e)
{
	int *n = ctx;

	(*n)++;
	ck_assert(e->type == EVENT_RUN_STARTED || e->type == EVENT_RUN_FAILED);
	if (e->type == EVENT_RUN_FAILED)
		ck_assert_str_eq(json_get_string(e->data, "summary"), "mended it");
	else
		ck_assert_str_eq(json_get_string(e->data, "task"), "t");
	ck_assert_uint_eq(e->seq, (uint64_t)*n);
	return 0;
}

START_TEST(reading_calls_and_events)
{
	struct ulid id = start("t", "/r", -1);
	struct event_bus *bus = event_bus_new(id.s, &err);
	struct ledger_call a = a_call(&id, "pacer", 5), b = a_call(&id, NULL, -1);
	struct ledger_call_row *rows = NULL;
	struct ledger_run_row row = { 0 };
	size_t n = 0;
	int events = 0;

	b.outcome = "error";
	b.error = "the endpoint closed";
	b.model_answered = NULL;
	ck_assert_int_eq(event_bus_add(bus, &ledger_sink, l, &err), 0);
	emit(bus, EVENT_RUN_STARTED, NULL, "{\"task\":\"t\"}");
	ledger_call(l, &a, &err);
	ledger_call(l, &b, &err);
	end(&id, STATUS_GATE);
	emit(bus, EVENT_RUN_FAILED, NULL, "{\"summary\":\"mended it\"}");
	event_bus_free(bus);
	ck_assert_int_eq(ledger_list_calls(l, id.s, &rows, &n, &err), 0);
	ck_assert_uint_eq(n, 2);
	ck_assert_str_eq(rows[0].persona, "pacer");
	ck_assert(rows[0].cost_known);
	ck_assert_int_eq(rows[0].usage.cache_read, 10);
	ck_assert_ptr_null(rows[1].persona);
	ck_assert_str_eq(rows[1].model, "gpt-4o"); /* what was asked, where none answered */
	ck_assert_str_eq(rows[1].error, "the endpoint closed");
	ck_assert(!rows[1].cost_known);
	ledger_call_rows_free(rows, n);
	ck_assert_msg(ledger_each_event(l, id.s, count_event, &events, &err) == 0, "%s",
		      err.message);
	ck_assert_int_eq(events, 2);
	ck_assert_int_eq(ledger_get_run(l, id.s, &row, &err), 0);
	ck_assert_str_eq(row.proof, "red-green");
	ledger_run_row_release(&row);
}
END_TEST

START_TEST(reading_only)
{
	struct ulid id = start("t", "/r", -1);
	struct ledger *reader = NULL;
	struct ledger_run_row row = { 0 };
	struct ledger_call c = a_call(&id, "builder", 5);
	struct error e = { 0 };
	char other[128];

	ck_assert_msg(ledger_open(path, true, &reader, NULL, &err) == 0, "%s", err.message);
	ck_assert_int_eq(ledger_get_run(reader, id.s, &row, &err), 0);
	ledger_run_row_release(&row);
	ck_assert_int_eq(ledger_call(reader, &c, &e), -1);
	ck_assert_int_eq(ledger_set_applied(reader, id.s, "r", "a", "b", false, &e), -1);
	ck_assert_int_eq(ledger_reserve(reader, id.s, "c", 1, -1, &e), -1);
	ck_assert_int_eq(ledger_close(reader, &err), 0);
	/* one that is not there yet is an empty one */
	snprintf(other, sizeof other, "%s/none/new.db", folder);
	ck_assert_msg(ledger_open(other, true, &reader, NULL, &err) == 0, "%s", err.message);
	ck_assert_int_eq(ledger_get_run(reader, id.s, &row, &e), -1);
	ck_assert_int_eq(e.code, STATUS_USAGE);
	ck_assert_int_eq(ledger_close(reader, &err), 0);
}
END_TEST

START_TEST(a_file_that_is_no_ledger)
{
	struct ledger *bad = NULL;
	struct error e = { 0 };
	char other[128];

	snprintf(other, sizeof other, "%s/text", folder);
	ck_assert_int_eq(path_write_atomic(other,
					   "this is no database at all, but long enough to look",
					   50, 0600, false, NULL),
			 0);
	ck_assert_int_eq(ledger_open(other, false, &bad, NULL, &e), -1);
	ck_assert_int_eq(e.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(e.message, other));
	ck_assert_ptr_null(bad);
}
END_TEST

Suite *suite_ledger(void)
{
	Suite *s = suite_create("ledger");
	TCase *c = tcase_create("ledger");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 60);
	tcase_add_test(c, a_run_from_start_to_undo);
	tcase_add_test(c, a_killed_run_is_interrupted);
	tcase_add_test(c, an_end_by_another_process);
	tcase_add_test(c, owners);
	tcase_add_test(c, calls_are_counted_once);
	tcase_add_test(c, usage_shapes);
	tcase_add_test(c, what_happened_stays);
	tcase_add_test(c, money_is_reserved_and_settled);
	tcase_add_test(c, two_processes_one_cap);
	tcase_add_test(c, finding_a_run);
	tcase_add_test(c, an_ambiguous_run);
	tcase_add_test(c, listing_runs);
	tcase_add_test(c, events_become_rows);
	tcase_add_test(c, reading_calls_and_events);
	tcase_add_test(c, reading_only);
	tcase_add_test(c, a_file_that_is_no_ledger);
	suite_add_tcase(s, c);
	return s;
}
