/* params.c - the parameter table: one row for each tensor that is learned. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/rng.h"
#include "nn/internal.h"

/* Rows are appended in the order of theta. `aligned` starts the tensor on a 64-byte line; tensors
 * that one product reads together (q, k, v) must stay adjacent, so only the first of them is. */
typedef struct builder {
    weir_model *model;
    int rows_max;
} builder;

static weir_param *append(builder *b, const char *name, int64_t rows, int64_t cols, bool aligned)
{
    weir_model *m = b->model;
    WEIR_ASSERT(m->params < b->rows_max);
    if (aligned) m->total = (m->total + 15) & ~(int64_t)15;
    weir_param *p = &m->param[m->params++];
    *p = (weir_param){.role = WEIR_ROLES,
                      .lparam = -1,
                      .sub = -1,
                      .rows = rows,
                      .cols = cols,
                      .offset = m->total};
    snprintf(p->name, sizeof p->name, "%s", name);
    m->total += rows * cols;
    return p;
}

static double matrix_std(const weir_model *m, weir_role role, int64_t out, int64_t in)
{
    double d = m->shape.width;
    if (m->shape.init == WEIR_INIT_GPT2) {
        bool output = role == WEIR_ROLE_O || role == WEIR_ROLE_DOWN;
        return output ? 0.02 / sqrt(2.0 * m->shape.depth) : 0.02;
    }
    switch (role) {
    case WEIR_ROLE_EMBED: return m->shape.tie ? 1 / sqrt(d) : 1;
    case WEIR_ROLE_HEAD: return 1 / sqrt(d);
    default: return sqrt(2.0 / (double)(in + out));
    }
}

static int64_t add_matrix(builder *b, int layer, weir_role role, int64_t out, int64_t in,
                          bool aligned)
{
    const weir_model *m = b->model;
    int sub = role >= WEIR_ROLE_UP ? 1 : 0;
    char name[64];
    snprintf(name, sizeof name, "layers.%d.%s.%s", layer, sub ? "mlp" : "attn",
             weir_role_name(role));
    weir_param *p = append(b, name, out, in, aligned);
    p->role = role;
    p->layer = layer;
    p->sub = sub;
    p->std = matrix_std(m, role, out, in) * m->program->gain[(layer - 1) * WEIR_ROLES + (int)role];
    p->decay = true;
    p->set_by_product = true;
    return p->offset;
}

static int64_t add_bias(builder *b, int layer, weir_role role, int64_t size, bool aligned)
{
    int sub = role >= WEIR_ROLE_UP ? 1 : 0;
    char name[64];
    snprintf(name, sizeof name, "layers.%d.%s.%s_bias", layer, sub ? "mlp" : "attn",
             weir_role_name(role));
    weir_param *p = append(b, name, size, 1, aligned);
    p->layer = layer;
    p->sub = sub;
    return p->offset;
}

static void add_layer(builder *b, int layer)
{
    const weir_model_shape *s = &b->model->shape;
    int64_t d = s->width, head_dim = d / s->heads, kv = head_dim * s->kv_heads;
    bool gated = s->act == WEIR_ACT_SWIGLU;
    weir_layer_params *at = &b->model->layer[layer - 1];
    *at = (weir_layer_params){-1, -1, -1, -1, -1, -1, -1, -1};
    at->qkv = add_matrix(b, layer, WEIR_ROLE_Q, d, d, true);
    add_matrix(b, layer, WEIR_ROLE_K, kv, d, false);
    add_matrix(b, layer, WEIR_ROLE_V, kv, d, false);
    at->o = add_matrix(b, layer, WEIR_ROLE_O, d, d, true);
    at->up = add_matrix(b, layer, WEIR_ROLE_UP, s->ffn, d, true);
    if (gated) add_matrix(b, layer, WEIR_ROLE_GATE, s->ffn, d, false);
    at->down = add_matrix(b, layer, WEIR_ROLE_DOWN, d, s->ffn, true);
    if (!s->bias) return;
    at->qkv_bias = add_bias(b, layer, WEIR_ROLE_Q, d, true);
    add_bias(b, layer, WEIR_ROLE_K, kv, false);
    add_bias(b, layer, WEIR_ROLE_V, kv, false);
    at->o_bias = add_bias(b, layer, WEIR_ROLE_O, d, true);
    at->up_bias = add_bias(b, layer, WEIR_ROLE_UP, s->ffn, true);
    if (gated) add_bias(b, layer, WEIR_ROLE_GATE, s->ffn, false);
    at->down_bias = add_bias(b, layer, WEIR_ROLE_DOWN, d, true);
}

