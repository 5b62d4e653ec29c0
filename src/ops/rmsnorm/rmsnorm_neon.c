#include "simd/simd_neon.h"
#include "ops/rmsnorm/rmsnorm_body.h"
