/* http.h: HTTP requests over libcurl; the only module that includes curl.h.
 *
 *   struct http            a service: one thread, one curl_multi, one pool of connections
 *   http_start(…)          queues a request and returns at once; the thread starts on the first
 *     callbacks.body       pieces of the body, decoded, in order, as they come
 *     callbacks.done       exactly once, whatever happens
 *   http_cancel            asynchronous; done runs with HTTP_CANCELLED unless it already ran
 *   http_release           gives the handle back (before or after done)
 *
 * Callbacks run on the service's thread, without a lock held; they may call http_start,
 * http_cancel and http_release, but not http_free, and must not block. TLS certificates are
 * verified, redirects are never followed (a key must not travel to another host), proxies are
 * taken from the environment except for loopback hosts. Thread-safe.
 */
#ifndef COUNCIL_HTTP_H
#define COUNCIL_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/buf.h"
#include "util/cancel.h"
#include "util/error.h"

struct http;
struct http_transfer;

/* Milliseconds; 0: none. */
struct http_limits {
	int64_t connect_ms;    /* name, connection and TLS */
	int64_t first_byte_ms; /* from the request being sent to the first byte of the body */
	int64_t idle_ms;       /* between two pieces of the body */
	int64_t total_ms;      /* from the start (after delay_ms) to the end */
};

/* Borrowed during http_start, which copies. */
struct http_request {
	const char *method;           /* "GET", "POST" */
	const char *url;              /* http or https */
	const char *const *headers;   /* "Name: value", NULL-terminated; may be NULL */
	const void *body;             /* NULL: none */
	size_t body_len;
	struct http_limits limits;
	int64_t delay_ms;             /* waits this long first; cancelling ends the wait */
};

enum http_failure {
	HTTP_OK,         /* a whole response came, whatever its status */
	HTTP_CANCELLED,
	HTTP_CONNECT,    /* no such host, refused, unreachable, or not within connect_ms */
	HTTP_TLS,        /* the certificate or the handshake */
	HTTP_CLOSED,     /* the connection ended before the response did */
	HTTP_SLOW_FIRST, /* first_byte_ms passed */
	HTTP_SLOW_IDLE,  /* idle_ms passed */
	HTTP_SLOW_TOTAL, /* total_ms passed */
	HTTP_ABORTED,    /* callbacks.body asked to stop */
	HTTP_BAD,        /* not HTTP, headers too large, an URL that cannot be used, out of memory */
};

/* Strings are borrowed for the callback; "" when the header is absent. */
struct http_response {
	int status;          /* 0: none came */
	const char *content_type;
	const char *retry_after;
	const char *location;
	uint64_t body_bytes; /* so far, decoded */
	bool sent;           /* a connection stood and the request was put on it */
};

struct http_callbacks {
	void *ctx;
	/* Non-zero ends the transfer with HTTP_ABORTED. May be NULL. */
	int (*body)(void *ctx, const struct http_response *r, const char *data, size_t len);
	/* err is NULL with HTTP_OK; else STATUS_ENDPOINT (STATUS_INTERRUPTED when cancelled) and one
	 * line that names the URL. */
	void (*done)(void *ctx, const struct http_response *r, enum http_failure failure,
		     const struct error *err);
};

/* Starts neither libcurl nor a thread: the first request does. */
int http_new(const char *user_agent, struct http **ret, struct error *err);
/* Cancels what is under way, runs its done callbacks, joins the thread. NULL-safe. Handles stay
 * valid until they are released. */
void http_free(struct http *h);

/* On failure done is not called. The handle is owned: http_release it. */
int http_start(struct http *h, const struct http_request *request,
	       const struct http_callbacks *callbacks, struct http_transfer **ret,
	       struct error *err);
void http_cancel(struct http_transfer *t);   /* NULL-safe; not after http_free */
void http_release(struct http_transfer *t);  /* NULL-safe */

/* Blocks for a whole response of at most body->max bytes, appended to body. 0 whatever the HTTP
 * status, which goes to *ret_status. Not to be called on the service's thread. */
int http_fetch(struct http *h, const struct http_request *request, const struct cancel *cancel,
	       int *ret_status, struct buf *body, struct error *err);

/* The URL without user and password, query and fragment: for messages. */
int http_url_display(struct buf *out, const char *url);
/* localhost, *.localhost, 127.0.0.0/8, ::1, and 0.0.0.0 as servers write it. */
bool http_url_is_loopback(const char *url);

#endif
