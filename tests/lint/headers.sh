#!/bin/sh
# headers - every public header compiles alone, twice in one file, as C11 and as C++17.
. "$(dirname "$0")/lib.sh"
cc=${CC:-cc} cxx=${CXX:-c++}
strict='-fsyntax-only -pedantic-errors -Wall -Wextra -Wshadow -Wconversion -Werror -Iinclude'
cxx_works=yes
echo 'int main() { return 0; }' | $cxx -std=c++17 -x c++ -fsyntax-only - 2>/dev/null || cxx_works=no
[ "$cxx_works" = yes ] || echo "headers: no C++ compiler here; headers are not checked as C++"

for header in $(list include '*.h'); do
    name=${header#include/}
    source=$(printf '#include <%s>\n#include <%s>\nextern int weir_alone;\n' "$name" "$name")
    # shellcheck disable=SC2086 # strict is a list of words
    {
        echo "$source" | $cc -std=c11 -Wstrict-prototypes -x c $strict - || fault "$header:1: does not compile alone as C11"
        [ "$cxx_works" = no ] || echo "$source" | $cxx -std=c++17 -x c++ $strict - ||
            fault "$header:1: does not compile alone as C++17"
    }
done
verdict
