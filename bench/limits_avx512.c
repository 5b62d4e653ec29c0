#include "simd/simd_avx512.h"
#include "limits_body.h"
