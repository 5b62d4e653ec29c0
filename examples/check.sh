#!/bin/sh
# check - whether an example prints what WANTED holds:
#   check.sh WANTED PROGRAM                  a program
#   check.sh WANTED SOURCE TREE [-static]    a source, compiled with the weir that pkg-config finds in TREE
# It exits with 77, and says why, where the compiler lacks what the example is about.
set -eu
wanted=$1 program=$2
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
trap 'exit 1' HUP INT TERM

skip() {
    echo "check: $1, so $program is not run"
    exit 77
}

# compile TREE [-static]
compile() {
    PKG_CONFIG_LIBDIR=$(dirname "$(find "$1" -name weir.pc)")
    LD_LIBRARY_PATH=$(dirname "$PKG_CONFIG_LIBDIR")
    export PKG_CONFIG_LIBDIR LD_LIBRARY_PATH
    language=c compiler="${CC:-cc} -std=c11${2:+ $2}"
    case $program in
    *.cpp) language=c++ compiler="${CXX:-c++} -std=c++17${2:+ $2}" ;;
    */openmp.c) compiler="$compiler -fopenmp" ;;
    */threads.c) compiler="$compiler -pthread" ;;
    esac
    printf '#ifdef _OPENMP\n#include <omp.h>\n#endif\nint main(void) { return 0; }\n' |
        $compiler -x $language - -o "$scratch/probe" 2>/dev/null || skip "there is no $compiler"
    options=$(pkg-config --cflags --libs ${2:+--static} weir)
    eval "set -- $options" # pkg-config quotes for a shell what has spaces
    $compiler -Wall -Wextra -Wpedantic -Werror "$program" "$@" -o "$scratch/program"
    program=$scratch/program
}

[ $# -le 2 ] || { shift 2 && compile "$@"; }
[ -e "$program" ] || case $program in *_cpp) skip "there is no C++ compiler" ;; esac
"$program" >"$scratch/out"
diff "$wanted" "$scratch/out"
