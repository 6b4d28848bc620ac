#!/usr/bin/env bash
# One user's way through council, from an empty home to a change that was
# applied, taken back and gone on with. CI runs it; it ends with what was spent.
#
#   examples/journey.sh [PATH-TO-COUNCIL]
#
# Everything is real but the endpoint: a server on loopback that answers in the
# formats (tests/server/server.py).
set -eu
top=$(cd "$(dirname "$0")/.." && pwd)
council=${1:-$top/build/council}
council=$(cd "$(dirname "$council")" && pwd)/$(basename "$council")
work=$(mktemp -d)
server=
cleanup() {
	status=$?
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	rm -rf "$work"
	if [ $status -eq 0 ]; then echo "journey: done"; else echo "journey: failed with status $status"; fi
}
trap cleanup EXIT
leg() { printf '\n== %s\n' "$*"; }
# must WHAT COMMAND…: the step has to succeed
must() { what=$1; shift; "$@" >"$work/out" 2>&1 || { cat "$work/out"; echo "journey: $what"; exit 1; }; }

export HOME=$work/home XDG_STATE_HOME=$work/state XDG_CONFIG_HOME=$work/config GIT_CONFIG_NOSYSTEM=1
unset CI COUNCIL_ENDPOINT OPENAI_API_KEY OPENAI_BASE_URL 2>/dev/null || true
mkdir -p "$HOME"
git config --global user.name Traveller
git config --global user.email traveller@localhost
git config --global init.defaultBranch main

leg "a repository whose tests fail"
mkdir "$work/shop"
cd "$work/shop"
git init -q
cat >cart.py <<'PY'
def total(prices, discount=0):
    """The sum of the prices, less a discount in percent."""
    return sum(prices) * discount / 100
PY
cat >test_cart.py <<'PY'
import unittest

from cart import total


class Cart(unittest.TestCase):
    def test_plain(self):
        self.assertEqual(total([100, 50]), 150)

    def test_discount(self):
        self.assertEqual(total([100, 100], 10), 180)


if __name__ == "__main__":
    unittest.main()
PY
echo __pycache__/ >.gitignore
git add -A
git commit -q -m "Add the cart"

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$top/tests/cli python3 - "$work/script.json" <<'PY'
from answers import *
write(OUT, models=["journey-model"],
      pacer=[plan("Mend the discount", ["cart.py"], "total() multiplies by the discount; take it off instead."),
             plan("Refuse discounts over 100", ["cart.py"], "Raise ValueError when discount is over 100.")],
      builder=[edit("cart.py", "    return sum(prices) * discount / 100",
                    "    return sum(prices) * (100 - discount) / 100"),
               edit("cart.py", "    return sum(prices) * (100 - discount) / 100",
                    "    if discount > 100:\n        raise ValueError(\"a discount over 100 percent\")\n"
                    "    return sum(prices) * (100 - discount) / 100")],
      guardian=[review(), review()],
      default=["ready"])
PY
python3 "$top/tests/server/server.py" --script "$work/script.json" --port-file "$work/port" \
	--max-seconds 300 >"$work/server.log" 2>&1 </dev/null &
server=$!
for _ in $(seq 100); do [ -s "$work/port" ] && break; sleep 0.05; done
url=http://127.0.0.1:$(cat "$work/port")/v1

leg "init: finds the tests, makes one call, writes .council/config.yaml"
"$council" init --endpoint "$url" --model journey-model
must "doctor finds a fault" "$council" doctor
git add .council && git commit -q -m "Add council's settings"

leg "run: red to green"
"$council" run "The discount is wrong: make the tests pass."

leg "show, diff, log"
must "show" "$council" show
"$council" diff
"$council" log

leg "apply, undo, apply again"
must "apply" "$council" apply
python3 -m unittest -q 2>/dev/null
must "undo" "$council" undo
git diff --quiet HEAD
! python3 -m unittest -q 2>/dev/null
must "apply again" "$council" apply

leg "continue: go on from it"
"$council" run --continue last --apply "Also refuse discounts over 100 percent."
grep -q ValueError cart.py

leg "cost"
"$council" cost --by persona
