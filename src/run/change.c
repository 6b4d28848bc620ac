#include "run/change.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "repo/edit.h"
#include "run/ask.h"
#include "run/context.h"
#include "run/protect.h"
#include "util/path.h"
#include "util/str.h"

enum { OUTPUT_TAIL = 6000 };

void change_release(struct change *c)
{
	if (!c)
		return;
	strv_release(&c->paths);
	gate_result_release(&c->gate);
	free(c->why);
	*c = (struct change){ 0 };
}

const char *protected_text(const struct run_env *env)
{
	if (settings_bool(env->settings, SET_ALLOW_TESTS))
		return "Tests may be edited where the task asks for it, but never weakened. "
		       "Edits under .council/ are refused.";
	return "Edits to tests, CI configuration, lock files, build files and .council/ are "
	       "refused: make the code right instead.";
}

static void emit_edits(struct run_env *env, const struct edit_report *report)
{
	static const char *const kinds[] = { "modify", "modify", "create", "delete", "rename" };

	for (size_t i = 0; i < report->n; i++) {
		const struct edit_outcome *o = &report->v[i];
		json *data = json_object();

		json_set_string(data, "path", o->path);
		if (o->ok && report->applied) {
			json_set_string(data, "kind", kinds[o->kind]);
			json_set_string(data, "match", o->match);
			run_emit(env, EVENT_EDIT_APPLIED, data);
		} else {
			json_set_string(data, "reason", o->ok ? "another edit of the answer does not apply"
							      : o->reason);
			run_emit(env, EVENT_EDIT_REJECTED, data);
		}
	}
}

static int note_paths(struct change *c, const struct edit_report *report, struct error *err)
{
	for (size_t i = 0; i < report->n; i++) {
		const char *both[] = { report->v[i].path, report->v[i].new_path };

		for (int k = 0; k < 2; k++)
			if (both[k] && !strv_has(&c->paths, both[k]) && strv_add(&c->paths, both[k]))
				return error_oom(err);
	}
	return 0;
}

/* Sets c->why; what stood there is replaced. */
static int say_why(struct change *c, const char *text, struct error *err)
{
	free(c->why);
	c->why = str_dup(text);
	return c->why ? 0 : error_oom(err);
}

static struct protect protect_of(const struct run_env *env)
{
	const struct strv *extra = settings_list(env->settings, SET_PROTECT);

	return (struct protect){
		.extra = extra ? (const char *const *)extra->v : NULL,
		.allow_tests = settings_bool(env->settings, SET_ALLOW_TESTS),
		.build_gate = env->gate_test,
		.build_command = env->gate_build,
	};
}

/* What was written ran in an earlier gate, and may have written to the files
 * that judge it: they are as they are committed, but for accepted edits. */
static int restore_judges(struct run_env *env, const struct change *c, struct error *err)
{
	struct protect protect = protect_of(env);

	protect.allow_tests = false;
	return worktree_restore(&env->worktree, protect_path, &protect, &c->paths, err);
}

static int apply_list(struct run_env *env, const struct edit_list *list, struct edit_report *report,
		      struct error *err)
{
	struct protect protect = protect_of(env);
	struct edit_options o = { .is_protected = protect_path, .ctx = &protect };
	int rc;

	o.root_fd = open(env->worktree.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (o.root_fd < 0)
		return error_sys(err, STATUS_INTERNAL, errno, "cannot open the worktree %s",
				 env->worktree.path);
	rc = edit_apply(list, &o, report, err);
	close(o.root_fd);
	return rc;
}

/* An edit of a path that git ignores would be tested and then not committed, so
 * it is refused. The first such path, borrowed; NULL: none. */
static int ignored_path(struct run_env *env, const struct edit_list *list, const char **ret,
			struct error *err)
{
	*ret = NULL;
	for (size_t i = 0; i < list->n && !*ret; i++) {
		const char *both[] = { list->v[i].path, list->v[i].new_path };

		for (int k = 0; k < 2 && !*ret; k++) {
			bool ignored = false;

			if (!both[k] || !path_is_safe(both[k]))
				continue;
			if (worktree_ignores(&env->worktree, both[k], &ignored, err))
				return -1;
			if (ignored)
				*ret = both[k];
		}
	}
	return 0;
}

static int refuse_ignored(struct run_env *env, const char *path, struct change *c, char **ret_tell,
			  struct error *err)
{
	CLEANUP_FREE char *why = str_printf("%s: git ignores this path, so the edit would not be part "
					    "of the change", path);
	json *data = json_object();

