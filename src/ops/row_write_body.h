/* row_write_body.h - writes a row of any types, rounded by any habit, or quantized; in the words of
 * simd/. Included once by each kernel file, after what the operator makes of s: a type xhat_rule, a
 * function rule_of that knows it for a row, and xhat_each, which takes up to SIDE_BY_SIDE vectors of s
 * to their xhat.
 *
 * It goes piece by piece, through floats: each loop does one thing to a piece that is in the first-level
 * cache, so that types do not multiply.
 */
#ifndef WEIR_OPS_ROW_WRITE_BODY_H
#define WEIR_OPS_ROW_WRITE_BODY_H

#include <float.h>
#include <math.h>
#include <string.h>

#include "ops/row_operand.h"

/* A row on its way, and what it shares with the others of its job: s and the affine of rows that are one
 * piece, had once; of wider ones they are NULL. */
typedef struct row_out {
    source src;
    const float *s;
    affine whole;
    void *y, *sum;
} row_out;

/* `count` vectors, of n columns each, from i on: s to y. The larger of `most` and their magnitudes comes
 * back; a NaN is larger than all. */
INLINE vf y_vectors(const weir_fwd_job *job, const xhat_rule *rule, const float *s, const affine *a,
                    int64_t i, int count, int n, float *y, vf most, bool centred)
{
    vf v[SIDE_BY_SIDE];
    UNROLLED
    for (int k = 0; k < count; k++) v[k] = load_of(WEIR_F32, s, i + k * VF_LANES, n);
    xhat_each(rule, count, v, centred);
    if (job->rounding & WEIR_ROUND_XHAT) {
        UNROLLED
        for (int k = 0; k < count; k++) v[k] = round_to(job->x_type, v[k]);
    }
    UNROLLED
    for (int k = 0; k < count; k++) {
        const int64_t at = i + k * VF_LANES;
        v[k] =
            vf_mul_add(v[k], load_of(WEIR_F32, a->gain, at, n), load_of(WEIR_F32, a->beta, at, n));
        store_of(WEIR_F32, y, at, v[k], n, false);
        most = vf_max_abs(most, n < VF_LANES ? vf_select(vf_first(n), v[k], most) : v[k]);
    }
    return most;
}

/* The same of columns j..j+n-1. */
RARE vf y_piece(const weir_fwd_job *job, const row_out *row, const row_stats *stats, const float *s,
                int64_t j, int64_t n, float *y, vf most, bool centred)
{
    enum { STRIDE = SIDE_BY_SIDE * VF_LANES };
    const xhat_rule rule = rule_of(job, stats);
    float room[2][PIECE];
    affine a = row->whole;
    if (!a.gain) a = affine_of(job, room, j, n, true);
    int64_t i = 0;
    for (; i + STRIDE <= n; i += STRIDE)
        most = y_vectors(job, &rule, s, &a, i, SIDE_BY_SIDE, VF_LANES, y, most, centred);
    for (; i < n; i += VF_LANES)
        most = y_vectors(job, &rule, s, &a, i, 1, part_of(n - i), y, most, centred);
    return most;
}

/* The scale of a quantized row: its largest element over the largest code, NaN where that is none. */
INLINE float quantum(const weir_fwd_job *job, vf most)
{
    const float max = vm_any(vf_isnan(most)) ? NAN : vf_fold_max(most);
    if (!(max <= FLT_MAX)) return NAN;
    float scale = max / (job->y_type == WEIR_I8 ? 127.0F : 448.0F);
    if (scale < job->scale_min) scale = job->scale_min;
    return job->scale_max > 0 && scale > job->scale_max ? job->scale_max : scale;
}

/* A vector of codes. */
INLINE void store_code(weir_dtype type, uint8_t *to, vf y, vf per_unit)
{
    const vf limit = vf_set1(type == WEIR_I8 ? 127 : 448);
    const vf v = vf_max(vf_neg(limit), vf_min(limit, vf_mul(y, per_unit)));
    if (type == WEIR_I8)
        vf_store_i8((int8_t *)to, vf_round(v));
    else
        vf_store_e4m3(to, v);
}

