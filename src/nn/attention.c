/* attention.c - causal self-attention: q, k, v, [inside], positions, softmax, mix, [inside],
 * output. */
#include <math.h>
#include <string.h>

#include "nn/internal.h"

/* Queries are taken in blocks of this many rows, each against the keys up to its end: beyond one
 * block, the products skip most of what the causal mask would throw away. */
enum { QUERY_BLOCK = 64 };

typedef struct attention {
    int heads, kv_heads;
    int64_t ctx, head_dim, width, qkv_cols;
    weir_view q, k, v, mix; /* as the scores read them: after inside rules and rotation */
    real scale;
} attention;

/* The tensor at a spot: what its inside rule returns, or the spot's own tensor. */
static weir_view spot_view(const weir_worker *w, int layer, weir_spot spot, weir_view own)
{
    const weir_steps *inside = weir_inside_steps(w, layer, spot);
    return inside ? w->value[inside->out] : own;
}

static attention describe(const weir_worker *w, int layer)
{
    const weir_model *m = w->model;
    const weir_layer_store *store = &w->layer[layer - 1];
    attention a = {.heads = m->shape.heads,
                   .kv_heads = m->shape.kv_heads,
                   .ctx = m->shape.ctx,
                   .head_dim = weir_head_dim(m),
                   .width = m->shape.width};
    int64_t kv = a.head_dim * a.kv_heads;
    a.qkv_cols = a.width + 2 * kv;
    a.scale = (real)(1 / sqrt((double)a.head_dim));
    a.q = spot_view(w, layer, WEIR_SPOT_Q, (weir_view){store->qkv, a.qkv_cols});
    a.k = spot_view(w, layer, WEIR_SPOT_K, (weir_view){store->qkv + a.width, a.qkv_cols});
    a.v = spot_view(w, layer, WEIR_SPOT_V, (weir_view){store->qkv + a.width + kv, a.qkv_cols});
    a.mix = spot_view(w, layer, WEIR_SPOT_MIX, (weir_view){store->mix, a.width});
    return a;
}

/* ALiBi's slope of a head: 2^(-8 h / heads), h from 1 (Press et al., arXiv:2108.12409; for any
 * number of heads). */
static real slope_of(const weir_worker *w, const attention *a, int head)
{
    if (w->model->shape.pos != WEIR_POS_ALIBI) return 0;
    return (real)exp2(-8.0 * (head + 1) / a->heads);
}

static void rotate(weir_worker *w, const attention *a, int heads, weir_view x, real sign)
{
    if (w->model->shape.pos != WEIR_POS_ROTARY) return;
    w->ops->rotate(w->rows, heads, a->head_dim, a->ctx, w->model->cos_sin, sign, x.data, x.ld);
}

static real *probs_of(const weir_worker *w, const attention *a, int layer, int sequence, int head)
{
    return w->layer[layer - 1].probs + ((int64_t)sequence * a->heads + head) * a->ctx * a->ctx;
}

static real *head_of(weir_view x, const attention *a, int sequence, int head)
{
    return x.data + sequence * a->ctx * x.ld + head * a->head_dim;
}

static void scores_forward(weir_worker *w, const attention *a, int layer, real *mix)
{
    int64_t d = a->head_dim;
    for (int b = 0; b < w->sequences; b++) {
        for (int h = 0; h < a->heads; h++) {
            int kv = h / (a->heads / a->kv_heads);
            const real *k = head_of(a->k, a, b, kv), *v = head_of(a->v, a, b, kv);
            const real *q = head_of(a->q, a, b, h);
            real *p = probs_of(w, a, layer, b, h), *out = mix + b * a->ctx * a->width + h * d;
            for (int64_t i = 0; i < a->ctx; i += QUERY_BLOCK) {
                int64_t rows = a->ctx - i < QUERY_BLOCK ? a->ctx - i : QUERY_BLOCK, keys = i + rows;
                real *block = p + i * a->ctx;
                weir_gemm(w, false, true, rows, keys, d, a->scale, q + i * a->q.ld, a->q.ld, k,
                          a->k.ld, 0, block, a->ctx);
                w->ops->softmax_causal(rows, keys, i, slope_of(w, a, h), block, a->ctx);
                weir_gemm(w, false, false, rows, d, keys, 1, block, a->ctx, v, a->v.ld, 0,
                          out + i * a->width, a->width);
            }
        }
    }
}

void weir_attention_forward(weir_worker *w, const weir_step *s)
{
    const weir_model *m = w->model;
    const weir_layer_params *at = &m->layer[s->layer - 1];
    weir_layer_store *store = &w->layer[s->layer - 1];
    attention a = describe(w, s->layer);
    weir_view x = w->value[s->in], y = w->value[s->out];
    weir_gemm(w, false, true, w->rows, a.qkv_cols, a.width, 1, x.data, x.ld, w->theta + at->qkv,
              a.width, 0, store->qkv, a.qkv_cols);
    if (at->qkv_bias >= 0)
        w->ops->add_bias(w->rows, a.qkv_cols, store->qkv, a.qkv_cols, w->theta + at->qkv_bias,
                         store->qkv, a.qkv_cols);
    for (int spot = WEIR_SPOT_Q; spot <= WEIR_SPOT_V; spot++) {
        const weir_steps *inside = weir_inside_steps(w, s->layer, (weir_spot)spot);
        if (inside) weir_steps_forward(w, inside);
    }
    rotate(w, &a, a.heads, a.q, 1);
    rotate(w, &a, a.kv_heads, a.k, 1);
    scores_forward(w, &a, s->layer, store->mix);
    const weir_steps *inside = weir_inside_steps(w, s->layer, WEIR_SPOT_MIX);
    if (inside) weir_steps_forward(w, inside);
    weir_gemm(w, false, true, w->rows, a.width, a.width, 1, a.mix.data, a.mix.ld, w->theta + at->o,
              a.width, 0, y.data, y.ld);
    if (at->o_bias >= 0)
        w->ops->add_bias(w->rows, a.width, y.data, y.ld, w->theta + at->o_bias, y.data, y.ld);
}

