#!/bin/sh
# selftest.sh BUILD: shows that run.sh fails when output, messages or status are other than expected, and that --update
# then makes them the expected ones.
set -u
here=$(cd "$(dirname "$0")" && pwd)
WEIR_CASES=$(mktemp -d) || exit 2
export WEIR_CASES
trap 'rm -rf "$WEIR_CASES"' EXIT
bad=0

# passes NAME, fails NAME: what run.sh says of that case.
passes() { sh "$here/run.sh" "$build" "$1" >"$WEIR_CASES/log" || { bad=1 && echo "$1 fails" && cat "$WEIR_CASES/log"; }; }
fails() { sh "$here/run.sh" "$build" "$1" >"$WEIR_CASES/log" && bad=1 && echo "$1 passes"; }

build=$1
echo 'pwd; echo said >&2; exit 3' >"$WEIR_CASES/case.cmd"
fails case
sh "$here/run.sh" --update "$build" case
passes case
[ "$(cat "$WEIR_CASES/case.out" "$WEIR_CASES/case.err" "$WEIR_CASES/case.status")" = "@TMP
said
3" ] || { bad=1 && echo "not what was said"; }
for suffix in out err status; do
    cp "$WEIR_CASES/case.$suffix" "$WEIR_CASES/kept"
    echo 1 >>"$WEIR_CASES/case.$suffix"
    fails case
    rm "$WEIR_CASES/case.$suffix"
    fails case
    mv "$WEIR_CASES/kept" "$WEIR_CASES/case.$suffix"
    passes case
done
echo ':' >"$WEIR_CASES/case.cmd"
fails case
sh "$here/run.sh" --update "$build" case
passes case
exit $bad
