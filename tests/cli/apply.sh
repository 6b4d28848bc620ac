#!/bin/sh
# council apply and undo: what stands in the way is told, and then nothing at all
# has changed; what does not stand in the way is there afterwards, as it was.
. "$top_srcdir/tests/cli/lib.sh"

# Line 5 of long.txt is changed, and new.txt is made.
script change.json <<'PY'
replay(OUT, pacer=[plan("Change line 5", ["long.txt"])],
       builder=[edit("long.txt", "line 5", "line five") + "\n" + whole("new.txt", "new")],
       guardian=[review()])
PY
# …on a line that is not in HEAD, but in the user's work
script on_work.json <<'PY'
replay(OUT, pacer=[plan("Change the work", ["long.txt"])],
       builder=[edit("long.txt", "my line 5", "my line five")], guardian=[review()])
PY
script untracked.json <<'PY'
replay(OUT, pacer=[plan("Change what is not tracked", ["mine.txt"])],
       builder=[edit("mine.txt", "mine", "ours")], guardian=[review()])
PY

long_repo() {
	repo "$1"
	for i in $(seq 30); do echo "line $i"; done >long.txt
	seq 30 >other.txt
	mkdir sub
	echo sub >sub/file.txt
	echo '*.log' >.gitignore
	commit "Add a long file"
}
make_run() { # ANSWERS [OPTION…]: a run that is done
	answers=$work/$1
	shift
	user_state >"$work/before"
	expect 0 "$COUNCIL" run --replay "$answers" --no-gate "$@" "change it"
	user_state | cmp -s - "$work/before" || fail "the run changed something"
}
keep() { user_state >"$work/kept"; }
same() {
	user_state >"$work/now"
	cmp -s "$work/kept" "$work/now" || fail "$1: $(diff "$work/kept" "$work/now")"
}
# refuses STATUS PATTERN COMMAND…: one line, and everything is as it was
refuses() {
	status=$1 pattern=$2
	shift 2
	keep
	expect "$status" "$COUNCIL" "$@"
	one_line_error
	has "$errout" "$pattern"
	same "council $*"
	[ ! -e "$(git rev-parse --git-dir)/index.lock" ] || fail "a lock is left"
}
there() { # the change is in the files
	grep -qx 'line five' long.txt || fail "line 5 was not changed"
	[ "$(cat new.txt)" = new ] || fail "new.txt was not made"
}
not_there() {
	grep -qx 'line 5' long.txt || fail "line 5 is not back"
	[ ! -e new.txt ] || fail "new.txt is still there"
}

# -- forward, and back ---------------------------------------------------------
long_repo plain
make_run change.json
keep
cp "$work/kept" "$work/first"
expect 0 "$COUNCIL" apply
there
[ -z "$(git status --porcelain)" ] || fail "something is not committed"
[ "$(git symbolic-ref HEAD)" = refs/heads/main ] || fail "another branch"
ok "a fast-forward"
refuses 7 'already applied to main.*council undo' apply
ok "apply twice: exit 7, nothing changed"
expect 0 "$COUNCIL" undo
cp "$work/first" "$work/kept"
same "undo"
refuses 7 'nothing to undo' undo
ok "undo: as before; twice: exit 7"
expect 0 "$COUNCIL" apply
there
ok "applied again after undo"

