/* fuzz_edit.c: an answer of any kind, and a file to apply it to. The input is
 * the answer, a line "%%%%", and the file's text. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "repo/edit.h"
#include "repo/edit_match.h"
#include "util/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A hunk that is refused leaves the document as it was, and says why. */
static void apply_hunk(struct edit_doc *d, const struct edit_hunk *h, struct edit_cursor *cursor)
{
	struct buf before = BUF_INIT(64 << 20), after = BUF_INIT(64 << 20);
	enum edit_tier tier = EDIT_TIER_NONE;
	struct error err = { 0 };
	char *reason = NULL;
	int rc;

	edit_doc_render(d, &before);
	rc = edit_hunk_apply(d, h, cursor, &tier, &reason, &err);
	edit_doc_render(d, &after);
	if (rc == 0 && (reason != NULL) != (tier == EDIT_TIER_NONE))
		__builtin_trap();
	if (reason && (!*reason || before.len != after.len ||
		       memcmp(buf_str(&before), buf_str(&after), after.len)))
		__builtin_trap();
	free(reason);
	buf_release(&before);
	buf_release(&after);
}

static void apply_list(const struct edit_list *l, const char *file, size_t len)
{
	uint64_t work = 1 << 22;
	struct edit_doc d;
	struct buf out = BUF_INIT(64 << 20);

	if (edit_doc_load(&d, file, len, &work, NULL) < 0)
		return;
	edit_doc_render(&d, &out);
	if (out.len != len || (len && memcmp(buf_str(&out), file, len)))
		__builtin_trap(); /* an unedited file comes out as it went in */
	buf_release(&out);
	for (size_t i = 0; i < l->n; i++) {
		struct edit_cursor cursor = { 0 };

		for (size_t k = 0; k < l->v[i].n_hunks; k++)
			apply_hunk(&d, &l->v[i].hunks[k], &cursor);
	}
	edit_doc_release(&d);
}

static void check_list(const struct edit_list *l)
{
	if (l->n ? l->no_changes : !l->no_changes)
		__builtin_trap();
	for (size_t i = 0; i < l->n; i++) {
		const struct edit *e = &l->v[i];

		if (!e->path || !*e->path || !e->format || (e->kind == EDIT_RENAME) != (e->new_path != NULL))
			__builtin_trap();
		if ((e->kind == EDIT_WHOLE || e->kind == EDIT_CREATE) &&
		    (!e->content || strlen(e->content) != e->content_len))
			__builtin_trap();
		if (e->kind == EDIT_REPLACE && !e->n_hunks)
			__builtin_trap();
		for (size_t k = 0; k < e->n_hunks; k++)
			if (e->hunks[k].body ? !e->hunks[k].n_splits : !e->hunks[k].old_text)
				__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char *cut, *file;
	struct edit_list l = { 0 };
	struct error err = { 0 };
	size_t len = size, file_len = 0;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = 0;
	cut = memmem(text, size, "\n%%%%\n", 6);
	file = text + size;
	if (cut) {
		len = (size_t)(cut - text) + 1;
		file = cut + 6;
		file_len = size - (size_t)(file - text);
	}
	if (edit_parse(text, len, &l, &err) == 0) {
		check_list(&l);
		apply_list(&l, file, file_len);
		edit_list_release(&l);
	} else if (err.code != STATUS_GATE || !err.message[0]) {
		__builtin_trap();
	}
	free(text);
	return 0;
}
