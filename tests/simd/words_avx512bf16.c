#include "simd/simd_avx512bf16.h"
#include "words_body.h"
