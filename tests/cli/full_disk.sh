#!/bin/sh
# Disks that are full, under the program's state and under the repository: told in
# one line, nothing of the user's touched, and gone on with once there is room.
# The disks are small file systems in memory, in a mount name space of the test's own.
if [ -z "${COUNCIL_TEST_MOUNTS:-}" ]; then
	if ! unshare -m true 2>/dev/null; then
		echo "# no mount name space here: skipped"
		exit 77
	fi
	COUNCIL_TEST_MOUNTS=1 exec unshare -m sh "$0"
fi
. "$top_srcdir/tests/cli/lib.sh"
disk=$work/disk
mkdir "$disk"
leave() {
	status=$?
	cd /
	umount -l "$disk" "$XDG_STATE_HOME" 2>/dev/null
	(exit $status)
	cleanup
}
trap leave EXIT
full='no space|disk (is )?full|out of disk ?space'

script mend.json <<'PY'
replay(OUT, pacer=[plan("Mend the answer", ["answer.txt"])],
       builder=[edit("answer.txt", "answer = 41", "answer = 42")], guardian=[review()])
PY
# random text: compressed it takes room still
script big.json <<'PY'
import random
random.seed(1)
text = "\n".join("%060x" % random.getrandbits(240) for _ in range(2500))
replay(OUT, pacer=[plan("Make a big file", ["big.txt"])],
       builder=[edit("answer.txt", "answer = 41", "answer = 42") + "\n" + whole("big.txt", text)],
       guardian=[review()])
PY
fill_repo() {
	echo 'answer = 41' >answer.txt
	echo "grep -q 'answer = 42' answer.txt" >check.sh
	seq 2000 >middle.txt
	commit "Add the answer"
	echo 'not committed' >mine.txt
	echo 'not committed' >>middle.txt
	user_state >"$work/before"
}
untouched() {
	user_state >"$work/after"
	cmp -s "$work/before" "$work/after" || fail "$1: $(diff "$work/before" "$work/after")"
}
whole_ledger() {
	[ "$(sql 'PRAGMA integrity_check')" = ok ] || fail "$1: the ledger is not whole"
}
# tries WHAT COMMAND…: ends 0, or 2 and says why; nothing of the user's is touched
tries() {
	what=$1
	shift
	got=0
	timeout 60 "$@" >"$out" 2>"$errout" </dev/null || got=$?
	rm -f "$disk/ballast" # git wants room to look, too
	untouched "$what"
	[ "$got" -eq 0 ] && return
	[ "$got" -eq 2 ] || fail "$what: status $got"
	told=$((told + 1))
	cat "$out" "$errout" | tr '\n' ' ' | tr -s ' ' | grep -Eqi "$full" || fail "$what: not told why"
}
tidy() {
	git for-each-ref --format='delete %(refname)' refs/heads/council refs/council |
		git update-ref --stdin
	git worktree prune
}

# -- no room for the state ------------------------------------------------------------
repo subject
fill_repo
told=0 resumed=0
for size in 4k 16k 64k 128k 192k 256k 320k 384k 512k 1m 4m; do
	mount -t tmpfs -o "size=$size" none "$XDG_STATE_HOME" || fail "no mount"
	tries "$size of state" "$COUNCIL" run --replay "$work/mend.json" --test "sh check.sh" "mend it"
	first=$got
	mount -o remount,size=64m "$XDG_STATE_HOME" || fail "no more room"
	got=0
	"$COUNCIL" resume >"$out" 2>"$errout" </dev/null || got=$?
	case $got in
	0)
		resumed=$((resumed + 1))
		[ "$(git show "$(sql 'SELECT branch FROM run'):answer.txt")" = 'answer = 42' ] ||
			fail "$size: resumed to something else"
		;;
	2) ;; # it was done, or had not begun
	*) fail "$size: resume ends $got" ;;
	esac
	untouched "$size of state, resumed"
	whole_ledger "$size"
	echo "# $size of state: exit $first, resume $got"
	umount "$XDG_STATE_HOME"
	tidy
done
[ "$first" -eq 0 ] || fail "4m are not enough"
[ "$told" -gt 0 ] || fail "no disk was full"
[ "$resumed" -gt 0 ] || fail "no run was resumed"
ok "no room for the state: told in $told sizes, $resumed resumed once there was room"

# -- no room in the repository --------------------------------------------------------------
mount -t tmpfs -o size=16m none "$disk" || fail "no mount"
# leaves KIB: fills the disk but for so much
leaves() {
	rm -f "$disk/ballast"
	free=$(df -k --output=avail "$disk" | tail -n 1)
	head -c $(((free - $1) * 1024)) /dev/zero >"$disk/ballast"
}
mkdir "$disk/repo" && cd "$disk/repo" || exit 1
git init -q
fill_repo
told=0 resumed=0
for kib in 0 8 16 32 64 128 192 256 1024; do
	leaves "$kib"
	tries "$kib KiB in the repository" "$COUNCIL" run --replay "$work/big.json" --no-gate "make it"
	first=$got
	git fsck --no-dangling >"$work/fsck" 2>&1 || fail "$kib KiB: $(cat "$work/fsck")"
	got=0
	"$COUNCIL" resume >"$out" 2>"$errout" </dev/null || got=$?
	[ "$got" -eq 0 ] && resumed=$((resumed + 1))
	[ "$got" -eq 0 ] || [ "$got" -eq 2 ] || fail "$kib KiB: resume ends $got"
	untouched "$kib KiB in the repository, resumed"
	echo "# $kib KiB in the repository: exit $first, resume $got"
	tidy
done
[ "$first" -eq 0 ] || fail "1 MiB is not enough"
[ "$told" -gt 0 ] || fail "no disk was full"
ok "no room in the repository: told in $told sizes, $resumed resumed once there was room"

# -- no room to apply -------------------------------------------------------------------------
for from in "" "--from HEAD"; do
	# shellcheck disable=SC2086
	expect 0 "$COUNCIL" run --replay "$work/big.json" --no-gate $from "make it"
	told=0
	for kib in 0 4 8 16 64 128; do
		leaves "$kib"
		got=0
		"$COUNCIL" apply >"$out" 2>"$errout" </dev/null || got=$?
		[ "$got" -eq 2 ] || [ "$got" -eq 3 ] || fail "apply with $kib KiB: status $got"
		one_line_error
		rm -f "$disk/ballast"
		[ ! -e .git/index.lock ] || fail "apply with $kib KiB: a lock is left"
		untouched "apply with $kib KiB"
	done
	expect 0 "$COUNCIL" apply
	[ "$(cat answer.txt)" = 'answer = 42' ] || fail "not applied"
	[ "$(wc -l <big.txt)" -eq 2500 ] || fail "not applied"
	[ "$(tail -n 1 middle.txt)" = 'not committed' ] || fail "work is lost"
	expect 0 "$COUNCIL" undo
	untouched "apply and undo"
	ok "no room to apply${from:+, $from}: nothing is changed; with room: applied"
done
