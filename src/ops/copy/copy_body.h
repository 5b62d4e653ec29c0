/* copy_body.h - what memory allows, in the words of simd/: blocks are read, added, and written. A set
 * says behind this which loops it has: COPY_LOOP. */
#include "ops/copy/copy_isa.h"

#define INLINE static inline __attribute__((always_inline))

enum {
    AHEAD_BYTES = 8192,
    LINE_BYTES = 64,
    BLOCK = WEIR_COPY_BLOCK / sizeof(float), /* floats */
    QUARTER = BLOCK / 4
};

/* FETCH streams too, where the set can: else vf_stream is vf_store. */
typedef enum manner { PLAIN, STREAM, FETCH } manner;

INLINE void put(float *p, vf a, manner how)
{
    if (how == PLAIN)
        vf_store(p, a);
    else
        vf_stream(p, a);
}

INLINE vf gather(const weir_copy_job *job, int inputs, int64_t at)
{
    vf a = vf_load(job->in[0] + at);
    for (int k = 1; k < inputs; k++) a = vf_add(a, vf_load(job->in[k] + at));
    return a;
}

INLINE void prefetch(const weir_copy_job *job, int inputs, int64_t block)
{
    for (int k = 0; k < inputs; k++)
        for (int line = 0; line < WEIR_COPY_BLOCK; line += LINE_BYTES)
            vf_prefetch(job->in[k] + block * BLOCK, AHEAD_BYTES + line);
}

INLINE void copy_full(const weir_copy_job *job, int64_t block, int inputs, int outputs, manner how)
{
    const int64_t at = block * BLOCK;
    for (int v = 0; v < BLOCK; v += VF_LANES) {
        const vf a = gather(job, inputs, at + v);
        for (int k = 0; k < outputs; k++) put(job->out[k] + at + v, a, how);
    }
}

INLINE void copy_quarter(const weir_copy_job *job, int64_t block, int inputs, int outputs,
                         manner how)
{
    const int64_t at = block * BLOCK;
    for (int v = 0; v < QUARTER; v += VF_LANES) {
        vf sum = vf_zero();
        for (int q = v; q < BLOCK; q += QUARTER) {
            const vf a = gather(job, inputs, at + q);
            for (int k = 0; k < outputs; k++) put(job->out[k] + at + q, a, how);
            sum = vf_add(sum, a);
        }
        put(job->quarter + block * QUARTER + v, sum, how);
    }
}

INLINE void copy_blocks(const weir_copy_job *job, int64_t first, int64_t end, int inputs,
                        int outputs, bool quarter, manner how)
{
    const weir_copy_job held = *job; /* its pointers in registers: no store can change them */
    for (int64_t block = first; block < end; block++) {
        if (how == FETCH) prefetch(&held, inputs, block);
        if (quarter)
            copy_quarter(&held, block, inputs, outputs, how);
        else
            copy_full(&held, block, inputs, outputs, how);
    }
    if (how != PLAIN) vf_stream_end();
}

/* The mixes, each a loop of its own. */
INLINE void copy_mix(const weir_copy_job *job, int64_t first, int64_t end, manner how)
{
    if (job->quarter && job->inputs == 1)
        copy_blocks(job, first, end, 1, 0, true, how);
    else if (job->quarter)
        copy_blocks(job, first, end, 2, 1, true, how);
    else if (job->inputs == 1)
        copy_blocks(job, first, end, 1, 1, false, how);
    else if (job->inputs == 3)
        copy_blocks(job, first, end, 3, 2, false, how);
    else if (job->outputs == 1)
        copy_blocks(job, first, end, 2, 1, false, how);
    else
        copy_blocks(job, first, end, 2, 2, false, how);
}

/* weir_copy_plain_avx2, ...: a loop of this set. */
#define COPY_LOOP(name, how)                                                                       \
    void WEIR_PASTE(weir_copy_##name, _, WEIR_SIMD_SUFFIX)(const weir_copy_job *job,               \
                                                           int64_t first, int64_t end)             \
    {                                                                                              \
        copy_mix(job, first, end, how);                                                            \
    }
