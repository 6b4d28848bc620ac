/* test_openai.c: the chat completions adapter on bodies as endpoints send
 * them, each cut at every byte. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "model/provider/openai.h"
#include "suites.h"
#include "util/str.h"

#define CHUNK(rest) "data: {\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"model\":\"gpt-4o-mini-2024-07-18\"," rest "}\n\n"
#define TEXT(text) CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" text "\"},\"finish_reason\":null}],\"usage\":null")
#define END(reason) CHUNK("\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"" reason "\"}]")
#define USAGE CHUNK("\"choices\":[],\"usage\":{\"prompt_tokens\":100,\"completion_tokens\":20," \
	"\"total_tokens\":120,\"prompt_tokens_details\":{\"cached_tokens\":64}," \
	"\"completion_tokens_details\":{\"reasoning_tokens\":7}}")
#define DONE "data: [DONE]\n\n"

struct got {
	int rc;
	enum model_outcome outcome;
	char *text, *deltas, *model;
	struct usage usage;
	bool has_usage;
	struct provider_fault fault;
};

static void on_delta(void *ctx, const char *text, size_t len)
{
	ck_assert(utf8_valid(text, len));
	ck_assert_uint_gt(len, 0);
	buf_add(ctx, text, len);
}

static struct got parse(const char *body, size_t len, size_t cut)
{
	const struct provider *o = &provider_openai;
	struct buf deltas = BUF_INIT(64 << 20);
	struct provider_parser *p = o->parser_new(on_delta, &deltas);
	struct got g = { 0 };
	struct provider_answer *a;

	g.rc = o->feed(p, body, cut, &g.fault);
	if (g.rc == 0)
		g.rc = o->feed(p, body + cut, len - cut, &g.fault);
	if (g.rc == 0)
		g.rc = o->finish(p, &g.fault);
	a = o->answer(p);
	g.outcome = a->outcome;
	g.usage = a->usage;
	g.has_usage = a->has_usage;
	g.model = str_dup(a->model);
	g.text = buf_steal(&a->text, NULL);
	g.deltas = buf_steal(&deltas, NULL);
	o->parser_free(p);
	return g;
}

static void release(struct got *g)
{
	free(g->text);
	free(g->deltas);
	free(g->model);
}

/* Whatever the cut: the same outcome and text, and the deltas add up to it. */
static struct got expect(const char *body, enum model_outcome outcome, const char *text)
{
	size_t len = strlen(body);
	struct got g = { 0 };

	for (size_t cut = 0; cut <= len; cut++) {
		release(&g);
		g = parse(body, len, cut);
		ck_assert_msg(g.rc == 0, "cut %zu: %s", cut, g.fault.message);
		ck_assert_int_eq(g.outcome, outcome);
		ck_assert_str_eq(g.text, text);
		if (outcome != MODEL_REFUSED)
			ck_assert_str_eq(g.deltas, text);
	}
	return g;
}

static void expect_fault(const char *body, enum fault_kind kind, const char *says)
{
	size_t len = strlen(body);

	for (size_t cut = 0; cut <= len; cut++) {
		struct got g = parse(body, len, cut);

		ck_assert_int_eq(g.rc, -1);
		ck_assert_int_eq(g.fault.kind, kind);
		ck_assert_msg(strstr(g.fault.message, says) != NULL, "%s", g.fault.message);
		release(&g);
	}
}

START_TEST(test_stream)
{
	struct got g = expect(TEXT("Hel") TEXT("lo \xC3\xA9\\n") END("stop") USAGE DONE, MODEL_OK,
			      "Hello \xC3\xA9\n");

	ck_assert(g.has_usage);
	ck_assert_int_eq(g.usage.input, 36);
	ck_assert_int_eq(g.usage.cache_read, 64);
	ck_assert_int_eq(g.usage.output, 20);
	ck_assert_int_eq(g.usage.reasoning, 7);
	ck_assert_str_eq(g.model, "gpt-4o-mini-2024-07-18");
	release(&g);
}
END_TEST

START_TEST(test_stream_variants)
{
	struct got g = expect(TEXT("a") END("stop"), MODEL_OK, "a"); /* no [DONE] */

	ck_assert(!g.has_usage);
	release(&g);
	g = expect(TEXT("a") DONE, MODEL_OK, "a"); /* no finish_reason */
	release(&g);
	g = expect(": keep-alive\n\n" TEXT("a") END("stop") "data: [DONE]", MODEL_OK, "a");
	release(&g);
	g = expect(CHUNK("\"choices\":[{\"delta\":{\"content\":[{\"type\":\"text\",\"text\":\"p\"}]}}]")
		   END("stop") DONE, MODEL_OK, "p");
	release(&g);
	g = expect(CHUNK("\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}],"
			 "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}"), MODEL_OK, "x");
	ck_assert_int_eq(g.usage.input, 3);
	release(&g);
}
END_TEST

