/* net_cases.c - how each kernel of the network is tried, and how far from the oracle it may be.
 *
 * Every tolerance is the sum of the roundings that the kernel makes, each U relative to what is
 * rounded, carried through the formula to first order; SLACK covers the higher orders. FLOOR is
 * what an exponential or a sigmoid that sinks below the normal numbers may lose, or any result
 * times U. */
#include "net_problem.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#define U             0x1p-24 /* of a rounding to float */
#define U64           0x1p-53
#define SLACK         1.01
#define EXP_ROUNDINGS 2.2 /* 1.1 ulp of the exponential, in U, where an ulp is largest */
#define FLOOR         ((double)FLT_MIN)

/* The inputs of element (i, j), and its output. */
static double before(const problem *p, int operand, int64_t i, int64_t j)
{
    return p->before[operand].data[i * p->before[operand].ld + j];
}

static double after(const problem *p, int operand, int64_t i, int64_t j)
{
    return p->after[operand].data[i * p->after[operand].ld + j];
}

#define EACH(p, operand)                                                                           \
    for (int64_t i = 0; i < (p)->after[operand].rows; i++)                                         \
        for (int64_t j = 0; j < (p)->after[operand].cols; j++)
#define TOL tol[i * p->after[operand].cols + j]

static void exact(const problem *p, int operand, double *tol)
{
    EACH(p, operand) TOL = 0;
}

static void one_rounding(const problem *p, int operand, double *tol)
{
    EACH(p, operand) TOL = U * fabs(after(p, operand, i, j)) + FLOOR * U;
}

static void tol_axpby(const problem *p, int operand, double *tol)
{
    double a = p->variant ? 0 : 0.7, b = p->variant ? 0 : 1.3; /* a product with 1 is exact */
    EACH(p, operand)
    TOL = SLACK * U *
          (fabs(a * before(p, 0, i, j)) + fabs(b * before(p, 1, i, j)) +
           fabs(after(p, operand, i, j)));
}

static void tol_dot_cols(const problem *p, int operand, double *tol)
{
    EACH(p, operand)
    {
        double size = fabs(before(p, 2, 0, j));
        for (int64_t r = 0; r < p->rows; r++)
            size += fabs(before(p, 0, r, j) * (p->variant ? 1 : before(p, 1, r, j)));
        TOL = SLACK * (U * fabs(after(p, 2, 0, j)) + 2 * (double)(p->rows + 2) * U64 * size);
    }
}

/* Of a dot product of operands a and b in double, by either order of summation. */
static double dot_error(const problem *p, int a, int b)
{
    double size = 0, n = (double)(p->before[a].rows * p->before[a].cols);
    for (int64_t i = 0; i < p->before[a].rows; i++)
        for (int64_t j = 0; j < p->before[a].cols; j++)
            size += fabs(before(p, a, i, j) * before(p, b, i, j));
    return SLACK * 2 * n * U64 * size;
}

static double result_dot(const problem *p)
{
    return dot_error(p, 0, 1);
}

static double result_sum_squares(const problem *p)
{
    return dot_error(p, 0, 0);
}

static double result_exact(const problem *p)
{
    (void)p;
    return 0;
}

/* A sigmoid 1 / (1 + e^-t), its complement, and the relative error of the computed sigmoid when t
 * comes with `roundings` relative ones: EXP_ROUNDINGS in the exponential, 2 in the sum and the
 * division.
 */
typedef struct sigmoid {
    double s, rest, error;
} sigmoid;

static sigmoid sigmoid_of(double t, double roundings)
{
    double s = 1 / (1 + exp(-t)), rest = 1 / (1 + exp(t));
    return (sigmoid){s, rest, U * (2 + rest * (EXP_ROUNDINGS + roundings * fabs(t)))};
}

static const double gelu_linear = 1.5957691216057307, gelu_cubic = 0.044715;

static sigmoid gelu_sigmoid(double x)
{
    return sigmoid_of(gelu_linear * (x + gelu_cubic * x * x * x), 5);
}

static void tol_gelu(const problem *p, int operand, double *tol)
{
    EACH(p, operand)
    TOL = SLACK * fabs(after(p, 1, i, j)) * gelu_sigmoid(before(p, 0, i, j)).error +
          FLOOR * (fabs(before(p, 0, i, j)) + U);
}

/* Of s (1 + h (1 - s)), where h has `roundings` relative ones. */
static double slope_error(sigmoid g, double h, double roundings)
{
    double inner = h * g.rest;
    double inner_error = fabs(h) * (g.s * g.error + U * g.rest) + (roundings + 1) * U * fabs(inner);
    return g.s * (inner_error + U * fabs(1 + inner)) + fabs(g.s * (1 + inner)) * (g.error + U);
}

static void tol_gelu_back(const problem *p, int operand, double *tol)
{
    EACH(p, operand)
    {
        double x = before(p, 0, i, j), dy = before(p, 1, i, j);
        double h = x * gelu_linear * (1 + 3 * gelu_cubic * x * x);
        TOL = SLACK * (fabs(dy) * slope_error(gelu_sigmoid(x), h, 5) +
                       U * fabs(after(p, operand, i, j))) +
              FLOOR * (fabs(dy) * (1 + fabs(h)) + U);
    }
}

