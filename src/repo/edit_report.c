/* edit_report.c: what is told of edits that were tried. */
#include <stdlib.h>
#include <string.h>

#include "repo/edit.h"
#include "util/buf.h"

void edit_report_release(struct edit_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->n; i++) {
		free(r->v[i].path);
		free(r->v[i].new_path);
		free(r->v[i].reason);
	}
	free(r->v);
	*r = (struct edit_report){ 0 };
}

char *edit_report_text(const struct edit_report *r)
{
	CLEANUP_BUF struct buf out = BUF_INIT(256 << 10);
	size_t bad = 0, shown = 0;

	for (size_t i = 0; i < r->n; i++)
		bad += !r->v[i].ok;
	if (!bad) {
		if (r->unchanged)
			buf_adds(&out, "The edits change nothing.\n");
		else
			buf_addf(&out, "%zu edit%s can be applied.\n", r->n, r->n == 1 ? "" : "s");
		return buf_steal(&out, NULL);
	}
	buf_addf(&out, "No edit was applied: %zu of %zu cannot be.\n", bad, r->n);
	for (size_t i = 0; i < r->n; i++) {
		const struct edit_outcome *o = &r->v[i];

		if (o->ok)
			continue;
		if (shown++ == 20 || out.len > (200 << 10)) {
			buf_addf(&out, "\n(%zu more)\n", bad - shown + 1);
			break;
		}
		buf_addf(&out, "\nEdit %zu, %s: %s\n", i + 1, o->path,
			 o->reason ? o->reason : "refused");
	}
	buf_adds(&out, "\nSend all edits again, with these put right. SEARCH holds lines exactly "
		       "as they are in the file.\n");
	out.failed = false;
	return buf_steal(&out, NULL);
}
