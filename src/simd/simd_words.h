/* simd_words.h - what every vocabulary header ends with: names, and the words made of other words.
 * Floor 1.
 *
 * A kernel body is written once, in the words of these headers, and compiled for each set by a file
 * of two includes: the vocabulary, then the body. All words are lane by lane and rounded once, so a
 * body gives the same bits on every set as long as it fixes, by itself, which lane holds what and
 * in which order lanes meet. Nothing is fused but what says so: vf_mul_add(a, b, c) is a * b + c
 * rounded once, on every set. vd_add_square(acc, a), which is acc + a * a, takes doubles that are
 * floats: their squares are exact, so fused or not is the same.
 *
 *   vf, VF_LANES   a vector of floats; 4, 8 or 16, always a divisor of WEIR_LANES
 *   vd, VD_LANES   a vector of doubles, half as many; vf_lo, vf_hi widen the halves of a vf
 *   vm             a mask, with one truth value for each lane of a vf
 *
 * vf_load_n, vf_store_n and vf_first take 0 <= n <= VF_LANES: lanes n.. are neither read nor
 * written in memory, and read as +0.  vf_max(a, b) is a > b ? a : b and vf_min(a, b) is a < b ? a :
 * b, so a NaN gives b.  vf_flip(a, b) is a, with its sign changed where b has one, -0 too.
 * Comparisons with NaN are false.  Pointers need no alignment, but those of
 * vf_stream, vf_stream_bf16 and vf_stream_f16 do: that of what VF_LANES elements take.
 *
 * 16-bit floats are their bits in uint16_t; VF_HALVES says whether the set has instructions for
 * them. Stores round to nearest even; a NaN stays one, quiet, with its sign and the first bits of
 * its payload. vf_store_i8 takes whole numbers, vf_store_e4m3
 * at most 448 in magnitude, which it rounds to nearest even; both want no NaN. vf_max_abs(m, a) is
 * the larger of m >= 0 and |a|, and a NaN is larger than all numbers.
 */
#ifndef WEIR_SIMD_WORDS_H
#define WEIR_SIMD_WORDS_H

#include <stdint.h>

/* Every reduction goes by this many lanes: lane j takes elements j, j + 32, ... */
enum { WEIR_LANES = 32, VF_ROW = WEIR_LANES / VF_LANES, VD_ROW = WEIR_LANES / VD_LANES };

/* Before a loop over the vectors of a group of lanes: the compiler writes it out, so that arrays of
 * vectors are registers. */
#if defined(UNROLLED)
#elif defined(__clang__)
#define UNROLLED _Pragma("clang loop unroll(full)")
#else
#define UNROLLED _Pragma("GCC unroll 32")
#endif

#define WEIR_PASTE3(a, b, c) a##b##c
#define WEIR_PASTE(a, b, c)  WEIR_PASTE3(a, b, c)

/* The name of a kernel in this set: WEIR_KERNEL_NAME(rmsnorm_fwd_f32) is
 * weir_k_rmsnorm_fwd_f32_avx2. */
#define WEIR_KERNEL_NAME(kernel) WEIR_PASTE(weir_k_##kernel, _, WEIR_SIMD_SUFFIX)
/* The same in the set that does what a set for bf16 alone (WEIR_BF16_ALONE) leaves to it. */
#define WEIR_REST_NAME(kernel) WEIR_PASTE(weir_k_##kernel, _, WEIR_REST_SUFFIX)

static inline vf vf_neg(vf a)
{
    return vf_sub(vf_set1(-0.0f), a);
}

/* Nearest integer, ties to even, for |a| <= 2^22; the sign of a zero result is lost. */
static inline vf vf_round(vf a)
{
    const vf magic = vf_set1(0x1.8p23f);
    return vf_sub(vf_add(a, magic), magic);
}

/* The lanes that are NaN. */
static inline vm vf_isnan(vf a)
{
    return vm_not(vf_eq(a, a));
}

