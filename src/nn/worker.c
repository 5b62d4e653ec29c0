/* worker.c - the activations of one micro-batch, and the pass through embedding, steps and output
 * matrix. */
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/mem.h"
#include "nn/internal.h"

/* ---- matrix products ------------------------------------------------------------------------ */

static void log_product(weir_product_log *log, weir_product product)
{
    for (int i = 0; i < log->count; i++) {
        weir_product *p = &log->product[i];
        if (p->transpose_a == product.transpose_a && p->transpose_b == product.transpose_b &&
            p->m == product.m && p->n == product.n && p->k == product.k && p->lda == product.lda &&
            p->ldb == product.ldb && p->ldc == product.ldc) {
            p->calls++;
            return;
        }
    }
    product.calls = 1;
    if (log->count < log->capacity) log->product[log->count++] = product;
}

void weir_gemm(weir_worker *w, bool ta, bool tb, int64_t m, int64_t n, int64_t k, real alpha,
               const real *a, int64_t lda, const real *b, int64_t ldb, real beta, real *c,
               int64_t ldc)
{
    double start = w->log ? weir_clock() : 0;
    cblas_gemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans,
               (int)m, (int)n, (int)k, alpha, a, (int)lda, b, (int)ldb, beta, c, (int)ldc);
    if (!w->log) return;
    w->log->seconds += weir_clock() - start;
    log_product(w->log, (weir_product){.transpose_a = ta,
                                       .transpose_b = tb,
                                       .m = (int)m,
                                       .n = (int)n,
                                       .k = (int)k,
                                       .lda = (int)lda,
                                       .ldb = (int)ldb,
                                       .ldc = (int)ldc});
}

/* ---- memory --------------------------------------------------------------------------------- */

static int64_t widest(const weir_model *m)
{
    return m->shape.ffn > m->shape.width ? m->shape.ffn : m->shape.width;
}

/* Columns that one layer's branches keep for a row, and reals that they keep for a sequence. */
static int64_t store_cols(const weir_model *m)
{
    int64_t up = m->shape.act == WEIR_ACT_SWIGLU ? 2 * (int64_t)m->shape.ffn : m->shape.ffn;
    return m->shape.width + 2 * weir_head_dim(m) * m->shape.kv_heads + m->shape.width + up +
           m->shape.ffn;
}

static int64_t probs_size(const weir_model *m)
{
    return (int64_t)m->shape.heads * m->shape.ctx * m->shape.ctx;
}

static void carve_store(weir_worker *w)
{
    const weir_model *m = w->model;
    real *next = w->store;
    int64_t rows = w->rows_max, kv = weir_head_dim(m) * m->shape.kv_heads;
    int64_t up = m->shape.act == WEIR_ACT_SWIGLU ? 2 * (int64_t)m->shape.ffn : m->shape.ffn;
    for (int l = 0; l < m->shape.depth; l++) {
        weir_layer_store *s = &w->layer[l];
        s->qkv = next, next += rows * (m->shape.width + 2 * kv);
        s->mix = next, next += rows * m->shape.width;
        s->up = next, next += rows * up;
        s->act = next, next += rows * m->shape.ffn;
        s->probs = next, next += w->sequences_max * probs_size(m);
    }
}

/* Points every value at its columns; the values that a branch makes (the input of an inside list)
 * at its store. */
static void place_values(weir_worker *w)
{
    const weir_model *m = w->model;
    const weir_program *p = m->program;
    for (int v = 0; v < p->values; v++) {
        if (m->plan->value_at[v] < 0) continue;
        w->value[v] = (weir_view){w->activations + m->plan->value_at[v] * w->rows_max,
                                  weir_space_width(&p->shape, p->value[v].space)};
    }
    int64_t kv = weir_head_dim(m) * m->shape.kv_heads, cols = m->shape.width + 2 * kv;
    for (int l = 1; l <= m->shape.depth; l++) {
        weir_layer_store *s = &w->layer[l - 1];
        weir_view own[WEIR_SPOTS] = {[WEIR_SPOT_Q] = {s->qkv, cols},
                                     [WEIR_SPOT_K] = {s->qkv + m->shape.width, cols},
                                     [WEIR_SPOT_V] = {s->qkv + m->shape.width + kv, cols},
                                     [WEIR_SPOT_MIX] = {s->mix, m->shape.width},
                                     [WEIR_SPOT_MID] = {s->act, m->shape.ffn}};
        for (int spot = 0; spot < WEIR_SPOTS; spot++) {
            const weir_steps *inside = weir_inside_steps(w, l, (weir_spot)spot);
            if (inside) w->value[inside->in] = own[spot];
        }
    }
}

