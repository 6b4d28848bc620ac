#include "repo/edit_doc.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/hash.h"

struct edit_name {
	const char *s;
	uint32_t len;
	uint32_t id; /* EDIT_NO_ID: a free slot */
	uint64_t hash;
};

struct edit_names {
	struct edit_name *v; /* open addressing, a power of two, at most 3/4 full */
	size_t cap, n;
	uint64_t seed;
};

struct edit_chunk {
	struct edit_chunk *next;
	size_t used, cap;
	char data[];
};

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

struct edit_span edit_trim(struct edit_span s)
{
	while (s.len && is_space(s.s[s.len - 1]))
		s.len--;
	while (s.len && is_space(s.s[0])) {
		s.s++;
		s.len--;
	}
	return s;
}

size_t edit_indent_len(struct edit_span s)
{
	size_t i = 0;

	while (i < s.len && (s.s[i] == ' ' || s.s[i] == '\t'))
		i++;
	return i;
}

bool edit_is_blank(struct edit_span s)
{
	return edit_trim(s).len == 0;
}

bool edit_span_eq(struct edit_span a, struct edit_span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.s, b.s, a.len) == 0);
}

int edit_spans(const char *text, size_t len, struct edit_span **ret, size_t *ret_n,
	       struct error *err)
{
	struct edit_span *v;
	size_t n = 0, at = 0;

	for (size_t i = 0; i < len; i++)
		n += text[i] == '\n';
	n += len && text[len - 1] != '\n';
	if (n > EDIT_MAX_LINES)
		return error_set(err, STATUS_GATE, "more than %d lines: split it up",
				 EDIT_MAX_LINES);
	v = calloc(n + 1, sizeof(*v));
	if (!v)
		return error_oom(err);
	for (size_t i = 0; i < n; i++) {
		const char *nl = memchr(text + at, '\n', len - at);
		size_t end = nl ? (size_t)(nl - text) : len;

		v[i] = (struct edit_span){ text + at, end - at };
		at = end + 1;
	}
	*ret = v;
	*ret_n = n;
	return 0;
}

