/* weir-bench-net: the speed of the network's own kernels, for each instruction set, at the shapes
 * of a small network: 128 tokens, width 64 (feed-forward 256), attention in blocks of 64 x 64,
 * bytes as tokens. Everything is in the second-level cache. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "ops/net/net.h"
#include "simd/isa.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 128, COLS = 256, ELEMENTS = ROWS * COLS, KEYS = 64, HEADS = 4, BEST_OF = 2000 };

typedef struct operands {
    float *start;         /* standard normal */
    float *x, *y, *z, *w; /* [ELEMENTS], as start before each call */
    float *row;           /* [COLS] */
    float *p, *s;         /* [KEYS][KEYS] rows of attention */
    float *cos_sin;       /* [KEYS][COLS / HEADS / 2][2] */
    uint16_t target[ROWS];
    double sink; /* keeps results alive */
} operands;

typedef const weir_net_table_f32 table;

/* One row for each kernel: name, elements a call works on, bytes it moves for each, the call. */
#define CASES(CASE)                                                                                \
    CASE(axpby, ELEMENTS, 12, t->axpby(ROWS, COLS, 0.5F, o->x, COLS, 2, o->z, COLS, o->y, COLS))   \
    CASE(scale, ELEMENTS, 8, t->scale(ROWS, COLS, 0.5F, o->x, COLS, o->y, COLS))                   \
    CASE(scale_cols, ELEMENTS, 8, t->scale_cols(ROWS, COLS, o->row, o->x, COLS, o->y, COLS))       \
    CASE(dot, ELEMENTS, 8, o->sink += t->dot(ROWS, COLS, o->x, COLS, o->z, COLS))                  \
    CASE(dot_cols, ELEMENTS, 8, t->dot_cols(ROWS, COLS, 1, o->x, COLS, o->z, COLS, o->row))        \
    CASE(dot_cols_ones, ELEMENTS, 4, t->dot_cols(ROWS, COLS, 1, o->x, COLS, NULL, 0, o->row))      \
    CASE(add_bias, ELEMENTS, 8, t->add_bias(ROWS, COLS, o->x, COLS, o->row, o->y, COLS))           \
    CASE(gelu, ELEMENTS, 8, t->gelu(ELEMENTS, o->x, o->y))                                         \
    CASE(gelu_back, ELEMENTS, 12, t->gelu_back(ELEMENTS, o->x, o->z, o->y))                        \
    CASE(relu, ELEMENTS, 8, t->relu(ELEMENTS, o->x, o->y))                                         \
    CASE(relu_back, ELEMENTS, 12, t->relu_back(ELEMENTS, o->x, o->z, o->y))                        \
    CASE(swiglu, ELEMENTS, 12, t->swiglu(ROWS, COLS, o->x, o->z, COLS, o->y, COLS))                \
    CASE(swiglu_back, ELEMENTS, 20,                                                                \
         t->swiglu_back(ROWS, COLS, o->x, o->z, COLS, o->y, COLS, o->y, o->w))                     \
    CASE(softmax_causal, KEYS *KEYS, 8, t->softmax_causal(KEYS, KEYS, 0, 0, o->s, KEYS))           \
    CASE(softmax_causal_alibi, KEYS *KEYS, 8, t->softmax_causal(KEYS, KEYS, 0, 0.25F, o->s, KEYS)) \
    CASE(softmax_causal_back, KEYS *KEYS, 12,                                                      \
         t->softmax_causal_back(KEYS, KEYS, 0, o->p, KEYS, o->s, KEYS))                            \
    CASE(cross_entropy, ELEMENTS, 8,                                                               \
         o->sink += t->cross_entropy(ROWS, COLS, o->x, COLS, o->target, 0.01F))                    \
    CASE(cross_entropy_loss, ELEMENTS, 4,                                                          \
         o->sink += t->cross_entropy(ROWS, COLS, o->x, COLS, o->target, 0))                        \
    CASE(rotate, ELEMENTS, 8,                                                                      \
         t->rotate(ROWS, HEADS, COLS / HEADS, KEYS, o->cos_sin, 1, o->x, COLS))                    \
    CASE(sum_squares, ELEMENTS, 4, o->sink += t->sum_squares(ELEMENTS, o->x))                      \
    CASE(max_abs, ELEMENTS, 4, o->sink += (double)t->max_abs(ELEMENTS, o->x))                      \
    CASE(add_into, ELEMENTS, 12, t->add_into(ELEMENTS, o->x, o->y))                                \
    CASE(adamw, ELEMENTS, 28,                                                                      \
         t->adamw(ELEMENTS, o->w, o->x, o->y, o->z, 1, 1e-3F, 0.9F, 0.999F, 1e-8F, 0, 10, 1000))   \
    CASE(sgd, ELEMENTS, 12, t->sgd(ELEMENTS, o->w, o->x, 1, 1e-3F, 0))

