/* rng.h - random numbers by (seed, stream): any stream can be had without drawing the ones before
 * it. Floor 0.
 *
 * Philox 4x32-10 (Salmon et al., SC 2011): the n-th block of a stream is a hash of (seed, stream,
 * n). So a weight matrix draws the same numbers whatever else the network holds, and batch i of a
 * run needs no state.
 */
#ifndef WEIR_BASE_RNG_H
#define WEIR_BASE_RNG_H

#include <stdint.h>

typedef struct weir_rng {
    uint32_t key[2];
    uint64_t stream, block;
    uint32_t out[4];
    int left;     /* words of `out` not yet used */
    double spare; /* second normal of a pair */
    int has_spare;
} weir_rng;

void weir_rng_init(weir_rng *rng, uint64_t seed, uint64_t stream);
uint32_t weir_rng_u32(weir_rng *rng);
double weir_rng_uniform(weir_rng *rng);             /* in [0, 1), 53 bits */
uint64_t weir_rng_below(weir_rng *rng, uint64_t n); /* in 0..n-1, unbiased; n >= 1 */
double weir_rng_normal(weir_rng *rng);              /* N(0, 1), Box-Muller */

/* A 64-bit hash of a name, for naming streams after what they fill (FNV-1a). */
uint64_t weir_rng_stream(const char *name);

#endif
