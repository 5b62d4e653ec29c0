#include "simd/simd_avx2.h"
#include "ops/derf/derf_body.h"
