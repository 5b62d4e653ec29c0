/* squash_map_body.h - one set of squash_map.h. Included once by each of its files, after a
 * vocabulary header. */
#include "ops/squash_words.h"
#include "squash_map.h"

/* A row of lanes in step for the first half, one vector after the other for the second: the bits do
 * not depend on it. */
#define MAP(name, each)                                                                            \
    static void map_##name(const float *x, float *y)                                               \
    {                                                                                              \
        int j = 0;                                                                                 \
        for (; j < SQUASH_BLOCK / 2; j += WEIR_LANES) {                                            \
            vf v[VF_ROW];                                                                          \
            for (int k = 0; k < VF_ROW; k++) v[k] = vf_load(x + j + k * VF_LANES);                 \
            each;                                                                                  \
            for (int k = 0; k < VF_ROW; k++) vf_store(y + j + k * VF_LANES, v[k]);                 \
        }                                                                                          \
        for (; j < SQUASH_BLOCK; j += VF_LANES) vf_store(y + j, name(vf_load(x + j)));             \
    }
MAP(tanh_of, tanh_of_each(VF_ROW, v, v))
MAP(erf_of, erf_of_each(VF_ROW, v, v))
MAP(tanh_slope_of, tanh_and_slope_of_each(VF_ROW, v, (vf[VF_ROW]){vf_zero()}, v))
MAP(erf_slope_of, erf_slope_of_each(VF_ROW, v, v))
#undef MAP

const squash_set WEIR_PASTE(squash_set, _, WEIR_SIMD_SUFFIX) = {
    [TANH] = map_tanh_of,
    [ERF] = map_erf_of,
    [TANH_SLOPE] = map_tanh_slope_of,
    [ERF_SLOPE] = map_erf_slope_of,
};
