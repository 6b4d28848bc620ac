#!/usr/bin/env bash
# Builds council and shows it at work on a sample repository.
#
#   examples/quickstart.sh
#
# Needs Debian 12 or Ubuntu 24.04 (root, or sudo, where packages are missing).
# With an endpoint of yours, live instead of recorded:
#
#   COUNCIL_ENDPOINT=http://localhost:11434/v1 COUNCIL_MODEL=qwen2.5-coder examples/quickstart.sh
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
build=$top/build
# shellcheck source=build-aux/setup.sh
. "$top/build-aux/setup.sh"

# shellcheck disable=SC2086
council_packages $BUILD_PACKAGES
council_build "$build"

status=0
"$build/council" demo "$@" || status=$?
if [ $status -eq 0 ]; then
	say "quickstart: done. The program is $build/council"
else
	say "quickstart: failed with status $status (see council(1), EXIT STATUS)"
fi
exit $status
