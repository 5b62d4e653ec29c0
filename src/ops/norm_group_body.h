/* norm_group_body.h - a group of rows that has been measured: from the sums of its rows to their
 * statistics. In the words of simd/; included once by each kernel file.
 *
 * The rows of a group are settled side by side, with a loop over them for each operation, which the
 * compiler makes one of vectors. That goes in stages, and between them the caller has other rows to
 * measure and to write: divisions and roots take so long, one after the other, that a CPU which is
 * given all of them at once runs out of other work. Of rows of 128 columns that is a quarter of the
 * time.
 */
#ifndef WEIR_OPS_NORM_GROUP_BODY_H
#define WEIR_OPS_NORM_GROUP_BODY_H

#include "ops/norm_rows_body.h"

/* What the compiler is told of a job. */
typedef struct kind {
    weir_dtype type;
    bool centred, residual;
} kind;

/* The sums of the rows of a group, halved to a vector each. */
typedef struct group_sums {
    vd first[WEIR_ROW_GROUP], second[WEIR_ROW_GROUP];
} group_sums;

/* The sums come first, then what follows from them, last the statistics of each row, and these as float
 * arithmetic wants them. Rows that a group has not got have sums of 0. */
typedef struct group {
    int64_t first;
    int rows;
    bool far, rare; /* a row that is to be measured again; a row whose xhat wants double */
    group_sums sums;
    double mean[WEIR_ROW_GROUP], var[WEIR_ROW_GROUP], under[WEIR_ROW_GROUP];
    double mean_lo[WEIR_ROW_GROUP], rstd[WEIR_ROW_GROUP];
    float mean_hi[WEIR_ROW_GROUP], by_rstd[WEIR_ROW_GROUP], by_offset[WEIR_ROW_GROUP];
} group;

INLINE row_stats stats_in(const group *g, int r, kind k)
{
    if (!k.centred) return (row_stats){0, 0, g->rstd[r]};
    return (row_stats){g->mean_hi[r], g->mean_lo[r], g->rstd[r]};
}
INLINE row_scale scale_in(const group *g, int r, kind k)
{
    if (!k.centred) return (row_scale){0, g->by_rstd[r], 0};
    return (row_scale){g->mean_hi[r], g->by_rstd[r], g->by_offset[r]};
}

INLINE void put_stats(group *g, int r, const row_stats *stats)
{
    g->mean_hi[r] = stats->mean_hi;
    g->mean_lo[r] = stats->mean_lo;
    g->rstd[r] = stats->rstd;
}

/* The statistics of a row by itself. */
INLINE row_stats stats_alone(const weir_fwd_job *job, const group *g, int r, bool centred)
{
    const int64_t row = g->first + r;
    if (job->moments) return stats_given(job, job->moments + row * job->ld_stats);
    const double first = centred ? vd_fold(g->sums.first[r]) : 0;
    const spread s = spread_of(job, row, first, vd_fold(g->sums.second[r]), centred);
    return stats_of_spread(job, &s);
}

/* Rows that are given their statistics, and groups with a row that is to be measured again. */
RARE void settle_row_by_row(const weir_fwd_job *job, group *g, bool centred)
{
    for (int r = 0; r < g->rows; r++) {
        const row_stats stats = stats_alone(job, g, r, centred);
        put_stats(g, r, &stats);
    }
}

/* A group that is to be written next. */
RARE void settle_at_once(const weir_fwd_job *job, group *g, bool centred)
{
    g->rare = false;
    for (int r = 0; r < g->rows; r++) {
        const row_stats stats = stats_alone(job, g, r, centred);
        const row_scale by = scale_of(&stats);
        put_stats(g, r, &stats);
        g->by_rstd[r] = by.rstd;
        g->by_offset[r] = by.offset;
        save_stats(job, g->first + r, &stats);
        if (is_exact_row(&stats)) g->rare = true;
    }
}

enum { STAGES = 3 };

/* mean and var */
INLINE void settle_moments(const weir_fwd_job *job, group *g, kind k)
{
    const double n = (double)job->measured;
    vd_fold_four(g->sums.second, g->var);
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->var[r] /= n;
    g->far = job->moments != NULL;
    if (!k.centred) return;
    vd_fold_four(g->sums.first, g->mean);
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->mean[r] /= n;
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->var[r] -= g->mean[r] * g->mean[r];
}

/* What rstd is one over. */
INLINE void settle_roots(const weir_fwd_job *job, group *g, kind k)
{
    const double factor = job->rule == WEIR_RSTD_MEAN ? 1 : (double)job->measured;
    const double eps = job->rule == WEIR_RSTD_MEAN ? job->eps : 0;
    const double least = job->rule == WEIR_RSTD_CLAMP ? job->eps : 0;
    for (int r = 0; r < WEIR_ROW_GROUP; r++) {
        const double root = sqrt(g->var[r] * factor + eps);
        g->under[r] = root < least ? least : root;
    }
    if (!k.centred) return;
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->mean_hi[r] = (float)g->mean[r];
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->mean_lo[r] = g->mean[r] - (double)(float)g->mean[r];
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->far |= is_far_from_zero(g->mean[r], g->var[r]);
}

/* rstd, and what else the writing of a row wants. (One over 0 is no rstd of an ordinary row: the group is
 * rare, and forward_mixed, which writes it, takes 0.) */
INLINE void settle_scales(const weir_fwd_job *job, group *g, kind k)
{
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->rstd[r] = 1 / g->under[r];
    if (g->far) settle_row_by_row(job, g, k.centred);
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->by_rstd[r] = (float)g->rstd[r];
    for (int r = 0; r < WEIR_ROW_GROUP && k.centred; r++)
        g->by_offset[r] = (float)(-g->mean_lo[r] * (double)(float)g->rstd[r]);
    g->rare = false;
    for (int r = 0; r < g->rows; r++) {
        const row_stats stats = stats_in(g, r, k);
        save_stats(job, g->first + r, &stats);
        if (is_exact_row(&stats)) g->rare = true;
    }
}

INLINE void settle(const weir_fwd_job *job, group *g, int stage, kind k)
{
    switch (stage) {
    case 0: settle_moments(job, g, k); break;
    case 1: settle_roots(job, g, k); break;
    case 2: settle_scales(job, g, k); break;
    }
}

/* The same in one copy, for where rows are not so narrow that a call would count. */
RARE void settle_apart(const weir_fwd_job *job, group *g, int stage, bool centred)
{
    settle(job, g, stage, (kind){WEIR_F32, centred, false}); /* (no stage asks for the type) */
}

#endif