START_TEST(test_character_cut_between_chunks)
{
	const char *body = TEXT("\xE2\x82") TEXT("\xAC!") END("stop") DONE;
	struct got g = parse(body, strlen(body), 5);

	/* The chunks are not valid JSON texts in UTF-8 each, but servers send them. */
	if (g.rc == 0) {
		ck_assert_str_eq(g.text, "\xE2\x82\xAC!");
		ck_assert_str_eq(g.deltas, g.text);
	} else {
		ck_assert_int_eq(g.fault.kind, FAULT_RETRY);
	}
	release(&g);
}
END_TEST

START_TEST(test_whole_json)
{
	struct got g = expect("\n {\"model\":\"m\",\"choices\":[{\"message\":{\"role\":\"assistant\","
			      "\"content\":\"whole\"},\"finish_reason\":\"stop\"}],"
			      "\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":2,"
			      "\"total_tokens\":11}}", MODEL_OK, "whole");

	ck_assert_int_eq(g.usage.input, 9);
	ck_assert_int_eq(g.usage.output, 2);
	release(&g);
}
END_TEST

START_TEST(test_outcomes)
{
	struct got g = expect(TEXT("cut") END("length") DONE, MODEL_TRUNCATED, "cut");

	release(&g);
	g = expect(END("content_filter") DONE, MODEL_REFUSED, "");
	release(&g);
	g = expect(CHUNK("\"choices\":[{\"delta\":{\"refusal\":\"I cannot\"}}]") END("stop") DONE,
		   MODEL_REFUSED, "I cannot");
	release(&g);
	g = expect(TEXT(" \\n") END("stop") DONE, MODEL_EMPTY, " \n");
	release(&g);
	g = expect(CHUNK("\"choices\":[{\"delta\":{\"content\":null,\"reasoning_content\":\"hm\"}}]")
		   END("stop") DONE, MODEL_EMPTY, "");
	release(&g);
}
END_TEST

START_TEST(test_faults)
{
	expect_fault("", FAULT_RETRY, "no body");
	expect_fault("<!DOCTYPE html><html>Sign in</html>", FAULT_FINAL, "web page");
	expect_fault("{\"choices\":[{\"message\":{\"content\":\"x\"", FAULT_RETRY, "broken JSON");
	expect_fault("{\"hello\":\"world\"}", FAULT_FINAL, "choices");
	expect_fault("[1]", FAULT_FINAL, "not a JSON object");
	expect_fault("welcome to nginx", FAULT_FINAL, "neither");
	expect_fault(TEXT("half"), FAULT_RETRY, "ended before");
	expect_fault("data: {\"choices\":[{\n\n", FAULT_RETRY, "broken JSON");
	expect_fault("{\"error\":{\"message\":\"bad thing\",\"code\":400}}", FAULT_FINAL, "bad thing");
	expect_fault("{\"error\":{\"message\":\"Overloaded\"}}", FAULT_RETRY, "Overloaded");
	expect_fault("{\"error\":\"plain words\"}", FAULT_FINAL, "plain words");
	expect_fault(TEXT("a") "data: {\"error\":{\"message\":\"died\",\"code\":502}}\n\n", FAULT_RETRY,
		     "died");
	expect_fault("event: error\ndata: {\"message\":\"told apart\"}\n\n", FAULT_FINAL, "told apart");
}
END_TEST

START_TEST(test_deep_and_long)
{
	struct buf deep = BUF_INIT(16 << 20);
	struct got g;

	buf_adds(&deep, "data: ");
	for (int i = 0; i < 100000; i++)
		buf_addc(&deep, '[');
	buf_adds(&deep, "\n\n");
	g = parse(deep.data, deep.len, deep.len);
	ck_assert_int_eq(g.rc, -1);
	release(&g);
	buf_clear(&deep);
	buf_adds(&deep, "data: ");
	for (int i = 0; i < 9 << 20; i++)
		buf_addc(&deep, 'x');
	g = parse(deep.data, deep.len, deep.len);
	ck_assert_int_eq(g.rc, -1);
	ck_assert_ptr_nonnull(strstr(g.fault.message, "8 MiB"));
	release(&g);
	buf_release(&deep);
}
END_TEST

