#include "simd/simd_neon.h"
#include "copy_body.h"
