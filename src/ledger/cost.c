/* cost.c: sums over the rows of calls; see cost.h. */
#include "ledger/cost.h"

#include <stdlib.h>
#include <string.h>

#include "db/db.h"
#include "util/str.h"

static const char *const names[COST_BY_COUNT] = {
	"run", "persona", "model", "day", "tag", "repository",
};

const char *cost_by_name(enum cost_by by)
{
	return names[by];
}

bool cost_by_parse(const char *text, enum cost_by *ret)
{
	for (int i = 0; i < COST_BY_COUNT; i++)
		if (str_eq(text, names[i])) {
			*ret = (enum cost_by)i;
			return true;
		}
	return false;
}

/* One statement for all: what is summed, over which calls. sum() of integers
 * is exact, and an error where it would not fit. */
#define SUMS(key, label) \
	"SELECT " key ", " label \
	", count(DISTINCT c.run), count(*), sum(c.input), sum(c.cache_read)," \
	" sum(c.cache_write), sum(c.output), sum(c.reasoning), sum(c.latency_us)," \
	" coalesce(sum(c.cost_nano), 0) AS cost, count(*) - count(c.cost_nano), sum(c.estimated)" \
	" FROM call c "
#define CALLS " WHERE (?1 IS NULL OR c.run = ?1) AND c.started_us >= ?2 "
#define GROUPED(key, label, join, order) \
	SUMS("coalesce(" key ", '(none)') AS grouped", label) \
	join CALLS "GROUP BY grouped ORDER BY " order
#define DEAREST "cost DESC, grouped"
#define RUN_JOIN "LEFT JOIN run r ON r.id = c.run"

static const char *const queries[COST_BY_COUNT] = {
	[COST_BY_RUN] = GROUPED("c.run", "r.task", RUN_JOIN, "grouped DESC"),
	[COST_BY_PERSONA] = GROUPED("c.persona", "NULL", "", DEAREST),
	[COST_BY_MODEL] = GROUPED("coalesce(c.model, c.model_asked)", "NULL", "", DEAREST),
	[COST_BY_DAY] = GROUPED("date(c.started_us / 1000000, 'unixepoch')", "NULL", "", "grouped"),
	[COST_BY_TAG] = GROUPED("t.name || CASE t.value WHEN '' THEN '' ELSE '=' || t.value END",
				"NULL", "LEFT JOIN tag t ON t.run = c.run", DEAREST),
	[COST_BY_REPOSITORY] = GROUPED("r.repository", "NULL", RUN_JOIN, DEAREST),
};

static void row_release(struct cost_row *r)
{
	free(r->key);
	free(r->label);
}

void cost_table_release(struct cost_table *t)
{
	for (size_t i = 0; i < t->n; i++)
		row_release(&t->rows[i]);
	free(t->rows);
	row_release(&t->total);
	*t = (struct cost_table){ 0 };
}

static int read_row(struct db_stmt *s, struct cost_row *r)
{
	*r = (struct cost_row){
		.key = str_dup(db_text(s, 0)),
		.label = str_dup(db_text(s, 1)),
		.runs = db_i64(s, 2), .calls = db_i64(s, 3),
		.input = db_i64(s, 4), .cache_read = db_i64(s, 5), .cache_write = db_i64(s, 6),
		.output = db_i64(s, 7), .reasoning = db_i64(s, 8), .latency_us = db_i64(s, 9),
		.cost_nano = db_i64(s, 10), .unknown_calls = db_i64(s, 11),
		.estimated_calls = db_i64(s, 12),
	};
	if ((r->key || db_is_null(s, 0)) && (r->label || db_is_null(s, 1)))
		return 0;
	row_release(r);
	*r = (struct cost_row){ 0 };
	return -1;
}

static int read_rows(struct ledger *l, const struct cost_query *q, struct cost_table *t,
		     struct error *err)
{
	struct db_stmt *s = db_begin(ledger_db(l), queries[q->by], err);
	size_t cap = 0;
	int rc = 0;

	if (!s)
		return -1;
	db_bind_text(s, 1, q->run);
	db_bind_i64(s, 2, q->since_us);
	while (rc == 0 && db_step(s)) {
		if (t->n == cap) {
			struct cost_row *grown =
				realloc(t->rows, (cap ? cap * 2 : 16) * sizeof *grown);

			rc = grown ? 0 : -1;
			t->rows = grown ? grown : t->rows;
			cap = grown ? (cap ? cap * 2 : 16) : cap;
		}
		if (rc == 0)
			rc = read_row(s, &t->rows[t->n]);
		t->n += rc == 0;
	}
	if (db_done(s, err) < 0)
		return -1;
	return rc < 0 ? error_oom(err) : 0;
}

static int read_total(struct ledger *l, const struct cost_query *q, struct cost_table *t,
		      struct error *err)
{
	struct db_stmt *s = db_begin(ledger_db(l), SUMS("NULL", "NULL") CALLS, err);
	int rc = 0;

	if (!s)
		return -1;
	db_bind_text(s, 1, q->run);
	db_bind_i64(s, 2, q->since_us);
	if (db_step(s))
		rc = read_row(s, &t->total);
	if (db_done(s, err) < 0)
		return -1;
	return rc < 0 ? error_oom(err) : 0;
}

int cost_read(struct ledger *l, const struct cost_query *q, struct cost_table *ret,
	      struct error *err)
{
	struct cost_table t = { 0 };

	if (read_rows(l, q, &t, err) < 0 || read_total(l, q, &t, err) < 0) {
		cost_table_release(&t);
		return -1;
	}
	*ret = t;
	return 0;
}
