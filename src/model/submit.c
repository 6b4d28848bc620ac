/* submit.c: model_submit and the waiting for it. */
#include "model/call.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/str.h"

static void call_free(struct model_call *call)
{
	if (!call)
		return;
	if (call->has_worker)
		pthread_join(call->worker, NULL);
	http_release(call->transfer);
	if (call->provider && call->parser)
		call->provider->parser_free(call->parser);
	for (size_t i = 0; call->messages && i < call->n_messages; i++)
		free((char *)call->messages[i].content);
	free(call->messages);
	free(call->persona);
	free(call->schema);
	free(call->schema_name);
	free(call->run);
	free(call->stage);
	if (call->key)
		explicit_bzero(call->key, strlen(call->key));
	free(call->key);
	buf_release(&call->body);
	buf_release(&call->refusal);
	completion_release(&call->result);
	cancel_free(call->stop);
	cancel_free(call->ended);
	pthread_cond_destroy(&call->changed);
	pthread_mutex_destroy(&call->lock);
	free(call);
}

static int copy_messages(struct model_call *call, const struct model_request *r)
{
	call->messages = calloc(r->n_messages + 1, sizeof(*call->messages));
	if (!call->messages)
		return -1;
	for (size_t i = 0; i < r->n_messages; i++) {
		const char *content = r->messages[i].content ? r->messages[i].content : "";

		call->messages[i] = r->messages[i];
		call->messages[i].content = str_dup(content);
		call->n_messages = i + 1;
		if (!call->messages[i].content)
			return -1;
		call->prompt_bytes += strlen(content);
	}
	if (r->schema)
		call->prompt_bytes += strlen(r->schema);
	return 0;
}

static struct model_call *call_new(struct model_services *s, const struct model_request *r,
				   const struct model_callbacks *callbacks, struct error *err)
{
	struct model_call *call = calloc(1, sizeof(*call));

	if (!call) {
		error_oom(err);
		return NULL;
	}
	pthread_mutex_init(&call->lock, NULL);
	pthread_cond_init(&call->changed, NULL);
	buf_init(&call->body, 256 << 20);
	buf_init(&call->refusal, 4 << 20);
	call->s = s;
	if (callbacks)
		call->callbacks = *callbacks;
	call->id = ulid_new();
	call->started_us = clock_now_us();
	call->started_mono_us = clock_monotonic_us();
	call->temperature = r->temperature;
	call->max_tokens_asked = r->max_tokens;
	call->attempt = r->attempt > 0 ? r->attempt : 1;
	call->persona = str_dup(r->persona ? r->persona : "default");
	call->schema = str_dup(r->schema);
	call->schema_name = str_dup(r->schema_name);
	call->run = str_dup(r->run);
	call->stage = str_dup(r->stage);
	if (copy_messages(call, r) < 0 || !call->persona || (r->schema && !call->schema) ||
	    (r->schema_name && !call->schema_name) || (r->run && !call->run) ||
	    (r->stage && !call->stage)) {
		call_free(call);
		error_oom(err);
		return NULL;
	}
	return call;
}

/* The deployment's parameters are the user's, a persona's are defaults: they
 * win, and of two limits on the output the lower holds. What the model cannot
 * give is not asked for. Always set: it bounds what the call can cost. */
static void set_limits(struct model_call *call)
{
	const json *params = call->endpoint->deployment->params;
	int64_t own = json_get_i64(params, "max_completion_tokens",
				   json_get_i64(params, "max_tokens", 0));
	int64_t max = call->max_tokens_asked;

	if (json_get(params, "temperature"))
		call->temperature = -1;
	if (own > 0 && (max <= 0 || own < max))
		max = own;
	if (max <= 0)
		max = settings_int(call->s->settings, SET_MAX_OUTPUT);
	if (call->price.max_output > 0 && max > call->price.max_output)
		max = call->price.max_output;
	call->max_tokens = max;
}

int price_must_be_known(const struct model_services *s, const char *model, const struct price *price,
			struct error *err)
{
	const char *file = settings_string(s->settings, SET_PRICES);

	if (price->known || s->budget.cap_nano < 0)
		return 0;
	return error_set(err, STATUS_USAGE,
			 "the price of %s is unknown and there is a budget: add \"%s\": "
			 "{\"input_cost_per_token\": 1e-6, \"output_cost_per_token\": 2e-6} with its real "
			 "prices to %s, or use --budget none", model, model,
			 file ? file : "a file that the setting `prices` names");
}

