/* norm_backward_body.h - the backward pass of the norms, in the words of simd/. Included once by
 * each kernel file.
 *
 * As forward, a row is read twice: to sum g and g * xhat, and to find dx; rows go in groups of
 * WEIR_ROW_GROUP, and while one group is finished the sums of the next are taken, a piece at a time.
 * The second pass goes down the columns of the whole group, so that the group's share of dgamma and
 * dbeta stays in registers.
 */
#ifndef WEIR_OPS_NORM_BACKWARD_BODY_H
#define WEIR_OPS_NORM_BACKWARD_BODY_H

#include "ops/norm_stats.h"

enum {
    CHUNK = 8 * WEIR_LANES
}; /* columns that a lane sums in float before it adds to its double */

/* For `type` below: each matrix has its own. */
#define MIXED ((weir_dtype)0)

/* What the compiler is told of a job. */
typedef struct back_kind {
    weir_dtype type;
    bool centred;
} back_kind;

/* One row of the operands. mean(g), mean(g * xhat) are known after the first pass. */
typedef struct back_row {
    const void *dy, *x, *dsum;
    void *dx, *dresidual;
    float mean_hi, mean_lo, rstd;
    float mean_g, mean_gx;
} back_row;

/* The types of the operands. */
typedef struct back_types {
    weir_dtype dy, x, dsum, dx, dresidual;
} back_types;

INLINE back_types types_of(const weir_bwd_job *job, weir_dtype type)
{
    if (type != MIXED) return (back_types){type, type, type, type, type};
    return (back_types){job->dy_type, job->x_type, job->dsum_type, job->dx_type,
                        job->dresidual_type};
}

INLINE back_row back_row_at(const weir_bwd_job *job, int64_t i, back_kind k)
{
    const back_types t = types_of(job, k.type);
    const int64_t stats = i * job->ld_stats;
    return (back_row){.dy = at(job->dy, t.dy, i * job->lddy),
                      .x = at(job->x, t.x, i * job->ldx),
                      .dsum = at(job->dsum, t.dsum, i * job->ldds),
                      .dx = at_out(job->dx, t.dx, i * job->lddx),
                      .dresidual = at_out(job->dresidual, t.dresidual, i * job->lddr),
                      .mean_hi = k.centred ? job->mean[stats] : 0,
                      .mean_lo = k.centred ? job->mean_lo[stats] : 0,
                      .rstd = job->rstd[stats]};
}

INLINE vf load_xhat(const back_row *row, weir_dtype type, int64_t j, int n, bool centred)
{
    vf x = load_as(type, row->x, j, n);
    if (centred) x = vf_sub(vf_sub(x, vf_set1(row->mean_hi)), vf_set1(row->mean_lo));
    return vf_mul(x, vf_set1(row->rstd));
}

/* Lane sums of g and g * xhat: in float within a chunk of columns, in double over chunks. */
typedef struct back_sums {
    vd g[VD_ROW], gx[VD_ROW];
} back_sums;

INLINE void clear_sums(back_sums *sums)
{
    UNROLLED
    for (int k = 0; k < VD_ROW; k++) sums->g[k] = sums->gx[k] = vd_zero();
}

typedef struct back_chunk {
    vf g[VF_ROW], gx[VF_ROW];
} back_chunk;

/* In lanes that are absent g is +0, and xhat is whatever the statistics make of 0. */
INLINE void add_back(back_chunk *c, const back_row *row, const float *gain, back_types t, int64_t j,
                     int64_t i, int k, int n, bool centred)
{
    vf g = vf_mul(load_as(t.dy, row->dy, j, n), load_as(WEIR_F32, gain, i, n));
    vf gx = vf_mul(g, load_xhat(row, t.x, j, n, centred));
    if (n < VF_LANES) gx = vf_select(vf_first(n), gx, vf_zero());
    if (centred) c->g[k] = vf_add(c->g[k], g);
    c->gx[k] = vf_add(c->gx[k], gx);
}

INLINE void flush(const vf part[VF_ROW], vd all[VD_ROW])
{
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) {
        all[2 * k] = vd_add(all[2 * k], vf_lo(part[k]));
        all[2 * k + 1] = vd_add(all[2 * k + 1], vf_hi(part[k]));
    }
}

