#!/bin/sh
# What the last `make check` in each build folder showed, added up.
#
#   tests/summary.sh BUILD…
#
# A test of Check's counts as one, and so does a script. The last line is
# "N passed, N failed, N skipped"; the status is 1 if any failed, or if a
# folder holds no results.
set -u
passed=0 failed=0 skipped=0 broken=0
count() { sed -n "s/^# $1: *//p" "$check" | tail -n 1; }

for build in "$@"; do
	check=$build/check.log
	if [ ! -f "$check" ] || [ -z "$(count PASS)" ]; then
		echo "$build: no results: the tests were not run, or not to their end"
		broken=1
		continue
	fi
	p=$(count PASS) f=$(($(count FAIL) + $(count ERROR) + $(count XPASS)))
	s=$(($(count SKIP) + $(count XFAIL)))
	# the program of the unit tests is one test to Automake, and many to Check
	units=$(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' \
		"$build/tests/unit/unit.log" 2>/dev/null | tail -n 1)
	if [ -n "$units" ]; then
		checks=${units%% *} errors=${units##* }
		failures=${units#* } failures=${failures% *}
		bad=$((failures + errors))
		if grep -q '^:test-result: PASS' "$build/tests/unit/unit.trs"; then
			p=$((p - 1 + checks - bad)) f=$((f + bad))
		else
			# at least one, also where it broke after its last line
			f=$((f - 1 + (bad > 0 ? bad : 1))) p=$((p + checks - bad))
		fi
	fi
	[ $# -eq 1 ] || echo "$build: $p passed, $f failed, $s skipped"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed -eq 0 ] && [ $broken -eq 0 ]
