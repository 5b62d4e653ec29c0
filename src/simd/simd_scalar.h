/* simd_scalar.h - the vocabulary in portable C, for what every CPU of the target has (SSE2, NEON,
 * or nothing).
 *
 * Groups of four lanes, by the vector types of gcc and clang: where there is no vector unit they
 * become plain scalar code. The words are explained in simd_words.h. Floor 1.
 */
#ifndef WEIR_SIMD_H
#define WEIR_SIMD_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#define WEIR_SIMD_SUFFIX scalar
#define UNROLLED         /* long code for a set that few machines run */
enum { VF_LANES = 4, VD_LANES = 2, VF_HALVES = 0, VF_REGISTERS = 16 };
typedef float vf __attribute__((vector_size(16)));
typedef double vd __attribute__((vector_size(16)));
typedef int32_t vm __attribute__((vector_size(16)));
typedef float half_vf __attribute__((vector_size(8)));

/* memory */
static inline vm vf_first(int n)
{
    return (vm){0, 1, 2, 3} < n;
}
static inline vf vf_load(const float *p)
{
    vf a;
    memcpy(&a, p, sizeof a);
    return a;
}
static inline void vf_store(float *p, vf a)
{
    memcpy(p, &a, sizeof a);
}
static inline vf vf_load_n(const float *p, int n)
{
    vf a = {0};
    for (int i = 0; i < n; i++) a[i] = p[i];
    return a;
}
static inline void vf_store_n(float *p, vf a, int n)
{
    for (int i = 0; i < n; i++) p[i] = a[i];
}
static inline void vf_stream(float *p, vf a)
{
    vf_store(p, a);
}
static inline void vf_stream_end(void) {}
static inline vd vd_load(const double *p)
{
    vd a;
    memcpy(&a, p, sizeof a);
    return a;
}
static inline vd vd_widen(const float *p)
{
    return (vd){p[0], p[1]};
}
static inline void vd_store(double *p, vd a)
{
    memcpy(p, &a, sizeof a);
}

/* masks */
static inline vm vf_lt(vf a, vf b)
{
    return a < b;
}
static inline vm vf_le(vf a, vf b)
{
    return a <= b;
}
static inline vm vf_eq(vf a, vf b)
{
    return a == b;
}
static inline vm vm_and(vm a, vm b)
{
    return a & b;
}
static inline vm vm_or(vm a, vm b)
{
    return a | b;
}
static inline vm vm_not(vm a)
{
    return ~a;
}
static inline int vm_any(vm a)
{
    return (a[0] | a[1] | a[2] | a[3]) != 0;
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return (vf)((m & (vm)yes) | (~m & (vm)no));
}

