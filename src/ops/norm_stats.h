/* norm_stats.h - the statistics of a row, in the words of simd/: what forward finds out about a row
 * before it writes it. */
#ifndef WEIR_OPS_NORM_STATS_H
#define WEIR_OPS_NORM_STATS_H

#include <math.h>

#include "ops/row_operand.h"

/* Between these float is safe from its ends: rows of any length that fits in memory cannot
 * overflow, and what underflows is less than 2^-60 in xhat. */
#define RSTD_MIN 0x1p-90
#define RSTD_MAX 0x1p90

INLINE wide source_widen(const source *src, int64_t j, int n, bool residual, weir_dtype type)
{
    return residual ? widen(source_load(src, j, n, true, type)) : load_wide(type, src->x, j, n);
}

/* Lane sums of s, and of s * s. RMSNorm has no use for the first. */
typedef struct moments {
    vd first[VD_ROW], second[VD_ROW];
} moments;

/* Neither this by an initializer nor the next by an assignment: the string instructions that gcc makes
 * of them wait for streaming stores. */
INLINE void clear(moments *m)
{
    UNROLLED
    for (int k = 0; k < VD_ROW; k++) m->first[k] = m->second[k] = vd_zero();
}

INLINE void copy_moments(moments *to, const moments *from, bool centred)
{
    UNROLLED
    for (int k = 0; k < VD_ROW; k++) {
        if (centred) to->first[k] = from->first[k];
        to->second[k] = from->second[k];
    }
}

/* The k-th vector of a group of WEIR_LANES columns. Absent lanes are 0: they add nothing. A float's
 * square is exact in double. */
INLINE void add_moment(moments *m, int k, wide s, bool centred)
{
    if (centred) {
        m->first[2 * k] = vd_add(m->first[2 * k], s.lo);
        m->first[2 * k + 1] = vd_add(m->first[2 * k + 1], s.hi);
    }
    m->second[2 * k] = vd_add_square(m->second[2 * k], s.lo);
    m->second[2 * k + 1] = vd_add_square(m->second[2 * k + 1], s.hi);
}

/* WEIR_LANES columns from j on. Those of bf16 are in the order that is easy for the set, and so are the
 * lanes of their sums, until sums_in_order. */
INLINE void load_group(vd s[VD_ROW], const source *src, int64_t j, bool residual, weir_dtype type)
{
    vf x[VF_ROW], r[VF_ROW];
    if (type == WEIR_BF16 && !residual) {
        vd_load_bf16_lanes((const uint16_t *)src->x + j, s);
        return;
    }
    if (type == WEIR_BF16) {
        vf_load_bf16_lanes((const uint16_t *)src->x + j, x);
        vf_load_bf16_lanes((const uint16_t *)src->residual + j, r);
    }
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) {
        const wide w = type == WEIR_BF16
                           ? widen(sum_of(src, x[k], r[k]))
                           : source_widen(src, j + k * VF_LANES, VF_LANES, residual, type);
        s[2 * k] = w.lo;
        s[2 * k + 1] = w.hi;
    }
}

INLINE void measure_group(moments *m, const source *src, int64_t j, bool centred, bool residual,
                          weir_dtype type)
{
    vd s[VD_ROW];
    load_group(s, src, j, residual, type);
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) add_moment(m, k, (wide){s[2 * k], s[2 * k + 1]}, centred);
}

INLINE void sums_in_order(moments *m, bool centred, weir_dtype type)
{
    if (type != WEIR_BF16) return;
    if (centred) vd_in_order(m->first);
    vd_in_order(m->second);
}

/* The last columns of a row, fewer than WEIR_LANES. */
INLINE void measure_tail(moments *m, const source *src, int64_t j, int64_t end, bool centred,
                         bool residual, weir_dtype type)
{
    for (int k = 0; j < end; j += VF_LANES, k++)
        add_moment(m, k, source_widen(src, j, part_of(end - j), residual, type), centred);
}

