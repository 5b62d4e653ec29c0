#include "simd/simd_avx512bf16.h"
#include "limits_body.h"
