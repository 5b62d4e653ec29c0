/* simd_neon.h - the vocabulary in NEON, which every aarch64 CPU has. The words are explained in
 * simd_words.h. */
#ifndef WEIR_SIMD_H
#define WEIR_SIMD_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#define WEIR_SIMD_SUFFIX neon
enum { VF_LANES = 4, VD_LANES = 2, VF_HALVES = 1, VF_REGISTERS = 32 };
typedef float32x4_t vf;
typedef float64x2_t vd;
typedef uint32x4_t vm;

/* memory */
static inline vm vf_first(int n)
{
    static const int32_t lanes[VF_LANES] = {0, 1, 2, 3};
    return vcltq_s32(vld1q_s32(lanes), vdupq_n_s32(n));
}
static inline vf vf_load(const float *p)
{
    return vld1q_f32(p);
}
static inline void vf_store(float *p, vf a)
{
    vst1q_f32(p, a);
}
static inline vf vf_load_n(const float *p, int n)
{
    vf a = vdupq_n_f32(0);
    if (n > 0) a = vld1q_lane_f32(p, a, 0);
    if (n > 1) a = vld1q_lane_f32(p + 1, a, 1);
    if (n > 2) a = vld1q_lane_f32(p + 2, a, 2);
    if (n > 3) a = vld1q_lane_f32(p + 3, a, 3);
    return a;
}
static inline void vf_store_n(float *p, vf a, int n)
{
    if (n > 0) vst1q_lane_f32(p, a, 0);
    if (n > 1) vst1q_lane_f32(p + 1, a, 1);
    if (n > 2) vst1q_lane_f32(p + 2, a, 2);
    if (n > 3) vst1q_lane_f32(p + 3, a, 3);
}
/* NEON has no non-temporal store of one vector. */
static inline void vf_stream(float *p, vf a)
{
    vst1q_f32(p, a);
}
static inline void vf_stream_end(void) {}
static inline vd vd_load(const double *p)
{
    return vld1q_f64(p);
}
static inline vd vd_widen(const float *p)
{
    return vcvt_f64_f32(vld1_f32(p));
}
static inline void vd_store(double *p, vd a)
{
    vst1q_f64(p, a);
}

/* masks */
static inline vm vf_lt(vf a, vf b)
{
    return vcltq_f32(a, b);
}
static inline vm vf_le(vf a, vf b)
{
    return vcleq_f32(a, b);
}
static inline vm vf_eq(vf a, vf b)
{
    return vceqq_f32(a, b);
}
static inline vm vm_and(vm a, vm b)
{
    return vandq_u32(a, b);
}
static inline vm vm_or(vm a, vm b)
{
    return vorrq_u32(a, b);
}
static inline vm vm_not(vm a)
{
    return vmvnq_u32(a);
}
static inline int vm_any(vm a)
{
    return vmaxvq_u32(a) != 0;
}
static inline vf vf_select(vm m, vf yes, vf no)
{
    return vbslq_f32(m, yes, no);
}

/* floats */
static inline vf vf_zero(void)
{
    return vdupq_n_f32(0);
}
static inline vf vf_set1(float a)
{
    return vdupq_n_f32(a);
}
static inline vf vf_iota(void)
{
    static const float lanes[VF_LANES] = {0, 1, 2, 3};
    return vld1q_f32(lanes);
}
static inline vf vf_add(vf a, vf b)
{
    return vaddq_f32(a, b);
}
static inline vf vf_sub(vf a, vf b)
{
    return vsubq_f32(a, b);
}
static inline vf vf_mul(vf a, vf b)
{
    return vmulq_f32(a, b);
}
static inline vf vf_mul_add(vf a, vf b, vf c)
{
    return vfmaq_f32(c, a, b);
}
static inline vf vf_div(vf a, vf b)
{
    return vdivq_f32(a, b);
}
static inline vf vf_sqrt(vf a)
{
    return vsqrtq_f32(a);
}
/* (fmin, fmax and their kin have their own ideas of a NaN and of two zeros.) */
static inline vf vf_min(vf a, vf b)
{
    return vbslq_f32(vcltq_f32(a, b), a, b);
}
static inline vf vf_max(vf a, vf b)
{
    return vbslq_f32(vcgtq_f32(a, b), a, b);
}
static inline vf vf_flip(vf a, vf b)
{
    const uint32x4_t sign = vandq_u32(vreinterpretq_u32_f32(b), vdupq_n_u32(0x80000000));
    return vreinterpretq_f32_u32(veorq_u32(vreinterpretq_u32_f32(a), sign));
}
static inline vf vf_abs(vf a)
{
    return vabsq_f32(a);
}

/* 2^k, for whole -126 <= k <= 127 */
static inline vf vf_pow2(vf k)
{
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(vcvtq_s32_f32(k), vdupq_n_s32(127)), 23));
}

