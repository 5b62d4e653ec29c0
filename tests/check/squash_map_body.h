/* squash_map_body.h - one set of squash_map.h. Included once by each of its files, after a
 * vocabulary header. */
#include "ops/squash_words.h"
#include "squash_map.h"

/* A row of lanes in step for the first half, one vector after the other for the second: the bits do
 * not depend on it. `each` takes VECTORS, a constant. */
#define MAP_HALF(vectors, begin, each)                                                             \
    for (int j = begin; j < begin + SQUASH_BLOCK / 2; j += vectors * VF_LANES) {                   \
        enum { VECTORS = vectors };                                                                \
        vf v[VECTORS];                                                                             \
        for (int k = 0; k < VECTORS; k++) v[k] = vf_load(x + j + k * VF_LANES);                    \
        each;                                                                                      \
        for (int k = 0; k < VECTORS; k++) vf_store(y + j + k * VF_LANES, v[k]);                    \
    }
#define MAP(name, each)                                                                            \
    static void map_##name(const float *x, float *y)                                               \
    {                                                                                              \
        MAP_HALF(VF_ROW, 0, each)                                                                  \
        MAP_HALF(1, SQUASH_BLOCK / 2, each)                                                        \
    }
MAP(tanh, tanh_of_each(VECTORS, v, v))
MAP(erf, erf_of_each(VECTORS, v, v))
MAP(tanh_slope, tanh_and_slope_of_each(VECTORS, v, (vf[VF_ROW]){vf_zero()}, v))
MAP(erf_slope, erf_slope_of_each(VECTORS, v, v))
#undef MAP_HALF
#undef MAP

const squash_set WEIR_PASTE(squash_set, _, WEIR_SIMD_SUFFIX) = {
    [TANH] = map_tanh,
    [ERF] = map_erf,
    [TANH_SLOPE] = map_tanh_slope,
    [ERF_SLOPE] = map_erf_slope,
};
