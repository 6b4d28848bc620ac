/* replay_main.c: runs a fuzz target over files, where there is no fuzzer.
 *
 * Every argument is a file, or a folder whose files are taken (those of its
 * folders too). Prints how many inputs there were; 1 when there was none, or
 * one that could not be read.
 */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int complain(const char *path)
{
	fprintf(stderr, "replay: %s: %s\n", path, strerror(errno));
	return -1;
}

static int replay_file(const char *path, size_t size)
{
	/* exactly as large as the input: a read beyond it is seen */
	uint8_t *data = malloc(size ? size : 1);
	FILE *f = fopen(path, "rb");
	int rc = -1;

	if (!data || !f || fread(data, 1, size, f) != size)
		rc = complain(path);
	else
		rc = LLVMFuzzerTestOneInput(data, size);
	if (f)
		fclose(f);
	free(data);
	return rc;
}

static int replay(const char *path, size_t *count);

static int replay_folder(const char *path, size_t *count)
{
	struct dirent **names = NULL;
	int n = scandir(path, &names, NULL, alphasort);
	int rc = n < 0 ? complain(path) : 0;

	for (int i = 0; i < n; i++) {
		char below[4096];

		if (names[i]->d_name[0] != '.') {
			snprintf(below, sizeof below, "%s/%s", path, names[i]->d_name);
			if (replay(below, count) < 0)
				rc = -1;
		}
		free(names[i]);
	}
	free(names);
	return rc;
}

static int replay(const char *path, size_t *count)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return complain(path);
	if (S_ISDIR(st.st_mode))
		return replay_folder(path, count);
	(*count)++;
	return replay_file(path, (size_t)st.st_size);
}

int main(int argc, char **argv)
{
	size_t count = 0;
	int rc = 0;

	for (int i = 1; i < argc; i++)
		if (replay(argv[i], &count) < 0)
			rc = 1;
	printf("%zu inputs\n", count);
	return count == 0 ? 1 : rc;
}
