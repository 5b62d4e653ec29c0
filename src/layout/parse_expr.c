#include "layout/parse.h"

#include <string.h>

typedef weir_status parse_rule(parser *p, node **out);
typedef int chain_op(const token *t); /* the op that this token is in a chain, or 0 */

static weir_status unary(parser *p, node **out);
static weir_status neg(parser *p, node **out);

/* A node that begins with the token `start`. */
static weir_status new_node(parser *p, node_kind kind, const token *start, node **out)
{
    node *n = weir_arena_alloc(&p->layout->arena, 1, sizeof *n);
    if (!n) return weir_layout_no_memory(p->err);
    n->kind = kind;
    n->pos = start->pos;
    n->line = start->line;
    *out = n;
    return WEIR_OK;
}

static weir_status add_arg(parser *p, node *n, operand arg)
{
    n->arg = weir_arena_room(&p->layout->arena, n->arg, n->args, sizeof *n->arg);
    if (!n->arg) return weir_layout_no_memory(p->err);
    n->arg[n->args++] = arg;
    return WEIR_OK;
}

/* One level deeper: parentheses, calls, and what stands after - not ^. */
static weir_status deeper(parser *p, parse_rule *rule, node **out)
{
    if (p->nesting == WEIR_LAYOUT_NESTING_MAX) {
        return weir_source_fail(&p->layout->source, p->token.pos, p->err,
                                "nested more than %d deep\nname a part of it with let",
                                WEIR_LAYOUT_NESTING_MAX);
    }
    p->nesting++;
    weir_status status = rule(p, out);
    p->nesting--;
    return status;
}

/* operand { op operand }: a node of its own only when there is an op. */
static weir_status chain(parser *p, node_kind kind, chain_op *op, parse_rule *rule, node **out)
{
    node *first = NULL, *n = NULL;
    const token start = p->token;
    WEIR_TRY(rule(p, &first));
    int what = op(&p->token);
    if (!what) {
        *out = first;
        return WEIR_OK;
    }
    WEIR_TRY(new_node(p, kind, &start, &n));
    int leading = kind == NODE_SUM ? '+' : kind == NODE_PRODUCT ? '*' : 0;
    WEIR_TRY(add_arg(p, n, (operand){first, leading, first->pos}));
    for (; what; what = op(&p->token)) {
        operand next = {.op = what, .pos = p->token.pos};
        WEIR_TRY(weir_parse_advance(p));
        WEIR_TRY(rule(p, &next.node));
        WEIR_TRY(add_arg(p, n, next));
    }
    *out = n;
    return WEIR_OK;
}

static int or_op(const token *t)
{
    return t->word == WORD_OR ? '|' : 0;
}
static int and_op(const token *t)
{
    return t->word == WORD_AND ? '&' : 0;
}
static int sum_op(const token *t)
{
    return t->kind == '+' || t->kind == '-' ? t->kind : 0;
}
static int term_op(const token *t)
{
    return t->kind == '*' || t->kind == '/' ? t->kind : 0;
}

static int relation_op(const token *t)
{
    switch (t->kind) {
    case '<':
    case '>':
    case TOKEN_LE:
    case TOKEN_GE:
    case TOKEN_EQ:
    case TOKEN_NE: return t->kind;
    default: return 0;
    }
}

static weir_status term(parser *p, node **out)
{
    return chain(p, NODE_PRODUCT, term_op, unary, out);
}
static weir_status sum(parser *p, node **out)
{
    return chain(p, NODE_SUM, sum_op, term, out);
}

static weir_status compare(parser *p, node **out)
{
    node *left = NULL, *n = NULL;
    const token start = p->token;
    WEIR_TRY(sum(p, &left));
    int relation = relation_op(&p->token);
    if (!relation) {
        *out = left;
        return WEIR_OK;
    }
    operand right = {.pos = p->token.pos};
    WEIR_TRY(weir_parse_advance(p));
    WEIR_TRY(sum(p, &right.node));
    if (relation_op(&p->token)) {
        return weir_source_fail(&p->layout->source, p->token.pos, p->err,
                                "comparisons cannot be chained\nwrite `2 <= l and l <= 5`");
    }
    WEIR_TRY(new_node(p, NODE_COMPARE, &start, &n));
    n->relation = relation;
    WEIR_TRY(add_arg(p, n, (operand){.node = left, .pos = left->pos}));
    WEIR_TRY(add_arg(p, n, right));
    *out = n;
    return WEIR_OK;
}

static weir_status conjunction(parser *p, node **out)
{
    return chain(p, NODE_AND, and_op, neg, out);
}

weir_status weir_parse_expr(parser *p, node **out)
{
    return chain(p, NODE_OR, or_op, conjunction, out);
}

/* The sign or `not` that is next, then what `rule` reads, one level deeper. */
static weir_status prefix(parser *p, node_kind kind, parse_rule *rule, node **out)
{
    node *n = NULL;
    operand inner = {.pos = p->token.pos};
    WEIR_TRY(new_node(p, kind, &p->token, &n));
    WEIR_TRY(weir_parse_advance(p));
    WEIR_TRY(deeper(p, rule, &inner.node));
    WEIR_TRY(add_arg(p, n, inner));
    *out = n;
    return WEIR_OK;
}

static weir_status neg(parser *p, node **out)
{
    return p->token.word == WORD_NOT ? prefix(p, NODE_NOT, neg, out) : compare(p, out);
}

static weir_status argument(parser *p, node *call)
{
    operand arg = {.pos = p->token.pos};
    WEIR_TRY(deeper(p, weir_parse_expr, &arg.node));
    return add_arg(p, call, arg);
}

