/* squash_want.c - see norm_want.h: DyT and Derf, by plain loops in double and by the bounds of dyt.md
 * and derf.md. */
#include "norm_want.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "element.h"
#include "squash_f64.h"

static const double u = 0x1p-24;

static void start_sums(problem *p)
{
    for (output k = DGAMMA; k <= DSHIFT; k++)
        for (int64_t j = 0; j < p->size[k]; j++) p->want[k][j] = (double)p->column_start[j];
}

static void ask_oracle(problem *p)
{
    const problem_options *o = &p->o;
    const int64_t n = o->rows * o->dim;
    double *sum = widened(p->sum, n), *s = widened(p->in[S], n), *dy = widened(p->in[DY], n);
    double *beta = widened(p->in[BETA], p->gamma_dim);
    double *gain = new_array(p->gamma_dim, sizeof(double));
    for (int64_t j = 0; j < p->gamma_dim; j++) gain[j] = gain_at(p, j);
    start_sums(p);
    const weir_squash_f64 f = {.op = o->op->op,
                               .rows = o->rows,
                               .dim = o->dim,
                               .scale = (double)p->norm.scale,
                               .shift = (double)p->norm.shift,
                               .gamma = gain,
                               .beta = beta,
                               .gamma_dim = p->gamma_dim};
    const weir_squash_grads_f64 to = {.dx = p->want[DX],
                                      .dgamma = p->want[DGAMMA],
                                      .dbeta = p->want[DBETA],
                                      .dscale = p->want[DSCALE],
                                      .dshift = p->want[DSHIFT]};
    weir_squash_forward_f64(&f, sum, 0, p->want[Y], 0);
    weir_squash_backward_f64(&f, s, 0, dy, 0, &to);
    if (p->want[SUM]) memcpy(p->want[SUM], sum, (size_t)n * sizeof *sum);
    double *const own[] = {sum, s, dy, beta, gain};
    for (size_t k = 0; k < sizeof own / sizeof own[0]; k++) weir_free(own[k]);
}

/* The argument of an element, and what its rounding does. */
typedef struct argument {
    double xhat;
    double slope; /* by which the rounding of the product alone moves xhat, in u */
    double bend;  /* by how much of itself the roundings move the slope, in u */
} argument;

static argument argument_of(const problem *p, double s)
{
    const bool is_erf = p->o.op->op == WEIR_DERF;
    const double product = (double)p->norm.scale * s, z = product + (double)p->norm.shift;
    if (isinf(z) || fabs(z) > 1e6) return (argument){copysign(1, z), 0, 0};
    if (!is_erf) return (argument){tanh(z), 0, 4 * fabs(z)};
    const double off = p->norm.shift != 0 ? fabs(product) : 0; /* rounded by itself */
    return (argument){erf(z), 1.1283791670955126 * exp(-z * z) * off,
                      4 * z * z + 2 * fabs(z) * off};
}

static void bound_y(problem *p, int64_t k, int64_t j)
{
    const argument a = argument_of(p, (double)p->sum[k]);
    const double gain = fabs(gain_at(p, j)), beta = fabs(beta_at(p, j));
    const double ulp = element_spacing(WEIR_F32, fabs(a.xhat) * gain + beta);
    p->tol[Y][k] = p->o.op->max_ulp * ulp + (u * a.slope + 0x1p-149) * gain;
}

/* One element's bounds, and its share of those of the sums; want has dx without dsum. */
static void bound_gradients(problem *p, int64_t k, int64_t j, double tree)
{
    const double s = (double)p->in[S][k], scale = fabs((double)p->norm.scale);
    const double dy = fabs((double)p->in[DY][k]), gain = fabs(gain_at(p, j));
    const double dsum = p->in[DSUM] ? fabs((double)p->in[DSUM][k]) : 0;
    const double ds = fabs(p->want[DX][k]), h = ds / scale, lost = 0x1p-124 * dy * gain;
    const argument a = argument_of(p, s);
    const int64_t to = j % p->gamma_dim, shared = p->gamma_dim == p->o.dim ? 0 : 1;
    const double additions = 17 + (double)shared + tree;
    p->tol[DX][k] = u * ((8 + a.bend) * ds + 2 * dsum) + lost * scale + 0x1p-149;
    p->tol[DGAMMA][to] += u * dy * ((4 + additions) * fabs(a.xhat) + a.slope) + 0x1p-149;
    p->tol[DBETA][to] += u * dy * additions;
    p->tol[DSCALE][0] += (u * (24 + tree + a.bend) * h + lost) * fabs(s) + 0x1p-149;
    if (p->tol[DSHIFT]) p->tol[DSHIFT][0] += u * (23 + tree + a.bend) * h + lost;
}

static void bound_residual(problem *p, int64_t k)
{
    const double alpha = fabs((double)p->o.alpha);
    if (p->in[DSUM]) p->want[DX][k] += (double)p->in[DSUM][k];
    if (!p->want[DRESIDUAL]) return;
    p->want[DRESIDUAL][k] = (double)p->o.alpha * p->want[DX][k];
    p->tol[DRESIDUAL][k] = alpha * (p->tol[DX][k] + u * fabs(p->want[DX][k])) + 0x1p-149;
}

void want_squash(problem *p)
{
    const double tree = ceil(log2(ceil((double)p->o.rows / WEIR_ROW_BLOCK)));
    ask_oracle(p);
    for (int64_t k = 0; k < p->size[Y]; k++) {
        bound_y(p, k, k % p->o.dim);
        bound_gradients(p, k, k % p->o.dim, tree);
        bound_residual(p, k);
    }
    for (output k = DGAMMA; k <= DSHIFT; k++)
        for (int64_t j = 0; j < p->size[k]; j++) p->tol[k][j] += 2 * u * fabs(p->want[k][j]);
}
