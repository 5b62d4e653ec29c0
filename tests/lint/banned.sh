#!/bin/sh
# banned - no call of a function that banned.txt forbids in that folder.
. "$(dirname "$0")/lib.sh"
scan "$(list 'include src tests bench examples fuzz' '*.[ch]' '*.cpp' '*.def')" -v table="$here/banned.txt" \
    -f "$here/strip.awk" -f "$here/banned.awk"
verdict