static struct usage usage_of(const char *text, bool *ret)
{
	json *j = json_parse(text, strlen(text), NULL);
	struct usage u = { 0 };

	*ret = openai_usage(j, &u);
	json_free(j);
	return u;
}

START_TEST(test_usage)
{
	struct usage u;
	bool ok;

	u = usage_of("{\"prompt_tokens\":10,\"prompt_cache_hit_tokens\":6,\"completion_tokens\":4}", &ok);
	ck_assert(ok && u.input == 4 && u.cache_read == 6 && u.output == 4);
	u = usage_of("{\"prompt_tokens\":10,\"completion_tokens\":4,\"total_tokens\":20}", &ok);
	ck_assert(ok && u.output == 10 && u.reasoning == 6);
	u = usage_of("{\"prompt_tokens\":100,\"completion_tokens\":1,"
		     "\"cache_creation_input_tokens\":30,\"cache_read_input_tokens\":20}", &ok);
	ck_assert(ok && u.input == 50 && u.cache_write == 30 && u.cache_read == 20);
	u = usage_of("{\"input_tokens\":7,\"output_tokens\":8}", &ok);
	ck_assert(ok && u.input == 7 && u.output == 8);
	u = usage_of("{\"prompt_tokens\":5,\"prompt_tokens_details\":{\"cached_tokens\":50}}", &ok);
	ck_assert(ok && u.input == 0 && u.cache_read == 5);
	usage_of("{}", &ok);
	ck_assert(!ok);
	usage_of("{\"prompt_tokens\":-5,\"completion_tokens\":1e300}", &ok);
	ck_assert(!ok);
	usage_of("{\"prompt_tokens\":\"many\"}", &ok);
	ck_assert(!ok);
}
END_TEST

static struct model_message messages[] = {
	{ MODEL_SYSTEM, "You are Builder.", true },
	{ MODEL_USER, "Say \"hi\"\xC3\xA9", false },
};

static json *build(const struct provider_ask *ask)
{
	struct buf body = BUF_INIT(1 << 20);
	struct error err = { 0 };
	json *j;

	ck_assert_msg(openai_build(ask, &body, &err) == 0, "%s", err.message);
	j = json_parse(body.data, body.len, &err);
	ck_assert_msg(j != NULL, "%s", err.message);
	buf_release(&body);
	return j;
}

START_TEST(test_build)
{
	struct provider_ask ask = { messages, 2, "gpt-4o", 0.5, 100,
				    "{\"type\":\"object\",\"additionalProperties\":false}", "plan", NULL, 0 };
	json *j = build(&ask);

	ck_assert_str_eq(json_get_string(j, "model"), "gpt-4o");
	ck_assert_str_eq(json_string(json_path(j, "messages.0.role")), "system");
	ck_assert_str_eq(json_string(json_path(j, "messages.1.content")), "Say \"hi\"\xC3\xA9");
	ck_assert(json_get_bool(j, "stream", false));
	ck_assert(json_bool(json_path(j, "stream_options.include_usage")));
	ck_assert_int_eq(json_get_i64(j, "max_tokens", 0), 100);
	ck_assert_double_eq(json_get_double(j, "temperature", 0), 0.5);
	ck_assert_str_eq(json_string(json_path(j, "response_format.json_schema.name")), "plan");
	ck_assert(json_bool(json_path(j, "response_format.json_schema.strict")));
	json_free(j);
	ask.quirks = QUIRK_NO_SCHEMA | QUIRK_NO_STREAM_OPTIONS | QUIRK_COMPLETION_TOKENS |
		     QUIRK_NO_TEMPERATURE;
	j = build(&ask);
	ck_assert_ptr_null(json_get(j, "response_format"));
	ck_assert_ptr_null(json_get(j, "stream_options"));
	ck_assert_ptr_null(json_get(j, "max_tokens"));
	ck_assert_int_eq(json_get_i64(j, "max_completion_tokens", 0), 100);
	ck_assert_ptr_null(json_get(j, "temperature"));
	json_free(j);
}
END_TEST

