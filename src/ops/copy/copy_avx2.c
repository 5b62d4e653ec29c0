#include "simd/simd_avx2.h"
#include "ops/copy/copy_body.h"

COPY_LOOP(plain, PLAIN)
COPY_LOOP(stream, STREAM)
COPY_LOOP(fetch, FETCH)
