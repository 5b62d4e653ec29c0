/* norm_parts.c - see norm_problem.h: a problem without anything that could depend on how much there
 * is of it. Every group of every row has a call of its own, and column sums are put together by
 * plain loops in the order that norm.h fixes. */
#include "norm_problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "element.h"

/* Dense operands in their types. */
typedef struct parts {
    const problem *p;
    void *in[OPERANDS], *out[OUTPUTS];
} parts;

static void *new_array(int64_t n, size_t size)
{
    void *p = weir_alloc((size_t)n, size);
    assert_non_null(p);
    return p;
}

static void *typed(const float *v, int64_t n, weir_dtype type)
{
    if (!v) return NULL;
    void *data = new_array(n, element_size(type));
    for (int64_t k = 0; k < n; k++) element_put(type, data, k, v[k]);
    return data;
}

static void *at(void *data, weir_dtype type, int64_t element)
{
    return data ? (char *)data + (size_t)element * element_size(type) : NULL;
}

static weir_mat mat_in(const parts *c, operand k, int64_t element)
{
    const weir_dtype type = type_in(&c->p->o, k);
    return (weir_mat){at(c->in[k], type, element), type, c->p->o.dim};
}

static weir_mat mat_out(const parts *c, output k, int64_t element)
{
    const weir_dtype type = type_out(&c->p->o, k);
    return (weir_mat){at(c->out[k], type, element), type, c->p->o.dim};
}

static weir_vec vec_in(const parts *c, operand k, int64_t group)
{
    const weir_dtype type = type_in(&c->p->o, k);
    const bool own = c->p->gamma_dim == c->p->o.dim;
    return (weir_vec){at(c->in[k], type, own ? group * c->p->width : 0), type};
}

static float *stats_out(const parts *c, output k, int64_t i)
{
    return at(c->out[k], WEIR_F32, i);
}

/* The norm of one group. */
static weir_norm norm_of_pair(const problem *p)
{
    weir_norm norm = p->norm;
    norm.dim = p->width;
    norm.groups = 0;
    norm.gamma_dim = p->gamma_dim == 1 ? 1 : 0;
    return norm;
}

static void forward_part(const parts *c, int64_t i, int64_t g)
{
    const problem *p = c->p;
    const weir_norm norm = norm_of_pair(p);
    const int64_t k = i * p->o.dim + g * p->width, s = i * p->groups + g;
    const weir_norm_fwd args = {.rows = 1,
                                .x = mat_in(c, X, k),
                                .residual = mat_in(c, RESIDUAL, k),
                                .alpha = p->o.residual ? p->o.alpha : 0,
                                .store = WEIR_STORE_NEAR,
                                .gamma = vec_in(c, GAMMA, g),
                                .beta = vec_in(c, BETA, g),
                                .y = mat_out(c, Y, k),
                                .sum = mat_out(c, SUM, k),
                                .mean = stats_out(c, MEAN, s),
                                .mean_lo = stats_out(c, MEAN_LO, s),
                                .rstd = stats_out(c, RSTD, s)};
    assert_int_equal(weir_norm_forward(&norm, &args, NULL), WEIR_OK);
}

static weir_norm_bwd backward_args(const parts *c, int64_t i, int64_t g)
{
    const problem *p = c->p;
    const int64_t k = i * p->o.dim + g * p->width, s = i * p->groups + g;
    return (weir_norm_bwd){.rows = 1,
                           .dy = mat_in(c, DY, k),
                           .x = mat_in(c, S, k),
                           .store = WEIR_STORE_NEAR,
                           .mean = stats_out(c, MEAN, s),
                           .mean_lo = stats_out(c, MEAN_LO, s),
                           .rstd = stats_out(c, RSTD, s)};
}

static void backward_part(const parts *c, int64_t i, int64_t g)
{
    const problem *p = c->p;
    const weir_norm norm = norm_of_pair(p);
    const int64_t k = i * p->o.dim + g * p->width;
    weir_norm_bwd args = backward_args(c, i, g);
    args.dsum = mat_in(c, DSUM, k);
    args.gamma = vec_in(c, GAMMA, g);
    args.dx = mat_out(c, DX, k);
    args.dresidual = mat_out(c, DRESIDUAL, k);
    args.alpha = p->o.residual ? p->o.alpha : 0;
    assert_int_equal(weir_norm_backward(&norm, &args, NULL), WEIR_OK);
}

