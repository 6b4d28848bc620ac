/* http.c: the service: who waits, who is under way, and the one thread that
 * drives them. The lock covers the inbox and the flags alone; lists of waiting
 * and active transfers belong to the thread. */
#include "net/http_internal.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "util/str.h"

struct http {
	pthread_mutex_t lock;
	struct http_transfer *inbox;   /* newly started, newest first */
	bool cancel_asked;             /* some transfer's flag was raised */
	bool stopping;
	bool running;                  /* the thread exists */
	pthread_t thread;
	CURLM *multi;                  /* made before the thread; wakeups come from any */
	char *user_agent;

	/* The thread's. */
	struct http_transfer *waiting, *active;
};

static void list_add(struct http_transfer **head, struct http_transfer *t)
{
	t->prev = NULL;
	t->next = *head;
	if (*head)
		(*head)->prev = t;
	*head = t;
}

static void list_remove(struct http_transfer **head, struct http_transfer *t)
{
	if (t->prev)
		t->prev->next = t->next;
	else
		*head = t->next;
	if (t->next)
		t->next->prev = t->prev;
	t->prev = t->next = NULL;
}

static void transfer_unref(struct http_transfer *t)
{
	if (!t || atomic_fetch_sub(&t->refs, 1) > 1)
		return;
	curl_slist_free_all(t->headers);
	free(t->method);
	free(t->url);
	free(t->shown_url);
	if (t->body)
		explicit_bzero(t->body, t->body_len);
	free(t->body);
	free(t);
}

/* Ends a transfer: out of its list, done once, the service's reference dropped. */
static void finish(struct http *h, struct http_transfer *t, CURLcode code)
{
	struct error err = { 0 };
	enum http_failure failure;

	list_remove(t->state == TRANSFER_ACTIVE ? &h->active : &h->waiting, t);
	failure = http_easy_outcome(t, code, &err);
	if (t->easy && t->state == TRANSFER_ACTIVE) {
#if LIBCURL_VERSION_NUM >= 0x075700
		/* Else a cancelled transfer would wait here for its name to resolve. */
		if (failure == HTTP_CANCELLED)
			curl_easy_setopt(t->easy, CURLOPT_QUICK_EXIT, 1L);
#endif
		curl_multi_remove_handle(h->multi, t->easy);
	}
	t->state = TRANSFER_DONE;
	if (t->callbacks.done)
		t->callbacks.done(t->callbacks.ctx, &t->response, failure,
				  failure == HTTP_OK ? NULL : &err);
	if (t->easy)
		curl_easy_cleanup(t->easy);
	t->easy = NULL;
	transfer_unref(t);
}

static void finish_with(struct http *h, struct http_transfer *t, enum http_failure why)
{
	t->failure = why;
	finish(h, t, CURLE_ABORTED_BY_CALLBACK);
}

static void activate(struct http *h, struct http_transfer *t)
{
	if (http_easy_open(t, h->user_agent, NULL) < 0 ||
	    curl_multi_add_handle(h->multi, t->easy) != CURLM_OK) {
		finish_with(h, t, HTTP_BAD);
		return;
	}
	list_remove(&h->waiting, t);
	list_add(&h->active, t);
	t->state = TRANSFER_ACTIVE;
}

/* Starts what is due; returns when the next one is. */
static int64_t start_due(struct http *h, int64_t now)
{
	struct http_transfer *t, *next;
	int64_t soonest = INT64_MAX;

	for (t = h->waiting; t; t = next) {
		next = t->next;
		if (t->due_us <= now)
			activate(h, t);
		else if (t->due_us < soonest)
			soonest = t->due_us;
	}
	return soonest;
}

static enum http_failure which_limit(const struct http_transfer *t, int64_t now)
{
	if (now >= t->total_us)
		return HTTP_SLOW_TOTAL;
	return t->response.body_bytes > 0 ? HTTP_SLOW_IDLE : HTTP_SLOW_FIRST;
}

/* Ends what passed a limit; returns when the next one would. */
static int64_t expire(struct http *h, int64_t now)
{
	struct http_transfer *t, *next;
	int64_t soonest = INT64_MAX;

	for (t = h->active; t; t = next) {
		int64_t deadline = http_deadline(t);

		next = t->next;
		if (deadline <= now)
			finish_with(h, t, which_limit(t, now));
		else if (deadline < soonest)
			soonest = deadline;
	}
	return soonest;
}

static void reap_cancelled(struct http *h, struct http_transfer *list, bool all)
{
	struct http_transfer *next;

	for (struct http_transfer *t = list; t; t = next) {
		next = t->next;
		if (all || atomic_load(&t->cancelled))
			finish_with(h, t, HTTP_CANCELLED);
	}
}

