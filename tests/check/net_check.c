/* net_check - every kernel of the network, for every instruction set, size, stride and aliasing:
 * against the oracle, against the other sets bit by bit, and for writes and reads outside its
 * operands. A new row of net.def does not link here until net_calls.h and net_cases.c know it. */
#include "net_problem.h"

#include "base/rng.h"
#include "ops/net/net.h"
#include "simd/isa.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <cmocka.h>

#define T          float
#define NET        weir_net_table_f32
#define MATRIX     matrix_f32
#define CALL(name) call_f32_##name
#include "net_calls.h"
#undef T
#undef NET
#undef MATRIX
#undef CALL
#define T          double
#define NET        weir_net_table_f64
#define MATRIX     matrix_f64
#define CALL(name) call_f64_##name
#include "net_calls.h"
#undef T
#undef NET
#undef MATRIX
#undef CALL

typedef struct kernel_call {
    const char *name;
    double (*f32)(const weir_net_table_f32 *t, const matrix_f32 *o, int variant);
    double (*f64)(const weir_net_table_f64 *t, const matrix_f64 *o, int variant);
} kernel_call;

static const kernel_call calls[] = {
#define WEIR_NET_KERNEL(result, name, parameters) {#name, call_f32_##name, call_f64_##name},
#include "ops/net/net.def"
#undef WEIR_NET_KERNEL
};
enum { CALLS = sizeof calls / sizeof *calls, MAX_WIDTH = 2 * HEADS * 129, PAD = 5 };

/* Room for the largest operand and its strides, before a page that must not be touched. */
enum { SLOT = MAX_ROWS * (MAX_COLS + PAD) };
static const uint32_t canary = 0x7fc0dead; /* a NaN, so that what is read of it shows */

typedef struct bench {
    float *slot[MAX_OPERANDS], *start[MAX_OPERANDS]; /* guarded; what the slots were filled with */
    double *wide[2 * MAX_OPERANDS], *tol;
    float *first[MAX_OPERANDS]; /* outputs of the first instruction set, dense */
} bench;

static void *checked(void *p)
{
    assert_non_null(p);
    return p;
}

static float *guarded(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t bytes = (SLOT * sizeof(float) + page - 1) / page * page;
    char *p = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(p != MAP_FAILED);
    assert_int_equal(mprotect(p + bytes, page, PROT_NONE), 0);
    return (float *)(void *)(p + bytes) - SLOT;
}

static int bench_init(void **state)
{
    bench *b = checked(calloc(1, sizeof *b));
    for (int k = 0; k < MAX_OPERANDS; k++) {
        b->slot[k] = guarded();
        b->start[k] = checked(calloc(SLOT, sizeof(float)));
        b->first[k] = checked(calloc(SLOT, sizeof(float)));
    }
    for (int k = 0; k < 2 * MAX_OPERANDS; k++) b->wide[k] = checked(calloc(SLOT, sizeof(double)));
    b->tol = checked(calloc(SLOT, sizeof(double)));
    *state = b;
    return 0;
}

/* The slots stay mapped: the program ends here. */
static int bench_free(void **state)
{
    bench *b = *state;
    for (int k = 0; k < MAX_OPERANDS; k++) free(b->start[k]), free(b->first[k]);
    for (int k = 0; k < 2 * MAX_OPERANDS; k++) free(b->wide[k]);
    free(b->tol);
    free(b);
    return 0;
}

/* One way to call one kernel. */
typedef struct attempt {
    const kernel_case *kernel;
    const kernel_call *call;
    int64_t rows, cols, pad;
    const char *alias; /* pairs of operands, or "" */
    int variant;
} attempt;

static int aliased_to(const attempt *a, int operand)
{
    for (const char *s = a->alias; *s; s += 2)
        if (s[0] - '0' == operand) return s[1] - '0';
    return operand;
}

static int is_output(const attempt *a, int operand)
{
    return a->kernel->roles[operand] != 'i';
}

