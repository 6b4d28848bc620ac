#include "repo/edit_match.h"

#include <stdlib.h>
#include <string.h>

#include "util/str.h"

const char *edit_tier_name(enum edit_tier t)
{
	switch (t) {
	case EDIT_TIER_EXACT: return "exact";
	case EDIT_TIER_WHITESPACE: return "whitespace";
	case EDIT_TIER_FUZZY: return "fuzzy";
	case EDIT_TIER_NONE: break;
	}
	return "none";
}

void edit_match_release(struct edit_match *m)
{
	free(m->map);
	m->map = NULL;
}

/* A hunk taken apart. For a block, body holds old, divider, new and splits the
 * dividers' line numbers; for a patch body is the old text and new its own. */
struct hunk_text {
	struct edit_span *body, *new;
	size_t n_body, n_new;
	size_t *split;
	size_t n_splits;
	bool block;
};

static void hunk_text_release(struct hunk_text *t)
{
	free(t->body);
	free(t->new);
	free(t->split);
}

static int split_lines(const struct edit_hunk *h, struct hunk_text *t, struct error *err)
{
	size_t line = 0;

	t->split = calloc(h->n_splits + 1, sizeof(*t->split));
	if (!t->split)
		return error_oom(err);
	for (size_t i = 0; i < h->n_splits; i++) {
		while (line < t->n_body && t->body[line].s < h->body + h->splits[i])
			line++;
		if (line < t->n_body)
			t->split[t->n_splits++] = line;
	}
	return 0;
}

static int hunk_text_load(const struct edit_hunk *h, struct hunk_text *t, struct error *err)
{
	t->block = h->body != NULL;
	if (t->block) {
		if (edit_spans(h->body, h->body_len, &t->body, &t->n_body, err) < 0)
			return -1;
		return split_lines(h, t, err);
	}
	t->n_splits = 1;
	if (edit_spans(h->old_text, strlen(h->old_text), &t->body, &t->n_body, err) < 0)
		return -1;
	return edit_spans(h->new_text, strlen(h->new_text), &t->new, &t->n_new, err);
}

static struct edit_pair pair_at(const struct hunk_text *t, size_t i)
{
	size_t at;

	if (!t->block)
		return (struct edit_pair){ t->body, t->new, t->n_body, t->n_new };
	at = t->split[i];
	return (struct edit_pair){ t->body, t->body + at + 1, at, t->n_body - at - 1 };
}

bool edit_hunk_creates(const struct edit_hunk *h, const char **ret_text, size_t *ret_len)
{
	size_t at, end;

	if (!h->body) {
		if (h->old_text[0] || h->anchor)
			return false;
		*ret_text = h->new_text;
		*ret_len = strlen(h->new_text);
		return true;
	}
	if (!h->n_splits)
		return false;
	at = h->splits[0];
	for (size_t i = 0; i < at; i++)
		if (!strchr(" \t\r\n", h->body[i]))
			return false;
	end = at;
	while (end < h->body_len && h->body[end] != '\n')
		end++;
	end += end < h->body_len;
	*ret_text = h->body + end;
	*ret_len = h->body_len - end;
	return true;
}

/* ---- searching --------------------------------------------------------- */

/* The places where at least `want` of the pattern's first lines stand, by the
 * Z algorithm over the lines' numbers: linear, whatever repeats. With want 0,
 * hits->longest alone is found. */
struct hits {
	size_t longest;
	size_t count;
	size_t place[64];
};

static void z_of_pattern(const uint32_t *pat, size_t n, uint32_t *z)
{
	size_t l = 0, r = 0;

	z[0] = (uint32_t)n;
	for (size_t i = 1; i < n; i++) {
		size_t k = i < r ? (z[i - l] < r - i ? z[i - l] : r - i) : 0;

		while (i + k < n && pat[k] == pat[i + k])
			k++;
		z[i] = (uint32_t)k;
		if (i + k > r) {
			l = i;
			r = i + k;
		}
	}
}

static void scan(const struct edit_doc *d, bool trim, const uint32_t *pat, size_t n,
		 const uint32_t *z, size_t from, size_t want, struct hits *hits)
{
	size_t l = from, r = from;

	*hits = (struct hits){ 0 };
	for (size_t i = from; i < d->n; i++) {
		size_t k = i < r ? (z[i - l] < r - i ? z[i - l] : r - i) : 0;

		while (i + k < d->n && k < n &&
		       pat[k] == (trim ? d->v[i + k].trim : d->v[i + k].exact))
			k++;
		if (i + k > r) {
			l = i;
			r = i + k;
		}
		if (k > hits->longest)
			hits->longest = k;
		if (want && k >= want) {
			if (hits->count < 64)
				hits->place[hits->count] = i;
			hits->count++;
		}
	}
}

