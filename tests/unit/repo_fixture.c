/* repo_fixture.c: see repo_fixture.h. */
#include "repo_fixture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/path.h"
#include "util/process.h"

struct fixture fx;

static char *run_script(const char *script)
{
	const char *const argv[] = { "sh", "-e", "-c", script, NULL };
	struct process_spec spec = { .argv = argv, .cwd = fx.dir, .timeout_ms = 60000 };
	struct process_result r = { 0 };
	struct error err = { 0 };
	ck_assert_msg(process_run(&spec, &r, &err) == 0, "%s", err.message);
	ck_assert_msg(r.exit_code == 0, "script failed (%d): %s\n%s\n%s", r.exit_code, script, r.out,
		      r.err_out);
	while (r.out_len > 0 && r.out[r.out_len - 1] == '\n')
		r.out[--r.out_len] = '\0';
	char *out = STEAL(r.out);
	process_result_release(&r);
	return out;
}

static char *format(const char *fmt, va_list ap) __attribute__((format(printf, 1, 0)));
static char *format(const char *fmt, va_list ap)
{
	char *s = NULL;
	ck_assert_int_ge(vasprintf(&s, fmt, ap), 0);
	return s;
}

char *sh_out(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	CLEANUP_FREE char *script = format(fmt, ap);
	va_end(ap);
	return run_script(script);
}

void sh(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	CLEANUP_FREE char *script = format(fmt, ap);
	va_end(ap);
	free(run_script(script));
}

void sh_is(const char *want, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	CLEANUP_FREE char *script = format(fmt, ap);
	va_end(ap);
	CLEANUP_FREE char *out = run_script(script);
	ck_assert_msg(!strcmp(out, want), "%s\ngave:\n%s\nnot:\n%s", script, out, want);
}

static void set_env(const char *name, const char *folder)
{
	CLEANUP_FREE char *value = path_join(fx.dir, folder);
	setenv(name, value, 1);
}

void fixture_setup(void)
{
	const char *tmp = getenv("TMPDIR");
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.dir, sizeof(fx.dir), "%s/repo-XXXXXX", tmp && strlen(tmp) < 40 ? tmp : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(fx.dir));
	char *real = realpath(fx.dir, NULL);
	ck_assert_ptr_nonnull(real);
	snprintf(fx.dir, sizeof(fx.dir), "%s", real);
	free(real);
	set_env("HOME", "home");
	set_env("XDG_STATE_HOME", "state");
	set_env("XDG_CONFIG_HOME", "home/config");
	set_env("GIT_CONFIG_GLOBAL", "home/gitconfig");
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	unsetenv("EMAIL");
	unsetenv("GIT_TEST_ASSUME_DIFFERENT_OWNER");
	fx.top = path_join(fx.dir, "repo");
	sh("mkdir home repo state; cd repo\n"
	   "git config --global user.name 'A User'; git config --global user.email u@example.org\n"
	   "git config --global protocol.file.allow always\n"
	   "git init -q; git symbolic-ref HEAD refs/heads/main\n"
	   "mkdir sub; seq 9 >a.txt; echo b >b.txt; echo c >sub/c.txt\n"
	   "printf '*.o\\nnode_modules/\\n' >.gitignore\n"
	   "git add -A; git commit -qm first");
	ok(repo_open(fx.top, &fx.repo, &fx.err));
}

void fixture_teardown(void)
{
	repo_free(fx.repo);
	fx.repo = NULL;
	free(fx.top);
	path_remove_tree(fx.dir, NULL);
}

char *user_state(void)
{
	return sh_out("cd repo; export GIT_OPTIONAL_LOCKS=0\n"
		      "cat .git/HEAD; git rev-parse HEAD; git branch --list main other; git stash list\n"
		      "git reflog; git status --porcelain=v2 --ignored; git ls-files -s -t\n"
		      "cksum <.git/index; stat -c %%y .git/index\n"
		      "find . -path ./.git -prune -o -type f -printf '%%p %%m %%s %%T@ ' "
		      "-exec cksum '{}' ';' | sort");
}

void trial_start(struct trial *t)
{
	memset(t, 0, sizeof(*t));
	ok(repo_base(fx.repo, RUN, NULL, t->base, &t->snapshot, &fx.err));
	ok(worktree_add(fx.repo, RUN, "Mend it", NULL, t->base, NULL, NULL, &t->w, &fx.err));
}

void trial_commit(struct trial *t, const char *script)
{
	sh("cd '%s'\n%s", t->w.path, script);
	ok(worktree_commit(&t->w, "Change things", NULL, NULL, NULL, NULL, t->head, &fx.err));
	ck_assert_str_ne(t->head, "");
}

void trial_end(struct trial *t)
{
	worktree_release(&t->w);
}
