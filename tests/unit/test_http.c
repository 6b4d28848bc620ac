/* test_http.c: the HTTP service against a real server on loopback. */
#include <arpa/inet.h>
#include <check.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

#include "net/http.h"
#include "server_fixture.h"
#include "suites.h"

static struct server server;
static struct http *http;

static void setup(void)
{
	server = (struct server){ 0 };
	http = NULL;
	ck_assert_int_eq(http_new("council/test", &http, NULL), 0);
}

static void teardown(void)
{
	http_free(http);
	server_stop(&server);
}

/* What one transfer's callbacks saw. */
struct seen {
	struct buf body;
	struct cancel *ended;
	enum http_failure failure;
	int status, done, stop_after;
	char retry_after[64], message[1024];
	struct cancel *first;       /* fired by the first piece of the body */
	pthread_mutex_t lock;       /* held while one of them is fired */
};

static int on_body(void *ctx, const struct http_response *r, const char *data, size_t len)
{
	struct seen *s = ctx;

	buf_add(&s->body, data, len);
	pthread_mutex_lock(&s->lock);
	cancel_fire(s->first, 1);
	pthread_mutex_unlock(&s->lock);
	return s->stop_after && s->body.len >= (size_t)s->stop_after;
}

static void on_done(void *ctx, const struct http_response *r, enum http_failure failure,
		    const struct error *err)
{
	struct seen *s = ctx;

	s->done++;
	s->failure = failure;
	s->status = r->status;
	snprintf(s->retry_after, sizeof(s->retry_after), "%s", r->retry_after);
	snprintf(s->message, sizeof(s->message), "%s", err ? err->message : "");
	ck_assert_int_eq(failure == HTTP_OK, err == NULL);
	pthread_mutex_lock(&s->lock);
	cancel_fire(s->ended, 1);
	pthread_mutex_unlock(&s->lock);
}

static void seen_init(struct seen *s)
{
	*s = (struct seen){ .ended = cancel_new(NULL), .first = cancel_new(NULL) };
	buf_init(&s->body, 16 << 20);
	pthread_mutex_init(&s->lock, NULL);
}

static void seen_release(struct seen *s)
{
	pthread_mutex_lock(&s->lock);
	pthread_mutex_unlock(&s->lock);
	buf_release(&s->body);
	cancel_free(s->ended);
	cancel_free(s->first);
}

static void wait_for(struct cancel *c)
{
	struct pollfd p = { .fd = cancel_fd(c), .events = POLLIN };

	ck_assert_int_eq(poll(&p, 1, 20000), 1);
}

static struct http_transfer *begin(struct seen *s, struct http_request *r)
{
	struct http_callbacks c = { s, on_body, on_done };
	struct http_transfer *t = NULL;
	struct error err = { 0 };

	ck_assert_msg(http_start(http, r, &c, &t, &err) == 0, "%s", err.message);
	return t;
}

static void run(struct seen *s, struct http_request *r)
{
	struct http_transfer *t = begin(s, r);

	wait_for(s->ended);
	http_release(t);
	ck_assert_int_eq(s->done, 1);
}

static char *path_of(const char *path)
{
	return str_printf("%s%s", server.base, path);
}

START_TEST(test_get)
{
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { .method = "GET" };
	struct seen s;

	server_start(&server, "{\"models\": [\"a\", \"b\"]}");
	r.url = url = path_of("/models");
	seen_init(&s);
	run(&s, &r);
	ck_assert_int_eq(s.failure, HTTP_OK);
	ck_assert_int_eq(s.status, 200);
	ck_assert_ptr_nonnull(strstr(buf_str(&s.body), "\"id\": \"b\""));
	seen_release(&s);
}
END_TEST

START_TEST(test_post_headers_and_retry_after)
{
	const char *const headers[] = { "Content-Type: application/json", "X-Test: 7", NULL };
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { .method = "POST", .headers = headers, .body = "{\"messages\":[]}",
				  .body_len = 15 };
	struct seen s;

	server_start(&server, "{\"answers\": {\"default\": [{\"status\": 429, "
		     "\"headers\": {\"Retry-After\": \"17\"}}]}}");
	r.url = url = path_of("/chat/completions");
	seen_init(&s);
	run(&s, &r);
	ck_assert_int_eq(s.failure, HTTP_OK);
	ck_assert_int_eq(s.status, 429);
	ck_assert_str_eq(s.retry_after, "17");
	{
		CLEANUP_JSON json *seen = server_request(&server, 0);

		ck_assert_str_eq(json_string(json_path(seen, "headers.X-Test")), "7");
		ck_assert_str_eq(json_string(json_path(seen, "headers.User-Agent")), "council/test");
		ck_assert_ptr_null(json_path(seen, "headers.Expect"));
	}
	seen_release(&s);
}
END_TEST

