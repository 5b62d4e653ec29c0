#include "simd/simd_avx512.h"
#include "ops/derf/derf_body.h"
