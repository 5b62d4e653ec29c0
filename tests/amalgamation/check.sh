#!/bin/sh
# check - weir.h and weir.c, as scripts/amalgamate writes them: check.sh ROOT [EDIT]
# They are the same each time they are written, and compile in one call without a warning, optimized or not; the bits are those
# of tests/check/norm_bits.txt, as the library's are; nothing is fused but what is meant to be; the public functions are
# seen from outside, and nothing else; the examples print what they should. EDIT, a script of sed, plants a fault
# in weir.c first, for the selftest. CC, NM, OBJDUMP, and RUN, an emulator, name other programs; TARGET is what a CC that
# compiles for several machines is told.
. "$(dirname "$0")/../lint/lib.sh"
edit=${2:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What follows makes no sense where there was a fault.
so_far_so_good() {
    verdict || exit 1
}

compiler() {
    "${CC:-cc}" ${TARGET:+"--target=$TARGET"} "$@"
}

# compile ARGUMENT...: the one call.
compile() {
    compiler -Wall -Wextra -Wpedantic -Werror -I"$work" "$@" || fault "weir.c: does not compile: $*"
    so_far_so_good
}

run() {
    # shellcheck disable=SC2086 # a command and its options
    ${RUN:-} "$@"
}

# prints FILE PROGRAM
prints() {
    run "$2" | diff "$1" - || fault "weir.c: $1 is not what is printed"
}

# has_bits OBJECT
has_bits() {
    compile tests/check/norm_bits.c tests/check/norm_bits_calls.c "$1" -lm -pthread -o "$work/norm_bits"
    run "$work/norm_bits" --sets tests/check/norm_bits.txt || fault "weir.c: other bits than tests/check/norm_bits.txt has"
}

# shows OBJECT NAMES: to the outside.
shows() {
    [ "$("${NM:-nm}" --defined-only --extern-only "$1" | awk '{ print $3 }' | LC_ALL=C sort)" = "$2" ] ||
        fault "weir.c: other names than these are seen from outside: $2"
}

# fused OBJECT: how many multiplications are fused with an addition.
fused() {
    "${OBJDUMP:-objdump}" -d --no-show-raw-insn "$1" >"$work/code" || fault "weir.c: cannot be disassembled"
    grep -q -E '[[:space:]](v?mulps|fmul)[[:space:]]' "$work/code" || fault "weir.c: multiplies nothing that is seen"
    fused=$(grep -c -E '[[:space:]](vfn?m(add|sub)[0-9a-z]*|fn?m(add|sub|la|ls))[[:space:]]' "$work/code")
}

scripts/amalgamate "$work/weir" >"$work/log"
scripts/amalgamate "$work/again" >"$work/log"
diff -r "$work/weir" "$work/again" >"$work/log" || fault "scripts/amalgamate: writes something else the second time"
sed "$edit" "$work/again/weir.c" >"$work/weir/weir.c"
[ -z "$edit" ] || ! cmp "$work/weir/weir.c" "$work/again/weir.c" || fault "'$edit' changes nothing"
! compiler -ff''ast-math -fsyntax-only "$work/weir/weir.c" 2>"$work/log" || fault "weir.c: compiles with fast math"
so_far_so_good

compile -std=c11 -O0 -c "$work/weir/weir.c" -o "$work/plain.o"
shows "$work/plain.o" "$(cat src/ops/libweir.symbols)"
has_bits "$work/plain.o"
for example in examples/*.c; do
    name=$(basename "$example" .c)
    sed 's/<weir\/openmp\.h>/<weir\/weir.h>/' "$example" >"$work/$name.c"
    compile -DWEIR_OPENMP "$work/$name.c" "$work/plain.o" -lm -pthread -o "$work/$name"
    prints "examples/$name.out" "$work/$name"
done
so_far_so_good

compile -O0 -DWEIR_STATIC -DWEIR_NO_POOL -include "$work/weir/weir.c" -c examples/deepnorm.c -o "$work/static.o"
shows "$work/static.o" main
compile "$work/static.o" -lm -o "$work/static"
prints examples/deepnorm.out "$work/static"
so_far_so_good

native=-march=native
compiler $native -x c -c /dev/null -o "$work/probe.o" 2>"$work/log" || native=
# shellcheck disable=SC2086 # an option or none
compile -O2 $native -c "$work/weir/weir.c" -o "$work/fast.o"
# shellcheck disable=SC2086
compile -O2 $native -ffp-contract=off -c "$work/weir/weir.c" -o "$work/told.o"
fused "$work/told.o"
meant=$fused
fused "$work/fast.o"
[ "$fused" -eq "$meant" ] || fault "weir.c: is fused in $((fused - meant)) more places than are meant"
has_bits "$work/fast.o"
verdict
