/* council init: finds an endpoint, the tests and what a worktree lacks, tries
 * the model once, and writes a settings file. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/init_write.h"
#include "cli/show.h"
#include "config/trust.h"
#include "model/model.h"
#include "run/gate.h"
#include "run/result.h"
#include "util/path.h"
#include "util/process.h"
#include "util/str.h"

enum { LIST_MS = 10000, CALL_TOKENS = 64, OFFERED_MAX = 12 };

static const struct option_def table[] = {
	{ "endpoint", 0, OPTION_VALUE, "URL", "OpenAI-compatible endpoint", NO_SETTING, 0 },
	{ "model", 'm', OPTION_VALUE, "NAME", "the model there", NO_SETTING, 0 },
	{ "api-key-env", 0, OPTION_VALUE, "NAME", "environment variable with the key", NO_SETTING, 0 },
	{ "api-key-command", 0, OPTION_VALUE, "CMD", "command that prints the key", NO_SETTING, 0 },
	{ "test", 't', OPTION_VALUE, "CMD", "the tests: the gate", NO_SETTING, 0 },
	{ "build", 0, OPTION_VALUE, "CMD", "run before the tests", NO_SETTING, 0 },
	{ "no-gate", 0, OPTION_FLAG, NULL, "there are no tests", NO_SETTING, 0 },
	{ "link", 0, OPTION_LIST, "PATTERN", "ignored files the tests need", NO_SETTING, 0 },
	{ "setup", 0, OPTION_VALUE, "CMD", "makes a fresh worktree ready", NO_SETTING, 0 },
	{ "user", 0, OPTION_FLAG, NULL, "write your own file, for all repositories", NO_SETTING, 0 },
	{ "no-call", 0, OPTION_FLAG, NULL, "do not try the model", NO_SETTING, 0 },
	{ "force", 'f', OPTION_FLAG, NULL, "write over a file that is there", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

/* What a command line must still say, one line an item. */
struct missing { struct buf text; int n; };

static int need(struct missing *m, const char *what)
{
	return buf_addf(&m->text, "%s%s", m->n++ ? "; " : "", what);
}

static int copy_option(struct cli *cli, const char *name, char **ret, struct error *err)
{
	const char *value = option_value(&cli->options, name);

	free(*ret);
	*ret = value && *value ? str_dup(value) : NULL;
	return *ret || !value || !*value ? 0 : error_oom(err);
}

/* Asks; an empty answer is NULL. */
static int ask(struct cli *cli, const char *question, const char *fallback, char **ret,
	       struct error *err)
{
	CLEANUP_FREE char *answer = NULL;

	if (cli_ask(cli, question, fallback, &answer, err) < 0)
		return -1;
	free(*ret);
	*ret = answer && *answer ? STEAL(answer) : NULL;
	return 0;
}

/* ---- the endpoint and the model ---- */

/* Whether the user's or the machine's file already says which model serves a persona. */
static bool has_models(void)
{
	const struct deployment *d;
	const char *model;
	struct settings *s;
	struct error ignored;
	bool there;

	if (settings_load(NULL, NULL, &s, NULL, &ignored) < 0)
		return false;
	there = settings_persona_model(s, "builder", &d, &model, &ignored) == 0 &&
		(d->line || strchr(d->origin, ':'));
	settings_free(s);
	return there;
}

static int use_found(const struct found_endpoint *e, struct init_choices *c, struct strv *models,
		     struct error *err)
{
	c->endpoint = str_dup(e->url);
	if (!c->key_env && !c->key_command && e->key_env)
		c->key_env = str_dup(e->key_env);
	if (!c->endpoint || strv_copy(models, &e->models) < 0)
		return error_oom(err);
	return 0;
}

static int pick_found(struct cli *cli, const struct found_endpoints *f, struct init_choices *c,
		      struct strv *models, struct error *err)
{
	CLEANUP_FREE char *answer = NULL;
	int64_t which;

	for (size_t i = 0; i < f->n; i++) {
		fprintf(cli->err, "  %zu  ", i + 1);
		show_text(cli->err, f->v[i].url, false);
		fprintf(cli->err, "  (%s)\n", f->v[i].what);
	}
	if (ask(cli, "Which endpoint (a number, or a URL)?", f->n ? "1" : NULL, &answer, err) < 0)
		return -1;
	if (!answer)
		return error_set(err, STATUS_USAGE, "init needs an endpoint: start a local server, or "
				 "give --endpoint URL");
	if (parse_i64(answer, 1, (int64_t)f->n, &which))
		return use_found(&f->v[which - 1], c, models, err);
	c->endpoint = STEAL(answer);
	return 0;
}

