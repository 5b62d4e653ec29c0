/* norm_backward_body.h - the backward pass of the norms, in the words of simd/. Included once by
 * each kernel file.
 *
 * Rows go in groups of WEIR_ROW_GROUP. A first pass over each row of a group sums g and g * xhat; a
 * second goes down the columns of the whole group, so that the group's share of dgamma and dbeta
 * stays in registers.
 */
#ifndef WEIR_OPS_NORM_BACKWARD_BODY_H
#define WEIR_OPS_NORM_BACKWARD_BODY_H

#include "ops/norm_words.h"

enum {
    CHUNK = 8 * WEIR_LANES
}; /* columns that a lane sums in float before it adds to its double */

/* One row of the operands. mean(g), mean(g * xhat) are known after the first pass. */
typedef struct back_row {
    const float *dy, *x, *dsum;
    float *dx, *dresidual;
    float mean_hi, mean_lo, rstd;
    float mean_g, mean_gx;
} back_row;

INLINE back_row back_row_at(const weir_bwd_job *job, int64_t i, bool centred)
{
    return (back_row){.dy = job->dy + i * job->lddy,
                      .x = job->x + i * job->ldx,
                      .dsum = job->dsum ? job->dsum + i * job->ldds : NULL,
                      .dx = job->dx ? job->dx + i * job->lddx : NULL,
                      .dresidual = job->dresidual ? job->dresidual + i * job->lddr : NULL,
                      .mean_hi = centred ? job->mean[i] : 0,
                      .mean_lo = centred ? job->mean_lo[i] : 0,
                      .rstd = job->rstd[i]};
}

INLINE vf load_xhat(const back_row *row, int64_t j, int n, bool centred)
{
    vf x = load_part(row->x + j, n);
    if (centred) x = vf_sub(vf_sub(x, vf_set1(row->mean_hi)), vf_set1(row->mean_lo));
    return vf_mul(x, vf_set1(row->rstd));
}

INLINE vf times_gain(const weir_bwd_job *job, vf dy, int64_t j, int n)
{
    return job->gamma ? vf_mul(dy, load_gain(job->gamma, job->gamma_offset, j, n)) : dy;
}

/* Lane sums of g and g * xhat: in float within a chunk of columns, in double over chunks. */
typedef struct back_sums {
    vf g[VF_ROW], gx[VF_ROW];
    vd all_g[VD_ROW], all_gx[VD_ROW];
} back_sums;

/* In lanes that are absent g is +0, and xhat is whatever the statistics make of 0. */
INLINE void add_back(back_sums *sums, const weir_bwd_job *job, const back_row *row, int64_t j,
                     int k, int n, bool centred)
{
    vf g = times_gain(job, load_part(row->dy + j, n), j, n);
    vf gx = vf_mul(g, load_xhat(row, j, n, centred));
    if (n < VF_LANES) gx = vf_select(vf_first(n), gx, vf_zero());
    if (centred) sums->g[k] = vf_add(sums->g[k], g);
    sums->gx[k] = vf_add(sums->gx[k], gx);
}

INLINE void flush(vf part[VF_ROW], vd all[VD_ROW])
{
    for (int k = 0; k < VF_ROW; k++) {
        all[2 * k] = vd_add(all[2 * k], vf_lo(part[k]));
        all[2 * k + 1] = vd_add(all[2 * k + 1], vf_hi(part[k]));
        part[k] = vf_zero();
    }
}

/* Each pass fetches half of the rows ahead, as in forward. */
INLINE void back_prefetch(const back_row *row, int64_t at, intptr_t ahead)
{
    vf_prefetch(row->x + at, ahead);
    vf_prefetch(row->dy + at, ahead);
}

