/* norm_quantum_check.c - I8 and E4M3 outputs: scales and codes are what plain steps make of y in
 * f32, to the bit, by every set. */
#include "norm_problem.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "element.h"

/* The scales that a caller may ask for. */
typedef struct limits {
    float min, max; /* 0: norm.h's own */
} limits;

/* The scale of a group, from its y. */
static float scale_of(const float *y, int64_t n, weir_dtype type, limits lim)
{
    const float least = lim.min > 0 ? lim.min : FLT_MIN;
    float most = 0;
    for (int64_t j = 0; j < n; j++) {
        if (!isfinite(y[j])) return NAN;
        if (fabsf(y[j]) > most) most = fabsf(y[j]);
    }
    const float scale = most / (type == WEIR_I8 ? 127.0f : 448.0f);
    if (lim.max > 0 && scale > lim.max) return lim.max;
    return scale < least ? least : scale;
}

static float code_of(float y, float scale, weir_dtype type)
{
    const float largest = type == WEIR_I8 ? 127 : 448;
    if (isnan(scale)) return 0;
    const float v = y * (1 / scale);
    const double code = element_round(type, (double)fminf(fmaxf(v, -largest), largest));
    return (float)(type == WEIR_I8 ? code + 0 : code); /* an integer has no -0 */
}

/* The results of `p`, whose y is f32, with codes in its place. */
static results by_steps(const problem *p, weir_dtype type, limits lim)
{
    results r = problem_run_forward(p, NULL);
    float *y = r.out[Y], *scale = new_array(p->o.rows * p->groups, sizeof(float));
    for (int64_t s = 0; s < p->o.rows * p->groups; s++) {
        scale[s] = scale_of(y + s * p->width, p->width, type, lim);
        for (int64_t k = s * p->width; k < (s + 1) * p->width; k++)
            y[k] = code_of(y[k], scale[s], type);
    }
    r.out[Y_SCALE] = scale;
    return r;
}

static void check_problem(const problem *p, weir_dtype type, limits lim)
{
    problem q = *p;
    q.o.out[Y] = type;
    q.size[Y_SCALE] = p->o.rows * p->groups;
    q.scale_min = lim.min, q.scale_max = lim.max;
    for (output k = DX; k < OUTPUTS; k++) q.size[k] = 0;
    for (output k = MEAN; k <= RSTD; k++) q.size[k] *= p->o.seed % 2 == 0;
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
        weir_set_isa_ceiling(isa);
        results want = by_steps(p, type, lim), got = problem_run_forward(&q, NULL);
        results_same(&q, &want, &got, weir_isa_name(isa));
        results_free(&want);
        results_free(&got);
    }
}

static problem_options draw_options(const weir_op_row *op, weir_rng *rng, int trial)
{
    static const int64_t dims[] = {1, 3, 16, 60, 129, 1040}, wide = 8321;
    const bool is_wide = trial % 40 == 7; /* wider than the room in which y waits for its scale */
    problem_options o = options_draw(op, rng, is_wide ? &wide : dims, is_wide ? 1 : 6);
    o.family = (family)(trial % FAMILIES);
    o.alias = weir_rng_below(rng, 2) ? SUM_IS_X : APART;
    o.out[Y] = WEIR_F32;
    return o;
}

static void codes_are_y_over_its_scale(void **state)
{
    static const limits limit[] = {
        {0, 0}, {0.01f, 0}, {0, 0.002f}, {0.005f, 0.005f}, {1e-3f, 1e9f}};
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int trial = 0; trial < 600 * ops; trial++) {
        weir_rng rng;
        weir_rng_init(&rng, (uint64_t)trial, 23);
        const problem_options o = draw_options(&rows[trial % ops], &rng, trial / ops);
        problem p = problem_make(&o);
        const weir_rounding habits[] = {WEIR_ROUND_ONCE, WEIR_ROUND_ONCE, WEIR_ROUND_XHAT_SUM};
        p.norm.rounding = habits[weir_rng_below(&rng, 3)];
        check_problem(&p, trial / ops % 2 ? WEIR_I8 : WEIR_E4M3, limit[weir_rng_below(&rng, 5)]);
        problem_free(&p);
    }
}

enum { MOST = 1200 };

/* One row of y = x: an RMSNorm that is told that its root mean square is 1. All sets must agree. */
static void quantize(const float *x, int64_t n, weir_dtype type, limits lim, void *codes,
                     float *scale)
{
    const weir_norm norm = {.op = WEIR_RMSNORM, .dim = n};
    const weir_moments one = {1, 0, 1};
    char first[MOST];
    float first_scale;
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
        weir_set_isa_ceiling(isa);
        const weir_norm_fwd args = {.rows = 1,
                                    .x = {(void *)(uintptr_t)x, WEIR_F32, 0},
                                    .y = {codes, type, 0},
                                    .moments = &one,
                                    .y_scale = scale,
                                    .scale_min = lim.min,
                                    .scale_max = lim.max};
        assert_int_equal(weir_norm_forward(&norm, &args, NULL), WEIR_OK);
        if (isa == WEIR_ISA_SCALAR) {
            memcpy(first, codes, (size_t)n);
            first_scale = *scale;
        }
        assert_memory_equal(codes, first, (size_t)n);
        assert_true(*scale == first_scale || (isnan(*scale) && isnan(first_scale)));
    }
}

/* The same, checked against the steps. */
static void check_row(const float *x, int64_t n, weir_dtype type, limits lim)
{
    char codes[MOST];
    float scale;
    quantize(x, n, type, lim, codes, &scale);
    const float want_scale = scale_of(x, n, type, lim);
    if (!(scale == want_scale || (isnan(scale) && isnan(want_scale))))
        fail_msg("the scale is %g, not %g", (double)scale, (double)want_scale);
    for (int64_t j = 0; j < n; j++) {
        const float want = code_of(x[j], want_scale, type), got = element_get(type, codes, j);
        if (memcmp(&want, &got, sizeof got) != 0)
            fail_msg("%.9g with scale %g is %g, not %g", (double)x[j], (double)scale, (double)got,
                     (double)want);
    }
}

