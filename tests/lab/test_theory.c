/* test_theory.c - what the papers say of a network at initialization, measured: signs, slopes and
 * bands from several depths and seeds, never from one number. docs/evidence.md shows
 * what they come to.
 *
 * Xiong et al. 2020 (arXiv:2002.04745): X. Wang et al. 2022, DeepNet (arXiv:2203.00555): D.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "lab/lab_support.h"

enum { SEEDS = 3, DEPTHS = 4, POINTS = SEEDS * DEPTHS, DEEPEST = 32 };
static const int depths[DEPTHS] = {4, 8, 16, DEEPEST};

#define SMALL "width=32,heads=2,ctx=16,batch=4,vocab=32"

/* The wrong DeepNorms of public code (docs/evidence/*.layout), and Keel. */
#define ALPHA       "let alpha = (2*N)^(1/4); "
#define GAIN        "gain v o up down = (8*N)^(-1/4); "
#define ALPHA_ALONE ALPHA "sublayer x = norm(alpha*x + f(x))"
#define GAIN_ALONE  GAIN "sublayer x = norm(x + f(x))"
#define ON_BRANCH   ALPHA GAIN "sublayer x = norm(x + alpha*f(x))"
#define INVERTED    ALPHA "gain v o up down = (8*N)^(1/4); sublayer x = norm(alpha*x + f(x))"
#define FIXED       "gain v o up down = (8*N)^(1/4); sublayer x = norm(2.8284*x + f(x))"
#define KEEL        "let alpha = 2*N; sublayer x = norm(alpha*x + f(norm(x)))"

/* One measured number for each depth and seed. */
typedef struct points {
    double depth[POINTS], w2_last[POINTS], sgd[POINTS], adamw[POINTS];
} points;

