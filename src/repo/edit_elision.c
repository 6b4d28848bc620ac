/* edit_elision.c: lines that stand for text which a model left out. Written to a
 * file they would destroy it, so they are refused unless the file has them. */
#include <string.h>
#include <strings.h>

#include "repo/edit_match.h"
#include "util/str.h"

static bool starts(struct edit_span s, const char *w)
{
	size_t n = strlen(w);

	return s.len >= n && !strncasecmp(s.s, w, n);
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_';
}

/* The words stand in s, not as a part of longer ones. */
static bool holds(struct edit_span s, const char *w)
{
	size_t n = strlen(w);

	for (size_t i = 0; i + n <= s.len; i++)
		if (!strncasecmp(s.s + i, w, n) && (i == 0 || !is_word(s.s[i - 1])) &&
		    (i + n == s.len || !is_word(s.s[i + n])))
			return true;
	return false;
}

static bool holds_any(struct edit_span s, const char *const *words)
{
	for (; *words; words++)
		if (holds(s, *words))
			return true;
	return false;
}

static bool starts_any(struct edit_span s, const char *const *words)
{
	for (; *words; words++)
		if (starts(s, *words))
			return true;
	return false;
}

/* Takes comment signs off both ends; true when there were any. */
static bool strip_comment(struct edit_span *s)
{
	static const char *const open[] = { "//", "/*", "{/*", "<!--",	 "(*",	"--", "#",
					    ";",  "%",	"*",   "\"\"\"", "'''", NULL };
	static const char *const close[] = { "*/}", "*/", "-->", "*)", "\"\"\"", "'''", NULL };
	bool any = false;

	for (size_t i = 0; open[i]; i++)
		if (starts(*s, open[i])) {
			size_t n = strlen(open[i]);

			while (n < s->len && s->s[n] == s->s[n - 1])
				n++;
			*s = edit_trim((struct edit_span){ s->s + n, s->len - n });
			any = true;
			break;
		}
	for (size_t i = 0; close[i]; i++) {
		size_t n = strlen(close[i]);

		if (s->len >= n && !memcmp(s->s + s->len - n, close[i], n)) {
			*s = edit_trim((struct edit_span){ s->s, s->len - n });
			break;
		}
	}
	return any;
}

enum { DOTS_FRONT = 1, DOTS_END = 2 };

/* Takes brackets and dots off both ends; says where there were at least three, or an ellipsis. */
static unsigned strip_dots(struct edit_span *s)
{
	unsigned found = 0;
	size_t n = 0;

	if (s->len >= 2 && ((s->s[0] == '[' && s->s[s->len - 1] == ']') ||
			    (s->s[0] == '(' && s->s[s->len - 1] == ')') ||
			    (s->s[0] == '<' && s->s[s->len - 1] == '>')))
		*s = edit_trim((struct edit_span){ s->s + 1, s->len - 2 });
	while (n < s->len && s->s[n] == '.')
		n++;
	if (starts(*s, "…"))
		n = 3;
	if (n >= 3) {
		*s = edit_trim((struct edit_span){ s->s + n, s->len - n });
		found |= DOTS_FRONT;
	}
	for (n = 0; n < s->len && s->s[s->len - 1 - n] == '.'; n++)
		;
	if (s->len >= 3 && !memcmp(s->s + s->len - 3, "…", 3))
		n = 3;
	if (n >= 3)
		found |= DOTS_END;
	if (n >= 3 || n == 1)
		*s = edit_trim((struct edit_span){ s->s, s->len - n });
	return found;
}

/* "rest of the file unchanged", "existing code", "same as before" … Without dots
 * in front only short, fixed phrases: an ordinary comment may speak of existing code. */
static bool says_left_out(struct edit_span s, unsigned dots)
{
	static const char *const subject[] = { "rest",	    "remaining", "remainder", "existing",
					       "previous",  "other",	 "unchanged", "original",
					       "same",	    "snip",	 "snipped",   "omitted",
					       "truncated", NULL };
	static const char *const predicate[] = { "unchanged",	"the same",  "same as before",
						 "as before",	"omitted",   "as is",
						 "not changed", "no change", "no changes",
						 "goes here",	"here",	     "not shown",
						 NULL };
	static const char *const object[] = { "code",		"file",	   "function", "functions",
					      "method",		"methods", "class",    "classes",
					      "implementation", "content", "contents", "imports",
					      "tests",		"logic",   "body",     "module",
					      "lines",		"fields",  NULL };
	static const char *const first[] = { "rest of",	   "the rest",	"(rest",  "rest ",
					     "remaining ", "existing ", "other ", "previous ",
					     "same as ",   "unchanged", "keep ",  NULL };

	if (dots & DOTS_FRONT)
		return holds_any(s, subject) || holds_any(s, predicate);
	if (!starts_any(s, first))
		return starts(s, "snip") && s.len <= 12;
	if (dots)
		return holds_any(s, object) && s.len < 48;
	if (starts(s, "unchanged") || starts(s, "same as before"))
		return s.len < 24;
	return s.len < 64 && (holds_any(s, object) || starts(s, "rest") || starts(s, "the rest")) &&
	       holds_any(s, predicate);
}

bool edit_is_elision(struct edit_span line, enum edit_language language)
{
	struct edit_span s = edit_trim(line);
	bool comment;
	unsigned dots;

	if (s.len < 3 || s.len > 160)
		return false;
	comment = strip_comment(&s);
	dots = strip_dots(&s);
	if (!s.len)
		return dots && language != EDIT_PROSE && (comment || language == EDIT_CODE);
	if (!dots && (!comment || language == EDIT_PROSE))
		return false;
	if (!comment && !(dots & DOTS_FRONT))
		return false;
	return says_left_out(s, dots);
}

enum edit_language edit_language(const char *path)
{
	static const char *const prose[] = { ".md",   ".markdown", ".mdx", ".rst",  ".txt",
					     ".adoc", ".org",	   ".tex", ".html", NULL };
	static const char *const dots[] = { ".py", ".pyi", ".yaml", ".yml", NULL };

	for (size_t i = 0; prose[i]; i++)
		if (str_ends(path, prose[i]))
			return EDIT_PROSE;
	for (size_t i = 0; dots[i]; i++)
		if (str_ends(path, dots[i]))
			return EDIT_DOTS;
	return EDIT_CODE;
}
