#!/bin/sh
# council doctor: a line a check; what is at fault is said with what to do, and
# only a fault makes the status 2.
. "$top_srcdir/tests/cli/lib.sh"

# line STATE CHECK PATTERN: that check's line says so
line() { has "$out" "^$1 +$2 +.*($3)"; }
doctor() {
	expect "$@"
	[ ! -s "$errout" ] || fail "doctor said something on stderr"
	grep -Evq '^(ok|warn|fail) +[a-z]+ ' "$out" && fail "a line that is no check"
	return 0
}

# -- nothing is set -------------------------------------------------------------------------
cd "$work" || exit 1
doctor 2 "$COUNCIL" doctor
line ok git 'git version'
line ok settings 'no faults'
line warn repository 'is not in a git repository: .*git init'
line fail model 'add `endpoint: URL`.*`council init`.*maven, builder, guardian, artisan'
line ok ledger 'opens'
line ok sandbox 'runs commands'
line ok decoder 'endpoint'
line ok disk 'MiB free'
ok "no model: exit 2, one line that says how to set one"

# -- all is well ------------------------------------------------------------------------------
script answers.json <<'PY'
write(OUT, models=["small"], key="sesame-123", builder=["ready"])
PY
serve "$work/answers.json"
repo well
mkdir .council && printf 'check:\n\t@true\n' >Makefile
cat >.council/config.yaml <<YAML
endpoint: $url
model: small
api_key_env: MY_KEY
YAML
commit
export MY_KEY=sesame-123
expect 0 "$COUNCIL" trust
doctor 0 "$COUNCIL" doctor
line ok repository "$work/well"
line ok tests 'make check \(found\)'
line ok endpoint "$url: small"
lacks - '^(warn|fail)'
[ "$(grep -c chat/completions "$requests")" -eq 0 ] || fail "a model was called"
expect 0 "$COUNCIL" doctor --json
python3 - "$out" <<'PY' || fail "--json"
import json, sys
j = json.load(open(sys.argv[1]))
assert j["healthy"] is True, j
assert {c["state"] for c in j["checks"]} == {"ok"}, j
assert {"git", "settings", "repository", "endpoint", "ledger", "sandbox", "disk"} <= {
    c["check"] for c in j["checks"]}, j
PY
ok "all is well: exit 0, no model is called, --json says the same"

# -- each fault ------------------------------------------------------------------------------------
doctor 2 env MY_KEY=not-the-key "$COUNCIL" doctor
line fail endpoint '401'
lacks - 'not-the-key'
doctor 2 env -u MY_KEY "$COUNCIL" doctor
line fail endpoint '401'
doctor 0 env COUNCIL_MODEL=large "$COUNCIL" doctor
line warn endpoint 'large is not among its 1 model'
doctor 2 env COUNCIL_ENDPOINT=http://127.0.0.1:9/v1 "$COUNCIL" doctor
line fail endpoint '127\.0\.0\.1:9'
doctor 2 env COUNCIL_ENDPOINT=http://somebody:secret-1@127.0.0.1:9/v1 "$COUNCIL" doctor
lacks - 'secret-1'
doctor 2 env COUNCIL_API_KEY_COMMAND='exit 3' "$COUNCIL" doctor
line fail endpoint 'command for its key'
ok "wrong key, no key, a model that it lacks, an endpoint that is down, a failing key command"

doctor 0 env COUNCIL_TEST='make other' "$COUNCIL" doctor
line ok tests 'make other \(COUNCIL_TEST\)'
rm Makefile
doctor 0 "$COUNCIL" doctor
line warn tests 'none found: set `test: CMD`'
git checkout -q Makefile
ok "tests: set, found, or how to set them"

echo 'endpiont: x' >>.council/config.yaml
doctor 2 "$COUNCIL" doctor
line warn settings 'config.yaml:4:1: unknown key endpiont, did you mean endpoint'
line warn settings 'council trust'
echo 'budget: [1' >>.council/config.yaml
doctor 2 "$COUNCIL" doctor
line fail settings 'config\.yaml:[0-9]+'
git checkout -q .council
ok "settings: unknown keys, changed since they were trusted, broken"

doctor 0 env COUNCIL_SANDBOX=off "$COUNCIL" doctor
line warn sandbox 'off \(COUNCIL_SANDBOX\).*all your rights'
doctor 2 env COUNCIL_SANDBOX_HELPER="$work/none" "$COUNCIL" doctor
line fail sandbox "$work/none"
ok "sandbox: off, or its helper missing"

echo 'this is no database at all, and long enough to be seen as one' >"$work/broken.db"
doctor 2 "$COUNCIL" doctor --ledger "$work/broken.db"
line fail ledger 'broken\.db'
[ "$(wc -c <"$work/broken.db")" -eq 62 ] || fail "the broken ledger was written to"
doctor 2 "$COUNCIL" doctor --ledger "$work/well/Makefile/ledger.db"
line fail ledger 'Makefile: Not a directory'
ok "ledger: corrupt, or where none can be"

mkdir -p "$work/bin"
printf '#!/bin/sh\necho git version 2.17.1\n' >"$work/bin/git"
chmod +x "$work/bin/git"
doctor 2 env PATH="$work/bin:$PATH" "$COUNCIL" doctor
line fail git '2\.17 is too old: 2\.25 or newer'
rm "$work/bin/git"
doctor 2 env PATH="$work/bin" "$COUNCIL" doctor
line fail git 'install git'
ok "git: too old, or missing"

cat >>.council/config.yaml <<'YAML'
prices: none.json
YAML
expect 0 "$COUNCIL" trust
doctor 2 "$COUNCIL" doctor
line fail models 'none\.json'
ok "prices: a file that is missing"
stop_server
