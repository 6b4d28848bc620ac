/* council persona: which personas are in force, and from where. */
#include <string.h>

#include "cli/cli.h"
#include "cli/show.h"
#include "config/persona.h"
#include "util/str.h"

/* The model that would serve it; "" when none would. Borrowed. */
static const char *model_of(const struct settings *s, const char *name)
{
	const struct deployment *d;
	const char *model;
	struct error ignored;

	if (settings_persona_model(s, name, &d, &model, &ignored) < 0)
		return "";
	return model ? model : d->model_name;
}

static json *persona_json(const struct cli *cli, const struct persona *p, bool whole)
{
	json *j = json_object();

	if (!j)
		return NULL;
	json_set_string(j, "name", p->name);
	json_set_string(j, "role", p->role);
	json_set_string(j, "model", *model_of(cli->settings, p->name) ?
			model_of(cli->settings, p->name) : NULL);
	json_set(j, "temperature", p->temperature < 0 ? json_new_null()
						      : json_new_double(p->temperature));
	json_set(j, "max_tokens", p->max_tokens ? json_new_i64(p->max_tokens) : json_new_null());
	json_set_string(j, "file", p->origin);
	if (whole)
		json_set_string(j, "system", p->system);
	return j;
}

static int list(struct cli *cli, struct error *err)
{
	bool as_json = option_flag(&cli->options, "json");
	json *all = as_json ? json_array() : NULL;

	for (const char *const *name = persona_names(); *name; name++) {
		struct persona p;

		if (persona_load(cli->settings, *name, &p, err) < 0) {
			json_free(all);
			return -1;
		}
		if (as_json) {
			json *j = persona_json(cli, &p, false);
			if (!all || !j || json_append(all, j) < 0) {
				persona_release(&p);
				json_free(all);
				return error_oom(err);
			}
		} else {
			const char *model = model_of(cli->settings, *name);
			fprintf(cli->out, "%-9s ", *name);
			show_text(cli->out, p.role, false);
			fprintf(cli->out, "%*s", p.role ? 36 - (int)text_width(p.role) : 36, "");
			show_text(cli->out, *model ? model : "no model", false);
			fputs("  ", cli->out);
			show_text(cli->out, p.origin, false);
			fputc('\n', cli->out);
		}
		persona_release(&p);
	}
	return as_json ? show_json(cli->out, all, err) : STATUS_DONE;
}

static int show(struct cli *cli, const char *name, struct error *err)
{
	const char *model = model_of(cli->settings, name);
	struct persona p;
	int rc = STATUS_DONE;

	if (persona_load(cli->settings, name, &p, err) < 0)
		return -1;
	if (option_flag(&cli->options, "json")) {
		rc = show_json(cli->out, persona_json(cli, &p, true), err);
	} else {
		fputs("file: ", cli->out);
		show_text(cli->out, p.origin, false);
		fputs("\nrole: ", cli->out);
		show_text(cli->out, p.role, false);
		fputs("\nmodel: ", cli->out);
		show_text(cli->out, *model ? model : "none (see `council init`)", false);
		if (p.temperature >= 0)
			fprintf(cli->out, "\ntemperature: %g", p.temperature);
		if (p.max_tokens)
			fprintf(cli->out, "\nmax_tokens: %d", p.max_tokens);
		fputs("\n\n", cli->out);
		show_text(cli->out, p.system, true);
		fputc('\n', cli->out);
	}
	persona_release(&p);
	return rc;
}

static int run(struct cli *cli, struct error *err)
{
	const struct strv *operands = &cli->options.operands;
	const char *what = operands->n ? operands->v[0] : "list";

	if (str_eq(what, "list") && operands->n <= 1)
		return list(cli, err);
	if (str_eq(what, "show") && operands->n == 2)
		return show(cli, operands->v[1], err);
	return error_set(err, STATUS_USAGE, "persona: `list` or `show NAME` is expected (NAME is pacer, "
			 "maven, builder, guardian or artisan)");
}

const struct command command_persona = {
	.name = "persona",
	.summary = "list the personas, or show one, and where it comes from",
	.usage = "[list | show NAME]",
	.details = "A file personas/NAME.md under .council/ (when trusted) or under\n"
		   "$XDG_CONFIG_HOME/council/ replaces the one that comes with the program.",
	.needs = WANTS_REPO | NEEDS_SETTINGS,
	.run = run,
};
