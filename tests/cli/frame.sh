#!/bin/sh
# The frame of the commands: help, version, wrong use, lost output, closed streams.
. "$top_srcdir/tests/cli/lib.sh"
cd "$work" || exit 1

expect 0 "$COUNCIL" --help
[ "$(wc -l <"$out")" -le 24 ] || fail "--help has more than 24 lines"
[ "$(wc -L <"$out")" -le 80 ] || fail "--help is wider than 80 columns"
cp "$out" "$work/help"
expect 0 "$COUNCIL" help
cmp -s "$out" "$work/help" || fail "help and --help differ"
ok "--help fits 24 lines of 80 columns"

sed -n 's/^  \([a-z]*\) .*/\1/p' "$work/help" >"$work/commands"
for c in run plan demo init doctor log show diff apply undo resume clean cost config persona \
	trust edit completion; do
	grep -qx "$c" "$work/commands" || fail "--help lacks $c"
done
while read -r c; do
	expect 0 "$COUNCIL" "$c" -h
	has - "^usage: council $c( |$)"
	[ "$(wc -L <"$out")" -le 80 ] || fail "$c -h is wider than 80 columns"
	cp "$out" "$work/one"
	expect 0 "$COUNCIL" help "$c"
	cmp -s "$out" "$work/one" || fail "help $c and $c -h differ"
	expect 0 "$COUNCIL" --help "$c"
	cmp -s "$out" "$work/one" || fail "--help $c and $c -h differ"
	expect 0 "$COUNCIL" "$c" --help --no-such-option
done <"$work/commands"
ok "every command has its help, the same three ways"

for args in --version -V 'run --version'; do
	# shellcheck disable=SC2086
	expect 0 "$COUNCIL" $args
	has - '^council [0-9]+\.[0-9]+'
done
ok "--version"

expect 2 "$COUNCIL"
[ ! -s "$out" ] || fail "usage on stdout"
expect 2 "$COUNCIL" rnu
has "$errout" "^council: unknown command 'rnu': did you mean run\?"
expect 2 "$COUNCIL" xyzzyx
has "$errout" 'council --help'
expect 2 "$COUNCIL" help rnu
expect 2 "$COUNCIL" --bugdet 1 run
has "$errout" 'options of a command stand after its name'
expect 2 "$COUNCIL" --json run --bugdet 1
has "$errout" 'did you mean --budget'
one_line_error
[ ! -s "$out" ] || fail "an error of usage on stdout"
expect 2 "$COUNCIL" --color mauve log
has "$errout" 'auto\|always\|never'
ok "wrong use: exit 2, one line on stderr, nothing on stdout"

expect 2 "$COUNCIL" "$(printf 'a\033[31m\nb')"
one_line_error
! grep -q "$(printf '\033')" "$errout" || fail "an escape sequence in an error"
ok "errors are cleaned"

if [ -w /dev/full ]; then
	rc=0
	"$COUNCIL" --help >/dev/full 2>"$errout" || rc=$?
	[ "$rc" -eq 1 ] || fail "a full disk: status $rc"
	one_line_error
	ok "a full disk: exit 1 and a line"
fi
rc=0
"$COUNCIL" --help >&- 2>"$errout" || rc=$?
[ "$rc" -eq 1 ] || fail "a closed stdout: status $rc"
ok "a closed stdout: exit 1"
rc=$({ "$COUNCIL" completion bash 2>"$errout"; echo $? >"$work/rc"; } | :; cat "$work/rc")
[ "$rc" -eq 1 ] || [ "$rc" -eq 0 ] || fail "a closed pipe: status $rc"
"$COUNCIL" --version <&- >"$out" 2>&- || fail "closed stdin and stderr"
ok "closed streams are survived"

repo empty
echo x >x && commit
expect 2 "$COUNCIL" show
one_line_error
[ ! -e "$XDG_STATE_HOME/council/ledger.db-journal" ] || fail "a journal is left"
ok "no run yet: exit 2 and a line"
