/* edit_name.c: which path a line names. Models dress them up: headings, bold,
 * backticks, labels, colons, comment signs. What is left must look like one.
 */
#include <string.h>
#include <strings.h>

#include "repo/edit_parser.h"

enum { PATH_LEN_MAX = 4096 };

static bool drop_front(struct edit_span *s, size_t n)
{
	*s = edit_trim((struct edit_span){ s->s + n, s->len - n });
	return true;
}

/* "### ", "- ", "1. ", "// ", "==> " … */
static bool strip_bullet(struct edit_span *s)
{
	static const char *const lead[] = { "// ", "/* ", "<!-- ", "-- ",  "; ",  "% ",	 "- ",
					    "* ",  "+ ",  "> ",	   "==> ", "=> ", "-> ", NULL };
	size_t n = 0;

	while (n < s->len && s->s[n] == '#')
		n++;
	if (n && n < s->len && (s->s[n] == ' ' || s->s[n] == '\t'))
		return drop_front(s, n);
	for (size_t i = 0; lead[i]; i++)
		if (edit_starts(*s, lead[i]))
			return drop_front(s, strlen(lead[i]));
	for (n = 0; n < s->len && n < 4 && s->s[n] >= '0' && s->s[n] <= '9'; n++)
		;
	if (n && n + 1 < s->len && (s->s[n] == '.' || s->s[n] == ')') && s->s[n + 1] == ' ')
		return drop_front(s, n + 1);
	return false;
}

static bool strip_label(struct edit_span *s)
{
	static const char *const label[] = { "file:",
					     "path:",
					     "filename:",
					     "file path:",
					     "filepath:",
					     "file name:",
					     "new file:",
					     "modified file:",
					     "updated file:",
					     "update file:",
					     "create file:",
					     "edit file:",
					     "file to edit:",
					     "update:",
					     "create:",
					     "edit:",
					     "modify:",
					     "file ",
					     NULL };

	for (size_t i = 0; label[i]; i++) {
		size_t n = strlen(label[i]);

		if (s->len > n && !strncasecmp(s->s, label[i], n))
			return drop_front(s, n);
	}
	return false;
}

/* "**x**", "`x`", "\"x\"", "[x](y)" */
static bool strip_quotes(struct edit_span *s)
{
	static const char *const quote[] = { "**", "__", "``", "`", "\"", "'", NULL };

	for (size_t i = 0; quote[i]; i++) {
		size_t n = strlen(quote[i]);

		if (s->len > 2 * n && !memcmp(s->s, quote[i], n) &&
		    !memcmp(s->s + s->len - n, quote[i], n)) {
			*s = edit_trim((struct edit_span){ s->s + n, s->len - 2 * n });
			return true;
		}
	}
	if (s->len > 4 && s->s[0] == '[' && s->s[s->len - 1] == ')') {
		for (size_t i = 1; i + 1 < s->len; i++)
			if (s->s[i] == ']' && s->s[i + 1] == '(') {
				*s = edit_trim((struct edit_span){ s->s + 1, i - 1 });
				return true;
			}
	}
	return false;
}

static bool strip_tail(struct edit_span *s)
{
	static const char *const tail[] = {
		":",	      "*/",	     "-->",	  "<==",       "(new)",	   "(new file)",
		"(modified)", "(updated)",   "(changed)", "(edit)",    "(edited)", "(create)",
		"(created)",  "(deleted)",   "(delete)",  "(renamed)", "(full)",   "(full file)",
		"(complete)", "(corrected)", "(fixed)",	  NULL
	};

	for (size_t i = 0; tail[i]; i++) {
		size_t n = strlen(tail[i]);

		if (s->len > n && !strncasecmp(s->s + s->len - n, tail[i], n)) {
			*s = edit_trim((struct edit_span){ s->s, s->len - n });
			return true;
		}
	}
	return false;
}

static bool known_name(struct edit_span s)
{
	static const char *const names[] = {
		"Makefile",    "makefile",  "GNUmakefile", "Dockerfile", "Containerfile",
		"README",      "LICENSE",   "COPYING",	   "NEWS",	 "AUTHORS",
		"CHANGELOG",   "ChangeLog", "INSTALL",	   "TODO",	 "HACKING",
		"Jenkinsfile", "Gemfile",   "Rakefile",	   "Procfile",	 "Vagrantfile",
		"Justfile",    "justfile",  "CODEOWNERS",  "OWNERS",	 "configure",
		"BUILD",       "WORKSPACE", "Brewfile",	   "Podfile",	 "Kconfig",
		NULL
	};

	for (size_t i = 0; names[i]; i++)
		if (s.len == strlen(names[i]) && !memcmp(s.s, names[i], s.len))
			return true;
	return false;
}