/* Seeded, so that nobody can write a file whose lines all fall into one slot. */
static uint64_t hash_text(uint64_t seed, const char *s, size_t len)
{
	uint64_t h = seed ^ (len * 0x9e3779b97f4a7c15u), w;

	for (; len >= 8; s += 8, len -= 8) {
		memcpy(&w, s, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	w = 0;
	if (len)
		memcpy(&w, s, len);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53u;
	h ^= h >> 29;
	h *= seed | 1;
	return h ^ h >> 32;
}

static uint64_t make_seed(const void *p)
{
	struct timespec ts = { 0 };
	struct sha256 h;
	uint64_t seed;
	struct {
		const void *p;
		struct timespec ts;
	} in;

	memset(&in, 0, sizeof(in));
	clock_gettime(CLOCK_REALTIME, &ts);
	in.p = p;
	in.ts = ts;
	h = sha256_of(&in, sizeof(in));
	memcpy(&seed, h.b, sizeof(seed));
	return seed;
}

static struct edit_name *find_slot(struct edit_names *t, const char *s, size_t len, uint64_t hash)
{
	for (size_t i = hash & (t->cap - 1);; i = (i + 1) & (t->cap - 1)) {
		struct edit_name *e = &t->v[i];

		if (e->id == EDIT_NO_ID)
			return e;
		if (e->hash == hash && e->len == len && (len == 0 || !memcmp(e->s, s, len)))
			return e;
	}
}

static int names_grow(struct edit_names *t)
{
	struct edit_names bigger = { .cap = t->cap ? t->cap * 2 : 256, .n = t->n, .seed = t->seed };

	bigger.v = malloc(bigger.cap * sizeof(*bigger.v));
	if (!bigger.v)
		return -1;
	memset(bigger.v, 0xff, bigger.cap * sizeof(*bigger.v));
	for (size_t i = 0; i < t->cap; i++)
		if (t->v[i].id != EDIT_NO_ID)
			*find_slot(&bigger, t->v[i].s, t->v[i].len, t->v[i].hash) = t->v[i];
	free(t->v);
	*t = bigger;
	return 0;
}

static int name_of(struct edit_names *t, const char *s, size_t len, uint32_t *ret)
{
	uint64_t hash = hash_text(t->seed, s, len);
	struct edit_name *e;

	if ((t->n + 1) * 4 > t->cap * 3 && names_grow(t) < 0)
		return -1;
	e = find_slot(t, s, len, hash);
	if (e->id == EDIT_NO_ID)
		*e = (struct edit_name){ s, (uint32_t)len, (uint32_t)t->n++, hash };
	*ret = e->id;
	return 0;
}

uint32_t edit_doc_lookup(const struct edit_doc *d, const char *s, size_t len)
{
	return find_slot(d->names, s, len, hash_text(d->names->seed, s, len))->id;
}

uint32_t edit_doc_ids(const struct edit_doc *d)
{
	return (uint32_t)d->names->n;
}

static int number_line(struct edit_doc *d, struct edit_line *l)
{
	struct edit_span t = edit_trim((struct edit_span){ l->s, l->len });

	if (name_of(d->names, l->s, l->len, &l->exact) < 0)
		return -1;
	return name_of(d->names, t.s, t.len, &l->trim);
}

static int load_lines(struct edit_doc *d, const char *text, size_t len, struct error *err)
{
	struct edit_span *v = NULL;
	size_t n, crlf = 0;

	if (edit_spans(text, len, &v, &n, err) < 0)
		return -1;
	d->cap = n + 64;
	d->v = calloc(d->cap, sizeof(*d->v));
	if (!d->v)
		goto oom;
	for (size_t i = 0; i < n; i++) {
		struct edit_line *l = &d->v[i];
		bool last_open = i == n - 1 && !d->final_newline;

		l->s = v[i].s;
		l->len = (uint32_t)v[i].len;
		if (l->len && l->s[l->len - 1] == '\r' && !last_open) {
			l->crlf = true;
			l->len--;
			crlf++;
		}
		if (number_line(d, l) < 0)
			goto oom;
	}
	d->n = n;
	d->crlf = crlf * 2 > n;
	if (n && !d->final_newline)
		d->v[n - 1].crlf = d->crlf;
	free(v);
	return 0;
oom:
	free(v);
	return error_oom(err);
}

int edit_doc_load(struct edit_doc *d, const char *text, size_t len, uint64_t *work,
		  struct error *err)
{
	*d = (struct edit_doc){ .work = work };
	d->names = calloc(1, sizeof(*d->names));
	if (!d->names)
		return error_oom(err);
	d->names->seed = make_seed(d->names);
	if (names_grow(d->names) < 0 || name_of(d->names, "", 0, &d->blank) < 0)
		goto oom;
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		d->bom = true;
		text += 3;
		len -= 3;
	}
	d->final_newline = len == 0 || text[len - 1] == '\n';
	if (load_lines(d, text, len, err) < 0) {
		edit_doc_release(d);
		return -1;
	}
	return 0;
oom:
	edit_doc_release(d);
	return error_oom(err);
}

void edit_doc_release(struct edit_doc *d)
{
	if (!d)
		return;
	for (struct edit_chunk *c = d->arena, *next; c; c = next) {
		next = c->next;
		free(c);
	}
	if (d->names)
		free(d->names->v);
	free(d->names);
	free(d->v);
	*d = (struct edit_doc){ 0 };
}

int edit_doc_render(const struct edit_doc *d, struct buf *out)
{
	if (d->bom)
		buf_add(out, "\xef\xbb\xbf", 3);
	for (size_t i = 0; i < d->n; i++) {
		buf_add(out, d->v[i].s, d->v[i].len);
		if (i + 1 < d->n || d->final_newline)
			buf_adds(out, d->v[i].crlf ? "\r\n" : "\n");
	}
	return out->failed ? -1 : 0;
}

int edit_doc_replace(struct edit_doc *d, size_t start, size_t end, const struct edit_line *lines,
		     size_t n, struct error *err)
{
	size_t total = d->n - (end - start) + n;

	if (total > EDIT_MAX_LINES)
		return error_set(err, STATUS_GATE, "the file would have more than %d lines",
				 EDIT_MAX_LINES);
	if (total > d->cap) {
		size_t cap = total + total / 2;
		struct edit_line *v = realloc(d->v, cap * sizeof(*v));

		if (!v)
			return error_oom(err);
		d->v = v;
		d->cap = cap;
	}
	if (d->n > end)
		memmove(d->v + start + n, d->v + end, (d->n - end) * sizeof(*d->v));
	for (size_t i = 0; i < n; i++)
		d->v[start + i] = lines[i];
	d->n = total;
	for (size_t i = 0; i < n; i++)
		if (number_line(d, &d->v[start + i]) < 0)
			return error_oom(err);
	return 0;
}

char *edit_doc_alloc(struct edit_doc *d, size_t len)
{
	struct edit_chunk *c = d->arena;

	if (!c || c->cap - c->used < len) {
		size_t cap = len > 16384 ? len : 16384;

		c = malloc(sizeof(*c) + cap);
		if (!c)
			return NULL;
		*c = (struct edit_chunk){ .next = d->arena, .cap = cap };
		d->arena = c;
	}
	c->used += len;
	return c->data + c->used - len;
}

bool edit_doc_spend(struct edit_doc *d, uint64_t steps)
{
	if (!d->work)
		return true;
	if (*d->work < steps) {
		*d->work = 0;
		return false;
	}
	*d->work -= steps;
	return true;
}
