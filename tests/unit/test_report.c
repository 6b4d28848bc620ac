/* What people see: the closing report, the diff, the lines of a run. */
#include <check.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/diff_walk.h"
#include "report/paint.h"
#include "report/report.h"
#include "report/table.h"
#include "util/str.h"

Suite *suite_report(void);

static void utf8(void)
{
	if (!setlocale(LC_CTYPE, "C.UTF-8"))
		ck_assert_ptr_nonnull(setlocale(LC_CTYPE, "en_US.UTF-8"));
}

static void ascii(void)
{
	setlocale(LC_CTYPE, "C");
}

/* A done run; strings are literals: never released. */
static struct result sample(void)
{
	static struct finding findings[2] = {
		{ .severity = SEVERITY_LOW, .title = (char *)"A comment is out of date",
		  .file = (char *)"src/parse.c", .line = 7, .suggestion = (char *)"Say what it does now",
		  .open = true },
		{ .severity = SEVERITY_HIGH, .title = (char *)"Reads one byte past the end",
		  .file = (char *)"src/parse.c", .line = 120, .cwe = (char *)"CWE-125", .open = false },
	};
	static char *fixed[] = { (char *)"test_comma", (char *)"test_empty" };
	struct result r = {
		.run = { "01JD00000000000000001A2B3C" }, .status = STATUS_DONE,
		.summary = (char *)"Accept trailing commas", .task = (char *)"fix it",
		.proof = PROOF_RED_GREEN, .gate_ran = true, .gate_command = (char *)"make check",
		.before = { true, 10, 2, 0, false }, .after = { true, 12, 0, 0, true }, .fixed = fixed, .n_fixed = 2,
		.findings = { findings, 2 }, .verdict = (char *)"approve",
		.branch = (char *)"council/00001a2b3c-fix-it", .base = (char *)"11111111",
		.head = (char *)"22222222", .files_changed = 3, .insertions = 24, .deletions = 6,
		.n_personas = 2, .cost_nano = 12300000, .budget_nano = 1000000000,
		.duration_us = 12400000, .recorded = true,
	};

	r.persona[0] = (struct persona_usage){ "pacer", (char *)"model-with-a-rather-long-name", 1, 1204,
					       0, 0, 310, 0, false, 2100000, 1200000, 0 };
	r.persona[1] = (struct persona_usage){ "builder", (char *)"model", 3, 12040, 2048, 0, 3100, 0,
					       true, 10100000, 11100000, 0 };
	return r;
}

static char *render(const struct result *r, int columns, bool color)
{
	struct buf out = BUF_INIT(1 << 20);
	struct report_style style = { .color = color, .columns = columns };

	ck_assert_int_eq(report_result(&out, r, &style), 0);
	return buf_steal(&out, NULL);
}

static void expect(const char *text, const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "lacks '%s':\n%s", part, text);
}

static const char *last_line(char *text)
{
	char *newline;

	text[strlen(text) - 1] = '\0';
	newline = strrchr(text, '\n');
	return newline ? newline + 1 : text;
}

START_TEST(test_closing_report)
{
	struct result r = sample();
	char *text;

	utf8();
	text = render(&r, 80, false);
	expect(text, "✔ done");
	expect(text, "red-green: 2 tests failed before and pass now");
	expect(text, "red 2 → green 0, tests untouched\n");
	expect(text, "make check");
	expect(text, "approve, 1 open finding, 1 settled");
	expect(text, "src/parse.c:7: A comment is out of date\n         Say what it does now");
	expect(text, "answers: recorded, not from a live model\n");
	expect(text, "~12,040");
	expect(text, "$0.0111");
	expect(text, "total");
	expect(text, "$0.0123 of $1.0000");
	/* the open finding stands before the settled one, whatever their severities */
	ck_assert(strstr(text, "A comment") < strstr(text, "Reads one byte"));
	ck_assert_str_eq(last_line(text), "apply    council apply 001A2B3C");
	free(text);
}
END_TEST

