/* layout.h - block equations: a placement of norms as text, compiled to steps. Floor 2; pure: no
 * tensors, no threads.
 *
 * parse: text -> weir_layout (syntax, names, types; independent of depth).
 * compile: weir_layout + shape -> weir_program: the whole network, embed to head, as steps in SSA
 * form, every number evaluated for every layer, fused where `fuse` is set. The interpreter (src/nn)
 * walks the steps; it never asks which placement it is running.
 */
#ifndef WEIR_LAYOUT_LAYOUT_H
#define WEIR_LAYOUT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "weir/norm.h"
#include "weir/status.h"

/* ---- text ----------------------------------------------------------------------------------- */

typedef struct weir_layout weir_layout;

/* Parses and checks `length` bytes. `file` is the name for messages. On failure *out is NULL and
 * *err holds a message of several lines ("FILE:LINE:COL: what is wrong", the line, a caret, what
 * would be right), with line and col. */
weir_status weir_layout_parse(const char *text, size_t length, const char *file, weir_layout **out,
                              weir_error *err);

/* Accepts NULL. */
void weir_layout_destroy(weir_layout **layout);

/* The text in one fixed form (comments and blanks away, one statement a line): what a checkpoint
 * stores and compares, and what a report shows as the equation. Owned by the layout. */
const char *weir_layout_canonical(const weir_layout *layout);

/* A number of the layout depends on t or T, so --steps is part of a run's identity. */
bool weir_layout_uses_time(const weir_layout *layout);

/* The layouts/ folder, compiled in, in the order of placements.md's article five first. */
typedef struct weir_builtin_layout {
    const char *name;    /* "deepnorm" */
    const char *title;   /* "DeepNorm": for legends and headings */
    const char *summary; /* one line, with the source */
    const char *text;    /* the file, comments included */
} weir_builtin_layout;

int weir_builtin_layout_count(void);
const weir_builtin_layout *weir_builtin_layout_at(int index);
const weir_builtin_layout *weir_builtin_layout_find(const char *name); /* NULL when there is none */
const char *weir_builtin_layout_nearest(const char *name); /* for "did you mean"; may be NULL */

/* ---- the compiled form ---------------------------------------------------------------------- */

enum { WEIR_LAYOUT_NAME = 32, WEIR_TERMS_MAX = 4, WEIR_COEF_SCALARS_MAX = 4 };

/* The matrices of the network, as `gain` names them. */
typedef enum weir_role {
    WEIR_ROLE_Q,
    WEIR_ROLE_K,
    WEIR_ROLE_V,
    WEIR_ROLE_O,
    WEIR_ROLE_UP,
    WEIR_ROLE_GATE,
    WEIR_ROLE_DOWN,
    WEIR_ROLE_EMBED,
    WEIR_ROLE_HEAD,
    WEIR_ROLE_XQ,
    WEIR_ROLE_XK,
    WEIR_ROLE_XV,
    WEIR_ROLE_XO,
    WEIR_ROLES
} weir_role;
const char *weir_role_name(weir_role role); /* "q", "up", "embed", ... */

/* Where a tensor lives; its width. */
typedef enum weir_space {
    WEIR_SPACE_X,   /* width */
    WEIR_SPACE_Q,   /* heads * head dim */
    WEIR_SPACE_K,   /* kv_heads * head dim */
    WEIR_SPACE_V,   /* kv_heads * head dim */
    WEIR_SPACE_MIX, /* heads * head dim */
    WEIR_SPACE_MID  /* ffn */
} weir_space;

typedef enum weir_slot {
    WEIR_SLOT_EMBED,
    WEIR_SLOT_ATTN,
    WEIR_SLOT_MLP,
    WEIR_SLOT_BLOCK,
    WEIR_SLOT_HEAD
} weir_slot;
typedef enum weir_branch { WEIR_BRANCH_ATTN, WEIR_BRANCH_MLP } weir_branch;
typedef enum weir_spot {
    WEIR_SPOT_Q,
    WEIR_SPOT_K,
    WEIR_SPOT_V,
    WEIR_SPOT_MIX,
    WEIR_SPOT_MID,
    WEIR_SPOTS
} weir_spot;

/* What the numbers of a layout depend on. */
typedef struct weir_layout_shape {
    int depth;                       /* N */
    int width, heads, kv_heads, ffn; /* head dim = width / heads */
    bool gated;                      /* the MLP has a gate matrix (swiglu) */
    bool tied;                       /* head shares the embedding's matrix */
    weir_norm_op norm;               /* what norm() and headnorm() mean */
    int64_t steps;                   /* T, >= 1 */
} weir_layout_shape;

/* A learned tensor that the layout itself brings: gammas, betas, and `param`s. */
typedef enum weir_lparam_kind {
    WEIR_LPARAM_GAMMA,
    WEIR_LPARAM_BETA,
    WEIR_LPARAM_SCALAR,
    WEIR_LPARAM_VECTOR,
    WEIR_LPARAM_HEADS
} weir_lparam_kind;

typedef struct weir_lparam {
    char name[64]; /* "layers.3.attn.norm1.gamma", "layers.3.mlp.g", "shared.g" */
    weir_lparam_kind kind;
    int64_t size; /* elements */
    double init;
    int layer; /* from 1; 0: embed, head or shared */
} weir_lparam;

/* What multiplies a tensor: number * scalar params, rounded to real once; then, elementwise, a
 * vector or heads param (coefficient j is fl(number_rounded * param_j), and the product with the
 * tensor is rounded again). number is finite and within f32. */
