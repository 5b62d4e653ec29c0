/* net_grad_check - the oracle itself: gradients against central differences, the rotation against
 * its inverse and its transpose, the optimizers against what is known of them by other means. */
#include "base/rng.h"
#include "ops/net/net.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { ROWS = 3, COLS = 7, N = ROWS * COLS };

static const double step = 1e-5;
/* A central difference errs by step^2 f'''/6 and by the rounding of f over the step; f and its
 * derivatives are of the order of 10 here. */
static const double difference_error = 1e-8;

static void draw(uint64_t stream, int n, double *x)
{
    weir_rng rng;
    weir_rng_init(&rng, 1, stream);
    for (int i = 0; i < n; i++) x[i] = weir_rng_normal(&rng);
}

static int close_to(double got, double want, double tol)
{
    if (fabs(got - want) <= tol) return 1;
    print_message("got %.17g, want %.17g within %g\n", got, want, tol);
    return 0;
}

/* A scalar function of n inputs. */
typedef double scalar_function(double *x, const void *context);

static void check_gradient(scalar_function *f, const void *context, int n, const double *x0,
                           const double *grad)
{
    double x[3 * N];
    for (int i = 0; i < n; i++) {
        memcpy(x, x0, (size_t)n * sizeof *x);
        x[i] = x0[i] + step;
        double up = f(x, context);
        memcpy(x, x0, (size_t)n * sizeof *x);
        x[i] = x0[i] - step;
        double down = f(x, context);
        assert_true(close_to(grad[i], (up - down) / (2 * step), difference_error));
    }
}

/* The sum of w_i f(x)_i, for the weights w in the context: its gradient is the backward of w. */
static double weighted(const double *y, const void *weights)
{
    const double *w = weights;
    double sum = 0;
    for (int i = 0; i < N; i++) sum += w[i] * y[i];
    return sum;
}

static double sum_gelu(double *x, const void *weights)
{
    double y[N];
    weir_net_f64()->gelu(N, x, y);
    return weighted(y, weights);
}

static double sum_relu(double *x, const void *weights)
{
    double y[N];
    weir_net_f64()->relu(N, x, y);
    return weighted(y, weights);
}

static void test_gelu(void **state)
{
    (void)state;
    double x[N], w[N], dx[N];
    draw(1, N, x), draw(2, N, w);
    for (int i = 0; i < N; i++) x[i] *= 2;
    weir_net_f64()->gelu_back(N, x, w, dx);
    check_gradient(sum_gelu, w, N, x, dx);
    weir_net_f64()->relu_back(N, x, w, dx);
    check_gradient(sum_relu, w, N, x, dx);
}

/* GELU is x Phi(x) to 0.0005 (Hendrycks and Gimpel, arXiv:1606.08415). */
static void test_gelu_meaning(void **state)
{
    (void)state;
    for (double x = -6; x <= 6; x += 0.01) {
        double y;
        weir_net_f64()->gelu(1, &x, &y);
        assert_true(fabs(y - x * 0.5 * erfc(-x / sqrt(2))) <= 5e-4);
    }
}

static double sum_swiglu(double *x, const void *weights)
{
    double y[N];
    weir_net_f64()->swiglu(ROWS, COLS, x, x + N, COLS, y, COLS);
    return weighted(y, weights);
}

static void test_swiglu(void **state)
{
    (void)state;
    double x[2 * N], w[N], dx[2 * N];
    draw(3, 2 * N, x), draw(4, N, w);
    weir_net_f64()->swiglu_back(ROWS, COLS, x, x + N, COLS, w, COLS, dx, dx + N);
    check_gradient(sum_swiglu, w, 2 * N, x, dx);
}

static double sum_softmax(double *x, const void *weights)
{
    weir_net_f64()->softmax_causal(ROWS, COLS, 2, 0.3, x, COLS);
    return weighted(x, weights);
}

static void test_softmax(void **state)
{
    (void)state;
    double x[N], p[N], w[N], dx[N];
    draw(5, N, x), draw(6, N, w);
    memcpy(p, x, sizeof x);
    memcpy(dx, w, sizeof w);
    weir_net_f64()->softmax_causal(ROWS, COLS, 2, 0.3, p, COLS);
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < COLS; j++) sum += p[i * COLS + j];
        assert_true(close_to(sum, 1, 1e-15));
        for (int j = i + 3; j < COLS; j++) assert_true(p[i * COLS + j] == 0);
    }
    /* ALiBi: a key one further away weighs e^-slope as much at equal scores. */
    double flat[2] = {1, 1};
    weir_net_f64()->softmax_causal(1, 2, 1, 0.3, flat, 2);
    assert_true(close_to(flat[0] / flat[1], exp(-0.3), 1e-15));
    weir_net_f64()->softmax_causal_back(ROWS, COLS, 2, p, COLS, dx, COLS);
    check_gradient(sum_softmax, w, N, x, dx);
}

static const uint16_t target[ROWS] = {2, 0, 6};

static double scaled_loss(double *x, const void *context)
{
    const double *dscale = context;
    return *dscale * weir_net_f64()->cross_entropy(ROWS, COLS, x, COLS, target, 0);
}

