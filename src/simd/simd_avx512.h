/* simd_avx512.h - the vocabulary in AVX-512 (F, BW, DQ, VL). The words are explained in
 * simd_words.h. */
#ifndef WEIR_SIMD_H
#define WEIR_SIMD_H

#include <immintrin.h>
#include <stdint.h>

#ifndef WEIR_SIMD_SUFFIX
#define WEIR_SIMD_SUFFIX avx512
#endif
enum { VF_LANES = 16, VD_LANES = 8, VF_HALVES = 1, VF_REGISTERS = 32 };
typedef __m512 vf;
typedef __m512d vd;
typedef __mmask16 vm;

/* memory */
static inline vm vf_first(int n)
{
    return (vm)((1u << n) - 1u);
}
static inline vf vf_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
static inline void vf_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a);
}
static inline vf vf_load_n(const float *p, int n)
{
    return _mm512_maskz_loadu_ps(vf_first(n), p);
}
static inline void vf_store_n(float *p, vf a, int n)
{
    _mm512_mask_storeu_ps(p, vf_first(n), a);
}
static inline void vf_stream(float *p, vf a)
{
    _mm512_stream_ps(p, a);
}
static inline void vf_stream_end(void)
{
    _mm_sfence();
}
static inline vd vd_load(const double *p)
{
    return _mm512_loadu_pd(p);
}
static inline vd vd_widen(const float *p)
{
    return _mm512_cvtps_pd(_mm256_loadu_ps(p));
}
static inline void vd_store(double *p, vd a)
{
    _mm512_storeu_pd(p, a);
}

