/* account.c: what a call came to: reservation, usage, cost, the ledger's row,
 * the events, and its one end. */
#include "model/call.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/str.h"

static struct event_bus *bus_of(const struct model_call *call)
{
	return atomic_load(&call->s->bus);
}

/* Every rate that the input could be charged at is covered by price_worst; a
 * token is rarely under 2 bytes, and each message brings a few of its own. */
int64_t call_worst_nano(const struct model_call *call)
{
	int64_t input = (int64_t)(call->prompt_bytes / 2 + call->n_messages * 16 + 64);

	if (!call->price.known)
		return 0;
	if (!call->provider && call->entry.has_usage)
		return price_cost(&call->price, &call->entry.usage);
	return price_worst(&call->price, input, call->max_tokens);
}

int call_reserve(struct model_call *call, const struct ulid *id, struct error *err)
{
	if (budget_reserve(&call->s->budget, call->run, id, call_worst_nano(call), &call->hold,
			   err) < 0)
		return error_prefix(err, "%s", call->persona);
	return 0;
}

static json *ids_json(const struct model_call *call)
{
	json *j = json_object();

	json_set_string(j, "call", call->id.s);
	json_set_string(j, "persona", call->persona);
	return j;
}

void call_announce(struct model_call *call)
{
	json *data;

	call->announced = true;
	log_write(call->s->log, LOG_INFO, "call %s: %s asks %s (%s)", call->id.s, call->persona,
		  call->model, call->provider_name);
	if (!bus_of(call))
		return;
	data = ids_json(call);
	json_set_string(data, "model", call->model);
	json_set_string(data, "provider", call->provider_name);
	json_set_i64(data, "attempt", call->attempt);
	event_emit(bus_of(call), EVENT_CALL_STARTED, call->stage, data);
}

void call_delta(void *ctx, const char *text, size_t len)
{
	struct model_call *call = ctx;

	if (!call->first_token_us) {
		call->first_token_us = clock_monotonic_us() - call->started_mono_us;
		if (call->first_token_us == 0)
			call->first_token_us = 1;
	}
	if (bus_of(call)) {
		json *data = ids_json(call);

		json_set(data, "text", json_new_stringn(text, len));
		event_emit(bus_of(call), EVENT_CALL_DELTA, call->stage, data);
	}
	if (call->callbacks.delta)
		call->callbacks.delta(call->callbacks.ctx, text, len);
}

struct usage call_estimate(const struct model_call *call, size_t text_bytes)
{
	return (struct usage){
		.input = (int64_t)(call->prompt_bytes + 3) / 4,
		.output = (int64_t)(text_bytes + 3) / 4,
		.estimated = true,
	};
}

static void add_usage(struct usage *sum, const struct usage *u)
{
	sum->input += u->input;
	sum->cache_read += u->cache_read;
	sum->cache_write += u->cache_write;
	sum->output += u->output;
	sum->reasoning += u->reasoning;
	sum->estimated = sum->estimated || u->estimated;
}

static void warn_budget(struct model_call *call, const struct budget_steps *steps)
{
	for (int i = 0; bus_of(call) && i < steps->n; i++) {
		json *data = json_object();

		json_set_i64(data, "percent", steps->percent[i]);
		json_set_double(data, "spent_usd", (double)steps->spent_nano / 1e9);
		json_set_double(data, "cap_usd", (double)steps->cap_nano / 1e9);
		event_emit(bus_of(call), EVENT_BUDGET_WARNING, call->stage, data);
	}
}

static int64_t settle(struct model_call *call, const struct usage *usage)
{
	struct budget_steps steps;
	int64_t nano = !usage ? 0 : call->price.known ? price_cost(&call->price, usage) : -1;

	budget_settle(&call->s->budget, &call->hold, usage != NULL, nano, &steps);
	warn_budget(call, &steps);
	return nano < 0 ? 0 : nano;
}

void call_lose(struct model_call *call, const struct usage *usage)
{
	call->lost_nano += settle(call, usage);
	add_usage(&call->lost, usage);
}

static void write_row(struct model_call *call, const char *raw_usage)
{
	const struct completion *c = &call->result;
	struct error err = { 0 };
	struct ledger_call row = {
		.id = call->id,
		.run = call->run,
		.stage = call->stage,
		.persona = call->persona,
		.provider = call->provider_name,
		.deployment = call->deployment,
		.model_asked = call->model,
		.model_answered = c->model,
		.attempt = call->attempt,
		.http_attempts = c->attempts,
		.started_us = call->started_us,
		.latency_us = c->latency_us,
		.first_token_us = c->first_token_us,
		.usage = c->usage,
		.raw_usage = raw_usage,
		.cost_known = c->cost_known,
		.cost_nano = c->cost_nano,
		.price_hash = *price_table_hash(call->s->router.prices),
		.request_hash = call->request_hash,
		.response_hash = sha256_of(c->text, strlen(c->text)),
		.cache = "off",
		.outcome = model_outcome_name(c->outcome),
		.error = call->failed ? call->error.message : NULL,
	};

	if (call->s->ledger && ledger_call(call->s->ledger, &row, &err) < 0)
		log_write(call->s->log, LOG_ERROR, "call %s: %s", call->id.s, err.message);
}

