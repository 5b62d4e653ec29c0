/* trainer.h - a network in training: weights, optimizer state, and one step after the other.
 * Floor 4.
 *
 * A step is config.micro_batches micro-batches. A worker computes whole micro-batches, serially,
 * with activations of its own; gradients are added in a fixed binary tree over micro-batches. So
 * the weights have the same bits for any number of workers.
 */
#ifndef WEIR_TRAIN_TRAINER_H
#define WEIR_TRAIN_TRAINER_H

#include "io/corpus.h"
#include "layout/layout.h"
#include "nn/model.h"
#include "train/config.h"
#include "weir/parallel.h"

#define WEIR_ADAM_EPS 1e-8f

typedef struct weir_segment weir_segment;

typedef struct weir_trainer {
    weir_config config;        /* resolved */
    const weir_corpus *corpus; /* borrowed */
    weir_model *model;
    float *theta;             /* weights, model->total */
    float *moment1, *moment2; /* AdamW; NULL for SGD */
    int64_t step;             /* steps done */
    int workers;
    weir_worker **worker;     /* [workers] */
    float **grad;             /* [micro_batches]; after a step grad[0] is the batch's, unclipped */
    uint16_t *input, *target; /* [batch][ctx] of the step under way */
    uint16_t *window;         /* [workers]: held-out windows under way */
    double *partial;          /* sums of pieces, added in order */
    int64_t partials;
    weir_segment *segment; /* pieces of theta that one task updates */
    int64_t segments;
} weir_trainer;

/* What a step was. */
typedef struct weir_step_report {
    int64_t step;     /* from 1 */
    double loss;      /* mean nats a token of the batch, before the update */
    double grad_norm; /* 2-norm of the batch's gradient, before clipping */
    double lr;
} weir_step_report;

/* The model's shape that a resolved config asks for, and the layout's. */
weir_model_shape weir_config_model_shape(const weir_config *config);
weir_layout_shape weir_config_layout_shape(const weir_config *config);

/* Compiles the layout and makes the model: what probe, train and compare all begin with. */
weir_status weir_trainer_model(const weir_config *config, const weir_layout *layout,
                               weir_model **out, weir_error *err);

/* config must be resolved; weights are initialized from its seed. workers >= 1: the most
 * micro-batches at once; more than there are in a step are not made. */
weir_status weir_trainer_create(const weir_config *config, const weir_layout *layout,
                                const weir_corpus *corpus, int workers, weir_trainer **out,
                                weir_error *err);
void weir_trainer_destroy(weir_trainer **trainer);

/* The learning rate of step t >= 1: linear warm-up, then constant or cosine to min_lr at
 * config.steps. */
double weir_trainer_lr(const weir_config *config, int64_t t);

/* One step. par may be NULL (serial), and may have more threads than the trainer has workers. When
 * the loss or the gradient is not finite the weights are left as they were, and the report says so.
 */
weir_status weir_trainer_step(weir_trainer *trainer, const weir_parallel *par,
                              weir_step_report *report, weir_error *err);

/* Only forward and backward of step t's batch: the mean loss; grad[0] holds the gradient. The
 * weights stay as they are. Fails as weir_program_set_time does. */
weir_status weir_trainer_gradient(weir_trainer *trainer, const weir_parallel *par, int64_t t,
                                  double *loss, weir_error *err);

/* Mean loss over the whole held-out part. */
double weir_trainer_held_out(weir_trainer *trainer, const weir_parallel *par);

#endif
