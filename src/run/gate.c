#include "run/gate.h"

#include <stdlib.h>
#include <string.h>

#include "run/gate_broken.h"
#include "run/gate_text.h"
#include "run/test_parse.h"
#include "sandbox/sandbox.h"
#include "util/clock.h"

/* Python keeps compiled modules by second and size: an edit within both would
 * go unseen, and the folders that hold them are not everywhere ignored. */
static const char *const always_set[] = { "PYTHONDONTWRITEBYTECODE=1" };

void gate_result_release(struct gate_result *g)
{
	if (!g)
		return;
	free(g->command);
	free(g->reason);
	free(g->output);
	test_set_release(&g->tests);
	*g = (struct gate_result){ 0 };
}

static void read_tests(void *parser, const char *data, size_t len)
{
	test_parser_feed(parser, data, len);
}

static int gather_environment(const struct gate_options *o, struct strv *env, struct error *err)
{
	const char *const *extra;
	size_t i;

	for (i = 0; i < sizeof(always_set) / sizeof(*always_set); i++)
		if (strv_add(env, always_set[i]))
			return error_oom(err);
	for (extra = o->env_extra; extra && *extra; extra++)
		if (strv_add(env, *extra))
			return error_oom(err);
	return 0;
}

static enum gate_state state_of(const struct process_result *r)
{
	if (r->cancelled)
		return GATE_CANCELLED;
	if (r->timed_out)
		return GATE_TIMEOUT;
	return r->exit_code == 0 ? GATE_GREEN : GATE_RED;
}

static int judge(const struct gate_options *o, struct process_result *r, struct gate_result *g,
		 struct error *err)
{
	CLEANUP_FREE char *root = realpath(o->root, NULL);
	size_t i, len;

	g->state = state_of(r);
	g->exit_code = r->signal && !r->timed_out && !r->cancelled ? 128 + r->signal : r->exit_code;
	g->output = gate_text(r->out, r->out_len, root ? root : o->root, err);
	if (!g->output)
		return -1;
	if (g->state != GATE_RED)
		return 0;
	len = ansi_strip(r->out, r->out_len);
	for (i = 0; i < len; i++) /* a string from here on */
		if (!r->out[i])
			r->out[i] = ' ';
	r->out[len] = '\0';
	g->reason = gate_broken_reason(o->root, r->exit_code, &g->tests, r->out);
	if (g->reason)
		g->state = GATE_BROKEN;
	return 0;
}

/* Runs one command into *g, whose command, state, output and (of the test
 * command) tests it sets. */
static int run_command(const struct gate_options *o, const char *command, bool is_test,
		       const struct strv *env, struct gate_result *g, struct error *err)
{
	struct test_parser *parser = is_test ? test_parser_new(err) : NULL;
	struct process_result r = { 0 };
	struct sandbox_spec spec = {
		.off = o->sandbox_off, .command = command, .cwd = o->root, .env_extra = (const char *const *)env->v,
		.timeout_ms = o->timeout_ms, .cancel = o->cancel,
		.on_output = is_test ? read_tests : NULL, .on_output_ctx = parser,
	};
	int rc = -1;

	if (is_test && !parser)
		return -1;
	g->command = str_dup(command);
	if (!g->command)
		error_oom(err);
	else if (sandbox_run(&spec, &r, err) == 0 &&
		 (!is_test || test_parser_finish(parser, &g->tests, err) == 0))
		rc = judge(o, &r, g, err);
	process_result_release(&r);
	test_parser_free(parser);
	return rc;
}

int gate_run(const struct gate_options *o, struct gate_result *ret, struct error *err)
{
	struct gate_result g = { .state = GATE_GREEN };
	CLEANUP_STRV struct strv env = { 0 };
	int64_t started_us = clock_monotonic_us();
	int rc = gather_environment(o, &env, err);

	if (rc == 0 && o->build) {
		rc = run_command(o, o->build, false, &env, &g, err);
		g.build_failed = rc == 0 && g.state != GATE_GREEN;
	}
	if (rc == 0 && o->test && g.state == GATE_GREEN) {
		gate_result_release(&g);
		rc = run_command(o, o->test, true, &env, &g, err);
	}
	if (rc) {
		gate_result_release(&g);
		return -1;
	}
	g.duration_us = clock_monotonic_us() - started_us;
	*ret = g;
	return 0;
}
