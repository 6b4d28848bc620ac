/* persona.c: see persona.h. */
#include "config/persona.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/persona_file.h"
#include "util/path.h"
#include "util/str.h"
#include "util/yaml.h"

enum { PERSONA_FILE_MAX = 256 << 10 };

const char *const *persona_names(void)
{
	static const char *const names[] = { "pacer", "maven", "builder", "guardian", "artisan", NULL };

	return names;
}

void persona_release(struct persona *p)
{
	if (!p)
		return;
	free(p->name);
	free(p->role);
	free(p->system);
	free(p->model);
	free(p->origin);
	memset(p, 0, sizeof(*p));
}

static int check_name(const char *name, struct error *err)
{
	const char *const *names = persona_names();
	const char *near;

	for (size_t i = 0; names[i]; i++)
		if (str_eq(names[i], name))
			return 0;
	near = strlen(name) < 64 ? str_nearest(name, names) : NULL;
	return error_set(err, STATUS_USAGE, "no persona is called %.64s%s%s: there are pacer, maven, "
			 "builder, guardian and artisan", name, near ? ", did you mean " : "",
			 near ? near : "");
}

/* ---- finding and reading ---- */

/* 1 with *ret, the repository's or the user's own file; 0: there is none. */
static int find_override(const struct settings *s, const char *relative, char **ret,
			 struct error *err)
{
	struct error ignored;
	const char *top = s && settings_repo_trusted(s) ? settings_repo_top(s) : NULL;
	CLEANUP_FREE char *in_repo = top ? str_printf("%s/.council/%s", top, relative) : NULL;
	CLEANUP_FREE char *user = NULL;
	CLEANUP_FREE char *config = path_xdg(XDG_CONFIG, &ignored);

	if (top && !in_repo) {
		error_oom(err);
		return -1;
	}
	if (in_repo && path_exists(in_repo)) {
		*ret = STEAL(in_repo);
		return 1;
	}
	if (!config)
		return 0;
	user = path_join(config, relative);
	if (!user) {
		error_oom(err);
		return -1;
	}
	if (!path_exists(user))
		return 0;
	*ret = STEAL(user);
	return 1;
}

int persona_find_file(const struct settings *s, const char *relative, char **ret, struct error *err)
{
	int found = find_override(s, relative, ret, err);

	return found < 0 ? -1 : found ? 0 : data_path(relative, ret, err);
}

int persona_read_file(const char *path, struct buf *out, struct error *err)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY), rc;
	struct stat st;

	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot read %s", path);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		rc = error_set(err, STATUS_USAGE, "%s is not a regular file", path);
	else
		rc = buf_read_fd(out, fd, path, err);
	close(fd);
	if (rc == 0 && memchr(buf_str(out), 0, out->len))
		return error_set(err, STATUS_USAGE, "%s holds a NUL byte: it is no text", path);
	return rc;
}

/* ---- front matter ---- */

static int front_error(const struct yaml *y, const struct yaml_node *n, struct error *err,
		       const char *what)
{
	return error_set(err, STATUS_USAGE, "%s:%d:%d: %s", yaml_name(y), yaml_line(n),
			 yaml_column(n), what);
}

static int take_text(const struct yaml *y, const struct yaml_node *n, const char *what, char **ret,
		     struct error *err)
{
	if (yaml_kind(n) == YAML_NULL)
		return 0;
	if (!yaml_scalar(n) || !*yaml_scalar(n) || strchr(yaml_scalar(n), '\n'))
		return front_error(y, n, err, what);
	free(*ret);
	*ret = str_dup(yaml_scalar(n));
	return *ret ? 0 : error_oom(err);
}

static int take_key(const struct yaml *y, const char *key, const struct yaml_node *n,
		    struct persona *p, struct error *err)
{
	const char *text = yaml_scalar(n);
	int64_t tokens;

	if (str_eq(key, "role"))
		return take_text(y, n, "role: one line of text is expected", &p->role, err);
	if (str_eq(key, "model")) /* from cheap to strong: the first one answers */
		return take_text(y, yaml_kind(n) == YAML_LIST && yaml_len(n) ? yaml_at(n, 0) : n,
				 "model: a name, or a list of names from cheap to strong, is expected",
				 &p->model, err);
	if (str_eq(key, "temperature")) {
		if (!text || !parse_double(text, &p->temperature) || p->temperature < 0 ||
		    p->temperature > 2)
			return front_error(y, n, err, "temperature: a number from 0 to 2 is expected");
	} else if (str_eq(key, "max_tokens")) {
		if (!text || !parse_i64(text, 1, 1000000, &tokens))
			return front_error(y, n, err,
					   "max_tokens: a whole number from 1 to 1000000 is expected");
		p->max_tokens = (int)tokens;
	}
	return 0;
}

