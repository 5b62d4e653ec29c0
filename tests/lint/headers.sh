#!/bin/sh
# headers - every public header compiles alone, twice in one file, as C11 and as C++17, with OpenMP and without.
. "$(dirname "$0")/lib.sh"
cc="${CC:-cc} -std=c11 -Wstrict-prototypes -x c"
cxx="${CXX:-c++} -std=c++17 -x c++"
strict='-fsyntax-only -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror -Iinclude'

# Checks every header: check LANGUAGE COMPILER OPTION...
check() {
    language=$1
    shift
    for header in $(list include '*.h'); do
        name=${header#include/}
        # shellcheck disable=SC2086 # strict is a list of words
        printf '#include <%s>\n#include <%s>\nextern int weir_alone;\n' "$name" "$name" | "$@" $strict - ||
            fault "$header:1: does not compile alone as $language"
    done
}

# The same where the compiler knows the language, and OpenMP when asked; else a word about it.
check_if_known() {
    known=$1
    shift
    if printf '#ifdef _OPENMP\n#include <omp.h>\n#endif\nint weir_known;\n' |
        "$@" -fsyntax-only - 2>/dev/null; then
        check "$known" "$@"
    else
        echo "headers: this compiler has no $known; headers are not checked as that"
    fi
}

# shellcheck disable=SC2086 # lists of words
{
    check C11 $cc
    check_if_known 'C11 with OpenMP' $cc -fopenmp
    check_if_known C++17 $cxx
    check_if_known 'C++17 with OpenMP' $cxx -fopenmp
}
verdict
