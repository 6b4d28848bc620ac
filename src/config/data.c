/* Where the files that come with the program are. */
#include "config/persona.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/path.h"
#include "util/str.h"

#ifndef COUNCIL_PKGDATADIR
#define COUNCIL_PKGDATADIR "/usr/local/share/council"
#endif

enum { CLIMB_MAX = 4 };

/* The folder above the running program that holds personas and prompts (built inside the source
 * tree), or is the top of a build tree, whose sources the build told; NULL when installed. */
static char *source_tree(void)
{
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n <= 0)
		return NULL;
	exe[n] = 0;
	for (int i = 0; i < CLIMB_MAX; i++) {
		char *slash = strrchr(exe, '/');
		if (!slash || slash == exe)
			return NULL;
		*slash = 0;
		CLEANUP_FREE char *persona = path_join(exe, "personas/pacer.md");
		CLEANUP_FREE char *prompt = path_join(exe, "prompts/plan.md");
		if (persona && prompt && path_exists(persona) && path_exists(prompt))
			return str_dup(exe);
#ifdef COUNCIL_SOURCE_DATADIR
		CLEANUP_FREE char *status = path_join(exe, "config.status");
		if (status && path_exists(status) && path_is_dir(COUNCIL_SOURCE_DATADIR "/personas"))
			return str_dup(COUNCIL_SOURCE_DATADIR);
#endif
	}
	return NULL;
}

int data_path(const char *name, char **ret, struct error *err)
{
	const char *told = getenv("COUNCIL_DATA_DIR");
	CLEANUP_FREE char *source = told && *told ? NULL : source_tree();
	const char *folder = told && *told ? told : source ? source : COUNCIL_PKGDATADIR;
	char *path = path_join(folder, name);

	if (!path)
		return error_oom(err);
	if (!path_exists(path)) {
		error_set(err, STATUS_USAGE, "%s is missing: install the program again, or say with "
			  "COUNCIL_DATA_DIR where its files are", path);
		free(path);
		return -1;
	}
	*ret = path;
	return 0;
}
