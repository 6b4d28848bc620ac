#include "cli/init_write.h"

#include <stdlib.h>
#include <string.h>

#include "util/json.h"

void init_choices_release(struct init_choices *c)
{
	if (!c)
		return;
	free(c->endpoint);
	free(c->model);
	free(c->key_env);
	free(c->key_command);
	free(c->test);
	free(c->build);
	found_lacks_release(&c->lacks);
	*c = (struct init_choices){ 0 };
}

/* A JSON string is a YAML string, whatever the text holds. */
static int add_quoted(struct buf *out, const char *text)
{
	CLEANUP_JSON json *j = json_new_string(text);
	CLEANUP_FREE char *quoted = j ? json_print(j) : NULL;

	return quoted ? buf_adds(out, quoted) : -1;
}

/* `key: "value"`, or what is given as a comment to be filled in. */
static int add_key(struct buf *out, const char *comment, const char *key, const char *value,
		   const char *example)
{
	if (comment)
		buf_addf(out, "# %s\n", comment);
	if (!value)
		return buf_addf(out, "# %s: %s\n", key, example);
	buf_addf(out, "%s: ", key);
	if (add_quoted(out, value) < 0)
		return -1;
	return buf_adds(out, "\n");
}

static int add_model(const struct init_choices *c, struct buf *out)
{
	if (!c->endpoint)
		return buf_adds(out, "# Models: as in your own settings (`council config show "
				     "--show-origin`).\n"
				     "# endpoint: http://127.0.0.1:11434/v1\n# model: NAME\n");
	if (add_key(out, "An OpenAI-compatible endpoint, and the model asked there.", "endpoint",
		    c->endpoint, "") < 0 ||
	    add_key(out, NULL, "model", c->model, "NAME") < 0)
		return -1;
	if (c->key_command)
		return add_key(out, "The key is what this command prints.", "api_key_command",
			       c->key_command, "");
	return add_key(out, "The key is in this environment variable.", "api_key_env", c->key_env,
		       "OPENAI_API_KEY");
}

static int add_worktree(const struct found_lacks *l, struct buf *out)
{
	if (!l->link.n && !l->setup && !l->secret.n)
		return buf_adds(out, "# worktree:\n#   setup: npm ci\n#   link: [node_modules]\n");
	if (!l->link.n && !l->setup)
		buf_adds(out, "# ");
	buf_adds(out, "worktree:\n");
	if (l->setup) {
		buf_adds(out, "  setup: ");
		if (add_quoted(out, l->setup) < 0)
			return -1;
		buf_adds(out, "\n");
	}
	if (l->link.n)
		buf_adds(out, "  link:\n");
	for (size_t i = 0; i < l->link.n; i++) {
		buf_adds(out, "    - ");
		if (add_quoted(out, l->link.v[i]) < 0)
			return -1;
		buf_adds(out, "\n");
	}
	if (l->secret.n)
		buf_adds(out, "# These may hold secrets; link them only if the tests need them:\n");
	if (l->secret.n && !l->link.n)
		buf_adds(out, "#  link:\n");
	for (size_t i = 0; i < l->secret.n; i++) {
		buf_adds(out, "#    - ");
		if (add_quoted(out, l->secret.v[i]) < 0)
			return -1;
		buf_adds(out, "\n");
	}
	return 0;
}

static int add_repository(const struct init_choices *c, struct buf *out)
{
	if (c->no_gate)
		buf_adds(out, "\n# Nothing is proven without tests.\nno_gate: true\n");
	else if (buf_adds(out, "\n") < 0 ||
		 add_key(out, "The gate: a change is done when this ends with status 0.", "test",
			 c->test, "make check") < 0)
		return -1;
	if (add_key(out, "Run before it.", "build", c->build, "make") < 0)
		return -1;
	buf_adds(out, "# test_timeout: 10m\n\n# What a fresh worktree lacks and the tests need.\n");
	return add_worktree(&c->lacks, out);
}

int init_text(const struct init_choices *c, struct buf *out, struct error *err)
{
	buf_addf(out, "# Settings of council %s; council-settings(5) has them all.\n\n",
		 c->user ? "for all repositories" : "for this repository");
	if (add_model(c, out) < 0 ||
	    ((!c->user || c->test || c->build || c->no_gate) && add_repository(c, out) < 0))
		return buf_check(out, "the settings file", err) < 0 ? -1 : error_oom(err);
	buf_adds(out, "\n# The most that a run may cost, in US dollars; `none` for no limit.\n"
		      "# budget: 1\n");
	return buf_check(out, "the settings file", err);
}
