/* net.c - the network's kernels in f32, by plain loops. */
#include "ops/net/net.h"

#include <math.h>
#include <stddef.h>

static void axpby(int64_t rows, int64_t cols, float a, const float *x, int64_t ldx, float b,
                  const float *z, int64_t ldz, float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = a * x[i * ldx + j] + b * z[i * ldz + j];
}

static void scale(int64_t rows, int64_t cols, float a, const float *x, int64_t ldx, float *y,
                  int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = a * x[i * ldx + j];
}

static void scale_cols(int64_t rows, int64_t cols, const float *v, const float *x, int64_t ldx,
                       float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = v[j] * x[i * ldx + j];
}

static double dot(int64_t rows, int64_t cols, const float *x, int64_t ldx, const float *z,
                  int64_t ldz)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) sum += (double)x[i * ldx + j] * (double)z[i * ldz + j];
    return sum;
}

static void dot_cols(int64_t rows, int64_t cols, float a, const float *x, int64_t ldx,
                     const float *z, int64_t ldz, float *out)
{
    for (int64_t j = 0; j < cols; j++) {
        float sum = 0;
        for (int64_t i = 0; i < rows; i++) sum += x[i * ldx + j] * (z ? z[i * ldz + j] : 1);
        out[j] += a * sum;
    }
}

static void add_bias(int64_t rows, int64_t cols, const float *x, int64_t ldx, const float *b,
                     float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = x[i * ldx + j] + b[j];
}

static float sigmoid(float x)
{
    return 1 / (1 + expf(-x));
}

/* GELU is x * sigmoid(gelu_argument(x)). */
static const float gelu_linear = 1.5957691216057307F; /* 2 sqrtf(2/pi) */
static const float gelu_cubic = 0.044715F;

static float gelu_argument(float x)
{
    return gelu_linear * (x + gelu_cubic * x * x * x);
}

static void gelu(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * sigmoid(gelu_argument(x[i]));
}

static void gelu_back(int64_t n, const float *x, const float *dy, float *dx)
{
    for (int64_t i = 0; i < n; i++) {
        float s = sigmoid(gelu_argument(x[i]));
        float slope = gelu_linear * (1 + 3 * gelu_cubic * x[i] * x[i]);
        dx[i] = dy[i] * (s + x[i] * s * (1 - s) * slope);
    }
}

static void relu(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

static void relu_back(int64_t n, const float *x, const float *dy, float *dx)
{
    for (int64_t i = 0; i < n; i++) dx[i] = x[i] <= 0 ? 0 : dy[i];
}

static void swiglu(int64_t rows, int64_t cols, const float *up, const float *gate, int64_t ld,
                   float *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            float g = gate[i * ld + j];
            y[i * ldy + j] = g * sigmoid(g) * up[i * ld + j];
        }
    }
}

static void swiglu_back(int64_t rows, int64_t cols, const float *up, const float *gate, int64_t ld,
                        const float *dy, int64_t lddy, float *dup, float *dgate)
{
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            float u = up[i * ld + j], g = gate[i * ld + j], d = dy[i * lddy + j];
            float s = sigmoid(g);
            dup[i * ld + j] = d * g * s;
            dgate[i * ld + j] = d * u * s * (1 + g * (1 - s));
        }
    }
}

/* How many of cols keys the query at a position sees. */
static int64_t causal_width(int64_t position, int64_t cols)
{
    return position < cols ? position + 1 : cols;
}

static void softmax_causal(int64_t rows, int64_t cols, int64_t first, float slope, float *s,
                           int64_t lds)
{
    for (int64_t i = 0; i < rows; i++) {
        float *row = s + i * lds;
        int64_t seen = causal_width(first + i, cols);
        float max = -INFINITY, sum = 0;
        for (int64_t j = 0; j < seen; j++) {
            row[j] += slope * (float)(j - first - i);
            max = row[j] > max ? row[j] : max;
        }
        for (int64_t j = 0; j < seen; j++) {
            row[j] = expf(row[j] - max);
            sum += row[j];
        }
        for (int64_t j = 0; j < seen; j++) row[j] /= sum;
        for (int64_t j = seen; j < cols; j++) row[j] = 0;
    }
}