static int choose_endpoint(struct cli *cli, struct init_choices *c, struct strv *models,
			   struct missing *m, struct error *err)
{
	struct found_endpoints f = { 0 };
	int rc = 0;

	if (c->endpoint || (!c->user && !c->model && has_models()))
		return 0;
	if (find_endpoints(cli->cancel, &f, err) < 0)
		return -1;
	if (f.n == 1 && !cli->interactive) {
		rc = use_found(&f.v[0], c, models, err);
	} else if (cli->interactive) {
		rc = pick_found(cli, &f, c, models, err);
	} else if (f.n == 0) {
		rc = need(m, "--endpoint URL (no local server answers, and no key such as "
			     "OPENAI_API_KEY is set)");
	} else {
		rc = need(m, "--endpoint URL (there are several:");
		for (size_t i = 0; i < f.n; i++)
			buf_addf(&m->text, " %s", f.v[i].url);
		buf_adds(&m->text, ")");
	}
	found_endpoints_release(&f);
	return rc;
}

static int list_models(struct cli *cli, const struct init_choices *c, struct strv *models)
{
	const char *env = c->key_env ? c->key_env : "OPENAI_API_KEY", *key = getenv(env);
	CLEANUP_FREE char *printed = NULL;
	struct error ignored;

	if (c->key_command) {
		const char *const argv[] = { "sh", "-c", c->key_command, NULL };
		if (process_output(argv, NULL, cli->cancel, &printed, &ignored) < 0)
			return -1;
		key = printed;
	}
	return model_list_remote(c->endpoint, key && *key ? key : NULL, LIST_MS, cli->cancel, models,
				 &ignored);
}

static int choose_model(struct cli *cli, struct init_choices *c, struct strv *models,
			struct missing *m, struct error *err)
{
	if (c->model || !c->endpoint)
		return 0;
	if (!models->n && list_models(cli, c, models) < 0 && cancel_check(cli->cancel, err) < 0)
		return -1;
	if (models->n == 1 && !cli->interactive) {
		c->model = str_dup(models->v[0]);
		return c->model ? 0 : error_oom(err);
	}
	if (cli->interactive) {
		for (size_t i = 0; i < models->n && i < OFFERED_MAX; i++) {
			fputs("  ", cli->err);
			show_text(cli->err, models->v[i], false);
			fputc('\n', cli->err);
		}
		if (ask(cli, "Which model?", models->n ? models->v[0] : NULL, &c->model, err) < 0)
			return -1;
		return c->model ? 0 : error_set(err, STATUS_USAGE, "init needs a model: --model NAME");
	}
	need(m, "--model NAME");
	for (size_t i = 0; i < models->n && i < OFFERED_MAX; i++)
		buf_addf(&m->text, "%s%s", i ? ", " : " (the endpoint offers ", models->v[i]);
	buf_adds(&m->text, models->n > OFFERED_MAX ? " …)" : models->n ? ")" : "");
	return 0;
}

/* ---- the repository ---- */

static int choose_gate(struct cli *cli, struct init_choices *c, const char *top, struct missing *m,
		       struct error *err)
{
	struct gate_commands found = { 0 };
	int rc = 0;

	if (c->no_gate || c->test)
		return 0;
	if (gate_detect(top, &found, err) < 0)
		return -1;
	if (cli->interactive) {
		rc = ask(cli, "Which command runs the tests?", found.test, &c->test, err);
		c->no_gate = rc == 0 && !c->test;
	} else if (found.test) {
		c->test = STEAL(found.test);
	} else {
		rc = need(m, "--test CMD (no tests were found), or --no-gate");
	}
	if (rc == 0 && !c->build)
		c->build = STEAL(found.build);
	gate_commands_release(&found);
	return rc;
}

static int choose_worktree(struct cli *cli, struct init_choices *c, const char *top,
			   struct error *err)
{
	CLEANUP_STRV struct strv links = { 0 };

	if (find_lacks(top, cli->cancel, &c->lacks, err) < 0)
		return -1;
	if (option_all(&cli->options, "link", &links) < 0)
		return error_oom(err);
	if (links.n) {
		strv_release(&c->lacks.link);
		c->lacks.link = links;
		links = (struct strv){ 0 };
	}
	return option_value(&cli->options, "setup") ? copy_option(cli, "setup", &c->lacks.setup, err)
						     : 0;
}

