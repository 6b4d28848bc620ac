/* test_model.c: calls end to end, against a real server on loopback. */
#include <check.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/settings.h"
#include "event/event.h"
#include "ledger/ledger.h"
#include "model/model.h"
#include "model/route.h"
#include "server_fixture.h"
#include "suites.h"

static struct server server;
static struct settings *settings;
static struct model_services *services;
static struct event_bus *bus;
static struct ledger *ledger;

/* What the bus carried, under the bus's own lock. */
static struct buf types;
static struct buf deltas;
static struct buf events;

static void on_event(void *ctx, const struct event *e)
{
	char *line = event_ndjson(e);

	buf_addf(&types, "%s ", event_type_name(e->type));
	if (e->type == EVENT_CALL_DELTA)
		buf_adds(&deltas, json_get_string(e->data, "text"));
	buf_adds(&events, line);
	free(line);
}

static const struct event_sink sink = { "test", on_event, NULL };

static void setup(void)
{
	static const char *const names[] = {
		"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "COUNCIL_ENDPOINT", "CI",
		"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
		"COUNCIL_REPLAY", "COUNCIL_RECORD", "OLLAMA_HOST", NULL
	};

	for (size_t i = 0; names[i]; i++)
		unsetenv(names[i]);
	server = (struct server){ 0 };
	settings = NULL;
	services = NULL;
	ledger = NULL;
	buf_init(&types, 1 << 20);
	buf_init(&deltas, 1 << 20);
	buf_init(&events, 1 << 24);
	bus = event_bus_new(ulid_new().s, NULL);
	ck_assert_int_eq(event_bus_add(bus, &sink, NULL, NULL), 0);
}

static void teardown(void)
{
	model_services_free(services);
	event_bus_free(bus);
	settings_free(settings);
	ledger_close(ledger, NULL);
	buf_release(&types);
	buf_release(&deltas);
	buf_release(&events);
	server_stop(&server);
}

/* `config` is YAML in which BASE stands for the server's URL; NULL: the server is `endpoint`.
 * Needs server_start. */
static void open_services(const char *config, struct settings_overrides *o, int64_t budget)
{
	struct model_services_options options = { .budget_nano = budget, .ledger = ledger };
	struct settings_overrides none = { 0 };
	struct buf text = BUF_INIT(1 << 16);
	struct error err = { 0 };
	char *home = path_join(server.folder, "home"), *file;

	ck_assert_int_eq(path_mkdirs(home, 0700, NULL), 0);
	setenv("HOME", home, 1);
	setenv("XDG_CONFIG_HOME", home, 1);
	setenv("XDG_STATE_HOME", home, 1);
	setenv("COUNCIL_ETC_DIR", home, 1);
	setenv("COUNCIL_DATA_DIR", server.folder, 1); /* no prices but the test's */
	if (!o)
		o = &none;
	for (const char *p = config ? config : "endpoint: BASE\nmodel: test-model\n"; *p;) {
		const char *base = strstr(p, "BASE");

		buf_add(&text, p, base ? (size_t)(base - p) : strlen(p));
		if (base)
			buf_adds(&text, server.base);
		p = base ? base + 4 : p + strlen(p);
	}
	file = server_file(&server, "config.yaml", buf_str(&text));
	o->config = file;
	ck_assert_msg(settings_load(NULL, o, &settings, NULL, &err) == 0, "%s", err.message);
	options.settings = settings;
	ck_assert_msg(model_services_new(&options, &services, &err) == 0, "%s", err.message);
	model_services_set_bus(services, bus);
	buf_release(&text);
	free(home);
	free(file);
}

static struct model_message messages[] = {
	{ MODEL_SYSTEM, "You are Builder. You write code.", true },
	{ MODEL_USER, "Write it.", false },
};

static struct model_request request_for(const char *persona)
{
	return (struct model_request){ .persona = persona, .messages = messages, .n_messages = 2,
				       .temperature = -1, .attempt = 1 };
}

static int ask(struct completion *c, struct error *err)
{
	struct model_request r = request_for("builder");

	*c = (struct completion){ 0 };
	return model_complete(services, &r, NULL, NULL, c, err);
}

static void expect_text(const char *text)
{
	struct completion c;
	struct error err = { 0 };

	ck_assert_msg(ask(&c, &err) == 0, "%s", err.message);
	ck_assert_int_eq(c.outcome, MODEL_OK);
	ck_assert_str_eq(c.text, text);
	completion_release(&c);
}

