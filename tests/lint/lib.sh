# lib.sh - what the lints share. A lint is called as `sh LINT.sh ROOT`, prints one line for each fault
# (file:line: what is wrong) and exits 1 when there was one.
# shellcheck shell=sh
set -eu
# An interrupted one removes what it made too: dash does not run what is trapped on EXIT then.
trap 'exit 1' HUP INT TERM
# shellcheck disable=SC2034 # the lints use it
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:?usage: $0 ROOT}"

# Prints the files below the folders that are there, in a stable order: list 'FOLDER...' NAME-PATTERN...
list() {
    folders=
    for folder in $1; do
        [ ! -e "$folder" ] || folders="$folders $folder"
    done
    shift
    [ -n "$folders" ] || return 0
    names=
    for pattern; do
        names="${names:+$names -o }-name $pattern"
    done
    set -f
    # shellcheck disable=SC2086 # lists of words
    find $folders -type f \( $names \) -print | LC_ALL=C sort
    set +f
}

# Prints a fault, and remembers that there was one.
faults=0
fault() {
    faults=$((faults + 1))
    echo "$1"
}

# Runs awk over files and remembers whether it found anything: scan "$(list ...)" AWK-ARGUMENT...
scan() {
    files=$1
    shift
    # shellcheck disable=SC2086 # one word a file
    found=${files:+$(awk "$@" $files)}
    [ -z "$found" ] || fault "$found"
}

# The last command of a lint.
verdict() {
    [ "$faults" -eq 0 ]
}
