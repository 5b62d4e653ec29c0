#include "simd/simd_scalar.h"
#include "copy_body.h"
