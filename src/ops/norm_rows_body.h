/* norm_rows_body.h - forward, one row at a time and of any types: the rare rows of
 * norm_forward_body.h, the mixed types, the other habits of rounding, and quantized outputs. In the
 * words of simd/; included once by each kernel file. */
#ifndef WEIR_OPS_NORM_ROWS_BODY_H
#define WEIR_OPS_NORM_ROWS_BODY_H

#include "ops/norm_stats.h"

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
            measure_group(&m, src, i, centred, src->residual != NULL);
        measure_tail(&m, src, i, end, centred, src->residual != NULL);
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

INLINE void save_stats(const weir_fwd_job *job, int64_t row, const row_stats *stats)
{
    const int64_t i = row * job->ld_stats;
    if (job->mean) job->mean[i] = stats->mean_hi;
    if (job->mean_lo) job->mean_lo[i] = (float)stats->mean_lo;
    if (job->rstd) job->rstd[i] = (float)stats->rstd;
}

/* y of some columns, from s. */
INLINE vf y_of(const weir_fwd_job *job, const row_stats *stats, const row_scale *by, vf s,
               int64_t j, int n, bool centred)
{
    vf y = is_exact_row(stats) ? exact_xhat(s, stats, centred) : float_xhat(s, by, centred);
    if (job->rounding & WEIR_ROUND_XHAT) y = round_to(job->x_type, y);
    if (job->gamma)
        y = vf_mul(
            y, gain_of(job->gamma, job->gamma_type, job->gamma_offset, j, n, job->scalar_gamma));
    if (job->beta) y = vf_add(y, load_vector(job->beta_type, job->beta, j, n, job->scalar_gamma));
    return y;
}

/* The scale of a quantized row: its largest element over the largest code, NaN where that is none.
 */
INLINE float quantum(const weir_fwd_job *job, const source *src, const row_stats *stats,
                     const row_scale *by, bool centred)
{
    vf most = vf_zero();
    for (int64_t j = 0; j < job->dim; j += VF_LANES) {
        const int n = part_of(job->dim - j);
        const vf y =
            y_of(job, stats, by, source_load(src, j, n, src->residual != NULL), j, n, centred);
        most = vf_max_abs(most, n < VF_LANES ? vf_select(vf_first(n), y, vf_zero()) : y);
    }
    float lanes[VF_LANES], max = 0;
    vf_store(lanes, most);
    for (int k = 0; k < VF_LANES; k++) {
        if (!(lanes[k] <= 3.40282347e38F)) return NAN;
        if (lanes[k] > max) max = lanes[k];
    }
    float scale = max / (job->y_type == WEIR_I8 ? 127.0F : 448.0F);
    if (scale < job->scale_min) scale = job->scale_min;
    return job->scale_max > 0 && scale > job->scale_max ? job->scale_max : scale;
}

INLINE void store_code(weir_dtype type, void *row, int64_t j, vf code, int n)
{
    uint8_t bytes[VF_LANES];
    if (type == WEIR_I8)
        vf_store_i8((int8_t *)bytes, vf_round(code));
    else
        vf_store_e4m3(bytes, code);
    for (int k = 0; k < n; k++) ((uint8_t *)row)[j + k] = bytes[k];
}

/* Writes a row. */
RARE void write_row(const weir_fwd_job *job, int64_t row, const row_stats *stats, bool centred)
{
    const source src = source_row(job, row);
    const row_scale by = scale_of(stats);
    void *y = at_out(job->y, job->y_type, row * job->ldy);
    void *sum = at_out(job->sum, job->sum_type, row * job->lds);
    const bool codes = job->y_scale != NULL;
    const float limit = job->y_type == WEIR_I8 ? 127 : 448;
    const float scale = codes ? quantum(job, &src, stats, &by, centred) : 1;
    if (codes) job->y_scale[row * job->ld_stats] = scale;
    for (int64_t j = 0; j < job->dim; j += VF_LANES) {
        const int n = part_of(job->dim - j);
        const vf s = source_load(&src, j, n, src.residual != NULL);
        vf v = y_of(job, stats, &by, s, j, n, centred);
        if (sum) store_as(job->sum_type, sum, j, s, n, job->stream);
        if (!codes) {
            store_as(job->y_type, y, j, v, n, job->stream);
            continue;
        }
        v = isnan(scale) ? vf_zero() : vf_mul(v, vf_set1(1 / scale));
        v = vf_max(vf_set1(-limit), vf_min(vf_set1(limit), v));
        store_code(job->y_type, y, j, v, n);
    }
    save_stats(job, row, stats);
}

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