echo more >>other.txt
commit "More"
refuses 3 '' undo
there
ok "undo with a newer commit on top: exit 3, nothing changed"
git reset -q --hard HEAD~1
git checkout -q -b elsewhere
refuses 3 '' undo
git checkout -q main
echo mine >>long.txt
refuses 3 'long\.txt' undo
git checkout -q long.txt
echo mine >>other.txt
echo untracked >mine.txt
expect 0 "$COUNCIL" undo
not_there
[ "$(git status --porcelain)" = " M other.txt
?? mine.txt" ] || fail "the work is not as it was: $(git status --porcelain)"
ok "undo on another branch, or with work in the way: exit 3; beside other work: done"

# -- in the way -------------------------------------------------------------------
long_repo conflict
make_run change.json
sed -i 's/^line 5$/line V/' long.txt
commit "Say V"
refuses 3 'conflict.*long\.txt.*git cherry-pick' apply
ok "a conflict with a newer commit: exit 3, nothing changed"
git reset -q --hard HEAD~1
sed -i 's/^line 20$/line XX/' long.txt
refuses 3 'uncommitted work.*long\.txt.*git stash' apply
git add long.txt
refuses 3 'uncommitted work.*long\.txt.*git stash' apply
git stash -q
echo 'in the way' >new.txt
refuses 3 'new\.txt' apply
[ "$(cat new.txt)" = 'in the way' ] || fail "an untracked file is gone"
echo 'new.txt' >>.git/info/exclude
refuses 3 'new\.txt' apply
rm new.txt
mkdir new.txt
echo deep >new.txt/deep
refuses 3 'new\.txt' apply
rm -r new.txt
expect 0 "$COUNCIL" apply
there
git stash pop -q >/dev/null || fail "the stash does not fit any more"
ok "uncommitted, staged, untracked and ignored work in the way: exit 3; without it: done"

# -- on newer commits ------------------------------------------------------------
long_repo newer
make_run change.json
sed -i 's/^line 20$/line XX/' long.txt
commit "Say XX"
echo mine >>other.txt
keep
cp "$work/kept" "$work/first"
expect 0 "$COUNCIL" apply
there
grep -qx 'line XX' long.txt || fail "the newer commit is lost"
git log -1 --format=%B | grep -q '^Council-Run: ' || fail "the message is lost"
[ "$(git rev-list --count --no-merges HEAD)" -eq 3 ] || fail "not one commit on top"
[ "$(git status --porcelain)" = " M other.txt" ] || fail "the work elsewhere is not as it was"
expect 0 "$COUNCIL" undo
cp "$work/first" "$work/kept"
same "undo"
ok "on top of newer commits, beside other work, and back"

# -- a run that started from uncommitted work ----------------------------------------
# Staged, unstaged and untracked work, in and outside of the files that the run changes.
long_repo work
sed -i 's/^line 15$/line staged/' long.txt
echo staged >>other.txt
git add long.txt other.txt
sed -i 's/^line 25$/line unstaged/' long.txt
echo unstaged >>other.txt
echo untracked >mine.txt
echo ignored >mine.log
echo new >sub/added.txt
git add -N sub/added.txt
make_run change.json
has - 'uncommitted work'
keep
cp "$work/kept" "$work/first"
expect 0 "$COUNCIL" apply
there
for text in 'line staged' 'line unstaged'; do
	grep -qx "$text" long.txt || fail "\"$text\" is lost"
done
git show HEAD:long.txt | grep -qx 'line five' || fail "not committed"
git show HEAD:long.txt | grep -Eq 'staged' && fail "the user's work was committed"
git show HEAD:other.txt | grep -q staged && fail "the user's work was committed"
git show :long.txt | grep -qx 'line staged' || fail "what was staged is not any more"
git show :long.txt | grep -qx 'line unstaged' && fail "what was not staged is now"
git show :other.txt | tail -n 1 | grep -qx staged || fail "what was staged is not any more"
[ "$(tail -n 1 other.txt)" = unstaged ] || fail "unstaged work is lost"
[ "$(cat mine.txt mine.log)" = "untracked
ignored" ] || fail "untracked work is lost"
ok "over staged, unstaged and untracked work: the change alone is committed"
expect 0 "$COUNCIL" undo
cp "$work/first" "$work/kept"
same "undo"
ok "and back: as before"
sed -i 's/^line 25$/line later/; s/^line 1$/line one/' long.txt
expect 0 "$COUNCIL" apply
there
grep -qx 'line one' long.txt || fail "later work is lost"
expect 0 "$COUNCIL" undo
grep -qx 'line one' long.txt || fail "later work is lost by undo"
not_there
ok "with work that came after the run: kept, there and back"
sed -i 's/^line 5$/line mine/' long.txt
refuses 3 'conflict.*long\.txt' apply
ok "with later work on the same line: exit 3, nothing changed"

long_repo onwork
sed -i 's/^line 5$/my line 5/' long.txt
echo mine >mine.txt
make_run on_work.json
keep
cp "$work/kept" "$work/first"
expect 0 "$COUNCIL" apply
has - 'uncommitted'
grep -qx 'my line five' long.txt || fail "not applied"
[ "$(git rev-parse HEAD)" = "$(head -n 1 "$work/first")" ] || fail "HEAD moved"
expect 0 "$COUNCIL" undo
cp "$work/first" "$work/kept"
same "undo"
make_run untracked.json
keep
cp "$work/kept" "$work/first"
expect 0 "$COUNCIL" apply
[ "$(cat mine.txt)" = ours ] || fail "not applied"
git ls-files --error-unmatch mine.txt >/dev/null 2>&1 && fail "an untracked file is tracked now"
expect 0 "$COUNCIL" undo
cp "$work/first" "$work/kept"
same "undo"
ok "a change of the uncommitted work itself: in the files alone, and back"

# -- from anywhere ---------------------------------------------------------------------
long_repo anywhere
make_run change.json
cd sub || exit 1
expect 0 "$COUNCIL" apply
cd .. || exit 1
there
cd sub || exit 1
expect 0 "$COUNCIL" undo
cd .. || exit 1
not_there
ok "from a subdirectory, and back"
git checkout -q --detach
tip=$(git rev-parse HEAD)
expect 0 "$COUNCIL" apply
there
git symbolic-ref -q HEAD && fail "HEAD is not detached any more"
[ "$(git rev-parse main)" = "$tip" ] || fail "main moved"
expect 0 "$COUNCIL" undo
[ "$(git rev-parse HEAD)" = "$tip" ] || fail "HEAD is not back"
git symbolic-ref -q HEAD && fail "HEAD is not detached any more"
ok "on a detached HEAD, and back"
expect 0 "$COUNCIL" run --apply --replay "$work/change.json" --no-gate "change it"
there
ok "run --apply, detached"

# -- a run that is not done ---------------------------------------------------------------
long_repo failed
echo 'exit 1' >check.sh
commit "Add a test that cannot pass"
script never.json <<'PY'
replay(OUT, pacer=[plan("Change line 5", ["long.txt"])],
       builder=[edit("long.txt", "line 5", "line five"), edit("long.txt", "line five", "line V"),
                edit("long.txt", "line V", "line 5.0")], guardian=[review()])
PY
script halfway.json <<'PY'
replay(OUT, pacer=[plan("Change line 5", ["long.txt"], steps=2)],
       builder=[edit("long.txt", "line 5", "line five") + "\n" + whole("new.txt", "new"),
                edit("long.txt", "line 6", "line six"), edit("long.txt", "line six", "line VI"),
                edit("long.txt", "line VI", "line 6.0")], guardian=[review()])
PY
keep
expect 3 "$COUNCIL" run --replay "$work/never.json" --test "sh check.sh" "change it"
same "a failed run"
refuses 2 'status 3.*nothing to apply.*council show' apply
refuses 2 'status 3.*nothing to apply.*council show' apply --force
ok "a run that failed before its first commit: exit 2"
keep
expect 3 "$COUNCIL" run --replay "$work/halfway.json" --test "sh check.sh" "change it"
same "a failed run"
refuses 2 'status 3.*--force' apply
expect 0 "$COUNCIL" apply --force
there
expect 0 "$COUNCIL" undo
same "undo"
ok "a run that failed halfway: exit 2, --force applies it, undo takes it back"
script blocked.json <<'PY'
replay(OUT, pacer=[plan("Change line 5", ["long.txt"])],
       builder=[edit("long.txt", "line 5", "line five") + "\n" + whole("new.txt", "new")],
       guardian=[review("block", finding("Harmful", "critical", "long.txt", 5, "security"))])
PY
expect 4 "$COUNCIL" run --replay "$work/blocked.json" --no-gate "change it"
same "a blocked run"
refuses 2 'status 4.*--force' apply
expect 0 "$COUNCIL" apply --force
there
expect 0 "$COUNCIL" undo
same "undo"
ok "a blocked run: exit 2, --force applies it, undo takes it back"
script nothing.json <<'PY'
replay(OUT, pacer=[plan()], builder=["NO CHANGES"])
PY
expect 7 "$COUNCIL" run --replay "$work/nothing.json" --no-gate "change it"
refuses 7 'changed nothing' apply
refuses 2 'no run' apply 01ZZZZZZ
ok "nothing to apply: exit 7; no such run: exit 2"

# -- SIGKILL while it is applied ------------------------------------------------------------
# Whatever it had come to: the user's work is there, and a second apply ends what was begun.
long_repo killed
echo mine >>other.txt
echo untracked >mine.txt
expect 0 "$COUNCIL" run --replay "$work/change.json" --from HEAD --no-gate "change it"
clean=$(git rev-parse HEAD)
for after in 000 004 008 012 016 020 024 028 032 036 040 050; do
	"$COUNCIL" apply >"$out" 2>"$errout" </dev/null &
	pid=$!
	sleep "0.$after"
	kill -9 "$pid" 2>/dev/null
	wait "$pid" 2>/dev/null
	[ "$(tail -n 1 other.txt)" = mine ] || fail "after $after ms: work is lost"
	[ "$(cat mine.txt)" = untracked ] || fail "after $after ms: work is lost"
	for _ in $(seq 50); do # git may be finishing what it does
		[ -e .git/index.lock ] || break
		sleep 0.02
	done
	got=0
	"$COUNCIL" apply >"$out" 2>"$errout" </dev/null || got=$?
	[ "$got" -eq 0 ] || [ "$got" -eq 7 ] || fail "after $after ms: apply again ends $got"
	there
	[ "$(git rev-list --count "$clean..HEAD")" -eq 1 ] || fail "after $after ms: not one commit"
	[ "$(git status --porcelain)" = " M other.txt
?? mine.txt" ] || fail "after $after ms: $(git status --porcelain)"
	expect 0 "$COUNCIL" undo
	not_there
	[ "$(git rev-parse HEAD)" = "$clean" ] || fail "after $after ms: not undone"
done
ok "killed while it is applied: nothing is lost, a second apply ends it"
