#!/bin/sh
# SIGKILL at the stage boundaries and at moments in between, SIGINT and SIGTERM
# while an endpoint is slow and while a test command hangs. Afterwards what is the
# user's is as it was, the run is told as interrupted, and `council resume` ends
# with the tree of a run that nobody disturbed, without paying an answer twice.
. "$top_srcdir/tests/cli/lib.sh"
count=$work/count    # one byte for each time the gate ran
victim=$work/victim  # "N PID": the Nth gate kills PID

# Every kind of stage: a refused edit, two steps, a round of review, a refinement.
script answers.json <<'PY'
queues = dict(
    pacer=[plan("Mend both", ["a.txt", "b.txt"], steps=2)],
    builder=[edit("a.txt", "not there", "good"), edit("a.txt", "bad", "good"),
             edit("b.txt", "bad", "good"), edit("c.txt", "none", "some")],
    guardian=[review("revise", finding("c is none", "medium", "c.txt", 1)),
              review("approve", finding("c could be more", "low", "c.txt", 1, "style")),
              review()],
    artisan=[edit("c.txt", "some", "more")])
replay(OUT, **queues)
write(OUT + ".server", **queues)
PY
expected='artisan 1
builder 4
guardian 3
pacer 1'

repo subject
echo bad >a.txt
echo bad >b.txt
echo none >c.txt
cat >check.sh <<SH
printf . >>$count
if read -r n pid 2>/dev/null <$victim && [ "\$(wc -c <$count)" -eq "\$n" ]; then
	while read -r n pid <$victim && [ -z "\$pid" ]; do sleep 0.01; done
	kill -9 "\$pid"
	sleep 5
fi
sleep 0.01
echo 1..2
grep -q good a.txt && echo "ok 1 - a" || { echo "not ok 1 - a"; r=1; }
grep -q good b.txt && echo "ok 2 - b" || { echo "not ok 2 - b"; r=1; }
exit \${r:-0}
SH
commit "Add what is bad"
echo 'not committed' >mine.txt
echo staged >>c.txt && git add c.txt
user_state >"$work/before"

start() { # in the background; sets $pid
	"$COUNCIL" run --replay "$work/answers.json" --test "sh check.sh" "mend both" \
		>"$out" 2>"$errout" </dev/null &
	pid=$!
	pids="$pids $pid"
}
untouched() {
	user_state >"$work/after"
	cmp -s "$work/before" "$work/after" || fail "$1: $(diff "$work/before" "$work/after")"
}
# id, state of process and branch of the newest run; "" when none began since $known
newest() {
	sql "SELECT r.id, r.branch, s.state FROM run r JOIN run_state s ON s.id = r.id
		WHERE r.id > '$known' ORDER BY r.id DESC LIMIT 1" 2>/dev/null
}
check_ledger() { # WHAT RUN EXTRA: consistent, and no more than EXTRA calls above what is needed
	python3 - "$XDG_STATE_HOME/council/ledger.db" "$2" "$3" "$expected" <<'PY' || fail "$1: the ledger"
import sqlite3, sys
path, run, extra, expected = sys.argv[1:]
db = sqlite3.connect(path)
def none(what, sql):
    rows = db.execute(sql).fetchall()
    if rows:
        sys.exit("%s: %s" % (what, rows[:3]))
if db.execute("PRAGMA integrity_check").fetchone() != ("ok",):
    sys.exit("integrity")
for table in "stage", "call", "edit", "gate", "finding", "event", "process", "run_end", "reservation":
    none(table + " of no run", "SELECT * FROM %s WHERE run NOT IN (SELECT id FROM run)" % table)
none("a run without a process", "SELECT id FROM run WHERE id NOT IN (SELECT run FROM process)")
none("a test of no gate", "SELECT * FROM test WHERE gate NOT IN (SELECT id FROM gate)")
none("a call without a model", "SELECT id FROM call WHERE outcome = 'ok' AND model IS NULL")
if run:
    none("money still held", "SELECT * FROM reservation WHERE state = 'held' AND run = '%s'" % run)
    got = dict(db.execute("SELECT persona, count(*) FROM call WHERE run = ? GROUP BY 1", (run,)))
    more = 0
    for line in expected.splitlines():
        who, n = line.split()
        if got.get(who, 0) < int(n):
            sys.exit("%d calls of %s instead of %s" % (got.get(who, 0), who, n))
        more += got[who] - int(n)
    if more > int(extra):
        sys.exit("%d calls were repeated: %s" % (more, got))
PY
}

