#!/bin/sh
# check - runs the example and compares what it prints: check.sh PROGRAM. With --installed BUILD it first installs the
# build into a temporary folder and compiles norm.c against what is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
program=$1
if [ "$program" = --installed ]; then
    tree=$(mktemp -d)
    trap 'rm -rf "$tree"' EXIT
    DESTDIR=$tree cmake --install "$2" --prefix /opt/weir >/dev/null
    pc=$(find "$tree" -name weir.pc)
    PKG_CONFIG_PATH=$(dirname "$pc")
    export PKG_CONFIG_PATH
    program=$tree/norm
    # shellcheck disable=SC2046 # a list of options
    "${CC:-cc}" -std=c11 "$here/norm.c" $(pkg-config --cflags --libs weir) -o "$program"
    LD_LIBRARY_PATH=$(pkg-config --variable=libdir weir)
    export LD_LIBRARY_PATH
fi
want='0.3651 0.7303 1.0954 1.4606
-1.4142 0.0000 0.0000 1.4142'
got=$("$program")
[ "$got" = "$want" ] || {
    printf 'wanted:\n%s\ngot:\n%s\n' "$want" "$got"
    exit 1
}
