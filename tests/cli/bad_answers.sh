#!/bin/sh
# Plans, reviews and other answers that cannot be used: each is told back, and
# ends with its own status when it stays so.
. "$top_srcdir/tests/cli/lib.sh"
. "$top_srcdir/tests/cli/answers_lib.sh"

# -- plans ------------------------------------------------------------------------
answers 6 <<'PY'
w(pacer=["I would rather talk about it.", "Really."])
PY
asked 2
told pacer 'could not be used: no complete JSON object'
has - 'pacer gave no usable plan, also when asked again'
tail -n 1 "$out" | grep -q '^ *council resume' || fail "the last line is no next command"
answers 6 <<'PY'
w(pacer=['{"summary": "x", "steps": []}', '{"summary": "x"}'])
PY
answers 6 <<'PY'
w(pacer=[plan(steps=1000), plan(steps=13)])
PY
told pacer '1000 steps; at most 12'
answers 6 <<'PY'
w(pacer=['{"summary": "x", "steps": [{"title": "t"}]}', '[' * 100000])
PY
answers 6 <<'PY'
w(pacer=[plan(files=["../etc/passwd"]), plan(files=["/etc/passwd"])])
PY
ok "a plan that is no JSON, has no steps, a thousand, leads outside: asked again, exit 6"
answers 0 <<'PY'
w(pacer=["Let {me} think.\n\n```json\n" + good + "\n```\nThat {should} do."])
PY
mended
answers 0 <<'PY'
w(pacer=["no", good])
PY
asked 4
ok "a plan in prose and a fence, or at the second asking: done"

# -- answers without any -----------------------------------------------------------------
answers 6 <<'PY'
w(builder=["I have made the change as you asked.", "Done!", "As I said.", "Yes."])
PY
told builder 'no edit'
answers 6 <<'PY'
w(builder=["", "", "", ""])
PY
answers 6 <<'PY'
w(builder=[{"text": "", "refusal": "I cannot help with that."}] * 4)
PY
has - 'refus'
answers 6 <<'PY'
w(pacer=["", ""])
PY
ok "prose, nothing, a refusal: asked again, exit 6"
answers 0 <<'PY'
w(builder=[{"text": whole("calc.py", "def add(a, b):\n    return a + b"), "finish_reason": "length"}, mend])
PY
git show "$branch:calc.py" | grep -q 'def mul' || fail "half an answer was applied"
told builder 'cut off'
ok "an answer that was cut off is not applied, and asked again"

# -- reviews ------------------------------------------------------------------------------
answers 6 <<'PY'
w(guardian=["Looks good to me!", "LGTM"])
PY
has - 'guardian gave no usable review'
answers 0 <<'PY'
w(guardian=["LGTM", "Here you are: " + review()])
PY
ok "a review that is no JSON: asked again, exit 6 when it stays so"
answers 4 --max-rounds 2 <<'PY'
w(builder=[mend] + [edit("calc.py", "def mul(a, b):" + ("  # %d" % i if i else ""),
                         "def mul(a, b):  # %d" % (i + 1)) for i in range(4)],
  guardian=[review("revise", finding("Still not it", "medium", "calc.py", 5))] * 9)
PY
[ "$(grep -c '"queue": "guardian"' "$requests")" -eq 3 ] || fail "not three reviews"
has - 'still wants changes after 2 rounds'
tail -n 1 "$out" | grep -q '^ *council ' || fail "the last line is no next command"
answers 4 <<'PY'
w(guardian=[review("block", finding("Harmful", "critical", "calc.py", 2, "security"))])
PY
has - 'Harmful'
answers 0 <<'PY'
w(guardian=[review("approve", finding("Somewhere else", "low", "../../etc/passwd", 99999999))],
  artisan=["NO CHANGES"])
PY
lacks - 'etc/passwd'
ok "revise for ever and block: exit 4; a finding about a file outside names none"

# -- words that would do harm -----------------------------------------------------------------
answers 4 --verbose <<'PY'
evil = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\nred\x1b[0m"
w(pacer=[plan("Mend " + evil, ["calc.py"])], builder=[evil + "\n\n" + mend],
  guardian=[review("block", finding("Bad " + evil, "high", "calc.py", 1))])
PY
! LC_ALL=C grep -q "$(printf '\a')\\|$(printf '\302\233')\\|$(printf '\342\200\256')" "$out" "$errout" ||
	fail "a control character reached the output"
for command in "show" "log" "diff"; do
	expect 0 "$COUNCIL" "$command"
	! LC_ALL=C grep -q "$(printf '\033')\\|$(printf '\a')" "$out" || fail "an escape in council $command"
done
git log -1 --format=%s "$branch" | LC_ALL=C grep -q "$(printf '\033')" && fail "an escape in the subject"
ok "escapes in a model's text reach neither the terminal nor a commit's subject"
answers 0 --phases all <<'PY'
w(maven=[context(*["f%d" % i for i in range(5000)]),
         context("no/such/file.py", "calc.py", "../outside/secret", "/etc/passwd", "image.bin", "letter")],
  artisan=["NO CHANGES"])
PY
mended
! grep -q 'not yours' "$requests" || fail "a file outside was read"
! grep -q 'root:' "$requests" || fail "/etc/passwd was read"
ok "context of a thousand files, or of such as do not exist or lie outside: not sent"
