/* edit_apply.c: a list of edits against a tree.
 *
 * Edits change a set of files in memory, in the order of the answer, so that a
 * later one sees what an earlier one made of its file. Only when every edit fits
 * are the files written, all of them or none.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "repo/edit_fs.h"
#include "repo/edit_match.h"
#include "repo/edit_set.h"
#include "util/path.h"

enum { FILE_MAX = 8 << 20 };
#define WORK_MAX (UINT64_C(1) << 31)

/* Lines that stand for others, which neither the file nor the old lines have. */
static int check_elision(struct edit_set *a, struct edit_file *f, const struct edit_span *v,
			 size_t n, int answer_line, char **reason)
{
	enum edit_language lang = edit_language(f->path);

	for (size_t i = 0; i < n; i++) {
		struct edit_span t = edit_trim(v[i]);

		if (!edit_is_elision(v[i], lang))
			continue;
		if (f->loaded && edit_doc_lookup(&f->doc, t.s, t.len) != EDIT_NO_ID)
			continue;
		return edit_refuse(a, reason,
				   str_printf("\"%.*s\" (in the edit at answer line %d) stands for "
					      "lines left out: give every line, or a "
					      "SEARCH/REPLACE block for the part that changes",
					      (int)(t.len < 100 ? t.len : 100), t.s, answer_line));
	}
	return 0;
}

static int check_elision_text(struct edit_set *a, struct edit_file *f, const char *text, size_t len,
			      int answer_line, char **reason)
{
	struct edit_span *v = NULL;
	size_t n = 0;
	struct error why = { 0 };
	int rc;

	if (edit_spans(text, len, &v, &n, &why) < 0)
		return why.code == STATUS_GATE ? edit_refuse(a, reason, str_dup(why.message))
					       : error_oom(a->err);
	rc = check_elision(a, f, v, n, answer_line, reason);
	free(v);
	return rc;
}

static int do_whole(struct edit_set *a, const struct edit *e, struct edit_file *f,
		    struct edit_outcome *out)
{
	int rc;

	if (f->exists) {
		rc = edit_file_load(a, f, &out->reason);
		if (rc)
			return rc;
		if (!e->content_len && !edit_file_is_empty(f))
			return edit_refuse(a, &out->reason,
					   str_dup("an empty fence would empty the file: to delete "
						   "it use <<<<<<< DELETE"));
	}
	if (f->exists || edit_language(e->path) != EDIT_PROSE) {
		rc = check_elision_text(a, f, e->content, e->content_len, e->answer_line,
					&out->reason);
		if (rc)
			return rc;
	}
	out->kind = f->exists ? EDIT_WHOLE : EDIT_CREATE;
	out->match = "whole";
	return edit_file_set_text(a, f, e->content, e->content_len, e->executable, &out->reason);
}

static int do_create(struct edit_set *a, struct edit_file *f, const char *text, size_t len,
		     bool executable, struct edit_outcome *out)
{
	if (!edit_file_is_empty(f) && !f->created)
		return edit_refuse(a, &out->reason,
				   str_dup("the file exists and is not empty: an empty SEARCH only "
					   "makes new files; give the lines to be replaced"));
	out->kind = EDIT_CREATE;
	out->match = "whole";
	return edit_file_set_text(a, f, text, len, executable, &out->reason);
}

static int missing_file(struct edit_set *a, const struct edit *e, struct edit_outcome *out)
{
	return edit_refuse(
		a, &out->reason,
		str_printf("there is no file %s: check the path, or give the whole file to make it",
			   e->path));
}

/* New lines that stand for others. The body of a block holds the old lines too, but those that
 * the file has are no objection, and others would not match. */
static int hunk_elision(struct edit_set *a, struct edit_file *f, const struct edit_hunk *h,
			char **reason)
{
	const char *text = h->body ? h->body : h->new_text;
	size_t len = h->body ? h->body_len : strlen(h->new_text);

	return check_elision_text(a, f, text, len, h->answer_line, reason);
}

static int add_reason(struct edit_set *a, char **reason, char **more)
{
	char *both;

	if (!*reason) {
		*reason = STEAL(*more);
		return 0;
	}
	if (strlen(*reason) > 8192)
		return 0;
	both = str_printf("%s\n%s", *reason, *more);
	if (!both)
		return error_oom(a->err);
	free(*reason);
	*reason = both;
	return 0;
}

/* The same change stands in the answer before: models repeat themselves at the end. */
static bool said_before(const struct edit_list *l, const struct edit *edit,
			const struct edit_hunk *h)
{
	for (size_t i = 0; i < l->n; i++) {
		const struct edit *e = &l->v[i];

		for (size_t k = 0; k < e->n_hunks; k++) {
			const struct edit_hunk *other = &e->hunks[k];

			if (other == h)
				return false;
			if (h->body && other->body_len == h->body_len &&
			    str_eq(e->path, edit->path) &&
			    !memcmp(other->body, h->body, h->body_len))
				return true;
		}
	}
	return false;
}

