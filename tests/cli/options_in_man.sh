#!/bin/sh
# Every command has a manual page, and every option that `council CMD -h` names
# is in it, with what it takes.
: "${COUNCIL:?run by make check}" "${top_srcdir:?}"

work=$(mktemp -d "${TMPDIR:-/tmp}/council-test.XXXXXX")
trap 'rm -rf "$work"' EXIT
failed=0
complain() {
	echo "FAIL: $*"
	failed=1
}

# An option as mdoc writes it: -name is \-name or "Fl -name", and may stand in a list.
options_of() { sed -n 's/^  \(-[A-Za-z], \|    \)--\([^ ]*\).*/\2/p'; }
in_page() { # PAGE OPTION
	grep -Eq -- "^\.(It|Op|Fl|Nm|Ic|Xr)?.*(Fl|,) (-[A-Za-z] , )?-$2( |\$)" "$1"
}

"$COUNCIL" --help >"$work/help" || exit 1
"$COUNCIL" run -h | sed '1,/^options of every command/d' | options_of >"$work/global"
for c in $(sed -n 's/^  \([a-z]*\) .*/\1/p' "$work/help"); do
	page=$top_srcdir/man/council-$c.1
	if [ ! -f "$page" ]; then
		complain "man/council-$c.1 is missing"
		continue
	fi
	grep -q "^\.It Cm $c\$" "$top_srcdir/man/council.1" || complain "council(1) lacks $c"
	"$COUNCIL" "$c" -h | sed '/^options of every command/,$d' | options_of >"$work/options"
	while read -r o; do
		case $o in
		'[no-]'*)
			o=${o#\[no-\]}
			in_page "$page" "no-$o" || complain "council-$c(1) lacks --no-$o"
			;;
		esac
		in_page "$page" "$o" || complain "council-$c(1) lacks --$o"
	done <"$work/options"
	# and the other way: no page tells of an option that is gone
	sed -n 's/^\.It Fl \(. , \)\{0,1\}-\([a-z-]*\).*/\2/p' "$page" | while read -r o; do
		grep -Eqx -- "(\[no-\])?$o" "$work/options" "$work/global" >/dev/null || echo "$o"
	done >"$work/gone"
	while read -r o; do
		complain "council-$c(1) tells of --$o, which $c -h does not"
	done <"$work/gone"
done

while read -r o; do
	in_page "$top_srcdir/man/council.1" "$o" || complain "council(1) lacks --$o"
done <"$work/global"
[ -s "$work/global" ] || complain "no global options were found"

if command -v mandoc >/dev/null; then
	for page in "$top_srcdir"/man/*.[157]; do
		mandoc -Tlint -W warning "$page" >"$work/lint" || {
			cat "$work/lint"
			complain "$page"
		}
	done
	for page in $(sed -n 's/^\.Xr \(council[a-z-]*\) \([157]\).*/\1.\2/p' "$top_srcdir"/man/*.[157] |
		sort -u); do
		[ -f "$top_srcdir/man/$page" ] || complain "man/$page is referred to, and missing"
	done
fi
[ $failed -eq 0 ] && echo "ok 1 - every option is in its manual page"
exit $failed