/* floats */
static inline vf vf_zero(void)
{
    return (vf){0};
}
static inline vf vf_set1(float a)
{
    return (vf){a, a, a, a};
}
static inline vf vf_iota(void)
{
    return (vf){0, 1, 2, 3};
}
static inline vf vf_add(vf a, vf b)
{
    return a + b;
}
static inline vf vf_sub(vf a, vf b)
{
    return a - b;
}
static inline vf vf_mul(vf a, vf b)
{
    return a * b;
}
static inline vf vf_div(vf a, vf b)
{
    return a / b;
}
static inline vf vf_sqrt(vf a)
{
    return (vf){sqrtf(a[0]), sqrtf(a[1]), sqrtf(a[2]), sqrtf(a[3])};
}
static inline vf vf_min(vf a, vf b)
{
    return vf_select(a < b, a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return vf_select(a > b, a, b);
}
static inline vf vf_abs(vf a)
{
    return (vf)((vm)a & INT32_MAX);
}
static inline vf vf_flip(vf a, vf b)
{
    return (vf)((vm)a ^ ((vm)b & INT32_MIN));
}

/* 2^k, for whole -126 <= k <= 127 */
static inline vf vf_pow2(vf k)
{
    return (vf)((__builtin_convertvector(k, vm) + 127) << 23);
}

/* doubles */
static inline vd vd_zero(void)
{
    return (vd){0};
}
static inline vd vd_set1(double a)
{
    return (vd){a, a};
}
static inline vd vd_add(vd a, vd b)
{
    return a + b;
}
static inline vd vd_sub(vd a, vd b)
{
    return a - b;
}
static inline vd vd_mul(vd a, vd b)
{
    return a * b;
}
static inline vd vd_add_square(vd acc, vd a)
{
    return acc + a * a;
}
static inline vd vf_lo(vf a)
{
    return __builtin_convertvector(((half_vf){a[0], a[1]}), vd);
}
static inline vd vf_hi(vf a)
{
    return __builtin_convertvector(((half_vf){a[2], a[3]}), vd);
}
static inline vf vf_narrow(vd lo, vd hi)
{
    return (vf){(float)lo[0], (float)lo[1], (float)hi[0], (float)hi[1]};
}

/* a * b + c rounded once. Where the CPU has no instruction for it, fmaf is a call, and often a slow one:
 * in double, then, where the product is exact. The sum, rounded to double and again to float, is as good
 * as rounded once unless it is a tie of floats, or less than their normal numbers; then what the sum lost
 * (Knuth) rounds it to odd first, which no second rounding spoils (Boldo and Melquiond). */
static inline float mul_add_1(float a, float b, float c)
{
#ifdef __FP_FAST_FMAF
    return fmaf(a, b, c);
#else
    const double product = (double)a * (double)b, term = (double)c;
    double sum = product + term;
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if (__builtin_expect((bits & 0x1fffffff) == 0x10000000 || fabs(sum) < 0x1p-126, 0)) {
        const double grown = sum - product, lost = (product - (sum - grown)) + (term - grown);
        if (lost != 0 && bits % 2 == 0) bits += (lost > 0) == (sum > 0) ? 1 : UINT64_MAX;
        memcpy(&sum, &bits, sizeof sum);
    }
    return (float)sum;
#endif
}
/* (Not inlined: it is long, and kernels are full of it.) */
static __attribute__((noinline, unused)) vf mul_add_4(vf a, vf b, vf c)
{
    return (vf){mul_add_1(a[0], b[0], c[0]), mul_add_1(a[1], b[1], c[1]),
                mul_add_1(a[2], b[2], c[2]), mul_add_1(a[3], b[3], c[3])};
}
static inline vf vf_mul_add(vf a, vf b, vf c)
{
    return mul_add_4(a, b, c);
}

/* Lanes folded by halving: to one sum, of four vectors to one each, to one maximum. */
static inline double vd_fold(vd a)
{
    return a[0] + a[1];
}
static inline void vd_fold_four(const vd a[4], double sums[4])
{
    for (int i = 0; i < 4; i++) sums[i] = vd_fold(a[i]);
}
static inline float vf_fold_max(vf a)
{
    float b = a[0] > a[2] ? a[0] : a[2], c = a[1] > a[3] ? a[1] : a[3];
    return b > c ? b : c;
}

/* The bits of a, shifted left until its last nine are the sign and the exponent field. */
static inline vf vf_exponent(vf a)
{
    return (vf)((vm)a << 23);
}

/* The elements at even, at odd places of a and b, one after the other. */
static inline vf vf_even(vf a, vf b)
{
    return (vf){a[0], a[2], b[0], b[2]};
}
static inline vf vf_odd(vf a, vf b)
{
    return (vf){a[1], a[3], b[1], b[3]};
}

/* The lanes of a vf added, folded by halving. */
static inline float vf_fold(vf a)
{
    return (a[0] + a[2]) + (a[1] + a[3]);
}

/* 16-bit floats, one lane after the other. */
static inline float f32_of_bits(uint32_t bits)
{
    float a;
    memcpy(&a, &bits, sizeof a);
    return a;
}
static inline uint32_t bits_of_f32(float a)
{
    uint32_t bits;
    memcpy(&bits, &a, sizeof bits);
    return bits;
}
static inline uint16_t bf16_of(float a)
{
    const uint32_t bits = bits_of_f32(a);
    if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* An f16 below 2^-14 is a multiple of 2^-24: dividing an integer by 2^24 makes it. */
static inline float f32_of_f16(uint16_t h)
{
    const uint32_t sign = (uint32_t)(h & 0x8000) << 16, rest = h & 0x7fff;
    if (rest < 0x0400) return f32_of_bits(bits_of_f32((float)rest * 0x1p-24F) | sign);
    if (rest < 0x7c00) return f32_of_bits(((rest << 13) + (112u << 23)) | sign);
    return f32_of_bits(rest << 13 | 0x7f800000 | (rest > 0x7c00 ? 0x400000 : 0) | sign);
}
static inline uint16_t f16_of(float a)
{
    const uint32_t bits = bits_of_f32(a), rest = bits & 0x7fffffff;
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    if (rest > 0x7f800000) return (uint16_t)(sign | 0x7e00 | (rest >> 13 & 0x3ff));
    if (rest >= 0x477ff000) return (uint16_t)(sign | 0x7c00); /* half above the largest, and on */
    /* Below 2^-14 the addition rounds to a multiple of 2^-24, and leaves it in the last bits. */
    if (rest < 0x38800000)
        return (uint16_t)(sign | (bits_of_f32(f32_of_bits(rest) + 0.5F) - 0x3f000000));
    return (uint16_t)(sign | ((rest - (112u << 23) + 0xfff + (rest >> 13 & 1)) >> 13));
}
static inline vf vf_load_bf16(const uint16_t *p)
{
    return (vf)(((vm){p[0], p[1], p[2], p[3]}) << 16);
}
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    for (int i = 0; i < VF_LANES; i++) p[i] = bf16_of(a[i]);
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return (vf){f32_of_f16(p[0]), f32_of_f16(p[1]), f32_of_f16(p[2]), f32_of_f16(p[3])};
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    for (int i = 0; i < VF_LANES; i++) p[i] = f16_of(a[i]);
}
static inline void vf_stream_bf16(uint16_t *p, vf a)
{
    vf_store_bf16(p, a);
}
static inline void vf_stream_f16(uint16_t *p, vf a)
{
    vf_store_f16(p, a);
}

/* bytes */
static inline void vf_store_i8(int8_t *p, vf a)
{
    for (int i = 0; i < VF_LANES; i++) p[i] = (int8_t)a[i];
}
/* Below 2^-6 an e4m3 is a multiple of 2^-9. */
static inline void vf_store_e4m3(uint8_t *p, vf a)
{
    for (int i = 0; i < VF_LANES; i++) {
        const uint32_t bits = bits_of_f32(a[i]), rest = bits & 0x7fffffff;
        const uint32_t code = rest < 0x3c800000
                                  ? bits_of_f32(f32_of_bits(rest) + 0x1p14F) - 0x46800000
                                  : (rest - (120u << 23) + 0x7ffff + (rest >> 20 & 1)) >> 20;
        p[i] = (uint8_t)((bits >> 24 & 0x80) | code);
    }
}
static inline vf vf_max_abs(vf m, vf a)
{
    vm x = (vm)m, y = (vm)a & INT32_MAX, greater = y > x;
    return (vf)((greater & y) | (~greater & x));
}

#include "simd/simd_words.h"
#endif
