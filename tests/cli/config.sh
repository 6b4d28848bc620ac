#!/bin/sh
# council config, persona and trust: what is in force and from where, faults
# with their place, and that a repository which nobody trusted sets nothing
# that matters.
. "$top_srcdir/tests/cli/lib.sh"

# -- where each value comes from ------------------------------------------------------------
mkdir -p "$XDG_CONFIG_HOME/council"
cat >"$XDG_CONFIG_HOME/council/config.yaml" <<'YAML'
model: mine
budget: 0.5
api_key_env: MY_KEY
max_rounds: 1
YAML
cat >"$COUNCIL_ETC_DIR/config.yaml" <<'YAML'
max_rounds: 3
max_attempts: 1
endpoint: http://user:pass-word@127.0.0.1:9/v1
YAML
python_repo place
mkdir .council
cat >.council/config.yaml <<'YAML'
phases: [plan, build, review]
test: touch "$WITNESS"
YAML
commit
expect 0 env COUNCIL_CONTEXT_TOKENS=9000 MY_KEY=top-secret "$COUNCIL" config show --show-origin
has - 'config/council/config\.yaml:1 +model: mine$'
has - 'config/council/config\.yaml:2 +budget: (0\.5|0\.50*)$'
has - 'config/council/config\.yaml:4 +max_rounds: 1$'
has - 'etc/config\.yaml:2 +max_attempts: 1$'
has - '^COUNCIL_CONTEXT_TOKENS +context_tokens: 9000$'
has - '^built in +http\.retries: 3$'
has - 'council/config\.yaml:1 +phases: plan'
has - '^unset +test:$'
has "$errout" 'council trust'
lacks - 'pass-word|top-secret'
lacks "$errout" 'pass-word|top-secret'
has - '^  builder +mine .*127\.0\.0\.1:9'
expect 0 env COUNCIL_CONTEXT_TOKENS=9000 MY_KEY=top-secret "$COUNCIL" config show --json
lacks - 'pass-word|top-secret'
python3 - "$out" <<'PY' || fail "config show --json"
import json, sys
s = json.load(open(sys.argv[1]))
v = s["settings"]
assert s["trusted"] is False
assert v["model"]["value"] == "mine" and v["model"]["origin"].endswith("config.yaml:1"), v["model"]
assert v["context_tokens"] == {"value": 9000, "origin": "COUNCIL_CONTEXT_TOKENS"}, v["context_tokens"]
assert v["test"]["value"] is None and v["test"]["origin"] is None, v["test"]
assert set(s["personas"]) == {"pacer", "maven", "builder", "guardian", "artisan"}
PY
ok "config show: each value with its origin, no secret"

echo 'model: other' >"$work/alone.yaml"
expect 0 "$COUNCIL" config show --show-origin --config "$work/alone.yaml"
has - "alone\.yaml:1 +model: other$"
has - '^built in +phases: auto$'
expect 0 env COUNCIL_CONFIG="$work/alone.yaml" "$COUNCIL" config
has - '^model: other$'
ok "--config and COUNCIL_CONFIG: that file alone"

# -- faults --------------------------------------------------------------------------------------
cat >"$work/faults.yaml" <<'YAML'
model: m
bugdet: 3
worktree:
  setpu: make
YAML
expect 0 "$COUNCIL" config check "$work/faults.yaml"
has "$errout" 'faults\.yaml:2:1: unknown key bugdet, did you mean budget'
has "$errout" 'faults\.yaml:4:3: unknown key .*setpu, did you mean .*setup'
has - 'faults\.yaml: 2 warnings, no errors$'
check() {
	printf '%s\n' "$1" >"$work/one.yaml"
	expect 2 "$COUNCIL" config check "$work/one.yaml"
	one_line_error
	has "$errout" "$2"
}
check 'budget: much' 'one\.yaml:1:9: .*budget'
check 'max_rounds: 99' 'one\.yaml:1:13: .*max_rounds'
check 'no_gate: perhaps' 'one\.yaml:1:10: .*no_gate'
check 'model: [a' 'one\.yaml:[12]:'
check 'test_timeout: 10 parsecs' 'one\.yaml:1:15: .*test_timeout'
check '- a list' 'one\.yaml:1:'
expect 2 "$COUNCIL" config check "$work/none.yaml"
has "$errout" 'none\.yaml'
expect 2 env COUNCIL_MAX_ROUNDS=many "$COUNCIL" config check
has "$errout" 'COUNCIL_MAX_ROUNDS'
expect 2 "$COUNCIL" config chekc
ok "config check: unknown keys with the nearest one, wrong values with line and column"

