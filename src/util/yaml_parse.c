/* yaml_parse.c: from libfyaml's events to the tree of yaml_tree.h.
 *
 * Events rather than its documents: they come one by one, without recursion,
 * so that the bounds on depth and size hold while the text is read, and
 * aliases, merge keys and double keys are judged here, with their place.
 */
#include <inttypes.h>
#include <libfyaml.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/str.h"
#include "util/yaml_tree.h"

enum { DEPTH_MAX = 64, NODES_MAX = 100000, ANCHORS_MAX = 1000, CHUNK_SIZE = 16384 };

/* A list or map whose end has not come yet. */
struct level {
	struct yaml_node *node;
	struct yaml_item *items; /* owned while open */
	size_t n, cap;
	const char *anchor;
	const char *key; /* a map's key that waits for its value */
	int key_line, key_column;
};

struct anchor {
	const char *name;
	const struct yaml_node *node;
};

struct builder {
	struct yaml *y;
	struct error *err;
	struct level levels[DEPTH_MAX];
	size_t depth;
	struct anchor *anchors; /* owned */
	size_t n_anchors, cap_anchors;
	size_t nodes; /* made or repeated so far */
	bool have_root;
};

static void *make(struct builder *b, size_t size)
{
	struct yaml_chunk *c = b->y->chunks;
	const size_t align = _Alignof(max_align_t);
	void *p;

	size = (size + align - 1) / align * align;
	if (!c || size > c->size - c->used) {
		size_t room = size > CHUNK_SIZE ? size : CHUNK_SIZE;

		c = malloc(sizeof *c + room);
		if (!c) {
			error_oom(b->err);
			return NULL;
		}
		c->next = b->y->chunks;
		c->size = room;
		c->used = 0;
		b->y->chunks = c;
	}
	p = c->data + c->used;
	c->used += size;
	return p;
}

static const char *make_text(struct builder *b, const char *s, size_t n)
{
	char *p = make(b, n + 1);

	if (p) {
		memcpy(p, s, n);
		p[n] = '\0';
	}
	return p;
}

static int fault(struct builder *b, int line, int column, const char *fmt, ...)
	__attribute__((format(printf, 4, 5), cold));

static int fault(struct builder *b, int line, int column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_vset(b->err, STATUS_USAGE, fmt, ap);
	va_end(ap);
	return error_prefix(b->err, "%s:%d:%d", b->y->name, line, column);
}

static void place(const struct fy_mark *mark, int *line, int *column)
{
	*line = mark ? mark->line + 1 : 1;
	*column = mark ? mark->column + 1 : 1;
}

static struct yaml_node *make_node(struct builder *b, enum yaml_kind kind, int line, int column)
{
	struct yaml_node *n = make(b, sizeof *n);

	if (!n)
		return NULL;
	*n = (struct yaml_node){ .kind = kind, .line = line, .column = column, .size = 1 };
	return n;
}

/* Counts what a node or a repetition of one adds to the document. */
static int count(struct builder *b, size_t nodes, int line, int column)
{
	b->nodes += nodes;
	if (b->nodes <= NODES_MAX)
		return 0;
	return fault(b, line, column, "more than %d values, aliases written out", NODES_MAX);
}

static int add_item(struct builder *b, struct level *l, struct yaml_item item)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 8;
		struct yaml_item *grown = reallocarray(l->items, cap, sizeof *grown);

		if (!grown)
			return error_oom(b->err);
		l->items = grown;
		l->cap = cap;
	}
	l->items[l->n++] = item;
	return 0;
}

static int remember(struct builder *b, const char *name, const struct yaml_node *node)
{
	if (!name)
		return 0;
	/* A later anchor of the same name hides the earlier one. */
	for (size_t i = 0; i < b->n_anchors; i++) {
		if (strcmp(b->anchors[i].name, name) == 0) {
			b->anchors[i].node = node;
			return 0;
		}
	}
	if (b->n_anchors == ANCHORS_MAX) /* they are looked up one by one */
		return fault(b, node->line, node->column, "more than %d anchors", ANCHORS_MAX);
	if (b->n_anchors == b->cap_anchors) {
		size_t cap = b->cap_anchors ? b->cap_anchors * 2 : 8;
		struct anchor *grown = reallocarray(b->anchors, cap, sizeof *grown);

		if (!grown)
			return error_oom(b->err);
		b->anchors = grown;
		b->cap_anchors = cap;
	}
	b->anchors[b->n_anchors++] = (struct anchor){ name, node };
	return 0;
}

