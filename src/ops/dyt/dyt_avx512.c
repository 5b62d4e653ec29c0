#include "simd/simd_avx512.h"
#include "ops/dyt/dyt_body.h"