START_TEST(test_without_utf8_there_is_only_ascii)
{
	struct result r = sample();
	char *text;

	ascii();
	text = render(&r, 80, false);
	expect(text, "red 2 -> green 0, tests untouched\n");
	for (const char *p = text; *p; p++)
		ck_assert_int_lt((unsigned char)*p, 0x80);
	free(text);
}
END_TEST

START_TEST(test_gate_line_says_what_is_known)
{
	struct result r = sample();
	char *text;

	utf8();
	r.before = (struct test_counts){ 0 };
	r.after = (struct test_counts){ .green = true };
	r.n_fixed = 0;
	text = render(&r, 80, false);
	expect(text, "red → green, tests untouched\n");
	free(text);
	/* a build that failed before: no test did */
	r.proof = PROOF_GREEN_ONLY;
	text = render(&r, 80, false);
	expect(text, "red → green, tests untouched\n");
	free(text);
	r.status = STATUS_GATE;
	r.proof = PROOF_NONE;
	r.before = (struct test_counts){ true, 10, 2, 0, false };
	r.after = (struct test_counts){ true, 11, 1, 0, false };
	r.tests_touched = true;
	text = render(&r, 80, false);
	expect(text, "red 2 → red 1, tests changed\n");
	expect(text, "✘ not done: the gate fails");
	free(text);
	/* tests pass by name, and the command fails all the same */
	r.after = (struct test_counts){ true, 12, 0, 0, false };
	text = render(&r, 80, false);
	expect(text, "red 2 → red, tests changed\n");
	free(text);
	r.status = STATUS_NOTHING;
	r.proof = PROOF_GREEN_ONLY;
	r.before = r.after = (struct test_counts){ true, 12, 0, 0, true };
	text = render(&r, 80, false);
	expect(text, "green 0 → green 0, tests changed\n");
	free(text);
}
END_TEST

START_TEST(test_next_step_by_status)
{
	static const struct { enum status status; const char *next; } cases[] = {
		{ STATUS_DONE, "council apply 001A2B3C" },
		{ STATUS_GATE, "council run --continue 001A2B3C \"make the failing tests pass\"" },
		{ STATUS_REVIEW, "council run --continue 001A2B3C \"mend what the review found\"" },
		{ STATUS_BUDGET, "council resume 001A2B3C --budget 2" },
		{ STATUS_ENDPOINT, "council resume 001A2B3C" },
		{ STATUS_INTERRUPTED, "council resume 001A2B3C" },
		{ STATUS_TERMINATED, "council resume 001A2B3C" },
		{ STATUS_NOTHING, "" },
	};

	ascii();
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf out = BUF_INIT(4096);
		struct result r = sample();
		char *text;

		r.status = cases[i].status;
		r.proof = PROOF_NONE;
		ck_assert_int_eq(report_next_step(&out, &r), 0);
		ck_assert_str_eq(buf_str(&out), cases[i].next);
		text = render(&r, 80, false);
		if (*cases[i].next)
			ck_assert_ptr_nonnull(strstr(last_line(text), cases[i].next));
		free(text);
		buf_release(&out);
	}
}
END_TEST

START_TEST(test_a_raised_cap_is_plain_money)
{
	struct result r = sample();
	struct buf out = BUF_INIT(4096);

	r.status = STATUS_BUDGET;
	r.budget_nano = 50000000;
	ck_assert_int_eq(report_next_step(&out, &r), 0);
	ck_assert_str_eq(buf_str(&out), "council resume 001A2B3C --budget 0.15");
	buf_release(&out);
}
END_TEST

START_TEST(test_unknown_cost)
{
	struct result r = sample();
	char *text;

	utf8();
	r.persona[1].cost_nano = 0;
	r.persona[1].unknown_cost_calls = 3;
	r.cost_nano = 1200000;
	r.unknown_cost_calls = 3;
	text = render(&r, 100, false);
	expect(text, "  unknown\n");
	expect(text, "$0.0012 + unknown\n");
	ck_assert_ptr_null(strstr(text, "$0.0000"));
	free(text);
}
END_TEST

