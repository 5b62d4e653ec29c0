/* number.h - evaluating the numbers of a layout. Private to the room. */
#ifndef WEIR_LAYOUT_NUMBER_H
#define WEIR_LAYOUT_NUMBER_H

#include "layout/ast.h"

/* A let that was evaluated already where we stand. */
typedef struct known_let {
    unsigned stamp; /* that of the numbers when it was evaluated */
    double value;
} known_let;

/* Where expressions are evaluated. */
typedef struct numbers {
    const weir_layout *layout;
    const weir_layout_shape *shape;
    known_let *let; /* [layout->lets] */
    unsigned stamp;
    int l, s; /* 0 where there is none */
    int64_t t;
    weir_error *err;
} numbers;

weir_status weir_numbers_init(numbers *n, const weir_layout *layout, const weir_layout_shape *shape,
                              weir_arena *arena, weir_error *err);

/* Moves to another layer, sublayer or step. */
void weir_numbers_move(numbers *n, int l, int s, int64_t t);

/* The value of an expression of numbers (a condition gives 0 or 1). Every intermediate result must
 * be finite: the error names the sub-expression and where it was evaluated. */
weir_status weir_number(numbers *n, const node *e, double *out);

/* Fails at e: "`e` WHAT at l = 3, s = 5"; what may hold an advice after a newline. */
weir_status weir_number_fail(const numbers *n, const node *e, const char *what);

#endif