static matrix_f32 shape_of(const attempt *a, int operand)
{
    switch (a->kernel->shapes[operand]) {
    case 'v': return (matrix_f32){NULL, 1, a->cols, a->cols};
    case 'r': return (matrix_f32){NULL, a->rows, 2 * HEADS * a->cols, 2 * HEADS * a->cols + a->pad};
    case 'a': return (matrix_f32){NULL, CTX, 2 * a->cols, 2 * a->cols};
    case 's': return (matrix_f32){NULL, a->rows, a->cols, a->cols + a->pad};
    default:
        /* Strides differ among operands that need not share one. */
        return (matrix_f32){NULL, a->rows, a->cols,
                            a->cols + (a->pad ? a->pad - (*a->alias ? 0 : operand % 3) : 0)};
    }
}

/* Operands end where the guard page begins; all else in a slot is canary. Pure outputs are canary
 * too, so that an element that is not written shows. */
static void fill(const attempt *a, bench *b, matrix_f32 *o)
{
    weir_rng rng;
    weir_rng_init(&rng, 1, (uint64_t)(a->cols * 8 + a->variant));
    int count = (int)strlen(a->kernel->roles);
    for (int k = 0; k < count; k++) {
        o[k] = shape_of(a, k);
        int64_t span = (o[k].rows - 1) * o[k].ld + o[k].cols;
        assert_true(span <= SLOT);
        int64_t offset = SLOT - span;
        for (int64_t i = 0; i < SLOT; i++) memcpy(&b->start[k][i], &canary, sizeof canary);
        for (int64_t i = 0; i < o[k].rows && a->kernel->roles[k] != 'o'; i++) {
            for (int64_t j = 0; j < o[k].cols; j++) {
                double x = a->kernel->spread * weir_rng_normal(&rng);
                if (a->kernel->roles[k] == 'p') x *= x;
                if ((i + j + k) % 29 == 28 && a->kernel->roles[k] != 'p') x = 0;
                b->start[k][offset + i * o[k].ld + j] = (float)x;
            }
        }
        o[k].data = b->slot[aliased_to(a, k)] + offset;
    }
}

/* The oracle on the same operands, each in an array of its own. */
static void solve(const attempt *a, bench *b, const matrix_f32 *o, problem *p)
{
    *p = (problem){.rows = a->rows, .cols = a->cols, .variant = a->variant};
    for (int k = 0; k < (int)strlen(a->kernel->roles); k++) {
        int64_t span = (o[k].rows - 1) * o[k].ld + o[k].cols;
        for (int64_t i = 0; i < span; i++) {
            double x = (double)b->start[k][SLOT - span + i];
            b->wide[k][i] = b->wide[MAX_OPERANDS + k][i] = x;
        }
        p->before[k] = (matrix_f64){b->wide[k], o[k].rows, o[k].cols, o[k].ld};
        p->after[k] = (matrix_f64){b->wide[MAX_OPERANDS + k], o[k].rows, o[k].cols, o[k].ld};
    }
    p->result = a->call->f64(weir_net_f64(), p->after, a->variant);
}

static void describe(const attempt *a, int isa, const char *what, int operand, int64_t i, int64_t j)
{
    print_message("%s %s: %s: operand %d at (%lld, %lld); %lld x %lld, pad %lld, alias \"%s\", "
                  "variant %d\n",
                  a->kernel->name, weir_isa_name((weir_isa)isa), what, operand, (long long)i,
                  (long long)j, (long long)a->rows, (long long)a->cols, (long long)a->pad, a->alias,
                  a->variant);
}

/* Whether element at of the slot, which holds operand k and what is aliased to it, is an output. */
static int is_written(const attempt *a, const matrix_f32 *o, int k, int64_t at)
{
    int count = (int)strlen(a->kernel->roles);
    for (int m = 0; m < count; m++) {
        if (aliased_to(a, m) != k || !is_output(a, m)) continue;
        int64_t place = at - (SLOT - ((o[m].rows - 1) * o[m].ld + o[m].cols));
        if (place >= 0 && place % o[m].ld < o[m].cols) return 1;
    }
    return 0;
}

static int outside_untouched(const attempt *a, bench *b, const matrix_f32 *o, int isa)
{
    for (int k = 0; k < (int)strlen(a->kernel->roles); k++) {
        if (aliased_to(a, k) != k) continue;
        for (int64_t at = 0; at < SLOT; at++) {
            if (!memcmp(&b->slot[k][at], &b->start[k][at], sizeof(float))) continue;
            if (is_written(a, o, k, at)) continue;
            describe(a, isa, "written outside", k, 0, at);
            return 0;
        }
    }
    return 1;
}

