/* provider.h: what differs between the places that answer, as a const table of
 * functions. The call (attempt.c) owns the transport, retries, money and the
 * ledger; a provider turns an asking into bytes, bytes into an answer, and a
 * refusal into what to do about it. Functions keep no state but the parser.
 */
#ifndef COUNCIL_PROVIDER_H
#define COUNCIL_PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "model/model.h"
#include "util/buf.h"
#include "util/error.h"
#include "util/json.h"

/* What an endpoint has refused before, kept by deployment so that it is not
 * asked for again. */
enum provider_quirk {
	QUIRK_NO_SCHEMA = 1,         /* no response_format */
	QUIRK_NO_STREAM_OPTIONS = 2, /* no stream_options: usage may be missing */
	QUIRK_COMPLETION_TOKENS = 4, /* max_completion_tokens instead of max_tokens */
	QUIRK_MAX_TOKENS = 8,        /* max_tokens, although the model's name suggests the other */
	QUIRK_NO_TEMPERATURE = 16,
	QUIRK_NO_STREAM = 32,        /* answers whole only */
};

/* Borrowed. */
struct provider_ask {
	const struct model_message *messages;
	size_t n_messages;
	const char *model;
	double temperature;          /* below 0: not sent */
	int64_t max_tokens;          /* 0: not sent */
	const char *schema, *schema_name; /* NULL: free text */
	const json *params;          /* the deployment's completion parameters; NULL: none */
	unsigned quirks;
};

enum { ANSWER_MAX = 32 << 20 };     /* bytes of one answer's text */

/* What has come so far, also after a failure. */
struct provider_answer {
	struct buf text;             /* valid UTF-8 */
	char *model;                 /* that answered; NULL: not said */
	char *finish_reason;
	char *raw_usage;             /* the endpoint's JSON */
	struct usage usage;
	bool has_usage;
	enum model_outcome outcome;  /* set by finish */
};
void provider_answer_release(struct provider_answer *a);

enum fault_kind {
	FAULT_RETRY,   /* may pass: worth another try while no text reached the user */
	FAULT_QUIRK,   /* ask again at once without `quirk` */
	FAULT_KEY,     /* 401, 403: the key is missing, wrong or not allowed */
	FAULT_MODEL,   /* the model is not there */
	FAULT_FINAL,
};
struct provider_fault {
	enum fault_kind kind;
	unsigned quirk;
	char message[512];           /* the endpoint's words or ours; one line, without the URL */
};
void provider_fault_set(struct provider_fault *f, enum fault_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

struct provider_parser;
/* A whole piece of valid UTF-8 text. */
typedef void provider_delta(void *ctx, const char *text, size_t len);

struct provider {
	const char *name;
	const char *path;            /* behind the base URL */
	/* Appends the request's body. */
	int (*build)(const struct provider_ask *ask, struct buf *body, struct error *err);

	struct provider_parser *(*parser_new)(provider_delta *delta, void *ctx); /* NULL: no memory */
	/* A piece of the body of a 2xx response, cut anywhere. -1 with *fault: stop reading. */
	int (*feed)(struct provider_parser *p, const char *data, size_t len,
		    struct provider_fault *fault);
	/* The body ended. 0: the answer is whole; -1 with *fault. */
	int (*finish)(struct provider_parser *p, struct provider_fault *fault);
	/* Whether the answer is whole already, so that a connection that breaks now is no loss. */
	bool (*whole)(const struct provider_parser *p);
	struct provider_answer *(*answer)(struct provider_parser *p); /* borrowed from p */
	void (*parser_free)(struct provider_parser *p);

	/* What a response that is not 2xx means. body is cut at some length. */
	void (*refused)(const struct provider_ask *ask, int status, const char *body, size_t len,
			struct provider_fault *ret);
};

extern const struct provider provider_openai;

#endif
