#!/bin/sh
# sizes - no file has more than 800 lines, no function more than 120.
. "$(dirname "$0")/lib.sh"
scan "$(list 'include src tests bench examples fuzz' '*.[ch]' '*.cpp' '*.def' '*.sh' '*.py')" '
FNR == 1 { start = 0 }
FNR == 801 { print FILENAME ": more than 800 lines" }
FILENAME !~ /\.[ch]$/ { next }
# In the project style a function opens with a brace alone in the first column and closes with one.
/^\{$/ || /^[A-Za-z_].*\).*\{$/ { start = FNR }
/^\}/ {
    if (start && FNR - start + 1 > 120) print FILENAME ":" start ": a function of " FNR - start + 1 " lines (at most 120)"
    start = 0
}'
verdict