static void expect_error(enum status code, const char *says)
{
	struct completion c;
	struct error err = { 0 };

	ck_assert_int_eq(ask(&c, &err), -1);
	ck_assert_msg(err.code == code, "%d: %s", err.code, err.message);
	ck_assert_msg(strstr(err.message, says) != NULL, "%s", err.message);
}

#define FAST "http: {retries: 2}\n"
#define HERE "endpoint: BASE\nmodel: test-model\n" FAST

START_TEST(test_streams)
{
	struct completion c;
	struct error err = { 0 };

	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"Hello w\xC3\xB6rld\", "
		     "\"chunk\": 3, \"split\": 5, \"usage\": {\"prompt_tokens\": 40, "
		     "\"completion_tokens\": 9, \"prompt_tokens_details\": {\"cached_tokens\": 10}}}]}}");
	open_services(NULL, NULL, 1000000000);
	ck_assert_msg(ask(&c, &err) == 0, "%s", err.message);
	ck_assert_str_eq(c.text, "Hello w\xC3\xB6rld");
	ck_assert_str_eq(c.model, "test-model");
	ck_assert_str_eq(c.provider, "openai");
	ck_assert_str_eq(c.finish_reason, "stop");
	ck_assert_int_eq(c.usage.input, 30);
	ck_assert_int_eq(c.usage.cache_read, 10);
	ck_assert_int_eq(c.usage.output, 9);
	ck_assert(!c.usage.estimated);
	ck_assert(c.cost_known);
	ck_assert_int_eq(c.cost_nano, 0);
	ck_assert_int_eq(c.attempts, 1);
	ck_assert_int_gt(c.first_token_us, 0);
	ck_assert_int_ge(c.latency_us, c.first_token_us);
	ck_assert_str_eq(buf_str(&deltas), c.text);
	ck_assert(str_starts(buf_str(&types), "call.started call.delta "));
	ck_assert(str_ends(buf_str(&types), "call.delta call.completed "));
	completion_release(&c);
}
END_TEST

START_TEST(test_sends_what_was_asked)
{
	struct model_request r = request_for("builder");
	struct completion c = { 0 };

	server_start(&server, NULL);
	open_services("model_list:\n- model_name: default\n  litellm_params:\n    model: openai/m1\n"
		      "    api_base: BASE/chat/completions/\n    api_key: k-123456\n    top_p: 0.5\n"
		      "    max_tokens: 300\n    extra_headers: {X-Team: red}\n", NULL, -1);
	r.max_tokens = 1000;
	r.temperature = 0.25;
	r.schema = "{\"type\":\"object\"}";
	r.schema_name = "plan";
	ck_assert_int_eq(model_complete(services, &r, NULL, NULL, &c, NULL), 0);
	completion_release(&c);
	{
		CLEANUP_JSON json *seen = server_request(&server, 0);
		const json *body = json_get(seen, "body");

		ck_assert_str_eq(json_get_string(seen, "path"), "/v1/chat/completions");
		ck_assert_str_eq(json_get_string(body, "model"), "m1");
		ck_assert_int_eq(json_get_i64(body, "max_tokens", 0), 300);
		ck_assert_double_eq(json_get_double(body, "temperature", 0), 0.25);
		ck_assert_double_eq(json_get_double(body, "top_p", 0), 0.5);
		ck_assert_str_eq(json_string(json_path(body, "response_format.json_schema.name")), "plan");
		ck_assert_str_eq(json_string(json_path(seen, "headers.Authorization")),
				 "Bearer k-123456");
		ck_assert_str_eq(json_string(json_path(seen, "headers.X-Team")), "red");
	}
}
END_TEST

START_TEST(test_retries)
{
	struct completion c;
	struct error err = { 0 };

	server_start(&server, "{\"answers\": {\"builder\": [{\"status\": 429, \"headers\": "
		     "{\"Retry-After\": \"0\"}}, {\"text\": \"x\", \"close_after_bytes\": 0}, "
		     "{\"text\": \"third\"}]}}");
	open_services(HERE, NULL, -1);
	ck_assert_msg(ask(&c, &err) == 0, "%s", err.message);
	ck_assert_str_eq(c.text, "third");
	ck_assert_int_eq(c.attempts, 3);
	completion_release(&c);
	ck_assert_uint_eq(server_requests(&server), 3);
}
END_TEST

START_TEST(test_retries_end)
{
	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"status\": 500, "
		     "\"headers\": {\"Retry-After\": \"0\"}}]}}");
	open_services(HERE, NULL, -1);
	expect_error(STATUS_ENDPOINT, "after 3 tries");
	ck_assert_uint_eq(server_requests(&server), 3);
	ck_assert_ptr_nonnull(strstr(buf_str(&events), "\"outcome\":\"error\""));
}
END_TEST