static const struct yaml_node *recall(const struct builder *b, const char *name, size_t n)
{
	for (size_t i = 0; i < b->n_anchors; i++)
		if (strlen(b->anchors[i].name) == n && memcmp(b->anchors[i].name, name, n) == 0)
			return b->anchors[i].node;
	return NULL;
}

/* A whole node takes its place in what is open. */
static int attach(struct builder *b, const struct yaml_node *node)
{
	struct level *l;
	struct yaml_item item = { .value = node };

	if (b->depth == 0) {
		b->y->root = node;
		b->have_root = true;
		return 0;
	}
	l = &b->levels[b->depth - 1];
	if (l->node->kind == YAML_MAP) {
		item.key = l->key;
		item.line = l->key_line;
		item.column = l->key_column;
		l->key = NULL;
	}
	return add_item(b, l, item);
}

static bool waits_for_key(const struct builder *b)
{
	const struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;

	return l && l->node->kind == YAML_MAP && !l->key;
}

static int compare_keys(const void *a, const void *b)
{
	const struct yaml_item *x = *(const struct yaml_item *const *)a;
	const struct yaml_item *y = *(const struct yaml_item *const *)b;
	int c = strcmp(x->key, y->key);

	return c ? c : x < y ? -1 : x > y;
}

/* Drops every item whose key an earlier one has.
 * The first `own` ones come from the map itself: among those it is an error. */
static int drop_doubles(struct builder *b, struct level *l, size_t own)
{
	struct yaml_item **sorted;
	const struct yaml_item *kept_one = NULL;
	size_t kept = 0;

	if (l->n < 2)
		return 0;
	/* NOLINTBEGIN(bugprone-sizeof-expression): of pointers is what is meant */
	sorted = reallocarray(NULL, l->n, sizeof *sorted);
	if (!sorted)
		return error_oom(b->err);
	for (size_t i = 0; i < l->n; i++)
		sorted[i] = &l->items[i];
	qsort(sorted, l->n, sizeof *sorted, compare_keys);
	/* NOLINTEND(bugprone-sizeof-expression) */
	for (size_t i = 0; i < l->n; i++) {
		struct yaml_item *item = sorted[i];

		if (!kept_one || strcmp(kept_one->key, item->key) != 0) {
			kept_one = item;
			continue;
		}
		if (item < l->items + own) {
			free(sorted);
			return fault(b, item->line, item->column,
				     "the key '%s' is there already, in line %d", item->key,
				     kept_one->line);
		}
		item->value = NULL;
	}
	free(sorted);
	for (size_t i = 0; i < l->n; i++)
		if (l->items[i].value)
			l->items[kept++] = l->items[i];
	l->n = kept;
	return 0;
}

static int merge_map(struct builder *b, struct level *l, const struct yaml_item *from,
		     const struct yaml_node *map)
{
	if (map->kind != YAML_MAP)
		return fault(b, from->line, from->column, "'<<' takes a map, or a list of maps");
	if (count(b, map->size, from->line, from->column) < 0)
		return -1;
	for (size_t i = 0; i < map->n; i++)
		if (add_item(b, l, map->items[i]) < 0)
			return -1;
	return 0;
}

/* Takes the "<<" out of the open map and puts what it names behind the map's
 * own items, which therefore win, as an earlier map wins over a later one. */
static int merge(struct builder *b, struct level *l)
{
	size_t i, own;
	struct yaml_item from;

	for (i = 0; i < l->n && !(l->items[i].key && strcmp(l->items[i].key, "<<") == 0);)
		i++;
	if (drop_doubles(b, l, l->n) < 0)
		return -1;
	if (i == l->n)
		return 0;
	from = l->items[i];
	memmove(l->items + i, l->items + i + 1, (l->n - i - 1) * sizeof *l->items);
	own = --l->n;
	if (from.value->kind != YAML_LIST) {
		if (merge_map(b, l, &from, from.value) < 0)
			return -1;
	} else {
		for (size_t k = 0; k < from.value->n; k++)
			if (merge_map(b, l, &from, from.value->items[k].value) < 0)
				return -1;
	}
	return drop_doubles(b, l, own);
}

static int open_level(struct builder *b, enum yaml_kind kind, const struct fy_event *e,
		      struct fy_token *anchor)
{
	struct level *l;
	size_t n = 0;
	const char *name = anchor ? fy_token_get_text(anchor, &n) : NULL;
	int line, column;

