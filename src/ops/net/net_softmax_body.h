/* net_softmax_body.h - softmax over a row, as attention and as the loss use it. */

static inline float row_max(int64_t n, const float *x)
{
    const vf least = vf_set1(-INFINITY);
    vf max[VF_ROW];
    for (int v = 0; v < VF_ROW; v++) max[v] = least;
    EACH_LANE(n, max[v] = vf_max(load_or(x + j, k, least), max[v]));
    return fold_row_max(max);
}

/* Returns the sum of e^(x_j - max); keeps the terms in y, unless that is NULL. */
static inline double row_exp(int64_t n, const float *x, float max, float *y)
{
    const vf least = vf_set1(-INFINITY), vmax = vf_set1(max);
    vf sum[VF_ROW];
    for (int v = 0; v < VF_ROW; v++) sum[v] = vf_zero();
    EACH_LANE(n, vf e = exp_of(vf_sub(load_or(x + j, k, least), vmax)); sum[v] = vf_add(sum[v], e);
              if (y) store(y + j, e, k));
    return fold_row(sum);
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
    EACH_VECTOR(n, vf distance = vf_add(iota, vf_set1((float)(j - position)));
                store(x + j, vf_add(load(x + j, k), vf_mul(vslope, distance)), k));
}

/* How many of cols keys the query at a position sees. */
static inline int64_t causal_width(int64_t position, int64_t cols)
{
    return position < cols ? position + 1 : cols;
}

/* Rows are taken in batches, one pass at a time: the passes of a row wait for each other's sums,
 * those of other rows do not. */
enum { BATCH = 16 };

static inline int batch_size(int64_t left)
{
    return left < BATCH ? (int)left : BATCH;
}

static void softmax_causal(int64_t rows, int64_t cols, int64_t first, float slope, float *s,
                           int64_t lds)
{
    for (int64_t i = 0; i < rows; i += BATCH, first += BATCH, s += BATCH * lds) {
        const int batch = batch_size(rows - i);
        int64_t seen[BATCH];
        float max[BATCH], share[BATCH];
        for (int r = 0; r < batch; r++) {
            seen[r] = causal_width(first + r, cols);
            if (slope != 0) row_slope(seen[r], slope, first + r, s + r * lds);
            max[r] = row_max(seen[r], s + r * lds);
        }
        for (int r = 0; r < batch; r++)
            share[r] = (float)(1 / row_exp(seen[r], s + r * lds, max[r], s + r * lds));
        for (int r = 0; r < batch; r++) {
            row_scale(seen[r], share[r], s + r * lds);
            row_zero(cols - seen[r], s + r * lds + seen[r]);
        }
    }
}

static void softmax_causal_back(int64_t rows, int64_t cols, int64_t first, const float *p,
                                int64_t ldp, float *dp, int64_t lddp)
{
    for (int64_t i = 0; i < rows; i++, p += ldp, dp += lddp) {
        int64_t seen = causal_width(first + i, cols);
        vf acc[VF_ROW];
        for (int v = 0; v < VF_ROW; v++) acc[v] = vf_zero();
        EACH_LANE(seen, acc[v] = vf_add(acc[v], vf_mul(load(p + j, k), load(dp + j, k))));
        const vf mean = vf_set1((float)fold_row(acc));
        EACH_VECTOR(seen, vf d = vf_sub(load(dp + j, k), mean);
                    store(dp + j, vf_mul(load(p + j, k), d), k));
        row_zero(cols - seen, dp + seen);
    }
}

static double cross_entropy(int64_t rows, int64_t vocab, float *logits, int64_t ld,
                            const uint16_t *target, float dscale)
{
    double loss = 0;
    for (int64_t i = 0; i < rows; i += BATCH, target += BATCH, logits += BATCH * ld) {
        const int batch = batch_size(rows - i);
        float max[BATCH];
        double sum[BATCH];
        for (int r = 0; r < batch; r++) {
            const float *row = logits + r * ld;
            max[r] = row_max(vocab, row);
            loss += (double)max[r] - (double)row[target[r]];
        }
        for (int r = 0; r < batch; r++) {
            float *row = logits + r * ld;
            sum[r] = row_exp(vocab, row, max[r], dscale != 0 ? row : NULL);
        }
        for (int r = 0; r < batch; r++) loss += log_of(sum[r]);
        if (dscale == 0) continue;
        for (int r = 0; r < batch; r++) {
            row_scale(vocab, (float)((double)dscale / sum[r]), logits + r * ld);
            logits[r * ld + target[r]] -= dscale;
        }
    }
    return loss;
}
