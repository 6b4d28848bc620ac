#!/bin/sh
# council cost, log, show and clean over real runs: what they say agrees with
# the ledger, and nothing is removed that only a run has.
. "$top_srcdir/tests/cli/lib.sh"

# -- estimates: exact, and an unknown price is no zero ----------------------------
expect 0 "$COUNCIL" cost estimate --calls 10M --in 1000 --out 50 --price 5/15 --sample 10%
has - '57,500\.00'
has - '5,750\.00'
expect 0 "$COUNCIL" cost estimate --calls 10M --in 1000 --out 50 --model gpt-4o-2024-05-13 --json
has - '"cost_nano":57500000000000,"cost_usd":57500,'
expect 2 "$COUNCIL" cost estimate --calls 10 --in 1000 --out 50 --model gpt-4oo
has "$errout" 'unknown.*did you mean gpt-4o'
one_line_error
expect 2 "$COUNCIL" cost estimate --calls many --in 1 --out 1 --model gpt-4o
expect 2 "$COUNCIL" cost estimate --calls 9G --in 9G --out 1 --model gpt-4o
one_line_error
[ ! -e "$XDG_STATE_HOME/council/ledger.db" ] || fail "an estimate made a ledger"
echo '{"mine": {"input_cost_per_token": "1e-6", "output_cost_per_token": 2e-6}}' >"$work/prices.json"
COUNCIL_PRICES=$work/prices.json expect 0 "$COUNCIL" cost estimate --calls 1k --in 1k --out 1k --model mine
has - '\$3\.00'
echo '{"mine": {"input_cost_per_token": -1}}' >"$work/prices.json"
COUNCIL_PRICES=$work/prices.json expect 2 "$COUNCIL" cost estimate --in 1 --out 1 --model mine
has "$errout" 'prices\.json: mine: input_cost_per_token'
ok "estimates"

# -- nothing yet ------------------------------------------------------------------
python_repo money
expect 0 "$COUNCIL" cost
has - 'no calls'
expect 0 "$COUNCIL" log
has - 'no runs of this repository'
expect 2 "$COUNCIL" show
one_line_error
expect 0 "$COUNCIL" clean
ok "an empty ledger"

# -- two runs, and a call at an unknown price ---------------------------------------
sed -i 's/return a + b/return a - b/' calc.py && commit "Break add"
script known.json <<'PY'
def priced(text):
    return {"text": text, "model": "gpt-4o",
            "usage": {"input": 1000, "cache_read": 24, "output": 50}}
replay(OUT, pacer=[priced(plan("Mend add", ["calc.py"]))],
       builder=[priced(edit("calc.py", "    return a - b", "    return a + b"))],
       guardian=[priced(review())])
PY
expect 0 "$COUNCIL" run --replay "$work/known.json" --test "python3 -m unittest -v" --tag team=core "mend add"
sed 's/gpt-4o/gpt-4o-mini/; s/a + b/b + a/' "$work/known.json" >"$work/other.json"
expect 0 "$COUNCIL" run --replay "$work/other.json" --budget none --test "python3 -m unittest -v" "again"
# Models on loopback and recorded ones are free where they have no price; this is a call of another.
python3 - "$XDG_STATE_HOME/council/ledger.db" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("""INSERT INTO call (id, run, persona, provider, model, attempt, http_attempts, started_us,
    latency_us, input, cache_read, cache_write, output, reasoning, estimated, cost_nano, outcome)
    SELECT '01JD0000000000000000000ABC', max(id), 'builder', 'openai', 'mystery-1', 1, 1, started_us,
    5, 10, 0, 0, 5, 0, 0, NULL, 'ok' FROM run""")
