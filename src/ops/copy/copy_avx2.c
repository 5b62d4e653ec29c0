#include "simd/simd_avx2.h"
#include "ops/copy/copy_body.h"
