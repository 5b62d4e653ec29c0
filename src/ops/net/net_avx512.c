/* net_avx512.c - the network's kernels in AVX-512. */
#include "simd/simd_avx512.h"
#include "ops/net/net_body.h"