static int64_t add_about(float *x, int64_t n, float v)
{
    x[n] = v;
    x[n + 1] = nextafterf(v, INFINITY);
    x[n + 2] = nextafterf(v, -INFINITY);
    for (int k = 0; k < 3; k++) x[n + 3 + k] = -x[n + k];
    return n + 6;
}

/* A row whose largest element is the largest code has the scale 1, so each number shows how it is
 * rounded: all values, all that lie in the middle of two, and the floats next to those. */
static void every_tie_goes_to_the_even_code(void **state)
{
    float x[MOST];
    int64_t n = 0;
    (void)state;
    x[n++] = 127;
    for (int k = 0; k < 127; k++) {
        n = add_about(x, n, (float)k + 0.5f);
        x[n++] = (float)k;
    }
    check_row(x, n, WEIR_I8, (limits){0, 0});
    n = 0;
    x[n++] = 448;
    for (unsigned code = 0; code < 0x7e; code++) {
        const unsigned char here = (unsigned char)code, next = (unsigned char)(code + 1);
        const float low = element_get(WEIR_E4M3, &here, 0), high = element_get(WEIR_E4M3, &next, 0);
        n = add_about(x, n, (low + high) / 2);
        x[n++] = low;
        x[n++] = -low;
    }
    check_row(x, n, WEIR_E4M3, (limits){0, 0});
}

static void rows_at_the_ends_of_float(void **state)
{
    static const weir_dtype types[] = {WEIR_I8, WEIR_E4M3};
    static const limits some[] = {
        {0, 0}, {0.25f, 0}, {0, 0.25f}, {0x1p-126f, 0x1p-126f}, {0, FLT_MAX}, {FLT_MAX, INFINITY}};
    static const float rows[][5] = {{0, -0.0f, 0, 0, 0},
                                    {1e-40f, -1e-41f, 3e-45f, 0, 1e-38f},
                                    {1.4e-45f, -1.4e-45f, 0, 0, 0},
                                    {FLT_MIN, -FLT_MIN, FLT_MIN / 2, 0, 0},
                                    {FLT_MAX, -FLT_MAX, 1, 1e38f, -3e36f},
                                    {NAN, 1, 2, 3, 4},
                                    {1, 2, 3, 4, -NAN},
                                    {1, INFINITY, 2, 3, 4},
                                    {-INFINITY, 1, 2, NAN, 4},
                                    {1e30f, 1, 1e-30f, 0, -1e30f},
                                    {-1, 0.5f, 0.25f, 1, 0}};
    (void)state;
    for (int t = 0; t < 2; t++)
        for (size_t l = 0; l < sizeof some / sizeof some[0]; l++)
            for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
                for (int64_t n = 1; n <= 5; n++) check_row(rows[r], n, types[t], some[l]);
}

/* Behind the last column xhat would be -mean * rstd, which is infinite here. */
static void a_mean_at_the_end_of_float(void **state)
{
    const float x[3] = {3e38f, 3e38f, 3e38f};
    const weir_norm norm = {.op = WEIR_LAYERNORM, .dim = 3, .eps = 1e-5};
    (void)state;
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
        signed char codes[3] = {1, 1, 1};
        float scale = 1;
        const weir_norm_fwd args = {.rows = 1,
                                    .x = {(void *)(uintptr_t)x, WEIR_F32, 0},
                                    .y = {codes, WEIR_I8, 0},
                                    .y_scale = &scale};
        weir_set_isa_ceiling(isa);
        assert_int_equal(weir_norm_forward(&norm, &args, NULL), WEIR_OK);
        assert_true(scale == 0x1p-126f);
        assert_memory_equal(codes, "\0\0\0", 3);
    }
}

/* What norm.h says in numbers. */
static void a_few_rows_by_hand(void **state)
{
    signed char codes[4];
    float scale;
    (void)state;
    quantize((float[]){1, -2, 0.5f, 0}, 4, WEIR_I8, (limits){0, 0}, codes, &scale);
    assert_true(scale == 2.0f / 127);
    assert_memory_equal(codes, ((signed char[]){64, -127, 32, 0}), 4);
    quantize((float[]){0, 0, 0, 0}, 4, WEIR_I8, (limits){0, 0}, codes, &scale);
    assert_true(scale == 0x1p-126f);
    assert_memory_equal(codes, ((signed char[]){0, 0, 0, 0}), 4);
    quantize((float[]){100, -300, 1, 0}, 4, WEIR_I8, (limits){0, 1}, codes, &scale);
    assert_true(scale == 1);
    assert_memory_equal(codes, ((signed char[]){100, -127, 1, 0}), 4);
    quantize((float[]){448, -1, 0x1p-9f, 0x1p-10f}, 4, WEIR_E4M3, (limits){0, 0}, codes, &scale);
    assert_true(scale == 1);
    assert_memory_equal(codes, "\x7e\xb8\x01\x00", 4);
    quantize((float[]){448, NAN, -1, 2}, 4, WEIR_E4M3, (limits){0, 0}, codes, &scale);
    assert_true(isnan(scale));
    assert_memory_equal(codes, "\0\0\0\0", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_are_y_over_its_scale),
        cmocka_unit_test(every_tie_goes_to_the_even_code),
        cmocka_unit_test(rows_at_the_ends_of_float),
        cmocka_unit_test(a_mean_at_the_end_of_float),
        cmocka_unit_test(a_few_rows_by_hand),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
