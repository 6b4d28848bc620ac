#!/bin/sh
# Ledgers that cannot be used: one clear line that names the file, the right status,
# no call that nobody counts, and nothing of the user's or of an earlier run's lost.
. "$top_srcdir/tests/cli/lib.sh"
ledger=$XDG_STATE_HOME/council/ledger.db

script mend.json <<'PY'
replay(OUT, pacer=[plan("Mend the answer", ["answer.txt"])],
       builder=[edit("answer.txt", "answer = 41", "answer = 42")], guardian=[review()])
PY
script served.json <<'PY'
write(OUT, repeat=True, pacer=[plan("Mend the answer", ["answer.txt"])],
      builder=[edit("answer.txt", "answer = 41", "answer = 42")], guardian=[review()])
PY
repo subject
echo 'answer = 41' >answer.txt
echo "grep -q 'answer = 42' answer.txt" >check.sh
commit "Add the answer"
echo 'not committed' >mine.txt
user_state >"$work/before"
run() { # the command line of a run
	set -- "$@" "mend the answer"
	timeout 60 "$COUNCIL" run --test "sh check.sh" "$@" >"$out" 2>"$errout" </dev/null
}
untouched() {
	user_state >"$work/after"
	cmp -s "$work/before" "$work/after" || fail "$1: $(diff "$work/before" "$work/after")"
}
serve "$work/served.json"

# refused WHAT STATUS PATTERN [OPTION…]: no call was made, nothing was changed
refused() {
	what=$1 status=$2 pattern=$3
	shift 3
	: >"$requests"
	got=0
	run --endpoint "$url" "$@" || got=$?
	[ "$got" -eq "$status" ] || fail "$what: status $got instead of $status"
	one_line_error
	has "$errout" "$pattern"
	[ ! -s "$requests" ] || fail "$what: a call was made"
	untouched "$what"
	[ -z "$(git for-each-ref refs/heads/council refs/council)" ] || fail "$what: a branch is left"
	ok "$what: exit $status and one line, no call was made"
}
reads() { # STATUS PATTERN: the commands that read say it as well
	for command in log show cost; do
		expect "$1" "$COUNCIL" "$command"
		one_line_error
		has "$errout" "$2"
	done
}

# -- files that are no ledger ------------------------------------------------------
mkdir -p "$work/l"
printf 'this is a text, and a long one, so that it might be a header of something\n' >"$work/l/text.db"
cp "$work/l/text.db" "$work/text"
refused "not a database" 2 'text\.db.*not a database' --ledger "$work/l/text.db"
cmp -s "$work/text" "$work/l/text.db" || fail "the file was changed"

mkdir "$work/l/folder.db"
refused "a folder" 2 'folder\.db' --ledger "$work/l/folder.db"

python3 - "$work/l/alien.db" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("CREATE TABLE mine (x)")
db.execute("INSERT INTO mine VALUES (42)")
db.commit()
PY
cp "$work/l/alien.db" "$work/alien"
refused "another program's database" 2 "alien\\.db is another program's" --ledger "$work/l/alien.db"
cmp -s "$work/alien" "$work/l/alien.db" || fail "another program's database was changed"

refused "a file as its folder" 2 'text\.db' --ledger "$work/l/text.db/ledger.db"

# -- one that is there, and then is spoilt -------------------------------------------
run --replay "$work/mend.json" || fail "the first run"
first=$(sql "SELECT id FROM run")
branch=$(sql "SELECT branch FROM run")
untouched "the first run"
git branch -q -m "$branch" "kept"
git for-each-ref --format='delete %(refname)' refs/council | git update-ref --stdin
user_state >"$work/before"
cp "$ledger" "$work/good.db"
[ ! -e "$ledger-wal" ] || cp "$ledger-wal" "$work/good.db-wal"

python3 - "$ledger" <<'PY'
import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("PRAGMA user_version = 999")
db.close()
PY
cp "$ledger" "$work/newer.db"
refused "a newer ledger" 2 'newer council: version 999'
reads 2 'newer council'
cmp -s "$ledger" "$work/newer.db" || fail "a newer ledger was changed"

restore() {
	rm -f "$ledger"-*
	cp "$work/good.db" "$ledger"
	[ ! -e "$work/good.db-wal" ] || cp "$work/good.db-wal" "$ledger-wal"
}
restore
head -c 3000 "$work/good.db" >"$ledger"
refused "a ledger cut short" 2 'ledger\.db.*(malformed|corrupt|damaged|broken)'
restore
python3 - "$ledger" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(0, 2)
    size = f.tell()
    for at in range(100, min(size, 60000), 7):
        f.seek(at)
        f.write(b"\xa5")
PY
refused "a ledger of garbage" 2 'ledger\.db.*(malformed|corrupt|damaged|broken)'
reads 2 'ledger\.db'
restore
expect 0 "$COUNCIL" show "$first"
ok "put back: the first run is there"

# -- locked ---------------------------------------------------------------------------
# holds SECONDS: another process has the ledger for itself so long
holds() {
	rm -f "$work/locked"
	python3 - "$ledger" "$work/locked" "$1" <<'PY' &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
open(sys.argv[2], "w").write("x")
time.sleep(float(sys.argv[3]))
db.execute("COMMIT")
PY
	holder=$!
	pids="$pids $holder"
	for _ in $(seq 100); do
		[ -s "$work/locked" ] && return
		sleep 0.05
	done
	fail "the ledger was not locked"
}
holds 2
run --replay "$work/mend.json" || fail "a ledger locked for two seconds: status $?"
untouched "locked for a while"
git for-each-ref --format='delete %(refname)' refs/heads/council refs/council | git update-ref --stdin
rm -rf "$XDG_STATE_HOME"/council/worktrees/* && git worktree prune
ok "a ledger locked for two seconds: waited for"
holds 60
refused "a locked ledger" 2 'ledger\.db is in use by another program: try again'
kill "$holder"
wait "$holder" 2>/dev/null

# -- folders that cannot be written -----------------------------------------------------
mkdir "$work/closed"
cat >"$work/readonly" <<'SH'
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
shift
exec "$@"
SH
if unshare -m true 2>/dev/null; then
	got=0
	: >"$requests"
	unshare -m sh "$work/readonly" "$work/closed" "$COUNCIL" run --test "sh check.sh" --endpoint "$url" \
		--ledger "$work/closed/ledger.db" "mend the answer" >"$out" 2>"$errout" </dev/null || got=$?
	[ "$got" -eq 2 ] || fail "a read-only folder: status $got"
	one_line_error
	has "$errout" 'closed/ledger\.db.*(read-only|Read-only|cannot be written)'
	[ ! -s "$requests" ] || fail "a call was made"
	untouched "a read-only folder"
	ok "a ledger in a read-only folder: exit 2 and one line, no call was made"

	got=0
	unshare -m sh "$work/readonly" "$XDG_STATE_HOME" "$COUNCIL" log >"$out" 2>"$errout" </dev/null || got=$?
	[ "$got" -eq 0 ] || fail "log in a read-only folder: status $got"
	has - 'mend the answer'
	ok "council log reads a ledger in a read-only folder"
else
	echo "# no mount name space here: read-only folders were not tried"
fi
