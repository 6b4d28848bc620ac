/* fuzz_journal.c: a run's journal as a kill, a full disk or a hand left it.
 * What was read is there the next time too, and what is put after it as well. */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "run/journal.h"
#include "util/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *state; /* a folder of this process's own; removed at its end */

static void remove_state(void)
{
	path_remove_tree(state, NULL);
	free(state);
}

static void make_state(void)
{
	const char *tmp = getenv("TMPDIR");
	char *path = str_printf("%s/council-journal-XXXXXX", tmp && *tmp ? tmp : "/tmp");

	if (!path || !mkdtemp(path))
		exit(1);
	state = path;
	atexit(remove_state);
	setenv("XDG_STATE_HOME", state, 1);
}

static void put_text(struct journal *j, const char *key, const char *text)
{
	struct error err = { 0 };
	json *v = json_object();

	if (json_set_string(v, "text", text) || journal_put(j, key, v, &err))
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct journal *j = NULL;
	struct error err = { 0 };
	size_t n;
	char *path;

	if (!state)
		make_state();
	path = str_printf("%s/council/runs/R/journal.ndjson", state);
	if (journal_open("R", &j, &err))
		__builtin_trap();
	put_text(j, "plan", "one");
	journal_close(j);
	if (path_write_atomic(path, data, size, 0600, false, &err))
		__builtin_trap();
	if (journal_open("R", &j, &err))
		__builtin_trap();
	put_text(j, "build/1", "two\nlines");
	n = journal_size(j);
	journal_close(j);
	if (journal_open("R", &j, &err) || journal_size(j) != n)
		__builtin_trap();
	if (strcmp(json_get_string(journal_get(j, "build/1"), "text"), "two\nlines") != 0)
		__builtin_trap();
	journal_close(j);
	free(path);
	return 0;
}