START_TEST(test_long_retry_after)
{
	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"status\": 429, "
		     "\"headers\": {\"Retry-After\": \"86400\"}}]}}");
	open_services(HERE, NULL, -1);
	expect_error(STATUS_ENDPOINT, "it asks to wait 86400 s");
	ck_assert_uint_eq(server_requests(&server), 1);
}
END_TEST

/* Bodies and connections that hold no answer: one line, status 6. */
static const struct { const char *answer, *says; size_t requests; } broken[] = {
	{ "{\"text\": \"half of it all\", \"chunk\": 2, \"close_after_bytes\": 900}", "closed", 1 },
	{ "{\"text\": \"abc\", \"done\": false, \"finish\": false}", "ended before", 1 },
	{ "{\"body\": \"<html><body>Sign in</body></html>\"}", "web page", 1 },
	{ "{\"body\": \"{\\\"choices\\\": [\"}", "broken JSON", 1 },
	{ "{\"body\": {\"error\": {\"message\": \"out of order\"}}}", "out of order", 1 },
	{ "{\"body\": {\"hello\": 1}}", "choices", 1 },
	{ "{\"huge_mb\": 20, \"text\": \"a\"}", "8 MiB", 1 },
	{ "{\"status\": 302, \"body\": \"\", \"headers\": {\"Location\": \"https://e.example/v1\"}}",
	  "redirects to https://e.example/v1", 1 },
	{ "{\"status\": 400, \"body\": {\"error\": {\"message\": \"context too long\"}}}",
	  "context too long", 1 },
};

START_TEST(test_broken_answers)
{
	CLEANUP_FREE char *script = str_printf("{\"repeat\": true, \"answers\": {\"builder\": [%s]}}",
					       broken[_i].answer);

	server_start(&server, script);
	open_services("endpoint: BASE\nmodel: test-model\nhttp: {retries: 0}\n", NULL, -1);
	expect_error(STATUS_ENDPOINT, broken[_i].says);
	ck_assert_uint_eq(server_requests(&server), broken[_i].requests);
}
END_TEST

START_TEST(test_no_retry_after_text)
{
	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"half of it all\", \"chunk\": 2, "
		     "\"close_after_bytes\": 900}, {\"text\": \"not asked\"}]}}");
	open_services(HERE, NULL, -1);
	expect_error(STATUS_ENDPOINT, "closed");
	ck_assert_uint_gt(deltas.len, 0);
	ck_assert_uint_eq(server_requests(&server), 1);
}
END_TEST

START_TEST(test_refused_connection)
{
	server_start(&server, NULL);
	open_services("endpoint: http://127.0.0.1:1\nmodel: m\nhttp: {retries: 0}\n", NULL, -1);
	expect_error(STATUS_ENDPOINT, "cannot connect to http://127.0.0.1:1/v1/chat/completions");
}
END_TEST

START_TEST(test_refused_parts_are_remembered)
{
	struct model_request r = request_for("builder");
	struct completion c = { 0 };
	struct error err = { 0 };

	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"text\": \"ok\", "
		     "\"refuse_schema\": true}, {\"text\": \"two\", \"refuse\": \"stream_options\"}, "
		     "{\"text\": \"three\", \"refuse\": \"response_format\"}]}}");
	open_services(HERE, NULL, -1);
	r.schema = "{\"type\":\"object\"}";
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(model_complete(services, &r, NULL, NULL, &c, &err) == 0, "%s", err.message);
		completion_release(&c);
	}
	/* refused, again; refused, again; at once */
	ck_assert_uint_eq(server_requests(&server), 5);
}
END_TEST

START_TEST(test_max_completion_tokens)
{
	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"ok\", \"refuse\": \"max_tokens\", "
		     "\"refuse_message\": \"Use 'max_completion_tokens' instead.\"}]}}");
	open_services(HERE, NULL, -1);
	expect_text("ok");
}
END_TEST

START_TEST(test_missing_usage_is_estimated)
{
	struct completion c;

	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"12345678\", \"usage\": null}]}}");
	open_services(NULL, NULL, -1);
	ck_assert_int_eq(ask(&c, NULL), 0);
	ck_assert(c.usage.estimated);
	ck_assert_int_eq(c.usage.output, 2);
	ck_assert_int_eq(c.usage.input, 11);
	completion_release(&c);
}
END_TEST

