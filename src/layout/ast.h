/* ast.h - a parsed layout. Private to the room.
 *
 * The parser builds the tree; the checker resolves each name and writes each type into it;
 * compiling only reads it. Chains of one precedence (a + b - c) are one node with many arguments,
 * in the order of the text: the order of the arithmetic is the order of the arguments, and no
 * chain, however long, nests.
 */
#ifndef WEIR_LAYOUT_AST_H
#define WEIR_LAYOUT_AST_H

#include <stdbool.h>
#include <stdint.h>

#include "layout/arena.h"
#include "layout/layout.h"
#include "layout/source.h"
#include "layout/words.h"

enum { WEIR_LAYOUT_BYTES_MAX = 64 * 1024, WEIR_LAYOUT_NESTING_MAX = 64 };

typedef enum node_kind {
    NODE_OR,
    NODE_AND,
    NODE_SUM,
    NODE_PRODUCT, /* two or more arguments, each with its op */
    NODE_COMPARE,
    NODE_POWER, /* two */
    NODE_NOT,
    NODE_NEG, /* one */
    NODE_NUMBER,
    NODE_NAME,  /* none */
    NODE_CALL,  /* word: if, sqrt ... max */
    NODE_NORM,  /* word: norm ... dyt; option: plain, offset, each or none */
    NODE_BRANCH /* word: f, attn, mlp, cross */
} node_kind;

typedef enum node_type {
    TYPE_NUM,
    TYPE_BOOL,
    TYPE_COEF,
    TYPE_VEC,
    TYPE_HEADS,
    TYPE_TENSOR
} node_type;

/* What a name was found to be. */
typedef enum meaning {
    MEANS_CONSTANT, /* N M l s d h t T: index is the character */
    MEANS_LET,      /* index: of the statement */
    MEANS_PARAM,    /* index: of the statement */
    MEANS_TENSOR,   /* a state or a temporary; index: into weir_layout.tensor */
    MEANS_SPOT      /* the tensor of an inside rule */
} meaning;

/* What a number depends on. */
enum { NEEDS_L = 1, NEEDS_S = 2, NEEDS_TIME = 4, NEEDS_STEPS = 8 };

typedef struct operand {
    struct node *node;
    int op; /* the character of a sum or product ('+' for the first of a sum, '*' of a product),
               else 0 */
    uint32_t pos; /* of the operator */
} operand;

typedef struct node {
    node_kind kind;
    uint32_t pos; /* of its first character */
    int line;     /* the same */
    int args;
    operand *arg;
    word word;
    word option;      /* NODE_NORM */
    int norm;         /* NODE_NORM: k of "norm{k}", from 1 in the order of the rule's text */
    int relation;     /* NODE_COMPARE: a token_kind */
    double number;    /* NODE_NUMBER */
    const char *name; /* NODE_NAME */
    /* by the checker */
    node_type type;
    meaning meaning;
    int index;
    int scalars;    /* learned scalars in a coefficient */
    unsigned needs; /* NEEDS_*, of all numbers in it */
} node;

typedef struct assign {
    const char *name;
    uint32_t pos;
    node *expr;
    int tensor; /* by the checker: into weir_layout.tensor */
} assign;

typedef enum statement_kind {
    STATEMENT_LET,
    STATEMENT_GAIN,
    STATEMENT_PARAM,
    STATEMENT_RULE
} statement_kind;
typedef enum check_state { UNCHECKED, CHECKING, CHECKED } check_state;

typedef struct statement {
    statement_kind kind;
    uint32_t pos;
    word stack;       /* WORD_ENCODER, WORD_DECODER or WORD_NONE: both */
    const char *name; /* of a let or param */
    uint32_t name_pos;
    node *expr;     /* value of a let, gain or param; of an inside rule */
    unsigned roles; /* of a gain: bit 1 << weir_role */
    word param;     /* WORD_SCALAR, WORD_VECTOR, WORD_HEADS */
    bool shared;
    word guard; /* WORD_WHEN, WORD_OTHERWISE or WORD_NONE */
    node *when;
    int run;    /* of an otherwise: the first statement of the run of guarded ones above it */
    word place; /* of a rule; WORD_INSIDE with a spot */
    word spot;
    int assigns;
    assign *assign;
    /* by the checker */
    check_state state;
    unsigned needs; /* of a let or param: its value */
    int id;         /* of a let, a param: numbered apart from 0 */
    bool used;      /* a param: some rule reads it */
} statement;

/* A name that rules assign: a state in the stacks where an embed rule sets it, else a temporary. */
typedef struct tensor_name {
    const char *name;
    uint32_t pos;          /* of its first assignment */
    bool encoder, decoder; /* a state there */
    bool read, moved;      /* some rule reads it; a rule other than embed assigns it */
} tensor_name;

struct weir_layout {
    weir_arena arena;
    weir_source source;
    int statements;
    statement *statement;
    int lets, params; /* how many */
    int tensors;
    tensor_name *tensor; /* x first */
    const char *canonical;
    bool uses_time;
    int warnings;
    const char **warning;
};

/* A statement counts in `stack` (WORD_ENCODER, WORD_DECODER). This version compiles the decoder
 * alone. */
static inline bool weir_statement_counts(const statement *s, word stack)
{
    return s->stack == WORD_NONE || s->stack == stack;
}

/* The stack in which the names of a statement are looked up: without a prefix that of this version.
 */
static inline word weir_statement_stack(const statement *s)
{
    return s->stack == WORD_ENCODER ? WORD_ENCODER : WORD_DECODER;
}

/* One expression as text, in canonical form. */
void weir_node_print(const node *n, weir_text *out);

/* The passes of weir_layout_parse. Each leaves *err filled when it fails. */
weir_status weir_layout_read(weir_layout *layout, weir_error *err);  /* text to tree */
weir_status weir_layout_check(weir_layout *layout, weir_error *err); /* names, types, rules */
weir_status weir_layout_print_canonical(weir_layout *layout, weir_error *err);

weir_status weir_layout_no_memory(weir_error *err);

#endif
