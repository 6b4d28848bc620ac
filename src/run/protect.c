#include "run/protect.h"

#include <string.h>
#include <strings.h>

#include "util/path.h"

enum { PATH_LEN_MAX = 4096, TOKEN_MAX = 512 };

struct rule {
	const char *reason;
	const char *pattern; /* as path_match; in lower case */
};

/* First match wins. Paths are compared in lower case: a file system may hold
 * `Tests/` and `tests/` for one folder. */
static const struct rule rules[] = {
	{ "settings", ".council/" },
	{ "settings", ".council" },
	{ "ci", ".github/workflows/" },
	{ "ci", ".github/actions/" },
	{ "ci", ".gitlab-ci.yml" },
	{ "ci", ".gitlab-ci.yaml" },
	{ "ci", ".gitlab/" },
	{ "ci", ".gitea/workflows/" },
	{ "ci", ".forgejo/workflows/" },
	{ "ci", ".circleci/" },
	{ "ci", ".ci/" },
	{ "ci", "/ci/**" },
	{ "ci", ".buildkite/" },
	{ "ci", ".travis.yml" },
	{ "ci", ".cirrus.yml" },
	{ "ci", ".drone.yml" },
	{ "ci", ".woodpecker.y*ml" },
	{ "ci", ".woodpecker/" },
	{ "ci", "appveyor.yml" },
	{ "ci", ".appveyor.yml" },
	{ "ci", "azure-pipelines*.y*ml" },
	{ "ci", ".azure-pipelines/" },
	{ "ci", "bitbucket-pipelines.yml" },
	{ "ci", "buildspec.y*ml" },
	{ "ci", "cloudbuild.y*ml" },
	{ "ci", "jenkinsfile*" },
	{ "ci", ".pre-commit-config.yaml" },
	{ "ci", ".husky/" },
	{ "ci", ".githooks/" },
	{ "ci", "codecov.y*ml" },
	{ "ci", ".codecov.y*ml" },
	{ "settings", "agents.md" },
	{ "settings", "claude.md" },
	{ "settings", ".agents/" },
	{ "settings", ".claude/" },
	{ "settings", ".mcp.json" },
	{ "settings", "codeowners" },
	{ "settings", ".gitattributes" },
	{ "settings", ".gitmodules" },
	{ "settings", ".gitconfig" },
	{ "lock", "package-lock.json" },
	{ "lock", "npm-shrinkwrap.json" },
	{ "lock", "pnpm-lock.yaml" },
	{ "lock", "bun.lockb" },
	{ "lock", "go.sum" },
	{ "lock", "go.work.sum" },
	{ "lock", "packages.lock.json" },
	{ "lock", "gradle.lockfile" },
	{ "lock", "*.lock" },
	{ "tests", "test/" },
	{ "tests", "tests/" },
	{ "tests", "spec/" },
	{ "tests", "specs/" },
	{ "tests", "testing/" },
	{ "tests", "testdata/" },
	{ "tests", "__tests__/" },
	{ "tests", "__mocks__/" },
	{ "tests", "__snapshots__/" },
	{ "tests", "/t/**" },
	{ "tests", "e2e/" },
	{ "tests", "*.t" },
	{ "tests", "*.bats" },
	{ "tests", "*.snap" },
	{ "tests", "conftest.py" },
	{ "tests", "test_*.*" },
	{ "tests", "test-*.*" },
	{ "tests", "*_test.*" },
	{ "tests", "*_tests.*" },
	{ "tests", "*-test.*" },
	{ "tests", "*-tests.*" },
	{ "tests", "*_spec.rb" },
	{ "tests", "*_spec.cr" },
	{ "tests", "*_spec.lua" },
	{ "tests", "*[-_]spec.[jt]s*" },
	{ "tests", "*.test.*" },
	{ "tests", "*.tests.*" },
	{ "tests", "*.spec.*" },
	{ "tests", "test.*" },
	{ "tests", "tests.*" },
	{ "tests", "check_*.c" },
	{ "build", "makefile" },
	{ "build", "makefile.*" },
	{ "build", "gnumakefile" },
	{ "build", "*.mk" },
	{ "build", "*.mak" },
	{ "build", "configure" },
	{ "build", "configure.ac" },
	{ "build", "configure.in" },
	{ "build", "aclocal.m4" },
	{ "build", "cmakelists.txt" },
	{ "build", "cmakepresets.json" },
	{ "build", "ctest*.cmake" },
	{ "build", "meson.build" },
	{ "build", "meson_options.txt" },
	{ "build", "meson.options" },
	{ "build", "package.json" },
	{ "build", ".npmrc" },
	{ "build", "jest.config.*" },
	{ "build", "jest.setup.*" },
	{ "build", "vitest.config.*" },
	{ "build", "vite.config.*" },
	{ "build", "karma.conf.*" },
	{ "build", "playwright.config.*" },
	{ "build", "cypress.config.*" },
	{ "build", ".mocharc*" },
	{ "build", "deno.json*" },
	{ "build", "bunfig.toml" },
	{ "build", "pyproject.toml" },
	{ "build", "setup.cfg" },
	{ "build", "setup.py" },
	{ "build", "tox.ini" },
	{ "build", "pytest.ini" },
	{ "build", ".pytest.ini" },
	{ "build", "noxfile.py" },
	{ "build", ".coveragerc" },
	{ "build", "sitecustomize.py" },
	{ "build", "usercustomize.py" },
	{ "build", "cargo.toml" },
	{ "build", "build.rs" },
	{ "build", ".cargo/" },
	{ "build", "rust-toolchain*" },
	{ "build", "go.mod" },
	{ "build", "go.work" },
	{ "build", "build.gradle*" },
	{ "build", "settings.gradle*" },
	{ "build", "gradle.properties" },
	{ "build", "gradlew*" },
	{ "build", "pom.xml" },
	{ "build", "build.xml" },
	{ "build", "*.csproj" },
	{ "build", "*.sln" },
	{ "build", "directory.build.*" },
	{ "build", "rakefile" },
	{ "build", ".rspec" },
	{ "build", "composer.json" },
	{ "build", "phpunit.xml*" },
	{ "build", "mix.exs" },
	{ "build", "package.swift" },
	{ "build", "stack.yaml" },
	{ "build", "*.cabal" },
	{ "build", "dune-project" },
	{ "build", "justfile" },
	{ "build", ".justfile" },
	{ "build", "taskfile.y*ml" },
	{ "build", "workspace" },
	{ "build", "workspace.bazel" },
	{ "build", "module.bazel" },
	{ "build", "build.bazel" },
	{ "build", ".bazelrc" },
};

