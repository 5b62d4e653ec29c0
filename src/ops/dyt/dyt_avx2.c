#include "simd/simd_avx2.h"
#include "ops/dyt/dyt_body.h"