START_TEST(test_build_params)
{
	static const char text[] = "{\"top_p\":0.9,\"model\":\"evil\",\"messages\":[],\"max_tokens\":5,"
				   "\"extra_headers\":{\"A\":\"b\"},\"extra_body\":{\"min_p\":0.1}}";
	json *params = json_parse(text, strlen(text), NULL);
	struct provider_ask ask = { messages, 2, "o3-mini", -1, 7, NULL, NULL, params, 0 };
	json *j;

	ck_assert_ptr_nonnull(params);
	j = build(&ask);
	ck_assert_str_eq(json_get_string(j, "model"), "o3-mini");
	ck_assert_uint_eq(json_len(json_get(j, "messages")), 2);
	ck_assert_double_eq(json_get_double(j, "top_p", 0), 0.9);
	ck_assert_double_eq(json_get_double(j, "min_p", 0), 0.1);
	ck_assert_ptr_null(json_get(j, "extra_headers"));
	ck_assert_ptr_null(json_get(j, "temperature"));
	ck_assert_int_eq(json_get_i64(j, "max_completion_tokens", 0), 7);
	ck_assert_ptr_null(json_get(j, "max_tokens"));
	json_free(j);
	json_free(params);
}
END_TEST

START_TEST(test_refusals)
{
	static const struct { int status; const char *body; enum fault_kind kind; unsigned quirk; } t[] = {
		{ 400, "{\"error\":{\"message\":\"response_format is not supported\"}}", FAULT_QUIRK,
		  QUIRK_NO_SCHEMA },
		{ 422, "{\"detail\":[{\"loc\":[\"body\",\"json_schema\"]}]}", FAULT_QUIRK, QUIRK_NO_SCHEMA },
		{ 400, "unknown field stream_options", FAULT_QUIRK, QUIRK_NO_STREAM_OPTIONS },
		{ 400, "{\"error\":{\"message\":\"Unsupported parameter: 'max_tokens' is not supported with "
		  "this model. Use 'max_completion_tokens' instead.\"}}", FAULT_QUIRK,
		  QUIRK_COMPLETION_TOKENS },
		{ 400, "{\"error\":{\"message\":\"Unsupported value: 'temperature'\"}}", FAULT_QUIRK,
		  QUIRK_NO_TEMPERATURE },
		{ 400, "{\"error\":{\"message\":\"context too long\"}}", FAULT_FINAL, 0 },
		{ 401, "{\"error\":{\"message\":\"Incorrect API key\"}}", FAULT_KEY, 0 },
		{ 403, "no", FAULT_KEY, 0 },
		{ 404, "{\"error\":{\"message\":\"The model `x` does not exist\",\"code\":\"model_not_found\"}}",
		  FAULT_MODEL, 0 },
		{ 404, "{\"error\":\"model \\\"x\\\" not found, try pulling it first\"}", FAULT_MODEL, 0 },
		{ 404, "<html>404</html>", FAULT_FINAL, 0 },
		{ 429, "{\"error\":{\"message\":\"slow down\"}}", FAULT_RETRY, 0 },
		{ 429, "{\"error\":{\"code\":\"insufficient_quota\",\"message\":\"pay\"}}", FAULT_FINAL, 0 },
		{ 500, "", FAULT_RETRY, 0 },
		{ 503, "<html>busy</html>", FAULT_RETRY, 0 },
	};
	struct provider_ask ask = { messages, 2, "m", 0.1, 10, "{}", "plan", NULL, 0 };

	for (size_t i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		struct provider_fault f = { 0 };

		openai_refused(&ask, t[i].status, t[i].body, strlen(t[i].body), &f);
		ck_assert_msg(f.kind == t[i].kind, "%zu: %d %s", i, f.kind, f.message);
		ck_assert_uint_eq(f.quirk, t[i].quirk);
		ck_assert_ptr_null(strchr(f.message, '<'));
	}
	/* What was left out already is not left out again. */
	ask.quirks = QUIRK_NO_SCHEMA;
	{
		struct provider_fault f = { 0 };

		openai_refused(&ask, 400, t[0].body, strlen(t[0].body), &f);
		ck_assert_int_eq(f.kind, FAULT_FINAL);
	}
}
END_TEST

Suite *suite_openai(void)
{
	Suite *s = suite_create("openai");
	TCase *t = tcase_create("openai");

	tcase_set_timeout(t, 60);
	tcase_add_test(t, test_stream);
	tcase_add_test(t, test_stream_variants);
	tcase_add_test(t, test_character_cut_between_chunks);
	tcase_add_test(t, test_whole_json);
	tcase_add_test(t, test_outcomes);
	tcase_add_test(t, test_faults);
	tcase_add_test(t, test_deep_and_long);
	tcase_add_test(t, test_usage);
	tcase_add_test(t, test_build);
	tcase_add_test(t, test_build_params);
	tcase_add_test(t, test_refusals);
	suite_add_tcase(s, t);
	return s;
}
