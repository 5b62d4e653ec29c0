/* norm_tasks.c - rows in tasks for the threads, groups in jobs, column sums in a fixed tree. */
#include "ops/norm_tasks.h"

#include <string.h>

enum {
    SHARE_ELEMENTS = 16384, /* what is worth a thread */
    TASK_ELEMENTS = 65536,  /* what a worker takes at once, if its share is more */
    TASKS_A_WORKER = 4,     /* so that a late worker costs a quarter of its share */
    GROUPED_ROWS = 32,      /* of one group, before the next group has its turn */
    FOLD_COLUMNS = 1024     /* columns of the partial sums that one task folds */
};

static int64_t ceil_div(int64_t a, int64_t b)
{
    return a / b + (a % b != 0);
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows of a task: `unit` of them or a multiple. Each worker has as many tasks as another, if there is
 * work for all. */
static int64_t span_of(int64_t rows, int64_t dim, const weir_parallel *par, int64_t unit)
{
    if (!par || par->workers <= 1) return ceil_div(rows, unit) * unit;
    const int64_t workers = par->workers, least = ceil_div(SHARE_ELEMENTS, dim);
    const int64_t each = rows / workers / ceil_div(TASK_ELEMENTS, dim);
    int64_t tasks = workers * (each < 1 ? 1 : smaller(each, TASKS_A_WORKER));
    if (rows / least < tasks) tasks = rows / least;
    if (tasks > workers) tasks -= tasks % workers;
    return ceil_div(ceil_div(rows, tasks > 0 ? tasks : 1), unit) * unit;
}

int64_t weir_forward_span(int64_t rows, int64_t dim, const weir_parallel *par)
{
    return span_of(rows, dim, par, WEIR_ROW_GROUP);
}

static void run_tasks(const weir_parallel *par, int64_t count, weir_task task, void *arg)
{
    if (par && par->workers > 1 && count > 1) {
        par->parallel_for(par->ctx, count, task, arg);
        return;
    }
    for (int64_t i = 0; i < count; i++) task(arg, i, 0);
}

static void *moved(void *data, weir_dtype type, int64_t elements)
{
    return data ? (char *)data + elements * weir_dtype_size(type) : NULL;
}
static const void *moved_in(const void *data, weir_dtype type, int64_t elements)
{
    return data ? (const char *)data + elements * weir_dtype_size(type) : NULL;
}

/* Where gamma of a group begins. */
static int64_t gamma_at(const weir_norm_shape *s, int64_t group)
{
    return s->gamma_dim == s->dim ? group * s->width : 0;
}

static weir_fwd_job forward_group(const weir_fwd_job *first, const weir_norm_shape *s, int64_t g)
{
    weir_fwd_job job = *first;
    const int64_t by = g * s->width, gamma = gamma_at(s, g);
    job.x = moved_in(job.x, job.x_type, by);
    job.residual = moved_in(job.residual, job.residual_type, by);
    job.y = moved(job.y, job.y_type, by);
    job.sum = moved(job.sum, job.sum_type, by);
    job.gamma = moved_in(job.gamma, job.gamma_type, gamma);
    job.beta = moved_in(job.beta, job.beta_type, gamma);
    if (job.mean) job.mean += g;
    if (job.mean_lo) job.mean_lo += g;
    if (job.rstd) job.rstd += g;
    if (job.moments) job.moments += g;
    if (job.found) job.found += g;
    if (job.y_scale) job.y_scale += g;
    return job;
}

typedef struct forward_tasks {
    weir_fwd_kernel *kernel;
    const weir_fwd_job *job;
    const weir_norm_shape *shape;
    int64_t span;
} forward_tasks;

static void forward_task(void *arg, int64_t index, int worker)
{
    const forward_tasks *t = arg;
    const weir_norm_shape *s = t->shape;
    const int64_t first = index * t->span, end = smaller(first + t->span, s->rows);
    (void)worker;
    if (s->groups == 1) {
        t->kernel(t->job, first, end);
        return;
    }
    for (int64_t i = first; i < end; i += GROUPED_ROWS)
        for (int64_t g = 0; g < s->groups; g++) {
            const weir_fwd_job job = forward_group(t->job, s, g);
            t->kernel(&job, i, smaller(i + GROUPED_ROWS, end));
        }
}

/* Groups that share gamma and lie densely in memory are rows of their own. */
static bool is_flat(const weir_fwd_job *job, const weir_norm_shape *s)
{
    return s->groups > 1 && (!job->gamma || s->gamma_dim != s->dim) &&
           (!job->beta || s->gamma_dim != s->dim) && job->ldx == s->dim &&
           (!job->residual || job->ldr == s->dim) && (!job->y || job->ldy == s->dim) &&
           (!job->sum || job->lds == s->dim);
}

void weir_run_forward(const weir_forward_call *call, const weir_norm_shape *s,
                      const weir_parallel *par)
{
    weir_fwd_job flat;
    weir_norm_shape rows_of_groups;
    forward_tasks t = {call->kernel, &call->job, s, 0};
    if (is_flat(&call->job, s)) {
        flat = call->job;
        flat.ldx = flat.ldr = flat.ldy = flat.lds = s->width;
        flat.ld_stats = 1;
        rows_of_groups =
            (weir_norm_shape){s->op, s->rows * s->groups, s->width, 1, s->width, s->gamma_dim};
        t.job = &flat;
        t.shape = &rows_of_groups;
    }
    t.span = weir_forward_span(t.shape->rows, t.shape->dim, par);
    run_tasks(par, ceil_div(t.shape->rows, t.span), forward_task, &t);
}

static weir_bwd_job backward_group(const weir_bwd_job *first, const weir_norm_shape *s, int64_t g)
{
    weir_bwd_job job = *first;
    const int64_t by = g * s->width;
    job.dy = moved_in(job.dy, job.dy_type, by);
    job.x = moved_in(job.x, job.x_type, by);
    job.dsum = moved_in(job.dsum, job.dsum_type, by);
    job.dx = moved(job.dx, job.dx_type, by);
    job.dresidual = moved(job.dresidual, job.dresidual_type, by);
    job.gamma = moved_in(job.gamma, job.gamma_type, gamma_at(s, g));
    if (job.mean) job.mean += g;
    if (job.mean_lo) job.mean_lo += g;
    if (job.rstd) job.rstd += g;
    if (job.moments) job.moments += g;
    if (job.found) job.found += g;
    return job;
}

/* How many sums an operator's columns have. */
static int64_t sums_of(const weir_op_row *op)
{
    return 1 + op->beta + op->scale + op->shift;
}

/* Whether sums of columns go to the workspace first. */
static bool needs_partials(const weir_norm_shape *s)
{
    return s->rows > WEIR_ROW_BLOCK || s->gamma_dim != s->dim || s->op->scale;
}

/* How many floats one sum of one block takes, which begins on a cache line; -1: more than fits in
 * memory. */
static int64_t partial_pitch(const weir_norm_shape *s)
{
    const int64_t line = 64 / sizeof(float);
    return s->dim > INT64_MAX / 8 - line ? -1 : ceil_div(s->dim, line) * line;
}

size_t weir_workspace_bytes(const weir_norm_shape *s)
{
    if (!needs_partials(s)) return 0;
    const int64_t pitch = partial_pitch(s);
    size_t bytes;
    if (pitch < 0 ||
        __builtin_mul_overflow((size_t)ceil_div(s->rows, WEIR_ROW_BLOCK),
                               (size_t)(sums_of(s->op) * pitch), &bytes) ||
        __builtin_mul_overflow(bytes, sizeof(float), &bytes))
        return SIZE_MAX;
    return bytes;
}

typedef struct backward_tasks {
    weir_backward_call call;
    weir_norm_shape shape;
    int64_t span, blocks;            /* rows of a task; blocks in all */
    int64_t block_pitch;             /* of all sums of a block */
    int64_t place[WEIR_COLUMN_SUMS]; /* of a sum in its block */
    bool partial;                    /* sums go to the workspace first */
} backward_tasks;

static void add_sums(float *restrict into, const float *restrict from, int64_t n)
{
    for (int64_t j = 0; j < n; j++) into[j] += from[j];
}

/* The column sums of a block of rows are added to `block`, or to the caller's. */
static void backward_block(const backward_tasks *t, int64_t first, int64_t end, float *block)
{
    const weir_norm_shape *s = &t->shape;
    for (int64_t g = 0; g < s->groups; g++) {
        const weir_bwd_job job = backward_group(&t->call.job, s, g);
        float *sums[WEIR_COLUMN_SUMS];
        for (int k = 0; k < WEIR_COLUMN_SUMS; k++) {
            float *out = block ? block + t->place[k] : t->call.out[k];
            sums[k] = t->call.out[k] ? out + g * s->width : NULL;
        }
        t->call.kernel(&job, first, end, sums);
    }
}

/* Blocks are added pairwise, neighbours first, then neighbours of those. A task does that as it goes,
 * with a stack of sums at the beginning of its part of the workspace: a block is put on top, and two
 * sums of equally many blocks become one. What is left at the end is added from the top. */
static void backward_task(void *arg, int64_t index, int worker)
{
    const backward_tasks *t = arg;
    const int64_t start = index * t->span, stop = smaller(start + t->span, t->shape.rows);
    float *stack = t->partial ? t->call.workspace + start / WEIR_ROW_BLOCK * t->block_pitch : NULL;
    int64_t height = 0, n = 0;
    (void)worker;
    for (int64_t first = start; first < stop; first += WEIR_ROW_BLOCK, n++) {
        float *top = t->partial ? stack + height * t->block_pitch : NULL;
        if (top) memset(top, 0, (size_t)t->block_pitch * sizeof(float));
        backward_block(t, first, smaller(first + WEIR_ROW_BLOCK, stop), top);
        if (!top) continue;
        height++;
        for (int64_t odd = n; odd & 1; odd >>= 1, height--)
            add_sums(stack + (height - 2) * t->block_pitch, stack + (height - 1) * t->block_pitch,
                     t->block_pitch);
    }
    for (; height > 1; height--)
        add_sums(stack + (height - 2) * t->block_pitch, stack + (height - 1) * t->block_pitch,
                 t->block_pitch);
}

/* The sums of all tasks, in the same way; then those of the first go to out, unless columns share its
 * elements. */
static void fold_columns(const backward_tasks *t, float *partials, int64_t begin, int64_t end,
                         float *out)
{
    for (int64_t step = t->span / WEIR_ROW_BLOCK; step < t->blocks; step *= 2)
        for (int64_t b = 0; b + step < t->blocks; b += 2 * step) {
            float *into = partials + b * t->block_pitch;
            add_sums(into + begin, into + step * t->block_pitch + begin, end - begin);
        }
    if (out) add_sums(out + begin, partials + begin, end - begin);
}

/* How many elements the k-th output has. */
static int64_t out_dim(const weir_norm_shape *s, int k)
{
    return k == WEIR_SUM_GAMMA || k == WEIR_SUM_BETA ? s->gamma_dim : 1;
}

static void fold_task(void *arg, int64_t index, int worker)
{
    const backward_tasks *t = arg;
    const int64_t begin = index * FOLD_COLUMNS, end = smaller(begin + FOLD_COLUMNS, t->shape.dim);
    (void)worker;
    for (int k = 0; k < WEIR_COLUMN_SUMS; k++) {
        if (!t->call.out[k]) continue;
        const bool whole = out_dim(&t->shape, k) == t->shape.dim;
        fold_columns(t, t->call.workspace + t->place[k], begin, end, whole ? t->call.out[k] : NULL);
    }
}

/* Element j of out gets columns j, j + period, ... of the sums, in ascending order. */
static void fold_period(const float *sums, int64_t dim, float *out, int64_t period)
{
    for (int64_t j = 0; j < period; j++) {
        double total = 0;
        for (int64_t i = j; i < dim; i += period) total += (double)sums[i];
        out[j] += (float)total;
    }
}

static void fold_shared(const backward_tasks *t)
{
    for (int k = 0; k < WEIR_COLUMN_SUMS; k++) {
        const int64_t period = out_dim(&t->shape, k);
        if (t->call.out[k] && period != t->shape.dim)
            fold_period(t->call.workspace + t->place[k], t->shape.dim, t->call.out[k], period);
    }
}

/* Rows of a task: a power of two of blocks, so that tasks are subtrees. */
static int64_t back_span(const weir_norm_shape *s, const weir_parallel *par)
{
    const int64_t least = span_of(s->rows, s->dim, par, WEIR_ROW_BLOCK);
    int64_t span = WEIR_ROW_BLOCK;
    while (span < least && span < s->rows) span *= 2;
    return span;
}

void weir_run_backward(const weir_backward_call *call, const weir_norm_shape *s,
                       const weir_parallel *par)
{
    backward_tasks t = {.call = *call,
                        .shape = *s,
                        .span = back_span(s, par),
                        .blocks = ceil_div(s->rows, WEIR_ROW_BLOCK)};
    bool wanted = false;
    for (int k = 0; k < WEIR_COLUMN_SUMS; k++) wanted |= call->out[k] != NULL;
    t.partial = wanted && needs_partials(s);
    if (t.partial) {
        const weir_op_row *op = s->op;
        const int64_t pitch = partial_pitch(s);
        t.place[WEIR_SUM_BETA] = pitch;
        t.place[WEIR_SUM_SCALE] = pitch * (1 + op->beta);
        t.place[WEIR_SUM_SHIFT] = pitch * (2 + op->beta);
        t.block_pitch = pitch * sums_of(op);
    }
    run_tasks(par, ceil_div(s->rows, t.span), backward_task, &t);
    if (!t.partial) return;
    run_tasks(par, ceil_div(s->dim, FOLD_COLUMNS), fold_task, &t);
    fold_shared(&t);
}
