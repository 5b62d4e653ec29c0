/* lower.c - tensor expressions to steps. */
#include "layout/compile.h"

weir_status weir_compile_value(compiler *c, weir_space space, int *out)
{
    weir_program *p = c->program;
    if (p->values == WEIR_PROGRAM_VALUES_MAX) {
        return weir_fail(c->err, WEIR_E_LAYOUT, "%.200s: more than %d values at depth %d",
                         c->layout->source.file, WEIR_PROGRAM_VALUES_MAX, p->shape.depth);
    }
    p->value = weir_arena_room(c->arena, p->value, p->values, sizeof *p->value);
    if (!p->value) return weir_layout_no_memory(c->err);
    p->value[p->values] = (weir_value){.space = space};
    *out = p->values++;
    return WEIR_OK;
}

/* Appends a step that defines a new value of a space. */
static weir_status add_step(compiler *c, weir_step step, weir_space space, const node *n, int *out)
{
    weir_steps *list = c->list;
    WEIR_TRY(weir_compile_value(c, space, &step.out));
    step.sum = -1;
    step.slot = c->slot;
    step.layer = c->layer;
    step.line = n->line;
    list->step = weir_arena_room(c->arena, list->step, list->count, sizeof *list->step);
    if (!list->step) return weir_layout_no_memory(c->err);
    list->step[list->count++] = step;
    *out = step.out;
    return WEIR_OK;
}

/* The sum of some terms; one term that nothing multiplies is its value. */
static weir_status add_sum(compiler *c, const weir_term *term, int terms, const node *n, int *out)
{
    weir_step step = {.kind = WEIR_STEP_SUM, .in = -1, .terms = terms};
    if (terms == 1 && weir_coef_is_one(&term[0].coef)) {
        *out = term[0].value;
        return WEIR_OK;
    }
    for (int i = 0; i < terms; i++) step.term[i] = term[i];
    return add_step(c, step, c->program->value[term[0].value].space, n, out);
}

/* coef * tensor * coef / number ...: the operands before the tensor (or the one after, when none is
 * before) are one coefficient; each further one multiplies what is there, in a step of its own. */
static weir_status lower_product(compiler *c, const node *n, double sign, weir_term *out)
{
    int at = 0;
    while (n->arg[at].node->type != TYPE_TENSOR) at++;
    int from = at ? 0 : 1, to = at ? at : 2, next = at ? at + 1 : 2;
    WEIR_TRY(weir_compile_coef(c, n, from, to, next == n->args ? sign : 1, &out->coef));
    WEIR_TRY(weir_lower(c, n->arg[at].node, &out->value));
    for (; next < n->args; next++) {
        WEIR_TRY(add_sum(c, out, 1, n, &out->value));
        WEIR_TRY(
            weir_compile_coef(c, n, next, next + 1, next + 1 == n->args ? sign : 1, &out->coef));
    }
    return WEIR_OK;
}

/* One term of a sum: sign and product fold into its coefficient. */
static weir_status lower_term(compiler *c, const node *n, double sign, weir_term *out)
{
    if (n->kind == NODE_NEG) return lower_term(c, n->arg[0].node, -sign, out);
    if (n->kind == NODE_PRODUCT) return lower_product(c, n, sign, out);
    out->coef = (weir_coef){.number = sign, .vector = -1, .recipe = -1};
    return weir_lower(c, n, &out->value);
}

/* Left to right; a sum of more terms than a step holds goes on from the value of its first part. */
static weir_status lower_sum(compiler *c, const node *n, int *out)
{
    weir_term term[WEIR_TERMS_MAX];
    int terms = 0;
    for (int i = 0; i < n->args; i++) {
        if (terms == WEIR_TERMS_MAX) {
            weir_term part = {.coef = {.number = 1, .vector = -1, .recipe = -1}};
            WEIR_TRY(add_sum(c, term, terms, n, &part.value));
            term[0] = part;
            terms = 1;
        }
        WEIR_TRY(lower_term(c, n->arg[i].node, n->arg[i].op == '-' ? -1 : 1, &term[terms]));
        terms++;
    }
    return add_sum(c, term, terms, n, out);
}

static weir_status lower_name(compiler *c, const node *n, int *out)
{
    *out = n->meaning == MEANS_SPOT ? c->spot_value : c->tensor[n->index];
    if (*out >= 0) return WEIR_OK;
    return weir_source_fail(&c->layout->source, n->pos, c->err,
                            "the state `%s` has no value at depth %d\n"
                            "the `embed` rule that holds there does not assign it",
                            n->name, c->program->shape.depth);
}

static weir_status lower_norm(compiler *c, const node *n, int *out)
{
    weir_step step = {.kind = WEIR_STEP_NORM};
    WEIR_TRY(weir_lower(c, n->arg[0].node, &step.in));
    weir_space space = c->program->value[step.in].space;
    WEIR_TRY(weir_compile_norm(c, n, space, &step.norm));
    return add_step(c, step, space, n, out);
}

static weir_status lower_branch(compiler *c, const node *n, int *out)
{
    weir_step step = {.kind = WEIR_STEP_BRANCH};
    bool mlp = n->word == WORD_MLP || (n->word == WORD_F && c->slot == WEIR_SLOT_MLP);
    step.branch = mlp ? WEIR_BRANCH_MLP : WEIR_BRANCH_ATTN;
    c->program->branch_used[(c->layer - 1) * 2 + (int)step.branch] = true;
    WEIR_TRY(weir_lower(c, n->arg[0].node, &step.in));
    return add_step(c, step, WEIR_SPACE_X, n, out);
}

weir_status weir_lower(compiler *c, const node *n, int *out)
{
    weir_term term;
    switch (n->kind) {
    case NODE_NAME: return lower_name(c, n, out);
    case NODE_SUM: return lower_sum(c, n, out);
    case NODE_NORM: return lower_norm(c, n, out);
    case NODE_BRANCH: return lower_branch(c, n, out);
    default:
        WEIR_ASSERT(n->kind == NODE_PRODUCT || n->kind == NODE_NEG);
        WEIR_TRY(lower_term(c, n, 1, &term));
        return add_sum(c, &term, 1, n, out);
    }
}