/* Every line but those of commands to copy stays within the width. */
START_TEST(test_narrow_terminals)
{
	static const int widths[] = { 20, 40, 60, 80, 200 };

	utf8();
	for (size_t i = 0; i < sizeof(widths) / sizeof(*widths); i++) {
		struct result r = sample();
		char *text = render(&r, widths[i], false);

		for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
			if (strstr(line, "council ") || strstr(line, "answers:") || strstr(line, "→") ||
			    strstr(line, "✔") || strstr(line, "budget"))
				continue;
			ck_assert_msg(text_width(line) <= (size_t)(widths[i] < 40 ? 40 : widths[i]),
				      "%d columns: '%s'", widths[i], line);
		}
		free(text);
	}
}
END_TEST

/* What models wrote reaches no terminal raw. */
static void expect_clean(const char *text)
{
	for (const char *p = text; *p; p++)
		ck_assert_msg((unsigned char)*p >= 0x20 || *p == '\n', "control character %d", *p);
}

START_TEST(test_hostile_text_is_cleaned)
{
	char bad[] = "x\x1b]0;owned\x07\x1b[2Jy\r\n\xe2\x80\xae z\x9b";
	struct finding f = { .severity = SEVERITY_HIGH, .title = bad, .file = bad, .line = 1, .cwe = bad,
			     .suggestion = bad, .detail = bad, .open = true };
	char *list[] = { bad, bad };
	struct result r = sample();
	struct buf md = BUF_INIT(1 << 20);
	char *text;

	utf8();
	r.summary = r.reason = r.gate_command = r.verdict = r.branch = bad;
	r.status = STATUS_REVIEW;
	r.findings.v = &f;
	r.findings.n = 1;
	r.fixed = r.broken = r.known_failures = list;
	r.n_fixed = r.n_broken = r.n_known_failures = 2;
	r.persona[0].model = bad;
	text = render(&r, 80, false);
	expect_clean(text);
	free(text);
	ck_assert_int_eq(report_markdown(&md, &r), 0);
	expect_clean(buf_str(&md));
	buf_release(&md);
}
END_TEST

START_TEST(test_colour_only_when_asked)
{
	struct result r = sample();
	char *plain = render(&r, 80, false), *colored = render(&r, 80, true);
	size_t o = 0;

	ck_assert_ptr_null(strchr(plain, '\x1b'));
	ck_assert_ptr_nonnull(strchr(colored, '\x1b'));
	/* colour adds sequences and changes nothing else */
	for (size_t i = 0; colored[i]; i++) {
		if (colored[i] == '\x1b')
			i += strcspn(colored + i, "m");
		else
			colored[o++] = colored[i];
	}
	colored[o] = '\0';
	ck_assert_str_eq(plain, colored);
	free(plain);
	free(colored);
}
END_TEST

START_TEST(test_markdown_escapes)
{
	struct result r = sample();
	struct buf out = BUF_INIT(1 << 20);

	r.summary = (char *)"<img src=x> | `code` & [link](x)";
	ck_assert_int_eq(report_markdown(&out, &r), 0);
	expect(buf_str(&out), "&lt;img src=x&gt; \\| \\`code\\` &amp; \\[link\\](x)");
	expect(buf_str(&out), "red 2 → green 0, tests untouched");
	expect(buf_str(&out), "| pacer | model-with-a-rather-long-name | 1 |");
	expect(buf_str(&out), "Next: `council apply 001A2B3C`");
	buf_release(&out);
}
END_TEST

static const char diff[] =
	"diff --git a/one.c b/one.c\nindex 1..2 100644\n--- a/one.c\n+++ b/one.c\n"
	"@@ -1,3 +1,3 @@ f(void)\n same\n--- a removed line of dashes\n+++ an added one\r\n more\x1b[31m\n"
	"\\ No newline at end of file\n"
	"diff --git a/b.bin b/b.bin\nBinary files a/b.bin and b/b.bin differ\n";

