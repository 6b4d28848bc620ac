/* price.c: reading price files, and the arithmetic of money; see price.h. */
#include "model/price.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "util/buf.h"
#include "util/str.h"

enum {
	FILE_MAX = 32 << 20,     /* the largest public file of this format is about 2 MiB */
	ENTRIES_MAX = 200000,
	NAME_MAX_BYTES = 512,
};
static const double FEMTO_PER_USD = 1e15;

struct entry {
	char *name;      /* owned: "gpt-4o", "groq/llama-3.3-70b-versatile" */
	char *provider;  /* owned: litellm_provider, or NULL */
	size_t order;    /* of loading: the last of equal names counts */
	struct price price;
};

struct price_table {
	struct entry *v; /* sorted by name, names unique */
	size_t n, cap;
	const char **known; /* names with a known price, sorted, NULL-terminated; borrowed from v */
	size_t n_known;
	struct sha256 hash;
};

/* The keys of a rate, and where each goes. */
static const struct rate_key {
	const char *key;
	size_t offset;
} rate_keys[] = {
	{ "input_cost_per_token", offsetof(struct price_rates, input) },
	{ "output_cost_per_token", offsetof(struct price_rates, output) },
	{ "cache_read_input_token_cost", offsetof(struct price_rates, cache_read) },
	{ "cache_creation_input_token_cost", offsetof(struct price_rates, cache_write) },
	{ "output_cost_per_reasoning_token", offsetof(struct price_rates, reasoning) },
};
enum { RATE_KEYS = sizeof rate_keys / sizeof rate_keys[0], ABSENT = -1 };

static int64_t *rate_of(struct price_rates *r, size_t i)
{
	return (int64_t *)((char *)r + rate_keys[i].offset);
}

/* USD a token as femto-dollars. A decimal of up to 15 digits comes out exact:
 * the product is within one unit in the last place of it, and half a
 * femto-dollar is more than that. What is not free never becomes free. */
static int cost_value(const json *j, const char *where, int64_t *ret, struct error *err)
{
	const char *text = json_string(j);
	double usd;

	if (text ? !parse_double(text, &usd) : !json_is_number(j))
		return error_set(err, STATUS_USAGE, "%s: %s is not a number of USD a token", where,
				 json_key(j));
	if (!text)
		usd = json_double(j);
	if (!isfinite(usd) || usd < 0 || usd > 1)
		return error_set(err, STATUS_USAGE, "%s: %s must lie between 0 and 1 USD a token",
				 where, json_key(j));
	*ret = (int64_t)floor(usd * FEMTO_PER_USD + 0.5);
	if (*ret == 0 && usd > 0)
		*ret = 1;
	return 0;
}

/* A limit in tokens: a whole number, or one as a string. */
static int limit_value(const json *entry, const char *key, const char *where, int64_t *ret,
		       struct error *err)
{
	const json *j = json_get(entry, key);
	const char *text = json_string(j);
	int64_t v;

	if (!j || json_is_null(j))
		return 0;
	v = text ? -1 : json_get_i64(entry, key, -1);
	if (text && !parse_i64(text, 0, INT64_MAX, &v))
		v = -1;
	if (v < 0)
		return error_set(err, STATUS_USAGE, "%s: %s is not a whole number of tokens", where,
				 key);
	*ret = v;
	return 0;
}

/* Splits "input_cost_per_token_above_200k_tokens" into its rate and threshold
 * (0: none). -1 for every other key, such as "…_above_1hr" or "…_batches". */
static int split_key(const char *key, int64_t *ret_above)
{
	for (size_t i = 0; i < RATE_KEYS; i++) {
		size_t n = strlen(rate_keys[i].key);
		const char *rest = key + n;
		char digits[16];
		size_t len;

		if (strncmp(key, rate_keys[i].key, n) != 0)
			continue;
		*ret_above = 0;
		if (!*rest)
			return (int)i;
		if (!str_starts(rest, "_above_"))
			continue;
		rest += strlen("_above_");
		len = strspn(rest, "0123456789");
		if (len == 0 || len > 9 || strcmp(rest + len, "k_tokens") != 0)
			continue;
		memcpy(digits, rest, len);
		digits[len] = '\0';
		*ret_above = (int64_t)strtoll(digits, NULL, 10) * 1000;
		return *ret_above > 0 ? (int)i : -1;
	}
	return -1;
}

static struct price_rates no_rates(void)
{
	return (struct price_rates){ ABSENT, ABSENT, ABSENT, ABSENT, ABSENT };
}

/* The tier of a threshold, made in its place when it is new. */
static struct price_rates *tier_at(struct price *p, int64_t above)
{
	int i = 0;

