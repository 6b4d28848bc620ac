#!/bin/sh
# Repositories of every kind: what cannot be worked in is refused with one clear
# line and status 2, the others are worked in; either way the user's files, index,
# HEAD, branches and settings stay as they are.
. "$top_srcdir/tests/cli/lib.sh"

# One step: the answer becomes 42. The gate sees it.
script mend.json <<'PY'
replay(OUT, pacer=[plan("Mend the answer", ["answer.txt"])],
       builder=[edit("answer.txt", "answer = 41", "answer = 42")], guardian=[review()])
PY
gate='sh check.sh'

fill() {
	echo 'answer = 41' >answer.txt
	echo "grep -q 'answer = 42' answer.txt" >check.sh
	mkdir -p sub/dir
	echo 'deep' >sub/dir/file.txt
}
small_repo() {
	repo "$1"
	fill
	commit "Add the answer"
}
cat >"$work/council_run" <<'SH'
exec "$COUNCIL" run --replay "$answers" --test "$gate" "$@" "mend the answer"
SH
export answers="$work/mend.json" gate
last_branch() { sql "SELECT branch FROM run ORDER BY id DESC LIMIT 1"; }
worktrees() { ls "$XDG_STATE_HOME/council/worktrees"/*/ 2>/dev/null; }
no_worktree_left() {
	[ "$(worktrees)" = "${1-}" ] || fail "a worktree is left"
}
# works WHAT [OPTION…]: a run here ends 0, its branch holds the change, nothing of the user's moved.
works() {
	what=$1
	shift
	user_state >"$work/before"
	expect 0 sh "$work/council_run" "$@"
	branch=$(last_branch)
	[ "$(git show "$branch:answer.txt")" = 'answer = 42' ] || fail "$what: the change is not on $branch"
	user_state >"$work/after"
	cmp -s "$work/before" "$work/after" || fail "$what: $(diff "$work/before" "$work/after")"
	git fsck --no-dangling >"$work/fsck" 2>&1 || fail "$what: $(cat "$work/fsck")"
	ok "$what: done, and nothing of the user's changed"
}
# refused WHAT PATTERN [OPTION…]: status 2, one line that matches, nothing changed or left.
refused() {
	what=$1 pattern=$2
	shift 2
	user_state >"$work/before" 2>/dev/null
	expect 2 sh "$work/council_run" "$@"
	one_line_error
	has "$errout" "$pattern"
	user_state >"$work/after" 2>/dev/null
	cmp -s "$work/before" "$work/after" || fail "$what: $(diff "$work/before" "$work/after")"
	ok "$what: exit 2 and one line that says what to do"
}

# -- what cannot be worked in ---------------------------------------------------
mkdir "$work/plain" && cd "$work/plain" || exit 1
echo 'answer = 41' >answer.txt
refused "not a repository" 'not in a git repository.*git init'
[ ! -e .git ] || fail "a repository was made"

git init -q --bare "$work/bare.git" && cd "$work/bare.git" || exit 1
refused "a bare repository" 'bare repository.*git worktree add'

repo empty
echo 'answer = 41' >answer.txt
refused "no commit yet" 'no commit yet.*git commit'
no_worktree_left

small_repo theirs
GIT_TEST_ASSUME_DIFFERENT_OWNER=1
export GIT_TEST_ASSUME_DIFFERENT_OWNER
expect 2 sh "$work/council_run"
one_line_error
has "$errout" 'another user.*safe\.directory'
git config --global --add safe.directory "$work/theirs"
expect 0 sh "$work/council_run"
unset GIT_TEST_ASSUME_DIFFERENT_OWNER
git config --global --unset-all safe.directory
ok "another user's repository: refused until git itself trusts it"
if [ "$(id -u)" -eq 0 ]; then
	small_repo chowned
	chown -R 65534:65534 .
	expect 2 sh "$work/council_run"
	has "$errout" 'another user.*safe\.directory'
	git config --global --add safe.directory "$work/chowned"
	works "another user's, named in safe.directory"
	git config --global --unset-all safe.directory
fi

# -- a merge under way ------------------------------------------------------------
small_repo merging
git checkout -q -b other
echo 'answer = 43' >answer.txt
commit "Say 43"
git checkout -q main
echo 'answer = 40' >answer.txt
commit "Say 40"
git merge -q other >/dev/null 2>&1
[ -f .git/MERGE_HEAD ] || fail "no merge is under way"
refused "an unmerged file" 'answer\.txt is unmerged'
cmp -s .git/MERGE_HEAD .git/refs/heads/other || fail "the merge is gone"
echo 'answer = 41' >answer.txt
git add answer.txt
works "a merge under way, resolved but not committed"
[ -f .git/MERGE_HEAD ] || fail "the merge is gone"
expect 3 "$COUNCIL" apply
one_line_error
has "$errout" 'a merge is under way'
user_state | cmp -s - "$work/before" || fail "apply during a merge changed something"
[ -f .git/MERGE_HEAD ] || fail "the merge is gone"
ok "apply during a merge: exit 3, the merge is as it was"

# -- what is worked in --------------------------------------------------------------
small_repo detached
echo more >more.txt
commit "More"
git checkout -q --detach HEAD~1
works "a detached HEAD"

small_repo inside
cd sub/dir || exit 1
expect 0 sh "$work/council_run"
cd ../.. || exit 1
[ "$(git show "$(last_branch):answer.txt")" = 'answer = 42' ] || fail "nothing on the branch"
[ -z "$(git status --porcelain)" ] || fail "the tree changed"
ok "in a subdirectory"

small_repo linked
git branch side
git worktree add -q "$work/elsewhere" side
cd "$work/elsewhere" || exit 1
echo 'not committed' >mine.txt
works "a linked worktree"
has - 'uncommitted work'
[ "$(git worktree list | wc -l)" -eq 3 ] || fail "not the user's two worktrees and the run's"
cd "$work/linked" || exit 1
[ -z "$(git status --porcelain)" ] || fail "the main worktree changed"

small_repo library
small_repo parent
git -c protocol.file.allow=always submodule --quiet add "$work/library" lib 2>"$work/err" ||
	fail "submodule: $(cat "$work/err")"
commit "Add the library"
gate_alone=$gate
gate="test -f lib/answer.txt && $gate_alone"
works "a submodule, there in the run's worktree"
echo 'answer = 0' >lib/answer.txt
works "a submodule with uncommitted work inside"
grep -q 'answer = 0' lib/answer.txt || fail "the work inside the submodule is gone"
gate=$gate_alone

# A filter as LFS is one: what git stores is not what lies in the tree.
small_repo filtered
git config filter.swap.clean "tr a-z A-Z"
git config filter.swap.smudge "tr A-Z a-z"
git config filter.swap.required true
echo '*.bin filter=swap' >.gitattributes
echo 'big data' >data.bin
commit "Add data"
[ "$(git show HEAD:data.bin)" = 'BIG DATA' ] || fail "the filter does not work"
gate="grep -q 'big data' data.bin && $gate_alone"
works "a clean and smudge filter"
[ "$(git show "$branch:data.bin")" = 'BIG DATA' ] || fail "stored unfiltered"
echo 'other data' >data.bin
gate="grep -q 'other data' data.bin && $gate_alone"
works "a filter, with uncommitted work"
[ "$(git show "$branch:data.bin")" = 'OTHER DATA' ] || fail "the snapshot is unfiltered"
gate=$gate_alone
if command -v git-lfs >/dev/null; then
	small_repo lfs
	git lfs install --local >/dev/null
	git lfs track '*.dat' >/dev/null
	head -c 100000 /dev/zero >big.dat
	commit "Add a large file"
	gate="test \$(wc -c <big.dat) -eq 100000 && $gate_alone"
	works "LFS"
	gate=$gate_alone
else
	echo "# git-lfs is not installed: a filter stood in for it"
fi

small_repo sparse
mkdir -p wide/a wide/b
echo a >wide/a/f
echo b >wide/b/f
commit "Add more"
git sparse-checkout set --no-cone /answer.txt /check.sh /sub/ 2>/dev/null
[ ! -e wide/a/f ] || fail "the checkout is not sparse"
works "a sparse checkout"
[ "$(git show "$branch:wide/a/f")" = a ] || fail "what is not checked out was deleted"
git sparse-checkout set --cone --sparse-index sub 2>/dev/null
[ ! -e wide ] || fail "the checkout is not sparse"
echo new >sub/new.txt
works "a sparse index, with uncommitted work"
[ "$(git show "$branch:wide/b/f")" = b ] || fail "what is not checked out was deleted"

small_repo attached
git init -q inner
works "a repository inside the tree, without a commit"

small_repo odd
mkdir 'a "b" $c'
echo x >'a "b" $c/new
line'
ln -s /nowhere dangling
git config core.hooksPath /nowhere
works "odd names and a dangling link among uncommitted work"

# -- a repository that cannot be written ------------------------------------------------
small_repo readonly
user_state >"$work/before"
earlier=$(worktrees)
cat >"$work/as_reader" <<'SH'
mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" || exit 99
cd "$1" || exit 99
shift
exec "$@"
SH
blocked=
if unshare -m true 2>/dev/null; then
	blocked="unshare -m sh $work/as_reader $work/readonly"
elif [ "$(id -u)" -ne 0 ]; then
	chmod -R a-w .git
	blocked='env'
fi
if [ -n "$blocked" ]; then
	# shellcheck disable=SC2086
	expect 2 $blocked "$COUNCIL" run --replay "$work/mend.json" --test "$gate" "mend the answer"
	one_line_error
	has "$errout" 'readonly/.git cannot be written.*([Rr]ead-only|[Pp]ermission denied)'
	chmod -R u+w .git
	user_state | cmp -s - "$work/before" || fail "the tree changed"
	no_worktree_left "$earlier"
	[ -z "$(git for-each-ref refs/heads/council refs/council)" ] || fail "a ref is left"
	ok "a read-only repository: exit 2 and one line"
else
	echo "# no mount name space here: the read-only repository was not tried"
fi

# -- two runs at once ---------------------------------------------------------------
small_repo twice
echo 'mine' >mine.txt
user_state >"$work/before"
go=$work/go
gate="until test -e $go; do sleep 0.02; done; $gate_alone"
sh "$work/council_run" >"$work/out1" 2>&1 </dev/null & first=$!
sh "$work/council_run" >"$work/out2" 2>&1 </dev/null & second=$!
pids="$pids $first $second"
for _ in $(seq 600); do # both are in the gate before either goes on
	n=$(sql "SELECT count(*) FROM event WHERE type = 'stage.started' AND run IN
		(SELECT id FROM run WHERE repository = '$work/twice')" 2>/dev/null)
	[ "${n:-0}" -ge 2 ] && break
	sleep 0.05
done
[ "${n:-0}" -ge 2 ] || fail "the two are not in their gates: $(cat "$work/out1" "$work/out2")"
: >"$go"
wait "$first" || fail "the first: $(cat "$work/out1")"
wait "$second" || fail "the second: $(cat "$work/out2")"
branches=$(sql "SELECT branch FROM run WHERE repository = '$work/twice'")
[ "$(echo "$branches" | sort -u | wc -l)" -eq 2 ] || fail "one branch: $branches"
for branch in $branches; do
	[ "$(git show "$branch:answer.txt")" = 'answer = 42' ] || fail "$branch lacks the change"
done
user_state | cmp -s - "$work/before" || fail "the tree changed"
ok "two runs at once: both done, on branches of their own"
