/* internal.h - what the files of src/nn share: the plan of buffers, the worker, and the parts of a
 * step. */
#ifndef WEIR_NN_INTERNAL_H
#define WEIR_NN_INTERNAL_H

#include "nn/model.h"

weir_status weir_params_build(weir_model *model, weir_error *err);

/* ---- plan: where values and gradients live --------------------------------------------------
 *
 * A value that the backward pass reads again (the input of a norm or branch, a factor of a learned
 * coefficient) keeps a column range of the activations; others share ranges as soon as they are
 * dead. Gradients live in slots. The gradient of a value may be the same slot as another's (both
 * terms of x + f(x) get the gradient of the sum): it is then shared until one of them must be added
 * to, which moves that one to a slot of its own.
 */

/* How one gradient is delivered: to slot dst, added to what slot src holds (-1: nothing yet). dst
 * == the slot of the incoming gradient with src -1 and a coefficient of 1: it is shared, nothing is
 * to be done. */
typedef struct weir_delivery {
    int src, dst;
} weir_delivery;

/* The backward of one step. */
typedef struct weir_back {
    int dy; /* slot of the gradient at out; -1: none arrives */
    int ds; /* SUM, SUM_NORM: slot of the sum's gradient that the terms are delivered from */
    weir_delivery to;                   /* NORM, BRANCH: to in; SUM_NORM: to the sum (dst == ds) */
    weir_delivery term[WEIR_TERMS_MAX]; /* SUM, SUM_NORM */
} weir_back;

typedef struct weir_list_plan {
    weir_back *back; /* [steps->count] */
    int slots;       /* slot 0 is where the caller puts the gradient at steps->out */
    int in;          /* slot of the gradient at steps->in afterwards; -1: none */
} weir_list_plan;

/* Where the stream can be seen: value -> the sublayers after which it is state x. */
typedef struct weir_site {
    int value, layer, sub;
} weir_site;

typedef struct weir_plan {
    int64_t *value_at;  /* [values]: first column of its range (a range is [rows_max][width]); -1:
                           set by a branch */
    int64_t value_cols; /* columns in all */
    int64_t *stats_at;  /* [values], of the value a norm defines: first column of 3 * groups; -1 */
    int64_t stats_cols;
    weir_list_plan main, *inside; /* inside: [depth * WEIR_SPOTS] */
    int64_t inside_cols;          /* the most columns that the slots of one inside list take */
    int sites;
    weir_site *site; /* sorted by value */
} weir_plan;

weir_status weir_plan_build(const weir_program *program, weir_plan **out, weir_error *err);
void weir_plan_deinit(const weir_program *program, weir_plan **plan);

/* ---- worker --------------------------------------------------------------------------------- */

/* A tensor somewhere: rows x (its space's width), row stride ld. */
typedef struct weir_view {
    real *data;
    int64_t ld;
} weir_view;

/* What a layer's branches keep for backward. */
typedef struct weir_layer_store {
    real *qkv;   /* [rows][(heads + 2 kv_heads) head_dim] */
    real *probs; /* [sequences][heads][ctx][ctx] */
    real *mix;   /* [rows][width], heads side by side */
    real *up;    /* [rows][ffn or 2 ffn] before the activation: up, then gate */
    real *act;   /* [rows][ffn] */
} weir_layer_store;

struct weir_worker {
    const weir_model *model;
    const net_table *ops;
    int sequences_max, sequences;
    int64_t rows_max, rows;
    const real *theta; /* of the pass under way */
    real *grad;
    uint16_t *input; /* copy of the last forward's tokens, for the embedding's backward */
    real grad_scale;

    weir_view *value; /* [values] */
    real *activations, *stats, *store;
    weir_layer_store *layer; /* [depth] */
    real *logits;            /* [rows][vocab]; after a forward with grad_scale: their gradient */
    real *slots;             /* gradients of the main list */
    real *inside_slots;      /* gradients of an inside list */
    real *dqkv, *dmix, *dup, *dact, *dscores; /* scratch of the branches' backward */
    real *product;   /* [rows][widest]: one product on its way into a sum */
    real *columns;   /* [2 * widest]: an expanded coefficient, and a column sum */
    void *workspace; /* of the norm backward */
    size_t workspace_bytes;

    weir_observer observer;
    void *observer_ctx;
    weir_product_log *log;
};

/* C = alpha * op(A) op(B) + beta * C, row-major. */
void weir_gemm(weir_worker *w, bool ta, bool tb, int64_t m, int64_t n, int64_t k, real alpha,
               const real *a, int64_t lda, const real *b, int64_t ldb, real beta, real *c,
               int64_t ldc);

/* Runs a list of steps; the value of steps->in is in place. */
void weir_steps_forward(weir_worker *w, const weir_steps *steps);

/* Runs it backward: the gradient at steps->out stands in slot 0 of `slots`
 * ([slot][rows_max][cols]). */
void weir_steps_backward(weir_worker *w, const weir_steps *steps, const weir_list_plan *plan,
                         real *slots, int64_t cols);

/* A branch: in and out are values of the main list. */
void weir_attention_forward(weir_worker *w, const weir_step *step);
void weir_mlp_forward(weir_worker *w, const weir_step *step);

/* dy: gradient at the output, [rows][width] dense; free to be overwritten once read. The gradient
 * at the input is written to `dst`, plus what `src` holds (NULL: nothing; may be == dst). dst may
 * be == dy. */
void weir_attention_backward(weir_worker *w, const weir_step *step, const real *dy, const real *src,
                             real *dst);
void weir_mlp_backward(weir_worker *w, const weir_step *step, const real *dy, const real *src,
                       real *dst);

/* A norm step's kernel calls, group by group. residual NULL: plain. */
void weir_norm_apply(weir_worker *w, const weir_step *step, weir_view x, const weir_view *residual,
                     real alpha, const weir_view *sum, weir_view y);
void weir_norm_apply_back(weir_worker *w, const weir_step *step, weir_view x, weir_view dy,
                          const weir_view *dsum, real alpha, weir_view dx,
                          const weir_view *dresidual);

/* The inside list of a spot, when it has steps; else NULL. */
static inline const weir_steps *weir_inside_steps(const weir_worker *w, int layer, weir_spot spot)
{
    const weir_steps *s = weir_program_inside(w->model->program, layer, spot);
    return s->count ? s : NULL;
}

/* Runs the backward of an inside list. dy: gradient at its output, dense [rows][cols]; the gradient
 * at its input is added to or written into `dx` (stride ldx). */
void weir_inside_backward(weir_worker *w, int layer, weir_spot spot, const real *dy, int64_t cols,
                          real *dx, int64_t ldx);

static inline int64_t weir_head_dim(const weir_model *m)
{
    return m->shape.width / m->shape.heads;
}

#endif
