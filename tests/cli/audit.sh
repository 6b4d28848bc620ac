#!/bin/sh
# Promises of the manual that no other test holds: where a task comes from, what
# the repository's notes reach, what is said of wrong options.
. "$top_srcdir/tests/cli/lib.sh"

last_task() { sql "SELECT task FROM run ORDER BY id DESC LIMIT 1"; }

# -- the task ---------------------------------------------------------------------
python_repo tasks
sed -i 's/return a + b/return a - b/' calc.py
script once.json <<'PY'
replay(OUT, pacer=[plan("Mend add", ["calc.py"])],
       builder=[edit("calc.py", "    return a - b", "    return a + b")], guardian=[review()])
PY
expect 0 "$COUNCIL" plan --replay "$work/once.json" "the sum is wrong"
cp "$out" "$work/plan.json"
expect 0 "$COUNCIL" run --replay "$work/once.json" --plan "$work/plan.json"
[ "$(last_task)" = "Mend add" ] || fail "the task is not the plan's summary: $(last_task)"
echo "the sum is wrong" >"$work/task"
expect 0 "$COUNCIL" run --replay "$work/once.json" --task-file "$work/task"
[ "$(last_task)" = "the sum is wrong" ] || fail "--task-file: $(last_task)"
input=$work/task expect 0 "$COUNCIL" run --replay "$work/once.json" --plan "$work/plan.json" -
[ "$(last_task)" = "the sum is wrong" ] || fail "-: $(last_task)"
ok "a plan file needs no task; a task file's last line end is no part of it"
printf 'the sum\0is wrong' >"$work/task"
expect 2 "$COUNCIL" run --replay "$work/once.json" --task-file "$work/task"
one_line_error
has "$errout" 'NUL byte'
expect 2 "$COUNCIL" run --replay "$work/once.json" mend the sum
has "$errout" 'put it into quotes'
expect 2 "$COUNCIL" run --replay "$work/once.json" --tag flag "the sum is wrong"
has "$errout" '^council: --tag: .*key=value'
expect 2 "$COUNCIL" run --replay "$work/once.json" --branch main "the sum is wrong"
has "$errout" 'branch main exists'
lacks "$errout" 'branch -D'
ok "a task that is no text, loose words, a tag without =, a branch that exists"

# -- AGENTS.md ----------------------------------------------------------------------
python_repo notes
mkdir -p lib/deep other
sed 's/return a + b/return a - b/' calc.py >lib/deep/calc.py
mv test_calc.py lib/deep
rm calc.py
echo "ROOT-NOTE" >AGENTS.md
echo "LIB-NOTE" >lib/AGENTS.md
echo "CLAUDE-NOTE" >CLAUDE.md
echo "OTHER-NOTE" >other/CLAUDE.md
echo "x = 1" >other/x.py
commit "Add notes"
script notes.json <<'PY'
write(OUT, pacer=[plan("Mend add", ["lib/deep/calc.py"])], maven=[context("lib/deep/calc.py")],
      builder=[edit("lib/deep/calc.py", "    return a - b", "    return a + b")],
      guardian=[review(), review()], artisan=["NO CHANGES"])
PY
# told PERSONA WORD: does the persona's first request hold the word, once?
told() { python3 - "$requests" "$1" "$2" <<'PY'
import json, sys
for line in open(sys.argv[1]):
    r = json.loads(line)
    if r.get("queue") == sys.argv[2] and r["path"].endswith("/completions"):
        text = json.dumps(r["body"]["messages"])
        sys.exit(0 if text.count(sys.argv[3]) == 1 else 1)
sys.exit(1)
PY
}
serve "$work/notes.json"
expect 0 "$COUNCIL" run --phases all --endpoint "$url" --test "cd lib/deep && python3 -m unittest -v" \
	"the sum is wrong"
for persona in maven builder guardian artisan; do
	told $persona ROOT-NOTE || fail "$persona was not told the root's AGENTS.md, once"
	told $persona LIB-NOTE || fail "$persona was not told the nearest AGENTS.md, once"
	told $persona CLAUDE-NOTE && fail "$persona was told CLAUDE.md beside an AGENTS.md"
done
told pacer ROOT-NOTE || fail "pacer was not told the root's AGENTS.md"
stop_server
git rm -q AGENTS.md lib/AGENTS.md
commit "Keep CLAUDE.md alone"
serve "$work/notes.json"
expect 0 "$COUNCIL" run --endpoint "$url" --test "cd lib/deep && python3 -m unittest -v" \
	"the sum is wrong"
for persona in pacer builder guardian; do
	told $persona CLAUDE-NOTE || fail "$persona was not told CLAUDE.md"
done
stop_server
ok "AGENTS.md, the nearest, reaches every persona; CLAUDE.md where there is none"

# -- money --------------------------------------------------------------------------
python_repo money
sed -i 's/return a + b/return a - b/' calc.py
script money.json <<'PY'
write(OUT, repeat=True, pacer=[plan("Mend add", ["calc.py"])],
      builder=[edit("calc.py", "    return a - b", "    return a + b")], guardian=[review()])
