/* edit_fuzzy.c: the place of old lines that a model did not copy quite right.
 *
 * Places are found by vote: every old line that the file has somewhere votes
 * for the line at which the block would begin. The best few are aligned line
 * by line within a narrow band, and one is taken only if it is both good and
 * clearly better than any other.
 */
#include <stdlib.h>
#include <string.h>

#include "repo/edit_match.h"

enum {
	LINES_MIN = 4, /* not blank; fewer say too little: `a - b` is much like `a * b` */
	OLD_MAX = 400, /* old lines; longer blocks are not matched so */
	COMMON = 200,  /* a line at more places than this has no vote */
	BAND = 8,      /* lines by which the alignment may drift */
	SHIFT = 3,     /* and by which it may begin elsewhere: less than a block, so that each
			  of two equal blocks has an alignment of its own */
	CANDIDATES = 8,
	ALIKE = 500, /* of 1000: less alike lines never stand for one another */
	GOOD = 900,
	MARGIN = 100,
	CHARS_MAX = 400, /* a line is compared by its first characters */
};

/* Below any real score, 1000 for each of OLD_MAX lines at most, whatever is added to it. */
#define IMPOSSIBLE (-1000000)

/* How alike two trimmed lines are, of 1000: common beginning and end. Cheap and
 * on the safe side. */
int edit_alike(struct edit_span a, struct edit_span b)
{
	size_t head = 0, tail = 0, least = a.len < b.len ? a.len : b.len;

	if (a.len + b.len == 0)
		return 1000;
	while (head < least && head < CHARS_MAX && a.s[head] == b.s[head])
		head++;
	while (tail < least - head && tail < CHARS_MAX &&
	       a.s[a.len - tail - 1] == b.s[b.len - tail - 1])
		tail++;
	return (int)((head + tail) * 2000 / (a.len + b.len));
}

/* The same by the longest common subsequence of characters: exact, for the few
 * pairs that an alignment ends up with. */
static int alike_exactly(struct edit_span a, struct edit_span b)
{
	unsigned short row[CHARS_MAX + 1] = { 0 };

	if (a.len > CHARS_MAX || b.len > CHARS_MAX || a.len + b.len == 0)
		return edit_alike(a, b);
	for (size_t i = 0; i < a.len; i++) {
		unsigned short diagonal = 0;

		for (size_t j = 0; j < b.len; j++) {
			unsigned short above = row[j + 1];

			if (a.s[i] == b.s[j])
				row[j + 1] = (unsigned short)(diagonal + 1);
			else if (row[j] > above)
				row[j + 1] = row[j];
			diagonal = above;
		}
	}
	return (int)(row[b.len] * 2000u / (a.len + b.len));
}

static struct edit_span doc_trimmed(const struct edit_doc *d, size_t i)
{
	return edit_trim((struct edit_span){ d->v[i].s, d->v[i].len });
}

/* ---- candidates by vote -------------------------------------------------- */

struct candidate {
	int64_t start;
	unsigned votes;
};

static int by_start(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Chains of the document's lines by number: head[id] is the last line, next[line] the one before.
 */
struct chains {
	uint32_t *head, *next, *count;
};

static int chains_build(struct chains *c, const struct edit_doc *d, size_t from)
{
	size_t ids = edit_doc_ids(d);

	c->head = malloc((ids + 1) * sizeof(*c->head));
	c->count = calloc(ids + 1, sizeof(*c->count));
	c->next = malloc((d->n + 1) * sizeof(*c->next));
	if (!c->head || !c->count || !c->next)
		return -1;
	memset(c->head, 0xff, (ids + 1) * sizeof(*c->head));
	for (size_t i = from; i < d->n; i++) {
		uint32_t id = d->v[i].trim;

		c->next[i] = c->head[id];
		c->head[id] = (uint32_t)i;
		c->count[id]++;
	}
	return 0;
}

static void chains_release(struct chains *c)
{
	free(c->head);
	free(c->next);
	free(c->count);
}

static size_t collect_votes(const struct edit_doc *d, const struct edit_pair *p,
			    const struct chains *c, const uint32_t *ids, int64_t *votes)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n_old && i < OLD_MAX; i++) {
		if (ids[i] == EDIT_NO_ID || ids[i] == d->blank || c->count[ids[i]] > COMMON)
			continue;
		for (uint32_t at = c->head[ids[i]]; at != UINT32_MAX; at = c->next[at])
			votes[n++] = (int64_t)at - (int64_t)i;
	}
	return n;
}

static int by_votes(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->votes != y->votes)
		return x->votes < y->votes ? 1 : -1;
	return (x->start > y->start) - (x->start < y->start);
}

/* The starts with most votes, counting those of neighbours within BAND / 2; of
 * starts that one alignment covers, the best. -1: no memory. */