static void tol_swiglu(const problem *p, int operand, double *tol)
{
    EACH(p, operand)
    {
        double up = before(p, 0, i, j), gate = before(p, 1, i, j);
        TOL = SLACK * fabs(after(p, operand, i, j)) * (sigmoid_of(gate, 2).error + U) +
              FLOOR * (fabs(up * gate) + U);
    }
}

static void tol_swiglu_back(const problem *p, int operand, double *tol)
{
    EACH(p, operand)
    {
        double up = before(p, 0, i, j), gate = before(p, 1, i, j), dy = before(p, 2, i, j);
        sigmoid g = sigmoid_of(gate, 2);
        double y = fabs(after(p, operand, i, j));
        if (operand == 3)
            TOL = SLACK * y * (g.error + 2 * U) + FLOOR * (fabs(dy * gate) + U);
        else
            TOL = SLACK * (fabs(dy * up) * slope_error(g, gate, 0) + 2 * U * y) +
                  FLOOR * (fabs(dy * up) * (1 + fabs(gate)) + U);
    }
}

/* What a sum of n terms in WEIR_LANES lanes rounds: each lane its terms, then the folding. */
static double sum_roundings(int64_t n)
{
    return (double)((n + 31) / 32 + 5);
}

/* Relative error of the sum of e^(x_j - max), where term j has the share share[j] of the sum and
 * errs by term_error(p, i, j). */
static double softmax_sum_error(const problem *p, int64_t i, int64_t n, double max, double slope,
                                double position)
{
    double sum = 0, error = 0;
    for (int64_t j = 0; j < n; j++) {
        double ramp = slope * ((double)j - position), x = before(p, 0, i, j) + ramp;
        double e = exp(x - max);
        sum += e;
        error += e * U * (fabs(ramp) + (slope != 0 ? fabs(x) : 0) + fabs(x - max) + EXP_ROUNDINGS);
    }
    return error / sum + U * sum_roundings(n);
}

/* The largest of the first n logits of row i, with ALiBi's ramp. */
static double softmax_max(const problem *p, int64_t i, int64_t n, double slope, double position)
{
    double max = -INFINITY;
    for (int64_t j = 0; j < n; j++)
        max = fmax(max, before(p, 0, i, j) + slope * ((double)j - position));
    return max;
}

static int64_t causal_width(const problem *p, int64_t i)
{
    int64_t seen = i + (p->variant ? 7 : 0) + 1;
    return seen < p->cols ? seen : p->cols;
}

static void tol_softmax(const problem *p, int operand, double *tol)
{
    double slope = p->variant ? 0.25 : 0;
    for (int64_t i = 0; i < p->rows; i++) {
        int64_t n = causal_width(p, i);
        double position = (double)(i + (p->variant ? 7 : 0));
        double max = softmax_max(p, i, n, slope, position);
        double sum_error = softmax_sum_error(p, i, n, max, slope, position);
        for (int64_t j = 0; j < p->cols; j++) {
            double ramp = slope * ((double)j - position), x = before(p, 0, i, j) + ramp;
            double term =
                U * (fabs(ramp) + (slope != 0 ? fabs(x) : 0) + fabs(x - max) + EXP_ROUNDINGS);
            double error = after(p, operand, i, j) * (term + sum_error + 2 * U);
            TOL = j < n ? SLACK * error + FLOOR : 0;
        }
    }
}

static void tol_softmax_back(const problem *p, int operand, double *tol)
{
    for (int64_t i = 0; i < p->rows; i++) {
        int64_t n = causal_width(p, i);
        double mean = 0, size = 0;
        for (int64_t j = 0; j < n; j++) {
            mean += before(p, 0, i, j) * before(p, 1, i, j);
            size += fabs(before(p, 0, i, j) * before(p, 1, i, j));
        }
        double mean_error = U * (1 + sum_roundings(n)) * size;
        for (int64_t j = 0; j < p->cols; j++) {
            double prob = fabs(before(p, 0, i, j)), gap = fabs(before(p, 1, i, j) - mean);
            TOL = j < n ? SLACK * prob * (mean_error + 2 * U * gap) + FLOOR * U : 0;
        }
    }
}

static void tol_cross_entropy(const problem *p, int operand, double *tol)
{
    const double dscale = p->variant ? 0 : 0.125; /* 0: nothing is written */
    for (int64_t i = 0; i < p->rows; i++) {
        double max = softmax_max(p, i, p->cols, 0, 0);
        double sum_error = softmax_sum_error(p, i, p->cols, max, 0, 0);
        for (int64_t j = 0; j < p->cols; j++) {
            double grad = after(p, operand, i, j);
            double share = grad / 0.125 + (j == target_of(i, p->cols));
            double term = U * (fabs(before(p, 0, i, j) - max) + EXP_ROUNDINGS);
            double error = share * (term + sum_error + 2 * U) + U * fabs(grad / 0.125);
            TOL = dscale != 0 ? SLACK * dscale * error + FLOOR : 0;
        }
    }
}

