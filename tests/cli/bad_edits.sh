#!/bin/sh
# Edits that do not fit, must not be made, or touch what judges them.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/cli/answers_lib.sh"

# -- edits that do not fit ------------------------------------------------------------
answers 0 <<'PY'
w(builder=[edit("calc.py", "    return a - c", "    return a + b"), mend])
PY
told builder 'return a [-*] b'
told builder 'nearest lines'
mended
ok "an edit that does not match: the nearest lines go back, then done"
answers 3 <<'PY'
w(builder=[edit("calc.py", "    return q(%d) / zz" % i, "    return a + b") for i in range(9)])
PY
asked 4
has - 'calc.py: the old lines .* are not in the file'
tail -n 1 "$out" | grep -q '^ *council ' || fail "the last line is no next command"
ok "one that never does: exit 3"
answers 0 <<'PY'
w(builder=[both(edit("twice.txt", "same", "third")), mend])
PY
told builder 'more than one place: lines 1, 3'
git diff --quiet main "$branch" -- twice.txt || fail "an ambiguous edit was applied"
ok "one that matches twice: refused with the line numbers, and its neighbours with it"

for path in ../evil /tmp/council-evil .git/hooks/pre-commit .GIT/config 'git~1/config' folder/evil \
	a/../../evil .council/config.yaml; do
	P=$path answers 0 <<'PY'
import os
w(builder=[both(whole(os.environ["P"], "evil")), mend])
PY
	asked 4 "$path"
	told builder '(path|link|protected|no edit)'
done
[ ! -e /tmp/council-evil ] || fail "an absolute path was written"
answers 0 <<'PY'
w(builder=[both(edit("letter", "not yours", "mine")), mend])
PY
told builder 'symbolic link'
answers 0 <<'PY'
w(builder=[both("calc.py\n```\n<<<<<<< RENAME ../gone.py\n```\n"), mend])
PY
ok "edits outside, under .git, through links, of .council/: refused, nothing written"

# -- files of every kind ------------------------------------------------------------------
answers 0 <<'PY'
w(builder=[both(edit("crlf.txt", "two", "2\nand a half"), edit("endless.txt", "two", "2"),
               edit("tool", "echo one", "echo two"))])
PY
[ "$(git show "$branch:crlf.txt" | od -c | tr -s ' ')" = \
	"$(printf 'one\r\n2\r\nand a half\r\nthree\r\n' | od -c | tr -s ' ')" ] || fail "CRLF"
[ "$(git show "$branch:endless.txt" | od -c)" = "$(printf 'one\n2' | od -c)" ] || fail "final newline"
git ls-tree "$branch" tool | grep -q '^100755' || fail "mode"
[ "$(git show "$branch:tool" | tail -n 1)" = "echo two" ] || fail "tool"
ok "CRLF stays CRLF, no final newline stays none, the mode stays"
answers 0 <<'PY'
w(builder=[both(edit("image.bin", "a", "b")), mend])
PY
told builder 'image.bin.*binary'
ok "a binary file is refused"
answers 0 <<'PY'
w(builder=[both("marks.md\n````\n<<<<<<< SEARCH\nTitle\n=======\n\n```sh\nrun me\n```\n=======\n"
               "Name\n=======\n\n```sh\nrun you\n```\n>>>>>>> REPLACE\n````\n")])
PY
[ "$(git show "$branch:marks.md")" = "$(printf 'Name\n=======\n\n```sh\nrun you\n```\n\nEnd')" ] ||
	fail "marks.md: $(git show "$branch:marks.md")"
ok "an edit that holds fences and ======= lines"

# -- what judges the change -----------------------------------------------------------------
for path in test_calc.py .github/workflows/ci.yml package-lock.json Makefile tests/data.json; do
	P=$path answers 3 <<'PY'
import os
w(builder=[whole(os.environ["P"], "x = 1")] * 9)
PY
	told builder 'protected'
done
answers 3 <<'PY'
w(builder=["test_calc.py\n```\n<<<<<<< DELETE\n```\n", "test_calc.py\n```\n<<<<<<< RENAME gone.py\n```\n",
           "calc.py\n```\n<<<<<<< RENAME test_all.py\n```\n"] * 3)
PY
ok "edits to tests, CI, lock and build files, deleting and renaming them: exit 3"
answers 0 --allow-tests <<'PY'
w(builder=[both(edit("test_calc.py", "    def test_add(self):", "    def test_sum(self):"))])
PY
git show "$branch:test_calc.py" | grep -q test_sum || fail "--allow-tests did not"
has - 'tests (changed|touched)'
answers 0 --allow-tests <<'PY'
w(builder=[both(whole(".council/config.yaml", "test: true")), mend])
PY
told builder 'protected'
ok "--allow-tests lets tests be edited and says so, .council/ never"
