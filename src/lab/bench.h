/* bench.h - how long norms take, beside loops that only read and write as much. Floor 5.
 *
 * Everything that is measured of a shape with a number of threads runs on the same buffers, in
 * turn, round after round: for each mix of reads and writes the copies, then the norms that have
 * it. So caches are in the state in which the one before left them, for norms and copies alike. A
 * sample repeats a call until it is long enough for the clock; of the samples the median counts.
 * One thread is held on its core and has its own time counted; several are those of a weir_pool,
 * and the wall clock counts.
 */
#ifndef WEIR_LAB_BENCH_H
#define WEIR_LAB_BENCH_H

#include <stdbool.h>
#include <stdint.h>
#include "weir/cpu.h"
#include "weir/norm.h"

enum { WEIR_BENCH_ROUNDS_MAX = 99 };

/* Of x, y and the sum, all the same; but for WEIR_BENCH_INT8 and _FP8 only of y, from an f32 x.
 * Parameters and their gradients are f32. */
typedef enum weir_bench_type {
    WEIR_BENCH_F32,
    WEIR_BENCH_BF16,
    WEIR_BENCH_F16,
    WEIR_BENCH_INT8,
    WEIR_BENCH_FP8,
    WEIR_BENCH_TYPES
} weir_bench_type;

/* What a call is given and writes, beside parameters and statistics:
 *   FORWARD             x -> y
 *   RESIDUAL            x, residual -> y, sum
 *   BACKWARD            x, dy -> dx
 *   BACKWARD_RESIDUAL   x, dy, dsum -> dx, dresidual
 * The first two write all statistics that the operator has, the others the gradients of all its
 * parameters. */
typedef enum weir_bench_pass {
    WEIR_BENCH_FORWARD,
    WEIR_BENCH_RESIDUAL,
    WEIR_BENCH_BACKWARD,
    WEIR_BENCH_BACKWARD_RESIDUAL,
    WEIR_BENCH_PASSES
} weir_bench_pass;

typedef struct weir_bench_case {
    weir_norm_op op;
    weir_bench_type type;
    weir_bench_pass pass;
} weir_bench_case;

/* Names, as options and results spell them, by index; those of operators: weir_norm_op_name. */
extern const char *const weir_bench_type_names[WEIR_BENCH_TYPES];
extern const char *const weir_bench_pass_names[WEIR_BENCH_PASSES];

/* How many matrices a pass reads and writes. */
int weir_bench_inputs(weir_bench_pass pass);
int weir_bench_outputs(weir_bench_pass pass);

/* False for what norm.h does not have: a backward with an 8-bit type. */
bool weir_bench_exists(const weir_bench_case *c);

/* Whether this machine and build have the set. Not while other threads compute: it moves the
 * ceiling for a moment. */
bool weir_bench_has_isa(weir_isa isa);

/* Bytes of the matrices that must move. */
double weir_bench_bytes(const weir_bench_case *c, int64_t rows, int64_t dim);

/* What was measured: a case on an instruction set, and the best copy with its reads and writes. */
typedef struct weir_bench_row {
    weir_bench_case what;
    int64_t rows, dim;
    int threads;
    weir_isa isa;
    double bytes, seconds; /* of one call */
    const char *copy;      /* the name of the best copy */
    double copy_seconds;
} weir_bench_row;

/* The share of the copy's speed that the norm has. */
static inline double weir_bench_fraction(const weir_bench_row *row)
{
    return row->copy_seconds / row->seconds;
}

typedef struct weir_bench_plan {
    const weir_bench_case *what; /* all exist */
    int cases;
    const weir_isa *isa; /* of the norms; the copies run on all */
    int isas;
    int rounds;                             /* 1 to WEIR_BENCH_ROUNDS_MAX */
    bool (*stop)(void *ctx);                /* optional: asked before every sample */
    void (*progress)(void *ctx, int round); /* optional: told when a round begins, from 1 */
    void *ctx;
} weir_bench_plan;

/* WEIR_E_MEMORY when the buffers for the shape cannot be had, else nothing. */
weir_status weir_bench_fits(const weir_bench_plan *plan, int64_t rows, int64_t dim,
                            weir_error *err);

/* Measures one shape with one number of threads: row[plan->cases * plan->isas], in that order.
 * While it runs, the ceiling of the instruction set is its own.
 * Errors: WEIR_E_MEMORY, also for threads; WEIR_E_INTERRUPTED when stop said so. */
weir_status weir_bench_measure(const weir_bench_plan *plan, int64_t rows, int64_t dim, int threads,
                               weir_bench_row *row, weir_error *err);

#endif
