/* norm_words.h - a few words more, made of those of simd/, that both passes of the norms use. */
#ifndef WEIR_OPS_NORM_WORDS_H
#define WEIR_OPS_NORM_WORDS_H

#include "ops/kernels.h"

/* Always inlined, so that flags given as constants choose code when it is compiled, not when it
 * runs. */
#define INLINE static inline __attribute__((always_inline))

typedef struct wide {
    vd lo, hi;
} wide;

INLINE wide widen(vf a)
{
    return (wide){vf_lo(a), vf_hi(a)};
}

/* How many of `rest` columns the next vector holds. */
INLINE int part_of(int64_t rest)
{
    return rest < VF_LANES ? (int)rest : VF_LANES;
}

INLINE vf load_part(const float *p, int n)
{
    return n == VF_LANES ? vf_load(p) : vf_load_n(p, n);
}

INLINE void store_part(float *p, vf a, int n, bool stream)
{
    if (n < VF_LANES)
        vf_store_n(p, a, n);
    else if (stream)
        vf_stream(p, a);
    else
        vf_store(p, a);
}

/* What gamma multiplies with. */
INLINE vf load_gain(const float *gamma, float offset, int64_t j, int n)
{
    vf gain = load_part(gamma + j, n);
    return offset != 0 ? vf_add(vf_set1(offset), gain) : gain;
}

#endif
