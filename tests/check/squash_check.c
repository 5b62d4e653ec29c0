/* squash_check.c - tanh, erf and their slopes against libm in double, by the contract of
 * ops/squash_words.h, and against the other sets bit by bit.
 *
 * usage: squash_check          some million floats, with those next to every seam; every set
 *        squash_check every    all floats, by the best set, in some minutes; the largest errors
 */
#include "squash_map.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "element.h"
#include "simd/isa.h"

#define U 0x1p-24

static const uint32_t sign = 0x80000000, infinity = 0x7f800000;

__attribute__((format(printf, 1, 2))) static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    exit(EXIT_FAILURE);
}

/* The sets of this machine, the best one last. */
static const squash_set *const sets[] = {
    &squash_set_scalar,
#if WEIR_HAVE_X86
    &squash_set_avx2,
    &squash_set_avx512,
#endif
#if WEIR_HAVE_NEON
    &squash_set_neon,
#endif
};

static int count_sets(void)
{
    const int built = sizeof sets / sizeof sets[0], best = (int)weir_isa_detect() + 1;
    return best < built ? best : built;
}

/* The spacing of floats at x. */
static double ulp(double x)
{
    const int exponent = x > 0 ? ilogb(x) : -1000;
    return ldexp(1, (exponent < -126 ? -126 : exponent) - 23);
}

/* One function: its exact value, what an error is counted in, and how many of these it may have. */
typedef struct squash_case {
    const char *name, *unit;
    double (*exact)(double x);
    double (*unit_at)(double x, double exact);
    double bound;
    float zero_from; /* of a slope; 0: an odd function, which has 1 for its limit */
    double worst;    /* of what was seen */
    float worst_at;
} squash_case;

static double sech2(double x)
{
    return 1 / (cosh(x) * cosh(x));
}

static double gauss(double x)
{
    return 1.1283791670955126 * exp(-x * x);
}

static double ulp_at(double x, double exact)
{
    (void)x;
    return ulp(exact);
}

/* What is left of a slope below 2^-124 may be lost. */
static double slope_unit(double exact, double moved)
{
    return exact < 0x1p-124 ? 0x1p-124 : (3 + moved) * U * exact;
}

static double tanh_slope_unit(double x, double exact)
{
    return slope_unit(exact, 2 * x);
}

static double erf_slope_unit(double x, double exact)
{
    return slope_unit(exact, 2 * x * x);
}

static squash_case cases[SQUASHES] = {
    [TANH] = {"tanh", "ulp", tanh, ulp_at, 1.09, 0, 0, 0},
    [ERF] = {"erf", "ulp", erf, ulp_at, 1.48, 0, 0, 0},
    [TANH_SLOPE] = {"tanh'", "(3 + 2|x|) u", sech2, tanh_slope_unit, 1, 43.9F, 0, 0},
    [ERF_SLOPE] = {"erf'", "(3 + 2 x^2) u", gauss, erf_slope_unit, 1, 9.4F, 0, 0},
};

/* y = f(x) for x >= 0 or NaN, and y_minus = f(-x). */
static void check_value(squash_case *f, float x, float y, float y_minus)
{
    if (isnan(x)) {
        if (!isnan(y) || !isnan(y_minus)) fail("%s of a NaN is a number", f->name);
        return;
    }
    const int is_odd = f->zero_from == 0;
    if (bits_of(y_minus) != (is_odd ? bits_of(y) ^ sign : bits_of(y)))
        fail("%s(-%a) is %a, %s(%a) %a", f->name, (double)x, (double)y_minus, f->name, (double)x,
             (double)y);
    const double exact = f->exact((double)x);
    const double error = fabs((double)y - exact) / f->unit_at((double)x, exact);
    if (!(error <= f->bound))
        fail("%s(%a) is %a, not %a: %g %s", f->name, (double)x, (double)y, exact, error, f->unit);
    if (is_odd ? (float)exact == 1 && y != 1 : x >= f->zero_from && y != 0)
        fail("%s(%a) is %a, not its limit", f->name, (double)x, (double)y);
    if (error > f->worst) f->worst = error, f->worst_at = x;
}

/* SQUASH_BLOCK floats from `first` on, `stride` apart, none above `last`, and their opposites, by
 * the sets first_set .. end_set - 1. */
static void check_block(uint32_t first, uint32_t stride, uint32_t last, int first_set, int end_set)
{
    float x[2][SQUASH_BLOCK], y[2][SQUASH_BLOCK], other[SQUASH_BLOCK];
    for (uint32_t i = 0; i < SQUASH_BLOCK; i++) {
        const uint64_t bits = first + (uint64_t)i * stride;
        x[0][i] = float_of(bits < last ? (uint32_t)bits : last);
        x[1][i] = float_of(bits_of(x[0][i]) ^ sign);
    }
    for (int f = 0; f < SQUASHES; f++) {
        for (int side = 0; side < 2; side++) {
            (*sets[first_set])[f](x[side], y[side]);
            for (int k = first_set + 1; k < end_set; k++) {
                (*sets[k])[f](x[side], other);
                if (memcmp(y[side], other, sizeof other) != 0)
                    fail("%s: set %d has other bits than set %d, from %a on", cases[f].name, k,
                         first_set, (double)x[side][0]);
            }
        }
        for (int i = 0; i < SQUASH_BLOCK; i++) check_value(&cases[f], x[0][i], y[0][i], y[1][i]);
    }
}

static void check_range(uint32_t first, uint32_t stride, uint32_t last, int first_set, int end_set)
{
    for (uint64_t at = first; at <= last; at += (uint64_t)stride * SQUASH_BLOCK)
        check_block((uint32_t)at, stride, last, first_set, end_set);
}

static void some_floats(void)
{
    /* 0, the first normal number, where the pieces meet, where a limit is reached, infinity */
    static const float seams[] = {0,     0x1p-126F, 0.6931472F, 1.08F,  3.9192F, 3.92F,   9.0109F,
                                  9.28F, 9.4F,      43.67F,     43.84F, 44,      FLT_MAX, INFINITY};
    const uint32_t around = 4096;
    const int end_set = count_sets();
    check_range(0, 251, sign - 1, 0, end_set);
    for (size_t k = 0; k < sizeof seams / sizeof seams[0]; k++) {
        const uint32_t at = bits_of(seams[k]);
        check_range(at < around ? 0 : at - around, 1, at + around, 0, end_set);
    }
}

static void every_float(void)
{
    check_range(0, 1, infinity + 1, count_sets() - 1, count_sets());
    for (int f = 0; f < SQUASHES; f++)
        printf("%-6s %.4f %s, at %a\n", cases[f].name, cases[f].worst, cases[f].unit,
               (double)cases[f].worst_at);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "every") == 0)
        every_float();
    else
        some_floats();
    return EXIT_SUCCESS;
}
