/* openai_parse.c: the answer, as a stream of events or as one JSON object,
 * whichever comes: its first byte tells, since endpoints that ignore
 * `stream` often mislabel their content type as well. */
#include "model/provider/openai.h"

#include <stdlib.h>
#include <string.h>

#include "net/sse.h"
#include "util/str.h"

enum body_kind { BODY_UNKNOWN, BODY_EVENTS, BODY_JSON, BODY_PAGE };

struct provider_parser {
	provider_delta *delta;
	void *ctx;
	enum body_kind kind;
	struct sse sse;
	struct buf body;            /* BODY_JSON, whole; BODY_PAGE, its start */
	struct buf refusal;
	struct provider_answer answer;
	char tail[4];               /* the start of a character that a piece cut */
	size_t tail_len;
	bool done;                  /* [DONE] came */
	bool events;                /* some event with choices came */
	bool failed;                /* *fault is set */
	struct provider_fault fault;
};

static int fail(struct provider_parser *p, enum fault_kind kind, const char *message)
{
	p->failed = true;
	provider_fault_set(&p->fault, kind, "%s", message);
	return -1;
}

static int on_event(void *ctx, const char *name, const char *data, size_t len, struct error *err);

static struct provider_parser *parser_new(provider_delta *delta, void *ctx)
{
	struct provider_parser *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->delta = delta;
	p->ctx = ctx;
	buf_init(&p->body, ANSWER_MAX);
	buf_init(&p->refusal, 1 << 20);
	buf_init(&p->answer.text, ANSWER_MAX);
	p->answer.outcome = MODEL_ERROR;
	sse_init(&p->sse, on_event, p);
	return p;
}

static void parser_free(struct provider_parser *p)
{
	if (!p)
		return;
	sse_release(&p->sse);
	buf_release(&p->body);
	buf_release(&p->refusal);
	provider_answer_release(&p->answer);
	free(p);
}

static struct provider_answer *parser_answer(struct provider_parser *p)
{
	return &p->answer;
}

static bool parser_whole(const struct provider_parser *p)
{
	return !p->failed && p->kind == BODY_EVENTS && (p->done || p->answer.finish_reason);
}

/* How many bytes at the end of s begin a character that is not whole. */
static size_t cut_tail(const char *s, size_t n)
{
	for (size_t back = 1; back <= 3 && back <= n; back++) {
		unsigned char c = (unsigned char)s[n - back];

		if (c < 0x80)
			return 0;
		if (c >= 0xC0) {
			size_t need = c >= 0xF0 ? 4 : c >= 0xE0 ? 3 : 2;

			return need > back ? back : 0;
		}
	}
	return 0;
}

/* Appends text and tells of it. Characters that endpoints cut between two
 * pieces are put together again. */
static int add_text(struct provider_parser *p, const char *text, size_t len)
{
	struct buf *all = &p->answer.text;
	struct buf joined = BUF_INIT(SIZE_MAX);
	size_t from = all->len, keep;

	if (len == 0)
		return 0;
	if (p->tail_len > 0) {
		buf_add(&joined, p->tail, p->tail_len);
		if (buf_add(&joined, text, len) < 0)
			return fail(p, FAULT_FINAL, "out of memory");
		text = joined.data;
		len = joined.len;
	}
	keep = cut_tail(text, len);
	utf8_scrub(all, text, len - keep);
	memcpy(p->tail, text + len - keep, keep);
	p->tail_len = keep;
	buf_release(&joined);
	if (all->failed)
		return fail(p, FAULT_FINAL, "the answer is larger than 32 MiB");
	if (p->delta && all->len > from)
		p->delta(p->ctx, all->data + from, all->len - from);
	return 0;
}

/* `content`: a text, or a list of parts of which those of type text count. */
static int add_content(struct provider_parser *p, const json *content)
{
	const char *s = json_string(content);

	if (s)
		return add_text(p, s, strlen(s));
	if (!json_is_array(content))
		return 0;
	for (json *part = json_first(content); part; part = json_next(part)) {
		s = json_get_string(part, "text");
		if (s && add_text(p, s, strlen(s)) < 0)
			return -1;
	}
	return 0;
}

static void keep_string(char **field, const char *s)
{
	char *copy = s && *s ? str_dup(s) : NULL;

	if (!copy)
		return;
	free(*field);
	*field = copy;
}

static int take_choice(struct provider_parser *p, const json *choice)
{
	const json *delta = json_get(choice, "delta");
	const char *refusal;

	if (!json_is_object(delta))
		delta = json_get(choice, "message");
	keep_string(&p->answer.finish_reason, json_get_string(choice, "finish_reason"));
	refusal = json_get_string(delta, "refusal");
	if (refusal)
		buf_adds(&p->refusal, refusal);
	if (json_get(delta, "content"))
		return add_content(p, json_get(delta, "content"));
	return add_content(p, json_get(choice, "text"));
}

static void take_usage(struct provider_parser *p, const json *usage)
{
	char *raw;

	if (!json_is_object(usage) || !openai_usage(usage, &p->answer.usage))
		return;
	p->answer.has_usage = true;
	raw = json_print(usage);
	if (raw) {
		free(p->answer.raw_usage);
		p->answer.raw_usage = raw;
	}
}

