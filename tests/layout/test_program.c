/* Programs checked by hand, step by step, unfused and fused; and what holds for every program. */
#include "support.h"

static void expect_shaped(const char *text, const weir_layout_shape *shape, bool fuse,
                          const char *listing)
{
    weir_program *p = test_compile(text, shape, fuse);
    weir_text out = {0};
    weir_program_print(p, &out);
    assert_string_equal(out.data, listing);
    test_check_program(p);
    weir_text_deinit(&out);
    weir_program_destroy(&p);
}

static void expect(const char *text, int depth, bool fuse, const char *listing)
{
    weir_layout_shape shape = test_shape(depth, false);
    expect_shaped(text, &shape, fuse, listing);
}

static const char *builtin(const char *name)
{
    return weir_builtin_layout_find(name)->text;
}

/* Spots have values of their own: after a layer, five numbers are taken. */
static void post(void **state)
{
    (void)state;
    expect(builtin("post"), 1, false,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = attn(%0)\n"
           "    %2 = %0 + %1\n"
           "    %3 = norm(%2)   # layers.1.attn.norm1, layernorm\n"
           "layer 1 mlp\n"
           "    %4 = mlp(%3)\n"
           "    %5 = %3 + %4\n"
           "    %6 = norm(%5)   # layers.1.mlp.norm1, layernorm\n"
           "result %6\n");
    expect(builtin("post"), 2, true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = attn(%0)\n"
           "    %3 = norm(%2 = %0 + %1)   # layers.1.attn.norm1, layernorm, fused\n"
           "layer 1 mlp\n"
           "    %4 = mlp(%3)\n"
           "    %6 = norm(%5 = %3 + %4)   # layers.1.mlp.norm1, layernorm, fused\n"
           "layer 2 attn\n"
           "    %12 = attn(%6)\n"
           "    %14 = norm(%13 = %6 + %12)   # layers.2.attn.norm1, layernorm, fused\n"
           "layer 2 mlp\n"
           "    %15 = mlp(%14)\n"
           "    %17 = norm(%16 = %14 + %15)   # layers.2.mlp.norm1, layernorm, fused\n"
           "result %17\n");
}

static void pre(void **state)
{
    (void)state;
    expect(builtin("pre"), 1, false,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = norm(%0)   # layers.1.attn.norm1, layernorm\n"
           "    %2 = attn(%1)\n"
           "    %3 = %0 + %2\n"
           "layer 1 mlp\n"
           "    %4 = norm(%3)   # layers.1.mlp.norm1, layernorm\n"
           "    %5 = mlp(%4)\n"
           "    %6 = %3 + %5\n"
           "head\n"
           "    %12 = norm(%6)   # head.norm1, layernorm\n"
           "result %12\n");
    /* A sum and the norm of the next sublayer are one step, and the stream goes on from the sum. */
    expect(builtin("pre"), 2, true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = norm(%0)   # layers.1.attn.norm1, layernorm\n"
           "    %2 = attn(%1)\n"
           "    %4 = norm(%3 = %0 + %2)   # layers.1.mlp.norm1, layernorm, fused, sum kept\n"
           "layer 1 mlp\n"
           "    %5 = mlp(%4)\n"
           "    %12 = norm(%6 = %3 + %5)   # layers.2.attn.norm1, layernorm, fused, sum kept\n"
           "layer 2 attn\n"
           "    %13 = attn(%12)\n"
           "    %15 = norm(%14 = %6 + %13)   # layers.2.mlp.norm1, layernorm, fused, sum kept\n"
           "layer 2 mlp\n"
           "    %16 = mlp(%15)\n"
           "    %23 = norm(%17 = %14 + %16)   # head.norm1, layernorm, fused\n"
           "result %23\n");
}

