/* table.c: see table.h. */
#include "report/table.h"

#include <string.h>

#include "report/paint.h"

enum { COLUMNS_MAX = 16, GAP = 2, SHRUNK = 8 };

static size_t column_count(const struct table *t)
{
	size_t n = 0;

	while (n < COLUMNS_MAX && t->columns[n].head)
		n++;
	return n;
}

static size_t row_count(const struct table *t)
{
	size_t n = column_count(t);

	return n ? t->cells.n / n : 0;
}

static size_t total_width(const size_t *width, size_t n)
{
	size_t sum = 0;

	for (size_t i = 0; i < n; i++)
		if (width[i] > 0)
			sum += width[i] + GAP;
	return sum ? sum - GAP : 0;
}

static void measure(const struct table *t, size_t *width)
{
	size_t n = column_count(t);

	for (size_t i = 0; i < n; i++)
		width[i] = text_width(t->columns[i].head);
	for (size_t i = 0; i < row_count(t) * n; i++) {
		size_t w = text_width(t->cells.v[i]);

		if (w > width[i % n])
			width[i % n] = w;
	}
}

/* Makes it fit; a width of 0 means that the column is left out. */
static void squeeze(const struct table *t, size_t *width, size_t limit)
{
	size_t n = column_count(t);

	for (;;) {
		size_t total = total_width(width, n);
		size_t least = n;

		if (total <= limit)
			return;
		for (size_t i = 0; i < n; i++) {
			if (!t->columns[i].shrink || width[i] <= SHRUNK)
				continue;
			width[i] = width[i] - SHRUNK > total - limit ? width[i] - (total - limit) : SHRUNK;
			total = total_width(width, n);
			if (total <= limit)
				return;
		}
		for (size_t i = 0; i < n; i++)
			if (width[i] > 0 && t->columns[i].drop > 0 &&
			    (least == n || t->columns[i].drop > t->columns[least].drop))
				least = i;
		if (least == n)
			return;
		width[least] = 0;
	}
}

static void render_row(struct buf *out, const struct table *t, const size_t *width,
		       const char *const *cells, bool color, enum tone tone)
{
	size_t n = column_count(t);
	size_t pending = 0; /* spaces are only written before more text: no trailing ones */

	text_tone(out, color, tone);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_BUF struct buf cell = BUF_INIT(1 << 16);
		size_t used;

		if (width[i] == 0)
			continue;
		used = text_fit(&cell, cells[i], width[i]);
		if (t->columns[i].right)
			pending += width[i] - used;
		if (cell.len > 0) {
			buf_addf(out, "%*s%s", (int)pending, "", buf_str(&cell));
			pending = 0;
		} else if (t->columns[i].right) {
			pending += used;
		}
		pending += GAP + (t->columns[i].right ? 0 : width[i] - used);
	}
	text_untone(out, color, tone);
	buf_addc(out, '\n');
}

void table_render(struct buf *out, const struct table *t, size_t limit, bool color)
{
	size_t width[COLUMNS_MAX] = { 0 };
	const char *heads[COLUMNS_MAX] = { 0 };
	size_t n = column_count(t), rows = row_count(t);

	for (size_t i = 0; i < n; i++)
		heads[i] = t->columns[i].head;
	measure(t, width);
	squeeze(t, width, limit);
	render_row(out, t, width, heads, color, TONE_DIM);
	for (size_t r = 0; r < rows; r++)
		render_row(out, t, width, (const char *const *)t->cells.v + r * n, color,
			   t->total && r + 1 == rows ? TONE_BOLD : TONE_PLAIN);
}

void markdown_escape(struct buf *out, const char *s)
{
	CLEANUP_BUF struct buf clean = BUF_INIT(4u << 20);

	text_clean(&clean, s ? s : "", s ? strlen(s) : 0, false);
	for (const char *p = buf_str(&clean); *p; p++) {
		if (*p == '<')
			buf_adds(out, "&lt;");
		else if (*p == '>')
			buf_adds(out, "&gt;");
		else if (*p == '&')
			buf_adds(out, "&amp;");
		else if (strchr("\\`*_[]|#~!", *p))
			buf_addf(out, "\\%c", *p);
		else
			buf_addc(out, *p);
	}
}

void table_markdown(struct buf *out, const struct table *t)
{
	size_t n = column_count(t);

	for (size_t i = 0; i < n; i++)
		buf_addf(out, "| %s ", t->columns[i].head);
	buf_adds(out, "|\n");
	for (size_t i = 0; i < n; i++)
		buf_adds(out, t->columns[i].right ? "|---:" : "|---");
	buf_adds(out, "|\n");
	for (size_t i = 0; i < row_count(t) * n; i++) {
		buf_adds(out, "| ");
		markdown_escape(out, t->cells.v[i]);
		buf_adds(out, (i + 1) % n == 0 ? " |\n" : " ");
	}
}
