/* bench_run.c - norms and copies in turn on the same buffers, and the medians of what they took. */
#include "base/clock.h"
#include "base/core.h"
#include "base/error.h"
#include "base/mem.h"
#include "lab/bench_call.h"
#include "lab/measure.h"
#include "ops/copy/copy.h"
#include "weir/parallel.h"

static const double SAMPLE_SECONDS = 2e-3;

/* A norm, or (copy not NULL) a copy. */
typedef struct contender {
    const weir_copy *copy;
    weir_copy_job job;
    int64_t blocks, piece; /* of the job; what a thread takes at once */
    weir_bench_call call;
    weir_isa isa;
    int limit; /* which of the limits it may set, or is measured by */
    int row;   /* of a norm: where its result goes */
    int repeats;
    float seconds[WEIR_BENCH_ROUNDS_MAX]; /* of one call */
} contender;

/* What the copies of one mix reach. */
typedef struct limit {
    weir_bench_case like; /* any case with these reads and writes */
    const char *copy;
    double seconds;
} limit;

typedef struct race {
    weir_bench_buffers buffers;
    contender *all;
    limit *limits;
    int count, limit_count;
    const weir_parallel *par; /* NULL: one thread */
} race;

/* ---- what runs ------------------------------------------------------------------------------ */

static bool same_traffic(const weir_bench_case *a, const weir_bench_case *b)
{
    return a->pass == b->pass && weir_bench_in_bytes(a->type) == weir_bench_in_bytes(b->type) &&
           weir_bench_out_bytes(a->type) == weir_bench_out_bytes(b->type);
}

static weir_copy_job copy_of(const weir_bench_case *c, const weir_bench_buffers *b)
{
    const bool quarter = weir_bench_out_bytes(c->type) == 1;
    weir_copy_job job = {.inputs = weir_bench_inputs(c->pass),
                         .outputs = weir_bench_outputs(c->pass) - quarter,
                         .in = {b->in[0], b->in[1], b->in[2]},
                         .out = {b->out[quarter], b->out[1]},
                         .quarter = quarter ? b->out[0] : NULL};
    return job;
}

static void add_copies(race *r, int at, int threads)
{
    int copies;
    const weir_copy *copy = weir_copies(&copies);
    const weir_bench_case *like = &r->limits[at].like;
    const int64_t rows = r->buffers.rows, dim = r->buffers.dim;
    const int element = weir_bench_in_bytes(like->type);
    const weir_copy_job job = copy_of(like, &r->buffers);
    for (int i = 0; i < copies; i++) {
        if (copy[i].one_to_one && !(job.inputs == 1 && job.outputs == 1)) continue;
        r->all[r->count++] = (contender){.copy = &copy[i],
                                         .job = job,
                                         .blocks = weir_bench_blocks(rows, dim, element),
                                         .piece = weir_bench_piece(rows, dim, element, threads),
                                         .limit = at,
                                         .repeats = 1};
    }
}

/* Of each mix the copies, then the norms. */
static void add_all(race *r, const weir_bench_plan *plan, int threads)
{
    for (int i = 0; i < plan->cases; i++) {
        int at = 0;
        while (at < r->limit_count && !same_traffic(&r->limits[at].like, &plan->what[i])) at++;
        if (at < r->limit_count) continue;
        r->limits[r->limit_count++].like = plan->what[i];
        add_copies(r, at, threads);
        for (int k = i; k < plan->cases; k++) {
            if (!same_traffic(&plan->what[i], &plan->what[k])) continue;
            for (int s = 0; s < plan->isas; s++)
                r->all[r->count++] =
                    (contender){.call = weir_bench_call_make(&plan->what[k], &r->buffers),
                                .isa = plan->isa[s],
                                .limit = at,
                                .row = k * plan->isas + s,
                                .repeats = 1};
        }
    }
}

/* ---- how long ------------------------------------------------------------------------------- */

static void copy_task(void *arg, int64_t index, int worker)
{
    const contender *c = arg;
    (void)worker;
    const int64_t first = index * c->piece, rest = c->blocks - first;
    c->copy->loop(&c->job, first, first + (rest < c->piece ? rest : c->piece));
}

static weir_status run_once(contender *c, const weir_parallel *par)
{
    if (!c->copy) return weir_bench_call_run(&c->call, par);
    if (par && c->blocks > c->piece)
        par->parallel_for(par->ctx, (c->blocks + c->piece - 1) / c->piece, copy_task, c);
    else
        c->copy->loop(&c->job, 0, c->blocks);
    return WEIR_OK;
}

