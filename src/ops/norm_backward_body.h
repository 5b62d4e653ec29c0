/* norm_backward_body.h - the backward pass of the norms, in the words of simd/. Included once by
 * each kernel file.
 *
 * As forward, a row is read twice: to sum g and g * xhat, and to find dx. Rows go in groups of
 * BACK_GROUP: their sums are taken row by row, in the order of memory, and then a second pass goes
 * down the columns of the whole group, so that the group's share of dgamma and dbeta stays in
 * registers.
 */
#ifndef WEIR_OPS_NORM_BACKWARD_BODY_H
#define WEIR_OPS_NORM_BACKWARD_BODY_H

#include "ops/norm_stats.h"

enum {
    CHUNK = 8 * WEIR_LANES, /* columns that a lane sums in float before it adds to its double */
    BACK_GROUP = 2
};

/* What the compiler is told of a job. */
typedef struct back_kind {
    weir_dtype type;
    bool centred;
    bool plain; /* dx and all sums over columns are wanted; there is no dsum, no dresidual */
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
    weir_dtype known; /* that of all, or MIXED */
    weir_dtype dy, x, dsum, dx, dresidual;
} back_types;

INLINE back_types types_of(const weir_bwd_job *job, weir_dtype type)
{
    if (type != MIXED) return (back_types){type, type, type, type, type, type};
    return (back_types){MIXED,          job->dy_type, job->x_type,
                        job->dsum_type, job->dx_type, job->dresidual_type};
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

INLINE vf load_xhat(const back_row *row, back_types t, int64_t j, int n, bool centred)
{
    vf x = load_as(t.known, t.x, row->x, j, n);
    if (centred) x = vf_sub(vf_sub(x, vf_set1(row->mean_hi)), vf_set1(row->mean_lo));
    return vf_mul(x, vf_set1(row->rstd));
}

INLINE const float *back_gains(const weir_bwd_job *job, float *room, int64_t j, int64_t end)
{
    return gains(room, job->gamma, job->gamma_type, job->gamma_offset, j, end - j,
                 job->scalar_gamma);
}

/* Lane sums of g and g * (s - mean_hi) * rstd: in float within a chunk of columns, in double over chunks.
 */
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

/* g, and g * (s - mean_hi) * rstd; what lacks to g * xhat is put right in the sums. In lanes that are
 * absent g is +0. */
INLINE void add_back(back_chunk *c, const back_row *row, const float *gain, back_types t, int64_t j,
                     int64_t i, int k, int n, bool centred)
{
    vf g = vf_mul(load_as(t.known, t.dy, row->dy, j, n), load_of(WEIR_F32, gain, i, n));
    vf d = load_as(t.known, t.x, row->x, j, n);
    if (centred) {
        d = vf_sub(d, vf_set1(row->mean_hi));
        c->g[k] = vf_add(c->g[k], g);
    }
    vf gx = vf_mul(g, vf_mul(d, vf_set1(row->rstd)));
    if (n < VF_LANES) gx = vf_select(vf_first(n), gx, vf_zero());
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

/* Columns j..end-1 of a row, at most CHUNK of them; `gain` begins at column j. */
INLINE void sum_chunk(back_sums *sums, const back_row *row, const float *gain, back_types t,
                      int64_t j, int64_t end, bool centred)
{
    back_chunk c;
    int64_t i = 0;
    UNROLLED
    for (int k = 0; k < VF_ROW; k++) c.g[k] = c.gx[k] = vf_zero();
    for (; j + i + WEIR_LANES <= end; i += WEIR_LANES) {
        UNROLLED
        for (int k = 0; k < VF_ROW; k++)
            add_back(&c, row, gain, t, j + i + k * VF_LANES, i + k * VF_LANES, k, VF_LANES,
                     centred);
    }
    back_chunk rest = c; /* indexed at run time: in memory */
    for (int k = 0; j + i < end; i += VF_LANES, k++)
        add_back(&rest, row, gain, t, j + i, i, k, part_of(end - j - i), centred);
    if (centred) flush(rest.g, sums->g);
    flush(rest.gx, sums->gx);
}

/* What is taken off xhat: nothing from a row whose rstd is the clamp's. */
INLINE double gx_share(const weir_bwd_job *job, float rstd, double gx, double count)
{
    if (job->rule == WEIR_RSTD_MEAN) return gx / count;
    return rstd == (float)(1 / job->eps) ? 0 : gx;
}

INLINE void find_means(const weir_bwd_job *job, back_row *row, const weir_back_moments *m)
{
    row->mean_g = (float)(m->g / m->count);
    row->mean_gx = (float)gx_share(job, row->rstd, m->gx, m->count);
}

/* A group of rows whose sums are known. */
typedef struct back_group {
    back_row row[BACK_GROUP];
} back_group;

/* dx of one vector of one row, whose gain and sums begin at `i`; adds what it gives to the column
 * sums. */
INLINE void back_vector(const weir_bwd_job *job, const back_row *row, vf gain, back_types t,
                        int64_t j, int n, vf *dgamma, vf *dbeta, back_kind k)
{
    vf dy = load_as(t.known, t.dy, row->dy, j, n), xhat = load_xhat(row, t, j, n, k.centred);
    *dgamma = vf_add(*dgamma, vf_mul(dy, xhat));
    *dbeta = vf_add(*dbeta, dy);
    if (!k.plain && !row->dx && !row->dresidual) return;
    vf g = vf_mul(dy, gain), share = vf_mul(xhat, vf_set1(row->mean_gx));
    if (k.centred) g = vf_sub(g, vf_set1(row->mean_g));
    if (j + n > job->measured) { /* columns that had no part in rstd */
        const int64_t inside = job->measured > j ? job->measured - j : 0;
        share = vf_select(vf_first((int)inside), share, vf_zero());
    }
    vf dx = vf_mul(vf_set1(row->rstd), vf_sub(g, share));
    if (!k.plain && row->dsum) dx = vf_add(dx, load_as(t.known, t.dsum, row->dsum, j, n));
    if (k.plain || row->dx) store_as(t.known, t.dx, row->dx, j, dx, n, job->stream);
    if (!k.plain && row->dresidual)
        store_as(t.known, t.dresidual, row->dresidual, j, vf_mul(vf_set1(job->alpha), dx), n,
                 job->stream);
}

INLINE void add_to(float *sums, int64_t j, vf a, int n)
{
    store_of(WEIR_F32, sums, j, vf_add(load_of(WEIR_F32, sums, j, n), a), n, false);
}

INLINE void back_column(const weir_bwd_job *job, const back_group *g, const float *gain,
                        back_types t, int64_t j, int64_t i, int n, int rows,
                        float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    vf dgamma = vf_zero(), dbeta = vf_zero();
    const vf gains = load_of(WEIR_F32, gain, i, n);
    UNROLLED
    for (int r = 0; r < rows; r++) back_vector(job, &g->row[r], gains, t, j, n, &dgamma, &dbeta, k);
    if (k.plain || sums[WEIR_SUM_GAMMA]) add_to(sums[WEIR_SUM_GAMMA], j, dgamma, n);
    if (k.plain ? k.centred : sums[WEIR_SUM_BETA] != NULL) add_to(sums[WEIR_SUM_BETA], j, dbeta, n);
}

INLINE void finish_columns(const weir_bwd_job *job, const back_group *given, const float *gain,
                           int64_t j, int64_t end, int rows, float *const sums[WEIR_COLUMN_SUMS],
                           back_kind k)
{
    const back_types t = types_of(job, k.type);
    const back_group g = *given; /* so that the compiler knows that no store changes it */
    float *const own[WEIR_COLUMN_SUMS] = {sums[0], sums[1], NULL, NULL};
    const int64_t start = j;
    for (; j + VF_LANES <= end; j += VF_LANES)
        back_column(job, &g, gain, t, j, j - start, VF_LANES, rows, own, k);
    if (j < end) back_column(job, &g, gain, t, j, j - start, (int)(end - j), rows, own, k);
}

/* The sums of a row, chunk by chunk; what is read is fetched ahead. */
INLINE back_sums sum_row(const weir_bwd_job *job, const back_row *row, const float *whole,
                         cursor *ahead, back_kind k)
{
    const back_types t = types_of(job, k.type);
    float room[CHUNK];
    back_sums sums;
    clear_sums(&sums);
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
        sum_chunk(&sums, row, gain, t, j, end, k.centred);
    }
    return sums;
}

/* What the sums of a row are, and what they say of it. */
INLINE void conclude_back(const weir_bwd_job *job, int64_t i, back_row *row, const back_sums *sums,
                          bool centred)
{
    const weir_back_moments *given = job->moments ? job->moments + i * job->ld_stats : NULL;
    weir_back_moments m = {(double)job->measured, 0, 0};
    if (given) {
        m = *given;
    } else {
        m.gx = vd_fold_row(sums->gx);
        if (centred) {
            m.g = vd_fold_row(sums->g);
            m.gx -= (double)row->mean_lo * (double)row->rstd * m.g;
        }
    }
    if (job->found)
        job->found[i * job->ld_stats] = m;
    else
        find_means(job, row, &m);
}

INLINE void backward_group(const weir_bwd_job *job, int64_t first, int rows, const float *whole,
                           cursor *ahead, float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    const bool wanted = job->dx || job->dresidual;
    float room[PIECE];
    back_group g;
    for (int r = 0; r < rows; r++) {
        back_sums of_row;
        g.row[r] = back_row_at(job, first + r, k);
        if ((wanted && !job->moments) || job->found)
            of_row = sum_row(job, &g.row[r], whole, ahead, k);
        if (wanted || job->found) conclude_back(job, first + r, &g.row[r], &of_row, k.centred);
    }
    if (job->found) return;
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        const int64_t end = job->dim - j < PIECE ? job->dim : j + PIECE;
        const float *gain = whole ? whole + j : back_gains(job, room, j, end);
        finish_columns(job, &g, gain, j, end, rows, sums, k);
    }
}

