/* limits.h - what each part of a norm costs by itself: the loops of bench_limits.c, for each set. */
#ifndef WEIR_BENCH_LIMITS_H
#define WEIR_BENCH_LIMITS_H

#include <stddef.h>
#include <stdint.h>

/* Rows of this many columns; n is a multiple of it. */
enum { LIMIT_COLUMNS = 1024 };

typedef struct limit_buffers {
    float *a, *b, *out, *gamma, *beta;
    uint16_t *halves, *out_halves;
} limit_buffers;

typedef void limit_loop(const limit_buffers *m, int64_t n);

/* What the loops do to n elements. */
#define LIMIT_LOOPS(X)                                                                             \
    X(read_one, 4, "read one stream")                                                              \
    X(read_two, 8, "read two streams at once")                                                     \
    X(write_near, 4, "write, through the caches")                                                  \
    X(write_far, 4, "write, past the caches")                                                      \
    X(copy_near, 8, "copy, through the caches")                                                    \
    X(copy_far, 8, "copy, past the caches")                                                        \
    X(copy_two, 12, "copy of two streams into one, past them")                                     \
    X(measure_rms, 4, "sum of squares, in double")                                                 \
    X(measure_ln, 4, "both sums of LayerNorm, in double")                                          \
    X(measure_bf16, 2, "sum of squares of bf16, in double")                                        \
    X(measure_bf16_f32, 2, "sum of squares of bf16, in f32")                                       \
    X(write_rms, 8, "the second pass of RMSNorm")                                                  \
    X(write_ln, 8, "the second pass of LayerNorm")                                                 \
    X(write_ln_bf16, 4, "the same from and to bf16")                                               \
    X(write_ln_f16, 4, "the same from and to f16")                                                 \
    X(back_sums, 8, "the sums of LayerNorm's backward")                                            \
    X(back_columns, 12, "its second pass, past the caches")

enum {
#define X(name, bytes, what) LIMIT_##name,
    LIMIT_LOOPS(X)
#undef X
        LIMITS
};

typedef limit_loop *limit_set[LIMITS];
extern const limit_set limit_set_scalar, limit_set_avx2, limit_set_avx512, limit_set_avx512bf16,
    limit_set_neon;

#endif
