/* net_f64.c - the network's kernels in double, by plain loops and libm: the oracle that the vector
 * kernels are checked against, and the arithmetic of gradient checks. Clarity before speed. */
#include "ops/net/net.h"

#include <math.h>
#include <stddef.h>

static void axpby(int64_t rows, int64_t cols, double a, const double *x, int64_t ldx, double b,
                  const double *z, int64_t ldz, double *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = a * x[i * ldx + j] + b * z[i * ldz + j];
}

static void scale(int64_t rows, int64_t cols, double a, const double *x, int64_t ldx, double *y,
                  int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = a * x[i * ldx + j];
}

static void scale_cols(int64_t rows, int64_t cols, const double *v, const double *x, int64_t ldx,
                       double *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = v[j] * x[i * ldx + j];
}

static double dot(int64_t rows, int64_t cols, const double *x, int64_t ldx, const double *z,
                  int64_t ldz)
{
    double sum = 0;
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) sum += x[i * ldx + j] * z[i * ldz + j];
    return sum;
}

static void dot_cols(int64_t rows, int64_t cols, double a, const double *x, int64_t ldx,
                     const double *z, int64_t ldz, double *out)
{
    for (int64_t j = 0; j < cols; j++) {
        double sum = 0;
        for (int64_t i = 0; i < rows; i++) sum += x[i * ldx + j] * (z ? z[i * ldz + j] : 1);
        out[j] += a * sum;
    }
}

static void add_bias(int64_t rows, int64_t cols, const double *x, int64_t ldx, const double *b,
                     double *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++)
        for (int64_t j = 0; j < cols; j++) y[i * ldy + j] = x[i * ldx + j] + b[j];
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

/* GELU is x * sigmoid(gelu_argument(x)). */
static const double gelu_linear = 1.5957691216057307; /* 2 sqrt(2/pi) */
static const double gelu_cubic = 0.044715;

static double gelu_argument(double x)
{
    return gelu_linear * (x + gelu_cubic * x * x * x);
}

static void gelu(int64_t n, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = x[i] * sigmoid(gelu_argument(x[i]));
}

static void gelu_back(int64_t n, const double *x, const double *dy, double *dx)
{
    for (int64_t i = 0; i < n; i++) {
        double s = sigmoid(gelu_argument(x[i]));
        double slope = gelu_linear * (1 + 3 * gelu_cubic * x[i] * x[i]);
        dx[i] = dy[i] * (s + x[i] * s * (1 - s) * slope);
    }
}

static void relu(int64_t n, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] = x[i] <= 0 ? 0 : x[i];
}

static void relu_back(int64_t n, const double *x, const double *dy, double *dx)
{
    for (int64_t i = 0; i < n; i++) dx[i] = x[i] <= 0 ? 0 : dy[i];
}

static void swiglu(int64_t rows, int64_t cols, const double *up, const double *gate, int64_t ld,
                   double *y, int64_t ldy)
{
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            double g = gate[i * ld + j];
            y[i * ldy + j] = g * sigmoid(g) * up[i * ld + j];
        }
    }
}