/* How many arguments a function of numbers takes; max -1: any number from min. */
static void arity(word w, int *min, int *max)
{
    *min = w == WORD_IF ? 3 : w == WORD_MIN || w == WORD_MAX ? 2 : 1;
    *max = w == WORD_MIN || w == WORD_MAX ? -1 : *min;
}

static weir_status number_call(parser *p, node *call)
{
    WEIR_TRY(argument(p, call));
    while (p->token.kind == ',') {
        WEIR_TRY(weir_parse_advance(p));
        WEIR_TRY(argument(p, call));
    }
    int min, max;
    arity(call->word, &min, &max);
    if (call->args < min || (max >= 0 && call->args > max)) {
        return weir_source_fail(&p->layout->source, call->pos, p->err,
                                "`%s` takes %d argument%s%s, not %d", weir_word_text(call->word),
                                min, min == 1 ? "" : "s", max < 0 ? " or more" : "", call->args);
    }
    return WEIR_OK;
}

static weir_status norm_call(parser *p, node *call)
{
    call->norm = ++p->norms;
    WEIR_TRY(argument(p, call));
    if (p->token.kind != ',') return WEIR_OK;
    WEIR_TRY(weir_parse_advance(p));
    bool head = call->word == WORD_HEADNORM;
    word w = p->token.word;
    if (head ? w != WORD_EACH : w != WORD_PLAIN && w != WORD_OFFSET) {
        return weir_parse_unexpected(p, head ? "`each`" : "`plain` or `offset`");
    }
    call->option = w;
    return weir_parse_advance(p);
}

/* A call, from its "(". */
static weir_status call(parser *p, const token *name, node **out)
{
    word w = name->word;
    node_kind kind = weir_word_is_norm(w)     ? NODE_NORM
                     : weir_word_is_branch(w) ? NODE_BRANCH
                                              : NODE_CALL;
    node *n = NULL;
    WEIR_TRY(new_node(p, kind, name, &n));
    n->word = w;
    if (p->token.kind != '(') {
        return weir_source_fail(&p->layout->source, n->pos, p->err,
                                "`%s` is a function\nwrite `%s(...)`", weir_word_text(w),
                                weir_word_text(w));
    }
    WEIR_TRY(weir_parse_advance(p));
    switch (kind) {
    case NODE_NORM: WEIR_TRY(norm_call(p, n)); break;
    case NODE_BRANCH: WEIR_TRY(argument(p, n)); break;
    default: WEIR_TRY(number_call(p, n)); break;
    }
    WEIR_TRY(weir_parse_expect(p, ')', "`)`"));
    *out = n;
    return WEIR_OK;
}

/* A name that is no function stands before "(". */
static weir_status not_a_function(parser *p, const char *name, uint32_t pos)
{
    const char *words[WORDS];
    int count = 0;
    for (int w = 1; w < WORDS; w++) {
        if (weir_word_is_function((word)w)) words[count++] = weir_word_text((word)w);
    }
    const char *near = weir_text_nearest(name, words, count);
    if (near) {
        return weir_source_fail(&p->layout->source, pos, p->err,
                                "unknown function `%s`\ndid you mean `%s`?", name, near);
    }
    return weir_source_fail(&p->layout->source, pos, p->err,
                            "`%s` is not a function\nfor a product write `%s*(...)`", name, name);
}

static weir_status name(parser *p, node **out)
{
    const token name = p->token;
    bool function = weir_word_is_function(name.word);
    if (name.word != WORD_NONE && !function && !weir_word_is_spot(name.word)) {
        return weir_parse_unexpected(p, "an expression");
    }
    char *text = weir_arena_strndup(&p->layout->arena, parser_text(p), name.length);
    if (!text) return weir_layout_no_memory(p->err);
    WEIR_TRY(weir_parse_advance(p));
    if (function) return call(p, &name, out);
    if (p->token.kind == '(') return not_a_function(p, text, name.pos);
    WEIR_TRY(new_node(p, NODE_NAME, &name, out));
    (*out)->name = text;
    (*out)->word = name.word;
    return WEIR_OK;
}

static weir_status atom(parser *p, node **out)
{
    if (p->token.kind == TOKEN_NAME) return name(p, out);
    if (p->token.kind == TOKEN_NUMBER) {
        WEIR_TRY(new_node(p, NODE_NUMBER, &p->token, out));
        (*out)->number = p->token.number;
        return weir_parse_advance(p);
    }
    if (p->token.kind != '(') return weir_parse_unexpected(p, "an expression");
    WEIR_TRY(weir_parse_advance(p));
    WEIR_TRY(deeper(p, weir_parse_expr, out));
    return weir_parse_expect(p, ')', "`)`");
}

static weir_status power(parser *p, node **out)
{
    node *base = NULL, *n = NULL;
    const token start = p->token;
    WEIR_TRY(atom(p, &base));
    if (p->token.kind != '^') {
        *out = base;
        return WEIR_OK;
    }
    operand exponent = {.pos = p->token.pos};
    WEIR_TRY(weir_parse_advance(p));
    WEIR_TRY(deeper(p, unary, &exponent.node));
    WEIR_TRY(new_node(p, NODE_POWER, &start, &n));
    WEIR_TRY(add_arg(p, n, (operand){.node = base, .pos = base->pos}));
    WEIR_TRY(add_arg(p, n, exponent));
    *out = n;
    return WEIR_OK;
}

static weir_status unary(parser *p, node **out)
{
    return p->token.kind == '-' ? prefix(p, NODE_NEG, unary, out) : power(p, out);
}
