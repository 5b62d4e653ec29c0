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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_16_bit_number),
        cmocka_unit_test(what_is_read_is_written_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