db.commit()
PY
sums=$(sql "SELECT sum(cost_nano), count(*), count(*) - count(cost_nano) FROM call")
nano=${sums%%|*} rest=${sums#*|} calls=${rest%|*} unknown=${rest#*|}
expect 0 "$COUNCIL" cost --by day --json
has - "\"total\":.*\"calls\":$calls,.*\"cost_nano\":$nano,.*\"unknown_calls\":$unknown,"
[ "$unknown" -eq 1 ] || fail "$unknown calls with an unknown price"
expect 0 "$COUNCIL" cost
has - '^total.*\$[0-9.]+ \+ 1 call unknown'
expect 0 "$COUNCIL" cost --by model
has - '^mystery-1.* unknown \(1 call\)$'
for by in run persona model day tag repository; do
	expect 0 "$COUNCIL" cost --by $by --csv
	lines=$(awk -F, 'NR > 1 { n += $3 } END { print n }' "$out")
	[ "$lines" -eq "$calls" ] || fail "cost --by $by: $lines calls instead of $calls"
done
expect 0 "$COUNCIL" cost --by tag --csv
has - '^team=core,1,'
expect 0 "$COUNCIL" cost --since 1h last
has - 'builder'
expect 2 "$COUNCIL" cost --by week
expect 2 "$COUNCIL" cost --since whenever
expect 2 "$COUNCIL" cost NOSUCHRUN
one_line_error
ok "cost agrees with the ledger"

expect 0 "$COUNCIL" log
[ "$(wc -l <"$out")" -eq 3 ] || fail "not two runs"
head -n 2 "$out" | tail -n 1 | grep -q again || fail "not the newest first"
expect 0 "$COUNCIL" log -n 1 --json
has - '"task":"again"'
lacks - 'mend add'
first=$(sql "SELECT substr(min(id), -8) FROM run")
expect 0 "$COUNCIL" show "$first"
has - 'red-green'
has - '^guardian +gpt-4o'
expect 0 "$COUNCIL" show --json "$first"
python3 -c 'import json, sys
d = json.load(open(sys.argv[1]))
assert d["state"] == "ended" and d["result"]["proof"] == "red-green", d
assert sum(c["cost_nano"] for c in d["calls"]) == d["cost_nano"] == d["result"]["cost_nano"], d' "$out" ||
	fail "show --json"
expect 0 "$COUNCIL" show --markdown "$first"
has - '^## '
expect 0 "$COUNCIL" show --events "$first"
head -n 1 "$out" | grep -q '"type":"run.started"' || fail "the first event"
tail -n 1 "$out" | grep -q '"type":"run.completed".*"proof":"red-green"' || fail "the last event"
expect 2 "$COUNCIL" show --json --events
ok "log and show"

# -- clean ------------------------------------------------------------------------
expect 0 "$COUNCIL" clean
has - "^kept $first: .*was not applied"
expect 2 "$COUNCIL" clean "$first"
expect 2 "$COUNCIL" clean --force
expect 0 "$COUNCIL" apply "$first"
expect 0 "$COUNCIL" clean --dry-run
has - "^would remove $first"
git branch --list 'council/*' | grep -q "$first" || fail "a dry run removed a branch"
expect 0 "$COUNCIL" clean
has - "^removed $first: worktree, branch council/.*, recorded answers"
git branch --list 'council/*' | grep -q "$first" && fail "the branch is still there"
[ "$(git worktree list | wc -l)" -eq 2 ] || fail "worktrees: $(git worktree list)"
expect 0 "$COUNCIL" clean --force last
[ "$(git worktree list | wc -l)" -eq 1 ] || fail "worktrees: $(git worktree list)"
[ -z "$(git for-each-ref refs/council)" ] || fail "references: $(git for-each-ref refs/council)"
[ -z "$(ls "$XDG_STATE_HOME/council/runs")" ] || fail "answers are left"
expect 0 "$COUNCIL" clean
has - 'nothing to remove'
expect 0 "$COUNCIL" log
[ "$(wc -l <"$out")" -eq 3 ] || fail "the ledger lost a run"
ok "clean removes what was applied, and the rest only by name with --force"

# -- a run that was killed ----------------------------------------------------------
git checkout -q -f && sed -i 's/return a + b/return a - b/' calc.py && commit "Break add again"
"$COUNCIL" run --replay "$work/known.json" --test "sleep 30" "slow" >/dev/null 2>&1 </dev/null &
pid=$!
for _ in $(seq 100); do
	[ "$(sql "SELECT count(*) FROM stage WHERE kind = 'gate' AND ended_us IS NULL")" = 1 ] && break
	sleep 0.1
done
expect 0 "$COUNCIL" log -n 1
has - ' running '
expect 0 "$COUNCIL" clean
has - 'still running'
kill -9 $pid
wait $pid 2>/dev/null
expect 0 "$COUNCIL" show
has - 'interrupted: its process is gone'
has - 'council resume'
expect 0 "$COUNCIL" clean
has - 'can be resumed'
expect 0 "$COUNCIL" clean last
has - '^removed'
ok "a killed run is shown as interrupted, and kept until it is named"

# -- faults of the file -------------------------------------------------------------
echo 'this is no database, and long enough to be looked at' >"$work/bad.db"
expect 2 "$COUNCIL" log --ledger "$work/bad.db"
one_line_error
expect 2 "$COUNCIL" cost --ledger "$work/bad.db"
one_line_error
ok "a file that is no ledger"
echo "$shown tests passed"