# -- a repository that nobody trusted ---------------------------------------------------------------
sed -i 's/return a + b/return a - b/' calc.py && commit "Break add"
script answers.json <<'PY'
write(OUT, repeat=True, models=["mine"], pacer=[plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return a - b", "    return a + b")], guardian=[review()])
PY
serve "$work/answers.json"
export WITNESS="$work/witness" COUNCIL_ENDPOINT="$url"
expect 0 "$COUNCIL" trust status
has - '^not trusted'
expect 0 "$COUNCIL" run "the tests fail"
[ ! -e "$WITNESS" ] || fail "the command of a repository that is not trusted was run"
has - 'red-green'
has - 'unittest'
has "$errout" 'council trust'
ok "not trusted: its test command is not run, the tests that were found are"

expect 0 "$COUNCIL" trust
has - '^ +test: touch "\$WITNESS"$'
has - 'council trust revoke'
expect 0 "$COUNCIL" trust status
has - '^trusted$'
expect 0 "$COUNCIL" config show --show-origin
has - 'council/config\.yaml:2 +test: touch'
[ ! -s "$errout" ] || fail "a warning, although it is trusted"
expect 0 "$COUNCIL" run "the tests fail"
[ -e "$WITNESS" ] || fail "the command of a trusted repository was not run"
rm "$WITNESS"
ok "council trust shows what takes effect; then it is run"

mkdir .council/personas
printf -- '---\nrole: other\n---\nYou are Builder, and swap.\n' >.council/personas/builder.md
expect 0 "$COUNCIL" trust status
has - '^changed since it was trusted'
expect 0 "$COUNCIL" config show --show-origin
has - '^unset +test:$'
expect 0 "$COUNCIL" persona show builder
lacks - 'and swap'
expect 0 "$COUNCIL" run "the tests fail"
[ ! -e "$WITNESS" ] || fail "the command was run, although .council/ changed"
expect 0 "$COUNCIL" trust
has - 'personas/builder\.md  \(replaces a persona\)'
expect 0 "$COUNCIL" persona show builder
has - '^file: .*/place/\.council/personas/builder\.md'
has - 'and swap'
expect 0 "$COUNCIL" trust revoke
has - '^no longer trusted$'
expect 0 "$COUNCIL" trust status --json
has - '"state": ?"untrusted"'
expect 0 "$COUNCIL" persona show builder
lacks - 'and swap'
ok "any change under .council/ asks again; revoke takes it back"

git clone -q . ../copy && cd ../copy || exit 1
expect 0 "$COUNCIL" trust status
has - '^not trusted'
rm -rf .council && ln -s "$work/place/.council" .council
expect 2 "$COUNCIL" trust
one_line_error
rm .council && mkdir .council && ln -s /etc/passwd .council/config.yaml
expect 2 "$COUNCIL" trust
has "$errout" 'link'
ok "trust is of one folder; links are never trusted"
stop_server
unset COUNCIL_ENDPOINT

# -- a policy tightens ---------------------------------------------------------------------------------
cd "$work/place" || exit 1
printf 'budget: 0.01\nrequire_proof: true\n' >"$COUNCIL_ETC_DIR/policy.yaml"
expect 0 "$COUNCIL" config show --show-origin
has - 'policy\.yaml:1 +budget: 0\.01'
has - 'policy\.yaml:2 +require_proof: true'
expect 0 env COUNCIL_BUDGET=5 COUNCIL_REQUIRE_PROOF=false "$COUNCIL" config show
has - '^budget: 0\.01'
has - '^require_proof: true$'
expect 0 env COUNCIL_BUDGET=0.001 "$COUNCIL" config show
has - '^budget: 0\.001'
rm "$COUNCIL_ETC_DIR/policy.yaml"
ok "a policy tightens, and only that"

# -- personas -----------------------------------------------------------------------------------------
cd "$work" || exit 1
expect 0 "$COUNCIL" persona
for p in pacer maven builder guardian artisan; do has - "^$p .*mine .*personas/$p\.md$"; done
[ "$(wc -l <"$out")" -eq 5 ] || fail "not five personas"
expect 0 "$COUNCIL" persona list --json
python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))) == 5' "$out" || fail "--json"
expect 0 "$COUNCIL" persona show guardian
has - '^file: .*/personas/guardian\.md'
has - '^You are Guardian'
mkdir -p "$XDG_CONFIG_HOME/council/personas"
printf -- '---\nrole: my own\nmodel: strong\ntemperature: 0.3\nmax_tokens: 77\n---\nYou are Guardian, of mine.\n' \
	>"$XDG_CONFIG_HOME/council/personas/guardian.md"
expect 0 "$COUNCIL" persona show guardian
has - "^file: $XDG_CONFIG_HOME/council/personas/guardian\.md"
has - '^role: my own$'
has - '^temperature: 0\.3$'
has - '^max_tokens: 77$'
has - '^You are Guardian, of mine\.$'
expect 2 "$COUNCIL" persona show nobody
has "$errout" 'pacer, maven, builder, guardian'
printf -- '---\nrole: [\n---\n' >"$XDG_CONFIG_HOME/council/personas/guardian.md"
expect 2 "$COUNCIL" persona show guardian
has "$errout" 'guardian\.md'
one_line_error
ok "personas: what is in force and from where, one's own, a broken one"
