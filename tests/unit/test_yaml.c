/* test_yaml.c: trees with their places, and what is refused with its place. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "suites.h"
#include "util/buf.h"
#include "util/str.h"
#include "util/yaml.h"

static void describe(struct buf *b, const struct yaml_node *n)
{
	switch (yaml_kind(n)) {
	case YAML_NULL:
		buf_adds(b, "null");
		break;
	case YAML_SCALAR:
		buf_addf(b, yaml_is_plain(n) ? "%s" : "'%s'", yaml_scalar(n));
		break;
	case YAML_LIST:
		buf_adds(b, "[");
		for (size_t i = 0; i < yaml_len(n); i++) {
			describe(b, yaml_at(n, i));
			buf_adds(b, ",");
		}
		buf_adds(b, "]");
		break;
	case YAML_MAP:
		buf_adds(b, "{");
		for (size_t i = 0; i < yaml_len(n); i++) {
			buf_addf(b, "%s:", yaml_key_at(n, i, NULL, NULL));
			describe(b, yaml_value_at(n, i));
			buf_adds(b, ",");
		}
		buf_adds(b, "}");
		break;
	}
}

static const struct { const char *text, *tree; } good[] = {
	{ "", "null" }, { "# nothing\n", "null" }, { "---\n", "null" }, { "a", "a" }, { "'a'", "'a'" },
	{ "a: 1\nb: [x, 'y', ~, null]\n", "{a:1,b:[x,'y',null,null,],}" },
	{ "a:\n  - b: 1\n    c: \"2\"\n  -\n", "{a:[{b:1,c:'2',},null,],}" },
	{ "t: |\n  l1\n  l2\nf: >-\n  f1\n  f2\n", "{t:'l1\nl2\n',f:'f1 f2',}" },
	{ "n: !!str 12", "{n:'12',}" },
	{ "\"quoted key\": x", "{quoted key:x,}" },
	{ "a: &x [1, 2]\nb: *x\nc: *x", "{a:[1,2,],b:[1,2,],c:[1,2,],}" },
	{ "k: &k name\n*k : v", "{k:name,name:v,}" },
	{ "b: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3", "{b:{x:1,y:2,},d:{y:3,x:1,},}" },
	{ "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b], z: 3}",
	  "{a:{x:1,},b:{x:2,y:2,},c:{z:3,x:1,y:2,},}" },
	{ "a: \xe2\x82\xac", "{a:\xe2\x82\xac,}" }, { "a: 1 # c\n...\n", "{a:1,}" },
	{ "{\"j\": [1, true, null]}", "{j:[1,true,null,],}" }, { "a: 1\r\nb: 2\r\n", "{a:1,b:2,}" },
};

START_TEST(good_text)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1000);
	struct error err = { 0 };
	CLEANUP_YAML struct yaml *y = yaml_parse(good[_i].text, strlen(good[_i].text), "f", &err);

	ck_assert_msg(y != NULL, "%s: %s", good[_i].text, err.message);
	describe(&b, yaml_root(y));
	ck_assert_str_eq(buf_str(&b), good[_i].tree);
}
END_TEST

static const struct { const char *text, *begin, *part; } bad[] = {
	{ "a: 1\nb: 2\na: 3\n", "f.yaml:3:1: ", "the key 'a' is there already, in line 1" },
	{ "a: 1\n<<: {x: 1}\n<<: {y: 1}\n", "f.yaml:3:1: ", "the key '<<'" },
	{ "a: 1\nb: *no", "f.yaml:2:", "'*no' has no anchor" },
	{ "a: &x [*x]", "f.yaml:1:", "'*x' has no anchor" },
	{ "a: 1\nb: 'open", "f.yaml:2:", "" }, { "a: [1,\nb: 2", "f.yaml:2:", "" },
	{ "a: b: c", "f.yaml:1:", "" }, { "a: 1\n  b: 2", "f.yaml:", "" },
	{ "a: @x", "f.yaml:1:4: ", "'@'" }, { "a: \"x\\0y\"", "f.yaml:1:", "NUL" },
	{ "[a]: b", "f.yaml:1:1: ", "a key must be a word" },
	{ "? {a: b}\n: c", "f.yaml:1:3: ", "a key must be a word" },
	{ "a: 1\nb: \xff", "f.yaml:2:4: ", "invalid UTF-8" },
	{ "--- a\n--- b\n", "f.yaml:2:1: ", "second document" },
	{ "b: 1\na: {<<: 3}", "f.yaml:2:5: ", "'<<' takes a map" },
	{ "a: {<<: [{x: 1}, 2]}", "f.yaml:1:5: ", "'<<' takes a map" },
	{ "a: %bad", "f.yaml:1:4: ", "" }, { "\ta: 1", "f.yaml:1:", "" },
};

START_TEST(bad_text)
{
	struct error err = { 0 };

	ck_assert_ptr_null(yaml_parse(bad[_i].text, strlen(bad[_i].text), "f.yaml", &err));
	ck_assert_int_eq(err.code, STATUS_USAGE);
	ck_assert_msg(str_starts(err.message, bad[_i].begin) && strstr(err.message, bad[_i].part),
		      "%s: %s", bad[_i].text, err.message);
	ck_assert_ptr_null(strchr(err.message, '\n'));
	ck_assert_ptr_null(yaml_parse(bad[_i].text, strlen(bad[_i].text), "f.yaml", NULL));
}
END_TEST

START_TEST(places)
{
	static const char text[] = "# head\nlist:\n  - one\n  - {k: v}\nempty:\nlast: 'q'\n";
	CLEANUP_YAML struct yaml *y = yaml_parse(text, strlen(text), "f", NULL);
	const struct yaml_node *root = yaml_root(y);
	const struct yaml_node *list = yaml_get(root, "list");
	int line = 0, column = 0;

	ck_assert_str_eq(yaml_name(y), "f");
	ck_assert_int_eq(yaml_line(root), 2);
	ck_assert_int_eq(yaml_line(yaml_at(list, 0)), 3);
	ck_assert_int_eq(yaml_column(yaml_at(list, 0)), 5);
	ck_assert_int_eq(yaml_line(yaml_get(yaml_at(list, 1), "k")), 4);
	ck_assert_int_eq(yaml_column(yaml_get(yaml_at(list, 1), "k")), 9);
	ck_assert_str_eq(yaml_key_at(root, 2, &line, &column), "last");
	ck_assert_int_eq(line, 6);
	ck_assert_int_eq(column, 1);
	ck_assert_int_eq(yaml_line(yaml_get(root, "empty")), 5);
	ck_assert_ptr_null(yaml_get(root, "none"));
	ck_assert_ptr_null(yaml_at(list, 2));
	ck_assert_ptr_null(yaml_at(root, 0));
	ck_assert_ptr_null(yaml_value_at(list, 0));
	ck_assert_ptr_null(yaml_key_at(list, 0, NULL, NULL));
}
END_TEST

START_TEST(nothing_is_read_from_nothing)
{
	bool v;

	ck_assert_int_eq(yaml_kind(NULL), YAML_NULL);
	ck_assert_ptr_null(yaml_root(NULL));
	ck_assert_ptr_null(yaml_scalar(NULL));
	ck_assert_ptr_null(yaml_get(NULL, "a"));
	ck_assert_uint_eq(yaml_len(NULL), 0);
	ck_assert_int_eq(yaml_line(NULL), 1);
	ck_assert(!yaml_is_plain(NULL));
	ck_assert(!yaml_bool(NULL, &v));
	yaml_free(NULL);
}
END_TEST

START_TEST(booleans)
{
	static const char text[] = "[yes, True, ON, no, FALSE, off, 'yes', 1, y, maybe]";
	CLEANUP_YAML struct yaml *y = yaml_parse(text, strlen(text), "f", NULL);

	for (size_t i = 0; i < 10; i++) {
		bool v = false;

		ck_assert_int_eq(yaml_bool(yaml_at(yaml_root(y), i), &v), i < 6);
		ck_assert_int_eq(v, i < 3);
	}
}
END_TEST

START_TEST(aliases_do_not_explode)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	struct error err = { 0 };

	buf_adds(&b, "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 30; i++) {
		buf_addf(&b, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_addf(&b, "*a%d,", i - 1);
		buf_adds(&b, "]\n");
	}
	ck_assert_ptr_null(yaml_parse(buf_str(&b), b.len, "f", &err));
	ck_assert_ptr_nonnull(strstr(err.message, "more than 100000 values"));
}
END_TEST

START_TEST(depth_is_bounded)
{
	CLEANUP_BUF struct buf b = BUF_INIT(1 << 20);
	struct error err = { 0 };

	for (int i = 0; i < 50000; i++)
		buf_addc(&b, '[');
	ck_assert_ptr_null(yaml_parse(buf_str(&b), b.len, "f", &err));
	ck_assert_ptr_nonnull(strstr(err.message, "f:1:65: nested deeper than 64"));
	buf_clear(&b);
	for (int i = 0; i < 100; i++)
		buf_addf(&b, "%*sk:\n", i, "");
	ck_assert_ptr_null(yaml_parse(buf_str(&b), b.len, "f", &err));
	ck_assert_ptr_nonnull(strstr(err.message, "nested deeper than 64"));
	/* through aliases too */
	buf_clear(&b);
	buf_adds(&b, "a0: &a0 [x]\n");
	for (int i = 1; i < 100; i++)
		buf_addf(&b, "a%d: &a%d [*a%d]\n", i, i, i - 1);
	ck_assert_ptr_null(yaml_parse(buf_str(&b), b.len, "f", &err));
	ck_assert_ptr_nonnull(strstr(err.message, "f:64:13: nested deeper than 64"));
}
END_TEST

