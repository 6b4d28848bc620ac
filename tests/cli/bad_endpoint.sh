#!/bin/sh
# What a bad endpoint comes to: the exit status, one line that says what, where
# and what to do, the user's tree as it was, and every call in the ledger.
. "$top_srcdir/tests/cli/lib.sh"

python_repo repo
sed -i 's/return a + b/return a - b/' calc.py
# tests that cost nothing: the endpoint is what is on trial
export COUNCIL_TEST="grep -rq --include=*.py 'a + b' ."
user_state >"$work/before"

# answer EXPRESSION [MORE]: Pacer's answers; the others do their part. MORE: arguments of write().
answer() {
	script s.json <<-PY
	write(OUT, pacer=[$1], builder=[edit("calc.py", "    return a - b", "    return a + b")],
	      guardian=[review()], ${2:-})
	PY
	serve "$work/s.json"
}
calls() { sql "SELECT count(*) FROM call WHERE run = (SELECT max(id) FROM run)"; }
asked() { [ "$(wc -l <"$requests")" -eq "$1" ] || fail "$(wc -l <"$requests") requests instead of $1"; }
good='plan("Mend add", ["calc.py"])'

# ends STATUS CALLS PATTERN [OPTIONS…]: a run fails so, saying why in one line.
ends() {
	status=$1 calls=$2 pattern=$3
	shift 3
	expect "$status" "$COUNCIL" run --json --endpoint "$url" "$@" "the tests fail"
	reason=$(python3 - "$out" "$status" <<'PY'
import json, sys
last = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")][-1]
data = last["data"]
assert last["type"] == "run.failed" and data["status"] == int(sys.argv[2]), last
assert data["reason"] and len(data["reason"].splitlines()) == 1, data["reason"]
assert all(c.isprintable() for c in data["reason"]), data["reason"]
print(data["reason"])
PY
	) || fail "the last event"
	echo "$reason" | grep -Eq -- "$pattern" || fail "\"$reason\" does not say \"$pattern\""
	[ ! -s "$errout" ] || fail "something on stderr beside the events"
	user_state | cmp -s - "$work/before" || fail "the user's tree changed"
	[ "$calls" = - ] || [ "$(calls)" -eq "$calls" ] || fail "$(calls) calls in the ledger instead of $calls"
	[ "$(sql "SELECT status FROM run_end ORDER BY ended_us DESC LIMIT 1")" = "$status" ] ||
		[ "$calls" = - ] || fail "the ledger has another status"
}
# done_in REQUESTS [OPTIONS…]: the run is done after so many.
done_in() {
	n=$1
	shift
	expect 0 "$COUNCIL" run --endpoint "$url" "$@" "the tests fail"
	asked "$n"
	user_state | cmp -s - "$work/before" || fail "the user's tree changed"
}

# -- nothing to ask, or no right to ----------------------------------------------
expect 2 "$COUNCIL" run "the tests fail"
one_line_error
has "$errout" 'no model for pacer: add `endpoint: URL`'
[ ! -s "$out" ] || fail "something on stdout"
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
[ -z "$(git worktree list | tail -n +2)$(git branch --list 'council/*')" ] || fail "something was made"
ok "no endpoint: exit 2 with the line to add, before anything is made or run"

for bad in ftp://host/v1 "not a url" ""; do
	expect 2 "$COUNCIL" run --endpoint "$bad" "the tests fail"
	one_line_error
done
ok "an endpoint that is no URL: exit 2, one line"

answer "$good" 'key="sesame-open-4711"'
ends 2 1 'HTTP 401.*set OPENAI_API_KEY' --model all=test-model
ends 2 - 'HTTP 401.*set OPENAI_API_KEY|401 or 403.*set OPENAI_API_KEY'
export OPENAI_API_KEY=sesame-wrong-0815
ends 2 1 'HTTP 401.*check the key in OPENAI_API_KEY' --model all=test-model
asked 2
! grep -rqa sesame-wrong "$out" "$XDG_STATE_HOME" || fail "the key was shown or kept"
unset OPENAI_API_KEY
COUNCIL_API_KEY_COMMAND='exit 3' ends 2 - 'api_key_command .*failed with status 3'
COUNCIL_API_KEY_COMMAND='echo sesame-open-4711' done_in 5 --model all=test-model
ok "no key, a wrong key, a key command that fails: exit 2; the key is never shown"
stop_server