	while (i < p->n_tiers && p->tier[i].above_tokens < above)
		i++;
	if (i < p->n_tiers && p->tier[i].above_tokens == above)
		return &p->tier[i].rates;
	if (p->n_tiers == PRICE_TIERS_MAX)
		return NULL;
	memmove(&p->tier[i + 1], &p->tier[i], (size_t)(p->n_tiers - i) * sizeof p->tier[0]);
	p->tier[i] = (struct price_tier){ .above_tokens = above, .rates = no_rates() };
	p->n_tiers++;
	return &p->tier[i].rates;
}

/* What a tier does not name is as in the tier below it. */
static void fill_tiers(struct price *p)
{
	struct price_rates *below = &p->base;

	for (int i = 0; i < p->n_tiers; i++) {
		struct price_rates *r = &p->tier[i].rates;

		for (size_t k = 0; k < RATE_KEYS; k++)
			if (*rate_of(r, k) == ABSENT)
				*rate_of(r, k) = *rate_of(below, k);
		below = r;
	}
}

static int read_rates(const json *entry, const char *where, struct price *p, struct error *err)
{
	for (const json *it = json_first(entry); it; it = json_next(it)) {
		struct price_rates *rates = &p->base;
		int64_t above;
		int k = split_key(json_key(it), &above);

		if (k < 0 || json_is_null(it))
			continue;
		if (above > 0)
			rates = tier_at(p, above);
		if (!rates)
			return error_set(err, STATUS_USAGE,
					 "%s: %s is one price step too many, at most %d", where,
					 json_key(it), PRICE_TIERS_MAX);
		if (cost_value(it, where, rate_of(rates, (size_t)k), err) < 0)
			return -1;
	}
	return 0;
}

int price_from_json(const json *entry, const char *where, struct price *ret, struct error *err)
{
	struct price p = { .base = no_rates() };
	const char *mode = json_get_string(entry, "mode");
	int64_t max_tokens = 0;

	if (!json_is_object(entry))
		return error_set(err, STATUS_USAGE, "%s: must be a map of prices", where);
	if (read_rates(entry, where, &p, err) < 0 ||
	    limit_value(entry, "max_tokens", where, &max_tokens, err) < 0 ||
	    limit_value(entry, "max_input_tokens", where, &p.max_input, err) < 0 ||
	    limit_value(entry, "max_output_tokens", where, &p.max_output, err) < 0)
		return -1;
	if (p.max_output == 0)
		p.max_output = max_tokens;
	if (p.base.output == ABSENT && (str_eq(mode, "embedding") || str_eq(mode, "rerank")))
		p.base.output = 0;
	p.known = p.base.input != ABSENT && p.base.output != ABSENT;
	if (p.known) {
		fill_tiers(&p);
	} else {
		p.base = (struct price_rates){ 0 };
		p.n_tiers = 0;
	}
	*ret = p;
	return 0;
}

static int add_entry(struct price_table *t, const char *file, bool own, const json *j,
		     struct error *err)
{
	const char *name = json_key(j);
	CLEANUP_FREE char *where = str_printf("%s: %s", file, name);
	struct entry e = { .order = t->n };

	if (!where)
		return error_oom(err);
	if (!*name || strlen(name) > NAME_MAX_BYTES || t->n == ENTRIES_MAX)
		return error_set(err, STATUS_USAGE,
				 "%s: a name is empty, too long, or one too many", file);
	if (price_from_json(j, where, &e.price, err) < 0)
		return -1;
	e.price.own = own;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 128;
		struct entry *v = realloc(t->v, cap * sizeof *v);

		if (!v)
			return error_oom(err);
		t->v = v;
		t->cap = cap;
	}
	e.name = str_dup(name);
	e.provider = str_dup(json_get_string(j, "litellm_provider"));
	t->v[t->n++] = e;
	return e.name ? 0 : error_oom(err);
}

static int load_file(struct price_table *t, const char *path, bool own, struct buf *hashed,
		     struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(FILE_MAX);
	CLEANUP_JSON json *root = NULL;

	if (!path)
		return 0;
	if (buf_read_file(&text, path, err) < 0)
		return -1;
	root = json_parse(buf_str(&text), text.len, err);
	if (!root)
		return error_prefix(err, "%s", path);
	if (!json_is_object(root))
		return error_set(err, STATUS_USAGE, "%s: must be a map from model names to prices",
				 path);
	for (const json *it = json_first(root); it; it = json_next(it))
		if (strcmp(json_key(it), "sample_spec") != 0 && add_entry(t, path, own, it, err) < 0)
			return -1;
	/* Each file's own hash, so that where one ends and the next begins counts. */
	struct sha256 h = sha256_of(buf_str(&text), text.len);

	buf_add(hashed, h.b, sizeof h.b);
	return buf_check(hashed, "the price files' hashes", err);
}