static void add_embedding(builder *b)
{
    weir_model *m = b->model;
    weir_param *tok = append(b, "embed.tok", m->shape.vocab, m->shape.width, true);
    tok->role = WEIR_ROLE_EMBED;
    tok->std = matrix_std(m, WEIR_ROLE_EMBED, 0, 0) * m->program->gain_embed;
    if (m->shape.tie)
        tok->std *= m->program->gain_head; /* the layout gives at most one of the two */
    tok->decay = true;
    tok->set_by_product = m->shape.tie;
    m->tok = tok->offset;
    m->pos = -1;
    if (m->shape.pos != WEIR_POS_LEARNED) return;
    weir_param *pos = append(b, "embed.pos", m->shape.ctx, m->shape.width, true);
    pos->role = WEIR_ROLE_EMBED;
    pos->std = (m->shape.init == WEIR_INIT_GPT2 ? 0.02 : 0.5) * m->program->gain_embed;
    pos->decay = true;
    m->pos = pos->offset;
}

static void add_head(builder *b)
{
    weir_model *m = b->model;
    m->head = m->tok;
    if (m->shape.tie) return;
    weir_param *head = append(b, "head.out", m->shape.vocab, m->shape.width, true);
    head->role = WEIR_ROLE_HEAD;
    head->std = matrix_std(m, WEIR_ROLE_HEAD, 0, 0) * m->program->gain_head;
    head->decay = true;
    head->set_by_product = true;
    m->head = head->offset;
}

static void add_lparam(builder *b, int index)
{
    weir_model *m = b->model;
    const weir_lparam *l = &m->program->param[index];
    weir_param *p = append(b, l->name, l->size, 1, true);
    p->lparam = index;
    p->layer = l->layer;
    p->sub = strstr(l->name, ".attn.") ? 0 : strstr(l->name, ".mlp.") ? 1 : -1;
    p->value = l->init;
    m->lparam_offset[index] = p->offset;
}

weir_status weir_params_build(weir_model *m, weir_error *err)
{
    builder b = {.model = m, .rows_max = 3 + 14 * m->shape.depth + m->program->params};
    m->param = weir_alloc((size_t)b.rows_max, sizeof *m->param);
    m->layer = weir_alloc((size_t)m->shape.depth, sizeof *m->layer);
    m->lparam_offset = weir_alloc((size_t)m->program->params, sizeof *m->lparam_offset);
    if (!m->param || !m->layer || !m->lparam_offset)
        return weir_fail(err, WEIR_E_MEMORY, "out of memory for the parameter table");
    add_embedding(&b);
    for (int l = 1; l <= m->shape.depth; l++) add_layer(&b, l);
    for (int i = 0; i < m->program->params; i++) add_lparam(&b, i);
    add_head(&b);
    m->total = (m->total + 15) & ~(int64_t)15;
    return WEIR_OK;
}

void weir_model_init(const weir_model *m, uint64_t seed, real *theta)
{
    memset(theta, 0, (size_t)m->total * sizeof *theta);
    for (int i = 0; i < m->params; i++) {
        const weir_param *p = &m->param[i];
        weir_rng rng;
        weir_rng_init(&rng, seed, weir_rng_stream(p->name));
        for (int64_t j = 0; j < weir_param_size(p); j++)
            theta[p->offset + j] = (real)(p->std > 0 ? p->std * weir_rng_normal(&rng) : p->value);
    }
}

const weir_param *weir_model_find(const weir_model *m, const char *name)
{
    for (int i = 0; i < m->params; i++) {
        if (strcmp(m->param[i].name, name) == 0) return &m->param[i];
    }
    return NULL;
}
