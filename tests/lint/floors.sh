#!/bin/sh
# floors - every #include under src/ and include/ is an edge that floors.txt lists.
. "$(dirname "$0")/lib.sh"
scan "$(list 'include src' '*.[ch]' '*.def')" -v table="$here/floors.txt" '
BEGIN {
    while ((getline line < table) > 0) {
        if (line ~ /^#/ || line == "") continue
        split(line, side, /:[ \t]*/)
        known[side[1]] = 1
        allowed[side[1], side[1]] = 1
        count = split(side[2], rooms, " ")
        for (i = 1; i <= count; i++) allowed[side[1], rooms[i]] = 1
    }
    libc = " assert complex ctype errno fenv float inttypes limits math stdarg stddef stdint stdio stdlib string "
}
FNR == 1 {
    split(FILENAME, part, "/")
    room = part[1] == "include" ? "include" : part[2]
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
    if (!(room in known)) print FILENAME ":1: room " room " is not in tests/lint/floors.txt"
}
/^[ \t]*#[ \t]*include/ {
    where = FILENAME ":" FNR ": "
    if (match($0, /<[^>]*>/)) {
        header = substr($0, RSTART, RLENGTH)
        word = substr(header, 2, length(header) - 4)
        listed = allowed[header, room] || allowed[header, FILENAME]
        if (room == "include" && !index(libc, " " word " ") && !listed) print where "a public header includes " header
        else if ((header in known) && !listed) print where "room " room " includes " header
    } else if (match($0, /"[^"]*"/)) {
        path = substr($0, RSTART + 1, RLENGTH - 2)
        split(path, part, "/")
        target = part[1] == "weir" ? "include" : part[1]
        if (path !~ /\//) target = (getline line < (folder path)) >= 0 ? room : path
        if (path ~ /\.\./) print where "a path with .. : " path
        else if (!(target in known)) print where "no such room: " path
        else if (target != "include" && !allowed[room, target]) print where "room " room " includes " path
    }
}'
verdict