static void deepnorm(void **state)
{
    (void)state;
    weir_layout_shape shape = test_shape(2, true);
    shape.norm = WEIR_RMSNORM;
    expect_shaped(builtin("deepnorm"), &shape, true,
                  "x is %0\n"
                  "layer 1 attn\n"
                  "    %1 = attn(%0)\n"
                  "    %3 = norm(%2 = 1.41421*%0 + %1)   # layers.1.attn.norm1, rmsnorm, fused\n"
                  "layer 1 mlp\n"
                  "    %4 = mlp(%3)\n"
                  "    %6 = norm(%5 = 1.41421*%3 + %4)   # layers.1.mlp.norm1, rmsnorm, fused\n"
                  "layer 2 attn\n"
                  "    %12 = attn(%6)\n"
                  "    %14 = norm(%13 = 1.41421*%6 + %12)   # layers.2.attn.norm1, rmsnorm, fused\n"
                  "layer 2 mlp\n"
                  "    %15 = mlp(%14)\n"
                  "    %17 = norm(%16 = 1.41421*%14 + %15)   # layers.2.mlp.norm1, rmsnorm, fused\n"
                  "result %17\n");
}

static void parallel(void **state)
{
    (void)state;
    expect(builtin("parallel-2"), 1, false,
           "x is %0\n"
           "layer 1 block\n"
           "    %1 = norm(%0)   # layers.1.block.norm1, layernorm\n"
           "    %2 = attn(%1)\n"
           "    %3 = norm(%0)   # layers.1.block.norm2, layernorm\n"
           "    %4 = mlp(%3)\n"
           "    %5 = %0 + %2 + %4\n"
           "head\n"
           "    %11 = norm(%5)   # head.norm1, layernorm\n"
           "result %11\n");
    /* The last of three terms is split off, and its sum fused with the first norm that reads it. */
    expect(builtin("parallel-2"), 2, true,
           "x is %0\n"
           "layer 1 block\n"
           "    %1 = norm(%0)   # layers.1.block.norm1, layernorm\n"
           "    %2 = attn(%1)\n"
           "    %3 = norm(%0)   # layers.1.block.norm2, layernorm\n"
           "    %4 = mlp(%3)\n"
           "    %22 = %0 + %2\n"
           "    %11 = norm(%5 = %22 + %4)   # layers.2.block.norm1, layernorm, fused, sum kept\n"
           "layer 2 block\n"
           "    %12 = attn(%11)\n"
           "    %13 = norm(%5)   # layers.2.block.norm2, layernorm\n"
           "    %14 = mlp(%13)\n"
           "    %23 = %5 + %12\n"
           "    %21 = norm(%15 = %23 + %14)   # head.norm1, layernorm, fused\n"
           "result %21\n");
}

static void residual(void **state)
{
    (void)state;
    expect(builtin("residual"), 1, false,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = attn(%0)\n"
           "    %2 = %0 + %1\n"
           "    %3 = norm(%2)   # layers.1.attn.norm1, layernorm\n"
           "    %4 = %0 + %1\n"
           "layer 1 mlp\n"
           "    %5 = mlp(%3)\n"
           "    %6 = %3 + %5\n"
           "    %7 = norm(%6)   # layers.1.mlp.norm1, layernorm\n"
           "    %8 = %4 + %5\n"
           "head\n"
           "    %14 = norm(%8)   # head.norm1, layernorm\n"
           "    %15 = %7 + %14\n"
           "result %15\n");
    expect(builtin("residual"), 1, true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = attn(%0)\n"
           "    %3 = norm(%2 = %0 + %1)   # layers.1.attn.norm1, layernorm, fused\n"
           "    %4 = %0 + %1\n"
           "layer 1 mlp\n"
           "    %5 = mlp(%3)\n"
           "    %7 = norm(%6 = %3 + %5)   # layers.1.mlp.norm1, layernorm, fused\n"
           "    %14 = norm(%8 = %4 + %5)   # head.norm1, layernorm, fused\n"
           "head\n"
           "    %15 = %7 + %14\n"
           "result %15\n");
}

