/* bench_limits.c - weir-bench-limits: the parts of a norm by themselves, in a cache and beyond it.
 *
 *   weir-bench-limits [SET]
 *
 * One thread on one core, its own time; medians of several rounds. A norm cannot be faster than the
 * sum of what its passes wait for, or, where they overlap, than the longest: so this tells what
 * bounds a number of `weir bench`.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/core.h"
#include "base/mem.h"
#include "limits.h"
#include "simd/isa.h"

enum { ROUNDS = 9 };
static const double SAMPLE_SECONDS = 2e-3;

static const struct {
    const char *name;
    int bytes; /* that an element moves */
    const char *what;
} loops[] = {
#define X(name, bytes, what) {#name, bytes, what},
    LIMIT_LOOPS(X)
#undef X
};

/* Elements: a row in L1, some in L2, and more than caches hold. */
static const int64_t sizes[] = {LIMIT_COLUMNS, 32 * LIMIT_COLUMNS, 16384 * LIMIT_COLUMNS};
static const char *const places[] = {"4 KiB", "128 KiB", "64 MiB"};

static void *need(size_t count, size_t size)
{
    void *p = weir_alloc(count, size);
    if (!p) {
        fprintf(stderr, "weir-bench-limits: out of memory\n");
        exit(1);
    }
    return p;
}

static double seconds_of(limit_loop *loop, const limit_buffers *m, int64_t n)
{
    for (int repeats = 1;; repeats *= 2) {
        const double start = weir_thread_clock();
        for (int i = 0; i < repeats; i++) loop(m, n);
        const double taken = weir_thread_clock() - start;
        if (taken >= SAMPLE_SECONDS) return taken / repeats;
    }
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void bench_size(const limit_set set, const limit_buffers *m, int64_t n, const char *place)
{
    double taken[LIMITS][ROUNDS];
    for (int round = 0; round < ROUNDS; round++)
        for (int k = 0; k < LIMITS; k++) taken[k][round] = seconds_of(set[k], m, n);
    for (int k = 0; k < LIMITS; k++) {
        qsort(taken[k], ROUNDS, sizeof taken[k][0], by_size);
        const double median = taken[k][ROUNDS / 2];
        printf("%-8s %-40s %7.3f ns for 16 elements %8.1f GB/s\n", place, loops[k].what,
               median * 1e9 * 16 / (double)n, (double)n * loops[k].bytes / median * 1e-9);
    }
    fflush(stdout);
}

static const limit_set *const sets[WEIR_ISA_COUNT] = {
    [WEIR_ISA_SCALAR] = &limit_set_scalar,
#if WEIR_HAVE_X86
    [WEIR_ISA_AVX2] = &limit_set_avx2,
    [WEIR_ISA_AVX512] = &limit_set_avx512,
    [WEIR_ISA_AVX512BF16] = &limit_set_avx512bf16,
#endif
#if WEIR_HAVE_NEON
    [WEIR_ISA_NEON] = &limit_set_neon,
#endif
};

int main(int argc, char **argv)
{
    int isa = (int)weir_isa_detect();
    while (argc == 2 && isa >= 0 && strcmp(argv[1], weir_isa_name((weir_isa)isa)) != 0) isa--;
    if (argc > 2 || isa < 0 || !sets[isa]) {
        fprintf(stderr, "usage: weir-bench-limits [scalar|avx2|avx512|avx512bf16|neon], one that "
                        "this CPU has\n");
        return 2;
    }
    const size_t n = (size_t)sizes[2];
    limit_buffers m = {
        need(n, 4), need(n, 4), need(n, 4), need(LIMIT_COLUMNS, 4), need(LIMIT_COLUMNS, 4),
        need(n, 2), need(n, 2)};
    for (size_t i = 0; i < n; i++) {
        m.a[i] = m.b[i] = (float)(i % 509) / 256 - 1;
        m.halves[i] = (uint16_t)(0x3c00 + i % 509);
    }
    for (int j = 0; j < LIMIT_COLUMNS; j++) m.gamma[j] = 1;
    weir_core_hold();
    printf("%s\n", weir_isa_name((weir_isa)isa));
    for (int k = 0; k < 3; k++) bench_size(*sets[isa], &m, sizes[k], places[k]);
    float *const own[] = {m.a, m.b, m.out, m.gamma, m.beta};
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) weir_free(own[k]);
    weir_free(m.halves);
    weir_free(m.out_halves);
    return 0;
}
