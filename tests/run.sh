#!/usr/bin/env bash
# Installs what is missing, builds out of the source tree, runs every test.
#
#   tests/run.sh [--no-install]
#
# The last line says how many passed; the status is 0 only if none failed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=${COUNCIL_BUILD:-$top/build}
. "$top/build-aux/setup.sh"

[ "${1-}" = --no-install ] || council_packages $BUILD_PACKAGES $TEST_PACKAGES
council_build "$build" ${COUNCIL_CONFIGURE-}

say "Testing"
status=0
make -C "$build" check >"$build/check.log" 2>&1 </dev/null || status=$?
log=$build/test-suite.log
count() { sed -n "s/^# $1: *//p" "$build/check.log" | tail -n 1; }
passed=$(count PASS) failed=$(count FAIL) errors=$(count ERROR) skipped=$(count SKIP)
if [ -z "$passed" ]; then
	tail -n 40 "$build/check.log"
	say "tests/run.sh: the tests could not be run (see $build/check.log)"
	exit 1
fi
sed -n 's/^\(FAIL\|ERROR\|SKIP\): /\1: /p' "$build/check.log" | sort -u
[ $status -eq 0 ] || { [ ! -f "$log" ] || tail -n 200 "$log"; }
grep -h '^[0-9]*%: Checks: ' "$build"/tests/unit/*.log 2>/dev/null || true
say "$passed passed, $((failed + errors)) failed, $skipped skipped"
exit $status