static void softmax_causal_back(int64_t rows, int64_t cols, int64_t first, const float *p,
                                int64_t ldp, float *dp, int64_t lddp)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t seen = causal_width(first + i, cols);
        float mean = (float)dot(1, seen, p + i * ldp, ldp, dp + i * lddp, lddp);
        for (int64_t j = 0; j < seen; j++)
            dp[i * lddp + j] = p[i * ldp + j] * (dp[i * lddp + j] - mean);
        for (int64_t j = seen; j < cols; j++) dp[i * lddp + j] = 0;
    }
}

static double cross_entropy(int64_t rows, int64_t vocab, float *logits, int64_t ld,
                            const uint16_t *target, float dscale)
{
    double loss = 0;
    for (int64_t i = 0; i < rows; i++) {
        float *row = logits + i * ld;
        float max = -INFINITY, sum = 0;
        for (int64_t j = 0; j < vocab; j++) max = row[j] > max ? row[j] : max;
        for (int64_t j = 0; j < vocab; j++) sum += expf(row[j] - max);
        loss += (double)(logf(sum) + (max - row[target[i]]));
        if (dscale == 0) continue;
        for (int64_t j = 0; j < vocab; j++)
            row[j] = dscale * (expf(row[j] - max) / sum - (float)(j == target[i]));
    }
    return loss;
}

static void rotate(int64_t rows, int64_t heads, int64_t head_dim, int64_t ctx, const float *cos_sin,
                   float sign, float *x, int64_t ldx)
{
    int64_t half = head_dim / 2;
    for (int64_t r = 0; r < rows; r++) {
        const float *angle = cos_sin + r % ctx * head_dim;
        for (int64_t h = 0; h < heads; h++) {
            float *lo = x + r * ldx + h * head_dim, *hi = lo + half;
            for (int64_t j = 0; j < half; j++) {
                float c = angle[2 * j], s = sign * angle[2 * j + 1];
                float a = lo[j], b = hi[j];
                lo[j] = a * c - b * s;
                hi[j] = a * s + b * c;
            }
        }
    }
}

static double sum_squares(int64_t n, const float *x)
{
    return dot(1, n, x, n, x, n);
}

static float max_abs(int64_t n, const float *x)
{
    float max = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) return x[i];
        if (fabsf(x[i]) > max) max = fabsf(x[i]);
    }
    return max;
}

static void add_into(int64_t n, const float *x, float *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

static void adamw(int64_t n, float *w, const float *g, float *m, float *v, float gscale, float lr,
                  float b1, float b2, float eps, float decay, float c1, float c2)
{
    for (int64_t i = 0; i < n; i++) {
        float grad = gscale * g[i];
        m[i] = b1 * m[i] + (1 - b1) * grad;
        v[i] = b2 * v[i] + (1 - b2) * grad * grad;
        w[i] -= lr * (m[i] * c1) / (sqrtf(v[i] * c2) + eps) + lr * decay * w[i];
    }
}

static void sgd(int64_t n, float *w, const float *g, float gscale, float lr, float decay)
{
    for (int64_t i = 0; i < n; i++) w[i] -= lr * (gscale * g[i] + decay * w[i]);
}

const weir_net_table_f32 *weir_net_f32(void)
{
    static const weir_net_table_f32 table = {
#define WEIR_NET_KERNEL(result, name, parameters) .name = name,
#include "ops/net/net.def"
#undef WEIR_NET_KERNEL
    };
    return &table;
}

const weir_net_table_f32 *weir_net_f32_isa(int isa)
{
    return isa == 0 ? weir_net_f32() : NULL;
}
