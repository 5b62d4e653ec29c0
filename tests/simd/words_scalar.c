#include "simd/simd_scalar.h"
#include "words_body.h"
