/* trainer.c - one step: forward and backward of micro-batches, the tree of gradients, the
 * optimizer. */
#include "train/trainer.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "ops/net/net.h"

/* Reals of theta that one task updates: a few arrays of it stay in L2. */
enum { SEGMENT_MAX = 16384 };

/* A run of theta with one weight decay. */
struct weir_segment {
    int64_t begin, count;
    bool decay;
};

/* ---- making one ----------------------------------------------------------------------------- */

weir_model_shape weir_config_model_shape(const weir_config *c)
{
    return (weir_model_shape){.depth = (int)c->depth,
                              .width = (int)c->width,
                              .heads = (int)c->heads,
                              .kv_heads = (int)c->kv_heads,
                              .ffn = (int)c->ffn,
                              .ctx = (int)c->ctx,
                              .vocab = (int)c->vocab,
                              .act = (weir_act)c->act,
                              .pos = (weir_pos)c->pos,
                              .tie = c->tie,
                              .bias = c->bias,
                              .eps = c->eps,
                              .init = (weir_init_kind)c->init};
}

weir_layout_shape weir_config_layout_shape(const weir_config *c)
{
    return (weir_layout_shape){.depth = (int)c->depth,
                               .width = (int)c->width,
                               .heads = (int)c->heads,
                               .kv_heads = (int)c->kv_heads,
                               .ffn = (int)c->ffn,
                               .gated = c->act == WEIR_ACT_SWIGLU,
                               .tied = c->tie,
                               .norm = c->norm == WEIR_NORM_WORD_RMSNORM ? WEIR_RMSNORM
                                                                         : WEIR_LAYERNORM,
                               .steps = c->steps};
}

weir_status weir_trainer_model(const weir_config *config, const weir_layout *layout,
                               weir_model **out, weir_error *err)
{
    *out = NULL;
    weir_layout_shape layout_shape = weir_config_layout_shape(config);
    weir_model_shape shape = weir_config_model_shape(config);
    weir_program *program;
    WEIR_TRY(weir_layout_compile(layout, &layout_shape, true, &program, err));
    return weir_model_create(&shape, &program, out, err);
}

/* Adjacent tensors of one decay are one run, cut into pieces of SEGMENT_MAX. The count alone when
 * out is NULL. */
static int64_t cut_segments(const weir_model *m, weir_segment *out)
{
    int64_t count = 0;
    for (int i = 0; i < m->params;) {
        bool decay = m->param[i].decay;
        int64_t begin = m->param[i].offset;
        while (i < m->params && m->param[i].decay == decay) i++;
        int64_t end = i < m->params ? m->param[i].offset : m->total;
        for (; begin < end; begin += SEGMENT_MAX, count++) {
            int64_t n = end - begin < SEGMENT_MAX ? end - begin : SEGMENT_MAX;
            if (out) out[count] = (weir_segment){.begin = begin, .count = n, .decay = decay};
        }
    }
    return count;
}

static int64_t micro_batch_size(const weir_config *c) /* the largest */
{
    return (c->batch + c->micro_batches - 1) / c->micro_batches;
}

static weir_status allocate(weir_trainer *t, weir_error *err)
{
    const weir_config *c = &t->config;
    size_t total = (size_t)t->model->total, tokens = (size_t)(c->batch * c->ctx);
    t->segments = cut_segments(t->model, NULL);
    int64_t groups = weir_corpus_held_out_windows(t->corpus, (int)c->ctx) / micro_batch_size(c) + 1;
    t->partials = t->segments > groups ? t->segments : groups;
    if (t->partials < c->micro_batches) t->partials = c->micro_batches;
    bool ok = (t->theta = weir_alloc(total, sizeof *t->theta)) &&
              (t->segment = weir_alloc((size_t)t->segments, sizeof *t->segment)) &&
              (t->input = weir_alloc(tokens, sizeof *t->input)) &&
              (t->target = weir_alloc(tokens, sizeof *t->target)) &&
              (t->window =
                   weir_alloc((size_t)t->workers * 2 * (size_t)micro_batch_size(c) * (size_t)c->ctx,
                              sizeof *t->window)) &&
              (t->partial = weir_alloc((size_t)t->partials, sizeof *t->partial)) &&
              (t->grad = weir_alloc((size_t)c->micro_batches, sizeof *t->grad)) &&
              (t->worker = weir_alloc((size_t)t->workers, sizeof *t->worker));
    if (ok && c->optimizer == WEIR_OPT_ADAMW) {
        ok = (t->moment1 = weir_alloc(total, sizeof *t->moment1)) &&
             (t->moment2 = weir_alloc(total, sizeof *t->moment2));
    }
    for (int64_t i = 0; ok && i < c->micro_batches; i++)
        ok = (t->grad[i] = weir_alloc(total, sizeof **t->grad)) != NULL;
    if (!ok) {
        return weir_fail(err, WEIR_E_MEMORY,
                         "out of memory for the weights, gradients and moments of %lld parameters",
                         (long long)t->model->total);
    }
    int64_t sequences = micro_batch_size(c);
    for (int i = 0; i < t->workers; i++)
        WEIR_TRY(weir_worker_create(t->model, (int)sequences, &t->worker[i], err));
    cut_segments(t->model, t->segment);
    return WEIR_OK;
}

