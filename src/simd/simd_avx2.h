/* simd_avx2.h - the vocabulary in AVX2. The words are explained in simd_words.h. */
#ifndef WEIR_SIMD_H
#define WEIR_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#define WEIR_SIMD_SUFFIX avx2
enum { VF_LANES = 8, VD_LANES = 4, VF_HALVES = 1, VF_REGISTERS = 16 };
typedef __m256 vf;
typedef __m256d vd;
typedef __m256 vm;

/* memory */
static inline __m256i vi_first(int n)
{
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vm vf_first(int n)
{
    return _mm256_castsi256_ps(vi_first(n));
}
static inline vf vf_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
static inline void vf_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a);
}
static inline vf vf_load_n(const float *p, int n)
{
    return _mm256_maskload_ps(p, vi_first(n));
}
static inline void vf_store_n(float *p, vf a, int n)
{
    _mm256_maskstore_ps(p, vi_first(n), a);
}
static inline void vf_stream(float *p, vf a)
{
    _mm256_stream_ps(p, a);
}
static inline void vf_stream_end(void)
{
    _mm_sfence();
}
static inline vd vd_load(const double *p)
{
    return _mm256_loadu_pd(p);
}
static inline vd vd_widen(const float *p)
{
    return _mm256_cvtps_pd(_mm_loadu_ps(p));
}
static inline void vd_store(double *p, vd a)
{
    _mm256_storeu_pd(p, a);
}

/* floats */
static inline vf vf_zero(void)
{
    return _mm256_setzero_ps();
}
static inline vf vf_set1(float a)
{
    return _mm256_set1_ps(a);
}
static inline vf vf_iota(void)
{
    return _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm256_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm256_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm256_mul_ps(a, b);
}
static inline vf vf_mul_add(vf a, vf b, vf c)
{
    return _mm256_fmadd_ps(a, b, c);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm256_div_ps(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return _mm256_sqrt_ps(a);
}
static inline vf vf_min(vf a, vf b)
{
    return _mm256_min_ps(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return _mm256_max_ps(a, b);
}
static inline vf vf_abs(vf a)
{
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a);
}
static inline vf vf_flip(vf a, vf b)
{
    return _mm256_xor_ps(a, _mm256_and_ps(b, _mm256_set1_ps(-0.0f)));
}

/* masks */
static inline vm vf_lt(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LT_OQ);
}
static inline vm vf_le(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_LE_OQ);
}
static inline vm vf_eq(vf a, vf b)
{
    return _mm256_cmp_ps(a, b, _CMP_EQ_OQ);
}
static inline vm vm_and(vm a, vm b)
{
    return _mm256_and_ps(a, b);
}
static inline vm vm_or(vm a, vm b)
{
    return _mm256_or_ps(a, b);
}
static inline vm vm_not(vm a)
{
    return _mm256_xor_ps(a, _mm256_castsi256_ps(_mm256_set1_epi32(-1)));
}
static inline int vm_any(vm a)
{
    return _mm256_movemask_ps(a) != 0;
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return _mm256_blendv_ps(no, yes, m);
}

/* 2^k, for whole -126 <= k <= 127 */
static inline vf vf_pow2(vf k)
{
    __m256i e = _mm256_add_epi32(_mm256_cvtps_epi32(k), _mm256_set1_epi32(127));
    return _mm256_castsi256_ps(_mm256_slli_epi32(e, 23));
}

/* doubles */
static inline vd vd_zero(void)
{
    return _mm256_setzero_pd();
}
static inline vd vd_set1(double a)
{
    return _mm256_set1_pd(a);
}
static inline vd vd_add(vd a, vd b)
{
    return _mm256_add_pd(a, b);
}
static inline vd vd_sub(vd a, vd b)
{
    return _mm256_sub_pd(a, b);
}
static inline vd vd_mul(vd a, vd b)
{
    return _mm256_mul_pd(a, b);
}
static inline vd vd_add_square(vd acc, vd a)
{
    return _mm256_fmadd_pd(a, a, acc);
}
static inline vd vf_lo(vf a)
{
    return _mm256_cvtps_pd(_mm256_castps256_ps128(a));
}
static inline vd vf_hi(vf a)
{
    return _mm256_cvtps_pd(_mm256_extractf128_ps(a, 1));
}
static inline vf vf_narrow(vd lo, vd hi)
{
    return _mm256_set_m128(_mm256_cvtpd_ps(hi), _mm256_cvtpd_ps(lo));
}

/* Lanes folded by halving: to one sum, of four vectors to one each, to one maximum. */
static inline double vd_fold(vd a)
{
    __m128d c = _mm_add_pd(_mm256_castpd256_pd128(a), _mm256_extractf128_pd(a, 1));
    return _mm_cvtsd_f64(c) + _mm_cvtsd_f64(_mm_unpackhi_pd(c, c));
}
static inline void vd_fold_four(const vd a[4], double sums[4])
{
    vd pair[2];
    for (int i = 0; i < 2; i++)
        pair[i] = _mm256_add_pd(_mm256_permute2f128_pd(a[2 * i], a[2 * i + 1], 0x20),
                                _mm256_permute2f128_pd(a[2 * i], a[2 * i + 1], 0x31));
    const vd one = _mm256_hadd_pd(pair[0], pair[1]); /* of rows 0, 2, 1, 3 */
    _mm256_storeu_pd(sums, _mm256_permute4x64_pd(one, 0xd8));
}
static inline float vf_fold_max(vf a)
{
    __m128 c = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    c = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
}

