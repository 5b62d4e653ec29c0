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

INLINE row_stats stats_of_spread(const weir_fwd_job *job, const spread *s)
{
    const double v = job->rule == WEIR_RSTD_MEAN ? s->var : s->var * (double)job->measured;
    return stats_about(s->shift, s->offset, rstd_of(v, job->eps, job->rule));
}

/* What the sums of a row say of it: of s, which only a centred norm has, and of s * s. */
INLINE spread spread_of(const weir_fwd_job *job, int64_t row, double first, double second,
                        bool centred)
{
    const double n = (double)job->measured, mean = centred ? first / n : 0;
    const double var = second / n - mean * mean;
    if (!centred || !is_far_from_zero(mean, var)) return (spread){0, mean, var};
    const source src = source_row(job, row);
    return measure_again(&src, job->measured);
}

/* Of a row whose s is there already, or NULL. The same part of the next row is fetched. */
INLINE spread measure_row(const weir_fwd_job *job, int64_t row, const float *s, bool centred)
{
    const source src = source_row(job, row);
    moments m;
    clear(&m);
    for (int64_t j = 0; j < job->measured; j += FAR_PIECE) {
        const cursor next = {row + 1, j};
        const int64_t end = piece_end(&next, job->measured, FAR_PIECE);
        if (job->fetch) fetch_source(job, &next, end);
        float room[PIECE];
        const source piece = {.x = s ? s + j : source_piece(&src, j, end - j, room)};
        int64_t i = 0;
        for (; i + WEIR_LANES <= end - j; i += WEIR_LANES)
            measure_group(&m, &piece, i, centred, false, WEIR_F32);
        measure_tail(&m, &piece, i, end - j, centred, false, WEIR_F32);
    }
    const double first = centred ? vd_fold_row(m.first) : 0;
    return spread_of(job, row, first, vd_fold_row(m.second), centred);
}

#ifdef WEIR_BF16_ALONE
/* What is rare is left to the set that has all types. */
RARE void forward_mixed(const weir_fwd_job *job, int64_t first, int64_t end, bool centred)
{
    if (centred)
        WEIR_REST_NAME(layernorm_fwd_mixed)(job, first, end);
    else
        WEIR_REST_NAME(rmsnorm_fwd_mixed)(job, first, end);
}
#else
INLINE row_stats stats_of_row(const weir_fwd_job *job, int64_t row, const float *s, bool centred)
{
    if (job->moments) return stats_given(job, job->moments + row * job->ld_stats);
    const spread v = measure_row(job, row, s, centred);
    return stats_of_spread(job, &v);
}

/* How xhat comes from s. */
typedef struct xhat_rule {
    row_scale by;
    row_stats stats;
    bool exact;
} xhat_rule;

enum { SIDE_BY_SIDE = 4 };

INLINE xhat_rule rule_of(const weir_fwd_job *job, const row_stats *stats)
{
    (void)job;
    return (xhat_rule){scale_of(stats), *stats, is_exact_row(stats)};
}

INLINE void xhat_each(const xhat_rule *rule, int n, vf *v, bool centred)
{
    UNROLLED
    for (int k = 0; k < n; k++)
        v[k] = rule->exact ? exact_xhat(v[k], &rule->stats, centred)
                           : float_xhat(v[k], &rule->by, centred);
}

#include "ops/row_write_body.h"

INLINE void find_moments(const weir_fwd_job *job, int64_t row, const float *s, bool centred)
{
    const spread nothing = {0, 0, 0};
    const spread v = job->measured ? measure_row(job, row, s, centred) : nothing;
    const double n = (double)job->measured;
    job->found[row * job->ld_stats] = (weir_moments){n, v.shift + v.offset, v.var * n};
}

/* Any job. A row that is one piece is made floats once. */
RARE void forward_mixed(const weir_fwd_job *job, int64_t first, int64_t end, bool centred)
{
    float s_room[PIECE], room[2][PIECE];
    const bool whole = job->dim <= PIECE;
    affine a = {NULL, NULL};
    if (whole && !job->found) a = affine_of(job, room, 0, job->dim, true);
    for (int64_t i = first; i < end; i++) {
        const source src = source_row(job, i);
        const float *s = whole ? source_piece(&src, 0, job->dim, s_room) : NULL;
        if (job->found) {
            find_moments(job, i, s, centred);
            continue;
        }
        const row_stats stats = stats_of_row(job, i, s, centred);
        save_stats(job, i, &stats);
        write_row(job, i, s, a, &stats, centred);
    }
    if (job->stream) vf_stream_end();
}
#endif

#endif
