/* norm_back_group_body.h - the first pass of backward: a group of rows, the sums of g and g * xhat over
 * each, and the means that these are. In the words of simd/; included once by each kernel file.
 */
#ifndef WEIR_OPS_NORM_BACK_GROUP_BODY_H
#define WEIR_OPS_NORM_BACK_GROUP_BODY_H

#include "ops/back_operand.h"
#include "ops/norm_stats.h"

enum {
    CHUNK = 8 * WEIR_LANES
}; /* columns that a lane sums in float before it adds to its double */

/* What the compiler is told of a job. */
typedef struct back_kind {
    weir_dtype type;
    bool centred;
    bool plain; /* dx and all sums over columns are wanted; there is no dsum, no dresidual */
} back_kind;

/* A group of rows: their statistics; the sums over them, halved to a vector each; and what the second pass
 * takes off g, and off it in proportion to xhat: the means, with the sign that makes it an addition. */
typedef struct back_group {
    int64_t first;
    int rows;
    float mean_hi[WEIR_ROW_GROUP], rstd[WEIR_ROW_GROUP], offset[WEIR_ROW_GROUP];
    float less_g[WEIR_ROW_GROUP], less_gx[WEIR_ROW_GROUP];
    vd g[WEIR_ROW_GROUP], gx[WEIR_ROW_GROUP];
} back_group;

INLINE row_scale back_scale(const back_group *g, int r)
{
    return (row_scale){g->mean_hi[r], g->rstd[r], g->offset[r]};
}

/* The statistics of row r, as forward saved them. */
INLINE void take_stats(const weir_bwd_job *job, back_group *g, int r, bool centred)
{
    const int64_t i = (g->first + r) * job->ld_stats;
    row_stats stats = {0, 0, (double)job->rstd[i]};
    if (centred) stats.mean_hi = job->mean[i], stats.mean_lo = (double)job->mean_lo[i];
    const row_scale by = scale_of(&stats);
    g->mean_hi[r] = by.mean_hi;
    g->rstd[r] = by.rstd;
    g->offset[r] = by.offset;
}

INLINE const float *back_gains(const weir_bwd_job *job, float *room, int64_t j, int64_t end)
{
    return gains(room, job->gamma, job->gamma_type, job->gamma_offset, j, end - j,
                 job->scalar_gamma);
}

/* Lane sums of g and g * xhat: in float within a chunk of columns, in double over chunks. */
typedef struct back_sums {
    vd g[VD_ROW], gx[VD_ROW];
} back_sums;

typedef struct back_chunk {
    vf g[VF_ROW], gx[VF_ROW];
} back_chunk;

/* A row of one type, from some column on. */
typedef struct back_source {
    const void *dy, *x;
    row_scale by;
} back_source;

/* Vector k of a row of lanes. In lanes that are absent g is +0, and xhat is made 0. */
INLINE void add_back(back_chunk *c, const back_source *row, const float *gain, weir_dtype type,
                     int64_t i, int k, int n, bool centred)
{
    const vf g = vf_mul(load_of(type, row->dy, i, n), load_of(WEIR_F32, gain, i, n));
    vf xhat = float_xhat(load_of(type, row->x, i, n), &row->by, centred);
    if (n < VF_LANES) xhat = vf_select(vf_first(n), xhat, vf_zero());
    if (centred) c->g[k] = vf_add(c->g[k], g);
    c->gx[k] = vf_mul_add(g, xhat, c->gx[k]);
}

INLINE void flush(const vf part[VF_ROW], vd all[VD_ROW])
{
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) {
        all[2 * k] = vd_add(all[2 * k], vf_lo(part[k]));
        all[2 * k + 1] = vd_add(all[2 * k + 1], vf_hi(part[k]));
    }
}

/* The first `columns` of a row, at most CHUNK. */
INLINE void sum_chunk(back_sums *sums, const back_source *row, const float *gain, weir_dtype type,
                      int64_t columns, bool centred)
{
    back_chunk c;
    int64_t i = 0;
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) c.g[k] = c.gx[k] = vf_zero();
    for (; i + WEIR_LANES <= columns; i += WEIR_LANES) {
        UNROLLED
        for (int k = 0; k < VF_ROW; k++)
            add_back(&c, row, gain, type, i + k * VF_LANES, k, VF_LANES, centred);
    }
    if (i < columns) {
        back_chunk rest = c; /* indexed at run time: in memory */
        for (int k = 0; i < columns; i += VF_LANES, k++)
            add_back(&rest, row, gain, type, i, k, part_of(columns - i), centred);
        c = rest;
    }
    if (centred) flush(c.g, sums->g);
    flush(c.gx, sums->gx);
}

