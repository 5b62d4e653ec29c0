#include "simd/simd_scalar.h"
#include "limits_body.h"
