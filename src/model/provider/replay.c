/* replay.c: see replay.h. */
#include "model/provider/replay.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/json.h"
#include "util/path.h"
#include "util/str.h"

enum { REPLAY_FILE_MAX = 64 << 20, REPLAY_PERSONAS = 64 };

struct replay {
	pthread_mutex_t lock;      /* of the cursors */
	char *name;                /* the file, for messages */
	json *root;
	struct cursor {
		const char *persona;   /* borrowed from root */
		json *next;            /* NULL: no more */
		int taken;
	} cursor[REPLAY_PERSONAS];
	int n;
};

static int check_entry(const struct replay *r, const char *persona, size_t i, const json *e,
		       struct error *err)
{
	const json *usage = json_get(e, "usage");

	if (!json_get_string(e, "text"))
		return error_set(err, STATUS_USAGE, "%s: answers.%s[%zu] has no text", r->name,
				 persona, i);
	if (usage && !json_is_object(usage) && !json_is_null(usage))
		return error_set(err, STATUS_USAGE, "%s: answers.%s[%zu].usage is not an object",
				 r->name, persona, i);
	return 0;
}

static int check_list(const struct replay *r, const json *list, struct error *err)
{
	size_t i = 0;

	if (!json_is_array(list))
		return error_set(err, STATUS_USAGE, "%s: answers.%s is not a list", r->name,
				 json_key(list));
	for (json *e = json_first(list); e; e = json_next(e), i++)
		if (check_entry(r, json_key(list), i, e, err) < 0)
			return -1;
	return 0;
}

static int index_answers(struct replay *r, struct error *err)
{
	const json *answers = json_get(r->root, "answers");

	if (json_get_i64(r->root, "version", 0) != 1)
		return error_set(err, STATUS_USAGE,
				 "%s: \"version\": 1 is expected in a file of recorded answers",
				 r->name);
	if (!json_is_object(answers))
		return error_set(err, STATUS_USAGE,
				 "%s: no \"answers\" object with a list for each persona", r->name);
	for (json *list = json_first(answers); list; list = json_next(list)) {
		if (check_list(r, list, err) < 0)
			return -1;
		if (r->n == REPLAY_PERSONAS)
			return error_set(err, STATUS_USAGE, "%s: more than %d personas", r->name,
					 REPLAY_PERSONAS);
		r->cursor[r->n++] = (struct cursor){ json_key(list), json_first(list), 0 };
	}
	return 0;
}

int replay_parse(const char *text, size_t len, const char *name, struct replay **ret,
		 struct error *err)
{
	struct replay *r = calloc(1, sizeof(*r));

