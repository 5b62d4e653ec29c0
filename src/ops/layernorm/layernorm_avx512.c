#include "simd/simd_avx512.h"
#include "ops/layernorm/layernorm_body.h"
