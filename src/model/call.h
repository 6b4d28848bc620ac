/* call.h: one call under way, and the services it uses. Private to src/model.
 *
 *   submit.c   the request's copy, submit, wait, cancel; the worker thread of the rare calls that
 *              must first run a key command or ask for a model, and of recorded answers
 *   attempt.c  the tries: send, read, judge, try again; runs on the HTTP thread
 *   account.c  what a call came to: usage, cost, ledger, events, its one end
 *   services.c what calls share
 *
 * At any time one thread alone drives a call: the submitter until the first
 * request is started, then the HTTP thread or its worker. Only what `lock`
 * covers is seen by others.
 */
#ifndef COUNCIL_CALL_H
#define COUNCIL_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "event/event.h"
#include "model/budget.h"
#include "model/model.h"
#include "model/provider/replay.h"
#include "model/route.h"
#include "net/retry.h"

struct model_services {
	const struct settings *settings;
	struct ledger *ledger;
	struct log *log;
	struct event_bus *_Atomic bus;
	struct http *http;
	struct router router;
	struct budget budget;
	struct replay *replay;       /* NULL: endpoints answer */
	struct retry_policy retry;
	pthread_mutex_t lock;        /* of calls and recorder */
	struct model_call *calls;
	struct recorder *recorder;   /* opened by the first call */
};

enum call_job { JOB_OPEN, JOB_REPLAY, JOB_REKEY };

struct model_call {
	struct model_services *s;
	struct model_call *prev, *next;      /* in s->calls; by s->lock */
	struct model_callbacks callbacks;

	/* The request, copied. */
	char *persona, *schema, *schema_name, *run, *stage;
	struct model_message *messages;
	size_t n_messages, prompt_bytes;
	double temperature;
	int max_tokens_asked, attempt;

	/* Where it goes. */
	const struct provider *provider;     /* NULL: recorded */
	struct endpoint *endpoint;           /* borrowed; NULL: recorded */
	struct replay_entry entry;
	const char *provider_name, *model, *deployment; /* borrowed */
	struct price price;
	int64_t max_tokens;
	char *key;
	unsigned key_generation;
	bool rekeyed;

	/* The try under way. */
	struct buf body;                     /* of the request */
	unsigned quirks;                     /* what it was built with */
	struct provider_parser *parser;
	struct buf refusal;                  /* of a response that is not 2xx; its start */
	struct provider_fault fault;
	bool transport_failed;               /* the fault is the connection's, not an answer's */
	struct budget_hold hold;
	int tries, retries, quirk_tries;

	/* What it has come to so far. */
	struct ulid id;
	bool announced;                      /* call.started was sent */
	int64_t started_us, started_mono_us, first_token_us;
	struct usage lost;                   /* of tries that failed after the endpoint began to answer */
	int64_t lost_nano;
	struct sha256 request_hash;

	pthread_mutex_t lock;
	pthread_cond_t changed;
	bool cancelled, finished;
	struct http_transfer *transfer;
	struct cancel *stop;                 /* for the worker; NULL: there was none yet */
	struct cancel *ended;                /* made by a waiter that watches a cancel as well */

	pthread_t worker;
	bool has_worker;
	enum call_job job;

	struct completion result;
	struct error error;
	bool failed;
};

/* submit.c */
/* STATUS_USAGE, with what to add, for an unknown price under a cap. */
int price_must_be_known(const struct model_services *s, const char *model, const struct price *price,
			struct error *err);
/* Makes everything known, reserves and announces: the next step is attempt_send. */
int call_open(struct model_call *call, struct error *err);
/* Starts (or ends the former and starts) the call's own thread; ends the call when it cannot. */
void call_work(struct model_call *call, enum call_job job);
bool call_is_cancelled(struct model_call *call);

/* attempt.c */
int attempt_build(struct model_call *call, struct error *err);
void attempt_send(struct model_call *call, int64_t delay_ms);

/* account.c */
int64_t call_worst_nano(const struct model_call *call);
int call_reserve(struct model_call *call, const struct ulid *id, struct error *err);
void call_announce(struct model_call *call);
void call_delta(void *ctx, const char *text, size_t len);
/* 4 bytes a token. */
struct usage call_estimate(const struct model_call *call, size_t text_bytes);
/* A try that failed, but that the endpoint will bill: booked and remembered. */
void call_lose(struct model_call *call, const struct usage *usage);
/* The call's one end. `answer` (borrowed, emptied of its text) and `usage` may be NULL; err is NULL
 * on success. The call may be gone when this returns. */
void call_end(struct model_call *call, enum model_outcome outcome, struct provider_answer *answer,
	      const struct usage *usage, const struct error *err);

/* services.c */
int services_recorder(struct model_services *s, struct recorder **ret, struct error *err);

#endif
