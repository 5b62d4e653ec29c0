#include "simd/simd_neon.h"
#include "limits_body.h"
