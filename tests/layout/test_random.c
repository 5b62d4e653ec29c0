/* Layouts from the generator: they are valid, their canonical text means the same, and fusion keeps
 * the bits. */
#include "random_layout.h"

#include "support.h"

enum { SEEDS = 2000 };

static void check_seed(uint64_t seed, const char *text, int seen[4])
{
    weir_layout_shape shape = test_shape(1 + (int)(seed % 5), seed & 1);
    weir_program *plain = test_compile(text, &shape, false),
                 *fused = test_compile(text, &shape, true);
    test_check_program(plain);
    test_check_program(fused);
    assert_int_equal(test_count_norms(fused), test_count_norms(plain));
    assert_int_equal(fused->params, plain->params);
    if (test_run_program(fused) != test_run_program(plain))
        fail_msg("fusion changes bits:\n%s", text);
    for (int i = 0; i < fused->main.count; i++) seen[fused->main.step[i].kind]++;
    weir_program_destroy(&plain);
    weir_program_destroy(&fused);
}

static void valid_and_fusible(void **state)
{
    (void)state;
    int seen[4] = {0};
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        weir_text text = {0};
        weir_random_layout(seed, &text);
        assert_false(text.failed);
        check_seed(seed, text.data, seen);
        weir_text_deinit(&text);
    }
    for (int i = 0; i < 4; i++) assert_true(seen[i] > SEEDS);
}

static void canonical_text_is_a_fixed_point(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        weir_text text = {0};
        weir_random_layout(seed, &text);
        weir_layout *first = test_parse(text.data),
                    *second = test_parse(weir_layout_canonical(first));
        assert_string_equal(weir_layout_canonical(first), weir_layout_canonical(second));
        weir_layout_destroy(&first);
        weir_layout_destroy(&second);
        weir_text_deinit(&text);
    }
}

static void same_seed_same_text(void **state)
{
    (void)state;
    weir_text a = {0}, b = {0}, c = {0};
    weir_random_layout(7, &a);
    weir_random_layout(7, &b);
    weir_random_layout(8, &c);
    assert_string_equal(a.data, b.data);
    assert_string_not_equal(a.data, c.data);
    weir_text_deinit(&a);
    weir_text_deinit(&b);
    weir_text_deinit(&c);
}

/* Every part of the language that the header promises turns up. */
static void the_whole_language(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "embed ",   "sublayer ", "attn ",      "mlp ",       "block ", "head ",      "inside q",
        "inside k", "inside v",  "inside mix", "inside mid", "when ",  "otherwise:", "let ",
        ": scalar", ": vector",  ": heads",    " shared",    "gain ",  ", plain)",   ", offset)",
        ", each)",  "headnorm(", "layernorm(", "rmsnorm(",   "y = ",   "t = ",       "h = ",
        " - ",      "/1.7",      "t/T",        "attn(",      "mlp(",   "f(",
    };
    weir_text all = {0};
    for (uint64_t seed = 0; seed < 100; seed++) weir_random_layout(seed, &all);
    assert_false(all.failed);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (!strstr(all.data, parts[i])) fail_msg("no `%s` in 100 layouts", parts[i]);
    }
    weir_text_deinit(&all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_and_fusible),
        cmocka_unit_test(canonical_text_is_a_fixed_point),
        cmocka_unit_test(same_seed_same_text),
        cmocka_unit_test(the_whole_language),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
