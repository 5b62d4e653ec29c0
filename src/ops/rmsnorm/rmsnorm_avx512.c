#include "simd/simd_avx512.h"
#include "ops/rmsnorm/rmsnorm_body.h"
