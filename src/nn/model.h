/* model.h - a causal transformer over bytes or tokens: its shape, its parameter table, its forward
 * and backward. Floor 3.
 *
 * A model is immutable once made (but for weir_program_set_time) and holds no numbers that are
 * learned: these live in flat arrays of model->total reals, `theta`, laid out by the parameter
 * table; a gradient is an array of the same layout. A worker holds the activations of one
 * micro-batch; any number of workers of one model may run at once.
 */
#ifndef WEIR_NN_MODEL_H
#define WEIR_NN_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "layout/layout.h"
#include "nn/real.h"

typedef enum weir_act { WEIR_ACT_GELU, WEIR_ACT_RELU, WEIR_ACT_SWIGLU } weir_act;
typedef enum weir_pos { WEIR_POS_LEARNED, WEIR_POS_ROTARY, WEIR_POS_ALIBI, WEIR_POS_NONE } weir_pos;
typedef enum weir_init_kind { WEIR_INIT_XAVIER, WEIR_INIT_GPT2 } weir_init_kind;

typedef struct weir_model_shape {
    int depth, width, heads, kv_heads, ffn, ctx, vocab;
    weir_act act;
    weir_pos pos;
    bool tie, bias;
    double eps;
    weir_init_kind init;
} weir_model_shape;

/* One row of the parameter table: it drives allocation, initialization, decay groups, checkpoints
 * and reports. */
typedef struct weir_param {
    char name[64];      /* "layers.1.attn.q", "embed.tok", "layers.1.attn.norm1.gamma" */
    weir_role role;     /* of a matrix; WEIR_ROLES for everything else */
    int lparam;         /* index into program->param, or -1 */
    int layer;          /* from 1; 0 outside the layers */
    int sub;            /* 0 attn, 1 mlp, -1 neither */
    int64_t rows, cols; /* a matrix is [out, in]; a vector [n, 1] */
    int64_t offset;     /* first element in theta */
    double std, value;  /* initial: N(0, std^2) where std > 0, else the constant value */
    bool decay;         /* weight decay applies: matrices only; never a gamma, beta, gain or bias */
    bool set_by_product; /* backward overwrites its gradient (a matrix product), so it needs no
                            zeroing */
} weir_param;

static inline int64_t weir_param_size(const weir_param *p)
{
    return p->rows * p->cols;
}

/* Where a layer's own tensors start in theta; -1: not there. q, k, v are adjacent, and so are up
 * and gate. */
typedef struct weir_layer_params {
    int64_t qkv, o, up, down;
    int64_t qkv_bias, o_bias, up_bias, down_bias;
} weir_layer_params;

struct weir_plan;

typedef struct weir_model {
    weir_model_shape shape;
    weir_program *program;
    int params;
    weir_param *param;
    int64_t total;            /* elements of theta */
    int64_t tok, pos, head;   /* offsets; pos -1 without learned positions; head == tok when tied */
    int64_t *lparam_offset;   /* [program->params] */
    weir_layer_params *layer; /* [depth] */
    real *cos_sin;            /* rotary: [ctx][head_dim / 2][2], else NULL */
    struct weir_plan *plan;
} weir_model;

/* Takes the program (also on failure: it is then destroyed and *program set to NULL). */
weir_status weir_model_create(const weir_model_shape *shape, weir_program **program,
                              weir_model **out, weir_error *err);
void weir_model_destroy(weir_model **model);

/* Fills theta. Every tensor draws from a stream of its own, named after it, so the same seed gives
 * a matrix the same numbers under every layout (times its gain). xavier: matrices N(0, 2 / (in +
 * out)), tokens N(0, 1) (N(0, 1/width) when tied), positions N(0, 1/4), head N(0, 1/width). gpt2:
 * N(0, 0.02^2), o and down divided by sqrt(2 N). Then the layout's gains multiply. Biases 0. */
void weir_model_init(const weir_model *model, uint64_t seed, real *theta);

/* The row of that name, or NULL. */
const weir_param *weir_model_find(const weir_model *model, const char *name);

/* ---- running it ----------------------------------------------------------------------------- */

/* What an observer is shown while a worker runs; data is rows x cols with stride ld, valid during
 * the call. */
typedef enum weir_sight {
    WEIR_SEE_STREAM,      /* state x after a sublayer (in a block rule: after the block, sub 1) */
    WEIR_SEE_STREAM_GRAD, /* the gradient there */
    WEIR_SEE_BRANCH,      /* a branch's output */
    WEIR_SEE_NORM         /* a norm's input; norm and rstd are set */
} weir_sight;

typedef struct weir_sighting {
    weir_sight what;
    int layer, sub; /* layer 0: embed or head */
    const real *data;
    int64_t rows, cols, ld;
    const weir_norm_step *norm;
    const real *rstd;    /* NORM: [groups][rows_max], rows of it valid */
    int64_t rstd_stride; /* rows_max */
} weir_sighting;

typedef void (*weir_observer)(void *ctx, const weir_sighting *sighting);

/* Every matrix product a worker made, for the benchmark's floor. */
typedef struct weir_product {
    bool transpose_a, transpose_b;
    int m, n, k, lda, ldb, ldc;
    int64_t calls;
} weir_product;

typedef struct weir_product_log {
    int count, capacity;
    weir_product *product; /* distinct shapes; owned by whoever made the log */
    double seconds;        /* spent in them */
} weir_product_log;

typedef struct weir_worker weir_worker;

/* Activations and scratch for up to `sequences` sequences of ctx tokens. The model must outlive it.
 */
weir_status weir_worker_create(const weir_model *model, int sequences, weir_worker **out,
                               weir_error *err);
void weir_worker_destroy(weir_worker **worker);

/* The loss: the sum of cross-entropies in nats over sequences * ctx tokens; tokens
 * [sequences][ctx]. grad_scale != 0 prepares a backward whose gradient is that of grad_scale * sum.
 * Deterministic. */
double weir_worker_forward(weir_worker *worker, const real *theta, const uint16_t *input,
                           const uint16_t *target, int sequences, real grad_scale);

/* The gradient of the forward just made: overwrites grad (total reals; before its first use it must
 * have been zeroed: the matrices of a branch that no step calls are not touched). */
void weir_worker_backward(weir_worker *worker, const real *theta, real *grad);

/* The final hidden states [sequences * ctx][width] of the last forward. */
const real *weir_worker_hidden(const weir_worker *worker);

/* The logits [sequences * ctx][vocab] of the last forward, when its grad_scale was 0 (else they
 * have become a gradient). */
const real *weir_worker_logits(const weir_worker *worker);

/* NULL takes it away. */
void weir_worker_observe(weir_worker *worker, weir_observer observer, void *ctx);
void weir_worker_log_products(weir_worker *worker, weir_product_log *log);

#endif