static int best_starts(int64_t *votes, size_t n, struct candidate *best, size_t *ret_n)
{
	struct candidate *all = malloc((n + 1) * sizeof(*all));
	size_t lo = 0, hi = 0, n_all = 0;

	*ret_n = 0;
	if (!all)
		return -1;
	qsort(votes, n, sizeof(*votes), by_start);
	for (size_t i = 0; i < n; i++) {
		if (i && votes[i] == votes[i - 1])
			continue;
		while (votes[lo] < votes[i] - BAND / 2)
			lo++;
		while (hi < n && votes[hi] <= votes[i] + BAND / 2)
			hi++;
		all[n_all++] = (struct candidate){ votes[i], (unsigned)(hi - lo) };
	}
	qsort(all, n_all, sizeof(*all), by_votes);
	for (size_t i = 0; i < n_all && *ret_n < CANDIDATES; i++) {
		bool covered = false;

		for (size_t k = 0; k < *ret_n && !covered; k++)
			covered = llabs(all[i].start - best[k].start) < SHIFT;
		if (!covered)
			best[(*ret_n)++] = all[i];
	}
	free(all);
	return 0;
}

static int find_candidates(struct edit_doc *d, const struct edit_pair *p, size_t from,
			   uint32_t *ids, struct candidate *best, size_t *ret_n)
{
	size_t m = p->n_old < OLD_MAX ? p->n_old : OLD_MAX;
	int64_t *votes = malloc((m * COMMON + 1) * sizeof(*votes));
	struct chains c = { 0 };
	int rc = -1;

	if (votes && chains_build(&c, d, from) == 0) {
		for (size_t i = 0; i < m; i++) {
			struct edit_span l = edit_trim(p->old[i]);

			ids[i] = edit_doc_lookup(d, l.s, l.len);
		}
		rc = best_starts(votes, collect_votes(d, p, &c, ids, votes), best, ret_n);
	}
	chains_release(&c);
	free(votes);
	return rc;
}

/* ---- alignment ---------------------------------------------------------- */

struct aligned {
	int64_t map[OLD_MAX];
	int score;     /* average over the old lines that are not blank, of 1000 */
	int64_t first; /* document line of the first one mapped */
	bool good;
};

enum { WIDTH = 2 * BAND + 1, STEP_PAIR = 0, STEP_OLD = 1, STEP_FILE = 2 };

struct table {
	int score[OLD_MAX + 1][WIDTH + 1];
	unsigned char step[OLD_MAX + 1][WIDTH + 1];
};

static bool in_doc(const struct edit_doc *d, size_t from, int64_t j)
{
	return j >= (int64_t)from && j < (int64_t)d->n;
}

static int pair_score(const struct edit_doc *d, const struct edit_pair *p, const uint32_t *ids,
		      size_t i, int64_t j)
{
	int s;

	if (d->v[j].trim == ids[i])
		return ids[i] == d->blank ? 10 : 1000;
	if (ids[i] == d->blank || d->v[j].trim == d->blank)
		return IMPOSSIBLE;
	s = edit_alike(edit_trim(p->old[i]), doc_trimmed(d, (size_t)j));
	return s < ALIKE ? IMPOSSIBLE : s;
}

/* Cell [i][b]: the best score of the first i old lines, the next document line being
 * start + i + b - BAND. Old lines may be left out (blank: free), and so may the document's. */
static void fill(struct table *t, const struct edit_doc *d, const struct edit_pair *p,
		 const uint32_t *ids, size_t from, int64_t start)
{
	for (size_t b = 0; b < WIDTH; b++)
		t->score[0][b] = b + SHIFT >= BAND && b <= BAND + SHIFT ? 0 : IMPOSSIBLE;
	for (size_t i = 1; i <= p->n_old; i++)
		for (size_t b = 0; b < WIDTH; b++) {
			int64_t j = start + (int64_t)(i + b) - BAND - 1; /* the line just passed */
			int best = IMPOSSIBLE, s;
			unsigned char step = STEP_OLD;

			if (in_doc(d, from, j)) {
				s = t->score[i - 1][b] + pair_score(d, p, ids, i - 1, j);
				if (s > best) {
					best = s;
					step = STEP_PAIR;
				}
			}
			if (b + 1 < WIDTH) {
				s = t->score[i - 1][b + 1] - (ids[i - 1] == d->blank ? 0 : 1000);
				if (s > best) {
					best = s;
					step = STEP_OLD;
				}
			}
			if (b > 0 && in_doc(d, from, j)) {
				s = t->score[i][b - 1] - (d->v[j].trim == d->blank ? 0 : 300);
				if (s > best) {
					best = s;
					step = STEP_FILE;
				}
			}
			t->score[i][b] = best;
			t->step[i][b] = step;
		}
}

