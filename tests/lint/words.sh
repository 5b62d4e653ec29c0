#!/bin/sh
# words - no marks of unfinished work; what is not finished is an issue, not a comment.
. "$(dirname "$0")/lib.sh"
files=$(list 'Makefile CMakeLists.txt cmake include src layouts tests bench examples fuzz scripts docs README.md' \
    '*.[ch]' '*.cpp' '*.def' '*.awk' '*.sh' '*.py' '*.md' '*.txt' '*.cmake' '*.layout' Makefile \
    need format amalgamate same_bits picture side_by_side run)
scan "$files" -v mark='(TO''DO|FIX''ME|X''XX|HA''CK)' '
(" " $0 " ") ~ ("[^A-Za-z0-9_]" mark "[^A-Za-z0-9_]") { print FILENAME ":" FNR ": a mark of unfinished work" }'
verdict