static size_t workspace_bytes(const weir_worker *w)
{
    size_t most = 0;
#ifndef WEIR_NN_F64
    int64_t dim = widest(w->model);
    for (int op = WEIR_LAYERNORM; op <= WEIR_RMSNORM; op++) {
        size_t bytes = weir_norm_backward_workspace(
            &(weir_norm){.op = (weir_norm_op)op, .dim = dim}, w->rows_max);
        if (bytes > most) most = bytes;
    }
#else
    (void)w;
#endif
    return most;
}

static bool allocate(weir_worker *w)
{
    const weir_model *m = w->model;
    size_t rows = (size_t)w->rows_max, width = (size_t)m->shape.width;
    size_t qkv = width + 2 * (size_t)(weir_head_dim(m) * m->shape.kv_heads),
           ffn = (size_t)m->shape.ffn;
    size_t per_layer =
        rows * (size_t)store_cols(m) + (size_t)w->sequences_max * (size_t)probs_size(m);
    w->workspace_bytes = workspace_bytes(w);
    return (w->value = weir_alloc((size_t)m->program->values, sizeof *w->value)) &&
           (w->layer = weir_alloc((size_t)m->shape.depth, sizeof *w->layer)) &&
           (w->input = weir_alloc(rows, sizeof *w->input)) &&
           (w->activations = weir_alloc(rows * (size_t)m->plan->value_cols, sizeof(real))) &&
           (w->stats = weir_alloc(rows * (size_t)m->plan->stats_cols, sizeof(real))) &&
           (w->store = weir_alloc((size_t)m->shape.depth, per_layer * sizeof(real))) &&
           (w->logits = weir_alloc(rows * (size_t)m->shape.vocab, sizeof(real))) &&
           (w->slots = weir_alloc(rows * (size_t)m->plan->main.slots, width * sizeof(real))) &&
           (w->inside_slots = weir_alloc(rows * (size_t)m->plan->inside_cols, sizeof(real))) &&
           (w->dqkv = weir_alloc(rows * qkv, sizeof(real))) &&
           (w->dmix = weir_alloc(rows * width, sizeof(real))) &&
           (w->dup = weir_alloc(rows * 2 * ffn, sizeof(real))) &&
           (w->dact = weir_alloc(rows * ffn, sizeof(real))) &&
           (w->dscores = weir_alloc((size_t)m->shape.ctx * (size_t)m->shape.ctx, sizeof(real))) &&
           (w->product = weir_alloc(rows * (size_t)widest(m), sizeof(real))) &&
           (w->columns = weir_alloc(2 * (size_t)widest(m), sizeof(real))) &&
           (w->workspace = weir_alloc(w->workspace_bytes, 1));
}

weir_status weir_worker_create(const weir_model *m, int sequences, weir_worker **out,
                               weir_error *err)
{
    *out = NULL;
    weir_worker *w = weir_alloc(1, sizeof *w);
    if (w) {
        w->model = m;
        w->ops = net_ops();
        w->sequences_max = sequences;
        w->rows_max = (int64_t)sequences * m->shape.ctx;
    }
    if (!w || !allocate(w)) {
        weir_worker_destroy(&w);
        return weir_fail(
            err, WEIR_E_MEMORY,
            "out of memory for the activations of %d sequences of %d tokens at depth %d, width %d",
            sequences, m->shape.ctx, m->shape.depth, m->shape.width);
    }
    carve_store(w);
    place_values(w);
    *out = w;
    return WEIR_OK;
}

