#include "simd/simd_scalar.h"
#include "ops/derf/derf_body.h"