/* From dmix to the gradients at q, k, v as the scores read them. The last block comes first: it
 * alone reaches every key, so it can write where the others add. */
static void scores_backward(weir_worker *w, const attention *a, int layer, weir_view dq,
                            weir_view dk, weir_view dv)
{
    int64_t d = a->head_dim, last = (a->ctx - 1) / QUERY_BLOCK * QUERY_BLOCK;
    int group = a->heads / a->kv_heads;
    real *ds = w->dscores;
    for (int b = 0; b < w->sequences; b++) {
        for (int h = 0; h < a->heads; h++) {
            int kv = h / group;
            const real *q = head_of(a->q, a, b, h), *k = head_of(a->k, a, b, kv),
                       *v = head_of(a->v, a, b, kv);
            const real *p = probs_of(w, a, layer, b, h);
            const real *dout = w->dmix + b * a->ctx * a->width + h * d;
            real *to_q = head_of(dq, a, b, h), *to_k = head_of(dk, a, b, kv),
                 *to_v = head_of(dv, a, b, kv);
            for (int64_t i = last; i >= 0; i -= QUERY_BLOCK) {
                int64_t rows = a->ctx - i < QUERY_BLOCK ? a->ctx - i : QUERY_BLOCK, keys = i + rows;
                const real *block = p + i * a->ctx, *dy = dout + i * a->width;
                real onto = i == last && h % group == 0 ? 0 : 1;
                weir_gemm(w, false, true, rows, keys, d, 1, dy, a->width, v, a->v.ld, 0, ds,
                          a->ctx);
                weir_gemm(w, true, false, keys, d, rows, 1, block, a->ctx, dy, a->width, onto, to_v,
                          dv.ld);
                w->ops->softmax_causal_back(rows, keys, i, block, a->ctx, ds, a->ctx);
                weir_gemm(w, false, false, rows, d, keys, a->scale, ds, a->ctx, k, a->k.ld, 0,
                          to_q + i * dq.ld, dq.ld);
                weir_gemm(w, true, false, keys, d, rows, a->scale, ds, a->ctx, q + i * a->q.ld,
                          a->q.ld, onto, to_k, dk.ld);
            }
        }
    }
}

/* The gradient at a spot's own tensor inside dqkv. Where the spot has a rule, the scores' gradient
 * is first gathered in a dense buffer (dx_inside) and goes back through the rule. */
static void spot_backward(weir_worker *w, int layer, weir_spot spot, weir_view own, int64_t cols)
{
    if (!weir_inside_steps(w, layer, spot)) return;
    real *dense = w->product;
    w->ops->scale(w->rows, cols, 1, own.data, own.ld, dense, cols);
    weir_inside_backward(w, layer, spot, dense, cols, own.data, own.ld);
}

void weir_attention_backward(weir_worker *w, const weir_step *s, const real *dy, const real *src,
                             real *dst)
{
    const weir_model *m = w->model;
    const weir_layer_params *at = &m->layer[s->layer - 1];
    attention a = describe(w, s->layer);
    int64_t kv = a.head_dim * a.kv_heads;
    weir_view x = w->value[s->in];
    weir_gemm(w, true, false, a.width, a.width, w->rows, 1, dy, a.width, a.mix.data, a.mix.ld, 0,
              w->grad + at->o, a.width);
    if (at->o_bias >= 0)
        w->ops->dot_cols(w->rows, a.width, 1, dy, a.width, NULL, 0, w->grad + at->o_bias);
    weir_gemm(w, false, false, w->rows, a.width, a.width, 1, dy, a.width, w->theta + at->o, a.width,
              0, w->dmix, a.width);
    spot_backward(w, s->layer, WEIR_SPOT_MIX, (weir_view){w->dmix, a.width}, a.width);

    weir_view dq = {w->dqkv, a.qkv_cols}, dk = {w->dqkv + a.width, a.qkv_cols},
              dv = {w->dqkv + a.width + kv, a.qkv_cols};
    scores_backward(w, &a, s->layer, dq, dk, dv);
    rotate(w, &a, a.heads, dq, -1);
    rotate(w, &a, a.kv_heads, dk, -1);
    spot_backward(w, s->layer, WEIR_SPOT_Q, dq, a.width);
    spot_backward(w, s->layer, WEIR_SPOT_K, dk, kv);
    spot_backward(w, s->layer, WEIR_SPOT_V, dv, kv);

    if (at->qkv_bias >= 0)
        w->ops->dot_cols(w->rows, a.qkv_cols, 1, w->dqkv, a.qkv_cols, NULL, 0,
                         w->grad + at->qkv_bias);
    weir_gemm(w, true, false, a.qkv_cols, a.width, w->rows, 1, w->dqkv, a.qkv_cols, x.data, x.ld, 0,
              w->grad + at->qkv, a.width);
    if (src && src != dst) memcpy(dst, src, (size_t)(w->rows * a.width) * sizeof *dst);
    weir_gemm(w, false, false, w->rows, a.width, a.qkv_cols, 1, w->dqkv, a.qkv_cols,
              w->theta + at->qkv, a.width, src ? 1 : 0, dst, a.width);
}
