/* net_softmax_body.h - softmax over a row, as attention and as the loss use it.
 *
 * Rows are taken in batches, one pass over all of them at a time: the passes of one row wait for
 * each other's reductions, which for a short row takes longer than the work itself; those of other
 * rows do not. */

enum { BATCH = 16, BATCH_ELEMENTS = 8192 /* what the first-level cache holds */ };

static inline int batch_size(int64_t rows, int64_t cols)
{
    int64_t most = cols * BATCH <= BATCH_ELEMENTS ? BATCH : BATCH_ELEMENTS / cols;
    if (most > rows) most = rows;
    return most > 1 ? (int)most : 1;
}

static inline float row_max(int64_t n, const float *x)
{
    const vf least = vf_set1(-INFINITY);
    vf max[VF_ROW];
    for (int v = 0; v < VF_ROW; v++) max[v] = least;
    EACH_LANE(n, max[v] = vf_max(load_or(x + j, k, least), max[v]));
    return fold_row_max(max);
}

/* The lanes of the sum of e^(x_j - max); keeps the terms in y, unless that is NULL. */
static inline void row_exp(int64_t n, const float *x, float max, float *y, vf sum[VF_ROW])
{
    const vf least = vf_set1(-INFINITY), vmax = vf_set1(max);
    vf acc[VF_ROW];
    for (int v = 0; v < VF_ROW; v++) acc[v] = vf_zero();
    EACH_LANE(n, {
        vf e = exp_of(vf_sub(load_or(x + j, k, least), vmax));
        acc[v] = vf_add(acc[v], e);
        if (y) store(y + j, e, k);
    });
    for (int v = 0; v < VF_ROW; v++) sum[v] = acc[v];
}

/* The lanes of the sum of x_j z_j. */
static inline void row_dot(int64_t n, const float *x, const float *z, vf sum[VF_ROW])
{
    vf acc[VF_ROW];
    for (int v = 0; v < VF_ROW; v++) acc[v] = vf_zero();
    EACH_LANE(n, acc[v] = vf_add(acc[v], vf_mul(load(x + j, k), load(z + j, k))));
    for (int v = 0; v < VF_ROW; v++) sum[v] = acc[v];
}

static inline void row_scale(int64_t n, float a, float *x)
{
    const vf va = vf_set1(a);
    EACH_VECTOR(n, store(x + j, vf_mul(va, load(x + j, k)), k));
}

static inline void row_zero(int64_t n, float *x)
{
    EACH_VECTOR(n, store(x + j, vf_zero(), k));
}

/* ALiBi: x_j += slope * (j - position). */
static inline void row_slope(int64_t n, float slope, int64_t position, float *x)
{
    const vf vslope = vf_set1(slope), iota = vf_iota();
    EACH_VECTOR(n, {
        vf distance = vf_add(iota, vf_set1((float)(j - position)));
        store(x + j, vf_add(load(x + j, k), vf_mul(vslope, distance)), k);
    });
}

/* How many of cols keys the query at a position sees. */
static inline int64_t causal_width(int64_t position, int64_t cols)
{
    return position < cols ? position + 1 : cols;
}

static void softmax_batch(int batch, int64_t cols, int64_t first, float slope, float *s,
                          int64_t lds)
{
    int64_t seen[BATCH];
    float max[BATCH];
    vf sum[BATCH][VF_ROW];
    for (int r = 0; r < batch; r++) seen[r] = causal_width(first + r, cols);
    if (slope != 0)
        for (int r = 0; r < batch; r++) row_slope(seen[r], slope, first + r, s + r * lds);
    for (int r = 0; r < batch; r++) max[r] = row_max(seen[r], s + r * lds);
    for (int r = 0; r < batch; r++) row_exp(seen[r], s + r * lds, max[r], s + r * lds, sum[r]);
    for (int r = 0; r < batch; r++) {
        row_scale(seen[r], 1 / fold_row(sum[r]), s + r * lds);
        row_zero(cols - seen[r], s + r * lds + seen[r]);
    }
}

static void softmax_causal(int64_t rows, int64_t cols, int64_t first, float slope, float *s,
                           int64_t lds)
{
    if (cols <= 0) return;
    for (int64_t i = 0, batch; i < rows; i += batch) {
        batch = batch_size(rows - i, cols);
        softmax_batch((int)batch, cols, first + i, slope, s + i * lds, lds);
    }
}

static void softmax_back_batch(int batch, int64_t cols, int64_t first, const float *p, int64_t ldp,
                               float *dp, int64_t lddp)
{
    int64_t seen[BATCH];
    vf sum[BATCH][VF_ROW];
    for (int r = 0; r < batch; r++) {
        seen[r] = causal_width(first + r, cols);
        row_dot(seen[r], p + r * ldp, dp + r * lddp, sum[r]);
    }
    for (int r = 0; r < batch; r++) {
        const float *prob = p + r * ldp;
        float *grad = dp + r * lddp;
        const vf mean = vf_set1(fold_row(sum[r]));
        EACH_VECTOR(seen[r], {
            vf d = vf_sub(load(grad + j, k), mean);
            store(grad + j, vf_mul(load(prob + j, k), d), k);
        });
        row_zero(cols - seen[r], grad + seen[r]);
    }
}

static void softmax_causal_back(int64_t rows, int64_t cols, int64_t first, const float *p,
                                int64_t ldp, float *dp, int64_t lddp)
{
    if (cols <= 0) return;
    for (int64_t i = 0, batch; i < rows; i += batch) {
        batch = batch_size(rows - i, cols);
        softmax_back_batch((int)batch, cols, first + i, p + i * ldp, ldp, dp + i * lddp, lddp);
    }
}

/* Adds to the loss row by row, so that its order does not depend on the batch. */
static double cross_entropy_batch(int batch, int64_t vocab, float *logits, int64_t ld,
                                  const uint16_t *target, float dscale, double loss)
{
    float max[BATCH], at_target[BATCH], total[BATCH];
    vf sum[BATCH][VF_ROW];
    for (int r = 0; r < batch; r++) {
        max[r] = row_max(vocab, logits + r * ld);
        at_target[r] = logits[r * ld + target[r]];
    }
    for (int r = 0; r < batch; r++) {
        float *row = logits + r * ld;
        row_exp(vocab, row, max[r], dscale != 0 ? row : NULL, sum[r]);
    }
    for (int r = 0; r < batch; r++) {
        total[r] = fold_row(sum[r]);
        loss += log_of((double)total[r]) + ((double)max[r] - (double)at_target[r]);
    }
    for (int r = 0; r < batch && dscale != 0; r++) {
        row_scale(vocab, dscale / total[r], logits + r * ld);
        logits[r * ld + target[r]] -= dscale;
    }
    return loss;
}

static double cross_entropy(int64_t rows, int64_t vocab, float *logits, int64_t ld,
                            const uint16_t *target, float dscale)
{
    double loss = 0;
    if (vocab <= 0) return loss;
    for (int64_t i = 0, batch; i < rows; i += batch) {
        batch = batch_size(rows - i, vocab);
        loss =
            cross_entropy_batch((int)batch, vocab, logits + i * ld, ld, target + i, dscale, loss);
    }
    return loss;
}
