/* net_avx2.c - the network's kernels in AVX2. */
#include "simd/simd_avx2.h"
#include "ops/net/net_body.h"
