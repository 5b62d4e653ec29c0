/* bench_norm.c - weir-bench-norm: the norms against the best loop that only reads and writes as
 * much.
 *
 *   weir-bench-norm [--isa NAME] [RxC ...]
 *
 * One thread. Everything of a shape runs on the same buffers, in turn, for several rounds; medians
 * are printed. So outputs are in the state in which the previous contender left them, for the norm
 * and the copy alike.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/rng.h"
#include "copy.h"
#include "weir/weir.h"

enum { ROUNDS = 9, MAX_CONTENDERS = 64, BUFFERS = 4 };
static const double SAMPLE_SECONDS = 2e-3;

typedef struct shape {
    int64_t rows, dim;
} shape;

static const shape shapes[] = {{64, 768},    {4096, 768}, {4096, 4096},
                               {65536, 128}, {1, 4096},   {128, 64}};

typedef enum pass { FORWARD, RESIDUAL, BACKWARD, PASSES } pass;
static const char *const pass_names[PASSES] = {"forward", "residual", "backward"};
static const int pass_inputs[PASSES] = {1, 2, 2}, pass_outputs[PASSES] = {1, 2, 1};

/* A norm (loop NULL) or a copy. */
typedef struct contender {
    pass pass;
    weir_isa isa;
    weir_norm_op op;
    copy_loop_fn *loop;
    double seconds[ROUNDS];
    int repeats;
} contender;

typedef struct buffers {
    shape shape;
    float *memory[BUFFERS], *at[BUFFERS]; /* x, residual or dy, y or dx, sum */
    float *gamma, *beta, *mean, *mean_lo, *rstd, *dgamma, *dbeta;
    void *workspace;
    size_t workspace_bytes;
} buffers;

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void *need(size_t count)
{
    void *p = weir_alloc(count, sizeof(float));
    if (!p) {
        fprintf(stderr, "weir-bench-norm: out of memory\n");
        exit(1);
    }
    return p;
}

static buffers make_buffers(shape s)
{
    enum { STAGGER = 1344 }; /* so that rows do not start at one offset in their pages */
    const size_t n = (size_t)(s.rows * s.dim), dim = (size_t)s.dim, rows = (size_t)s.rows;
    buffers b = {.shape = s};
    weir_rng rng;
    weir_rng_init(&rng, 1, 0);
    for (int k = 0; k < BUFFERS; k++) {
        b.memory[k] = need(n + BUFFERS * STAGGER);
        b.at[k] = b.memory[k] + k * STAGGER;
        for (size_t i = 0; i < n; i++) b.at[k][i] = (float)(2 * weir_rng_uniform(&rng) - 1);
    }
    b.gamma = need(dim), b.beta = need(dim), b.dgamma = need(dim), b.dbeta = need(dim);
    b.mean = need(rows), b.mean_lo = need(rows), b.rstd = need(rows);
    for (size_t j = 0; j < dim; j++) b.gamma[j] = 1;
    const weir_norm norm = {.op = WEIR_LAYERNORM, .dim = s.dim};
    b.workspace_bytes = weir_norm_backward_workspace(&norm, s.rows);
    b.workspace = need(b.workspace_bytes / sizeof(float));
    return b;
}

static void free_buffers(buffers *b)
{
    for (int k = 0; k < BUFFERS; k++) weir_free(b->memory[k]);
    float *const rest[] = {b->gamma, b->beta, b->mean, b->mean_lo, b->rstd, b->dgamma, b->dbeta};
    for (size_t k = 0; k < sizeof rest / sizeof rest[0]; k++) weir_free(rest[k]);
    weir_free(b->workspace);
}

static weir_status run_norm(const contender *c, const buffers *b)
{
    const bool centred = c->op == WEIR_LAYERNORM;
    const weir_norm norm = {.op = c->op, .dim = b->shape.dim, .eps = 1e-5};
    weir_norm_fwd forward = {.rows = b->shape.rows,
                             .x = {b->at[0], WEIR_F32, 0},
                             .gamma = {b->gamma, WEIR_F32},
                             .beta = {centred ? b->beta : NULL, WEIR_F32},
                             .y = {b->at[2], WEIR_F32, 0},
                             .mean = centred ? b->mean : NULL,
                             .mean_lo = centred ? b->mean_lo : NULL,
                             .rstd = b->rstd};
    if (c->pass == RESIDUAL) {
        forward.residual = (weir_mat){b->at[1], WEIR_F32, 0};
        forward.alpha = 1;
        forward.sum = (weir_mat){b->at[3], WEIR_F32, 0};
    }
    if (c->pass != BACKWARD) return weir_norm_forward(&norm, &forward, NULL);
    const weir_norm_bwd backward = {.rows = b->shape.rows,
                                    .dy = {b->at[1], WEIR_F32, 0},
                                    .x = {b->at[0], WEIR_F32, 0},
                                    .mean = centred ? b->mean : NULL,
                                    .mean_lo = centred ? b->mean_lo : NULL,
                                    .rstd = b->rstd,
                                    .gamma = {b->gamma, WEIR_F32},
                                    .dx = {b->at[2], WEIR_F32, 0},
                                    .dgamma = b->dgamma,
                                    .dbeta = centred ? b->dbeta : NULL,
                                    .workspace = b->workspace,
                                    .workspace_bytes = b->workspace_bytes};
    return weir_norm_backward(&norm, &backward, NULL);
}

static void run_once(const contender *c, const buffers *b)
{
    if (c->loop) {
        const copy_job job = {.in = {b->at[0], b->at[1]},
                              .out = {b->at[2], b->at[3]},
                              .inputs = pass_inputs[c->pass],
                              .outputs = pass_outputs[c->pass],
                              .n = (size_t)(b->shape.rows * b->shape.dim)};
        c->loop(&job);
    } else if (run_norm(c, b) != WEIR_OK) {
        fprintf(stderr, "weir-bench-norm: the call failed\n");
        exit(1);
    }
}