	if (!r)
		return error_oom(err);
	pthread_mutex_init(&r->lock, NULL);
	r->name = str_dup(name);
	r->root = r->name ? json_parse(text, len, err) : NULL;
	if (!r->root) {
		if (r->name)
			error_prefix(err, "%s", name);
		else
			error_oom(err);
		replay_free(r);
		return -1;
	}
	if (index_answers(r, err) < 0) {
		replay_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

int replay_open(const char *path, struct replay **ret, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(REPLAY_FILE_MAX);

	if (buf_read_file(&text, path, err) < 0) {
		if (err)
			err->code = STATUS_USAGE;
		return -1;
	}
	return replay_parse(buf_str(&text), text.len, path, ret, err);
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	json_free(r->root);
	free(r->name);
	free(r);
}

static struct cursor *find(struct replay *r, const char *persona)
{
	for (int i = 0; i < r->n; i++)
		if (str_eq(r->cursor[i].persona, persona))
			return &r->cursor[i];
	return NULL;
}

/* With the lock held. */
static json *advance(struct cursor *c)
{
	json *e = c ? c->next : NULL;

	if (e) {
		c->next = json_next(e);
		c->taken++;
	}
	return e;
}

static int64_t tokens(const json *usage, const char *key)
{
	int64_t v = json_get_i64(usage, key, 0);

	return v > 0 ? v : 0;
}

int replay_take(struct replay *r, const char *persona, struct replay_entry *ret, struct error *err)
{
	struct cursor *c = find(r, persona);
	const json *e, *usage;
	int taken;

	pthread_mutex_lock(&r->lock);
	e = advance(c);
	taken = c ? c->taken : 0;
	pthread_mutex_unlock(&r->lock);
	if (!e)
		return error_set(err, STATUS_ENDPOINT,
				 "no recorded answer %d for %s in %s, which holds %d; record a run with "
				 "--record, or name an endpoint", taken + 1, persona, r->name, taken);
	usage = json_get(e, "usage");
	*ret = (struct replay_entry){
		.text = json_get_string(e, "text"),
		.model = json_get_string(e, "model"),
		.finish_reason = json_get_string(e, "finish_reason"),
		.has_usage = json_is_object(usage),
		.usage = {
			.input = tokens(usage, "input"),
			.cache_read = tokens(usage, "cache_read"),
			.cache_write = tokens(usage, "cache_write"),
			.output = tokens(usage, "output"),
			.reasoning = tokens(usage, "reasoning"),
		},
		.latency_ms = tokens(e, "latency_ms"),
	};
	return 0;
}

void replay_skip(struct replay *r, const char *persona)
{
	pthread_mutex_lock(&r->lock);
	advance(find(r, persona));
	pthread_mutex_unlock(&r->lock);
}

struct recorder {
	pthread_mutex_t lock;
	char *path;
	json *root;
};

static int write_record(struct recorder *r, struct error *err)
{
	CLEANUP_FREE char *text = json_print_pretty(r->root);

	if (!text)
		return error_oom(err);
	return path_write_atomic(r->path, text, strlen(text), 0600, false, err);
}

int recorder_open(const char *path, struct recorder **ret, struct error *err)
{
	struct recorder *r = calloc(1, sizeof(*r));

	if (!r)
		return error_oom(err);
	pthread_mutex_init(&r->lock, NULL);
	r->path = str_dup(path);
	r->root = json_object();
	if (!r->path || !r->root || json_set_i64(r->root, "version", 1) < 0 ||
	    json_set_bool(r->root, "recorded", true) < 0 ||
	    json_set_string(r->root, "note", "answers of a run, by persona and in order; "
			    "--replay gives them again") < 0 ||
	    json_set(r->root, "answers", json_object()) < 0) {
		recorder_free(r);
		return error_oom(err);
	}
	if (write_record(r, err) < 0) {
		if (err)
			err->code = STATUS_USAGE;
		recorder_free(r);
		return -1;
	}
	*ret = r;
	return 0;
}

void recorder_free(struct recorder *r)
{
	if (!r)
		return;
	pthread_mutex_destroy(&r->lock);
	json_free(r->root);
	free(r->path);
	free(r);
}

static json *usage_json(const struct usage *u)
{
	json *j = json_object();

	if (j && json_set_i64(j, "input", u->input) == 0 &&
	    json_set_i64(j, "cache_read", u->cache_read) == 0 &&
	    json_set_i64(j, "cache_write", u->cache_write) == 0 &&
	    json_set_i64(j, "output", u->output) == 0 &&
	    json_set_i64(j, "reasoning", u->reasoning) == 0)
		return j;
	json_free(j);
	return NULL;
}

static json *entry_json(const struct completion *c)
{
	json *e = json_object();

	/* latency 0: a replay is not made to wait as the endpoint did. */
	if (e && json_set_string(e, "text", c->text) == 0 &&
	    json_set_string(e, "model", c->model) == 0 &&
	    json_set_string(e, "finish_reason", c->finish_reason) == 0 &&
	    (c->usage.estimated || json_set(e, "usage", usage_json(&c->usage)) == 0) &&
	    json_set_i64(e, "latency_ms", 0) == 0)
		return e;
	json_free(e);
	return NULL;
}

int recorder_add(struct recorder *r, const char *persona, const struct completion *c,
		 struct error *err)
{
	json *answers, *list;
	int rc = -1;

	pthread_mutex_lock(&r->lock);
	answers = json_get(r->root, "answers");
	if (!json_get(answers, persona))
		json_set(answers, persona, json_array());
	list = json_get(answers, persona);
	if (!list || json_append(list, entry_json(c)) < 0)
		error_oom(err);
	else
		rc = write_record(r, err);
	pthread_mutex_unlock(&r->lock);
	return rc;
}
