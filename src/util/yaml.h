/* yaml.h: YAML documents as JSON values with line and column; the only
 * module that includes libfyaml.h. Duplicate keys, aliases that expand beyond
 * 100,000 nodes and nesting deeper than 64 are refused. */
#ifndef COUNCIL_YAML_H
#define COUNCIL_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "util/error.h"

struct yaml; /* a document: a tree of nodes, and the file's name */
struct yaml_node;

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_LIST, YAML_MAP };

/* NULL with err "FILE:L:C: …" (STATUS_USAGE). `name` is for messages. An
 * empty document has a root of kind YAML_NULL. */
struct yaml *yaml_parse(const char *text, size_t len, const char *name, struct error *err);
struct yaml *yaml_parse_file(const char *path, struct error *err);
void yaml_free(struct yaml *y);
void yaml_freep(struct yaml **y);
#define CLEANUP_YAML __attribute__((cleanup(yaml_freep)))

/* Nodes are borrowed from the document. Functions take NULL as "absent". */
const struct yaml_node *yaml_root(const struct yaml *y);
enum yaml_kind yaml_kind(const struct yaml_node *n);
const char *yaml_name(const struct yaml *y);            /* the file's name as given */
int yaml_line(const struct yaml_node *n);               /* 1-based */
int yaml_column(const struct yaml_node *n);             /* 1-based */
/* Scalar text (borrowed), or NULL. Plain scalars come as written. */
const char *yaml_scalar(const struct yaml_node *n);
bool yaml_is_plain(const struct yaml_node *n);          /* unquoted: may be a number or boolean */
size_t yaml_len(const struct yaml_node *n);             /* of a list or map */
const struct yaml_node *yaml_at(const struct yaml_node *list, size_t i);
const char *yaml_key_at(const struct yaml_node *map, size_t i, int *ret_line, int *ret_column);
const struct yaml_node *yaml_value_at(const struct yaml_node *map, size_t i);
const struct yaml_node *yaml_get(const struct yaml_node *map, const char *key);
/* true/false/yes/no/on/off in any case, plain only. Returns false when not one. */
bool yaml_bool(const struct yaml_node *n, bool *ret);

/* Splits "---\n…\n---\nbody" (front matter). Without one, *ret_yaml is NULL
 * and the body is the whole text. Body is borrowed from text. */
int yaml_front_matter(const char *text, size_t len, const char *name, struct yaml **ret_yaml,
		      const char **ret_body, size_t *ret_body_len, struct error *err);

#endif
