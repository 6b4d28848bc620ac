/* http_easy.c: one transfer as a curl handle: its options, what its callbacks
 * note, and how its end is told to a person. */
#include "net/http_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "util/clock.h"
#include "util/str.h"

static int64_t after_ms(int64_t ms)
{
	if (ms <= 0 || ms > INT64_MAX / 2000)
		return INT64_MAX;
	return clock_monotonic_us() + ms * 1000;
}

int64_t http_deadline(const struct http_transfer *t)
{
	return t->deadline_us < t->total_us ? t->deadline_us : t->total_us;
}

/* The connection stands, the request goes out next: the first byte's clock starts. */
static int on_request(void *ctx, char *remote_ip, char *local_ip, int remote_port, int local_port)
{
	struct http_transfer *t = ctx;

	t->response.sent = true;
	t->deadline_us = after_ms(t->limits.first_byte_ms);
	return CURL_PREREQFUNC_OK;
}

static void note_header(char *out, size_t size, const char *value, size_t len)
{
	while (len > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		len--;
	}
	while (len > 0 && strchr(" \t\r\n", value[len - 1]))
		len--;
	if (len >= size)
		len = size - 1;
	memcpy(out, value, len);
	out[len] = '\0';
}

static size_t on_header(char *line, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;
	const struct { const char *name; char *out; size_t size; } wanted[] = {
		{ "content-type:", t->content_type, sizeof(t->content_type) },
		{ "retry-after:", t->retry_after, sizeof(t->retry_after) },
		{ "location:", t->location, sizeof(t->location) },
	};
	size_t len = size * n;

	t->header_bytes += len;
	if (t->header_bytes > HTTP_HEADERS_MAX) {
		t->failure = HTTP_BAD;
		return 0;
	}
	if (len > 5 && !strncasecmp(line, "HTTP/", 5)) {
		/* A further block of headers (after 100, or a proxy's) replaces the first. */
		for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
			wanted[i].out[0] = '\0';
		return len;
	}
	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		size_t name = strlen(wanted[i].name);

		if (len >= name && !strncasecmp(line, wanted[i].name, name))
			note_header(wanted[i].out, wanted[i].size, line + name, len - name);
	}
	return len;
}

static void note_status(struct http_transfer *t)
{
	long status = 0;

	curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	t->response.status = (int)status;
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
	struct http_transfer *t = ctx;
	size_t len = size * n;

	if (!t->response.status)
		note_status(t);
	t->response.body_bytes += len;
	t->deadline_us = after_ms(t->limits.idle_ms);
	if (atomic_load(&t->cancelled)) {
		t->failure = HTTP_CANCELLED;
		return 0;
	}
	if (t->callbacks.body && len > 0 &&
	    t->callbacks.body(t->callbacks.ctx, &t->response, data, len)) {
		t->failure = HTTP_ABORTED;
		return 0;
	}
	return len;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(e, (option), (value)) == CURLE_OK)

static bool set_request(struct http_transfer *t)
{
	CURL *e = t->easy;
	bool ok = true;

	SET(CURLOPT_URL, t->url);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_HTTPHEADER, t->headers);
	if (t->body) {
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)t->body_len);
		SET(CURLOPT_POSTFIELDS, t->body);
	}
	SET(CURLOPT_CUSTOMREQUEST, t->method);
	if (http_url_is_loopback(t->url))
		SET(CURLOPT_PROXY, "");
	return ok;
}

static bool set_handling(struct http_transfer *t, const char *user_agent)
{
	const char *ca = getenv("CURL_CA_BUNDLE");
	CURL *e = t->easy;
	bool ok = true;

	if (!ca || !*ca)
		ca = getenv("SSL_CERT_FILE");
	SET(CURLOPT_NOSIGNAL, 1L);
	SET(CURLOPT_PRIVATE, t);
	SET(CURLOPT_ERRORBUFFER, t->curl_error);
	SET(CURLOPT_FOLLOWLOCATION, 0L);
	SET(CURLOPT_ACCEPT_ENCODING, "gzip");
	if (ca && *ca)
		SET(CURLOPT_CAINFO, ca);
	if (user_agent)
		SET(CURLOPT_USERAGENT, user_agent);
	if (t->limits.connect_ms > 0)
		SET(CURLOPT_CONNECTTIMEOUT_MS, (long)t->limits.connect_ms);
	SET(CURLOPT_PREREQFUNCTION, on_request);
	SET(CURLOPT_PREREQDATA, t);
	SET(CURLOPT_HEADERFUNCTION, on_header);
	SET(CURLOPT_HEADERDATA, t);
	SET(CURLOPT_WRITEFUNCTION, on_body);
	SET(CURLOPT_WRITEDATA, t);
	return ok;
}
#undef SET

