/* bench_train.c - `weir-bench-train [option=value ...]`: tokens a second of training, the share of
 * the time that is spent in matrix products, and the ratio to a floor: the time that these products
 * alone take, at the same shapes, on the same threads, from a warm loop. Options are the settings
 * of config.def (depth=12 width=64 ...) and threads=N, repeats=N.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "nn/blas.h"
#include "train/trainer.h"
#include "weir/cpu.h"

enum { SHAPES_MAX = 4096 };

static void die(const char *message)
{
    fprintf(stderr, "weir-bench-train: %s\n", message);
    exit(1);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

/* ---- the floor ------------------------------------------------------------------------------ */

typedef struct floor_job {
    const weir_product_log *log;
    float *a, *b, *c; /* [workers] areas of `size` */
    int64_t size;
} floor_job;

static int64_t area(int rows, int ld)
{
    return (int64_t)rows * ld;
}

static int64_t largest_area(const weir_product_log *log)
{
    int64_t most = 0;
    for (int i = 0; i < log->count; i++) {
        const weir_product *p = &log->product[i];
        int64_t sizes[3] = {area(p->transpose_a ? p->k : p->m, p->lda),
                            area(p->transpose_b ? p->n : p->k, p->ldb), area(p->m, p->ldc)};
        for (int k = 0; k < 3; k++) most = sizes[k] > most ? sizes[k] : most;
    }
    return most;
}

/* Every product of the log, as often as it was called. */
static void floor_task(void *arg, int64_t index, int worker)
{
    (void)index;
    floor_job *job = arg;
    float *a = job->a + worker * job->size, *b = job->b + worker * job->size,
          *c = job->c + worker * job->size;
    for (int i = 0; i < job->log->count; i++) {
        const weir_product *p = &job->log->product[i];
        for (int64_t k = 0; k < p->calls; k++) {
            cblas_sgemm(CblasRowMajor, p->transpose_a ? CblasTrans : CblasNoTrans,
                        p->transpose_b ? CblasTrans : CblasNoTrans, p->m, p->n, p->k, 1, a, p->lda,
                        b, p->ldb, 0, c, p->ldc);
        }
    }
}

static double flops(const weir_product_log *log)
{
    double sum = 0;
    for (int i = 0; i < log->count; i++)
        sum += 2.0 * log->product[i].m * log->product[i].n * log->product[i].k *
               (double)log->product[i].calls;
    return sum;
}

/* ---- the measurement ------------------------------------------------------------------------ */

typedef struct setup {
    weir_config config;
    int threads, repeats;
} setup;

static setup parse(int argc, char **argv)
{
    setup s = {.threads = 2, .repeats = 7};
    weir_error err;
    weir_config_defaults(&s.config);
    for (int i = 1; i < argc; i++) {
        char *equals = strchr(argv[i], '=');
        if (!equals) die("arguments are option=value");
        *equals = 0;
        const weir_config_row *row = weir_config_row_find(argv[i]);
        if (strcmp(argv[i], "threads") == 0)
            s.threads = (int)strtol(equals + 1, NULL, 10);
        else if (strcmp(argv[i], "repeats") == 0)
            s.repeats = (int)strtol(equals + 1, NULL, 10);
        else if (!row)
            die("no such setting");
        else if (weir_config_set(&s.config, row, equals + 1, &err) != WEIR_OK)
            die(err.message);
    }
    if (s.threads < 1 || s.repeats < 1) die("threads and repeats are at least 1");
    if (weir_config_resolve(&s.config, &err) != WEIR_OK) die(err.message);
    return s;
}

/* One step with a product log on one worker, serially: every product of a step. */
static void log_step(weir_trainer *t, weir_product_log *log)
{
    weir_error err;
    double loss;
    weir_worker_log_products(t->worker[0], log);
    if (weir_trainer_gradient(t, NULL, 1, &loss, &err) != WEIR_OK) die(err.message);
    weir_worker_log_products(t->worker[0], NULL);
}

static double serial_gradient_seconds(weir_trainer *t)
{
    weir_error err;
    double loss, start = weir_clock();
    if (weir_trainer_gradient(t, NULL, 1, &loss, &err) != WEIR_OK) die(err.message);
    return weir_clock() - start;
}

