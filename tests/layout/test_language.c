/* What layouts mean: language section 4. */
#include <stdio.h>

#include "support.h"

static weir_program *compile(const char *text, int depth)
{
    weir_layout_shape shape = test_shape(depth, true);
    weir_program *p = test_compile(text, &shape, false);
    test_check_program(p);
    return p;
}

static const weir_lparam *find_param(const weir_program *p, const char *name)
{
    for (int i = 0; i < p->params; i++) {
        if (strcmp(p->param[i].name, name) == 0) return &p->param[i];
    }
    return NULL;
}

static void expect_param(const weir_program *p, const char *name, weir_lparam_kind kind,
                         int64_t size, double init, int layer)
{
    const weir_lparam *param = find_param(p, name);
    if (!param) fail_msg("no %s", name);
    assert_int_equal(param->kind, kind);
    assert_int_equal(param->size, size);
    assert_int_equal(param->layer, layer);
    assert_true(param->init == init);
}

/* Which of the coefficients 1.. each slot got, as digits: rules are told apart by them. */
static void expect_rules(const char *text, int depth, const char *digits)
{
    char got[64] = "";
    int slots = 0;
    weir_program *p = compile(text, depth);
    for (int i = 0; i < p->main.count; i++) {
        const weir_step *step = &p->main.step[i];
        if (step->kind != WEIR_STEP_SUM) continue;
        got[slots++] = (char)('0' + (int)step->term[step->terms - 1].coef.number);
    }
    got[slots] = 0;
    if (strcmp(got, digits) != 0) fail_msg("%s, not %s: %s", got, digits, text);
    weir_program_destroy(&p);
}

static void the_later_rule_holds(void **state)
{
    (void)state;
    expect_rules("sublayer x = x + 2*f(x)", 2, "2222");
    expect_rules("sublayer x = x + 2*f(x)\nmlp x = x + 3*f(x)", 2, "2323");
    expect_rules("mlp x = x + 3*f(x)\nsublayer x = x + 2*f(x)", 2, "2222");
    expect_rules("sublayer x = x + 2*f(x)\nwhen l == 2: attn x = x + 3*f(x)", 3, "223222");
    expect_rules("block x = x + attn(x) + 5*mlp(x)\nwhen l == 2: sublayer x = x + 3*f(x)", 3,
                 "5335");
    expect_rules("sublayer x = x + 2*f(x)\nwhen s > 2: sublayer x = x + 4*f(x)", 2, "2244");
    expect_rules("sublayer x = x + 2*f(x)\nwhen s == 2: sublayer x = x + 4*f(x)", 2, "2422");
    expect_rules("encoder sublayer x = x + 9*f(x)\ndecoder sublayer x = x + 3*f(x)", 1, "33");
    expect_rules("decoder sublayer x = x + 3*f(x)\nencoder sublayer x = x + 9*f(x)", 1, "33");
}

static void otherwise_is_none_of_the_whens_above(void **state)
{
    (void)state;
    expect_rules("when l == 1: sublayer x = x + 2*f(x)\notherwise: sublayer x = x + 3*f(x)", 2,
                 "2233");
    expect_rules("when l == 1: sublayer x = x + 2*f(x)\nwhen l == 3: sublayer x = x + 4*f(x)\n"
                 "otherwise: sublayer x = x + 3*f(x)",
                 4, "22334433");
    /* Whatever their places; and an otherwise may follow an otherwise. */
    expect_rules("sublayer x = x + 7*f(x)\nwhen l == 1: attn x = x + 2*f(x)\notherwise: attn x = x "
                 "+ 3*f(x)\n"
                 "otherwise: mlp x = x + 4*f(x)",
                 2, "2734");
    /* A statement without a guard breaks the run. */
    expect_rules(
        "when l == 1: attn x = x + 2*f(x)\nmlp x = x + 5*f(x)\nwhen l == 2: attn x = x + 3*f(x)\n"
        "otherwise: attn x = x + 4*f(x)",
        3, "453545");
    expect_rules(
        "encoder when l == 1: sublayer x = x + f(x)\nwhen l == 2: sublayer x = x + 2*f(x)\n"
        "otherwise: sublayer x = x + 3*f(x)",
        2, "3322");
}