START_TEST(test_line_break_in_header)
{
	const char *const headers[] = { "X-A: b\r\nX-C: d", NULL };
	struct http_request r = { .method = "GET", .url = "http://127.0.0.1:1/", .headers = headers };
	struct http_callbacks c = { NULL, NULL, NULL };
	struct http_transfer *t = NULL;
	struct error err = { 0 };

	ck_assert_int_eq(http_start(http, &r, &c, &t, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
}
END_TEST

START_TEST(test_refused)
{
	struct http_request r = { .method = "GET", .url = "http://user:pw@127.0.0.1:1/v1/models" };
	struct seen s;

	seen_init(&s);
	run(&s, &r);
	ck_assert_int_eq(s.failure, HTTP_CONNECT);
	ck_assert_ptr_nonnull(strstr(s.message, "http://127.0.0.1:1/v1/models"));
	ck_assert_ptr_null(strstr(s.message, "pw"));
	seen_release(&s);
}
END_TEST

START_TEST(test_bad_urls)
{
	const char *const urls[] = { "ftp://127.0.0.1/x", "http://", "not an url", "file:///etc/passwd" };

	for (size_t i = 0; i < 4; i++) {
		struct http_request r = { .method = "GET", .url = urls[i] };
		struct seen s;

		seen_init(&s);
		run(&s, &r);
		ck_assert_int_ne(s.failure, HTTP_OK);
		ck_assert_uint_eq(s.body.len, 0);
		seen_release(&s);
	}
}
END_TEST

static void post(struct http_request *r, char **url)
{
	*url = path_of("/chat/completions");
	r->method = "POST";
	r->url = *url;
	r->body = "{\"stream\":true,\"messages\":[]}";
	r->body_len = strlen(r->body);
}

START_TEST(test_limits)
{
	static const struct { const char *script; struct http_limits limits; enum http_failure want; }
	cases[] = {
		{ "{\"answers\": {\"default\": [{\"hang\": true}]}}",
		  { .first_byte_ms = 100 }, HTTP_SLOW_FIRST },
		{ "{\"answers\": {\"default\": [{\"delay_ms\": 60000}]}}",
		  { .first_byte_ms = 100 }, HTTP_SLOW_FIRST },
		{ "{\"answers\": {\"default\": [{\"text\": \"abcdefgh\", \"close_after_bytes\": 30, "
		  "\"hang\": true}]}}",
		  { .first_byte_ms = 20000, .idle_ms = 100 }, HTTP_SLOW_IDLE },
		{ "{\"answers\": {\"default\": [{\"hang\": true}]}}",
		  { .first_byte_ms = 20000, .total_ms = 100 }, HTTP_SLOW_TOTAL },
	};
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { .limits = cases[_i].limits };
	struct seen s;

	server_start(&server, cases[_i].script);
	post(&r, &url);
	seen_init(&s);
	run(&s, &r);
	ck_assert_int_eq(s.failure, cases[_i].want);
	seen_release(&s);
}
END_TEST

START_TEST(test_cut)
{
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { 0 };
	struct seen s;

	server_start(&server, "{\"answers\": {\"default\": [{\"text\": \"abcdefgh\", "
		     "\"close_after_bytes\": 30}]}}");
	post(&r, &url);
	seen_init(&s);
	run(&s, &r);
	ck_assert_int_eq(s.failure, HTTP_CLOSED);
	ck_assert_uint_le(s.body.len, 30);
	seen_release(&s);
}
END_TEST

START_TEST(test_abort_by_callback)
{
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { 0 };
	struct seen s;

	server_start(&server, "{\"answers\": {\"default\": [{\"text\": \"a\", \"huge_mb\": 4}]}}");
	post(&r, &url);
	seen_init(&s);
	s.stop_after = 1000;
	run(&s, &r);
	ck_assert_int_eq(s.failure, HTTP_ABORTED);
	seen_release(&s);
}
END_TEST

START_TEST(test_cancel)
{
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { 0 };
	struct http_transfer *t;
	struct seen s;

	server_start(&server, "{\"answers\": {\"default\": [{\"text\": \"abcdefghijklmnop\", "
		     "\"close_after_bytes\": 100, \"hang\": true}]}}");
	post(&r, &url);
	seen_init(&s);
	t = begin(&s, &r);
	wait_for(s.first);
	http_cancel(t);
	http_cancel(t);
	wait_for(s.ended);
	ck_assert_int_eq(s.done, 1);
	ck_assert_int_eq(s.failure, HTTP_CANCELLED);
	http_release(t);
	seen_release(&s);
}
END_TEST

START_TEST(test_cancel_while_waiting)
{
	struct http_request r = { .method = "GET", .url = "http://127.0.0.1:1/", .delay_ms = 3600000 };
	struct http_transfer *t;
	struct seen s;

	seen_init(&s);
	t = begin(&s, &r);
	http_cancel(t);
	wait_for(s.ended);
	ck_assert_int_eq(s.failure, HTTP_CANCELLED);
	http_release(t);
	seen_release(&s);
}
END_TEST

START_TEST(test_free_ends_everything)
{
	struct http_request r = { .method = "GET", .url = "http://127.0.0.1:1/", .delay_ms = 3600000 };
	struct http_transfer *t[20];
	struct seen s[20];

	for (int i = 0; i < 20; i++) {
		seen_init(&s[i]);
		t[i] = begin(&s[i], &r);
	}
	http_free(http);
	http = NULL;
	for (int i = 0; i < 20; i++) {
		ck_assert_int_eq(s[i].done, 1);
		ck_assert_int_eq(s[i].failure, HTTP_CANCELLED);
		http_release(t[i]);
		seen_release(&s[i]);
	}
}
END_TEST

START_TEST(test_many_at_once)
{
	enum { MANY = 50 };
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { 0 };
	struct http_transfer *t[MANY];
	static struct seen s[MANY];

	server_start(&server, NULL);
	post(&r, &url);
	for (int i = 0; i < MANY; i++) {
		seen_init(&s[i]);
		t[i] = begin(&s[i], &r);
	}
	for (int i = 0; i < MANY; i++) {
		wait_for(s[i].ended);
		ck_assert_int_eq(s[i].failure, HTTP_OK);
		ck_assert_ptr_nonnull(strstr(buf_str(&s[i].body), "[DONE]"));
		http_release(t[i]);
		seen_release(&s[i]);
	}
}
END_TEST

/* A server of few lines, for what a well-behaved one does not send. */
struct raw { int fd, port; const char *reply; size_t repeat; int accepted; };

static void *raw_main(void *arg)
{
	struct raw *raw = arg;
	char request[8192];
	int fd = accept(raw->fd, NULL, NULL);

	raw->accepted++;
	if (recv(fd, request, sizeof(request), 0) > 0) {
		send(fd, raw->reply, strlen(raw->reply), MSG_NOSIGNAL);
		for (size_t i = 0; i < raw->repeat; i++)
			if (send(fd, "X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", 56,
				 MSG_NOSIGNAL) < 0)
				break;
	}
	close(fd);
	return NULL;
}

static void raw_fetch(struct seen *s, const char *reply, size_t repeat)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct raw raw = { .fd = socket(AF_INET, SOCK_STREAM, 0), .reply = reply, .repeat = repeat };
	socklen_t len = sizeof(a);
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { .method = "GET" };
	pthread_t thread;

	ck_assert_int_eq(bind(raw.fd, (struct sockaddr *)&a, sizeof(a)), 0);
	ck_assert_int_eq(listen(raw.fd, 4), 0);
	getsockname(raw.fd, (struct sockaddr *)&a, &len);
	ck_assert_int_eq(pthread_create(&thread, NULL, raw_main, &raw), 0);
	r.url = url = str_printf("http://127.0.0.1:%d/x", ntohs(a.sin_port));
	seen_init(s);
	run(s, &r);
	pthread_join(thread, NULL);
	close(raw.fd);
	ck_assert_int_eq(raw.accepted, 1);
}

START_TEST(test_headers_are_bounded)
{
	struct seen s;

	raw_fetch(&s, "HTTP/1.1 200 OK\r\n", 100000);
	ck_assert_int_eq(s.failure, HTTP_BAD);
	ck_assert_ptr_nonnull(strstr(s.message, "headers"));
	seen_release(&s);
}
END_TEST

START_TEST(test_redirect_is_not_followed)
{
	struct seen s;

	raw_fetch(&s, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n"
		  "Connection: close\r\n\r\n", 0);
	ck_assert_int_eq(s.failure, HTTP_OK);
	ck_assert_int_eq(s.status, 302);
	seen_release(&s);
}
END_TEST

START_TEST(test_short_body)
{
	struct seen s;

	raw_fetch(&s, "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nabc", 0);
	ck_assert_int_eq(s.failure, HTTP_CLOSED);
	ck_assert_str_eq(buf_str(&s.body), "abc");
	seen_release(&s);
}
END_TEST

START_TEST(test_not_http)
{
	struct seen s;

	raw_fetch(&s, "\x16\x03\x01 what is this\r\n\r\n", 0);
	ck_assert_int_ne(s.failure, HTTP_OK);
	seen_release(&s);
}
END_TEST

START_TEST(test_fetch)
{
	CLEANUP_FREE char *url = NULL;
	struct http_request r = { .method = "GET" };
	struct buf body = BUF_INIT(1 << 20), small = BUF_INIT(10);
	struct cancel *cancel = cancel_new(NULL);
	struct error err = { 0 };
	int status = 0;

	server_start(&server, NULL);
	r.url = url = path_of("/models");
	ck_assert_int_eq(http_fetch(http, &r, cancel, &status, &body, &err), 0);
	ck_assert_int_eq(status, 200);
	ck_assert_int_eq(http_fetch(http, &r, cancel, &status, &small, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "10 bytes"));
	cancel_fire(cancel, SIGTERM);
	ck_assert_int_eq(http_fetch(http, &r, cancel, &status, &body, &err), -1);
	ck_assert_int_eq(err.code, STATUS_TERMINATED);
	cancel_free(cancel);
	buf_release(&body);
	buf_release(&small);
}
END_TEST

START_TEST(test_urls)
{
	struct buf b = BUF_INIT(1000);

	http_url_display(&b, "https://u:p@h.example:8/v1/x?key=secret#f");
	ck_assert_str_eq(buf_str(&b), "https://h.example:8/v1/x");
	buf_release(&b);
	ck_assert(http_url_is_loopback("http://localhost:11434/v1"));
	ck_assert(http_url_is_loopback("http://127.0.0.1/"));
	ck_assert(http_url_is_loopback("http://127.9.9.9:1"));
	ck_assert(http_url_is_loopback("http://[::1]:8080/v1"));
	ck_assert(http_url_is_loopback("http://0.0.0.0:8080"));
	ck_assert(http_url_is_loopback("http://a.localhost/"));
	ck_assert(!http_url_is_loopback("http://127.evil.example/"));
	ck_assert(!http_url_is_loopback("http://127.0.0.1.evil.example/"));
	ck_assert(!http_url_is_loopback("http://127.0.0.1@evil.example/"));
	ck_assert(!http_url_is_loopback("http://localhost.evil.example/"));
	ck_assert(!http_url_is_loopback("https://api.openai.com/v1"));
}
END_TEST

Suite *suite_http(void)
{
	Suite *s = suite_create("http");
	TCase *t = tcase_create("http");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_get);
	tcase_add_test(t, test_post_headers_and_retry_after);
	tcase_add_test(t, test_line_break_in_header);
	tcase_add_test(t, test_refused);
	tcase_add_test(t, test_bad_urls);
	tcase_add_loop_test(t, test_limits, 0, 4);
	tcase_add_test(t, test_cut);
	tcase_add_test(t, test_abort_by_callback);
	tcase_add_test(t, test_cancel);
	tcase_add_test(t, test_cancel_while_waiting);
	tcase_add_test(t, test_free_ends_everything);
	tcase_add_test(t, test_many_at_once);
	tcase_add_test(t, test_headers_are_bounded);
	tcase_add_test(t, test_redirect_is_not_followed);
	tcase_add_test(t, test_short_body);
	tcase_add_test(t, test_not_http);
	tcase_add_test(t, test_fetch);
	tcase_add_test(t, test_urls);
	suite_add_tcase(s, t);
	return s;
}
