#include "simd/simd_neon.h"
#include "ops/dyt/dyt_body.h"
