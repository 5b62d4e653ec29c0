/* norm_split_check.c - rows that are split over ranks: each measures its columns, what they found is
 * merged, and each finishes its columns with that. The results are those of the whole row, as near
 * as norm.h promises. */
#include "norm_problem.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "element.h"
#include "guarded.h"

enum { MOST_PARTS = 5 };

/* Part k has the columns start[k]..start[k + 1] - 1 of each group, and all of its groups lie side by
 * side. */
typedef struct split {
    const problem *whole;
    int parts;
    int64_t start[MOST_PARTS + 1];
    problem part[MOST_PARTS];
    weir_moments *moments;
    weir_back_moments *back;
} split;

/* Moves the columns of part k between a row of the whole, of `dim` elements in groups of `width`, and
 * its own. */
static void move_row(const split *s, int k, int64_t width, float *whole, float *own, int64_t dim,
                     bool back)
{
    const int64_t first = s->start[k], n = s->start[k + 1] - first;
    for (int64_t g = 0; g * width < dim; g++)
        for (int64_t j = 0; j < n; j++) {
            float *a = &whole[g * width + first + j], *b = &own[g * n + j];
            if (back)
                *a = *b;
            else
                *b = *a;
        }
}

static float *gather(const split *s, int k, float *whole, int64_t rows, int64_t dim)
{
    const int64_t width = s->whole->width, n = s->start[k + 1] - s->start[k];
    const int64_t own_dim = dim / width * n;
    if (!whole) return NULL;
    float *own = new_array(rows * own_dim, sizeof(float));
    for (int64_t i = 0; i < rows; i++)
        move_row(s, k, width, whole + i * dim, own + i * own_dim, dim, false);
    return own;
}

/* The measured columns of a part: its share of `partial`. */
static int64_t partial_of(const split *s, int k)
{
    const int64_t left = s->whole->norm.partial - s->start[k], n = s->start[k + 1] - s->start[k];
    if (!s->whole->o.op->partial) return 0;
    return left < 0 ? 0 : left < n ? left : n;
}

/* Part k as a problem; it has no use for want and tol. */
static problem part_of(const split *s, int k)
{
    const problem *p = s->whole;
    problem part = *p;
    const int64_t rows = p->o.rows, dim = p->o.dim;
    part.width = s->start[k + 1] - s->start[k];
    part.o.dim = part.norm.dim = part.width * p->groups;
    part.gamma_dim = part.norm.gamma_dim = p->gamma_dim / p->width * part.width;
    part.norm.partial = partial_of(s, k);
    for (operand in = X; in < OPERANDS; in++)
        part.in[in] = in == GAMMA || in == BETA ? gather(s, k, p->in[in], 1, p->gamma_dim)
                                                : gather(s, k, p->in[in], rows, dim);
    part.column_start = gather(s, k, p->column_start, 1, p->gamma_dim);
    for (output out = Y; out < OUTPUTS; out++)
        if (p->size[out] && (out < MEAN || out > RSTD))
            part.size[out] = out >= DGAMMA ? part.gamma_dim : rows * part.o.dim;
    return part;
}

static void part_free(problem *part)
{
    for (operand in = X; in < OPERANDS; in++) weir_free(part->in[in]);
    weir_free(part->column_start);
}

static split split_make(const problem *p, int parts, weir_rng *rng)
{
    split s = {.whole = p, .parts = parts, .start = {[0] = 0}};
    const int64_t stats = p->o.rows * p->groups;
    for (int k = 1; k < parts; k++) { /* each gets at least one column */
        const int64_t from = s.start[k - 1] + 1, to = p->width - (parts - k);
        s.start[k] = from + (int64_t)weir_rng_below(rng, (uint64_t)(to - from + 1));
    }
    s.start[parts] = p->width;
    for (int k = 0; k < parts; k++) s.part[k] = part_of(&s, k);
    s.moments = new_array(stats, sizeof *s.moments);
    s.back = new_array(stats, sizeof *s.back);
    return s;
}

static void split_free(split *s)
{
    for (int k = 0; k < s->parts; k++) part_free(&s->part[k]);
    weir_free(s->moments);
    weir_free(s->back);
}