START_TEST(test_wrong_key)
{
	server_start(&server, "{\"key\": \"right\"}");
	setenv("TEAM_KEY", "sk-wrong-wrong-wrong-wrong", 1);
	open_services("model_list:\n- model_name: default\n  litellm_params:\n    model: openai/m\n"
		      "    api_base: BASE\n    api_key: os.environ/TEAM_KEY\n", NULL, -1);
	expect_error(STATUS_USAGE, "TEAM_KEY");
	/* The server echoes the key: it is in no event. */
	ck_assert_ptr_nonnull(strstr(buf_str(&events), "call.completed"));
	ck_assert_ptr_null(strstr(buf_str(&events), "wrong-wrong"));
}
END_TEST

START_TEST(test_ready_before_anything_is_asked)
{
	static const char config[] =
		"model_list:\n"
		"- {model_name: pacer, litellm_params: {model: openai/m, api_base: BASE}}\n"
		"- {model_name: builder, litellm_params: {model: openai/unpriced,"
		" api_base: \"http://nowhere.invalid/v1\"}}\n";
	struct error err = { 0 };

	server_start(&server, "{}");
	open_services(config, NULL, 1000000000);
	ck_assert_int_eq(model_ready(services, "pacer", &err), 0);
	ck_assert_int_eq(model_ready(services, "builder", &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "builder: the price of unpriced is unknown"));
	ck_assert_int_eq(model_ready(services, "guardian", &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "no model for guardian"));
}
END_TEST

START_TEST(test_ready_without_a_cap)
{
	struct error err = { 0 };

	server_start(&server, "{}");
	open_services("endpoint: http://nowhere.invalid/v1\nmodel: unpriced\n", NULL, -1);
	ck_assert_msg(model_ready(services, "builder", &err) == 0, "%s", err.message);
}
END_TEST

START_TEST(test_key_command_runs_once_and_after_401)
{
	struct completion c;
	struct error err = { 0 };
	CLEANUP_FREE char *config = NULL, *count = NULL;
	struct buf lines = BUF_INIT(100);

	/* The first key is wrong; the command's second one is right. */
	server_start(&server, "{\"key\": \"key-22\"}");
	count = server_file(&server, "count", NULL);
	config = str_printf("model_list:\n- model_name: default\n  litellm_params:\n    model: openai/m\n"
			    "    api_base: BASE\n    api_key_command: \"echo x >> %s; "
			    "printf 'key-%%s\\n' $(wc -l < %s)2\"\n", count, count);
	open_services(config, NULL, -1);
	for (int i = 0; i < 3; i++) {
		ck_assert_msg(ask(&c, &err) == 0, "%s", err.message);
		completion_release(&c);
	}
	ck_assert_int_eq(buf_read_file(&lines, count, NULL), 0);
	ck_assert_str_eq(buf_str(&lines), "x\nx\n");
	buf_release(&lines);
}
END_TEST

START_TEST(test_key_command_fails)
{
	server_start(&server, NULL);
	open_services("model_list:\n- model_name: default\n  litellm_params:\n    model: openai/m\n"
		      "    api_base: BASE\n    api_key_command: exit 3\n", NULL, -1);
	expect_error(STATUS_USAGE, "exit 3");
	ck_assert_uint_eq(server_requests(&server), 0);
}
END_TEST

START_TEST(test_unknown_model)
{
	server_start(&server, "{\"models\": [\"alpha\", \"beta\"]}");
	open_services("endpoint: BASE\nmodel: gamma\n", NULL, -1);
	expect_error(STATUS_USAGE, "it has alpha, beta");
}
END_TEST

START_TEST(test_asks_for_the_only_model)
{
	struct model_route route = { 0 };
	struct completion c;
	struct error err = { 0 };

	server_start(&server, "{\"models\": [\"only-one\"]}");
	open_services("endpoint: BASE\n", NULL, -1);
	ck_assert_int_eq(model_route(services, "builder", &route, &err), 0);
	ck_assert_ptr_null(route.model);
	model_route_release(&route);
	ck_assert_msg(ask(&c, &err) == 0, "%s", err.message);
	ck_assert_str_eq(c.model, "only-one");
	completion_release(&c);
	ck_assert_int_eq(model_route(services, "builder", &route, &err), 0);
	ck_assert_str_eq(route.model, "only-one");
	ck_assert_str_eq(route.base_url, server.base);
	model_route_release(&route);
}
END_TEST

