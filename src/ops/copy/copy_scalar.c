#include "simd/simd_scalar.h"
#include "ops/copy/copy_body.h"

COPY_LOOP(plain, PLAIN)
