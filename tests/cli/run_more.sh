#!/bin/sh
# council run where it goes on, or almost goes wrong: resumed, continued, given
# up, refused, cut short; what each ends with, and what is left.
. "$top_srcdir/tests/cli/lib.sh"

broken_repo() {
	python_repo "$1"
	sed -i 's/return a + b/return a - b/' calc.py
	commit "Break add"
}

# -- answers that cannot be used are asked for again by resume ---------------------
broken_repo again
script bad.json <<'PY'
replay(OUT, pacer=["no plan", "no plan either"])
PY
script good.json <<'PY'
replay(OUT, pacer=[plan("Mend add", ["calc.py"])],
       builder=["I would rather not.", "No.", "Never.", edit("calc.py", "    return a - b", "    return a + b")],
       guardian=[review()])
PY
expect 6 "$COUNCIL" run --replay "$work/bad.json" "the tests fail"
expect 6 "$COUNCIL" resume --replay "$work/good.json"
has "$out" 'no usable edits'
script last.json <<'PY'
replay(OUT, pacer=[plan()], builder=[edit("calc.py", "    return a - b", "    return a + b")],
       guardian=[review()])
PY
expect 0 "$COUNCIL" resume --replay "$work/last.json"
has - 'red-green'
[ "$(sql "SELECT count(*) FROM call WHERE persona = 'pacer'")" -eq 3 ] || fail "a plan was paid for twice"
ok "unusable answers end 6, and resume asks for them alone once more"

# -- an environment that was mended since ------------------------------------------
broken_repo environment
script env.json <<'PY'
replay(OUT, pacer=[plan("Mend add", ["calc.py"])],
       builder=[edit("calc.py", "    return a - b", "    return a + b")], guardian=[review()])
PY
mkdir -p "$work/bin"
PATH=$work/bin:$PATH
expect 2 "$COUNCIL" run --sandbox off --replay "$work/env.json" --test "my-tests" "the tests fail"
has "$out" 'environment'
printf '#!/bin/sh\nexec python3 -m unittest -v\n' >"$work/bin/my-tests"
chmod +x "$work/bin/my-tests"
expect 0 "$COUNCIL" resume
has - 'red-green'
ok "a broken environment ends 2, and resume looks at it anew"

# -- code that rewrites the tests as it is tested ---------------------------------------
broken_repo tamper
script tamper.json <<'PY'
evil = """    import pathlib
    t = pathlib.Path(__file__).with_name("test_calc.py")
    t.write_text(t.read_text().replace("3), 5)", "3), -1)"))
    return a - b"""
replay(OUT, pacer=[plan("Mend add", ["calc.py"])],
       builder=[edit("calc.py", "    return a - b", evil),
                edit("calc.py", "    return a * b", "    return b * a"),
                edit("calc.py", "    return b * a", "    return a * b")], guardian=[review()])
PY
expect 3 "$COUNCIL" run --replay "$work/tamper.json" "the tests fail"
has - 'test_calc.Calc.test_add|red 1'
ok "code that rewrites the tests while it is tested is not judged by them: exit 3"

# -- a refused edit, then nothing -----------------------------------------------------
python_repo refused
script refused.json <<'PY'
replay(OUT, pacer=[plan("Test sub", ["test_calc.py"])],
       builder=[edit("test_calc.py", "import calc", "import calc  # more"), "NO CHANGES"],
       guardian=[review()])
PY
expect 3 "$COUNCIL" run --replay "$work/refused.json" "add a test"
has - 'test_calc.py'
has - 'protected'
ok "a refused edit and then NO CHANGES: exit 3, not 7"

# -- steps named like another step's second asking -------------------------------------
python_repo ids
script ids.json <<'PY'
two = json.dumps({"summary": "Two", "steps": [
    {"id": "s1", "title": "One", "instructions": "One."},
    {"id": "s1#2", "title": "Two", "instructions": "Two."}]})
replay(OUT, pacer=[two], builder=[edit("calc.py", "    return a - c", "x"),
                                  edit("calc.py", "    return a + b", "    return b + a"),
                                  edit("calc.py", "    return a * b", "    return b * a")],
       guardian=[review()])