static int choose(struct cli *cli, struct init_choices *c, struct error *err)
{
	struct missing m = { .text = BUF_INIT(64 << 10) };
	CLEANUP_STRV struct strv models = { 0 };
	int rc;

	c->user = option_flag(&cli->options, "user");
	c->no_gate = option_flag(&cli->options, "no-gate");
	if (copy_option(cli, "endpoint", &c->endpoint, err) < 0 ||
	    copy_option(cli, "model", &c->model, err) < 0 ||
	    copy_option(cli, "api-key-env", &c->key_env, err) < 0 ||
	    copy_option(cli, "api-key-command", &c->key_command, err) < 0 ||
	    copy_option(cli, "test", &c->test, err) < 0 ||
	    copy_option(cli, "build", &c->build, err) < 0)
		return -1;
	rc = choose_endpoint(cli, c, &models, &m, err);
	if (rc == 0)
		rc = choose_model(cli, c, &models, &m, err);
	if (rc == 0 && !c->user)
		rc = choose_gate(cli, c, repo_top(cli->repo), &m, err);
	if (rc == 0 && !c->user)
		rc = choose_worktree(cli, c, repo_top(cli->repo), err);
	if (rc == 0 && m.n)
		rc = error_set(err, STATUS_USAGE, "init, without a terminal to ask on, needs: %s",
			       buf_str(&m.text));
	buf_release(&m.text);
	return rc;
}

/* ---- one live call ---- */

static int call_model(struct cli *cli, const struct settings *s, struct ledger *ledger,
		      struct completion *ret, struct error *err)
{
	struct model_services_options o = { .settings = s, .ledger = ledger, .log = cli->log,
					    .budget_nano = -1 };
	struct model_message message = { .role = MODEL_USER,
					 .content = "Answer with the one word: ready" };
	struct model_request request = { .persona = "builder", .messages = &message, .n_messages = 1,
					 .temperature = -1, .max_tokens = CALL_TOKENS, .attempt = 1 };
	struct model_services *services;
	int rc;

	if (model_services_new(&o, &services, err) < 0)
		return -1;
	rc = model_complete(services, &request, NULL, cli->cancel, ret, err);
	model_services_free(services);
	return rc;
}

static int try_model(struct cli *cli, const struct init_choices *c, struct error *err)
{
	CLEANUP_FREE char *all = c->model ? str_printf("all=%s", c->model) : NULL;
	const char *const models[] = { all, NULL };
	struct settings_overrides o = {
		.value = { [SET_ENDPOINT] = c->endpoint, [SET_MODEL] = c->model,
			   [SET_API_KEY_ENV] = c->key_env, [SET_API_KEY_COMMAND] = c->key_command,
			   [SET_LEDGER] = option_value(&cli->options, "ledger") },
		.models = all ? models : NULL,
	};
	struct completion answer = { 0 };
	struct settings *s;
	struct ledger *ledger = NULL;
	char cost[32];
	int rc;

	if (c->model && !all)
		return error_oom(err);
	if (settings_load(cli->repo ? repo_top(cli->repo) : NULL, &o, &s, NULL, err) < 0)
		return -1;
	rc = ledger_open(settings_string(s, SET_LEDGER), false, &ledger, NULL, err);
	if (rc == 0)
		rc = call_model(cli, s, ledger, &answer, err);
	if (rc < 0) {
		error_prefix(err, "the model was tried and nothing is written (--no-call writes "
				  "without trying)");
	} else if (!option_flag(&cli->options, "quiet")) {
		money_format(answer.cost_nano, cost);
		show_text(cli->err, answer.model, false);
		fprintf(cli->err, " answered in %.1f s (%lld tokens in, %lld out, %s)\n",
			(double)answer.latency_us / 1e6, (long long)answer.usage.input,
			(long long)answer.usage.output, answer.cost_known ? cost : "cost unknown");
	}
	if (rc == 0)
		completion_release(&answer);
	if (ledger)
		rc = ledger_close(ledger, rc == 0 ? err : NULL) < 0 ? -1 : rc;
	settings_free(s);
	return rc;
}

/* ---- writing ---- */

static int write_file(const struct init_choices *c, const char *path, const char *text, size_t len,
		      struct error *err)
{
	CLEANUP_FREE char *folder = path_dirname(path);

