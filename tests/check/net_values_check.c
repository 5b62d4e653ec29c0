/* net_values_check - the network's exponentials and logarithm over their whole range, and what its
 * kernels do with NaN, infinities and sizes of zero. */
#include "simd/simd_scalar.h"
#include "ops/net/net.h"
#include "ops/net/net_loop.h"
#include "ops/net/net_exp.h"
#include "simd/isa.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { N = 40 };

/* Calls a check for the table of each instruction set that this machine has. */
static void each_table(void (*check)(const weir_net_table_f32 *t))
{
    for (int isa = WEIR_ISA_SCALAR; isa < WEIR_ISA_COUNT; isa++)
        if (weir_net_f32_isa(isa)) check(weir_net_f32_isa(isa));
}

static float exp_at(float x)
{
    return exp_of(vf_set1(x))[0];
}

static float exp2_at(float x)
{
    return exp2_of(vf_set1(x))[0];
}

/* The distance to the exact value, in units of the last place of the float there. */
static double ulps(float got, double want)
{
    return fabs((double)got - want) / ldexp(1, ilogb(want) - 23);
}

/* Walks all floats from lo to hi, of one sign each way from 0, in strides that miss no exponent. */
static double worst_ulps(float (*f)(float), double (*exact)(double), float lo, float hi)
{
    double worst = 0;
    for (int sign = -1; sign <= 1; sign += 2) {
        const float end = sign < 0 ? -lo : hi;
        for (uint32_t bits = 0; bits < 0x7f800000u; bits += 499) {
            float x;
            memcpy(&x, &bits, sizeof x);
            if (!(x <= end)) break;
            double off = ulps(f((float)sign * x), exact((double)sign * (double)x));
            if (!(off <= worst)) worst = off;
        }
    }
    return worst;
}

static void test_exp_accuracy(void **state)
{
    (void)state;
    assert_true(worst_ulps(exp_at, exp, -87.33654F, 88.376F) <= 1.1);
    assert_true(worst_ulps(exp2_at, exp2, -126, 127.5F) <= 1.1);
}

/* The subnormal results between the normal ones and 0, and the end of the range. */
static void test_exp_ends(void **state)
{
    (void)state;
    for (float x = -87.3F; x > -110; x -= 0.01F)
        assert_true(fabs((double)exp_at(x) - exp((double)x)) <= (double)FLT_MIN);
    for (float x = -125.9F; x > -160; x -= 0.01F)
        assert_true(fabs((double)exp2_at(x) - exp2((double)x)) <= (double)FLT_MIN);
    assert_true(exp_at(0) == 1 && exp_at(-0.0F) == 1 && exp2_at(0) == 1);
    for (float x = 1; x <= 127; x++) assert_true(exp2_at(x) == ldexpf(1, (int)x));
    const float low[] = {-INFINITY, -FLT_MAX, -1e10F, -110}, high[] = {89, 200, 1e10F, INFINITY};
    for (int i = 0; i < 4; i++) {
        assert_true(exp_at(low[i]) == 0 && exp2_at(low[i] - 50) == 0);
        assert_true(exp_at(high[i]) == INFINITY && exp2_at(high[i] + 40) == INFINITY);
    }
    assert_true(isnan(exp_at(NAN)) && isnan(exp2_at(NAN)) && isnan(exp_at(-NAN)));
}

static void test_exp_rises(void **state)
{
    (void)state;
    float last = 0;
    for (float x = -90; x < 89; x = nextafterf(x + 1e-4F, INFINITY)) {
        assert_true(exp_at(x) >= last);
        last = exp_at(x);
    }
}

static void test_log(void **state)
{
    (void)state;
    double worst = 0;
    for (double x = 1e-300; x < 1e300; x *= 1.0007) {
        double want = log(x), off = fabs(log_of(x) - want) / ldexp(1, ilogb(want) - 52);
        if (!(off <= worst)) worst = off;
    }
    for (double x = 0.5; x < 2; x += 1e-5) {
        double off = fabs(log_of(x) - log(x)) / DBL_EPSILON;
        if (!(off <= worst)) worst = off;
    }
    assert_true(worst <= 3);
    assert_true(log_of(1) == 0);
    assert_true(isnan(log_of(NAN)));
}

/* A vector of 0.25 with one value of its own, in the tail or not. */
static void spoil(float x[N], int at, float value)
{
    for (int j = 0; j < N; j++) x[j] = 0.25F;
    x[at] = value;
}

static const int places[] = {0, 3, 17, 31, 32, N - 1};
enum { PLACES = sizeof places / sizeof *places };

