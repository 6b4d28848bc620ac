#include "repo/edit_set.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "repo/edit_fs.h"
#include "util/path.h"

enum { NEW_MODE = 0666 };

void edit_file_release(struct edit_file *f)
{
	edit_doc_release(&f->doc);
	buf_release(&f->disk);
	free(f->path);
	free(f->raw);
	free(f->result);
}

/* A refusal: sets *reason unless one is there. 1, or -1 without memory. */
int edit_refuse(struct edit_set *a, char **reason, char *text)
{
	if (!text)
		return error_oom(a->err);
	free(*reason);
	*reason = text;
	return 1;
}

/* ---- files -------------------------------------------------------------- */

static bool has_invisible(const char *path)
{
	for (const unsigned char *s = (const unsigned char *)path; *s; s++) {
		/* zero width, bidi marks and overrides, word joiners, BOM: U+200B-200F, 202A-202E,
		 * 2060-206F, FEFF */
		if (s[0] == 0xe2 && s[1] == 0x80 && (s[2] >= 0x8b && s[2] <= 0x8f))
			return true;
		if (s[0] == 0xe2 && s[1] == 0x80 && (s[2] >= 0xaa && s[2] <= 0xae))
			return true;
		if (s[0] == 0xe2 && s[1] == 0x81 && (s[2] >= 0xa0 && s[2] <= 0xaf))
			return true;
		if (s[0] == 0xef && s[1] == 0xbb && s[2] == 0xbf)
			return true;
	}
	return false;
}

int edit_set_check_path(struct edit_set *a, const char *path, char **reason, bool *ret_protected)
{
	if (path[0] == '/' || strstr(path, ".."))
		return path_is_safe(path) ? 0
					  : edit_refuse(a, reason,
							str_dup("the path must be relative and "
								"stay inside the folder"));
	if (strchr(path, '\\'))
		return edit_refuse(a, reason,
				   str_dup("the path must be written with / between folders"));
	if (!path_is_safe(path) || !utf8_valid(path, strlen(path)) || has_invisible(path))
		return edit_refuse(a, reason,
				   str_dup("this path may not be edited: nothing under .git, no . "
					   "or empty parts, no control or invisible characters"));
	if (a->o->is_protected && a->o->is_protected(a->o->ctx, path)) {
		*ret_protected = true;
		return edit_refuse(a, reason,
				   str_dup("the file is protected (it belongs to what judges the "
					   "change): make the change without it"));
	}
	return 0;
}

struct edit_file *edit_set_find(struct edit_set *a, const char *path)
{
	for (size_t i = 0; i < a->n; i++)
		if (str_eq(a->v[i].path, path))
			return &a->v[i];
	return NULL;
}

static struct edit_file *add_file(struct edit_set *a, const char *path)
{
	struct edit_file *f;

	if (a->n == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 16;

		f = realloc(a->v, cap * sizeof(*f));
		if (!f)
			return NULL;
		a->v = f;
		a->cap = cap;
	}
	f = &a->v[a->n];
	*f = (struct edit_file){ .path = str_dup(path) };
	buf_init(&f->disk, a->max_file);
	if (!f->path)
		return NULL;
	a->n++;
	return f;
}

/* How the file on disk begins, and ends its lines. */
static void look_at_style(struct edit_file *f)
{
	const char *text = buf_str(&f->disk);
	size_t len = f->disk.len, lf = 0, crlf = 0;

	for (size_t i = 0; i < len; i++) {
		lf += text[i] == '\n';
		crlf += text[i] == '\n' && i && text[i - 1] == '\r';
	}
	f->bom = len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3);
	f->crlf = crlf * 2 > lf;
	f->open_end = len && text[len - 1] != '\n';
}

/* The file of a path, read on first use. 0, 1 refused, -1. */
int edit_set_open(struct edit_set *a, const char *path, struct edit_file **ret, char **reason)
{
	struct edit_file *f = edit_set_find(a, path);
	enum edit_fs_state state = EDIT_FS_MISSING;
	CLEANUP_FREE char *why = NULL;

	if (f) {
		*ret = f;
		return 0;
	}
	f = add_file(a, path);
	if (!f)
		return error_oom(a->err);
	if (edit_fs_read(a->o->root_fd, path, &f->disk, &f->st, &state, &why, a->err) < 0)
		return -1;
	if (state == EDIT_FS_REFUSED) {
		edit_file_release(f);
		a->n--;
		return edit_refuse(a, reason, STEAL(why));
	}
	f->on_disk = f->exists = state == EDIT_FS_FILE;
	f->mode = f->on_disk ? f->st.st_mode & 0777 : NEW_MODE;
	look_at_style(f);
	*ret = f;
	return 0;
}

