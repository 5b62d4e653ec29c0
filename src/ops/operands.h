/* operands.h - where the operands of a call lie, and whether they may lie there. Floor 2.
 *
 * Each operand is added by name, in any order; then all are checked against each other. The first
 * thing that is wrong is reported in the message, with its name, and stays.
 */
#ifndef WEIR_OPS_OPERANDS_H
#define WEIR_OPS_OPERANDS_H

#include "weir/norm.h"

/* The types to compute with, a bit each: those of all operands but y, which may have more. */
#define WEIR_FLOAT_TYPES (1u << WEIR_F32 | 1u << WEIR_BF16 | 1u << WEIR_F16)

/* What an operand is to the others. A source may be the very matrix that a sink is written to;
 * apart from that, nothing that is written may overlap anything. */
typedef enum weir_role { WEIR_INPUT, WEIR_SOURCE, WEIR_OUTPUT, WEIR_SINK } weir_role;

typedef struct weir_region {
    const char *name;
    uintptr_t data, bytes; /* from the first element to the last */
    uintptr_t pitch;       /* from row to row, in bytes; 0: a vector */
    uintptr_t row_bytes;
    weir_role role;
    weir_dtype type; /* of a matrix */
} weir_region;

typedef struct weir_operands {
    int64_t rows, dim;
    weir_error *err;
    weir_region all[16];
    int count;
} weir_operands;

/* A matrix, absent where data is NULL, of a type whose bit (1 << type) is in `types`. *stride
 * becomes its stride in elements. */
weir_status weir_add_mat(weir_operands *o, const char *name, const weir_mat *mat, unsigned types,
                         weir_role role, int64_t *stride);

/* n elements of `size` bytes that must lie at multiples of `align`; absent where data is NULL. */
weir_status weir_add_array(weir_operands *o, const char *name, const void *data, int64_t n,
                           size_t size, size_t align, weir_role role);

/* A vector of n elements of a floating type. */
weir_status weir_add_vec(weir_operands *o, const char *name, const weir_vec *vec, int64_t n);

/* Whether what is written overlaps what it may not. */
weir_status weir_check_overlaps(const weir_operands *o);

#endif
