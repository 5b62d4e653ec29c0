#include "simd/simd_avx2.h"
#include "ops/rmsnorm/rmsnorm_body.h"
