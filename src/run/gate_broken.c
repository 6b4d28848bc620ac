#include "run/gate_broken.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/path.h"
#include "util/str.h"

enum { MANIFEST_MAX = 1 << 20, NAME_MAX_LEN = 200, LINE_SHOWN = 300 };

/* Sure signs, wherever they stand in a line. */
static const char *const signs[] = {
	"make: *** No targets specified and no makefile found",
	"npm ERR! Missing script", "npm error Missing script", "ERR_PNPM_NO_SCRIPT",
	"error: no such command", "could not execute process `rustc", "error: no matching package named",
	"error: failed to get `", "error: failed to download", "missing go.sum entry",
	"no required module provides package ", ": dial tcp: ", "go: go.mod requires go >= ",
	"error: unrecognized arguments: ", "No CMAKE_", "Could NOT find ", "ERROR: Unknown compiler(s)",
	"configure: error: ", ": cannot find -l", "Cannot connect to the Docker daemon",
	"No space left on device", ": Cannot fork", "fork: Resource temporarily unavailable",
	"fork: retry: ", "fork: Cannot allocate memory", "were not found in the pkg-config search path",
};

/* A line that stands for a test which could not even be loaded. */
static const char *const not_loaded[] = {
	"ImportError: Failed to import test module", " ERROR collecting ", " [setup failed]",
	" [build failed]", "Test suite failed to run",
};

static bool has(const char *line, size_t len, const char *needle)
{
	return memmem(line, len, needle, strlen(needle)) != NULL;
}

static bool has_any(const char *line, size_t len, const char *const *needles, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (has(line, len, needles[i]))
			return true;
	return false;
}

static char folded(char c)
{
	return c == '-' || c == '.' ? '_' : (char)tolower((unsigned char)c);
}

static bool in_name(char c)
{
	return isalnum((unsigned char)c) || folded(c) == '_';
}

static bool word_in(const char *text, size_t len, const char *word)
{
	size_t n = strlen(word), i, k;

	for (i = 0; n && i + n <= len; i++) {
		for (k = 0; k < n && folded(text[i + k]) == folded(word[k]); k++)
			;
		if (k == n && (i == 0 || !in_name(text[i - 1])) &&
		    (i + n == len || !in_name(text[i + n])))
			return true;
	}
	return false;
}

bool gate_depends_on(const char *root, const char *name)
{
	static const char *const files[] = {
		"requirements.txt", "requirements-dev.txt", "requirements-test.txt",
		"dev-requirements.txt", "test-requirements.txt", "pyproject.toml", "setup.py",
		"setup.cfg", "Pipfile", "tox.ini", "environment.yml", "package.json",
	};
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(*files); i++) {
		CLEANUP_FREE char *path = path_join(root, files[i]);
		CLEANUP_BUF struct buf text = BUF_INIT(MANIFEST_MAX);

		if (path && path_exists(path) && buf_read_file(&text, path, NULL) == 0 &&
		    word_in(buf_str(&text), text.len, name))
			return true;
	}
	return false;
}

/* Modules whose distribution has another name. */
static const char *distribution_of(const char *module)
{
	static const char *const pairs[][2] = {
		{ "yaml", "pyyaml" }, { "cv2", "opencv-python" }, { "sklearn", "scikit-learn" },
		{ "PIL", "pillow" }, { "bs4", "beautifulsoup4" }, { "dateutil", "python-dateutil" },
		{ "attr", "attrs" }, { "dotenv", "python-dotenv" }, { "git", "gitpython" },
		{ "jwt", "pyjwt" }, { "rest_framework", "djangorestframework" },
	};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(*pairs); i++)
		if (!strcmp(pairs[i][0], module))
			return pairs[i][1];
	return module;
}

static bool in_folder(const char *root, const char *folder, const char *name)
{
	CLEANUP_FREE char *path = str_printf("%s/%s%s", root, folder, name);

	return path && path_exists(path);
}

/* Copies the name at s, up to one of `ends`; false when it is empty or too long. */
static bool name_at(const char *s, size_t len, const char *ends, char out[NAME_MAX_LEN])
{
	size_t n = 0;

	while (n < len && s[n] && !strchr(ends, s[n]))
		n++;
	if (!n || n >= NAME_MAX_LEN)
		return false;
	memcpy(out, s, n);
	out[n] = '\0';
	return true;
}

/* A module of the repository's own that is not there is work to do; one under
 * src/ that cannot be imported was not installed; others must be declared. */
