/* council trust: lets a repository's .council/ set what matters. */
#include <string.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "config/persona.h"
#include "config/trust.h"
#include "util/path.h"
#include "util/str.h"

static const char *const state_names[] = { "none", "untrusted", "changed", "trusted" };

/* What config.yaml sets, as if it was trusted already. */
static int show_settings(struct cli *cli, const char *path, struct error *err)
{
	const struct deployment *d;
	struct settings *s;
	size_t n;

	if (settings_load_file(path, &s, NULL, err) < 0)
		return -1;
	fputs("  config.yaml\n", cli->out);
	for (size_t i = 0; i < SET_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;

		if (!str_starts(settings_origin(s, id), path) || !settings_string(s, id))
			continue;
		fprintf(cli->out, "    %s: ", setting_defs()[i].key);
		show_setting(cli->out, s, id);
		fputc('\n', cli->out);
	}
	for (const char *const *name = persona_names(); *name; name++) {
		const struct persona_setting *p = settings_persona(s, *name);

		if (!p->model && p->temperature < 0 && !p->max_tokens)
			continue;
		fprintf(cli->out, "    personas.%s: ", *name);
		show_text(cli->out, p->model ? p->model : "other limits", false);
		fputc('\n', cli->out);
	}
	n = settings_deployments(s, &d);
	for (size_t i = 0; i < n; i++) {
		CLEANUP_FREE char *url = d[i].api_base ? show_url(d[i].api_base) : NULL;

		fputs("    model_list: ", cli->out);
		show_text(cli->out, d[i].model_name, false);
		fputs(" = ", cli->out);
		show_text(cli->out, d[i].model, false);
		fputs(url ? " at " : "", cli->out);
		show_text(cli->out, url ? url : "", false);
		fputc('\n', cli->out);
	}
	settings_free(s);
	return 0;
}

static int show_files(struct cli *cli, const char *top, const struct strv *files, struct error *err)
{
	CLEANUP_FREE char *config = path_join(top, ".council/config.yaml");

	if (!config)
		return error_oom(err);
	show_text(cli->out, top, false);
	fputs("/.council\n", cli->out);
	for (size_t i = 0; i < files->n; i++) {
		if (str_eq(files->v[i], "config.yaml")) {
			if (show_settings(cli, config, err) < 0)
				return -1;
			continue;
		}
		fputs("  ", cli->out);
		show_text(cli->out, files->v[i], false);
		fputs(str_starts(files->v[i], "personas/") ? "  (replaces a persona)" :
		      str_starts(files->v[i], "prompts/") ? "  (replaces a prompt)" : "", cli->out);
		fputc('\n', cli->out);
	}
	return 0;
}

static int show_json_state(struct cli *cli, const char *top, enum trust_state state,
			   const struct strv *files, struct error *err)
{
	json *j = json_object(), *list = json_array();

	for (size_t i = 0; list && i < files->n; i++)
		json_append(list, json_new_string(files->v[i]));
	if (!j || !list || json_set_string(j, "repository", top) < 0 ||
	    json_set_string(j, "state", state_names[state]) < 0 || json_set(j, "files", list) < 0) {
		json_free(j);
		return error_oom(err);
	}
	return show_json(cli->out, j, err);
}

static int status(struct cli *cli, const char *top, struct error *err)
{
	CLEANUP_STRV struct strv files = { 0 };
	struct error why = { 0 };
	enum trust_state state;

	if (trust_check(top, &state, err) < 0)
		return -1;
	if (trust_files(top, &files, &why) < 0)
		cli_warn(cli, "%s", why.message);
	if (option_flag(&cli->options, "json"))
		return show_json_state(cli, top, state, &files, err);
	static const char *const words[] = {
		"there is no .council/", "not trusted: `council trust`",
		"changed since it was trusted: look at it, then `council trust`", "trusted",
	};
	fprintf(cli->out, "%s\n", words[state]);
	return STATUS_DONE;
}

static int revoke(struct cli *cli, const char *top, struct error *err)
{
	bool was;

	if (trust_revoke(top, &was, err) < 0)
		return -1;
	fputs(was ? "no longer trusted\n" : "was not trusted\n", cli->out);
	return STATUS_DONE;
}

static int grant(struct cli *cli, const char *top, struct error *err)
{
	CLEANUP_STRV struct strv files = { 0 };
	bool as_json = option_flag(&cli->options, "json");

	if (trust_files(top, &files, err) < 0)
		return -1;
	if (!as_json && files.n && show_files(cli, top, &files, err) < 0)
		return -1;
	if (trust_grant(top, err) < 0)
		return -1;
	if (as_json)
		return show_json_state(cli, top, TRUST_TRUSTED, &files, err);
	fputs("trusted, until anything under .council/ changes (`council trust revoke` takes it back)\n",
	      cli->out);
	return STATUS_DONE;
}

static int run(struct cli *cli, struct error *err)
{
	const struct strv *operands = &cli->options.operands;
	const char *top = repo_top(cli->repo);

	if (operands->n == 0)
		return grant(cli, top, err);
	if (operands->n == 1 && str_eq(operands->v[0], "status"))
		return status(cli, top, err);
	if (operands->n == 1 && str_eq(operands->v[0], "revoke"))
		return revoke(cli, top, err);
	return error_set(err, STATUS_USAGE, "trust: nothing, `status` or `revoke` is expected");
}

const struct command command_trust = {
	.name = "trust",
	.summary = "let this repository's .council/ set commands and models",
	.usage = "[status | revoke]",
	.details = "Prints what takes effect, and remembers the hash of everything under .council/: any\n"
		   "change there asks again. Until then only harmless settings count.",
	.needs = NEEDS_REPO,
	.run = run,
};
