#!/bin/sh
# council edit: a filter that needs no repository, settings or ledger.
. "$top_srcdir/tests/cli/lib.sh"

mkdir "$work/folder" && cd "$work/folder" || exit 1
fresh() {
	rm -rf ./*
	printf 'one\ntwo\nthree\n' >a.txt
	printf '#!/bin/sh\necho hi\n' >run
	chmod 755 run
	mkdir tests
	echo 'assert' >tests/test_a.py
	tree=$(state)
}
state() { find . -printf '%M %p %l\n' | sort; find . -type f -print0 | sort -z | xargs -0 sha256sum; }
unchanged() { [ "$(state)" = "$tree" ] || fail "the folder changed"; }
answer() { python3 -c "import sys
sys.path.insert(0, '$top_srcdir/tests/cli'); sys.dont_write_bytecode = True
from answers import *
sys.stdout.write($1)" >"$work/answer" || fail "answer"; }

# -- what it says and does --------------------------------------------------------
fresh
answer '"Here it is.\n\n" + edit("a.txt", "two", "2") + "\n" + whole("new/b.txt", "fresh") + edit("run", "echo hi", "echo ho")'
expect 0 "$COUNCIL" edit "$work/answer"
unchanged
has - '^edit +a\.txt \(exact\)'
has - '^create +new/b\.txt'
expect 0 "$COUNCIL" edit --check "$work/answer"
unchanged
ok "--check, the default: says what would happen and writes nothing"
expect 0 "$COUNCIL" edit --apply "$work/answer"
[ "$(cat a.txt)" = "$(printf 'one\n2\nthree')" ] && [ "$(cat new/b.txt)" = fresh ] &&
	[ "$(./run)" = ho ] || fail "not applied"
ok "--apply writes the files, in place and with their modes"
fresh
input=$work/answer expect 0 "$COUNCIL" edit --apply -
grep -qx 2 a.txt || fail "not applied from standard input"
fresh
input=$work/answer expect 0 "$COUNCIL" edit --apply
grep -qx 2 a.txt || fail "not applied from a pipe"
fresh
input=$work/answer expect 0 "$COUNCIL" edit --apply --quiet
[ ! -s "$out" ] && [ ! -s "$errout" ] || fail "--quiet said something"
fresh
cd / || exit 1
expect 0 "$COUNCIL" edit --apply -C "$work/folder" "$work/answer"
cd "$work/folder" || exit 1
grep -qx 2 a.txt || fail "not applied to -C"
ok "standard input by - and as a pipe, --quiet, and another folder"

# -- exit statuses -------------------------------------------------------------------
fresh
answer 'edit("a.txt", "two", "2") + edit("a.txt", "four", "4")'
expect 3 "$COUNCIL" edit --apply "$work/answer"
unchanged
has - 'No edit was applied: 1 of 2'
has - 'the old lines'
ok "one edit that does not apply: exit 3, none is written"
answer '"I have made the change."'
expect 3 "$COUNCIL" edit --apply "$work/answer"
has - 'no edit in the answer'
: >"$work/answer"
expect 3 "$COUNCIL" edit "$work/answer"
answer '"NO CHANGES\n"'
expect 7 "$COUNCIL" edit "$work/answer"
ok "no edits: exit 3; NO CHANGES: exit 7"
answer 'edit("a.txt", "two", "2")'
for arguments in "--check --apply $work/answer" "$work/nowhere" "$work/folder" "--no-such $work/answer" \
	"-C $work/nowhere $work/answer" "$work/answer $work/answer"; do
	expect 2 "$COUNCIL" edit $arguments
	one_line_error
	[ ! -s "$out" ] || fail "something on stdout"
done
unchanged
ok "wrong usage: exit 2, one line"

# -- what it refuses -----------------------------------------------------------------
mkdir "$work/outside"
for path in ../outside/x "$work/outside/x" .git/config link/x; do
	fresh
	ln -s "$work/outside" link
	tree=$(state)
	answer "whole('$path', 'evil')"
	expect 3 "$COUNCIL" edit --apply "$work/answer"
	unchanged
done
[ -z "$(ls -A "$work/outside")" ] || fail "something was written outside"
fresh
answer 'edit("tests/test_a.py", "assert", "pass")'
expect 3 "$COUNCIL" edit --protect --apply "$work/answer"
unchanged
has - 'protected'
expect 0 "$COUNCIL" edit --apply "$work/answer"
[ "$(cat tests/test_a.py)" = pass ] || fail "not applied"
ok "paths outside and under .git always, tests with --protect: refused"
fresh
answer '"\x1b[31mred\x1b[0m\n" + edit("a\x1b[2J.txt", "two", "2") + edit("a.txt", "\x1b]0;x\x07", "2")'
expect 3 "$COUNCIL" edit "$work/answer"
! LC_ALL=C grep -q "$(printf '\033')\\|$(printf '\a')" "$out" "$errout" || fail "an escape reached the output"
python3 -c 'import sys; sys.stdout.write("a.txt\n```\n<<<<<<< SEARCH\n" + "x\n" * 4000000)' >"$work/answer"
expect 3 "$COUNCIL" edit "$work/answer"
head -c 3M /dev/urandom >"$work/answer"
expect 3 "$COUNCIL" edit "$work/answer"
unchanged
ok "escapes, an answer without end, bytes that are no text: exit 3"

# -- for programs -------------------------------------------------------------------
fresh
answer 'edit("a.txt", "two", "2")'
expect 0 "$COUNCIL" edit --json --apply "$work/answer"
python3 - "$out" <<'PY' || fail "the JSON: $(cat "$out")"
import json, sys
j = json.load(open(sys.argv[1]))
assert j["status"] == 0 and j["written"] and not j["unchanged"] and j["error"] is None, j
assert [(e["path"], e["action"], e["ok"], e["match"]) for e in j["edits"]] == \
    [("a.txt", "edit", True, "exact")], j
PY
expect 3 "$COUNCIL" edit --json --apply "$work/answer"
python3 - "$out" <<'PY' || fail "the JSON: $(cat "$out")"
import json, sys
j = json.load(open(sys.argv[1]))
assert j["status"] == 3 and not j["written"], j
assert not j["edits"][0]["ok"] and "old lines" in j["edits"][0]["reason"], j
PY
ok "--json says the same to programs"

# -- the forms that models answer in -------------------------------------------------
fresh
cat >"$work/answer" <<'TXT'
```
*** Begin Patch
*** Update File: a.txt
@@
 one
-two
+2
 three
*** End Patch
```
TXT
expect 0 "$COUNCIL" edit --apply "$work/answer"
grep -qx 2 a.txt || fail "apply_patch"
fresh
printf -- '--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n' >"$work/answer"
expect 0 "$COUNCIL" edit --apply "$work/answer"
grep -qx 2 a.txt || fail "unified diff"
fresh
printf 'a.txt\n```\n<<<<<<< RENAME b/c.txt\n```\n\nrun\n```\n<<<<<<< DELETE\n```\n' >"$work/answer"
expect 0 "$COUNCIL" edit --apply "$work/answer"
[ -f b/c.txt ] && [ ! -e a.txt ] && [ ! -e run ] || fail "rename and delete"
has - 'a\.txt -> b/c\.txt'
ok "apply_patch, a unified diff, renaming and deleting"
[ ! -e "$XDG_STATE_HOME/council" ] || fail "a ledger was made"
ok "no ledger, settings or repository is touched"
