#!/bin/sh
# council run over a real Python repository and a real endpoint: what ends with
# which status, how it is proven, and that the user's tree stays as it was.
. "$top_srcdir/tests/cli/lib.sh"

python_repo repo
# the fault is in uncommitted work, and so is a file that git does not track yet
sed -i 's/return a + b/return a - b/' calc.py
echo 'notes' >notes.txt
user_state >"$work/before"

script good.json <<'PY'
write(OUT, pacer=[plan("Mend add", ["calc.py"])],
      builder=["The sign is wrong.\n\n" + edit("calc.py", "    return a - b", "    return a + b")],
      guardian=[review()])
PY
serve "$work/good.json"
expect 0 "$COUNCIL" run --endpoint "$url" --test "python3 -m unittest -v" "the tests fail"
has - 'red 1 . green 0, tests untouched'
has - 'red-green'
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
ok "a fix in uncommitted work: exit 0, red-green, tree untouched"
[ "$(grep -c '"path": "/v1/chat/completions"' "$requests")" -eq 3 ] || fail "not three calls"
ok "a small task costs three calls"

expect 0 "$COUNCIL" show
has - 'red 1 . green 0'
expect 0 "$COUNCIL" diff
has - '^\+    return a \+ b'
expect 0 "$COUNCIL" log
has - 'the tests fail'
expect 0 "$COUNCIL" apply
grep -q 'return a + b' calc.py || fail "not applied"
[ -f notes.txt ] || fail "an untracked file is gone"
ok "show, diff, log and apply"
stop_server

# -- an endpoint that never gets it right ---------------------------------------
python_repo never
sed -i 's/return a + b/return a - b/' calc.py
user_state >"$work/before"
script never.json <<'PY'
write(OUT, repeat=True, pacer=[plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return a - b", "    return a - b - 1"),
               edit("calc.py", "    return a - b - 1", "    return a - b - 2"),
               edit("calc.py", "    return a - b - 2", "    return a - b - 3")],
      guardian=[review()])
PY
serve "$work/never.json"
expect 3 "$COUNCIL" run --endpoint "$url" "the tests fail"
tail -n 1 "$out" | grep -q '^ *council run --continue' || fail "the last line is no next command"
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
[ "$(sql "SELECT count(*) FROM call WHERE persona = 'builder'")" -eq 4 ] || fail "not 1 + 3 calls"
ok "an endpoint that never gets it right: exit 3 after two repairs"
stop_server

# -- one that edits the tests ----------------------------------------------------
python_repo cheat
sed -i 's/return a + b/return a - b/' calc.py
user_state >"$work/before"
script cheat.json <<'PY'
cheat = edit("test_calc.py", "        self.assertEqual(calc.add(2, 3), 5)",
             "        self.assertEqual(calc.add(2, 3), -1)")
write(OUT, repeat=True, pacer=[plan("Mend add", ["calc.py"])], builder=[cheat], guardian=[review()])
PY
serve "$work/cheat.json"
expect 3 "$COUNCIL" run --endpoint "$url" "the tests fail"
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
grep -q 'protected' "$requests" || fail "the refusal was not told back"
ok "an endpoint that edits the tests: exit 3, and it is told why"
stop_server

# -- repairs, review rounds, refinement --------------------------------------------
python_repo rounds
sed -i 's/return a + b/return a - b/' calc.py
script rounds.json <<'PY'
write(OUT, pacer=["no json here", plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return b - a", "    return a + b"),
               edit("calc.py", "    return a - b", "    return a - b + 1"),
               edit("calc.py", "    return a - b + 1", "    return a + b"),
               edit("calc.py", "    return a + b", "    return b + a")],
      guardian=[review("revise", finding("Order of operands", "medium", "calc.py", 2)),
                review("approve", finding("Could say more", "low", "calc.py", 1, "style")),
                review("approve")],
      artisan=[edit("calc.py", "def add(a, b):", "def add(a, b):\n    # the sum")])
