#include "simd/simd_neon.h"
#include "words_body.h"
