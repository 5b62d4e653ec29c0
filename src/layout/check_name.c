/* check_name.c - what a name means where it stands. */
#include "layout/check.h"

#include <string.h>

int weir_tensor_find(const weir_layout *layout, const char *name)
{
    for (int i = 0; i < layout->tensors; i++) {
        if (strcmp(layout->tensor[i].name, name) == 0) return i;
    }
    return -1;
}

bool weir_tensor_is_state(const weir_layout *layout, int tensor, const statement *s)
{
    const tensor_name *t = &layout->tensor[tensor];
    return weir_statement_stack(s) == WORD_ENCODER ? t->encoder : t->decoder;
}

int weir_named_find(const weir_layout *layout, const char *name, word stack)
{
    for (int i = 0; i < layout->statements; i++) {
        const statement *s = &layout->statement[i];
        if (s->name && weir_statement_counts(s, stack) && strcmp(s->name, name) == 0) return i;
    }
    return -1;
}

bool weir_name_is_constant(const char *name)
{
    return name[0] && !name[1] && strchr("NMlsdhtT", name[0]);
}

const char *weir_statement_noun(const statement *s)
{
    if (s->kind == STATEMENT_LET) return "a let";
    if (s->kind == STATEMENT_GAIN) {
        return s->roles & WEIR_ROLES_OF_ENDS ? "a gain of embed or head" : "a gain";
    }
    if (s->kind == STATEMENT_PARAM) return s->shared ? "a shared param" : "a param";
    switch (s->place) {
    case WORD_EMBED: return "an `embed` rule";
    case WORD_HEAD: return "a `head` rule";
    case WORD_BLOCK: return "a `block` rule";
    case WORD_SUBLAYER: return "a `sublayer` rule";
    case WORD_ATTN: return "an `attn` rule";
    case WORD_MLP: return "an `mlp` rule";
    default: return "an `inside` rule";
    }
}

/* Which number of `missing` a message names, and what it counts. */
static const char *missing_number(unsigned missing)
{
    return missing & NEEDS_L ? "l" : missing & NEEDS_S ? "s" : "t";
}

static const char *missing_advice(unsigned missing)
{
    if (missing & NEEDS_L)
        return "l, the layer, exists in sublayer, attn, mlp, block and inside rules";
    if (missing & NEEDS_S) return "s, the sublayer, exists in sublayer, attn, mlp and inside rules";
    return "t, the training step, may stand in lets and in the coefficients of rules";
}

/* The numbers that n needs must exist here. */
static weir_status check_needs(checker *c, const node *n)
{
    unsigned missing = n->needs & ~c->scope.has;
    if (!missing) return WEIR_OK;
    const char *which = missing_number(missing);
    const char *where = c->scope.tensors || c->scope.statement->kind != STATEMENT_RULE
                            ? weir_statement_noun(c->scope.statement)
                            : "this guard";
    if (strcmp(n->name, which) == 0) {
        return weir_source_fail(&c->layout->source, n->pos, c->err, "there is no `%s` in %s\n%s",
                                which, where, missing_advice(missing));
    }
    return weir_source_fail(&c->layout->source, n->pos, c->err,
                            "`%s` depends on `%s`, and there is no `%s` in %s\n%s", n->name, which,
                            which, where, missing_advice(missing));
}

static weir_status use_constant(checker *c, node *n)
{
    n->type = TYPE_NUM;
    n->meaning = MEANS_CONSTANT;
    n->index = n->name[0];
    switch (n->name[0]) {
    case 'l': n->needs = NEEDS_L; break;
    case 's': n->needs = NEEDS_S; break;
    case 't': n->needs = NEEDS_TIME; break;
    case 'T': n->needs = NEEDS_STEPS; break;
    case 'M':
        if (c->scope.statement->stack == WORD_ENCODER) break;
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "`M` is the depth of the second stack, and there is one stack\n"
                                "write `N`, the number of layers");
    default: break;
    }
    return check_needs(c, n);
}

static weir_status use_named(checker *c, node *n, int index)
{
    statement *s = &c->layout->statement[index];
    n->index = index;
    if (s->kind == STATEMENT_LET) {
        WEIR_TRY(weir_check_let(c, index, n->pos));
        n->type = TYPE_NUM;
        n->meaning = MEANS_LET;
    } else {
        if (!c->scope.tensors) {
            return weir_source_fail(&c->layout->source, n->pos, c->err,
                                    "`%s` is learned, and %s is made of numbers\n"
                                    "learned params may stand in rules only",
                                    n->name,
                                    c->scope.statement->kind == STATEMENT_RULE
                                        ? "a guard"
                                        : weir_statement_noun(c->scope.statement));
        }
        n->type = s->param == WORD_SCALAR   ? TYPE_COEF
                  : s->param == WORD_VECTOR ? TYPE_VEC
                                            : TYPE_HEADS;
        n->meaning = MEANS_PARAM;
        n->scalars = s->param == WORD_SCALAR;
        s->used = true;
    }
    n->needs = s->needs;
    return check_needs(c, n);
}

static weir_status use_tensor(checker *c, node *n, int tensor)
{
    c->layout->tensor[tensor].read = true;
    n->type = TYPE_TENSOR;
    n->meaning = MEANS_TENSOR;
    n->index = tensor;
    return WEIR_OK;
}