START_TEST(test_several_models)
{
	server_start(&server, "{\"models\": [\"alpha\", \"beta\"]}");
	open_services("endpoint: BASE\n", NULL, -1);
	expect_error(STATUS_USAGE, "alpha, beta");
}
END_TEST

START_TEST(test_unsupported_providers)
{
	static const struct { const char *model, *says; } t[] = {
		{ "anthropic/claude", "provider anthropic isn't supported" },
		{ "bedrock/x", "provider bedrock isn't supported" },
		{ "azure/x", "provider azure isn't supported" },
		{ "decoder:/models/x.gguf", "no decoder" },
		{ "someone/x", "api_base" },
	};
	CLEANUP_FREE char *config = str_printf("model_list:\n- model_name: default\n  litellm_params:\n"
					       "    model: %s\n    api_key: abcdefgh\n", t[_i].model);

	server_start(&server, NULL);
	open_services(config, NULL, -1);
	expect_error(STATUS_USAGE, t[_i].says);
}
END_TEST

START_TEST(test_known_providers)
{
	static const struct { const char *model, *base, *id; } t[] = {
		{ "openai/gpt-4o", "https://api.openai.com/v1", "gpt-4o" },
		{ "gpt-4o", "https://api.openai.com/v1", "gpt-4o" },
		{ "openrouter/qwen/qwen3", "https://openrouter.ai/api/v1", "qwen/qwen3" },
		{ "cerebras/x", "https://api.cerebras.ai/v1", "x" },
		{ "groq/x", "https://api.groq.com/openai/v1", "x" },
		{ "ollama/qwen2.5-coder:7b", "http://127.0.0.1:11434/v1", "qwen2.5-coder:7b" },
		{ "gemini/gemini-2.5-pro", "https://generativelanguage.googleapis.com/v1beta/openai",
		  "gemini-2.5-pro" },
	};
	CLEANUP_FREE char *config = str_printf("model_list:\n- model_name: default\n  litellm_params:\n"
					       "    model: %s\n    api_key: abcdefgh\n", t[_i].model);
	struct model_route route = { 0 };

	server_start(&server, NULL);
	open_services(config, NULL, -1);
	ck_assert_int_eq(model_route(services, "builder", &route, NULL), 0);
	ck_assert_str_eq(route.base_url, t[_i].base);
	ck_assert_str_eq(route.model, t[_i].id);
	model_route_release(&route);
}
END_TEST

START_TEST(test_base_urls)
{
	static const struct { const char *in, *out; } t[] = {
		{ "http://h:1", "http://h:1/v1" }, { "http://h:1/", "http://h:1/v1" },
		{ "http://h:1/v1", "http://h:1/v1" }, { "http://h:1/v1/", "http://h:1/v1" },
		{ "https://h/api/v1/chat/completions", "https://h/api/v1" },
		{ "https://h/v1/models", "https://h/v1" }, { "HTTP://h/openai", "HTTP://h/openai" },
		{ "localhost:8080", NULL }, { "", NULL }, { "ftp://h", NULL }, { "http://", NULL },
		{ "http:///v1", NULL }, { "http://h/v1?key=secret", NULL }, { "http://h /v1", NULL },
	};

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		CLEANUP_FREE char *got = NULL;
		struct error err = { 0 };

		ck_assert_int_eq(base_url_normalise(t[i].in, &got, &err), t[i].out ? 0 : -1);
		if (t[i].out)
			ck_assert_str_eq(got, t[i].out);
		else
			ck_assert_int_eq(err.code, STATUS_USAGE);
		ck_assert_ptr_null(strstr(err.message, "secret"));
	}
}
END_TEST

#define PRICED "model_list:\n- model_name: default\n  litellm_params:\n    model: openai/m\n" \
	"    api_base: BASE\n    api_key: k\n    max_tokens: 100\n" \
	"  model_info: {input_cost_per_token: 1e-6, output_cost_per_token: 1e-3}\n" FAST

