#include "simd/simd_avx512bf16.h"
#include "ops/rmsnorm/rmsnorm_body.h"
