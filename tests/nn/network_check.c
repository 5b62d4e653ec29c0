/* network_check.c - identities of the network in float: what theory says must be the same, is the
 * same. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "nn/model.h"

enum { SEQUENCES = 3, CTX = 16, VOCAB = 32, WIDTH = 32, DEPTH = 5 };

typedef struct net {
    weir_model *model;
    weir_worker *worker;
    float *theta, *grad;
    uint16_t input[SEQUENCES * CTX], target[SEQUENCES * CTX];
} net;

static net net_of_fused(const char *text, bool fuse)
{
    net n = {0};
    weir_error err = {0};
    weir_layout *layout;
    weir_program *program;
    weir_layout_shape ls = {.depth = DEPTH,
                            .width = WIDTH,
                            .heads = 4,
                            .kv_heads = 4,
                            .ffn = 64,
                            .norm = WEIR_LAYERNORM,
                            .steps = 100};
    weir_model_shape ms = {.depth = DEPTH,
                           .width = WIDTH,
                           .heads = 4,
                           .kv_heads = 4,
                           .ffn = 64,
                           .ctx = CTX,
                           .vocab = VOCAB,
                           .eps = 1e-5};
    weir_status status = weir_layout_parse(text, strlen(text), "test", &layout, &err);
    if (status == WEIR_OK) status = weir_layout_compile(layout, &ls, fuse, &program, &err);
    if (status == WEIR_OK) status = weir_model_create(&ms, &program, &n.model, &err);
    if (status == WEIR_OK) status = weir_worker_create(n.model, SEQUENCES, &n.worker, &err);
    if (status != WEIR_OK) fail_msg("%s", err.message);
    weir_layout_destroy(&layout);
    n.theta = weir_alloc((size_t)n.model->total, sizeof *n.theta);
    n.grad = weir_alloc((size_t)n.model->total, sizeof *n.grad);
    weir_model_init(n.model, 1, n.theta);
    weir_rng rng;
    weir_rng_init(&rng, 2, 0);
    for (int i = 0; i < SEQUENCES * CTX; i++) {
        n.input[i] = (uint16_t)weir_rng_below(&rng, VOCAB);
        n.target[i] = (uint16_t)weir_rng_below(&rng, VOCAB);
    }
    return n;
}

static net net_of(const char *text)
{
    return net_of_fused(text, true);
}

static void net_end(net *n)
{
    weir_worker_destroy(&n->worker);
    weir_model_destroy(&n->model);
    weir_free(n->theta);
    weir_free(n->grad);
}

static double run(net *n)
{
    return weir_worker_forward(n->worker, n->theta, n->input, n->target, SEQUENCES, 1);
}

/* The same loss, and the same final hidden states, bit for bit. Ends both. */
static void assert_same_nets(net x, net y)
{
    double loss_x = run(&x), loss_y = run(&y);
    assert_true(isfinite(loss_x));
    assert_true(loss_x == loss_y);
    assert_memory_equal(weir_worker_hidden(x.worker), weir_worker_hidden(y.worker),
                        SEQUENCES * CTX * WIDTH * sizeof(float));
    net_end(&x);
    net_end(&y);
}

static void assert_same(const char *a, const char *b)
{
    assert_same_nets(net_of(a), net_of(b));
}

/* The kernels' residual form gives the bits of the sum and the norm as steps of their own. */
static void fused_is_unfused(void **state)
{
    (void)state;
    for (int i = 0; i < weir_builtin_layout_count(); i++) {
        const char *text = weir_builtin_layout_at(i)->text;
        assert_same_nets(net_of_fused(text, true), net_of_fused(text, false));
    }
}

static void deepnorm_of_one_is_post(void **state)
{
    (void)state;
    assert_same("let alpha = 1\ngain v o up down = 1\nsublayer x = norm(alpha*x + f(x))\n",
                "sublayer x = norm(x + f(x))\n");
}

static void peri_without_embedding_norm_is_sandwich(void **state)
{
    (void)state;
    assert_same("sublayer a = norm(x), b = f(a), x = x + norm(b)\nhead x = norm(x)\n",
                "sublayer x = x + norm(f(norm(x)))\nhead x = norm(x)\n");
}

/* GLM-130B behind an embedding norm: norm after each sublayer. ChatGLM: the same norms written
 * before the next. */
static void chatglm_is_glm_shifted(void **state)
{
    (void)state;
    const char *constants = "let alpha = (2*N)^(1/2)\ngain v o up down = (2*N)^(-1/2)\n";
    char shifted[512], post[512];
    snprintf(shifted, sizeof shifted,
             "%ssublayer a = norm(x), x = alpha*a + f(a)\nhead x = norm(x)\n", constants);
    snprintf(post, sizeof post, "%sembed x = norm(x)\nsublayer x = norm(alpha*x + f(x))\n",
             constants);
    assert_same(shifted, post);
}

