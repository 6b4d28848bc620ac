#!/bin/sh
# Replays every fuzz target's corpus; a crash or a sanitizer's report fails.
status=0
for program in $FUZZ_TARGETS; do
	name=${program##*/fuzz_}
	if ! "$top_builddir/$program" "$top_srcdir/tests/data/fuzz/$name"; then
		echo "FAIL: $name"
		status=1
	fi
done
exit $status
