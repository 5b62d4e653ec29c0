/* norm_forward_body.h - the forward pass of the norms, in the words of simd/. Included once by each
 * kernel file.
 *
 * Two passes over a row. The first sums, in double, by WEIR_LANES lanes; the second normalizes. The
 * sum with the residual is computed in both, so that in-place operands need no second thought: an
 * element is read for the last time just before it is written.
 */
#ifndef WEIR_OPS_NORM_FORWARD_BODY_H
#define WEIR_OPS_NORM_FORWARD_BODY_H

#include <math.h>

#include "ops/norm_words.h"

enum { NARROW = 1024 };

/* Between these float is safe from its ends: rows of any length that fits in memory cannot
 * overflow, and what underflows is less than 2^-60 in xhat. */
#define RSTD_MIN 0x1p-90
#define RSTD_MAX 0x1p90

/* One row of the operand, s = fl(alpha * residual) + x, or x. */
typedef struct source {
    const float *x, *residual;
    float alpha;
} source;

/* The mean is mean_hi + mean_lo: s - mean_hi is exact in double, so a large mean costs no digits.
 */
typedef struct row_stats {
    float mean_hi;
    double mean_lo, rstd;
} row_stats;

INLINE vf source_load(const source *src, int64_t j, int n, bool residual)
{
    vf x = load_part(src->x + j, n);
    if (!residual) return x;
    return vf_add(vf_mul(vf_set1(src->alpha), load_part(src->residual + j, n)), x);
}

INLINE wide source_widen(const source *src, int64_t j, int n, bool residual)
{
    if (!residual && n == VF_LANES)
        return (wide){vd_widen(src->x + j), vd_widen(src->x + j + VD_LANES)};
    return widen(source_load(src, j, n, residual));
}

/* For each group of WEIR_LANES columns, which are two cache lines, each pass fetches one: the first
 * pass the first half of the row ahead, the second the rest. So the memory has work in both. */
INLINE void source_prefetch(const source *src, int64_t at, intptr_t ahead, bool residual)
{
    vf_prefetch(src->x + at, ahead);
    if (residual) vf_prefetch(src->residual + at, ahead);
}

/* Lane sums of d = s - shift, and of d * d. RMSNorm has no use for the first. */
typedef struct moments {
    vd first[VD_ROW], second[VD_ROW];
} moments;

/* Without a shift d is a float and its square exact in double. */
INLINE void add_moment(moments *m, int k, vd s, vd shift, bool centred, bool shifted)
{
    vd d = shifted ? vd_sub(s, shift) : s;
    if (centred) m->first[k] = vd_add(m->first[k], d);
    m->second[k] = shifted ? vd_add(m->second[k], vd_mul(d, d)) : vd_add_square(m->second[k], d);
}

/* The k-th vector of a group of WEIR_LANES columns. Lanes that are absent are at the shift: they
 * add nothing. */
INLINE void measure(moments *m, const source *src, float shift, int64_t j, int k, int n,
                    bool centred, bool residual, bool shifted)
{
    wide s;
    if (shifted && n < VF_LANES)
        s = widen(vf_select(vf_first(n), source_load(src, j, n, residual), vf_set1(shift)));
    else
        s = source_widen(src, j, n, residual);
    add_moment(m, 2 * k, s.lo, vd_set1((double)shift), centred, shifted);
    add_moment(m, 2 * k + 1, s.hi, vd_set1((double)shift), centred, shifted);
}

/* A row about a shift: its mean less the shift, and its variance. */
typedef struct spread {
    double offset, var;
} spread;