START_TEST(large_maps_are_fast)
{
	CLEANUP_BUF struct buf b = BUF_INIT(4 << 20);
	struct error err = { 0 };
	struct yaml *y;

	for (int i = 0; i < 40000; i++)
		buf_addf(&b, "key%d: %d\n", i, i);
	y = yaml_parse(buf_str(&b), b.len, "f", &err);
	ck_assert_msg(y != NULL, "%s", err.message);
	ck_assert_uint_eq(yaml_len(yaml_root(y)), 40000);
	yaml_free(y);
	buf_adds(&b, "key7: again\n");
	ck_assert_ptr_null(yaml_parse(buf_str(&b), b.len, "f", &err));
	ck_assert_str_eq(err.message, "f:40001:1: the key 'key7' is there already, in line 8");
}
END_TEST

static const struct { const char *text, *body; int line; } matters[] = {
	{ "---\nrole: builder\n---\nBody\n", "Body\n", 2 },
	{ "---\r\nrole: x\r\n---\r\nBody", "Body", 2 },
	{ "\xef\xbb\xbf---\nrole: x\n--- \n", "", 2 },
	{ "---\n---\nBody", "Body", 0 },
	{ "---\n# c\nrole: x\n---", "", 3 },
	{ "No front\n---\n", "No front\n---\n", -1 },
	{ "----\nx\n---\n", "----\nx\n---\n", -1 },
	{ "", "", -1 },
};

