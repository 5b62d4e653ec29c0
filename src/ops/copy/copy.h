/* copy.h - loops with the reads and writes of a norm and none of its arithmetic: the limit by which
 * `weir bench` measures the norms. Floor 2.
 *
 * They move bytes, in blocks of WEIR_COPY_BLOCK, and so serve every element type. To touch all
 * that they read, they add the inputs as floats: what the bytes hold should be finite as such.
 */
#ifndef WEIR_OPS_COPY_COPY_H
#define WEIR_OPS_COPY_COPY_H

#include <stdbool.h>
#include <stdint.h>
#include "weir/cpu.h"

enum { WEIR_COPY_BLOCK = 256 };

/* One of the mixes of reads and writes (inputs, outputs) that norms have: (1, 1), (2, 1), (2, 2) and
 * (3, 2), or with a `quarter` (1, 0) and (2, 1). All pointers are 64-byte aligned, and no two
 * matrices overlap. */
typedef struct weir_copy_job {
    int inputs, outputs;
    const float *in[3];
    float *out[2];
    float *quarter; /* an output of a quarter of the bytes, as an 8-bit y of an f32 x; else NULL */
} weir_copy_job;

/* Blocks first..end-1: each output is the sum of the inputs, the quarter the sum of the four
 * quarters of that. Allocates nothing, checks nothing, reentrant. */
typedef void weir_copy_loop(const weir_copy_job *job, int64_t first, int64_t end);

typedef struct weir_copy {
    const char *name; /* "avx512 streaming" */
    weir_isa isa;
    weir_copy_loop *loop;
    bool one_to_one; /* serves (1, 1) only */
} weir_copy;

/* The loops that this machine and this build have, *count of them: memcpy; the plain loop of each
 * instruction set; of AVX2 and AVX-512 one with streaming stores, and one that prefetches as well; of
 * NEON, for which vf_stream is a plain store, one that prefetches. */
const weir_copy *weir_copies(int *count);

#endif
