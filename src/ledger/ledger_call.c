/* ledger_call.c: the rows of calls, written when a call ends; see ledger.h. */
#include <stdlib.h>
#include <string.h>

#include "ledger/ledger_private.h"
#include "util/str.h"

enum { USAGE_MAX = 16 << 10, ERROR_MAX = 500 };

/* A call and the text it points to, in one piece of memory. */
struct call_row {
	struct ledger_call c;
	char *shape, *numbers; /* of raw usage, in text; NULL: none */
	char text[];
};

/* The strings of a call, as a table, so that they are copied by one loop. */
static const size_t strings[] = {
	offsetof(struct ledger_call, run), offsetof(struct ledger_call, stage),
	offsetof(struct ledger_call, persona), offsetof(struct ledger_call, provider),
	offsetof(struct ledger_call, deployment), offsetof(struct ledger_call, model_asked),
	offsetof(struct ledger_call, model_answered), offsetof(struct ledger_call, cache),
	offsetof(struct ledger_call, outcome), offsetof(struct ledger_call, error),
};
enum { STRINGS = sizeof strings / sizeof strings[0] };

static const char **string_at(struct ledger_call *c, size_t i)
{
	return (const char **)((char *)c + strings[i]);
}

static char *put(char **at, const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = memcpy(*at, s, n);

	*at += n;
	return p;
}

/* NULL when out of memory. */
static struct call_row *copy_call(const struct ledger_call *c)
{
	CLEANUP_BUF struct buf shape = BUF_INIT(USAGE_MAX), numbers = BUF_INIT(USAGE_MAX);
	struct ledger_call copy = *c;
	struct call_row *row;
	bool raw;
	size_t n = 0;
	char *at;

	/* One that is too large is left out: the normalised counts are there. */
	raw = c->raw_usage && *c->raw_usage && usage_split(c->raw_usage, &shape, &numbers) == 0;
	for (size_t i = 0; i < STRINGS; i++)
		n += *string_at(&copy, i) ? strlen(*string_at(&copy, i)) + 1 : 0;
	row = calloc(1, sizeof *row + n + shape.len + numbers.len + 2);
	if (!row)
		return NULL;
	row->c = copy;
	at = row->text;
	for (size_t i = 0; i < STRINGS; i++)
		if (*string_at(&row->c, i))
			*string_at(&row->c, i) = put(&at, *string_at(&row->c, i));
	if (raw) {
		row->shape = put(&at, buf_str(&shape));
		row->numbers = put(&at, buf_str(&numbers));
	}
	row->c.raw_usage = NULL;
	return row;
}

/* The id of a shape, which is added when it is new. 0: none. */
static int shape_id(struct db *db, const char *shape, int64_t *ret, struct error *err)
{
	struct db_stmt *s;

	*ret = 0;
	if (!shape)
		return 0;
	s = db_begin(db, "INSERT INTO usage_shape (shape) VALUES (?) ON CONFLICT DO NOTHING", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, shape);
	if (run_done(s, err) < 0)
		return -1;
	s = db_begin(db, "SELECT id FROM usage_shape WHERE shape = ?", err);
	if (!s)
		return -1;
	db_bind_text(s, 1, shape);
	if (db_step(s))
		*ret = db_i64(s, 0);
	return db_done(s, err);
}

static void bind_who(struct db_stmt *s, const struct ledger_call *c)
{
	db_bind_text(s, 1, c->id.s);
	bind_text(s, 2, c->run);
	bind_text(s, 3, c->stage);
	bind_text(s, 4, c->persona);
	bind_text(s, 5, c->provider);
	bind_text(s, 6, c->deployment);
	bind_text(s, 7, c->model_asked);
	bind_text(s, 8, c->model_answered);
	db_bind_i64(s, 9, c->attempt);
	db_bind_i64(s, 10, c->http_attempts);
}

static void bind_measures(struct db_stmt *s, const struct ledger_call *c)
{
	db_bind_i64(s, 11, c->started_us);
	db_bind_i64(s, 12, c->latency_us);
	bind_count(s, 13, c->first_token_us > 0 ? c->first_token_us : -1);
	db_bind_i64(s, 14, c->usage.input);
	db_bind_i64(s, 15, c->usage.cache_read);
	db_bind_i64(s, 16, c->usage.cache_write);
	db_bind_i64(s, 17, c->usage.output);
	db_bind_i64(s, 18, c->usage.reasoning);
	db_bind_i64(s, 19, c->usage.estimated);
	bind_count(s, 20, c->cost_known ? c->cost_nano : -1);
}

static void bind_rest(struct db_stmt *s, const struct call_row *row, int64_t shape)
{
	CLEANUP_FREE char *error = str_ndup(row->c.error, ERROR_MAX);

	bind_hash(s, 21, &row->c.price_hash);
	bind_hash(s, 22, &row->c.request_hash);
	bind_hash(s, 23, &row->c.response_hash);
	bind_count(s, 24, shape > 0 ? shape : -1);
	bind_text(s, 25, row->numbers);
	bind_text(s, 26, row->c.cache);
	db_bind_text(s, 27, row->c.outcome ? row->c.outcome : "error");
	bind_text(s, 28, error);
}

static int write_call(struct db *db, void *ctx, struct error *err)
{
	struct call_row *row = ctx;
	struct db_stmt *s;
	int64_t shape;

	if (shape_id(db, row->shape, &shape, err) < 0)
		return -1;
	s = db_begin(db,
		"INSERT INTO call (id, run, stage, persona, provider, deployment, model_asked,"
		" model, attempt, http_attempts, started_us, latency_us, first_token_us, input,"
		" cache_read,"
		" cache_write, output, reasoning, estimated, cost_nano, price_hash, request_hash,"
		" response_hash, usage_shape, usage_numbers, cache, outcome, error)"
		" VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
		" ON CONFLICT (id) DO NOTHING", err);
	if (!s)
		return -1;
	bind_who(s, &row->c);
	bind_measures(s, &row->c);
	bind_rest(s, row, shape);
	return run_done(s, err);
}

int ledger_call(struct ledger *l, const struct ledger_call *c, struct error *err)
{
	return ledger_push(l, write_call, copy_call(c), free, err);
}

int ledger_raw_usage(struct ledger *l, const char *call, char **ret, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(2 * USAGE_MAX);
	struct db_stmt *s = db_begin(l->db,
		"SELECT u.shape, c.usage_numbers FROM call c"
		" JOIN usage_shape u ON u.id = c.usage_shape WHERE c.id = ?", err);
	bool found = false;

	if (!s)
		return -1;
	db_bind_text(s, 1, call);
	if (db_step(s)) {
		const char *numbers = db_text(s, 1);

		found = usage_join(db_text(s, 0), numbers ? numbers : "", &out) == 0;
	}
	if (db_done(s, err) < 0)
		return -1;
	*ret = found ? buf_steal(&out, NULL) : NULL;
	return found && !*ret ? error_oom(err) : 0;
}
