/* deepnorm_check.c - the constants of DeepNorm: the paper's values, the invariant that they are made
 * for, and what is refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "weir/deepnorm.h"

/* Half a unit of the fourth decimal, to which the values are printed. */
static const double printed = 5e-5;

/* A result is a few roots and products, each rounded once. */
static const double rounding = 16 * 0x1p-53;

/* A stack's constants make the updates of its `sublayers`, of size 2 beta^2 / alpha^2 each, add to
 * 1. */
static void assert_updates_add_to_one(double sublayers, double alpha, double beta)
{
    assert_true(fabs(sublayers * 2 * beta * beta / (alpha * alpha) - 1) <= rounding);
}

static void one_stack_has_the_values_of_the_paper(void **state)
{
    (void)state;
    static const struct {
        int64_t layers;
        double alpha, beta;
    } list[] = {{6, 1.8612, 0.3799},   {12, 2.2134, 0.3195},  {24, 2.6321, 0.2686},
                {48, 3.1302, 0.2259},  {100, 3.7606, 0.1880}, {500, 5.6234, 0.1257},
                {1000, 6.6874, 0.1057}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        weir_deepnorm encoder, decoder;
        const int64_t n = list[i].layers;
        assert_int_equal(weir_deepnorm_constants(WEIR_ENCODER_ONLY, n, 0, &encoder), WEIR_OK);
        assert_int_equal(weir_deepnorm_constants(WEIR_DECODER_ONLY, 0, n, &decoder), WEIR_OK);
        assert_true(fabs(decoder.decoder_alpha - list[i].alpha) <= printed);
        assert_true(fabs(decoder.decoder_beta - list[i].beta) <= printed);
        assert_updates_add_to_one(2 * (double)n, decoder.decoder_alpha, decoder.decoder_beta);
        assert_true(encoder.encoder_alpha == decoder.decoder_alpha);
        assert_true(encoder.encoder_beta == decoder.decoder_beta);
        assert_true(encoder.decoder_alpha == 0 && encoder.decoder_beta == 0);
        assert_true(decoder.encoder_alpha == 0 && decoder.encoder_beta == 0);
    }
}

static void two_stacks_are_scaled_together(void **state)
{
    (void)state;
    static const int64_t depths[] = {1, 6, 18, 100, INT64_MAX};
    const size_t count = sizeof depths / sizeof *depths;
    for (size_t i = 0; i < count * count; i++) {
        const int64_t N = depths[i / count], M = depths[i % count];
        weir_deepnorm c;
        assert_int_equal(weir_deepnorm_constants(WEIR_ENCODER_DECODER, N, M, &c), WEIR_OK);
        const double root = pow((double)N, 0.25) * pow((double)M, 0.0625);
        assert_true(fabs(c.encoder_alpha / (0.81 * root) - 1) <= rounding);
        assert_true(fabs(c.encoder_beta / (0.87 / root) - 1) <= rounding);
        assert_true(fabs(c.decoder_alpha / pow(3 * (double)M, 0.25) - 1) <= rounding);
        /* Two attentions and an MLP in each layer of this decoder. */
        assert_updates_add_to_one(3 * (double)M, c.decoder_alpha, c.decoder_beta);
    }
}

static void what_is_wrong_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const struct {
        int arch;
        int64_t N, M;
    } list[] = {
        {0, 6, 6},
        {4, 6, 6},
        {-1, 6, 6},
        {WEIR_ENCODER_ONLY, 0, 0},
        {WEIR_ENCODER_ONLY, -6, 0},
        {WEIR_ENCODER_ONLY, 6, 6},
        {WEIR_ENCODER_ONLY, 6, -1},
        {WEIR_DECODER_ONLY, 0, 0},
        {WEIR_DECODER_ONLY, 0, INT64_MIN},
        {WEIR_DECODER_ONLY, 6, 6},
        {WEIR_DECODER_ONLY, -1, 6},
        {WEIR_ENCODER_DECODER, 0, 6},
        {WEIR_ENCODER_DECODER, 6, 0},
    };
    weir_deepnorm out = {1, 2, 3, 4};
    const weir_deepnorm before = out;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        const weir_deepnorm_arch arch = (weir_deepnorm_arch)list[i].arch;
        assert_int_equal(weir_deepnorm_constants(arch, list[i].N, list[i].M, &out), WEIR_E_VALUE);
        assert_memory_equal(&out, &before, sizeof out);
    }
    assert_int_equal(weir_deepnorm_constants(WEIR_DECODER_ONLY, 0, 6, NULL), WEIR_E_NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_stack_has_the_values_of_the_paper),
        cmocka_unit_test(two_stacks_are_scaled_together),
        cmocka_unit_test(what_is_wrong_is_refused_and_nothing_is_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