PY
serve "$work/money.json"
expect 0 "$COUNCIL" run --endpoint "$url" "the sum is wrong"
[ "$(sql "SELECT group_concat(DISTINCT state) FROM reservation WHERE run = (SELECT max(id) FROM run)")" = settled ] ||
	fail "calls that were sent, and free, were not settled"
cat >"$work/prices.json" <<'JSON'
{"test-model": {"input_cost_per_token": "1e-5", "output_cost_per_token": 3e-5}}
JSON
export COUNCIL_PRICES="$work/prices.json"
expect 0 "$COUNCIL" run --endpoint "$url" "the sum is wrong"
in_nano="SELECT sum(cost_nano), sum(input * 10000 + output * 30000) FROM call WHERE run = (SELECT max(id) FROM run)"
cost=$(sql "$in_nano")
[ "${cost%|*}" = "${cost#*|}" ] && [ "${cost%|*}" -gt 0 ] || fail "cost: $cost"
[ "$(sql "SELECT sum(actual_nano) FROM reservation WHERE run = (SELECT max(id) FROM run)")" = "${cost%|*}" ] ||
	fail "the reservations do not sum up to the cost"
[ "$(sql "SELECT spent_nano || ' ' || held_nano FROM budget WHERE run = (SELECT max(id) FROM run)")" = "${cost%|*} 0" ] ||
	fail "the budget's running total"
expect 5 "$COUNCIL" run --endpoint "$url" --budget 0.27 "the sum is wrong"
tail -n 1 "$out" | grep -q '^ *council resume .*--budget' || fail "the last line is no next command"
[ "$(sql "SELECT sum(cost_nano) <= 270000000 FROM call WHERE run = (SELECT max(id) FROM run)")" = 1 ] ||
	fail "the cap was passed"
unset COUNCIL_PRICES
stop_server
ok "a price of one's own counts on this machine too; what was sent is settled; a cap holds"

# -- commit hooks -------------------------------------------------------------------
hook() { printf '#!/bin/sh\n%s\n' "$1" >.git/hooks/pre-commit; chmod +x .git/hooks/pre-commit; }
python_repo hooks
sed -i 's/return a + b/return a - b/' calc.py
commit "Break add"
hook 'echo "style: calc.py:2 is bad" >&2; exit 1'
expect 3 "$COUNCIL" run --replay "$work/once.json" "the sum is wrong"
has - 'style: calc.py:2 is bad'
hook 'sed -i "s/a + b/(a + b)/" calc.py && git add calc.py'
expect 0 "$COUNCIL" run --replay "$work/once.json" "the sum is wrong"
[ "$(sql "SELECT count(*) FROM gate WHERE run = (SELECT max(id) FROM run)")" = 3 ] ||
	fail "a commit that a hook altered was not judged"
expect 0 "$COUNCIL" diff
has - 'return \(a \+ b\)'
hook 'sed -i "s/a + b/a + b + 1/" calc.py && git add calc.py'
expect 3 "$COUNCIL" run --replay "$work/once.json" "the sum is wrong"
has - 'proof +none'
ok "a hook that refuses ends 3 in its words; what a hook altered is judged again"

# -- filters ------------------------------------------------------------------------
python_repo filtered
git config filter.mark.clean 'sed s/SHOWN/KEPT/'
git config filter.mark.smudge 'sed s/KEPT/SHOWN/'
echo '*.py filter=mark' >.gitattributes
sed -i 's/return a + b/return a - b/' calc.py
echo '# SHOWN' >>calc.py
commit "Filter"
user_state >"$work/before"
expect 0 "$COUNCIL" run --replay "$work/once.json" "the sum is wrong"
user_state | cmp -s - "$work/before" || fail "the user's tree changed"
branch=$(sql "SELECT branch FROM run ORDER BY id DESC LIMIT 1")
git show "$branch:calc.py" | grep -q '# KEPT' || fail "the commit went past the filter"
expect 0 "$COUNCIL" apply
grep -q 'return a + b' calc.py && grep -q '# SHOWN' calc.py || fail "applied past the filter"
[ -z "$(git status --porcelain)" ] || fail "apply left something"
ok "an edit of the same length in the second of the checkout, under a filter"

# -- personas -----------------------------------------------------------------------
python_repo personas
mkdir -p "$XDG_CONFIG_HOME/council/personas"
printf -- '---\nrole: [x\n---\nYou are Guardian.\n' >"$XDG_CONFIG_HOME/council/personas/guardian.md"
calls="SELECT count(*) FROM call"
before=$(sql "$calls")
expect 2 "$COUNCIL" run --replay "$work/once.json" "the sum is wrong"
one_line_error
has "$errout" 'guardian.md:3:'
[ "$(sql "$calls")" = "$before" ] || fail "a call was made before the fault was told"
rm -r "$XDG_CONFIG_HOME/council/personas"
ok "a persona's file with a fault ends the run before anything is paid"
