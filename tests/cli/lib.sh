# shellcheck shell=sh
# lib.sh: sourced by every test of the commands. Gives a home, a state folder
# and git settings of its own in a temporary folder, which is removed at the
# end with everything that was started.
#
#   repo NAME             makes a git repository with one commit and enters it
#   serve SCRIPT.json     starts the loopback model server; sets $url, $requests
#   replay FILE           …or use --replay with a file of recorded answers
#   expect STATUS CMD…    runs CMD, keeps $out and $errout, checks the status
#   has FILE|- PATTERN    a line of $out (or FILE) matches
#   ok "what"             one thing was shown
#   fail "what"           ends the test
set -u
: "${COUNCIL:?run by make check}" "${top_srcdir:?}"
# what the caller has set would be settings here
for name in $(env | sed -n 's/^\(COUNCIL_[A-Z_]*\)=.*/\1/p'); do
	case $name in
	COUNCIL_SANDBOX_HELPER | COUNCIL_DATA_DIR) ;;
	*) unset "$name" ;;
	esac
done
unset CI OPENAI_API_KEY OPENAI_BASE_URL OPENAI_API_BASE \
	ANTHROPIC_API_KEY OLLAMA_HOST GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE XDG_CACHE_HOME
work=$(mktemp -d "${TMPDIR:-/tmp}/council-test.XXXXXX")
work=$(cd "$work" && pwd -P)
pids=
export HOME="$work/home" XDG_STATE_HOME="$work/state" XDG_CONFIG_HOME="$work/config" \
	XDG_DATA_HOME="$work/data" TMPDIR="$work/tmp" COUNCIL_ETC_DIR="$work/etc" LC_ALL=C.UTF-8 \
	GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" "$TMPDIR" "$work/etc"
git config --global user.name Tester
git config --global user.email tester@localhost
git config --global init.defaultBranch main

cleanup() {
	status=$?
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	chmod -R u+rwX "$work" 2>/dev/null
	rm -rf "$work"
	exit $status
}
trap cleanup EXIT
trap 'exit 130' INT TERM

shown=0
ok() { shown=$((shown + 1)); echo "ok $shown - $1"; }
fail() {
	echo "FAIL: $1"
	echo "--- stdout"; tail -n 30 "$work/out" 2>/dev/null
	echo "--- stderr"; tail -n 30 "$work/err" 2>/dev/null
	exit 1
}
out=$work/out errout=$work/err

# expect STATUS COMMAND… ; standard input is /dev/null unless $input names a file
expect() {
	want=$1
	shift
	got=0
	timeout "${limit:-60}" "$@" >"$out" 2>"$errout" <"${input:-/dev/null}" || got=$?
	[ "$got" -eq "$want" ] || fail "status $got instead of $want: $*"
}
has() {
	file=$1
	[ "$file" = - ] && file=$out
	grep -Eq -- "$2" "$file" || fail "no line matches \"$2\" in $file"
}
lacks() {
	file=$1
	[ "$file" = - ] && file=$out
	! grep -Eq -- "$2" "$file" || fail "a line matches \"$2\" in $file"
}
# One line on stderr, as promised of every error.
one_line_error() {
	n=$(grep -c '^council: ' "$errout")
	[ "$n" -eq 1 ] || fail "$n error lines instead of 1"
}

repo() {
	mkdir -p "$work/$1" && cd "$work/$1" || exit 1
	git init -q
}
commit() { git add -A && git commit -q -m "${1:-Change}"; }

# What the user has: HEAD, branches, settings, index and files must be the same afterwards.
user_state() {
	git rev-parse HEAD 2>/dev/null
	git symbolic-ref -q HEAD
	git for-each-ref --format='%(refname) %(objectname)' | grep -v '^refs/\(heads/\)\?council/'
	git config --local --list
	git ls-files --stage -v
	git status --porcelain=v2
	git stash list
	find . -path ./.git -prune -o -printf '%M %p %l\n' | sort
	find . -path ./.git -prune -o -type f -print0 | sort -z | xargs -0 sha256sum
}

serve() {
	rm -f "$work/port"
	requests=$work/requests.ndjson
	: >"$requests"
	python3 "$top_srcdir/tests/server/server.py" --script "$1" --port-file "$work/port" \
		--log "$requests" --max-seconds 300 >"$work/server.log" 2>&1 </dev/null &
	server=$!
	pids="$pids $server"
	for _ in $(seq 100); do
		[ -s "$work/port" ] && break
		sleep 0.05
	done
	[ -s "$work/port" ] || fail "the server did not start: $(cat "$work/server.log")"
	url=http://127.0.0.1:$(cat "$work/port")/v1
}
stop_server() { kill "$server" 2>/dev/null; wait "$server" 2>/dev/null; }
sql() { python3 - "$XDG_STATE_HOME/council/ledger.db" "$1" <<'PY'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print("|".join("" if v is None else str(v) for v in row))
PY
}

# script NAME <<'PY' … PY: Python that calls write(OUT, …) or replay(OUT, …); makes $work/NAME
script() { PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top_srcdir/tests/cli python3 -c "from answers import *
$(cat)" "$work/$1" || fail "script $1"; }

# A Python repository: one function is right, one is wrong; its tests say so by name.
python_repo() {
	repo "$1"
	cat >calc.py <<'PY'
def add(a, b):
    return a + b


def mul(a, b):
    return a * b
PY
	cat >test_calc.py <<'PY'
import unittest

import calc


class Calc(unittest.TestCase):
    def test_add(self):
        self.assertEqual(calc.add(2, 3), 5)

    def test_mul(self):
        self.assertEqual(calc.mul(2, 3), 6)


if __name__ == "__main__":
    unittest.main()
PY
	echo '__pycache__/' >.gitignore
	commit "Add calc"
}

# peak STATUS COMMAND…: as expect, and sets $peak, in KiB, of it and its children. AddressSanitizer,
# where it is built in, is told not to keep what was freed.
peak() {
	want_peak=$1
	shift
	cat >"$work/peak.py" <<'PY'
import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
with open(sys.argv[1], "w") as f:
    f.write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))
sys.exit(status)
PY
	expect "$want_peak" env ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}quarantine_size_mb=1" \
		python3 "$work/peak.py" "$work/peak.txt" "$@"
	peak=$(cat "$work/peak.txt")
}
