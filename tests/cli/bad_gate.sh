#!/bin/sh
# Test commands that misbehave: what each comes to, that nothing of them is left
# running, and that what they write does not become part of the change.
. "$top_srcdir/tests/cli/lib.sh"

python_repo repo
sed -i 's/return a + b/return a - b/' calc.py
user_state >"$work/before"
script s.json <<'PY'
write(OUT, repeat=True, pacer=[plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return a - b", "    return a + b")], guardian=[review()])
PY
serve "$work/s.json"
right="grep -rq --include=*.py 'a + b' ."

# gate STATUS COMMAND [OPTIONS…]
gate() {
	want_status=$1 command=$2
	shift 2
	expect "$want_status" "$COUNCIL" run --endpoint "$url" --test "$command" "$@" "the tests fail"
	user_state | cmp -s - "$work/before" || fail "the user's tree changed"
	row=$(sql "SELECT e.status, r.base || ' ' || r.branch FROM run r JOIN run_end e ON e.run = r.id
		ORDER BY r.id DESC LIMIT 1")
	change=${row#*|}
	[ "${row%%|*}" = "$want_status" ] || fail "the ledger has $row"
}
no_call() { [ ! -s "$requests" ] || fail "a call was made"; }
# words of the closing report, which is wrapped
says() { tr -s ' \n' '  ' <"$out" | grep -Eq -- "$1" || fail "the report does not say \"$1\""; }
changed() {
	names=$(git diff --name-only $change | tr '\n' ' ')
	[ "$names" = "$1" ] || fail "the change holds $names"
}

# -- it cannot run at all ------------------------------------------------------------
gate 2 "no-such-command --now"
says 'environment: `no-such-command --now` cannot run here .*not found.*: install what it needs, or set'
gate 2 ./run-tests.sh
says 'environment: .*cannot run here'
gate 2 "make check"
says 'environment: .*No rule to make target'
echo numpy_not_there >requirements.txt
user_state >"$work/before"
gate 2 "python3 -c 'import numpy_not_there'"
says "environment: .*No module named 'numpy_not_there'"
rm requirements.txt
user_state >"$work/before"
no_call
ok "a command, target or dependency that is missing: exit 2, environment, no call"

gate 2 "sleep 600" --test-timeout 1
says 'environment: `sleep 600` did not end within 1 s at the base; raise --test-timeout'
no_call
ok "a command that hangs: exit 2 at its limit"

COUNCIL_WORKTREE_SETUP="echo first; echo cannot reach the registry >&2; exit 3" gate 2 true
says 'environment: worktree.setup .* failed: cannot reach the registry'
COUNCIL_WORKTREE_SETUP=false gate 2 true
says 'worktree.setup `false` failed: it printed nothing'
COUNCIL_WORKTREE_SETUP="sleep 600" gate 2 true --test-timeout 1
says 'worktree.setup `sleep 600` did not end within 1 s'
no_call
COUNCIL_WORKTREE_SETUP="touch ready" gate 0 "test -e ready && $right"
changed "calc.py "
ok "a worktree.setup that fails or hangs: exit 2; what it makes is there, and not in the change"

repo plain
echo text >file
commit
expect 2 "$COUNCIL" run --endpoint "$url" "do it"
one_line_error
has "$errout" 'no test command was found in .*: give --test CMD, set .*, or pass --no-gate'
cd "$work/repo" || exit 1
ok "no command to be found, and no terminal to ask on: exit 2"

# -- it leaves things behind --------------------------------------------------------------
n=$((100000 + $$)) # seconds that tell this test's own from others
gate 0 "sleep ${n}1 & setsid sleep ${n}2 & (setsid sh -c 'trap \"\" TERM; sleep ${n}3; :' &) ; $right"
! pgrep -f "sleep $n" >/dev/null || fail "left behind: $(pgrep -af "sleep $n")"
ok "children, in sessions of their own and deaf to TERM: all ended"
gate 0 "echo x >made.txt; mkdir -p out/deep; echo y >out/deep/object; ln -s /etc/passwd seen; $right"
changed "calc.py "
ok "files that it writes are not committed"
gate 0 "echo '# run' >>test_calc.py; rm -f .gitignore; $right"
changed "calc.py "
ok "what it does to tracked files is not committed"

# -- it dies, or takes others along ---------------------------------------------------------
gate 0 "$right || kill -TERM 0"
gate 0 "$right || kill -KILL 0"
gate 0 "$right || kill -SEGV \$\$"
has "$errout" 'base: red, exit status 139'
gate 0 "$right || kill -KILL \$PPID"
gate 3 'kill -SEGV $$' --max-rounds 0
ok "a command that dies by a signal, or kills its group or its parent, is red and no more"
gate 3 "$right && sleep 600" --test-timeout 1
has "$errout" 'red, stopped at its time limit'
ok "one that hangs over the change: red, exit 3"

# -- it says too much, or too little ------------------------------------------------------------
over() { peak 0 "$COUNCIL" run --endpoint "$url" --test "$1" "the tests fail"; }
over "$right"
usual=$peak
for filler in 1G:x 256M:'\n'; do
	over "$right || { head -c ${filler%%:*} /dev/zero | tr '\\0' '${filler#*:}'; false; }"
	[ "$peak" -lt $((usual + 40960)) ] || fail "$peak KiB for $filler of output, $usual without"
done
[ "$(du -sk "$XDG_STATE_HOME" | cut -f 1)" -lt 40960 ] || fail "the output was kept"
ok "1 GiB of output on one line, and empty lines without end: in bounded memory"
gate 0 "$right || printf 'a\\000b\\033[31m\\377\\376\\n%s' \"\$(head -c 2000 /dev/urandom)\"; $right"
! grep -q "$(printf '\033')" "$out" "$errout" || fail "an escape reached the output"
ok "bytes that are no text: red, and no escape reaches the output"
gate 0 "$right" --build "$right"
says 'red . green'
gate 3 true --build false --max-rounds 0
ok "a build command that is red counts as the gate"
gate 0 "$right || exit 5"
says 'proof red-green: the command failed before'
ok "a command that names no tests is judged by its status"

# -- a flaky one --------------------------------------------------------------------------------
stop_server
script flaky.json <<'PY'
write(OUT, pacer=[plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return a - b", "    return a + b"),
               edit("calc.py", "def add(a, b):", "def add(a, b):  # sum")], guardian=[review()])
PY
serve "$work/flaky.json"
mkdir "$work/runs"
gate 0 "n=\$(ls '$work/runs' | wc -l); touch '$work/runs/'\$n; test \$n -ne 1 && $right"
[ "$(ls "$work/runs" | wc -l)" -eq 3 ] && [ "$(wc -l <"$requests")" -eq 4 ] ||
	fail "not three gates and four calls"
stop_server
serve "$work/s.json"
ok "a command that fails once over the change: told back, run again over the next answer"

# -- what a fresh worktree lacks -------------------------------------------------------------------
mkdir -p node_modules/dep .venv
echo data >node_modules/dep/index.js
printf 'node_modules/\n.venv/\n__pycache__/\n' >.gitignore
user_state >"$work/before"
gate 2 "test -f node_modules/dep/index.js || { echo \"Error: Cannot find module './node_modules/dep/index.js'\"; exit 127; }"
COUNCIL_WORKTREE_LINK=node_modules,.venv gate 0 "cat node_modules/dep/index.js && $right"
changed "calc.py "
[ "$(cat node_modules/dep/index.js)" = data ] || fail "the user's node_modules changed"
ok "worktree.link brings ignored files, which stay out of the change"
