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

static void softmax_causal(int64_t rows, int64_t cols, int64_t first, float slope, float *s,
                           int64_t lds)
{
    for (int64_t i = 0; i < rows; i++, s += lds) {
        int64_t seen = causal_width(first + i, cols);
        if (slope != 0) row_slope(seen, slope, first + i, s);
        double sum = row_exp(seen, s, row_max(seen, s), s);
        row_scale(seen, (float)(1 / sum), s);
        row_zero(cols - seen, s + seen);
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
    for (int64_t i = 0; i < rows; i++, logits += ld) {
        float max = row_max(vocab, logits), at_target = logits[target[i]];
        double sum = row_exp(vocab, logits, max, dscale != 0 ? logits : NULL);
        loss += log_of(sum) + ((double)max - (double)at_target);
        if (dscale == 0) continue;
        row_scale(vocab, (float)((double)dscale / sum), logits);
        logits[target[i]] -= dscale;
    }
    return loss;
}
