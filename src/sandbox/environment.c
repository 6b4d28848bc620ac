/* environment.c: what a command of a run sees of the caller's environment.
 *
 * Everything but what may hold a secret, what would turn git or make of the
 * command into the caller's, and what lets a command speak to the caller's
 * tools. A table of patterns decides; the names it spares stand above it. */
#include "sandbox/sandbox.h"

#include <ctype.h>
#include <string.h>

#include "util/str.h"

extern char **environ;

/* Would match a pattern below, but holds a path or a switch. */
static const char *const kept[] = {
	"AWS_LC_SYS_CMAKE_BUILDER", "AWS_LC_SYS_PREBUILT_NASM", "GIT_CONFIG_GLOBAL",
	"GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM", "OLLAMA_MODELS",
};

/* `*` stands for any characters; case is ignored. */
static const char *const dropped[] = {
	/* keys, tokens, passwords */
	"*_KEY", "*_KEYS", "*APIKEY*", "*API_KEY*", "*ACCESS_KEY*", "*PRIVATE_KEY*", "*TOKEN",
	"*_TOKENS", "*_TOKEN_*", "*SECRET*", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*",
	"*CREDENTIAL*", "*_PAT", "*_AUTH", "*_AUTHTOKEN", "*_AUTH_*", "*_PASS", "*_PWD",
	"NETRC", "PGPASSFILE", "KUBECONFIG", "DOCKER_AUTH_CONFIG", "VAULT_*",
	/* whole providers */
	"AWS_*", "AZURE_*", "OPENAI_*", "ANTHROPIC_*", "GEMINI_*", "OPENROUTER_*", "MISTRAL_*",
	"GROQ_*", "OLLAMA_*", "LITELLM_*", "COUNCIL_*", "OTEL_EXPORTER_OTLP_*HEADERS",
	/* agents, which sign and log in for the caller */
	"SSH_AUTH_SOCK", "SSH_AGENT_PID", "SSH_ASKPASS", "GPG_AGENT_INFO", "GIT_ASKPASS",
	/* what a workflow's later steps read */
	"ACTIONS_*", "GITHUB_ENV", "GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STATE",
	"GITHUB_STEP_SUMMARY",
	/* the repository of the caller, who may be a git hook */
	"GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY",
	"GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_COMMON_DIR", "GIT_NAMESPACE", "GIT_PREFIX",
	"GIT_CONFIG*", "GIT_QUARANTINE_PATH", "GIT_PUSH_*", "GIT_INTERNAL_*",
	/* the make, or the test runner, that runs the caller */
	"MAKEFLAGS", "MFLAGS", "GNUMAKEFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MAKE_TERMOUT",
	"MAKE_TERMERR", "MAKEFILES", "NODE_TEST_CONTEXT", "PYTEST_CURRENT_TEST", "CARGO_MAKEFLAGS",
	/* ours to set */
	"AI_AGENT", "OLDPWD",
};

/* Glob with `*` alone, ASCII case ignored. Patterns are ours: two stars at most. */
static bool matches(const char *pattern, const char *name, size_t len)
{
	size_t i;

	for (; *pattern != '*'; pattern++, name++, len--)
		if (!*pattern || !len)
			return !*pattern && !len;
		else if (toupper((unsigned char)*name) != *pattern)
			return false;
	for (i = 0; i <= len; i++)
		if (matches(pattern + 1, name + i, len - i))
			return true;
	return false;
}

static bool listed(const char *const *patterns, size_t n, const char *name, size_t len)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (matches(patterns[i], name, len))
			return true;
	return false;
}

static bool is_dropped(const char *name, size_t len)
{
	if (listed(kept, sizeof(kept) / sizeof(*kept), name, len))
		return false;
	return listed(dropped, sizeof(dropped) / sizeof(*dropped), name, len);
}

/* Whether `extra` sets the variable that `entry` (K=V) names. */
static bool overridden(const char *const *extra, const char *entry, size_t name_len)
{
	for (; extra && *extra; extra++)
		if (!strncmp(*extra, entry, name_len + 1))
			return true;
	return false;
}

int sandbox_environment(const char *const *env_extra, struct strv *ret, struct error *err)
{
	CLEANUP_STRV struct strv out = { 0 };
	const char *const *extra;
	const char *equals;
	char **entry;

	for (entry = environ; entry && *entry; entry++) {
		equals = strchr(*entry, '=');
		if (!equals || equals == *entry)
			continue;
		if (is_dropped(*entry, (size_t)(equals - *entry)) ||
		    overridden(env_extra, *entry, (size_t)(equals - *entry)))
			continue;
		if (strv_add(&out, *entry))
			return error_oom(err);
	}
	if (!overridden(env_extra, "AI_AGENT=", 8) && strv_add(&out, "AI_AGENT=council"))
		return error_oom(err);
	for (extra = env_extra; extra && *extra; extra++)
		if (strv_add(&out, *extra))
			return error_oom(err);
	*ret = out;
	out = (struct strv){ 0 };
	return 0;
}