INLINE spread measure_row(const source *src, float shift, int64_t dim, intptr_t ahead, bool centred,
                          bool residual, bool shifted)
{
    moments m; /* not by an initializer: the string store that gcc makes of it waits for streaming
                  stores */
    for (int k = 0; k < VD_ROW; k++) m.first[k] = m.second[k] = vd_zero();
    int64_t j = 0;
    for (; j + WEIR_LANES <= dim; j += WEIR_LANES) {
        source_prefetch(src, j / 2, ahead, residual);
        for (int k = 0; k < VF_ROW; k++)
            measure(&m, src, shift, j + k * VF_LANES, k, VF_LANES, centred, residual, shifted);
    }
    for (int k = 0; j < dim; j += VF_LANES, k++)
        measure(&m, src, shift, j, k, part_of(dim - j), centred, residual, shifted);
    const double n = (double)dim;
    const double offset = centred ? vd_fold_row(m.first) / n : 0;
    return (spread){offset, vd_fold_row(m.second) / n - offset * offset};
}

/* A row whose mean is large against its deviation is measured again, about its first element: the
 * difference of two large sums knows little of a small variance. (No comparison with a NaN holds.)
 */
INLINE row_stats stats_of_row(const source *src, int64_t dim, double eps, intptr_t ahead,
                              bool centred, bool residual)
{
    float shift = 0;
    spread v = measure_row(src, shift, dim, ahead, centred, residual, false);
    if (centred && !(v.offset * v.offset <= 4 * v.var)) {
        shift = residual ? src->alpha * src->residual[0] + src->x[0] : src->x[0];
        v = measure_row(src, shift, dim, 0, centred, residual, true);
    }
    if (v.var < 0) v.var = 0; /* by rounding; a NaN stays */
    const float mean_hi = (float)((double)shift + v.offset);
    return (row_stats){.mean_hi = mean_hi,
                       .mean_lo = ((double)shift - (double)mean_hi) + v.offset,
                       .rstd = v.var + eps == 0 ? 0 : 1 / sqrt(v.var + eps)};
}

/* (s - mean) * rstd in double, rounded once. */
INLINE vf exact_xhat(const source *src, const row_stats *stats, int64_t j, int n, bool centred,
                     bool residual)
{
    wide s = source_widen(src, j, n, residual);
    const vd rstd = vd_set1(stats->rstd);
    if (centred) {
        const vd hi = vd_set1((double)stats->mean_hi), lo = vd_set1(stats->mean_lo);
        s.lo = vd_sub(vd_sub(s.lo, hi), lo);
        s.hi = vd_sub(vd_sub(s.hi, hi), lo);
    }
    return vf_narrow(vd_mul(s.lo, rstd), vd_mul(s.hi, rstd));
}

/* (s - mean) * rstd in float. What rounding took from rstd, as a share of it, is put back into the
 * difference together with mean_lo: both cost one rounding. */
INLINE vf float_xhat(vf s, const row_stats *stats, bool centred)
{
    const float rstd = (float)stats->rstd;
    if (centred) {
        const vf rest = vf_set1((float)(stats->rstd / (double)rstd - 1));
        s = vf_sub(s, vf_set1(stats->mean_hi));
        s = vf_add(s, vf_sub(vf_mul(s, rest), vf_set1((float)stats->mean_lo)));
    }
    return vf_mul(s, vf_set1(rstd));
}

/* Where the results of a row go, and what xhat is multiplied with and shifted by. Copied out of the
 * job, so that the compiler knows that no store changes them. */
typedef struct target {
    float *y, *sum;
    const float *gamma, *beta;
    float offset;
} target;

/* How a row is normalized. PLAIN: in float, with gamma, no offset, and beta where there is a mean:
 * a loop without a branch; the residual form, which has more to load, gains nothing from it. ANY:
 * in float. EXACT: xhat in double, for rows so large or small that float leaves its range on the
 * way.
 */
typedef enum manner { PLAIN, ANY, EXACT } manner;

INLINE manner manner_of(const target *to, const row_stats *stats, bool centred, bool residual)
{
    if (!(stats->rstd >= RSTD_MIN && stats->rstd <= RSTD_MAX)) return EXACT;
    if (residual) return ANY;
    return to->gamma && to->offset == 0 && centred == (to->beta != NULL) ? PLAIN : ANY;
}