#define CASE_FUNCTION(name, elements, bytes, call)                                                 \
    static void run_##name(table *t, operands *o)                                                  \
    {                                                                                              \
        call;                                                                                      \
    }
CASES(CASE_FUNCTION)

typedef struct bench_case {
    const char *name;
    int elements, bytes;
    void (*run)(table *t, operands *o);
} bench_case;

#define CASE_ROW(name, elements, bytes, call) {#name, elements, bytes, run_##name},
static const bench_case cases[] = {CASES(CASE_ROW)};

static void reset(operands *o)
{
    const size_t bytes = ELEMENTS * sizeof(float);
    memcpy(o->x, o->start, bytes);
    memcpy(o->y, o->start, bytes);
    memcpy(o->w, o->start, bytes);
    for (int i = 0; i < ELEMENTS; i++) o->z[i] = o->start[i] * o->start[i];
    memcpy(o->s, o->start, KEYS * KEYS * sizeof(float));
}

/* The fastest of many calls, each on fresh operands. */
static double seconds(const bench_case *c, table *t, operands *o)
{
    double best = 1e9;
    for (int i = 0; i < BEST_OF; i++) {
        reset(o);
        double start = weir_clock();
        c->run(t, o);
        double took = weir_clock() - start;
        if (took < best) best = took;
    }
    return best;
}

int main(void)
{
    operands o = {0};
    float **arrays[] = {&o.start, &o.x, &o.y, &o.z, &o.w, &o.row, &o.p, &o.s, &o.cos_sin};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        *arrays[i] = weir_alloc(ELEMENTS, sizeof(float));
        if (!*arrays[i]) return EXIT_FAILURE;
    }
    weir_rng rng;
    weir_rng_init(&rng, 1, 0);
    for (int i = 0; i < ELEMENTS; i++) o.start[i] = (float)weir_rng_normal(&rng);
    for (int i = 0; i < ELEMENTS; i++) o.p[i] = 1.0F / KEYS;
    for (int i = 0; i < ELEMENTS; i++) o.cos_sin[i] = (float)(i % 2);
    for (int i = 0; i < ROWS; i++) o.target[i] = (uint16_t)weir_rng_below(&rng, COLS);

    printf("%-22s", "ns/element (GB/s)");
    for (int isa = WEIR_ISA_SCALAR; isa < WEIR_ISA_COUNT; isa++)
        if (weir_net_f32_isa(isa)) printf("%18s", weir_isa_name((weir_isa)isa));
    putchar('\n');
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        printf("%-22s", cases[c].name);
        for (int isa = WEIR_ISA_SCALAR; isa < WEIR_ISA_COUNT; isa++) {
            if (!weir_net_f32_isa(isa)) continue;
            double s = seconds(&cases[c], weir_net_f32_isa(isa), &o);
            printf("%9.3f (%6.1f)", 1e9 * s / cases[c].elements,
                   1e-9 * cases[c].bytes * cases[c].elements / s);
        }
        putchar('\n');
    }
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) weir_free(*arrays[i]);
    return o.sink == 0;
}