/* Columns j..end-1 of a row, j a multiple of CHUNK; `gain` begins at column j. */
INLINE void sum_columns(back_sums *sums, const back_row *row, const float *gain, back_types t,
                        int64_t j, int64_t end, bool centred)
{
    const int64_t start = j;
    while (j < end) {
        const int64_t stop = end - j < CHUNK ? end : j + CHUNK;
        back_chunk c;
        UNROLLED
        for (int k = 0; k < VF_ROW; k++) c.g[k] = c.gx[k] = vf_zero();
        for (; j + WEIR_LANES <= stop; j += WEIR_LANES) UNROLLED
        for (int k = 0; k < VF_ROW; k++)
            add_back(&c, row, gain, t, j + k * VF_LANES, j + k * VF_LANES - start, k, VF_LANES,
                     centred);
        for (int k = 0; j < stop; j += VF_LANES, k++)
            add_back(&c, row, gain, t, j, j - start, k, part_of(stop - j), centred);
        if (centred) flush(c.g, sums->g);
        flush(c.gx, sums->gx);
    }
}

/* What is taken off xhat: nothing from a row whose rstd is the clamp's. */
INLINE double gx_share(const weir_bwd_job *job, float rstd, double gx, double count)
{
    if (job->rule == WEIR_RSTD_MEAN) return gx / count;
    return rstd == (float)(1 / job->eps) ? 0 : gx;
}

INLINE void find_means(const weir_bwd_job *job, back_row *row, double g, double gx, double width,
                       double count)
{
    row->mean_g = (float)(g / width);
    row->mean_gx = (float)gx_share(job, row->rstd, gx, count);
}

/* A group of rows whose sums are known. */
typedef struct back_group {
    int64_t first;
    int rows;
    back_row row[WEIR_ROW_GROUP];
} back_group;

/* dx of one vector of one row, whose gain and sums begin at `i`; adds what it gives to the column
 * sums. */
INLINE void back_vector(const weir_bwd_job *job, const back_row *row, vf gain, back_types t,
                        int64_t j, int n, vf *dgamma, vf *dbeta, back_kind k)
{
    vf dy = load_as(t.dy, row->dy, j, n), xhat = load_xhat(row, t.x, j, n, k.centred);
    *dgamma = vf_add(*dgamma, vf_mul(dy, xhat));
    *dbeta = vf_add(*dbeta, dy);
    if (!row->dx && !row->dresidual) return;
    vf g = vf_mul(dy, gain), share = vf_mul(xhat, vf_set1(row->mean_gx));
    if (k.centred) g = vf_sub(g, vf_set1(row->mean_g));
    if (j + n > job->measured) { /* columns that had no part in rstd */
        const int64_t inside = job->measured > j ? job->measured - j : 0;
        share = vf_select(vf_first((int)inside), share, vf_zero());
    }
    vf dx = vf_mul(vf_set1(row->rstd), vf_sub(g, share));
    if (row->dsum) dx = vf_add(dx, load_as(t.dsum, row->dsum, j, n));
    if (row->dx) store_as(t.dx, row->dx, j, dx, n, job->stream);
    if (row->dresidual)
        store_as(t.dresidual, row->dresidual, j, vf_mul(vf_set1(job->alpha), dx), n, job->stream);
}

INLINE void add_to(float *sums, int64_t j, vf a, int n)
{
    if (sums) store_as(WEIR_F32, sums, j, vf_add(load_as(WEIR_F32, sums, j, n), a), n, false);
}

INLINE void back_column(const weir_bwd_job *job, const back_group *g, const float *gain,
                        back_types t, int64_t j, int64_t i, int n, int rows,
                        float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    vf dgamma = vf_zero(), dbeta = vf_zero();
    const vf gains = load_as(WEIR_F32, gain, i, n);
    UNROLLED
    for (int r = 0; r < rows; r++) back_vector(job, &g->row[r], gains, t, j, n, &dgamma, &dbeta, k);
    add_to(sums[WEIR_SUM_GAMMA], j, dgamma, n);
    add_to(sums[WEIR_SUM_BETA], j, dbeta, n);
}

INLINE void finish_columns(const weir_bwd_job *job, const back_group *g, const float *gain,
                           int64_t j, int64_t end, float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    const back_types t = types_of(job, k.type);
    const int64_t start = j;
    if (g->rows == WEIR_ROW_GROUP) {
        const back_group full = *g; /* so that the compiler knows that no store changes it */
        for (; j + VF_LANES <= end; j += VF_LANES)
            back_column(job, &full, gain, t, j, j - start, VF_LANES, WEIR_ROW_GROUP, sums, k);
    }
    for (; j < end; j += VF_LANES)
        back_column(job, g, gain, t, j, j - start, part_of(end - j), g->rows, sums, k);
}