/* Against the oracle, then against the first instruction set. */
static int outputs_right(const attempt *a, bench *b, const matrix_f32 *o, const problem *p, int isa)
{
    for (int k = 0; k < (int)strlen(a->kernel->roles); k++) {
        if (!is_output(a, k)) continue;
        a->kernel->tolerance(p, k, b->tol);
        for (int64_t i = 0; i < o[k].rows; i++) {
            for (int64_t j = 0; j < o[k].cols; j++) {
                float got = o[k].data[i * o[k].ld + j];
                float *first = &b->first[k][i * o[k].cols + j];
                double want = p->after[k].data[i * o[k].ld + j];
                double tol = b->tol[i * o[k].cols + j];
                if (!(fabs((double)got - want) <= tol)) {
                    describe(a, isa, "off the oracle", k, i, j);
                    print_message("  got %.9g, want %.17g within %g\n", (double)got, want, tol);
                    return 0;
                }
                if (isa == WEIR_ISA_SCALAR) *first = got;
                if (memcmp(&got, first, sizeof got) != 0) {
                    describe(a, isa, "other bits than scalar", k, i, j);
                    return 0;
                }
            }
        }
    }
    return 1;
}

static int result_right(const attempt *a, const problem *p, double got, double first, int isa)
{
    if (!a->kernel->result_tolerance) return 1;
    double tol = a->kernel->result_tolerance(p);
    if (!(fabs(got - p->result) <= tol)) {
        describe(a, isa, "result off the oracle", 0, 0, 0);
        print_message("  got %.17g, want %.17g within %g\n", got, p->result, tol);
        return 0;
    }
    if (memcmp(&got, &first, sizeof got) != 0) {
        describe(a, isa, "result has other bits than scalar", 0, 0, 0);
        return 0;
    }
    return 1;
}

static void check(bench *b, const attempt *a)
{
    matrix_f32 o[MAX_OPERANDS];
    problem p;
    fill(a, b, o);
    solve(a, b, o, &p);
    double first = 0;
    for (int isa = WEIR_ISA_SCALAR; isa < WEIR_ISA_COUNT; isa++) {
        const weir_net_table_f32 *table = weir_net_f32_isa(isa);
        if (!table) continue;
        for (int k = 0; k < (int)strlen(a->kernel->roles); k++)
            if (aliased_to(a, k) == k) memcpy(b->slot[k], b->start[k], SLOT * sizeof(float));
        double result = a->call->f32(table, o, a->variant);
        if (isa == WEIR_ISA_SCALAR) first = result;
        assert_true(outside_untouched(a, b, o, isa));
        assert_true(outputs_right(a, b, o, &p, isa));
        assert_true(result_right(a, &p, result, first, isa));
    }
}

static void every_way(bench *b, const kernel_case *kernel, const kernel_call *call, int64_t cols)
{
    const int flat = !strpbrk(kernel->shapes, "mr"), pairs = kernel->shapes[0] == 'r';
    if (pairs && cols > 129) return;
    const int64_t rows[] = {1, 3, MAX_ROWS};
    for (int r = 0; r < (flat ? 1 : 3); r++) {
        for (int variant = 0; variant < 2; variant++) {
            for (int64_t pad = 0; pad <= (flat ? 0 : PAD); pad += PAD) {
                attempt a = {kernel, call, rows[r], cols, pad, "", variant};
                check(b, &a);
                for (int k = 0; k < 3 && kernel->aliases[k]; k++) {
                    a.alias = kernel->aliases[k];
                    check(b, &a);
                }
            }
        }
    }
}

static void test_all(void **state)
{
    assert_int_equal(kernel_case_count, CALLS);
    for (int c = 0; c < CALLS; c++) {
        assert_string_equal(kernel_cases[c].name, calls[c].name);
        for (int64_t cols = 1; cols <= 33; cols++)
            every_way(*state, &kernel_cases[c], &calls[c], cols);
        const int64_t larger[] = {63, 64, 65, 127, 128, 129, 255, 256, 257, MAX_COLS};
        for (size_t i = 0; i < sizeof larger / sizeof *larger; i++)
            every_way(*state, &kernel_cases[c], &calls[c], larger[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all, bench_init, bench_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
