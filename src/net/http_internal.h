/* http_internal.h: what http.c (the service and its thread) and http_easy.c
 * (one transfer as a curl handle) share. For those two files only. */
#ifndef COUNCIL_HTTP_INTERNAL_H
#define COUNCIL_HTTP_INTERNAL_H

#include <stdatomic.h>

#include <curl/curl.h>

#include "net/http.h"

enum transfer_state { TRANSFER_WAITING, TRANSFER_ACTIVE, TRANSFER_DONE };

struct http_transfer {
	struct http *http;           /* borrowed; the service may be gone once state is DONE */
	struct http_transfer *prev, *next; /* in the inbox, waiting or active list */
	atomic_int refs;             /* the service's and the caller's */
	atomic_bool cancelled;
	enum transfer_state state;   /* the thread's */

	/* The request, copied. */
	char *method, *url, *shown_url;
	struct curl_slist *headers;
	char *body;
	size_t body_len;
	struct http_limits limits;
	struct http_callbacks callbacks;

	/* Monotonic µs; INT64_MAX: never. */
	int64_t due_us;              /* not started before this */
	int64_t deadline_us;         /* of the first byte or the next one */
	int64_t total_us;            /* of the whole */

	CURL *easy;
	char curl_error[CURL_ERROR_SIZE];
	struct http_response response;
	char content_type[128], retry_after[64], location[512];
	size_t header_bytes;
	enum http_failure failure;   /* why the thread or a callback ended it; HTTP_OK: it did not */
};

enum { HTTP_HEADERS_MAX = 64 << 10 };

/* Makes the curl handle, ready to be added. */
int http_easy_open(struct http_transfer *t, const char *user_agent, struct error *err);
/* What a finished curl handle came to; fills *err (one line) unless HTTP_OK. */
enum http_failure http_easy_outcome(struct http_transfer *t, CURLcode code, struct error *err);
/* The next moment at which a limit of t passes. */
int64_t http_deadline(const struct http_transfer *t);

#endif
