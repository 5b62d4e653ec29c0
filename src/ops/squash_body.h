/* squash_body.h - the kernels of DyT and Derf, in the words of simd/. Included once by each kernel
 * file, after SQUASH_ARGUMENT, SQUASH_EACH and SQUASH_BOTH: the function, of its argument, and its
 * slope.
 *
 * There are no statistics: one pass, element by element. Several vectors go through the function
 * side by side (squash_words.h says why).
 */
#ifndef WEIR_OPS_SQUASH_BODY_H
#define WEIR_OPS_SQUASH_BODY_H

#include "ops/back_operand.h"

enum { SIDE_BY_SIDE = 4, BACK_GROUP = 2 };

/* The function, of s. */
typedef struct xhat_rule {
    float scale, shift;
} xhat_rule;

INLINE xhat_rule rule_of(const weir_fwd_job *job, const row_stats *stats)
{
    (void)stats;
    return (xhat_rule){job->scale, job->shift};
}

INLINE void xhat_each(const xhat_rule *rule, int n, vf *v, bool centred)
{
    (void)centred;
    UNROLLED
    for (int k = 0; k < n; k++) v[k] = SQUASH_ARGUMENT(v[k], rule->scale, rule->shift);
    SQUASH_EACH(n, v, v);
}

#include "ops/row_write_body.h"

/* Columns j.. of an f32 row, `count` vectors of n; *a begins at column `start`. */
INLINE void squash_vectors(const weir_fwd_job *job, const source *src, float *y, float *sum,
                           const affine *a, int64_t start, int64_t j, int count, int n)
{
    vf z[SIDE_BY_SIDE];
    UNROLLED
    for (int i = 0; i < count; i++) {
        const int64_t at = j + i * VF_LANES;
        const vf s = source_load(src, at, n, src->residual != NULL, WEIR_F32);
        if (sum) store_of(WEIR_F32, sum, at, s, n, job->stream);
        z[i] = SQUASH_ARGUMENT(s, job->scale, job->shift);
    }
    SQUASH_EACH(count, z, z);
    UNROLLED
    for (int i = 0; i < count; i++) {
        const int64_t at = j + i * VF_LANES;
        const vf v = vf_mul_add(z[i], load_of(WEIR_F32, a->gain, at - start, n),
                                load_of(WEIR_F32, a->beta, at - start, n));
        store_of(WEIR_F32, y, at, v, n, job->stream);
    }
}

/* What is read FETCH_BYTES later, if rows follow each other. */
INLINE void fetch_vectors(const void *row, int64_t j)
{
    const int64_t bytes = SIDE_BY_SIDE * VF_LANES * (int64_t)sizeof(float);
    for (int64_t b = 0; row && b < bytes; b += 64)
        vf_prefetch((const float *)row + j, FETCH_BYTES + b);
}

/* Columns j..end-1 of all rows; what they are multiplied with and shifted by is had once. */
INLINE void squash_columns(const weir_fwd_job *job, int64_t first, int64_t end_row, int64_t j,
                           int64_t end)
{
    float room[2][PIECE];
    const affine a = affine_of(job, room, j, end - j, true);
    for (int64_t row = first; row < end_row; row++) {
        const source src = {.x = (const float *)job->x + row * job->ldx,
                            .residual = at(job->residual, WEIR_F32, row * job->ldr),
                            .alpha = job->alpha};
        float *y = (float *)job->y + row * job->ldy;
        float *sum = at_out(job->sum, WEIR_F32, row * job->lds);
        int64_t i = j;
        for (; i + SIDE_BY_SIDE * VF_LANES <= end; i += SIDE_BY_SIDE * VF_LANES) {
            if (job->fetch) fetch_vectors(src.x, i), fetch_vectors(src.residual, i);
            squash_vectors(job, &src, y, sum, &a, j, i, SIDE_BY_SIDE, VF_LANES);
        }
        for (; i < end; i += VF_LANES)
            squash_vectors(job, &src, y, sum, &a, j, i, 1, part_of(end - i));
    }
}

/* Of wide rows one piece of one row after the other, as they lie in memory. */
INLINE void squash_forward(const weir_fwd_job *job, int64_t first, int64_t end)
{
    const int64_t together = job->dim > PIECE ? 1 : end - first;
    for (int64_t i = first; i < end; i += together)
        for (int64_t j = 0; j < job->dim; j += PIECE)
            squash_columns(job, i, i + together, j, job->dim - j < PIECE ? job->dim : j + PIECE);
    if (job->stream) vf_stream_end();
}

RARE void squash_forward_mixed(const weir_fwd_job *job, int64_t first, int64_t end)
{
    const row_stats none = {0, 0, 0};
    float room[2][PIECE];
    affine whole = {NULL, NULL};
    if (job->dim <= PIECE) whole = affine_of(job, room, 0, job->dim, true);
    for (int64_t i = first; i < end; i++) {
        const cursor next = {i + 1, 0};
        if (job->fetch) fetch_source(job, &next, job->dim);
        write_row(job, i, NULL, whole, &none, false);
    }
    if (job->stream) vf_stream_end();
}

/* What a group of rows gives to the sums over rows of a column. */
typedef struct squash_sums {
    vf of[WEIR_COLUMN_SUMS];
} squash_sums;

