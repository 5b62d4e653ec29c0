/* squash_norm_check.c - DyT and Derf as norms: forward and backward against plain loops in double,
 * within the bounds of dyt.md and derf.md; the same bits from every set, from several threads, from
 * a row alone; and in 16 bits those of f32, rounded. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/rng.h"
#include "element.h"
#include "ops/kernels.h"
#include "ops/squash_f64.h"
#include "simd/isa.h"
#include "weir/weir.h"

#define U 0x1p-24

enum { MAX_ROWS = 70, MAX_DIM = 1100, MAX = MAX_ROWS * MAX_DIM };

typedef enum output { Y, DX, DRESIDUAL, DGAMMA, DBETA, DSCALE, DSHIFT, OUTPUTS } output;
static const char *const output_names[OUTPUTS] = {"y",     "dx",     "dresidual", "dgamma",
                                                  "dbeta", "dscale", "dshift"};

typedef struct options {
    const weir_op_row *op;
    weir_dtype type; /* of the matrices */
    int64_t rows, dim, gamma_dim;
    bool residual, gamma, beta, dsum;
    float size, scale, shift; /* size: of the elements of x */
} options;

/* Dense operands, with values of the type; what must come of them, and how nearly. */
static struct {
    options o;
    weir_norm norm;
    float x[MAX], residual[MAX], s[MAX], dy[MAX], dsum[MAX], gamma[MAX_DIM], beta[MAX_DIM];
    double want[OUTPUTS][MAX], tol[OUTPUTS][MAX];
} p;

typedef struct results {
    float out[OUTPUTS][MAX];
} results;
static results first, again;

static const float alpha = 0.75f, gamma_offset = 1, start = 0.625f; /* start: of sums */

static int64_t length(output k)
{
    if (k == DSHIFT) return p.o.op->shift ? 1 : 0;
    if (k == DRESIDUAL && !p.o.residual) return 0;
    return k == DSCALE ? 1 : k == DGAMMA || k == DBETA ? p.o.gamma_dim : p.o.rows * p.o.dim;
}

static void draw(weir_rng *rng, weir_dtype type, double size, float *v, int64_t n)
{
    for (int64_t k = 0; k < n; k++) v[k] = (float)element_round(type, size * weir_rng_normal(rng));
}

static double gain_at(int64_t j)
{
    return p.o.gamma ? (double)(gamma_offset + p.gamma[j % p.o.gamma_dim]) : 1;
}

static double beta_at(int64_t j)
{
    return p.o.beta ? (double)p.beta[j % p.o.gamma_dim] : 0;
}

static void ask_oracle(void)
{
    static double s[MAX], dy[MAX], gain[MAX_DIM], beta[MAX_DIM];
    const int64_t n = p.o.rows * p.o.dim;
    for (int64_t k = 0; k < n; k++) s[k] = (double)p.s[k], dy[k] = (double)p.dy[k];
    for (int64_t j = 0; j < p.o.gamma_dim; j++) gain[j] = gain_at(j), beta[j] = beta_at(j);
    for (output k = DGAMMA; k <= DSHIFT; k++)
        for (int64_t j = 0; j < length(k); j++) p.want[k][j] = (double)start;
    const weir_squash_f64 f = {.op = p.norm.op,
                               .rows = p.o.rows,
                               .dim = p.o.dim,
                               .scale = (double)p.o.scale,
                               .shift = (double)p.o.shift,
                               .gamma = gain,
                               .beta = beta,
                               .gamma_dim = p.o.gamma_dim};
    const weir_squash_grads_f64 to = {.dx = p.want[DX],
                                      .dgamma = p.want[DGAMMA],
                                      .dbeta = p.want[DBETA],
                                      .dscale = p.want[DSCALE],
                                      .dshift = p.want[DSHIFT]};
    weir_squash_forward_f64(&f, s, 0, p.want[Y], 0);
    weir_squash_backward_f64(&f, s, 0, dy, 0, &to);
}

