/* row_write_body.h - writes a row of any types, rounded by any habit, or quantized; in the words of
 * simd/. Included once by each kernel file, after a function xhat_piece that says what the operator
 * makes of s. It goes piece by piece, through floats. */
#ifndef WEIR_OPS_ROW_WRITE_BODY_H
#define WEIR_OPS_ROW_WRITE_BODY_H

#include <float.h>
#include <math.h>

#include "ops/row_operand.h"

/* Turns xhat of columns j..j+n-1 into y. (To add an absent beta would change nothing.) */
INLINE void y_piece(const weir_fwd_job *job, int64_t j, int64_t n, float *y)
{
    float room[2][PIECE];
    const bool scalar = job->scalar_gamma, round = job->rounding & WEIR_ROUND_XHAT;
    const float *gain =
        gains(room[0], job->gamma, job->gamma_type, job->gamma_offset, j, n, scalar);
    const float *beta = job->beta ? betas(room[1], job->beta, job->beta_type, j, n, scalar) : NULL;
    for (int64_t i = 0; i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        vf v = load_of(WEIR_F32, y, i, part);
        if (round) v = round_to(job->x_type, v);
        const vf g = load_of(WEIR_F32, gain, i, part);
        v = beta ? vf_mul_add(v, g, load_of(WEIR_F32, beta, i, part)) : vf_mul(v, g);
        store_of(WEIR_F32, y, i, v, part, false);
    }
}

/* The largest magnitude of n elements and of `most`; a NaN is larger than all. */
INLINE vf largest(vf most, const float *y, int64_t n)
{
    for (int64_t i = 0; i < n; i += VF_LANES)
        most = vf_max_abs(most, load_of(WEIR_F32, y, i, part_of(n - i)));
    return most;
}

/* The scale of a quantized row: its largest element over the largest code, NaN where that is none.
 */
INLINE float quantum(const weir_fwd_job *job, vf most)
{
    float lanes[VF_LANES], max = 0;
    vf_store(lanes, most);
    for (int k = 0; k < VF_LANES; k++)
        if (!(lanes[k] <= max) && !isnan(max)) max = lanes[k];
    if (!(max <= FLT_MAX)) return NAN;
    float scale = max / (job->y_type == WEIR_I8 ? 127.0F : 448.0F);
    if (scale < job->scale_min) scale = job->scale_min;
    return job->scale_max > 0 && scale > job->scale_max ? job->scale_max : scale;
}

/* n elements, as codes of `scale`. A row without a scale has the codes 0. */
INLINE void store_codes(weir_dtype type, uint8_t *to, const float *y, int64_t n, float scale)
{
    const vf per_unit = vf_set1(1 / scale), limit = vf_set1(type == WEIR_I8 ? 127 : 448);
    for (int64_t i = 0; i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        vf v = vf_mul(load_of(WEIR_F32, y, i, part), per_unit);
        v = isnan(scale) ? vf_zero() : vf_max(vf_neg(limit), vf_min(limit, v));
        uint8_t few[VF_LANES], *at_once = part < VF_LANES ? few : to + i;
        if (type == WEIR_I8)
            vf_store_i8((int8_t *)at_once, vf_round(v));
        else
            vf_store_e4m3(at_once, v);
        for (int k = 0; at_once == few && k < part; k++) to[i + k] = few[k];
    }
}

/* y of columns j..j+n-1 of a row, into `y`; the sum is written on the way, if `sum` is given. */
INLINE void row_piece(const weir_fwd_job *job, const source *src, const row_stats *stats, void *sum,
                      int64_t j, int64_t n, float *y, bool centred)
{
    float room[PIECE];
    const float *s = source_piece(src, j, n, room);
    xhat_piece(job, stats, s, n, y, centred);
    y_piece(job, j, n, y);
    if (sum) narrow_piece(job->sum_type, sum, j, n, s, job->stream);
}

INLINE void write_codes(const weir_fwd_job *job, int64_t row, const source *src,
                        const row_stats *stats, void *sum, bool centred)
{
    float y[PIECE];
    const bool whole = job->dim <= PIECE; /* y is had once */
    vf most = vf_zero();
    uint8_t *to = at_out(job->y, job->y_type, row * job->ldy);
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        const int64_t n = job->dim - j < PIECE ? job->dim - j : PIECE;
        row_piece(job, src, stats, whole ? sum : NULL, j, n, y, centred);
        most = largest(most, y, n);
    }
    const float scale = quantum(job, most);
    job->y_scale[row * job->ld_stats] = scale;
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        const int64_t n = job->dim - j < PIECE ? job->dim - j : PIECE;
        if (!whole) row_piece(job, src, stats, sum, j, n, y, centred);
        store_codes(job->y_type, to + j, y, n, scale);
    }
}

/* Writes a row. */
RARE void write_row(const weir_fwd_job *job, int64_t row, const row_stats *stats, bool centred)
{
    const source src = source_row(job, row);
    void *y = at_out(job->y, job->y_type, row * job->ldy);
    void *sum = at_out(job->sum, job->sum_type, row * job->lds);
    if (job->y_scale) {
        write_codes(job, row, &src, stats, sum, centred);
        return;
    }
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        float v[PIECE];
        const int64_t n = job->dim - j < PIECE ? job->dim - j : PIECE;
        row_piece(job, &src, stats, sum, j, n, v, centred);
        narrow_piece(job->y_type, y, j, n, v, job->stream);
    }
}

#endif