PY
expect 0 "$COUNCIL" run --replay "$work/ids.json" "two steps"
expect 0 "$COUNCIL" diff
has - '^\+    return b \* a'
ok "a step's id is not taken for another's asking"

# -- later steps fail: what was done before is kept, and said ---------------------------
python_repo later
script later.json <<'PY'
replay(OUT, pacer=[plan("Swap", steps=3)],
       builder=[edit("calc.py", "    return a + b", "    return b + a"),
                edit("calc.py", "    return a * b", "    return b / a"),
                edit("calc.py", "    return b / a", "    return b / a / a"), "NO CHANGES"],
       guardian=[review()])
PY
expect 3 "$COUNCIL" run --replay "$work/later.json" "swap"
expect 0 "$COUNCIL" diff
has - '^\+    return b \+ a'
lacks - 'b / a'
ok "a later step fails: the earlier one's commit is there"

# -- a refinement that is not approved is nowhere ----------------------------------------
broken_repo refine
script refine.json <<'PY'
replay(OUT, pacer=[plan("Mend add", ["calc.py"])],
       builder=[edit("calc.py", "    return a - b", "    return a + b")],
       artisan=[edit("calc.py", "    return a + b", "    return b + a")],
       guardian=[review("approve", finding("Order", "low")), review("revise", finding("Worse", "high"))])
PY
expect 0 "$COUNCIL" run --replay "$work/refine.json" "the tests fail"
branch=$(git for-each-ref --format='%(refname:short)' 'refs/heads/council/*' | tail -n 1)
git show "$branch:calc.py" | grep -q 'return a + b' || fail "the refinement is on the branch"
[ "$(git rev-list --count "HEAD..$branch")" -eq 1 ] || fail "not one commit"
ok "a refinement that its review rejects leaves nothing on the branch"

expect 2 "$COUNCIL" run --replay "$work/refine.json" --phases build,refine "x"
has "$errout" 'refine needs review'
ok "--phases with refine and without review: exit 2"

# -- proof, known failures and revisions ---------------------------------------------------
broken_repo proof
sed -i 's/return a \* b/return a/' calc.py
commit "Break mul"
script proof.json <<'PY'
replay(OUT, pacer=[plan("Mend add", ["calc.py"])],
       builder=[edit("calc.py", "    return a - b", "    return a + b"),
                edit("calc.py", "    return a + b", "    return a - b")],
       guardian=[review("revise", finding("Take it back")), review()])
PY
expect 3 "$COUNCIL" run --replay "$work/proof.json" --allow-known-failures --require-proof "the tests fail"
has - 'proof'
ok "a revision that takes the proof away: exit 3"

script none.json <<'PY'
replay(OUT)
PY
expect 3 "$COUNCIL" run --replay "$work/none.json" --no-gate --require-proof "x"
ok "--require-proof with --no-gate: exit 3 before a call"

# -- a change that is too large to be reviewed -----------------------------------------------
python_repo large
script large.json <<'PY'
replay(OUT, pacer=[plan("Add data")],
       builder=[whole("data.py", "\n".join("v%d = %d" % (i, i) for i in range(3000)))], guardian=[review()])
PY
printf 'context_tokens: 1000\n' >"$work/small.yaml"
expect 4 "$COUNCIL" run --config "$work/small.yaml" --replay "$work/large.json" "add data"
has - 'too large to be reviewed'
ok "a change that Guardian cannot be shown whole: exit 4"

# -- --file from where the user stands --------------------------------------------------------
python_repo below
mkdir sub
echo 'x = 1' >sub/near.py
commit "Add sub"
script below.json <<'PY'
replay(OUT, pacer=[plan()], builder=["NO CHANGES"], guardian=[review()])
PY
cd sub || exit 1
expect 7 "$COUNCIL" run --replay "$work/below.json" --file ./near.py --file ../calc.py "look"
expect 2 "$COUNCIL" run --replay "$work/below.json" --file .. "look"
has "$errout" 'not a file of this repository'
expect 2 "$COUNCIL" run --replay "$work/below.json" --file "$work/below.json" "look"
expect 0 "$COUNCIL" plan --replay "$work/below.json" --file near.py "look"
ok "--file is taken from where the user stands, and stays inside"

echo "run_more.sh: all $shown passed"