/* One element's bounds, and its share of those of the sums; `ds` is dx without dsum. */
static void bound_element(int64_t k, int64_t j, double additions)
{
    const bool is_erf = p.norm.op == WEIR_DERF;
    const double s = (double)p.s[k], scale = (double)p.o.scale, product = scale * s;
    const double z = product + (double)p.o.shift, dy = fabs((double)p.dy[k]);
    const double gain = fabs(gain_at(j)), xhat = is_erf ? erf(z) : tanh(z);
    const double off = is_erf && p.o.shift != 0 ? fabs(product) : 0; /* rounded by itself */
    const double slope = 1.1283791670955126 * exp(-z * z) * off;
    const double of_slope = is_erf ? 4 * z * z + 2 * fabs(z) * off : 4 * fabs(z);
    const double ds = fabs(p.want[DX][k]), h = ds / fabs(scale);
    const double lost = 0x1p-124 * dy * gain;
    const int64_t to = j % p.o.gamma_dim, shared = p.o.gamma_dim == p.o.dim ? 0 : 1;
    p.tol[Y][k] =
        p.o.op->max_ulp * element_spacing(WEIR_F32, fabs(xhat) * gain + fabs(beta_at(j))) +
        U * slope * gain + 0x1p-149 * gain;
    p.tol[DX][k] = U * ((8 + of_slope) * ds + 2 * fabs((double)p.dsum[k] * p.o.dsum)) +
                   lost * fabs(scale) + 0x1p-149;
    p.tol[DGAMMA][to] += U * dy * ((21 + (double)shared + additions) * fabs(xhat) + slope);
    p.tol[DBETA][to] += U * dy * (17 + (double)shared + additions);
    p.tol[DSCALE][0] += (U * (24 + additions + of_slope) * h + lost) * fabs(s) + 0x1p-149;
    p.tol[DSHIFT][0] += U * (23 + additions + of_slope) * h + lost;
}

static void bound(void)
{
    const double depth = ceil(log2(ceil((double)p.o.rows / WEIR_ROW_BLOCK)));
    memset(p.tol, 0, sizeof p.tol);
    for (int64_t i = 0; i < p.o.rows; i++)
        for (int64_t j = 0; j < p.o.dim; j++) bound_element(i * p.o.dim + j, j, depth);
    for (int64_t k = 0; k < p.o.rows * p.o.dim; k++) {
        if (p.o.dsum) p.want[DX][k] += (double)p.dsum[k];
        p.want[DRESIDUAL][k] = (double)alpha * p.want[DX][k];
        p.tol[DRESIDUAL][k] = (double)alpha * (p.tol[DX][k] + U * fabs(p.want[DX][k])) + 0x1p-149;
    }
    for (output k = DGAMMA; k <= DSHIFT; k++)
        for (int64_t j = 0; j < length(k); j++) p.tol[k][j] += 2 * U * fabs(p.want[k][j]);
}

static void make(const options *o, uint64_t seed)
{
    weir_rng rng;
    const int64_t n = o->rows * o->dim;
    weir_rng_init(&rng, seed, 3);
    p.o = *o;
    p.norm = (weir_norm){.op = o->op->op,
                         .dim = o->dim,
                         .gamma_offset = o->gamma ? (double)gamma_offset : 0,
                         .gamma_dim = o->gamma_dim,
                         .scale = o->scale,
                         .shift = o->shift};
    draw(&rng, o->type, (double)o->size, p.x, n);
    draw(&rng, o->type, (double)o->size, p.residual, n);
    draw(&rng, o->type, 1, p.dy, n);
    draw(&rng, o->type, 1, p.dsum, n);
    draw(&rng, WEIR_F32, 1, p.gamma, o->gamma_dim);
    draw(&rng, WEIR_F32, 1, p.beta, o->gamma_dim);
    for (int64_t k = 0; k < n; k++) {
        const float scaled = alpha * p.residual[k];
        p.s[k] = o->residual ? scaled + p.x[k] : p.x[k];
    }
    ask_oracle();
    bound();
}

/* What a call has in hand: operands in their type. */
static struct {
    _Alignas(64) float in[5][MAX], out[3][MAX];
    _Alignas(64) float work[1 << 20];
} hand;