weir_status weir_trainer_create(const weir_config *config, const weir_layout *layout,
                                const weir_corpus *corpus, int workers, weir_trainer **out,
                                weir_error *err)
{
    *out = NULL;
    weir_trainer *t = weir_alloc(1, sizeof *t);
    if (!t) return weir_fail(err, WEIR_E_MEMORY, "out of memory for the trainer");
    t->config = *config;
    t->corpus = corpus;
    t->workers = workers < config->micro_batches ? workers : (int)config->micro_batches;
    weir_status status = weir_trainer_model(config, layout, &t->model, err);
    if (status == WEIR_OK) status = allocate(t, err);
    if (status != WEIR_OK) {
        weir_trainer_destroy(&t);
        return status;
    }
    weir_model_init(t->model, (uint64_t)config->seed, t->theta);
    *out = t;
    return WEIR_OK;
}

void weir_trainer_destroy(weir_trainer **handle)
{
    if (!handle || !*handle) return;
    weir_trainer *t = *handle;
    for (int i = 0; t->worker && i < t->workers; i++) weir_worker_destroy(&t->worker[i]);
    for (int64_t i = 0; t->grad && i < t->config.micro_batches; i++) weir_free(t->grad[i]);
    weir_model_destroy(&t->model);
    void *owned[] = {t->theta, t->moment1, t->moment2, t->worker,  t->grad,
                     t->input, t->target,  t->window,  t->partial, t->segment};
    for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) weir_free(owned[i]);
    weir_free(t);
    *handle = NULL;
}

/* ---- running tasks -------------------------------------------------------------------------- */

static void run_tasks(const weir_parallel *par, int64_t count, weir_task task, void *arg)
{
    if (par) {
        par->parallel_for(par->ctx, count, task, arg);
    } else {
        for (int64_t i = 0; i < count; i++) task(arg, i, 0);
    }
}

/* Tasks that each need a worker, when there are more threads than workers: a worker takes every
 * workers-th of them. */
typedef struct dealt_tasks {
    weir_task task;
    void *arg;
    int64_t count;
    int workers;
} dealt_tasks;

static void dealt_task(void *arg, int64_t index, int thread)
{
    (void)thread;
    const dealt_tasks *d = arg;
    for (int64_t i = index; i < d->count; i += d->workers) d->task(d->arg, i, (int)index);
}

/* As run_tasks, for tasks whose worker number picks one of the trainer's workers. */
static void run_on_workers(weir_trainer *t, const weir_parallel *par, int64_t count, weir_task task,
                           void *arg)
{
    dealt_tasks d = {task, arg, count, t->workers};
    if (par && par->workers > t->workers)
        run_tasks(par, t->workers, dealt_task, &d);
    else
        run_tasks(par, count, task, arg);
}

static double sum_in_order(const double *v, int64_t n)
{
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += v[i];
    return sum;
}

/* ---- gradient ------------------------------------------------------------------------------- */

typedef struct step_job {
    weir_trainer *t;
    int64_t step;
    float lr, grad_scale; /* grad_scale: clipping */
} step_job;

static void micro_batch_task(void *arg, int64_t index, int worker)
{
    step_job *job = arg;
    weir_trainer *t = job->t;
    const weir_config *c = &t->config;
    int64_t first = index * c->batch / c->micro_batches,
            end = (index + 1) * c->batch / c->micro_batches;
    int ctx = (int)c->ctx;
    for (int64_t i = first; i < end; i++)
        weir_corpus_train(t->corpus, (uint64_t)c->seed, job->step, i, ctx, t->input + i * ctx,
                          t->target + i * ctx);
    weir_worker *w = t->worker[worker];
    t->partial[index] =
        weir_worker_forward(w, t->theta, t->input + first * ctx, t->target + first * ctx,
                            (int)(end - first), 1 / (float)(c->batch * c->ctx));
    weir_worker_backward(w, t->theta, t->grad[index]);
}