known=
start
wait "$pid" || fail "undisturbed: status $?"
untouched "undisturbed"
IFS='|' read -r run branch state <<EOF
$(newest)
EOF
tree=$(git rev-parse "$branch^{tree}")
gates=$(wc -c <"$count")
[ "$gates" -ge 5 ] || fail "only $gates gates"
check_ledger "undisturbed" "$run" 0
ok "undisturbed: $gates gates, nothing of the user's changed"

# after_kill WHAT: the state between, then resume, then the end.
began=0
after_kill() {
	wait "$pid" 2>/dev/null
	rm -f "$victim"
	untouched "$1, before resume"
	git worktree list >/dev/null || fail "$1: git worktree list"
	IFS='|' read -r run branch state <<EOF
$(newest)
EOF
	if [ -z "$run" ]; then # nothing was asked or paid yet
		check_ledger "$1" "" 0
		return 0
	fi
	[ "$state" = running ] || return 0 # it was done before the kill
	began=$((began + 1))
	known=$run
	expect 0 "$COUNCIL" log
	has - 'interrupted'
	expect 0 "$COUNCIL" show "$run"
	has - 'interrupted'
	expect 0 "$COUNCIL" resume "$run"
	[ "$(git rev-parse "$branch^{tree}")" = "$tree" ] || fail "$1: another tree than undisturbed"
	[ "$(git rev-list --count "HEAD..$branch")" -eq 5 ] || fail "$1: not the commits of undisturbed"
	untouched "$1, after resume"
	check_ledger "$1" "$run" 1
	expect 2 "$COUNCIL" resume "$run"
	one_line_error
}

# -- at every gate -----------------------------------------------------------------
known=$run
for at in $(seq "$gates"); do
	: >"$count"
	echo "$at " >"$victim"
	start
	echo "$at $pid" >"$victim.new" && mv "$victim.new" "$victim"
	after_kill "killed in gate $at"
	[ "$began" -eq "$at" ] || fail "gate $at did not kill"
done
ok "killed in each of $gates gates: resumed to the same tree, no answer paid twice"

# -- at moments in between -----------------------------------------------------------
now_ms() { echo $(($(date +%s%N) / 1000000)); }
moments=${COUNCIL_TEST_KILLS:-16}
last=$(now_ms)
start
wait "$pid"
last=$(($(now_ms) - last))
began=0
for at in $(seq "$moments"); do
	start
	wait=$((last * at / (moments + 1)))
	sleep "$(printf '%d.%03d' $((wait / 1000)) $((wait % 1000)))"
	kill -9 "$pid" 2>/dev/null
	after_kill "killed after $wait of $last ms"
done
[ "$began" -ge $((moments / 3)) ] || fail "only $began of $moments were killed on their way"
ok "killed at $moments moments, $began of them on the way: the same"

