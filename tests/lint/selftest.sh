#!/bin/sh
# selftest - shows that a lint can fail: sh selftest.sh LINT builds a small tree in which LINT finds nothing, puts one
# fault after another into it, and demands that each is found, in the file that has it.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
lint=${1:?usage: $0 LINT}
tree=$(mktemp -d)
trap 'rm -rf "$tree" "$tree.so"' EXIT
trap 'exit 1' HUP INT TERM
library=$tree.so
bad=0
cases=0

# A tree without a fault.
plant() {
    rm -rf "${tree:?}"/*
    mkdir -p "$tree/include/weir" "$tree/src/base" "$tree/src/nn" "$tree/src/ops/dot" "$tree/src/simd" "$tree/layouts" \
        "$tree/tests/base" "$tree/tests/simd"
    cat >"$tree/include/weir/dot.h" <<'END'
#ifndef WEIR_DOT_H
#define WEIR_DOT_H
#include <stdint.h>
#define WEIR_API
WEIR_API float weir_dot(int64_t n, const float *x);
#endif
END
    cat >"$tree/src/nn/walk.c" <<'END'
#include "ops/dot/dot_rows.h"
#include "local.h"
#include <stdio.h>
#include "weir/dot.h"
/* printf( and malloc( in a comment; exit(1) */
static int walk(struct list *a, char *s) // getenv(s)
{
    a->free(a), rand = a.malloc;
    return snprintf(s, 1, "exit(%d) \" abort(1)", 3);
}
END
    echo '#include "weir/dot.h"' >"$tree/src/nn/local.h"
    echo '#include "base/mem.h"' >"$tree/src/ops/dot/dot_rows.h"
    echo '# Dot' >"$tree/src/ops/dot/dot.md"
    echo weir_dot >"$tree/src/ops/libweir.symbols"
    echo '#include <stdlib.h>' >"$tree/src/base/mem.h"
    echo 'static inline vf vf_add(vf a, vf b)' | tee "$tree/src/simd/simd_scalar.h" >"$tree/src/simd/simd_wide.h"
    echo 'vf_add' >"$tree/tests/simd/words_body.h"
    echo '# Pre-LN' >"$tree/layouts/pre.layout"
    echo 'set(FLAGS -ffp-contract=off -fno-math-errno)' >"$tree/CMakeLists.txt"
    echo 'int t(void) { return assert(!(err <= tol)) || a->tol < 1; }' >"$tree/tests/base/test_mem.c"
}

# Runs the lint on the tree and demands a fault in file $1 (none: no fault).
expect() {
    cases=$((cases + 1))
    status=0
    output=$(sh "$here/$lint.sh" "$tree" "$library" 2>&1) || status=$?
    if [ "$1" = none ]; then
        [ "$status" -eq 0 ] && return
        echo "$lint: a tree without a fault fails ($status): $output"
    else
        [ "$status" -eq 1 ] && echo "$output" | grep -q -F "$1" && return
        echo "$lint: a fault in $1 is not found ($status): $output"
    fi
    bad=1
}

# A fault: appends text $2 to file $1 of a fresh tree, and expects that the lint names that file (or $3).
fault() {
    plant
    mkdir -p "$(dirname "$tree/$1")"
    printf '%b\n' "$2" >>"$tree/$1"
    expect "${3:-$1}"
}

# A fresh tree, and a library for the lint of symbols beside it, made from C text $1.
link_library() {
    plant
    echo "$1" | "${CC:-cc}" -shared -fPIC -x c - -o "$library"
}

# An object $1.c.o, made from C text $2, beside a kernels.def with one row of this architecture and one of another.
compile() {
    plant
    mkdir "$library"
    printf 'WEIR_KERNEL(DOT, %s)\n' 'SCALAR, dot, scalar' 'NEON, dot, neon' >"$tree/src/ops/kernels.def"
    echo "$2" | "${CC:-cc}" -c -x c - -o "$library/$1.c.o"
}

