/* norm_rows_body.h - forward, one row at a time and of any types: the rare rows of
 * norm_forward_body.h, the mixed types, the other habits of rounding, and quantized outputs. In the
 * words of simd/; included once by each kernel file. */
#ifndef WEIR_OPS_NORM_ROWS_BODY_H
#define WEIR_OPS_NORM_ROWS_BODY_H

#include "ops/norm_stats.h"

INLINE row_stats stats_given(const weir_fwd_job *job, const weir_moments *m)
{
    const double v = job->rule == WEIR_RSTD_MEAN ? m->m2 / m->count : m->m2;
    return stats_about(0, m->mean, rstd_of(v, job->eps, job->rule));
}

/* The statistics of the measured columns of a row: of its sums, or of those about another shift. */
INLINE spread spread_of(const moments *m, const source *src, int64_t count, bool centred)
{
    const double n = (double)count, mean = centred ? vd_fold_row(m->first) / n : 0;
    const double var = vd_fold_row(m->second) / n - mean * mean;
    if (centred && is_far_from_zero(mean, var)) return measure_again(src, count);
    return (spread){0, mean, var};
}

/* Rows are fetched one ahead. */
INLINE spread measure_row(const weir_fwd_job *job, int64_t row, const source *src, bool centred)
{
    moments m;
    clear(&m);
    for (int64_t j = 0; j < job->measured; j += FAR_PIECE) {
        const cursor next = {row + 1, j};
        const int64_t end = job->measured - j < FAR_PIECE ? job->measured : j + FAR_PIECE;
        if (job->fetch) fetch(job->x, job->x_type, job->ldx, &next, end);
        if (job->fetch && job->residual)
            fetch(job->residual, job->residual_type, job->ldr, &next, end);
        int64_t i = j;
        for (; i + WEIR_LANES <= end; i += WEIR_LANES)
            measure_group(&m, src, i, centred, src->residual != NULL, MIXED);
        measure_tail(&m, src, i, end, centred, src->residual != NULL, MIXED);
    }
    return spread_of(&m, src, job->measured, centred);
}

INLINE row_stats stats_of_row(const weir_fwd_job *job, int64_t row, const source *src, bool centred)
{
    if (job->moments) return stats_given(job, job->moments + row * job->ld_stats);
    const spread v = measure_row(job, row, src, centred);
    const double of_rule = job->rule == WEIR_RSTD_MEAN ? v.var : v.var * (double)job->measured;
    return stats_about(v.shift, v.offset, rstd_of(of_rule, job->eps, job->rule));
}

INLINE vf xhat_of(const weir_fwd_job *job, const row_stats *stats, const row_scale *by, vf s,
                  bool centred)
{
    (void)job;
    return is_exact_row(stats) ? exact_xhat(s, stats, centred) : float_xhat(s, by, centred);
}

#include "ops/row_write_body.h"

/* Any job. */
RARE void forward_mixed(const weir_fwd_job *job, int64_t first, int64_t end, bool centred)
{
    for (int64_t i = first; i < end; i++) {
        const source src = source_row(job, i);
        if (job->found) {
            const spread v = measure_row(job, i, &src, centred);
            const double n = (double)job->measured;
            job->found[i * job->ld_stats] = (weir_moments){n, v.shift + v.offset, v.var * n};
        } else {
            const row_stats stats = stats_of_row(job, i, &src, centred);
            write_row(job, i, &stats, centred);
        }
    }
    if (job->stream) vf_stream_end();
}

#endif
