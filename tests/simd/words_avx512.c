#include "simd/simd_avx512.h"
#include "words_body.h"
