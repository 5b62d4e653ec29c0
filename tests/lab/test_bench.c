/* test_bench.c - what the benchmark counts, the copies, and a measurement of a shape so small that
 * it takes no time. No test depends on how long anything took. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "io/machine.h"
#include "lab/bench.h"
#include "lab/bench_call.h"
#include "ops/copy/copy.h"
#include "ops/kernels.h"

static weir_bench_case case_of(weir_norm_op op, weir_bench_pass pass, weir_bench_type type)
{
    return (weir_bench_case){.op = op, .pass = pass, .type = type};
}

static void expect_bytes(weir_bench_pass pass, weir_bench_type type, double an_element)
{
    const weir_bench_case c = case_of(WEIR_LAYERNORM, pass, type);
    assert_true(weir_bench_bytes(&c, 3, 5) == 15 * an_element);
    assert_true(weir_bench_bytes(&c, 1000000000, 1000000000) == 1e18 * an_element);
}

static void test_bytes(void **state)
{
    (void)state;
    expect_bytes(WEIR_BENCH_FORWARD, WEIR_BENCH_F32, 4 + 4);
    expect_bytes(WEIR_BENCH_FORWARD, WEIR_BENCH_BF16, 2 + 2);
    expect_bytes(WEIR_BENCH_FORWARD, WEIR_BENCH_INT8, 4 + 1);
    expect_bytes(WEIR_BENCH_RESIDUAL, WEIR_BENCH_F32, 8 + 8);
    expect_bytes(WEIR_BENCH_RESIDUAL, WEIR_BENCH_FP8, 8 + 4 + 1);
    expect_bytes(WEIR_BENCH_BACKWARD, WEIR_BENCH_F32, 8 + 4);
    expect_bytes(WEIR_BENCH_BACKWARD, WEIR_BENCH_F16, 4 + 2);
    expect_bytes(WEIR_BENCH_BACKWARD_RESIDUAL, WEIR_BENCH_F32, 12 + 8);
}

static void test_fraction(void **state)
{
    (void)state;
    const weir_bench_row row = {.seconds = 8, .copy_seconds = 6};
    assert_true(weir_bench_fraction(&row) == 0.75);
}

static void test_caches(void **state)
{
    (void)state;
    const weir_caches two = {{0, 100, 1000, 0}}, three = {{0, 100, 1000, 5000}}, none = {{0}};
    assert_int_equal(weir_caches_level(&two, 100, 1), 1);
    assert_int_equal(weir_caches_level(&two, 101, 1), 2);
    assert_int_equal(weir_caches_level(&two, 1001, 1), 0);
    assert_int_equal(weir_caches_level(&three, 200, 2), 1); /* a first level for each thread */
    assert_int_equal(weir_caches_level(&three, 1001, 1), 3);
    assert_int_equal(weir_caches_level(&three, 1001, 2), 2);
    assert_int_equal(weir_caches_level(&three, 5000, 1), 3);
    assert_int_equal(weir_caches_level(&three, 5001, 2), 0); /* one third level for all */
    assert_int_equal(weir_caches_level(&none, 1, 1), -1);
    const weir_caches here = weir_caches_read();
    for (int i = 1; i <= WEIR_CACHE_LEVELS; i++) assert_true(here.level[i] >= 0);
}

/* The library serves whatever exists. */
static void test_exists(void **state)
{
    (void)state;
    int served = 0;
    for (int op = 1; op <= WEIR_OP_COUNT; op++) {
        for (int type = 0; type < WEIR_BENCH_TYPES; type++) {
            for (int pass = 0; pass < WEIR_BENCH_PASSES; pass++) {
                const weir_bench_case c =
                    case_of((weir_norm_op)op, (weir_bench_pass)pass, (weir_bench_type)type);
                weir_bench_buffers b;
                served += weir_bench_exists(&c);
                if (!weir_bench_exists(&c)) continue;
                assert_int_equal(weir_bench_buffers_init(&b, &c, 1, 2, 32, NULL), WEIR_OK);
                const weir_bench_call call = weir_bench_call_make(&c, &b);
                assert_int_equal(weir_bench_call_run(&call, NULL), WEIR_OK);
                weir_bench_buffers_deinit(&b);
            }
        }
    }
    /* Of 8-bit types the two backward passes are missing. */
    assert_int_equal(served, WEIR_OP_COUNT * (WEIR_BENCH_TYPES * WEIR_BENCH_PASSES - 2 * 2));
}

static void test_sets(void **state)
{
    (void)state;
    const weir_isa before = weir_isa_active();
    assert_true(weir_bench_has_isa(WEIR_ISA_SCALAR));
    assert_true(weir_bench_has_isa(before));
    assert_false(weir_bench_has_isa(WEIR_ISA_AVX2) && weir_bench_has_isa(WEIR_ISA_NEON));
    assert_int_equal(weir_isa_active(), before);
}