START_TEST(test_diff_walk_counts_lines)
{
	static const enum diff_line kinds[] = {
		DIFF_FILE, DIFF_META, DIFF_META, DIFF_META, DIFF_HUNK, DIFF_SAME, DIFF_REMOVED,
		DIFF_ADDED, DIFF_SAME, DIFF_OTHER, DIFF_FILE, DIFF_META,
	};
	struct diff_walk w;
	enum diff_line kind;
	const char *line;
	size_t len, n = 0;

	diff_walk_start(&w, diff, strlen(diff));
	while (diff_walk_next(&w, &kind, &line, &len)) {
		ck_assert_uint_lt(n, sizeof(kinds) / sizeof(*kinds));
		ck_assert_msg(kind == kinds[n], "line %zu: %.*s is %d", n, (int)len, line, kind);
		n++;
	}
	ck_assert_uint_eq(n, sizeof(kinds) / sizeof(*kinds));
}
END_TEST

START_TEST(test_diff_is_cleaned_and_coloured)
{
	struct buf out = BUF_INIT(1 << 16);

	ck_assert_int_eq(report_diff(&out, diff, strlen(diff), true), 0);
	expect(buf_str(&out), "\x1b[31m--- a removed line of dashes\x1b[m\n");
	expect(buf_str(&out), "\x1b[32m+++ an added one^M\x1b[m\n");
	expect(buf_str(&out), " more^[[31m\n");
	buf_clear(&out);
	ck_assert_int_eq(report_diff(&out, diff, strlen(diff), false), 0);
	ck_assert_ptr_null(strchr(buf_str(&out), '\x1b'));
	buf_release(&out);
}
END_TEST

START_TEST(test_diff_stat)
{
	struct buf out = BUF_INIT(1 << 16);

	ck_assert_int_eq(report_diff_stat(&out, diff, strlen(diff), 80, false), 0);
	ck_assert_str_eq(buf_str(&out), " one.c |     2 +-\n b.bin | binary\n 2 files, +1 -1\n");
	buf_release(&out);
}
END_TEST

START_TEST(test_odd_diffs_are_survived)
{
	static const char *const odd[] = { "", "\n", "@@ -", "@@ -1,99999999999999999999 +1 @@\n+x",
					   "diff --git ", "@@ -1 +1 @@\n\n\n", "@@ -x +y @@\n-a\n+b\n" };

	for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
		struct buf out = BUF_INIT(1 << 16);

		ck_assert_int_eq(report_diff(&out, odd[i], strlen(odd[i]), true), 0);
		ck_assert_int_eq(report_diff_stat(&out, odd[i], strlen(odd[i]), 20, true), 0);
		buf_release(&out);
	}
}
END_TEST

START_TEST(test_numbers)
{
	char out[64];

	format_count(0, out);
	ck_assert_str_eq(out, "0");
	format_count(999, out);
	ck_assert_str_eq(out, "999");
	format_count(-1234567, out);
	ck_assert_str_eq(out, "-1,234,567");
	format_duration(0, out);
	ck_assert_str_eq(out, "0 ms");
	format_duration(999499, out);
	ck_assert_str_eq(out, "999 ms");
	format_duration(999500, out);
	ck_assert_str_eq(out, "1.0 s");
	format_duration(59940000, out);
	ck_assert_str_eq(out, "59.9 s");
	format_duration(59960000, out);
	ck_assert_str_eq(out, "1 m 00 s");
	format_duration(3599600000, out);
	ck_assert_str_eq(out, "1 h 00 m");
	format_cost(0, 2, 2, out);
	ck_assert_str_eq(out, "unknown");
	format_cost(1500000, 2, 1, out);
	ck_assert_str_eq(out, "$0.0015 + unknown");
}
END_TEST

