/* squash_map_body.h - one set of squash_map.h. Included once by each of its files, after a
 * vocabulary header. */
#include "ops/squash_words.h"
#include "squash_map.h"

#define MAP(name)                                                                                  \
    static void map_##name(const float *x, float *y)                                               \
    {                                                                                              \
        for (int j = 0; j < SQUASH_BLOCK; j += VF_LANES) vf_store(y + j, name(vf_load(x + j)));    \
    }
MAP(tanh_of)
MAP(erf_of)
MAP(tanh_slope_of)
MAP(erf_slope_of)
#undef MAP

const squash_set WEIR_PASTE(squash_set, _, WEIR_SIMD_SUFFIX) = {
    [TANH] = map_tanh_of,
    [ERF] = map_erf_of,
    [TANH_SLOPE] = map_tanh_slope_of,
    [ERF_SLOPE] = map_erf_slope_of,
};
