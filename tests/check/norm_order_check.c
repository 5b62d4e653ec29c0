/* norm_order_check.c - one order of summation: the same bits for any number of threads, for a row
 * alone and in a batch, for streaming stores and plain ones. */
#include "norm_problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"

static problem_options options_of(const weir_op_row *op, int64_t rows, int64_t dim)
{
    return (problem_options){.op = op,
                             .family = UNIFORM,
                             .rows = rows,
                             .dim = dim,
                             .pad = 1,
                             .residual = true,
                             .gamma = true,
                             .beta = op->centred,
                             .dsum = true,
                             .alpha = 0.75f,
                             .eps = 1e-5,
                             .seed = (uint64_t)(rows + dim)};
}

static void threads_change_nothing(void **state)
{
    static const int64_t shapes[][2] = {{70, 1031}, {300, 64},  {129, 257},
                                        {1, 4096},  {2100, 20}, {40, 2500}};
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int k = 0; k < ops * (int)(sizeof shapes / sizeof shapes[0]); k++) {
        const problem_options o =
            options_of(&rows[k % ops], shapes[k / ops][0], shapes[k / ops][1]);
        problem p = problem_make(&o);
        results serial = problem_run(&p, NULL);
        results_check(&p, &serial, weir_isa_active());
        for (int threads = 1; threads <= 4; threads++) {
            weir_pool *pool;
            assert_int_equal(weir_pool_create(threads, &pool), WEIR_OK);
            const weir_parallel par = weir_pool_parallel(pool);
            results r = problem_run(&p, &par);
            results_same(&p, &serial, &r, "threads");
            results_free(&r);
            weir_pool_destroy(&pool);
        }
        results_free(&serial);
        problem_free(&p);
    }
}

/* Runs the indices backwards, each on a worker of its own choice. */
static void backwards(void *ctx, int64_t count, weir_task task, void *arg)
{
    for (int64_t i = count; i-- > 0;) task(arg, i, (int)(i % *(int *)ctx));
}

static void the_order_of_tasks_changes_nothing(void **state)
{
    int ops, workers = 3;
    const weir_op_row *rows = weir_op_rows(&ops);
    const weir_parallel par = {backwards, &workers, workers};
    (void)state;
    for (int k = 0; k < ops; k++) {
        const problem_options o = options_of(&rows[k], 210, 1500);
        problem p = problem_make(&o);
        results serial = problem_run(&p, NULL), other = problem_run(&p, &par);
        results_same(&p, &serial, &other, "tasks in reverse");
        results_free(&serial);
        results_free(&other);
        problem_free(&p);
    }
}

/* Row i of a problem, as a problem of one row. */
static problem row_alone(const problem *p, int64_t i)
{
    const size_t bytes = (size_t)p->o.dim * sizeof(float);
    problem_options o = p->o;
    o.rows = 1;
    problem one = problem_make(&o);
    const int64_t at = i * o.dim;
    memcpy(one.x, p->x + at, bytes);
    memcpy(one.residual, p->residual + at, bytes);
    memcpy(one.dy, p->dy + at, bytes);
    memcpy(one.dsum, p->dsum + at, bytes);
    memcpy(one.s, p->s + at, bytes);
    memcpy(one.gamma, p->gamma, bytes);
    if (one.beta) memcpy(one.beta, p->beta, bytes);
    return one;
}

static void a_row_alone_gives_the_bits_it_gives_in_a_batch(void **state)
{
    static const output outs[] = {Y, SUM, DX, DRESIDUAL};
    static const int64_t dims[] = {5, 64, 777};
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    for (int k = 0; k < ops * 3; k++) {
        const problem_options o = options_of(&rows[k % ops], 39, dims[k / ops]);
        problem p = problem_make(&o);
        results batch = problem_run(&p, NULL);
        for (int64_t i = 0; i < o.rows; i++) {
            problem one = row_alone(&p, i);
            results r = problem_run(&one, NULL);
            for (size_t out = 0; out < sizeof outs / sizeof outs[0]; out++)
                assert_memory_equal(r.out[outs[out]], batch.out[outs[out]] + i * o.dim,
                                    (size_t)o.dim * sizeof(float));
            results_free(&r);
            problem_free(&one);
        }
        results_free(&batch);
        problem_free(&p);
    }
}

/* Large outputs whose rows are aligned to cache lines are written past the caches, others are not.
 */
static void streaming_changes_nothing(void **state)
{
    enum { DIM = 1003, STRIDE = 1008, ROWS = 6400 };
    const size_t n = (size_t)ROWS * STRIDE + 16;
    float *x = weir_alloc(n, sizeof(float)),
          *out[2] = {weir_alloc(n, sizeof(float)), weir_alloc(n, sizeof(float))};
    float *rstd = weir_alloc(ROWS, sizeof(float));
    weir_rng rng;
    (void)state;
    weir_rng_init(&rng, 5, 5);
    assert_true(x && out[0] && out[1] && rstd);
    for (size_t i = 0; i < n; i++) x[i] = (float)(weir_rng_u32(&rng) % 4096) - 2048;
    const weir_norm norm = {.op = WEIR_RMSNORM, .dim = DIM, .eps = 1e-5};
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
        weir_set_isa_ceiling(isa);
        for (int pass = 0; pass < 2; pass++) {
            for (int shift = 0; shift < 2; shift++) {
                const weir_mat in = {x, WEIR_F32, STRIDE},
                               to = {out[shift] + shift, WEIR_F32, STRIDE};
                memset(out[shift], 0, n * sizeof(float));
                if (pass == 0)
                    assert_int_equal(
                        weir_norm_forward(
                            &norm, &(weir_norm_fwd){.rows = ROWS, .x = in, .y = to, .rstd = rstd},
                            NULL),
                        WEIR_OK);
                else
                    assert_int_equal(
                        weir_norm_backward(
                            &norm,
                            &(weir_norm_bwd){
                                .rows = ROWS, .dy = in, .x = in, .rstd = rstd, .dx = to},
                            NULL),
                        WEIR_OK);
            }
            assert_memory_equal(out[0], out[1] + 1, (n - 1) * sizeof(float));
        }
    }
    weir_free(x);
    weir_free(out[0]);
    weir_free(out[1]);
    weir_free(rstd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_change_nothing),
        cmocka_unit_test(the_order_of_tasks_changes_nothing),
        cmocka_unit_test(a_row_alone_gives_the_bits_it_gives_in_a_batch),
        cmocka_unit_test(streaming_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
