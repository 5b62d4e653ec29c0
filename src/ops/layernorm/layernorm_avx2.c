#include "simd/simd_avx2.h"
#include "ops/layernorm/layernorm_body.h"
