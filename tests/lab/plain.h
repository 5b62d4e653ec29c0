/* plain.h - the network once more, in double and plain loops, for two placements: what a
 * measurement must come to.
 *
 * Post-LN and Pre-LN (head norm included), LayerNorm, ReLU, causal attention, no positions, no
 * biases. Gradients are central differences of plain_loss. It shares nothing with src/nn but the
 * names of the parameters.
 */
#ifndef WEIR_TESTS_LAB_PLAIN_H
#define WEIR_TESTS_LAB_PLAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "nn/model.h"

enum { PLAIN_SITES = 8, PLAIN_VALUES = 256 };

typedef struct plain_net {
    const weir_model *model; /* for its shape and the places of its parameters */
    double *theta;           /* [model->total] */
    bool post;
    int sequences;
    const uint16_t *input, *target;
    int bump_site, bump_at; /* the stream after sublayer bump_site gets `bump` added at that
                               element; -1: none */
    double bump;
    /* what the last pass saw: */
    double stream[PLAIN_SITES][PLAIN_VALUES]; /* after sublayer s, [token][width] */
    double branch[PLAIN_SITES][PLAIN_VALUES];
    double norm_in[PLAIN_SITES][PLAIN_VALUES];
    double hidden[PLAIN_VALUES]; /* after the head rule */
} plain_net;

/* The mean loss a token. */
double plain_loss(plain_net *net);

/* d loss / d theta[i], and d loss / d stream[site][i]. */
double plain_grad(plain_net *net, int64_t i);
double plain_stream_grad(plain_net *net, int site, int i);

#endif
