/* test_measure.c - every measurement against its definition, computed by plain loops in double. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "lab/lab_support.h"
#include "lab/plain.h"

#define SETTINGS                                                                                   \
    "depth=2,width=8,heads=2,ffn=12,ctx=5,batch=3,vocab=11,act=relu,pos=none,eps=0.01,seed=3"
enum { DEPTH = 2, WIDTH = 8, TOKENS = 15 };

/* The f32 network against doubles: rounding, and the differences' own error. */
static const double tolerance = 2e-4;

#define assert_near(got, want) assert_near_at(got, want, #got, __FILE__, __LINE__)

static void assert_near_at(double got, double want, const char *what, const char *file, int line)
{
    if (fabs(got - want) <= tolerance * (1e-3 + fabs(want))) return;
    print_error("%s is %.9g, by its definition %.9g\n", what, got, want);
    _fail(file, line);
}

static double rms_of(const double *x, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++) sum += x[i] * x[i];
    return sqrt(sum / n);
}

/* Weights away from where symmetries hide mistakes: every gamma and beta is its own number. */
static void scatter(lab_net *net)
{
    weir_rng rng;
    weir_rng_init(&rng, 7, 0);
    for (int i = 0; i < net->model->params; i++) {
        const weir_param *p = &net->model->param[i];
        if (p->lparam < 0) continue;
        for (int64_t j = 0; j < weir_param_size(p); j++)
            net->theta[p->offset + j] += (float)(0.3 * weir_rng_normal(&rng));
    }
}

static plain_net *plain_of(const lab_net *net, bool post)
{
    plain_net *n = calloc(1, sizeof *n);
    assert_non_null(n);
    *n = (plain_net){.model = net->model,
                     .post = post,
                     .sequences = 3,
                     .input = net->subject.input,
                     .target = net->subject.target,
                     .bump_site = -1};
    n->theta = calloc((size_t)net->model->total, sizeof *n->theta);
    assert_non_null(n->theta);
    for (int64_t i = 0; i < net->model->total; i++) n->theta[i] = (double)net->theta[i];
    return n;
}

static void plain_free(plain_net *n)
{
    free(n->theta);
    free(n);
}

/* ---- one sublayer --------------------------------------------------------------------------- */

static void check_stream(const weir_site_numbers *s, plain_net *plain, int site)
{
    double grad[TOKENS * WIDTH], largest = 0;
    plain_loss(plain);
    for (int i = 0; i < TOKENS * WIDTH; i++) {
        if (fabs(plain->stream[site][i]) > largest) largest = fabs(plain->stream[site][i]);
    }
    assert_near(s->resid_rms, rms_of(plain->stream[site], TOKENS * WIDTH));
    assert_near(s->branch_rms, rms_of(plain->branch[site], TOKENS * WIDTH));
    assert_near(s->max_abs, largest);
    for (int i = 0; i < TOKENS * WIDTH; i++) grad[i] = plain_stream_grad(plain, site, i);
    assert_near(s->dresid_rms, rms_of(grad, TOKENS * WIDTH));
}

static void check_weights(const weir_site_numbers *s, plain_net *plain, const weir_config *config)
{
    double together = 0;
    int seen = 0;
    for (int i = 0; i < plain->model->params; i++) {
        const weir_param *p = &plain->model->param[i];
        if (p->layer != s->layer || p->sub != s->sub) continue;
        double grads = 0, size = 0, steps = 0;
        for (int64_t j = p->offset; j < p->offset + weir_param_size(p); j++) {
            double g = plain_grad(plain, j), step = config->lr * g / (fabs(g) + 1e-8);
            grads += g * g;
            size += plain->theta[j] * plain->theta[j];
            steps += fabs(g) > 1e-9 ? step * step : 0; /* below: what differences cannot resolve */
        }
        together += grads;
        if (p->role == WEIR_ROLES) continue;
        const weir_weight_numbers *w = &s->weight[p->role];
        assert_true(w->there);
        assert_near(w->rms, sqrt(size / (double)weir_param_size(p)));
        assert_near(w->grad_norm, sqrt(grads));
        assert_near(w->update_ratio, sqrt(steps / size));
        seen++;
    }
    assert_int_equal(seen, s->sub == 0 ? 4 : 2);
    assert_near(s->grad_norm, sqrt(together));
}