static weir_status use_spot(checker *c, node *n)
{
    const statement *s = c->scope.statement;
    bool inside = c->scope.tensors && s->place == WORD_INSIDE;
    if (inside && s->spot == n->word) {
        n->type = TYPE_TENSOR;
        n->meaning = MEANS_SPOT;
        return WEIR_OK;
    }
    if (inside) {
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "`inside %s` does not see `%s`: a rule cannot mix spaces\n"
                                "it may use `%s`, numbers and params",
                                weir_word_text(s->spot), n->name, weir_word_text(s->spot));
    }
    return weir_source_fail(&c->layout->source, n->pos, c->err,
                            "`%s` is a tensor inside a branch\nonly `inside %s = ...` sees it",
                            n->name, n->name);
}

/* A tensor's name where there are no tensors, or no such tensor. */
static weir_status misplaced_tensor(checker *c, const node *n)
{
    const statement *s = c->scope.statement;
    if (c->scope.tensors) { /* inside */
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "`inside %s` does not see the state `%s`\n"
                                "it may use `%s`, numbers and params",
                                weir_word_text(s->spot), n->name, weir_word_text(s->spot));
    }
    return weir_source_fail(&c->layout->source, n->pos, c->err,
                            "`%s` is a tensor, and %s is made of numbers\n"
                            "tensors may stand in rules only",
                            n->name,
                            s->kind == STATEMENT_RULE ? "a guard" : weir_statement_noun(s));
}

/* The nearest of the names that can be seen here. */
typedef struct nearest {
    const char *name;
    const char *best;
    int distance;
} nearest;

static void consider(nearest *n, const char *candidate)
{
    int distance = weir_text_distance(n->name, candidate);
    if (distance >= n->distance || (size_t)distance >= strlen(n->name)) return;
    n->best = candidate;
    n->distance = distance;
}

static const char *nearest_name(const checker *c, const char *name)
{
    static const char *const constants[] = {"N", "l", "s", "d", "h", "t", "T"};
    const statement *here = c->scope.statement;
    nearest n = {.name = name, .distance = 3};
    for (int i = 0; i < c->layout->statements; i++) {
        const statement *s = &c->layout->statement[i];
        if (s->name && weir_statement_counts(s, weir_statement_stack(here))) consider(&n, s->name);
    }
    for (int i = 0; c->scope.tensors && i < c->layout->tensors; i++) {
        if (weir_tensor_is_state(c->layout, i, here)) consider(&n, c->layout->tensor[i].name);
    }
    for (int i = 0; c->scope.tensors && i < c->scope.assigned; i++) {
        consider(&n, here->assign[i].name);
    }
    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++) consider(&n, constants[i]);
    return n.best;
}

static weir_status unknown_name(checker *c, const node *n)
{
    const weir_source *source = &c->layout->source;
    const char *best = nearest_name(c, n->name);
    if (weir_tensor_find(c->layout, n->name) >= 0) {
        return weir_source_fail(source, n->pos, c->err,
                                "`%s` is a temporary of another rule\n"
                                "for a value that outlives its rule, let `embed` assign it",
                                n->name);
    }
    if (best) {
        return weir_source_fail(source, n->pos, c->err, "unknown name `%s`\ndid you mean `%s`?",
                                n->name, best);
    }
    return weir_source_fail(source, n->pos, c->err,
                            "unknown name `%s`\nfor a number write `let %s = ...`", n->name,
                            n->name);
}

/* The tensor that a rule's expression sees under this name, or -1; a temporary that is assigned
 * only later fails. */
static weir_status find_tensor(checker *c, const node *n, int *out)
{
    const statement *s = c->scope.statement;
    int tensor = weir_tensor_find(c->layout, n->name);
    bool later = false;
    *out = -1;
    if (tensor < 0) return WEIR_OK;
    for (int i = 0; i < s->assigns; i++) {
        if (s->assign[i].tensor != tensor) continue;
        if (i < c->scope.assigned) *out = tensor;
        later = true;
    }
    if (*out >= 0) return WEIR_OK;
    if (weir_tensor_is_state(c->layout, tensor, s) && (s->place != WORD_EMBED || tensor == 0)) {
        *out = tensor;
    } else if (later) {
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "`%s` is used before this rule assigns it\n"
                                "move its assignment to the front",
                                n->name);
    } else if (weir_tensor_is_state(c->layout, tensor, s)) {
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "the state `%s` has no value yet\n`embed` starts with x alone",
                                n->name);
    }
    return WEIR_OK;
}

weir_status weir_check_name(checker *c, node *n)
{
    const statement *s = c->scope.statement;
    if (n->word != WORD_NONE) return use_spot(c, n);
    if (c->scope.tensors && s->place != WORD_INSIDE) {
        int tensor;
        WEIR_TRY(find_tensor(c, n, &tensor));
        if (tensor >= 0) return use_tensor(c, n, tensor);
    }
    int named = weir_named_find(c->layout, n->name, weir_statement_stack(s));
    if (named >= 0) return use_named(c, n, named);
    if (weir_name_is_constant(n->name)) return use_constant(c, n);
    int tensor = weir_tensor_find(c->layout, n->name);
    if (tensor >= 0 && weir_tensor_is_state(c->layout, tensor, s)) return misplaced_tensor(c, n);
    return unknown_name(c, n);
}
