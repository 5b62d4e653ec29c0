#include "simd/simd_neon.h"
#include "ops/copy/copy_body.h"

COPY_LOOP(plain, PLAIN)
COPY_LOOP(fetch, FETCH)