INLINE void backward_of_kind(const weir_bwd_job *job, int64_t first, int64_t end,
                             float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    float room[PIECE];
    const float *whole = NULL; /* gamma of all columns, where that is had for nothing */
    if (is_plain(job->gamma, job->gamma_type, job->scalar_gamma) && job->gamma_offset == 0)
        whole = job->gamma;
    else if (job->dim <= PIECE)
        whole = back_gains(job, room, 0, job->dim);
    cursor ahead = {first, 0};
    if (job->fetch)
        ahead =
            fetch_from(first, job->dim, job->dim < CHUNK ? job->dim : CHUNK, size_of(job->x_type));
    int64_t i = first;
    for (; i + BACK_GROUP <= end; i += BACK_GROUP)
        backward_group(job, i, BACK_GROUP, whole, &ahead, sums, k);
    if (i < end) backward_group(job, i, 1, whole, &ahead, sums, k);
    if (job->stream) vf_stream_end();
}

RARE void backward_mixed(const weir_bwd_job *job, int64_t first, int64_t end,
                         float *const sums[WEIR_COLUMN_SUMS], bool centred)
{
    backward_of_kind(job, first, end, sums, (back_kind){MIXED, centred, false});
}

INLINE bool is_plain_job(const weir_bwd_job *job, float *const sums[WEIR_COLUMN_SUMS], bool centred)
{
    return job->dx && !job->dsum && !job->dresidual && sums[WEIR_SUM_GAMMA] &&
           (sums[WEIR_SUM_BETA] || !centred);
}

/* What training asks for has code of its own, in f32; not in the scalar set, which is not there for its
 * speed. */
INLINE void backward_of_type(const weir_bwd_job *job, int64_t first, int64_t end,
                             float *const sums[WEIR_COLUMN_SUMS], weir_dtype type, bool centred)
{
    if (type != WEIR_F32 && !VF_HALVES)
        backward_mixed(job, first, end, sums, centred);
    else if (type == WEIR_F32 && VF_HALVES && is_plain_job(job, sums, centred))
        backward_of_kind(job, first, end, sums, (back_kind){type, centred, true});
    else
        backward_of_kind(job, first, end, sums, (back_kind){type, centred, false});
}

#endif
