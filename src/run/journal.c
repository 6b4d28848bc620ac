#include "run/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/buf.h"
#include "util/path.h"
#include "util/str.h"

struct journal {
	int fd;
	char *path;
	bool locked;   /* it is this process's */
	json *entries; /* object: key → value */
};

/* Reads whole lines; what follows the last newline was torn by a kill and is
 * cut off, so that the next append begins a line. */
static int load(struct journal *j, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(256u << 20);
	size_t at = 0;

	if (buf_read_fd(&text, j->fd, j->path, err))
		return -1;
	while (at < text.len) {
		const char *line = text.data + at;
		const char *end = memchr(line, '\n', text.len - at);
		CLEANUP_JSON json *entry = NULL;

		if (!end)
			break;
		entry = json_parse(line, (size_t)(end - line), NULL);
		if (!json_get_string(entry, "key") || !json_get(entry, "value"))
			break;
		if (json_set(j->entries, json_get_string(entry, "key"),
			     json_dup(json_get(entry, "value"))))
			return error_oom(err);
		at += (size_t)(end - line) + 1;
	}
	if (at < text.len && ftruncate(j->fd, (off_t)at))
		return error_sys(err, STATUS_INTERNAL, errno, "%s: cannot cut its torn end", j->path);
	return 0;
}

int journal_open(const char *run, struct journal **ret, struct error *err)
{
	CLEANUP_FREE char *state = path_xdg(XDG_STATE, err);
	CLEANUP_FREE char *folder = NULL;
	struct journal *j;

	if (!state)
		return -1;
	folder = str_printf("%s/runs/%s", state, run);
	j = calloc(1, sizeof(*j));
	if (!folder || !j) {
		free(j);
		return error_oom(err);
	}
	j->fd = -1;
	if (path_mkdirs(folder, 0700, err))
		goto fail;
	j->path = path_join(folder, "journal.ndjson");
	j->entries = json_object();
	if (!j->path || !j->entries) {
		error_oom(err);
		goto fail;
	}
	j->fd = open(j->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (j->fd < 0) {
		error_sys(err, STATUS_INTERNAL, errno, "cannot open %s", j->path);
		goto fail;
	}
	if (flock(j->fd, LOCK_EX | LOCK_NB)) {
		error_set(err, STATUS_USAGE, "run %s is still going on in another process", run);
		goto fail;
	}
	j->locked = true;
	if (load(j, err))
		goto fail;
	*ret = j;
	return 0;
fail:
	journal_close(j);
	return -1;
}

/* A run that came to nothing leaves nothing. */
static void remove_if_empty(const struct journal *j)
{
	CLEANUP_FREE char *folder = NULL;
	struct stat st;

	if (!j->locked || fstat(j->fd, &st) || st.st_size > 0 || unlink(j->path))
		return;
	folder = path_dirname(j->path);
	if (folder)
		rmdir(folder);
}

void journal_close(struct journal *j)
{
	if (!j)
		return;
	remove_if_empty(j);
	if (j->fd >= 0)
		close(j->fd);
	free(j->path);
	json_free(j->entries);
	free(j);
}

const json *journal_get(const struct journal *j, const char *key)
{
	const json *value = json_get(j->entries, key);

	return json_is_null(value) ? NULL : value;
}

size_t journal_size(const struct journal *j)
{
	size_t n = 0;

	for (const json *it = json_first(j->entries); it; it = json_next(it))
		n += !json_is_null(it);
	return n;
}

/* What a full disk cut short is taken out again: it would hide what comes later. */
static int append(struct journal *j, const struct buf *line, struct error *err)
{
	off_t end = lseek(j->fd, 0, SEEK_END);
	size_t done = 0;
	ssize_t n = 0;
	int errnum;

	while (end >= 0 && done < line->len && n >= 0) {
		n = write(j->fd, line->data + done, line->len - done);
		done += n > 0 ? (size_t)n : 0;
	}
	if (done == line->len)
		return 0;
	errnum = errno;
	if (done > 0 && ftruncate(j->fd, end))
		return error_sys(err, STATUS_INTERNAL, errno, "%s: cannot cut its torn end", j->path);
	return error_sys(err, STATUS_USAGE, errnum, "cannot write %s (make room, then resume the run)",
			 j->path);
}

int journal_put(struct journal *j, const char *key, json *take, struct error *err)
{
	CLEANUP_JSON json *line = json_object();
	CLEANUP_FREE char *text = NULL;
	CLEANUP_BUF struct buf out = BUF_INIT(64u << 20);

	if (!line || !take || json_set_string(line, "key", key) ||
	    json_set(line, "value", json_dup(take))) {
		json_free(take);
		return error_oom(err);
	}
	text = json_print(line);
	if (json_set(j->entries, key, take) || !text)
		return error_oom(err);
	buf_adds(&out, text);
	buf_addc(&out, '\n');
	if (buf_check(&out, "an answer", err))
		return -1;
	return append(j, &out, err);
}

int journal_drop(struct journal *j, const char *key, struct error *err)
{
	return journal_get(j, key) ? journal_put(j, key, json_new_null(), err) : 0;
}
