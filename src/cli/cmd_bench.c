/* cmd_bench.c - norms beside copies: what is measured is in lab/bench.h. */
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "cli/bench_view.h"
#include "io/files.h"

/* What is being measured, for the line of progress. */
typedef struct session {
    const command *c;
    const options *o;
    bench_request request;
    weir_bench_plan plan;
    weir_bench_row *row;
    const bench_shape *shape;
    int threads, turn, turns; /* a turn is a shape with a number of threads */
    bool terminal;
} session;

static bool stop(void *ctx)
{
    (void)ctx;
    return stop_asked(NULL);
}

/* On a terminal a line that is drawn over; elsewhere a line for each turn. */
static void show_progress(void *ctx, int round)
{
    const session *s = ctx;
    const char *plural = s->threads == 1 ? "" : "s";
    const long long rows = s->shape->rows, dim = s->shape->dim;
    if (s->terminal)
        fprintf(stderr, "\r%lldx%lld, %d thread%s (%d of %d): round %d of %d\033[K", rows, dim,
                s->threads, plural, s->turn, s->turns, round, s->request.rounds);
    else if (round == 1)
        fprintf(stderr, "%lldx%lld, %d thread%s (%d of %d)\n", rows, dim, s->threads, plural,
                s->turn, s->turns);
}

/* What comes after minutes must not fail then. */
static weir_status try_stdout(weir_error *err)
{
    if (fflush(stdout) == 0 && write(STDOUT_FILENO, "", 0) == 0) return WEIR_OK;
    return weir_fail_errno(err, WEIR_E_FILE, "standard output cannot be written");
}

static weir_status try_targets(const options *o, weir_error *err)
{
    if (o->out) WEIR_TRY(weir_file_try(o->out, err));
    return try_stdout(err);
}

/* Every shape with every number of threads; the table grows on the way. */
static weir_status measure(session *s, bench_view *v, weir_error *err)
{
    const bench_request *r = &s->request;
    const int rows = r->cases * r->isas;
    WEIR_TRY(try_targets(s->o, err));
    for (int i = 0; i < r->shapes; i++)
        WEIR_TRY(weir_bench_fits(&s->plan, r->shape[i].rows, r->shape[i].dim, err));
    stop_listen();
    if (!s->o->json) {
        bench_print_head(v);
        WEIR_TRY(try_stdout(err));
    }
    for (int i = 0; i < s->turns; i++) {
        weir_bench_row *row = &s->row[i * rows];
        s->turn = i + 1;
        s->shape = &r->shape[i / r->thread_counts];
        s->threads = r->threads[i % r->thread_counts];
        const weir_status status =
            weir_bench_measure(&s->plan, s->shape->rows, s->shape->dim, s->threads, row, err);
        if (s->terminal) fprintf(stderr, "\r\033[K");
        v->interrupted = status == WEIR_E_INTERRUPTED;
        if (status != WEIR_OK) return status;
        v->rows += rows;
        if (!s->o->json) bench_print_rows(v, row, rows);
    }
    return WEIR_OK;
}

/* What was measured is told also where the page cannot be written, and after an interruption; a page
 * of nothing is not written. */
static int finish(const session *s, const bench_view *v)
{
    weir_error err;
    const char *out = v->rows ? s->o->out : NULL;
    const bool written = out && bench_page_write(v, out, &err) == WEIR_OK;
    int code = EXIT_DONE;
    if (s->o->json)
        code = print_json(s->c->name, bench_json(v, written ? out : NULL));
    else
        bench_print_foot(v, written ? out : NULL);
    if (out && !written) code = fail_with(s->c->name, &err);
    if (!v->interrupted) return code;
    fprintf(stderr, "weir %s: interrupted\n", s->c->name);
    return EXIT_FAILED;
}

int cmd_bench(const command *c, const options *o, const char *line)
{
    session s = {.c = c, .o = o};
    weir_error err;
    if (bench_request_read(o, &s.request, &err) != WEIR_OK) return fail_with(c->name, &err);
    const bench_request *r = &s.request;
    s.plan = (weir_bench_plan){.what = r->what,
                               .cases = r->cases,
                               .isa = r->isa,
                               .isas = r->isas,
                               .rounds = r->rounds,
                               .stop = stop,
                               .progress = o->quiet ? NULL : show_progress,
                               .ctx = &s};
    s.terminal = !o->quiet && isatty(STDERR_FILENO);
    s.turns = r->shapes * r->thread_counts;
    bench_view v = {.request = r, .cores = o->threads, .command = line};
    v.caches = weir_caches_read();
    weir_cpu_name(v.cpu);
    s.row = weir_alloc((size_t)(s.turns * r->cases * r->isas), sizeof *s.row);
    v.row = s.row;
    weir_status status = s.row ? measure(&s, &v, &err)
                               : weir_fail(&err, WEIR_E_MEMORY, "out of memory for the results");
    const bool measured = status == WEIR_OK || status == WEIR_E_INTERRUPTED;
    const int code = measured ? finish(&s, &v) : fail_with(c->name, &err);
    weir_free(s.row);
    return code;
}
