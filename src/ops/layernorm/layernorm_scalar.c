#include "simd/simd_scalar.h"
#include "ops/layernorm/layernorm_body.h"
