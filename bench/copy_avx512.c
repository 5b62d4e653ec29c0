#include "simd/simd_avx512.h"
#include "copy_body.h"
