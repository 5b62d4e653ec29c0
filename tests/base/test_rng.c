/* test_rng.c - the generator is Philox 4x32-10 by its published vectors; streams, ranges and
 * moments. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/rng.h"

/* Known answers of Random123 (Salmon et al.): counter and key all zeros, all ones. */
static void known_answers(void **state)
{
    static const uint32_t zeros[4] = {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8};
    static const uint32_t ones[4] = {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd};
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 0, 0);
    for (int i = 0; i < 4; i++) assert_int_equal(weir_rng_u32(&rng), zeros[i]);
    weir_rng_init(&rng, UINT64_MAX, UINT64_MAX);
    rng.block = UINT64_MAX;
    for (int i = 0; i < 4; i++) assert_int_equal(weir_rng_u32(&rng), ones[i]);
}

static void streams_and_seeds_differ_and_repeat(void **state)
{
    weir_rng a, b, c, again;
    int same_stream = 0, same_seed = 0;
    (void)state;
    weir_rng_init(&a, 1, 2);
    weir_rng_init(&again, 1, 2);
    weir_rng_init(&b, 1, 3);
    weir_rng_init(&c, 2, 2);
    for (int i = 0; i < 1000; i++) {
        const uint32_t value = weir_rng_u32(&a);
        assert_int_equal(value, weir_rng_u32(&again));
        same_stream += value == weir_rng_u32(&b);
        same_seed += value == weir_rng_u32(&c);
    }
    assert_true(same_stream <= 1 && same_seed <= 1);
}

static void below_is_uniform(void **state)
{
    enum { N = 7, DRAWS = 70000 };
    int count[N] = {0};
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 4, 0);
    for (int i = 0; i < DRAWS; i++) {
        const uint64_t v = weir_rng_below(&rng, N);
        assert_true(v < N);
        count[v]++;
    }
    for (int k = 0; k < N; k++) assert_true(abs(count[k] - DRAWS / N) < 500); /* 5 deviations */
    assert_int_equal(weir_rng_below(&rng, 1), 0);
    for (int i = 0; i < 100; i++) assert_true(weir_rng_below(&rng, UINT64_MAX) < UINT64_MAX);
}

static void moments_are_those_of_the_distributions(void **state)
{
    enum { DRAWS = 200000 };
    double sum = 0, squares = 0, fourth = 0, uniform = 0;
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 5, 0);
    for (int i = 0; i < DRAWS; i++) {
        const double z = weir_rng_normal(&rng), u = weir_rng_uniform(&rng);
        assert_true(u >= 0 && u < 1 && isfinite(z));
        sum += z, squares += z * z, fourth += z * z * z * z, uniform += u;
    }
    assert_true(fabs(sum / DRAWS) <= 0.012);
    assert_true(fabs(squares / DRAWS - 1) <= 0.017);
    assert_true(fabs(fourth / DRAWS - 3) <= 0.12);
    assert_true(fabs(uniform / DRAWS - 0.5) <= 0.004);
}

/* FNV-1a's published values. */
static void names_hash_as_fnv_does(void **state)
{
    (void)state;
    assert_true(weir_rng_stream("") == 0xcbf29ce484222325u);
    assert_true(weir_rng_stream("a") == 0xaf63dc4c8601ec8cu);
    assert_true(weir_rng_stream("foobar") == 0x85944171f73967e8u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers),
        cmocka_unit_test(streams_and_seeds_differ_and_repeat),
        cmocka_unit_test(below_is_uniform),
        cmocka_unit_test(moments_are_those_of_the_distributions),
        cmocka_unit_test(names_hash_as_fnv_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