/* doubles */
static inline vd vd_zero(void)
{
    return vdupq_n_f64(0);
}
static inline vd vd_set1(double a)
{
    return vdupq_n_f64(a);
}
static inline vd vd_add(vd a, vd b)
{
    return vaddq_f64(a, b);
}
static inline vd vd_sub(vd a, vd b)
{
    return vsubq_f64(a, b);
}
static inline vd vd_mul(vd a, vd b)
{
    return vmulq_f64(a, b);
}
static inline vd vd_add_square(vd acc, vd a)
{
    return vfmaq_f64(acc, a, a);
}
static inline vd vf_lo(vf a)
{
    return vcvt_f64_f32(vget_low_f32(a));
}
static inline vd vf_hi(vf a)
{
    return vcvt_high_f64_f32(a);
}
static inline vf vf_narrow(vd lo, vd hi)
{
    return vcvt_high_f32_f64(vcvt_f32_f64(lo), hi);
}

/* Lanes folded by halving: to one sum, of four vectors to one each, to one maximum. */
static inline double vd_fold(vd a)
{
    return vgetq_lane_f64(a, 0) + vgetq_lane_f64(a, 1);
}
static inline void vd_fold_four(const vd a[4], double sums[4])
{
    vst1q_f64(sums, vpaddq_f64(a[0], a[1]));
    vst1q_f64(sums + 2, vpaddq_f64(a[2], a[3]));
}
static inline float vf_fold_max(vf a)
{
    const float32x2_t lo = vget_low_f32(a), hi = vget_high_f32(a);
    const float32x2_t c = vbsl_f32(vcgt_f32(lo, hi), lo, hi);
    const float c0 = vget_lane_f32(c, 0), c1 = vget_lane_f32(c, 1);
    return c0 > c1 ? c0 : c1;
}

/* The bits of a, shifted left until its last nine are the sign and the exponent field. */
static inline vf vf_exponent(vf a)
{
    return vreinterpretq_f32_u32(vshlq_n_u32(vreinterpretq_u32_f32(a), 23));
}

/* The elements at even, at odd places of a and b, one after the other. */
static inline vf vf_even(vf a, vf b)
{
    return vuzp1q_f32(a, b);
}
static inline vf vf_odd(vf a, vf b)
{
    return vuzp2q_f32(a, b);
}

/* The lanes of a vf added, folded by halving. */
static inline float vf_fold(vf a)
{
    const float32x2_t c = vadd_f32(vget_low_f32(a), vget_high_f32(a));
    return vget_lane_f32(c, 0) + vget_lane_f32(c, 1);
}

/* 16-bit floats */
static inline vf vf_load_bf16(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}
static inline uint16x4_t bf16_of(vf a)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(a);
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    const uint32x4_t number = vaddq_u32(bits, vaddq_u32(odd, vdupq_n_u32(0x7fff)));
    const uint32x4_t nan = vorrq_u32(bits, vdupq_n_u32(0x400000));
    return vshrn_n_u32(vbslq_u32(vceqq_f32(a, a), number, nan), 16);
}
static inline void vf_store_bf16(uint16_t *p, vf a)
{
    vst1_u16(p, bf16_of(a));
}
static inline void vf_stream_bf16(uint16_t *p, vf a)
{
    vf_store_bf16(p, a);
}
static inline vf vf_load_f16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}
static inline void vf_store_f16(uint16_t *p, vf a)
{
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(a)));
}
static inline void vf_stream_f16(uint16_t *p, vf a)
{
    vf_store_f16(p, a);
}

/* bytes: the last one of each lane */
static inline void store_last_bytes(void *p, uint32x4_t a)
{
    const uint16x4_t pairs = vmovn_u32(a);
    const uint8x8_t bytes = vmovn_u16(vcombine_u16(pairs, pairs));
    const uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    memcpy(p, &four, sizeof four);
}
static inline void vf_store_i8(int8_t *p, vf a)
{
    store_last_bytes(p, vreinterpretq_u32_s32(vcvtq_s32_f32(a)));
}
/* Below 2^-6 an e4m3 is a multiple of 2^-9, which adding 2^14 leaves in the last bits. */
static inline void vf_store_e4m3(uint8_t *p, vf a)
{
    const uint32x4_t bits = vreinterpretq_u32_f32(a);
    const uint32x4_t rest = vandq_u32(bits, vdupq_n_u32(INT32_MAX));
    const uint32x4_t small = vsubq_u32(
        vreinterpretq_u32_f32(vaddq_f32(vreinterpretq_f32_u32(rest), vdupq_n_f32(0x1p14F))),
        vdupq_n_u32(0x46800000));
    const uint32x4_t odd = vandq_u32(vshrq_n_u32(rest, 20), vdupq_n_u32(1));
    const uint32x4_t above = vsubq_u32(vaddq_u32(rest, odd), vdupq_n_u32((120u << 23) - 0x7ffff));
    const uint32x4_t is_small = vcltq_u32(rest, vdupq_n_u32(0x3c800000));
    const uint32x4_t code = vbslq_u32(is_small, small, vshrq_n_u32(above, 20));
    store_last_bytes(p, vbslq_u32(vdupq_n_u32(0x80), vshrq_n_u32(bits, 24), code));
}
static inline vf vf_max_abs(vf m, vf a)
{
    return vreinterpretq_f32_s32(
        vmaxq_s32(vreinterpretq_s32_f32(m), vreinterpretq_s32_f32(vabsq_f32(a))));
}

#include "simd/simd_words.h"
#endif
