# banned.awk - the rule of banned.sh; see strip.awk.
BEGIN {
    while ((getline line < table) > 0) {
        if (line ~ /^#/ || line == "") continue
        split(line, field, /:[ \t]*/)
        if (line ~ /^except /) {
            split(field[1], word, " ")
            excepted[word[2], word[3]] = 1
        } else {
            if (sub(/^word /, "", field[1])) any_use[field[1]] = 1
            folders[field[1]] = field[2]
            instead[field[1]] = field[3]
        }
    }
}
function allowed(name,    count, i, list) {
    if (excepted[FILENAME, name]) return 1
    count = split(folders[name], list, " ")
    for (i = 1; i <= count; i++)
        if (index(FILENAME, list[i] "/") == 1) return 1
    return 0
}
function check(line,    name, before, called) {
    while (match(line, /[A-Za-z_][A-Za-z0-9_]*[ \t]*\(?/)) {
        name = substr(line, RSTART, RLENGTH)
        before = RSTART > 1 ? substr(line, RSTART - 1, 1) : ""
        line = substr(line, RSTART + RLENGTH)
        called = sub(/[ \t]*\($/, "", name)
        sub(/[ \t]+$/, "", name)
        if (!(name in folders) || before ~ /[.>]/ || !(called || name in any_use)) continue
        if (!allowed(name)) print FILENAME ":" FNR ": " name ": " instead[name]
    }
}
