/* words_plain.h - what the words of simd/ are compared with: plain C on the bits of one lane, and
 * formats rounded in double. Compiled for what every CPU has. */
#ifndef WEIR_TESTS_SIMD_WORDS_PLAIN_H
#define WEIR_TESTS_SIMD_WORDS_PLAIN_H

#include <stdbool.h>
#include <stdint.h>
#include "check/element.h"

/* Operands: a and b, x and y are all pairs of the edges (zeros, subnormals, infinities, NaNs, ...),
 * then any bits. mild, whose sums depend on their order, are between 2^-8 and 2^8; small are
 * multiples of 1/4 up to 2^22. */
enum { OPERANDS = 4096 };
typedef struct operands {
    uint32_t a[OPERANDS], b[OPERANDS], mild[OPERANDS], small[OPERANDS];
    uint64_t x[OPERANDS], y[OPERANDS], mild_x[OPERANDS];
} operands;
void operands_make(operands *in);

/* One comparison: the word, the bits of what it was given, those it gave, those it should give. */
typedef struct finding {
    const char *word;
    uint64_t a, b, got, want;
} finding;

typedef struct tally {
    const char *set;
    const operands *in;
    unsigned char *end; /* of a writable page, in front of one that nobody may touch */
    long checks, faults;
} tally;

/* Counts it, and prints it when it is a fault (the first ones). */
void expect(tally *t, finding f);

/* One test of all words for each vocabulary. */
typedef void words_test(tally *t);
words_test words_scalar, words_avx2, words_avx512, words_avx512bf16, words_neon;

double double_of(uint64_t bits);
uint64_t bits_of_double(double a);

/* Equal for all NaNs: which one an operation makes is the CPU's affair. */
uint32_t one_nan(uint32_t bits);
uint64_t one_nan_double(uint64_t bits);

/* The words of one and two lanes. Masks are 1 and 0. */
typedef uint32_t plain_1(uint32_t a);
typedef uint32_t plain_2(uint32_t a, uint32_t b);
typedef uint64_t plain_double(uint64_t a, uint64_t b);
plain_1 plain_sqrt, plain_abs, plain_neg, plain_round, plain_pow2, plain_exponent, plain_isnan;
plain_2 plain_add, plain_sub, plain_mul, plain_div, plain_min, plain_max, plain_max_abs;
plain_2 plain_lt, plain_le, plain_eq;
uint32_t plain_mul_add(uint32_t a, uint32_t b, uint32_t c);
plain_double plain_add_double, plain_sub_double, plain_mul_double;

/* A format of fewer bits than f32: of the mantissa, and the exponent of its least normal number. */
typedef struct format {
    const char *name;
    int width, mantissa, least;
} format;
extern const format bf16, f16, e4m3;

/* The code nearest to a float, ties to even; what a code stands for, which is a float. NaNs keep
 * their sign and the first bits of their payload, and become quiet. */
uint32_t format_encode(const format *f, uint32_t bits);
uint32_t format_decode(const format *f, uint32_t code);

/* Floats that show how a format is rounded to: its codes, the ties between them, their neighbours,
 * both signs; then a net over all floats. */
uint32_t format_samples(const format *f);
uint32_t format_sample(const format *f, uint32_t i);

#endif