/* floats */
static inline vf vf_zero(void)
{
    return _mm512_setzero_ps();
}
static inline vf vf_set1(float a)
{
    return _mm512_set1_ps(a);
}
static inline vf vf_iota(void)
{
    return _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
}
static inline vf vf_add(vf a, vf b)
{
    return _mm512_add_ps(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return _mm512_sub_ps(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return _mm512_mul_ps(a, b);
}
static inline vf vf_mul_add(vf a, vf b, vf c)
{
    return _mm512_fmadd_ps(a, b, c);
}
static inline vf vf_div(vf a, vf b)
{
    return _mm512_div_ps(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return _mm512_sqrt_ps(a);
}
static inline vf vf_min(vf a, vf b)
{
    return _mm512_min_ps(a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return _mm512_max_ps(a, b);
}
static inline vf vf_abs(vf a)
{
    return _mm512_abs_ps(a);
}
/* (0x78 is the truth table of a ^ (b & c).) */
static inline vf vf_flip(vf a, vf b)
{
    return _mm512_castsi512_ps(_mm512_ternarylogic_epi32(
        _mm512_castps_si512(a), _mm512_castps_si512(b), _mm512_set1_epi32(INT32_MIN), 0x78));
}

/* masks */
static inline vm vf_lt(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ);
}
static inline vm vf_le(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ);
}
static inline vm vf_eq(vf a, vf b)
{
    return _mm512_cmp_ps_mask(a, b, _CMP_EQ_OQ);
}
static inline vm vm_and(vm a, vm b)
{
    return (vm)(a & b);
}
static inline vm vm_or(vm a, vm b)
{
    return (vm)(a | b);
}
static inline vm vm_not(vm a)
{
    return (vm)~a;
}
static inline int vm_any(vm a)
{
    return a != 0;
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return _mm512_mask_blend_ps(m, no, yes);
}

/* 2^k, for whole -126 <= k <= 127 */
static inline vf vf_pow2(vf k)
{
    __m512i e = _mm512_add_epi32(_mm512_cvtps_epi32(k), _mm512_set1_epi32(127));
    return _mm512_castsi512_ps(_mm512_slli_epi32(e, 23));
}

/* doubles */
static inline vd vd_zero(void)
{
    return _mm512_setzero_pd();
}
static inline vd vd_set1(double a)
{
    return _mm512_set1_pd(a);
}
static inline vd vd_add(vd a, vd b)
{
    return _mm512_add_pd(a, b);
}
static inline vd vd_sub(vd a, vd b)
{
    return _mm512_sub_pd(a, b);
}
static inline vd vd_mul(vd a, vd b)
{
    return _mm512_mul_pd(a, b);
}
static inline vd vd_add_square(vd acc, vd a)
{
    return _mm512_fmadd_pd(a, a, acc);
}
static inline vd vf_lo(vf a)
{
    return _mm512_cvtps_pd(_mm512_castps512_ps256(a));
}
static inline vd vf_hi(vf a)
{
    return _mm512_cvtps_pd(_mm512_extractf32x8_ps(a, 1));
}
static inline vf vf_narrow(vd lo, vd hi)
{
    return _mm512_insertf32x8(_mm512_castps256_ps512(_mm512_cvtpd_ps(lo)), _mm512_cvtpd_ps(hi), 1);
}

/* Lanes folded by halving: to one sum, of four vectors to one each, to one maximum. */
static inline double vd_fold(vd a)
{
    __m256d b = _mm256_add_pd(_mm512_castpd512_pd256(a), _mm512_extractf64x4_pd(a, 1));
    __m128d c = _mm_add_pd(_mm256_castpd256_pd128(b), _mm256_extractf128_pd(b, 1));
    return _mm_cvtsd_f64(c) + _mm_cvtsd_f64(_mm_unpackhi_pd(c, c));
}
/* The halves of two vectors side by side, then the quarters of four. */
static inline void vd_fold_four(const vd a[4], double sums[4])
{
    vd pair[2];
    for (int i = 0; i < 2; i++)
        pair[i] = _mm512_add_pd(_mm512_shuffle_f64x2(a[2 * i], a[2 * i + 1], 0x44),
                                _mm512_shuffle_f64x2(a[2 * i], a[2 * i + 1], 0xee));
    const vd two = _mm512_add_pd(_mm512_shuffle_f64x2(pair[0], pair[1], 0x88),
                                 _mm512_shuffle_f64x2(pair[0], pair[1], 0xdd));
    const vd one = _mm512_add_pd(two, _mm512_permute_pd(two, 0x55));
    _mm256_storeu_pd(sums, _mm512_castpd512_pd256(_mm512_maskz_compress_pd(0x55, one)));
}
static inline float vf_fold_max(vf a)
{
    __m256 b = _mm256_max_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 c = _mm_max_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_max_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_max_ss(c, _mm_shuffle_ps(c, c, 1)));
}

/* The bits of a, shifted left until its last nine are the sign and the exponent field. */
static inline vf vf_exponent(vf a)
{
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(a), 23));
}

/* The elements at even, at odd places of a and b, one after the other. */
static inline vf vf_even(vf a, vf b)
{
    const __m512i even =
        _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
    return _mm512_permutex2var_ps(a, even, b);
}
static inline vf vf_odd(vf a, vf b)
{
    const __m512i odd =
        _mm512_setr_epi32(1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31);
    return _mm512_permutex2var_ps(a, odd, b);
}

/* The lanes of a vf added, folded by halving. */
static inline float vf_fold(vf a)
{
    __m256 b = _mm256_add_ps(_mm512_castps512_ps256(a), _mm512_extractf32x8_ps(a, 1));
    __m128 c = _mm_add_ps(_mm256_castps256_ps128(b), _mm256_extractf128_ps(b, 1));
    c = _mm_add_ps(c, _mm_movehl_ps(c, c));
    return _mm_cvtss_f32(_mm_add_ss(c, _mm_shuffle_ps(c, c, 1)));
}