static void check_norm(const weir_norm_numbers *n, const plain_net *plain, int site)
{
    char name[64], gamma_name[72];
    snprintf(name, sizeof name, "layers.%d.%s.norm1", site / 2 + 1, site % 2 ? "mlp" : "attn");
    snprintf(gamma_name, sizeof gamma_name, "%s.gamma", name);
    assert_string_equal(n->name, name);
    assert_near(n->in_rms, rms_of(plain->norm_in[site], TOKENS * WIDTH));
    const double *gamma = plain->theta + weir_model_find(plain->model, gamma_name)->offset;
    double mean = 0, least = gamma[0], most = gamma[0], hit = 0;
    for (int j = 0; j < WIDTH; j++) {
        mean += gamma[j] / WIDTH;
        least = fmin(least, gamma[j]);
        most = fmax(most, gamma[j]);
    }
    assert_near(n->gamma_mean, mean);
    assert_near(n->gamma_min, least);
    assert_near(n->gamma_max, most);
    for (int t = 0; t < TOKENS; t++) {
        const double *x = plain->norm_in[site] + t * WIDTH;
        double m = 0, variance = 0;
        for (int j = 0; j < WIDTH; j++) m += x[j] / WIDTH;
        for (int j = 0; j < WIDTH; j++) variance += (x[j] - m) * (x[j] - m) / WIDTH;
        hit += plain->model->shape.eps > 0.01 * variance;
    }
    assert_near(n->eps_share, hit / TOKENS);
}

