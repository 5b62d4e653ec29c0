/* check.h - what the parts of the checker share. Private to the room. */
#ifndef WEIR_LAYOUT_CHECK_H
#define WEIR_LAYOUT_CHECK_H

#include "base/error.h"
#include "layout/ast.h"

/* The matrices outside the layers. */
enum { WEIR_ROLES_OF_ENDS = 1 << WEIR_ROLE_EMBED | 1 << WEIR_ROLE_HEAD };

/* Where an expression stands: what it may see. */
typedef struct scope {
    const statement *statement; /* whose expression it is */
    bool tensors; /* an expression of a rule: states, params and branches may appear */
    int assigned; /* assignments of the rule that come before */
    unsigned has; /* NEEDS_*: the numbers that exist here */
} scope;

typedef struct checker {
    weir_layout *layout;
    weir_error *err;
    scope scope;
    unsigned branches;                 /* called so far in this rule: 1 << weir_branch */
    int path[WEIR_LAYOUT_NESTING_MAX]; /* lets being checked, the outermost first */
    int depth;
} checker;

/* Resolves every name of n and finds its type. */
weir_status weir_check_expr(checker *c, node *n);

/* The same, and the type must be `type`; `what` says who wants it: "a let". */
weir_status weir_check_typed(checker *c, node *n, node_type type, const char *what);

/* Checks a let once; a let that is being checked already is a cycle, reported at pos. */
weir_status weir_check_let(checker *c, int index, uint32_t pos);

/* Resolves a NODE_NAME. */
weir_status weir_check_name(checker *c, node *n);

/* Index of the tensor called `name`, or -1. */
int weir_tensor_find(const weir_layout *layout, const char *name);

/* It is a state of the stack in which statement s counts. */
bool weir_tensor_is_state(const weir_layout *layout, int tensor, const statement *s);

/* Index of the let or param `name` that statement s sees, or -1. */
int weir_named_find(const weir_layout *layout, const char *name, word stack);

/* The numbers that the language itself names: N M l s d h t T. */
bool weir_name_is_constant(const char *name);

/* "a number", "a tensor", ... */
const char *weir_type_noun(node_type type);

/* "a `head` rule", "a let", ... */
const char *weir_statement_noun(const statement *s);

#endif
