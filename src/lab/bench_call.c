#include "lab/bench_call.h"

#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ops/copy/copy.h"
#include "ops/kernels.h"
#include "ops/norm_tasks.h"

enum { STAGGER = 5376, LINE = 64, LINE_FLOATS = LINE / sizeof(float) };

/* The types of x and of y. */
static const weir_dtype dtypes[WEIR_BENCH_TYPES][2] = {
    [WEIR_BENCH_F32] = {WEIR_F32, WEIR_F32},  [WEIR_BENCH_BF16] = {WEIR_BF16, WEIR_BF16},
    [WEIR_BENCH_F16] = {WEIR_F16, WEIR_F16},  [WEIR_BENCH_INT8] = {WEIR_F32, WEIR_I8},
    [WEIR_BENCH_FP8] = {WEIR_F32, WEIR_E4M3},
};

int weir_bench_in_bytes(weir_bench_type type)
{
    return (int)weir_dtype_size(dtypes[type][0]);
}

int weir_bench_out_bytes(weir_bench_type type)
{
    return (int)weir_dtype_size(dtypes[type][1]);
}

int64_t weir_bench_blocks(int64_t rows, int64_t dim, int element)
{
    return (rows * dim * element + WEIR_COPY_BLOCK - 1) / WEIR_COPY_BLOCK;
}

int64_t weir_bench_piece(int64_t rows, int64_t dim, int element, int threads)
{
    const weir_parallel par = {.workers = threads};
    return weir_bench_blocks(weir_forward_span(rows, dim, &par), dim, element);
}

/* ---- buffers -------------------------------------------------------------------------------- */

/* Words whose halves are, as f16 and as bf16, between 1/2 and 2 in magnitude, and so the whole as
 * f32: one filling serves every type, and nothing is slow over a NaN or a subnormal. */
static void fill(uint32_t *word, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint32_t hash = (uint32_t)i * 0x9e3779b1u;
        hash = (hash ^ hash >> 15) * 0x85ebca77u;
        word[i] = ((hash ^ hash >> 13) & 0x80ff80ffu) | 0x3f003f00u;
    }
}

static void *take(weir_bench_buffers *b, size_t bytes)
{
    void *p = weir_alloc(bytes, 1);
    if (p) b->block[b->blocks++] = p;
    return p;
}

/* A matrix of `bytes`, or NULL; the k-th does not begin where in their pages the others do. */
static void *take_matrix(weir_bench_buffers *b, size_t bytes, bool filled)
{
    const size_t shift = (size_t)b->blocks * STAGGER;
    char *p = take(b, shift + bytes);
    if (!p) return NULL;
    if (filled) fill((uint32_t *)(void *)(p + shift), bytes / sizeof(uint32_t));
    return p + shift;
}

/* The next n floats of a block. */
static float *carve(float **at, int64_t n)
{
    float *p = *at;
    *at += (n + LINE_FLOATS - 1) / LINE_FLOATS * LINE_FLOATS;
    return p;
}

static bool take_vectors(weir_bench_buffers *b)
{
    enum { VECTORS = 10 };
    float *at = take(b, (size_t)(4 * (b->rows + b->dim) + 2 + VECTORS * LINE_FLOATS) * sizeof *at);
    if (!at) return false;
    b->gamma = carve(&at, b->dim);
    b->beta = carve(&at, b->dim);
    b->dgamma = carve(&at, b->dim);
    b->dbeta = carve(&at, b->dim);
    b->mean = carve(&at, b->rows);
    b->mean_lo = carve(&at, b->rows);
    b->rstd = carve(&at, b->rows);
    b->y_scale = carve(&at, b->rows);
    b->dscale = carve(&at, 1);
    b->dshift = carve(&at, 1);
    for (int64_t j = 0; j < b->dim; j++) b->gamma[j] = 1;
    for (int64_t i = 0; i < b->rows; i++) b->rstd[i] = 1; /* until a forward writes it */
    return true;
}

static weir_norm norm_of(weir_norm_op op, int64_t dim)
{
    const weir_op_row *has = weir_op_find(op);
    return (weir_norm){.op = op,
                       .dim = dim,
                       .eps = has->measures ? 1e-5 : 0,
                       .partial = has->partial ? (dim + 3) / 4 : 0,
                       .scale = has->scale ? 0.5f : 0};
}

/* The largest workspace that one of the cases needs. */
static size_t workspace_bytes(const weir_bench_case *what, int cases, int64_t rows, int64_t dim)
{
    size_t most = 0;
    for (int i = 0; i < cases; i++) {
        const weir_norm norm = norm_of(what[i].op, dim);
        const size_t bytes = weir_norm_backward_workspace(&norm, rows);
        if (what[i].pass >= WEIR_BENCH_BACKWARD && bytes > most) most = bytes;
    }
    return most;
}

