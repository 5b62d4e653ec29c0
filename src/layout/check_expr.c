/* check_expr.c - the types of expressions: the table of language section 3. */
#include "layout/check.h"

#include <stdio.h>
#include <string.h>

const char *weir_type_noun(node_type type)
{
    static const char *const noun[] = {
        "a number", "a condition", "a learned scalar", "a learned vector", "a learned heads vector",
        "a tensor"};
    return noun[type];
}

static weir_status wrong(checker *c, uint32_t pos, const char *what, const char *advice)
{
    return weir_source_fail(&c->layout->source, pos, c->err, "%s\n%s", what, advice);
}

static weir_status wrong_type(checker *c, const node *n, const char *wanted, const char *who)
{
    return weir_source_fail(&c->layout->source, n->pos, c->err, "%s where %s needs %s",
                            weir_type_noun(n->type), who, wanted);
}

weir_status weir_check_typed(checker *c, node *n, node_type type, const char *what)
{
    WEIR_TRY(weir_check_expr(c, n));
    if (n->type != type) return wrong_type(c, n, weir_type_noun(type), what);
    return WEIR_OK;
}

static bool is_param(node_type t)
{
    return t == TYPE_COEF || t == TYPE_VEC || t == TYPE_HEADS;
}

static weir_status check_conditions(checker *c, node *n, const char *who)
{
    n->type = TYPE_BOOL;
    for (int i = 0; i < n->args; i++) {
        WEIR_TRY(weir_check_typed(c, n->arg[i].node, TYPE_BOOL, who));
        n->needs |= n->arg[i].node->needs;
    }
    return WEIR_OK;
}

/* Every argument from `from` on is a number, and so is the whole; `who` has the arguments. */
static weir_status check_numbers(checker *c, node *n, int from, const char *who)
{
    n->type = TYPE_NUM;
    for (int i = from; i < n->args; i++) {
        WEIR_TRY(weir_check_typed(c, n->arg[i].node, TYPE_NUM, who));
        n->needs |= n->arg[i].node->needs;
    }
    return WEIR_OK;
}

static weir_status check_sum(checker *c, node *n)
{
    for (int i = 0; i < n->args; i++) {
        node *arg = n->arg[i].node;
        uint32_t pos = i ? n->arg[i].pos : n->arg[1].pos;
        WEIR_TRY(weir_check_expr(c, arg));
        n->needs |= arg->needs;
        if (arg->type == TYPE_BOOL) return wrong_type(c, arg, "a number or a tensor", "a sum");
        if (is_param(arg->type)) {
            return wrong(c, pos, "a sum of learned params",
                         "multiply each into a tensor: `g*x + u*f(x)`");
        }
        if (i == 0) n->type = arg->type;
        if (n->type != arg->type) {
            return wrong(c, pos, "a sum of a tensor and a number",
                         "a number may multiply or divide a tensor, not be added to it");
        }
    }
    return WEIR_OK;
}

/* A coefficient of type `coef` meets a tensor: vectors are as wide as x, heads vectors as the heads
 * of a spot. */
static weir_status check_width(checker *c, node_type coef, uint32_t pos)
{
    bool inside = c->scope.statement->place == WORD_INSIDE;
    if (coef == TYPE_VEC && inside) {
        return wrong(c, pos, "a `vector` param is as wide as x, and this tensor is not",
                     "inside q, k, v and mix a `heads` param may stand");
    }
    if (coef == TYPE_HEADS && (!inside || c->scope.statement->spot == WORD_MID)) {
        return wrong(c, pos, "a `heads` param has one number a head, and this tensor has no heads",
                     "it may stand inside q, k, v and mix; elsewhere write `scalar` or `vector`");
    }
    return WEIR_OK;
}

static weir_status check_times(checker *c, node *n, node_type right, uint32_t pos)
{
    node_type left = n->type;
    if (left == TYPE_TENSOR && right == TYPE_TENSOR) {
        return wrong(c, pos, "a tensor times a tensor",
                     "a tensor may be multiplied by numbers and learned params");
    }
    if (left == TYPE_TENSOR || right == TYPE_TENSOR) {
        n->type = TYPE_TENSOR;
        return check_width(c, left == TYPE_TENSOR ? right : left, pos);
    }
    bool left_wide = left == TYPE_VEC || left == TYPE_HEADS;
    bool right_wide = right == TYPE_VEC || right == TYPE_HEADS;
    if (left_wide && right_wide) {
        return wrong(c, pos, "a learned vector times a learned vector",
                     "multiply one into the tensor first: `g*(w*x)`");
    }
    if (left == TYPE_NUM || right_wide) n->type = right;
    return WEIR_OK;
}

static weir_status check_product(checker *c, node *n)
{
    for (int i = 0; i < n->args; i++) {
        node *arg = n->arg[i].node;
        uint32_t pos = n->arg[i].pos;
        WEIR_TRY(weir_check_expr(c, arg));
        n->needs |= arg->needs;
        if (arg->type == TYPE_BOOL) return wrong_type(c, arg, "a number or a tensor", "a product");
        if (n->arg[i].op == '/' && arg->type != TYPE_NUM) {
            return wrong(c, pos,
                         arg->type == TYPE_TENSOR && n->type == TYPE_TENSOR
                             ? "a tensor divided by a tensor"
                             : "a division by what is not a number",
                         "only numbers divide");
        }
        if (i == 0) {
            n->type = arg->type;
        } else {
            WEIR_TRY(check_times(c, n, arg->type, pos));
        }
        n->scalars = n->type == TYPE_TENSOR ? 0 : n->scalars + arg->scalars;
        if (n->scalars > WEIR_COEF_SCALARS_MAX) {
            return weir_source_fail(&c->layout->source, pos, c->err,
                                    "more than %d learned scalars in one coefficient\n"
                                    "multiply some into the tensor first: `g*(u*x)`",
                                    WEIR_COEF_SCALARS_MAX);
        }
    }
    return WEIR_OK;
}