START_TEST(front_matter)
{
	struct yaml *y = NULL;
	const char *body = NULL;
	size_t n = 0;
	struct error err = { 0 };
	int rc = yaml_front_matter(matters[_i].text, strlen(matters[_i].text), "p.md", &y, &body, &n,
				   &err);

	ck_assert_msg(rc == 0, "%s", err.message);
	ck_assert_uint_eq(n, strlen(matters[_i].body));
	ck_assert_mem_eq(body, matters[_i].body, n);
	ck_assert_int_eq(y != NULL, matters[_i].line >= 0);
	if (matters[_i].line > 0)
		ck_assert_int_eq(yaml_line(yaml_get(yaml_root(y), "role")), matters[_i].line);
	yaml_free(y);
}
END_TEST

START_TEST(bad_front_matter)
{
	static const char open[] = "---\nrole: x\n", wrong[] = "---\na: 1\na: 2\n---\nBody";
	struct yaml *y = NULL;
	const char *body = NULL;
	size_t n = 0;
	struct error err = { 0 };

	ck_assert_int_eq(yaml_front_matter(open, strlen(open), "p.md", &y, &body, &n, &err), -1);
	ck_assert(str_starts(err.message, "p.md:1:1: "));
	ck_assert_int_eq(yaml_front_matter(wrong, strlen(wrong), "p.md", &y, &body, &n, &err), -1);
	ck_assert(str_starts(err.message, "p.md:3:1: "));
	ck_assert_ptr_null(y);
}
END_TEST

START_TEST(files)
{
	char path[] = "/tmp/yaml-XXXXXX";
	struct error err = { 0 };
	int fd = mkstemp(path);
	struct yaml *y;

	ck_assert_int_eq(write(fd, "a: 1\n", 5), 5);
	y = yaml_parse_file(path, &err);
	ck_assert_str_eq(yaml_scalar(yaml_get(yaml_root(y), "a")), "1");
	ck_assert_str_eq(yaml_name(y), path);
	yaml_free(y);
	ck_assert_int_eq(ftruncate(fd, 5 << 20), 0);
	close(fd);
	ck_assert_ptr_null(yaml_parse_file(path, &err));
	ck_assert_ptr_nonnull(strstr(err.message, "larger than"));
	unlink(path);
	ck_assert_ptr_null(yaml_parse_file(path, &err));
	ck_assert_ptr_nonnull(strstr(err.message, path));
}
END_TEST

Suite *suite_yaml(void)
{
	Suite *s = suite_create("yaml");
	TCase *c = tcase_create("yaml");

	tcase_set_timeout(c, 60);
	tcase_add_loop_test(c, good_text, 0, sizeof good / sizeof *good);
	tcase_add_loop_test(c, bad_text, 0, sizeof bad / sizeof *bad);
	tcase_add_test(c, places);
	tcase_add_test(c, nothing_is_read_from_nothing);
	tcase_add_test(c, booleans);
	tcase_add_test(c, aliases_do_not_explode);
	tcase_add_test(c, depth_is_bounded);
	tcase_add_test(c, large_maps_are_fast);
	tcase_add_loop_test(c, front_matter, 0, sizeof matters / sizeof *matters);
	tcase_add_test(c, bad_front_matter);
	tcase_add_test(c, files);
	suite_add_tcase(s, c);
	return s;
}
