/* test_protect.c: which paths judge a change, and so may not be edited by it. */
#include <check.h>
#include <stddef.h>

#include "run/protect.h"
#include "suites.h"
#include "util/str.h"

static const struct {
	const char *path, *reason;
} paths[] = {
	{ "tests/a.c", "tests" },
	{ "src/test/java/A.java", "tests" },
	{ "TESTS/a.c", "tests" },
	{ "pkg/__tests__/x.js", "tests" },
	{ "spec/x.rb", "tests" },
	{ "x_test.go", "tests" },
	{ "test_x.py", "tests" },
	{ "lib/x_test.py", "tests" },
	{ "src/a.test.ts", "tests" },
	{ "src/a.spec.js", "tests" },
	{ "a_spec.rb", "tests" },
	{ "conftest.py", "tests" },
	{ "src/ParserTest.java", "tests" },
	{ "src/ParserTests.cs", "tests" },
	{ "t/00-load.t", "tests" },
	{ "t/lib/helper.pm", "tests" },
	{ "x.bats", "tests" },
	{ "ui/__snapshots__/a.snap", "tests" },
	{ ".github/workflows/ci.yml", "ci" },
	{ ".GitHub/Workflows/ci.yml", "ci" },
	{ ".gitlab-ci.yml", "ci" },
	{ ".circleci/config.yml", "ci" },
	{ "Jenkinsfile", "ci" },
	{ "azure-pipelines.yml", "ci" },
	{ ".ci/run", "ci" },
	{ "ci/build.sh", "ci" },
	{ "package-lock.json", "lock" },
	{ "web/yarn.lock", "lock" },
	{ "Cargo.lock", "lock" },
	{ "go.sum", "lock" },
	{ "uv.lock", "lock" },
	{ "Makefile", "build" },
	{ "makefile", "build" },
	{ "src/Makefile.am", "build" },
	{ "configure.ac", "build" },
	{ "CMakeLists.txt", "build" },
	{ "meson.build", "build" },
	{ "package.json", "build" },
	{ "pyproject.toml", "build" },
	{ "setup.cfg", "build" },
	{ "tox.ini", "build" },
	{ "pytest.ini", "build" },
	{ "noxfile.py", "build" },
	{ "Cargo.toml", "build" },
	{ "go.mod", "build" },
	{ "build.gradle.kts", "build" },
	{ "pom.xml", "build" },
	{ ".council/config.yaml", "settings" },
	{ ".COUNCIL/config.yaml", "settings" },
	{ "AGENTS.md", "settings" },
	{ "sub/claude.md", "settings" },
	{ ".gitattributes", "settings" },
	{ ".gitmodules", "settings" },
	{ "scripts/check.sh", "build" },
	{ "vendor/x.c", "pattern" },
	{ "Secret.key", "pattern" },
	{ "src/a.c", NULL },
	{ "README.md", NULL },
	{ ".gitignore", NULL },
	{ "src/latest.c", NULL },
	{ "src/contest.py", NULL },
	{ "src/testable.go", NULL },
	{ "src/attest.c", NULL },
	{ "docs/t.md", NULL },
	{ "src/Latest.java", NULL },
	{ "src/UNIT.c", NULL },
	{ "src/city.c", NULL },
	{ "src/locker.c", NULL },
	{ ".github/ISSUE_TEMPLATE.md", NULL },
	{ "openapi_spec.yaml", NULL },
	{ "scripts/other.sh", NULL },
};

static const char *const extra[] = { "vendor/", "*.key", NULL };

START_TEST(reasons)
{
	struct protect p = { .extra = extra,
			     .build_gate = "FOO=1 sh ./scripts/check.sh && make check" };
	const char *got = protect_reason(&p, paths[_i].path);

	ck_assert_msg(str_eq(got, paths[_i].reason), "%s: %s", paths[_i].path,
		      got ? got : "(none)");
	ck_assert_int_eq(protect_path(&p, paths[_i].path), got != NULL);
}
END_TEST

START_TEST(allowed)
{
	struct protect p = { .extra = extra, .allow_tests = true };

	ck_assert_ptr_null(protect_reason(&p, "tests/a.c"));
	ck_assert_ptr_null(protect_reason(&p, "vendor/x.c"));
	ck_assert_str_eq(protect_reason(&p, ".council/config.yaml"), "settings");
	ck_assert_str_eq(protect_reason(&p, ".Council/personas/x.md"), "settings");
	ck_assert_ptr_null(protect_reason(&p, ".councillor"));
}
END_TEST

START_TEST(gate_in_another_folder)
{
	struct protect p = { .build_gate = "cd sub && ./verify" };

	ck_assert_str_eq(protect_reason(&p, "sub/verify"), "build");
	ck_assert_str_eq(protect_reason(&p, "verify"), "build");
	ck_assert_ptr_null(protect_reason(&p, "sub/verify.c"));
	p = (struct protect){ .build_gate = "make check", .build_command = "./tools/compile --all" };
	ck_assert_str_eq(protect_reason(&p, "tools/compile"), "build");
	ck_assert_ptr_null(protect_reason(&p, "tools/other"));
	p = (struct protect){ .build_gate = "cc -o t parser.c && ./t" };
	ck_assert_ptr_null(protect_reason(&p, "parser.c"));
	ck_assert_str_eq(protect_reason(&p, "t"), "build");
	p = (struct protect){ .build_gate = "./verify" };
	ck_assert_ptr_null(protect_reason(&p, "sub/verify"));
}
END_TEST

Suite *suite_protect(void)
{
	Suite *s = suite_create("protect");
	TCase *t = tcase_create("protect");

	tcase_add_loop_test(t, reasons, 0, (int)(sizeof(paths) / sizeof(paths[0])));
	tcase_add_test(t, allowed);
	tcase_add_test(t, gate_in_another_folder);
	suite_add_tcase(s, t);
	return s;
}
