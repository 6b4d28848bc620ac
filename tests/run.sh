#!/usr/bin/env bash
# Installs what is missing, builds out of the source tree, runs every test.
#
#   tests/run.sh [--no-install] [--in DIR] [-- CONFIGURE-OPTION…]
#
# Builds in build/ unless --in says otherwise. The last line says how many
# passed; the status is 0 only if none failed.
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build install=yes
# shellcheck source=build-aux/setup.sh
. "$top/build-aux/setup.sh"
while [ $# -gt 0 ]; do
	case $1 in
	--no-install) install=no ;;
	--in) build=${2:?--in needs a folder}; shift ;;
	--) shift; break ;;
	*) say "usage: tests/run.sh [--no-install] [--in DIR] [-- CONFIGURE-OPTION…]" >&2; exit 2 ;;
	esac
	shift
done

# shellcheck disable=SC2086
[ $install = no ] || council_packages $BUILD_PACKAGES $TEST_PACKAGES
council_build "$build" "$@"
if ! grep -q '"HAVE_CHECK_TRUE"]=""' "$build/config.status"; then
	say "tests/run.sh: the unit tests need Check (Debian: check; Fedora: check-devel; Homebrew: check)"
	exit 2
fi

say "Testing"
status=0
make -C "$build" -j"$jobs" check >"$build/check.log" 2>&1 </dev/null || status=1
if ! grep -q '^# TOTAL:' "$build/check.log"; then
	tail -n 40 "$build/check.log"
	say "tests/run.sh: the tests could not be run (see $build/check.log)"
	exit 1
fi
grep -E '^(FAIL|ERROR|SKIP|XPASS): ' "$build/check.log" | sort -u || true
[ $status -eq 0 ] || tail -n 200 "$build/test-suite.log"
"$top/tests/summary.sh" "$build" || status=1
exit $status
