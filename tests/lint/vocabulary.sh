#!/bin/sh
# vocabulary - every vocabulary of src/simd has the words of the scalar one and no others, but its own form of what simd_words.h
# makes of words; and tests/simd tries each word. A vocabulary that includes another one has its words.
. "$(dirname "$0")/lib.sh"
scalar=src/simd/simd_scalar.h common=src/simd/simd_words.h test=tests/simd/words_body.h
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export LC_ALL=C

# The words that headers define, in order.
words() {
    sed -nE 's/^static inline .*[ *](v[fdm]_[a-z0-9_]+)\(.*/\1/p' "$@" | sort -u
}

# all_in WORDS FILE SAYING: a fault for each word of WORDS that is not in FILE; both are in order.
all_in() {
    missing=$(comm -23 "$1" "$2" | sed "s|.*|$3|")
    [ -z "$missing" ] || fault "$missing"
}

words "$scalar" >"$work/scalar"
words "$scalar" "$common" >"$work/words"
for header in $(list src/simd 'simd_*.h'); do
    [ "$header" != "$common" ] || continue
    # shellcheck disable=SC2046 # one word a file
    words "$header" $(sed -n 's|^#include "\(simd/simd_.*\)"|src/\1|p' "$header" | grep -v -F -x "$common") >"$work/own"
    all_in "$work/scalar" "$work/own" "$header: has no &"
    all_in "$work/own" "$work/words" "$header: has &, which neither $scalar nor $common has"
done
grep -oE '[A-Za-z0-9_]+' "$test" | sort -u >"$work/tried"
all_in "$work/words" "$work/tried" "$test: does not try &"
[ -s "$work/words" ] || fault "$scalar: has no words"
verdict