/* Seconds of one call, over as many as the clock needs. */
static weir_status sample(contender *c, const weir_parallel *par, float *seconds)
{
    if (!c->copy) weir_set_isa_ceiling(c->isa);
    for (;; c->repeats *= 2) {
        const double start = par ? weir_clock() : weir_thread_clock();
        for (int i = 0; i < c->repeats; i++) WEIR_TRY(run_once(c, par));
        const double taken = (par ? weir_clock() : weir_thread_clock()) - start;
        *seconds = (float)(taken / c->repeats);
        if (taken >= SAMPLE_SECONDS) return WEIR_OK;
    }
}

static weir_status run_rounds(race *r, const weir_bench_plan *plan, weir_error *err)
{
    for (int round = 0; round < plan->rounds; round++) {
        if (plan->progress) plan->progress(plan->ctx, round + 1);
        for (int i = 0; i < r->count; i++) {
            if (plan->stop && plan->stop(plan->ctx))
                return weir_fail(err, WEIR_E_INTERRUPTED, "interrupted");
            const weir_status status = sample(&r->all[i], r->par, &r->all[i].seconds[round]);
            if (status != WEIR_OK)
                return weir_fail(err, status, "the library refuses a norm: %s",
                                 weir_status_name(status));
        }
    }
    return WEIR_OK;
}

static void find_limits(race *r, int rounds)
{
    for (int i = 0; i < r->count; i++) {
        contender *c = &r->all[i];
        limit *l = &r->limits[c->limit];
        if (!c->copy) continue;
        const double seconds = weir_median(c->seconds, rounds);
        if (l->copy && l->seconds <= seconds) continue;
        l->copy = c->copy->name;
        l->seconds = seconds;
    }
}

static void give_results(race *r, const weir_bench_plan *plan, int threads, weir_bench_row *row)
{
    const int64_t rows = r->buffers.rows, dim = r->buffers.dim;
    for (int i = 0; i < r->count; i++) {
        contender *c = &r->all[i];
        const limit *l = &r->limits[c->limit];
        if (c->copy) continue;
        const weir_bench_case *what = &plan->what[c->row / plan->isas];
        row[c->row] = (weir_bench_row){.what = *what,
                                       .rows = rows,
                                       .dim = dim,
                                       .threads = threads,
                                       .isa = c->isa,
                                       .bytes = weir_bench_bytes(what, rows, dim),
                                       .seconds = weir_median(c->seconds, plan->rounds),
                                       .copy = l->copy,
                                       .copy_seconds = l->seconds};
    }
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Runs on `threads` threads, with the machine as it was before and after. */
static weir_status run_threads(race *r, const weir_bench_plan *plan, int threads, weir_error *err)
{
    const weir_isa before = weir_isa_active();
    weir_pool *pool = NULL;
    weir_status status;
    if (threads == 1) {
        const weir_core core = weir_core_hold();
        status = run_rounds(r, plan, err);
        weir_core_release(&core);
    } else if (weir_pool_create(threads, &pool) != WEIR_OK) {
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory, or of threads, for %d", threads);
    } else {
        const weir_parallel par = weir_pool_parallel(pool);
        r->par = &par;
        status = run_rounds(r, plan, err);
        r->par = NULL;
    }
    weir_pool_destroy(&pool);
    weir_set_isa_ceiling(before);
    return status;
}

weir_status weir_bench_fits(const weir_bench_plan *plan, int64_t rows, int64_t dim, weir_error *err)
{
    weir_bench_buffers buffers;
    WEIR_TRY(weir_bench_buffers_init(&buffers, plan->what, plan->cases, rows, dim, err));
    weir_bench_buffers_deinit(&buffers);
    return WEIR_OK;
}

weir_status weir_bench_measure(const weir_bench_plan *plan, int64_t rows, int64_t dim, int threads,
                               weir_bench_row *row, weir_error *err)
{
    race r = {.count = 0};
    int copies;
    weir_copies(&copies);
    const size_t cases = (size_t)plan->cases;
    WEIR_TRY(weir_bench_buffers_init(&r.buffers, plan->what, plan->cases, rows, dim, err));
    r.limits = weir_alloc(cases, sizeof *r.limits);
    r.all = weir_alloc(cases * (size_t)(copies + plan->isas), sizeof *r.all);
    weir_status status;
    if (r.limits && r.all) {
        add_all(&r, plan, threads);
        status = run_threads(&r, plan, threads, err);
    } else {
        status = weir_fail(err, WEIR_E_MEMORY, "out of memory for the list of what runs");
    }
    if (status == WEIR_OK) {
        find_limits(&r, plan->rounds);
        give_results(&r, plan, threads, row);
    }
    weir_free(r.all);
    weir_free(r.limits);
    weir_bench_buffers_deinit(&r.buffers);
    return status;
}
