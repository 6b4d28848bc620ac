/* yaml_tree.h: the tree behind yaml.h. Private to yaml.c and yaml_parse.c.
 *
 * Everything lies in chunks that the document owns and is immutable once
 * parsed; an alias is a second pointer to its anchor's node.
 */
#ifndef COUNCIL_YAML_TREE_H
#define COUNCIL_YAML_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "util/yaml.h"

struct yaml_item {
	const char *key; /* NULL in a list */
	int line, column; /* of the key */
	const struct yaml_node *value;
};

struct yaml_node {
	enum yaml_kind kind;
	bool plain;
	int line, column;
	const char *text; /* of a scalar */
	struct yaml_item *items;
	size_t n;
	size_t size;   /* nodes below and with this one, aliases written out */
	size_t height; /* levels of lists and maps, this one included */
};

struct yaml_chunk {
	struct yaml_chunk *next;
	size_t used, size;
	_Alignas(max_align_t) char data[];
};

struct yaml {
	char *name;
	struct yaml_chunk *chunks;
	const struct yaml_node *root;
};

#endif