static int take_front_matter(const struct yaml *y, struct persona *p, struct error *err)
{
	/* name and description are other programs' words for what stands here anyway; tools,
	 * permissions and schema are those of the persona's place in the run */
	static const char *const known[] = { "role", "model", "temperature", "max_tokens", "tools",
					     "permissions", "schema", "name", "description", NULL };
	const struct yaml_node *root = yaml_root(y);

	if (yaml_kind(root) == YAML_NULL)
		return 0;
	if (yaml_kind(root) != YAML_MAP)
		return front_error(y, root, err, "the front matter must be a map");
	for (size_t i = 0; i < yaml_len(root); i++) {
		int line = 1, column = 1;
		const char *key = yaml_key_at(root, i, &line, &column);
		size_t k = 0;

		while (known[k] && !str_eq(known[k], key))
			k++;
		if (!known[k]) {
			const char *near = strlen(key) < 64 ? str_nearest(key, known) : NULL;
			return error_set(err, STATUS_USAGE, "%s:%d:%d: unknown key %.100s%s%s",
					 yaml_name(y), line, column, key,
					 near ? ", did you mean " : "", near ? near : "");
		}
		if (take_key(y, key, yaml_value_at(root, i), p, err) < 0)
			return -1;
	}
	return 0;
}

static void trim(const char **text, size_t *len)
{
	while (*len && strchr(" \t\r\n", **text)) {
		(*text)++;
		(*len)--;
	}
	while (*len && strchr(" \t\r\n", (*text)[*len - 1]))
		(*len)--;
}

int persona_parse(const char *text, size_t len, const char *path, struct persona *ret,
		  struct error *err)
{
	struct persona p = { .temperature = -1 };
	CLEANUP_YAML struct yaml *y = NULL;
	const char *body;
	size_t n;

	if (yaml_front_matter(text, len, path, &y, &body, &n, err) < 0)
		return -1;
	if (y && take_front_matter(y, &p, err) < 0)
		goto fail;
	trim(&body, &n);
	if (!n) {
		error_set(err, STATUS_USAGE, "%s: there is no system prompt below the front matter", path);
		goto fail;
	}
	if (!utf8_valid(body, n)) {
		error_set(err, STATUS_USAGE, "%s is not UTF-8", path);
		goto fail;
	}
	p.system = str_ndup(body, n);
	p.origin = str_dup(path);
	if (!p.role)
		p.role = str_dup("");
	if (!p.system || !p.origin || !p.role) {
		error_oom(err);
		goto fail;
	}
	*ret = p;
	return 0;
fail:
	persona_release(&p);
	return -1;
}

/* ---- what is in force ---- */

static int load_file(const char *path, struct persona *ret, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(PERSONA_FILE_MAX);

	if (persona_read_file(path, &text, err) < 0)
		return -1;
	return persona_parse(buf_str(&text), text.len, path, ret, err);
}

int persona_file_model(const struct settings *s, const char *name, char **ret_model,
		       char **ret_origin, struct error *err)
{
	CLEANUP_FREE char *relative = str_printf("personas/%s.md", name);
	CLEANUP_FREE char *path = NULL;
	struct persona p;
	int found;

	if (!relative)
		return error_oom(err);
	found = find_override(s, relative, &path, err);
	if (found <= 0)
		return found;
	if (load_file(path, &p, err) < 0)
		return -1;
	if (p.model) {
		*ret_model = STEAL(p.model);
		*ret_origin = STEAL(path);
	}
	persona_release(&p);
	return 0;
}

int persona_load(const struct settings *s, const char *name, struct persona *ret, struct error *err)
{
	CLEANUP_FREE char *relative = str_printf("personas/%s.md", name);
	CLEANUP_FREE char *path = NULL;
	const struct persona_setting *own = s ? settings_persona(s, name) : NULL;
	struct persona p;

	if (!relative)
		return error_oom(err);
	if (check_name(name, err) < 0 || persona_find_file(s, relative, &path, err) < 0 ||
	    load_file(path, &p, err) < 0)
		return -1;
	p.name = str_dup(name);
	if (own && own->model) {
		free(p.model);
		p.model = str_dup(own->model);
	}
	if (!p.name || (own && own->model && !p.model)) {
		persona_release(&p);
		return error_oom(err);
	}
	if (own && own->temperature >= 0)
		p.temperature = own->temperature;
	if (own && own->max_tokens)
		p.max_tokens = own->max_tokens;
	*ret = p;
	return 0;
}
