/* Automake's parallel test harness. "FAIL: name" is a result, unless it is a
 * heading of test-suite.log, with a rule of '=' as long as itself below it: one
 * line is held back. The frame of the summary may follow the last result as well. */
#include "run/test_parse.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* Files the result that was held back; a heading is dropped. */
void finish_automake(struct test_parser *p, bool ruled)
{
	if (p->automake.held[0] && !ruled)
		test_found(p, FORMAT_AUTOMAKE, p->automake.held, strlen(p->automake.held),
			   p->automake.held_status, false);
	p->automake.held[0] = '\0';
}

/* "lib.t 2 - writes # TODO x" becomes "lib.t: writes": numbers shift. */
static void hold(struct test_parser *p, const char *s, int status, bool error)
{
	char *out = p->automake.held;
	const char *dash = strstr(s, " - "), *number;
	size_t len = strlen(s), program, i;

	for (i = 1; i + 5 < len; i++)
		if (s[i] == '#' && s[i - 1] == ' ' &&
		    (!strncasecmp(s + i, "# skip", 6) || !strncasecmp(s + i, "# todo", 6)))
			len = i - 1;
	if (error && dash)
		len = (size_t)(dash - s);
	p->automake.held_status = status;
	copy_name(out, s, len);
	if (error || !dash || (size_t)(dash - s) >= len)
		return;
	for (number = dash; number > s && isdigit((unsigned char)number[-1]); number--)
		;
	if (number == dash || number == s || number[-1] != ' ')
		return;
	program = (size_t)(number - 1 - s);
	if (program + 2 >= TEST_NAME_LEN)
		return;
	memcpy(out + program, ": ", 2);
	len -= (size_t)(dash + 3 - s);
	if (len > TEST_NAME_LEN - program - 3)
		len = TEST_NAME_LEN - program - 3;
	memcpy(out + program + 2, dash + 3, len);
	out[program + 2 + len] = '\0';
}

static bool result(struct test_parser *p, const char *s)
{
	static const struct { const char *word; int status; } words[] = {
		{ "PASS: ", TEST_PASSED }, { "FAIL: ", TEST_FAILED }, { "XPASS: ", TEST_FAILED },
		{ "ERROR: ", TEST_FAILED }, { "SKIP: ", TEST_SKIPPED }, { "XFAIL: ", TEST_SKIPPED },
	};
	size_t i;

	if (!strchr("PFXES", s[0]))
		return false;
	for (i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (take_word(&s, words[i].word)) {
			if (*s && *s != ' ')
				hold(p, s, words[i].status, words[i].word[0] == 'E');
			return true;
		}
	return false;
}

/* The lines under "Testsuite summary for": "# PASS:  2". */
static bool total(struct test_parser *p, const char *s)
{
	long n;
	size_t name;

	if (!take_word(&s, "# "))
		return false;
	name = strcspn(s, ":");
	if (!s[name])
		return false;
	const char *number = s + name + 1 + indent_of(s + name + 1);

	if (!take_number(&number, &n))
		return false;
	if (!strncmp(s, "PASS:", 5))
		test_counted(p, FORMAT_AUTOMAKE, n, 0, 0);
	else if (!strncmp(s, "SKIP:", 5) || !strncmp(s, "XFAIL:", 6))
		test_counted(p, FORMAT_AUTOMAKE, 0, 0, n);
	else if (strncmp(s, "TOTAL:", 6))
		test_counted(p, FORMAT_AUTOMAKE, 0, n, 0);
	if (!strncmp(s, "ERROR:", 6))
		p->automake.in_totals = false;
	return true;
}

bool parse_automake(struct test_parser *p, const char *s, size_t len)
{
	if (p->automake.held[0])
		finish_automake(p, p->inside[FORMAT_AUTOMAKE] && len == p->previous_len &&
				   strspn(s, "=") == len);
	if (!len)
		return false;
	if (!strncmp(s, ".. contents:: :depth: ", 22)) {
		p->inside[FORMAT_AUTOMAKE] = true;
		return true;
	}
	if (!strncmp(s, "Testsuite summary for ", 22)) {
		p->inside[FORMAT_AUTOMAKE] = false;
		p->automake.in_totals = true;
		return true;
	}
	if (p->automake.in_totals && s[0] == '#')
		return total(p, s);
	return result(p, s);
}