/* One hunk; *failed when it does not fit, with its reason added. */
static int do_hunk(struct edit_set *a, const struct edit *e, struct edit_file *f,
		   const struct edit_hunk *h, struct edit_cursor *cursor, enum edit_tier *worst,
		   struct edit_outcome *out, bool *failed)
{
	CLEANUP_FREE char *why = NULL;
	enum edit_tier tier = EDIT_TIER_NONE;
	const char *text;
	size_t len;
	int rc = hunk_elision(a, f, h, &why);

	if (!rc)
		rc = edit_hunk_apply(&f->doc, h, cursor, &tier, &why, a->err);
	if (rc < 0 && a->err->code == STATUS_GATE) {
		why = str_dup(a->err->message); /* a limit, which the model can heed */
		*a->err = (struct error){ 0 };
		rc = why ? 0 : error_oom(a->err);
	}
	if (rc < 0)
		return -1;
	if (!why) {
		f->changed = true;
		*worst = tier > *worst ? tier : *worst;
		return 0;
	}
	if (said_before(a->list, e, h))
		return 0;
	if (h->body && edit_hunk_creates(h, &text, &len)) {
		free(why);
		why = str_dup("the file exists and is not empty: an empty SEARCH only makes new "
			      "files; give the lines to be replaced");
		if (!why)
			return error_oom(a->err);
	}
	*failed = true;
	return add_reason(a, &out->reason, &why);
}

static int do_hunks(struct edit_set *a, const struct edit *e, struct edit_file *f,
		    struct edit_outcome *out)
{
	enum edit_tier worst = EDIT_TIER_NONE;
	struct edit_cursor cursor = { 0 };
	bool failed = false;
	const char *text;
	size_t len;
	size_t first = 0;
	int rc;

	if (e->kind == EDIT_REPLACE && e->n_hunks && edit_hunk_creates(&e->hunks[0], &text, &len) &&
	    (edit_file_is_empty(f) || (f->created && e->hunks[0].body))) {
		rc = do_create(a, f, text, len, false, out);
		if (rc || e->n_hunks == 1)
			return rc;
		first = 1;
	}
	if (!f->exists)
		return missing_file(a, e, out);
	rc = edit_file_load(a, f, &out->reason);
	for (size_t i = first; rc == 0 && i < e->n_hunks && !(failed && !a->work); i++)
		rc = do_hunk(a, e, f, &e->hunks[i], &cursor, &worst, out, &failed);
	if (rc == 0 && e->n_hunks && !first)
		out->match = edit_tier_name(worst);
	return rc ? rc : failed;
}

static int do_delete(struct edit_set *a, const struct edit *e, struct edit_file *f,
		     struct edit_outcome *out)
{
	out->match = "delete";
	if (!f->exists)
		return missing_file(a, e, out);
	f->exists = false;
	f->changed = true;
	return 0;
}

/* The text moves to the new path; hunks may follow there. */
static int do_rename(struct edit_set *a, const struct edit *e, struct edit_file *from,
		     struct edit_outcome *out)
{
	size_t at = (size_t)(from - a->v);
	struct edit_file *to = NULL;
	CLEANUP_BUF struct buf text = BUF_INIT(a->max_file + 64);
	int rc;

	if (!from->exists)
		return missing_file(a, e, out);
	rc = edit_set_open(a, e->new_path, &to, &out->reason);
	if (rc)
		return rc;
	from = &a->v[at];
	if (to->exists)
		return edit_refuse(a, &out->reason, str_printf("%s exists already", e->new_path));
	rc = edit_set_check_new(a, e->new_path, &out->reason);
	if (rc)
		return rc;
	if (from->loaded)
		edit_doc_render(&from->doc, &text);
	else
		buf_add(&text, from->raw ? from->raw : buf_str(&from->disk),
			from->raw ? from->raw_len : from->disk.len);
	edit_doc_release(&to->doc);
	to->loaded = false;
	free(to->raw);
	to->raw = buf_steal(&text, &to->raw_len);
	if (!to->raw)
		return error_oom(a->err);
	to->mode = from->mode;
	to->exists = to->created = to->changed = true;
	from->exists = false;
	from->changed = true;
	out->match = "rename";
	return e->n_hunks ? do_hunks(a, e, to, out) : 0;
}