static void swiglu_back(int64_t rows, int64_t cols, const double *up, const double *gate,
                        int64_t ld, const double *dy, int64_t lddy, double *dup, double *dgate)
{
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < cols; j++) {
            double u = up[i * ld + j], g = gate[i * ld + j], d = dy[i * lddy + j];
            double s = sigmoid(g);
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

static void softmax_causal(int64_t rows, int64_t cols, int64_t first, double slope, double *s,
                           int64_t lds)
{
    for (int64_t i = 0; i < rows; i++) {
        double *row = s + i * lds;
        int64_t seen = causal_width(first + i, cols);
        double max = -INFINITY, sum = 0;
        for (int64_t j = 0; j < seen; j++) {
            row[j] += slope * (double)(j - first - i);
            max = row[j] > max ? row[j] : max;
        }
        for (int64_t j = 0; j < seen; j++) {
            row[j] = exp(row[j] - max);
            sum += row[j];
        }
        for (int64_t j = 0; j < seen; j++) row[j] /= sum;
        for (int64_t j = seen; j < cols; j++) row[j] = 0;
    }
}

static void softmax_causal_back(int64_t rows, int64_t cols, int64_t first, const double *p,
                                int64_t ldp, double *dp, int64_t lddp)
{
    for (int64_t i = 0; i < rows; i++) {
        int64_t seen = causal_width(first + i, cols);
        double mean = dot(1, seen, p + i * ldp, ldp, dp + i * lddp, lddp);
        for (int64_t j = 0; j < seen; j++)
            dp[i * lddp + j] = p[i * ldp + j] * (dp[i * lddp + j] - mean);
        for (int64_t j = seen; j < cols; j++) dp[i * lddp + j] = 0;
    }
}

static double cross_entropy(int64_t rows, int64_t vocab, double *logits, int64_t ld,
                            const uint16_t *target, double dscale)
{
    double loss = 0;
    for (int64_t i = 0; i < rows; i++) {
        double *row = logits + i * ld;
        double max = -INFINITY, sum = 0;
        for (int64_t j = 0; j < vocab; j++) max = row[j] > max ? row[j] : max;
        for (int64_t j = 0; j < vocab; j++) sum += exp(row[j] - max);
        loss += log(sum) + (max - row[target[i]]);
        if (dscale == 0) continue;
        for (int64_t j = 0; j < vocab; j++)
            row[j] = dscale * (exp(row[j] - max) / sum - (j == target[i]));
    }
    return loss;
}

static void rotate(int64_t rows, int64_t heads, int64_t head_dim, int64_t ctx,
                   const double *cos_sin, double sign, double *x, int64_t ldx)
{
    int64_t half = head_dim / 2;
    for (int64_t r = 0; r < rows; r++) {
        const double *angle = cos_sin + r % ctx * head_dim;
        for (int64_t h = 0; h < heads; h++) {
            double *lo = x + r * ldx + h * head_dim, *hi = lo + half;
            for (int64_t j = 0; j < half; j++) {
                double c = angle[2 * j], s = sign * angle[2 * j + 1];
                double a = lo[j], b = hi[j];
                lo[j] = a * c - b * s;
                hi[j] = a * s + b * c;
            }
        }
    }
}

static double sum_squares(int64_t n, const double *x)
{
    return dot(1, n, x, n, x, n);
}

static double max_abs(int64_t n, const double *x)
{
    double max = 0;
    for (int64_t i = 0; i < n; i++) {
        if (isnan(x[i])) return x[i];
        if (fabs(x[i]) > max) max = fabs(x[i]);
    }
    return max;
}

static void add_into(int64_t n, const double *x, double *y)
{
    for (int64_t i = 0; i < n; i++) y[i] += x[i];
}

static void adamw(int64_t n, double *w, const double *g, double *m, double *v, double gscale,
                  double lr, double b1, double b2, double eps, double decay, double c1, double c2)
{
    for (int64_t i = 0; i < n; i++) {
        double grad = gscale * g[i];
        m[i] = b1 * m[i] + (1 - b1) * grad;
        v[i] = b2 * v[i] + (1 - b2) * grad * grad;
        w[i] -= lr * (m[i] * c1) / (sqrt(v[i] * c2) + eps) + lr * decay * w[i];
    }
}

static void sgd(int64_t n, double *w, const double *g, double gscale, double lr, double decay)
{
    for (int64_t i = 0; i < n; i++) w[i] -= lr * (gscale * g[i] + decay * w[i]);
}

const weir_net_table_f64 *weir_net_f64(void)
{
    static const weir_net_table_f64 table = {
#define WEIR_NET_KERNEL(result, name, parameters) .name = name,
#include "ops/net/net.def"
#undef WEIR_NET_KERNEL
    };
    return &table;
}