static weir_mat mat_in(int slot, const float *from, bool given, weir_dtype type)
{
    for (int64_t k = 0; given && k < p.o.rows * p.o.dim; k++)
        element_put(type, hand.in[slot], k, from[k]);
    return given ? (weir_mat){hand.in[slot], type, 0} : (weir_mat){NULL, 0, 0};
}

static void collect(results *r, output k, int slot, weir_dtype type)
{
    for (int64_t i = 0; i < length(k); i++) r->out[k][i] = element_get(type, hand.out[slot], i);
}

/* Rows first..end-1, in matrices of a type; the s that backward gets is always f32. */
static void run(results *r, weir_dtype type, const weir_parallel *par, int64_t at, int64_t rows)
{
    const size_t skip = (size_t)(at * p.o.dim) * element_size(type);
    weir_mat m[5] = {mat_in(0, p.x, true, type), mat_in(1, p.residual, p.o.residual, type),
                     mat_in(2, p.dy, true, type), mat_in(3, p.dsum, p.o.dsum, type),
                     mat_in(4, p.s, true, WEIR_F32)};
    weir_mat to[3] = {{hand.out[0], type, 0}, {hand.out[1], type, 0}, {hand.out[2], type, 0}};
    for (int k = 0; k < 4; k++)
        if (m[k].data) m[k].data = (char *)m[k].data + skip;
    m[4].data = (float *)m[4].data + at * p.o.dim;
    for (int k = 0; k < 3; k++) to[k].data = (char *)to[k].data + skip;
    if (!p.o.residual) to[2].data = NULL;
    for (output k = DGAMMA; k <= DSHIFT; k++)
        for (int64_t j = 0; j < length(k); j++) r->out[k][j] = start;
    const weir_vec gamma = {p.o.gamma ? p.gamma : NULL, WEIR_F32};
    weir_norm_fwd fwd = {.rows = rows,
                         .x = m[0],
                         .residual = m[1],
                         .alpha = p.o.residual ? alpha : 0,
                         .gamma = gamma,
                         .beta = {p.o.beta ? p.beta : NULL, WEIR_F32},
                         .y = to[0]};
    weir_norm_bwd bwd = {.rows = rows,
                         .dy = m[2],
                         .x = m[4],
                         .dsum = m[3],
                         .alpha = p.o.residual ? alpha : 0,
                         .gamma = gamma,
                         .dx = to[1],
                         .dresidual = to[2],
                         .dgamma = r->out[DGAMMA],
                         .dbeta = r->out[DBETA],
                         .dscale = r->out[DSCALE],
                         .dshift = p.o.op->shift ? r->out[DSHIFT] : NULL,
                         .workspace = hand.work,
                         .workspace_bytes = sizeof hand.work};
    weir_error why = {0};
    fwd.error = bwd.error = &why;
    if (weir_norm_forward(&p.norm, &fwd, par) || weir_norm_backward(&p.norm, &bwd, par))
        fail_msg("%s", why.message);
}

static void run_all(results *r, weir_dtype type, const weir_parallel *par)
{
    run(r, type, par, 0, p.o.rows);
    for (output k = Y; k <= DRESIDUAL; k++) collect(r, k, (int)k, type);
}

static void check_bounds(const results *r)
{
    for (output k = Y; k < OUTPUTS; k++)
        for (int64_t i = 0; i < length(k); i++) {
            const double off = fabs((double)r->out[k][i] - p.want[k][i]);
            if (!(off <= p.tol[k][i]))
                fail_msg(
                    "%s, %lld x %lld, gamma_dim %lld, x about %g, scale %g, shift %g: %s[%lld] "
                    "is %.9g, not %.12g: off by %.3g, %.3g allowed",
                    p.o.op->name, (long long)p.o.rows, (long long)p.o.dim, (long long)p.o.gamma_dim,
                    (double)p.o.size, (double)p.o.scale, (double)p.o.shift, output_names[k],
                    (long long)i, (double)r->out[k][i], p.want[k][i], off, p.tol[k][i]);
        }
}