static void names_in_order(void **state)
{
    (void)state;
    /* An assigned name hides a number from there on, and in this rule alone. */
    expect_rules("attn t = f(x), x = x + 2*t\nmlp x = x + (t + 2)*f(x)", 1, "23");
    expect_rules("sublayer h = f(x), x = x + 2*h\nhead x = h*x", 1, "224");
    /* Assignments take effect at once; a state keeps its value until then. */
    weir_program *p = compile("embed y = x\nsublayer x = f(x), y = x + y", 1);
    const weir_step *last = &p->main.step[p->main.count - 1];
    assert_int_equal(last->term[0].value, p->main.step[2].out);
    assert_int_equal(last->term[1].value, p->main.step[1].out);
    weir_program_destroy(&p);
    /* Lets in any order. */
    expect_rules("sublayer x = x + a*f(x)\nlet a = b + 1\nlet b = c\nlet c = 2", 1, "33");
}

static void instances_of_params(void **state)
{
    (void)state;
    weir_program *p = compile(
        "param g : scalar = l\nparam w : vector shared = 3\nparam k1 : heads = s\n"
        "param b : scalar = 7\n"
        "embed x = w*x\nsublayer x = g*x + g*f(x)\nwhen l == 2: block x = b*attn(x) + b*mlp(x)\n"
        "inside q = k1*q\ninside v = g*v\nhead x = b*x",
        2);
    expect_param(p, "shared.w", WEIR_LPARAM_VECTOR, 64, 3, 0);
    expect_param(p, "layers.1.attn.g", WEIR_LPARAM_SCALAR, 1, 1, 1);
    expect_param(p, "layers.1.mlp.g", WEIR_LPARAM_SCALAR, 1, 1, 1);
    expect_param(p, "layers.1.attn.k1", WEIR_LPARAM_HEADS, 4, 1, 1);
    expect_param(p, "layers.2.attn.g", WEIR_LPARAM_SCALAR, 1, 2, 2); /* by `inside v` */
    expect_param(p, "layers.2.attn.k1", WEIR_LPARAM_HEADS, 4, 3, 2);
    expect_param(p, "layers.2.block.b", WEIR_LPARAM_SCALAR, 1, 7, 2);
    expect_param(p, "head.b", WEIR_LPARAM_SCALAR, 1, 7, 0);
    assert_int_equal(p->params, 8);
    weir_program_destroy(&p);
}

static void norms(void **state)
{
    (void)state;
    weir_program *p =
        compile("embed x = norm(x, offset)\n"
                "inside q = headnorm(q)\ninside k = headnorm(k, each)\ninside v = norm(v)\n"
                "inside mix = rmsnorm(mix)\ninside mid = norm(mid)\n"
                "sublayer x = x + norm(f(rmsnorm(x)), plain)\nhead x = headnorm(x)",
                1);
    expect_param(p, "embed.norm1.gamma", WEIR_LPARAM_GAMMA, 64, 0, 0);
    expect_param(p, "embed.norm1.beta", WEIR_LPARAM_BETA, 64, 0, 0);
    expect_param(p, "layers.1.attn.norm2.gamma", WEIR_LPARAM_GAMMA, 64, 1, 1);
    assert_null(find_param(p, "layers.1.attn.norm2.beta"));  /* rmsnorm has none */
    assert_null(find_param(p, "layers.1.attn.norm1.gamma")); /* plain has none */
    expect_param(p, "layers.1.mlp.norm2.gamma", WEIR_LPARAM_GAMMA, 64, 1, 1);
    expect_param(p, "layers.1.attn.q.norm1.gamma", WEIR_LPARAM_GAMMA, 16, 1, 1);
    expect_param(p, "layers.1.attn.q.norm1.beta", WEIR_LPARAM_BETA, 16, 0, 1);
    expect_param(p, "layers.1.attn.k.norm1.gamma", WEIR_LPARAM_GAMMA, 32, 1, 1);
    expect_param(p, "layers.1.attn.v.norm1.gamma", WEIR_LPARAM_GAMMA, 32, 1, 1);
    expect_param(p, "layers.1.attn.mix.norm1.gamma", WEIR_LPARAM_GAMMA, 64, 1, 1);
    expect_param(p, "layers.1.mlp.mid.norm1.gamma", WEIR_LPARAM_GAMMA, 256, 1, 1);
    expect_param(p, "head.norm1.gamma", WEIR_LPARAM_GAMMA, 16, 1, 0);
    weir_program_destroy(&p);
}