# A function whose body, with its braces, has $1 lines.
long() {
    awk -v n="$1" 'BEGIN { print "int f(void)\n{"; for (i = 0; i < n - 2; i++) print "    f();"; print "}" }'
}

plant
case "$lint" in symbols | objects) ;; *) expect none ;; esac
case "$lint" in
floors)
    fault src/base/up.c '#include "nn/local.h"'
    fault src/nn/walk.c '#  include "train/config.h"'
    fault src/nn/walk.c '#include "base/../cli/x.h"'
    fault src/nn/walk.c '#include "nowhere.h"'
    fault src/nn/walk.c '#include <immintrin.h>'
    fault src/attic/a.c 'int a;'
    fault include/weir/dot.h '#include <pthread.h>'
    fault include/weir/dot.h '#include "base/mem.h"'
    fault include/weir/dot.h '#include <omp.h>'
    fault src/nn/walk.c '#include <omp.h>'
    plant
    echo '#include <omp.h>' >"$tree/include/weir/openmp.h"
    expect none
    ;;
sizes)
    plant
    long 120 >"$tree/src/base/long.c"
    expect none
    fault src/base/long.c "$(long 121)"
    fault src/base/long.c 'struct s {\n};\nint f(int a) {\n'"$(yes ';' | head -n 120)"'\n}'
    fault tests/base/test_long.c "$(yes ';' | head -n 801)"
    ;;
banned)
    fault src/nn/walk.c 'int f(void) { return strcpy(a, b); }'
    fault src/nn/walk.c 'int f(void) { return "(" /* */ + atoi ("1"); }'
    fault src/nn/walk.c 'void *p = malloc(1);'
    fault src/base/mem.h 'void f(void) { printf("x"); }'
    fault src/base/mem.h 'void f(void) { exit(1); }'
    fault src/base/mem.h 'void f(void) { fprintf(stderr, "x"); }'
    fault tests/base/test_mem.c 'int r = rand();'
    fault include/weir/dot.h 'int f(void) { return getenv("X"); }'
    ;;
headers)
    fault include/weir/dot.h 'size_t n;'
    fault include/weir/late.h '#ifndef L\n#define L\n#include "weir/absent.h"\n#endif'
    fault include/weir/twice.h 'typedef struct twice { int a; } twice;'
    echo 'int main() { return 0; }' | ${CXX:-c++} -x c++ -fsyntax-only - 2>/dev/null &&
        fault include/weir/words.h '#ifndef W\n#define W\nint f(int class);\n#endif'
    echo 'int main(void) { return 0; }' | ${CC:-cc} -fopenmp -x c -fsyntax-only - 2>/dev/null &&
        fault include/weir/omp.h '#ifndef O\n#define O\n#ifdef _OPENMP\nint f(int class, int)\n#endif\n#endif'
    ;;
names)
    fault src/nn/mem.h 'int a;'
    fault src/nn/Walk.c 'int a;'
    fault src/nn/walk-fast.c 'int a;'
    ;;
words)
    for word in 'TO''DO' 'FIX''ME' 'X''XX'; do
        fault src/nn/walk.c "/* $word: later */"
        fault docs/page.md "$word"
        fault scripts/amalgamate "# $word"
    done
    plant
    printf 'char name[] = "run.%s%s";\n' 'X''X' 'X''X''X''X' >>"$tree/src/nn/walk.c"
    expect none
    ;;
notes)
    fault layouts/none.layout 'sublayer x = x + f(x)\n# Title'
    fault src/ops/axpy/axpy_rows.h 'int a;' src/ops/axpy/axpy.md
    fault src/ops/axpy/axpy.txt '# Axpy' src/ops/axpy/axpy.md
    ;;
