/* norm.c - the public norms: check, choose the kernel, cut the rows into blocks, fold the column
 * sums. */
#include "weir/norm.h"

#include <string.h>

#include "base/error.h"
#include "ops/norm_check.h"

enum {
    TASK_ELEMENTS = 16384, /* what a thread takes at once, at least */
    NEAR_BYTES = 1 << 20,  /* up to here the operands stay close to the core: nothing to prefetch */
    STREAM_BYTES = 24 << 20,   /* operands from here on will not stay in the caches */
    AHEAD_BYTES = 8 << 10,     /* how far ahead to prefetch, at least */
    FOLD_COLUMNS = 1024,       /* columns of the partial sums that one task folds */
    PITCH = 64 / sizeof(float) /* partial sums start on a cache line */
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

/* Whole rows, `group` of them at least, so that what is fetched now is what a later row reads. */
static intptr_t rows_ahead(int64_t rows, int64_t dim, int operands, int64_t stride, int64_t group)
{
    const int64_t row_bytes = dim * (int64_t)sizeof(float);
    if (rows * operands < ceil_div(NEAR_BYTES, row_bytes)) return 0;
    const int64_t ahead = ceil_div(AHEAD_BYTES, row_bytes);
    return (intptr_t)((ahead < group ? group : ahead) * stride * (int64_t)sizeof(float));
}

static bool lines_up(const float *p, int64_t stride)
{
    return !p || ((uintptr_t)p % 64 == 0 && stride * (int64_t)sizeof(float) % 64 == 0);
}

/* Whether a call moves so much that its outputs will be gone from the caches before they are read.
 */
static bool is_far(int64_t rows, int64_t dim, int operands)
{
    return rows * operands >= ceil_div(STREAM_BYTES, dim * (int64_t)sizeof(float));
}

/* Rows first, first + span, ... of a call, as tasks. */
typedef struct split {
    int64_t rows, span;
} split;

static split split_rows(int64_t rows, int64_t dim)
{
    const int64_t blocks = ceil_div(TASK_ELEMENTS / WEIR_ROW_BLOCK, dim);
    return (split){rows, blocks * WEIR_ROW_BLOCK};
}

static int64_t span_end(const split *s, int64_t task)
{
    return s->rows - task * s->span < s->span ? s->rows : (task + 1) * s->span;
}

static void run_tasks(const weir_parallel *par, int64_t count, weir_task task, void *arg)
{
    if (par && par->workers > 1 && count > 1) {
        par->parallel_for(par->ctx, count, task, arg);
        return;
    }
    for (int64_t i = 0; i < count; i++) task(arg, i, 0);
}

typedef struct forward_call {
    weir_fwd_job job;
    weir_fwd_kernel *kernel;
    split split;
} forward_call;

static void forward_task(void *arg, int64_t index, int worker)
{
    const forward_call *call = arg;
    (void)worker;
    call->kernel(&call->job, index * call->split.span, span_end(&call->split, index));
}

static bool stream_forward(const weir_fwd_job *job, int64_t rows, int operands)
{
    const bool in_place = job->y == job->x || job->y == job->residual ||
                          (job->sum && (job->sum == job->x || job->sum == job->residual));
    return !in_place && is_far(rows, job->dim, operands) && lines_up(job->y, job->ldy) &&
           lines_up(job->sum, job->lds);
}

weir_status weir_norm_forward(const weir_norm *norm, const weir_norm_fwd *args,
                              const weir_parallel *par)
{
    forward_call call;
    if (!norm || !args || (par && !par->parallel_for)) return WEIR_E_NULL;
    const int64_t rows = args->rows, dim = norm->dim;
    WEIR_TRY(weir_check_norm(norm, rows));
    if (rows == 0) return WEIR_OK;
    WEIR_TRY(weir_check_forward(norm, args, &call.job));
    const int operands = (call.job.residual ? 3 : 2) + (call.job.sum ? 1 : 0);
    call.job.ahead = rows_ahead(rows, dim, operands, call.job.ldx, 1);
    call.job.stream = stream_forward(&call.job, rows, operands);
    call.kernel = weir_kernel_find(norm->op, weir_isa_active())->forward;
    call.split = split_rows(rows, dim);
    run_tasks(par, ceil_div(rows, call.split.span), forward_task, &call);
    return WEIR_OK;
}

/* The partial column sums of one block of rows: dgamma's, then dbeta's. */
static int64_t partial_pitch(int64_t dim)
{
    return ceil_div(dim, PITCH) * PITCH;
}

size_t weir_norm_backward_workspace(const weir_norm *norm, int64_t rows)
{
    if (weir_check_norm(norm, rows) != WEIR_OK || rows <= WEIR_ROW_BLOCK) return 0;
    const int64_t sums = weir_op_find(norm->op)->centred ? 2 : 1;
    size_t bytes;
    if (norm->dim > INT64_MAX / 8 - PITCH ||
        __builtin_mul_overflow((size_t)ceil_div(rows, WEIR_ROW_BLOCK),
                               (size_t)(sums * partial_pitch(norm->dim)), &bytes) ||
        __builtin_mul_overflow(bytes, sizeof(float), &bytes))
        return SIZE_MAX;
    return bytes;
}

typedef struct backward_call {
    weir_bwd_job job;
    weir_bwd_kernel *kernel;
    split split;
    float *dgamma, *dbeta;
    float *partials; /* NULL: one block, which adds to dgamma and dbeta itself */
    int64_t blocks, pitch, block_pitch;
} backward_call;

static void backward_task(void *arg, int64_t index, int worker)
{
    const backward_call *call = arg;
    (void)worker;
    const int64_t end = span_end(&call->split, index);
    for (int64_t first = index * call->split.span; first < end; first += WEIR_ROW_BLOCK) {
        const int64_t last = end - first < WEIR_ROW_BLOCK ? end : first + WEIR_ROW_BLOCK;
        float *dgamma = call->dgamma, *dbeta = call->dbeta;
        if (call->partials) {
            float *partial = call->partials + first / WEIR_ROW_BLOCK * call->block_pitch;
            memset(partial, 0, (size_t)call->block_pitch * sizeof(float));
            if (dgamma) dgamma = partial;
            if (dbeta) dbeta = partial + call->pitch;
        }
        call->kernel(&call->job, first, last, dgamma, dbeta);
    }
}

/* out += the partial sums of all blocks, added pairwise: neighbours first, then neighbours of
 * those. */
static void fold_partials(const backward_call *call, float *partials, int64_t begin, int64_t end,
                          float *out)
{
    if (!out) return;
    for (int64_t step = 1; step < call->blocks; step *= 2)
        for (int64_t b = 0; b + step < call->blocks; b += 2 * step) {
            float *into = partials + b * call->block_pitch;
            const float *from = into + step * call->block_pitch;
            for (int64_t j = begin; j < end; j++) into[j] += from[j];
        }
    for (int64_t j = begin; j < end; j++) out[j] += partials[j];
}

static void fold_task(void *arg, int64_t index, int worker)
{
    const backward_call *call = arg;
    (void)worker;
    const int64_t begin = index * FOLD_COLUMNS, dim = call->job.dim;
    const int64_t end = dim - begin < FOLD_COLUMNS ? dim : begin + FOLD_COLUMNS;
    fold_partials(call, call->partials, begin, end, call->dgamma);
    fold_partials(call, call->partials + call->pitch, begin, end, call->dbeta);
}

static bool stream_backward(const weir_bwd_job *job, int64_t rows)
{
    const float *const out[2] = {job->dx, job->dresidual};
    for (int i = 0; i < 2; i++)
        if (out[i] && (out[i] == job->dy || out[i] == job->dsum)) return false;
    const int operands = 2 + (job->dx != NULL) + (job->dresidual != NULL);
    return is_far(rows, job->dim, operands) && lines_up(job->dx, job->lddx) &&
           lines_up(job->dresidual, job->lddr);
}

weir_status weir_norm_backward(const weir_norm *norm, const weir_norm_bwd *args,
                               const weir_parallel *par)
{
    backward_call call = {.partials = NULL};
    if (!norm || !args || (par && !par->parallel_for)) return WEIR_E_NULL;
    const int64_t rows = args->rows, dim = norm->dim;
    WEIR_TRY(weir_check_norm(norm, rows));
    if (rows == 0) return WEIR_OK;
    WEIR_TRY(weir_check_backward(norm, args, &call.job));
    call.job.ahead = rows_ahead(rows, dim, 3, call.job.ldx, WEIR_ROW_GROUP);
    call.job.stream = stream_backward(&call.job, rows);
    call.kernel = weir_kernel_find(norm->op, weir_isa_active())->backward;
    call.split = split_rows(rows, dim);
    call.dgamma = args->dgamma;
    call.dbeta = args->dbeta;
    call.blocks = ceil_div(rows, WEIR_ROW_BLOCK);
    const bool sums = args->dgamma || args->dbeta;
    if (sums && call.blocks > 1) {
        call.partials = args->workspace;
        call.pitch = partial_pitch(dim);
        call.block_pitch = call.pitch * (weir_op_find(norm->op)->centred ? 2 : 1);
    }
    run_tasks(par, ceil_div(rows, call.split.span), backward_task, &call);
    if (call.partials) run_tasks(par, ceil_div(dim, FOLD_COLUMNS), fold_task, &call);
    return WEIR_OK;
}
