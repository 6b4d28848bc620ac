#!/bin/sh
# council demo, as an installed program runs it: both faults of the sample are
# mended, nothing of the user's is touched, and what it says it cost is what
# the ledger holds, to the nano-dollar.
. "$top_srcdir/tests/cli/lib.sh"

# -- in the middle of somebody's work ------------------------------------------------
repo mine
echo one >one && commit
echo two >>one
echo three >three
user_state >"$work/before"
expect 0 "$COUNCIL" demo
cp "$out" "$work/report"
cp "$errout" "$work/progress"
has "$work/progress" 'recorded'
has "$work/report" 'red-green: 2 tests failed before and pass now'
has "$work/report" 'red 2 (→|->) green 0, tests untouched'
has "$work/report" 'recorded, not from a live model'
user_state | cmp -s - "$work/before" || fail "the folder that it was started in changed"
ok "exit 0, red 2 to green 0, the user's own folder untouched"

sample=$(sed -n 's/^Sample repository: //p' "$work/progress")
case $sample in
"$TMPDIR"/*) ;;
*) fail "the sample is not under TMPDIR: $sample" ;;
esac
cd "$sample" || fail "no sample at $sample"
run=$(sql "SELECT id FROM run")
branch=$(sql "SELECT branch FROM run")
[ "$(git symbolic-ref --short HEAD)" = main ] || fail "not on main"
[ "$(git rev-list --count main)" -eq 1 ] || fail "main was moved"
[ -z "$(git status --porcelain)" ] || fail "the sample's tree is not clean"
[ "$(git rev-list --count "main..$branch")" -eq 3 ] || fail "not build, review and refinement"
ok "the sample's own branch is untouched; the work is on $branch"

# -- both faults, before and after --------------------------------------------------------
cat >"$work/name.c" <<'C'
#include "ini.h"

#include <stdio.h>

/* A section's name of exactly as many bytes as its array has. */
int main(void)
{
	char text[] = "[0123456789abcdef0123456789abcdef]\nkey = value\n";
	struct ini *ini = NULL;
	int line = 0;
	enum ini_error err = ini_parse(text, &ini, &line);

	printf("%s at line %d\n", err == INI_NAME_TOO_LONG ? "too long" : "taken", line);
	ini_free(ini);
	return 0;
}
C
: "${CC:=cc}"
build() {
	git -C "$sample" archive "$1" | { mkdir -p "$work/$2" && tar -xf - -C "$work/$2"; }
	cp "$work/name.c" "$work/$2"
	(cd "$work/$2" && $CC -g -fsanitize=address -o name name.c ini.c) >"$work/$2.log" 2>&1
}
if echo 'int main(void) { return 0; }' >"$work/try.c" &&
   $CC -fsanitize=address -o "$work/try" "$work/try.c" 2>/dev/null && "$work/try"; then
	build main base || fail "the sample does not build: $(cat "$work/base.log")"
	if (cd "$work/base" && ASAN_OPTIONS=detect_leaks=0 ./name) >"$out" 2>"$errout"; then
		fail "the sample's second fault is not there"
	fi
	has "$errout" 'stack-buffer-overflow'
	build "$branch" mended || fail "the change does not build: $(cat "$work/mended.log")"
	expect 0 env ASAN_OPTIONS=detect_leaks=0 "$work/mended/name"
	has - '^too long at line 1$'
	ok "a name of 32 bytes wrote past its array, and is refused now"
fi
expect 2 make -C "$sample" -s test
git worktree list --porcelain | grep -q "$branch" || fail "the branch has no worktree"
git archive "$branch" | { mkdir "$work/after" && tar -xf - -C "$work/after"; }
expect 0 make -C "$work/after" -s test
lacks - '^not ok'
[ -z "$(git diff --name-only "main..$branch" -- tests Makefile)" ] || fail "the tests were edited"
ok "the tests are red on main and green on the branch, and the same"

