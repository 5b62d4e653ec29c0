/* canonical.c - the one fixed form of a layout's text: no comments, one statement a line, fewest
 * parentheses. */
#include "layout/ast.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "layout/lex.h"

/* How tightly an expression holds together, loosest first: the grammar's levels. */
enum {
    HOLDS_OR,
    HOLDS_AND,
    HOLDS_NOT,
    HOLDS_COMPARE,
    HOLDS_SUM,
    HOLDS_TERM,
    HOLDS_UNARY,
    HOLDS_POWER,
    HOLDS_ATOM
};

static int holds(const node *n)
{
    switch (n->kind) {
    case NODE_OR: return HOLDS_OR;
    case NODE_AND: return HOLDS_AND;
    case NODE_NOT: return HOLDS_NOT;
    case NODE_COMPARE: return HOLDS_COMPARE;
    case NODE_SUM: return HOLDS_SUM;
    case NODE_PRODUCT: return HOLDS_TERM;
    case NODE_NEG: return HOLDS_UNARY;
    case NODE_POWER: return HOLDS_POWER;
    default: return HOLDS_ATOM;
    }
}

/* n where the grammar wants something that holds at least as tightly as `least`. */
static void print_within(const node *n, int least, weir_text *out)
{
    bool loose = holds(n) < least;
    if (loose) weir_text_add(out, "(");
    weir_node_print(n, out);
    if (loose) weir_text_add(out, ")");
}

/* The shortest decimal that reads back as the same double; whole numbers without an exponent. */
static void print_number(double number, weir_text *out)
{
    char text[32];
    if (number < 1e15 && number == floor(number)) {
        weir_text_addf(out, "%.0f", number);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number) break;
    }
    weir_text_add(out, text);
}

static void print_chain(const node *n, const char *between, int least, weir_text *out)
{
    for (int i = 0; i < n->args; i++) {
        if (i) weir_text_add(out, between);
        print_within(n->arg[i].node, least, out);
    }
}

static void print_sum(const node *n, weir_text *out)
{
    for (int i = 0; i < n->args; i++) {
        if (i) weir_text_add(out, n->arg[i].op == '+' ? " + " : " - ");
        print_within(n->arg[i].node, HOLDS_TERM, out);
    }
}

static void print_product(const node *n, weir_text *out)
{
    for (int i = 0; i < n->args; i++) {
        if (i) weir_text_add(out, n->arg[i].op == '*' ? "*" : "/");
        print_within(n->arg[i].node, HOLDS_UNARY, out);
    }
}

static void print_call(const node *n, weir_text *out)
{
    weir_text_addf(out, "%s(", weir_word_text(n->word));
    print_chain(n, ", ", HOLDS_OR, out);
    if (n->option != WORD_NONE) weir_text_addf(out, ", %s", weir_word_text(n->option));
    weir_text_add(out, ")");
}

void weir_node_print(const node *n, weir_text *out)
{
    switch (n->kind) {
    case NODE_OR: print_chain(n, " or ", HOLDS_AND, out); break;
    case NODE_AND: print_chain(n, " and ", HOLDS_NOT, out); break;
    case NODE_SUM: print_sum(n, out); break;
    case NODE_PRODUCT: print_product(n, out); break;
    case NODE_COMPARE:
        print_within(n->arg[0].node, HOLDS_SUM, out);
        weir_text_addf(out, " %s ", weir_token_spelling(n->relation));
        print_within(n->arg[1].node, HOLDS_SUM, out);
        break;
    case NODE_POWER:
        print_within(n->arg[0].node, HOLDS_ATOM, out);
        weir_text_add(out, "^");
        print_within(n->arg[1].node, HOLDS_UNARY, out);
        break;
    case NODE_NOT:
        weir_text_add(out, "not ");
        print_within(n->arg[0].node, HOLDS_NOT, out);
        break;
    case NODE_NEG:
        weir_text_add(out, "-");
        print_within(n->arg[0].node, HOLDS_UNARY, out);
        break;
    case NODE_NUMBER: print_number(n->number, out); break;
    case NODE_NAME: weir_text_add(out, n->name); break;
    case NODE_CALL:
    case NODE_NORM:
    case NODE_BRANCH: print_call(n, out); break;
    }
}

static void print_rule(const statement *s, weir_text *out)
{
    weir_text_add(out, weir_word_text(s->place));
    if (s->place == WORD_INSIDE) {
        weir_text_addf(out, " %s = ", weir_word_text(s->spot));
        weir_node_print(s->expr, out);
    }
    for (int i = 0; i < s->assigns; i++) {
        weir_text_addf(out, "%s%s = ", i ? ", " : " ", s->assign[i].name);
        weir_node_print(s->assign[i].expr, out);
    }
}

static void print_statement(const statement *s, weir_text *out)
{
    if (s->stack != WORD_NONE) weir_text_addf(out, "%s ", weir_word_text(s->stack));
    switch (s->kind) {
    case STATEMENT_LET: weir_text_addf(out, "let %s = ", s->name); break;
    case STATEMENT_PARAM:
        weir_text_addf(out, "param %s : %s%s = ", s->name, weir_word_text(s->param),
                       s->shared ? " shared" : "");
        break;
    case STATEMENT_GAIN:
        weir_text_add(out, "gain ");
        for (int role = 0; role < WEIR_ROLES; role++) {
            if (s->roles & 1u << role) weir_text_addf(out, "%s ", weir_role_name((weir_role)role));
        }
        weir_text_add(out, "= ");
        break;
    case STATEMENT_RULE:
        if (s->guard == WORD_OTHERWISE) weir_text_add(out, "otherwise: ");
        if (s->guard == WORD_WHEN) {
            weir_text_add(out, "when ");
            weir_node_print(s->when, out);
            weir_text_add(out, ": ");
        }
        print_rule(s, out);
        break;
    }
    if (s->kind != STATEMENT_RULE) weir_node_print(s->expr, out);
    weir_text_add(out, "\n");
}

weir_status weir_layout_print_canonical(weir_layout *layout, weir_error *err)
{
    weir_text text = {0};
    for (int i = 0; i < layout->statements; i++) print_statement(&layout->statement[i], &text);
    if (!text.failed) {
        layout->canonical = weir_arena_strndup(&layout->arena, text.data, text.len);
    }
    weir_text_deinit(&text);
    return layout->canonical ? WEIR_OK : weir_layout_no_memory(err);
}
