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

/* Fetches what columns c->col..end-1 of a row are made of. */
INLINE void fetch_source(const weir_fwd_job *job, const cursor *c, int64_t end)
{
    fetch(job->x, job->x_type, job->ldx, c, end);
    if (job->residual) fetch(job->residual, job->residual_type, job->ldr, c, end);
}

/* n floats as columns j..j+n-1 of a row: one loop for each type. */
INLINE void narrow_all(weir_dtype type, void *row, int64_t j, int64_t n, const float *from,
                       bool stream)
{
    int64_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES)
        store_of(type, row, j + i, vf_load(from + i), VF_LANES, stream);
    if (i < n) store_of(type, row, j + i, vf_load_n(from + i, (int)(n - i)), (int)(n - i), false);
}
RARE void narrow_piece(weir_dtype type, void *row, int64_t j, int64_t n, const float *from,
                       bool stream)
{
    switch (type) {
    case WEIR_BF16: narrow_all(WEIR_BF16, row, j, n, from, stream); break;
    case WEIR_F16: narrow_all(WEIR_F16, row, j, n, from, stream); break;
    default: narrow_all(WEIR_F32, row, j, n, from, stream); break;
    }
}

/* The same as floats: where they lie, or in `room`. */
INLINE const float *float_piece(weir_dtype type, const void *row, int64_t j, int64_t n, float *room)
{
    if (type == WEIR_F32) return (const float *)row + j;
    widen_piece(type, row, j, n, room);
    return room;
}

/* And of s. */
RARE const float *source_piece(const source *src, int64_t j, int64_t n, float *room)
{
    const float *x = float_piece(src->x_type, src->x, j, n, room);
    if (!src->residual) return x;
    float r_room[PIECE];
    const float *r = float_piece(src->residual_type, src->residual, j, n, r_room);
    int64_t i = 0;
    for (; i + VF_LANES <= n; i += VF_LANES)
        vf_store(room + i, sum_of(src, vf_load(x + i), vf_load(r + i)));
    if (i < n) {
        const int part = (int)(n - i);
        vf_store_n(room + i, sum_of(src, vf_load_n(x + i, part), vf_load_n(r + i, part)), part);
    }
    for (i = 0; src->rounded != WEIR_F32 && i < n; i += VF_LANES) {
        const int part = part_of(n - i);
        vf_store_n(room + i, round_to(src->rounded, vf_load_n(room + i, part)), part);
    }
    return room;
}

/* What columns j..j+n-1 are multiplied with and shifted by. */
INLINE affine affine_of(const weir_fwd_job *job, float room[2][PIECE], int64_t j, int64_t n,
                        bool has_beta)
{
    const bool scalar = job->scalar_gamma;
    return (affine){gains(room[0], job->gamma, job->gamma_type, job->gamma_offset, j, n, scalar),
                    has_beta ? betas(room[1], job->beta, job->beta_type, j, n, scalar) : NULL};
}

INLINE void save_stats(const weir_fwd_job *job, int64_t row, const row_stats *stats)
{
    const int64_t i = row * job->ld_stats;
    if (job->mean) job->mean[i] = stats->mean_hi;
    if (job->mean_lo) job->mean_lo[i] = (float)stats->mean_lo;
    if (job->rstd) job->rstd[i] = (float)stats->rstd;
}

#endif