struct search {
	struct edit_doc *d;
	const struct hunk_text *t;
	const struct edit_hunk *hunk;
	size_t from;
	int64_t hint; /* document line where it should stand, or -1 */
	struct edit_match *m;
};

enum found { NOT_FOUND, FOUND, AMBIGUOUS, OUT_OF_WORK, NO_MEMORY = -1 };

/* Sets the map of a match whose old lines [lead, lead + n) stand at `at` one by one. */
static enum found matched(struct search *s, struct edit_pair pair, size_t lead, size_t n, size_t at,
			  enum edit_tier tier)
{
	int64_t *map = malloc((pair.n_old + 1) * sizeof(*map));

	if (!map)
		return NO_MEMORY;
	for (size_t i = 0; i < pair.n_old; i++)
		map[i] = i >= lead && i < lead + n ? (int64_t)(at + i - lead) : EDIT_UNMAPPED;
	s->m->map = map;
	s->m->pair = pair;
	s->m->tier = tier;
	s->m->indent = (struct edit_indent){ 0 };
	return FOUND;
}

static enum found ambiguous(struct search *s, const size_t *place, size_t n)
{
	s->m->n_places = n < EDIT_PLACES_MAX ? n : EDIT_PLACES_MAX;
	for (size_t i = 0; i < s->m->n_places; i++)
		s->m->places[i] = place[i];
	return AMBIGUOUS;
}

/* One of several places: the one that the patch's line number or anchor names. */
static bool settle(const struct search *s, const size_t *place, size_t n, size_t *ret)
{
	for (size_t i = 0; i < n && s->hint >= 0; i++)
		if ((int64_t)place[i] == s->hint) {
			*ret = place[i];
			return true;
		}
	*ret = place[0];
	return n == 1 || s->hunk->anchor;
}

/* Numbers of the lines [lead, end) up to the first that the file has nowhere. */
static size_t pattern_ids(const struct search *s, size_t lead, size_t end, bool trim, uint32_t *ids)
{
	size_t n = 0;

	for (size_t i = lead; i < end; i++) {
		struct edit_span l = s->t->body[i];

		if (trim)
			l = edit_trim(l);
		ids[n] = edit_doc_lookup(s->d, l.s, l.len);
		if (ids[n] == EDIT_NO_ID)
			break;
		n++;
	}
	return n;
}

static enum found exact(struct search *s, size_t end, uint32_t *ids, uint32_t *z)
{
	size_t n = pattern_ids(s, 0, end, false, ids), place, lead = 0;
	struct hits hits;

	if (!n)
		return NOT_FOUND;
	while (lead < end && edit_is_blank(s->t->body[lead]))
		lead++;
	z_of_pattern(ids, n, z);
	scan(s->d, false, ids, n, z, s->from, 0, &hits);
	for (size_t i = s->t->n_splits; i-- > 0;) {
		struct edit_pair p = pair_at(s->t, i);

		if (p.n_old <= lead || p.n_old > hits.longest)
			continue; /* empty lines alone say nothing about a place */
		scan(s->d, false, ids, n, z, s->from, p.n_old, &hits);
		if (settle(s, hits.place, hits.count < 64 ? hits.count : 64, &place))
			return matched(s, p, 0, p.n_old, place, EDIT_TIER_EXACT);
		return ambiguous(s, hits.place, hits.count < 64 ? hits.count : 64);
	}
	return NOT_FOUND;
}

/* Of the places that agree but for white space, those whose indentation is
 * shifted as a whole; one that is not shifted at all comes first. */