/* One vector of y, and of the sum. */
INLINE void normalize(const target *to, const source *src, const row_stats *stats, int64_t j, int n,
                      bool centred, bool residual, manner how, bool stream)
{
    vf s = source_load(src, j, n, residual);
    vf v = how == EXACT ? exact_xhat(src, stats, j, n, centred, residual)
                        : float_xhat(s, stats, centred);
    if (how == PLAIN || to->gamma)
        v = vf_mul(v, load_gain(to->gamma, how == PLAIN ? 0 : to->offset, j, n));
    if (how == PLAIN ? centred : to->beta != NULL) v = vf_add(v, load_part(to->beta + j, n));
    if (to->sum) store_part(to->sum + j, s, n, stream);
    store_part(to->y + j, v, n, stream);
}

INLINE void normalize_row(const target *to, const source *src, const row_stats *stats, int64_t dim,
                          intptr_t ahead, bool centred, bool residual, manner how, bool stream)
{
    int64_t j = 0;
    for (; j + WEIR_LANES <= dim; j += WEIR_LANES) {
        source_prefetch(src, (dim + j) / 2, ahead, residual);
        for (int k = 0; k < VF_ROW; k++)
            normalize(to, src, stats, j + k * VF_LANES, VF_LANES, centred, residual, how, stream);
    }
    for (; j < dim; j += VF_LANES)
        normalize(to, src, stats, j, part_of(dim - j), centred, residual, how, stream);
}

INLINE source source_row(const weir_fwd_job *job, int64_t row, bool residual)
{
    return (source){job->x + row * job->ldx, residual ? job->residual + row * job->ldr : NULL,
                    job->alpha};
}

INLINE row_stats stats_at(const weir_fwd_job *job, int64_t row, bool centred, bool residual)
{
    const source src = source_row(job, row, residual);
    return stats_of_row(&src, job->dim, job->eps, job->ahead, centred, residual);
}

INLINE void finish_row(const weir_fwd_job *job, int64_t row, const row_stats *found, bool centred,
                       bool residual, bool stream)
{
    const int64_t dim = job->dim;
    const row_stats stats = *found; /* so that the compiler knows that no store changes it */
    const source src = source_row(job, row, residual);
    const target to = {job->y + row * job->ldy,
                       residual && job->sum ? job->sum + row * job->lds : NULL, job->gamma,
                       job->beta, job->gamma_offset};
    switch (manner_of(&to, &stats, centred, residual)) {
    case PLAIN:
        normalize_row(&to, &src, &stats, dim, job->ahead, centred, residual, PLAIN, stream);
        break;
    case ANY:
        normalize_row(&to, &src, &stats, dim, job->ahead, centred, residual, ANY, stream);
        break;
    case EXACT:
        normalize_row(&to, &src, &stats, dim, job->ahead, centred, residual, EXACT, stream);
        break;
    }
    if (job->mean) job->mean[row] = stats.mean_hi;
    if (job->mean_lo) job->mean_lo[row] = (float)stats.mean_lo;
    if (job->rstd) job->rstd[row] = (float)stats.rstd;
}

/* A narrow row is measured before the one above it is finished: then nothing waits for the
 * divisions and the root at the end of its sums. Of a wide row the second pass should not wait: it
 * would find the row gone from the first-level cache. */
INLINE void forward_some(const weir_fwd_job *job, int64_t first, int64_t end, bool centred,
                         bool residual, bool stream)
{
    const int64_t lag = job->dim <= NARROW ? 1 : 0;
    row_stats stats[2];
    for (int64_t i = first; i < end + lag; i++) {
        if (i < end) stats[i & lag] = stats_at(job, i, centred, residual);
        if (i - lag >= first)
            finish_row(job, i - lag, &stats[(i - lag) & lag], centred, residual, stream);
    }
}

INLINE void forward_rows(const weir_fwd_job *job, int64_t first, int64_t end, bool centred)
{
    if (job->residual && job->stream)
        forward_some(job, first, end, centred, true, true);
    else if (job->residual)
        forward_some(job, first, end, centred, true, false);
    else if (job->stream)
        forward_some(job, first, end, centred, false, true);
    else
        forward_some(job, first, end, centred, false, false);
    if (job->stream) vf_stream_end();
}

#endif
