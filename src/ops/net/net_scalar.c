/* net_scalar.c - the network's kernels in portable C. */
#include "simd/simd_scalar.h"
#include "ops/net/net_body.h"
