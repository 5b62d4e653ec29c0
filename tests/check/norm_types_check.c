/* norm_types_check.c - every 16-bit number is read as it is, and every f32 that a set could round
 * wrongly is written as its nearest: a norm that is told that the root mean square is 1 is a
 * conversion. */
#include "norm_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "element.h"

enum { CODES = 1 << 16, COLUMNS = CODES + 5 }; /* the last ones are a tail */

/* y = x, from one type to another. */
static void convert(void *x, weir_dtype from, void *y, weir_dtype to)
{
    const weir_norm norm = {.op = WEIR_RMSNORM, .dim = COLUMNS};
    const weir_moments one = {1, 0, 1};
    const weir_norm_fwd args = {.rows = 1, .x = {x, from, 0}, .y = {y, to, 0}, .moments = &one};
    assert_int_equal(weir_norm_forward(&norm, &args, NULL), WEIR_OK);
}

static void every_code_is_read(weir_dtype type)
{
    static uint16_t x[COLUMNS];
    static float y[COLUMNS];
    for (int j = 0; j < COLUMNS; j++) x[j] = (uint16_t)j;
    convert(x, type, y, WEIR_F32);
    for (int j = 0; j < COLUMNS; j++) {
        const float want = element_get(type, x, j);
        if (isnan(want) ? !isnan(y[j]) : bits_of(y[j]) != bits_of(want))
            fail_msg("%s %#x is read as %#x, not %#x", weir_dtype_name(type), x[j], bits_of(y[j]),
                     bits_of(want));
    }
}

/* The numbers at, just below and just above the middle between each value and the next. */
static void every_tie_is_written(weir_dtype type)
{
    static float x[COLUMNS];
    static uint16_t y[COLUMNS], want[1];
    for (int beside = -1; beside <= 1; beside++) {
        for (int j = 0; j < COLUMNS; j++) {
            const uint16_t code[2] = {(uint16_t)j, (uint16_t)(j + 1)};
            const double low = (double)element_get(type, code, 0);
            double high = (double)element_get(type, code, 1);
            if (isinf(high))
                high = 2 * low - (double)element_get(type, &(uint16_t){code[0] - 1}, 0);
            x[j] = (float)((low + high) / 2);
            if (beside) x[j] = nextafterf(x[j], beside < 0 ? -INFINITY : INFINITY);
        }
        convert(x, WEIR_F32, y, type);
        for (int j = 0; j < COLUMNS; j++) {
            element_put(type, want, 0, (float)element_round(type, (double)x[j]));
            if (isnan(x[j]) && isnan(element_get(type, y, j))) continue;
            if (y[j] != want[0])
                fail_msg("%.9g is written as %s %#x, not %#x", (double)x[j], weir_dtype_name(type),
                         y[j], want[0]);
        }
    }
}

static void every_16_bit_number(void **state)
{
    (void)state;
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++)
        for (weir_dtype type = WEIR_BF16; type <= WEIR_F16; type++) {
            weir_set_isa_ceiling(isa);
            every_code_is_read(type);
            every_tie_is_written(type);
        }
}

/* And back: no NaN becomes an infinity on the way. */
static void what_is_read_is_written_back(void **state)
{
    static uint16_t x[COLUMNS], y[COLUMNS];
    (void)state;
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++)
        for (weir_dtype type = WEIR_BF16; type <= WEIR_F16; type++) {
            weir_set_isa_ceiling(isa);
            for (int j = 0; j < COLUMNS; j++) x[j] = (uint16_t)j;
            convert(x, type, y, type);
            for (int j = 0; j < COLUMNS; j++)
                assert_true(y[j] == x[j] ||
                            (isnan(element_get(type, x, j)) && isnan(element_get(type, y, j))));
        }
}

enum { LINE = 4096 };

/* LayerNorm's statistics of some rows, of x with a residual or alone. */
static void statistics(void *x, void *residual, weir_dtype type, int64_t rows, int64_t dim,
                       float stats[3][LINE])
{
    static float y[LINE];
    const weir_norm norm = {.op = WEIR_LAYERNORM, .dim = dim, .eps = 1e-5};
    const weir_norm_fwd args = {.rows = rows,
                                .x = {x, type, 0},
                                .residual = {residual, type, 0},
                                .alpha = residual ? 0.75F : 0,
                                .y = {y, type, 0},
                                .mean = stats[0],
                                .mean_lo = stats[1],
                                .rstd = stats[2]};
    assert_int_equal(weir_norm_forward(&norm, &args, NULL), WEIR_OK);
}

/* Numbers between 2^-40 and 2^40, whose sum in double depends on the order: bf16 are added in that of
 * f32, whatever order a set reads them in. mean_lo shows the last bits of a sum. */
static void bf16_are_summed_in_the_order_of_f32(void **state)
{
    static const int64_t widths[] = {5, 31, 32, 33, 64, 100, 256, 1000, 1024, 1100, 4096};
    static uint16_t codes[2][LINE];
    static float x[2][LINE], want[3][LINE], got[3][LINE];
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 7, 0);
    for (int k = 0; k < 2; k++)
        for (int j = 0; j < LINE; j++) {
            const uint64_t exponent = 127 - 40 + weir_rng_below(&rng, 80);
            codes[k][j] = (uint16_t)((weir_rng_u32(&rng) & 0x807f) | exponent << 7);
            x[k][j] = element_get(WEIR_BF16, codes[k], j);
        }
    for (size_t w = 0; w < sizeof widths / sizeof widths[0]; w++)
        for (int residual = 0; residual < 2; residual++) {
            const int64_t dim = widths[w], rows = LINE / dim;
            weir_set_isa_ceiling(WEIR_ISA_SCALAR);
            statistics(x[0], residual ? x[1] : NULL, WEIR_F32, rows, dim, want);
            for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
                weir_set_isa_ceiling(isa);
                statistics(codes[0], residual ? codes[1] : NULL, WEIR_BF16, rows, dim, got);
                for (int k = 0; k < 3; k++)
                    assert_memory_equal(got[k], want[k], (size_t)rows * sizeof want[k][0]);
            }
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_16_bit_number),
        cmocka_unit_test(what_is_read_is_written_back),
        cmocka_unit_test(bf16_are_summed_in_the_order_of_f32),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