static void update_segment(const step_job *job, const weir_segment *s)
{
    weir_trainer *t = job->t;
    const weir_config *c = &t->config;
    const weir_net_table_f32 *ops = weir_net_f32();
    float *w = t->theta + s->begin, *g = t->grad[0] + s->begin;
    float decay = s->decay ? (float)c->weight_decay : 0;
    if (c->optimizer == WEIR_OPT_SGD) {
        ops->sgd(s->count, w, g, job->grad_scale, job->lr, decay);
        return;
    }
    double c1 = 1 / (1 - pow(c->beta1, (double)job->step)),
           c2 = 1 / (1 - pow(c->beta2, (double)job->step));
    ops->adamw(s->count, w, g, t->moment1 + s->begin, t->moment2 + s->begin, job->grad_scale,
               job->lr, (float)c->beta1, (float)c->beta2, WEIR_ADAM_EPS, decay, (float)c1,
               (float)c2);
}

/* grad[0] = the binary tree over micro-batches, for one segment; and its sum of squares. */
static void reduce_task(void *arg, int64_t index, int worker)
{
    (void)worker;
    step_job *job = arg;
    weir_trainer *t = job->t;
    const weir_net_table_f32 *ops = weir_net_f32();
    const weir_segment *s = &t->segment[index];
    for (int64_t stride = 1; stride < t->config.micro_batches; stride *= 2) {
        for (int64_t i = 0; i + stride < t->config.micro_batches; i += 2 * stride)
            ops->add_into(s->count, t->grad[i + stride] + s->begin, t->grad[i] + s->begin);
    }
    t->partial[index] = ops->sum_squares(s->count, t->grad[0] + s->begin);
}

static void update_task(void *arg, int64_t index, int worker)
{
    (void)worker;
    step_job *job = arg;
    update_segment(job, &job->t->segment[index]);
}

weir_status weir_trainer_gradient(weir_trainer *t, const weir_parallel *par, int64_t step,
                                  double *loss, weir_error *err)
{
    const weir_config *c = &t->config;
    WEIR_TRY(weir_program_set_time(t->model->program, step, err));
    step_job job = {.t = t, .step = step};
    run_on_workers(t, par, c->micro_batches, micro_batch_task, &job);
    *loss = sum_in_order(t->partial, c->micro_batches) / (double)(c->batch * c->ctx);
    run_tasks(par, t->segments, reduce_task, &job);
    return WEIR_OK;
}

double weir_trainer_lr(const weir_config *c, int64_t t)
{
    if (t <= c->warmup) return c->lr * (double)t / (double)c->warmup;
    if (c->schedule == WEIR_SCHEDULE_CONSTANT || c->steps <= c->warmup) return c->lr;
    double progress = (double)(t - c->warmup) / (double)(c->steps - c->warmup);
    if (progress > 1) progress = 1;
    return c->min_lr + 0.5 * (c->lr - c->min_lr) * (1 + cos(3.14159265358979323846 * progress));
}

weir_status weir_trainer_step(weir_trainer *t, const weir_parallel *par, weir_step_report *report,
                              weir_error *err)
{
    const weir_config *c = &t->config;
    double loss;
    WEIR_TRY(weir_trainer_gradient(t, par, t->step + 1, &loss, err));
    double norm = sqrt(sum_in_order(t->partial, t->segments));
    *report = (weir_step_report){.step = t->step + 1,
                                 .loss = loss,
                                 .grad_norm = norm,
                                 .lr = weir_trainer_lr(c, t->step + 1)};
    t->step++;
    if (!isfinite(loss) || !isfinite(norm)) return WEIR_OK;
    step_job job = {.t = t, .step = t->step, .lr = (float)report->lr, .grad_scale = 1};
    if (c->clip > 0 && norm > c->clip) job.grad_scale = (float)(c->clip / norm);
    run_tasks(par, t->segments, update_task, &job);
    return WEIR_OK;
}

/* ---- held-out loss -------------------------------------------------------------------------- */

typedef struct held_out_job {
    weir_trainer *t;
    int64_t windows;
} held_out_job;

static void held_out_task(void *arg, int64_t index, int worker)
{
    held_out_job *job = arg;
    weir_trainer *t = job->t;
    int ctx = (int)t->config.ctx;
    int64_t group = micro_batch_size(&t->config), first = index * group;
    uint16_t *tokens = t->window + worker * 2 * group * ctx, *target = tokens + group * ctx;
    int n = (int)(job->windows - first < group ? job->windows - first : group);
    for (int i = 0; i < n; i++)
        weir_corpus_held_out(t->corpus, first + i, ctx, tokens + i * ctx, target + i * ctx);
    t->partial[index] = weir_worker_forward(t->worker[worker], t->theta, tokens, target, n, 0);
}

double weir_trainer_held_out(weir_trainer *t, const weir_parallel *par)
{
    held_out_job job = {t, weir_corpus_held_out_windows(t->corpus, (int)t->config.ctx)};
    if (job.windows < 1) return NAN;
    int64_t group = micro_batch_size(&t->config), groups = (job.windows + group - 1) / group;
    run_on_workers(t, par, groups, held_out_task, &job);
    return sum_in_order(t->partial, groups) / (double)(job.windows * t->config.ctx);
}