/* Takes the sums of the next piece in the order of memory; false when the group has none left. */
INLINE bool sum_piece(const weir_bwd_job *job, const back_group *next, back_sums *sums,
                      cursor *read, cursor *fetched, float *room, int64_t piece, back_kind k)
{
    if (read->row >= next->first + next->rows) return false;
    const back_types t = types_of(job, k.type);
    if (job->fetch) {
        const int64_t end = piece_end(fetched, job->dim, piece);
        fetch(job->x, t.x, job->ldx, fetched, end);
        fetch(job->dy, t.dy, job->lddy, fetched, end);
        advance(fetched, job->dim, piece);
    }
    const int r = (int)(read->row - next->first);
    const int64_t end = piece_end(read, job->dim, piece);
    const float *gain = gains(room, job->gamma, job->gamma_type, job->gamma_offset, read->col,
                              end - read->col, job->scalar_gamma);
    sum_columns(&sums[r], &next->row[r], gain, t, read->col, end, k.centred);
    advance(read, job->dim, piece);
    return true;
}

INLINE void conclude_back(const weir_bwd_job *job, back_group *next, const back_sums *sums,
                          bool centred)
{
    for (int r = 0; r < next->rows; r++) {
        const int64_t i = (next->first + r) * job->ld_stats;
        const weir_back_moments *m = job->moments ? job->moments + i : NULL;
        const double width = m ? m->count : (double)job->dim;
        const double count = m ? m->count : (double)job->measured;
        const double g = m ? m->g : centred ? vd_fold_row(sums[r].g) : 0;
        const double gx = m ? m->gx : vd_fold_row(sums[r].gx);
        if (job->found)
            job->found[i] = (weir_back_moments){count, g, gx};
        else
            find_means(job, &next->row[r], g, gx, width, count);
    }
}

INLINE void finish_and_sum(const weir_bwd_job *job, const back_group *done, back_group *next,
                           cursor *read, cursor *fetched,
                           float *const column_sums[WEIR_COLUMN_SUMS], back_kind k)
{
    const int64_t dim = job->dim, piece = piece_of(dim, job->fetch);
    const bool summed = (job->dx || job->dresidual || job->found) && !job->moments;
    float room[PIECE];
    back_sums sums[WEIR_ROW_GROUP];
    UNROLLED
    for (int r = 0; r < WEIR_ROW_GROUP; r++) clear_sums(&sums[r]);
    for (int r = 0; r < next->rows; r++) next->row[r] = back_row_at(job, next->first + r, k);
    for (int64_t j = 0; j < dim; j += piece) {
        const int64_t end = dim - j < piece ? dim : j + piece;
        for (int r = 0; summed && r < WEIR_ROW_GROUP; r++)
            if (!sum_piece(job, next, sums, read, fetched, room, piece, k)) break;
        if (!done->rows) continue;
        const float *gain = gains(room, job->gamma, job->gamma_type, job->gamma_offset, j, end - j,
                                  job->scalar_gamma);
        finish_columns(job, done, gain, j, end, column_sums, k);
    }
    conclude_back(job, next, sums, k.centred);
}

INLINE void backward_of_kind(const weir_bwd_job *job, int64_t first, int64_t end,
                             float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    back_group done = {.rows = 0}, next;
    cursor read = {first, 0};
    cursor fetched =
        fetch_from(first, job->dim, piece_of(job->dim, job->fetch), size_of(job->x_type));
    for (int64_t i = first; i < end || done.rows; i += WEIR_ROW_GROUP) {
        const int64_t left = end > i ? end - i : 0;
        next.first = end - left;
        next.rows = left < WEIR_ROW_GROUP ? (int)left : WEIR_ROW_GROUP;
        finish_and_sum(job, &done, &next, &read, &fetched, sums, k);
        done = next;
        if (job->found) done.rows = 0;
    }
    if (job->stream) vf_stream_end();
}

RARE void backward_mixed(const weir_bwd_job *job, int64_t first, int64_t end,
                         float *const sums[WEIR_COLUMN_SUMS], bool centred)
{
    backward_of_kind(job, first, end, sums, (back_kind){MIXED, centred});
}

INLINE void backward_of_type(const weir_bwd_job *job, int64_t first, int64_t end,
                             float *const sums[WEIR_COLUMN_SUMS], weir_dtype type, bool centred)
{
    if (type == MIXED || (type != WEIR_F32 && !VF_HALVES))
        backward_mixed(job, first, end, sums, centred);
    else
        backward_of_kind(job, first, end, sums, (back_kind){type, centred});
}

#endif
