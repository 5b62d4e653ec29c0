/* net_neon.c - the network's kernels in NEON. */
#include "simd/simd_neon.h"
#include "ops/net/net_body.h"
