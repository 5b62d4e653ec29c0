/* grad_check.c - the network in double: backward against central differences, for every built-in
 * layout, every published placement, and random layouts; fused against unfused, which must agree to
 * the last bit.
 *
 * A difference quotient along a random direction sees every parameter of a tensor at once: for each
 * tensor, its gradient times the direction against (L(theta + h u) - L(theta - h u)) / 2h. The
 * error of the quotient is h^2 L''' / 6 + eps L / h; with h = 1e-5 both are far below the bound,
 * 2e-6 relative to the largest product or to 1e-3 of the loss scale.
 */
#include <dirent.h>
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
#include "io/files.h"
#include "layout/random_layout.h"
#include "nn/model.h"

enum { SEQUENCES = 2, CTX_MAX = 130, VOCAB = 11 };

typedef struct net {
    weir_model *model;
    weir_worker *worker;
    real *theta, *grad;
    uint16_t input[SEQUENCES * CTX_MAX], target[SEQUENCES * CTX_MAX];
} net;

typedef struct variant {
    weir_act act;
    weir_pos pos;
    int kv_heads, depth, ctx;
    bool tie, bias;
    weir_norm_op norm;
} variant;

static const variant variants[] = {
    {WEIR_ACT_GELU, WEIR_POS_LEARNED, 2, 3, 5, false, false, WEIR_LAYERNORM},
    {WEIR_ACT_SWIGLU, WEIR_POS_ROTARY, 1, 2, 5, true, true, WEIR_RMSNORM},
    {WEIR_ACT_RELU, WEIR_POS_ALIBI, 2, 2, 5, false, true, WEIR_LAYERNORM},
};
enum { VARIANTS = sizeof variants / sizeof variants[0] };

static bool net_make(net *n, const weir_layout *layout, const variant *v, bool fuse,
                     const char *name)
{
    weir_error err;
    *n = (net){0};
    weir_layout_shape ls = {.depth = v->depth,
                            .width = 8,
                            .heads = 2,
                            .kv_heads = v->kv_heads,
                            .ffn = 12,
                            .gated = v->act == WEIR_ACT_SWIGLU,
                            .tied = v->tie,
                            .norm = v->norm,
                            .steps = 10};
    weir_model_shape ms = {.depth = v->depth,
                           .width = 8,
                           .heads = 2,
                           .kv_heads = v->kv_heads,
                           .ffn = 12,
                           .ctx = v->ctx,
                           .vocab = VOCAB,
                           .act = v->act,
                           .pos = v->pos,
                           .tie = v->tie,
                           .bias = v->bias,
                           .eps = 1e-5};
    weir_program *program;
    if (weir_layout_compile(layout, &ls, fuse, &program, &err) != WEIR_OK ||
        weir_model_create(&ms, &program, &n->model, &err) != WEIR_OK ||
        weir_worker_create(n->model, SEQUENCES, &n->worker, &err) != WEIR_OK) {
        print_error("%s: %s\n", name, err.message);
        return false;
    }
    assert_int_equal(weir_program_set_time(n->model->program, 3, &err), WEIR_OK);
    n->theta = weir_alloc((size_t)n->model->total, sizeof(real));
    n->grad = weir_alloc((size_t)n->model->total, sizeof(real));
    weir_model_init(n->model, 7, n->theta);
    /* Learned gains and gammas away from 0 and 1, so that nothing hides behind them. */
    for (int i = 0; i < n->model->params; i++) {
        const weir_param *p = &n->model->param[i];
        weir_rng rng;
        weir_rng_init(&rng, 11, weir_rng_stream(p->name));
        for (int64_t j = 0; p->std == 0 && j < weir_param_size(p); j++)
            n->theta[p->offset + j] += 0.3 * (weir_rng_uniform(&rng) - 0.4);
    }
    weir_rng rng;
    weir_rng_init(&rng, 5, 0);
    for (int i = 0; i < SEQUENCES * v->ctx; i++) {
        n->input[i] = (uint16_t)weir_rng_below(&rng, VOCAB);
        n->target[i] = (uint16_t)weir_rng_below(&rng, VOCAB);
    }
    return true;
}

static void net_end(net *n)
{
    weir_worker_destroy(&n->worker);
    weir_model_destroy(&n->model);
    weir_free(n->theta);
    weir_free(n->grad);
}

static double loss_of(net *n, const real *theta, real scale)
{
    return weir_worker_forward(n->worker, theta, n->input, n->target, SEQUENCES, scale);
}

/* The quotient along a random direction of one tensor, against its gradient; the failure is
 * printed. */
static bool tensor_agrees(net *n, const weir_param *p, real *moved, const char *name)
{
    const double h = 1e-5;
    weir_rng rng;
    weir_rng_init(&rng, 3, weir_rng_stream(p->name));
    double product = 0, size = 0, loss[2];
    real *direction = weir_alloc((size_t)weir_param_size(p), sizeof *direction);
    for (int64_t j = 0; j < weir_param_size(p); j++) {
        direction[j] = weir_rng_uniform(&rng) < 0.5 ? -1 : 1;
        product += direction[j] * n->grad[p->offset + j];
        size += fabs(n->grad[p->offset + j]);
    }
    for (int side = 0; side < 2; side++) {
        memcpy(moved, n->theta, (size_t)n->model->total * sizeof *moved);
        for (int64_t j = 0; j < weir_param_size(p); j++)
            moved[p->offset + j] += (side ? -h : h) * direction[j];
        loss[side] = loss_of(n, moved, 0);
    }
    weir_free(direction);
    double quotient = (loss[0] - loss[1]) / (2 * h), error = fabs(quotient - product),
           bound = 2e-6 * (size + 1e-2);
    if (error <= bound) return true;
    print_error("%s: %s: backward gives %.10g, differences give %.10g (error %.3g, bound %.3g)\n",
                name, p->name, product, quotient, error, bound);
    return false;
}