static void measure(const setup *s, weir_trainer *t, const weir_parallel *par)
{
    static weir_product shapes[SHAPES_MAX];
    weir_product_log log = {.capacity = SHAPES_MAX, .product = shapes};
    double *step = weir_alloc((size_t)s->repeats, sizeof *step),
           *least = weir_alloc((size_t)s->repeats, sizeof *least);
    log_step(t, &log);
    log.seconds = 0;
    serial_gradient_seconds(t);
    weir_worker_log_products(t->worker[0], &log);
    double serial = serial_gradient_seconds(t), in_products = log.seconds;
    weir_worker_log_products(t->worker[0], NULL);
    for (int i = 0; i < log.count; i++) log.product[i].calls /= 2; /* two logged steps */

    floor_job job = {.log = &log, .size = largest_area(&log)};
    size_t all = (size_t)(job.size * s->threads);
    job.a = weir_alloc(all, sizeof(float)), job.b = weir_alloc(all, sizeof(float)),
    job.c = weir_alloc(all, sizeof(float));
    if (!step || !least || !job.a || !job.b || !job.c) die("out of memory");
    /* Steps and floor in turn, so that a noisy neighbour meets both. */
    for (int i = -1; i < s->repeats; i++) {
        weir_step_report report;
        weir_error err;
        double start = weir_clock();
        if (weir_trainer_step(t, par, &report, &err) != WEIR_OK) die(err.message);
        double middle = weir_clock();
        par->parallel_for(par->ctx, s->threads, floor_task, &job);
        double end = weir_clock();
        /* threads tasks of a whole step's products each: a step's share is a threads-th of that. */
        if (i >= 0) step[i] = middle - start, least[i] = (end - middle) / s->threads;
    }
    char blas[64];
    const weir_config *c = &s->config;
    double seconds = median(step, s->repeats), bound = median(least, s->repeats),
           tokens = (double)(c->batch * c->ctx);
    printf("width %lld heads %lld ctx %lld batch %lld depth %lld layout %s: %lld parameters, %d "
           "threads, %s, %s\n",
           (long long)c->width, (long long)c->heads, (long long)c->ctx, (long long)c->batch,
           (long long)c->depth, c->layout, (long long)t->model->total, s->threads,
           weir_isa_name(weir_isa_active()), weir_blas_name(blas, sizeof blas));
    printf("  %8.0f tokens/s   step %.2f ms (median of %d)   products %.0f %% of a serial pass, "
           "%.0f GFLOP/s in the step\n",
           tokens / seconds, 1e3 * seconds, s->repeats, 100 * in_products / serial,
           flops(&log) / seconds * 1e-9);
    printf("  floor: the products alone %.2f ms (%.0f GFLOP/s), %.2f of the step\n", 1e3 * bound,
           flops(&log) / bound * 1e-9, bound / seconds);
    weir_free(step), weir_free(least), weir_free(job.a), weir_free(job.b), weir_free(job.c);
}

int main(int argc, char **argv)
{
    setup s = parse(argc, argv);
    weir_error err;
    weir_blas_init();
    weir_corpus *corpus;
    weir_layout *layout;
    weir_trainer *trainer;
    weir_pool *pool;
    const weir_config *c = &s.config;
    const weir_builtin_layout *built_in = weir_builtin_layout_find(c->layout);
    if (!built_in) die("layout: a built-in name is wanted");
    if (weir_corpus_open(c->data, (int)c->vocab, c->val_frac, (int)c->ctx, &corpus, &err) !=
        WEIR_OK)
        die(err.message);
    if (weir_layout_parse(built_in->text, strlen(built_in->text), c->layout, &layout, &err) !=
        WEIR_OK)
        die(err.message);
    if (weir_trainer_create(c, layout, corpus, s.threads, &trainer, &err) != WEIR_OK)
        die(err.message);
    if (weir_pool_create(s.threads, &pool) != WEIR_OK) die("threads cannot be started");
    weir_parallel par = weir_pool_parallel(pool);
    measure(&s, trainer, &par);
    weir_pool_destroy(&pool);
    weir_trainer_destroy(&trainer);
    weir_layout_destroy(&layout);
    weir_corpus_close(&corpus);
    return 0;
}
