/* mlp.c - up (and gate), activation, [inside mid], down. */
#include <string.h>

#include "nn/internal.h"

typedef struct mlp {
    int64_t width, ffn, up_cols; /* up_cols: ffn, or 2 ffn with a gate */
    weir_view mid;               /* what down reads */
} mlp;

static mlp describe(const weir_worker *w, int layer)
{
    const weir_model_shape *s = &w->model->shape;
    mlp m = {.width = s->width,
             .ffn = s->ffn,
             .up_cols = s->act == WEIR_ACT_SWIGLU ? 2 * (int64_t)s->ffn : s->ffn};
    const weir_steps *inside = weir_inside_steps(w, layer, WEIR_SPOT_MID);
    m.mid = inside ? w->value[inside->out] : (weir_view){w->layer[layer - 1].act, m.ffn};
    return m;
}

static void activate(weir_worker *w, const mlp *m, const real *up, real *act)
{
    switch (w->model->shape.act) {
    case WEIR_ACT_GELU: w->ops->gelu(w->rows * m->ffn, up, act); break;
    case WEIR_ACT_RELU: w->ops->relu(w->rows * m->ffn, up, act); break;
    case WEIR_ACT_SWIGLU:
        w->ops->swiglu(w->rows, m->ffn, up, up + m->ffn, m->up_cols, act, m->ffn);
        break;
    }
}

static void activate_back(weir_worker *w, const mlp *m, const real *up, const real *dact, real *dup)
{
    switch (w->model->shape.act) {
    case WEIR_ACT_GELU: w->ops->gelu_back(w->rows * m->ffn, up, dact, dup); break;
    case WEIR_ACT_RELU: w->ops->relu_back(w->rows * m->ffn, up, dact, dup); break;
    case WEIR_ACT_SWIGLU:
        w->ops->swiglu_back(w->rows, m->ffn, up, up + m->ffn, m->up_cols, dact, m->ffn, dup,
                            dup + m->ffn);
        break;
    }
}

void weir_mlp_forward(weir_worker *w, const weir_step *s)
{
    const weir_layer_params *at = &w->model->layer[s->layer - 1];
    weir_layer_store *store = &w->layer[s->layer - 1];
    mlp m = describe(w, s->layer);
    weir_view x = w->value[s->in], y = w->value[s->out];
    weir_gemm(w, false, true, w->rows, m.up_cols, m.width, 1, x.data, x.ld, w->theta + at->up,
              m.width, 0, store->up, m.up_cols);
    if (at->up_bias >= 0)
        w->ops->add_bias(w->rows, m.up_cols, store->up, m.up_cols, w->theta + at->up_bias,
                         store->up, m.up_cols);
    activate(w, &m, store->up, store->act);
    const weir_steps *inside = weir_inside_steps(w, s->layer, WEIR_SPOT_MID);
    if (inside) weir_steps_forward(w, inside);
    weir_gemm(w, false, true, w->rows, m.width, m.ffn, 1, m.mid.data, m.mid.ld, w->theta + at->down,
              m.ffn, 0, y.data, y.ld);
    if (at->down_bias >= 0)
        w->ops->add_bias(w->rows, m.width, y.data, y.ld, w->theta + at->down_bias, y.data, y.ld);
}

void weir_mlp_backward(weir_worker *w, const weir_step *s, const real *dy, const real *src,
                       real *dst)
{
    const weir_layer_params *at = &w->model->layer[s->layer - 1];
    const weir_layer_store *store = &w->layer[s->layer - 1];
    mlp m = describe(w, s->layer);
    weir_view x = w->value[s->in];
    weir_gemm(w, true, false, m.width, m.ffn, w->rows, 1, dy, m.width, m.mid.data, m.mid.ld, 0,
              w->grad + at->down, m.ffn);
    if (at->down_bias >= 0)
        w->ops->dot_cols(w->rows, m.width, 1, dy, m.width, NULL, 0, w->grad + at->down_bias);
    weir_gemm(w, false, false, w->rows, m.ffn, m.width, 1, dy, m.width, w->theta + at->down, m.ffn,
              0, w->dact, m.ffn);
    if (weir_inside_steps(w, s->layer, WEIR_SPOT_MID))
        weir_inside_backward(w, s->layer, WEIR_SPOT_MID, w->dact, m.ffn, w->dact, m.ffn);
    activate_back(w, &m, store->up, w->dact, w->dup);
    if (at->up_bias >= 0)
        w->ops->dot_cols(w->rows, m.up_cols, 1, w->dup, m.up_cols, NULL, 0, w->grad + at->up_bias);
    weir_gemm(w, true, false, m.up_cols, m.width, w->rows, 1, w->dup, m.up_cols, x.data, x.ld, 0,
              w->grad + at->up, m.width);
    if (src && src != dst) memcpy(dst, src, (size_t)(w->rows * m.width) * sizeof *dst);
    weir_gemm(w, false, false, w->rows, m.width, m.up_cols, 1, w->dup, m.up_cols, w->theta + at->up,
              m.width, src ? 1 : 0, dst, m.width);
}