PY
serve "$work/rounds.json"
expect 0 "$COUNCIL" run --json --endpoint "$url" "the tests fail"
cp "$out" "$work/events"
python3 "$top_srcdir/tests/validate_events.py" --status 0 "$top_srcdir/event.schema.json" \
	<"$work/events" || fail "an event does not fit the schema"
has "$work/events" '"type":"edit.rejected"'
[ "$(grep -c '"type":"stage.started"' "$work/events")" -ge 8 ] || fail "stages are missing"
tail -n 1 "$work/events" | grep -q '"type":"run.completed"' || fail "the last event"
run=$(sql "SELECT id FROM run ORDER BY id DESC LIMIT 1")
branch=$(sql "SELECT branch FROM run ORDER BY id DESC LIMIT 1")
git show "$branch:calc.py" | grep -q '# the sum' || fail "the refinement was not kept"
[ "$(git rev-list --count "HEAD..$branch")" -eq 4 ] || fail "not snapshot, step, review, refinement"
git log -1 --format=%B "$branch" | grep -q "Council-Run: $run" || fail "no trailer"
ok "asked again, repaired, revised, refined: every event fits the schema"
stop_server

# -- nothing to change ---------------------------------------------------------------
python_repo nothing
script nothing.json <<'PY'
write(OUT, pacer=[plan()], builder=["NO CHANGES"])
PY
serve "$work/nothing.json"
expect 7 "$COUNCIL" run --endpoint "$url" "is anything wrong?"
ok "nothing to change and green: exit 7"
stop_server

# -- a review that blocks --------------------------------------------------------------
sed -i 's/return a + b/return a - b/' calc.py
script block.json <<'PY'
write(OUT, pacer=[plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return a - b", "    return a + b")],
      guardian=[review("block", finding("Harmful", "critical", "calc.py", 2, "security"))])
PY
serve "$work/block.json"
expect 4 "$COUNCIL" run --endpoint "$url" "the tests fail"
tail -n 1 "$out" | grep -q 'council ' || fail "the last line is no next command"
has - 'Harmful'
ok "a review that blocks: exit 4"
stop_server

# -- a green base, and proof ------------------------------------------------------------
git checkout -q calc.py
script green.json <<'PY'
write(OUT, repeat=True, pacer=[plan("Comment", ["calc.py"])],
      builder=[edit("calc.py", "def add(a, b):", "def add(a, b):  # sum")], guardian=[review()])
PY
serve "$work/green.json"
expect 0 "$COUNCIL" run --endpoint "$url" "say what add does"
has - 'green-only'
expect 3 "$COUNCIL" run --endpoint "$url" --require-proof "say what add does"
expect 3 env CI=true "$COUNCIL" run --endpoint "$url" "say what add does"
expect 0 env CI=true "$COUNCIL" run --endpoint "$url" --no-require-proof "say what add does"
expect 0 "$COUNCIL" run --endpoint "$url" --no-gate "say what add does"
has - 'none'
ok "green-only, --require-proof, CI and --no-gate"

# -- apply at once, undo, continue -----------------------------------------------------
before=$(git rev-parse HEAD)
expect 0 "$COUNCIL" run --apply --endpoint "$url" "say what add does"
grep -q '# sum' calc.py || fail "--apply did not apply"
[ "$(git rev-parse HEAD)" != "$before" ] || fail "HEAD did not move"
expect 0 "$COUNCIL" undo
[ "$(git rev-parse HEAD)" = "$before" ] || fail "undo did not move HEAD back"
[ -z "$(git status --porcelain)" ] || fail "undo left something"
ok "--apply and undo"
stop_server
script more.json <<'PY'
write(OUT, pacer=[plan("More", ["calc.py"])],
      builder=[edit("calc.py", "def mul(a, b):", "def mul(a, b):  # product")], guardian=[review()])
PY
serve "$work/more.json"
expect 0 "$COUNCIL" run --continue last --endpoint "$url" "also for mul"
expect 0 "$COUNCIL" diff
has - '# product'
ok "--continue"
stop_server
