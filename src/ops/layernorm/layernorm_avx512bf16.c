#include "simd/simd_avx512bf16.h"
#include "ops/layernorm/layernorm_body.h"
