#!/bin/sh
# flags - nothing turns on the options that would change a sum: they break the promise of the same bits everywhere.
. "$(dirname "$0")/lib.sh"
files=$(list 'Makefile CMakeLists.txt CMakePresets.json cmake include src tests bench examples fuzz scripts .ci' \
    '*.[ch]' '*.cpp' '*.def' '*.sh' '*.txt' '*.cmake' '*.json' Makefile \
    run amalgamate same_bits side_by_side)
scan "$files" '
/-O[f]ast|-f(fast|unsafe|associative|finite)[a-z-]*[m]ath|-ffp-contract=(fa[s]t|o[n])|FP_CONTRACT +O[N]|\("fast-[m]ath/ {
    print FILENAME ":" FNR ": an option that changes sums"
}'
verdict
