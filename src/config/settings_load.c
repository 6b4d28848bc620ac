/* The layers of the settings, from weak to strong: built in, /etc/council,
 * the user's file, the repository's, COUNCIL_*, flags; and the policy, which
 * comes last and only tightens. */
#include "config/settings_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/persona.h"
#include "config/trust.h"
#include "util/path.h"
#include "util/str.h"

enum file_flags {
	FILE_MUST_EXIST = 1,
	FILE_ANY_KIND = 2,   /* --config <(…) is a pipe */
	FILE_NO_LINK = 4,    /* the repository's: a link could lead anywhere */
};

/* ---- values ---- */

int settings_put(struct settings *s, enum setting_id id, struct setting_value *take,
		 enum settings_layer layer, const char *origin, struct error *err)
{
	take->layer = layer;
	take->origin = str_dup(origin);
	if (!take->origin) {
		setting_value_release(take);
		return error_oom(err);
	}
	setting_value_release(&s->value[id]);
	s->value[id] = *take;
	memset(take, 0, sizeof(*take));
	return 0;
}

static int put_text(struct settings *s, const struct setting_def *def, const char *text,
		    enum settings_layer layer, const char *origin, struct error *err)
{
	struct setting_value v = { 0 };

	if (setting_parse(def, text, NULL, &v, err) < 0)
		return -1;
	return settings_put(s, def->id, &v, layer, origin, err);
}

static bool ci_is_set(void)
{
	const char *ci = getenv("CI");

	return ci && *ci && !str_eq(ci, "0") && !str_eq(ci, "false");
}

static int apply_builtin(struct settings *s, struct error *err)
{
	const struct setting_def *defs = setting_defs();

	for (size_t i = 0; i < SET_COUNT; i++) {
		if (defs[i].fallback &&
		    put_text(s, &defs[i], defs[i].fallback, LAYER_BUILTIN, "built in", err) < 0)
			return -1;
	}
	if (ci_is_set())
		return put_text(s, &defs[SET_REQUIRE_PROOF], "true", LAYER_BUILTIN, "CI", err);
	return 0;
}

static int apply_environment(struct settings *s, struct error *err)
{
	const struct setting_def *defs = setting_defs();

	for (size_t i = 0; i < SET_COUNT; i++) {
		const char *text = getenv(defs[i].env);
		if (text && *text &&
		    put_text(s, &defs[i], text, LAYER_ENV, defs[i].env, err) < 0)
			return error_prefix(err, "%s", defs[i].env);
	}
	return 0;
}

/* An option is called as its setting is: --worktree-setup. Only --tag gives one of the tags. */
static int flag_error(const struct setting_def *def, struct error *err)
{
	CLEANUP_FREE char *name = str_dup(def->id == SET_TAGS ? "tag" : def->key);

	if (!name)
		return error_oom(err);
	for (char *p = name; *p; p++)
		if (*p == '.' || *p == '_')
			*p = '-';
	return error_prefix(err, "--%s", name);
}

static int apply_flags(struct settings *s, const struct settings_overrides *o, struct error *err)
{
	const struct setting_def *defs = setting_defs();

	for (size_t i = 0; i < SET_COUNT; i++)
		if (o->value[i] && put_text(s, &defs[i], o->value[i], LAYER_FLAG, "flag", err) < 0)
			return flag_error(&defs[i], err);
	return o->models ? settings_model_flags(s, o->models, err) : 0;
}

/* ---- files ---- */

/* 1: read; 0: there is none. */
static int read_file(const char *path, int flags, struct buf *out, struct error *err)
{
	int how = O_RDONLY | O_CLOEXEC | O_NOCTTY | (flags & FILE_NO_LINK ? O_NOFOLLOW : 0) |
		  (flags & FILE_ANY_KIND ? 0 : O_NONBLOCK);
	int fd = open(path, how), rc;
	struct stat st;

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !(flags & FILE_MUST_EXIST))
		return 0;
	if (fd < 0 && errno == ELOOP)
		return error_set(err, STATUS_USAGE, "%s is a symbolic link: put the file itself there",
				 path);
	if (fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot read %s", path);
	if (fstat(fd, &st) < 0)
		rc = error_sys(err, STATUS_USAGE, errno, "cannot read %s", path);
	else if (!S_ISREG(st.st_mode) && (!(flags & FILE_ANY_KIND) || S_ISDIR(st.st_mode)))
		rc = error_set(err, STATUS_USAGE, "%s is not a regular file", path);
	else
		rc = buf_read_fd(out, fd, path, err);
	close(fd);
	return rc < 0 ? -1 : 1;
}

