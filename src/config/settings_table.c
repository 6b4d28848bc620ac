/* The one table of settings. Everything else about them (files, environment,
 * `config show`, the manual's check) follows from it. */
#include "config/settings_private.h"

#include "util/str.h"

#define HOUR 3600

static const struct setting_def table[SET_COUNT] = {
	{ SET_ENDPOINT, SETTING_STRING, true, "endpoint", NULL, 0, 0,
	  "COUNCIL_ENDPOINT",
	  "base URL of an OpenAI-compatible endpoint, for every persona without another model" },
	{ SET_MODEL, SETTING_STRING, true, "model", NULL, 0, 0,
	  "COUNCIL_MODEL", "the model's name at that endpoint" },
	{ SET_API_KEY_ENV, SETTING_STRING, true, "api_key_env", "OPENAI_API_KEY", 0, 0,
	  "COUNCIL_API_KEY_ENV", "environment variable that holds the key for the endpoint" },
	{ SET_API_KEY_COMMAND, SETTING_STRING, true, "api_key_command", NULL, 0, 0,
	  "COUNCIL_API_KEY_COMMAND", "command whose output is the key for the endpoint" },
	{ SET_TEST, SETTING_STRING, true, "test", NULL, 0, 0,
	  "COUNCIL_TEST", "command that runs the tests: the gate" },
	{ SET_BUILD, SETTING_STRING, true, "build", NULL, 0, 0,
	  "COUNCIL_BUILD", "command that builds, run before the tests" },
	{ SET_TEST_TIMEOUT, SETTING_DURATION, false, "test_timeout", "600", 1, 24 * HOUR,
	  "COUNCIL_TEST_TIMEOUT", "how long each gate command may run" },
	{ SET_PHASES, SETTING_LIST, false, "phases", "auto", 0, 0,
	  "COUNCIL_PHASES", "auto, all, or a list of plan, context, build, review, refine" },
	{ SET_BUDGET, SETTING_USD, false, "budget", "1", 0, 0,
	  "COUNCIL_BUDGET", "most US dollars a run may cost, or none" },
	{ SET_MAX_ROUNDS, SETTING_INT, false, "max_rounds", "2", 0, 10,
	  "COUNCIL_MAX_ROUNDS", "rounds of review and revision" },
	{ SET_MAX_ATTEMPTS, SETTING_INT, false, "max_attempts", "2", 0, 10,
	  "COUNCIL_MAX_ATTEMPTS", "repairs of a step whose gate is red" },
	{ SET_REQUIRE_PROOF, SETTING_BOOL, true, "require_proof", "false", 0, 0,
	  "COUNCIL_REQUIRE_PROOF", "exit 3 unless the proof is red-green (true where CI is set)" },
	{ SET_ALLOW_KNOWN_FAILURES, SETTING_BOOL, true, "allow_known_failures", "false", 0, 0,
	  "COUNCIL_ALLOW_KNOWN_FAILURES", "accept at the end what was red at the start" },
	{ SET_ALLOW_TESTS, SETTING_BOOL, true, "allow_tests", "false", 0, 0,
	  "COUNCIL_ALLOW_TESTS", "let the personas edit protected files, tests among them" },
	{ SET_NO_GATE, SETTING_BOOL, true, "no_gate", "false", 0, 0,
	  "COUNCIL_NO_GATE", "go on without a gate: nothing is proven" },
	{ SET_PROTECT, SETTING_LIST, true, "protect", "", 0, 0,
	  "COUNCIL_PROTECT", "further patterns of files that may not be edited" },
	{ SET_WORKTREE_SETUP, SETTING_STRING, true, "worktree.setup", NULL, 0, 0,
	  "COUNCIL_WORKTREE_SETUP", "command that makes a fresh worktree ready" },
	{ SET_WORKTREE_LINK, SETTING_LIST, true, "worktree.link", "", 0, 0,
	  "COUNCIL_WORKTREE_LINK",
	  "patterns of ignored files that tests need, linked into the worktree" },
	{ SET_CONTEXT_TOKENS, SETTING_INT, false, "context_tokens", "12000", 1000, 1000000,
	  "COUNCIL_CONTEXT_TOKENS", "tokens of repository text that a prompt may hold" },
	{ SET_ASSISTED_BY, SETTING_STRING, true, "assisted_by", NULL, 0, 0,
	  "COUNCIL_ASSISTED_BY", "value of an Assisted-by: trailer of each commit" },
	{ SET_TAGS, SETTING_LIST, false, "tags", "", 0, 0,
	  "COUNCIL_TAGS", "key=value tags of a run, by which the ledger sums costs" },
	{ SET_REPLAY, SETTING_PATH, true, "replay", NULL, 0, 0,
	  "COUNCIL_REPLAY", "file of recorded answers; no endpoint is called" },
	{ SET_RECORD, SETTING_PATH, true, "record", NULL, 0, 0,
	  "COUNCIL_RECORD", "file to write the run's answers to" },
	{ SET_LEDGER, SETTING_PATH, true, "ledger", NULL, 0, 0,
	  "COUNCIL_LEDGER", "the ledger's file ($XDG_STATE_HOME/council/ledger.db)" },
	{ SET_PRICES, SETTING_PATH, true, "prices", NULL, 0, 0,
	  "COUNCIL_PRICES", "price file of your own, laid over the built-in one" },
	{ SET_CONNECT_TIMEOUT, SETTING_DURATION, true, "http.connect_timeout", "10", 1, 600,
	  "COUNCIL_HTTP_CONNECT_TIMEOUT", "how long connecting may take" },
	{ SET_FIRST_BYTE_TIMEOUT, SETTING_DURATION, true, "http.first_byte_timeout", "300", 1, HOUR,
	  "COUNCIL_HTTP_FIRST_BYTE_TIMEOUT", "how long an answer may take to begin" },
	{ SET_IDLE_TIMEOUT, SETTING_DURATION, true, "http.idle_timeout", "60", 1, HOUR,
	  "COUNCIL_HTTP_IDLE_TIMEOUT", "how long an answer may pause" },
	{ SET_RETRIES, SETTING_INT, true, "http.retries", "3", 0, 10,
	  "COUNCIL_HTTP_RETRIES", "retries of a call after 429, 5xx or a broken connection" },
	{ SET_MAX_OUTPUT, SETTING_INT, true, "max_output_tokens", "8192", 16, 1000000,
	  "COUNCIL_MAX_OUTPUT_TOKENS", "most tokens of an answer where nothing else says" },
	{ SET_SANDBOX, SETTING_STRING, true, "sandbox", "on", 0, 0,
	  "COUNCIL_SANDBOX", "on or off: whether commands run in the sandbox" },
};

const struct setting_def *setting_defs(void)
{
	return table;
}

const struct setting_def *setting_find(const char *key)
{
	for (size_t i = 0; i < SET_COUNT; i++)
		if (str_eq(table[i].key, key))
			return &table[i];
	return NULL;
}