static void check_network(const char *layout, bool post)
{
    weir_config config = lab_config(SETTINGS);
    lab_net net;
    lab_net_init(&net, layout, &config);
    scatter(&net);
    lab_numbers n = lab_measure(&net, false);
    plain_net *plain = plain_of(&net, post);
    assert_near(n.measured.loss, plain_loss(plain));
    assert_int_equal(n.measured.sites, 2 * DEPTH);
    assert_int_equal(n.measured.norms, 2 * DEPTH + !post);
    for (int site = 0; site < 2 * DEPTH; site++) {
        const weir_site_numbers *s = &n.measured.site[site];
        assert_int_equal(s->layer, site / 2 + 1);
        assert_int_equal(s->sub, site % 2);
        check_stream(s, plain, site);
        check_weights(s, plain, &config);
        check_norm(&n.measured.norm[site], plain, site);
    }
    plain_free(plain);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

static void test_post(void **state)
{
    (void)state, check_network("post", true);
}
static void test_pre(void **state)
{
    (void)state, check_network("pre", false);
}

/* ---- the parts ------------------------------------------------------------------------------ */

static void test_update_ratio_of_a_run(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS ",lr=0.02,beta1=0.8,beta2=0.95");
    lab_net net;
    lab_net_init(&net, "pre", &config);
    size_t total = (size_t)net.model->total;
    float *m = weir_alloc(total, sizeof *m), *v = weir_alloc(total, sizeof *v);
    weir_rng rng;
    weir_rng_init(&rng, 9, 0);
    for (size_t i = 0; i < total; i++) {
        m[i] = (float)(0.01 * weir_rng_normal(&rng));
        v[i] = (float)(1e-4 * weir_rng_uniform(&rng));
    }
    net.subject.moment1 = m;
    net.subject.moment2 = v;
    net.subject.t = 3;
    lab_numbers n = lab_measure(&net, false);
    const weir_param *p = weir_model_find(net.model, "layers.2.mlp.up");
    double steps = 0, size = 0;
    for (int64_t i = p->offset; i < p->offset + weir_param_size(p); i++) {
        double g = (double)net.subject.grad[i];
        double m3 = (0.8 * (double)m[i] + 0.2 * g) / (1 - 0.8 * 0.8 * 0.8);
        double v3 = (0.95 * (double)v[i] + 0.05 * g * g) / (1 - 0.95 * 0.95 * 0.95);
        steps += pow(0.02 * m3 / (sqrt(v3) + 1e-8), 2);
        size += pow((double)net.theta[i], 2);
    }
    assert_near(weir_site_at(&n.measured, 2, 1)->weight[WEIR_ROLE_UP].update_ratio,
                sqrt(steps / size));
    weir_free(m);
    weir_free(v);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

/* A stream that stays the embedding: its outliers and its constant rows are known. */
static void test_far_and_eps_shares(void **state)
{
    (void)state;
    weir_config config = lab_config("depth=1,width=8,heads=1,ffn=8,ctx=4,batch=2,vocab=4,pos=none");
    lab_net net;
    lab_net_init(&net, "gain v o up down = 0; sublayer x = x + f(norm(x)); head x = norm(x)",
                 &config);
    float *tok = net.theta + net.model->tok;
    for (int t = 0; t < 4; t++) {
        for (int j = 0; j < 8; j++) tok[t * 8 + j] = t == 0 ? 2 : j % 2 ? 2.0f : -2.0f;
    }
    for (int j = 0; j < 8; j++) /* a variance of 99.5 eps */
        tok[3 * 8 + j] = (float)((j % 2 ? 1 : -1) * sqrt(99.5 * config.eps));
    tok[1 * 8 + 3] = 199; /* not beyond 100 x 2 */
    tok[2 * 8 + 5] = -201;
    int constant = 0, outlier = 0, faint = 0;
    for (int i = 0; i < 8; i++) {
        constant += net.subject.input[i] == 0;
        outlier += net.subject.input[i] == 2;
        faint += net.subject.input[i] == 3;
    }
    assert_in_range(constant, 1, 7); /* else nothing is tested */
    assert_in_range(outlier, 1, 7);
    assert_in_range(faint, 1, 3);
    lab_numbers n = lab_measure(&net, false);
    const weir_site_numbers *s = weir_site_at(&n.measured, 1, 0);
    assert_near(s->far_share, outlier / 64.0);
    assert_near(s->max_abs, 201);
    assert_near(s->branch_rms, 0);
    assert_near(n.measured.norm[0].eps_share, (constant + faint) / 8.0);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void test_median(void **state)
{
    (void)state;
    float v[200], sorted[200];
    weir_rng rng;
    weir_rng_init(&rng, 5, 0);
    for (int n = 1; n <= 200; n++) {
        for (int kinds = 2; kinds < 400; kinds *= 3) {
            for (int i = 0; i < n; i++)
                sorted[i] = v[i] = (float)weir_rng_below(&rng, (uint64_t)kinds);
            qsort(sorted, (size_t)n, sizeof *sorted, by_value);
            assert_true(weir_median(v, n) == sorted[n / 2]);
        }
    }
}

/* A block rule has no stream between its branches, and a plain norm no gamma: these are not
 * numbers. */
static void test_what_is_not_there(void **state)
{
    (void)state;
    weir_config config = lab_config(SETTINGS);
    lab_net net;
    lab_net_init(&net, "block x = x + attn(norm(x, plain)) + mlp(norm(x)); head x = norm(x)",
                 &config);
    lab_numbers n = lab_measure(&net, false);
    for (int l = 1; l <= DEPTH; l++) {
        const weir_site_numbers *attn = weir_site_at(&n.measured, l, 0);
        const weir_site_numbers *mlp = weir_site_at(&n.measured, l, 1);
        assert_true(isnan(attn->resid_rms) && isnan(attn->dresid_rms) && isnan(attn->max_abs) &&
                    isnan(attn->far_share));
        assert_true(attn->branch_rms > 0 && attn->grad_norm > 0);
        assert_true(mlp->resid_rms > 0 && mlp->dresid_rms > 0 && mlp->branch_rms > 0);
        assert_false(attn->weight[WEIR_ROLE_UP].there || mlp->weight[WEIR_ROLE_GATE].there);
    }
    assert_true(isnan(n.measured.norm[0].gamma_mean) && n.measured.norm[0].in_rms > 0);
    assert_near(n.measured.norm[1].gamma_mean, 1);
    lab_numbers_deinit(&n);
    lab_net_deinit(&net);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_pre),
        cmocka_unit_test(test_update_ratio_of_a_run),
        cmocka_unit_test(test_far_and_eps_shares),
        cmocka_unit_test(test_median),
        cmocka_unit_test(test_what_is_not_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