/* A row about a shift: its mean less the shift, and its variance. */
typedef struct spread {
    double shift, offset, var;
} spread;

/* The same sums about the first element. */
RARE spread measure_again(const source *src, int64_t dim)
{
    float room[PIECE];
    const float first = *source_piece(src, 0, 1, room);
    const vf shift = vf_set1(first);
    const vd wide_shift = vd_set1((double)first);
    vd sum[VD_ROW], square[VD_ROW];
    UNROLLED
    for (int k = 0; k < VD_ROW; k++) sum[k] = square[k] = vd_zero();
    for (int64_t j = 0; j < dim; j += PIECE) {
        const int64_t columns = dim - j < PIECE ? dim - j : PIECE;
        const float *s = source_piece(src, j, columns, room);
        for (int64_t i = 0; i < columns; i += VF_LANES) {
            const int n = part_of(columns - i), k = (int)(i % WEIR_LANES) / VF_LANES;
            vf a = load_of(WEIR_F32, s, i, n);
            if (n < VF_LANES) a = vf_select(vf_first(n), a, shift);
            const vd d[2] = {vd_sub(vf_lo(a), wide_shift), vd_sub(vf_hi(a), wide_shift)};
            for (int h = 0; h < 2; h++) {
                sum[2 * k + h] = vd_add(sum[2 * k + h], d[h]);
                square[2 * k + h] = vd_add(square[2 * k + h], vd_mul(d[h], d[h]));
            }
        }
    }
    const double n = (double)dim, offset = vd_fold_row(sum) / n;
    const double var = vd_fold_row(square) / n - offset * offset;
    return (spread){(double)first, offset, var < 0 ? 0 : var}; /* < 0: by rounding; a NaN stays */
}

/* A row whose mean is large against its deviation is measured again: the difference of two large
 * sums knows little of a small variance. (No comparison with a NaN holds.) */
INLINE bool is_far_from_zero(double mean, double var)
{
    return !(mean * mean <= 4 * var);
}

/* rstd from the variance or mean square, or from the sum of squares, as the rule wants; 0 where the
 * denominator is 0. */
INLINE double rstd_of(double v, double eps, weir_rstd_rule rule)
{
    const double root = sqrt(rule == WEIR_RSTD_MEAN ? v + eps : v);
    const double under = rule == WEIR_RSTD_CLAMP && root < eps ? eps : root;
    return under == 0 ? 0 : 1 / under;
}

INLINE row_stats stats_about(double shift, double offset, double rstd)
{
    const float mean_hi = (float)(shift + offset);
    return (row_stats){mean_hi, (shift - (double)mean_hi) + offset, rstd};
}

INLINE bool is_exact_row(const row_stats *stats)
{
    return !(stats->rstd >= RSTD_MIN && stats->rstd <= RSTD_MAX);
}

/* (s - mean) * rstd in double, rounded once: for rows so large or small that float leaves its range
 * on the way. */
INLINE vf exact_xhat(vf s, const row_stats *stats, bool centred)
{
    wide w = widen(s);
    const vd rstd = vd_set1(stats->rstd);
    if (centred) {
        const vd hi = vd_set1((double)stats->mean_hi), lo = vd_set1(stats->mean_lo);
        w.lo = vd_sub(vd_sub(w.lo, hi), lo);
        w.hi = vd_sub(vd_sub(w.hi, hi), lo);
    }
    return vf_narrow(vd_mul(w.lo, rstd), vd_mul(w.hi, rstd));
}

/* (s - mean) * rstd in float. */
INLINE vf float_xhat(vf s, const row_scale *by, bool centred)
{
    if (!centred) return vf_mul(s, vf_set1(by->rstd));
    return vf_mul_add(vf_sub(s, vf_set1(by->mean_hi)), vf_set1(by->rstd), vf_set1(by->offset));
}

#endif