/* "a/src/x.c" of a careless diff, where only "src/x.c" exists. */
static const char *without_side(struct edit_set *a, const char *path)
{
	struct stat st;

	if ((strncmp(path, "a/", 2) && strncmp(path, "b/", 2)) || !path_is_safe(path + 2))
		return path;
	if (edit_set_find(a, path) || !fstatat(a->o->root_fd, path, &st, AT_SYMLINK_NOFOLLOW))
		return path;
	if (edit_set_find(a, path + 2) ||
	    !fstatat(a->o->root_fd, path + 2, &st, AT_SYMLINK_NOFOLLOW))
		return path + 2;
	return path;
}

static int do_edit(struct edit_set *a, const struct edit *e, struct edit_outcome *out)
{
	struct edit plain = *e;
	struct edit_file *f = NULL;
	int rc;

	plain.path = (char *)without_side(a, e->path);
	out->kind = e->kind;
	out->match = "none";
	out->path = str_dup(plain.path);
	out->new_path = str_dup(e->new_path);
	if (!out->path || (e->new_path && !out->new_path))
		return error_oom(a->err);
	rc = edit_set_check_path(a, plain.path, &out->reason, &out->protected_path);
	if (rc == 0 && e->new_path)
		rc = edit_set_check_path(a, e->new_path, &out->reason, &out->protected_path);
	if (rc == 0)
		rc = edit_set_open(a, plain.path, &f, &out->reason);
	if (rc)
		return rc;
	switch (e->kind) {
	case EDIT_WHOLE: return do_whole(a, &plain, f, out);
	case EDIT_CREATE: return do_create(a, f, e->content, e->content_len, e->executable, out);
	case EDIT_DELETE: return do_delete(a, &plain, f, out);
	case EDIT_RENAME: return do_rename(a, &plain, f, out);
	case EDIT_REPLACE: break;
	}
	return do_hunks(a, &plain, f, out);
}

/* ---- all of them -------------------------------------------------------- */

/* The text to write of a file that exists; changed says afterwards whether it differs. */
static int settle_file(struct edit_set *a, struct edit_file *f)
{
	CLEANUP_BUF struct buf text = BUF_INIT(a->max_file);

	if (!f->changed)
		return 0;
	if (!f->exists) {
		f->changed = f->on_disk;
		return 0;
	}
	if (f->loaded)
		edit_doc_render(&f->doc, &text);
	else
		buf_add(&text, f->raw ? f->raw : buf_str(&f->disk),
			f->raw ? f->raw_len : f->disk.len);
	if (buf_check(&text, f->path, a->err) < 0)
		return -1;
	f->changed = !f->on_disk || text.len != f->disk.len ||
		     memcmp(buf_str(&text), buf_str(&f->disk), text.len) != 0;
	f->result = buf_steal(&text, &f->result_len);
	return f->result ? 0 : error_oom(a->err);
}

static int commit(struct edit_set *a, struct edit_report *report)
{
	struct edit_fs_change *c = calloc(a->n + 1, sizeof(*c));
	size_t n = 0;
	int rc = 0;

	if (!c)
		return error_oom(a->err);
	for (size_t i = 0; i < a->n && rc == 0; i++) {
		struct edit_file *f = &a->v[i];

		rc = settle_file(a, f);
		if (!f->changed)
			continue;
		c[n++] = (struct edit_fs_change){ .path = f->path,
						  .existed = f->on_disk,
						  .before = f->st,
						  .remove = !f->exists,
						  .data = f->result,
						  .len = f->result_len,
						  .mode = f->mode };
	}
	report->unchanged = n == 0;
	if (rc == 0 && !a->o->check_only && n)
		rc = edit_fs_commit(a->o->root_fd, c, n, a->err);
	free(c);
	return rc;
}

static int apply_all(struct edit_set *a, const struct edit_list *l, struct edit_report *report)
{
	bool all_ok = true;

	report->v = calloc(l->n + 1, sizeof(*report->v));
	if (!report->v)
		return error_oom(a->err);
	report->n = l->n;
	for (size_t i = 0; i < l->n; i++) {
		int rc = do_edit(a, &l->v[i], &report->v[i]);

		if (rc < 0)
			return -1;
		report->v[i].ok = rc == 0;
		all_ok &= rc == 0;
	}
	if (!all_ok)
		return 0;
	if (commit(a, report) < 0)
		return -1;
	report->applied = true;
	return 0;
}

int edit_apply(const struct edit_list *l, const struct edit_options *o, struct edit_report *ret,
	       struct error *err)
{
	struct error why = { 0 };
	struct edit_set a = { .o = o, .list = l, .work = WORK_MAX, .err = &why };
	struct edit_report report = { 0 };
	int rc;

	a.max_file = o->max_file ? o->max_file : FILE_MAX;
	rc = apply_all(&a, l, &report);
	for (size_t i = 0; i < a.n; i++)
		edit_file_release(&a.v[i]);
	free(a.v);
	if (rc < 0) {
		edit_report_release(&report);
		return error_set(err, why.code, "%s", why.message);
	}
	*ret = report;
	return 0;
}