/* The sums of row r of a group, chunk by chunk; what is read is fetched ahead. */
INLINE void sum_row(const weir_bwd_job *job, back_group *g, int r, const float *whole,
                    cursor *ahead, back_kind k)
{
    const back_types t = types_of(job, k.type);
    const weir_dtype type = type_at_work(k.type);
    float room[CHUNK], dy_room[CHUNK], x_room[CHUNK];
    back_sums sums;
    UNROLLED
    for (int i = 0; i < VD_ROW; i++) sums.g[i] = sums.gx[i] = vd_zero();
    for (int64_t j = 0; j < job->dim; j += CHUNK) {
        const int64_t end = job->dim - j < CHUNK ? job->dim : j + CHUNK;
        if (job->fetch) {
            const int64_t stop = piece_end(ahead, job->dim, CHUNK);
            fetch(job->x, t.x, job->ldx, ahead, stop);
            fetch(job->dy, t.dy, job->lddy, ahead, stop);
            if (job->dsum) fetch(job->dsum, t.dsum, job->ldds, ahead, stop);
            advance(ahead, job->dim, CHUNK);
        }
        const float *gain = whole ? whole + j : back_gains(job, room, j, end);
        const back_operands row = back_operands_at(job, g->first + r, j, t);
        back_source in = {row.dy, row.x, back_scale(g, r)};
        if (k.type == MIXED) {
            in.dy = float_piece(t.dy, row.dy, 0, end - j, dy_room);
            in.x = float_piece(t.x, row.x, 0, end - j, x_room);
        }
        sum_chunk(&sums, &in, gain, type, end - j, k.centred);
    }
    if (k.centred) g->g[r] = vd_halve_row(sums.g);
    g->gx[r] = vd_halve_row(sums.gx);
}

/* What is taken off xhat: nothing from a row whose rstd is the clamp's. */
INLINE double gx_share(const weir_bwd_job *job, float rstd, double gx, double count)
{
    if (job->rule == WEIR_RSTD_MEAN) return gx / count;
    return rstd == (float)(1 / job->eps) ? 0 : gx;
}

/* Rows that are given their sums. */
RARE void settle_given(const weir_bwd_job *job, back_group *g)
{
    for (int r = 0; r < g->rows; r++) {
        const weir_back_moments m = job->moments[(g->first + r) * job->ld_stats];
        g->less_g[r] = (float)-(m.g / m.count);
        g->less_gx[r] = (float)-gx_share(job, g->rstd[r], m.gx, m.count);
    }
}

/* The means of the rows, side by side. */
INLINE void settle_back(const weir_bwd_job *job, back_group *g, back_kind k)
{
    const double n = (double)job->measured;
    double sum_g[WEIR_ROW_GROUP] = {0}, sum_gx[WEIR_ROW_GROUP];
    if (job->moments) {
        settle_given(job, g);
        return;
    }
    vd_fold_four(g->gx, sum_gx);
    if (k.centred) vd_fold_four(g->g, sum_g);
    for (int r = 0; r < g->rows && job->found; r++)
        job->found[(g->first + r) * job->ld_stats] = (weir_back_moments){n, sum_g[r], sum_gx[r]};
    for (int r = 0; r < WEIR_ROW_GROUP; r++) sum_g[r] /= n;
    if (job->rule == WEIR_RSTD_MEAN)
        for (int r = 0; r < WEIR_ROW_GROUP; r++) sum_gx[r] /= n;
    else
        for (int r = 0; r < g->rows; r++) sum_gx[r] = gx_share(job, g->rstd[r], sum_gx[r], n);
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->less_g[r] = (float)-sum_g[r];
    for (int r = 0; r < WEIR_ROW_GROUP; r++) g->less_gx[r] = (float)-sum_gx[r];
}

/* Rows first..first+rows-1, with their means where somebody wants them. */
INLINE void sum_group(const weir_bwd_job *job, back_group *g, int64_t first, int rows,
                      const float *whole, cursor *ahead, back_kind k)
{
    const bool sums = job->found || ((job->dx || job->dresidual) && !job->moments);
    g->first = first;
    g->rows = rows;
    UNROLLED
    for (int r = 0; r < WEIR_ROW_GROUP; r++)
        if (r >= rows) g->g[r] = g->gx[r] = vd_zero();
    for (int r = 0; r < rows; r++) {
        take_stats(job, g, r, k.centred);
        if (sums) sum_row(job, g, r, whole, ahead, k);
    }
    if (sums || job->moments) settle_back(job, g, k);
}

#endif