/* A last component with an extension that has a letter, or a leading dot. */
static bool has_extension(struct edit_span s)
{
	size_t dot = s.len;
	bool letter = false;

	while (dot > 0 && s.s[dot - 1] != '.' && s.s[dot - 1] != '/')
		dot--;
	if (dot == 0 || s.s[dot - 1] != '.' || s.len - dot > 16 || s.len == dot)
		return false;
	for (size_t i = dot; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
		    c != '-' && c != '+')
			return false;
		letter |= (c | 32) >= 'a' && (c | 32) <= 'z';
	}
	return letter;
}

static bool plausible(struct edit_span s, bool marked, bool sure)
{
	bool space = false, slash = false;

	if (s.len == 0 || s.len > PATH_LEN_MAX || s.s[s.len - 1] == '/')
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.s[i];

		if (c < 32 || c == 127 || strchr("<>|\"*?`", c))
			return false;
		space |= c == ' ';
		slash |= c == '/';
		if (c == ':' && s.len - i > 2 && s.s[i + 1] == '/' && s.s[i + 2] == '/')
			return false; /* an address */
	}
	if (space && !(marked && has_extension(s)))
		return false;
	if (slash || has_extension(s) || known_name(s))
		return true;
	return sure && !space && (marked || s.len > 1);
}

bool edit_name_line(struct edit_span line, bool sure, struct edit_span *ret)
{
	struct edit_span s = edit_trim(line);
	bool marked = false, colon = false, more = true;

	if (!sure && s.len < 4 && !memchr(s.s, '.', s.len) && !memchr(s.s, '/', s.len))
		return false;
	if (!s.len || s.len > PATH_LEN_MAX + 64 || edit_starts(s, "```") || edit_starts(s, "~~~"))
		return false;
	for (int i = 0; more && i < 8; i++) {
		struct edit_span before = s;

		more = strip_quotes(&s) || strip_label(&s);
		marked |= more;
		if (!more)
			more = strip_bullet(&s) || strip_tail(&s);
		colon |= s.len && before.len > s.len && before.s[before.len - 1] == ':';
	}
	if (!plausible(s, marked, sure && (marked || !colon)))
		return false;
	if (edit_starts(s, "./") && s.len > 2)
		s = (struct edit_span){ s.s + 2, s.len - 2 };
	*ret = s;
	return true;
}

static struct edit_span next_word(struct edit_span *s)
{
	struct edit_span w = *s = edit_trim(*s);

	for (w.len = 0; w.len < s->len && s->s[w.len] != ' ' && s->s[w.len] != '\t'; w.len++)
		;
	*s = (struct edit_span){ s->s + w.len, s->len - w.len };
	return w;
}

/* The value of title=, file=, filename=, path=, name=, src=; the word itself without one. */
static bool info_value(struct edit_span w, struct edit_span *ret)
{
	static const char *const key[] = { "title=", "file=", "filename=", "path=", "name=", "src=",
					   "title:", "file:", "filename:", "path:", NULL };

	while (w.len > 2 && (w.s[0] == '{' || w.s[w.len - 1] == '}' || w.s[w.len - 1] == ',')) {
		if (w.s[0] == '{')
			w = (struct edit_span){ w.s + 1, w.len - 1 };
		else
			w.len--;
	}
	for (size_t i = 0; key[i]; i++)
		if (edit_starts(w, key[i])) {
			w = (struct edit_span){ w.s + strlen(key[i]), w.len - strlen(key[i]) };
			return edit_name_line(w, true, ret);
		}
	if (memchr(w.s, '=', w.len))
		return false;
	return edit_name_line(w, false, ret);
}

bool edit_name_info(struct edit_span info, struct edit_span *ret)
{
	struct edit_span rest = edit_trim(info), first = next_word(&rest);
	const char *colon = first.len ? memchr(first.s, ':', first.len) : NULL;

	if (colon && colon > first.s && first.s[0] >= '0' && first.s[0] <= '9')
		return false; /* "12:40:src/a.c" cites lines of a file */
	if (colon &&
	    info_value((struct edit_span){ colon + 1, first.len - (size_t)(colon + 1 - first.s) },
		       ret))
		return true; /* "c:src/a.c" */
	if (edit_starts(first, "text/") || edit_starts(first, "application/"))
		return false;
	if (first.len && info_value(first, ret) &&
	    (memchr(first.s, '/', first.len) || memchr(first.s, '.', first.len)))
		return true;
	for (int i = 0; i < 8; i++) {
		struct edit_span w = next_word(&rest);

		if (!w.len)
			return false;
		if (info_value(w, ret))
			return true;
	}
	return false;
}

bool edit_name_prose(struct edit_span line, struct edit_span *ret)
{
	size_t found = 0;

	for (size_t i = 0; i < line.len; i++) {
		const char *end;
		struct edit_span s;

		if (line.s[i] != '`')
			continue;
		end = memchr(line.s + i + 1, '`', line.len - i - 1);
		if (!end)
			break;
		s = (struct edit_span){ line.s + i + 1, (size_t)(end - line.s) - i - 1 };
		i = (size_t)(end - line.s);
		if (!edit_name_line(s, false, &s))
			continue;
		if (found && edit_span_eq(s, *ret))
			continue;
		*ret = s;
		found++;
	}
	return found == 1;
}
