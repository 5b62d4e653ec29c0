/* norm_backward_body.h - the backward pass of the norms, in the words of simd/. Included once by
 * each kernel file.
 *
 * As forward, a row is read twice: to sum g and g * xhat (norm_back_group_body.h), and to find dx.
 * Rows go in groups of WEIR_ROW_GROUP: their sums are taken row by row, in the order of memory, and
 * then a second pass goes down the columns of as many of them as have registers for their numbers,
 * so that their share of dgamma and dbeta stays in registers.
 */
#ifndef WEIR_OPS_NORM_BACKWARD_BODY_H
#define WEIR_OPS_NORM_BACKWARD_BODY_H

#include "ops/norm_back_group_body.h"

/* n columns from the i-th of a piece on, of which the first `inside` are measured. */
typedef struct back_place {
    int64_t i;
    int n, inside;
} back_place;

/* A row of one type, as the second pass reads and writes it, from the first column of a piece on. */
typedef struct back_row {
    back_operands at;
    row_scale by;
    float less_g, less_gx;
} back_row;

INLINE back_row back_row_of(const weir_bwd_job *job, const back_group *g, int r, int64_t j,
                            back_types t, back_kind k)
{
    back_operands at = back_operands_at(job, g->first + r, j, t);
    if (k.plain) at.dsum = NULL, at.dresidual = NULL;
    return (back_row){at, back_scale(g, r), g->less_g[r], g->less_gx[r]};
}

/* dx of one vector of one row, where somebody wants it; adds what it gives to the column sums. */
INLINE vf back_vector(const back_row *row, vf gain, weir_dtype type, back_place at, vf *dgamma,
                      vf *dbeta, back_kind k)
{
    const int n = at.n;
    const vf dy = load_of(type, row->at.dy, at.i, n);
    const vf xhat = float_xhat(load_of(type, row->at.x, at.i, n), &row->by, k.centred);
    *dgamma = vf_add(*dgamma, vf_mul(dy, xhat));
    *dbeta = vf_add(*dbeta, dy);
    if (!k.plain && !row->at.dx && !row->at.dresidual) return dy;
    const vf g = k.centred ? vf_mul_add(dy, gain, vf_set1(row->less_g)) : vf_mul(dy, gain);
    vf dx = vf_mul_add(xhat, vf_set1(row->less_gx), g);
    if (at.inside < n)
        dx = vf_select(vf_first(at.inside), dx, g); /* the others had no part in rstd */
    if (k.plain || !row->at.dsum) return vf_mul(vf_set1(row->by.rstd), dx);
    return vf_mul_add(vf_set1(row->by.rstd), dx, load_of(type, row->at.dsum, at.i, n));
}

/* The same of some vectors: one, or as many as are WEIR_LANES. */
INLINE void back_vectors(const back_row *row, const vf gains[VF_ROW], int vectors, weir_dtype type,
                         back_place at, float alpha, bool stream, vf dgamma[VF_ROW],
                         vf dbeta[VF_ROW], back_kind k)
{
    vf dx[VF_ROW];
    UNROLLED
    for (int v = 0; v < vectors; v++) {
        const back_place place = {at.i + v * VF_LANES, at.n, at.inside};
        dx[v] = back_vector(row, gains[v], type, place, &dgamma[v], &dbeta[v], k);
    }
    if (vectors > 1)
        store_lanes(type, row->at.dx, at.i, dx, stream);
    else if (k.plain || row->at.dx)
        store_of(type, row->at.dx, at.i, dx[0], at.n, stream);
    if (!k.plain && row->at.dresidual)
        store_of(type, row->at.dresidual, at.i, vf_mul(vf_set1(alpha), dx[0]), at.n, stream);
}

/* The same of one or two rows. What both give to the column sums is added up, and then added to these. */
INLINE void back_pair(const back_row *row, int rows, const vf gains[VF_ROW], int vectors,
                      weir_dtype type, back_place at, float alpha, bool stream,
                      vf all_gamma[VF_ROW], vf all_beta[VF_ROW], back_kind k)
{
    vf dgamma[VF_ROW], dbeta[VF_ROW];
    UNROLLED
    for (int v = 0; v < vectors; v++) dgamma[v] = dbeta[v] = vf_zero();
    back_vectors(&row[0], gains, vectors, type, at, alpha, stream, dgamma, dbeta, k);
    if (rows > 1) back_vectors(&row[1], gains, vectors, type, at, alpha, stream, dgamma, dbeta, k);
    UNROLLED
    for (int v = 0; v < vectors; v++) {
        all_gamma[v] = vf_add(all_gamma[v], dgamma[v]);
        all_beta[v] = vf_add(all_beta[v], dbeta[v]);
    }
}

