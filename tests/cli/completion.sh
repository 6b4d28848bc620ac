#!/bin/sh
# council completion: the scripts parse, and complete what the tables say.
. "$top_srcdir/tests/cli/lib.sh"
cd "$work" || exit 1

for shell in bash zsh fish; do
	expect 0 "$COUNCIL" completion $shell
	cp "$out" "$work/completion.$shell"
	if command -v $shell >/dev/null; then
		$shell -n "$work/completion.$shell" || fail "$shell does not parse its script"
	fi
	grep -q -- 'require-proof' "$work/completion.$shell" || fail "$shell: no option of run"
	ok "$shell: a script that parses"
done
expect 2 "$COUNCIL" completion tcsh
expect 2 "$COUNCIL" completion
ok "an unknown shell: exit 2"

command -v bash >/dev/null || exit 0
cat >"$work/complete.bash" <<'EOF'
source "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_council
printf '%s\n' "${COMPREPLY[@]}"
EOF
completes() {
	want=$1
	shift
	bash "$work/complete.bash" "$work/completion.bash" council "$@" >"$out" 2>"$errout"
	grep -qx -- "$want" "$out" || fail "council $*: $want does not come"
	[ ! -s "$errout" ] || fail "council $*: the script complains"
}
touch "$work/a file.json"
completes run ru
completes apply ap
completes help ''
completes --version --ve
completes --budget run --bu
completes --no-require-proof run --no-
completes --quiet run --q
completes zsh completion z
completes show persona sh
completes estimate cost es
completes never run --color n
completes never --color n
completes 'a file.json' run --plan 'a f'
completes 'a file.json' --config 'a f'
completes run --config x ru
completes diff help di
ok "bash: commands, options, words and files"
