/* JUnit's XML, wherever it stands in the output: a scanner of tags that keeps
 * its place between lines. Not an XML parser: what it does not know it skips. */
#include "run/test_parse.h"

#include <ctype.h>
#include <string.h>

#include "util/str.h"

static const struct { const char *entity; char c; } entities[] = {
	{ "&lt;", '<' }, { "&gt;", '>' }, { "&amp;", '&' }, { "&quot;", '"' }, { "&apos;", '\'' },
};

/* The value of attribute `name` in a tag, entities resolved; "" when absent. */
static void attribute(const char *tag, const char *name, char out[TEST_NAME_LEN])
{
	size_t len = strlen(name), n = 0, i;
	const char *at = tag;
	char quote;

	out[0] = '\0';
	for (;;) {
		at = strstr(at, name);
		if (!at)
			return;
		if (at > tag && isspace((unsigned char)at[-1]) && at[len] == '=' &&
		    (at[len + 1] == '"' || at[len + 1] == '\''))
			break;
		at += len;
	}
	quote = at[len + 1];
	for (at += len + 2; *at && *at != quote && n < TEST_NAME_LEN - 1; n++) {
		for (i = 0; i < sizeof(entities) / sizeof(*entities); i++)
			if (take_word(&at, entities[i].entity))
				break;
		out[n] = i < sizeof(entities) / sizeof(*entities) ? entities[i].c : *at++;
	}
	out[n] = '\0';
}

static bool is_tag(const char *tag, const char *name)
{
	size_t len = strlen(name);

	return !strncmp(tag, name, len) && (!tag[len] || isspace((unsigned char)tag[len]) ||
					    tag[len] == '/');
}

static void end_case(struct test_parser *p)
{
	if (p->junit.in_case)
		test_found(p, FORMAT_JUNIT, p->junit.name, strlen(p->junit.name), p->junit.status,
			   false);
	p->junit.in_case = false;
}

/* A whole tag, without its angle brackets. */
static void tag_ended(struct test_parser *p)
{
	const char *tag = p->junit.tag;
	char class_name[TEST_NAME_LEN], name[TEST_NAME_LEN];
	size_t used;

	if (is_tag(tag, "testcase")) {
		end_case(p);
		attribute(tag, "classname", class_name);
		attribute(tag, "name", name);
		used = strlen(class_name);
		copy_name(p->junit.name, class_name, used);
		if (used && used + 2 < TEST_NAME_LEN)
			p->junit.name[used++] = '.';
		name[TEST_NAME_LEN - 1 - used] = '\0';
		memcpy(p->junit.name + used, name, strlen(name) + 1);
		p->junit.status = TEST_PASSED;
		p->junit.in_case = true;
		if (tag[p->junit.tag_len - 1] == '/')
			end_case(p);
	} else if (is_tag(tag, "failure") || is_tag(tag, "error")) {
		p->junit.status = TEST_FAILED;
	} else if (is_tag(tag, "skipped") && p->junit.status == TEST_PASSED) {
		p->junit.status = TEST_SKIPPED;
	} else if (is_tag(tag, "/testcase")) {
		end_case(p);
	} else if (is_tag(tag, "testsuite") || is_tag(tag, "testsuites")) {
		p->junit.depth += tag[p->junit.tag_len - 1] != '/';
	} else if (is_tag(tag, "/testsuite") || is_tag(tag, "/testsuites")) {
		end_case(p);
		p->junit.on = --p->junit.depth > 0;
	}
}

static void tag_add(struct test_parser *p, char c)
{
	if (p->junit.tag_len < sizeof(p->junit.tag) - 1)
		p->junit.tag[p->junit.tag_len++] = c;
}

/* Inside comments and CDATA nothing counts but their end. */
static const char *skip_quoted_section(struct test_parser *p, const char *s)
{
	const char *end = strstr(s, p->junit.comment == 1 ? "-->" : "]]>");

	if (!end)
		return s + strlen(s);
	p->junit.comment = 0;
	return end + 3;
}

static void scan(struct test_parser *p, const char *s)
{
	while (*s && p->junit.on) {
		if (p->junit.comment) {
			s = skip_quoted_section(p, s);
			continue;
		}
		if (!p->junit.in_tag) {
			s = s + strcspn(s, "<");
			if (take_word(&s, "<!--"))
				p->junit.comment = 1;
			else if (take_word(&s, "<![CDATA["))
				p->junit.comment = 2;
			else if (take_word(&s, "<"))
				p->junit.in_tag = true;
			p->junit.tag_len = 0;
			p->junit.quote = '\0';
			continue;
		}
		if (*s == '>' && !p->junit.quote) {
			p->junit.in_tag = false;
			p->junit.tag[p->junit.tag_len] = '\0';
			tag_ended(p);
			s++;
			continue;
		}
		if (*s == p->junit.quote)
			p->junit.quote = '\0';
		else if (!p->junit.quote && (*s == '"' || *s == '\''))
			p->junit.quote = *s;
		tag_add(p, *s++);
	}
	if (p->junit.in_tag)
		tag_add(p, ' '); /* the line's end */
}

bool parse_junit_line(struct test_parser *p, const char *s, size_t len)
{
	const char *at = s + indent_of(s);

	if (!p->junit.on) {
		if (*at != '<' || (strncmp(at, "<?xml", 5) && strncmp(at, "<testsuite", 10)))
			return false;
		p->junit.on = true;
		p->junit.in_tag = p->junit.in_case = false;
		p->junit.comment = p->junit.depth = 0;
	}
	scan(p, s);
	return true;
}

int test_parse_junit(const char *xml, size_t len, struct test_set *ret, struct error *err)
{
	struct test_parser *p = test_parser_new(err);
	size_t i, start = 0;
	int rc;

	if (!p)
		return -1;
	p->junit.on = true;
	for (i = 0; i <= len; i++) { /* the parser cuts long lines: feed it short ones */
		if (i < len && xml[i] != '>' && xml[i] != '\n')
			continue;
		test_parser_feed(p, xml + start, (i < len ? i + 1 : len) - start);
		if (i < len && xml[i] == '>')
			test_parser_feed(p, "\n", 1);
		start = i + 1;
	}
	rc = test_parser_finish(p, ret, err);
	test_parser_free(p);
	return rc;
}
