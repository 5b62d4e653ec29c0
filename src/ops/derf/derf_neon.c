#include "simd/simd_neon.h"
#include "ops/derf/derf_body.h"
