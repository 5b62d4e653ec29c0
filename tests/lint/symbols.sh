#!/bin/sh
# symbols - libweir.so exports what the public headers declare with WEIR_API, and nothing else: symbols.sh ROOT LIBRARY
. "$(dirname "$0")/lib.sh"
library=${2:?usage: $0 ROOT LIBRARY}
exported=$(nm -D --defined-only "$library" | awk '{ print $3 }' | LC_ALL=C sort)
declared=$(scan "$(list include '*.h')" '
/^WEIR_API / { match($0, /[A-Za-z_0-9]+\(/); print substr($0, RSTART, RLENGTH - 1) }' | LC_ALL=C sort)
for name in $exported; do
    echo "$declared" | grep -q -x "$name" || fault "$library: exports $name, which no public header declares"
done
for name in $declared; do
    echo "$exported" | grep -q -x "$name" || fault "$library: does not export $name, which a public header declares"
done
verdict