	place(fy_event_start_mark((struct fy_event *)e), &line, &column);
	if (waits_for_key(b))
		return fault(b, line, column, "a key must be a word, not a list or map");
	if (b->depth == DEPTH_MAX)
		return fault(b, line, column, "nested deeper than %d", DEPTH_MAX);
	if (count(b, 1, line, column) < 0)
		return -1;
	l = &b->levels[b->depth];
	*l = (struct level){ .node = make_node(b, kind, line, column) };
	if (!l->node)
		return -1;
	b->depth++;
	if (name) {
		l->anchor = make_text(b, name, n);
		if (!l->anchor)
			return -1;
	}
	return 0;
}

static int close_level(struct builder *b)
{
	struct level *l = &b->levels[b->depth - 1];
	struct yaml_node *node = l->node;

	/* a level that is open has its node; NOLINTNEXTLINE(clang-analyzer-core.NullDereference) */
	if (node->kind == YAML_MAP && merge(b, l) < 0)
		return -1;
	if (l->n > 0) {
		node->items = make(b, l->n * sizeof *node->items);
		if (!node->items)
			return -1;
		memcpy(node->items, l->items, l->n * sizeof *node->items);
	}
	node->n = l->n;
	for (size_t i = 0; i < node->n; i++) {
		node->size += node->items[i].value->size;
		if (node->items[i].value->height > node->height)
			node->height = node->items[i].value->height;
	}
	node->height++;
	free(l->items);
	l->items = NULL;
	b->depth--;
	return remember(b, l->anchor, node) < 0 ? -1 : attach(b, node);
}

static bool is_null_word(const char *s)
{
	return !*s || strcmp(s, "~") == 0 || strcmp(s, "null") == 0 || strcmp(s, "Null") == 0 ||
	       strcmp(s, "NULL") == 0;
}

/* Where a scalar stands; one that was left out, where its key or list does. */
static void place_scalar(const struct builder *b, const struct fy_event *e, int *line, int *column)
{
	const struct level *l = b->depth ? &b->levels[b->depth - 1] : NULL;
	size_t n = 0;

	place(fy_event_start_mark((struct fy_event *)e), line, column);
	if (!l || (e->scalar.value && fy_token_get_text(e->scalar.value, &n) && n > 0))
		return;
	if (e->scalar.value && fy_token_scalar_style(e->scalar.value) != FYSS_PLAIN)
		return;
	*line = l->key ? l->key_line : l->node->line;
	*column = l->key ? l->key_column : l->node->column;
}

static int take_key(struct builder *b, const char *text, int line, int column)
{
	struct level *l = &b->levels[b->depth - 1];

	l->key = text;
	l->key_line = line;
	l->key_column = column;
	return 0;
}

static int take_scalar(struct builder *b, const struct fy_event *e)
{
	size_t n = 0, anchor_len = 0;
	const char *raw = e->scalar.value ? fy_token_get_text(e->scalar.value, &n) : "";
	const char *anchor = NULL;
	struct yaml_node *node;
	const char *text;
	int line, column;
	bool plain = !e->scalar.value || fy_token_scalar_style(e->scalar.value) == FYSS_PLAIN;

	place_scalar(b, e, &line, &column);
	if (count(b, 1, line, column) < 0)
		return -1;
	if (!raw) {
		raw = "";
		n = 0;
	}
	if (memchr(raw, '\0', n))
		return fault(b, line, column, "a NUL character in a value is not accepted");
	text = make_text(b, raw, n);
	if (!text)
		return -1;
	if (e->scalar.anchor)
		anchor = fy_token_get_text(e->scalar.anchor, &anchor_len);
	if (anchor) {
		anchor = make_text(b, anchor, anchor_len);
		if (!anchor)
			return -1;
	}
	node = make_node(b, YAML_SCALAR, line, column);
	if (!node)
		return -1;
	node->text = text;
	/* A tag, as in "!!str 12", says what a plain scalar is. */
	node->plain = plain && !e->scalar.tag;
	if (node->plain && is_null_word(text))
		node->kind = YAML_NULL;
	if (remember(b, anchor, node) < 0)
		return -1;
	if (waits_for_key(b))
		return take_key(b, text, line, column);
	return attach(b, node);
}

static int take_alias(struct builder *b, const struct fy_event *e)
{
	size_t n = 0;
	const char *name = fy_token_get_text(e->alias.anchor, &n);
	const struct yaml_node *node;
	int line, column;

	place(fy_event_start_mark((struct fy_event *)e), &line, &column);
	node = name ? recall(b, name, n) : NULL;
	if (!node)
		return fault(b, line, column, "the alias '*%.*s' has no anchor before it",
			     n > 100 ? 100 : (int)n, name ? name : "");
	if (b->depth + node->height > DEPTH_MAX)
		return fault(b, line, column, "nested deeper than %d", DEPTH_MAX);
	if (count(b, node->size, line, column) < 0)
		return -1;
	if (!waits_for_key(b))
		return attach(b, node);
	if (node->kind != YAML_SCALAR)
		return fault(b, line, column, "a key must be a word, not a list or map");
	return take_key(b, node->text, line, column);
}