/* 16-bit floats */
/* The bits of a bf16 are the upper half of a float's. */
static inline vf vf_load_bf16(const uint16_t *p)
{
    const __m512i upper = _mm512_set_epi16(15, 0, 14, 0, 13, 0, 12, 0, 11, 0, 10, 0, 9, 0, 8, 0, 7,
                                           0, 6, 0, 5, 0, 4, 0, 3, 0, 2, 0, 1, 0, 0, 0);
    const __m256i a = _mm256_loadu_si256((const __m256i *)(const void *)p);
    return _mm512_castsi512_ps(
        _mm512_maskz_permutexvar_epi16(0xaaaaaaaa, upper, _mm512_castsi256_si512(a)));
}
/* In what order is easy: elements 0-3, 8-11, 16-19 and 24-27 first, as the unpacking of words within 128
 * bits leaves them, which costs a quarter of a permutation. */
static inline void vf_load_bf16_lanes(const uint16_t *p, vf a[2])
{
    const __m512i zero = _mm512_setzero_si512(), words = _mm512_loadu_si512(p);
    a[0] = _mm512_castsi512_ps(_mm512_unpacklo_epi16(zero, words));
    a[1] = _mm512_castsi512_ps(_mm512_unpackhi_epi16(zero, words));
}
static inline void vd_load_bf16_lanes(const uint16_t *p, vd a[4])
{
    const __m256i zero = _mm256_setzero_si256();
    for (int i = 0; i < 2; i++) {
        const __m256i words = _mm256_loadu_si256((const __m256i *)(const void *)(p + 16 * i));
        a[i] = _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_unpacklo_epi16(zero, words)));
        a[i + 2] = _mm512_cvtps_pd(_mm256_castsi256_ps(_mm256_unpackhi_epi16(zero, words)));
    }
}
static inline void vd_in_order(vd a[4])
{
    const vd lower[2] = {a[0], a[1]}, upper[2] = {a[2], a[3]};
    for (int i = 0; i < 2; i++) {
        a[2 * i] = _mm512_shuffle_f64x2(lower[i], upper[i], 0x44);
        a[2 * i + 1] = _mm512_shuffle_f64x2(lower[i], upper[i], 0xee);
    }
}
/* Half of the last place that stays is added, less one where the place is even; to a NaN, the bit that
 * makes it quiet. */