int http_easy_open(struct http_transfer *t, const char *user_agent, struct error *err)
{
	t->deadline_us = INT64_MAX;
	t->total_us = after_ms(t->limits.total_ms);
	t->easy = curl_easy_init();
	if (!t->easy)
		return error_oom(err);
	if (!set_request(t) || !set_handling(t, user_agent))
		return error_set(err, STATUS_INTERNAL, "cannot prepare a request to %s",
				 t->shown_url);
	return 0;
}

static enum http_failure curl_failure(CURLcode code, bool sent)
{
	switch (code) {
	case CURLE_OK:
		return HTTP_OK;
	case CURLE_COULDNT_RESOLVE_HOST:
	case CURLE_COULDNT_RESOLVE_PROXY:
	case CURLE_COULDNT_CONNECT:
		return HTTP_CONNECT;
	case CURLE_OPERATION_TIMEDOUT:
		return sent ? HTTP_SLOW_TOTAL : HTTP_CONNECT;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_CIPHER:
	case CURLE_SSL_ISSUER_ERROR:
	case CURLE_SSL_INVALIDCERTSTATUS:
		return HTTP_TLS;
	case CURLE_GOT_NOTHING:
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2:
	case CURLE_HTTP2_STREAM:
	case CURLE_HTTP3:
		return HTTP_CLOSED;
	default:
		return HTTP_BAD;
	}
}

static void describe(const struct http_transfer *t, enum http_failure failure, CURLcode code,
		     struct error *err)
{
	const char *why = *t->curl_error ? t->curl_error : curl_easy_strerror(code);
	const char *url = t->shown_url;

	switch (failure) {
	case HTTP_OK:
		break;
	case HTTP_CANCELLED:
		error_set(err, STATUS_INTERRUPTED, "the request to %s was cancelled", url);
		break;
	case HTTP_CONNECT:
		error_set(err, STATUS_ENDPOINT,
			  "cannot connect to %s: %s; check the URL and that the server runs", url,
			  why);
		break;
	case HTTP_TLS:
		error_set(err, STATUS_ENDPOINT, "no secure connection to %s: %s", url, why);
		break;
	case HTTP_CLOSED:
		error_set(err, STATUS_ENDPOINT, "%s closed the connection early: %s", url, why);
		break;
	case HTTP_SLOW_FIRST:
		error_set(err, STATUS_ENDPOINT,
			  "%s sent nothing for %.3g s; raise http.first_byte_timeout if it is slow",
			  url, (double)t->limits.first_byte_ms / 1000);
		break;
	case HTTP_SLOW_IDLE:
		error_set(err, STATUS_ENDPOINT,
			  "%s stopped sending for %.3g s; raise http.idle_timeout if it is slow",
			  url, (double)t->limits.idle_ms / 1000);
		break;
	case HTTP_SLOW_TOTAL:
		error_set(err, STATUS_ENDPOINT,
			  "%s took longer than %.3g s; raise the deployment's timeout", url,
			  (double)t->limits.total_ms / 1000);
		break;
	case HTTP_ABORTED:
		error_set(err, STATUS_ENDPOINT, "the answer of %s was not read to its end", url);
		break;
	case HTTP_BAD:
		if (t->header_bytes > HTTP_HEADERS_MAX)
			error_set(err, STATUS_ENDPOINT, "%s sent more than %d bytes of headers",
				  url, HTTP_HEADERS_MAX);
		else
			error_set(err, STATUS_ENDPOINT, "the request to %s failed: %s", url, why);
		break;
	}
}

enum http_failure http_easy_outcome(struct http_transfer *t, CURLcode code, struct error *err)
{
	enum http_failure failure = t->failure;

	if (t->easy)
		note_status(t);
	if (failure == HTTP_OK)
		failure = curl_failure(code, t->response.sent);
	describe(t, failure, code, err);
	return failure;
}