static void measure_at(points *p, const char *layout, int depth, int seed, int at)
{
    char settings[160];
    lab_net net;
    snprintf(settings, sizeof settings, SMALL ",depth=%d,seed=%d", depth, seed);
    weir_config config = lab_config(settings);
    lab_net_init(&net, layout, &config);
    lab_numbers n = lab_measure(&net, true);
    p->depth[at] = depth;
    p->w2_last[at] = weir_site_at(&n.measured, depth, 1)->weight[WEIR_ROLE_DOWN].grad_norm;
    p->sgd[at] = n.updates.sgd.branch;
    p->adamw[at] = n.updates.adamw.branch;
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

static points sweep(const char *layout)
{
    points p;
    for (int i = 0; i < POINTS; i++) measure_at(&p, layout, depths[i / SEEDS], i % SEEDS + 1, i);
    return p;
}

#define assert_between(v, low, high) assert_between_at(v, low, high, #v, __FILE__, __LINE__)

static void assert_between_at(double v, double low, double high, const char *what, const char *file,
                              int line)
{
    print_message("    %s: %.3f in [%g, %g]\n", what, v, low, high);
    if (v >= low && v <= high) return;
    print_error("%s is %.6g, expected from %g to %g\n", what, v, low, high);
    _fail(file, line);
}

/* ---- against depth -------------------------------------------------------------------------- */

/* X theorem 1: the last FFN's gradient does not fall with depth under Post-LN, and falls as
 * depth^(-1/2) under Pre-LN. D: alpha and beta make it depth^(-1/2) under DeepNorm (beta/alpha). */
static void test_last_gradient_against_depth(void **state)
{
    (void)state;
    points post = sweep("post"), pre = sweep("pre"), deepnorm = sweep("deepnorm");
    double post_slope = lab_log_slope(post.depth, post.w2_last, POINTS);
    double pre_slope = lab_log_slope(pre.depth, pre.w2_last, POINTS);
    double deepnorm_slope = lab_log_slope(deepnorm.depth, deepnorm.w2_last, POINTS);
    assert_between(post_slope, -0.1, 0.4);
    assert_between(pre_slope, -0.65, -0.35);
    assert_between(deepnorm_slope, -0.6, -0.4);
}

/* D theorem 4.2: a step of SGD moves DeepNorm's output by a constant in depth, Post-LN's by more
 * with depth; and so it is for whoever writes DeepNorm wrongly. */
static void test_sgd_update_against_depth(void **state)
{
    (void)state;
    points post = sweep("post"), deepnorm = sweep("deepnorm"), alpha = sweep(ALPHA_ALONE);
    points gain = sweep(GAIN_ALONE), branch = sweep(ON_BRANCH), inverted = sweep(INVERTED);
    points fixed = sweep(FIXED);
    double deepnorm_slope = lab_log_slope(deepnorm.depth, deepnorm.sgd, POINTS);
    double post_slope = lab_log_slope(post.depth, post.sgd, POINTS);
    double alpha_alone_slope = lab_log_slope(alpha.depth, alpha.sgd, POINTS);
    double gain_alone_slope = lab_log_slope(gain.depth, gain.sgd, POINTS);
    double on_branch_slope = lab_log_slope(branch.depth, branch.sgd, POINTS);
    double inverted_slope = lab_log_slope(inverted.depth, inverted.sgd, POINTS);
    double fixed_slope = lab_log_slope(fixed.depth, fixed.sgd, POINTS);
    assert_between(deepnorm_slope, -0.15, 0.15);
    assert_between(post_slope, 0.3, 2);
    assert_between(alpha_alone_slope, 0.3, 2);
    assert_between(gain_alone_slope, 0.3, 2);
    assert_between(on_branch_slope, 0.3, 2);
    assert_between(inverted_slope, 0.3, 4);
    assert_between(fixed_slope, 0.3, 4);
}

/* D's constant is a statement about SGD: under Adam every element moves by lr, so DeepNorm's update
 * grows, but slower than depth and far below Post-LN's. Keel's alpha = 2N keeps even that constant.
 */
static void test_adamw_update_against_depth(void **state)
{
    (void)state;
    points post = sweep("post"), deepnorm = sweep("deepnorm"), keel = sweep(KEEL);
    double deepnorm_slope = lab_log_slope(deepnorm.depth, deepnorm.adamw, POINTS);
    double keel_slope = lab_log_slope(keel.depth, keel.adamw, POINTS);
    assert_between(deepnorm_slope, 0.2, 0.7);
    assert_between(keel_slope, -0.2, 0.2);
    for (int i = 0; i < POINTS; i++) assert_true(deepnorm.adamw[i] < post.adamw[i] / 3);
}

/* ---- against the layer ---------------------------------------------------------------------- */

/* The slope of a sublayer kind's gradient against l, over layers and seeds. */
static double gradient_slope(const char *layout, int sub)
{
    enum { DEPTH = 24 };
    double l[SEEDS * DEPTH], g[SEEDS * DEPTH];
    for (int seed = 0; seed < SEEDS; seed++) {
        char settings[160];
        lab_net net;
        snprintf(settings, sizeof settings, SMALL ",depth=%d,seed=%d", DEPTH, seed + 1);
        weir_config config = lab_config(settings);
        lab_net_init(&net, layout, &config);
        lab_numbers n = lab_measure(&net, false);
        for (int i = 0; i < DEPTH; i++) {
            l[seed * DEPTH + i] = i + 1;
            g[seed * DEPTH + i] = weir_site_at(&n.measured, i + 1, sub)->grad_norm;
        }
        lab_numbers_deinit(&n);
        lab_net_deinit(&net);
    }
    return lab_log_slope(l, g, SEEDS * DEPTH);
}

static void test_gradient_against_layer(void **state)
{
    (void)state;
    double pre_attn = gradient_slope("pre", 0), pre_mlp = gradient_slope("pre", 1);
    double deepnorm_attn = gradient_slope("deepnorm", 0);
    double deepnorm_mlp = gradient_slope("deepnorm", 1);
    assert_between(pre_attn, -0.9, -0.25);
    assert_between(pre_mlp, -0.9, -0.25);
    assert_between(deepnorm_attn, -0.15, 0.15);
    assert_between(deepnorm_mlp, -0.15, 0.15);
}

/* ---- the forward signal --------------------------------------------------------------------- */

/* X's setting: uniform attention (W_Q = W_K = 0), ReLU, all matrices d x d, inputs N(0, 1) without
 * positions. */
#define XIONG   "width=64,ffn=64,heads=1,ctx=16,batch=4,vocab=64,act=relu,pos=none"
#define UNIFORM "gain q k = 0; "

enum { LAYERS = 24, DRAWS = 8 };

/* Means over seeds: the mean square of the stream after each sublayer, and of the input of each
 * sublayer's norm. */
typedef struct signal {
    double stream[2 * LAYERS], norm_in[2 * LAYERS];
} signal;

static double square(double v)
{
    return v * v;
}

static signal signal_of(const char *layout)
{
    signal mean = {0};
    for (int seed = 1; seed <= DRAWS; seed++) {
        char text[200];
        lab_net net;
        snprintf(text, sizeof text, XIONG ",depth=%d,seed=%d", LAYERS, seed);
        weir_config config = lab_config(text);
        lab_net_init(&net, layout, &config);
        lab_numbers n = lab_measure(&net, false);
        for (int i = 0; i < 2 * LAYERS; i++) {
            mean.stream[i] += square(n.measured.site[i].resid_rms) / DRAWS;
            mean.norm_in[i] += square(n.measured.norm[i].in_rms) / DRAWS;
        }
        lab_numbers_deinit(&n);
        lab_net_deinit(&net);
    }
    return mean;
}

/* X lemma 2, after layer l: from (1 + l/2) d to (1 + 3l/2) d. 10 % of slack for a mean over eight
 * draws. */
static void test_stream_of_pre(void **state)
{
    (void)state;
    signal s = signal_of(UNIFORM "sublayer x = x + f(norm(x)); head x = norm(x)");
    for (int l = 1; l <= LAYERS; l++) {
        double low = 1 + l / 2.0, high = 1 + 3 * l / 2.0, got = s.stream[2 * l - 1];
        if (!(got >= 0.9 * low && got <= 1.1 * high))
            fail_msg("layer %d: %g is outside [%g, %g]", l, got, low, high);
    }
}

/* Every branch is normalized to 1 and nearly orthogonal to the stream that it is added to. */
static void test_stream_of_sandwich(void **state)
{
    (void)state;
    signal s = signal_of("sandwich");
    double xy = 0, xx = 0, middle = LAYERS - 0.5;
    for (int i = 0; i < 2 * LAYERS; i++) {
        xy += (i - middle) * s.stream[i];
        xx += square(i - middle);
    }
    double growth_per_sublayer = xy / xx;
    assert_between(growth_per_sublayer, 0.9, 1.1);
}

static void test_stream_behind_a_norm(void **state)
{
    (void)state;
    const char *layouts[] = {"post", "deepnorm", KEEL};
    for (int k = 0; k < 3; k++) {
        signal s = signal_of(layouts[k]);
        for (int i = 0; i < 2 * LAYERS; i++) assert_true(fabs(s.stream[i] - 1) < 1e-4);
    }
}

/* X lemma 2 for Post-LN: the FFN's norm reads 1 of the stream and 1/2 of the FFN, in every layer,
 * the last included. One draw of one layer scatters by 0.2; the mean over layers and draws does
 * not. */
static void test_norm_input_of_post(void **state)
{
    (void)state;
    signal s = signal_of(UNIFORM "sublayer x = norm(x + f(x))");
    double of_ffn = 0, of_attention = 0;
    for (int l = 0; l < LAYERS; l++) {
        of_attention += s.norm_in[2 * l] / LAYERS;
        of_ffn += s.norm_in[2 * l + 1] / LAYERS;
    }
    assert_between(of_ffn, 1.4, 1.6);
    assert_between(of_attention, 1, 2.1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_last_gradient_against_depth),
        cmocka_unit_test(test_sgd_update_against_depth),
        cmocka_unit_test(test_adamw_update_against_depth),
        cmocka_unit_test(test_gradient_against_layer),
        cmocka_unit_test(test_stream_of_pre),
        cmocka_unit_test(test_stream_of_sandwich),
        cmocka_unit_test(test_stream_behind_a_norm),
        cmocka_unit_test(test_norm_input_of_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