static int by_name_then_order(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : (x->order > y->order) - (x->order < y->order);
}

static void entry_release(struct entry *e)
{
	free(e->name);
	free(e->provider);
}

/* Sorts, keeps the last of equal names, and lists the names with a price. */
static int finish(struct price_table *t, struct error *err)
{
	size_t n = 0;

	if (t->n)
		qsort(t->v, t->n, sizeof *t->v, by_name_then_order);
	for (size_t i = 0; i < t->n; i++) {
		if (i + 1 < t->n && strcmp(t->v[i].name, t->v[i + 1].name) == 0)
			entry_release(&t->v[i]);
		else
			t->v[n++] = t->v[i];
	}
	t->n = n;
	t->known = calloc(n + 1, sizeof *t->known);
	if (!t->known)
		return error_oom(err);
	for (size_t i = 0; i < n; i++)
		if (t->v[i].price.known)
			t->known[t->n_known++] = t->v[i].name;
	return 0;
}

int price_table_load(const char *builtin_path, const char *user_path, struct price_table **ret,
		     struct error *err)
{
	CLEANUP_BUF struct buf hashed = BUF_INIT(256);
	struct price_table *t = calloc(1, sizeof *t);

	if (!t)
		return error_oom(err);
	if (load_file(t, builtin_path, false, &hashed, err) < 0 ||
	    load_file(t, user_path, true, &hashed, err) < 0 || finish(t, err) < 0) {
		price_table_free(t);
		return -1;
	}
	t->hash = sha256_of(buf_str(&hashed), hashed.len);
	*ret = t;
	return 0;
}

void price_table_free(struct price_table *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->n; i++)
		entry_release(&t->v[i]);
	free(t->v);
	free(t->known);
	free(t);
}

static int compare_name(const void *name, const void *e)
{
	return strcmp(name, ((const struct entry *)e)->name);
}

static const struct entry *find_entry(const struct price_table *t, const char *name)
{
	return t->n ? bsearch(name, t->v, t->n, sizeof *t->v, compare_name) : NULL;
}

/* Length of `model` without "-YYYY-MM-DD" or "-YYYYMMDD"; 0 when it has none. */
static size_t without_date(const char *model)
{
	static const char *const forms[] = { "-dddd-dd-dd", "-dddddddd" };
	size_t n = strlen(model);

	for (size_t f = 0; f < sizeof forms / sizeof forms[0]; f++) {
		size_t m = strlen(forms[f]), i = 0;

		if (n <= m)
			continue;
		while (i < m && (forms[f][i] == 'd' ? strchr("0123456789", model[n - m + i]) != NULL
						     : model[n - m + i] == forms[f][i]))
			i++;
		if (i == m)
			return n - m;
	}
	return 0;
}

static const struct entry *find_plain(const struct price_table *t, const char *provider,
				      const char *model)
{
	char name[2 * NAME_MAX_BYTES + 2];
	const char *slash = strchr(model, '/');
	const struct entry *e = NULL;
	size_t n;

	if (provider && *provider && strlen(provider) + strlen(model) < sizeof name - 1) {
		n = strlen(provider);
		memcpy(name, provider, n);
		name[n] = '/';
		memcpy(name + n + 1, model, strlen(model) + 1);
		e = find_entry(t, name);
	}
	if (!e)
		e = find_entry(t, model);
	if (e || !slash)
		return e;
	n = (size_t)(slash - model);
	e = find_entry(t, slash + 1);
	if (e && e->provider && strlen(e->provider) == n && memcmp(e->provider, model, n) == 0)
		return e;
	return NULL;
}

bool price_find(const struct price_table *t, const char *provider, const char *model,
		struct price *ret)
{
	const struct entry *e = NULL;
	char plain[NAME_MAX_BYTES + 1];
	size_t n;

	*ret = (struct price){ 0 };
	if (!t || !model || !*model || strlen(model) > NAME_MAX_BYTES)
		return false;
	e = find_plain(t, provider, model);
	n = e ? 0 : without_date(model);
	if (n) {
		memcpy(plain, model, n);
		plain[n] = '\0';
		e = find_plain(t, provider, plain);
	}
	if (e)
		*ret = e->price;
	return ret->known;
}

const struct sha256 *price_table_hash(const struct price_table *t)
{
	return &t->hash;
}

size_t price_table_len(const struct price_table *t)
{
	return t->n_known;
}

const char *price_table_name(const struct price_table *t, size_t i)
{
	return i < t->n_known ? t->known[i] : NULL;
}

const char *price_nearest(const struct price_table *t, const char *model)
{
	return model ? str_nearest(model, t->known) : NULL;
}
