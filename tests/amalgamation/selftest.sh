#!/bin/sh
# selftest - shows that check.sh can fail: selftest.sh ROOT plants one fault after another in weir.c, and demands that each is
# found.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=${1:?usage: $0 ROOT}
bad=0

# fault EDIT PATTERN: after the edit the check fails, and says why.
fault() {
    status=0
    output=$(sh "$here/check.sh" "$root" "$1" 2>&1) || status=$?
    [ "$status" -eq 1 ] && echo "$output" | grep -q -E "$2" && return
    echo "after '$1' the check does not say '$2' ($status): $output"
    bad=1
}

fault '/weir_vf_mul_scalar(weir/,/^}/s/a \* b/a * (b * 1.000001F)/' 'other bits'
fault 's/^static weir_status weir_check_norm/weir_status weir_check_norm/' 'seen from outside'
fault 's/^#pragma GCC diagnostic ignored.*//' 'does not compile'
fault 's/^#error.*//' 'compiles with fast math'
fault 's/\.decoder_alpha = weir_fourth_root_deepnorm(2/&5/' 'examples/deepnorm\.out'
# Where the machine has no such instructions, nothing can be fused.
if "${CC:-cc}" -march=native -dM -E -x c /dev/null 2>/dev/null | grep -q -E '__FMA__|__aarch64__'; then
    fault 's/"fp-contract=off", //; s/FP_CONTRACT OFF/FP_CONTRACT DEFAULT/' 'is fused|other bits'
fi
exit "$bad"