ends 6 - "cannot connect to $url.*check the URL"
COUNCIL_HTTP_RETRIES=1 ends 6 1 'cannot connect to .*after 2 tries' --model all=test-model
expect 6 "$COUNCIL" run --endpoint "$url" "the tests fail"
tail -n 1 "$out" | grep -q '^ *council resume' || fail "the last line is no next command"
ok "an endpoint that is down: exit 6, and the next command is resume"

answer "$good"
ends 2 1 'nosuch.* does not exist; it has test-model' --model all=nosuch
ok "a model that is not there: exit 2 with those that are"

cat >"$work/some.yaml" <<YAML
model_list:
  - {model_name: pacer, litellm_params: {model: openai/test-model, api_base: $url}}
  - {model_name: builder, litellm_params: {model: openai/test-model, api_base: $url}}
YAML
: >"$requests"
expect 2 "$COUNCIL" run --config "$work/some.yaml" --phases plan,build,review "the tests fail"
one_line_error
has "$errout" 'no model for guardian: add .*'
asked 0
expect 2 "$COUNCIL" run --config "$work/some.yaml" --phases plan,build,review --json "the tests fail"
has - '"type":"run.failed".*model_name: guardian'
ok "a persona without a model: exit 2 with the line to add, before a call is paid"

sed -i '$d' "$work/some.yaml"
cat >>"$work/some.yaml" <<YAML
  - {model_name: default, litellm_params: {model: openai/unheard-of, api_base: "http://council.invalid/v1"}}
YAML
expect 2 "$COUNCIL" run --config "$work/some.yaml" "the tests fail"
one_line_error
has "$errout" 'the price of unheard-of is unknown .*input_cost_per_token'
asked 0
ok "an unknown price with a cap: exit 2 with the entry to add, before a call is paid"
stop_server

# -- money ---------------------------------------------------------------------------
answer "{'text': $good, 'usage': {'prompt_tokens': 1000, 'completion_tokens': 500}}"
cat >"$work/dear.yaml" <<YAML
model_list:
  - model_name: default
    litellm_params: {model: openai/test-model, api_base: $url, max_tokens: 1000,
      input_cost_per_token: 1e-6, output_cost_per_token: 1e-5}
YAML
expect 5 "$COUNCIL" run --config "$work/dear.yaml" --budget 0.001 "the tests fail"
asked 0
has "$errout" 'could cost .*raise it with --budget'
expect 5 "$COUNCIL" run --config "$work/dear.yaml" --budget 0 "the tests fail"
asked 0
ok "a budget that is too small stops before the first call: exit 5"
# Pacer's 0.01 for the answer and a little for the prompt fit, and it spends 0.006; then
# Builder's do not
expect 5 "$COUNCIL" run --config "$work/dear.yaml" --budget 0.014 "the tests fail"
asked 1
spent=$(sql "SELECT sum(cost_nano) FROM call WHERE run = (SELECT max(id) FROM run)")
[ "$spent" -eq 6000000 ] || fail "$spent nano-dollars instead of 6,000,000"
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
ok "and before a later one, with what was spent in the ledger"
for bad in -1 lots 1e400 0.0000000001; do
	expect 2 "$COUNCIL" run --endpoint "$url" --budget "$bad" "the tests fail"
	one_line_error
done
ok "a budget that is no amount: exit 2"
stop_server

# -- slow, or ending early ----------------------------------------------------------
export COUNCIL_HTTP_RETRIES=0
answer '{"delay_ms": 30000}'
COUNCIL_HTTP_FIRST_BYTE_TIMEOUT=1 ends 6 1 'sent nothing for 1 s; raise http.first_byte_timeout'
stop_server
answer '{"text": plan(), "chunk": 10, "close_after_bytes": 400, "hang": True}'
COUNCIL_HTTP_IDLE_TIMEOUT=1 ends 6 1 'stopped sending for 1 s; raise http.idle_timeout'
stop_server
ok "slow to begin, stopping midway: exit 6 naming the limit to raise"
answer '{"text": plan(), "chunk": 4, "close_after_bytes": 1200}'
ends 6 1 'closed the connection early'
[ "$(sql "SELECT estimated FROM call ORDER BY id DESC LIMIT 1")" = 1 ] || fail "not booked as estimated"
ok "closing mid-stream: exit 6, and what came is booked"
stop_server

