/* helper_path.c: where council-sandbox is. COUNCIL_LIBEXECDIR comes from the build. */
#include "sandbox/sandbox.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "util/path.h"
#include "util/str.h"

#define HELPER "council-sandbox"

/* The folder of the running program; NULL where it cannot be known. */
static char *program_folder(void)
{
	char path[PATH_MAX];

#ifdef __APPLE__
	uint32_t size = sizeof(path);

	if (_NSGetExecutablePath(path, &size))
		return NULL;
#else
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (len <= 0)
		return NULL;
	path[len] = '\0';
#endif
	return path_dirname(path);
}

static char *usable(char *path)
{
	if (path && access(path, X_OK) == 0 && !path_is_dir(path))
		return path;
	free(path);
	return NULL;
}

char *sandbox_helper_path(struct error *err)
{
	CLEANUP_FREE char *folder = NULL;
	const char *set = getenv("COUNCIL_SANDBOX_HELPER");
	char *path;

	if (set && *set) {
		path = usable(str_dup(set));
		if (!path)
			error_set(err, STATUS_SANDBOX,
				  "COUNCIL_SANDBOX_HELPER: %s is not a program; unset it, or name "
				  "the council-sandbox that came with this council", set);
		return path;
	}
	folder = program_folder();
	path = folder ? usable(path_join(folder, HELPER)) : NULL;
	if (!path && folder) /* an installation that was moved as a whole */
		path = usable(path_join(folder, "../libexec/council/" HELPER));
#ifdef COUNCIL_LIBEXECDIR
	if (!path)
		path = usable(path_join(COUNCIL_LIBEXECDIR, HELPER));
#endif
	if (!path)
		error_set(err, STATUS_SANDBOX,
			  "the helper program " HELPER " was not found beside council or in its "
			  "libexec folder; install council again, or set COUNCIL_SANDBOX_HELPER");
	return path;
}
