/* The numbers of layouts: arithmetic, DeepNorm's constants, what moves with t. */
#include <math.h>
#include <stdio.h>

#include "support.h"
#include "weir/deepnorm.h"

/* The coefficient c of `sublayer x = x + (c)*f(x)` at a sublayer. */
static double coefficient(const char *expr, int depth, int s)
{
    weir_text text = {0};
    weir_layout_shape shape = test_shape(depth, false);
    weir_text_addf(&text, "let c = %s\nsublayer x = x + c*f(x)", expr);
    weir_program *p = test_compile(text.data, &shape, false);
    double number = p->main.step[(s - 1) * 2 + 1].term[1].coef.number;
    weir_program_destroy(&p);
    weir_text_deinit(&text);
    return number;
}

static void arithmetic(void **state)
{
    (void)state;
    static const struct {
        const char *expr;
        double value;
    } list[] = {
        {"N", 6},
        {"l", 2},
        {"s", 3},
        {"d", 64},
        {"h", 4},
        {"T", 100},
        {"t", 1},
        {"N/4", 1.5},
        {"ceil(N/4)", 2},
        {"floor(N/4)", 1},
        {"1 - 2 - 3", -4},
        {"1 - (2 - 3)", 2},
        {"8/4/2", 1},
        {"8/(4/2)", 4},
        {"8/4*2", 4},
        {"2^3^2", 512},
        {"(2^3)^2", 64},
        {"-2^2", -4},
        {"(-2)^2", 4},
        {"2^-1", 0.5},
        {"2*-3", -6},
        {"--3", 3},
        {"min(3, 1, 2)", 1},
        {"max(3, 1, 2)", 3},
        {"sqrt(16)", 4},
        {"log(exp(2))", 2},
        {"if(l <= N/2, 10, 20)", 10},
        {"if(l > N/2, 10, 20)", 20},
        {"if(l == 2 and not s == 4, 1, 2)", 1},
        {"if(l != 2 or s >= 4 or s < 0, 1, 2)", 2},
        {"if(1 < 2 or 2 < 1 and 2 < 1, 1, 2)", 1},
        {"if(l == 2, 1, 1/(l - 2))", 1},          /* the other side is not evaluated */
        {"if(l == 2 or 1/(l - 2) < 0, 1, 2)", 1}, /* nor what follows a true */
        {"if(l != 2 and 1/(l - 2) < 0, 1, 2)", 2},
        {"1.5e1 + .5", 15.5},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        /* Sublayer 3 is the attention of layer 2; lets that fail elsewhere are guarded. */
        char guarded[160];
        snprintf(guarded, sizeof guarded, "if(s == 3, %s, 7)", list[i].expr);
        double got = coefficient(guarded, 6, 3);
        if (!(fabs(got - list[i].value) <= 1e-12)) fail_msg("%s = %.17g", list[i].expr, got);
    }
}

static void deepnorm_constants(void **state)
{
    (void)state;
    static const struct {
        int depth;
        double alpha, beta;
    } list[] = {{6, 1.8612, 0.3799},  {12, 2.2134, 0.3195},  {24, 2.6321, 0.2686},
                {48, 3.1302, 0.2259}, {100, 3.7606, 0.1880}, {1000, 6.6874, 0.1057}};
    const char *text = weir_builtin_layout_find("deepnorm")->text;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        weir_layout_shape shape = test_shape(list[i].depth, true);
        weir_program *p = test_compile(text, &shape, true);
        weir_deepnorm library;
        assert_int_equal(weir_deepnorm_constants(WEIR_DECODER_ONLY, 0, shape.depth, &library),
                         WEIR_OK);
        for (int l = 1; l <= shape.depth; l++) {
            const weir_step *sum = &p->main.step[(l - 1) * 4 + 1];
            const double *gain = &p->gain[(l - 1) * WEIR_ROLES];
            double alpha = sum->term[0].coef.number, beta = gain[WEIR_ROLE_V];
            assert_int_equal(sum->kind, WEIR_STEP_SUM_NORM);
            assert_true(fabs(alpha - list[i].alpha) <= 5e-5);
            assert_true(fabs(beta - list[i].beta) <= 5e-5);
            /* The library's roots and the equation's powers round in different places. */
            assert_true(fabs(library.decoder_alpha / alpha - 1) <= 16 * 0x1p-53);
            assert_true(fabs(library.decoder_beta / beta - 1) <= 16 * 0x1p-53);
            /* The paper's invariant: 2N updates of size 2 beta^2 / alpha^2 add to 1. */
            assert_true(fabs(2 * shape.depth * 2 * beta * beta / (alpha * alpha) - 1) <= 1e-12);
            assert_true(gain[WEIR_ROLE_O] == beta && gain[WEIR_ROLE_UP] == beta &&
                        gain[WEIR_ROLE_DOWN] == beta);
            assert_true(gain[WEIR_ROLE_Q] == 1 && gain[WEIR_ROLE_K] == 1 &&
                        gain[WEIR_ROLE_GATE] == 1);
        }
        assert_true(p->gain_embed == 1 && p->gain_head == 1);
        weir_program_destroy(&p);
    }
}

