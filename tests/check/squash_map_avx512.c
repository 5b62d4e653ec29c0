/* squash_map_avx512.c - squash_map.h in AVX-512. */
#include "simd/simd_avx512.h"
#include "squash_map_body.h"