static void operator_of_norm(void **state)
{
    (void)state;
    weir_layout_shape shape = test_shape(1, false);
    shape.norm = WEIR_RMSNORM;
    weir_program *p =
        test_compile("embed x = layernorm(norm(headnorm(x)))\nsublayer x = f(x)", &shape, true);
    static const weir_norm_op ops[] = {WEIR_RMSNORM, WEIR_RMSNORM, WEIR_LAYERNORM};
    for (int i = 0; i < 3; i++) assert_int_equal(p->main.step[i].norm.op, ops[i]);
    assert_string_equal(p->main.step[0].norm.name, "embed.norm3"); /* in the order of the text */
    assert_string_equal(p->main.step[2].norm.name, "embed.norm1");
    weir_program_destroy(&p);
}

static void stream_and_branches(void **state)
{
    (void)state;
    weir_program *p = compile(
        "attn x = x + f(x)\nmlp x = norm(x)\nwhen l == 2: block a = mlp(x), x = a + attn(a)", 2);
    assert_int_equal(p->stream[0], p->main.step[1].out);
    assert_int_equal(p->stream[1], p->main.step[2].out);
    assert_int_equal(p->stream[2], -1);
    assert_int_equal(p->stream[3], p->main.out);
    static const bool used[] = {true, false, true, true};
    for (int i = 0; i < 4; i++) assert_int_equal(p->branch_used[i], used[i]);
    assert_int_equal(p->main.step[3].branch, WEIR_BRANCH_MLP); /* in the order of the text */
    assert_int_equal(p->main.step[4].branch, WEIR_BRANCH_ATTN);
    assert_int_equal(p->warnings, 0);
    weir_program_destroy(&p);
}

/* A rule at a spot whose branch is not called makes nothing. */
static void spots_of_unused_branches(void **state)
{
    (void)state;
    weir_program *p = compile("inside q = norm(q)\ninside mid = norm(mid)\nsublayer x = f(x)\n"
                              "when l == 2: attn x = x",
                              2);
    assert_int_equal(weir_program_inside(p, 1, WEIR_SPOT_Q)->count, 1);
    assert_int_equal(weir_program_inside(p, 2, WEIR_SPOT_Q)->count, 0);
    assert_int_equal(weir_program_inside(p, 2, WEIR_SPOT_MID)->count, 1);
    assert_null(find_param(p, "layers.2.attn.q.norm1.gamma"));
    weir_program_destroy(&p);
}

static void ends_are_the_identity(void **state)
{
    (void)state;
    weir_program *p = compile("embed x = x\nsublayer x = f(x)\nhead y = norm(x)", 1);
    assert_int_equal(p->main.out, p->main.step[1].out);
    weir_program_destroy(&p);
    p = compile("when N > 1: embed x = norm(x)\nsublayer x = f(x)", 1);
    assert_int_equal(p->main.count, 2);
    weir_program_destroy(&p);
}

