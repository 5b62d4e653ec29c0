#include "simd/simd_avx2.h"
#include "copy_body.h"
