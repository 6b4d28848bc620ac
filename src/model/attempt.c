/* attempt.c: the tries of a call, as a small state machine on the HTTP thread:
 *
 *   attempt_send ─► on_body … ─► on_done ─► judge ─┬─► the answer: call_end
 *        ▲                                         ├─► quirk: built anew, at once
 *        ├─────────────────────────────────────────┼─► retry: after a wait
 *        ├── worker: the key command again ◄───────┼─► key
 *        │                                         ├─► model: GET /models, for the message
 *        └                                         └─► anything else: call_end with the error
 */
#include "model/call.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/clock.h"
#include "util/str.h"

enum { REFUSAL_MAX = 64 << 10, QUIRK_TRIES = 8 };

int attempt_build(struct model_call *call, struct error *err)
{
	struct provider_ask ask = {
		.messages = call->messages,
		.n_messages = call->n_messages,
		.model = call->model,
		.temperature = call->temperature,
		.max_tokens = call->max_tokens,
		.schema = call->schema,
		.schema_name = call->schema_name,
		.params = call->endpoint->deployment->params,
	};

	call->quirks = ask.quirks = atomic_load(&call->endpoint->quirks);
	buf_clear(&call->body);
	if (call->provider->build(&ask, &call->body, err) < 0)
		return error_prefix(err, "%s", call->persona);
	call->request_hash = sha256_of(buf_str(&call->body), call->body.len);
	return 0;
}

static void end_with(struct model_call *call, enum model_outcome outcome, const struct usage *usage,
		     const struct error *err)
{
	call_end(call, outcome, call->parser ? call->provider->answer(call->parser) : NULL, usage, err);
}

/* Whether the endpoint will want money for this try: it began to answer, or
 * had the whole request and was not waited for. */
static bool is_billed(const struct http_response *r, enum http_failure failure)
{
	if (r->status >= 200 && r->status <= 299)
		return true;
	return r->status == 0 && r->sent && failure != HTTP_OK && failure != HTTP_CONNECT &&
	       failure != HTTP_CLOSED && failure != HTTP_TLS;
}

/* What the try came to: as reported, else estimated; false when nothing. */
static bool try_usage(struct model_call *call, const struct http_response *r,
		      enum http_failure failure, struct usage *ret)
{
	const struct provider_answer *a = call->provider->answer(call->parser);

	if (a->has_usage)
		*ret = a->usage;
	else if (is_billed(r, failure))
		*ret = call_estimate(call, a->text.len);
	else
		return false;
	return true;
}

static void fault_error(struct model_call *call, const char *more, struct error *ret)
{
	CLEANUP_BUF struct buf url = BUF_INIT(1024);
	char tries[32] = "";

	http_url_display(&url, call->endpoint->base_url);
	if (call->tries > 1)
		snprintf(tries, sizeof(tries), " (after %d tries)", call->tries);
	if (call->transport_failed) /* the message names the URL */
		error_set(ret, STATUS_ENDPOINT, "%s: %s%s%s", call->persona, call->fault.message,
			  more ? more : "", tries);
	else
		error_set(ret, call->fault.kind == FAULT_KEY || call->fault.kind == FAULT_MODEL
			  ? STATUS_USAGE : STATUS_ENDPOINT, "%s: %s at %s: %s%s%s", call->persona,
			  call->model, buf_str(&url), call->fault.message, more ? more : "", tries);
}

static void end_fault(struct model_call *call, const char *more, const struct usage *usage)
{
	struct error err = { 0 };

	fault_error(call, more, &err);
	end_with(call, MODEL_ERROR, usage, &err);
}

static int models_body(void *ctx, const struct http_response *r, const char *data, size_t len)
{
	struct model_call *call = ctx;

	return buf_add(&call->refusal, data, len);
}

/* Says which models there are; without a list the error stands as it is. */
static void models_done(void *ctx, const struct http_response *r, enum http_failure failure,
			const struct error *err)
{
	struct model_call *call = ctx;
	CLEANUP_STRV struct strv ids = { 0 };
	CLEANUP_BUF struct buf more = BUF_INIT(500);

	if (failure == HTTP_OK && r->status == 200 &&
	    parse_models(buf_str(&call->refusal), call->refusal.len, &ids, NULL) == 0 && ids.n > 0) {
		buf_adds(&more, "; it has ");
		describe_models(&more, &ids, 8);
	} else {
		buf_adds(&more, "; check the model's name");
	}
	end_fault(call, buf_str(&more), NULL);
}