static void mix_ln(void **state)
{
    (void)state;
    /* ceil(2/4) = 1: the first layer Post-LN, the second Pre-LN. */
    expect(builtin("mix-ln"), 2, true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = attn(%0)\n"
           "    %3 = norm(%2 = %0 + %1)   # layers.1.attn.norm1, layernorm, fused\n"
           "layer 1 mlp\n"
           "    %4 = mlp(%3)\n"
           "    %6 = norm(%5 = %3 + %4)   # layers.1.mlp.norm1, layernorm, fused\n"
           "layer 2 attn\n"
           "    %12 = norm(%6)   # layers.2.attn.norm1, layernorm\n"
           "    %13 = attn(%12)\n"
           "    %15 = norm(%14 = %6 + %13)   # layers.2.mlp.norm1, layernorm, fused, sum kept\n"
           "layer 2 mlp\n"
           "    %16 = mlp(%15)\n"
           "    %23 = norm(%17 = %14 + %16)   # head.norm1, layernorm, fused\n"
           "result %23\n");
}

static void inside_a_branch(void **state)
{
    (void)state;
    weir_layout_shape shape = test_shape(1, true);
    expect_shaped(
        "param hs : heads = 1\ninside q = headnorm(q)\ninside k = headnorm(k, each)\n"
        "inside mix = 2*hs*mix\ninside mid = norm(mid, plain)\nsublayer x = x + f(x)",
        &shape, true,
        "x is %0\n"
        "layer 1 attn\n"
        "    %1 = attn(%0)\n"
        "    %2 = %0 + %1\n"
        "layer 1 mlp\n"
        "    %3 = mlp(%2)\n"
        "    %4 = %2 + %3\n"
        "  inside q: %5 to %6\n"
        "    %6 = norm(%5)   # layers.1.attn.q.norm1, layernorm of 4 heads\n"
        "  inside k: %7 to %8\n"
        "    %8 = norm(%7)   # layers.1.attn.k.norm1, layernorm of 2 heads, a gamma each\n"
        "  inside mix: %10 to %11\n"
        "    %11 = 2*layers.1.attn.hs*%10\n"
        "  inside mid: %12 to %13\n"
        "    %13 = norm(%12)   # layers.1.mlp.mid.norm1, layernorm, plain\n"
        "result %4\n");
}

/* Products: what stands before the tensor is one coefficient, each factor after it a step; signs
 * fold into terms. */
static void products(void **state)
{
    (void)state;
    expect("param g : scalar = 1\nparam w : vector = 1\n"
           "attn x = 2*g*w*x/4*g - -(3*attn(x)) - x\nmlp x = -(x + 2*(3*mlp(x)))",
           1, true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = 2*layers.1.attn.g*layers.1.attn.w*%0\n"
           "    %2 = 0.25*%1\n"
           "    %3 = attn(%0)\n"
           "    %4 = layers.1.attn.g*%2 + 3*%3 + -1*%0\n"
           "layer 1 mlp\n"
           "    %5 = mlp(%4)\n"
           "    %6 = 3*%5\n"
           "    %7 = %4 + 2*%6\n"
           "    %8 = -1*%7\n"
           "result %8\n");
}

/* Coefficients of coefficients; signs of products with a step in between; numbers divide before
 * they meet a tensor. */
static void coefficients(void **state)
{
    (void)state;
    expect("param g : scalar = 1\nparam w : vector = 1\n"
           "attn x = attn(x) - 2*x/4*8 + (w*-(g*2))*x\nmlp x = 49/49*x + g*g*g*g*mlp(x)*g",
           1, true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = attn(%0)\n"
           "    %2 = 2*%0\n"
           "    %3 = 0.25*%2\n"
           "    %4 = %1 + -8*%3 + -2*layers.1.attn.g*layers.1.attn.w*%0\n"
           "layer 1 mlp\n"
           "    %5 = mlp(%4)\n"
           "    %6 = layers.1.mlp.g*layers.1.mlp.g*layers.1.mlp.g*layers.1.mlp.g*%5\n"
           "    %7 = %4 + layers.1.mlp.g*%6\n"
           "result %7\n");
}

