#include "layout/number.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "layout/lex.h"

weir_status weir_numbers_init(numbers *n, const weir_layout *layout, const weir_layout_shape *shape,
                              weir_arena *arena, weir_error *err)
{
    *n = (numbers){.layout = layout, .shape = shape, .stamp = 1, .t = 1, .err = err};
    n->let = weir_arena_alloc(arena, (size_t)layout->lets, sizeof *n->let);
    return n->let ? WEIR_OK : weir_layout_no_memory(err);
}

void weir_numbers_move(numbers *n, int l, int s, int64_t t)
{
    n->l = l;
    n->s = s;
    n->t = t;
    if (++n->stamp != 0) return;
    memset(n->let, 0, (size_t)n->layout->lets * sizeof *n->let);
    n->stamp = 1;
}

weir_status weir_number_fail(const numbers *n, const node *e, const char *what)
{
    const char *advice = strchr(what, '\n');
    int shown = advice ? (int)(advice - what) : (int)strlen(what);
    weir_text text = {0}, where = {0};
    weir_node_print(e, &text);
    weir_text_addf(&where, "at N = %d", n->shape->depth);
    if (n->l) weir_text_addf(&where, ", l = %d", n->l);
    if (n->s) weir_text_addf(&where, ", s = %d", n->s);
    if (e->needs & NEEDS_TIME) weir_text_addf(&where, ", t = %lld", (long long)n->t);
    weir_status status =
        text.failed || where.failed
            ? weir_layout_no_memory(n->err)
            : weir_source_fail(&n->layout->source, e->pos, n->err, "`%.120s` %.*s %s%s", text.data,
                               shown, what, where.data, advice ? advice : "");
    weir_text_deinit(&text);
    weir_text_deinit(&where);
    return status;
}

static weir_status settle(const numbers *n, const node *e, double value, double *out)
{
    *out = value;
    if (isfinite(value)) return WEIR_OK;
    return weir_number_fail(n, e, isnan(value) ? "is not a real number" : "is infinite");
}

static double constant(const numbers *n, int which)
{
    switch (which) {
    case 'N': return n->shape->depth;
    case 'd': return n->shape->width;
    case 'h': return n->shape->heads;
    case 'l': return n->l;
    case 's': return n->s;
    case 't': return (double)n->t;
    case 'T': return (double)n->shape->steps;
    default:
        WEIR_ASSERT(which == 'M');
        return 0; /* stands in encoder statements, never evaluated */
    }
}

static weir_status name(numbers *n, const node *e, double *out)
{
    if (e->meaning == MEANS_CONSTANT) {
        *out = constant(n, e->index);
        return WEIR_OK;
    }
    const statement *let = &n->layout->statement[e->index];
    known_let *known = &n->let[let->id];
    if (known->stamp != n->stamp) {
        WEIR_TRY(weir_number(n, let->expr, &known->value));
        known->stamp = n->stamp;
    }
    *out = known->value;
    return WEIR_OK;
}

/* Sums and products, left to right. */
static weir_status fold(numbers *n, const node *e, double *out)
{
    double acc, next;
    WEIR_TRY(weir_number(n, e->arg[0].node, &acc));
    for (int i = 1; i < e->args; i++) {
        WEIR_TRY(weir_number(n, e->arg[i].node, &next));
        switch (e->arg[i].op) {
        case '+': acc += next; break;
        case '-': acc -= next; break;
        case '*': acc *= next; break;
        default: acc /= next; break;
        }
        WEIR_TRY(settle(n, e, acc, &acc));
    }
    *out = acc;
    return WEIR_OK;
}

static weir_status compare(numbers *n, const node *e, double *out)
{
    double a, b;
    WEIR_TRY(weir_number(n, e->arg[0].node, &a));
    WEIR_TRY(weir_number(n, e->arg[1].node, &b));
    switch (e->relation) {
    case '<': *out = a < b; break;
    case '>': *out = a > b; break;
    case TOKEN_LE: *out = a <= b; break;
    case TOKEN_GE: *out = a >= b; break;
    case TOKEN_EQ: *out = a == b; break;
    default: *out = a != b; break;
    }
    return WEIR_OK;
}

/* `or` stops at the first true, `and` at the first false: what stands behind may rely on it. */
static weir_status logic(numbers *n, const node *e, double *out)
{
    double stop = e->kind == NODE_OR;
    for (int i = 0; i < e->args; i++) {
        WEIR_TRY(weir_number(n, e->arg[i].node, out));
        if (*out == stop) break;
    }
    return WEIR_OK;
}

static double apply(word w, double x)
{
    switch (w) {
    case WORD_SQRT: return sqrt(x);
    case WORD_LOG: return log(x);
    case WORD_EXP: return exp(x);
    case WORD_CEIL: return ceil(x);
    default: return floor(x);
    }
}

static weir_status call(numbers *n, const node *e, double *out)
{
    double first, next;
    WEIR_TRY(weir_number(n, e->arg[0].node, &first));
    if (e->word == WORD_IF) return weir_number(n, e->arg[first != 0 ? 1 : 2].node, out);
    if (e->word != WORD_MIN && e->word != WORD_MAX) return settle(n, e, apply(e->word, first), out);
    for (int i = 1; i < e->args; i++) {
        WEIR_TRY(weir_number(n, e->arg[i].node, &next));
        if (e->word == WORD_MIN ? next < first : next > first) first = next;
    }
    *out = first;
    return WEIR_OK;
}

static weir_status power(numbers *n, const node *e, double *out)
{
    double base, exponent;
    WEIR_TRY(weir_number(n, e->arg[0].node, &base));
    WEIR_TRY(weir_number(n, e->arg[1].node, &exponent));
    return settle(n, e, pow(base, exponent), out);
}

weir_status weir_number(numbers *n, const node *e, double *out)
{
    switch (e->kind) {
    case NODE_NUMBER: *out = e->number; return WEIR_OK;
    case NODE_NAME: return name(n, e, out);
    case NODE_SUM:
    case NODE_PRODUCT: return fold(n, e, out);
    case NODE_POWER: return power(n, e, out);
    case NODE_CALL: return call(n, e, out);
    case NODE_COMPARE: return compare(n, e, out);
    case NODE_OR:
    case NODE_AND: return logic(n, e, out);
    case NODE_NEG:
    case NODE_NOT:
        WEIR_TRY(weir_number(n, e->arg[0].node, out));
        *out = e->kind == NODE_NEG ? -*out : *out == 0;
        return WEIR_OK;
    case NODE_NORM:
    case NODE_BRANCH: break;
    }
    WEIR_ASSERT(e->type == TYPE_NUM); /* the checker lets no tensor through */
    return weir_number_fail(n, e, "is not a number");
}
