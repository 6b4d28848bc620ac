/* http_fetch.c: a whole response for callers that wait, and what URLs say. */
#include "net/http.h"

#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <strings.h>

#include "util/str.h"

struct fetch {
	struct buf *body;
	struct cancel *ended;   /* fired by done: a descriptor to poll beside the caller's */
	pthread_mutex_t lock;   /* held while it is fired, so that it is not freed meanwhile */
	int status;
	enum http_failure failure;
	struct error err;
};

static int fetch_body(void *ctx, const struct http_response *r, const char *data, size_t len)
{
	struct fetch *f = ctx;

	return buf_add(f->body, data, len);
}

static void fetch_done(void *ctx, const struct http_response *r, enum http_failure failure,
		       const struct error *err)
{
	struct fetch *f = ctx;

	f->status = r->status;
	f->failure = failure;
	if (err)
		f->err = *err;
	pthread_mutex_lock(&f->lock);
	cancel_fire(f->ended, 1);
	pthread_mutex_unlock(&f->lock);
}

static void wait_ended(struct fetch *f, struct http_transfer *t, const struct cancel *cancel)
{
	struct pollfd fds[2] = {
		{ .fd = cancel_fd(f->ended), .events = POLLIN },
		{ .fd = cancel_fd(cancel), .events = POLLIN },
	};

	while (!cancel_signal(f->ended)) {
		poll(fds, 2, -1);
		if (cancel_signal(cancel)) {
			http_cancel(t);
			fds[1].fd = -1;
		}
	}
	pthread_mutex_lock(&f->lock);
	pthread_mutex_unlock(&f->lock);
}

int http_fetch(struct http *h, const struct http_request *request, const struct cancel *cancel,
	       int *ret_status, struct buf *body, struct error *err)
{
	struct fetch f = { .body = body };
	struct http_callbacks callbacks = { &f, fetch_body, fetch_done };
	struct http_transfer *t = NULL;
	int rc = 0;

	if (cancel_check(cancel, err) < 0)
		return -1;
	f.ended = cancel_new(err);
	if (!f.ended)
		return -1;
	pthread_mutex_init(&f.lock, NULL);
	rc = http_start(h, request, &callbacks, &t, err);
	if (rc == 0)
		wait_ended(&f, t, cancel);
	http_release(t);
	pthread_mutex_destroy(&f.lock);
	cancel_free(f.ended);
	if (rc < 0)
		return -1;
	if (cancel_check(cancel, err) < 0) {
		rc = -1;
	} else if (f.failure == HTTP_ABORTED) {
		rc = buf_check(body, "the answer", err);
		error_prefix(err, "%s", request->url);
	} else if (f.failure != HTTP_OK) {
		rc = error_set(err, f.err.code, "%s", f.err.message);
	}
	if (rc == 0)
		*ret_status = f.status;
	return rc;
}

/* The parts of scheme://user:pass@host:port/path?query#fragment. */
struct url_parts {
	const char *scheme_end;  /* past "://", or the start */
	const char *host;        /* past user and password */
	const char *authority_end;
	const char *path_end;    /* before query and fragment */
};

static struct url_parts split(const char *url)
{
	const char *scheme = strstr(url, "://");
	struct url_parts p = { .scheme_end = scheme ? scheme + 3 : url };

	p.authority_end = p.scheme_end + strcspn(p.scheme_end, "/?#");
	p.path_end = p.authority_end + strcspn(p.authority_end, "?#");
	p.host = p.scheme_end;
	for (const char *c = p.scheme_end; c < p.authority_end; c++)
		if (*c == '@')
			p.host = c + 1;
	return p;
}

int http_url_display(struct buf *out, const char *url)
{
	struct url_parts p = split(url);

	buf_add(out, url, (size_t)(p.scheme_end - url));
	return buf_add(out, p.host, (size_t)(p.path_end - p.host));
}

static bool is_loopback_v4(const char *host)
{
	if (strncmp(host, "127.", 4))
		return false;
	host += 4;
	return *host && strspn(host, "0123456789.") == strlen(host);
}

bool http_url_is_loopback(const char *url)
{
	struct url_parts p = split(url);
	size_t len = (size_t)(p.authority_end - p.host);
	char host[256] = "";
	char *colon;

	if (len >= sizeof(host))
		return false;
	memcpy(host, p.host, len);
	host[len] = '\0';
	if (host[0] == '[') {
		host[strcspn(host, "]")] = '\0';
		return str_eq(host + 1, "::1");
	}
	colon = strrchr(host, ':');
	if (colon)
		*colon = '\0';
	len = strlen(host);
	return !strcasecmp(host, "localhost") || is_loopback_v4(host) || str_eq(host, "0.0.0.0") ||
	       (len > 10 && !strcasecmp(host + len - 10, ".localhost"));
}