static int count_nan(const float *x)
{
    int count = 0;
    for (int j = 0; j < N; j++) count += isnan(x[j]) != 0;
    return count;
}

/* An element spoils its own output and no other. */
static void check_elementwise(const weir_net_table_f32 *t)
{
    float x[N], y[N], dy[N];
    for (int i = 0; i < PLACES; i++) {
        int at = places[i];
        spoil(dy, 0, 0.25F);
        spoil(x, at, NAN);
        t->gelu(N, x, y), assert_true(isnan(y[at]) && count_nan(y) == 1);
        t->relu(N, x, y), assert_true(isnan(y[at]) && count_nan(y) == 1);
        t->gelu_back(N, x, dy, y), assert_true(isnan(y[at]) && count_nan(y) == 1);
        t->relu_back(N, x, dy, y), assert_true(y[at] == dy[at] && count_nan(y) == 0);
        t->swiglu(1, N, dy, x, N, y, N), assert_true(isnan(y[at]) && count_nan(y) == 1);
        spoil(x, at, INFINITY);
        t->gelu(N, x, y), assert_true(y[at] == INFINITY && count_nan(y) == 0);
        t->gelu_back(N, x, dy, y), assert_true(y[at] == dy[at] && count_nan(y) == 0);
        spoil(x, at, -INFINITY);
        t->gelu(N, x, y), assert_true(isnan(y[at]) && count_nan(y) == 1);
        t->gelu_back(N, x, dy, y), assert_true(y[at] == 0 && count_nan(y) == 0);
        spoil(x, at, -1e30F);
        t->gelu(N, x, y), assert_true(y[at] == 0);
        t->gelu_back(N, x, dy, y), assert_true(y[at] == 0);
        spoil(x, at, 1e30F);
        t->gelu(N, x, y), assert_true(y[at] == 1e30F);
    }
}

static void check_reductions(const weir_net_table_f32 *t)
{
    float x[N], one[N], out[N];
    spoil(one, 0, 0.25F);
    for (int i = 0; i < PLACES; i++) {
        int at = places[i];
        spoil(x, at, NAN);
        assert_true(isnan(t->max_abs(N, x)));
        assert_true(isnan(t->sum_squares(N, x)));
        assert_true(isnan(t->dot(1, N, x, N, one, N)));
        memset(out, 0, sizeof out);
        t->dot_cols(1, N, 1, x, N, NULL, 0, out);
        assert_true(isnan(out[at]) && count_nan(out) == 1);
        spoil(x, at, -INFINITY);
        assert_true(t->max_abs(N, x) == INFINITY);
        assert_true(t->sum_squares(N, x) == (double)INFINITY);
        spoil(x, at, -1e30F); /* the square is beyond float */
        assert_true(t->max_abs(N, x) == 1e30F);
        assert_true(fabs(t->sum_squares(N, x) / 1e60 - 1) <= 1e-6);
    }
}

/* Row 1 of three stands at position 20 and sees 21 of the keys. */
static void check_softmax(const weir_net_table_f32 *t)
{
    float s[3][N], dp[3][N];
    for (int slope = 0; slope < 2; slope++) {
        for (int i = 0; i < PLACES; i++) {
            const int at = places[i], seen = at <= 20;
            const float bad[] = {NAN, INFINITY};
            for (int b = 0; b < 2; b++) {
                for (int r = 0; r < 3; r++) spoil(s[r], 0, 0.25F);
                s[1][at] = bad[b];
                t->softmax_causal(3, N, 19, (float)slope, s[0], N);
                assert_int_equal(count_nan(s[0]) + count_nan(s[2]), 0);
                assert_int_equal(count_nan(s[1]), seen ? 21 : 0);
                for (int j = 21; j < N; j++) assert_true(s[1][j] == 0);
            }
            for (int r = 0; r < 3; r++) spoil(s[r], 0, 0.25F), spoil(dp[r], 0, 1);
            s[1][at] = dp[1][at] = NAN;
            t->softmax_causal_back(3, N, 19, s[0], N, dp[0], N);
            assert_int_equal(count_nan(dp[0]) + count_nan(dp[2]), 0);
            assert_int_equal(count_nan(dp[1]), seen ? 21 : 0);
            for (int j = 21; j < N; j++) assert_true(dp[1][j] == 0);
        }
    }
    spoil(s[0], 5, -INFINITY);
    t->softmax_causal(1, N, N, 0, s[0], N);
    assert_true(s[0][5] == 0 && count_nan(s[0]) == 0);
    for (int j = 0; j < N; j++) s[0][j] = -INFINITY;
    t->softmax_causal(1, N, 20, 0, s[0], N);
    assert_int_equal(count_nan(s[0]), 21);
    /* The first position sees itself alone. */
    spoil(s[0], 0, 1e30F);
    t->softmax_causal(1, N, 0, 0, s[0], N);
    assert_true(s[0][0] == 1 && s[0][1] == 0);
}