	json_set_string(data, "path", path);
	json_set_string(data, "reason", "git ignores this path");
	run_emit(env, EVENT_EDIT_REJECTED, data);
	c->state = CHANGE_REJECTED;
	*ret_tell = str_printf("None of your edits was applied. %s. Put it elsewhere.", why ? why : path);
	return why && *ret_tell ? say_why(c, why, err) : error_oom(err);
}

/* Applies one answer. *ret_tell is what goes back to the persona where it did
 * not apply; malloc'd. */
static int apply_answer(struct run_env *env, const char *answer, struct change *c, char **ret_tell,
			struct error *err)
{
	struct edit_list list = { 0 };
	struct edit_report report = { 0 };
	struct error why = { 0 };
	const char *ignored;
	int rc = -1;

	if (edit_parse(answer, strlen(answer), &list, &why)) {
		c->state = CHANGE_UNUSABLE;
		*ret_tell = str_dup(why.message);
		return say_why(c, why.message, err) || !*ret_tell ? error_oom(err) : 0;
	}
	if (list.no_changes && list.n == 0) {
		c->state = CHANGE_NONE;
		return 0;
	}
	if (ignored_path(env, &list, &ignored, err))
		goto out;
	if (ignored) {
		rc = refuse_ignored(env, ignored, c, ret_tell, err);
		goto out;
	}
	if (apply_list(env, &list, &report, err))
		goto out;
	emit_edits(env, &report);
	if (report.applied) {
		c->state = report.unchanged ? CHANGE_NONE : CHANGE_GREEN;
		rc = report.unchanged ? 0 : note_paths(c, &report, err);
		goto out;
	}
	c->state = CHANGE_REJECTED;
	*ret_tell = edit_report_text(&report);
	for (size_t i = 0; i < report.n; i++)
		if (!report.v[i].ok) {
			CLEANUP_FREE char *line = str_printf("%s: %s", report.v[i].path,
							     report.v[i].reason);
			char *newline = line ? strchr(line, '\n') : NULL;

			if (newline)
				*newline = '\0';
			rc = line ? say_why(c, line, err) : error_oom(err);
			break;
		}
	if (!*ret_tell)
		rc = error_oom(err);
out:
	edit_report_release(&report);
	edit_list_release(&list);
	return rc;
}

/* What a red gate tells the persona: which tests, and the end of the output. */
static char *gate_tell(const struct gate_result *base, const struct gate_result *g)
{
	struct gate_comparison cmp = { 0 };
	CLEANUP_BUF struct buf out = BUF_INIT(1 << 20);
	const char *tail = g->output ? g->output : "";
	size_t len = strlen(tail);

	if (len > OUTPUT_TAIL) {
		tail += len - OUTPUT_TAIL;
		while ((*tail & 0xC0) == 0x80)
			tail++;
	}
	buf_addf(&out, "Your edits were applied, but `%s` %s.\n", g->command ? g->command : "the gate",
		 g->state == GATE_TIMEOUT ? "did not end in time" :
		 g->build_failed ? "does not build" : "still fails");
	if (gate_compare(base, g, false, &cmp, NULL) == 0) {
		for (size_t i = 0; i < cmp.broken.n && i < 20; i++)
			buf_addf(&out, "passed before, fails now: %s\n", cmp.broken.v[i]);
		for (size_t i = 0; i < cmp.known.n && i < 20; i++)
			buf_addf(&out, "still fails: %s\n", cmp.known.v[i]);
		gate_comparison_release(&cmp);
	}
	buf_addf(&out, "The end of its output:\n%s\n", tail);
	return buf_steal(&out, NULL);
}

/* Runs the gate over what was applied; state becomes GREEN or RED. */
static int judge(struct run_env *env, const struct change_request *r, int attempt, struct change *c,
		 char **ret_tell, struct error *err)
{
	bool known = settings_bool(env->settings, SET_ALLOW_KNOWN_FAILURES);
	CLEANUP_FREE char *key = str_printf("gate/%s/%d", r->key, attempt);
	struct gate_comparison cmp = { 0 };

	if (!r->base)
		return 0;
	if (!key)
		return error_oom(err);
	gate_result_release(&c->gate);
	c->gate_ran = false;
	if (restore_judges(env, c, err) || run_gate(env, key, r->gate_name, r->base, &c->gate, err))
		return -1;
	c->gate_ran = true;
	if (gate_compare(r->base, &c->gate, known, &cmp, err))
		return -1;
	if (!cmp.step_ok || (r->need_final && !cmp.final_ok)) {
		c->state = CHANGE_RED;
		*ret_tell = gate_tell(r->base, &c->gate);
	}
	gate_comparison_release(&cmp);
	if (c->state != CHANGE_RED)
		return 0;
	if (!*ret_tell)
		return error_oom(err);
	return say_why(c, c->gate.build_failed ? "the build fails" :
		       c->gate.state == GATE_TIMEOUT ? "the gate did not end in time" :
		       "the gate fails", err);
}

/* The next user message: what went wrong, and the edited files as they are now,
 * since what the persona remembers of them is old. */
static int tell(struct run_env *env, struct talk *t, const struct change *c, const char *reason,
		struct error *err)
{
	CLEANUP_FREE char *files = NULL;
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *prompt = NULL;

