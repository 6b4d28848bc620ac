#include "run/context.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run/ask.h"
#include "run/notes.h"
#include "util/beneath.h"
#include "util/path.h"
#include "util/str.h"

enum { FILE_MAX = 1 << 20, OVERVIEW_FILES = 400, CONTEXT_FILES = 200 };

void context_release(struct context *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->v[i].path);
		free(c->v[i].why);
	}
	free(c->v);
	free(c->notes);
	*c = (struct context){ 0 };
}

static int add_file(struct context *c, const char *path, int first, int last, const char *why,
		    struct error *err)
{
	struct context_file *v;

	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->v[i].path, path) == 0)
			return 0;
	if (c->n >= CONTEXT_FILES)
		return 0;
	v = realloc(c->v, (c->n + 1) * sizeof(*v));
	if (!v)
		return error_oom(err);
	c->v = v;
	v[c->n] = (struct context_file){ .path = str_dup(path), .first = first, .last = last,
					 .why = str_dup(why) };
	return v[c->n++].path ? 0 : error_oom(err);
}

/* "10-80", "10", or null for the whole file */
static int parse_lines(const char *text, int *first, int *last)
{
	char end;

	*first = *last = 0;
	if (!text || !*text)
		return 0;
	/* six digits fit; NOLINTBEGIN(cert-err34-c) */
	if (sscanf(text, "%6d-%6d%c", first, last, &end) == 2 && *first >= 1 && *last >= *first)
		return 0;
	if (sscanf(text, "%6d%c", first, &end) == 1 && *first >= 1) { /* NOLINTEND(cert-err34-c) */
		*last = *first;
		return 0;
	}
	return -1;
}

int context_from_json(const json *j, struct context *ret, struct error *err)
{
	struct context c = { 0 };
	const json *files = json_get(j, "files");
	int first, last;

	if (!json_is_object(j) || !json_is_array(files))
		return error_set(err, STATUS_ENDPOINT, "the answer has no array \"files\"");
	for (const json *it = json_first(files); it; it = json_next(it)) {
		const char *path = json_get_string(it, "path");

		if (!path || !path_is_safe(path)) {
			context_release(&c);
			return error_set(err, STATUS_ENDPOINT,
					 "\"%s\" is not a path inside the repository",
					 path ? path : "");
		}
		if (parse_lines(json_get_string(it, "lines"), &first, &last)) {
			context_release(&c);
			return error_set(err, STATUS_ENDPOINT,
					 "%s: \"lines\" must be like \"10-80\" or null", path);
		}
		if (add_file(&c, path, first, last, json_get_string(it, "why"), err)) {
			context_release(&c);
			return -1;
		}
	}
	c.notes = str_dup(json_get_string(j, "notes"));
	*ret = c;
	return 0;
}

/* Does `text` name this path: the whole path, or its last component as a word? */
static bool names_path(const char *text, const char *path)
{
	const char *base = path_basename(path);
	size_t len = strlen(base);

	if (strstr(text, path))
		return true;
	if (len < 4)
		return false;
	for (const char *at = strstr(text, base); at; at = strstr(at + 1, base)) {
		bool left = at == text || !strchr("abcdefghijklmnopqrstuvwxyz_-.", at[-1]);
		bool right = !strchr("abcdefghijklmnopqrstuvwxyz_-", at[len]) || !at[len];

		if (left && right)
			return true;
	}
	return false;
}

static bool is_text_name(const char *path)
{
	static const char *const binary[] = { ".png", ".jpg", ".jpeg", ".gif", ".ico", ".pdf", ".zip",
		".gz", ".xz", ".zst", ".tar", ".so", ".a", ".o", ".exe", ".dll", ".class", ".jar",
		".woff", ".woff2", ".ttf", ".mp3", ".mp4", ".gguf", ".bin", ".lock", NULL };

	for (int i = 0; binary[i]; i++)
		if (str_ends(path, binary[i]))
			return false;
	return true;
}

static uint64_t total_size(const struct repo_files *f)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < f->n; i++)
		if (is_text_name(f->v[i].path))
			sum += f->v[i].size;
	return sum;
}

