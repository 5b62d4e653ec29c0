#include "simd/simd_avx2.h"
#include "limits_body.h"
