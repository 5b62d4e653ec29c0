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
    void *work;
    size_t work_bytes;
} parts;

/* DGAMMA, DBETA, DSCALE, DSHIFT: sums over rows. */
enum { SUMS = OUTPUTS - DGAMMA };

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
static weir_norm norm_of_group(const problem *p)
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
    const weir_norm norm = norm_of_group(p);
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
    const weir_norm norm = norm_of_group(p);
    const int64_t k = i * p->o.dim + g * p->width;
    weir_norm_bwd args = backward_args(c, i, g);
    args.dsum = mat_in(c, DSUM, k);
    args.gamma = vec_in(c, GAMMA, g);
    args.dx = mat_out(c, DX, k);
    args.dresidual = mat_out(c, DRESIDUAL, k);
    args.alpha = p->o.residual ? p->o.alpha : 0;
    assert_int_equal(weir_norm_backward(&norm, &args, NULL), WEIR_OK);
}

static void call_backward(const parts *c, const weir_norm *norm, weir_norm_bwd *args)
{
    args->workspace = c->work;
    args->workspace_bytes = c->work_bytes;
    assert_int_equal(weir_norm_backward(norm, args, NULL), WEIR_OK);
}

/* What a group of a row gives to dgamma and dbeta, in which gamma has no part. */
static void add_group(const parts *c, int64_t i, int64_t g, float *const of[SUMS])
{
    weir_norm norm = norm_of_group(c->p);
    weir_norm_bwd args = backward_args(c, i, g);
    norm.gamma_dim = 0;
    norm.gamma_offset = 0;
    if (of[0]) args.dgamma = of[0] + g * c->p->width;
    if (of[1]) args.dbeta = of[1] + g * c->p->width;
    call_backward(c, &norm, &args);
}

/* What a column of a row gives to dscale and dshift. */
static void add_column(const parts *c, int64_t i, int64_t j, float *const of[SUMS])
{
    const problem *p = c->p;
    const int64_t k = i * p->o.dim + j;
    weir_norm norm = p->norm;
    norm.dim = 1;
    norm.groups = norm.gamma_dim = 0;
    const weir_dtype type = type_in(&p->o, GAMMA);
    weir_norm_bwd args = {.rows = 1,
                          .dy = mat_in(c, DY, k),
                          .x = mat_in(c, S, k),
                          .gamma = {at(c->in[GAMMA], type, j % p->gamma_dim), type},
                          .dscale = of[2] + j,
                          .dshift = of[3] ? of[3] + j : NULL};
    call_backward(c, &norm, &args);
}

static void add_row(const parts *c, int64_t i, float *const of[SUMS])
{
    for (int64_t g = 0; g < c->p->groups; g++) add_group(c, i, g, of);
    for (int64_t j = 0; of[2] && j < c->p->o.dim; j++) add_column(c, i, j, of);
}

/* One sum a column of `rows` rows from `first` on: each two rows are added, then added to those
 * before. */
static void sum_block(const parts *c, int64_t first, int64_t rows, float *const sums[SUMS])
{
    const int64_t dim = c->p->o.dim;
    float *of_pair[SUMS] = {NULL};
    for (int k = 0; k < SUMS; k++)
        if (sums[k]) of_pair[k] = new_array(dim, sizeof(float));
    for (int64_t i = 0; i < rows; i++) {
        add_row(c, first + i, of_pair);
        if (i + 1 < rows && i % 2 == 0) continue;
        for (int k = 0; k < SUMS; k++)
            for (int64_t j = 0; sums[k] && j < dim; j++) {
                sums[k][j] += of_pair[k][j];
                of_pair[k][j] = 0;
            }
    }
    for (int k = 0; k < SUMS; k++) weir_free(of_pair[k]);
}

/* Blocks are added pairwise, neighbours first. */
static void fold_blocks(float *sums, int64_t blocks, int64_t dim)
{
    for (int64_t step = 1; step < blocks; step *= 2)
        for (int64_t b = 0; b + step < blocks; b += 2 * step)
            for (int64_t j = 0; j < dim; j++) sums[b * dim + j] += sums[(b + step) * dim + j];
}

/* What columns share goes to their element in ascending order, in double. */
static void add_shared(const problem *p, const float *sums, float *out, int64_t n)
{
    for (int64_t j = 0; j < n; j++) {
        double total = 0;
        for (int64_t i = j; i < p->o.dim; i += n) total += (double)sums[i];
        out[j] = p->column_start[j] + (n == p->o.dim ? sums[j] : (float)total);
    }
}

static void sum_columns(parts *c)
{
    const problem *p = c->p;
    const int64_t dim = p->o.dim, rows = p->o.rows;
    const int64_t blocks = (rows + WEIR_ROW_BLOCK - 1) / WEIR_ROW_BLOCK;
    /* Few rows of a plain norm are added to what is there. */
    const bool direct = weir_norm_backward_workspace(&p->norm, rows) == 0;
    float *sums[SUMS] = {NULL}, *block[SUMS] = {NULL};
    for (int k = 0; k < SUMS; k++) {
        if (!c->out[DGAMMA + k]) continue;
        sums[k] = new_array(blocks * dim, sizeof(float));
        if (direct) memcpy(sums[k], p->column_start, (size_t)dim * sizeof(float));
    }
    for (int64_t b = 0; b < blocks; b++) {
        const int64_t first = b * WEIR_ROW_BLOCK, left = rows - first;
        for (int k = 0; k < SUMS; k++) block[k] = sums[k] ? sums[k] + b * dim : NULL;
        sum_block(c, first, left < WEIR_ROW_BLOCK ? left : WEIR_ROW_BLOCK, block);
    }
    for (int k = 0; k < SUMS; k++) {
        if (!sums[k]) continue;
        fold_blocks(sums[k], blocks, dim);
        if (direct)
            memcpy(c->out[DGAMMA + k], sums[k], (size_t)dim * sizeof(float));
        else
            add_shared(p, sums[k], c->out[DGAMMA + k], p->size[DGAMMA + k]);
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
    const weir_norm norm = norm_of_group(p);
    c.work_bytes = weir_norm_backward_workspace(&norm, 1);
    c.work = new_array(1, c.work_bytes + 64);
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
    weir_free(c.work);
    return r;
}
