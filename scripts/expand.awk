# expand.awk - C files, each after the files that it includes:
#   awk -f expand.awk [-v after='FILE...'] [-v guards=1] FILE...
# Each FILE is a unit, as a compiler sees it. What several units include is printed once, and not at all where one of `after`
# includes it. An #include behind code makes its file a part of the one that includes it, as a list (.def) always is: it may
# mean something else each time. Guards are left out, unless `guards` is set; a file without one is nobody else's, and is
# printed as one "by itself".
function fail(message) {
    print "expand: " message >"/dev/stderr"
    failed = 1
    exit 1
}

function exists(path,    line, found) {
    found = (getline line < path) > 0
    close(path)
    return found
}

# The file that an #include in `path` means.
function included(line, path,    part) {
    split(line, part, "\"")
    sub(/[^\/]*$/, "", path)
    if (exists("src/" part[2])) return "src/" part[2]
    if (exists("include/" part[2])) return "include/" part[2]
    if (exists(path part[2])) return path part[2]
    fail("there is no " part[2])
}

function text_of(path,    line, text) {
    if (!exists(path)) fail("there is no " path)
    while ((getline line < path) > 0) text = text line "\n"
    close(path)
    return text
}

function trimmed(text) {
    gsub(/\n\n\n+/, "\n\n", text)
    gsub(/^\n+|\n+$/, "", text)
    return text
}

# The text of a file with its parts, after what it includes has been printed. Sets guarded[path].
function body(path, silent,    lines, n, i, guard, end, code, comment, text, file) {
    n = split(text_of(path), lines, "\n") - 1
    # The guard: its first two lines are `guard` and the next, its last is `end`.
    for (i = 1; i < n && !guard; i++)
        if (lines[i] ~ /^#ifndef .*_H$/ && lines[i + 1] == "#define" substr(lines[i], 8)) guard = i
    for (end = n; guard && lines[end] != "#endif"; end--) continue
    guarded[path] = guard > 0
    for (i = 1; i <= n; i++) {
        if (lines[i] ~ /^#include "/) {
            file = included(lines[i], path)
            if (file ~ /\.def$/) {
                text = text text_of(file)
            } else if (!code) {
                print_file(file, silent || (file in printed))
            } else if (!((unit, file) in reached)) {
                reached[unit, file]
                text = text "\n/* -------- " file " -------- */\n\n" trimmed(body(file, silent))
                text = text "\n\n/* -------- " path ", continued -------- */\n"
            }
        } else if (guard && (i == guard || i == guard + 1 || i == end)) {
            if (guards) text = text lines[i] "\n"
        } else {
            text = text lines[i] "\n"
            if (lines[i] ~ /^\/\*/) comment = 1
            if (!comment && lines[i] !~ /^(#[^d].*)?$/) code = 1
            if (lines[i] ~ /\*\/$/) comment = 0
        }
    }
    text = trimmed(text)
    sub("\n*/\\* -------- " path ", continued -------- \\*/$", "", text)
    return text
}

function print_file(path, silent,    text) {
    if ((unit, path) in reached) return
    reached[unit, path]
    text = body(path, silent)
    if (!silent && text != "")
        print "/* ======== " path (guarded[path] ? "" : ", by itself") " ======== */\n\n" text "\n"
    if (!silent || known) printed[path]
}

BEGIN {
    known = split(after, files, " ")
    for (unit = -known; unit < 0; unit++) print_file(files[-unit], 1)
    known = 0
    for (unit = 1; unit < ARGC; unit++) print_file(ARGV[unit], 0)
    exit failed
}