/* Reads and applies one file. 1: it is there; 0: there is none. */
static int apply_path(struct settings *s, const char *path, int flags, struct settings_source *src,
		      struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(SETTINGS_FILE_MAX);
	CLEANUP_FREE char *base = NULL;
	CLEANUP_YAML struct yaml *y = NULL;
	int there = read_file(path, flags, &text, err);

	if (there <= 0)
		return there;
	base = path_dirname(path);
	if (!base || strv_add(&s->files, path) < 0)
		return error_oom(err);
	src->name = s->files.v[s->files.n - 1];
	src->base = base;
	y = yaml_parse(buf_str(&text), text.len, src->name, err);
	if (!y)
		return -1;
	if (src->layer == LAYER_POLICY)
		return settings_apply_policy(s, src, yaml_root(y), err) < 0 ? -1 : 1;
	return settings_apply_file(s, src, yaml_root(y), err) < 0 ? -1 : 1;
}

char *settings_etc_file(const char *name, struct error *err)
{
	const char *etc = getenv("COUNCIL_ETC_DIR");
	char *path = path_join(etc && *etc ? etc : "/etc/council", name);

	if (!path)
		error_oom(err);
	return path;
}

char *settings_user_file(struct error *err)
{
	CLEANUP_FREE char *dir = path_xdg(XDG_CONFIG, err);
	char *path = dir ? path_join(dir, "config.yaml") : NULL;

	if (dir && !path)
		error_oom(err);
	return path;
}

static int apply_etc(struct settings *s, const char *name, enum settings_layer layer,
		     struct strv *warnings, struct error *err)
{
	CLEANUP_FREE char *path = settings_etc_file(name, err);
	struct settings_source src = { .layer = layer, .warnings = warnings };

	return path && apply_path(s, path, 0, &src, err) >= 0 ? 0 : -1;
}

static int apply_user(struct settings *s, struct strv *warnings, struct error *err)
{
	struct settings_source src = { .layer = LAYER_USER, .warnings = warnings };
	struct error ignored;
	CLEANUP_FREE char *path = settings_user_file(&ignored);

	/* Without a home there is no user's file, which is no fault. */
	return !path || apply_path(s, path, 0, &src, err) >= 0 ? 0 : -1;
}

/* One line for all that an untrusted repository does not get to say. */
static int warn_untrusted(const struct settings *s, const struct strv *ignored,
			  enum trust_state state, struct strv *warnings, struct error *err)
{
	static const char *const folders[] = { "personas", "prompts", NULL };
	CLEANUP_BUF struct buf names = BUF_INIT(1024);
	size_t n = ignored->n;

	if (!warnings)
		return 0;
	for (size_t i = 0; i < ignored->n && i < 30; i++)
		buf_addf(&names, "%s%s", i ? ", " : "", ignored->v[i]);
	for (size_t i = 0; folders[i]; i++) {
		CLEANUP_FREE char *path = str_printf("%s/.council/%s", s->repo_top, folders[i]);
		if (!path)
			return error_oom(err);
		if (path_is_dir(path))
			buf_addf(&names, "%s%s/", n++ ? ", " : "", folders[i]);
	}
	if (n == 0)
		return 0;
	if (strv_addf(warnings, "%s/.council: %s: ignored until `council trust` (%s)", s->repo_top,
		      state == TRUST_CHANGED ? "it changed since it was trusted" : "not trusted",
		      buf_str(&names)) < 0)
		return error_oom(err);
	return 0;
}

static int apply_repository(struct settings *s, bool with_file, struct strv *warnings,
			    struct error *err)
{
	struct settings_source src = { .layer = LAYER_REPO, .warnings = warnings };
	CLEANUP_FREE char *path = str_printf("%s/.council/config.yaml", s->repo_top);
	enum trust_state state;
	int rc = 0;

	if (!path)
		return error_oom(err);
	if (trust_check(s->repo_top, &state, err) < 0)
		return -1;
	s->repo_trusted = state == TRUST_TRUSTED;
	src.untrusted = !s->repo_trusted;
	if (with_file && state != TRUST_NONE)
		rc = apply_path(s, path, FILE_NO_LINK, &src, err);
	if (rc >= 0 && src.untrusted && state != TRUST_NONE)
		rc = warn_untrusted(s, &src.ignored, state, warnings, err);
	strv_release(&src.ignored);
	return rc < 0 ? -1 : 0;
}

static int apply_files(struct settings *s, const char *config, struct strv *warnings,
		       struct error *err)
{
	struct settings_source src = { .layer = LAYER_USER, .warnings = warnings };

