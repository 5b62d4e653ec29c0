/* norm_order_check.c - one order of summation: the same bits for any number of threads, for a row
 * or a group alone and in a batch, for absent outputs; and no memory is asked for. What streaming and pieces
 * of rows could change is in norm_pieces_check.c. The linker puts the __wrap functions in the place
 * of libc's (CMakeLists.txt). */
#include "norm_problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

/* Types and groups that go by different kernels and tasks. */
typedef struct way {
    weir_dtype matrices, y, vectors;
    int64_t groups; /* 1, or what divides dim */
    bool shared;    /* groups share gamma */
} way;
static const way ways[] = {{WEIR_F32, WEIR_F32, WEIR_F32, 1, false},
                           {WEIR_BF16, WEIR_BF16, WEIR_F32, 1, false},
                           {WEIR_F16, WEIR_F16, WEIR_F16, 4, true},
                           {WEIR_BF16, WEIR_F32, WEIR_BF16, 4, false}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static problem_options options_of(const weir_op_row *op, const way *w, int64_t rows, int64_t dim)
{
    const int64_t groups = dim % w->groups ? 1 : w->groups;
    problem_options o = {.op = op,
                         .family = UNIFORM,
                         .rows = rows,
                         .dim = dim,
                         .pad = 1,
                         .groups = groups,
                         .gamma_dim = w->shared ? dim / groups : 0,
                         .partial = op->partial ? 1 + dim / groups / 2 : 0,
                         .residual = true,
                         .gamma = true,
                         .beta = op->beta,
                         .dsum = true,
                         .alpha = 0.75f,
                         .eps = 1e-5,
                         .shift = 0.25f,
                         .seed = (uint64_t)(rows + dim)};
    for (operand k = X; k < OPERANDS; k++) o.in[k] = w->matrices;
    o.in[GAMMA] = o.in[BETA] = w->vectors;
    o.out[Y] = o.out[DX] = w->y;
    o.out[SUM] = o.out[DRESIDUAL] = w->matrices;
    return o;
}

/* Calls `check` with problems of this shape, of all operators, in all ways. */
static void for_all(int64_t rows, int64_t dim, void check(const problem *p, const results *serial))
{
    int ops;
    const weir_op_row *op = weir_op_rows(&ops);
    for (int k = 0; k < ops * WAYS; k++) {
        const problem_options o = options_of(&op[k / WAYS], &ways[k % WAYS], rows, dim);
        problem p = problem_make(&o);
        results serial = problem_run(&p, NULL);
        check(&p, &serial);
        results_free(&serial);
        problem_free(&p);
    }
}

static void same_with(const problem *p, const results *serial, const weir_parallel *par,
                      const char *what)
{
    results r = problem_run(p, par);
    results_same(p, serial, &r, what);
    results_free(&r);
}

static weir_pool *pools[4];

static void by_pools(const problem *p, const results *serial)
{
    for (int k = 0; k < 4; k++) {
        const weir_parallel par = weir_pool_parallel(pools[k]);
        same_with(p, serial, &par, "threads");
    }
}

static void threads_change_nothing(void **state)
{
    static const int64_t shapes[][2] = {{70, 1032}, {300, 64},  {129, 257},
                                        {1, 4096},  {2100, 20}, {40, 2500}};
    (void)state;
    for (int k = 0; k < 4; k++) assert_int_equal(weir_pool_create(k + 1, &pools[k]), WEIR_OK);
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
        for_all(shapes[k][0], shapes[k][1], by_pools);
    for (int k = 0; k < 4; k++) weir_pool_destroy(&pools[k]);
}

/* Runs the indices backwards, each on a worker of its own choice. */
static void backwards(void *ctx, int64_t count, weir_task task, void *arg)
{
    for (int64_t i = count; i-- > 0;) task(arg, i, (int)(i % *(int *)ctx));
}

static void in_reverse(const problem *p, const results *serial)
{
    int workers = 3;
    const weir_parallel par = {backwards, &workers, workers};
    same_with(p, serial, &par, "tasks in reverse");
}

static void the_order_of_tasks_changes_nothing(void **state)
{
    (void)state;
    for_all(210, 1500, in_reverse);
}

static void in_parts(const problem *p, const results *batch)
{
    results parts = problem_run_in_parts(p);
    results_same(p, batch, &parts, "every group of every row alone");
    results_free(&parts);
}

static void a_row_or_group_alone_gives_the_bits_it_gives_in_a_batch(void **state)
{
    static const int64_t shapes[][2] = {{39, 5}, {33, 64}, {130, 36}, {9, 1280}, {6, 4100}};
    (void)state;
    for (size_t k = 0; k < sizeof shapes / sizeof shapes[0]; k++)
        for_all(shapes[k][0], shapes[k][1], in_parts);
}

/* Makes those outputs from `first` on absent that `set` has a bit for; false: one of them is anyway. */
static bool leave_out(problem *p, output first, int set)
{
    for (output k = first; set >> (k - first); k++) {
        if (!(set >> (k - first) & 1)) continue;
        if (!p->size[k]) return false;
        p->size[k] = 0;
    }
    return true;
}

/* Forward with some outputs absent, then with others: what is there is as before. */
static void with_less(const problem *p, const results *all)
{
    for (int set = 0; set < 1 << (RSTD - Y); set++) {
        problem less = *p;
        if (!leave_out(&less, SUM, set)) continue;
        results r = problem_run_forward(&less, NULL);
        for (output k = DX; k < OUTPUTS; k++) less.size[k] = 0;
        results_same(&less, all, &r, "absent outputs");
        results_free(&r);
    }
    for (int set = 0; set < 1 << (OUTPUTS - DX); set++) {
        problem less = *p;
        if (leave_out(&less, DX, set)) same_with(&less, all, NULL, "absent gradients");
    }
}

static void absent_outputs_change_nothing(void **state)
{
    (void)state;
    for_all(7, 72, with_less);
    for_all(45, 36, with_less);
}

static bool watched;
static int heap_calls;

#define WRAPPED(type, name, parameters, ...)                                                       \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters                                                                  \
    {                                                                                              \
        heap_calls += watched;                                                                     \
        return __real_##name(__VA_ARGS__);                                                         \
    }
WRAPPED(void *, malloc, (size_t bytes), bytes)
WRAPPED(void *, calloc, (size_t count, size_t bytes), count, bytes)
WRAPPED(void *, realloc, (void *p, size_t bytes), p, bytes)
WRAPPED(void *, aligned_alloc, (size_t align, size_t bytes), align, bytes)
WRAPPED(int, posix_memalign, (void **p, size_t align, size_t bytes), p, align, bytes)

/* All functions, on rows of zeros. */
static void call_all(const weir_op_row *op, weir_dtype type, const weir_parallel *par)
{
    enum { ROWS = 70, DIM = 96, GROUPS = 4 };
    static float x[ROWS * DIM], y[ROWS * DIM], gamma[DIM], dgamma[DIM], stats[3][ROWS * GROUPS];
    static char codes[ROWS * DIM];
    static weir_moments moments[ROWS * GROUPS];
    static weir_back_moments back[ROWS * GROUPS];
    static _Alignas(64) char work[1 << 16];
    const weir_norm norm = {.op = op->op,
                            .dim = DIM,
                            .eps = op->measures,
                            .groups = GROUPS,
                            .gamma_dim = 1,
                            .partial = op->partial,
                            .scale = op->scale,
                            .shift = op->shift};
    const weir_mat in = {x, type, 0}, out = {y, type, 0};
    float *mean = op->centred ? stats[0] : NULL, *mean_lo = op->centred ? stats[1] : NULL;
    float *rstd = op->measures ? stats[2] : NULL;
    weir_norm_fwd fwd = {.rows = ROWS,
                         .x = in,
                         .gamma = {gamma, type},
                         .y = out,
                         .mean = mean,
                         .mean_lo = mean_lo,
                         .rstd = rstd};
    weir_norm_bwd bwd = {.rows = ROWS,
                         .dy = in,
                         .x = in,
                         .mean = mean,
                         .mean_lo = mean_lo,
                         .rstd = rstd,
                         .gamma = {gamma, type},
                         .dx = out,
                         .dgamma = dgamma,
                         .workspace = work,
                         .workspace_bytes = sizeof work};
    const weir_norm_fwd part = {.rows = ROWS, .x = in};
    assert_true(weir_norm_backward_workspace(&norm, ROWS) <= sizeof work);
    assert_int_equal(weir_norm_forward(&norm, &fwd, par), WEIR_OK);
    assert_int_equal(weir_norm_backward(&norm, &bwd, par), WEIR_OK);
    bwd.dx.data = NULL, bwd.dgamma = NULL;
    const weir_status measured = op->measures ? WEIR_OK : WEIR_E_VALUE;
    assert_int_equal(weir_norm_backward_measure(&norm, &bwd, back, par), measured);
    assert_int_equal(weir_norm_measure(&norm, &part, moments, par), measured);
    fwd.y = (weir_mat){codes, WEIR_I8, 0}, fwd.y_scale = y;
    assert_int_equal(weir_norm_forward(&norm, &fwd, par), WEIR_OK);
    fwd.rows = -1;
    assert_int_equal(weir_norm_forward(&norm, &fwd, par), WEIR_E_SHAPE);
}

static void nothing_is_allocated(void **state)
{
    int ops, workers = 3;
    const weir_op_row *rows = weir_op_rows(&ops);
    const weir_parallel par = {backwards, &workers, workers};
    (void)state;
    watched = true;
    for (int op = 0; op < ops; op++)
        for (weir_dtype type = WEIR_F32; type <= WEIR_F16; type++) {
            call_all(&rows[op], type, NULL);
            call_all(&rows[op], type, &par);
        }
    watched = false;
    assert_int_equal(heap_calls, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(the_order_of_tasks_changes_nothing),
        cmocka_unit_test(a_row_or_group_alone_gives_the_bits_it_gives_in_a_batch),
        cmocka_unit_test(absent_outputs_change_nothing),
        cmocka_unit_test(nothing_is_allocated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
