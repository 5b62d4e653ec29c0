/* squash_map_body.h - one set of squash_map.h. Included once by each of its files, after a
 * vocabulary header. */
#include "ops/squash_words.h"
#include "squash_map.h"

/* A row of lanes in step for the first half, one vector after the other for the second: the bits do
 * not depend on it. */
#define MAP(name, each)                                                                            \
    static void map_##name(const float *x, float *y)                                               \
    {                                                                                              \
        for (int j = 0, n = VF_ROW; j < SQUASH_BLOCK; j += n * VF_LANES) {                         \
            vf v[VF_ROW];                                                                          \
            if (j == SQUASH_BLOCK / 2) n = 1;                                                      \
            for (int k = 0; k < n; k++) v[k] = vf_load(x + j + k * VF_LANES);                      \
            each;                                                                                  \
            for (int k = 0; k < n; k++) vf_store(y + j + k * VF_LANES, v[k]);                      \
        }                                                                                          \
    }
MAP(tanh, tanh_of_each(n, v, v))
MAP(erf, erf_of_each(n, v, v))
MAP(tanh_slope, tanh_and_slope_of_each(n, v, (vf[VF_ROW]){vf_zero()}, v))
MAP(erf_slope, erf_slope_of_each(n, v, v))
#undef MAP

const squash_set WEIR_PASTE(squash_set, _, WEIR_SIMD_SUFFIX) = {
    [TANH] = map_tanh,
    [ERF] = map_erf,
    [TANH_SLOPE] = map_tanh_slope,
    [ERF_SLOPE] = map_erf_slope,
};