START_TEST(test_budget)
{
	struct completion c;
	struct error err = { 0 };
	int unknown = -1;

	/* 60 tokens out at 0.001 $ and 100 in: 0.0601 $; at most 100 out are reserved: 0.1001… $ */
	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"text\": \"a\", \"usage\": "
		     "{\"prompt_tokens\": 100, \"completion_tokens\": 60}}]}}");
	open_services(PRICED, NULL, 200000000);
	ck_assert_msg(ask(&c, &err) == 0, "%s", err.message);
	ck_assert(c.cost_known);
	ck_assert_int_eq(c.cost_nano, 60100000);
	completion_release(&c);
	ck_assert_ptr_null(strstr(buf_str(&types), "budget.warning"));
	ck_assert_int_eq(ask(&c, &err), 0);
	completion_release(&c);
	ck_assert_int_eq(model_services_spent(services, &unknown), 120200000);
	ck_assert_int_eq(unknown, 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&events), "\"percent\":50"));
	ck_assert_ptr_null(strstr(buf_str(&events), "\"percent\":75"));
	/* 0.0798 $ is left, less than a call could cost: nothing is sent. */
	expect_error(STATUS_BUDGET, "budget");
	ck_assert_uint_eq(server_requests(&server), 2);
	ck_assert_int_eq(model_services_spent(services, NULL), 120200000);
}
END_TEST

START_TEST(test_budget_of_calls_at_once)
{
	struct model_request r = request_for("builder");
	struct model_call *calls[10];
	struct error err = { 0 };
	int sent = 0;

	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"text\": \"a\", "
		     "\"delay_ms\": 100, \"usage\": {\"prompt_tokens\": 10, \"completion_tokens\": 100}}]}}");
	open_services(PRICED, NULL, 350000000);
	for (int i = 0; i < 10; i++) {
		calls[i] = model_submit(services, &r, NULL, &err);
		sent += calls[i] != NULL;
	}
	ck_assert_int_eq(sent, 3);
	ck_assert_int_eq(err.code, STATUS_BUDGET);
	for (int i = 0; i < 10; i++) {
		struct completion c = { 0 };

		if (!calls[i])
			continue;
		ck_assert_int_eq(model_wait(calls[i], NULL, &c, &err), 0);
		completion_release(&c);
	}
	ck_assert_int_le(model_services_spent(services, NULL), 350000000);
}
END_TEST

START_TEST(test_unknown_price)
{
	int unknown = 0;

	/* No address of this machine that is not loopback is sure to exist: the price is checked
	 * before anything is sent. */
	server_start(&server, NULL);
	open_services("endpoint: http://192.0.2.1/v1\nmodel: mystery\n", NULL, 1000000000);
	expect_error(STATUS_USAGE, "mystery");
	expect_error(STATUS_USAGE, "--budget none");
	ck_assert_int_eq(model_services_spent(services, &unknown), 0);
}
END_TEST

START_TEST(test_failed_calls_cost_nothing)
{
	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"status\": 503, \"headers\": "
		     "{\"Retry-After\": \"0\"}}]}}");
	open_services(PRICED, NULL, 200000000);
	for (int i = 0; i < 4; i++)
		expect_error(STATUS_ENDPOINT, "503");
	ck_assert_int_eq(model_services_spent(services, NULL), 0);
}
END_TEST

START_TEST(test_half_an_answer_is_booked)
{
	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"text\": "
		     "\"half of it all\", \"chunk\": 2, \"close_after_bytes\": 900}]}}");
	open_services(PRICED, NULL, 200000000);
	expect_error(STATUS_ENDPOINT, "closed");
	ck_assert_int_gt(model_services_spent(services, NULL), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&events), "\"estimated\":true"));
}
END_TEST

/* Fires a cancel once text has come. */
struct stopper { struct cancel *cancel; int done; const char *expect; };

static void stop_delta(void *ctx, const char *text, size_t len)
{
	cancel_fire(((struct stopper *)ctx)->cancel, SIGINT);
}

static void stop_done(void *ctx, const struct completion *c, const struct error *err)
{
	struct stopper *s = ctx;

	s->done++;
	ck_assert_ptr_nonnull(err);
	ck_assert_int_eq(c->outcome, MODEL_CANCELLED);
}

START_TEST(test_cancel_mid_stream)
{
	struct stopper s = { .cancel = cancel_new(NULL) };
	struct model_callbacks callbacks = { &s, stop_delta, stop_done };
	struct model_request r = request_for("builder");
	struct completion c = { 0 };
	struct error err = { 0 };

	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"some text that goes on\", "
		     "\"chunk\": 1, \"close_after_bytes\": 1000, \"hang\": true}]}}");
	open_services(NULL, NULL, -1);
	ck_assert_int_eq(model_complete(services, &r, &callbacks, s.cancel, &c, &err), -1);
	ck_assert_int_eq(err.code, STATUS_INTERRUPTED);
	ck_assert_int_eq(s.done, 1);
	ck_assert_ptr_nonnull(strstr(buf_str(&events), "\"outcome\":\"cancelled\""));
	cancel_free(s.cancel);
}
END_TEST

