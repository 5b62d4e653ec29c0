/* threads.c - LayerNorm on the threads that an engine has already.
 * An installed weir:  cc -pthread threads.c $(pkg-config --cflags --libs weir) -o threads */
#define _POSIX_C_SOURCE 200809L /* barriers */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <weir/weir.h>

/* The engine: threads that wait at a barrier for work, and take its pieces from one counter. */
enum { WORKERS = 3 };

typedef struct engine {
    pthread_barrier_t start, end;
    weir_task task; /* NULL: there will be no more */
    void *arg;
    int64_t count;
    atomic_llong next;
} engine;

typedef struct seat {
    engine *engine;
    int worker;
    pthread_t thread;
} seat;

static void work(engine *e, int worker)
{
    for (int64_t i; (i = atomic_fetch_add(&e->next, 1)) < e->count;) e->task(e->arg, i, worker);
}

static void *sit(void *arg)
{
    const seat *s = arg;
    while (pthread_barrier_wait(&s->engine->start), s->engine->task) {
        work(s->engine, s->worker);
        pthread_barrier_wait(&s->engine->end);
    }
    return NULL;
}

/* What weir asks of an engine: task(arg, i, worker) for each i below count, and then return. */
static void engine_for(void *ctx, int64_t count, weir_task task, void *arg)
{
    engine *e = ctx;
    e->task = task;
    e->arg = arg;
    e->count = count;
    e->next = 0;
    pthread_barrier_wait(&e->start);
    work(e, 0);
    pthread_barrier_wait(&e->end);
}

enum { ROWS = 1000, DIM = 256 };
static float x[ROWS][DIM], y[ROWS][DIM];

int main(void)
{
    engine e;
    seat seats[WORKERS];
    pthread_barrier_init(&e.start, NULL, WORKERS);
    pthread_barrier_init(&e.end, NULL, WORKERS);
    for (int i = 1; i < WORKERS; i++) {
        seats[i] = (seat){.engine = &e, .worker = i};
        if (pthread_create(&seats[i].thread, NULL, sit, &seats[i]) != 0) return 1;
    }
    for (int i = 0; i < ROWS; i++)
        for (int j = 0; j < DIM; j++) x[i][j] = (float)(i * j % 7);

    const weir_parallel threads = {.parallel_for = engine_for, .ctx = &e, .workers = WORKERS};
    const weir_status status = weir_norm_forward(
        &(weir_norm){.op = WEIR_LAYERNORM, .dim = DIM, .eps = 1e-5},
        &(weir_norm_fwd){.rows = ROWS, .x = {x, WEIR_F32, 0}, .y = {y, WEIR_F32, 0}}, &threads);

    e.task = NULL;
    pthread_barrier_wait(&e.start);
    for (int i = 1; i < WORKERS; i++) pthread_join(seats[i].thread, NULL);
    if (status != WEIR_OK) {
        fprintf(stderr, "threads: %s\n", weir_status_name(status));
        return 1;
    }
    const float *last = y[ROWS - 1];
    printf("%.4f %.4f %.4f %.4f\n", last[0], last[1], last[2], last[3]);
    return 0;
}
