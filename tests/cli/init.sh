#!/bin/sh
# council init: what it finds by itself, what it needs to be told where nobody
# can be asked, the one call, and a file that is never written over.
. "$top_srcdir/tests/cli/lib.sh"
export OLLAMA_HOST=127.0.0.1:9 # nothing listens there
script answers.json <<'PY'
write(OUT, repeat=True, models=["small", "large"], key="sesame", default=["ready"])
PY
script alone.json <<'PY'
write(OUT, repeat=True, models=["only"], default=["ready"])
PY

# -- nobody to ask ----------------------------------------------------------------------
cd "$work" || exit 1
expect 2 "$COUNCIL" init --endpoint http://127.0.0.1:9/v1 --model m
has "$errout" 'no git repository here.*--user'
repo bare
echo x >x && commit
expect 2 "$COUNCIL" init
one_line_error
has "$errout" 'needs: --endpoint URL .*; --test CMD .*--no-gate'
expect 2 "$COUNCIL" init --endpoint http://127.0.0.1:9/v1
has "$errout" 'needs: --model NAME; --test CMD'
expect 2 env OPENAI_API_KEY=k GROQ_API_KEY=k "$COUNCIL" init --test true
has "$errout" 'several: https://api\.openai\.com/v1 https://api\.groq\.com/openai/v1'
[ ! -e .council ] || fail "something was written"
ok "without a terminal: exit 2, and every option that is missing is named"

# -- an endpoint that does not answer --------------------------------------------------------
expect 6 env COUNCIL_HTTP_RETRIES=0 "$COUNCIL" init --endpoint http://127.0.0.1:9/v1 --model m --no-gate
one_line_error
has "$errout" 'nothing is written.*--no-call'
[ ! -e .council ] || fail "something was written"
ok "an endpoint that is down: exit 6, nothing is written"

# -- with a server that wants a key ------------------------------------------------------------
serve "$work/answers.json"
export MY_KEY=sesame
expect 2 "$COUNCIL" init --endpoint "$url" --api-key-env MY_KEY --test true
has "$errout" 'needs: --model NAME \(the endpoint offers small, large\)$'
expect 2 env MY_KEY=not-the-sesame "$COUNCIL" init --endpoint "$url" --model small --api-key-env MY_KEY --test true
has "$errout" '401.*check the key in MY_KEY'
lacks "$errout" 'not-the-sesame'
[ ! -e .council ] || fail "something was written"
expect 0 "$COUNCIL" init --endpoint "$url" --model small --api-key-env MY_KEY --test "true # \"quoted\": 'yes'" \
	--build 'make -s' --link node_modules --link '.venv' --setup 'npm ci'
has - '^.*/bare/\.council/config\.yaml written$'
has "$errout" 'small answered in .* tokens in'
has "$errout" 'next: council run'
f=.council/config.yaml
for line in '^# .*council-settings\(5\)' "^endpoint: \"$url\"\$" '^model: "small"$' '^api_key_env: "MY_KEY"$' \
	'^# The gate' '^test: "true # \\"quoted\\"' '^build: "make -s"$' '^  setup: "npm ci"$' \
	'^    - "node_modules"$' '^    - "\.venv"$' '^# budget: 1$'; do
	has "$f" "$line"
done
lacks "$f" 'sesame'
[ "$(stat -c %a "$f")" = 644 ] || fail "mode $(stat -c %a "$f")"
[ "$(grep -c '"path": "/v1/chat/completions"' "$requests")" -eq 2 ] || fail "not one call each"
expect 0 "$COUNCIL" config check
has - '^settings: 0 warnings, no errors$'
expect 0 "$COUNCIL" config show --json
python3 - "$out" "$url" <<'PY' || fail "config show does not give back what init was told"
import json, sys
s = json.load(open(sys.argv[1]))
value = {k: v["value"] for k, v in s["settings"].items()}
assert s["trusted"] is True
assert value["endpoint"] == sys.argv[2] and value["model"] == "small", value
assert value["test"] == "true # \"quoted\": 'yes'" and value["build"] == "make -s", value
assert value["worktree.setup"] == "npm ci", value
assert value["worktree.link"] == ["node_modules", ".venv"], value
PY
expect 0 "$COUNCIL" trust status
has - '^trusted$'
[ "$(sql "SELECT count(*) FROM call WHERE outcome = 'ok'")" -eq 1 ] || fail "the call is not in the ledger"
ok "options: a file with comments that says what it was told, trusted, one call, no key in it"

