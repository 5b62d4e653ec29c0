#!/bin/sh
# symbols - src/ops/libweir.symbols lists, in order, what the public headers declare with WEIR_API, and libweir.so
# exports that and nothing else: symbols.sh ROOT LIBRARY
. "$(dirname "$0")/lib.sh"
library=${2:?usage: $0 ROOT LIBRARY}
table=src/ops/libweir.symbols
listed=$(cat "$table")
exported=$(nm -D --defined-only "$library" | awk '{ print $3 }')
# A declaration may have its name on the line after WEIR_API.
declared=$(scan "$(list include '*.h')" '
/^WEIR_API( |$)/ { wanted = 1 }
wanted && match($0, /[A-Za-z_0-9]+\(/) { print substr($0, RSTART, RLENGTH - 1); wanted = 0 }')

# A fault for each name of $1 that is not among $2: all_in NAMES NAMES WHERE WHAT-IT-DOES WHAT-IS-AGAINST-IT
all_in() {
    for name in $1; do
        echo "$2" | grep -q -x -F "$name" || fault "$3: $4 $name, which $5"
    done
}

LC_ALL=C sort -c -u "$table" || fault "$table: not in the order of LC_ALL=C sort -u"
all_in "$declared" "$listed" include declares "$table does not list"
all_in "$listed" "$declared" "$table" lists "no public header declares"
all_in "$exported" "$listed" "$library" exports "$table does not list"
all_in "$listed" "$exported" "$library" "does not export" "$table lists"
verdict
