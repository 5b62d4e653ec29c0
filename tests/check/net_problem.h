/* net_problem.h - a kernel of the network, called on operands of some shape: what net_check walks.
 */
#ifndef WEIR_TESTS_NET_PROBLEM_H
#define WEIR_TESTS_NET_PROBLEM_H

#include <stdint.h>

enum { MAX_OPERANDS = 5, MAX_ROWS = 17, MAX_COLS = 1031, CTX = 5, HEADS = 3 };

typedef struct matrix_f32 {
    float *data;
    int64_t rows, cols, ld;
} matrix_f32;

typedef struct matrix_f64 {
    double *data;
    int64_t rows, cols, ld;
} matrix_f64;

/* Operands before and after the call in double, by the oracle. variant chooses scalars. */
typedef struct problem {
    int64_t rows, cols;
    int variant;
    matrix_f64 before[MAX_OPERANDS], after[MAX_OPERANDS];
    double result;
} problem;

/* How to try a kernel. */
typedef struct kernel_case {
    const char *name;
    /* One letter an operand: i is read, o is written, b both, p both and not negative. */
    const char *roles;
    /* One letter an operand: m a matrix, s one with the stride of operand 0, v a row of cols, r
     * heads of cols pairs in a row, a the angles of CTX positions. */
    const char *shapes;
    /* Which operands may be one array, "20" for 2 and 0; up to three such pairs of their own. */
    const char *aliases[3];
    double spread;                                                 /* inputs are spread * N(0, 1) */
    void (*tolerance)(const problem *p, int operand, double *tol); /* dense rows x cols */
    double (*result_tolerance)(const problem *p);                  /* NULL: no result */
} kernel_case;

/* One case for each row of net.def, in its order. */
extern const kernel_case kernel_cases[];
extern const int kernel_case_count;

uint16_t target_of(int64_t row, int64_t vocab);

#endif