static void trace(const struct table *t, const struct edit_pair *p, int64_t start, int64_t *map)
{
	size_t b = 0, i = p->n_old;

	for (size_t k = 1; k < WIDTH; k++)
		if (t->score[i][k] > t->score[i][b])
			b = k;
	if (t->score[i][b] < IMPOSSIBLE / 2) { /* no alignment ends here */
		for (size_t k = 0; k < i; k++)
			map[k] = EDIT_UNMAPPED;
		return;
	}
	while (i > 0) {
		switch (t->step[i][b]) {
		case STEP_PAIR:
			map[i - 1] = start + (int64_t)(i + b) - BAND - 1;
			i--;
			break;
		case STEP_OLD:
			map[i - 1] = EDIT_UNMAPPED;
			i--;
			b++;
			break;
		default: b--;
		}
	}
}

/* Every old line must stand for a line that is alike, two thirds of them for an equal
 * one, and the file may have few lines between. */
static void judge(const struct edit_doc *d, const struct edit_pair *p, const uint32_t *ids,
		  struct aligned *a)
{
	int64_t last = EDIT_UNMAPPED;
	size_t lines = 0, equal = 0, extra = 0;
	long sum = 0;

	a->good = true;
	a->first = EDIT_UNMAPPED;
	for (size_t i = 0; i < p->n_old; i++) {
		if (ids[i] == d->blank)
			continue;
		lines++;
		if (a->map[i] < 0) {
			a->good = false;
			continue;
		}
		if (a->first < 0)
			a->first = a->map[i];
		for (int64_t j = last + 1; last >= 0 && j < a->map[i]; j++)
			extra += d->v[j].trim != d->blank;
		last = a->map[i];
		equal += d->v[last].trim == ids[i];
		sum += d->v[last].trim == ids[i]
			       ? 1000
			       : alike_exactly(edit_trim(p->old[i]), doc_trimmed(d, (size_t)last));
	}
	a->score = lines ? (int)(sum / (long)lines) - (int)(extra * 500 / lines) : 0;
	if (lines < LINES_MIN || equal * 3 < lines * 2 || a->score < GOOD || extra > 1 + lines / 8)
		a->good = false;
}

static int choose(struct edit_doc *d, const struct edit_pair *p, const struct aligned *all,
		  size_t n, struct edit_match *m)
{
	const struct aligned *best = NULL;

	for (size_t i = 0; i < n; i++)
		if (all[i].good && (!best || all[i].score > best->score))
			best = &all[i];
	if (!best || !edit_indent_find(d, p, best->map, 80, &m->indent))
		return 0;
	m->n_places = 0;
	for (size_t i = 0; i < n; i++) {
		bool seen = &all[i] == best || all[i].first == best->first || all[i].first < 0;

		for (size_t k = 0; k < m->n_places && !seen; k++)
			seen = m->places[k] == (size_t)all[i].first;
		if (!seen && all[i].score > best->score - MARGIN)
			m->places[m->n_places++] = (size_t)all[i].first;
	}
	if (m->n_places) {
		m->places[m->n_places++] = (size_t)best->first;
		return 2;
	}
	m->map = malloc(p->n_old * sizeof(*m->map));
	if (!m->map)
		return -1;
	memcpy(m->map, best->map, p->n_old * sizeof(*m->map));
	m->pair = *p;
	m->tier = EDIT_TIER_FUZZY;
	return 1;
}

int edit_fuzzy_find(struct edit_doc *d, const struct edit_pair *p, size_t from,
		    struct edit_match *m, struct error *err)
{
	uint32_t ids[OLD_MAX];
	struct candidate best[CANDIDATES];
	struct aligned *all;
	struct table *t;
	size_t n = 0;
	int rc = -1;

	if (p->n_old < LINES_MIN || p->n_old > OLD_MAX)
		return 0;
	if (!edit_doc_spend(d, edit_doc_ids(d) + d->n + p->n_old * 2000))
		return 3;
	if (find_candidates(d, p, from, ids, best, &n) < 0)
		return error_oom(err);
	all = calloc(n + 1, sizeof(*all));
	t = malloc(sizeof(*t));
	if (all && t) {
		for (size_t i = 0; i < n; i++) {
			fill(t, d, p, ids, from, best[i].start);
			trace(t, p, best[i].start, all[i].map);
			judge(d, p, ids, &all[i]);
		}
		rc = choose(d, p, all, n, m);
	}
	free(all);
	free(t);
	return rc < 0 ? error_oom(err) : rc;
}

int edit_fuzzy_start(struct edit_doc *d, const struct edit_pair *p, int64_t *ret, struct error *err)
{
	uint32_t ids[OLD_MAX];
	struct candidate best[CANDIDATES];
	size_t n = 0;

	*ret = -1;
	if (!edit_doc_spend(d, edit_doc_ids(d) + d->n + 1000))
		return 0;
	if (find_candidates(d, p, 0, ids, best, &n) < 0)
		return error_oom(err);
	if (n)
		*ret = best[0].start > 0 ? best[0].start : 0;
	return 0;
}
