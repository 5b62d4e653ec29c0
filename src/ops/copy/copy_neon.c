#include "simd/simd_neon.h"
#include "ops/copy/copy_body.h"
