/* model_list as it is written for LiteLLM. */
#include "config/settings.h"

#include "config_fixture.h"
#include "suites.h"

static struct config_fixture fx;
static struct strv warnings;
static struct settings *s;

static void setup(void)
{
	static const char *const names[] = { "TEST_PACER_KEY", "TEST_PACER_BASE", "TEST_TEAM", NULL };

	fixture_setup(&fx);
	for (size_t i = 0; names[i]; i++)
		unsetenv(names[i]);
}

static void teardown(void)
{
	settings_free(s);
	s = NULL;
	strv_release(&warnings);
	fixture_teardown(&fx);
}

static int load(const char *config, struct error *err)
{
	struct settings_overrides o = { .config = config };

	settings_free(s);
	s = NULL;
	strv_release(&warnings);
	return settings_load(NULL, &o, &s, &warnings, err);
}

static size_t load_sample(const struct deployment **ret)
{
	CLEANUP_FREE char *path = fixture_source("tests/data/settings/litellm_config.yaml");
	struct error err = { 0 };

	ck_assert_msg(load(path, &err) == 0, "%s", err.message);
	return settings_deployments(s, ret);
}

static int load_text(const char *text, struct error *err)
{
	char *path = path_join(fx.root, "list.yaml");
	int rc;

	fixture_write(&fx, "list.yaml", text);
	rc = load(path, err);
	free(path);
	return rc;
}

START_TEST(test_sample)
{
	const struct deployment *d;

	setenv("TEST_PACER_KEY", "secret", 1);
	setenv("TEST_PACER_BASE", "https://models.example/score", 1);
	setenv("TEST_TEAM", "core", 1);
	ck_assert_uint_eq(load_sample(&d), 5);
	ck_assert_msg(warnings.n == 0, "%s", warnings.n ? warnings.v[0] : "");
	ck_assert_str_eq(d[0].model_name, "pacer-small-7b");
	ck_assert_str_eq(d[0].model, "azure/pacer-small-7b-ep");
	ck_assert_str_eq(d[0].api_key, "secret");
	ck_assert_str_eq(d[0].api_key_env, "TEST_PACER_KEY");
	ck_assert_str_eq(d[0].api_base, "https://models.example/score");
	ck_assert_str_eq(json_get_string(d[0].extra, "api_version"), "2024-10-21");
	ck_assert_ptr_null(d[0].params);
	ck_assert_int_eq(d[0].line, 3);
	ck_assert(str_ends(d[0].origin, "litellm_config.yaml"));
	ck_assert_double_eq(json_get_double(d[1].params, "temperature", 0), 0.3);
	ck_assert_int_eq(json_get_i64(d[1].params, "max_tokens", 0), 4096);
	ck_assert_str_eq(json_string(json_path(d[1].params, "extra_headers.X-Team")), "core");
	ck_assert_uint_eq(json_len(d[1].params), 3);
	ck_assert_int_eq(json_get_i64(d[1].extra, "rpm", 0), 60);
	ck_assert_double_eq(d[1].timeout_s, 120);
	/* prices keep every digit: they stay text */
	ck_assert_str_eq(json_get_string(d[1].info, "input_cost_per_token"), "0.00000015");
	ck_assert_str_eq(json_get_string(d[1].info, "output_cost_per_token"), "6e-7");
	ck_assert_int_eq(json_get_i64(d[1].info, "max_input_tokens", 0), 32768);
	ck_assert_ptr_null(d[1].missing_env);
	ck_assert_str_eq(d[2].model_name, "builder");
	ck_assert_str_eq(d[2].api_base, "http://127.0.0.1:8002/v1");
}
END_TEST

/* A variable that is not set is no error until the deployment is needed. */
START_TEST(test_missing_variable)
{
	const struct deployment *d, *used;
	const char *model;
	struct error err = { 0 };

	load_sample(&d);
	ck_assert_ptr_null(d[0].api_key);
	ck_assert_str_eq(d[0].api_key_env, "TEST_PACER_KEY");
	ck_assert_str_eq(d[0].missing_env, "TEST_PACER_BASE");
	ck_assert_int_eq(settings_persona_model(s, "pacer", &used, &model, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "TEST_PACER_BASE"));
	ck_assert_int_eq(settings_persona_model(s, "guardian", &used, &model, &err), 0);
	ck_assert_str_eq(model, "meta/llama-3");
}
END_TEST

