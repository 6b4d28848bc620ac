/* yaml.c: reading the tree of yaml.h. yaml_parse.c builds it. */
#include "util/yaml.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/buf.h"
#include "util/str.h"
#include "util/yaml_tree.h"

enum { FILE_MAX_BYTES = 4 << 20 };

struct yaml *yaml_parse_file(const char *path, struct error *err)
{
	CLEANUP_BUF struct buf b = BUF_INIT(FILE_MAX_BYTES);

	if (buf_read_file(&b, path, err) < 0)
		return NULL;
	return yaml_parse(buf_str(&b), b.len, path, err);
}

void yaml_free(struct yaml *y)
{
	if (!y)
		return;
	while (y->chunks) {
		struct yaml_chunk *next = y->chunks->next;

		free(y->chunks);
		y->chunks = next;
	}
	free(y->name);
	free(y);
}

void yaml_freep(struct yaml **y)
{
	yaml_free(*y);
	*y = NULL;
}

const struct yaml_node *yaml_root(const struct yaml *y)
{
	return y ? y->root : NULL;
}

enum yaml_kind yaml_kind(const struct yaml_node *n)
{
	return n ? n->kind : YAML_NULL;
}

const char *yaml_name(const struct yaml *y)
{
	return y ? y->name : NULL;
}

int yaml_line(const struct yaml_node *n)
{
	return n ? n->line : 1;
}

int yaml_column(const struct yaml_node *n)
{
	return n ? n->column : 1;
}

const char *yaml_scalar(const struct yaml_node *n)
{
	return n && n->kind == YAML_SCALAR ? n->text : NULL;
}

bool yaml_is_plain(const struct yaml_node *n)
{
	return n && n->kind == YAML_SCALAR && n->plain;
}

size_t yaml_len(const struct yaml_node *n)
{
	return n ? n->n : 0;
}

const struct yaml_node *yaml_at(const struct yaml_node *list, size_t i)
{
	return list && list->kind == YAML_LIST && i < list->n ? list->items[i].value : NULL;
}

const char *yaml_key_at(const struct yaml_node *map, size_t i, int *ret_line, int *ret_column)
{
	const struct yaml_item *item;

	if (!map || map->kind != YAML_MAP || i >= map->n)
		return NULL;
	item = &map->items[i];
	if (ret_line)
		*ret_line = item->line;
	if (ret_column)
		*ret_column = item->column;
	return item->key;
}

const struct yaml_node *yaml_value_at(const struct yaml_node *map, size_t i)
{
	return map && map->kind == YAML_MAP && i < map->n ? map->items[i].value : NULL;
}

const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (strcmp(map->items[i].key, key) == 0)
			return map->items[i].value;
	return NULL;
}

bool yaml_bool(const struct yaml_node *n, bool *ret)
{
	static const char *const yes[] = { "true", "yes", "on" };
	static const char *const no[] = { "false", "no", "off" };

	if (!yaml_is_plain(n))
		return false;
	for (size_t i = 0; i < 3; i++) {
		bool is_yes = strcasecmp(n->text, yes[i]) == 0;

		if (is_yes || strcasecmp(n->text, no[i]) == 0) {
			*ret = is_yes;
			return true;
		}
	}
	return false;
}

/* Length of the line at s with its end, and whether it is `marker` alone. */
static size_t line_at(const char *s, size_t n, const char *marker, bool *ret_is)
{
	const char *end = memchr(s, '\n', n);
	size_t len = end ? (size_t)(end - s) : n;
	size_t text = len;

	while (text > 0 && strchr(" \t\r", s[text - 1]) && s[text - 1])
		text--;
	*ret_is = text == strlen(marker) && memcmp(s, marker, text) == 0;
	return end ? len + 1 : len;
}

int yaml_front_matter(const char *text, size_t len, const char *name, struct yaml **ret_yaml,
		      const char **ret_body, size_t *ret_body_len, struct error *err)
{
	size_t begin = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
	size_t at = begin;
	struct yaml *y;
	bool is;

	at += line_at(text + at, len - at, "---", &is);
	if (!is) {
		*ret_yaml = NULL;
		*ret_body = text + begin;
		*ret_body_len = len - begin;
		return 0;
	}
	while (at < len) {
		size_t n = line_at(text + at, len - at, "---", &is);

		if (is) {
			/* With its first "---", so that lines count as in the file. */
			y = yaml_parse(text + begin, at - begin, name, err);
			if (!y)
				return -1;
			*ret_yaml = y;
			*ret_body = text + at + n;
			*ret_body_len = len - at - n;
			return 0;
		}
		at += n;
	}
	return error_set(err, STATUS_USAGE,
			 "%s:1:1: the front matter does not end: a line \"---\" is missing", name);
}
