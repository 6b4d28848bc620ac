/* Personas and prompts: the built-in ones, those laid over them, and faults. */
#include "config/persona.h"

#include "config/persona_file.h"
#include "config/trust.h"
#include "config_fixture.h"
#include "suites.h"
#include "util/json.h"

static struct config_fixture fx;
static struct settings *s;

static void setup(void)
{
	fixture_setup(&fx);
}

static void teardown(void)
{
	settings_free(s);
	s = NULL;
	fixture_teardown(&fx);
}

static void load_settings(void)
{
	struct error err = { 0 };

	settings_free(s);
	s = NULL;
	ck_assert_msg(settings_load(fx.repo, NULL, &s, NULL, &err) == 0, "%s", err.message);
}

static struct persona load(const char *name)
{
	struct persona p = { 0 };
	struct error err = { 0 };

	ck_assert_msg(persona_load(s, name, &p, &err) == 0, "%s", err.message);
	return p;
}

START_TEST(test_built_in)
{
	const char *name = persona_names()[_i];
	struct persona p;

	load_settings();
	p = load(name);
	ck_assert_str_eq(p.name, name);
	ck_assert(*p.role);
	char *first = str_printf("You are %c%s", name[0] - 32, name + 1);
	ck_assert_msg(str_starts(p.system, first), "%s", p.system);
	ck_assert(p.temperature >= 0);
	ck_assert_ptr_null(p.model); /* which model it is, is for the settings to say */
	free(first);
	persona_release(&p);
}
END_TEST

START_TEST(test_order_of_files)
{
	struct error err = { 0 };
	struct persona p;

	fixture_write(&fx, ".config/council/personas/builder.md",
		      "---\nrole: mine\nmodel: [cheap, strong]\ntemperature: 1.5\nmax_tokens: 77\n---\nUser's.\n");
	fixture_write(&fx, "repo/.council/personas/builder.md", "Repository's.\n");
	load_settings();
	p = load("builder");
	ck_assert_str_eq(p.system, "User's.");
	ck_assert_str_eq(p.role, "mine");
	ck_assert_str_eq(p.model, "cheap");
	ck_assert_double_eq(p.temperature, 1.5);
	ck_assert_int_eq(p.max_tokens, 77);
	ck_assert(str_ends(p.origin, "/.config/council/personas/builder.md"));
	persona_release(&p);
	ck_assert_int_eq(trust_grant(fx.repo, &err), 0);
	load_settings();
	p = load("builder");
	ck_assert_str_eq(p.system, "Repository's.");
	ck_assert(p.temperature < 0);
	persona_release(&p);
}
END_TEST

START_TEST(test_settings_over_front_matter)
{
	const struct deployment *d;
	const char *model;
	struct error err = { 0 };
	struct persona p;

	fixture_write(&fx, ".config/council/personas/pacer.md", "---\nmodel: front\n---\nX\n");
	fixture_write(&fx, ".config/council/personas/maven.md", "---\nmodel: front\n---\nX\n");
	fixture_write(&fx, ".config/council/config.yaml", "endpoint: http://e/v1\n"
		      "personas: {pacer: {model: own, temperature: 0.7, max_tokens: 5}}\n");
	load_settings();
	p = load("pacer");
	ck_assert_str_eq(p.model, "own");
	ck_assert_double_eq(p.temperature, 0.7);
	ck_assert_int_eq(p.max_tokens, 5);
	persona_release(&p);
	ck_assert_int_eq(settings_persona_model(s, "pacer", &d, &model, &err), 0);
	ck_assert_str_eq(model, "own");
	ck_assert_int_eq(settings_persona_model(s, "maven", &d, &model, &err), 0);
	ck_assert_str_eq(model, "front");
}
END_TEST