INLINE void sum_back_row(const weir_bwd_job *job, back_row *row, bool centred)
{
    const int64_t dim = job->dim;
    back_sums sums;
    for (int k = 0; k < VF_ROW; k++) sums.g[k] = sums.gx[k] = vf_zero();
    for (int k = 0; k < VD_ROW; k++) sums.all_g[k] = sums.all_gx[k] = vd_zero();
    for (int64_t j = 0; j < dim;) {
        const int64_t end = dim - j < CHUNK ? dim : j + CHUNK;
        for (; j + WEIR_LANES <= end; j += WEIR_LANES) {
            back_prefetch(row, j / 2, job->ahead);
            for (int k = 0; k < VF_ROW; k++)
                add_back(&sums, job, row, j + k * VF_LANES, k, VF_LANES, centred);
        }
        for (int k = 0; j < end; j += VF_LANES, k++)
            add_back(&sums, job, row, j, k, part_of(end - j), centred);
        if (centred) flush(sums.g, sums.all_g);
        flush(sums.gx, sums.all_gx);
    }
    const double n = (double)dim;
    row->mean_g = centred ? (float)(vd_fold_row(sums.all_g) / n) : 0;
    row->mean_gx = (float)(vd_fold_row(sums.all_gx) / n);
}

/* dx of one vector of one row; adds what it gives to the column sums. */
INLINE void back_vector(const weir_bwd_job *job, const back_row *row, int64_t j, int n, vf *dgamma,
                        vf *dbeta, bool centred, bool stream)
{
    vf dy = load_part(row->dy + j, n), xhat = load_xhat(row, j, n, centred);
    *dgamma = vf_add(*dgamma, vf_mul(dy, xhat));
    *dbeta = vf_add(*dbeta, dy);
    if (!row->dx && !row->dresidual) return;
    vf g = times_gain(job, dy, j, n);
    if (centred) g = vf_sub(g, vf_set1(row->mean_g));
    vf dx = vf_mul(vf_set1(row->rstd), vf_sub(g, vf_mul(xhat, vf_set1(row->mean_gx))));
    if (row->dsum) dx = vf_add(dx, load_part(row->dsum + j, n));
    if (row->dx) store_part(row->dx + j, dx, n, stream);
    if (row->dresidual) store_part(row->dresidual + j, vf_mul(vf_set1(job->alpha), dx), n, stream);
}

INLINE void back_column(const weir_bwd_job *job, const back_row *group, int rows, int64_t j, int n,
                        float *dgamma, float *dbeta, bool centred, bool stream)
{
    vf sum_gamma = vf_zero(), sum_beta = vf_zero();
    for (int r = 0; r < rows; r++)
        back_vector(job, &group[r], j, n, &sum_gamma, &sum_beta, centred, stream);
    if (dgamma) store_part(dgamma + j, vf_add(load_part(dgamma + j, n), sum_gamma), n, false);
    if (dbeta) store_part(dbeta + j, vf_add(load_part(dbeta + j, n), sum_beta), n, false);
}

INLINE void backward_group(const weir_bwd_job *job, int64_t first, int rows, float *dgamma,
                           float *dbeta, bool centred, bool stream)
{
    back_row group[WEIR_ROW_GROUP];
    for (int r = 0; r < rows; r++) {
        group[r] = back_row_at(job, first + r, centred);
        if (job->dx || job->dresidual) sum_back_row(job, &group[r], centred);
    }
    const int64_t dim = job->dim;
    int64_t j = 0;
    for (; j + WEIR_LANES <= dim; j += WEIR_LANES) {
        for (int r = 0; r < rows; r++) back_prefetch(&group[r], (dim + j) / 2, job->ahead);
        for (int k = 0; k < VF_ROW; k++)
            back_column(job, group, rows, j + k * VF_LANES, VF_LANES, dgamma, dbeta, centred,
                        stream);
    }
    for (; j < dim; j += VF_LANES)
        back_column(job, group, rows, j, part_of(dim - j), dgamma, dbeta, centred, stream);
}

INLINE void backward_rows(const weir_bwd_job *job, int64_t first, int64_t end, float *dgamma,
                          float *dbeta, bool centred)
{
    for (int64_t i = first; i < end; i += WEIR_ROW_GROUP) {
        if (end - i < WEIR_ROW_GROUP)
            backward_group(job, i, (int)(end - i), dgamma, dbeta, centred, false);
        else if (job->stream)
            backward_group(job, i, WEIR_ROW_GROUP, dgamma, dbeta, centred, true);
        else
            backward_group(job, i, WEIR_ROW_GROUP, dgamma, dbeta, centred, false);
    }
    if (job->stream) vf_stream_end();
}

#endif