START_TEST(test_provider_key)
{
	const struct deployment *d;
	struct error err = { 0 };

	setenv("OPENROUTER_API_KEY", "or", 1);
	ck_assert_int_eq(load_text("model_list:\n"
		"- {model_name: a, litellm_params: {model: openrouter/x/y}}\n"
		"- {model_name: b, litellm_params: {model: ollama/z}}\n", &err), 0);
	ck_assert_uint_eq(settings_deployments(s, &d), 2);
	ck_assert_str_eq(d[0].api_key_env, "OPENROUTER_API_KEY");
	ck_assert_str_eq(d[0].api_key, "or");
	ck_assert_ptr_null(d[1].api_key_env);
	unsetenv("OPENROUTER_API_KEY");
}
END_TEST

START_TEST(test_split)
{
	char provider[32];

	ck_assert_str_eq(model_split("azure/ep/x", provider), "ep/x");
	ck_assert_str_eq(provider, "azure");
	ck_assert_str_eq(model_split("meta-llama/Llama-3", provider), "meta-llama/Llama-3");
	ck_assert_str_eq(provider, "openai");
	ck_assert_str_eq(model_split("gpt", provider), "gpt");
	ck_assert_str_eq(model_split("/gpt", provider), "/gpt");
	ck_assert_ptr_null(model_split(NULL, provider));
}
END_TEST

START_TEST(test_layers)
{
	const struct deployment *d;
	struct error err = { 0 };

	fixture_write(&fx, "etc/config.yaml", "model_list:\n"
		"- {model_name: a, litellm_params: {model: weak}}\n"
		"- {model_name: b, litellm_params: {model: weak}}\n");
	ck_assert_int_eq(load_text("model_list:\n- {model_name: a, litellm_params: {model: strong}}\n",
				   &err), 0);
	ck_assert_uint_eq(settings_deployments(s, &d), 2);
	ck_assert_str_eq(d[0].model, "strong");
	ck_assert_str_eq(d[1].model_name, "b");
}
END_TEST

START_TEST(test_near_keys)
{
	struct error err = { 0 };

	ck_assert_int_eq(load_text("model_list:\n"
		"- model_name: a\n"
		"  litellm_params: {model: m, api_bsae: x, my_sampler: 3}\n"
		"  modelinfo: {}\n", &err), 0);
	ck_assert_uint_eq(warnings.n, 2);
	ck_assert_ptr_nonnull(strstr(warnings.v[0], ":3:30: unknown key api_bsae, did you mean api_base"));
	ck_assert_ptr_nonnull(strstr(warnings.v[1], ":4:3: unknown key modelinfo"));
}
END_TEST

static const struct { const char *text, *part; } bad[] = {
	{ "model_list: {a: b}", ":1:13: model_list: a list" },
	{ "model_list: [7]", "an entry is a map" },
	{ "model_list: [{litellm_params: {model: x}}]", "model_name: a text" },
	{ "model_list: [{model_name: a}]", "a has no litellm_params" },
	{ "model_list: [{model_name: a, litellm_params: {api_base: x}}]", "has no litellm_params.model" },
	{ "model_list: [{model_name: a, litellm_params: [x]}]", "litellm_params: a map" },
	{ "model_list: [{model_name: a, litellm_params: {model: [x]}}]", "model: a text" },
	{ "model_list: [{model_name: a, litellm_params: {model: x, timeout: soon}}]", "timeout: a number" },
	{ "model_list: [{model_name: a, litellm_params: {model: x}, model_info: 3}]", "model_info: a map" },
};

START_TEST(test_bad)
{
	struct error err = { 0 };

	ck_assert_int_eq(load_text(bad[_i].text, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(strstr(err.message, bad[_i].part) && strstr(err.message, "list.yaml:1:"), "%s",
		      err.message);
}
END_TEST

Suite *suite_deployments(void)
{
	Suite *suite = suite_create("deployments");
	TCase *t = tcase_create("deployments");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, test_sample);
	tcase_add_test(t, test_missing_variable);
	tcase_add_test(t, test_provider_key);
	tcase_add_test(t, test_split);
	tcase_add_test(t, test_layers);
	tcase_add_test(t, test_near_keys);
	tcase_add_loop_test(t, test_bad, 0, sizeof(bad) / sizeof(bad[0]));
	suite_add_tcase(suite, t);
	return suite;
}