/* The same of one, two or four rows, with their column sums. */
INLINE void back_column(const back_row *row, int rows, const float *gain, int vectors,
                        weir_dtype type, back_place at, float alpha, bool stream,
                        float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    float *to_gamma = sums[WEIR_SUM_GAMMA], *to_beta = sums[WEIR_SUM_BETA];
    const bool has_gamma = k.plain || to_gamma, has_beta = k.plain ? k.centred : to_beta != NULL;
    vf gains[VF_ROW], all_gamma[VF_ROW], all_beta[VF_ROW];
    UNROLLED
    for (int v = 0; v < vectors; v++) {
        const int64_t i = at.i + v * VF_LANES;
        gains[v] = load_of(WEIR_F32, gain, i, at.n);
        all_gamma[v] = has_gamma ? load_of(WEIR_F32, to_gamma, i, at.n) : vf_zero();
        all_beta[v] = has_beta ? load_of(WEIR_F32, to_beta, i, at.n) : vf_zero();
    }
    back_pair(row, rows, gains, vectors, type, at, alpha, stream, all_gamma, all_beta, k);
    if (rows > 2)
        back_pair(row + 2, 2, gains, vectors, type, at, alpha, stream, all_gamma, all_beta, k);
    UNROLLED
    for (int v = 0; v < vectors; v++) {
        const int64_t i = at.i + v * VF_LANES;
        if (has_gamma) store_of(WEIR_F32, to_gamma, i, all_gamma[v], at.n, false);
        if (has_beta) store_of(WEIR_F32, to_beta, i, all_beta[v], at.n, false);
    }
}

INLINE bool is_16_bit(back_kind k)
{
    return k.type == WEIR_BF16 || k.type == WEIR_F16;
}

/* The second pass over `columns` of some rows, of which the first `measured` are; all pointers are to the
 * first of them. */
INLINE void finish_columns(const back_row *row, int rows, const float *gain, int64_t columns,
                           int64_t measured, float alpha, bool stream,
                           float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    const weir_dtype type = type_at_work(k.type);
    back_place at = {0, VF_LANES, VF_LANES};
    if (k.plain && is_16_bit(k))
        for (; at.i + WEIR_LANES <= measured; at.i += WEIR_LANES)
            back_column(row, rows, gain, VF_ROW, type, at, alpha, stream, sums, k);
    for (; at.i + VF_LANES <= measured; at.i += VF_LANES)
        back_column(row, rows, gain, 1, type, at, alpha, stream, sums, k);
    for (; at.i < columns; at.i += VF_LANES) {
        at.n = part_of(columns - at.i);
        at.inside = at.i < measured ? part_of(measured - at.i) : 0;
        back_column(row, rows, gain, 1, type, at, alpha, stream, sums, k);
    }
}

/* The same of columns j..end-1; `gain` begins at column j. */
INLINE void finish_rows(const weir_bwd_job *job, const back_group *given, int first, int rows,
                        const float *gain, int64_t j, int64_t end,
                        float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    const back_types t = types_of(job, k.type);
    const int64_t columns = end - j, measured = job->measured < end ? job->measured - j : columns;
    float *const from[WEIR_COLUMN_SUMS] = {[WEIR_SUM_GAMMA] = column_sum(sums, WEIR_SUM_GAMMA, j),
                                           [WEIR_SUM_BETA] = column_sum(sums, WEIR_SUM_BETA, j)};
    back_row row[WEIR_ROW_GROUP];
    UNROLLED
    for (int r = 0; r < rows; r++) row[r] = back_row_of(job, given, first + r, j, t, k);
    if (k.type != MIXED) {
        finish_columns(row, rows, gain, columns, measured, job->alpha, job->stream, from, k);
        return;
    }
    back_room room[2];
    back_operands there[2];
    for (int r = 0; r < rows; r++) {
        there[r] = row[r].at;
        row[r].at = in_floats(&there[r], t, columns, job->stream, &room[r]);
    }
    finish_columns(row, rows, gain, columns, measured, job->alpha, false, from, k);
    for (int r = 0; r < rows; r++) write_back(&there[r], &row[r].at, t, columns, job->stream);
}