START_TEST(test_fit_and_wrap_count_columns)
{
	struct buf out = BUF_INIT(1 << 16);

	utf8();
	ck_assert_uint_eq(text_fit(&out, "日本語の文", 6), 5);
	ck_assert_str_eq(buf_str(&out), "日本…");
	buf_clear(&out);
	ck_assert_uint_eq(text_fit(&out, "a\n\nb\tc", 10), 5);
	ck_assert_str_eq(buf_str(&out), "a b c");
	buf_clear(&out);
	text_wrap(&out, "one two three", 2, 12);
	ck_assert_str_eq(buf_str(&out), "one two\n  three\n");
	buf_clear(&out);
	text_wrap(&out, NULL, 2, 12);
	ck_assert_str_eq(buf_str(&out), "\n");
	buf_release(&out);
}
END_TEST

/* ---- the sink ---- */

struct screen { FILE *stream; char *text; size_t len; struct terminal_sink *sink; uint64_t seq; };

static void screen_open(struct screen *s, const struct report_style *style)
{
	struct error err = { 0 };

	*s = (struct screen){ 0 };
	s->stream = open_memstream(&s->text, &s->len);
	s->sink = terminal_sink_new(s->stream, style, &err);
	ck_assert_ptr_nonnull(s->sink);
}

static void screen_event(struct screen *s, enum event_type type, const char *data)
{
	struct error err = { 0 };
	json *j = json_parse(data, strlen(data), &err);
	struct event e = { .type = type, .seq = ++s->seq, .run = "01JD00000000000000001A2B3C", .data = j };

	ck_assert_msg(j != NULL, "%s", err.message);
	terminal_event_sink.event(s->sink, &e);
	json_free(j);
}

static void screen_run(struct screen *s)
{
	screen_event(s, EVENT_RUN_STARTED, "{\"task\":\"fix\\nit\",\"base\":\"0123456789\","
		     "\"from\":\"main\",\"recorded\":true,\"resumed\":2,\"snapshot\":true,\"gate\":\"make check\",\"branch\":\"council/x\"}");
	screen_event(s, EVENT_STAGE_STARTED, "{\"stage\":\"plan\",\"persona\":\"pacer\",\"title\":\"T\"}");
	screen_event(s, EVENT_CALL_DELTA, "{\"persona\":\"pacer\",\"text\":\"hello\\u001b[2J\"}");
	screen_event(s, EVENT_CALL_COMPLETED, "{\"persona\":\"pacer\",\"model\":\"m\",\"outcome\":\"ok\","
		     "\"input\":1000,\"output\":5,\"cost_usd\":0.0012,\"latency_us\":1500000}");
	screen_event(s, EVENT_STAGE_COMPLETED, "{\"stage\":\"plan\",\"persona\":\"pacer\","
		     "\"outcome\":\"ok\",\"summary\":\"2 steps\",\"duration_us\":2100000}");
	screen_event(s, EVENT_EDIT_APPLIED, "{\"path\":\"a.c\",\"kind\":\"modify\"}");
	screen_event(s, EVENT_EDIT_REJECTED, "{\"path\":\"t.c\",\"reason\":\"protected\"}");
	screen_event(s, EVENT_GATE_COMPLETED, "{\"gate\":\"step\",\"green\":false,\"known\":true,"
		     "\"passed\":10,\"failed\":2,\"duration_us\":400000,\"newly_failing\":[\"x\"]}");
	screen_event(s, EVENT_FINDING, "{\"severity\":\"high\",\"file\":\"a.c\",\"line\":3,"
		     "\"title\":\"bad\\u001b\"}");
	screen_event(s, EVENT_BUDGET_WARNING, "{\"percent\":75,\"spent_usd\":0.75,\"cap_usd\":1}");
	screen_event(s, EVENT_RUN_COMPLETED, "{}");
}

static void screen_close(struct screen *s)
{
	terminal_event_sink.free(s->sink);
	fclose(s->stream);
}