	if (apply_etc(s, "config.yaml", LAYER_ETC, warnings, err) < 0)
		return -1;
	if (!config && apply_user(s, warnings, err) < 0)
		return -1;
	if (s->repo_top && apply_repository(s, !config, warnings, err) < 0)
		return -1;
	if (config && apply_path(s, config, FILE_MUST_EXIST | FILE_ANY_KIND, &src, err) < 0)
		return -1;
	return 0;
}

/* ---- the whole ---- */

static struct settings *settings_new(const char *repo_top, struct error *err)
{
	const char *const *names = persona_names();
	struct settings *s = calloc(1, sizeof(*s));

	if (!s) {
		error_oom(err);
		return NULL;
	}
	for (size_t i = 0; i < PERSONA_COUNT; i++) {
		s->persona[i].name = names[i];
		s->persona[i].temperature = -1;
	}
	s->repo_top = str_dup(repo_top);
	if ((repo_top && !s->repo_top) || apply_builtin(s, err) < 0) {
		if (repo_top && !s->repo_top)
			error_oom(err);
		settings_free(s);
		return NULL;
	}
	return s;
}

int settings_load(const char *repo_top, const struct settings_overrides *o, struct settings **ret,
		  struct strv *ret_warnings, struct error *err)
{
	static const struct settings_overrides nothing;
	struct settings *s = settings_new(repo_top, err);
	const char *config;

	if (!s)
		return -1;
	if (!o)
		o = &nothing;
	config = o->config ? o->config : getenv("COUNCIL_CONFIG");
	if (config && !*config)
		config = NULL;
	if (apply_files(s, config, ret_warnings, err) < 0 || apply_environment(s, err) < 0 ||
	    apply_flags(s, o, err) < 0 ||
	    apply_etc(s, "policy.yaml", LAYER_POLICY, ret_warnings, err) < 0 ||
	    settings_resolve_models(s, err) < 0) {
		settings_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

int settings_load_file(const char *path, struct settings **ret, struct strv *ret_warnings,
		       struct error *err)
{
	struct settings_source src = { .layer = LAYER_USER, .warnings = ret_warnings };
	struct settings *s = settings_new(NULL, err);

	if (!s)
		return -1;
	if (apply_path(s, path, FILE_MUST_EXIST | FILE_ANY_KIND, &src, err) < 0) {
		settings_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

int settings_check(const char *text, size_t len, const char *name, const char *base,
		   struct strv *ret_warnings, struct error *err)
{
	struct settings *s = settings_new(NULL, err);
	CLEANUP_YAML struct yaml *y = NULL;
	struct settings_source src = { .layer = LAYER_USER, .base = base, .warnings = ret_warnings };
	int rc = -1;

	if (!s)
		return -1;
	if (strv_add(&s->files, name) < 0) {
		error_oom(err);
		goto out;
	}
	src.name = s->files.v[0];
	y = yaml_parse(text, len, src.name, err);
	if (y)
		rc = settings_apply_file(s, &src, yaml_root(y), err);
out:
	settings_free(s);
	return rc;
}

void settings_free(struct settings *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < SET_COUNT; i++)
		setting_value_release(&s->value[i]);
	for (size_t i = 0; i < PERSONA_COUNT; i++) {
		free(s->persona[i].model);
		free(s->persona[i].model_origin);
		free(s->persona[i].wire_model);
	}
	for (size_t i = 0; i < s->n_deployments; i++)
		deployment_release(&s->deployment[i]);
	free(s->deployment);
	deployment_release(&s->endpoint);
	deployment_release(&s->replay);
	strv_release(&s->files);
	free(s->repo_top);
	free(s);
}

/* ---- asking ---- */

const char *settings_string(const struct settings *s, enum setting_id id)
{
	return s->value[id].text;
}

bool settings_bool(const struct settings *s, enum setting_id id)
{
	return s->value[id].number > 0 || str_eq(s->value[id].text, "on");
}

int64_t settings_int(const struct settings *s, enum setting_id id)
{
	return s->value[id].number;
}

const struct strv *settings_list(const struct settings *s, enum setting_id id)
{
	return &s->value[id].list;
}

const char *settings_origin(const struct settings *s, enum setting_id id)
{
	return s->value[id].origin ? s->value[id].origin : "built in";
}

size_t settings_deployments(const struct settings *s, const struct deployment **ret)
{
	*ret = s->deployment;
	return s->n_deployments;
}

bool settings_repo_trusted(const struct settings *s)
{
	return s->repo_trusted;
}

const char *settings_repo_top(const struct settings *s)
{
	return s->repo_top;
}

const struct persona_setting *settings_persona(const struct settings *s, const char *name)
{
	for (size_t i = 0; i < PERSONA_COUNT; i++)
		if (str_eq(s->persona[i].name, name))
			return &s->persona[i];
	return NULL;
}