/* How many rows the second pass takes at a time. Five numbers of each are in registers, of RMSNorm two; and
 * of 16-bit rows the sums, which are f32, are most of what is moved. */
INLINE int rows_at_a_time(back_kind k)
{
    return VF_REGISTERS >= 32 && (is_16_bit(k) || (k.plain && !k.centred)) ? WEIR_ROW_GROUP : 2;
}

/* The rows of a group of which `left` are left. 16-bit rows that are too few for the second pass go another
 * way, 0 says: code for every number of them is not worth its size. */
INLINE int rows_of_back_group(int64_t left, back_kind k)
{
    const int rows = left < WEIR_ROW_GROUP ? (int)left : WEIR_ROW_GROUP;
    return is_16_bit(k) ? rows - rows % rows_at_a_time(k) : rows;
}

INLINE void finish_group(const weir_bwd_job *job, const back_group *g, const float *whole,
                         float *const sums[WEIR_COLUMN_SUMS], back_kind k)
{
    const int64_t piece = k.type == MIXED ? BACK_ROOM : PIECE;
    const int most = rows_at_a_time(k);
    float room[PIECE];
    for (int64_t j = 0; j < job->dim; j += piece) {
        const int64_t end = job->dim - j < piece ? job->dim : j + piece;
        const float *gain = whole ? whole + j : back_gains(job, room, j, end);
        int r = 0;
        for (; r + most <= g->rows; r += most) finish_rows(job, g, r, most, gain, j, end, sums, k);
        if (is_16_bit(k)) continue;
        for (; most > 2 && r + 2 <= g->rows; r += 2)
            finish_rows(job, g, r, 2, gain, j, end, sums, k);
        if (r < g->rows) finish_rows(job, g, r, 1, gain, j, end, sums, k);
    }
}

RARE void backward_mixed(const weir_bwd_job *job, int64_t first, int64_t end,
                         float *const sums[WEIR_COLUMN_SUMS], bool centred);

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
    for (int rows; i < end && (rows = rows_of_back_group(end - i, k)) > 0; i += rows) {
        back_group g;
        sum_group(job, &g, i, rows, whole, &ahead, k);
        if (!job->found) finish_group(job, &g, whole, sums, k);
    }
    if (job->stream) vf_stream_end();
    if (i < end) backward_mixed(job, i, end, sums, k.centred);
}

RARE void backward_mixed(const weir_bwd_job *job, int64_t first, int64_t end,
                         float *const sums[WEIR_COLUMN_SUMS], bool centred)
{
#ifdef WEIR_BF16_ALONE /* left to the set that has all types */
    if (centred)
        WEIR_REST_NAME(layernorm_bwd_mixed)(job, first, end, sums);
    else
        WEIR_REST_NAME(rmsnorm_bwd_mixed)(job, first, end, sums);
#else
    backward_of_kind(job, first, end, sums, (back_kind){MIXED, centred, false});
#endif
}

INLINE bool is_plain_job(const weir_bwd_job *job, float *const sums[WEIR_COLUMN_SUMS], bool centred)
{
    return job->dx && !job->dsum && !job->dresidual && sums[WEIR_SUM_GAMMA] &&
           (sums[WEIR_SUM_BETA] || !centred);
}

/* What training asks for has code of its own in f32, and in a set for bf16, whose other jobs the set below it
 * does; not in the scalar set, which is not there for its speed. */
INLINE void backward_of_type(const weir_bwd_job *job, int64_t first, int64_t end,
                             float *const sums[WEIR_COLUMN_SUMS], weir_dtype type, bool centred)
{
#ifdef WEIR_BF16_ALONE
    if (is_plain_job(job, sums, centred))
        backward_of_kind(job, first, end, sums, (back_kind){type, centred, true});
    else if (centred)
        WEIR_REST_NAME(layernorm_bwd_bf16)(job, first, end, sums);
    else
        WEIR_REST_NAME(rmsnorm_bwd_bf16)(job, first, end, sums);
#else
    if (type != WEIR_F32 && !VF_HALVES)
        backward_mixed(job, first, end, sums, centred);
    else if (type == WEIR_F32 && VF_HALVES && is_plain_job(job, sums, centred))
        backward_of_kind(job, first, end, sums, (back_kind){type, centred, true});
    else
        backward_of_kind(job, first, end, sums, (back_kind){type, centred, false});
#endif
}

#endif
