/* council demo: the whole council on a sample repository. Without an endpoint
 * its answers are recorded ones; all else is real. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/session.h"
#include "config/persona.h"
#include "util/path.h"
#include "util/process.h"
#include "util/str.h"

static const struct option_def table[] = {
	{ "directory", 'C', OPTION_VALUE, "DIR", "make the sample repository here", NO_SETTING, 0 },
	{ "endpoint", 0, OPTION_VALUE, "URL", "a live endpoint instead of recorded answers",
	  SET_ENDPOINT, 0 },
	{ "model", 'm', OPTION_LIST, "PERSONA=NAME", "model of a persona, or all=NAME", NO_SETTING, 0 },
	{ "budget", 'b', OPTION_VALUE, "USD", "cap for the run, or none", SET_BUDGET, 0 },
	{ "apply", 0, OPTION_FLAG, NULL, "apply the change when it is done", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

static const char *const sample_files[] = {
	".gitignore", "Makefile", "README.md", "ini.c", "ini.h", "tests/test_ini.c",
	NULL
};

static int copy_sample(const char *directory, struct error *err)
{
	CLEANUP_FREE char *from = NULL;

	if (data_path("examples/sample", &from, err))
		return -1;
	for (int i = 0; sample_files[i]; i++) {
		CLEANUP_FREE char *source = path_join(from, sample_files[i]);
		CLEANUP_FREE char *target = path_join(directory, sample_files[i]);
		CLEANUP_FREE char *folder = target ? path_dirname(target) : NULL;
		CLEANUP_BUF struct buf text = BUF_INIT(1 << 20);

		if (!source || !folder)
			return error_oom(err);
		if (buf_read_file(&text, source, err) || path_mkdirs(folder, 0755, err) ||
		    path_write_atomic(target, buf_str(&text), text.len, 0644, false, err))
			return -1;
	}
	return 0;
}

static int make_repository(const char *directory, struct error *err)
{
	static const char *const steps[][10] = {
		{ "git", "init", "-q", "-b", "main", NULL },
		{ "git", "config", "user.name", "Sample", NULL },
		{ "git", "config", "user.email", "sample@localhost", NULL },
		{ "git", "add", "-A", NULL },
		{ "git", "-c", "commit.gpgsign=false", "commit", "-q", "-m", "Add the sample library", NULL },
	};

	if (copy_sample(directory, err))
		return -1;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++)
		if (process_output(steps[i], directory, NULL, NULL, err))
			return -1;
	return 0;
}

/* The folder given, which must be new or empty, or a fresh temporary one. */
static int sample_directory(struct cli *cli, char **ret, struct error *err)
{
	const char *given = option_value(&cli->options, "directory");
	const char *tmp = getenv("TMPDIR");
	CLEANUP_FREE char *template = NULL;

	if (given) {
		if (path_exists(given) && rmdir(given))
			return error_sys(err, STATUS_USAGE, errno, "--directory %s", given);
		if (path_mkdirs(given, 0755, err))
			return -1;
		*ret = realpath(given, NULL);
		return *ret ? 0 : error_sys(err, STATUS_INTERNAL, errno, "%s", given);
	}
	template = str_printf("%s/council-demo-XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!template)
		return error_oom(err);
	if (!mkdtemp(template))
		return error_sys(err, STATUS_USAGE, errno, "cannot make %s", template);
	*ret = STEAL(template);
	return 0;
}

static bool has_live_model(const struct settings *s)
{
	const struct deployment *deployments;

	return settings_string(s, SET_ENDPOINT) || settings_string(s, SET_REPLAY) ||
	       settings_deployments(s, &deployments) > 0;
}

static int demo_options(struct cli *cli, const struct settings *s, struct run_options *o,
			struct error *err)
{
	CLEANUP_FREE char *path = NULL;
	CLEANUP_BUF struct buf task = BUF_INIT(1 << 16);

	if (data_path("examples/sample.task", &path, err) || buf_read_file(&task, path, err))
		return -1;
	while (task.len && task.data[task.len - 1] == '\n')
		buf_truncate(&task, task.len - 1);
	o->task = str_dup(buf_str(&task));
	o->apply = option_flag(&cli->options, "apply");
	return o->task ? session_gate(cli, s, repo_top(cli->repo), o, err) : error_oom(err);
}

static int run_in(struct cli *cli, const char *directory, struct error *err)
{
	struct settings_overrides given = { 0 };
	struct settings *settings = NULL;
	struct run_options o = { 0 };
	struct ulid id = ulid_new();
	CLEANUP_FREE char *answers = NULL;
	bool live = has_live_model(cli->settings);
	int rc = -1;

	options_overrides(&cli->options, table, global_options, &given);
	given.value[SET_PHASES] = "all";
	if (!live) {
		if (data_path("examples/sample.answers.json", &answers, err))
			return -1;
		given.value[SET_REPLAY] = answers;
		fprintf(cli->err, "No endpoint is set, so the models' answers are recorded ones. The "
			"repository, edits,\ntests, commits, ledger and costs are real.\n");
	}
	fprintf(cli->err, "Sample repository: %s\n", directory);
	if (settings_load(directory, &given, &settings, NULL, err) ||
	    demo_options(cli, settings, &o, err) || session_keep_overrides(&given, &o, err))
		goto out;
	rc = session_run(cli, settings, &o, id.s, NULL, err);
	if (rc >= 0 && !live)
		fprintf(cli->err, "\nNext, with a model of yours, in a repository of yours:\n"
			"  council init                          # finds endpoints, keys and tests\n"
			"  council run --endpoint URL --model all=NAME \"what is to be done\"\n");
out:
	run_options_release(&o);
	settings_free(settings);
	return rc;
}

static int run(struct cli *cli, struct error *err)
{
	CLEANUP_FREE char *directory = NULL;

	if (sample_directory(cli, &directory, err) || make_repository(directory, err))
		return -1;
	if (chdir(directory))
		return error_sys(err, STATUS_INTERNAL, errno, "cannot enter %s", directory);
	repo_free(cli->repo);
	cli->repo = NULL;
	if (repo_open(directory, &cli->repo, err))
		return -1;
	return run_in(cli, directory, err);
}

const struct command command_demo = {
	.name = "demo",
	.summary = "watch the council work on a sample repository",
	.usage = "[options]",
	.details = "Without an endpoint the models' answers are recorded; all else is real.",
	.options = table,
	.needs = NEEDS_LEDGER,
	.run = run,
};