/* Fetches the cache line that lies `ahead` bytes after p, which need not exist. (Always inlined: gcc
 * takes a function that does nothing but prefetch for one that does nothing, and drops the call.) */
static inline __attribute__((always_inline)) void vf_prefetch(const void *p, intptr_t ahead)
{
    __builtin_prefetch((const void *)((uintptr_t)p + (uintptr_t)ahead), 0, 3);
}

/* 0 <= n <= VF_LANES 16-bit floats; the other lanes are read as +0, and not written. A set with a better
 * way has it. */
#ifndef VF_OWN_PARTS
static inline vf vf_load_bf16_n(const uint16_t *p, int n)
{
    uint16_t t[VF_LANES] = {0};
    for (int i = 0; i < n; i++) t[i] = p[i];
    return vf_load_bf16(t);
}
static inline vf vf_load_f16_n(const uint16_t *p, int n)
{
    uint16_t t[VF_LANES] = {0};
    for (int i = 0; i < n; i++) t[i] = p[i];
    return vf_load_f16(t);
}
static inline void vf_store_bf16_n(uint16_t *p, vf a, int n)
{
    uint16_t t[VF_LANES];
    vf_store_bf16(t, a);
    for (int i = 0; i < n; i++) p[i] = t[i];
}
static inline void vf_store_f16_n(uint16_t *p, vf a, int n)
{
    uint16_t t[VF_LANES];
    vf_store_f16(t, a);
    for (int i = 0; i < n; i++) p[i] = t[i];
}
#endif

/* WEIR_LANES bf16. Loads give them in an order that is easy for the set, always the same: as floats, as
 * the doubles that vf_lo and vf_hi make of these; vd_in_order puts doubles that came so into the order of
 * lanes. The streaming store wants p aligned to what they take. A set with a better way has it. */
#ifndef VF_OWN_LANE_LOADS
static inline void vf_load_bf16_lanes(const uint16_t *p, vf a[VF_ROW])
{
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) a[k] = vf_load_bf16(p + k * VF_LANES);
}
static inline void vd_load_bf16_lanes(const uint16_t *p, vd a[VD_ROW])
{
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) {
        const vf wide = vf_load_bf16(p + k * VF_LANES);
        a[2 * k] = vf_lo(wide);
        a[2 * k + 1] = vf_hi(wide);
    }
}
static inline void vd_in_order(vd a[VD_ROW])
{
    (void)a;
}
#endif
#ifndef VF_OWN_LANE_STORES
static inline void vf_store_bf16_lanes(uint16_t *p, const vf a[VF_ROW])
{
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) vf_store_bf16(p + k * VF_LANES, a[k]);
}
static inline void vf_stream_bf16_lanes(uint16_t *p, const vf a[VF_ROW])
{
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) vf_stream_bf16(p + k * VF_LANES, a[k]);
}
#endif

/* Rounded to what a 16-bit float holds. */
static inline vf vf_round_bf16(vf a)
{
    uint16_t t[VF_LANES];
    vf_store_bf16(t, a);
    return vf_load_bf16(t);
}
static inline vf vf_round_f16(vf a)
{
    uint16_t t[VF_LANES];
    vf_store_f16(t, a);
    return vf_load_f16(t);
}

/* WEIR_LANES doubles folded by halving, lane j takes lane j + 16, then j + 8, ...: to one vector, and to
 * their sum. */
static inline vd vd_halve_row(const vd acc[VD_ROW])
{
    vd t[VD_ROW];
    UNROLLED
    for (int i = 0; i < VD_ROW; i++) t[i] = acc[i];
    UNROLLED
    for (int half = VD_ROW / 2; half; half /= 2) UNROLLED
    for (int i = 0; i < half; i++) t[i] = vd_add(t[i], t[i + half]);
    return t[0];
}
static inline double vd_fold_row(const vd acc[VD_ROW])
{
    return vd_fold(vd_halve_row(acc));
}

#endif
