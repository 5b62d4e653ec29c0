/* row_write_body.h - writes a row of any types, rounded by any habit, or quantized; in the words of
 * simd/. Included once by each kernel file, after a function xhat_of that says what the operator
 * makes of s. */
#ifndef WEIR_OPS_ROW_WRITE_BODY_H
#define WEIR_OPS_ROW_WRITE_BODY_H

#include "ops/row_operand.h"

/* y of some columns, from s. */
INLINE vf y_of(const weir_fwd_job *job, const row_stats *stats, const row_scale *by, vf s,
               int64_t j, int n, bool centred)
{
    vf y = xhat_of(job, stats, by, s, centred);
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
        const vf y = y_of(job, stats, by, source_any(src, j, n), j, n, centred);
        most = vf_max_abs(most, n < VF_LANES ? vf_select(vf_first(n), y, vf_zero()) : y);
    }
    float lanes[VF_LANES], max = 0;
    vf_store(lanes, most);
    for (int k = 0; k < VF_LANES; k++)
        if (!(lanes[k] <= max) && !isnan(max)) max = lanes[k];
    if (!(max <= 3.40282347e38F)) return NAN;
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
        const vf s = source_any(&src, j, n);
        vf v = y_of(job, stats, &by, s, j, n, centred);
        if (sum) store_any(job->sum_type, sum, j, s, n, job->stream);
        if (!codes) {
            store_any(job->y_type, y, j, v, n, job->stream);
            continue;
        }
        v = isnan(scale) ? vf_zero() : vf_mul(v, vf_set1(1 / scale));
        v = vf_max(vf_set1(-limit), vf_min(vf_set1(limit), v));
        store_code(job->y_type, y, j, v, n);
    }
    save_stats(job, row, stats);
}

#endif
