/* row_operand.h - a row of a forward job as it is read, and what is known of it. */
#ifndef WEIR_OPS_ROW_OPERAND_H
#define WEIR_OPS_ROW_OPERAND_H

#include <math.h>

#include "ops/norm_words.h"

/* One row of the operand, s = fl(alpha * residual) + x, or x; rounded to `rounded` where that is not
 * f32. */
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

/* `residual` says whether there is one, `known` which type both have: constants where speed counts.
 */
INLINE vf source_load(const source *src, int64_t j, int n, bool residual, weir_dtype known)
{
    vf s = load_as(known, src->x_type, src->x, j, n);
    if (residual) {
        const vf r = load_as(known, src->residual_type, src->residual, j, n);
        s = vf_add(vf_mul(vf_set1(src->alpha), r), s);
    }
    return known == MIXED ? round_to(src->rounded, s) : s;
}

/* Of any types. */
INLINE vf source_any(const source *src, int64_t j, int n)
{
    return source_load(src, j, n, src->residual != NULL, MIXED);
}

/* The statistics of a row as float arithmetic wants them. `rest` is what rounding took from rstd, as
 * a share of it. */
typedef struct row_scale {
    float mean_hi, mean_lo, rest, rstd;
} row_scale;

INLINE row_scale scale_of(const row_stats *stats)
{
    const float rstd = (float)stats->rstd;
    return (row_scale){stats->mean_hi, (float)stats->mean_lo,
                       (float)(stats->rstd / (double)rstd - 1), rstd};
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

INLINE void save_stats(const weir_fwd_job *job, int64_t row, const row_stats *stats)
{
    const int64_t i = row * job->ld_stats;
    if (job->mean) job->mean[i] = stats->mean_hi;
    if (job->mean_lo) job->mean_lo[i] = (float)stats->mean_lo;
    if (job->rstd) job->rstd[i] = (float)stats->rstd;
}

#endif