/* One chunk, or the whole answer: they differ in `delta` and `message` alone. */
static int take_object(struct provider_parser *p, const json *j)
{
	const json *error = json_get(j, "error");

	if (error && !json_is_null(error)) {
		p->failed = true;
		openai_error_fault(error, &p->fault);
		return -1;
	}
	keep_string(&p->answer.model, json_get_string(j, "model"));
	take_usage(p, json_get(j, "usage"));
	if (!p->answer.has_usage)
		take_usage(p, json_path(j, "x_groq.usage"));
	if (json_is_array(json_get(j, "choices"))) {
		p->events = true;
		/* n is never asked for: only the first choice is ours. */
		if (json_first(json_get(j, "choices")))
			return take_choice(p, json_first(json_get(j, "choices")));
	}
	return 0;
}

static int on_event(void *ctx, const char *name, const char *data, size_t len, struct error *err)
{
	struct provider_parser *p = ctx;
	CLEANUP_JSON json *j = NULL;

	if (p->done || len == 0)
		return 0;
	if (str_eq(data, "[DONE]")) {
		p->done = true;
		return 0;
	}
	j = json_parse(data, len, NULL);
	if (!j || !json_is_object(j))
		return fail(p, FAULT_RETRY, "the stream holds broken JSON");
	if (str_eq(name, "error") && !json_get(j, "error")) {
		p->failed = true;
		openai_error_fault(j, &p->fault);
		return -1;
	}
	return take_object(p, j);
}

/* Skips white space and a byte order mark, and looks at what comes. */
static void find_kind(struct provider_parser *p, const char **data, size_t *len)
{
	while (*len > 0 && strchr(" \t\r\n\xEF\xBB\xBF", **data)) {
		(*data)++;
		(*len)--;
	}
	if (*len == 0)
		return;
	if (**data == '{' || **data == '[')
		p->kind = BODY_JSON;
	else if (**data == '<')
		p->kind = BODY_PAGE;
	else
		p->kind = BODY_EVENTS;
}

static int parser_feed(struct provider_parser *p, const char *data, size_t len,
		       struct provider_fault *fault)
{
	struct error err = { 0 };
	int rc = 0;

	if (!p->failed && p->kind == BODY_UNKNOWN)
		find_kind(p, &data, &len);
	if (p->failed) {
		rc = -1;
	} else if (p->kind == BODY_EVENTS) {
		rc = sse_feed(&p->sse, data, len, &err);
		if (rc < 0 && !p->failed)
			fail(p, FAULT_FINAL, err.message);
	} else if (p->kind == BODY_JSON && buf_add(&p->body, data, len) < 0) {
		rc = fail(p, FAULT_FINAL, "the answer is larger than 32 MiB");
	}
	if (rc < 0)
		*fault = p->fault;
	return rc;
}

static enum model_outcome outcome_of(struct provider_parser *p)
{
	const struct provider_answer *a = &p->answer;
	const char *text = buf_str(&a->text);

	if (str_eq(a->finish_reason, "length") || str_eq(a->finish_reason, "max_tokens"))
		return MODEL_TRUNCATED;
	if (str_eq(a->finish_reason, "content_filter") || p->refusal.len > 0)
		return MODEL_REFUSED;
	return text[strspn(text, " \t\r\n")] ? MODEL_OK : MODEL_EMPTY;
}

static int finish_json(struct provider_parser *p)
{
	CLEANUP_JSON json *j = json_parse(buf_str(&p->body), p->body.len, NULL);

	if (!j)
		return fail(p, FAULT_RETRY, "the answer is broken JSON");
	if (!json_is_object(j))
		return fail(p, FAULT_FINAL, "the answer is not a JSON object");
	if (take_object(p, j) < 0)
		return -1;
	if (!p->events)
		return fail(p, FAULT_FINAL, "the answer has no `choices`: this is not a chat "
			    "completions endpoint; check the URL");
	return 0;
}

static int finish_events(struct provider_parser *p)
{
	struct error err = { 0 };

	if (sse_finish(&p->sse, &err) < 0)
		return p->failed ? -1 : fail(p, FAULT_FINAL, err.message);
	if (p->done || p->answer.finish_reason)
		return 0;
	if (!p->events)
		return fail(p, FAULT_FINAL, "the answer is neither a stream of events nor JSON; "
			    "check the URL");
	return fail(p, FAULT_RETRY, "the stream ended before the answer did");
}

static int finish_kind(struct provider_parser *p)
{
	switch (p->kind) {
	case BODY_EVENTS:
		return finish_events(p);
	case BODY_JSON:
		return finish_json(p);
	case BODY_PAGE:
		return fail(p, FAULT_FINAL, "the endpoint sent a web page (HTML), not an answer; "
			    "check the URL");
	case BODY_UNKNOWN:
		break;
	}
	return fail(p, FAULT_RETRY, "the answer has no body");
}

static int parser_finish(struct provider_parser *p, struct provider_fault *fault)
{
	if (!p->failed)
		finish_kind(p);
	if (!p->failed && p->tail_len > 0) {
		size_t from = p->answer.text.len;

		p->tail_len = 0;
		if (buf_adds(&p->answer.text, "\xEF\xBF\xBD") == 0 && p->delta)
			p->delta(p->ctx, p->answer.text.data + from, p->answer.text.len - from);
	}
	if (p->failed) {
		*fault = p->fault;
		return -1;
	}
	p->answer.outcome = outcome_of(p);
	/* Why it was refused is all the text there is. */
	if (p->answer.text.len == 0 && p->refusal.len > 0)
		utf8_scrub(&p->answer.text, buf_str(&p->refusal), p->refusal.len);
	return 0;
}

const struct provider provider_openai = {
	.name = "openai",
	.path = "/chat/completions",
	.build = openai_build,
	.parser_new = parser_new,
	.feed = parser_feed,
	.finish = parser_finish,
	.whole = parser_whole,
	.answer = parser_answer,
	.parser_free = parser_free,
	.refused = openai_refused,
};
