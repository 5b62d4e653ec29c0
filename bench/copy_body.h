/* copy_body.h - what memory allows: loops that only read and write, in the words of simd/. */
#include "copy.h"

#define INLINE static inline __attribute__((always_inline))

/* Every output is the sum of the inputs; n is a multiple of WEIR_LANES. */
INLINE void copy_loop(const copy_job *job, int inputs, int outputs, bool stream)
{
    for (size_t i = 0; i < job->n; i += VF_LANES) {
        vf a = vf_load(job->in[0] + i);
        if (inputs == 2) a = vf_add(a, vf_load(job->in[1] + i));
        if (stream)
            for (int k = 0; k < inputs; k++) vf_prefetch(job->in[k] + i, COPY_AHEAD_BYTES);
        for (int k = 0; k < outputs; k++) {
            if (stream)
                vf_stream(job->out[k] + i, a);
            else
                vf_store(job->out[k] + i, a);
        }
    }
    if (stream) vf_stream_end();
}

INLINE void copy_mix(const copy_job *job, bool stream)
{
    if (job->inputs == 1)
        copy_loop(job, 1, 1, stream);
    else if (job->outputs == 1)
        copy_loop(job, 2, 1, stream);
    else
        copy_loop(job, 2, 2, stream);
}

void WEIR_PASTE(copy_plain, _, WEIR_SIMD_SUFFIX)(const copy_job *job)
{
    copy_mix(job, false);
}
void WEIR_PASTE(copy_stream, _, WEIR_SIMD_SUFFIX)(const copy_job *job)
{
    copy_mix(job, true);
}
