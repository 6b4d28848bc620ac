/* Options: parsing, overrides, words and help, from one table. */
#include <check.h>
#include <string.h>

#include "cli/options.h"

Suite *suite_options(void);

static const struct option_def command[] = {
	{ "budget", 'b', OPTION_VALUE, "USD", "cap for the run", SET_BUDGET, 0 },
	{ "tag", 0, OPTION_LIST, "K=V", "tag the run", SET_TAGS, 0 },
	{ "model", 'm', OPTION_LIST, "PERSONA=NAME", "model of a persona", NO_SETTING, 0 },
	{ "require-proof", 0, OPTION_FLAG, NULL, "red-green or nothing", SET_REQUIRE_PROOF, OPTION_NEGATABLE },
	{ "no-gate", 0, OPTION_FLAG, NULL, "no tests", SET_NO_GATE, 0 },
	{ "secret", 0, OPTION_FLAG, NULL, "not shown", NO_SETTING, OPTION_HIDDEN },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};
static const struct option_def global[] = {
	{ "quiet", 'q', OPTION_FLAG, NULL, "less", NO_SETTING, 0 },
	{ "verbose", 'v', OPTION_FLAG, NULL, "more", NO_SETTING, 0 },
	{ "config", 0, OPTION_VALUE, "FILE", "settings", NO_SETTING, 0 },
	{ "color", 0, OPTION_VALUE, "auto|always|never", "colours", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

/* argv ends with NULL; argv[0] is the command's name. */
static int parse(const char *const *argv, struct options *o, struct error *err)
{
	int argc = 0;

	while (argv[argc])
		argc++;
	return options_parse(argc, (char *const *)argv, command, global, o, err);
}
#define ARGV(...) ((const char *const[]){ "run", __VA_ARGS__, NULL })

static void expect_error(const char *const *argv, const char *part)
{
	struct options o = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(parse(argv, &o, &err), -1);
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(strstr(err.message, part), "'%s' lacks '%s'", err.message, part);
	options_release(&o);
}

START_TEST(test_every_way_to_write_a_value)
{
	const char *const *const forms[] = {
		ARGV("--budget", "0.5"), ARGV("--budget=0.5"), ARGV("-b0.5"), ARGV("-b", "0.5"),
		ARGV("-qb", "0.5"), ARGV("-qb0.5"), ARGV("--budget", "9", "--budget=0.5"),
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		struct options o = { 0 };
		struct error err = { 0 };

		ck_assert_msg(parse(forms[i], &o, &err) == 0, "%zu: %s", i, err.message);
		ck_assert_str_eq(option_value(&o, "budget"), "0.5");
		ck_assert_uint_eq(o.operands.n, 0);
		options_release(&o);
	}
}
END_TEST

START_TEST(test_operands_mix_and_two_dashes_end)
{
	struct options o = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(parse(ARGV("one", "-q", "-", "--", "--budget", "-x"), &o, &err), 0);
	ck_assert(option_flag(&o, "quiet"));
	ck_assert(!option_flag(&o, "verbose"));
	ck_assert_uint_eq(o.operands.n, 4);
	ck_assert_str_eq(o.operands.v[0], "one");
	ck_assert_str_eq(o.operands.v[1], "-");
	ck_assert_str_eq(o.operands.v[2], "--budget");
	ck_assert_str_eq(o.operands.v[3], "-x");
	ck_assert_ptr_null(option_value(&o, "budget"));
	options_release(&o);
}
END_TEST

START_TEST(test_flags_and_their_negation)
{
	struct options o = { 0 };
	struct error err = { 0 };

	ck_assert_int_eq(parse(ARGV("--require-proof", "--no-require-proof", "--no-gate"), &o, &err), 0);
	ck_assert(!option_flag(&o, "require-proof"));
	ck_assert_str_eq(option_value(&o, "require-proof"), "0");
	ck_assert(option_flag(&o, "no-gate"));
	options_release(&o);
	expect_error(ARGV("--no-quiet"), "--no-quiet");
	expect_error(ARGV("--quiet=yes"), "takes no value");
}
END_TEST

START_TEST(test_errors_name_the_nearest)
{
	expect_error(ARGV("--bugdet", "1"), "did you mean --budget?");
	expect_error(ARGV("--no-require-prof"), "did you mean --no-require-proof?");
	expect_error(ARGV("--zzzzzzzzzz"), "unknown option --zzzzzzzzzz");
	expect_error(ARGV("-z"), "unknown option -z");
	expect_error(ARGV("--budget"), "--budget needs a value");
	expect_error(ARGV("-b"), "--budget needs a value");
	expect_error(ARGV("--color", "blue"), "auto|always|never");
	expect_error(ARGV("--secre"), "unknown option --secre");
}
END_TEST

START_TEST(test_overrides_reach_the_settings)
{
	struct options o = { 0 };
	struct error err = { 0 };
	struct settings_overrides given = { 0 };
	struct strv tags = { 0 };

	ck_assert_int_eq(parse(ARGV("--tag", "a=1,2", "--tag=b=3", "--no-require-proof", "--budget",
				    "none", "-m", "all=x", "--model=builder=y", "--config", "c.yaml"),
			       &o, &err), 0);
	options_overrides(&o, command, global, &given);
	ck_assert_str_eq(given.value[SET_TAGS], "a=1,2\nb=3\n");
	ck_assert_str_eq(given.value[SET_REQUIRE_PROOF], "false");
	ck_assert_str_eq(given.value[SET_BUDGET], "none");
	ck_assert_ptr_null(given.value[SET_NO_GATE]);
	ck_assert_str_eq(given.config, "c.yaml");
	ck_assert_str_eq(given.models[0], "all=x");
	ck_assert_str_eq(given.models[1], "builder=y");
	ck_assert_ptr_null(given.models[2]);
	ck_assert_int_eq(option_all(&o, "tag", &tags), 0);
	ck_assert_uint_eq(tags.n, 2);
	strv_release(&tags);
	options_release(&o);
}
END_TEST

START_TEST(test_leading_options_stop_at_the_command)
{
	static const char *const argv[] = { "council", "-q", "--config", "f", "run", "-b", "1", NULL };
	struct options o = { 0 };
	struct error err = { 0 };
	int at = 0;

	ck_assert_int_eq(options_parse_leading(7, (char *const *)argv, global, &o, &at, &err), 0);
	ck_assert_int_eq(at, 4);
	ck_assert(option_flag(&o, "quiet"));
	ck_assert_int_eq(options_parse(7 - at, (char *const *)argv + at, command, global, &o, &err), 0);
	ck_assert(option_flag(&o, "quiet"));
	ck_assert_str_eq(option_value(&o, "budget"), "1");
	options_release(&o);
	ck_assert_int_eq(options_parse_leading(1, (char *const *)argv, global, &o, &at, &err), 0);
	ck_assert_int_eq(at, 1);
	options_release(&o);
}
END_TEST

START_TEST(test_words)
{
	struct strv words = { 0 };

	ck_assert_uint_eq(option_words("bash|zsh|fish", &words), 3);
	ck_assert_str_eq(words.v[2], "fish");
	strv_release(&words);
	ck_assert_uint_eq(option_words("FILE", &words), 0);
	ck_assert_uint_eq(option_words("USD|none", &words), 0);
	ck_assert_uint_eq(words.n, 0);
	ck_assert_uint_eq(option_words(NULL, NULL), 0);
}
END_TEST

START_TEST(test_help_fits)
{
	struct buf out = BUF_INIT(1 << 16);

	ck_assert_int_eq(options_help(&out, command), 0);
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "  -b, --budget USD"));
	ck_assert_ptr_nonnull(strstr(buf_str(&out), "      --[no-]require-proof"));
	ck_assert_ptr_null(strstr(buf_str(&out), "secret"));
	for (char *line = strtok(out.data, "\n"); line; line = strtok(NULL, "\n"))
		ck_assert_uint_le(text_width(line), 80);
	buf_release(&out);
}
END_TEST

Suite *suite_options(void)
{
	Suite *s = suite_create("options");
	TCase *t = tcase_create("options");

	tcase_add_test(t, test_every_way_to_write_a_value);
	tcase_add_test(t, test_operands_mix_and_two_dashes_end);
	tcase_add_test(t, test_flags_and_their_negation);
	tcase_add_test(t, test_errors_name_the_nearest);
	tcase_add_test(t, test_overrides_reach_the_settings);
	tcase_add_test(t, test_leading_options_stop_at_the_command);
	tcase_add_test(t, test_words);
	tcase_add_test(t, test_help_fits);
	suite_add_tcase(s, t);
	return s;
}