static bool take_all(weir_bench_buffers *b, const weir_bench_case *what, int cases)
{
    int inputs = 0, outputs = 0, element = 0;
    for (int i = 0; i < cases; i++) {
        const int in = weir_bench_inputs(what[i].pass), out = weir_bench_outputs(what[i].pass);
        const int bytes = weir_bench_in_bytes(what[i].type);
        if (in > inputs) inputs = in;
        if (out > outputs) outputs = out;
        if (bytes > element) element = bytes;
    }
    const size_t bytes = (size_t)weir_bench_blocks(b->rows, b->dim, element) * WEIR_COPY_BLOCK;
    bool all = true;
    for (int k = 0; all && k < inputs; k++) all = (b->in[k] = take_matrix(b, bytes, true));
    for (int k = 0; all && k < outputs; k++) all = (b->out[k] = take_matrix(b, bytes, false));
    b->workspace_bytes = all ? workspace_bytes(what, cases, b->rows, b->dim) : 0;
    if (all && b->workspace_bytes) all = (b->workspace = take(b, b->workspace_bytes));
    return all && take_vectors(b);
}

weir_status weir_bench_buffers_init(weir_bench_buffers *b, const weir_bench_case *what, int cases,
                                    int64_t rows, int64_t dim, weir_error *err)
{
    *b = (weir_bench_buffers){.rows = rows, .dim = dim};
    if (take_all(b, what, cases)) return WEIR_OK;
    weir_bench_buffers_deinit(b);
    return weir_fail(err, WEIR_E_MEMORY, "out of memory for the matrices of the shape %lldx%lld",
                     (long long)rows, (long long)dim);
}

void weir_bench_buffers_deinit(weir_bench_buffers *b)
{
    for (int i = 0; i < b->blocks; i++) weir_free(b->block[i]);
    *b = (weir_bench_buffers){.blocks = 0};
}

/* ---- calls ---------------------------------------------------------------------------------- */

static weir_norm_fwd forward_of(const weir_bench_case *c, const weir_bench_buffers *b)
{
    const weir_op_row *has = weir_op_find(c->op);
    const weir_dtype x = dtypes[c->type][0], y = dtypes[c->type][1];
    weir_norm_fwd call = {.rows = b->rows,
                          .x = {b->in[0], x, 0},
                          .y = {b->out[0], y, 0},
                          .gamma = {b->gamma, WEIR_F32},
                          .beta = {has->beta ? b->beta : NULL, WEIR_F32},
                          .mean = has->centred ? b->mean : NULL,
                          .mean_lo = has->centred ? b->mean_lo : NULL,
                          .rstd = has->measures ? b->rstd : NULL,
                          .y_scale = weir_dtype_size(y) == 1 ? b->y_scale : NULL};
    if (c->pass == WEIR_BENCH_RESIDUAL) {
        call.residual = (weir_mat){b->in[1], x, 0};
        call.alpha = 1;
        call.sum = (weir_mat){b->out[1], x, 0};
    }
    return call;
}

static weir_norm_bwd backward_of(const weir_bench_case *c, const weir_bench_buffers *b)
{
    const weir_op_row *has = weir_op_find(c->op);
    const weir_dtype type = dtypes[c->type][0];
    weir_norm_bwd call = {.rows = b->rows,
                          .dy = {b->in[1], type, 0},
                          .x = {b->in[0], type, 0},
                          .mean = has->centred ? b->mean : NULL,
                          .mean_lo = has->centred ? b->mean_lo : NULL,
                          .rstd = has->measures ? b->rstd : NULL,
                          .gamma = {b->gamma, WEIR_F32},
                          .dx = {b->out[0], type, 0},
                          .dgamma = b->dgamma,
                          .dbeta = has->beta ? b->dbeta : NULL,
                          .dscale = has->scale ? b->dscale : NULL,
                          .dshift = has->shift ? b->dshift : NULL,
                          .workspace = b->workspace,
                          .workspace_bytes = b->workspace_bytes};
    if (c->pass == WEIR_BENCH_BACKWARD_RESIDUAL) {
        call.dsum = (weir_mat){b->in[2], type, 0};
        call.alpha = 1;
        call.dresidual = (weir_mat){b->out[1], type, 0};
    }
    return call;
}

weir_bench_call weir_bench_call_make(const weir_bench_case *c, const weir_bench_buffers *b)
{
    weir_bench_call call = {.norm = norm_of(c->op, b->dim),
                            .is_backward = c->pass >= WEIR_BENCH_BACKWARD};
    if (call.is_backward)
        call.backward = backward_of(c, b);
    else
        call.forward = forward_of(c, b);
    return call;
}
