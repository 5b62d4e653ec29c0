#include "simd/simd_avx2.h"
#include "words_body.h"