flags)
    fault CMakeLists.txt 'set(FLAGS -ff''ast-math)'
    fault cmake/x.cmake 'set(FLAGS -O''fast)'
    fault cmake/x.cmake 'set(FLAGS -funsafe-''math-optimizations)'
    fault Makefile 'CFLAGS = -ffp-contract=fa''st'
    fault src/base/mem.h '#pragma STDC FP_CONTRACT O''N'
    fault scripts/same_bits 'options=-O''fast'
    ;;
compares)
    fault tests/base/test_a.c 'int f(void) { if (err > tol) return 1; }'
    fault tests/base/test_a.c 'int f(void) { return fabs(a - b) >= 2 * tolerance; }'
    fault tests/base/test_a.c 'int f(void) { return fabs(a - b)>row.tol; }'
    ;;
vocabulary)
    fault src/simd/simd_wide.h 'static inline vf vf_odd(vf a)'
    fault src/simd/simd_scalar.h 'static inline vf vf_odd(vf a)' src/simd/simd_wide.h
    fault src/simd/simd_scalar.h 'static inline vf vf_odd(vf a)' tests/simd/words_body.h
    fault src/simd/simd_words.h 'static inline vf *vf_odd(vf a)' tests/simd/words_body.h
    plant
    echo 'static inline vf vf_odd(vf a)' | tee "$tree/src/simd/simd_words.h" >>"$tree/src/simd/simd_wide.h"
    echo vf_odd >>"$tree/tests/simd/words_body.h"
    expect none
    ;;
symbols)
    dot='float weir_dot(void) { return 0; }' axpy='void weir_axpy(void) {}'
    declared='\nWEIR_API void weir_axpy(void);'
    link_library "$dot"
    expect none
    link_library "$dot $axpy"
    expect 'exports weir_axpy'
    link_library 'int weir_hidden;'
    expect 'does not export weir_dot'
    link_library "$dot $axpy"
    fault include/weir/dot.h "$declared" 'declares weir_axpy'
    fault include/weir/dot.h '\nWEIR_API void\n    weir_axpy(void);' 'declares weir_axpy'
    fault src/ops/libweir.symbols weir_axpy 'lists weir_axpy'
    for names in 'weir_dot\nweir_axpy' 'weir_axpy\nweir_dot\nweir_dot'; do
        plant
        printf '%b\n' "$declared" >>"$tree/include/weir/dot.h"
        printf '%b\n' "$names" >"$tree/src/ops/libweir.symbols"
        expect 'not in the order'
    done
    ;;
objects)
    library=$tree/built
    kernels=
    for type in f32 bf16 f16 mixed; do
        kernels="$kernels void weir_k_dot_fwd_${type}_scalar(void) {} void weir_k_dot_bwd_${type}_scalar(void) {}"
    done
    compile dot_scalar "$kernels"
    expect none
    compile dot_scalar "$kernels void weir_k_dot_add_f32_scalar(void) {}"
    expect weir_k_dot_add_f32_scalar
    compile dot_scalar "$(echo "$kernels" | sed 's/void weir_k_dot_bwd_bf16_scalar(void) {}//')"
    expect weir_k_dot_bwd_bf16_scalar
    compile dot_avx2 "$kernels"
    expect dot_avx2.c.o
    if [ "$(uname -m)" = x86_64 ]; then
        compile dot_scalar "$kernels"' void f(void) { __asm__("vaddps %ymm0, %ymm0, %ymm0"); }'
        expect dot_scalar.c.o
        compile dot_scalar "$kernels"' void f(void) { __asm__("vaddps %xmm16, %xmm0, %xmm0"); }'
        expect dot_scalar.c.o
        compile dot_avx2 'void f(void) { __asm__("vaddps %zmm0, %zmm0, %zmm0"); }'
        expect dot_avx2.c.o
    fi
    ;;
*)
    echo "selftest: no cases for $lint" >&2
    exit 1
    ;;
esac
echo "$lint: $cases cases"
exit "$bad"