static enum found choose_indent(struct search *s, struct edit_pair p, size_t lead, size_t n,
				const struct hits *hits)
{
	struct edit_indent indent[64];
	size_t good[64], unshifted[64], n_good = 0, n_unshifted = 0, place;

	if (hits->count > 64)
		return ambiguous(s, hits->place, 64);
	for (size_t i = 0; i < hits->count; i++) {
		struct edit_indent in;
		bool ok;

		if (!edit_doc_spend(s->d, 40 * n)) /* so many rules of indentation are tried */
			return OUT_OF_WORK;
		if (matched(s, p, lead, n, hits->place[i], EDIT_TIER_WHITESPACE) < 0)
			return NO_MEMORY;
		ok = edit_indent_find(s->d, &p, s->m->map, 100, &in);
		edit_match_release(s->m);
		if (!ok)
			continue;
		if (in.convert == INDENT_AS_IS && !in.prefix_len)
			unshifted[n_unshifted++] = hits->place[i];
		indent[n_good] = in;
		good[n_good++] = hits->place[i];
	}
	if (!n_good)
		return NOT_FOUND;
	if (n_unshifted && settle(s, unshifted, n_unshifted, &place))
		return matched(s, p, lead, n, place, EDIT_TIER_WHITESPACE);
	if (n_unshifted)
		return ambiguous(s, unshifted, n_unshifted);
	if (!settle(s, good, n_good, &place))
		return ambiguous(s, good, n_good);
	if (matched(s, p, lead, n, place, EDIT_TIER_WHITESPACE) < 0)
		return NO_MEMORY;
	for (size_t i = 0; i < n_good; i++)
		if (good[i] == place)
			s->m->indent = indent[i];
	return FOUND;
}

static enum found whitespace(struct search *s, size_t end, uint32_t *ids, uint32_t *z)
{
	size_t lead = 0, n, tries = 0;
	struct hits hits;
	size_t longest;

	while (lead < end && edit_is_blank(s->t->body[lead]))
		lead++;
	n = pattern_ids(s, lead, end, true, ids);
	if (!n)
		return NOT_FOUND;
	z_of_pattern(ids, n, z);
	scan(s->d, true, ids, n, z, s->from, 0, &hits);
	longest = hits.longest;
	for (size_t i = s->t->n_splits; i-- > 0 && tries < 8;) {
		struct edit_pair p = pair_at(s->t, i);
		size_t len = p.n_old;
		enum found found;

		if (p.n_old > lead + longest + 64)
			continue;
		while (len > lead && edit_is_blank(p.old[len - 1]))
			len--;
		if (len <= lead || len - lead > longest)
			continue;
		tries++;
		if (!edit_doc_spend(s->d, s->d->n))
			return OUT_OF_WORK;
		scan(s->d, true, ids, n, z, s->from, len - lead, &hits);
		found = choose_indent(s, p, lead, len - lead, &hits);
		if (found != NOT_FOUND)
			return found;
	}
	return NOT_FOUND;
}

static enum found fuzzy(struct search *s, struct error *err)
{
	enum found worst = NOT_FOUND;
	size_t tries = 0;

	for (size_t i = s->t->n_splits; i-- > 0 && tries < 8; tries++) {
		struct edit_pair p = pair_at(s->t, i);
		int rc = edit_fuzzy_find(s->d, &p, s->from, s->m, err);

		if (rc < 0)
			return NO_MEMORY;
		if (rc == 1)
			return FOUND;
		if (rc > 1)
			worst = rc == 2 ? AMBIGUOUS : OUT_OF_WORK;
	}
	return worst;
}

static enum found search_all(struct search *s, struct error *err)
{
	size_t end =
		s->t->block ? (s->t->n_splits ? s->t->split[s->t->n_splits - 1] : 0) : s->t->n_body;
	uint32_t *ids, *z;
	enum found found = NO_MEMORY;

	if (!edit_doc_spend(s->d, 2 * (s->d->n + s->t->n_body) + 1))
		return OUT_OF_WORK;
	ids = calloc(end + 1, sizeof(*ids));
	z = calloc(end + 1, sizeof(*z));
	if (ids && z) {
		found = exact(s, end, ids, z);
		if (found == NOT_FOUND)
			found = whitespace(s, end, ids, z);
	}
	free(ids);
	free(z);
	if (found == NOT_FOUND)
		found = fuzzy(s, err);
	return found == NO_MEMORY ? (enum found)error_oom(err) : found;
}

/* ---- anchors, and hunks without old lines ------------------------------- */

/* The line after the last of the anchor's lines, each looked for after the one
 * before; false when one of them is missing. */
static bool find_anchor(const struct edit_doc *d, const char *anchor, size_t *from)
{
	size_t at = 0;

	while (*anchor) {
		size_t len = strcspn(anchor, "\n");
		struct edit_span l = edit_trim((struct edit_span){ anchor, len });
		uint32_t id = edit_doc_lookup(d, l.s, l.len);

		while (at < d->n && (id == EDIT_NO_ID || d->v[at].trim != id))
			at++;
		if (at == d->n)
			return false;
		at++;
		anchor += len + (anchor[len] == '\n');
	}
	*from = at;
	return true;
}