START_TEST(test_cancel_during_backoff)
{
	struct model_request r = request_for("builder");
	struct completion c = { 0 };
	struct model_call *call;
	struct error err = { 0 };

	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"status\": 429, "
		     "\"headers\": {\"Retry-After\": \"100\"}}]}}");
	open_services(HERE, NULL, -1);
	call = model_submit(services, &r, NULL, &err);
	ck_assert_ptr_nonnull(call);
	while (server_requests(&server) < 1)
		usleep(1000);
	model_cancel(call);
	ck_assert_int_eq(model_wait(call, NULL, &c, &err), -1);
	ck_assert_int_eq(err.code, STATUS_INTERRUPTED);
}
END_TEST

START_TEST(test_free_drops_calls)
{
	struct model_request r = request_for("builder");

	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"hang\": true}]}}");
	open_services(NULL, NULL, -1);
	for (int i = 0; i < 5; i++)
		ck_assert_ptr_nonnull(model_submit(services, &r, NULL, NULL));
	model_services_free(services);
	services = NULL;
}
END_TEST

START_TEST(test_many_calls)
{
	struct model_request r = request_for("builder");
	struct model_call *calls[40];

	server_start(&server, "{\"repeat\": true, \"answers\": {\"builder\": [{\"text\": \"abcdef\", "
		     "\"chunk\": 1}]}}");
	open_services(NULL, NULL, -1);
	for (int i = 0; i < 40; i++)
		ck_assert_ptr_nonnull(calls[i] = model_submit(services, &r, NULL, NULL));
	for (int i = 0; i < 40; i++) {
		struct completion c = { 0 };
		struct error err = { 0 };

		ck_assert_msg(model_wait(calls[i], NULL, &c, &err) == 0, "%s", err.message);
		ck_assert_str_eq(c.text, "abcdef");
		completion_release(&c);
	}
}
END_TEST

START_TEST(test_record_then_replay)
{
	struct settings_overrides o = { 0 };
	CLEANUP_FREE char *file = NULL;
	struct error err = { 0 };
	struct completion c;

	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"first\"}, {\"text\": \"second\"}]}}");
	file = server_file(&server, "record.json", NULL);
	o.value[SET_RECORD] = file;
	open_services(NULL, &o, -1);
	expect_text("first");
	expect_text("second");
	model_services_free(services);
	settings_free(settings);
	services = NULL;
	settings = NULL;
	o = (struct settings_overrides){ .value = { [SET_REPLAY] = file } };
	open_services(NULL, &o, 1000000000);
	ck_assert(model_services_recorded(services));
	buf_clear(&deltas);
	expect_text("first");
	ck_assert_str_eq(buf_str(&deltas), "first");
	ck_assert_int_eq(ask(&c, &err), 0);
	ck_assert_str_eq(c.provider, "replay");
	ck_assert_str_eq(c.model, "test-model");
	ck_assert(c.cost_known);
	completion_release(&c);
	expect_error(STATUS_ENDPOINT, "no recorded answer 3 for builder");
	ck_assert_uint_eq(server_requests(&server), 2);
}
END_TEST

START_TEST(test_replay_goes_on_behind_what_was_taken)
{
	struct settings_overrides o = { 0 };
	CLEANUP_FREE char *file = NULL;

	server_start(&server, NULL);
	file = server_file(&server, "a.json", "{\"version\":1,\"answers\":{\"builder\":[{\"text\":\"one\"},"
			   "{\"text\":\"two\"}]}}");
	o.value[SET_REPLAY] = file;
	open_services(NULL, &o, -1);
	model_services_taken(services, "builder");
	expect_text("two");
}
END_TEST

