/* sse.c: see sse.h. */
#include "net/sse.h"

#include <string.h>

void sse_init(struct sse *s, int (*event)(void *ctx, const char *name, const char *data,
					  size_t len, struct error *err), void *ctx)
{
	*s = (struct sse){ .ctx = ctx, .event = event };
	buf_init(&s->line, SSE_MAX);
	buf_init(&s->data, SSE_MAX);
}

void sse_release(struct sse *s)
{
	if (!s)
		return;
	buf_release(&s->line);
	buf_release(&s->data);
}

static int too_long(struct error *err)
{
	return error_set(err, STATUS_ENDPOINT,
			 "the stream holds a line or an event of more than %d MiB", SSE_MAX >> 20);
}

static int dispatch(struct sse *s, struct error *err)
{
	int rc = 0;

	if (s->has_data) {
		if (s->data.len > 0 && s->data.data[s->data.len - 1] == '\n')
			buf_truncate(&s->data, s->data.len - 1);
		rc = s->event(s->ctx, *s->name ? s->name : "message", buf_str(&s->data),
			      s->data.len, err);
	}
	buf_clear(&s->data);
	s->has_data = false;
	s->name[0] = '\0';
	return rc;
}

/* One line without its end. A colon parts the field from its value, of which
 * one leading space goes. */
static int take_line(struct sse *s, const char *line, size_t len, struct error *err)
{
	const char *colon, *value = "";
	size_t field = len, value_len = 0;

	if (len == 0)
		return dispatch(s, err);
	colon = memchr(line, ':', len);
	if (colon) {
		field = (size_t)(colon - line);
		value = colon + 1;
		value_len = len - field - 1;
		if (value_len > 0 && *value == ' ') {
			value++;
			value_len--;
		}
	}
	if (field == 4 && !memcmp(line, "data", 4)) {
		s->has_data = true;
		if (buf_add(&s->data, value, value_len) < 0 || buf_addc(&s->data, '\n') < 0)
			return too_long(err);
	} else if (field == 5 && !memcmp(line, "event", 5)) {
		if (value_len >= sizeof(s->name))
			value_len = sizeof(s->name) - 1;
		memcpy(s->name, value, value_len);
		s->name[value_len] = '\0';
	}
	return 0;
}

/* A line's end was reached: what was kept of it and this last part. */
static int end_line(struct sse *s, const char *part, size_t len, struct error *err)
{
	int rc;

	if (s->line.len == 0)
		return take_line(s, part, len, err);
	if (buf_add(&s->line, part, len) < 0)
		return too_long(err);
	rc = take_line(s, buf_str(&s->line), s->line.len, err);
	buf_clear(&s->line);
	return rc;
}

/* In one pass: two searches would each read the rest again for every line. */
static const char *find_end(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n' || p[i] == '\r')
			return p + i;
	return NULL;
}

/* A byte order mark may open the stream; it may come in pieces. */
static void drop_mark(struct sse *s)
{
	static const char mark[] = "\xEF\xBB\xBF";
	size_t n = s->line.len < 3 ? s->line.len : 3;

	if (memcmp(buf_str(&s->line), mark, n) != 0) {
		s->started = true;
	} else if (n == 3) {
		buf_consume(&s->line, 3);
		s->started = true;
	}
}

int sse_feed(struct sse *s, const char *data, size_t len, struct error *err)
{
	while (len > 0) {
		const char *end;
		size_t n;

		if (s->skip_lf) {
			s->skip_lf = false;
			if (*data == '\n') {
				data++;
				len--;
				continue;
			}
		}
		if (!s->started && *data != '\n' && *data != '\r') {
			buf_addc(&s->line, *data);
			data++;
			len--;
			drop_mark(s);
			continue;
		}
		s->started = true;
		end = find_end(data, len);
		n = end ? (size_t)(end - data) : len;
		if (!end)
			return buf_add(&s->line, data, n) < 0 ? too_long(err) : 0;
		if (end_line(s, data, n, err) < 0)
			return -1;
		s->skip_lf = *end == '\r';
		data += n + 1;
		len -= n + 1;
	}
	return 0;
}

int sse_finish(struct sse *s, struct error *err)
{
	if (s->line.len > 0 && end_line(s, "", 0, err) < 0)
		return -1;
	return dispatch(s, err);
}
