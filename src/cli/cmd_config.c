/* council config: what is set, by whom, and whether the files are right. */
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "config/persona.h"
#include "util/str.h"

static const struct option_def table[] = {
	{ "show-origin", 0, OPTION_FLAG, NULL, "say for each value where it comes from", NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

static int load(struct cli *cli, struct settings **ret, struct strv *warnings, struct error *err)
{
	struct settings_overrides o = { 0 };

	options_overrides(&cli->options, table, global_options, &o);
	return settings_load(cli->repo ? repo_top(cli->repo) : NULL, &o, ret, warnings, err);
}

/* ---- show ---- */

static void show_persona(struct cli *cli, const struct settings *s, const char *name)
{
	const struct deployment *d;
	const char *model;
	struct error why = { 0 };

	fprintf(cli->out, "  %-9s ", name);
	if (settings_persona_model(s, name, &d, &model, &why) < 0) {
		show_text(cli->out, why.message, false);
	} else {
		CLEANUP_FREE char *url = d->api_base ? show_url(d->api_base) : NULL;
		show_text(cli->out, model ? model : "(the endpoint's own)", false);
		fputs(" (", cli->out);
		show_text(cli->out, d->model_name, false);
		if (url) {
			fputs(", ", cli->out);
			show_text(cli->out, url, false);
		}
		fputc(')', cli->out);
	}
	fputc('\n', cli->out);
}

static int show_plain(struct cli *cli, const struct settings *s)
{
	const struct setting_def *defs = setting_defs();
	bool origins = option_flag(&cli->options, "show-origin");
	int width = 0;

	for (size_t i = 0; origins && i < SET_COUNT; i++) {
		int n = (int)text_width(settings_origin(s, (enum setting_id)i));
		width = n > width ? n : width;
	}
	for (size_t i = 0; i < SET_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;
		if (origins) {
			const char *origin = settings_string(s, id) ? settings_origin(s, id) : "unset";
			show_text(cli->out, origin, false);
			fprintf(cli->out, "%*s  ", width - (int)text_width(origin), "");
		}
		fprintf(cli->out, "%s:%s", defs[i].key,
			settings_string(s, id) && *settings_string(s, id) ? " " : "");
		show_setting(cli->out, s, id);
		fputc('\n', cli->out);
	}
	fputs("\nmodels\n", cli->out);
	for (const char *const *name = persona_names(); *name; name++)
		show_persona(cli, s, *name);
	return 0;
}

static json *persona_json(const struct settings *s, const char *name)
{
	const struct deployment *d;
	const char *model;
	struct error why = { 0 };
	json *j = json_object();

	if (!j)
		return NULL;
	if (settings_persona_model(s, name, &d, &model, &why) < 0) {
		json_set_string(j, "error", why.message);
		return j;
	}
	CLEANUP_FREE char *url = d->api_base ? show_url(d->api_base) : NULL;
	json_set_string(j, "model", model);
	json_set_string(j, "deployment", d->model_name);
	json_set_string(j, "endpoint", url);
	json_set_string(j, "origin", d->origin);
	return j;
}

static json *deployments_json(const struct settings *s)
{
	const struct deployment *d;
	size_t n = settings_deployments(s, &d);
	json *list = json_array();

	for (size_t i = 0; list && i < n; i++) {
		CLEANUP_FREE char *url = d[i].api_base ? show_url(d[i].api_base) : NULL;
		json *j = json_object();

		if (!j)
			break;
		json_set_string(j, "model_name", d[i].model_name);
		json_set_string(j, "model", d[i].model);
		json_set_string(j, "endpoint", url);
		json_set_string(j, "key", d[i].api_key ? "set" : d[i].api_key_command ? "command" : "unset");
		json_set_string(j, "origin", d[i].origin);
		json_set_i64(j, "line", d[i].line);
		json_append(list, j);
	}
	return list;
}

static int show_as_json(struct cli *cli, const struct settings *s, struct error *err)
{
	json *all = json_object(), *settings = json_object(), *personas = json_object();

	for (size_t i = 0; settings && i < SET_COUNT; i++) {
		enum setting_id id = (enum setting_id)i;
		json *one = json_object();

		if (!one)
			break;
		json_set(one, "value", show_setting_json(s, id));
		json_set_string(one, "origin", settings_string(s, id) ? settings_origin(s, id) : NULL);
		json_set(settings, setting_defs()[i].key, one);
	}
	for (const char *const *name = persona_names(); personas && *name; name++)
		json_set(personas, *name, persona_json(s, *name));
	if (!all || !settings || !personas || json_set(all, "settings", settings) < 0 ||
	    json_set(all, "personas", personas) < 0 ||
	    json_set(all, "model_list", deployments_json(s)) < 0 ||
	    json_set_bool(all, "trusted", settings_repo_trusted(s)) < 0) {
		json_free(all);
		return error_oom(err);
	}
	return show_json(cli->out, all, err);
}

static int show(struct cli *cli, struct error *err)
{
	CLEANUP_STRV struct strv warnings = { 0 };
	struct settings *s;
	int rc;

	if (load(cli, &s, &warnings, err) < 0)
		return -1;
	for (size_t i = 0; i < warnings.n; i++)
		cli_warn(cli, "%s", warnings.v[i]);
	rc = option_flag(&cli->options, "json") ? show_as_json(cli, s, err) : show_plain(cli, s);
	settings_free(s);
	return rc;
}

/* ---- check ---- */

static int check(struct cli *cli, const char *file, struct error *err)
{
	CLEANUP_STRV struct strv warnings = { 0 };
	struct settings *s = NULL;
	int rc = file ? settings_load_file(file, &s, &warnings, err) : load(cli, &s, &warnings, err);

	for (size_t i = 0; i < warnings.n; i++)
		cli_warn(cli, "%s", warnings.v[i]);
	settings_free(s);
	if (rc < 0)
		return -1;
	fprintf(cli->out, "%s: %zu warning%s, no errors\n", file ? file : "settings", warnings.n,
		warnings.n == 1 ? "" : "s");
	return STATUS_DONE;
}

static int run(struct cli *cli, struct error *err)
{
	const struct strv *operands = &cli->options.operands;
	const char *what = operands->n ? operands->v[0] : "show";

	if (str_eq(what, "show") && operands->n <= 1)
		return show(cli, err);
	if (str_eq(what, "check") && operands->n <= 2)
		return check(cli, operands->n == 2 ? operands->v[1] : NULL, err);
	return error_set(err, STATUS_USAGE, "config: `show` or `check [FILE]` is expected (see "
			 "`council config -h`)");
}

const struct command command_config = {
	.name = "config",
	.summary = "show the settings in force, or check the files",
	.usage = "[show [--show-origin] | check [FILE]]",
	.details = "What is set, by whom, and which model serves each persona. `check` reads the files\n"
		   "and reports faults with line and column; see council-settings(5).",
	.options = table,
	.needs = WANTS_REPO,
	.run = run,
};
