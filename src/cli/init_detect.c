#include "cli/init_detect.h"

#include <stdlib.h>
#include <string.h>

#include "model/model.h"
#include "util/path.h"
#include "util/process.h"

enum { PROBE_MS = 300, LIST_MS = 20000, FOUND_MAX = 16 };

static const struct { const char *env, *url_env, *url; } keys[] = {
	{ "OPENAI_API_KEY", "OPENAI_BASE_URL", "https://api.openai.com/v1" },
	{ "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL", "https://api.anthropic.com/v1" },
	{ "GEMINI_API_KEY", NULL, "https://generativelanguage.googleapis.com/v1beta/openai" },
	{ "OPENROUTER_API_KEY", NULL, "https://openrouter.ai/api/v1" },
	{ "MISTRAL_API_KEY", NULL, "https://api.mistral.ai/v1" },
	{ "GROQ_API_KEY", NULL, "https://api.groq.com/openai/v1" },
	{ "DEEPSEEK_API_KEY", NULL, "https://api.deepseek.com/v1" },
};

/* ---- endpoints ---- */

void found_endpoints_release(struct found_endpoints *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++) {
		free(f->v[i].what);
		free(f->v[i].url);
		strv_release(&f->v[i].models);
	}
	free(f->v);
	*f = (struct found_endpoints){ 0 };
}

static int add(struct found_endpoints *f, const char *what, const char *url, const char *key_env,
	       struct error *err)
{
	struct found_endpoint *e;

	if (f->n == FOUND_MAX)
		return 0;
	if (!f->v && !(f->v = calloc(FOUND_MAX, sizeof(*f->v))))
		return error_oom(err);
	e = &f->v[f->n++];
	e->what = str_dup(what);
	e->url = str_dup(url);
	e->key_env = key_env;
	return e->what && e->url ? 0 : error_oom(err);
}

char *ollama_url(const char *host)
{
	const char *scheme = "http://", *port;
	CLEANUP_FREE char *name = NULL;
	size_t n;

	if (!host || !*host)
		host = "127.0.0.1";
	if (str_starts(host, "https://"))
		scheme = "https://";
	if (strstr(host, "://"))
		host = strstr(host, "://") + 3;
	n = strcspn(host, "/");
	port = memchr(host, ':', n);
	name = str_ndup(host, port ? (size_t)(port - host) : n);
	if (!name)
		return NULL;
	/* what a server listens on is not where a client goes */
	return str_printf("%s%s%.*s/v1", scheme,
			  !*name || str_eq(name, "0.0.0.0") ? "127.0.0.1" : name,
			  port ? (int)(n - (size_t)(port - host)) : 6, port ? port : ":11434");
}

static int probe(struct found_endpoints *f, const char *what, const char *url,
		 const struct cancel *cancel, struct error *err)
{
	CLEANUP_STRV struct strv models = { 0 };
	struct error ignored;

	if (model_list_remote(url, NULL, PROBE_MS, cancel, &models, &ignored) < 0)
		return cancel_check(cancel, err);
	if (add(f, what, url, NULL, err) < 0)
		return -1;
	return strv_copy(&f->v[f->n - 1].models, &models) < 0 ? error_oom(err) : 0;
}

int find_endpoints(const struct cancel *cancel, struct found_endpoints *ret, struct error *err)
{
	CLEANUP_FREE char *ollama = ollama_url(getenv("OLLAMA_HOST"));
	struct found_endpoints f = { 0 };
	const char *base = getenv("OPENAI_API_BASE");

	if (!ollama)
		return error_oom(err);
	if (probe(&f, "Ollama", ollama, cancel, err) < 0 ||
	    probe(&f, "llama.cpp", "http://127.0.0.1:8080/v1", cancel, err) < 0 ||
	    probe(&f, "LM Studio", "http://127.0.0.1:1234/v1", cancel, err) < 0)
		goto fail;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		const char *key = getenv(keys[i].env);
		const char *url = keys[i].url_env ? getenv(keys[i].url_env) : NULL;

		if (!key || !*key)
			continue;
		if (i == 0 && (!url || !*url))
			url = base;
		if (add(&f, keys[i].env, url && *url ? url : keys[i].url, keys[i].env, err) < 0)
			goto fail;
	}
	*ret = f;
	return 0;
fail:
	found_endpoints_release(&f);
	return -1;
}

/* ---- what a fresh worktree lacks ---- */

void found_lacks_release(struct found_lacks *f)
{
	if (!f)
		return;
	strv_release(&f->link);
	strv_release(&f->secret);
	free(f->setup);
	f->setup = NULL;
}

static bool exists(const char *top, const char *name)
{
	CLEANUP_FREE char *path = path_join(top, name);

	return path && path_exists(path);
}

/* One ignored path; folders end with '/'. */
static int take_ignored(struct found_lacks *f, const char *path, size_t n, bool *generated,
			struct error *err)
{
	static const char *const folders[] = { "node_modules", ".venv", "venv", "vendor",
					       "bower_components", "Pods", NULL };
	CLEANUP_FREE char *copy = str_ndup(path, n && path[n - 1] == '/' ? n - 1 : n);
	const char *name = copy ? path_basename(copy) : NULL;

	if (!name)
		return error_oom(err);
	if (str_eq(copy, "Makefile"))
		*generated = true;
	if ((str_eq(name, ".env") || str_starts(name, ".env.")) && !strv_has(&f->secret, name))
		return strv_add(&f->secret, name) < 0 ? error_oom(err) : 0;
	for (size_t i = 0; folders[i]; i++)
		if (str_eq(name, folders[i]) && !strv_has(&f->link, name))
			return strv_add(&f->link, name) < 0 ? error_oom(err) : 0;
	return 0;
}

static const char *setup_command(const char *top, const struct found_lacks *f, bool generated)
{
	if (exists(top, "package.json") && !strv_has(&f->link, "node_modules"))
		return exists(top, "pnpm-lock.yaml") ? "pnpm install --frozen-lockfile" :
		       exists(top, "yarn.lock") ? "yarn install --frozen-lockfile" :
		       exists(top, "package-lock.json") ? "npm ci" : NULL;
	if (generated && exists(top, "configure.ac"))
		return "autoreconf -i && ./configure";
	if (generated && exists(top, "configure"))
		return "./configure";
	return NULL;
}

int find_lacks(const char *top, const struct cancel *cancel, struct found_lacks *ret,
	       struct error *err)
{
	const char *const argv[] = { "git", "ls-files", "--others", "--ignored",
				     "--exclude-standard", "--directory", "-z", NULL };
	struct process_spec spec = { .argv = argv, .cwd = top, .timeout_ms = LIST_MS,
				     .cancel = cancel };
	CLEANUP_PROCESS struct process_result out = { 0 };
	struct found_lacks f = { 0 };
	bool generated = false;
	const char *command;

	if (process_run(&spec, &out, err) < 0)
		return -1;
	for (size_t at = 0; at < out.out_len;) {
		size_t n = strnlen(out.out + at, out.out_len - at);
		if (take_ignored(&f, out.out + at, n, &generated, err) < 0)
			goto fail;
		at += n + 1;
	}
	command = setup_command(top, &f, generated);
	f.setup = str_dup(command);
	if (command && !f.setup) {
		error_oom(err);
		goto fail;
	}
	*ret = f;
	return 0;
fail:
	found_lacks_release(&f);
	return -1;
}