static int take_event(struct builder *b, const struct fy_event *e)
{
	int line, column;

	switch (e->type) {
	case FYET_DOCUMENT_START:
		if (!b->have_root)
			return 0;
		place(fy_event_start_mark((struct fy_event *)e), &line, &column);
		return fault(b, line, column, "a second document begins: one a file is read");
	case FYET_SEQUENCE_START:
		return open_level(b, YAML_LIST, e, e->sequence_start.anchor);
	case FYET_MAPPING_START:
		return open_level(b, YAML_MAP, e, e->mapping_start.anchor);
	case FYET_SEQUENCE_END:
	case FYET_MAPPING_END:
		return close_level(b);
	case FYET_SCALAR:
		return take_scalar(b, e);
	case FYET_ALIAS:
		return take_alias(b, e);
	default:
		return 0;
	}
}

/* libfyaml's own words on a fault, the first of them. */
static int report(struct builder *b, struct fy_diag *diag)
{
	void *iterator = NULL;
	const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &iterator);

	if (!e || !e->msg)
		return fault(b, 1, 1, "not valid YAML");
	return fault(b, e->line > 0 ? e->line : 1, e->column > 0 ? e->column : 1, "%s", e->msg);
}

static int parse_events(struct builder *b, struct fy_parser *parser, struct fy_diag *diag)
{
	for (;;) {
		struct fy_event *e = fy_parser_parse(parser);
		int rc;

		if (!e)
			break;
		rc = take_event(b, e);
		fy_parser_event_free(parser, e);
		if (rc < 0)
			return -1;
	}
	return fy_diag_got_error(diag) ? report(b, diag) : 0;
}

/* Nothing of libfyaml is to reach stderr: what is not collected is dropped. */
static void drop(struct fy_diag *diag, void *user, const char *text, size_t len)
{
	(void)diag;
	(void)user;
	(void)text;
	(void)len;
}

static int parse(struct builder *b, const char *text, size_t len)
{
	struct fy_diag_cfg diag_cfg;
	struct fy_parse_cfg cfg = { .flags = FYPCF_QUIET | FYPCF_DEFAULT_VERSION_AUTO };
	struct fy_parser *parser;
	struct fy_diag *diag;
	int rc;

	fy_diag_cfg_default(&diag_cfg);
	diag_cfg.fp = NULL;
	diag_cfg.output_fn = drop;
	diag_cfg.level = FYET_ERROR;
	diag_cfg.colorize = false;
	diag = fy_diag_create(&diag_cfg);
	if (!diag)
		return error_oom(b->err);
	fy_diag_set_collect_errors(diag, true);
	cfg.diag = diag;
	parser = fy_parser_create(&cfg);
	if (!parser)
		rc = error_oom(b->err);
	else if (fy_parser_set_string(parser, text, len) != 0)
		rc = report(b, diag);
	else
		rc = parse_events(b, parser, diag);
	if (parser)
		fy_parser_destroy(parser);
	fy_diag_destroy(diag);
	return rc;
}

/* libfyaml reads a value that is no UTF-8 as an empty one. */
static int check_utf8(struct builder *b, const char *text, size_t len)
{
	int line = 1;
	size_t begin = 0;

	for (size_t i = 0; i < len;) {
		size_t n = utf8_char(text + i, len - i);

		if (n == 0)
			return fault(b, line, (int)(i - begin) + 1, "invalid UTF-8");
		i += n;
		if (text[i - 1] == '\n') {
			line++;
			begin = i;
		}
	}
	return 0;
}

struct yaml *yaml_parse(const char *text, size_t len, const char *name, struct error *err)
{
	struct builder b = { .y = calloc(1, sizeof *b.y), .err = err };
	struct error local = { 0 };
	int rc;

	if (!b.err)
		b.err = &local;
	if (!b.y || !(b.y->name = str_dup(name))) {
		yaml_free(b.y);
		error_oom(err);
		return NULL;
	}
	rc = check_utf8(&b, text, len);
	if (rc == 0)
		rc = parse(&b, text, len);
	if (rc == 0 && !b.y->root) {
		b.y->root = make_node(&b, YAML_NULL, 1, 1);
		rc = b.y->root ? 0 : -1;
	}
	for (size_t i = 0; i < b.depth; i++)
		free(b.levels[i].items);
	free(b.anchors);
	if (rc < 0) {
		yaml_free(b.y);
		return NULL;
	}
	return b.y;
}