	if (!folder)
		return error_oom(err);
	if (path_mkdirs(folder, c->user ? 0700 : 0755, err) < 0)
		return -1;
	return path_write_atomic(path, text, len, c->user ? 0600 : 0644, true, err);
}

/* What the user writes here is the user's own; what lay there before is not. */
static int write_and_trust(struct cli *cli, const struct init_choices *c, const char *path,
			   bool *ret_trusted, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(256 << 10);
	const char *top = cli->repo ? repo_top(cli->repo) : NULL;
	enum trust_state before = TRUST_NONE;

	if (!c->user && trust_check(top, &before, err) < 0)
		return -1;
	if (init_text(c, &text, err) < 0 || write_file(c, path, buf_str(&text), text.len, err) < 0)
		return -1;
	*ret_trusted = c->user;
	if (c->user)
		return 0;
	if (before == TRUST_UNTRUSTED || before == TRUST_CHANGED) {
		cli_warn(cli, ".council/ held files that are not trusted: look at them, then "
			 "`council trust`");
		return 0;
	}
	if (trust_grant(top, err) < 0)
		return -1;
	*ret_trusted = true;
	return 0;
}

static int report(struct cli *cli, const struct init_choices *c, const char *path, bool trusted,
		  struct error *err)
{
	if (!option_flag(&cli->options, "json")) {
		show_text(cli->out, path, false);
		fputs(" written\n", cli->out);
		if (!option_flag(&cli->options, "quiet"))
			fputs(trusted ? "next: council run \"what is to be done\"\n"
				      : "next: council trust\n", cli->err);
		return STATUS_DONE;
	}
	json *j = json_object(), *links = json_array();
	for (size_t i = 0; links && i < c->lacks.link.n; i++)
		json_append(links, json_new_string(c->lacks.link.v[i]));
	if (!j || json_set_string(j, "file", path) < 0 ||
	    json_set_string(j, "endpoint", c->endpoint) < 0 ||
	    json_set_string(j, "model", c->model) < 0 || json_set_string(j, "test", c->test) < 0 ||
	    json_set_string(j, "build", c->build) < 0 ||
	    json_set_string(j, "setup", c->lacks.setup) < 0 ||
	    json_set_bool(j, "trusted", trusted) < 0) {
		json_free(j);
		json_free(links);
		return error_oom(err);
	}
	if (json_set(j, "link", links) < 0) {
		json_free(j);
		return error_oom(err);
	}
	return show_json(cli->out, j, err);
}

static char *target(struct cli *cli, struct error *err)
{
	char *path;

	if (option_flag(&cli->options, "user"))
		return settings_user_file(err);
	if (!cli->repo) {
		error_set(err, STATUS_USAGE, "init: no git repository here: go to one, or write your "
			  "own settings with --user");
		return NULL;
	}
	path = path_join(repo_top(cli->repo), ".council/config.yaml");
	if (!path)
		error_oom(err);
	return path;
}

static int run(struct cli *cli, struct error *err)
{
	CLEANUP_FREE char *path = target(cli, err);
	struct init_choices c = { 0 };
	bool trusted = false;
	int rc;

	if (!path)
		return -1;
	if (cli->options.operands.n)
		return error_set(err, STATUS_USAGE, "init takes no operand");
	if (path_exists(path) && !option_flag(&cli->options, "force"))
		return error_set(err, STATUS_USAGE, "%s is there already: edit it, or write it anew with "
				 "--force", path);
	rc = choose(cli, &c, err);
	if (rc == 0 && !option_flag(&cli->options, "no-call"))
		rc = try_model(cli, &c, err);
	if (rc == 0)
		rc = write_and_trust(cli, &c, path, &trusted, err);
	if (rc == 0)
		rc = report(cli, &c, path, trusted, err);
	init_choices_release(&c);
	return rc;
}

const struct command command_init = {
	.name = "init",
	.summary = "find an endpoint and the tests, and write the settings",
	.usage = "[options]",
	.details = "Finds keys in the environment, local servers (Ollama, llama.cpp, LM Studio), the\n"
		   "tests, and what a fresh worktree lacks; makes one small call; writes\n"
		   ".council/config.yaml, or with --user your own. Asks on a terminal; elsewhere what\n"
		   "it cannot find must be given as options.",
	.options = table,
	.needs = WANTS_REPO,
	.run = run,
};
