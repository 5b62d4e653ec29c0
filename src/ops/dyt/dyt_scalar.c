#include "simd/simd_scalar.h"
#include "ops/dyt/dyt_body.h"
