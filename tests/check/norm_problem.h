/* norm_problem.h - one call of a norm, forward and backward: operands of any types, what must come
 * out and how nearly, and a way to run it for one instruction set inside guarded memory. */
#ifndef WEIR_TESTS_NORM_PROBLEM_H
#define WEIR_TESTS_NORM_PROBLEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/rng.h"
#include "ops/kernels.h"
#include "weir/weir.h"

/* Rows of the operand look like this. Where f16 cannot, they come as near as it can. */
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
    ASSORTED,  /* each row of another family */
    FAMILIES
} family;
extern const char *const family_names[FAMILIES];

/* S: what backward has as x, the sum in its type. */
typedef enum operand { X, RESIDUAL, GAMMA, BETA, DY, DSUM, S, OPERANDS } operand;

typedef enum output {
    Y,
    SUM,
    MEAN,
    MEAN_LO,
    RSTD,
    Y_SCALE, /* absent, unless a test gives it a size: y is I8 or E4M3 then */
    DX,
    DRESIDUAL,
    DGAMMA,
    DBETA,
    DSCALE,
    DSHIFT,
    OUTPUTS
} output;
extern const char *const output_names[OUTPUTS];

/* Which matrices share memory; BOTH: y is x, and sum is the residual. In backward dx and dresidual
 * stand for y and sum, dy and dsum for x and residual. */
typedef enum alias { APART, Y_IS_X, Y_IS_RESIDUAL, SUM_IS_X, SUM_IS_RESIDUAL, BOTH, ALIASES } alias;

typedef struct problem_options {
    const weir_op_row *op;
    family family;
    int64_t rows, dim, pad;             /* pad: 0, or about what strides have beyond dim */
    int64_t groups, gamma_dim, partial; /* as in weir_norm */
    bool residual, gamma, beta, dsum;
    float alpha, gamma_offset;
    double eps;         /* of operators that measure */
    float scale, shift; /* of operators that have them; scale 0: 0.5 */
    alias alias;
    weir_store store;
    weir_dtype in[OPERANDS], out[OUTPUTS]; /* 0: f32; what shares memory must have one type */
    uint64_t seed;
} problem_options;

/* Dense operands, each with values of its type. NULL: absent. What must come out is that of f32
 * outputs. An output that is absent has size 0. */
typedef struct problem {
    problem_options o;
    weir_norm norm;
    int64_t groups, width, gamma_dim;
    float *in[OPERANDS];
    float *sum;                  /* as norm.h computes it, in f32 */
    float *column_start;         /* of dgamma and dbeta */
    const weir_moments *moments; /* given to forward, to backward; NULL: its own */
    const weir_back_moments *back_moments;
    float scale_min, scale_max; /* of Y_SCALE, as in weir_norm_fwd */
    int64_t size[OUTPUTS];
    double *want[OUTPUTS], *tol[OUTPUTS]; /* a tol of infinity: anything goes */
} problem;

/* Dense results of one run. */
typedef struct results {
    float *out[OUTPUTS];
} results;

/* The rows of the operators that measure; these come first. */
const weir_op_row *norm_rows(int *count);

/* A problem that may have anything, but for aliases: its dim is one of `count`. */
problem_options options_draw(const weir_op_row *op, weir_rng *rng, const int64_t *dims, int count);

/* One of the types that matrices may have. */
weir_dtype any_type(weir_rng *rng);

/* Zeros, for weir_free. */
void *new_array(int64_t n, size_t size);

problem problem_make(const problem_options *options);
void problem_free(problem *p);

/* What alias makes of one type. */
void options_unify(problem_options *o);

/* Runs forward, then backward on forward's statistics, for the set that is active, with every
 * operand ending at a page that cannot be touched. Fails the test on a bad status or a write
 * outside an output. An output whose size was set to 0 is absent. */
results problem_run(const problem *p, const weir_parallel *par);

/* The same with f32 copies of all operands, and f32 outputs; the same without backward. */
results problem_run_wide(const problem *p, const weir_parallel *par);
results problem_run_forward(const problem *p, const weir_parallel *par);

/* The same by a call for every group of every row, and by plain loops over what these give. */
results problem_run_in_parts(const problem *p);

void results_free(results *r);

/* Rounds each output to its type. */
void results_round(const problem *p, results *r);

/* Fails the test, with the place, where a result in f32 is outside its tolerance; where two results
 * differ in a bit. */
void results_check(const problem *p, const results *r, weir_isa isa);
void results_same(const problem *p, const results *a, const results *b, const char *what);

/* Whether an operand or an output is not f32. */
bool options_are_typed(const problem_options *o);

/* The type of an operand, of an output. */
weir_dtype type_in(const problem_options *o, operand k);
weir_dtype type_out(const problem_options *o, output k);

#endif
