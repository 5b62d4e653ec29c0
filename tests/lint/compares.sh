#!/bin/sh
# compares - no test fails on `error > tolerance`: a NaN would pass it. It demands error <= tolerance.
. "$(dirname "$0")/lib.sh"
scan "$(list 'tests bench' '*.[ch]')" -f "$here/strip.awk" -f "$here/compares.awk"
verdict