/* Seconds of one call; the sample is long enough for the clock. */
static double sample(contender *c, const buffers *b)
{
    if (!c->loop) weir_set_isa_ceiling(c->isa);
    for (;;) {
        const double start = cpu_seconds();
        for (int i = 0; i < c->repeats; i++) run_once(c, b);
        const double taken = cpu_seconds() - start;
        if (taken >= SAMPLE_SECONDS) return taken / c->repeats;
        c->repeats *= 2;
    }
}

static int by_size(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const contender *c)
{
    double t[ROUNDS];
    memcpy(t, c->seconds, sizeof t);
    qsort(t, ROUNDS, sizeof t[0], by_size);
    return t[ROUNDS / 2];
}

static int add_copies(contender *list, int count, weir_isa best)
{
    static copy_loop_fn *const loops[WEIR_ISA_COUNT][2] = {
        {copy_plain_scalar, copy_stream_scalar},
#if WEIR_HAVE_X86
        [WEIR_ISA_AVX2] = {copy_plain_avx2, copy_stream_avx2},
        [WEIR_ISA_AVX512] = {copy_plain_avx512, copy_stream_avx512},
#endif
#if WEIR_HAVE_NEON
        [WEIR_ISA_NEON] = {copy_plain_neon, copy_stream_neon},
#endif
    };
    for (pass p = 0; p < PASSES; p++)
        for (int isa = 0; isa <= (int)best; isa++)
            for (int k = 0; k < 2 && loops[isa][k]; k++)
                list[count++] = (contender){.pass = p, .loop = loops[isa][k], .repeats = 1};
    return count;
}

static int add_norms(contender *list, int count, weir_isa worst, weir_isa best)
{
    for (pass p = 0; p < PASSES; p++)
        for (weir_norm_op op = WEIR_LAYERNORM; op <= WEIR_RMSNORM; op++)
            for (int isa = (int)worst; isa <= (int)best; isa++) {
                weir_set_isa_ceiling((weir_isa)isa);
                if ((int)weir_isa_active() == isa)
                    list[count++] =
                        (contender){.pass = p, .op = op, .isa = (weir_isa)isa, .repeats = 1};
            }
    return count;
}

static void print_results(const contender *list, int count, shape s)
{
    double limit[PASSES];
    for (pass p = 0; p < PASSES; p++) limit[p] = 1e9;
    for (int i = 0; i < count; i++)
        if (list[i].loop && median(&list[i]) < limit[list[i].pass])
            limit[list[i].pass] = median(&list[i]);
    const double bytes = (double)(s.rows * s.dim) * sizeof(float);
    for (int i = 0; i < count; i++) {
        const contender *c = &list[i];
        if (c->loop) continue;
        const double t = median(c), moved = bytes * (pass_inputs[c->pass] + pass_outputs[c->pass]);
        printf("%6lldx%-5lld %-9s %-9s %-7s %10.2f us %7.1f GB/s   %.2f of the copy (%.1f GB/s)\n",
               (long long)s.rows, (long long)s.dim,
               c->op == WEIR_LAYERNORM ? "layernorm" : "rmsnorm", pass_names[c->pass],
               weir_isa_name(c->isa), t * 1e6, moved / t * 1e-9, limit[c->pass] / t,
               moved / limit[c->pass] * 1e-9);
    }
    fflush(stdout);
}

static void bench_shape(shape s, weir_isa worst, weir_isa best)
{
    static contender list[MAX_CONTENDERS];
    buffers b = make_buffers(s);
    int count = add_copies(list, 0, weir_isa_detect());
    count = add_norms(list, count, worst, best);
    for (int round = 0; round < ROUNDS; round++)
        for (int i = 0; i < count; i++) list[i].seconds[round] = sample(&list[i], &b);
    print_results(list, count, s);
    free_buffers(&b);
}

static int misuse(const char *word)
{
    fprintf(stderr, "weir-bench-norm: '%s' is neither a shape (4096x768) nor --isa NAME\n", word);
    return 2;
}

/* "4096x768": the number of elements a multiple of WEIR_LANES, which the copies go by. */
static bool read_shape(const char *word, shape *s)
{
    char *end;
    s->rows = strtoll(word, &end, 10);
    if (*end != 'x') return false;
    s->dim = strtoll(end + 1, &end, 10);
    return !*end && s->rows > 0 && s->dim > 0 && s->rows < 1 << 24 && s->dim < 1 << 24 &&
           s->rows * s->dim % 32 == 0;
}

/* The set of that name, if this CPU has it. */
static bool read_isa(const char *word, weir_isa *isa)
{
    for (int i = 0; i <= (int)weir_isa_detect(); i++)
        if (strcmp(word, weir_isa_name((weir_isa)i)) == 0) {
            *isa = (weir_isa)i;
            return true;
        }
    return false;
}

int main(int argc, char **argv)
{
    weir_isa worst = WEIR_ISA_SCALAR, best = weir_isa_detect();
    bool asked = false;
    for (int i = 1; i < argc; i++) {
        shape s;
        if (strcmp(argv[i], "--isa") == 0 && i + 1 < argc) {
            if (!read_isa(argv[++i], &worst)) return misuse(argv[i]);
            best = worst;
        } else if (read_shape(argv[i], &s)) {
            bench_shape(s, worst, best);
            asked = true;
        } else {
            return misuse(argv[i]);
        }
    }
    for (size_t k = 0; !asked && k < sizeof shapes / sizeof shapes[0]; k++)
        bench_shape(shapes[k], worst, best);
    return 0;
}