static void check_same(const results *a, const results *b, output last, const char *what)
{
    for (output k = Y; k <= last; k++)
        if (memcmp(a->out[k], b->out[k], (size_t)length(k) * sizeof(float)) != 0)
            fail_msg("%s, %lld x %lld: other bits of %s %s", p.o.op->name, (long long)p.o.rows,
                     (long long)p.o.dim, output_names[k], what);
}

static void check_sets(weir_dtype type)
{
    weir_set_isa_ceiling(WEIR_ISA_SCALAR);
    run_all(&first, type, NULL);
    for (weir_isa isa = (weir_isa)1; isa <= weir_isa_detect(); isa++) {
        if (!weir_kernel_at(p.norm.op, isa)) continue;
        weir_set_isa_ceiling(isa);
        run_all(&again, type, NULL);
        check_same(&first, &again, DSHIFT, weir_isa_name(isa));
    }
    weir_set_isa_ceiling(weir_isa_detect());
}

/* y and dx of each row from a call of its own. */
static void check_rows_alone(void)
{
    for (int64_t i = 0; i < p.o.rows; i++) run(&again, WEIR_F32, NULL, i, 1);
    for (output k = Y; k <= DRESIDUAL; k++) collect(&again, k, (int)k, WEIR_F32);
    check_same(&first, &again, DRESIDUAL, "with each row alone");
}

static void check_16_bits(weir_dtype type)
{
    check_sets(type);
    run_all(&again, WEIR_F32, NULL);
    for (output k = Y; k <= DRESIDUAL; k++)
        for (int64_t i = 0; i < length(k); i++)
            again.out[k][i] = (float)element_round(type, (double)again.out[k][i]);
    check_same(&first, &again, DSHIFT, "in 16 bits");
}

static void check_options(const options *o, weir_pool *pool)
{
    const weir_parallel par = weir_pool_parallel(pool);
    make(o, (uint64_t)(o->rows * o->dim));
    if (o->type != WEIR_F32) {
        check_16_bits(o->type);
        return;
    }
    check_sets(WEIR_F32);
    check_bounds(&first);
    run_all(&again, WEIR_F32, &par);
    check_same(&first, &again, DSHIFT, "with threads");
    check_rows_alone();
}

static void check_shape(int64_t rows, int64_t dim)
{
    static const float sizes[] = {1e-3f, 1, 8, 1e30f};
    int ops;
    const weir_op_row *row = weir_op_rows(&ops);
    weir_pool *pool;
    assert_int_equal(weir_pool_create(3, &pool), WEIR_OK);
    for (int op = 0; op < ops; op++)
        for (int k = 0; k < 8 && !row[op].measures; k++) {
            const weir_dtype type = k < 4 || k == 7 ? WEIR_F32 : k == 5 ? WEIR_F16 : WEIR_BF16;
            const options o = {.op = &row[op],
                               .type = type,
                               .rows = rows,
                               .dim = dim,
                               .gamma_dim = k == 1 ? 1 : dim,
                               .residual = k % 2,
                               .gamma = k != 2,
                               .beta = k % 4 != 2,
                               .dsum = k % 3 == 0,
                               .size = type == WEIR_F16 ? 1 : sizes[k % 4],
                               .scale = k == 3 ? -0.8f : 0.5f,
                               .shift = row[op].shift && k % 2 == 0 ? 0.25f : 0};
            check_options(&o, pool);
        }
    weir_pool_destroy(&pool);
}

static void narrow_rows(void **state)
{
    (void)state;
    for (int64_t dim = 1; dim <= 34; dim++) check_shape(1 + dim % 7, dim);
}

static void blocks_of_rows(void **state)
{
    (void)state;
    check_shape(31, 64);
    check_shape(33, 65);
    check_shape(MAX_ROWS, 130);
}

static void rows_of_pieces(void **state)
{
    (void)state;
    check_shape(3, 1024);
    check_shape(5, 1031);
    check_shape(34, MAX_DIM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(narrow_rows),
        cmocka_unit_test(blocks_of_rows),
        cmocka_unit_test(rows_of_pieces),
    };
    return cmocka_run_group_tests_name("DyT and Derf", tests, NULL, NULL);
}