# -- SIGINT and SIGTERM ----------------------------------------------------------------
# A background process of a shell ignores SIGINT, unless told otherwise.
launch() { # in a process group of its own; sets $pid
	python3 -c 'import os, signal, sys
os.setsid()
signal.signal(signal.SIGINT, signal.SIG_DFL)
os.execv(sys.argv[1], sys.argv[1:])' "$COUNCIL" "$@" >"$out" 2>"$errout" </dev/null &
	pid=$!
	pids="$pids $pid"
}
await() { # FILE: something is in it
	for _ in $(seq 200); do
		[ -s "$1" ] && return
		sleep 0.02
	done
	fail "nothing came into $1"
}
# stops STATUS SIGNAL…: it ends so within a second (two, on a busy machine), resumable
stops() {
	wanted=$1
	shift
	asked=$(now_ms)
	kill "$@"
	got=0
	wait "$pid" || got=$?
	took=$(($(now_ms) - asked))
	[ "$got" -eq "$wanted" ] || fail "status $got instead of $wanted"
	[ "$took" -lt 2000 ] || fail "it took $took ms to stop"
	tail -n 1 "$out" | grep -q '^ *council resume [0-9A-Z]*$' || fail "the last line is not how to go on"
	untouched "kill $*"
	IFS='|' read -r run branch state <<EOF
$(newest)
EOF
	known=$run
	expect 0 "$COUNCIL" log
	has - 'interrupted'
}
gone() { # PIDFILE…
	for file in "$@"; do
		read -r left <"$file"
		for _ in $(seq 100); do
			kill -0 "$left" 2>/dev/null || continue 2
			sleep 0.02
		done
		fail "process $left is left: $(tr '\0' ' ' <"/proc/$left/cmdline")"
	done
}

# an endpoint that takes its time; the answer is asked for once more, and no other
script slow.json <<'PY'
import json
queues = json.load(open(OUT.replace("slow.json", "answers.json.server")))["answers"]
queues["pacer"] = [{"text": queues["pacer"][0], "delay_ms": 60000}] * 3 + queues["pacer"]
write(OUT, **queues)
PY
serve "$work/slow.json"
for how in "130 -INT" "143 -TERM" "130 -INT group"; do
	: >"$requests"
	# shellcheck disable=SC2086
	set -- $how
	launch run --endpoint "$url" --test "sh check.sh" "mend both"
	await "$requests"
	if [ $# -eq 3 ]; then stops "$1" "$2" "-$pid"; else stops "$1" "$2" "$pid"; fi
done
expect 0 "$COUNCIL" resume
[ "$(git rev-parse "$branch^{tree}")" = "$tree" ] || fail "resumed to another tree"
untouched "resumed"
check_ledger "interrupted in a call" "$run" 1
stop_server
ok "SIGINT, SIGTERM and Ctrl-C while an endpoint is slow: stopped at once, resumed"

# a test command that hangs, will not hear of it, and has children
sed -i 's/^sleep 0.01$/if [ -e .hang ]; then sh .hang; fi/' check.sh
cat >.hang <<SH
[ -e $work/hang ] || exit 0
trap '' INT TERM HUP
setsid sh -c 'trap "" INT TERM HUP; echo \$\$ >$work/child; while :; do sleep 1; done' &
echo \$\$ >$work/hanging
while :; do sleep 1; done
SH
user_state >"$work/before"
for how in "130 -INT" "143 -TERM" "130 -INT group"; do
	: >"$work/hang"
	rm -f "$work/child" "$work/hanging"
	# shellcheck disable=SC2086
	set -- $how
	launch run --replay "$work/answers.json" --test "sh check.sh" "mend both"
	await "$work/child"
	await "$work/hanging"
	if [ $# -eq 3 ]; then stops "$1" "$2" "-$pid"; else stops "$1" "$2" "$pid"; fi
	gone "$work/child" "$work/hanging"
	rm -f "$work/hang"
	expect 0 "$COUNCIL" resume
	untouched "resumed"
	check_ledger "interrupted in a gate" "$run" 0
done
ok "SIGINT, SIGTERM and Ctrl-C while the tests hang: stopped, no process left, resumed"

# a kill leaves no test running either
: >"$work/hang"
rm -f "$work/child" "$work/hanging"
launch run --replay "$work/answers.json" --test "sh check.sh" "mend both"
await "$work/child"
await "$work/hanging"
kill -9 "$pid"
wait "$pid" 2>/dev/null
gone "$work/child" "$work/hanging"
untouched "killed while the tests hang"
ok "SIGKILL while the tests hang: no process left"
