#!/bin/sh
# names - the name of a source file is in snake_case, and no other source file of the repository has it
# (examples/ apart: those are named for their readers).
. "$(dirname "$0")/lib.sh"
for path in $(list 'include src tests bench fuzz python' '*.[ch]' '*.def' '*.awk' '*.py' '*.cu'); do
    name=$(basename "$path")
    case "$name" in
    [!a-z]* | *[!a-z0-9_.]*) fault "$path:1: the name is not in snake_case" ;;
    esac
    case "${seen=} " in
    *"/$name "*) fault "$path:1: another source file has this name" ;;
    esac
    seen="$seen $path"
done
verdict
