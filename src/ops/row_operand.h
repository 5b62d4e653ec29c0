/* row_operand.h - a row of a forward job as it is read, and what is known of it. */
#ifndef WEIR_OPS_ROW_OPERAND_H
#define WEIR_OPS_ROW_OPERAND_H

#include "ops/norm_words.h"

/* One row of the operand, s = fl(alpha * residual) + x, or x; rounded to `rounded` where that is not
 * f32 (by source_piece). */
typedef struct source {
    const void *x, *residual;
    weir_dtype x_type, residual_type, rounded;
    float alpha;
} source;

/* The mean is mean_hi + mean_lo: s - mean_hi is exact in double, so a large mean costs no digits. */
typedef struct row_stats {
    float mean_hi;
    double mean_lo, rstd;
} row_stats;

INLINE vf sum_of(const source *src, vf x, vf residual)
{
    return vf_add(vf_mul(vf_set1(src->alpha), residual), x);
}

/* `residual` says whether there is one, `type` which type both have: constants where speed counts. */
INLINE vf source_load(const source *src, int64_t j, int n, bool residual, weir_dtype type)
{
    const vf x = load_of(type, src->x, j, n);
    return residual ? sum_of(src, x, load_of(type, src->residual, j, n)) : x;
}

/* The statistics of a row as float arithmetic wants them: xhat = (s - mean_hi) * rstd + offset. */
typedef struct row_scale {
    float mean_hi, rstd, offset;
} row_scale;

INLINE row_scale scale_of(const row_stats *stats)
{
    const float rstd = (float)stats->rstd;
    return (row_scale){stats->mean_hi, rstd, (float)(-stats->mean_lo * (double)rstd)};
}

INLINE source source_row(const weir_fwd_job *job, int64_t row)
{
    const bool round = job->rounding & WEIR_ROUND_SUM;
    return (source){.x = at(job->x, job->x_type, row * job->ldx),
                    .residual = at(job->residual, job->residual_type, row * job->ldr),
                    .x_type = job->x_type,
                    .residual_type = job->residual_type,
                    .rounded = !round     ? WEIR_F32
                               : job->sum ? job->sum_type
                                          : job->x_type,
                    .alpha = job->alpha};
}

/* Columns j..j+n-1 of a row as floats, n <= PIECE. One loop for each type. */
RARE void widen_piece(weir_dtype type, const void *row, int64_t j, int64_t n, float *to)
{
    for (int64_t i = 0; i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        const vf a = type == WEIR_BF16  ? load_of(WEIR_BF16, row, j + i, part)
                     : type == WEIR_F16 ? load_of(WEIR_F16, row, j + i, part)
                                        : load_of(WEIR_F32, row, j + i, part);
        store_of(WEIR_F32, to, i, a, part, false);
    }
}

RARE void narrow_piece(weir_dtype type, void *row, int64_t j, int64_t n, const float *from,
                       bool stream)
{
    for (int64_t i = 0; i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        const vf a = load_of(WEIR_F32, from, i, part);
        if (type == WEIR_BF16)
            store_of(WEIR_BF16, row, j + i, a, part, stream);
        else if (type == WEIR_F16)
            store_of(WEIR_F16, row, j + i, a, part, stream);
        else
            store_of(WEIR_F32, row, j + i, a, part, stream);
    }
}

/* The same of s, which is where it lies already or in `room`. */
RARE const float *source_piece(const source *src, int64_t j, int64_t n, float *room)
{
    if (!src->residual && src->x_type == WEIR_F32) return (const float *)src->x + j;
    float r[PIECE];
    widen_piece(src->x_type, src->x, j, n, room);
    if (src->residual) widen_piece(src->residual_type, src->residual, j, n, r);
    for (int64_t i = 0; i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        vf s = load_of(WEIR_F32, room, i, part);
        if (src->residual) s = sum_of(src, s, load_of(WEIR_F32, r, i, part));
        store_of(WEIR_F32, room, i, round_to(src->rounded, s), part, false);
    }
    return room;
}

INLINE void save_stats(const weir_fwd_job *job, int64_t row, const row_stats *stats)
{
    const int64_t i = row * job->ld_stats;
    if (job->mean) job->mean[i] = stats->mean_hi;
    if (job->mean_lo) job->mean_lo[i] = (float)stats->mean_lo;
    if (job->rstd) job->rstd[i] = (float)stats->rstd;
}

#endif