static void gains(void **state)
{
    (void)state;
    weir_layout_shape shape = test_shape(3, false);
    const char *text =
        "gain q up = 1/l\ngain o = s\ngain gate = 1/(l - l)\ngain xq = log(0)\ngain q = 5\n"
        "gain embed = 3\nsublayer x = x + f(x)";
    weir_program *p = test_compile(text, &shape, true);
    for (int l = 1; l <= 3; l++) {
        const double *gain = &p->gain[(l - 1) * WEIR_ROLES];
        assert_true(gain[WEIR_ROLE_Q] == 5); /* the later holds */
        assert_true(gain[WEIR_ROLE_UP] == 1.0 / l);
        assert_true(gain[WEIR_ROLE_O] == 2 * l - 1);
        assert_true(gain[WEIR_ROLE_GATE] == 1 &&
                    gain[WEIR_ROLE_XQ] == 1); /* what is absent is ignored */
    }
    assert_true(p->gain_embed == 3 && p->gain_head == 1);
    weir_program_destroy(&p);
    shape.tied = true;
    p = test_compile(text, &shape, true);
    assert_true(p->gain_embed == 3 && p->gain_head == 3);
    weir_program_destroy(&p);
    p = test_compile("gain head = 2\nsublayer x = x + f(x)", &shape, true);
    assert_true(p->gain_embed == 2 && p->gain_head == 2);
    weir_program_destroy(&p);
}

static void tied_matrix_has_one_gain(void **state)
{
    (void)state;
    weir_error err;
    weir_program *p;
    weir_layout_shape shape = test_shape(2, false);
    weir_layout *layout = test_parse("gain embed = 2\ngain head = 3\nsublayer x = f(x)");
    assert_int_equal(weir_layout_compile(layout, &shape, true, &p, &err), WEIR_OK);
    assert_true(p->gain_embed == 2 && p->gain_head == 3);
    weir_program_destroy(&p);
    shape.tied = true;
    assert_int_equal(weir_layout_compile(layout, &shape, true, &p, &err), WEIR_E_LAYOUT);
    assert_int_equal(err.line, 2);
    assert_non_null(strstr(err.message, "embed and head are one matrix here"));
    weir_layout_destroy(&layout);
}

/* The first coefficient that moves. */
static double moving(const weir_program *p)
{
    for (int i = 0; i < p->main.count; i++) {
        for (int j = 0; j < p->main.step[i].terms; j++) {
            if (p->main.step[i].term[j].coef.recipe >= 0)
                return p->main.step[i].term[j].coef.number;
        }
    }
    fail_msg("nothing moves");
    return 0;
}

static void time_moves_numbers(void **state)
{
    (void)state;
    weir_layout_shape shape = test_shape(2, false);
    weir_program *p =
        test_compile("let a = min(1, t/(T/2))\nsublayer x = norm(x - a*f(x))", &shape, true);
    assert_true(p->uses_time);
    assert_true(moving(p) == -1.0 / 50);
    assert_int_equal(weir_program_set_time(p, 25, NULL), WEIR_OK);
    assert_true(moving(p) == -0.5);
    assert_int_equal(weir_program_set_time(p, 80, NULL), WEIR_OK);
    assert_true(moving(p) == -1);
    assert_int_equal(weir_program_set_time(p, 0, NULL), WEIR_E_VALUE);
    assert_true(moving(p) == -1);
    weir_program_destroy(&p);
}

static void time_moves_divisions_and_spots(void **state)
{
    (void)state;
    weir_layout_shape shape = test_shape(2, false);
    weir_program *p = test_compile("inside q = t*q/(t + l)\nsublayer x = x + f(x)", &shape, true);
    assert_int_equal(weir_program_set_time(p, 3, NULL), WEIR_OK);
    const weir_steps *q = weir_program_inside(p, 2, WEIR_SPOT_Q);
    assert_int_equal(q->count, 2);
    assert_true(q->step[0].term[0].coef.number == 3);
    assert_true(q->step[1].term[0].coef.number == 1.0 / 5);
    weir_program_destroy(&p);
}

static void time_may_fail_later(void **state)
{
    (void)state;
    weir_error err;
    weir_layout_shape shape = test_shape(2, false);
    weir_program *p =
        test_compile("let a = 1/(t - 4)\nsublayer x = x + 2*t*f(x), x = x + a*x", &shape, true);
    assert_int_equal(weir_program_set_time(p, 3, &err), WEIR_OK);
    assert_int_equal(weir_program_set_time(p, 4, &err), WEIR_E_LAYOUT);
    assert_int_equal(err.line, 1);
    assert_non_null(strstr(err.message, "at N = 2, l = 1, s = 1, t = 4"));
    assert_true(moving(p) == 6); /* as it was */
    weir_program_destroy(&p);
}

static void who_uses_time(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool uses;
    } list[] = {
        {"sublayer x = x + f(x)", false},
        {"let a = t\nsublayer x = x + f(x)", true},
        {"sublayer x = x + f(x)/T", true},
        {"sublayer x = x + f(norm(t*x))", true},
        {"let a = t\nlet b = 2*a\ninside q = b*q\nsublayer x = x + f(x)", true},
        {"encoder let a = t\nsublayer x = x + f(x)", false},
        {"when T > 5: sublayer x = x + f(x)", true},
        {"gain q = 1/T\nsublayer x = x + f(x)", true},
        {"sublayer t = f(x), x = x + t", false},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        weir_layout_shape shape = test_shape(2, false);
        weir_layout *layout = test_parse(list[i].text);
        assert_int_equal(weir_layout_uses_time(layout), list[i].uses);
        weir_layout_destroy(&layout);
        weir_program *p = test_compile(list[i].text, &shape, true);
        assert_int_equal(p->uses_time, list[i].uses);
        assert_int_equal(weir_program_set_time(p, 9, NULL), WEIR_OK);
        weir_program_destroy(&p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(deepnorm_constants),
        cmocka_unit_test(gains),
        cmocka_unit_test(tied_matrix_has_one_gain),
        cmocka_unit_test(time_moves_numbers),
        cmocka_unit_test(time_moves_divisions_and_spots),
        cmocka_unit_test(time_may_fail_later),
        cmocka_unit_test(who_uses_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