START_TEST(test_unknown_name)
{
	struct persona p;
	struct error err = { 0 };

	load_settings();
	ck_assert_int_eq(persona_load(s, "bulider", &p, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_ptr_nonnull(strstr(err.message, "did you mean builder"));
	ck_assert_int_eq(persona_load(s, "../../etc/passwd", &p, &err), -1);
}
END_TEST

static const struct { const char *text, *part; } bad[] = {
	{ "---\ntemprature: 1\n---\nX", "p.md:2:1: unknown key temprature, did you mean temperature" },
	{ "---\ntemperature: hot\n---\nX", "p.md:2:14: temperature" },
	{ "---\ntemperature: 3\n---\nX", "from 0 to 2" },
	{ "---\nmax_tokens: -1\n---\nX", "max_tokens" },
	{ "---\nmodel: {a: b}\n---\nX", "model: a name" },
	{ "---\nrole: [x]\n---\nX", "role: one line" },
	{ "---\n- x\n---\nX", "must be a map" },
	{ "---\nrole: x\n---\n \n\t\n", "no system prompt" },
	{ "", "no system prompt" },
	{ "caf\xe9", "not UTF-8" },
};

START_TEST(test_bad_file)
{
	struct persona p;
	struct error err = { 0 };

	ck_assert_int_eq(persona_parse(bad[_i].text, strlen(bad[_i].text), "p.md", &p, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(strstr(err.message, bad[_i].part) != NULL, "%s", err.message);
}
END_TEST

/* ---- prompts ---- */

static const struct { const char *name; const char *keys[8]; } prompts[] = {
	{ "plan", { "task", "context", "gate" } },
	{ "context", { "task", "step", "files" } },
	{ "build", { "task", "plan", "step", "context", "gate", "protected" } },
	{ "repair", { "reason" } },
	{ "review", { "task", "plan", "diff", "gate", "context" } },
	{ "revise", { "task", "findings", "context", "protected" } },
	{ "refine", { "task", "diff", "findings", "context", "protected" } },
	{ "again", { "error" } },
};

START_TEST(test_prompts)
{
	const char *values[20] = { NULL };
	struct error err = { 0 };
	CLEANUP_FREE char *text = NULL;
	size_t n = 0;

	for (; prompts[_i].keys[n]; n++) {
		values[2 * n] = prompts[_i].keys[n];
		values[2 * n + 1] = "VALUE {{task}} {{nothing}}"; /* not expanded again */
	}
	load_settings();
	ck_assert_msg(prompt_render(s, prompts[_i].name, values, &text, &err) == 0, "%s", err.message);
	size_t seen = 0;
	for (const char *p = text; (p = strstr(p, "VALUE {{task}} {{nothing}}")); p++)
		seen++;
	ck_assert_uint_eq(seen, n);
	/* what comes from the repository stands behind a line that says what it is */
	const char *data = strstr(text, "VALUE"), *marker = strstr(text, "an instruction to you");
	if (n > 1)
		ck_assert(marker && marker < strstr(data + 1, "VALUE"));
}
END_TEST

START_TEST(test_fill)
{
	const char *values[] = { "a", "1", "b", "{{a}}", NULL }, *few[] = { "a", "1", NULL };
	static const char text[] = "{{a}}{{{b}}} {{ a }} {x} {{}} {{A}} {{a";
	struct error err = { 0 };
	CLEANUP_FREE char *out = NULL;

	ck_assert_int_eq(prompt_fill(text, sizeof(text) - 1, "p.md", values, &out, &err), 0);
	ck_assert_str_eq(out, "1{{{a}}} {{ a }} {x} {{}} {{A}} {{a");
	free(STEAL(out));
	ck_assert_int_eq(prompt_fill("{{a}} {{c}}", 11, "p.md", few, &out, &err), -1);
	ck_assert_str_eq(err.message, "p.md: {{c}} is no placeholder of this prompt");
	ck_assert_int_eq(prompt_fill("{{a}}", 5, "p.md", values, &out, &err), -1);
	ck_assert_str_eq(err.message, "p.md: the placeholder {{b}} is missing");
	ck_assert_ptr_null(out);
}
END_TEST

START_TEST(test_prompt_override)
{
	const char *values[] = { "error", "E", NULL };
	struct error err = { 0 };
	CLEANUP_FREE char *text = NULL;

	fixture_write(&fx, "repo/.council/prompts/again.md", "Repository {{error}}");
	load_settings();
	ck_assert_int_eq(prompt_render(s, "again", values, &text, &err), 0);
	ck_assert_ptr_null(strstr(text, "Repository"));
	free(STEAL(text));
	ck_assert_int_eq(trust_grant(fx.repo, &err), 0);
	load_settings();
	ck_assert_int_eq(prompt_render(s, "again", values, &text, &err), 0);
	ck_assert_str_eq(text, "Repository E");
}
END_TEST

/* What endpoints with strict schemas ask for: every object closed, every property required. */
static void strict(const json *j)
{
	if (json_get(j, "properties") && json_is_object(json_get(j, "properties"))) {
		const json *required = json_get(j, "required");
		ck_assert(!json_get_bool(j, "additionalProperties", true));
		ck_assert_uint_eq(json_len(required), json_len(json_get(j, "properties")));
	}
	for (const json *it = json_first(j); it; it = json_next(it))
		if (json_is_object(it) || json_is_array(it))
			strict(it);
}

START_TEST(test_schemas)
{
	static const char *const names[] = { "plan", "context", "review" };
	CLEANUP_FREE char *relative = str_printf("prompts/%s.schema.json", names[_i]);
	CLEANUP_FREE char *path = NULL;
	struct error err = { 0 };

	ck_assert_msg(data_path(relative, &path, &err) == 0, "%s", err.message);
	CLEANUP_JSON json *j = json_parse_file(path, 1 << 16, &err);
	ck_assert_msg(j != NULL, "%s", err.message);
	strict(j);
}
END_TEST

START_TEST(test_data_path)
{
	CLEANUP_FREE char *path = NULL;
	struct error err = { 0 };

	setenv("COUNCIL_DATA_DIR", "/nonexistent", 1);
	ck_assert_int_eq(data_path("personas", &path, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.message, "/nonexistent/personas is missing"));
}
END_TEST

Suite *suite_persona(void)
{
	Suite *suite = suite_create("persona");
	TCase *t = tcase_create("persona");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(t, test_built_in, 0, 5);
	tcase_add_test(t, test_order_of_files);
	tcase_add_test(t, test_settings_over_front_matter);
	tcase_add_test(t, test_unknown_name);
	tcase_add_loop_test(t, test_bad_file, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(t, test_prompts, 0, sizeof(prompts) / sizeof(prompts[0]));
	tcase_add_test(t, test_fill);
	tcase_add_test(t, test_prompt_override);
	tcase_add_loop_test(t, test_schemas, 0, 3);
	tcase_add_test(t, test_data_path);
	suite_add_tcase(suite, t);
	return suite;
}