int call_open(struct model_call *call, struct error *err)
{
	struct endpoint *e = call->endpoint;
	struct router *r = &call->s->router;

	if (endpoint_key(r, e, 0, call->stop, &call->key, &call->key_generation, err) < 0 ||
	    endpoint_resolve(r, e, call->key, call->stop, err) < 0)
		return error_prefix(err, "%s", call->persona);
	call->model = e->model;
	call->price = e->price;
	set_limits(call);
	if (price_must_be_known(call->s, call->model, &call->price, err) < 0 ||
	    attempt_build(call, err) < 0 || call_reserve(call, &call->id, err) < 0)
		return -1;
	call_announce(call);
	return 0;
}

bool call_is_cancelled(struct model_call *call)
{
	bool cancelled;

	pthread_mutex_lock(&call->lock);
	cancelled = call->cancelled;
	pthread_mutex_unlock(&call->lock);
	return cancelled;
}

static enum model_outcome outcome_of_error(const struct error *err)
{
	switch (err->code) {
	case STATUS_INTERRUPTED:
	case STATUS_TERMINATED:
		return MODEL_CANCELLED;
	case STATUS_BUDGET:
		return MODEL_OVER_BUDGET;
	default:
		return MODEL_ERROR;
	}
}

static void work_open(struct model_call *call)
{
	struct error err = { 0 };

	if (call_open(call, &err) < 0)
		call_end(call, outcome_of_error(&err), NULL, NULL, &err);
	else
		attempt_send(call, 0);
}

static void work_rekey(struct model_call *call)
{
	struct error err = { 0 };
	char *key = NULL;

	if (endpoint_key(&call->s->router, call->endpoint, call->key_generation, call->stop, &key,
			 &call->key_generation, &err) < 0) {
		call_end(call, outcome_of_error(&err), NULL, NULL, &err);
		return;
	}
	free(call->key);
	call->key = key;
	attempt_send(call, 0);
}

/* A recorded answer: waits as long as it says, then tells all at once. */
static void work_replay(struct model_call *call)
{
	struct provider_answer answer = { .outcome = MODEL_OK };
	struct pollfd stop = { .fd = cancel_fd(call->stop), .events = POLLIN };
	const char *reason = call->entry.finish_reason ? call->entry.finish_reason : "stop";
	size_t len = strlen(call->entry.text);
	struct usage usage = call->entry.has_usage ? call->entry.usage : call_estimate(call, len);
	int64_t wait = call->entry.latency_ms < 3600000 ? call->entry.latency_ms : 3600000;

	call->tries = 1;
	if (wait > 0)
		poll(&stop, 1, (int)wait);
	if (call_is_cancelled(call)) {
		struct error err = { 0 };

		error_set(&err, STATUS_INTERRUPTED, "%s: interrupted", call->persona);
		call_end(call, MODEL_CANCELLED, NULL, NULL, &err);
		return;
	}
	buf_init(&answer.text, ANSWER_MAX * 3);
	utf8_scrub(&answer.text, call->entry.text, len);
	if (answer.text.len > 0)
		call_delta(call, answer.text.data, answer.text.len);
	answer.model = str_dup(call->entry.model);
	answer.finish_reason = str_dup(reason);
	if (str_eq(reason, "length"))
		answer.outcome = MODEL_TRUNCATED;
	else if (str_eq(reason, "content_filter"))
		answer.outcome = MODEL_REFUSED;
	else if (answer.text.len == 0)
		answer.outcome = MODEL_EMPTY;
	call_end(call, answer.outcome, &answer, &usage, NULL);
	provider_answer_release(&answer);
}

static void *work(void *arg)
{
	struct model_call *call = arg;

	switch (call->job) {
	case JOB_OPEN:
		work_open(call);
		break;
	case JOB_REPLAY:
		work_replay(call);
		break;
	case JOB_REKEY:
		work_rekey(call);
		break;
	}
	return NULL;
}

/* Under the lock, so that who sees the call finished sees the worker as well. */
static int start_worker(struct model_call *call, struct error *err)
{
	sigset_t all, old;
	int rc = 0;

	pthread_mutex_lock(&call->lock);
	if (!call->stop) {
		call->stop = cancel_new(err);
		if (!call->stop)
			rc = -1;
		else if (call->cancelled)
			cancel_fire(call->stop, SIGINT);
	}
	if (rc == 0) {
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		rc = pthread_create(&call->worker, NULL, work, call);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
		call->has_worker = rc == 0;
		if (rc)
			rc = error_sys(err, STATUS_INTERNAL, rc, "cannot start a thread");
	}
	pthread_mutex_unlock(&call->lock);
	return rc;
}

void call_work(struct model_call *call, enum call_job job)
{
	struct error err = { 0 };

	/* The former worker's last act was to start the request that led here. */
	if (call->has_worker)
		pthread_join(call->worker, NULL);
	call->has_worker = false;
	call->job = job;
	if (start_worker(call, &err) < 0)
		call_end(call, MODEL_ERROR, NULL, NULL, &err);
}

