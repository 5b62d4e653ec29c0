/* simd_avx512bf16.h - the vocabulary of AVX-512, where bf16 are rounded by the instruction of AVX512_BF16. It
 * is for the kernels of bf16 alone: for others this would be the same set. */
#ifndef WEIR_SIMD_AVX512BF16_H
#define WEIR_SIMD_AVX512BF16_H

#define WEIR_SIMD_SUFFIX avx512bf16
#define WEIR_BF16_ALONE  1
#define WEIR_REST_SUFFIX avx512 /* the set that has kernels for all else */
#include "simd/simd_avx512.h"

#endif