static bool gradient_agrees(const weir_layout *layout, const variant *v, const char *name)
{
    net n;
    if (!net_make(&n, layout, v, true, name)) return false;
    bool ok = isfinite(loss_of(&n, n.theta, 1));
    if (!ok) print_error("%s: the loss is not finite\n", name);
    weir_worker_backward(n.worker, n.theta, n.grad);
    real *moved = weir_alloc((size_t)n.model->total, sizeof *moved);
    for (int i = 0; ok && i < n.model->params; i++)
        ok = tensor_agrees(&n, &n.model->param[i], moved, name);
    weir_free(moved);
    net_end(&n);
    return ok;
}

/* The loss and every gradient of the fused program are those of the unfused one, bit for bit in the
 * forward pass. */
static bool fusion_agrees(const weir_layout *layout, const variant *v, const char *name)
{
    net fused, plain;
    if (!net_make(&fused, layout, v, true, name) || !net_make(&plain, layout, v, false, name))
        return false;
    double a = loss_of(&fused, fused.theta, 1), b = loss_of(&plain, plain.theta, 1);
    bool ok = a == b;
    if (!ok) print_error("%s: fused loss %.17g, unfused %.17g\n", name, a, b);
    weir_worker_backward(fused.worker, fused.theta, fused.grad);
    weir_worker_backward(plain.worker, plain.theta, plain.grad);
    for (int64_t i = 0; ok && i < fused.model->total; i++) {
        double error = fabs(fused.grad[i] - plain.grad[i]);
        ok = error <= 1e-11 * (1 + fabs(plain.grad[i]));
        if (!ok)
            print_error("%s: gradient %lld: fused %.17g, unfused %.17g\n", name, (long long)i,
                        fused.grad[i], plain.grad[i]);
    }
    net_end(&fused);
    net_end(&plain);
    return ok;
}

static void check_text(const char *text, const char *name, int first, int count)
{
    weir_error err;
    weir_layout *layout;
    if (weir_layout_parse(text, strlen(text), name, &layout, &err) != WEIR_OK) {
        print_error("%s\n", err.message);
        fail();
    }
    for (int i = first; i < first + count; i++) {
        assert_true(gradient_agrees(layout, &variants[i % VARIANTS], name));
        assert_true(fusion_agrees(layout, &variants[i % VARIANTS], name));
    }
    weir_layout_destroy(&layout);
}

static void built_ins(void **state)
{
    (void)state;
    for (int i = 0; i < weir_builtin_layout_count(); i++)
        check_text(weir_builtin_layout_at(i)->text, weir_builtin_layout_at(i)->name, 0, VARIANTS);
}

static void placements(void **state)
{
    (void)state;
    DIR *folder = opendir(LAYOUT_FOLDER);
    assert_non_null(folder);
    int seen = 0;
    for (struct dirent *e; (e = readdir(folder)) != NULL;) {
        if (!strstr(e->d_name, ".layout")) continue;
        char path[4096], *text;
        size_t bytes;
        snprintf(path, sizeof path, "%s/%s", LAYOUT_FOLDER, e->d_name);
        assert_int_equal(weir_file_read(path, 1 << 20, &text, &bytes, NULL), WEIR_OK);
        check_text(text, e->d_name, 0, VARIANTS);
        weir_free(text);
        seen++;
    }
    closedir(folder);
    assert_true(seen >= 20);
}

static void random_layouts(void **state)
{
    (void)state;
    for (int seed = 1; seed <= 200; seed++) {
        weir_text text = {0};
        char name[32];
        snprintf(name, sizeof name, "random %d", seed);
        weir_random_layout((uint64_t)seed, &text);
        assert_false(text.failed);
        check_text(text.data, name, seed, 1);
        weir_text_deinit(&text);
    }
}

/* Attention takes its queries in blocks of 64: a context that ends within the third. */
static void long_contexts(void **state)
{
    (void)state;
    static const char *const text =
        "inside q = headnorm(q)\nsublayer x = x + f(norm(x))\nhead x = norm(x)\n";
    weir_layout *layout;
    assert_int_equal(weir_layout_parse(text, strlen(text), "long", &layout, NULL), WEIR_OK);
    for (int i = 0; i < VARIANTS; i++) {
        variant v = variants[i];
        v.ctx = CTX_MAX;
        v.depth = 1;
        assert_true(gradient_agrees(layout, &v, "long"));
    }
    weir_layout_destroy(&layout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(built_ins),
        cmocka_unit_test(placements),
        cmocka_unit_test(random_layouts),
        cmocka_unit_test(long_contexts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