cp "$f" "$work/written"
expect 2 "$COUNCIL" init --endpoint "$url" --model large --api-key-env MY_KEY --test true
has "$errout" 'is there already.*--force'
cmp -s "$f" "$work/written" || fail "it was written over"
expect 0 "$COUNCIL" init --force --endpoint "$url" --model large --api-key-env MY_KEY --no-gate --no-call
has "$f" '^model: "large"$'
has "$f" '^no_gate: true$'
expect 0 "$COUNCIL" trust status
has - '^trusted$'
ok "a file that is there stays, but with --force"

# -- the key by a command, JSON, and files that were not trusted --------------------------------
repo second
mkdir -p .council/personas && echo x >x && echo '# mine' >.council/personas/builder.md && commit
expect 0 "$COUNCIL" init --json --endpoint "$url" --model large --api-key-command 'printf sesame' --test true
python3 - "$out" <<'PY' || fail "--json"
import json, sys
j = json.load(open(sys.argv[1]))
assert j["trusted"] is False and j["model"] == "large" and j["test"] == "true", j
assert j["file"].endswith("/second/.council/config.yaml"), j
PY
has "$errout" 'not trusted.*council trust'
expect 0 "$COUNCIL" trust status
has - '^not trusted'
has .council/config.yaml '^api_key_command: "printf sesame"$'
ok "a key command; files that lay there before are not trusted with it"
stop_server

# -- what it finds ---------------------------------------------------------------------------
serve "$work/alone.json"
repo found
printf 'check:\n\t@true\n' >Makefile
echo '{"scripts": {}}' >package.json
echo '{}' >package-lock.json
printf 'node_modules/\n.venv\n.env\n' >.gitignore
mkdir -p node_modules/a .venv && echo 1 >node_modules/a/x && echo 1 >.venv/x && echo SECRET=1 >.env
commit
expect 0 env OLLAMA_HOST=${url%/v1} "$COUNCIL" init
f=.council/config.yaml
has "$f" "^endpoint: \"$url\"\$"
has "$f" '^model: "only"$'
has "$f" '^test: "make check"$'
has "$f" '^    - "node_modules"$'
has "$f" '^    - "\.venv"$'
has "$f" '^#    - "\.env"$'
expect 0 "$COUNCIL" config check
ok "a local server, its one model, the tests, and what a worktree lacks are found"

# -- the user's own file ------------------------------------------------------------------------
cd "$work" || exit 1
expect 0 "$COUNCIL" init --user --endpoint "$url" --model only
user=$XDG_CONFIG_HOME/council/config.yaml
has - "^$user written$"
[ "$(stat -c %a "$user")" = 600 ] || fail "mode $(stat -c %a "$user")"
has "$user" "^endpoint: \"$url\"\$"
lacks "$user" 'worktree|^test'
expect 2 "$COUNCIL" init --user --endpoint "$url" --model only
has "$errout" 'is there already'
ok "--user: one's own file, readable by oneself alone"

repo third
printf 'check:\n\t@true\n' >Makefile && commit
expect 0 "$COUNCIL" init
lacks .council/config.yaml '^endpoint'
has .council/config.yaml '^test: "make check"$'
expect 0 "$COUNCIL" config show
has - '^endpoint: http'
ok "where one's own file names the model, the repository's does not"

# -- it leads to a run ----------------------------------------------------------------------------
stop_server
python_repo last
sed -i 's/return a + b/return a - b/' calc.py && commit "Break add"
script run.json <<'PY'
write(OUT, models=["only"], pacer=[plan("Mend add", ["calc.py"])],
      default=["ready"], builder=[edit("calc.py", "    return a - b", "    return a + b")], guardian=[review()])
PY
serve "$work/run.json"
expect 0 "$COUNCIL" init --endpoint "$url" --model only
expect 0 "$COUNCIL" run "the tests fail"
has - 'red-green'
ok "init, then run: nothing else is needed"
stop_server

repo odd
echo x >x && echo y >.council && commit
expect 2 "$COUNCIL" init --endpoint "$url" --model m --no-gate --no-call
one_line_error
[ "$(cat .council)" = y ] || fail "it was written over"
if [ "$(id -u)" -ne 0 ]; then
	repo closed
	echo x >x && commit
	chmod a-w .
	expect 2 "$COUNCIL" init --endpoint "$url" --model m --no-gate --no-call
	one_line_error
fi
ok "where nothing can be written: a line"