static inline __m256i bf16_by_integers(vf a)
{
    const __m512i bits = _mm512_castps_si512(a);
    const __mmask16 odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x10000));
    const __mmask16 nan = _mm512_cmp_ps_mask(a, a, _CMP_UNORD_Q);
    __m512i r = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff));
    r = _mm512_mask_add_epi32(r, odd, bits, _mm512_set1_epi32(0x8000));
    r = _mm512_mask_or_epi32(r, nan, bits, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(r, 16));
}
static __attribute__((noinline, unused)) __m512i two_by_integers(vf a, vf b)
{
    return _mm512_inserti64x4(_mm512_castsi256_si512(bf16_by_integers(a)), bf16_by_integers(b), 1);
}
/* Of two vectors, which fill a cache line, what is rare takes the long way. */
#ifdef WEIR_BF16_ALONE
/* That are subnormals, which the instruction takes for 0. */
static inline __mmask16 subnormals(vf a)
{
    return _mm512_fpclass_ps_mask(a, 0x20);
}
static inline __m256i bf16_of(vf a)
{
    if (__builtin_expect(subnormals(a) != 0, 0)) return bf16_by_integers(a);
    return (__m256i)_mm512_cvtneps_pbh(a);
}
static inline __m512i bf16_of_two(const vf a[2])
{
    if (__builtin_expect(!_kortestz_mask16_u8(subnormals(a[0]), subnormals(a[1])), 0))
        return two_by_integers(a[0], a[1]);
    return (__m512i)_mm512_cvtne2ps_pbh(a[1], a[0]);
}
#else
/* That are NaNs. */
static inline __m256i bf16_of(vf a)
{
    return bf16_by_integers(a);
}
static inline __m512i bf16_of_two(const vf a[2])
{
    const __m512i odd_places =
        _mm512_set_epi16(63, 61, 59, 57, 55, 53, 51, 49, 47, 45, 43, 41, 39, 37, 35, 33, 31, 29, 27,
                         25, 23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3, 1);
    if (__builtin_expect(_mm512_cmp_ps_mask(a[0], a[1], _CMP_UNORD_Q) != 0, 0))
        return two_by_integers(a[0], a[1]);
    __m512i r[2];
    for (int i = 0; i < 2; i++) {
        const __m512i bits = _mm512_castps_si512(a[i]);
        const __mmask16 odd = _mm512_test_epi32_mask(bits, _mm512_set1_epi32(0x10000));
        r[i] = _mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff));
        r[i] = _mm512_mask_add_epi32(r[i], odd, bits, _mm512_set1_epi32(0x8000));
    }
    return _mm512_permutex2var_epi16(r[0], odd_places, r[1]);
}
#endif
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, bf16_of(a));
}
static inline void vf_stream_bf16(uint16_t *p, vf a)
{
    _mm256_stream_si256((__m256i *)(void *)p, bf16_of(a));
}
static inline void vf_store_bf16_lanes(uint16_t *p, const vf a[2])
{
    _mm512_storeu_si512(p, bf16_of_two(a));
}
static inline void vf_stream_bf16_lanes(uint16_t *p, const vf a[2])
{
    _mm512_stream_si512((__m512i *)(void *)p, bf16_of_two(a));
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)p));
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    _mm256_storeu_si256((__m256i *)(void *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
static inline void vf_stream_f16(uint16_t *p, vf a)
{
    _mm256_stream_si256((__m256i *)(void *)p, _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
static inline vf vf_load_bf16_n(const uint16_t *p, int n)
{
    const __m512i a = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(vf_first(n), p));
    return _mm512_castsi512_ps(_mm512_slli_epi32(a, 16));
}
static inline vf vf_load_f16_n(const uint16_t *p, int n)
{
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(vf_first(n), p));
}
static inline void vf_store_bf16_n(uint16_t *p, vf a, int n)
{
    _mm256_mask_storeu_epi16(p, vf_first(n), bf16_of(a));
}
static inline void vf_store_f16_n(uint16_t *p, vf a, int n)
{
    _mm256_mask_storeu_epi16(p, vf_first(n), _mm512_cvtps_ph(a, _MM_FROUND_TO_NEAREST_INT));
}
#define VF_OWN_PARTS       1
#define VF_OWN_LANE_LOADS  1
#define VF_OWN_LANE_STORES 1

/* bytes */
static inline void vf_store_i8(int8_t *p, vf a)
{
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(a)));
}
/* Below 2^-6 an e4m3 is a multiple of 2^-9, which adding 2^14 leaves in the last bits. */
static inline void vf_store_e4m3(uint8_t *p, vf a)
{
    const __m512i bits = _mm512_castps_si512(a);
    const __m512i rest = _mm512_and_si512(bits, _mm512_set1_epi32(INT32_MAX));
    const __m512i small = _mm512_sub_epi32(
        _mm512_castps_si512(_mm512_add_ps(_mm512_castsi512_ps(rest), _mm512_set1_ps(0x1p14F))),
        _mm512_set1_epi32(0x46800000));
    const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(rest, 20), _mm512_set1_epi32(1));
    const __m512i large = _mm512_srli_epi32(
        _mm512_add_epi32(_mm512_add_epi32(rest, odd), _mm512_set1_epi32(0x7ffff - (120 << 23))),
        20);
    const __mmask16 is_small = _mm512_cmplt_epi32_mask(rest, _mm512_set1_epi32(0x3c800000));
    const __m512i sign = _mm512_and_si512(_mm512_srli_epi32(bits, 24), _mm512_set1_epi32(0x80));
    const __m512i code = _mm512_or_si512(sign, _mm512_mask_mov_epi32(large, is_small, small));
    _mm_storeu_si128((__m128i *)(void *)p, _mm512_cvtepi32_epi8(code));
}
static inline vf vf_max_abs(vf m, vf a)
{
    return _mm512_castsi512_ps(
        _mm512_max_epi32(_mm512_castps_si512(m), _mm512_castps_si512(vf_abs(a))));
}

#include "simd/simd_words.h"
#endif