/* Its lines in memory; binary files are refused. */
int edit_file_load(struct edit_set *a, struct edit_file *f, char **reason)
{
	const char *text = f->raw ? f->raw : buf_str(&f->disk);
	size_t len = f->raw ? f->raw_len : f->disk.len;
	struct error why = { 0 };

	if (f->loaded)
		return 0;
	if (len && memchr(text, 0, len))
		return edit_refuse(
			a, reason,
			str_dup("the file is binary: it can only be deleted or renamed"));
	if (edit_doc_load(&f->doc, text, len, &a->work, &why) < 0)
		return why.code == STATUS_GATE ? edit_refuse(a, reason, str_dup(why.message))
					       : error_set(a->err, why.code, "%s", why.message);
	f->loaded = true;
	return 0;
}

/* Is there text in the file now? */
bool edit_file_is_empty(const struct edit_file *f)
{
	if (!f->exists)
		return true;
	if (f->loaded)
		return f->doc.n == 0;
	return (f->raw ? f->raw_len : f->disk.len) == 0;
}

/* A path that is to be made: no other file of this answer may be in its way. */
int edit_set_check_new(struct edit_set *a, const char *path, char **reason)
{
	size_t len = strlen(path);

	for (size_t i = 0; i < a->n; i++) {
		const struct edit_file *f = &a->v[i];
		size_t n = strlen(f->path);

		if (!f->exists || str_eq(f->path, path))
			continue;
		if (!strcasecmp(f->path, path))
			return edit_refuse(a, reason,
					   str_printf("\"%s\" differs only in case from \"%s\"",
						      path, f->path));
		if ((n > len && f->path[len] == '/' && !strncasecmp(f->path, path, len)) ||
		    (len > n && path[n] == '/' && !strncasecmp(f->path, path, n)))
			return edit_refuse(a, reason,
					   str_printf("\"%s\" and \"%s\" cannot both be files",
						      path, f->path));
	}
	return 0;
}

/* The text as the file would have it: its BOM, its line ends, its end. */
static int text_like(struct edit_set *a, const struct edit_file *f, const char *text, size_t len,
		     struct buf *out, char **reason)
{
	buf_init(out, a->max_file);
	if (f->disk.len && memchr(buf_str(&f->disk), 0, f->disk.len))
		return edit_refuse(
			a, reason,
			str_dup("the file is binary: it can only be deleted or renamed"));
	if (f->bom && !(len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)))
		buf_adds(out, "\xef\xbb\xbf");
	if (f->open_end && len && text[len - 1] == '\n')
		len--;
	for (size_t i = 0; i < len;) {
		const char *nl = memchr(text + i, '\n', len - i);
		size_t n = nl ? (size_t)(nl - text) - i : len - i;

		buf_add(out, text + i, n);
		if (nl)
			buf_adds(out, f->crlf ? "\r\n" : "\n");
		i += n + (nl != NULL);
	}
	if (out->failed)
		return edit_refuse(
			a, reason,
			str_printf("the file would be larger than %zu bytes", a->max_file));
	return 0;
}

int edit_file_set_text(struct edit_set *a, struct edit_file *f, const char *text, size_t len,
		       bool executable, char **reason)
{
	CLEANUP_BUF struct buf out = BUF_INIT(0);
	int rc;

	if (!f->exists) {
		rc = edit_set_check_new(a, f->path, reason);
		if (rc)
			return rc;
	}
	rc = text_like(a, f, text, len, &out, reason);
	if (rc)
		return rc;
	edit_doc_release(&f->doc);
	f->loaded = false;
	free(f->raw);
	f->raw = buf_steal(&out, &f->raw_len);
	if (!f->raw)
		return error_oom(a->err);
	f->created |= !f->exists;
	if (!f->on_disk && (executable || (len > 2 && text[0] == '#' && text[1] == '!')))
		f->mode = 0777;
	f->exists = f->changed = true;
	return 0;
}