/* One number in every type that its bytes may be read as. */
static void expect_near_one(const void *data, size_t element)
{
    uint16_t half;
    float wide;
    const char *at = (const char *)data + element * sizeof wide;
    memcpy(&wide, at, sizeof wide);
    memcpy(&half, at, sizeof half);
    assert_true(fabsf(wide) >= 0.5f && fabsf(wide) < 2);
    assert_in_range(half & 0x7fff, 0x3f00, 0x3fff); /* bf16: 1/2 to 2; f16: 7/4 to 2 */
}

static void test_buffers(void **state)
{
    (void)state;
    enum { ROWS = 37, DIM = 65 };
    const weir_bench_case c = case_of(WEIR_RMSNORM, WEIR_BENCH_BACKWARD_RESIDUAL, WEIR_BENCH_F32);
    weir_bench_buffers b;
    int negative = 0;
    assert_int_equal(weir_bench_buffers_init(&b, &c, 1, ROWS, DIM, NULL), WEIR_OK);
    for (int k = 0; k < WEIR_BENCH_IN; k++) {
        assert_true((uintptr_t)b.in[k] % 64 == 0);
        for (size_t i = 0; i < ROWS * DIM; i++) expect_near_one(b.in[k], i);
    }
    for (size_t i = 0; i < ROWS * DIM; i++) negative += ((const float *)b.in[0])[i] < 0;
    assert_in_range(negative, ROWS * DIM / 3, ROWS * DIM * 2 / 3);
    for (int k = 0; k < WEIR_BENCH_OUT; k++) assert_true((uintptr_t)b.out[k] % 64 == 0);
    weir_bench_buffers_deinit(&b);
    assert_null(b.in[0]);
}

/* Blocks, and floats in them. */
enum { BLOCKS = 5, FLOATS = WEIR_COPY_BLOCK / sizeof(float), QUARTER = FLOATS / 4 };

typedef struct copy_scene {
    _Alignas(64) float in[3][BLOCKS * FLOATS];
    _Alignas(64) float out[2][BLOCKS * FLOATS];
    _Alignas(64) float quarter[BLOCKS * QUARTER];
} copy_scene;

/* A loop on blocks 1 and 2 of five: it writes these, as it should, and nothing else. */
static void check_copy(const weir_copy *copy, int inputs, int outputs, bool quarter)
{
    static copy_scene s;
    memset(&s, 0, sizeof s);
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < BLOCKS * FLOATS; i++) s.in[k][i] = (float)((k + 1) * 1000 + i);
    const weir_copy_job job = {.inputs = inputs,
                               .outputs = outputs,
                               .in = {s.in[0], s.in[1], s.in[2]},
                               .out = {s.out[0], s.out[1]},
                               .quarter = quarter ? s.quarter : NULL};
    copy->loop(&job, 1, 3);
    float want[BLOCKS * FLOATS] = {0}, want_quarter[BLOCKS * QUARTER] = {0};
    for (int i = FLOATS; i < 3 * FLOATS; i++) {
        for (int k = 0; k < inputs; k++) want[i] += s.in[k][i];
        want_quarter[i / FLOATS * QUARTER + i % QUARTER] += want[i];
    }
    const float zero[BLOCKS * FLOATS] = {0};
    for (int k = 0; k < 2; k++)
        assert_memory_equal(s.out[k], k < outputs ? want : zero, sizeof want);
    assert_memory_equal(s.quarter, quarter ? want_quarter : zero, sizeof want_quarter);
}

static void test_copies(void **state)
{
    (void)state;
    int count;
    const weir_copy *copy = weir_copies(&count);
    assert_true(count >= 2);
    for (int i = 0; i < count; i++) {
        for (int k = 0; k < i; k++) assert_string_not_equal(copy[i].name, copy[k].name);
        check_copy(&copy[i], 1, 1, false);
        if (copy[i].one_to_one) continue;
        check_copy(&copy[i], 2, 1, false);
        check_copy(&copy[i], 2, 2, false);
        check_copy(&copy[i], 3, 2, false);
        check_copy(&copy[i], 1, 0, true);
        check_copy(&copy[i], 2, 1, true);
    }
}

/* A parallel_for that counts its tasks. */
static void count_tasks(void *ctx, int64_t count, weir_task task, void *arg)
{
    *(int64_t *)ctx = count;
    for (int64_t i = 0; i < count; i++) task(arg, i, 0);
}

/* The copy has as many pieces as the norm has tasks. */
static void check_pieces(int64_t rows, int64_t dim, int threads, weir_bench_type type)
{
    const weir_bench_case c = case_of(WEIR_RMSNORM, WEIR_BENCH_FORWARD, type);
    int64_t tasks = 1; /* without threads nobody is asked to run them */
    const weir_parallel par = {count_tasks, &tasks, threads};
    weir_bench_buffers b;
    assert_int_equal(weir_bench_buffers_init(&b, &c, 1, rows, dim, NULL), WEIR_OK);
    const weir_bench_call call = weir_bench_call_make(&c, &b);
    assert_int_equal(weir_bench_call_run(&call, &par), WEIR_OK);
    weir_bench_buffers_deinit(&b);

    const int element = weir_bench_in_bytes(type);
    const int64_t blocks = weir_bench_blocks(rows, dim, element);
    const int64_t piece = weir_bench_piece(rows, dim, element, threads);
    assert_int_equal((blocks + piece - 1) / piece, tasks);
}

