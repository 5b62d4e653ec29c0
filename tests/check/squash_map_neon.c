/* squash_map_neon.c - squash_map.h in NEON. */
#include "simd/simd_neon.h"
#include "squash_map_body.h"