static int request_headers(struct model_call *call, struct strv *out)
{
	if (strv_copy(out, &call->endpoint->headers) < 0 ||
	    strv_add(out, "Content-Type: application/json") < 0 ||
	    strv_add(out, "Accept: text/event-stream, application/json") < 0)
		return -1;
	return call->key ? strv_addf(out, "Authorization: Bearer %s", call->key) : 0;
}

/* Starts a request as the call's transfer, unless it was cancelled meanwhile. */
static int start(struct model_call *call, const char *method, const char *path, bool with_body,
		 struct http_limits limits, int64_t delay_ms,
		 const struct http_callbacks *callbacks, struct error *err)
{
	CLEANUP_FREE char *url = str_printf("%s%s", call->endpoint->base_url, path);
	CLEANUP_STRV struct strv headers = { 0 };
	struct http_request request = {
		.method = method, .url = url, .limits = limits, .delay_ms = delay_ms,
		.body = with_body ? buf_str(&call->body) : NULL,
		.body_len = with_body ? call->body.len : 0,
	};
	int rc;

	if (!url || request_headers(call, &headers) < 0)
		return error_oom(err);
	request.headers = (const char *const *)headers.v;
	pthread_mutex_lock(&call->lock);
	http_release(call->transfer);
	call->transfer = NULL;
	if (call->cancelled)
		rc = error_set(err, STATUS_INTERRUPTED, "interrupted");
	else
		rc = http_start(call->s->http, &request, callbacks, &call->transfer, err);
	pthread_mutex_unlock(&call->lock);
	return rc;
}

static void list_then_end(struct model_call *call)
{
	struct http_callbacks callbacks = { call, models_body, models_done };
	struct http_limits limits = settings_http_limits(call->s->settings, NULL);

	limits.total_ms = 10000;
	buf_release(&call->refusal);
	buf_init(&call->refusal, 4 << 20);
	if (start(call, "GET", "/models", false, limits, 0, &callbacks, NULL) < 0)
		end_fault(call, NULL, NULL);
}

/* The same again, after a wait. What the failed try cost is booked first, and
 * the next one reserved anew, so that tries together stay under the cap. */
static void try_again(struct model_call *call, int64_t delay_ms, const struct usage *usage)
{
	struct error err = { 0 };
	struct ulid id;

	if (usage) {
		call_lose(call, usage);
		id = ulid_new();
		if (call_reserve(call, &id, &err) < 0) {
			end_with(call, err.code == STATUS_BUDGET ? MODEL_OVER_BUDGET : MODEL_ERROR,
				 NULL, &err);
			return;
		}
	}
	log_write(call->s->log, LOG_WARN, "call %s: %s; again in %lld ms", call->id.s,
		  call->fault.message, (long long)delay_ms);
	attempt_send(call, delay_ms);
}

static uint32_t random_bits(void)
{
	uint32_t v = 0;

	if (getentropy(&v, sizeof(v)) < 0)
		v = (uint32_t)clock_monotonic_us();
	return v;
}

static void act_retry(struct model_call *call, const struct http_response *r,
		      const struct usage *usage)
{
	int64_t after = retry_after_ms(r->retry_after, clock_now_us()), delay;
	const struct provider_answer *a = call->provider->answer(call->parser);
	char more[80] = "";

	/* What the user has seen cannot be unsaid. */
	if (a->text.len > 0) {
		end_fault(call, NULL, usage);
		return;
	}
	delay = retry_delay_ms(&call->s->retry, call->retries + 1, after, random_bits());
	if (delay < 0) {
		if (after > call->s->retry.after_max_ms)
			snprintf(more, sizeof(more), "; it asks to wait %lld s",
				 (long long)(after / 1000));
		end_fault(call, more, usage);
		return;
	}
	call->retries++;
	try_again(call, delay, usage);
}

static void act_key(struct model_call *call)
{
	const struct deployment *d = call->endpoint->deployment;
	CLEANUP_FREE char *advice = NULL, *more = NULL;

	if (call->key_generation > 0 && !call->rekeyed && !d->api_key) {
		call->rekeyed = true;
		call_work(call, JOB_REKEY);
		return;
	}
	advice = endpoint_key_advice(call->endpoint);
	more = str_printf("; %s", advice ? advice : "check the key");
	end_fault(call, more, NULL);
}