static guarded guard_part(const problem *part, operand k, bool wide)
{
    const weir_dtype type = wide ? WEIR_F32 : type_in(&part->o, k);
    if (!part->in[k]) return (guarded){.data = NULL};
    if (k == GAMMA) return guard_vector(type, part->in[k], part->gamma_dim);
    return guard(type, part->in[k], part->o.rows, part->o.dim, part->o.dim + part->o.pad);
}

static void measure(const problem *part, weir_moments *out, bool wide)
{
    guarded x = guard_part(part, X, wide), residual = guard_part(part, RESIDUAL, wide);
    const weir_norm_fwd args = {.rows = part->o.rows,
                                .x = guarded_mat(&x),
                                .residual = guarded_mat(&residual),
                                .alpha = part->o.residual ? part->o.alpha : 0};
    assert_int_equal(weir_norm_measure(&part->norm, &args, out, NULL), WEIR_OK);
    guard_free(&x);
    guard_free(&residual);
}

static void measure_back(const problem *part, const results *forward, weir_back_moments *out,
                         bool wide)
{
    guarded dy = guard_part(part, DY, wide), x = guard_part(part, S, wide);
    guarded gamma = guard_part(part, GAMMA, wide);
    const weir_norm_bwd args = {.rows = part->o.rows,
                                .dy = guarded_mat(&dy),
                                .x = guarded_mat(&x),
                                .mean = forward->out[MEAN],
                                .mean_lo = forward->out[MEAN_LO],
                                .rstd = forward->out[RSTD],
                                .gamma = guarded_vec(&gamma)};
    assert_int_equal(weir_norm_backward_measure(&part->norm, &args, out, NULL), WEIR_OK);
    guard_free(&dy);
    guard_free(&x);
    guard_free(&gamma);
}

/* What all parts found, merged in their order. */
static void merge_all(split *s, bool wide)
{
    const int64_t stats = s->whole->o.rows * s->whole->groups;
    weir_moments *found = new_array(stats, sizeof *found);
    memset(s->moments, 0, (size_t)stats * sizeof *s->moments);
    for (int k = 0; k < s->parts; k++) {
        measure(&s->part[k], found, wide);
        weir_moments_merge(s->moments, found, stats);
    }
    weir_free(found);
    for (int k = 0; k < s->parts; k++) s->part[k].moments = s->moments;
}

static void merge_all_back(split *s, bool wide)
{
    const int64_t stats = s->whole->o.rows * s->whole->groups;
    weir_back_moments *found = new_array(stats, sizeof *found);
    memset(s->back, 0, (size_t)stats * sizeof *s->back);
    for (int k = 0; k < s->parts; k++) {
        results forward = problem_run_forward(&s->part[k], NULL);
        measure_back(&s->part[k], &forward, found, wide);
        weir_back_moments_merge(s->back, found, stats);
        results_free(&forward);
    }
    weir_free(found);
    for (int k = 0; k < s->parts; k++) s->part[k].back_moments = s->back;
}

/* The results of all parts, put together. */
static results run_split(split *s, bool wide)
{
    const problem *p = s->whole;
    results all = {{NULL}};
    for (int k = 0; k < s->parts; k++) s->part[k].moments = NULL, s->part[k].back_moments = NULL;
    merge_all(s, wide);
    merge_all_back(s, wide);
    for (output out = Y; out < OUTPUTS; out++)
        if (p->size[out]) all.out[out] = new_array(p->size[out], sizeof(float));
    for (int k = 0; k < s->parts; k++) {
        const problem *part = &s->part[k];
        results r = wide ? problem_run_wide(part, NULL) : problem_run(part, NULL);
        for (output out = Y; out < OUTPUTS; out++) {
            const bool stats = out >= MEAN && out <= RSTD;
            const int64_t dim = out >= DGAMMA ? p->gamma_dim : p->o.dim;
            const int64_t own_dim = out >= DGAMMA ? part->gamma_dim : part->o.dim;
            if (!p->size[out]) continue;
            /* All parts find the same statistics in the same moments. */
            if (stats && k) assert_memory_equal(all.out[out], r.out[out], (size_t)p->size[out] * 4);
            if (stats) memcpy(all.out[out], r.out[out], (size_t)p->size[out] * 4);
            for (int64_t i = 0; !stats && i * dim < p->size[out]; i++)
                move_row(s, k, p->width, all.out[out] + i * dim, r.out[out] + i * own_dim, dim,
                         true);
        }
        results_free(&r);
    }
    return all;
}