# -- answers that are none -----------------------------------------------------------
# each run takes the next
answer '{"body": "<!DOCTYPE html><html><body>Please sign in</body></html>"},
	{"status": 502, "body": "<html>Bad gateway</html>"},
	{"body": "{\"choices\": [{\"message\": {"},
	{"body": {"hello": ["world"]}},
	{"body": ""},
	{"body": {"error": {"message": "the daily allowance is spent", "type": "other"}}},
	{"status": 429, "body": {"error": {"message": "You exceeded your current quota",
					   "code": "insufficient_quota"}}},
	{"status": 429, "headers": {"Retry-After": "86400"}},
	{"status": 302, "headers": {"Location": "https://elsewhere.invalid/v1"}, "body": ""},
	{"status": 400, "body": {"error": {"message": "\x1b[31mred\r\n\x07 bell"}}}'
try() { ends 6 1 "$2" && ok "$1: exit 6"; }
try "a web page with 200" 'web page.*check the URL'
try "a web page with 502" 'HTTP 502: a web page'
try "broken JSON" 'broken JSON'
try "JSON of another kind" 'test-model at http'
try "nothing" 'no body'
try "an error object with 200" 'answered with an error: the daily allowance is spent'
try "a spent quota" 'HTTP 429: You exceeded your current quota'
try "a wait of a day" 'HTTP 429.*wait 86400 s'
try "a redirection" 'redirects to https://elsewhere.invalid/v1; use that URL'
try "escapes in an error" 'HTTP 400: .*red'
stop_server
unset COUNCIL_HTTP_RETRIES

answer "{'status': 400}, {'text': plan(), 'huge_mb': 100}"
peak 6 "$COUNCIL" run --endpoint "$url" "the tests fail"
usual=$peak
peak 6 "$COUNCIL" run --endpoint "$url" "the tests fail"
has - 'more than [0-9]+ MiB'
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
[ "$peak" -lt $((usual + 40960)) ] || fail "$peak KiB for 100 MiB on one line, $usual for an error"
ok "100 MiB on one line: exit 6, in bounded memory"
stop_server

# -- what passes when asked again, or otherwise ------------------------------------------
answer "{'status': 429, 'headers': {'Retry-After': '1'}}, $good"
done_in 4
wait_ms=$(sql "SELECT latency_us / 1000 FROM call WHERE persona = 'pacer' ORDER BY id DESC LIMIT 1")
[ "$wait_ms" -ge 990 ] || fail "asked again after $wait_ms ms"
stop_server
answer "{'status': 500}, {'status': 503, 'body': 'busy'}, $good"
done_in 5
[ "$(calls)" -eq 3 ] || fail "tries are not one call"
stop_server
ok "429 with Retry-After, 500 and 503: asked again, then done"
answer "{'text': $good, 'refuse_schema': True}"
done_in 4
stop_server
answer "{'text': $good, 'refuse': 'stream_options'}"
done_in 4
stop_server
answer "{'text': $good, 'stream': False}"
done_in 3
stop_server
ok "a schema, an option or streaming that it does not take: asked without"
answer "{'text': $good, 'usage': None}"
done_in 3
has - '^pacer +test-model +1 +~'
stop_server
answer "{'text': $good, 'usage': {'prompt_tokens': -5, 'completion_tokens': 1e300}}"
done_in 3
[ "$(sql "SELECT count(*) FROM call WHERE input < 0 OR output < 0 OR output > 1000000000")" -eq 0 ] ||
	fail "absurd numbers were booked"
stop_server
ok "no usage, or an absurd one: estimated, and shown as such"
answer "{'text': $good, 'chunk': 3, 'split': 1, 'newline': '\\r\\n'}"
done_in 3
stop_server
ok "a stream in single bytes"