void weir_worker_destroy(weir_worker **handle)
{
    if (!handle || !*handle) return;
    weir_worker *w = *handle;
    void *owned[] = {w->value,  w->layer,   w->input,        w->activations, w->stats,    w->store,
                     w->logits, w->slots,   w->inside_slots, w->dqkv,        w->dmix,     w->dup,
                     w->dact,   w->dscores, w->product,      w->columns,     w->workspace};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) weir_free(owned[i]);
    weir_free(w);
    *handle = NULL;
}

/* ---- forward and backward ------------------------------------------------------------------- */

static void embed_forward(weir_worker *w)
{
    const weir_model *m = w->model;
    int64_t d = m->shape.width, ctx = m->shape.ctx;
    weir_view x = w->value[m->program->main.in];
    for (int64_t i = 0; i < w->rows; i++) {
        const real *tok = w->theta + m->tok + w->input[i] * d;
        real *row = x.data + i * x.ld;
        if (m->pos < 0) {
            memcpy(row, tok, (size_t)d * sizeof *row);
            continue;
        }
        const real *pos = w->theta + m->pos + i % ctx * d;
        for (int64_t j = 0; j < d; j++) row[j] = tok[j] + pos[j];
    }
}

static void embed_backward(weir_worker *w, const real *dx)
{
    const weir_model *m = w->model;
    int64_t d = m->shape.width;
    for (int64_t i = 0; i < w->rows; i++) {
        w->ops->add_into(d, dx + i * d, w->grad + m->tok + w->input[i] * d);
        if (m->pos >= 0) w->ops->add_into(d, dx + i * d, w->grad + m->pos + i % m->shape.ctx * d);
    }
}

double weir_worker_forward(weir_worker *w, const real *theta, const uint16_t *input,
                           const uint16_t *target, int sequences, real grad_scale)
{
    const weir_model *m = w->model;
    WEIR_ASSERT(sequences >= 1 && sequences <= w->sequences_max);
    w->theta = theta;
    w->sequences = sequences;
    w->rows = (int64_t)sequences * m->shape.ctx;
    w->grad_scale = grad_scale;
    memcpy(w->input, input, (size_t)w->rows * sizeof *input);
    embed_forward(w);
    weir_steps_forward(w, &m->program->main);
    weir_view hidden = w->value[m->program->main.out];
    weir_gemm(w, false, true, w->rows, m->shape.vocab, m->shape.width, 1, hidden.data, hidden.ld,
              theta + m->head, m->shape.width, 0, w->logits, m->shape.vocab);
    return w->ops->cross_entropy(w->rows, m->shape.vocab, w->logits, m->shape.vocab, target,
                                 grad_scale);
}

void weir_worker_backward(weir_worker *w, const real *theta, real *grad)
{
    const weir_model *m = w->model;
    int64_t d = m->shape.width, vocab = m->shape.vocab;
    WEIR_ASSERT(w->grad_scale != 0);
    w->theta = theta;
    w->grad = grad;
    for (int i = 0; i < m->params; i++) {
        const weir_param *p = &m->param[i];
        if (!p->set_by_product)
            memset(grad + p->offset, 0, (size_t)weir_param_size(p) * sizeof *grad);
    }
    weir_view hidden = w->value[m->program->main.out];
    weir_gemm(w, true, false, vocab, d, w->rows, 1, w->logits, vocab, hidden.data, hidden.ld, 0,
              grad + m->head, d);
    weir_gemm(w, false, false, w->rows, d, vocab, 1, w->logits, vocab, theta + m->head, d, 0,
              w->slots, d);
    weir_steps_backward(w, &m->program->main, &m->plan->main, w->slots, d);
    if (m->plan->main.in >= 0) embed_backward(w, w->slots + m->plan->main.in * w->rows_max * d);
}

const real *weir_worker_hidden(const weir_worker *w)
{
    return w->value[w->model->program->main.out].data;
}

const real *weir_worker_logits(const weir_worker *w)
{
    return w->logits;
}

void weir_worker_observe(weir_worker *w, weir_observer observer, void *ctx)
{
    w->observer = observer;
    w->observer_ctx = ctx;
}

void weir_worker_log_products(weir_worker *w, weir_product_log *log)
{
    w->log = log;
}