/* A sum of more terms than a step holds; a sum in parentheses is a value; 1*x is x. */
static void sums(void **state)
{
    (void)state;
    expect("attn a = x + x + x + x + x + attn(x), x = norm(a)\nmlp x = 1*x + (x + mlp(x))/1", 1,
           true,
           "x is %0\n"
           "layer 1 attn\n"
           "    %1 = %0 + %0 + %0 + %0\n"
           "    %2 = attn(%0)\n"
           "    %13 = %1 + %0\n"
           "    %4 = norm(%3 = %13 + %2)   # layers.1.attn.norm1, layernorm, fused\n"
           "layer 1 mlp\n"
           "    %5 = mlp(%4)\n"
           "    %6 = %4 + %5\n"
           "    %7 = %4 + %6\n"
           "result %7\n");
}

/* What the kernel cannot do stays two steps: a coefficient of 0 (in f32 too), two that are not 1,
 * learned ones, those that move with t, norms of heads. */
static void what_is_not_fused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "sublayer x = norm(0*x + f(x))",
        "sublayer x = norm(1e-60*x + f(x))",
        "sublayer x = norm(2*x + 2*f(x))",
        "param g : scalar = 1\nsublayer x = norm(g*x + f(x))",
        "param g : vector = 1\nsublayer x = norm(x + g*f(x))",
        "sublayer x = norm(x + t*f(x))",
        "sublayer x = headnorm(x + f(x))",
        "sublayer x = norm(2*(x + f(x)))",
        "sublayer x = norm(x + f(x) + 0*x)",
        "sublayer a = norm(x), x = norm(f(a))",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        weir_layout_shape shape = test_shape(1, false);
        weir_program *p = test_compile(rules[i], &shape, true);
        for (int j = 0; j < p->main.count; j++) {
            if (p->main.step[j].kind == WEIR_STEP_SUM_NORM) fail_msg("fused: %s", rules[i]);
        }
        weir_program_destroy(&p);
    }
}

static void what_is_fused(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "sublayer x = norm(f(x) + x)",
        "sublayer x = norm(f(x) - x)",
        "sublayer x = norm(x/3 + f(x))",
        "sublayer x = rmsnorm(x + 0.5*f(x), plain)",
        "param g : vector = 1\nsublayer x = norm(g*x + x + 3*f(x))",
        "sublayer a = x + f(x), x = norm(a) + norm(a)",
    };
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        int fused = 0;
        weir_layout_shape shape = test_shape(1, false);
        weir_program *p = test_compile(rules[i], &shape, true);
        for (int j = 0; j < p->main.count; j++) fused += p->main.step[j].kind == WEIR_STEP_SUM_NORM;
        if (fused != 2) fail_msg("%d fused: %s", fused, rules[i]);
        weir_program_destroy(&p);
    }
}

static void every_layout_at(const char *name, const char *text, int depth, bool gated, bool tied)
{
    weir_layout_shape shape = test_shape(depth, gated);
    shape.tied = tied;
    shape.norm = gated ? WEIR_RMSNORM : WEIR_LAYERNORM;
    weir_program *fused = test_compile(text, &shape, true),
                 *plain = test_compile(text, &shape, false);
    test_check_program(fused);
    test_check_program(plain);
    assert_int_equal(test_count_norms(fused), test_count_norms(plain));
    assert_int_equal(fused->params, plain->params);
    assert_int_equal(fused->warnings, 0);
    if (test_run_program(fused) != test_run_program(plain))
        fail_msg("%s: fusion changes bits", name);
    weir_program_destroy(&fused);
    weir_program_destroy(&plain);
}

static void at_each_depth(const char *name, const char *text)
{
    static const int depths[] = {1, 2, 6, 24};
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        every_layout_at(name, text, depths[i], false, false);
        every_layout_at(name, text, depths[i], true, true);
    }
}

static void every_layout(void **state)
{
    (void)state;
    test_each_layout(WEIR_PLACEMENTS, at_each_depth);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(post),
        cmocka_unit_test(pre),
        cmocka_unit_test(deepnorm),
        cmocka_unit_test(parallel),
        cmocka_unit_test(residual),
        cmocka_unit_test(mix_ln),
        cmocka_unit_test(inside_a_branch),
        cmocka_unit_test(products),
        cmocka_unit_test(coefficients),
        cmocka_unit_test(sums),
        cmocka_unit_test(what_is_not_fused),
        cmocka_unit_test(what_is_fused),
        cmocka_unit_test(every_layout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
