/* key.c: keys that a command prints (a password manager's, say). */
#include "model/route.h"

#include <stdlib.h>
#include <string.h>

#include "util/process.h"
#include "util/str.h"

enum { KEY_MAX = 16384 };

void key_cache_init(struct key_cache *c, struct log *log)
{
	*c = (struct key_cache){ .log = log };
	pthread_mutex_init(&c->lock, NULL);
}

static void wipe(char *key)
{
	if (key)
		explicit_bzero(key, strlen(key));
	free(key);
}

void key_cache_destroy(struct key_cache *c)
{
	struct key_entry *next;

	for (struct key_entry *e = c->entries; e; e = next) {
		next = e->next;
		wipe(e->key);
		free(e->command);
		free(e);
	}
	pthread_mutex_destroy(&c->lock);
}

static struct key_entry *find(struct key_cache *c, const char *command)
{
	for (struct key_entry *e = c->entries; e; e = e->next)
		if (str_eq(e->command, command))
			return e;
	return NULL;
}

bool key_cached(struct key_cache *c, const char *command)
{
	struct key_entry *e;
	bool there;

	pthread_mutex_lock(&c->lock);
	e = find(c, command);
	there = e && e->key;
	pthread_mutex_unlock(&c->lock);
	return there;
}

static struct key_entry *find_or_add(struct key_cache *c, const char *command)
{
	struct key_entry *e = find(c, command);

	if (e)
		return e;
	e = calloc(1, sizeof(*e));
	if (!e)
		return NULL;
	e->command = str_dup(command);
	if (!e->command) {
		free(e);
		return NULL;
	}
	e->next = c->entries;
	c->entries = e;
	return e;
}

/* The key is one line of visible characters: anything else is not a key, and
 * could break out of the header it is put in. */
static int take_key(struct process_result *r, const char *command, char **ret, struct error *err)
{
	size_t n = r->out_len;

	while (n > 0 && strchr(" \t\r\n", r->out[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++)
		if (r->out[i] <= ' ' || r->out[i] == 0x7f)
			n = 0;
	if (n == 0 || n > KEY_MAX)
		return error_set(err, STATUS_USAGE,
				 "api_key_command `%s` printed no key: one word on stdout is expected",
				 command);
	*ret = str_ndup(r->out, n);
	return *ret ? 0 : error_oom(err);
}

static int run_command(const char *command, const struct cancel *stop, char **ret,
		       struct error *err)
{
	const char *const argv[] = { "sh", "-c", command, NULL };
	struct process_spec spec = {
		.argv = argv, .output_max = 2 * KEY_MAX, .timeout_ms = 60000, .cancel = stop,
	};
	CLEANUP_PROCESS struct process_result r = { 0 };
	int rc;

	if (process_run(&spec, &r, err) < 0)
		return -1;
	if (r.cancelled)
		rc = error_set(err, STATUS_INTERRUPTED, "interrupted");
	else if (r.timed_out)
		rc = error_set(err, STATUS_USAGE, "api_key_command `%s` took more than 60 s",
			       command);
	else if (r.exit_code != 0)
		rc = error_set(err, STATUS_USAGE,
			       "api_key_command `%s` failed with status %d; run it by hand to see why",
			       command, r.exit_code);
	else
		rc = take_key(&r, command, ret, err);
	if (r.out)
		explicit_bzero(r.out, r.out_len);
	return rc;
}

int key_from_command(struct key_cache *c, const char *command, unsigned stale,
		     const struct cancel *stop, char **ret_key, unsigned *ret_generation,
		     struct error *err)
{
	struct key_entry *e;
	char *fresh = NULL, *copy = NULL;
	int rc = 0;

	/* Held while the command runs, so that calls that come meanwhile wait for its key instead
	 * of asking a person's password manager again. */
	pthread_mutex_lock(&c->lock);
	e = find_or_add(c, command);
	if (!e)
		rc = error_oom(err);
	else if (!e->key || (stale && e->generation == stale))
		rc = run_command(command, stop, &fresh, err);
	if (rc == 0 && fresh) {
		wipe(e->key);
		e->key = fresh;
		e->generation++;
		log_secret(c->log, fresh);
	}
	if (rc == 0) {
		copy = str_dup(e->key);
		*ret_generation = e->generation;
		if (!copy)
			rc = error_oom(err);
	}
	pthread_mutex_unlock(&c->lock);
	if (rc == 0)
		*ret_key = copy;
	return rc;
}
