/* norm_problem.h - one call of a norm, forward and backward: operands, what must come out and how
 * nearly, and a way to run it for one instruction set inside guarded memory. */
#ifndef WEIR_TESTS_NORM_PROBLEM_H
#define WEIR_TESTS_NORM_PROBLEM_H

#include <stdbool.h>
#include <stdint.h>
#include "ops/kernels.h"
#include "weir/weir.h"

/* Rows of the operand look like this. */
typedef enum family {
    UNIFORM,
    MEAN_1E4,
    MEAN_1E6,
    TINY,    /* 1e-20, eps 0 */
    HUGE_X,  /* 1e19: squares overflow float */
    OUTLIER, /* one value of 1e4; in the first row it is the first */
    CONSTANT,
    ZEROS,
    DYADIC,    /* mean +- 2^k: xhat is exactly +-1 */
    NONFINITE, /* a NaN or an infinity in one row */
    SUBNORMAL, /* rstd overflows float */
    LARGEST,   /* rstd is subnormal in float */
    FAMILIES
} family;
extern const char *const family_names[FAMILIES];

typedef enum output { Y, SUM, MEAN, MEAN_LO, RSTD, DX, DRESIDUAL, DGAMMA, DBETA, OUTPUTS } output;
extern const char *const output_names[OUTPUTS];

/* Which matrices share memory; BOTH: y is x, and sum is the residual. In backward dx and dresidual
 * stand for y and sum, dy and dsum for x and residual. */
typedef enum alias { APART, Y_IS_X, Y_IS_RESIDUAL, SUM_IS_X, SUM_IS_RESIDUAL, BOTH, ALIASES } alias;

typedef struct problem_options {
    const weir_op_row *op;
    family family;
    int64_t rows, dim, pad; /* pad: stride - dim */
    bool residual, gamma, beta, dsum;
    float alpha, gamma_offset;
    double eps;
    alias alias;
    uint64_t seed;
} problem_options;

/* Dense operands and results. NULL: absent. want and tol are by output; an output that is absent
 * has size 0. */
typedef struct problem {
    problem_options o;
    float *x, *residual, *gamma, *beta, *dy, *dsum, *s;
    float *column_start; /* of dgamma and dbeta */
    int64_t size[OUTPUTS];
    double *want[OUTPUTS], *tol[OUTPUTS];
    bool backward_has_bounds; /* rstd is normal in float */
} problem;

/* Dense results of one run. */
typedef struct results {
    float *out[OUTPUTS];
} results;

problem problem_make(const problem_options *options);
void problem_free(problem *p);

/* Runs forward, then backward on forward's statistics, for the set that is active, with every
 * operand ending at a page that cannot be touched. Fails the test on a bad status or a write
 * outside an output. */
results problem_run(const problem *p, const weir_parallel *par);
void results_free(results *r);

/* Fails the test, with the place, where a result is outside its tolerance; where two results differ
 * in a bit. */
void results_check(const problem *p, const results *r, weir_isa isa);
void results_same(const problem *p, const results *a, const results *b, const char *what);

/* The distance of neighbouring floats at v. */
double float_spacing(double v);

#endif
