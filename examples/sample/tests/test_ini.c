/* Tests of the INI reader; prints TAP. */
#include <stdio.h>
#include <string.h>

#include "../ini.h"

static int number, failed;

static void check(int good, const char *name)
{
	number++;
	failed += !good;
	printf("%sok %d - %s\n", good ? "" : "not ", number, name);
}

static int is(const struct ini *ini, const char *section, const char *key, const char *want)
{
	const char *got = ini_get(ini, section, key);

	if (got && want && strcmp(got, want) != 0)
		printf("# [%s] %s: got \"%s\", want \"%s\"\n", section, key, got, want);
	return got == want || (got && want && strcmp(got, want) == 0);
}

static const char sample[] =
	"top = level\n"
	"; a comment\n"
	"# another\n"
	"\n"
	"[Server]\n"
	"host = example.org\n"
	"port=8080\n"
	"  indented   =   yes  \n"
	"motto = \"keep ; this # whole\"\n"
	"timeout = 30 ; seconds\n"
	"empty =\n"
	"equation = a=b\n"
	"hex = 0x1f\n"
	"bad = 12x\n"
	"quoted = \"  spaces  \"\n"
	"[ Client ]\n"
	"host = localhost\n"
	"verbose = Off\n"
	"host = 127.0.0.1\r\n";

static enum ini_error parse_error(const char *text, int *line)
{
	struct ini *ini = NULL;
	enum ini_error err = ini_parse(text, &ini, line);

	ini_free(ini);
	return err;
}

int main(void)
{
	struct ini *ini = NULL;
	int line = 0;

	check(ini_parse(sample, &ini, &line) == INI_OK, "the sample is read");
	if (!ini)
		return 1;
	check(is(ini, "", "top", "level"), "a key before any section");
	check(is(ini, "Server", "host", "example.org"), "a plain value");
	check(is(ini, "server", "HOST", "example.org"), "names without regard to case");
	check(ini_get_long(ini, "server", "port", 0) == 8080, "a number");
	check(is(ini, "server", "indented", "yes"), "space around key and value");
	check(is(ini, "server", "motto", "keep ; this # whole"), "comment signs inside quotes");
	check(is(ini, "server", "timeout", "30"), "a comment behind a value");
	check(is(ini, "server", "empty", ""), "an empty value");
	check(is(ini, "server", "equation", "a=b"), "an equals sign in a value");
	check(ini_get_long(ini, "server", "hex", 0) == 31, "a hexadecimal number");
	check(ini_get_long(ini, "server", "bad", -1) == -1, "not a number");
	check(is(ini, "server", "quoted", "  spaces  "), "quotes keep spaces");
	check(is(ini, "client", "host", "127.0.0.1"), "the last value wins");
	check(ini_get_bool(ini, "client", "verbose", 1) == 0, "a boolean");
	check(ini_get_bool(ini, "server", "indented", 0) == 1, "another boolean");
	check(ini_get_bool(ini, "server", "host", 7) == 7, "not a boolean");
	check(is(ini, "server", "missing", NULL), "a key that is missing");
	check(is(ini, "nowhere", "host", NULL), "a section that is missing");
	check(ini_count(ini) == 13, "every key counts once");
	ini_free(ini);

	check(parse_error("[open\n", &line) == INI_BAD_SECTION, "a section without an end");
	check(parse_error("a = 1\n[]\n", &line) == INI_BAD_SECTION && line == 2, "the line of an error");
	check(parse_error("just words\n", &line) == INI_BAD_LINE, "a line that is nothing");
	check(parse_error(" = value\n", &line) == INI_BAD_LINE, "a value without a key");
	check(parse_error("[a-name-that-is-far-longer-than-any-name-may-be-in-such-a-file]\n", &line) ==
	      INI_NAME_TOO_LONG, "a name that is too long");
	printf("1..%d\n", number);
	return failed != 0;
}