static bool tracked(const struct repo_files *f, const char *path, uint64_t *ret_size)
{
	size_t low = 0, high = f->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int order = strcmp(f->v[mid].path, path);

		if (order == 0) {
			*ret_size = f->v[mid].size;
			return true;
		}
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

int context_plain(struct run_env *env, const struct plan_step *step, struct context *ret,
		  bool *ret_settled, struct error *err)
{
	struct context c = { 0 };
	struct repo_files files = { 0 };
	char head[OID_HEX + 1];
	uint64_t bytes = 0, size;
	size_t named = 0;
	bool small;
	int rc = -1;

	if (worktree_head(&env->worktree, head, err) || repo_files(env->repo, head, &files, err))
		return -1;
	small = files.n <= CONTEXT_FILES && total_size(&files) <= env->context_bytes;
	for (size_t i = 0; i < env->options->files.n; i++)
		if (add_file(&c, env->options->files.v[i], 0, 0, "named with --file", err))
			goto out;
	for (size_t i = 0; i < step->files.n; i++) {
		if (!tracked(&files, step->files.v[i], &size))
			continue;
		if (add_file(&c, step->files.v[i], 0, 0, NULL, err))
			goto out;
		bytes += size;
		named++;
	}
	for (size_t i = 0; i < files.n; i++) {
		const char *path = files.v[i].path;

		if (!is_text_name(path) || (notes_is(path) && !names_path(env->options->task, path)) ||
		    (!small && !names_path(step->instructions, path) &&
		     !names_path(env->options->task, path)))
			continue;
		if (add_file(&c, path, 0, 0, NULL, err))
			goto out;
		bytes += files.v[i].size;
	}
	*ret_settled = small || (named > 0 && bytes <= env->context_bytes);
	*ret = c;
	c = (struct context){ 0 };
	rc = 0;
out:
	context_release(&c);
	repo_files_release(&files);
	return rc;
}

/* -- rendering ------------------------------------------------------------ */

/* One more backtick than the longest run of them in the text, at least three. */
static int fence_length(const char *text)
{
	int longest = 2, run = 0;

	for (; *text; text++) {
		run = *text == '`' ? run + 1 : 0;
		if (run > longest)
			longest = run;
	}
	return longest + 1;
}

void context_add_fenced(struct buf *out, const char *title, const char *text, size_t len)
{
	int fence = fence_length(text);

	buf_addf(out, "%s\n", title);
	for (int i = 0; i < fence; i++)
		buf_addc(out, '`');
	buf_addc(out, '\n');
	utf8_scrub(out, text, len);
	if (len && text[len - 1] != '\n')
		buf_addc(out, '\n');
	for (int i = 0; i < fence; i++)
		buf_addc(out, '`');
	buf_adds(out, "\n\n");
}

static void cut_lines(const char **text, size_t *len, int first, int last)
{
	const char *at = *text, *end = *text + *len;
	int line = 1;

	while (line < first && at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		at = nl ? nl + 1 : end;
		line++;
	}
	*text = at;
	while (line <= last && at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		at = nl ? nl + 1 : end;
		line++;
	}
	*len = (size_t)(at - *text);
}

/* Appends a file of the worktree; one that cannot be read or does not fit is
 * told of in a line, never left out silently. */
static void add_worktree_file(struct run_env *env, const struct context_file *f, struct buf *out,
			      size_t room)
{
	CLEANUP_BUF struct buf text = BUF_INIT(FILE_MAX);
	CLEANUP_FREE char *title = NULL;
	const char *part;
	size_t len;

	if (read_beneath(env->worktree.path, f->path, &text, NULL)) {
		buf_addf(out, "%s (not in the repository, or too large to show)\n\n", f->path);
		return;
	}
	part = buf_str(&text);
	len = text.len;
	if (memchr(part, '\0', len)) {
		buf_addf(out, "%s (binary, %zu bytes)\n\n", f->path, len);
		return;
	}
	if (f->first)
		cut_lines(&part, &len, f->first, f->last);
	if (out->len + len > room) {
		buf_addf(out, "%s (%zu bytes, left out: no room)\n\n", f->path, len);
		return;
	}
	title = f->first ? str_printf("%s (lines %d-%d)", f->path, f->first, f->last) : str_dup(f->path);
	context_add_fenced(out, title ? title : f->path, part, len);
}

static int take(struct buf *out, char **ret, struct error *err)
{
	if (buf_check(out, "the context", err))
		return -1;
	*ret = buf_steal(out, NULL);
	return *ret ? 0 : error_oom(err);
}

static int paths_of(const struct context *c, struct strv *out)
{
	for (size_t i = 0; i < c->n; i++)
		if (strv_add(out, c->v[i].path))
			return -1;
	return 0;
}

int context_render(struct run_env *env, const struct context *c, char **ret, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(8u << 20);
	CLEANUP_STRV struct strv paths = { 0 };

	if (paths_of(c, &paths))
		return error_oom(err);
	notes_add(env, env->worktree.base, &paths, &out);
	for (size_t i = 0; i < c->n; i++)
		add_worktree_file(env, &c->v[i], &out, env->context_bytes);
	if (c->notes && *c->notes)
		buf_addf(&out, "Notes: %s\n", c->notes);
	return take(&out, ret, err);
}

static int of_paths(struct run_env *env, const struct strv *paths, bool notes, char **ret,
		    struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(8u << 20);

	if (notes)
		notes_add(env, env->worktree.base, paths, &out);
	for (size_t i = 0; i < paths->n; i++) {
		struct context_file f = { .path = paths->v[i] };

		add_worktree_file(env, &f, &out, env->context_bytes);
	}
	return take(&out, ret, err);
}

int context_of_paths(struct run_env *env, const struct strv *paths, char **ret, struct error *err)
{
	return of_paths(env, paths, false, ret, err);
}

int context_of_change(struct run_env *env, const struct strv *paths, char **ret, struct error *err)
{
	return of_paths(env, paths, true, ret, err);
}

static void add_listing(const struct repo_files *files, struct buf *out)
{
	buf_addf(out, "Tracked files (%zu), with sizes in bytes:\n", files->n);
	for (size_t i = 0; i < files->n && i < OVERVIEW_FILES; i++)
		buf_addf(out, "%s %llu\n", files->v[i].path, (unsigned long long)files->v[i].size);
	if (files->n > OVERVIEW_FILES)
		buf_addf(out, "… and %zu more\n", files->n - OVERVIEW_FILES);
	buf_addc(out, '\n');
}

int context_overview(struct run_env *env, const char *oid, char **ret, struct error *err)
{
	CLEANUP_BUF struct buf out = BUF_INIT(8u << 20);
	struct repo_files files = { 0 };
	bool small;

	if (repo_files(env->repo, oid, &files, err))
		return -1;
	notes_add(env, oid, &env->options->files, &out);
	add_listing(&files, &out);
	small = total_size(&files) <= env->context_bytes;
	for (size_t i = 0; i < files.n; i++) {
		const char *path = files.v[i].path;
		CLEANUP_BUF struct buf text = BUF_INIT(FILE_MAX);

		if (!is_text_name(path) || notes_is(path) || files.v[i].size > env->context_bytes ||
		    out.len + files.v[i].size > env->context_bytes + (32 << 10))
			continue;
		if (!small && !strv_has(&env->options->files, path) &&
		    !names_path(env->options->task, path))
			continue;
		if (repo_read(env->repo, oid, path, &text, NULL) == 0 &&
		    !memchr(buf_str(&text), '\0', text.len))
			context_add_fenced(&out, path, buf_str(&text), text.len);
	}
	repo_files_release(&files);
	return take(&out, ret, err);
}

/* -- Maven ---------------------------------------------------------------- */

static int accept_context(const json *j, void *out, struct error *err)
{
	return context_from_json(j, out, err);
}

int context_ask(struct run_env *env, const char *key,
		const char *step_text, struct context *inout, struct error *err)
{
	CLEANUP_BUF struct buf listing = BUF_INIT(4u << 20);
	CLEANUP_FREE char *prompt = NULL;
	CLEANUP_STRV struct strv paths = { 0 };
	struct repo_files files = { 0 };
	struct context chosen = { 0 };
	char head[OID_HEX + 1];
	int rc = -1;

	if (worktree_head(&env->worktree, head, err) || repo_files(env->repo, head, &files, err))
		return -1;
	if (paths_of(inout, &paths)) {
		repo_files_release(&files);
		return error_oom(err);
	}
	notes_add(env, env->worktree.base, &paths, &listing);
	add_listing(&files, &listing);
	repo_files_release(&files);
	if (buf_check(&listing, "the list of files", err))
		return -1;
	const char *values[] = { "task", env->options->task, "step", step_text,
				 "files", buf_str(&listing), NULL };
	if (prompt_render(env->settings, "context", values, &prompt, err))
		return -1;
	struct question q = { .persona = "maven", .key = key, .prompt = prompt, .schema = "context",
			      .accept = accept_context, .out = &chosen };
	if (ask_json(env, &q, err))
		return -1;
	for (size_t i = 0; i < chosen.n; i++)
		if (add_file(inout, chosen.v[i].path, chosen.v[i].first, chosen.v[i].last,
			     chosen.v[i].why, err))
			goto out;
	free(inout->notes);
	inout->notes = STEAL(chosen.notes);
	rc = 0;
out:
	context_release(&chosen);
	return rc;
}