static void emit_completed(struct model_call *call)
{
	const struct completion *c = &call->result;
	json *data;

	log_write(call->s->log, LOG_INFO, "call %s: %s after %d tries, %lld µs%s%s", call->id.s,
		  model_outcome_name(c->outcome), c->attempts, (long long)c->latency_us,
		  call->failed ? ": " : "", call->failed ? call->error.message : "");
	if (!bus_of(call))
		return;
	data = ids_json(call);
	json_set_string(data, "model", c->model);
	json_set_string(data, "provider", c->provider);
	json_set_string(data, "outcome", model_outcome_name(c->outcome));
	json_set_i64(data, "input", c->usage.input);
	json_set_i64(data, "cache_read", c->usage.cache_read);
	json_set_i64(data, "cache_write", c->usage.cache_write);
	json_set_i64(data, "output", c->usage.output);
	json_set_i64(data, "reasoning", c->usage.reasoning);
	json_set_bool(data, "estimated", c->usage.estimated);
	json_set(data, "cost_usd",
		 c->cost_known ? json_new_double((double)c->cost_nano / 1e9) : json_new_null());
	json_set_i64(data, "latency_us", c->latency_us);
	json_set_i64(data, "first_token_us", c->first_token_us);
	json_set_i64(data, "attempt", call->attempt);
	json_set_string(data, "error", call->failed ? call->error.message : NULL);
	event_emit(bus_of(call), EVENT_CALL_COMPLETED, call->stage, data);
}

static void record(struct model_call *call)
{
	struct recorder *recorder = NULL;
	struct error err = { 0 };

	if (call->failed || services_recorder(call->s, &recorder, &err) < 0 || !recorder)
		return;
	if (recorder_add(recorder, call->persona, &call->result, &err) < 0)
		log_write(call->s->log, LOG_ERROR, "the answer was not recorded: %s", err.message);
}

/* The endpoint may have echoed the key. */
static void set_error(struct model_call *call, const struct error *err)
{
	CLEANUP_STRV struct strv secrets = { 0 };
	CLEANUP_BUF struct buf masked = BUF_INIT(sizeof(call->error.message) * 4);

	if (call->key)
		strv_add(&secrets, call->key);
	call->failed = true;
	if (log_mask(&masked, err->message, strlen(err->message), &secrets) < 0)
		error_set(&call->error, err->code, "the endpoint failed");
	else
		error_set(&call->error, err->code, "%s", buf_str(&masked));
}

static void fill_result(struct model_call *call, enum model_outcome outcome,
			struct provider_answer *answer, const struct usage *usage)
{
	struct completion *c = &call->result;
	int64_t nano = settle(call, usage) + call->lost_nano;

	c->call = call->id;
	c->outcome = outcome;
	c->text = answer ? buf_steal(&answer->text, NULL) : str_dup("");
	c->model = str_dup(answer && answer->model ? answer->model : call->model ? call->model : "");
	c->provider = str_dup(call->provider_name);
	c->finish_reason = str_dup(answer ? answer->finish_reason : NULL);
	c->usage = call->lost;
	if (usage)
		add_usage(&c->usage, usage);
	c->cost_known = call->price.known;
	c->cost_nano = call->price.known ? nano : 0;
	c->latency_us = clock_monotonic_us() - call->started_mono_us;
	c->first_token_us = call->first_token_us;
	c->attempts = call->tries;
	if (!call->price.known && (usage || call->lost.estimated))
		budget_note_unknown(&call->s->budget);
}

void call_end(struct model_call *call, enum model_outcome outcome, struct provider_answer *answer,
	      const struct usage *usage, const struct error *err)
{
	struct completion *c = &call->result;

	fill_result(call, outcome, answer, usage);
	if (err)
		set_error(call, err);
	if (!c->text || !c->model || !c->provider) {
		free(c->text);
		c->text = calloc(1, 1);
		call->failed = true;
		error_oom(&call->error);
	}
	if (call->announced && c->text) {
		write_row(call, answer ? answer->raw_usage : NULL);
		record(call);
		emit_completed(call);
	}
	if (call->callbacks.done)
		call->callbacks.done(call->callbacks.ctx, c, call->failed ? &call->error : NULL);
	/* The waiter frees the call once it sees this and gets the lock: nothing after the unlock. */
	pthread_mutex_lock(&call->lock);
	call->finished = true;
	cancel_fire(call->ended, 1);
	pthread_cond_broadcast(&call->changed);
	pthread_mutex_unlock(&call->lock);
}