static int open_recorded(struct model_call *call, struct error *err)
{
	struct model_services *s = call->s;

	if (replay_take(s->replay, call->persona, &call->entry, err) < 0)
		return -1;
	call->provider_name = call->deployment = "replay";
	call->model = call->entry.model ? call->entry.model : "replay";
	/* Nothing is owed for an answer that nobody gave; a price only shows what it was worth. */
	if (!call->entry.model ||
	    !price_find(s->router.prices, NULL, call->entry.model, &call->price))
		call->price = (struct price){ .known = true };
	if (call_reserve(call, &call->id, err) < 0)
		return -1;
	call_announce(call);
	return 0;
}

static int open_endpoint(struct model_call *call, bool *ret_ready, struct error *err)
{
	if (router_find(&call->s->router, call->persona, &call->endpoint, err) < 0)
		return -1;
	call->provider = &provider_openai;
	call->provider_name = call->endpoint->provider;
	call->deployment = call->endpoint->deployment->model_name;
	*ret_ready = endpoint_ready(&call->s->router, call->endpoint);
	return *ret_ready ? call_open(call, err) : 0;
}

static void list_add(struct model_call *call)
{
	struct model_services *s = call->s;

	pthread_mutex_lock(&s->lock);
	call->next = s->calls;
	if (s->calls)
		s->calls->prev = call;
	s->calls = call;
	pthread_mutex_unlock(&s->lock);
}

static void list_remove(struct model_call *call)
{
	struct model_services *s = call->s;

	pthread_mutex_lock(&s->lock);
	if (call->prev)
		call->prev->next = call->next;
	else
		s->calls = call->next;
	if (call->next)
		call->next->prev = call->prev;
	pthread_mutex_unlock(&s->lock);
}

struct model_call *model_submit(struct model_services *s, const struct model_request *request,
				const struct model_callbacks *callbacks, struct error *err)
{
	struct recorder *recorder;
	struct model_call *call;
	bool ready = true;
	int rc;

	if (services_recorder(s, &recorder, err) < 0)
		return NULL;
	call = call_new(s, request, callbacks, err);
	if (!call)
		return NULL;
	rc = s->replay ? open_recorded(call, err) : open_endpoint(call, &ready, err);
	if (rc < 0) {
		call_free(call);
		return NULL;
	}
	list_add(call);
	if (s->replay)
		call_work(call, JOB_REPLAY);
	else if (!ready)
		call_work(call, JOB_OPEN);
	else
		attempt_send(call, 0);
	return call;
}

void model_cancel(struct model_call *call)
{
	pthread_mutex_lock(&call->lock);
	if (!call->cancelled) {
		call->cancelled = true;
		cancel_fire(call->stop, SIGINT);
		if (!call->finished)
			http_cancel(call->transfer);
	}
	pthread_mutex_unlock(&call->lock);
}

/* A cancel is a descriptor, so what ends the wait must be one as well. */
static void watch(struct model_call *call, const struct cancel *cancel)
{
	struct pollfd fds[2] = { { .events = POLLIN }, { .events = POLLIN } };

	pthread_mutex_lock(&call->lock);
	if (!call->finished && !call->ended)
		call->ended = cancel_new(NULL);
	if (call->finished || !call->ended) {
		pthread_mutex_unlock(&call->lock);
		return;
	}
	pthread_mutex_unlock(&call->lock);
	fds[0].fd = cancel_fd(call->ended);
	fds[1].fd = cancel_fd(cancel);
	while (!cancel_signal(call->ended) && !cancel_signal(cancel))
		poll(fds, 2, -1);
	if (!cancel_signal(call->ended))
		model_cancel(call);
}

static void wait_finished(struct model_call *call)
{
	pthread_mutex_lock(&call->lock);
	while (!call->finished)
		pthread_cond_wait(&call->changed, &call->lock);
	pthread_mutex_unlock(&call->lock);
}

int model_wait(struct model_call *call, const struct cancel *cancel, struct completion *ret,
	       struct error *err)
{
	int rc = 0;

	if (cancel)
		watch(call, cancel);
	wait_finished(call);
	if (call->failed && call->error.code == STATUS_INTERRUPTED && cancel_signal(cancel)) {
		rc = cancel_check(cancel, err);
	} else if (call->failed) {
		rc = error_set(err, call->error.code, "%s", call->error.message);
	} else {
		*ret = call->result;
		call->result = (struct completion){ 0 };
	}
	list_remove(call);
	call_free(call);
	return rc;
}

int model_complete(struct model_services *s, const struct model_request *request,
		   const struct model_callbacks *callbacks, const struct cancel *cancel,
		   struct completion *ret, struct error *err)
{
	struct model_call *call;

	if (cancel_check(cancel, err) < 0)
		return -1;
	call = model_submit(s, request, callbacks, err);
	return call ? model_wait(call, cancel, ret, err) : -1;
}