	if (context_of_paths(env, &c->paths, &files, err))
		return -1;
	text = *files ? str_printf("%s\nThe files that you edited, as they are now:\n\n%s", reason, files)
		      : str_dup(reason);
	if (!text)
		return error_oom(err);
	const char *values[] = { "reason", text, NULL };
	return prompt_render(env->settings, "repair", values, &prompt, err) ||
	       talk_say(t, prompt, err) ? -1 : 0;
}

/* One asking. *ret_tell stays NULL when there is nothing to repair. */
static int attempt_change(struct run_env *env, const struct change_request *r, struct talk *t,
			  int attempt, struct change *c, char **ret_tell, struct error *err)
{
	struct completion answer = { 0 };
	const char *problem;
	int rc;

	stage_begin(env, r->kind, r->persona, r->title, r->step, attempt);
	if (talk_answer(env, t, r->key, &answer, err)) {
		stage_end(env, "failed", err ? err->message : NULL);
		return -1;
	}
	problem = outcome_problem(answer.outcome);
	if (problem && answer.outcome != MODEL_TRUNCATED) {
		c->state = CHANGE_UNUSABLE;
		*ret_tell = str_dup(problem);
		rc = say_why(c, problem, err) || !*ret_tell ? error_oom(err) : 0;
	} else if (problem) {
		/* half an answer may hold whole edits and half of one: none is applied */
		c->state = CHANGE_REJECTED;
		*ret_tell = str_dup("Your answer was cut off at the output limit, so none of it was "
				    "applied. Edit with fewer and smaller blocks.");
		rc = say_why(c, problem, err) || !*ret_tell ? error_oom(err) : 0;
	} else {
		rc = apply_answer(env, answer.text, c, ret_tell, err);
	}
	completion_release(&answer);
	stage_end(env, rc || *ret_tell ? "failed" : "ok",
		  rc ? (err ? err->message : NULL) : *ret_tell ? c->why :
		  c->state == CHANGE_NONE ? "no changes" : r->title);
	if (rc == 0 && c->state == CHANGE_GREEN)
		rc = judge(env, r, attempt, c, ret_tell, err);
	return rc;
}

int change_make(struct run_env *env, const struct change_request *r, struct change *ret,
		struct error *err)
{
	struct talk t = { 0 };
	struct change c = { 0 };
	int rc = -1;

	if (talk_begin(env, r->persona, r->prompt, &t, err))
		return -1;
	for (int attempt = 1; ; attempt++) {
		CLEANUP_FREE char *reason = NULL;

		if (attempt_change(env, r, &t, attempt, &c, &reason, err))
			goto out;
		if (c.state != CHANGE_NONE)
			c.refused = c.state == CHANGE_REJECTED;
		/* "nothing to change" over a red change leaves it red */
		if (c.state == CHANGE_NONE && c.gate_ran)
			c.state = CHANGE_RED;
		if (!reason || attempt > r->max_repairs)
			break;
		if (tell(env, &t, &c, reason, err))
			goto out;
	}
	if (c.state == CHANGE_UNUSABLE && !c.gate_ran && run_forget(env, r->key, t.asked, err))
		goto out;
	*ret = c;
	c = (struct change){ 0 };
	rc = 0;
out:
	change_release(&c);
	talk_release(&t);
	return rc;
}