/* Words that name tests by their case, as `ParserTest.java`, which is lost in lower case. */
static bool is_camel_test(const char *path)
{
	static const char *const endings[] = { "Test", "Tests", "TestCase", "IT", "Spec", NULL };
	const char *name = path_basename(path), *dot = strrchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name);

	if (!dot)
		return false;
	for (size_t i = 0; endings[i]; i++) {
		size_t n = strlen(endings[i]);

		if (len > n && !strncmp(name + len - n, endings[i], n) &&
		    ((name[len - n - 1] >= 'a' && name[len - n - 1] <= 'z') ||
		     (name[len - n - 1] >= '0' && name[len - n - 1] <= '9')))
			return true;
	}
	return !strncmp(name, "Test", 4) && name[4] >= 'A' && name[4] <= 'Z';
}

static void lower(const char *s, char *out, size_t size)
{
	size_t i;

	for (i = 0; s[i] && i + 1 < size; i++)
		out[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char)(s[i] | 32) : s[i];
	out[i] = 0;
}

/* Is the path the word of the command, or ends in it where the command changes folders? */
static bool names_path(const char *word, const char *path, bool anywhere)
{
	size_t n, len = strlen(path);

	while (!strncmp(word, "./", 2))
		word += 2;
	n = strlen(word);
	if (n == 0 || word[0] == '-' || word[0] == '/')
		return false;
	if (!strcasecmp(word, path))
		return true;
	return anywhere && len > n && path[len - n - 1] == '/' && !strcasecmp(path + len - n, word);
}

/* What a command can only compile, or search, is what is judged and not a judge. */
static bool is_compiled(const char *word)
{
	static const char *const endings[] = { ".c", ".cc", ".cpp", ".cxx", ".cu", ".h", ".hh", ".hpp",
					       ".f", ".f90", ".m", ".mm", ".s", NULL };
	const char *dot = strrchr(word, '.');

	for (size_t i = 0; dot && endings[i]; i++)
		if (!strcasecmp(dot, endings[i]))
			return true;
	return false;
}

/* A script that the gate's command names judges the change as much as the tests do. */
static bool named_by_gate(const char *command, const char *path)
{
	bool anywhere = strstr(command, "cd ") || strstr(command, "-C ");

	while (*command) {
		char word[TOKEN_MAX];
		size_t n = strcspn(command, " \t\n;&|()<>\"'`=$:");

		if (n < sizeof(word)) {
			memcpy(word, command, n);
			word[n] = 0;
			if (!is_compiled(word) && names_path(word, path, anywhere))
				return true;
		}
		command += n;
		command += strspn(command, " \t\n;&|()<>\"'`=$:");
	}
	return false;
}

static bool matches_extra(const char *const *extra, const char *path, const char *low)
{
	for (; extra && *extra; extra++) {
		char pattern[TOKEN_MAX];

		lower(*extra, pattern, sizeof(pattern));
		if (path_match(*extra, path) || path_match(pattern, low))
			return true;
	}
	return false;
}

static const char *find_reason(const struct protect *p, const char *path)
{
	char low[PATH_LEN_MAX + 1];

	if (strlen(path) > PATH_LEN_MAX)
		return "pattern"; /* cannot be looked at: not allowed */
	lower(path, low, sizeof(low));
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (path_match(rules[i].pattern, low))
			return rules[i].reason;
	if (is_camel_test(path))
		return "tests";
	if ((p->build_gate && named_by_gate(p->build_gate, path)) ||
	    (p->build_command && named_by_gate(p->build_command, path)))
		return "build";
	return matches_extra(p->extra, path, low) ? "pattern" : NULL;
}

static bool is_own_settings(const char *path)
{
	return !strncasecmp(path, ".council", 8) && (path[8] == '/' || !path[8]);
}

const char *protect_reason(const struct protect *p, const char *path)
{
	if (is_own_settings(path))
		return "settings";
	return p->allow_tests ? NULL : find_reason(p, path);
}

bool protect_path(void *ctx, const char *path)
{
	return protect_reason(ctx, path) != NULL;
}
