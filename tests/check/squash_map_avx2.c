/* squash_map_avx2.c - squash_map.h in AVX2. */
#include "simd/simd_avx2.h"
#include "squash_map_body.h"