/* n columns, the i-th and on, of some f32 rows. */
INLINE void squash_back_column(const weir_bwd_job *job, const back_operands *row, int rows,
                               const float *gain, int64_t i, int n,
                               float *const sums[WEIR_COLUMN_SUMS], bool stream)
{
    vf s[BACK_GROUP], z[BACK_GROUP], slope[BACK_GROUP];
    squash_sums total;
    UNROLLED
    for (int k = 0; k < WEIR_COLUMN_SUMS; k++) total.of[k] = vf_zero();
    UNROLLED
    for (int r = 0; r < rows; r++) {
        s[r] = load_of(WEIR_F32, row[r].x, i, n);
        z[r] = SQUASH_ARGUMENT(s[r], job->scale, job->shift);
    }
    SQUASH_BOTH(rows, z, z, slope);
    UNROLLED
    for (int r = 0; r < rows; r++) {
        const vf dy = load_of(WEIR_F32, row[r].dy, i, n);
        const vf g = vf_mul(vf_mul(dy, load_of(WEIR_F32, gain, i, n)), slope[r]);
        total.of[WEIR_SUM_GAMMA] = vf_add(total.of[WEIR_SUM_GAMMA], vf_mul(dy, z[r]));
        total.of[WEIR_SUM_BETA] = vf_add(total.of[WEIR_SUM_BETA], dy);
        total.of[WEIR_SUM_SCALE] = vf_add(total.of[WEIR_SUM_SCALE], vf_mul(g, s[r]));
        total.of[WEIR_SUM_SHIFT] = vf_add(total.of[WEIR_SUM_SHIFT], g);
        vf dx = vf_mul(g, vf_set1(job->scale));
        if (row[r].dsum) dx = vf_add(dx, load_of(WEIR_F32, row[r].dsum, i, n));
        if (row[r].dx) store_of(WEIR_F32, row[r].dx, i, dx, n, stream);
        if (row[r].dresidual)
            store_of(WEIR_F32, row[r].dresidual, i, vf_mul(vf_set1(job->alpha), dx), n, stream);
    }
    UNROLLED
    for (int k = 0; k < WEIR_COLUMN_SUMS; k++)
        if (sums[k])
            store_of(WEIR_F32, sums[k], i, vf_add(load_of(WEIR_F32, sums[k], i, n), total.of[k]), n,
                     false);
}

/* What is read some time after the i-th column from j on, where `from` points: further on in the row, or in
 * that of the next group. */
INLINE void fetch_back(const weir_bwd_job *job, const void *from, weir_dtype type, int64_t ld,
                       int64_t j, int64_t i)
{
    const int64_t later = j + i + FETCH_BYTES / (int64_t)sizeof(float);
    const int64_t column = later < job->dim ? later : later - job->dim + BACK_GROUP * ld;
    if (from) vf_prefetch(from, (column - j) * size_of(type));
}

/* Columns j..end-1 of some rows; gain begins at column j. */
INLINE void squash_back_rows(const weir_bwd_job *job, int64_t first, int rows, const float *gain,
                             int64_t j, int64_t end, float *const sums[WEIR_COLUMN_SUMS],
                             weir_dtype known)
{
    const back_types t = types_of(job, known);
    const int64_t columns = end - j;
    const bool stream = known != MIXED && job->stream;
    back_operands there[BACK_GROUP], row[BACK_GROUP];
    back_room room[BACK_GROUP];
    float *from[WEIR_COLUMN_SUMS];
    for (int k = 0; k < WEIR_COLUMN_SUMS; k++) from[k] = column_sum(sums, (weir_column_sum)k, j);
    for (int r = 0; r < rows; r++) {
        row[r] = there[r] = back_operands_at(job, first + r, j, t);
        if (known == MIXED) row[r] = in_floats(&there[r], t, columns, job->stream, &room[r]);
    }
    int64_t i = 0;
    for (; i + VF_LANES <= columns; i += VF_LANES) {
        for (int r = 0; job->fetch && r < rows; r++) {
            fetch_back(job, there[r].dy, t.dy, job->lddy, j, i);
            fetch_back(job, there[r].x, t.x, job->ldx, j, i);
            fetch_back(job, there[r].dsum, t.dsum, job->ldds, j, i);
        }
        squash_back_column(job, row, rows, gain, i, VF_LANES, from, stream);
    }
    if (i < columns) squash_back_column(job, row, rows, gain, i, (int)(columns - i), from, stream);
    for (int r = 0; known == MIXED && r < rows; r++)
        write_back(&there[r], &row[r], t, columns, job->stream);
}

/* The same, of mixed types a room at a time. */
INLINE void squash_back_piece(const weir_bwd_job *job, int64_t first, int rows, const float *gain,
                              int64_t j, int64_t end, float *const sums[WEIR_COLUMN_SUMS],
                              weir_dtype known)
{
    const int64_t at_once = known == MIXED ? BACK_ROOM : PIECE;
    for (int64_t i = j; i < end; i += at_once)
        squash_back_rows(job, first, rows, gain + (i - j), i, end - i < at_once ? end : i + at_once,
                         sums, known);
}

INLINE void squash_backward(const weir_bwd_job *job, int64_t first, int64_t end,
                            float *const sums[WEIR_COLUMN_SUMS], weir_dtype known)
{
    float room[PIECE];
    for (int64_t j = 0; j < job->dim; j += PIECE) {
        const int64_t stop = job->dim - j < PIECE ? job->dim : j + PIECE;
        const float *gain = gains(room, job->gamma, job->gamma_type, job->gamma_offset, j, stop - j,
                                  job->scalar_gamma);
        int64_t i = first;
        for (; i + BACK_GROUP <= end; i += BACK_GROUP)
            squash_back_piece(job, i, BACK_GROUP, gain, j, stop, sums, known);
        if (i < end) squash_back_piece(job, i, 1, gain, j, stop, sums, known);
    }
    if (job->stream) vf_stream_end();
}

RARE void squash_backward_mixed(const weir_bwd_job *job, int64_t first, int64_t end,
                                float *const sums[WEIR_COLUMN_SUMS])
{
    squash_backward(job, first, end, sums, MIXED);
}

#endif