/* Only new lines: after the anchor, or at the end of the file. A line number
 * alone is not believed: nothing would show that it is the place. */
static enum found insertion(struct search *s)
{
	struct edit_pair p = pair_at(s->t, 0);
	enum found found;

	if (!s->hunk->anchor && s->hint >= 0 && (size_t)s->hint + 1 < s->d->n)
		return NOT_FOUND;
	found = matched(s, p, 0, 0, 0, EDIT_TIER_EXACT);
	if (found == FOUND)
		s->m->places[0] = s->hunk->anchor ? s->from : s->d->n;
	return found;
}

/* ---- telling why -------------------------------------------------------- */

static int explain(struct search *s, enum found found, char **ret_reason, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(16384);

	if (found == OUT_OF_WORK) {
		buf_adds(&out, "comparing took too long and was stopped: send fewer edits, with "
			       "shorter old sides");
	} else if (found == AMBIGUOUS) {
		buf_addf(&out, "the old lines (answer line %d) stand at more than one place: lines",
			 s->hunk->answer_line);
		for (size_t i = 0; i < s->m->n_places; i++)
			buf_addf(&out, "%s %zu", i ? "," : "", s->m->places[i] + 1);
		buf_adds(&out, s->m->n_places == EDIT_PLACES_MAX ? " …" : "");
		buf_adds(&out, "; add lines above or below until they stand at one alone");
	} else {
		struct edit_pair p = pair_at(s->t, 0);

		if (edit_explain_missing(s->d, &p, s->hunk->answer_line, s->t->n_splits, &out,
					 err) < 0)
			return -1;
	}
	out.failed = false; /* cut at the limit is good enough */
	*ret_reason = buf_steal(&out, NULL);
	return *ret_reason ? 0 : error_oom(err);
}

/* ---- one hunk ----------------------------------------------------------- */

static void set_final_newline(struct edit_doc *d, const struct edit_hunk *h, size_t end)
{
	if (h->final_newline && end >= d->n)
		d->final_newline = h->final_newline > 0;
	if (!d->n)
		d->final_newline = true;
}

static int merge_found(struct search *s, struct edit_cursor *cursor, enum edit_tier *ret_tier,
		       char **ret_reason, struct error *err)
{
	size_t before = s->d->n, end = 0;
	int rc;

	if (!edit_doc_spend(s->d, s->d->n / 4 + s->m->pair.n_new))
		return explain(s, OUT_OF_WORK, ret_reason, err);
	rc = edit_merge(s->d, s->m, &end, err);
	if (rc < 0)
		return -1;
	if (rc > 0)
		return explain(s, NOT_FOUND, ret_reason, err);
	set_final_newline(s->d, s->hunk, end);
	cursor->from = end;
	cursor->shift += (int64_t)s->d->n - (int64_t)before;
	*ret_tier = s->m->tier;
	return 0;
}

static int apply_text(struct search *s, struct edit_cursor *cursor, enum edit_tier *ret_tier,
		      char **ret_reason, struct error *err)
{
	enum found found;

	if (s->hunk->anchor && !find_anchor(s->d, s->hunk->anchor, &s->from)) {
		*ret_reason = str_printf(
			"the line \"%.200s\" after @@ (answer line %d) is not in the file",
			s->hunk->anchor, s->hunk->answer_line);
		return *ret_reason ? 0 : error_oom(err);
	}
	if (s->hunk->anchor && cursor->from > s->from)
		s->from = cursor->from;
	found = s->t->n_body || s->t->block ? search_all(s, err) : insertion(s);
	if (found == NO_MEMORY)
		return -1;
	if (found != FOUND)
		return explain(s, found, ret_reason, err);
	return merge_found(s, cursor, ret_tier, ret_reason, err);
}

int edit_hunk_apply(struct edit_doc *d, const struct edit_hunk *h, struct edit_cursor *cursor,
		    enum edit_tier *ret_tier, char **ret_reason, struct error *err)
{
	struct hunk_text t = { 0 };
	struct edit_match m = { 0 };
	struct search s = { .d = d, .t = &t, .hunk = h, .m = &m, .hint = -1 };
	int rc = hunk_text_load(h, &t, err);

	if (h->line_hint > 0)
		s.hint = h->line_hint - 1 + cursor->shift;
	if (rc == 0)
		rc = apply_text(&s, cursor, ret_tier, ret_reason, err);
	edit_match_release(&m);
	hunk_text_release(&t);
	return rc;
}
