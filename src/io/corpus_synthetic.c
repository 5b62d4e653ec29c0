/* corpus_synthetic.c - a source of tokens whose entropy is known: next = (5 t + 3) mod vocab with
 * probability 0.9, else uniform. */
#include <math.h>
#include <stdbool.h>

#include "base/rng.h"
#include "io/corpus_parts.h"

static const double follow = 0.9; /* the share of tokens that follow the rule */

void weir_synthetic_draw(int vocab, uint64_t seed, uint64_t stream, int ctx, uint16_t *input,
                         uint16_t *target)
{
    weir_rng rng;
    weir_rng_init(&rng, seed, stream);
    uint64_t n = (uint64_t)vocab, token = weir_rng_below(&rng, n);
    for (int i = 0; i < ctx; i++) {
        input[i] = (uint16_t)token;
        bool follows = weir_rng_uniform(&rng) < follow;
        token = follows ? (5 * token + 3) % n : weir_rng_below(&rng, n);
        target[i] = (uint16_t)token;
    }
}

/* The uniform draw may hit the token of the rule too. */
double weir_synthetic_entropy_rate(int vocab)
{
    double other = (1.0 - follow) / vocab, right = follow + other;
    return -right * log(right) - (vocab - 1) * other * log(other);
}