static void check_cross_entropy(const weir_net_table_f32 *t)
{
    float x[N], y[N];
    const uint16_t target = 7;
    for (int i = 0; i < PLACES; i++) {
        const float bad[] = {NAN, INFINITY};
        for (int b = 0; b < 2; b++) {
            spoil(x, places[i], bad[b]);
            assert_true(isnan(t->cross_entropy(1, N, x, N, &target, 0)));
            assert_int_equal(count_nan(x), bad[b] != bad[b]);
            assert_true(isnan(t->cross_entropy(1, N, x, N, &target, 1)));
            assert_int_equal(count_nan(x), N);
        }
    }
    /* Large logits: only differences count. */
    for (int j = 0; j < N; j++) x[j] = 1e5F + (float)j, y[j] = (float)j;
    double far = t->cross_entropy(1, N, x, N, &target, 1);
    assert_true(far == t->cross_entropy(1, N, y, N, &target, 1));
    assert_memory_equal(x, y, sizeof x);
    /* A certain and right guess costs nothing, a certain and wrong one its margin. */
    for (int j = 0; j < N; j++) x[j] = j == 7 ? 1e6F : 0;
    assert_true(t->cross_entropy(1, N, x, N, &target, 0) == 0);
    for (int j = 0; j < N; j++) x[j] = j == 8 ? 1e6F : 0;
    assert_true(t->cross_entropy(1, N, x, N, &target, 0) == 1e6);
    for (int j = 0; j < N; j++) x[j] = j == 7 ? -INFINITY : 0;
    assert_true(t->cross_entropy(1, N, x, N, &target, 0) == (double)INFINITY);
}

/* Sizes of zero: no operand is looked at. */
static void check_empty(const weir_net_table_f32 *t)
{
    float x[1] = {3};
    t->axpby(0, 1, 1, NULL, 1, 1, NULL, 1, NULL, 1);
    t->axpby(1, 0, 1, x, 1, 1, x, 1, x, 1);
    t->gelu(0, NULL, NULL);
    t->add_into(0, NULL, NULL);
    t->dot_cols(1, 0, 1, x, 1, NULL, 0, x);
    t->dot_cols(0, 1, 1, x, 1, NULL, 0, x);
    t->softmax_causal(0, 1, 0, 0, x, 1);
    t->softmax_causal(1, 0, 0, 0, x, 1);
    t->softmax_causal_back(1, 0, 0, x, 1, x, 1);
    t->rotate(0, 1, 2, 1, x, 1, x, 2);
    assert_true(x[0] == 3);
    assert_true(t->dot(0, 1, x, 1, x, 1) == 0 && t->sum_squares(0, x) == 0);
    assert_true(t->max_abs(0, x) == 0);
    assert_true(t->cross_entropy(0, 1, x, 1, NULL, 1) == 0);
}

static void test_elementwise(void **state)
{
    (void)state;
    each_table(check_elementwise);
}

static void test_reductions(void **state)
{
    (void)state;
    each_table(check_reductions);
}

static void test_softmax(void **state)
{
    (void)state;
    each_table(check_softmax);
}

static void test_cross_entropy(void **state)
{
    (void)state;
    each_table(check_cross_entropy);
}

static void test_empty(void **state)
{
    (void)state;
    each_table(check_empty);
}

/* The ceiling decides which table is served: the scalar one for a set of another architecture. */
static void test_dispatch(void **state)
{
    (void)state;
    const int best = (int)weir_isa_active();
    assert_null(weir_net_f32_isa(-1));
    assert_null(weir_net_f32_isa(WEIR_ISA_COUNT));
    for (int isa = WEIR_ISA_SCALAR; isa <= best; isa++) {
        weir_set_isa_ceiling((weir_isa)isa);
        const weir_net_table_f32 *table = weir_net_f32_isa(isa);
        assert_true(table || !WEIR_HAVE_X86);
        assert_ptr_equal(weir_net_f32(), table ? table : weir_net_f32_isa(WEIR_ISA_SCALAR));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp_accuracy), cmocka_unit_test(test_exp_ends),
        cmocka_unit_test(test_exp_rises),    cmocka_unit_test(test_log),
        cmocka_unit_test(test_elementwise),  cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_softmax),      cmocka_unit_test(test_cross_entropy),
        cmocka_unit_test(test_empty),        cmocka_unit_test(test_dispatch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