static void reap_finished(struct http *h)
{
	CURLMsg *msg;
	int left;

	while ((msg = curl_multi_info_read(h->multi, &left))) {
		CURLcode code = msg->data.result;
		char *t = NULL;

		if (msg->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(msg->easy_handle, CURLINFO_PRIVATE, &t);
		finish(h, (struct http_transfer *)(void *)t, code);
	}
}

static int wait_ms(int64_t until, int64_t now)
{
	if (until == INT64_MAX)
		return INT_MAX;
	if (until <= now)
		return 0;
	until = (until - now + 999) / 1000;
	return until > INT_MAX ? INT_MAX : (int)until;
}

/* Moves the inbox to the waiting list in the order of its starts. */
static bool take_inbox(struct http *h)
{
	struct http_transfer *t, *next;
	bool cancel, stop;

	pthread_mutex_lock(&h->lock);
	t = h->inbox;
	h->inbox = NULL;
	cancel = h->cancel_asked;
	h->cancel_asked = false;
	stop = h->stopping;
	pthread_mutex_unlock(&h->lock);
	for (; t; t = next) {
		next = t->next;
		list_add(&h->waiting, t);
	}
	if (cancel || stop) {
		reap_cancelled(h, h->waiting, stop);
		reap_cancelled(h, h->active, stop);
	}
	return stop;
}

static void *http_main(void *arg)
{
	struct http *h = arg;

	while (!take_inbox(h)) {
		int64_t until = start_due(h, clock_monotonic_us()), limit;
		int running;

		curl_multi_perform(h->multi, &running);
		reap_finished(h);
		limit = expire(h, clock_monotonic_us());
		if (limit < until)
			until = limit;
		curl_multi_poll(h->multi, NULL, 0, wait_ms(until, clock_monotonic_us()), NULL);
	}
	return NULL;
}

int http_new(const char *user_agent, struct http **ret, struct error *err)
{
	struct http *h = calloc(1, sizeof(*h));

	if (!h)
		return error_oom(err);
	h->user_agent = str_dup(user_agent);
	if (user_agent && !h->user_agent) {
		free(h);
		return error_oom(err);
	}
	pthread_mutex_init(&h->lock, NULL);
	*ret = h;
	return 0;
}

void http_free(struct http *h)
{
	bool running;

	if (!h)
		return;
	pthread_mutex_lock(&h->lock);
	h->stopping = true;
	running = h->running;
	if (running)
		curl_multi_wakeup(h->multi);
	pthread_mutex_unlock(&h->lock);
	if (running) {
		pthread_join(h->thread, NULL);
		curl_multi_cleanup(h->multi);
		curl_global_cleanup();
	}
	pthread_mutex_destroy(&h->lock);
	free(h->user_agent);
	free(h);
}

/* With the lock held. curl_global_init counts its calls and is thread-safe
 * since 7.84, so each service may do it for itself. */
static int run_thread(struct http *h, struct error *err)
{
	sigset_t all, old;
	int rc;

	if (h->running)
		return 0;
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return error_set(err, STATUS_INTERNAL, "libcurl cannot be initialised");
	h->multi = curl_multi_init();
	if (!h->multi) {
		curl_global_cleanup();
		return error_oom(err);
	}
	/* Signals are for the main thread; SIGPIPE must not end the program (CURLOPT_NOSIGNAL
	 * leaves it to us). */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&h->thread, NULL, http_main, h);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (rc) {
		curl_multi_cleanup(h->multi);
		h->multi = NULL;
		curl_global_cleanup();
		return error_sys(err, STATUS_INTERNAL, rc, "cannot start the HTTP thread");
	}
	h->running = true;
	return 0;
}

static int copy_request(struct http_transfer *t, const struct http_request *r, struct error *err)
{
	struct buf shown = BUF_INIT(4096);

	http_url_display(&shown, r->url);
	t->shown_url = buf_steal(&shown, NULL);
	t->method = str_dup(r->method ? r->method : "GET");
	t->url = str_dup(r->url);
	if (!t->method || !t->url || !t->shown_url)
		return error_oom(err);
	for (size_t i = 0; r->headers && r->headers[i]; i++) {
		struct curl_slist *l;

		if (strpbrk(r->headers[i], "\r\n"))
			return error_set(err, STATUS_USAGE, "a header for %s holds a line break",
					 t->shown_url);
		l = curl_slist_append(t->headers, r->headers[i]);
		if (!l)
			return error_oom(err);
		t->headers = l;
	}
	if (r->body) {
		struct curl_slist *l = curl_slist_append(t->headers, "Expect:");

		if (!l)
			return error_oom(err);
		t->headers = l;
		t->body = malloc(r->body_len + 1);
		if (!t->body)
			return error_oom(err);
		memcpy(t->body, r->body, r->body_len);
		t->body_len = r->body_len;
	}
	t->limits = r->limits;
	t->due_us = clock_monotonic_us() + (r->delay_ms > 0 ? r->delay_ms * 1000 : 0);
	return 0;
}

int http_start(struct http *h, const struct http_request *request,
	       const struct http_callbacks *callbacks, struct http_transfer **ret,
	       struct error *err)
{
	struct http_transfer *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return error_oom(err);
	atomic_init(&t->refs, 1);
	t->http = h;
	t->callbacks = *callbacks;
	t->response.content_type = t->content_type;
	t->response.retry_after = t->retry_after;
	t->response.location = t->location;
	if (copy_request(t, request, err) < 0) {
		transfer_unref(t);
		return -1;
	}
	pthread_mutex_lock(&h->lock);
	rc = h->stopping ? error_set(err, STATUS_INTERRUPTED, "the program is stopping")
			 : run_thread(h, err);
	if (rc == 0) {
		atomic_store(&t->refs, 2);
		*ret = t;
		list_add(&h->inbox, t);
		curl_multi_wakeup(h->multi);
	}
	pthread_mutex_unlock(&h->lock);
	if (rc < 0)
		transfer_unref(t);
	return rc;
}

void http_cancel(struct http_transfer *t)
{
	if (!t || atomic_exchange(&t->cancelled, true))
		return;
	pthread_mutex_lock(&t->http->lock);
	t->http->cancel_asked = true;
	curl_multi_wakeup(t->http->multi);
	pthread_mutex_unlock(&t->http->lock);
}

void http_release(struct http_transfer *t)
{
	transfer_unref(t);
}