/* How far off merging may leave the mean: moments have it as one double, which is rounded by each
 * part and by each merge. (A row that is measured as a whole has its mean as a sum of two.) In
 * standard deviations that is the relative error of rstd too, for the distance of two parts' means
 * is off by as much. */
static double mean_slack(const split *s, int64_t stats)
{
    const problem *p = s->whole;
    return p->o.op->centred ? s->parts * 0x1p-52 * fabs(p->want[MEAN][stats]) : 0;
}

static void widen_bounds(problem *p, const split *s)
{
    for (int64_t i = 0; i < p->o.rows * p->groups; i++) {
        const double slack = mean_slack(s, i), rstd = p->want[RSTD][i], share = slack * rstd;
        p->tol[RSTD][i] += share * rstd;
        if (p->o.op->centred) p->tol[MEAN][i] += slack, p->tol[MEAN_LO][i] += slack;
        for (int64_t j = 0; j < p->width; j++) {
            const int64_t at = (i % p->groups * p->width + j) % p->gamma_dim;
            const double gain =
                p->in[GAMMA] ? fabs((double)(p->o.gamma_offset + p->in[GAMMA][at])) : 1;
            const double xhat =
                fabs((double)p->sum[i * p->width + j] - (p->o.op->centred ? p->want[MEAN][i] : 0)) *
                rstd;
            if (share != 0) p->tol[Y][i * p->width + j] += gain * (1 + xhat) * share;
        }
    }
}

/* How many elements of y are not, to the bit, those of the unsplit row, and how many may be: the four
 * roundings of an element each come out differently with a chance of the change over half an ulp.
 * Each family is counted by itself, for a large mean allows more. */
static struct {
    double elements, differ, allowed;
} apart[FAMILIES];

static void count_differences(const split *s, const results *parts, const results *unsplit)
{
    const problem *p = s->whole;
    if (!p->o.op->centred || (p->o.family != UNIFORM && p->o.family != MEAN_1E6)) return;
    for (int64_t k = 0; k < p->size[Y]; k++) {
        const int64_t stats = k / p->width;
        const double change =
            mean_slack(s, stats) * p->want[RSTD][stats] + 0x1p-52 * (double)p->width;
        apart[p->o.family].elements++;
        apart[p->o.family].differ += parts->out[Y][k] != unsplit->out[Y][k];
        apart[p->o.family].allowed += 4 * change * 0x1p25;
    }
}

static problem_options draw_options(const weir_op_row *op, weir_rng *rng, int trial)
{
    static const int64_t dims[] = {5, 24, 60, 132, 1040};
    problem_options o = options_draw(op, rng, dims, 5);
    o.family = (family)(trial % FAMILIES);
    if (weir_rng_below(rng, 4) == 0) o.rows = 34;
    const bool zero = o.family == TINY || o.family == SUBNORMAL || o.family == ASSORTED;
    const bool clamps = op->rule == WEIR_RSTD_CLAMP && weir_rng_below(rng, 2);
    o.eps = zero ? 0 : clamps ? sqrt((double)(o.dim / o.groups) / 3) : 1e-5;
    return o;
}

static void check_trial(const weir_op_row *op, int trial)
{
    weir_rng rng;
    weir_rng_init(&rng, (uint64_t)trial, 29);
    problem_options o = draw_options(op, &rng, trial);
    const int64_t width = o.dim / o.groups;
    const int most = width < MOST_PARTS ? (int)width : MOST_PARTS;
    const int parts = 2 + (int)weir_rng_below(&rng, (uint64_t)(most - 1));
    if (op->partial) o.partial = 1 + (int64_t)weir_rng_below(&rng, (uint64_t)width);
    problem p = problem_make(&o);
    split s = split_make(&p, parts, &rng);
    widen_bounds(&p, &s);
    results wide = run_split(&s, true), unsplit = problem_run_wide(&p, NULL);
    results_check(&p, &wide, weir_isa_active());
    count_differences(&s, &wide, &unsplit);
    results_round(&p, &wide);
    results typed = run_split(&s, false);
    results_same(&p, &wide, &typed, "operands of these types");
    results_free(&wide);
    results_free(&typed);
    results_free(&unsplit);
    split_free(&s);
    problem_free(&p);
}

