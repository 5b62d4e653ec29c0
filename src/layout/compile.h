/* compile.h - what the parts of the compiler share. Private to the room. */
#ifndef WEIR_LAYOUT_COMPILE_H
#define WEIR_LAYOUT_COMPILE_H

#include "base/error.h"
#include "layout/number.h"

enum { WEIR_SLOTS = 5, WEIR_PROGRAM_VALUES_MAX = 1 << 24 };

/* How one coefficient is evaluated again when t moves: sign times operands from..to of a product.
 */
typedef struct recipe {
    const node *product;
    int from, to;
    double sign;
    int l, s;
    double value; /* the newest */
} recipe;

/* What a program owns beside its public fields. */
typedef struct weir_recipes {
    weir_arena arena;    /* everything else of the program */
    weir_layout *layout; /* the program's own copy: recipes point into it */
    numbers numbers;
    int count;
    recipe *recipe;
} weir_recipes;

/* The compiler at work on one slot. */
typedef struct compiler {
    weir_program *program;
    const weir_layout *layout;
    weir_arena *arena;
    weir_error *err;
    numbers numbers;
    weir_steps *list;            /* the steps being written */
    int *tensor;                 /* [layout->tensors]: the value that a name holds; -1: none yet */
    int (*instance)[WEIR_SLOTS]; /* [layout->params]: index of its newest program param in a slot,
                                    plus 1; 0: none */
    weir_slot slot;
    int layer; /* from 1; 0: embed, head */
    int spot;  /* of an inside rule, else -1 */
    int spot_value;
} compiler;

/* A new value of a space. */
weir_status weir_compile_value(compiler *c, weir_space space, int *out);

/* The value of a tensor expression, after appending the steps that compute it. */
weir_status weir_lower(compiler *c, const node *n, int *out);

/* Learned tensors: the instance of a `param` here; the gamma and beta of a norm. */
weir_status weir_compile_param(compiler *c, const node *n, int *out);
weir_status weir_compile_norm(compiler *c, const node *n, weir_space space, weir_norm_step *out);

/* sign times operands from..to of a product, all of them numbers and params. */
weir_status weir_compile_coef(compiler *c, const node *product, int from, int to, double sign,
                              weir_coef *out);

/* Its number alone: params count as 1. */
weir_status weir_coef_number(numbers *num, const node *product, int from, int to, double *out);

/* Puts SUM_NORM in the place of a SUM and a NORM that reads it, where the kernels can. */
weir_status weir_program_fuse(compiler *c);

#endif
