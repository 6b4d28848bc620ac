#!/bin/sh
# What the program costs beside the models it calls: `make bench`.
#
# Four parts, each a table of medians with the least and the greatest of several runs:
#
# 1. The program. A whole run with every phase in a small git repository, whose gate is `true`,
#    against a server on loopback that answers at once: so the figures are the program's own, with
#    the git commands and gate commands it starts. 6 model calls, 3 gates, 2 commits. It must take
#    at most 150 ms and 30 MiB, and `council --version` at most 10 ms.
#    The rows above it grow towards it, a part at a time: the difference between two rows is what
#    that part costs. "git alone" is what the git commands of such a run take by themselves, "a
#    shell" what any command takes to start here.
# 2. Its peers, where they are installed: one turn that answers "ok", in the same repository,
#    against the same kind of server. They are found in $COUNCIL_BENCH_PEERS/node_modules/.bin, or
#    in PATH. Each has settings that keep it on loopback, a home of its own, and 60 s at most.
# 3. Parts of the program beside the least that could do the same job: a command in the sandbox and
#    a plain `sh -c`, edits of a file and only writing it anew, test output read for its results and
#    only cut into lines, calls recorded and plain rows written.
# 4. Instructions, counted under valgrind. They repeat, whatever else the machine does: compare
#    these from one version to the next.
#
# Memory is the peak of the largest single process of a command, not the sum of all. "Processor" is
# the time of the command and all its children in user and kernel mode: where it stays and the wall
# time grows, the machine was busy with something else.
#
#   BENCH_RUNS=11        runs of each row of part 1; BENCH_PEER_RUNS=5 those of part 2
#   COUNCIL_BENCH_PEERS  a folder where `npm install @openai/codex opencode-ai` was run
#   BENCH_PARTS=1234     which parts
#
# What part 1 must meet is measured up to three times, for the machine may be busy just then.
# Ends 0; 1 when it is missed each time; 2 when something does not run.
set -u
: "${COUNCIL:?run by make bench}" "${top_srcdir:?}"
here=$top_srcdir/tests/bench
runs=${BENCH_RUNS:-11}
peer_runs=${BENCH_PEER_RUNS:-5}
parts=${BENCH_PARTS:-1234}
work=$(mktemp -d "${TMPDIR:-/tmp}/council-bench.XXXXXX") || exit 2
work=$(cd "$work" && pwd -P)
table=$work/table
pids=
missed=0

unset CI COUNCIL_ENDPOINT COUNCIL_MODEL COUNCIL_LOG OPENAI_API_KEY OPENAI_BASE_URL OPENAI_API_BASE \
	ANTHROPIC_API_KEY OLLAMA_HOST GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE HTTP_PROXY HTTPS_PROXY \
	ALL_PROXY http_proxy https_proxy all_proxy
export HOME="$work/home" XDG_STATE_HOME="$work/state" XDG_CONFIG_HOME="$work/config" \
	XDG_DATA_HOME="$work/data" XDG_CACHE_HOME="$work/cache" TMPDIR="$work/tmp" \
	COUNCIL_ETC_DIR="$work/etc" LC_ALL=C.UTF-8 GIT_CONFIG_NOSYSTEM=1 NO_COLOR=1 \
	PYTHONDONTWRITEBYTECODE=1

# shellcheck disable=SC2317,SC2329 # called by the trap
cleanup() {
	status=$?
	for pid in $pids; do kill "$pid" 2>/dev/null; done
	chmod -R u+rwX "$work" 2>/dev/null
	rm -rf "$work"
	exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT TERM
die() {
	echo "bench: $*" >&2
	exit 2
}

# measure OPTIONS… ROW -- COMMAND…
measure() {
	python3 -I -S "$here/measure.py" --table "$table" "$@"
	case $? in
	0) ;;
	1) missed=1 ;;
	*) exit 2 ;;
	esac
}