/* The sums of a row's columns, without gamma, which has no part in them. */
static void add_columns(const parts *c, int64_t i, int64_t g, float *dgamma, float *dbeta)
{
    weir_norm norm = norm_of_pair(c->p);
    weir_norm_bwd args = backward_args(c, i, g);
    norm.gamma_dim = 0;
    norm.gamma_offset = 0;
    args.dgamma = dgamma + g * c->p->width;
    if (dbeta) args.dbeta = dbeta + g * c->p->width;
    assert_int_equal(weir_norm_backward(&norm, &args, NULL), WEIR_OK);
}

/* One sum a column of `rows` rows from `first` on: each two rows are added, then added to those
 * before. */
static void sum_block(const parts *c, int64_t first, int64_t rows, float *dgamma, float *dbeta)
{
    const problem *p = c->p;
    float *of_pair[2] = {new_array(p->o.dim, sizeof(float)), new_array(p->o.dim, sizeof(float))};
    for (int64_t i = 0; i < rows; i++) {
        const bool last = i + 1 == rows || i % 2 == 1;
        for (int64_t g = 0; g < p->groups; g++)
            add_columns(c, first + i, g, of_pair[0], dbeta ? of_pair[1] : NULL);
        for (int64_t j = 0; last && j < p->o.dim; j++) {
            dgamma[j] += of_pair[0][j];
            if (dbeta) dbeta[j] += of_pair[1][j];
            of_pair[0][j] = of_pair[1][j] = 0;
        }
    }
    weir_free(of_pair[0]);
    weir_free(of_pair[1]);
}

/* Blocks are added pairwise, neighbours first. */
static void fold_blocks(float *sums, int64_t blocks, int64_t dim)
{
    for (int64_t step = 1; step < blocks; step *= 2)
        for (int64_t b = 0; b + step < blocks; b += 2 * step)
            for (int64_t j = 0; j < dim; j++) sums[b * dim + j] += sums[(b + step) * dim + j];
}

/* What columns share goes to their element in ascending order, in double. */
static void add_shared(const problem *p, const float *sums, float *out)
{
    for (int64_t j = 0; j < p->gamma_dim; j++) {
        double total = 0;
        for (int64_t i = j; i < p->o.dim; i += p->gamma_dim) total += (double)sums[i];
        out[j] = p->column_start[j] + (p->gamma_dim == p->o.dim ? sums[j] : (float)total);
    }
}

static void sum_columns(parts *c)
{
    const problem *p = c->p;
    const int64_t dim = p->o.dim, rows = p->o.rows;
    const int64_t blocks = (rows + WEIR_ROW_BLOCK - 1) / WEIR_ROW_BLOCK;
    /* Few rows of a plain norm are added to what is there. */
    const bool direct = weir_norm_backward_workspace(&p->norm, rows) == 0;
    float *sums[2] = {new_array(blocks * dim, sizeof(float)),
                      new_array(blocks * dim, sizeof(float))};
    for (int k = 0; direct && k < 2; k++)
        memcpy(sums[k], p->column_start, (size_t)dim * sizeof(float));
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t first = b * WEIR_ROW_BLOCK, left = rows - first;
        sum_block(c, first, left < WEIR_ROW_BLOCK ? left : WEIR_ROW_BLOCK, sums[0] + b * dim,
                  c->out[DBETA] ? sums[1] + b * dim : NULL);
    }
    for (int k = 0; k < 2; k++) {
        float *out = c->out[k ? DBETA : DGAMMA];
        fold_blocks(sums[k], blocks, dim);
        if (out && direct) memcpy(out, sums[k], (size_t)dim * sizeof(float));
        if (out && !direct) add_shared(p, sums[k], out);
        weir_free(sums[k]);
    }
}

results problem_run_in_parts(const problem *p)
{
    parts c = {.p = p};
    const int64_t n = p->o.rows * p->o.dim;
    results r = {{NULL}};
    for (operand k = X; k < OPERANDS; k++)
        c.in[k] = typed(p->in[k], k == GAMMA || k == BETA ? p->gamma_dim : n, type_in(&p->o, k));
    for (output k = Y; k < OUTPUTS; k++)
        if (p->size[k]) c.out[k] = new_array(p->size[k], element_size(type_out(&p->o, k)));
    for (int64_t i = 0; i < p->o.rows; i++)
        for (int64_t g = 0; g < p->groups; g++) {
            forward_part(&c, i, g);
            backward_part(&c, i, g);
        }
    sum_columns(&c);
    for (output k = Y; k < OUTPUTS; k++) {
        if (!p->size[k]) continue;
        r.out[k] = new_array(p->size[k], sizeof(float));
        for (int64_t i = 0; i < p->size[k]; i++)
            r.out[k][i] = element_get(type_out(&p->o, k), c.out[k], i);
        weir_free(c.out[k]);
    }
    for (operand k = X; k < OPERANDS; k++) weir_free(c.in[k]);
    return r;
}