# -- money: the table, show, cost and the ledger's rows --------------------------------------
expect 0 "$COUNCIL" show --json
cp "$out" "$work/show.json"
expect 0 "$COUNCIL" cost --json --by persona
cp "$out" "$work/personas.json"
expect 0 "$COUNCIL" cost --json --by model
cp "$out" "$work/models.json"
expect 0 "$COUNCIL" cost --json "$run"
cp "$out" "$work/run.json"
cat >"$work/money.py" <<'PY'
import decimal, json, re, sqlite3, sys
ledger, run, work = sys.argv[1:]
db = sqlite3.connect(ledger)
total = db.execute("SELECT sum(cost_nano), count(*) FROM call WHERE run = ?", (run,)).fetchone()
by = dict(db.execute("SELECT persona, sum(cost_nano) FROM call WHERE run = ? GROUP BY 1", (run,)))
calls = dict(db.execute("SELECT persona, count(*) FROM call WHERE run = ? GROUP BY 1", (run,)))
assert total[0] > 0 and len(by) == 5, (total, by)
load = lambda name: json.load(open("%s/%s.json" % (work, name)))

show = load("show")
assert show["cost_nano"] == total[0], (show["cost_nano"], total)
rows = {p["persona"]: p for p in show["result"]["personas"]}
assert {k: v["cost_nano"] for k, v in rows.items()} == by, (rows, by)
assert {k: v["calls"] for k, v in rows.items()} == calls, (rows, calls)
for p in rows.values():
    assert decimal.Decimal(repr(p["cost_usd"])) * 10**9 == p["cost_nano"], p
for name in "personas", "run":
    cost = load(name)
    assert {row["key"]: row["cost_nano"] for row in cost["rows"]} == by, (name, cost, by)
for name in "personas", "models", "run":
    cost = load(name)
    assert cost["total"]["cost_nano"] == sum(row["cost_nano"] for row in cost["rows"]) == total[0]
    assert cost["total"]["calls"] == total[1], (name, cost, total)

usd = lambda text: int(decimal.Decimal(text) * 10**9)
text = open(work + "/report").read().split("\npersona ", 1)[1]
table = dict(re.findall(r"^(?!budget)(\w+) .*\$([0-9.]+)$", text, re.M))
assert usd(table.pop("total")) == total[0], (table, total)
assert {k: usd(v) for k, v in table.items()} == by, (table, by)
PY
expect 0 python3 "$work/money.py" "$XDG_STATE_HOME/council/ledger.db" "$run" "$work"
ok "the table, show and cost agree with the ledger to the nano-dollar"

# -- where to, and what to do with it -----------------------------------------------------------
cd "$work" || exit 1
mkdir -p full && echo mine >full/file
expect 2 "$COUNCIL" demo --directory full
one_line_error
[ "$(ls -A full)" = file ] || fail "a folder that is not empty was written to"
expect 0 "$COUNCIL" demo --directory "a new/place" --apply
cd "$work/a new/place" || fail "no repository where --directory said"
[ "$(git rev-list --count main)" -eq 4 ] || fail "--apply did not move main"
[ -z "$(git status --porcelain)" ] || fail "the tree is not as main is"
expect 0 make -s test
expect 0 "$COUNCIL" undo
[ "$(git rev-list --count main)" -eq 1 ] || fail "undo did not move main back"
ok "--directory (new or empty only), --apply, undo"

# -- with an endpoint: the same answers, live ------------------------------------------------------
cat >"$work/live.py" <<'PY'
import json, sys
doc = json.load(open(sys.argv[1]))
script = {"models": ["sample-model"], "answers": {
    who: [a["text"] for a in answers] for who, answers in doc["answers"].items()}}
json.dump(script, open(sys.argv[2], "w"))
PY
python3 "$work/live.py" "$COUNCIL_DATA_DIR/examples/sample.answers.json" "$work/live.json" ||
	fail "the recorded answers"
serve "$work/live.json"
cd "$work" || exit 1
expect 0 "$COUNCIL" demo --endpoint "$url" --model all=sample-model
lacks "$errout" 'recorded'
lacks - 'recorded'
has - 'red-green'
[ "$(grep -c '"path": "/v1/chat/completions"' "$requests")" -eq 8 ] || fail "not eight calls"
stop_server
ok "--endpoint: live, and nothing says that it was recorded"
