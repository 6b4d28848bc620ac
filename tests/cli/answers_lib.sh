# shellcheck shell=sh
# answers_lib.sh: sourced behind lib.sh by the tests of what models answer. Gives a
# repository with files of every kind and one fault, whose tests cost nothing.
#
#   answers STATUS [OPTIONS…] <<'PY'   runs on the answers that w(builder=[…], …) gives in
#                                      place of good ones; checks the status, the ledger, and
#                                      that neither the user's tree nor anything outside changed
#   told PERSONA PATTERN               what was said last to a persona
#   asked N                            so many requests there were
python_repo repo
printf 'one\r\ntwo\r\nthree\r\n' >crlf.txt
printf 'one\ntwo' >endless.txt
printf 'a\000b\001\n' >image.bin
printf '#!/bin/sh\necho one\n' >tool
chmod +x tool
printf 'Title\n=======\n\n```sh\nrun me\n```\n\nEnd\n' >marks.md
printf 'same\nother\nsame\n' >twice.txt
mkdir "$work/outside"
echo "not yours" >"$work/outside/secret"
ln -s "$work/outside" folder
ln -s "$work/outside/secret" letter
commit "Add files of every kind"
sed -i 's/return a + b/return a - b/' calc.py
export COUNCIL_TEST="grep -rq --include=*.py 'a + b' ."
user_state >"$work/before"

answers() {
	want_status=$1
	shift
	{
		cat <<-'PY'
		mend = edit("calc.py", "    return a - b", "    return a + b")
		good = plan("Mend add", ["calc.py"])
		def both(*blocks):
		    return "\n".join(blocks + (mend,))
		def w(**queues):
		    write(OUT, **dict(dict(pacer=[good], builder=[mend], guardian=[review()]), **queues))
		PY
		cat
	} | script s.json
	serve "$work/s.json"
	expect "$want_status" "$COUNCIL" run --endpoint "$url" "$@" "the tests fail"
	stop_server
	user_state | cmp -s - "$work/before" || fail "the user's tree changed"
	[ "$(cat "$work/outside/secret")" = "not yours" ] && [ "$(ls -A "$work/outside")" = secret ] ||
		fail "something outside changed"
	! grep -q "$(printf '\033')" "$out" "$errout" || fail "an escape reached the output"
	row=$(sql "SELECT r.branch, e.status, (SELECT count(*) FROM call WHERE run = r.id)
		FROM run r JOIN run_end e ON e.run = r.id ORDER BY r.id DESC LIMIT 1")
	branch=${row%%|*}
	requests_seen=$(wc -l <"$requests")
	[ "$row" = "$branch|$want_status|$requests_seen" ] ||
		fail "the ledger has $row instead of status $want_status and $requests_seen calls"
}
told() {
	python3 - "$requests" "$1" >"$work/told" <<'PY'
import json, sys
asked = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
print([r for r in asked if r["queue"] == sys.argv[2]][-1]["body"]["messages"][-1]["content"])
PY
	has "$work/told" "$2"
}
asked() { [ "$requests_seen" -eq "$1" ] || fail "$requests_seen requests instead of $1${2:+: $2}"; }
mended() { git show "$branch:calc.py" | grep -q 'a + b' || fail "calc.py is not mended"; }
