#include "simd/simd_avx512.h"
#include "ops/copy/copy_body.h"