static void test_pieces(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 8; threads *= 2) {
        check_pieces(1024, 256, threads, WEIR_BENCH_F32);
        check_pieces(1024, 256, threads, WEIR_BENCH_BF16);
        check_pieces(1000, 768, threads, WEIR_BENCH_INT8);
        check_pieces(8192, 128, threads, WEIR_BENCH_F32);
        check_pieces(16, 4096, threads, WEIR_BENCH_F32);
        check_pieces(1, 64, threads, WEIR_BENCH_F32);
    }
}

static int rounds_seen;

static void count_round(void *ctx, int round)
{
    (void)ctx;
    assert_int_equal(round, ++rounds_seen);
}

static bool stop_in_third(void *ctx)
{
    (void)ctx;
    return rounds_seen == 3;
}

static const weir_bench_case few[] = {
    {WEIR_RMSNORM, WEIR_BENCH_F32, WEIR_BENCH_FORWARD},
    {WEIR_LAYERNORM, WEIR_BENCH_F32, WEIR_BENCH_BACKWARD_RESIDUAL},
    {WEIR_LAYERNORM, WEIR_BENCH_F32, WEIR_BENCH_FORWARD},
};
enum { FEW = sizeof few / sizeof few[0], ROWS = 35, DIM = 7, ROUNDS = 4 };

static void measure(int threads)
{
    weir_isa sets[2] = {WEIR_ISA_SCALAR, weir_isa_active()};
    const weir_bench_plan plan = {.what = few,
                                  .cases = FEW,
                                  .isa = sets,
                                  .isas = 2,
                                  .rounds = ROUNDS,
                                  .progress = count_round};
    weir_bench_row row[FEW * 2];
    weir_error err;
    rounds_seen = 0;
    assert_int_equal(weir_bench_fits(&plan, ROWS, DIM, &err), WEIR_OK);
    assert_int_equal(weir_bench_measure(&plan, ROWS, DIM, threads, row, &err), WEIR_OK);
    assert_int_equal(rounds_seen, ROUNDS);
    assert_int_equal(weir_isa_active(), sets[1]);
    for (int i = 0; i < FEW * 2; i++) {
        assert_memory_equal(&row[i].what, &few[i / 2], sizeof few[0]);
        assert_int_equal(row[i].isa, sets[i % 2]);
        assert_true(row[i].rows == ROWS && row[i].dim == DIM && row[i].threads == threads);
        assert_true(row[i].bytes == weir_bench_bytes(&few[i / 2], ROWS, DIM));
        assert_true(row[i].seconds > 0 && row[i].copy_seconds > 0 && row[i].copy);
    }
    assert_true(row[0].copy_seconds == row[4].copy_seconds); /* the same reads and writes */
}

static void test_one_thread(void **state)
{
    (void)state;
    measure(1);
}

static void test_two_threads(void **state)
{
    (void)state;
    measure(2);
}

static void test_stop(void **state)
{
    (void)state;
    const weir_isa set = WEIR_ISA_SCALAR, before = weir_isa_active();
    const weir_bench_plan plan = {.what = few,
                                  .cases = FEW,
                                  .isa = &set,
                                  .isas = 1,
                                  .rounds = ROUNDS,
                                  .stop = stop_in_third,
                                  .progress = count_round};
    weir_bench_row row[FEW] = {{.rows = -1}};
    weir_error err;
    rounds_seen = 0;
    assert_int_equal(weir_bench_measure(&plan, 1, 1, 1, row, &err), WEIR_E_INTERRUPTED);
    assert_int_equal(rounds_seen, 3);
    assert_int_equal(row[0].rows, -1);
    assert_int_equal(weir_isa_active(), before);
}

static void test_too_large(void **state)
{
    (void)state;
    const weir_isa set = WEIR_ISA_SCALAR;
    const weir_bench_plan plan = {.what = few, .cases = FEW, .isa = &set, .isas = 1};
    weir_error err;
    assert_int_equal(weir_bench_fits(&plan, 1000000000, 1000000000, &err), WEIR_E_MEMORY);
    assert_non_null(strstr(err.message, "1000000000x1000000000"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bytes),      cmocka_unit_test(test_fraction),
        cmocka_unit_test(test_caches),     cmocka_unit_test(test_exists),
        cmocka_unit_test(test_sets),       cmocka_unit_test(test_buffers),
        cmocka_unit_test(test_copies),     cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_one_thread), cmocka_unit_test(test_two_threads),
        cmocka_unit_test(test_stop),       cmocka_unit_test(test_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
