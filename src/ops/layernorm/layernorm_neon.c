#include "simd/simd_neon.h"
#include "ops/layernorm/layernorm_body.h"