typedef struct weir_coef {
    double number;
    int scalars, scalar[WEIR_COEF_SCALARS_MAX]; /* indices into params */
    int vector; /* index into params of a VECTOR or HEADS param, or -1 */
    int recipe; /* private: how to evaluate number again when t moves, or -1 */
} weir_coef;

/* Exactly 1 at all times, so that the product can be left out. */
static inline bool weir_coef_is_one(const weir_coef *c)
{
    return c->number == 1 && c->scalars == 0 && c->vector < 0 && c->recipe < 0;
}

/* One product of a sum: coef * value. */
typedef struct weir_term {
    weir_coef coef;
    int value;
} weir_term;

typedef enum weir_step_kind {
    WEIR_STEP_SUM,      /* out = fl(... fl(fl(c1 v1) + fl(c2 v2)) ...); one term: a product */
    WEIR_STEP_NORM,     /* out = norm(in) */
    WEIR_STEP_SUM_NORM, /* sum = fl(c1 v1) + fl(c2 v2), out = norm(sum): see weir_layout_compile */
    WEIR_STEP_BRANCH    /* out = attn(in) or mlp(in) of this layer */
} weir_step_kind;

typedef struct weir_norm_step {
    weir_norm_op op;
    char name[64];       /* "layers.3.attn.norm1": its gamma is NAME.gamma */
    int gamma, beta;     /* indices into params, or -1 */
    double gamma_offset; /* 1 for the (1 + w) form, else 0 */
    int groups;          /* 1; or heads (kv_heads): each group of the row has its own statistics */
    bool gamma_shared;   /* groups > 1 and one gamma of size dim / groups serves all */
} weir_norm_step;

typedef struct weir_step {
    weir_step_kind kind;
    int out;   /* value that it defines */
    int in;    /* NORM, BRANCH: value that it reads; else -1 */
    int sum;   /* SUM_NORM: value of the sum, which other steps may read; else -1 */
    int terms; /* SUM: 1..MAX; SUM_NORM: 2; a longer sum is a chain of SUM steps */
    weir_term term[WEIR_TERMS_MAX]; /* in the order of the text */
    weir_norm_step norm;
    weir_branch branch;
    weir_slot slot; /* with layer: the rule that the step (of SUM_NORM: its sum) comes from */
    int layer;      /* from 1; 0 in embed and head */
    int line;       /* of the layout text, for prints */
} weir_step;

typedef struct weir_value {
    weir_space space;
    int uses; /* operands of steps that read it, plus 1 for each list whose result it is; may be 0.
                 The norm of a SUM_NORM does not count as a use of its sum. */
} weir_value;

/* A straight line of steps: `in` is defined before the first, `out` is the result. No step: out ==
 * in. */
typedef struct weir_steps {
    int count;
    weir_step *step;
    int in, out;
} weir_steps;

typedef struct weir_program {
    weir_layout_shape shape;
    int values;
    weir_value *value; /* ids are unique over main and all inside lists */
    int params;
    weir_lparam *param;
    weir_steps main;    /* in: the embedding's output; out: what the output matrix reads */
    weir_steps *inside; /* [depth * WEIR_SPOTS]: what happens at a spot of a layer's branches */
    bool *branch_used;  /* [depth * 2]: layer l calls attn, mlp; false: the branch is skipped */
    int *stream;  /* [depth * 2]: value of state x after (l, attn), (l, mlp); -1 after the attn
                     half of a block, which is no place */
    double *gain; /* [depth * WEIR_ROLES]: what multiplies the initial std of each matrix, >= 0 */
    double gain_embed, gain_head; /* a tied matrix has one gain, and both are it */
    bool uses_time;               /* as weir_layout_uses_time */
    int warnings;
    char **warning;               /* "FILE:LINE:COL: ..." */
    struct weir_recipes *recipes; /* private */
} weir_program;

/* Evaluates the layout for a shape. On failure *out is NULL and *err explains, with l, s and the
 * sub-expression where a number is at fault: WEIR_E_LAYOUT; WEIR_E_SHAPE, WEIR_E_VALUE for a shape
 * that no network has; WEIR_E_MEMORY. The program does not refer to the layout.
 *
 * Steps of main appear in the order of the rules. Where `fuse` is set, a SUM in space x and the
 * first NORM of it (in whatever later rule, of groups 1) become one SUM_NORM, in the place
 * of the SUM; later NORMs of it stay. It must have two terms, one with coefficient exactly 1, the
 * other with a constant that is not 0 in f32: no params, nothing that moves with t. Of a longer sum
 * the last term is taken off: the rest is a SUM of its own, and comes in with coefficient 1. The
 * bits are those of fuse = false, which is for tests. */
weir_status weir_layout_compile(const weir_layout *layout, const weir_layout_shape *shape,
                                bool fuse, weir_program **out, weir_error *err);

/* Accepts NULL. */
void weir_program_destroy(weir_program **program);

/* Evaluates every number that depends on t again, for step t >= 1. A no-op unless uses_time. On
 * failure (a number is not finite at t) the program is as it was. */
weir_status weir_program_set_time(weir_program *program, int64_t t, weir_error *err);

static inline weir_steps *weir_program_inside(const weir_program *p, int layer, weir_spot spot)
{
    return &p->inside[(layer - 1) * (int)WEIR_SPOTS + (int)spot];
}

/* The width of a space under a shape. */
int64_t weir_space_width(const weir_layout_shape *shape, weir_space space);

/* The steps as text, one a line, with what was fused: `weir layouts NAME --lowered`. */
void weir_program_print(const weir_program *program, weir_text *out);

#endif
