/* council edit: a model's answer, whatever asked for it, as edits to the files
 * of a folder. A filter for scripts: no repository, settings or ledger. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "repo/edit.h"
#include "run/protect.h"
#include "util/json.h"
#include "util/str.h"

static const struct option_def table[] = {
	{ "check", 0, OPTION_FLAG, NULL, "only say what would happen (the default)", NO_SETTING,
	  0 },
	{ "apply", 0, OPTION_FLAG, NULL, "write the files, all or none", NO_SETTING, 0 },
	{ "directory", 'C', OPTION_VALUE, "DIR", "the folder that paths are below (default: .)",
	  NO_SETTING, 0 },
	{ "protect", 0, OPTION_FLAG, NULL, "refuse edits to tests, CI, lock files and build files",
	  NO_SETTING, 0 },
	{ NULL, 0, OPTION_FLAG, NULL, NULL, NO_SETTING, 0 },
};

static int read_answer(struct cli *cli, struct buf *text, struct error *err)
{
	const struct strv *operands = &cli->options.operands;
	const char *name = operands->n ? operands->v[0] : "-";

	if (operands->n > 1)
		return error_set(err, STATUS_USAGE, "one FILE at most: %s is too many",
				 operands->v[1]);
	if (strcmp(name, "-"))
		return buf_read_file(text, name, err);
	if (!operands->n && isatty(STDIN_FILENO))
		return error_set(err, STATUS_USAGE,
				 "no answer to read: name a FILE, or pipe the answer in (- reads "
				 "the terminal)");
	return buf_read_fd(text, STDIN_FILENO, "standard input", err);
}

static const char *verb(const struct edit_outcome *o)
{
	switch (o->kind) {
	case EDIT_CREATE: return "create";
	case EDIT_DELETE: return "delete";
	case EDIT_RENAME: return "rename";
	case EDIT_WHOLE: return "replace";
	case EDIT_REPLACE: break;
	}
	return "edit";
}

static void print_clean(struct cli *cli, const char *text)
{
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);

	text_clean(&out, text, strlen(text), true);
	fputs(buf_str(&out), cli->out);
}

static int print_plain(struct cli *cli, const struct edit_report *r, struct error *err)
{
	CLEANUP_FREE char *told = NULL;

	for (size_t i = 0; i < r->n; i++) {
		const struct edit_outcome *o = &r->v[i];
		CLEANUP_FREE char *line = NULL;

		if (!o->ok)
			continue;
		line = str_printf("%-7s %s%s%s (%s)\n", verb(o), o->path, o->new_path ? " -> " : "",
				  o->new_path ? o->new_path : "", o->match ? o->match : "none");
		if (!line)
			return error_oom(err);
		print_clean(cli, line);
	}
	if (r->applied && !r->unchanged)
		return 0;
	told = edit_report_text(r);
	if (!told)
		return error_oom(err);
	print_clean(cli, told);
	return 0;
}

static json *outcome_json(const struct edit_outcome *o)
{
	json *j = json_object();

	if (!j || json_set_string(j, "path", o->path) < 0 ||
	    json_set_string(j, "action", verb(o)) < 0 ||
	    (o->new_path && json_set_string(j, "new_path", o->new_path) < 0) ||
	    json_set_bool(j, "ok", o->ok) < 0 ||
	    json_set_string(j, "match", o->ok ? o->match : NULL) < 0 ||
	    json_set_bool(j, "protected", o->protected_path) < 0 ||
	    json_set_string(j, "reason", o->reason) < 0) {
		json_free(j);
		return NULL;
	}
	return j;
}

static int print_json(struct cli *cli, enum status status, bool written, const char *error,
		      const struct edit_report *r, struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;
	json *edits = json_array();

	for (size_t i = 0; r && i < r->n; i++)
		if (json_append(edits, outcome_json(&r->v[i])) < 0) {
			json_free(edits);
			return error_oom(err);
		}
	if (!j || json_set_i64(j, "status", status) < 0 ||
	    json_set_bool(j, "written", written) < 0 ||
	    json_set_bool(j, "unchanged", r && r->unchanged) < 0 ||
	    json_set_string(j, "error", error) < 0) {
		json_free(edits);
		return error_oom(err);
	}
	if (json_set(j, "edits", edits) < 0)
		return error_oom(err);
	text = json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

/* The report in the form asked for; returns the status, or -1. */
static int tell(struct cli *cli, enum status status, bool written, const char *error,
		const struct edit_report *r, struct error *err)
{
	int rc = 0;

	if (option_flag(&cli->options, "json")) {
		rc = print_json(cli, status, written, error, r, err);
	} else if (error) {
		print_clean(cli, error);
		fputc('\n', cli->out);
	} else if (r && !(option_flag(&cli->options, "quiet") && status == STATUS_DONE)) {
		rc = print_plain(cli, r, err);
	}
	return rc < 0 ? -1 : (int)status;
}

static int try_edits(struct cli *cli, const struct edit_list *list, struct error *err)
{
	const char *dir = option_value(&cli->options, "directory");
	bool write = option_flag(&cli->options, "apply");
	struct protect protect = { 0 };
	struct edit_options o = { .check_only = !write };
	struct edit_report report = { 0 };
	int rc;

	if (option_flag(&cli->options, "protect")) {
		o.is_protected = protect_path;
		o.ctx = &protect;
	}
	o.root_fd = open(dir ? dir : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o.root_fd < 0)
		return error_sys(err, STATUS_USAGE, errno, "cannot open the folder %s",
				 dir ? dir : ".");
	rc = edit_apply(list, &o, &report, err);
	close(o.root_fd);
	if (rc < 0)
		return -1;
	rc = tell(cli, report.applied ? STATUS_DONE : STATUS_GATE,
		  write && report.applied && !report.unchanged, NULL, &report, err);
	edit_report_release(&report);
	return rc;
}

static int run(struct cli *cli, struct error *err)
{
	CLEANUP_BUF struct buf text = BUF_INIT(EDIT_MAX_TEXT);
	struct edit_list list = { 0 };
	struct error why = { 0 };
	int rc;

	if (option_flag(&cli->options, "check") && option_flag(&cli->options, "apply"))
		return error_set(err, STATUS_USAGE, "--check and --apply exclude one another");
	if (read_answer(cli, &text, err) < 0)
		return -1;
	if (edit_parse(buf_str(&text), text.len, &list, &why) < 0) {
		if (why.code == STATUS_GATE)
			return tell(cli, STATUS_GATE, false, why.message, NULL, err);
		return error_set(err, why.code, "%s", why.message);
	}
	if (list.no_changes)
		rc = tell(cli, STATUS_NOTHING, false, "NO CHANGES", NULL, err);
	else
		rc = try_edits(cli, &list, err);
	edit_list_release(&list);
	return rc;
}

const struct command command_edit = {
	.name = "edit",
	.summary = "check or apply the edits in a model's answer",
	.usage = "[options] [FILE | -]",
	.details = "Reads SEARCH/REPLACE blocks, whole files, apply_patch and unified diffs: see\n"
		   "council-formats(5). Exit 0: they apply; 3: they do not, and standard output\n"
		   "says why; 7: the answer says NO CHANGES.",
	.options = table,
	.needs = ENDS_ON_SIGNAL,
	.run = run,
};