/* The bits of a, shifted left until its last nine are the sign and the exponent field. */
static inline vf vf_exponent(vf a)
{
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(a), 23));
}

/* The elements at even, at odd places of a and b, one after the other. */
static inline vf vf_even(vf a, vf b)
{
    __m256d pairs = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0x88));
    return _mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xd8));
}
static inline vf vf_odd(vf a, vf b)
{
    __m256d pairs = _mm256_castps_pd(_mm256_shuffle_ps(a, b, 0xdd));
    return _mm256_castpd_ps(_mm256_permute4x64_pd(pairs, 0xd8));
}

/* The lanes of a vf added, folded by halving. */
static inline float vf_fold(vf a)
{
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}

/* 16-bit floats */
static inline vf vf_load_bf16(const uint16_t *p)
{
    __m256i a = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
    return _mm256_castsi256_ps(_mm256_slli_epi32(a, 16));
}
/* The bits of the nearest bf16, of what is no NaN: half of the last place that stays is added, less one where
 * the place is even. */
static inline __m256i bf16_bits(vf a)
{
    const __m256i bits = _mm256_castps_si256(a);
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    const __m256i half = _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff));
    return _mm256_srli_epi32(_mm256_add_epi32(bits, half), 16);
}
static inline __m128i bf16_of(vf a)
{
    const __m256i quiet =
        _mm256_or_si256(_mm256_srli_epi32(_mm256_castps_si256(a), 16), _mm256_set1_epi32(0x40));
    const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(a, a, _CMP_UNORD_Q));
    const __m256i r = _mm256_blendv_epi8(bf16_bits(a), quiet, nan);
    return _mm256_castsi256_si128(_mm256_permute4x64_epi64(_mm256_packus_epi32(r, r), 0xd8));
}
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    _mm_storeu_si128((__m128i *)(void *)p, bf16_of(a));
}
static inline void vf_stream_bf16(uint16_t *p, vf a)
{
    _mm_stream_si128((__m128i *)(void *)p, bf16_of(a));
}
/* 32 at a time: two vectors are packed to one, with one look for NaNs. */
static __attribute__((noinline, unused)) __m256i two_with_nans(vf a, vf b)
{
    return _mm256_set_m128i(bf16_of(b), bf16_of(a));
}
static inline __m256i bf16_of_two(vf a, vf b)
{
    if (__builtin_expect(_mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_UNORD_Q)) != 0, 0))
        return two_with_nans(a, b);
    return _mm256_permute4x64_epi64(_mm256_packus_epi32(bf16_bits(a), bf16_bits(b)), 0xd8);
}
static inline void vf_store_bf16_lanes(uint16_t *p, const vf a[4])
{
    for (int i = 0; i < 2; i++)
        _mm256_storeu_si256((__m256i *)(void *)(p + 16 * i), bf16_of_two(a[2 * i], a[2 * i + 1]));
}
static inline void vf_stream_bf16_lanes(uint16_t *p, const vf a[4])
{
    for (int i = 0; i < 2; i++)
        _mm256_stream_si256((__m256i *)(void *)(p + 16 * i), bf16_of_two(a[2 * i], a[2 * i + 1]));
}
#define VF_OWN_LANE_STORES 1
static inline vf vf_load_f16(const uint16_t *p)
{
    return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)p));
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
static inline void vf_stream_f16(uint16_t *p, vf a)
{
    _mm_stream_si128((__m128i *)(void *)p, _mm256_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}

/* bytes: the last one of each lane */
static inline void store_last_bytes(void *p, __m256i a)
{
    const __m128i pick = _mm_setr_epi8(0, 4, 8, 12, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i lo = _mm_shuffle_epi8(_mm256_castsi256_si128(a), pick);
    const __m128i hi = _mm_shuffle_epi8(_mm256_extracti128_si256(a, 1), pick);
    _mm_storel_epi64((__m128i *)p, _mm_unpacklo_epi32(lo, hi));
}
static inline void vf_store_i8(int8_t *p, vf a)
{
    store_last_bytes(p, _mm256_cvtps_epi32(a));
}
/* Below 2^-6 an e4m3 is a multiple of 2^-9, which adding 2^14 leaves in the last bits. */
static inline void vf_store_e4m3(uint8_t *p, vf a)
{
    const __m256i bits = _mm256_castps_si256(a);
    const __m256i rest = _mm256_and_si256(bits, _mm256_set1_epi32(INT32_MAX));
    const __m256i small = _mm256_sub_epi32(
        _mm256_castps_si256(_mm256_add_ps(_mm256_castsi256_ps(rest), _mm256_set1_ps(0x1p14F))),
        _mm256_set1_epi32(0x46800000));
    const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(rest, 20), _mm256_set1_epi32(1));
    const __m256i large = _mm256_srli_epi32(
        _mm256_add_epi32(_mm256_add_epi32(rest, odd), _mm256_set1_epi32(0x7ffff - (120 << 23))),
        20);
    const __m256i is_small = _mm256_cmpgt_epi32(_mm256_set1_epi32(0x3c800000), rest);
    const __m256i sign = _mm256_and_si256(_mm256_srli_epi32(bits, 24), _mm256_set1_epi32(0x80));
    store_last_bytes(p, _mm256_or_si256(sign, _mm256_blendv_epi8(large, small, is_small)));
}
static inline vf vf_max_abs(vf m, vf a)
{
    return _mm256_castsi256_ps(
        _mm256_max_epi32(_mm256_castps_si256(m), _mm256_castps_si256(vf_abs(a))));
}

#include "simd/simd_words.h"
#endif