static double result_cross_entropy(const problem *p)
{
    double error = (double)p->rows * 4 * U64 * fabs(p->result);
    for (int64_t i = 0; i < p->rows; i++) {
        double max = softmax_max(p, i, p->cols, 0, 0);
        error += softmax_sum_error(p, i, p->cols, max, 0, 0) + 16 * U64;
    }
    return SLACK * error;
}

static void tol_rotate(const problem *p, int operand, double *tol)
{
    int64_t head_dim = p->after[0].cols / HEADS, half = head_dim / 2;
    EACH(p, operand)
    {
        int64_t place = j % head_dim, other = place < half ? j + half : j - half;
        int64_t angle = 2 * (place % half);
        double c = before(p, 1, i % CTX, angle), s = before(p, 1, i % CTX, angle + 1);
        double lo = before(p, 0, i, j), hi = before(p, 0, i, other);
        TOL = SLACK * U * (fabs(lo * c) + fabs(hi * s) + fabs(after(p, 0, i, j))) + FLOOR * U;
    }
}

static void tol_adamw(const problem *p, int operand, double *tol)
{
    const double gscale = 0.5, lr = 1e-3, b1 = 0.9, b2 = 0.999, decay = 0.1;
    const double c1 = p->variant ? 1 : 5.2631578, c2 = p->variant ? 1 : 500.25;
    EACH(p, operand)
    {
        double g = gscale * before(p, 1, i, j), m = after(p, 2, i, j), v = after(p, 3, i, j);
        double m_error = U * (b1 * fabs(before(p, 2, i, j)) + 2 * (1 - b1) * fabs(g) + fabs(m));
        double v_error = U * (b2 * before(p, 3, i, j) + 4 * (1 - b2) * g * g + v) + FLOOR * U;
        double spread = sqrt(v * c2) + 1e-8, step = lr * c1 * fabs(m) / spread;
        double step_error =
            lr * c1 * m_error / spread + step * (v_error / v / 2 + (0.5 + 1 + 1) * U + 3 * U);
        double w = before(p, 0, i, j), w_error = step_error + 2 * U * lr * decay * fabs(w) +
                                                 U * (step + lr * decay * fabs(w)) +
                                                 U * fabs(after(p, 0, i, j));
        TOL = SLACK * (operand == 0 ? w_error : operand == 2 ? m_error : v_error);
    }
}

static void tol_sgd(const problem *p, int operand, double *tol)
{
    const double gscale = 0.5, lr = 0.1, decay = p->variant ? 0 : 0.01;
    EACH(p, operand)
    {
        double g = gscale * fabs(before(p, 1, i, j)), w = decay * fabs(before(p, 0, i, j));
        TOL = SLACK * U * (lr * 3 * (g + w) + fabs(after(p, 0, i, j)));
    }
}

/* Sorted as net.def; net_check compares the names. */
const kernel_case kernel_cases[] = {
    {"axpby", "iio", "mmm", {"20", "21"}, 1, tol_axpby, NULL},
    {"scale", "io", "mm", {"10"}, 1, one_rounding, NULL},
    {"scale_cols", "iio", "vmm", {"21"}, 1, one_rounding, NULL},
    {"dot", "ii", "mm", {0}, 1, NULL, result_dot},
    {"dot_cols", "iib", "mmv", {0}, 1, tol_dot_cols, NULL},
    {"add_bias", "iio", "vmm", {"21"}, 1, one_rounding, NULL},
    {"gelu", "io", "vv", {"10"}, 3, tol_gelu, NULL},
    {"gelu_back", "iio", "vvv", {"20", "21"}, 3, tol_gelu_back, NULL},
    {"relu", "io", "vv", {"10"}, 1, exact, NULL},
    {"relu_back", "iio", "vvv", {"20", "21"}, 1, exact, NULL},
    {"swiglu", "iio", "msm", {0}, 5, tol_swiglu, NULL},
    {"swiglu_back", "iiioo", "msmss", {"3041"}, 5, tol_swiglu_back, NULL},
    {"softmax_causal", "b", "m", {0}, 8, tol_softmax, NULL},
    {"softmax_causal_back", "ib", "mm", {0}, 1, tol_softmax_back, NULL},
    {"cross_entropy", "b", "m", {0}, 8, tol_cross_entropy, result_cross_entropy},
    {"rotate", "bi", "ra", {0}, 1, tol_rotate, NULL},
    {"sum_squares", "i", "v", {0}, 1, NULL, result_sum_squares},
    {"max_abs", "i", "v", {0}, 1, NULL, result_exact},
    {"add_into", "ib", "vv", {0}, 1, one_rounding, NULL},
    {"adamw", "bibp", "vvvv", {0}, 1, tol_adamw, NULL},
    {"sgd", "bi", "vv", {0}, 1, tol_sgd, NULL},
};
const int kernel_case_count = sizeof kernel_cases / sizeof *kernel_cases;

uint16_t target_of(int64_t row, int64_t vocab)
{
    return (uint16_t)((7 * row + 3) % vocab);
}
