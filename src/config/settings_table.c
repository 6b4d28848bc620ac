/* The one table of settings. Everything else about them (files, environment,
 * `config show`, the manual's check) follows from it. */
#include "config/settings_private.h"

#include "util/str.h"

#define HOUR 3600

static const struct setting_def table[SET_COUNT] = {
	{ SET_ENDPOINT, "endpoint", SETTING_STRING, NULL, 0, 0, "COUNCIL_ENDPOINT", true,
	  "base URL of an OpenAI-compatible endpoint, for every persona without another model" },
	{ SET_MODEL, "model", SETTING_STRING, NULL, 0, 0, "COUNCIL_MODEL", true,
	  "the model's name at that endpoint" },
	{ SET_API_KEY_ENV, "api_key_env", SETTING_STRING, "OPENAI_API_KEY", 0, 0,
	  "COUNCIL_API_KEY_ENV", true, "environment variable that holds the key for the endpoint" },
	{ SET_API_KEY_COMMAND, "api_key_command", SETTING_STRING, NULL, 0, 0,
	  "COUNCIL_API_KEY_COMMAND", true, "command whose output is the key for the endpoint" },
	{ SET_TEST, "test", SETTING_STRING, NULL, 0, 0, "COUNCIL_TEST", true,
	  "command that runs the tests: the gate" },
	{ SET_BUILD, "build", SETTING_STRING, NULL, 0, 0, "COUNCIL_BUILD", true,
	  "command that builds, run before the tests" },
	{ SET_TEST_TIMEOUT, "test_timeout", SETTING_DURATION, "600", 1, 24 * HOUR,
	  "COUNCIL_TEST_TIMEOUT", false, "how long each gate command may run" },
	{ SET_PHASES, "phases", SETTING_LIST, "auto", 0, 0, "COUNCIL_PHASES", false,
	  "auto, all, or a list of plan, context, build, review, refine" },
	{ SET_BUDGET, "budget", SETTING_USD, "1", 0, 0, "COUNCIL_BUDGET", false,
	  "most US dollars a run may cost, or none" },
	{ SET_MAX_ROUNDS, "max_rounds", SETTING_INT, "2", 0, 10, "COUNCIL_MAX_ROUNDS", false,
	  "rounds of review and revision" },
	{ SET_MAX_ATTEMPTS, "max_attempts", SETTING_INT, "2", 0, 10, "COUNCIL_MAX_ATTEMPTS", false,
	  "repairs of a step whose gate is red" },
	{ SET_REQUIRE_PROOF, "require_proof", SETTING_BOOL, "false", 0, 0,
	  "COUNCIL_REQUIRE_PROOF", true, "exit 3 unless the proof is red-green (true where CI is set)" },
	{ SET_ALLOW_KNOWN_FAILURES, "allow_known_failures", SETTING_BOOL, "false", 0, 0,
	  "COUNCIL_ALLOW_KNOWN_FAILURES", true, "accept at the end what was red at the start" },
	{ SET_ALLOW_TESTS, "allow_tests", SETTING_BOOL, "false", 0, 0, "COUNCIL_ALLOW_TESTS", true,
	  "let the personas edit protected files, tests among them" },
	{ SET_NO_GATE, "no_gate", SETTING_BOOL, "false", 0, 0, "COUNCIL_NO_GATE", true,
	  "go on without a gate: nothing is proven" },
	{ SET_PROTECT, "protect", SETTING_LIST, "", 0, 0, "COUNCIL_PROTECT", true,
	  "further patterns of files that may not be edited" },
	{ SET_WORKTREE_SETUP, "worktree.setup", SETTING_STRING, NULL, 0, 0,
	  "COUNCIL_WORKTREE_SETUP", true, "command that makes a fresh worktree ready" },
	{ SET_WORKTREE_LINK, "worktree.link", SETTING_LIST, "", 0, 0, "COUNCIL_WORKTREE_LINK", true,
	  "patterns of ignored files that tests need, linked into the worktree" },
	{ SET_CONTEXT_TOKENS, "context_tokens", SETTING_INT, "12000", 1000, 1000000,
	  "COUNCIL_CONTEXT_TOKENS", false, "tokens of repository text that a prompt may hold" },
	{ SET_ASSISTED_BY, "assisted_by", SETTING_STRING, NULL, 0, 0, "COUNCIL_ASSISTED_BY", true,
	  "value of an Assisted-by: trailer of each commit" },
	{ SET_TAGS, "tags", SETTING_LIST, "", 0, 0, "COUNCIL_TAGS", false,
	  "key=value tags of a run, by which the ledger sums costs" },
	{ SET_REPLAY, "replay", SETTING_PATH, NULL, 0, 0, "COUNCIL_REPLAY", true,
	  "file of recorded answers; no endpoint is called" },
	{ SET_RECORD, "record", SETTING_PATH, NULL, 0, 0, "COUNCIL_RECORD", true,
	  "file to write the run's answers to" },
	{ SET_LEDGER, "ledger", SETTING_PATH, NULL, 0, 0, "COUNCIL_LEDGER", true,
	  "the ledger's file ($XDG_STATE_HOME/council/ledger.db)" },
	{ SET_PRICES, "prices", SETTING_PATH, NULL, 0, 0, "COUNCIL_PRICES", true,
	  "price file of your own, laid over the built-in one" },
	{ SET_CONNECT_TIMEOUT, "http.connect_timeout", SETTING_DURATION, "10", 1, 600,
	  "COUNCIL_HTTP_CONNECT_TIMEOUT", true, "how long connecting may take" },
	{ SET_FIRST_BYTE_TIMEOUT, "http.first_byte_timeout", SETTING_DURATION, "300", 1, HOUR,
	  "COUNCIL_HTTP_FIRST_BYTE_TIMEOUT", true, "how long an answer may take to begin" },
	{ SET_IDLE_TIMEOUT, "http.idle_timeout", SETTING_DURATION, "60", 1, HOUR,
	  "COUNCIL_HTTP_IDLE_TIMEOUT", true, "how long an answer may pause" },
	{ SET_RETRIES, "http.retries", SETTING_INT, "3", 0, 10, "COUNCIL_HTTP_RETRIES", true,
	  "retries of a call after 429, 5xx or a broken connection" },
	{ SET_MAX_OUTPUT, "max_output_tokens", SETTING_INT, "8192", 16, 1000000,
	  "COUNCIL_MAX_OUTPUT_TOKENS", true, "most tokens of an answer where nothing else says" },
	{ SET_SANDBOX, "sandbox", SETTING_STRING, "on", 0, 0, "COUNCIL_SANDBOX", true,
	  "on or off: whether commands run in the sandbox" },
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
