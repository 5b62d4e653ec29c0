/* norm_pieces_check.c - sizes at which the norms change how they go about it: rows that are read in
 * pieces, operands that are not in a second-level cache (from 1 MiB on), or in none, and are fetched
 * ahead, outputs that go past the caches; with rows among the others that are measured again, or
 * finished in double. The bits are those of each row alone, and those are near the oracle's. */
#include "norm_problem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "base/mem.h"
#include "base/rng.h"
#include "element.h"

enum { BEYOND_BYTES = 1 << 20, FAR_BYTES = 24 << 20 };

/* A sum over everything takes a call an element to make again: not of more than this. */
enum { MOST_COLUMNS = 150000 };

/* Types of matrices and of gamma, whether there is a residual, groups. */
typedef struct way {
    weir_dtype type, vectors;
    bool residual;
    int64_t groups;
} way;
static const way ways[] = {{WEIR_F32, WEIR_F32, false, 1},
                           {WEIR_F32, WEIR_BF16, true, 1},
                           {WEIR_BF16, WEIR_F32, true, 1},
                           {WEIR_BF16, WEIR_BF16, false, 1},
                           {WEIR_F16, WEIR_F32, false, 2}};
enum { WAYS = sizeof ways / sizeof ways[0] };

static problem_options options_of(const weir_op_row *op, const way *w, int64_t rows, int64_t dim)
{
    const int64_t groups = dim % w->groups ? 1 : w->groups;
    problem_options o = {.op = op,
                         .family = ASSORTED,
                         .rows = rows,
                         .dim = dim,
                         .groups = groups,
                         .partial = op->partial ? (2 * dim / groups + 2) / 3 : 0,
                         .residual = w->residual,
                         .gamma = true,
                         .beta = op->beta,
                         .dsum = w->residual,
                         .alpha = -0.5f,
                         .shift = 0.25f,
                         .seed = (uint64_t)(31 * rows + dim)};
    for (operand k = X; k < OPERANDS; k++) o.in[k] = w->type;
    o.in[GAMMA] = o.in[BETA] = w->vectors;
    const output matrices[] = {Y, SUM, DX, DRESIDUAL};
    for (int k = 0; k < 4; k++) o.out[matrices[k]] = w->type;
    return o;
}

/* Rows of the first pass that moves `bytes`. */
static int64_t rows_for(const way *w, int64_t dim, int64_t bytes)
{
    const int64_t row = (w->residual ? 4 : 2) * (int64_t)element_size(w->type) * dim;
    return (bytes + row - 1) / row;
}

/* Near, past the caches, and off the cache lines. */
static void check_options(const problem_options *options)
{
    problem p = problem_make(options);
    if (p.size[Y] > MOST_COLUMNS) p.size[DSCALE] = p.size[DSHIFT] = 0;
    results alone = problem_run_in_parts(&p);
    if (!options_are_typed(options)) results_check(&p, &alone, weir_isa_active());
    for (int k = 0; k < 3; k++) {
        p.o.store = k ? WEIR_STORE_FAR : WEIR_STORE_NEAR;
        p.o.pad = k == 2;
        results r = problem_run(&p, NULL);
        results_same(&p, &alone, &r, "all rows in one call");
        results_free(&r);
    }
    results_free(&alone);
    problem_free(&p);
}

/* The k-th of some numbers of rows that are far, and meet every rest of WEIR_ROW_GROUP and the ends
 * of a block. */
static int64_t far_rows(const way *w, int64_t dim, int k)
{
    static const int64_t beyond[] = {0, 1, 2, 3, 31, 5};
    const int64_t least = rows_for(w, dim, BEYOND_BYTES + 1);
    return (dim < 4096 ? (least + 31) / 32 * 32 : least) + beyond[k % 6];
}

/* The best set or the one below it: not in step with `ways` or far_rows, so that each operator and way
 * meets both, and so does each rest. */
static weir_isa far_set(int64_t dim, int k)
{
    const weir_isa best = weir_isa_detect();
    return (k + dim % 3) % 2 && best > WEIR_ISA_SCALAR ? (weir_isa)((int)best - 1) : best;
}

static void check_far(int64_t dim)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    for (int k = 0; k < ops * WAYS; k++) {
        const way *w = &ways[k % WAYS];
        const problem_options o =
            options_of(&rows[k / WAYS], w, far_rows(w, dim, k + (int)dim), dim);
        weir_set_isa_ceiling(far_set(dim, k));
        check_options(&o);
    }
    weir_set_isa_ceiling(weir_isa_detect());
}

static void rows_that_are_read_whole(void **state)
{
    (void)state;
    check_far(96);
    check_far(777);
    check_far(1024);
}

static void rows_of_pieces(void **state)
{
    (void)state;
    check_far(1025);
    check_far(1279);
    check_far(4100);
    check_far(4128); /* rows of it start on cache lines */
}

static void huge_rows(void **state)
{
    int ops;
    const weir_op_row *rows = weir_op_rows(&ops);
    (void)state;
    /* Each operator at both widths. */
    for (int k = 0; k < 2 * ops; k++) {
        const int64_t dim = (k + k / ops) % 2 ? 5000 : 70000;
        const problem_options o = options_of(&rows[k % ops], &ways[k % WAYS], 1 + k, dim);
        check_options(&o);
    }
}

/* Outputs of this size go past the caches by themselves where their rows start on cache lines, and
 * not where they do not. */
static void check_stream(weir_dtype type, int64_t pass)
{
    enum { DIM = 1024 };
    const int64_t rows = FAR_BYTES / DIM / (int64_t)element_size(type) / (2 + pass) + 3;
    const size_t bytes = (size_t)rows * DIM * element_size(type), off = element_size(type);
    char *x = weir_alloc(bytes, 1),
         *out[2] = {weir_alloc(bytes + off, 1), weir_alloc(bytes + off, 1)};
    float *rstd = weir_alloc((size_t)rows, sizeof(float));
    weir_rng rng;
    weir_rng_init(&rng, 5, 5);
    assert_true(x && out[0] && out[1] && rstd);
    for (int64_t k = 0; k < rows * DIM; k++)
        element_put(type, x, k, (float)weir_rng_below(&rng, 256) - 128);
    const weir_norm norm = {.op = WEIR_RMSNORM, .dim = DIM, .eps = 1e-5};
    const weir_mat in = {x, type, 0};
    for (int k = 0; k < 2; k++) {
        const weir_mat to = {out[k] + (k ? off : 0), type, 0};
        const weir_norm_fwd fwd = {.rows = rows, .x = in, .y = to, .rstd = rstd};
        const weir_norm_bwd bwd = {.rows = rows, .dy = in, .x = in, .rstd = rstd, .dx = to};
        assert_int_equal(pass ? weir_norm_backward(&norm, &bwd, NULL)
                              : weir_norm_forward(&norm, &fwd, NULL),
                         WEIR_OK);
    }
    assert_memory_equal(out[0], out[1] + off, bytes);
    weir_free(x);
    weir_free(out[0]);
    weir_free(out[1]);
    weir_free(rstd);
}

static void streaming_changes_nothing(void **state)
{
    (void)state;
    for (weir_isa isa = WEIR_ISA_SCALAR; isa <= weir_isa_detect(); isa++) {
        weir_set_isa_ceiling(isa);
        for (int64_t pass = 0; pass < 2; pass++) {
            check_stream(WEIR_F32, pass);
            check_stream(WEIR_BF16, pass);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_that_are_read_whole),
        cmocka_unit_test(rows_of_pieces),
        cmocka_unit_test(huge_rows),
        cmocka_unit_test(streaming_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
