/* config_fixture.h: a home, a machine's folder and a repository of their own
 * for tests of settings, trust and personas; removed afterwards. */
#ifndef COUNCIL_TEST_CONFIG_FIXTURE_H
#define COUNCIL_TEST_CONFIG_FIXTURE_H

#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/path.h"
#include "util/str.h"

struct config_fixture {
	char *root, *repo;
};

/* A file of the source tree; malloc'd. */
static inline char *fixture_source(const char *relative)
{
	const char *top = getenv("top_srcdir");

	return path_join(top && *top ? top : ".", relative);
}

/* Writes root/relative, with its folders. */
static inline void fixture_write(const struct config_fixture *f, const char *relative,
				 const char *text)
{
	char *path = path_join(f->root, relative), *dir = path_dirname(path);
	struct error err = { 0 };

	ck_assert_msg(path_mkdirs(dir, 0700, &err) == 0, "%s", err.message);
	ck_assert_msg(path_write_atomic(path, text, strlen(text), 0600, false, &err) == 0, "%s",
		      err.message);
	free(dir);
	free(path);
}

static inline void fixture_clear_environment(void)
{
	static const char *const names[] = {
		"CI", "OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "COUNCIL_DATA_DIR",
		"COUNCIL_CONFIG", "XDG_CONFIG_HOME", "XDG_STATE_HOME", NULL
	};

	for (size_t i = 0; names[i]; i++)
		unsetenv(names[i]);
}

static inline void fixture_setup(struct config_fixture *f)
{
	const char *tmp = getenv("TMPDIR");
	char *etc, *data;

	f->root = str_printf("%s/council-config-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(f->root));
	f->repo = path_join(f->root, "repo");
	etc = path_join(f->root, "etc");
	fixture_clear_environment();
	fixture_write(f, "repo/README", "x\n");
	setenv("HOME", f->root, 1);
	setenv("COUNCIL_ETC_DIR", etc, 1);
	data = fixture_source("");
	setenv("COUNCIL_DATA_DIR", data, 1);
	free(data);
	free(etc);
}

static inline void fixture_teardown(struct config_fixture *f)
{
	struct error err;

	path_remove_tree(f->root, &err);
	free(f->root);
	free(f->repo);
}

#endif