# serve NAME [SCRIPT.json]: starts a model server; sets $url
serve() {
	if [ $# -gt 1 ]; then set -- "$1" --script "$2"; fi
	name=$1
	shift
	python3 "$top_srcdir/tests/server/server.py" "$@" --port-file "$work/$name.port" \
		--max-seconds 1800 >"$work/$name.log" 2>&1 </dev/null &
	pids="$pids $!"
	for _ in $(seq 200); do
		[ -s "$work/$name.port" ] && break
		sleep 0.05
	done
	[ -s "$work/$name.port" ] || die "the server did not start: $(cat "$work/$name.log")"
	url=http://127.0.0.1:$(cat "$work/$name.port")/v1
}

heading() {
	printf '\n%s\n%-40s %9s %9s %9s %9s %10s\n' "$1" '' median least most processor memory
}

# -- a repository, and answers -------------------------------------------------------
mkdir -p "$HOME" "$XDG_STATE_HOME" "$XDG_CONFIG_HOME" "$TMPDIR" "$work/etc" "$work/repo"
cd "$work/repo" || exit 2
git config --global user.name Bench
git config --global user.email bench@localhost
git config --global init.defaultBranch main
git init -q
for i in 1 2 3 4 5 6 7 8 9 10; do
	printf 'def f%d(a, b):\n    return a - b\n' "$i" >"m$i.py"
done
git add -A
git commit -q -m "Add ten modules" || die "git does not work here"

PYTHONPATH=$top_srcdir/tests/cli python3 - "$work" "$((runs + 2))" <<'PY' || die "no answers"
import sys
from answers import context, edit, finding, plan, replay, review, write
OUT, n = sys.argv[1], int(sys.argv[2])
small = finding("Say what it does", "low", "m1.py", 1, "style")
every = {"pacer": [plan("Mend f1", ["m1.py"])], "maven": [context("m1.py", "m2.py")],
         "builder": [edit("m1.py", "    return a - b", "    return a + b")],
         "guardian": [review("approve", small)],
         "artisan": [edit("m1.py", "def f1(a, b):", "def f1(a, b):\n    # the sum")]}
write(OUT + "/every.json", repeat=True, **every)
replay(OUT + "/replay.json", **dict(every, guardian=[review("approve", small), review()]))
write(OUT + "/revise.json", repeat=True, **dict(
    every,
    builder=[edit("m1.py", "    return a - b", "    return b + a"),
             edit("m1.py", "    return b + a", "    return a + b")] * n,
    guardian=[review("revise", finding("Keep the order", "medium", "m1.py", 2)),
              review("approve", small), review()] * n))
PY

machine() {
	cpu=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
	memory=$(awk '/^MemTotal/ { printf "%.0f GiB", $2 / 1048576 }' /proc/meminfo 2>/dev/null)
	system=$(sed -n 's/^PRETTY_NAME="\(.*\)"/\1/p' /etc/os-release 2>/dev/null)
	echo "$(date -u +%Y-%m-%d), $("$COUNCIL" --version), $(getconf _NPROCESSORS_ONLN) x ${cpu:-?}," \
		"${memory:-?}, ${system:-$(uname -s)}, load $(cut -d ' ' -f 1 /proc/loadavg 2>/dev/null)"
}
machine

# -- 1. the program ------------------------------------------------------------------
# The git commands of a run with two commits, as one script.
cat >"$work/git-alone.sh" <<'SH'
set -e
n=$$
git worktree add -q -b "alone/$n" "$XDG_STATE_HOME/alone-$n" HEAD
for i in 1 2; do
	echo "$i" >>"$XDG_STATE_HOME/alone-$n/m1.py"
	git -C "$XDG_STATE_HOME/alone-$n" commit -q -a -m "Change $i"
done
SH
council_rows() {
	heading "The program ($runs runs a row)"
	measure --runs "$runs" "a shell: sh -c true" -- sh -c true
	measure --runs "$runs" --need-ms 10 "council --version" -- "$COUNCIL" --version
	measure --runs "$runs" "git alone: a worktree, two commits" -- sh "$work/git-alone.sh"
	serve every "$work/every.json"
	set -- run --endpoint "$url" "mend f1"
	measure --runs "$runs" "run, build: 1 call, 1 commit" -- \
		"$COUNCIL" "$@" --no-gate --phases build
	measure --runs "$runs" "run, plan build review: 3 calls" -- \
		"$COUNCIL" "$@" --no-gate --phases plan,build,review
	measure --runs "$runs" "run, every phase, no gate: 6 calls" -- \
		"$COUNCIL" "$@" --no-gate --phases all
	measure --runs "$runs" --need-ms 150 --need-mib 30 \
		--against "git alone: a worktree, two commits" \
		"run, every phase: 6 calls, 3 gates" -- "$COUNCIL" "$@" --test true --phases all
	[ "$(calls_and_gates)" = "6 3" ] || die "a run is not six calls and three gates"
	serve revise "$work/revise.json"
	echo 'notes' >notes.txt
	measure --runs "$runs" "the same, uncommitted work, and revised" -- \
		"$COUNCIL" run --endpoint "$url" "mend f1" --test true --phases all
	rm -f notes.txt
}

# Calls and gates of each run that had gates: "6 3" when all are alike.
calls_and_gates() {
	python3 - "$XDG_STATE_HOME/council/ledger.db" <<'PY'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(
        "SELECT DISTINCT (SELECT count(*) FROM call WHERE run = r.run), count(*)"
        " FROM gate r GROUP BY run"):
    print(*row)
PY
}

# -- 2. its peers ----------------------------------------------------------------------
find_peer() {
	if [ -x "${COUNCIL_BENCH_PEERS:-/nonexistent}/node_modules/.bin/$1" ]; then
		echo "$COUNCIL_BENCH_PEERS/node_modules/.bin/$1"
	else
		command -v "$1"
	fi
}
# peer ROW COMMAND…: nothing but the path and settings of its own; other hosts than loopback are
# behind a closed port.
peer() {
	row=$1
	shift
	set -- env -i PATH="$PATH" HOME="$work/peer/home" TMPDIR="$work/peer/tmp" LC_ALL=C.UTF-8 \
		NO_COLOR=1 CODEX_HOME="$work/peer/home/.codex" XDG_CONFIG_HOME="$work/peer/config" \
		XDG_DATA_HOME="$work/peer/data" XDG_STATE_HOME="$work/peer/state" \
		XDG_CACHE_HOME="$work/peer/cache" OPENCODE_CONFIG="$work/peer/opencode.json" \
		OPENCODE_DISABLE_AUTOUPDATE=1 OPENCODE_DISABLE_SHARE=1 \
		OPENCODE_DISABLE_MODELS_FETCH=1 OPENCODE_DISABLE_LSP_DOWNLOAD=1 \
		OPENCODE_DISABLE_DEFAULT_PLUGINS=1 HTTP_PROXY=http://127.0.0.1:9 \
		HTTPS_PROXY=http://127.0.0.1:9 NO_PROXY=127.0.0.1,localhost "$@"
	measure --runs "$peer_runs" --timeout 60 "$row" -- "$@"
}
peer_rows() {
	heading "Its peers, one turn each ($peer_runs runs a row)"
	codex=$(find_peer codex)
	opencode=$(find_peer opencode)
	[ -n "$codex$opencode" ] || {
		echo "skipped: not installed"
		return
	}
	mkdir -p "$work/peer/home/.codex" "$work/peer/tmp"
	serve peers # without a script every answer is "ok"
	cat >"$work/peer/home/.codex/config.toml" <<TOML
model = "test-model"
model_provider = "bench"
approval_policy = "never"
sandbox_mode = "read-only"
check_for_update_on_startup = false
[analytics]
enabled = false
[model_providers.bench]
name = "bench"
base_url = "$url"
wire_api = "responses"
request_max_retries = 0
stream_max_retries = 0
TOML
	cat >"$work/peer/opencode.json" <<JSON
{"autoupdate": false, "share": "disabled", "model": "bench/test-model",
 "small_model": "bench/test-model",
 "provider": {"bench": {"npm": "@ai-sdk/openai-compatible", "name": "bench",
  "options": {"baseURL": "$url", "apiKey": "none"},
  "models": {"test-model": {"name": "test-model"}}}}}
JSON
	if [ -n "$codex" ]; then
		peer "$("$codex" --version 2>/dev/null | tail -n 1): --version" "$codex" --version
		peer "codex exec, one turn" "$codex" exec --skip-git-repo-check "Say ok"
	else
		echo "codex: skipped: not installed"
	fi
	if [ -n "$opencode" ]; then
		peer "opencode $("$opencode" --version 2>/dev/null | tail -n 1): --version" \
			"$opencode" --version
		peer "opencode run, one turn" "$opencode" run "Say ok"
	else
		echo "opencode: skipped: not installed"
	fi
}

# -- 3. parts ----------------------------------------------------------------------------
part_rows() {
	printf '\nParts, beside the least that could do it\n'
	[ -x "${BENCH_MICRO:-}" ] || {
		echo "skipped: tests/bench/micro is not built"
		return
	}
	mkdir -p "$work/micro"
	"$BENCH_MICRO" "$work/micro" "$top_srcdir/tests/data/testout" || exit 2
}

# -- 4. instructions -----------------------------------------------------------------------
instructions() {
	valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null </dev/null |
		sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
}
instruction_rows() {
	printf '\nInstructions of the program itself, in millions\n'
	command -v valgrind >/dev/null || {
		echo "skipped: valgrind is not installed"
		return
	}
	version=$(instructions "$COUNCIL" --version)
	# a ledger of its own, that an earlier run has made: the same whatever was measured before
	XDG_STATE_HOME=$work/counted
	set -- run --replay "$work/replay.json" --no-gate --phases all "mend f1"
	"$COUNCIL" "$@" >/dev/null 2>&1 </dev/null || die "a run with recorded answers failed"
	run=$(instructions "$COUNCIL" "$@")
	if [ -z "$version" ] || [ -z "$run" ]; then
		echo "skipped: valgrind counted nothing"
		return
	fi
	awk -v v="$version" -v r="$run" 'BEGIN {
		printf "%-40s %10.1f\n", "council --version", v / 1e6
		printf "%-40s %10.1f  %.0f times --version\n", "run, every phase, recorded answers", r / 1e6, r / v
	}'
}

case $parts in *1*) council_rows ;; esac
case $parts in *2*) peer_rows ;; esac
case $parts in *3*) part_rows ;; esac
case $parts in *4*) instruction_rows ;; esac

if [ "$missed" -ne 0 ]; then
	printf '\nbench: the program is slower or larger than it may be\n'
	exit 1
fi
printf '\nbench: done\n'