static void split_rows_are_near_the_whole_ones(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    const int sets = (int)weir_isa_detect() + 1;
    for (int op = 0; op < ops; op++)
        for (int trial = 0; rows[op].measures && trial < 24 * FAMILIES; trial++) {
            weir_set_isa_ceiling((weir_isa)(trial % sets));
            check_trial(&rows[op], trial);
        }
    for (family f = UNIFORM; f <= MEAN_1E6; f++) {
        if (f == MEAN_1E4) continue;
        const double allowed = apart[f].allowed; /* and three standard deviations of such a count */
        print_message("%s: %.0f of %.0f elements of y change when rows are split; %.1f may\n",
                      family_names[f], apart[f].differ, apart[f].elements, allowed);
        assert_true(apart[f].elements > 1e4);
        assert_true(apart[f].differ <= allowed + 3 * sqrt(allowed));
    }
}

static void merging_adds_up(void **state)
{
    weir_moments a[3] = {{2, 1, 2}, {0, 0, 0}, {3, -4, 5}};
    const weir_moments b[3] = {{2, 5, 2}, {4, 7, 9}, {0, 0, 0}};
    const weir_moments want[3] = {{4, 3, 20}, {4, 7, 9}, {3, -4, 5}}, none = {0, 0, 0};
    (void)state;
    weir_moments_merge(a, b, 0);
    weir_moments_merge(a, b, -1);
    weir_moments_merge(NULL, NULL, 0);
    assert_true(a[0].count == 2 && a[0].mean == 1 && a[0].m2 == 2);
    weir_moments_merge(a, b, 3);
    assert_memory_equal(a, want, sizeof want);
    weir_moments_merge(a, a, 3); /* the same, twice */
    assert_true(a[0].count == 8 && a[0].mean == 3 && a[0].m2 == 40);
    weir_moments nothing = none;
    weir_moments_merge(&nothing, &none, 1);
    assert_memory_equal(&nothing, &none, sizeof none);
    weir_back_moments c[2] = {{2, 1, 2}, {0, 0, 0}};
    const weir_back_moments d[2] = {{3, -4, 0.5}, {4, 7, 9}};
    const weir_back_moments sum[2] = {{5, -3, 2.5}, {4, 7, 9}};
    weir_back_moments_merge(c, d, 0);
    weir_back_moments_merge(c, d, 2);
    assert_memory_equal(c, sum, sizeof sum);
}

/* Numbers about 1e6, merged one by one, forwards and backwards: nothing cancels, and the order
 * matters in the last bits only. */
static void merging_knows_small_spreads_of_large_means(void **state)
{
    enum { COUNT = 4000 };
    const double mean = 1e6;
    double total = 0, squares = 0;
    weir_moments one[COUNT], up = {0, 0, 0}, down = {0, 0, 0};
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 1, 31);
    for (int k = 0; k < COUNT; k++) {
        const double x = weir_rng_normal(&rng);
        one[k] = (weir_moments){1, mean + x, 0};
        total += one[k].mean - mean;
        squares += (one[k].mean - mean) * (one[k].mean - mean);
    }
    const double m2 = squares - total * total / COUNT;
    /* Each merge rounds the mean, and the distance from it by 2^-53 of the mean. */
    const double slack = COUNT * 0x1p-52 * mean;
    for (int k = 0; k < COUNT; k++) {
        weir_moments_merge(&up, &one[k], 1);
        weir_moments_merge(&down, &one[COUNT - 1 - k], 1);
    }
    assert_true(up.count == COUNT && down.count == COUNT);
    assert_true(fabs(up.mean - mean - total / COUNT) <= slack);
    assert_true(fabs(down.mean - mean - total / COUNT) <= slack);
    assert_true(fabs(up.m2 - m2) <= 2 * slack * m2);
    assert_true(fabs(down.m2 - m2) <= 2 * slack * m2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_adds_up),
        cmocka_unit_test(merging_knows_small_spreads_of_large_means),
        cmocka_unit_test(split_rows_are_near_the_whole_ones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
