#!/bin/sh
# vocabulary - every vocabulary of src/simd has the words of the scalar one and no others, and tests/simd tries each word.
. "$(dirname "$0")/lib.sh"
scalar=src/simd/simd_scalar.h common=src/simd/simd_words.h test=tests/simd/words_body.h

# The words that a header defines.
words() {
    sed -nE 's/^static inline .*[ *](v[fdm]_[a-z0-9_]+)\(.*/\1/p' "$@"
}

for header in $(list src/simd 'simd_*.h'); do
    [ "$header" != "$common" ] || continue
    for word in $(words "$scalar"); do
        words "$header" | grep -q -x "$word" || fault "$header: has no $word"
    done
    for word in $(words "$header"); do
        words "$scalar" | grep -q -x "$word" || fault "$header: has $word, which $scalar has not"
    done
done
for word in $(for header in $(list src/simd simd_scalar.h simd_words.h); do words "$header"; done); do
    grep -q -w "$word" "$test" || fault "$test: does not try $word"
done
verdict
