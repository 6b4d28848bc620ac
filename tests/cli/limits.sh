#!/bin/sh
# Where the system gives no more memory, descriptors, room in files or processes,
# a run ends in words with a status of its own, the user's tree is as it was,
# and the next run in the same repository, without the limit, is done.
. "$top_srcdir/tests/cli/lib.sh"

# limited NAME VALUE COMMAND…: runs it with the limit (RLIMIT_NAME), as nobody where $as_nobody is
# set. stdout and stderr come by pipes: the limit is not for what the test itself writes.
cat >"$work/limited.py" <<'PY'
import os
import pwd
import resource
import subprocess
import sys

name, value, out, err = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def before():
    if os.environ.get("as_nobody"):
        who = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(who.pw_gid)
        os.setuid(who.pw_uid)
    kind = getattr(resource, "RLIMIT_" + name)
    resource.setrlimit(kind, (value, value))


p = subprocess.run(sys.argv[5:], stdin=subprocess.DEVNULL, capture_output=True, preexec_fn=before,
                   timeout=60)
open(out, "wb").write(p.stdout)
open(err, "wb").write(p.stderr)
sys.exit(p.returncode if p.returncode >= 0 else 128 - p.returncode)
PY
limited() {
	name=$1 number=$2
	shift 2
	python3 "$work/limited.py" "$name" "$number" "$out" "$errout" "$@"
}

# A snapshot, a worktree, two gates, commits, a review: everything that needs something.
small_repo() {
	repo "$1"
	echo 'answer = 41' >answer.txt
	echo "grep -q 'answer = 42' answer.txt" >check.sh
	commit "Add the answer"
	echo 'mine' >mine.txt
	user_state >"$work/before"
}
script mend.json <<'PY'
replay(OUT, pacer=[plan("Mend the answer", ["answer.txt"])],
       builder=[edit("answer.txt", "answer = 41", "answer = 42")], guardian=[review()])
PY

# mend COMMAND…: the run, as arguments of the command
mend() { "$@" "$COUNCIL" run --replay "$work/mend.json" --test 'sh check.sh' "mend the answer"; }
unlimited() { "$@" >"$out" 2>"$errout" </dev/null; }

# tries WHAT KIND VALUE…: with every value an end in words; at least one of them stops the run.
tries() {
	what=$1 kind=$2 stopped=0
	shift 2
	for value in "$@"; do
		# below that the loader itself has no room
		limited "$kind" "$value" "$COUNCIL" --version || continue
		got=0
		mend limited "$kind" "$value" || got=$?
		[ "$got" -eq 0 ] || stopped=$((stopped + 1))
		case $got in
		0) ;;
		[1-6]) grep -q '^council: \|stopped: ' "$errout" "$out" ||
			fail "$what $value: status $got without a word" ;;
		*) fail "$what $value: status $got" ;;
		esac
		[ "$(grep -c '^council: ' "$errout")" -le 1 ] || fail "$what $value: more than one error"
		lacks "$errout" 'Abort|Segmentation|libgcc|Sanitizer|runtime error'
		user_state | cmp -s - "$work/before" || fail "$what $value: the tree changed"
	done
	[ "$stopped" -gt 0 ] || fail "$what: no limit stopped a run"
	mend unlimited || fail "$what: status $? of the run without a limit"
	user_state | cmp -s - "$work/before" || fail "$what: the tree changed"
	ok "$what: $stopped of $# runs stopped, each in words; then one without the limit is done"
}

small_repo descriptors
tries "descriptors" NOFILE 4 5 6 8 10 12 14 15 16
mend limited NOFILE 32 || fail "32 descriptors are not enough"
ok "32 descriptors are enough"

small_repo files
tries "a limit on files" FSIZE 0 4096 65536 262144 393216 524288

# A sanitizer reserves more than any limit that means something.
if limited AS 1000000000 "$COUNCIL" --version; then
	small_repo memory
	tries "memory" AS 26000000 30000000 34000000 38000000 42000000 46000000 50000000 54000000 \
		60000000
else
	echo "# a build with a sanitizer: memory was not limited"
fi

# Processes are counted by user, so it takes a user who has none; root is not limited.
reachable() { as_nobody=1 limited NPROC 50 "$COUNCIL" --version; }
if [ "$(id -u)" -eq 0 ] && chmod 755 "$work" && reachable; then
	git config --global safe.directory '*'
	small_repo processes
	chmod -R a+rX "$work"
	chown -R nobody "$work/processes" "$HOME" "$XDG_STATE_HOME" "$TMPDIR"
	user_state >"$work/before"
	export as_nobody=1
	tries "processes" NPROC 1 3 4 5 6 8
else
	echo "# not root, or the program is where nobody else can run it: processes were not limited"
fi
