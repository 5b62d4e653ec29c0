/* squash_map_scalar.c - squash_map.h in portable C. */
#include "simd/simd_scalar.h"
#include "squash_map_body.h"
