/* moved.c: see moved.h. */
#include "cli/moved.h"

#include <string.h>

#include "report/paint.h"
#include "util/str.h"

static int print_json(struct cli *cli, const struct moved *m, struct error *err)
{
	CLEANUP_JSON json *j = json_object();
	CLEANUP_FREE char *text = NULL;
	int rc = 0;

	rc |= json_set_string(j, "run", m->run);
	rc |= json_set_string(j, "state", m->undone ? "undone" : "applied");
	rc |= json_set_string(j, "ref", m->ref);
	rc |= json_set_string(j, "from", m->from);
	rc |= json_set_string(j, "to", m->to);
	text = rc < 0 ? NULL : json_print(j);
	if (!text)
		return error_oom(err);
	fprintf(cli->out, "%s\n", text);
	return 0;
}

const char *moved_ref(const char *ref)
{
	return str_starts(ref, "refs/heads/") ? ref + strlen("refs/heads/") : ref;
}

static void where(struct buf *line, const struct cli *cli, const struct moved *m)
{
	if (str_eq(m->from, m->to) && m->undone) {
		buf_adds(line, "out of your files again; nothing of it was committed");
		return;
	}
	if (str_eq(m->from, m->to)) {
		buf_adds(line, "in your files, uncommitted, since it builds on uncommitted work");
		if (m->branch) {
			buf_adds(line, "; its commits stay on ");
			text_paint(line, cli->color_out, TONE_BOLD, m->branch);
		}
		return;
	}
	text_paint(line, cli->color_out, TONE_BOLD, moved_ref(m->ref));
	buf_addf(line, " %.8s %s %.8s", m->from, text_arrow(), m->to);
}

int moved_print(struct cli *cli, const struct moved *m, struct error *err)
{
	CLEANUP_BUF struct buf line = BUF_INIT(1 << 16);

	if (option_flag(&cli->options, "json"))
		return print_json(cli, m, err);
	buf_addf(&line, "%s %s: ", m->undone ? "undone" : "applied", ulid_short(m->run));
	where(&line, cli, m);
	if (m->result) {
		buf_adds(&line, ", ");
		text_plural(&line, m->result->files_changed, "file");
		buf_addf(&line, ", +%d -%d", m->result->insertions, m->result->deletions);
	}
	buf_addc(&line, '\n');
	if (buf_check(&line, "the message", err) < 0)
		return -1;
	fputs(buf_str(&line), cli->out);
	return 0;
}
