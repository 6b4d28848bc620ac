/* services.c: what calls share: settings, routes and prices, the HTTP thread,
 * the budget, recorded answers. */
#include "model/call.h"

#include <stdlib.h>
#include <string.h>

#include "util/str.h"

#ifdef PACKAGE_VERSION
#define USER_AGENT "council/" PACKAGE_VERSION
#else
#define USER_AGENT "council"
#endif

const char *model_outcome_name(enum model_outcome o)
{
	switch (o) {
	case MODEL_OK:
		return "ok";
	case MODEL_TRUNCATED:
		return "truncated";
	case MODEL_REFUSED:
		return "refused";
	case MODEL_EMPTY:
		return "empty";
	case MODEL_CANCELLED:
		return "cancelled";
	case MODEL_OVER_BUDGET:
		return "over-budget";
	case MODEL_ERROR:
		break;
	}
	return "error";
}

void completion_release(struct completion *c)
{
	if (!c)
		return;
	free(c->text);
	free(c->model);
	free(c->provider);
	free(c->finish_reason);
	*c = (struct completion){ 0 };
}

int model_services_new(const struct model_services_options *o, struct model_services **ret,
		       struct error *err)
{
	struct model_services *s = calloc(1, sizeof(*s));
	const char *replay = settings_string(o->settings, SET_REPLAY);

	if (!s)
		return error_oom(err);
	s->settings = o->settings;
	s->ledger = o->ledger;
	s->log = o->log;
	s->retry = (struct retry_policy)RETRY_POLICY_DEFAULT;
	s->retry.retries = (int)settings_int(o->settings, SET_RETRIES);
	pthread_mutex_init(&s->lock, NULL);
	budget_init(&s->budget, o->ledger, o->budget_nano, o->spent_nano);
	if (http_new(USER_AGENT, &s->http, err) < 0 ||
	    router_init(&s->router, o->settings, s->http, o->log, err) < 0 ||
	    (replay && replay_open(replay, &s->replay, err) < 0)) {
		model_services_free(s);
		return -1;
	}
	*ret = s;
	return 0;
}

static void drop_calls(struct model_services *s)
{
	struct completion c;

	pthread_mutex_lock(&s->lock);
	for (struct model_call *call = s->calls; call; call = call->next)
		model_cancel(call);
	pthread_mutex_unlock(&s->lock);
	/* model_wait takes each out of the list. */
	while (s->calls) {
		c = (struct completion){ 0 };
		model_wait(s->calls, NULL, &c, NULL);
		completion_release(&c);
	}
}

void model_services_free(struct model_services *s)
{
	if (!s)
		return;
	drop_calls(s);
	http_free(s->http);
	router_destroy(&s->router);
	budget_destroy(&s->budget);
	replay_free(s->replay);
	recorder_free(s->recorder);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

void model_services_set_bus(struct model_services *s, struct event_bus *bus)
{
	atomic_store(&s->bus, bus);
}

int64_t model_services_spent(const struct model_services *s, int *ret_unknown_calls)
{
	/* The lock is the only thing that changes. */
	return budget_spent((struct budget *)&s->budget, ret_unknown_calls);
}

bool model_services_recorded(const struct model_services *s)
{
	return s->replay != NULL;
}

void model_services_taken(struct model_services *s, const char *persona)
{
	if (s->replay)
		replay_skip(s->replay, persona);
}

/* Opened by the first call, so that looking at routes makes no file. */
int services_recorder(struct model_services *s, struct recorder **ret, struct error *err)
{
	const char *path = settings_string(s->settings, SET_RECORD);
	int rc = 0;

	*ret = NULL;
	if (!path)
		return 0;
	pthread_mutex_lock(&s->lock);
	if (!s->recorder)
		rc = recorder_open(path, &s->recorder, err);
	*ret = s->recorder;
	pthread_mutex_unlock(&s->lock);
	return rc;
}

static int fill_route(const struct endpoint *e, struct model_route *ret, struct error *err)
{
	bool resolved = atomic_load(&e->resolved);
	struct buf shown = BUF_INIT(4096); /* without user and password: it is for people */

	http_url_display(&shown, e->base_url);
	*ret = (struct model_route){
		.deployment = str_dup(e->deployment->model_name),
		.provider = str_dup(e->provider),
		.model = str_dup(resolved ? e->model : NULL),
		.base_url = buf_steal(&shown, NULL),
	};
	if (!ret->deployment || !ret->provider || !ret->base_url || (resolved && !ret->model)) {
		model_route_release(ret);
		return error_oom(err);
	}
	if (resolved) {
		ret->price_known = e->price.known;
		ret->input_femto = e->price.base.input;
		ret->output_femto = e->price.base.output;
		ret->context = e->price.max_input;
		ret->max_output = e->price.max_output;
	} else {
		ret->price_known = e->loopback; /* whatever it answers with is free */
	}
	return 0;
}

int model_route(const struct model_services *s, const char *persona, struct model_route *ret,
		struct error *err)
{
	struct endpoint *e;

	if (s->replay) {
		struct model_route r = {
			.deployment = str_dup("replay"), .provider = str_dup("replay"),
			.model = str_dup("replay"), .price_known = true,
		};

		if (!r.deployment || !r.provider || !r.model) {
			model_route_release(&r);
			return error_oom(err);
		}
		*ret = r;
		return 0;
	}
	/* Routes are remembered, under the router's own lock. */
	if (router_find((struct router *)&s->router, persona, &e, err) < 0)
		return -1;
	return fill_route(e, ret, err);
}

int model_ready(const struct model_services *s, const char *persona, struct error *err)
{
	struct endpoint *e;

	if (s->replay)
		return 0;
	if (router_find((struct router *)&s->router, persona, &e, err) < 0)
		return -1;
	if (!atomic_load(&e->resolved)) /* the endpoint is asked for the model at the first call */
		return 0;
	if (price_must_be_known(s, e->model, &e->price, err) < 0)
		return error_prefix(err, "%s", persona);
	return 0;
}

void model_route_release(struct model_route *r)
{
	if (!r)
		return;
	free(r->deployment);
	free(r->provider);
	free(r->model);
	free(r->base_url);
	*r = (struct model_route){ 0 };
}
