/* Python: pytest, unittest or Django's runner, by the configuration, else by
 * what the test files import. */
#include "run/gate_detect.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "run/gate_broken.h"
#include "util/path.h"

enum { DEPTH = 4, ENTRIES = 4000, FILES_READ = 40 };

struct survey {
	const char *root;
	int entries, files;
	bool pytest, unittest, plain; /* imports pytest; unittest; neither */
	bool top, prefixed;           /* a test at root; one named test*.py */
	bool packaged;                /* every folder on the way has __init__.py */
	char folder[64];              /* the top folder of those that are not */
};

static bool is_test(const char *name)
{
	return str_ends(name, ".py") && (str_starts(name, "test") || str_ends(name, "_test.py"));
}

static bool is_skipped(const char *name)
{
	static const char *const names[] = { "node_modules", "venv", "env", "build", "dist",
					     "__pycache__", "site-packages", "target" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strcmp(name, names[i]))
			return true;
	return name[0] == '.';
}

/* `path` is relative to the root, with a '/' at its end or empty. */
static void note_test(struct survey *s, const char *path, const char *name, bool packaged)
{
	CLEANUP_FREE char *file = str_printf("%s%s", path, name);
	CLEANUP_FREE char *text = NULL;
	bool pytest, unittest;
	size_t top = strcspn(path, "/");

	s->top |= !*path;
	s->prefixed |= str_starts(name, "test");
	if (*path && !packaged) {
		s->packaged = false;
		if (!s->folder[0] && top < sizeof(s->folder)) {
			memcpy(s->folder, path, top);
			s->folder[top] = '\0';
		}
	}
	if (!file || s->files++ >= FILES_READ || !(text = detect_read(s->root, file)))
		return;
	pytest = strstr(text, "import pytest") || strstr(text, "from pytest");
	unittest = strstr(text, "unittest") || strstr(text, "TestCase");
	s->pytest |= pytest;
	s->unittest |= unittest;
	s->plain |= !pytest && !unittest && strstr(text, "def test");
}

static void survey_folder(struct survey *s, const char *path, int depth, bool packaged)
{
	CLEANUP_FREE char *whole = str_printf("%s/%s", s->root, path);
	struct dirent *entry;
	DIR *d = whole ? opendir(whole) : NULL;

	while (d && s->entries++ < ENTRIES && (entry = readdir(d))) {
		CLEANUP_FREE char *sub = NULL, *init = NULL;

		if (is_test(entry->d_name)) {
			note_test(s, path, entry->d_name, packaged);
			continue;
		}
		if (!strcmp(entry->d_name, "conftest.py"))
			s->pytest = true;
		if (depth >= DEPTH || is_skipped(entry->d_name) || entry->d_type != DT_DIR)
			continue;
		sub = str_printf("%s%s/", path, entry->d_name);
		init = str_printf("%s%s/__init__.py", path, entry->d_name);
		if (sub && init)
			survey_folder(s, sub, depth + 1, packaged && detect_has(s->root, init));
	}
	if (d)
		closedir(d);
}

static bool has_text(const char *root, const char *file, const char *text)
{
	CLEANUP_FREE char *all = detect_read(root, file);

	return all && strstr(all, text);
}

static bool configures_pytest(const char *root)
{
	return detect_has(root, "pytest.ini") || detect_has(root, ".pytest.ini") ||
	       has_text(root, "pyproject.toml", "[tool.pytest") ||
	       has_text(root, "tox.ini", "[pytest]") || has_text(root, "setup.cfg", "[tool:pytest]");
}

static const char *interpreter(const char *root)
{
	static const char *const names[] = { ".venv/bin/python", "venv/bin/python" };
	size_t i;

	for (i = 0; i < 2; i++) {
		CLEANUP_FREE char *path = path_join(root, names[i]);

		if (path && access(path, X_OK) == 0)
			return names[i];
	}
	return "python3";
}

/* With the code under src/, an installation "in place" would test the user's
 * own checkout: the worktree's code goes first. */
static bool keeps_code_in_src(const char *root)
{
	CLEANUP_FREE char *path = path_join(root, "src");
	struct dirent *entry;
	DIR *d = path ? opendir(path) : NULL;
	bool found = false;

	while (d && !found && (entry = readdir(d))) {
		CLEANUP_FREE char *init = str_printf("src/%s/__init__.py", entry->d_name);

		found = entry->d_name[0] != '.' &&
			(str_ends(entry->d_name, ".py") || (init && detect_has(root, init)));
	}
	if (d)
		closedir(d);
	return found;
}

static int found(const char *root, struct gate_commands *ret, const char *kind,
		 const char *arguments, struct error *err)
{
	CLEANUP_FREE char *test = str_printf("%s%s %s", keeps_code_in_src(root) ?
					     "PYTHONPATH=src " : "", interpreter(root), arguments);

	return test ? detect_found(ret, kind, NULL, test, err) : error_oom(err);
}

static int unittest_found(const struct survey *s, struct gate_commands *ret, struct error *err)
{
	bool narrow = !s->top && !s->packaged && s->folder[0];
	CLEANUP_FREE char *arguments = str_printf("-m unittest discover -v%s%s%s",
						  narrow ? " -s " : "", narrow ? s->folder : "",
						  s->prefixed ? "" : " -p '*_test.py'");
	const char *c;

	for (c = s->folder; narrow && *c; c++) /* no name that sh would take apart */
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.", *c))
			return 0;
	return arguments ? found(s->root, ret, "unittest", arguments, err) : error_oom(err);
}

int detect_python(const char *root, struct gate_commands *ret, struct error *err)
{
	struct survey s = { .root = root, .packaged = true };

	if (configures_pytest(root))
		return found(root, ret, "pytest", "-m pytest -q -rA", err);
	survey_folder(&s, "", 0, true);
	if (has_text(root, "manage.py", "DJANGO_SETTINGS_MODULE") && !s.pytest)
		return found(root, ret, "django", "manage.py test -v 2", err);
	if (!s.files)
		return 0;
	if (s.pytest || s.plain || (!s.unittest && gate_depends_on(root, "pytest")))
		return found(root, ret, "pytest", "-m pytest -q -rA", err);
	return s.unittest ? unittest_found(&s, ret, err) : 0;
}
