#!/bin/sh
# snippets - what a page shows is so: snippets.sh ROOT PAGE [LIBRARY [WEIR]]. PAGE is a path below ROOT, LIBRARY a
# libweir.a, WEIR the command. Its fenced blocks are of these kinds:
#
#   ```c       C, which compiles without a warning. The first block is what the others share; each later one is the body of
#              a main behind it, or a program of its own when it has a main.
#   ```sh      commands. Each option of `build/weir COMMAND` is in the help of that command.
#   ```output  what the block above it prints, to the byte; so that block is run. C must return 0. sh runs in a folder of its
#              own, in which build/weir is WEIR, and docs and layouts are those of ROOT.
#   ```layout  the file that the text just above it names, to the byte.
#
# Anything else between fences is a fault, for nobody would check it; so is a file of the repository that is not there.
. "$(dirname "$0")/../lint/lib.sh"
page=${2:?usage: $0 ROOT PAGE [LIBRARY [WEIR]]}
library=${3:-} weir=${4:-}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/run/build"
ln -s "$PWD/docs" "$PWD/layouts" "$work/run"
[ -z "$weir" ] || ln -s "$weir" "$work/run/build/weir"

# Writes every block into a file of its number, and prints for each: number, kind, line, the layout that is named above it.
blocks() {
    awk -v work="$work" '
    /^```/ && !open {
        kind = substr($0, 4)
        gsub(/[^a-z]/, "?", kind)
        open = NR
        body = work "/" ++n
        printf "" >body
        next
    }
    /^```$/ { close(body); print n, kind == "" ? "?" : kind, open, named; open = 0; named = ""; next }
    open { print >body; next }
    NF { named = match($0, /[a-z][a-z0-9\/_-]*\.layout/) ? substr($0, RSTART, RLENGTH) : "" }
    END { if (open) print n, "open", open }' "$page"
}

# The program that block $1, which begins in line $2, stands for. Messages of the compiler name the lines of the page.
program() {
    if grep -q 'int main(' "$work/$1"; then
        printf '#line %d "%s"\n' $(($2 + 1)) "$page"
        cat "$work/$1"
    else
        printf '#line %d "%s"\n' $((shared_line + 1)) "$page"
        cat "$work/$shared"
        printf 'int main(void)\n{\n#line %d "%s"\n' $(($2 + 1)) "$page"
        [ "$1" = "$shared" ] || cat "$work/$1"
        printf 'return 0;\n}\n'
    fi
}

compile() {
    program "$1" "$2" >"$work/$1.c"
    # shellcheck disable=SC2086 # CFLAGS is a list of words
    "${CC:-cc}" -std=c11 -pedantic-errors -Wall -Wextra -Wconversion -Wshadow -Werror -Wno-unused -Iinclude ${CFLAGS:-} \
        -c "$work/$1.c" -o "$work/$1.o" || fault "$page:$2: does not compile"
}

# Demands that block $1 of kind $2, from line $3, prints block $4; does nothing where it cannot be run.
prints() {
    if [ "$2" = c ]; then
        [ -n "$library" ] && [ -f "$work/$1.o" ] || return 0
        # shellcheck disable=SC2086 # CFLAGS is a list of words
        "${CC:-cc}" ${CFLAGS:-} "$work/$1.o" "$library" -lm -pthread -o "$work/$1.run" || {
            fault "$page:$3: does not link"
            return
        }
        "$work/$1.run" >"$work/$1.said" 2>&1 || fault "$page:$3: returns $?"
    else
        [ -n "$weir" ] || return 0
        (cd "$work/run" && sh "$work/$1") >"$work/$1.said" 2>&1 || true
    fi
    diff -u "$work/$4" "$work/$1.said" >"$work/$1.diff" && return
    fault "$page:$3: prints something else than the page says:"
    sed 1,2d "$work/$1.diff"
}

# Demands that the commands of block $1, from line $2, have the options that they are given.
knows_options() {
    [ -n "$weir" ] || return 0
    awk '{
        for (i = 1; i <= NF; i++) {
            if ($i ~ /(^|\/)weir$/) command = $(i + 1)
            if ($i ~ /^--/ && command != "") print command, $i
        }
        if ($NF != "\\") command = ""
    }' "$work/$1" >"$work/$1.options"
    while read -r command option; do
        "$weir" "$command" --help | grep -q -w -F -e "$option" || fault "$page:$2: weir $command has no option $option"
    done <"$work/$1.options"
}

blocks >"$work/index"
shared='' before='' before_kind='' before_line=''
while read -r n kind line named; do
    case $kind in
    c)
        if [ -z "$shared" ] && ! grep -q 'int main(' "$work/$n"; then
            shared=$n shared_line=$line
        fi
        compile "$n" "$line"
        ;;
    sh) knows_options "$n" "$line" ;;
    output)
        case $before_kind in
        c | sh) prints "$before" "$before_kind" "$before_line" "$n" ;;
        *) fault "$page:$line: output of nothing: no c or sh above it" ;;
        esac
        ;;
    layout)
        if [ -z "$named" ]; then
            fault "$page:$line: the text above names no layout"
        elif ! diff -u "$named" "$work/$n" >"$work/$n.diff" 2>&1; then
            fault "$page:$line: not what $named is:"
            sed 1,2d "$work/$n.diff"
        fi
        ;;
    open) fault "$page:$line: this block does not end" ;;
    *) fault "$page:$line: a block of an unknown kind" ;;
    esac
    before=$n before_kind=$kind before_line=$line
done <"$work/index"

for kind in c layout; do
    grep -q " $kind " "$work/index" || fault "$page:1: no $kind: is this the page?"
done
grep -oE '(docs|include|layouts|src|tests)/[A-Za-z0-9_/-]+\.(layout|h|c|md|sh)\b' "$page" | sort -u >"$work/paths" || true
while read -r path; do
    [ -f "$path" ] || fault "$page:1: there is no $path"
done <"$work/paths"
verdict