/* Counts elements of the stream that differ from the embedding. */
typedef struct stream_check {
    const float *embedded;
    int64_t seen, different;
} stream_check;

static void observe_stream(void *ctx, const weir_sighting *s)
{
    stream_check *check = ctx;
    if (s->what != WEIR_SEE_STREAM) return;
    check->seen++;
    for (int64_t i = 0; i < s->rows * s->cols; i++)
        check->different += s->data[i] != check->embedded[i];
}

static void gain_zero_leaves_the_stream(void **state)
{
    (void)state;
    net n = net_of("gain o down = 0\nsublayer x = x + f(norm(x))\nhead x = norm(x)\n");
    float embedded[SEQUENCES * CTX * WIDTH];
    const float *tok = n.theta + weir_model_find(n.model, "embed.tok")->offset;
    const float *pos = n.theta + weir_model_find(n.model, "embed.pos")->offset;
    for (int i = 0; i < SEQUENCES * CTX; i++) {
        for (int j = 0; j < WIDTH; j++)
            embedded[i * WIDTH + j] = tok[n.input[i] * WIDTH + j] + pos[i % CTX * WIDTH + j];
    }
    stream_check check = {.embedded = embedded};
    weir_worker_observe(n.worker, observe_stream, &check);
    run(&n);
    assert_int_equal(check.seen, 2 * DEPTH);
    assert_int_equal(check.different, 0);
    net_end(&n);
}

/* A position's hidden state never depends on later tokens. */
static void attention_is_causal(void **state)
{
    (void)state;
    net n = net_of("sublayer x = x + f(norm(x))\nhead x = norm(x)\n");
    run(&n);
    float before[CTX * WIDTH];
    memcpy(before, weir_worker_hidden(n.worker), sizeof before);
    n.input[CTX - 4] = (uint16_t)((n.input[CTX - 4] + 1) % VOCAB);
    run(&n);
    assert_memory_equal(before, weir_worker_hidden(n.worker), (CTX - 4) * WIDTH * sizeof(float));
    assert_memory_not_equal(before + (CTX - 4) * WIDTH,
                            weir_worker_hidden(n.worker) + (CTX - 4) * WIDTH,
                            WIDTH * sizeof(float));
    net_end(&n);
}

/* A sequence's loss does not depend on the others of its batch. */
static void sequences_are_independent(void **state)
{
    (void)state;
    net n = net_of("sublayer x = norm(x + f(x))\n");
    run(&n);
    float batch[CTX * WIDTH];
    memcpy(batch, weir_worker_hidden(n.worker) + CTX * WIDTH, sizeof batch);
    weir_worker_forward(n.worker, n.theta, n.input + CTX, n.target + CTX, 1, 0);
    float worst = 0;
    for (int i = 0; i < CTX * WIDTH; i++)
        worst = fmaxf(worst, fabsf(batch[i] - weir_worker_hidden(n.worker)[i]));
    assert_true(worst <= 1e-5f); /* a BLAS may order the sums of a product by its size */
    net_end(&n);
}

/* The gradient in float is that of the double network, which central differences check: here,
 * against differences of the loss itself along the gradient, to what float allows. */
static void gradient_descends(void **state)
{
    (void)state;
    net n = net_of("let alpha = (2*N)^(1/4)\ngain v o up down = (8*N)^(-1/4)\nsublayer x = "
                   "norm(alpha*x + f(x))\n");
    double before = run(&n), squares = 0;
    weir_worker_backward(n.worker, n.theta, n.grad);
    for (int64_t i = 0; i < n.model->total; i++) squares += (double)n.grad[i] * (double)n.grad[i];
    double h = 1e-2 / sqrt(squares);
    for (int64_t i = 0; i < n.model->total; i++) n.theta[i] -= (float)h * n.grad[i];
    double slope = (before - run(&n)) / h;
    assert_true(fabs(slope / squares - 1) <= 0.05);
    net_end(&n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_is_unfused),
        cmocka_unit_test(deepnorm_of_one_is_post),
        cmocka_unit_test(peri_without_embedding_norm_is_sandwich),
        cmocka_unit_test(chatglm_is_glm_shifted),
        cmocka_unit_test(gain_zero_leaves_the_stream),
        cmocka_unit_test(attention_is_causal),
        cmocka_unit_test(sequences_are_independent),
        cmocka_unit_test(gradient_descends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