START_TEST(test_ledger_agrees)
{
	struct persona_usage usage[PERSONAS_MAX];
	struct model_request r = request_for("builder");
	struct ledger_run run = { 0 };
	struct ulid id = ulid_new();
	CLEANUP_FREE char *path = NULL;
	struct error err = { 0 };
	struct completion c = { 0 };
	size_t n = 0;

	server_start(&server, "{\"answers\": {\"builder\": [{\"text\": \"a\", \"usage\": "
		     "{\"prompt_tokens\": 100, \"completion_tokens\": 60}}, {\"status\": 400}, "
		     "{\"text\": \"b\", \"usage\": {\"prompt_tokens\": 7, \"completion_tokens\": 5}}]}}");
	path = server_file(&server, "ledger.db", NULL);
	ck_assert_msg(ledger_open(path, false, &ledger, NULL, &err) == 0, "%s", err.message);
	run = (struct ledger_run){ .id = id.s, .task = "t", .repository = "/r", .base = "b",
				   .branch = "c", .worktree = "w", .argv_json = "{}", .started_us = 1,
				   .budget_nano = 1000000000 };
	ck_assert_msg(ledger_run_started(ledger, &run, &err) == 0, "%s", err.message);
	open_services(PRICED, NULL, 1000000000);
	r.run = id.s;
	ck_assert_msg(model_complete(services, &r, NULL, NULL, &c, &err) == 0, "%s", err.message);
	completion_release(&c);
	ck_assert_int_eq(model_complete(services, &r, NULL, NULL, &c, &err), -1);
	ck_assert_int_eq(model_complete(services, &r, NULL, NULL, &c, &err), 0);
	completion_release(&c);
	ck_assert_int_eq(ledger_flush(ledger, &err), 0);
	ck_assert_msg(ledger_run_usage(ledger, id.s, usage, PERSONAS_MAX, &n, &err) == 0, "%s",
		      err.message);
	ck_assert_uint_eq(n, 1);
	ck_assert_str_eq(usage[0].persona, "builder");
	ck_assert_int_eq(usage[0].calls, 3);
	ck_assert_int_eq(usage[0].input, 107);
	ck_assert_int_eq(usage[0].output, 65);
	ck_assert_int_eq(usage[0].cost_nano, model_services_spent(services, NULL));
	ck_assert_int_eq(usage[0].cost_nano, 65107000);
	free(usage[0].model);
}
END_TEST

START_TEST(test_list_remote)
{
	CLEANUP_STRV struct strv ids = { 0 };
	CLEANUP_STRV struct strv none = { 0 };
	struct error err = { 0 };

	server_start(&server, "{\"models\": [\"a\", \"b\"], \"key\": \"k\"}");
	ck_assert_msg(model_list_remote(server.base, "k", 5000, NULL, &ids, &err) == 0, "%s", err.message);
	ck_assert_uint_eq(ids.n, 2);
	ck_assert_str_eq(ids.v[1], "b");
	ck_assert_int_eq(model_list_remote(server.base, "x", 5000, NULL, &none, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_int_eq(model_list_remote("http://127.0.0.1:1", NULL, 5000, NULL, &none, &err), -1);
	ck_assert_int_eq(err.code, STATUS_ENDPOINT);
}
END_TEST

Suite *suite_model(void)
{
	Suite *s = suite_create("model");
	TCase *t = tcase_create("model");

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_streams);
	tcase_add_test(t, test_sends_what_was_asked);
	tcase_add_test(t, test_retries);
	tcase_add_test(t, test_retries_end);
	tcase_add_test(t, test_long_retry_after);
	tcase_add_loop_test(t, test_broken_answers, 0, sizeof(broken) / sizeof(broken[0]));
	tcase_add_test(t, test_no_retry_after_text);
	tcase_add_test(t, test_refused_connection);
	tcase_add_test(t, test_refused_parts_are_remembered);
	tcase_add_test(t, test_max_completion_tokens);
	tcase_add_test(t, test_missing_usage_is_estimated);
	tcase_add_test(t, test_wrong_key);
	tcase_add_test(t, test_ready_before_anything_is_asked);
	tcase_add_test(t, test_ready_without_a_cap);
	tcase_add_test(t, test_key_command_runs_once_and_after_401);
	tcase_add_test(t, test_key_command_fails);
	tcase_add_test(t, test_unknown_model);
	tcase_add_test(t, test_asks_for_the_only_model);
	tcase_add_test(t, test_several_models);
	tcase_add_loop_test(t, test_unsupported_providers, 0, 5);
	tcase_add_loop_test(t, test_known_providers, 0, 7);
	tcase_add_test(t, test_base_urls);
	tcase_add_test(t, test_budget);
	tcase_add_test(t, test_budget_of_calls_at_once);
	tcase_add_test(t, test_unknown_price);
	tcase_add_test(t, test_failed_calls_cost_nothing);
	tcase_add_test(t, test_half_an_answer_is_booked);
	tcase_add_test(t, test_cancel_mid_stream);
	tcase_add_test(t, test_cancel_during_backoff);
	tcase_add_test(t, test_free_drops_calls);
	tcase_add_test(t, test_many_calls);
	tcase_add_test(t, test_record_then_replay);
	tcase_add_test(t, test_replay_goes_on_behind_what_was_taken);
	tcase_add_test(t, test_ledger_agrees);
	tcase_add_test(t, test_list_remote);
	suite_add_tcase(s, t);
	return s;
}