static weir_status check_neg(checker *c, node *n)
{
    const node *arg = n->arg[0].node;
    WEIR_TRY(weir_check_expr(c, n->arg[0].node));
    if (arg->type == TYPE_BOOL) return wrong_type(c, arg, "a number or a tensor", "a minus sign");
    n->type = arg->type;
    n->scalars = arg->scalars;
    n->needs = arg->needs;
    return WEIR_OK;
}

static weir_status check_norm(checker *c, node *n)
{
    if (n->word == WORD_DYT) {
        return wrong(c, n->pos, "`dyt`: not in this version", "write norm, layernorm or rmsnorm");
    }
    if (!c->scope.tensors) {
        return wrong(c, n->pos, "a norm outside a rule",
                     "norms act on tensors, which only rules have");
    }
    WEIR_TRY(weir_check_typed(c, n->arg[0].node, TYPE_TENSOR, "a norm"));
    n->type = TYPE_TENSOR;
    n->needs = n->arg[0].node->needs;
    const statement *s = c->scope.statement;
    if (n->word == WORD_HEADNORM && s->place == WORD_INSIDE && s->spot == WORD_MID) {
        return wrong(c, n->pos, "`headnorm` of mid, which has no heads", "write `norm(mid)`");
    }
    return WEIR_OK;
}

/* Which branch a call means in this rule; fails when the rule has none of that name. */
static weir_status which_branch(checker *c, const node *n, weir_branch *out)
{
    word place = c->scope.statement->place;
    if (n->word == WORD_CROSS) {
        return wrong(c, n->pos, "`cross`, cross attention: not in this version",
                     "branches are f, attn and mlp");
    }
    if (place == WORD_EMBED || place == WORD_HEAD || place == WORD_INSIDE) {
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "`%s` is a branch, and %s has none\n"
                                "branches may stand in sublayer, attn, mlp and block rules",
                                weir_word_text(n->word), weir_statement_noun(c->scope.statement));
    }
    *out = n->word == WORD_MLP || (n->word == WORD_F && place == WORD_MLP) ? WEIR_BRANCH_MLP
                                                                           : WEIR_BRANCH_ATTN;
    const char *right = NULL;
    if (place == WORD_BLOCK && n->word == WORD_F) right = "`attn` or `mlp`";
    if (place == WORD_SUBLAYER && n->word != WORD_F) right = "`f`, which is attn and mlp in turn";
    if (place == WORD_ATTN && n->word == WORD_MLP) right = "`attn` or `f`";
    if (place == WORD_MLP && n->word == WORD_ATTN) right = "`mlp` or `f`";
    if (!right) return WEIR_OK;
    return weir_source_fail(&c->layout->source, n->pos, c->err, "`%s` in %s\nwrite %s",
                            weir_word_text(n->word), weir_statement_noun(c->scope.statement),
                            right);
}

static weir_status check_branch(checker *c, node *n)
{
    weir_branch branch = WEIR_BRANCH_ATTN;
    if (!c->scope.tensors) {
        return wrong(c, n->pos, "a branch outside a rule",
                     "branches act on tensors, which only rules have");
    }
    WEIR_TRY(which_branch(c, n, &branch));
    if (c->branches & 1u << branch) {
        return weir_source_fail(&c->layout->source, n->pos, c->err,
                                "`%s` a second time in one rule\n"
                                "name its value and use that twice: `a = %s(x), x = x + a`",
                                weir_word_text(n->word), weir_word_text(n->word));
    }
    c->branches |= 1u << branch;
    WEIR_TRY(weir_check_typed(c, n->arg[0].node, TYPE_TENSOR, "a branch"));
    n->type = TYPE_TENSOR;
    n->needs = n->arg[0].node->needs;
    return WEIR_OK;
}

static weir_status check_call(checker *c, node *n)
{
    char who[16];
    snprintf(who, sizeof who, "`%s`", weir_word_text(n->word));
    bool choice = n->word == WORD_IF;
    if (choice) {
        WEIR_TRY(weir_check_typed(c, n->arg[0].node, TYPE_BOOL, who));
        n->needs |= n->arg[0].node->needs;
    }
    return check_numbers(c, n, choice, who);
}

weir_status weir_check_expr(checker *c, node *n)
{
    switch (n->kind) {
    case NODE_OR: return check_conditions(c, n, "`or`");
    case NODE_AND: return check_conditions(c, n, "`and`");
    case NODE_NOT: return check_conditions(c, n, "`not`");
    case NODE_SUM: return check_sum(c, n);
    case NODE_PRODUCT: return check_product(c, n);
    case NODE_NEG: return check_neg(c, n);
    case NODE_POWER: return check_numbers(c, n, 0, "`^`");
    case NODE_NUMBER: n->type = TYPE_NUM; return WEIR_OK;
    case NODE_NAME: return weir_check_name(c, n);
    case NODE_CALL: return check_call(c, n);
    case NODE_NORM: return check_norm(c, n);
    case NODE_BRANCH: return check_branch(c, n);
    case NODE_COMPARE: break;
    }
    WEIR_TRY(check_numbers(c, n, 0, "a comparison"));
    n->type = TYPE_BOOL;
    return WEIR_OK;
}