static bool python_misses(const char *root, const char *line, size_t len)
{
	static const char error[] = "No module named ";
	char name[NAME_MAX_LEN];
	const char *at = memmem(line, len, error, sizeof(error) - 1);
	const char *rest;
	bool as_tool;

	if (!at)
		return false;
	rest = at + sizeof(error) - 1;
	/* "/usr/bin/python3: No module named pytest": asked for with -m */
	as_tool = at - line >= 2 && !strncmp(at - 2, ": ", 2) && *rest != '\'' &&
		  has(line, (size_t)(at - line), "python");
	rest += *rest == '\'';
	if (!name_at(rest, len - (size_t)(rest - line), as_tool ? ".; \n" : "'.\n", name))
		return false;
	if (in_folder(root, "", name))
		return false;
	if (as_tool || !strcmp(name, "pytest"))
		return true;
	if (rest[strlen(name)] == '\'' && in_folder(root, "src/", name))
		return true;
	return gate_depends_on(root, name) || gate_depends_on(root, distribution_of(name));
}

/* "Error: Cannot find module 'express'", "Cannot find package 'x' imported from …" */
static bool node_misses(const char *root, const char *line, size_t len)
{
	static const char *const errors[] = { "Cannot find module '", "Cannot find package '" };
	char name[NAME_MAX_LEN];
	const char *at;
	size_t i;

	for (i = 0; i < 2; i++) {
		at = memmem(line, len, errors[i], strlen(errors[i]));
		if (!at)
			continue;
		at += strlen(errors[i]);
		if (!name_at(at, len - (size_t)(at - line), "'\n", name))
			continue;
		if (strstr(name, "/node_modules/"))
			return true;
		if (name[0] != '.' && name[0] != '/' && gate_depends_on(root, name))
			return true;
	}
	return false;
}

/* gcc and clang quote the line: `#include <x.h>` is a library's header, unless
 * the repository has its folder. */
static bool header_misses(const char *root, const char *line, size_t len, const char *next)
{
	const char *end = next, *open;
	char name[NAME_MAX_LEN];

	if (!has(line, len, "fatal error: ") ||
	    !(has(line, len, ": No such file or directory") || has(line, len, "' file not found")))
		return false;
	end = strchr(next, '\n');
	open = memmem(next, end ? (size_t)(end - next) : strlen(next), "include <", 9);
	if (!open || !name_at(open + 9, strlen(open + 9), ">/\n", name))
		return false;
	return !in_folder(root, "", name) && !in_folder(root, "include/", name) &&
	       !in_folder(root, "src/", name);
}

/* "make: *** No rule to make target 'test'.  Stop." The goal itself, not a file
 * that something needs; and a recipe's command that sh did not find. */
static bool make_misses(const char *line, size_t len)
{
	static const char *const status[] = { "] Error 127", "] Error 126" };

	if (len > 9 && !strncmp(line, "make: *** No rule to make target ", 33))
		return !has(line, len, "needed by");
	return len > 4 && !strncmp(line, "make", 4) && has_any(line, len, status, 2);
}

static bool any_test_ran(const struct test_set *tests, const char *text)
{
	int unloaded = 0;
	const char *line, *end;
	size_t len;

	if (tests->passed || tests->skipped)
		return true;
	if (!tests->failed)
		return false;
	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		len = end ? (size_t)(end - line) : strlen(line);
		unloaded += has_any(line, len, not_loaded, sizeof(not_loaded) / sizeof(*not_loaded));
		if (!end)
			break;
	}
	return tests->failed > unloaded;
}

static char *quote(const char *line, size_t len)
{
	while (len && isspace((unsigned char)*line)) {
		line++;
		len--;
	}
	return str_ndup(line, len < LINE_SHOWN ? len : LINE_SHOWN);
}

/* sh's own words where it did not find a command: the line worth showing. */
static char *not_found_line(const char *text, int exit_code)
{
	static const char *const words[] = { "not found", "Permission denied", "No such file" };
	const char *line, *end;
	size_t len;

	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		len = end ? (size_t)(end - line) : strlen(line);
		if (has_any(line, len, words, 3))
			return quote(line, len);
		if (!end)
			break;
	}
	return str_dup(exit_code == 127 ? "the command was not found (127)"
					: "the command cannot be executed (126)");
}

char *gate_broken_reason(const char *root, int exit_code, const struct test_set *tests,
			 const char *text)
{
	const char *line, *end;
	size_t len;

	if (exit_code == 0 || any_test_ran(tests, text))
		return NULL;
	if (exit_code == 126 || exit_code == 127)
		return not_found_line(text, exit_code);
	for (line = text; *line; line = end + 1) {
		end = strchr(line, '\n');
		len = end ? (size_t)(end - line) : strlen(line);
		if (make_misses(line, len))
			return has(line, len, "No rule") ? quote(line, len) : not_found_line(text, 127);
		if (has_any(line, len, signs, sizeof(signs) / sizeof(*signs)) ||
		    (has(line, len, "ERROR: Dependency ") && has(line, len, " not found")) ||
		    python_misses(root, line, len) || node_misses(root, line, len) ||
		    (end && header_misses(root, line, len, end + 1)))
			return quote(line, len);
		if (!end)
			break;
	}
	return NULL;
}