static void act_quirk(struct model_call *call, const struct usage *usage)
{
	struct error err = { 0 };

	if (++call->quirk_tries > QUIRK_TRIES) {
		end_fault(call, NULL, usage);
		return;
	}
	atomic_fetch_or(&call->endpoint->quirks, call->fault.quirk);
	if (attempt_build(call, &err) < 0)
		end_with(call, MODEL_ERROR, usage, &err);
	else
		try_again(call, 0, usage);
}

static void act(struct model_call *call, const struct http_response *r, const struct usage *usage)
{
	switch (call->fault.kind) {
	case FAULT_RETRY:
		act_retry(call, r, usage);
		break;
	case FAULT_QUIRK:
		act_quirk(call, usage);
		break;
	case FAULT_KEY:
		act_key(call);
		break;
	case FAULT_MODEL:
		list_then_end(call);
		break;
	case FAULT_FINAL:
		end_fault(call, NULL, usage);
		break;
	}
}

static int on_body(void *ctx, const struct http_response *r, const char *data, size_t len)
{
	struct model_call *call = ctx;
	size_t room = REFUSAL_MAX - call->refusal.len;

	if (r->status >= 200 && r->status <= 299)
		return call->provider->feed(call->parser, data, len, &call->fault);
	buf_add(&call->refusal, data, len < room ? len : room);
	return 0;
}

/* Fills call->fault unless there is an answer. */
static bool has_answer(struct model_call *call, const struct http_response *r,
		       enum http_failure failure, const struct error *err)
{
	struct provider_ask ask = {
		.model = call->model, .temperature = call->temperature,
		.max_tokens = call->max_tokens, .schema = call->schema,
		.params = call->endpoint->deployment->params, .quirks = call->quirks,
	};

	call->transport_failed = false;
	if (failure == HTTP_ABORTED)
		return false; /* feed told why */
	if (failure != HTTP_OK && !call->provider->whole(call->parser)) {
		provider_fault_set(&call->fault, retry_failure(failure) ? FAULT_RETRY : FAULT_FINAL,
				   "%s", err->message);
		call->transport_failed = true;
		return false;
	}
	if (r->status >= 200 && r->status <= 299)
		return call->provider->finish(call->parser, &call->fault) == 0;
	if (r->status >= 300 && r->status <= 399)
		provider_fault_set(&call->fault, FAULT_FINAL,
				   "HTTP %d: it redirects to %s; use that URL as the endpoint",
				   r->status, *r->location ? r->location : "nowhere");
	else
		call->provider->refused(&ask, r->status, buf_str(&call->refusal),
					call->refusal.len, &call->fault);
	return false;
}

static void on_done(void *ctx, const struct http_response *r, enum http_failure failure,
		    const struct error *err)
{
	struct model_call *call = ctx;
	struct provider_answer *answer = call->provider->answer(call->parser);
	struct usage usage;
	bool whole = has_answer(call, r, failure, err);
	bool counted = try_usage(call, r, failure, &usage);

	if (whole) {
		call_end(call, answer->outcome, answer, &usage, NULL);
	} else if (failure == HTTP_CANCELLED || call_is_cancelled(call)) {
		struct error stopped = { 0 };

		error_set(&stopped, STATUS_INTERRUPTED, "%s: interrupted", call->persona);
		end_with(call, MODEL_CANCELLED, counted ? &usage : NULL, &stopped);
	} else {
		act(call, r, counted ? &usage : NULL);
	}
}

void attempt_send(struct model_call *call, int64_t delay_ms)
{
	struct http_callbacks callbacks = { call, on_body, on_done };
	struct http_limits limits = settings_http_limits(call->s->settings,
							 call->endpoint->deployment);
	struct error err = { 0 };

	call->provider->parser_free(call->parser);
	buf_clear(&call->refusal);
	call->tries++;
	call->parser = call->provider->parser_new(call_delta, call);
	if (!call->parser)
		error_oom(&err);
	else if (start(call, "POST", call->provider->path, true, limits, delay_ms, &callbacks,
		       &err) == 0)
		return;
	call_end(call, err.code == STATUS_INTERRUPTED ? MODEL_CANCELLED : MODEL_ERROR, NULL, NULL,
		 &err);
}
