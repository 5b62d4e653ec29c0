#include "simd/simd_scalar.h"
#include "ops/rmsnorm/rmsnorm_body.h"