static void warnings(void **state)
{
    (void)state;
    static const struct {
        const char *text, *warning[2];
    } list[] = {
        {"embed y = x\nsublayer x = f(x)",
         {"test:1:7: no rule reads the state `y`",
          "test:1:7: no rule after embed assigns the state `y`"}},
        {"embed y = x\nsublayer x = f(x), y = x", {"test:1:7: no rule reads the state `y`"}},
        {"embed y = x\nsublayer x = f(x) + y",
         {"test:1:7: no rule after embed assigns the state `y`"}},
        {"attn x = f(x)\nmlp x = x", {"test:2:1: no layer calls mlp"}},
        {"encoder embed y = x\nblock x = x + mlp(x)", {"test:2:1: no layer calls attn"}},
        {"sublayer x = f(x)", {NULL}},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        weir_program *p = compile(list[i].text, 2);
        int count = (list[i].warning[0] != NULL) + (list[i].warning[1] != NULL);
        assert_int_equal(p->warnings, count);
        for (int w = 0; w < count; w++) assert_string_equal(p->warning[w], list[i].warning[w]);
        weir_program_destroy(&p);
    }
}

static void builtin_table(void **state)
{
    (void)state;
    static const char *const first[] = {"post", "pre", "sandwich", "deepnorm", "embed-ln"};
    for (int i = 0; i < 5; i++) assert_string_equal(weir_builtin_layout_at(i)->name, first[i]);
    for (int i = 0; i < weir_builtin_layout_count(); i++) {
        const weir_builtin_layout *b = weir_builtin_layout_at(i);
        assert_ptr_equal(weir_builtin_layout_find(b->name), b);
        assert_true(b->title[0] && b->summary[0]);
        assert_non_null(strstr(b->summary, "arXiv:"));
        assert_int_equal(b->text[0], '#');
    }
    assert_null(weir_builtin_layout_find("no-such"));
    assert_null(weir_builtin_layout_at(-1));
    assert_null(weir_builtin_layout_at(weir_builtin_layout_count()));
    assert_string_equal(weir_builtin_layout_find("deepnorm")->title, "DeepNorm");
    assert_string_equal(weir_builtin_layout_nearest("depnorm"), "deepnorm");
    assert_null(weir_builtin_layout_nearest("zzzzzzzz"));
    assert_string_equal(weir_role_name(WEIR_ROLE_DOWN), "down");
    assert_string_equal(weir_role_name(WEIR_ROLE_XO), "xo");
}

/* The wrong DeepNorms that are found in public code are layouts too, and not the same ones. */
static void bug_zoo(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "let alpha = (2*N)^(1/4)\nlet beta = (8*N)^(-1/4)\ngain v o up down = beta\nsublayer x = "
        "norm(x + alpha*f(x))",
        "let alpha = (2*N)^(1/4)\nlet beta = (8*N)^(1/4)\ngain v o up down = beta\nsublayer x = "
        "norm(alpha*x + f(x))",
        "let alpha = (2*N)^(1/4)\nsublayer x = norm(alpha*x + f(x))",
        "let beta = (8*N)^(-1/4)\ngain v o up down = beta\nsublayer x = norm(x + f(x))",
        "sublayer x = norm(2.8284*x + f(x))",
    };
    weir_layout *right = test_parse(weir_builtin_layout_find("deepnorm")->text);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_layout *layout = test_parse(wrong[i]);
        assert_string_not_equal(weir_layout_canonical(layout), weir_layout_canonical(right));
        weir_layout_destroy(&layout);
        weir_program *p = compile(wrong[i], 6);
        weir_program_destroy(&p);
    }
    weir_layout_destroy(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_later_rule_holds),
        cmocka_unit_test(otherwise_is_none_of_the_whens_above),
        cmocka_unit_test(names_in_order),
        cmocka_unit_test(instances_of_params),
        cmocka_unit_test(norms),
        cmocka_unit_test(operator_of_norm),
        cmocka_unit_test(stream_and_branches),
        cmocka_unit_test(spots_of_unused_branches),
        cmocka_unit_test(ends_are_the_identity),
        cmocka_unit_test(warnings),
        cmocka_unit_test(builtin_table),
        cmocka_unit_test(bug_zoo),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