static void test_cross_entropy(void **state)
{
    (void)state;
    double x[N], dx[N], dscale = 0.7;
    draw(7, N, x);
    memcpy(dx, x, sizeof x);
    double loss = weir_net_f64()->cross_entropy(ROWS, COLS, dx, COLS, target, dscale);
    check_gradient(scaled_loss, &dscale, N, x, dx);
    double naive = 0;
    for (int i = 0; i < ROWS; i++) {
        double sum = 0;
        for (int j = 0; j < COLS; j++) sum += exp(x[i * COLS + j]);
        naive -= log(exp(x[i * COLS + target[i]]) / sum);
    }
    assert_true(close_to(loss, naive, 1e-14));
    /* Even odds. */
    double even[COLS] = {0};
    assert_true(
        close_to(weir_net_f64()->cross_entropy(1, COLS, even, COLS, target, 0), log(COLS), 1e-15));
}

/* Dot products of rotated queries and keys depend on the distance of their positions alone. */
static void test_rotate(void **state)
{
    enum { CTX = 6, DIM = 4, HEADS = 2, WIDTH = HEADS * DIM };
    (void)state;
    const weir_net_table_f64 *t = weir_net_f64();
    double angles[CTX][DIM / 2][2];
    for (int p = 0; p < CTX; p++) {
        for (int j = 0; j < DIM / 2; j++) {
            angles[p][j][0] = cos(p * pow(10000, -2.0 * j / DIM));
            angles[p][j][1] = sin(p * pow(10000, -2.0 * j / DIM));
        }
    }
    double q[CTX][WIDTH], k[CTX][WIDTH], start[WIDTH], other[WIDTH], back[CTX][WIDTH];
    draw(8, WIDTH, start), draw(9, WIDTH, other);
    for (int p = 0; p < CTX; p++)
        memcpy(q[p], start, sizeof start), memcpy(k[p], other, sizeof other);
    t->rotate(CTX, HEADS, DIM, CTX, &angles[0][0][0], 1, q[0], WIDTH);
    t->rotate(CTX, HEADS, DIM, CTX, &angles[0][0][0], 1, k[0], WIDTH);
    assert_memory_equal(q[0], start, sizeof start);
    for (int h = 0; h < WIDTH; h += DIM) {
        double near = t->dot(1, DIM, q[3] + h, DIM, k[1] + h, DIM);
        double far = t->dot(1, DIM, q[5] + h, DIM, k[3] + h, DIM);
        assert_true(close_to(near, far, 1e-14));
    }
    /* One pair by hand: (a, b) at angle 1. */
    assert_true(close_to(q[1][0], start[0] * cos(1) - start[2] * sin(1), 1e-15));
    assert_true(close_to(q[1][2], start[0] * sin(1) + start[2] * cos(1), 1e-15));
    memcpy(back, q, sizeof q);
    t->rotate(CTX, HEADS, DIM, CTX, &angles[0][0][0], -1, back[0], WIDTH);
    for (int p = 0; p < CTX; p++)
        for (int j = 0; j < WIDTH; j++) assert_true(close_to(back[p][j], start[j], 1e-15));
}

/* The textbook loop, with bias correction by powers, over changing gradients. */
static void test_adamw(void **state)
{
    (void)state;
    const double lr = 0.01, b1 = 0.9, b2 = 0.99, eps = 1e-8, decay = 0.1, gscale = 0.5;
    double w = 0.3, m = 0, v = 0, hand_w = w, hand_m = 0, hand_v = 0, g[20];
    draw(10, 20, g);
    for (int t = 1; t <= 20; t++) {
        double c1 = 1 / (1 - pow(b1, t)), c2 = 1 / (1 - pow(b2, t));
        weir_net_f64()->adamw(1, &w, &g[t - 1], &m, &v, gscale, lr, b1, b2, eps, decay, c1, c2);
        double grad = g[t - 1] * gscale;
        hand_m = b1 * hand_m + (1 - b1) * grad;
        hand_v = b2 * hand_v + (1 - b2) * grad * grad;
        double m_hat = hand_m / (1 - pow(b1, t)), v_hat = hand_v / (1 - pow(b2, t));
        hand_w = hand_w - lr * m_hat / (sqrt(v_hat) + eps) - lr * decay * hand_w;
        assert_true(close_to(w, hand_w, 1e-14));
    }
}

/* Under a constant gradient the corrected moments are g and g^2, so each step is lr, to eps. */
static void test_adamw_constant(void **state)
{
    (void)state;
    const double lr = 0.01, b1 = 0.9, b2 = 0.999;
    double w = 1, g = -0.02, m = 0, v = 0;
    for (int t = 1; t <= 10; t++) {
        weir_net_f64()->adamw(1, &w, &g, &m, &v, 1, lr, b1, b2, 0, 0, 1 / (1 - pow(b1, t)),
                              1 / (1 - pow(b2, t)));
        assert_true(close_to(w, 1 + lr * t, 1e-13));
    }
}

/* On w^2 / 2 each step multiplies by 1 - lr (1 + decay). */
static void test_sgd(void **state)
{
    (void)state;
    double w = 2;
    for (int t = 1; t <= 10; t++) {
        double g = 4 * w;
        weir_net_f64()->sgd(1, &w, &g, 0.25, 0.1, 0.5);
        assert_true(close_to(w, 2 * pow(0.85, t), 1e-14));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gelu),          cmocka_unit_test(test_gelu_meaning),
        cmocka_unit_test(test_swiglu),        cmocka_unit_test(test_softmax),
        cmocka_unit_test(test_cross_entropy), cmocka_unit_test(test_rotate),
        cmocka_unit_test(test_adamw),         cmocka_unit_test(test_adamw_constant),
        cmocka_unit_test(test_sgd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
