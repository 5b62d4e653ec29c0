#!/bin/sh
# Golden tests of the command: run.sh [--update] BUILD [NAME...]
#
# cases/NAME.cmd is a snippet of POSIX sh; it runs with `weir` (of BUILD) on PATH, in a fresh folder with what fixtures.sh
# makes. Its standard output, standard error and exit status must be those of NAME.out, NAME.err and NAME.status; a
# missing .out or .err means nothing, a missing .status 0. Before the comparison the folder's path becomes @TMP.
# A case that cannot run on this machine says why on standard output and exits with 77: it is skipped.
# --update writes what came out as what is expected: read the difference before it is committed.
set -u
here=$(cd "$(dirname "$0")" && pwd)
cases=${WEIR_CASES:-$here/cases}
update=no
if [ "${1:-}" = --update ]; then
    update=yes
    shift
fi
build=$(cd "$1" && pwd) || exit 2
shift
scratch=$(mktemp -d) || exit 2
trap 'chmod -R u+rwx "$scratch"; rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

# expect SUFFIX FILE: compares what came out with cases/NAME.SUFFIX, or writes it there.
expect() {
    want=$cases/$name.$1
    if [ $update = no ]; then
        [ -f "$want" ] || want=/dev/null
        diff -u --label "$name.$1, expected" --label "$name.$1" "$want" "$2"
    elif [ -s "$2" ]; then
        cp "$2" "$want"
    else
        rm -f "$want"
    fi
}

# run_case: leaves out, err and status of the case `name` in the folder $scratch/result.
run_case() {
    rm -rf "$scratch/at" "$scratch/result"
    mkdir "$scratch/at" "$scratch/result"
    (
        cd "$scratch/at" || exit 99
        PATH=$build:$build/tests:$PATH
        OPENBLAS_NUM_THREADS=1
        LC_ALL=C
        export PATH OPENBLAS_NUM_THREADS LC_ALL
        # shellcheck source=tests/cli/fixtures.sh
        . "$here/fixtures.sh"
        # shellcheck source=/dev/null
        . "$cases/$name.cmd"
    ) >"$scratch/result/raw.out" 2>"$scratch/result/raw.err" </dev/null
    status=$?
    for stream in out err; do
        sed "s|$scratch/at|@TMP|g" "$scratch/result/raw.$stream" >"$scratch/result/$stream"
    done
    : >"$scratch/result/status"
    [ $status = 0 ] || echo $status >"$scratch/result/status"
}

if [ $# = 0 ]; then
    for file in "$cases"/*.cmd; do
        set -- "$@" "$(basename "$file" .cmd)"
    done
fi
bad=0
skipped=0
for name; do
    run_case
    if [ "$(cat "$scratch/result/status")" = 77 ]; then
        echo "$name: skipped: $(cat "$scratch/result/out")"
        skipped=$((skipped + 1))
        continue
    fi
    for suffix in out err status; do
        expect $suffix "$scratch/result/$suffix" || bad=$((bad + 1))
    done
done
[ $bad = 0 ] || echo "$bad differences in $# cases"
[ $bad = 0 ] || exit 1
[ $skipped -lt $# ] || exit 77