/* n elements, as codes of `scale`. A row without a scale has the codes 0. */
INLINE void store_codes_of(weir_dtype type, uint8_t *to, const float *y, int64_t n, float scale)
{
    const vf per_unit = vf_set1(1 / scale);
    int64_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES) store_code(type, to + i, vf_load(y + i), per_unit);
    uint8_t few[VF_LANES];
    if (i < n) store_code(type, few, vf_load_n(y + i, (int)(n - i)), per_unit);
    for (int k = 0; i + k < n; k++) to[i + k] = few[k];
}
RARE void store_codes(weir_dtype type, uint8_t *to, const float *y, int64_t n, float scale)
{
    if (isnan(scale))
        memset(to, 0, (size_t)n);
    else if (type == WEIR_I8)
        store_codes_of(WEIR_I8, to, y, n, scale);
    else
        store_codes_of(WEIR_E4M3, to, y, n, scale);
}

/* Columns j..j+n-1 of s and, if asked for, written as the sum. */
INLINE const float *s_piece(const weir_fwd_job *job, const row_out *row, int64_t j, int64_t n,
                            float *room, bool with_sum)
{
    const float *s = row->s ? row->s + j : source_piece(&row->src, j, n, room);
    if (with_sum && row->sum) narrow_piece(job->sum_type, row->sum, j, n, s, job->stream);
    return s;
}

/* A row of codes has its scale first: y waits for it in a room, if the row is not wider than that, or is
 * had once more. */
enum { WIDE_ROOM = 8192 };

RARE void write_codes(const weir_fwd_job *job, const row_out *row, const row_stats *stats,
                      float *scale, bool centred)
{
    float room[PIECE], y[WIDE_ROOM];
    const bool once = job->dim <= WIDE_ROOM;
    vf most = vf_zero();
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        const int64_t n = job->dim - j < PIECE ? job->dim - j : PIECE;
        const float *s = s_piece(job, row, j, n, room, once);
        most = y_piece(job, row, stats, s, j, n, once ? y + j : y, most, centred);
    }
    *scale = quantum(job, most);
    if (once) {
        store_codes(job->y_type, row->y, y, job->dim, *scale);
        return;
    }
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        const int64_t n = job->dim - j < PIECE ? job->dim - j : PIECE;
        const float *s = s_piece(job, row, j, n, room, true);
        y_piece(job, row, stats, s, j, n, y, vf_zero(), centred);
        store_codes(job->y_type, (uint8_t *)row->y + j, y, n, *scale);
    }
}

RARE void write_elements(const weir_fwd_job *job, const row_out *row, const row_stats *stats,
                         bool centred)
{
    const bool straight = job->y_type == WEIR_F32 && !job->stream;
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        float room[PIECE], y_room[PIECE];
        const int64_t n = job->dim - j < PIECE ? job->dim - j : PIECE;
        const float *s = s_piece(job, row, j, n, room, true);
        float *y = straight ? (float *)row->y + j : y_room;
        y_piece(job, row, stats, s, j, n, y, vf_zero(), centred);
        if (!straight) narrow_piece(job->y_type, row->y, j, n, y, job->stream);
    }
}

/* Writes row i. */
INLINE void write_row(const weir_fwd_job *job, int64_t i, const float *s, affine whole,
                      const row_stats *stats, bool centred)
{
    const row_out row = {source_row(job, i), s, whole, at_out(job->y, job->y_type, i * job->ldy),
                         at_out(job->sum, job->sum_type, i * job->lds)};
    if (job->y_scale)
        write_codes(job, &row, stats, &job->y_scale[i * job->ld_stats], centred);
    else
        write_elements(job, &row, stats, centred);
}

#endif