START_TEST(test_plain_lines_one_an_event)
{
	struct report_style style = { .columns = 40 };
	struct screen s;

	utf8();
	screen_open(&s, &style);
	screen_run(&s);
	screen_close(&s);
	ck_assert_str_eq(s.text,
		"run      001A2B3C  fix it\n"
		"from     main at 01234567 with your uncommitted work, on branch council/x\n"
		"gate     make check\n"
		"answers: recorded, not from a live model\n"
		"resumed  2 recorded steps\n"
		"pacer    plan: 2 steps  2.1 s\n"
		"edit     t.c refused: protected\n"
		"gate     step: red, 10 passed, 2 failed, 1 passed before  400 ms\n"
		"high     a.c:3: bad\xef\xbf\xbd\n"
		"budget   75 % spent: $0.7500 of $1.0000\n");
	free(s.text);
}
END_TEST

START_TEST(test_quiet_says_nothing_and_verbose_more)
{
	struct report_style style = { .quiet = true };
	struct screen s;

	utf8();
	screen_open(&s, &style);
	screen_run(&s);
	screen_close(&s);
	ck_assert_str_eq(s.text, "");
	free(s.text);
	style = (struct report_style){ .verbose = true };
	screen_open(&s, &style);
	screen_run(&s);
	screen_close(&s);
	expect(s.text, "pacer    plan: T  …\n");
	expect(s.text, "hello\xef\xbf\xbd[2J\n");
	expect(s.text, "m: 1,000 tokens in, 5 out, $0.0012  1.5 s\n");
	expect(s.text, "edit     modify a.c\n");
	free(s.text);
}
END_TEST

/* Whatever the thread drew in between, each line begins on a cleared one, and
 * nothing is left behind at the end. */
START_TEST(test_live_line_is_cleared)
{
	struct report_style style = { .live = true, .columns = 40 };
	struct screen s;

	utf8();
	screen_open(&s, &style);
	screen_event(&s, EVENT_STAGE_STARTED, "{\"stage\":\"build\",\"persona\":\"builder\","
		     "\"title\":\"a title that is longer than forty columns can hold\"}");
	while (!memchr(s.text ? s.text : "", '\r', s.text ? s.len : 0)) {
		screen_event(&s, EVENT_CALL_STARTED, "{}");
		fflush(s.stream);
	}
	screen_event(&s, EVENT_STAGE_COMPLETED, "{\"stage\":\"build\",\"persona\":\"builder\","
		     "\"outcome\":\"ok\",\"summary\":\"S\",\"duration_us\":1000000}");
	screen_event(&s, EVENT_RUN_FAILED, "{}");
	screen_close(&s);
	expect(s.text, "\r\033[Kbuilder  build: S  1.0 s\n");
	ck_assert_int_eq(s.text[s.len - 1], '\n');
	free(s.text);
}
END_TEST

Suite *suite_report(void)
{
	Suite *s = suite_create("report");
	TCase *t = tcase_create("report");

	tcase_add_test(t, test_closing_report);
	tcase_add_test(t, test_without_utf8_there_is_only_ascii);
	tcase_add_test(t, test_gate_line_says_what_is_known);
	tcase_add_test(t, test_next_step_by_status);
	tcase_add_test(t, test_a_raised_cap_is_plain_money);
	tcase_add_test(t, test_unknown_cost);
	tcase_add_test(t, test_narrow_terminals);
	tcase_add_test(t, test_hostile_text_is_cleaned);
	tcase_add_test(t, test_colour_only_when_asked);
	tcase_add_test(t, test_markdown_escapes);
	tcase_add_test(t, test_diff_walk_counts_lines);
	tcase_add_test(t, test_diff_is_cleaned_and_coloured);
	tcase_add_test(t, test_diff_stat);
	tcase_add_test(t, test_odd_diffs_are_survived);
	tcase_add_test(t, test_numbers);
	tcase_add_test(t, test_fit_and_wrap_count_columns);
	tcase_add_test(t, test_plain_lines_one_an_event);
	tcase_add_test(t, test_quiet_says_nothing_and_verbose_more);
	tcase_add_test(t, test_live_line_is_cleared);
	suite_add_tcase(s, t);
	return s;
}
